"""Where the station keeps its files. ``VST_HOME`` moves everything under one folder."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from vst_desktop.domain.errors import UserError

APP = "vst-desktop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """The station's folders, made on first use with mode 0700."""

    config: Path
    data: Path
    logs: Path

    @property
    def settings_file(self) -> Path:
        """The TOML settings file."""
        return self.config / "settings.toml"

    def journal_file(self, profile: str) -> Path:
        """The journal of a profile (``demo``, ``paper``, ``live``)."""
        return self.data / f"journal-{profile}.sqlite"

    def make(self) -> Paths:
        """Create the folders.

        Raises:
            UserError: A folder cannot be written; names ``VST_HOME`` as the remedy.
        """
        for folder in (self.config, self.data, self.logs):
            try:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                probe = folder / f".write-{os.getpid()}"
                probe.touch()
                probe.unlink()
            except OSError as error:
                raise UserError(
                    f"folder cannot be written ({error.strerror})",
                    where=str(folder),
                    remedy="set VST_HOME to a folder you can write",
                ) from None
        return self


def find_paths() -> Paths:
    """The folders of this user, or those under ``VST_HOME``."""
    home = os.environ.get("VST_HOME")
    if home:
        root = Path(home).expanduser()
        return Paths(config=root / "config", data=root / "data", logs=root / "logs")
    try:
        return Paths(
            config=platformdirs.user_config_path(APP),
            data=platformdirs.user_data_path(APP),
            logs=platformdirs.user_log_path(APP),
        )
    except RuntimeError:  # no home folder at all
        raise UserError(
            "no home folder was found", remedy="set VST_HOME to a folder you can write"
        ) from None
