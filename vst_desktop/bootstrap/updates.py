"""The question for a newer version, as the settings allow it."""

from __future__ import annotations

from importlib import metadata

from vst_desktop.adapters.updates.checker import Checker
from vst_desktop.adapters.updates.manifest import built_in_keys
from vst_desktop.runtime.paths import find_paths
from vst_desktop.runtime.settings import Settings

MEMORY_FILE = "updates.json"


def update_checker(settings: Settings) -> Checker | None:
    """What asks; None unless the trader allowed it."""
    if not settings.updates.check:
        return None
    return Checker(
        address=settings.updates.address,
        keys=built_in_keys(),
        memory=find_paths().make().data / MEMORY_FILE,
        mode=settings.execution.trading_mode,
    )


def own_version() -> str:
    """The version that runs."""
    return metadata.version("vst-desktop")
