"""Settings from the window: the dialog of all keys and the wizard, with or without a station.

The dialogs, and what writes the file, are loaded when they are used: the window stands sooner.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from vst_desktop.domain.errors import UserError
from vst_desktop.runtime.paths import find_paths
from vst_desktop.runtime.settings import Settings, load_settings

if TYPE_CHECKING:
    from vst_desktop.gui.bridge import Bridge
    from vst_desktop.gui.mainwindow import MainWindow

SAVED = "Settings are saved; they count from the next start on."


class _Asks(Protocol):
    def failed(self, sentence: str) -> None:
        """Saving was refused."""

    def accept(self) -> None:
        """It is saved."""


class Configuring:
    """Opens the dialogs and writes what they give.

    A station that could not start is when settings are needed most: then the file is changed
    without one, and no journal tells of it.
    """

    def __init__(self, window: MainWindow, bridge: Bridge) -> None:
        self._window = window
        self._bridge = bridge

    def settings(self) -> None:
        """Every key of the settings."""
        from vst_desktop.gui.dialogs.settings import SettingsDialog

        if (found := self._found()) is None:
            return
        own, running = found
        dialog = SettingsDialog(
            self._window, self._window.theme, own, running, lambda made: self._save(dialog, made)
        )
        dialog.open()

    def wizard(self) -> None:
        """The first steps, again whenever they are wanted."""
        from vst_desktop.gui.dialogs.wizard import Wizard

        if (found := self._found()) is None:
            return
        own, running = found
        view = self._window.view
        worth = view.strip.net_liquidation_usd if view is not None else None
        wizard = Wizard(
            self._window,
            self._window.theme,
            own,
            running,
            lambda made: self._save(wizard, made),
            net_liquidation_usd=worth,
        )
        wizard.open()

    def _found(self) -> tuple[Mapping[str, Any], Settings] | None:
        """What the file sets, and what this run uses; None when that cannot be read, and told."""
        from vst_desktop.runtime.settings_file import own_values

        station = self._bridge.station
        try:
            if station is not None:
                return station.preferences.own(), station.preferences.running
            file = find_paths().settings_file
            return own_values(file), load_settings(file=file)
        except UserError as error:
            self._window.banner.tell(str(error))
            return None

    def _save(self, dialog: _Asks, changes: Mapping[str, Any]) -> None:
        from vst_desktop.runtime.settings_file import change_settings

        station = self._bridge.station

        async def write() -> None:
            try:
                if station is not None:
                    await station.preferences.change(changes)
                else:
                    await asyncio.to_thread(change_settings, find_paths().settings_file, changes)
            except UserError as error:
                dialog.failed(str(error))
            else:
                dialog.accept()
                self._window.banner.tell(SAVED, "info")

        self._bridge.work("window", "save settings", write())
