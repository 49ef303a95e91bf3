"""The settings of a run, and the files they name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vst_desktop.domain.orders import Mode
from vst_desktop.runtime.paths import find_paths
from vst_desktop.runtime.settings import Settings, load_settings

MODES = {"demo": Mode.DEMO, "paper": Mode.PAPER, "live": Mode.LIVE}
TWS_PORTS = {Mode.PAPER: 7497, Mode.LIVE: 7496}


def profile_settings(
    profile: str | None, overrides: Sequence[str], *, own: bool = True
) -> Settings:
    """The settings of a run: file, environment, command line, and the profile's mode.

    ``own`` False: the trader's file is left out.
    """
    settings = load_settings(overrides, file=find_paths().settings_file if own else None)
    if profile is None:
        return settings
    execution = settings.execution.model_copy(update={"trading_mode": MODES[profile]})
    return settings.model_copy(update={"execution": execution})


def bar_store(settings: Settings) -> Path:
    """The folder of the bar store."""
    given = settings.bars.store
    return Path(given).expanduser() if given else find_paths().data / "bars"
