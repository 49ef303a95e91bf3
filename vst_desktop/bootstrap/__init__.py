"""Composition root: a profile becomes adapters, adapters become a station.

The only package that names concrete classes. Its parts are loaded when they are asked for: the
window is there before the adapters are.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vst_desktop.bootstrap.profiles import TWS_PORTS, bar_store, profile_settings
    from vst_desktop.bootstrap.scanners import (
        make_scanner,
        resilient_scanner,
        scanner_child,
        scanner_config,
        scanner_service,
    )
    from vst_desktop.bootstrap.stations import (
        DemoOptions,
        broker_station,
        demo_station,
        tell_crash,
    )
    from vst_desktop.bootstrap.universes import universe_source
    from vst_desktop.bootstrap.windows import open_window

__all__ = [
    "TWS_PORTS",
    "DemoOptions",
    "bar_store",
    "broker_station",
    "demo_station",
    "make_scanner",
    "open_window",
    "profile_settings",
    "resilient_scanner",
    "scanner_child",
    "scanner_config",
    "scanner_service",
    "tell_crash",
    "universe_source",
]

_PLACES = {
    "profiles": ("TWS_PORTS", "bar_store", "profile_settings"),
    "scanners": (
        *("make_scanner", "resilient_scanner", "scanner_child"),
        *("scanner_config", "scanner_service"),
    ),
    "stations": ("DemoOptions", "broker_station", "demo_station", "tell_crash"),
    "universes": ("universe_source",),
    "windows": ("open_window",),
}


def __getattr__(name: str) -> Any:
    for module, names in _PLACES.items():
        if name in names:
            return getattr(import_module(f"vst_desktop.bootstrap.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
