"""Composition root: a profile becomes adapters, adapters become a station.

The only package that names concrete classes.
"""

from vst_desktop.bootstrap.profiles import TWS_PORTS, bar_store, profile_settings
from vst_desktop.bootstrap.scanners import (
    make_scanner,
    resilient_scanner,
    scanner_child,
    scanner_config,
    scanner_service,
)
from vst_desktop.bootstrap.stations import DemoOptions, broker_station, demo_station
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
    "universe_source",
]
