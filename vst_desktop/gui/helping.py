"""What a trader looks at or sends on when something went wrong: logs, diagnostics, versions."""

from __future__ import annotations

import platform
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QProcess, Qt, QUrl, qVersion
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QMessageBox

from vst_desktop.runtime.paths import find_paths
from vst_desktop.runtime.program import console

if TYPE_CHECKING:
    from vst_desktop.gui.mainwindow import MainWindow

LICENCES = "The licences of all that is shipped stand in NOTICE.txt beside the program."


class Helping(QObject):
    """The commands of help. ``child`` packs diagnostics; it is None while none are packed."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.child: QProcess | None = None

    def open_logs(self) -> None:
        """Show the folder of the logs in the system's file manager."""
        logs = find_paths().logs
        if not logs.is_dir() or not QDesktopServices.openUrl(QUrl.fromLocalFile(str(logs))):
            self._window.show_failure("window", f"The logs are in {logs}.")

    def ask_diagnostics(self) -> None:
        """Ask where to, then pack logs, settings and checks of the journal, without secrets."""
        name = f"vst-diagnostics-{datetime.now(UTC):%Y%m%d}.zip"
        file, _ = QFileDialog.getSaveFileName(
            self._window, "Save diagnostics", str(Path.home() / name), "Zip files (*.zip)"
        )
        if file:
            self.save_diagnostics(file)

    def save_diagnostics(self, file: str) -> None:
        """Pack them into this file, in a process of its own; the window says how it ended."""
        if self.child is not None:
            return
        view = self._window.view
        profile = ["--profile", str(view.strip.mode).lower()] if view is not None else []
        self.child = QProcess(self)
        self.child.setProcessChannelMode(QProcess.ProcessChannelMode.MergedChannels)
        self.child.finished.connect(lambda code, _status: self._packed(code == 0, file))
        self.child.errorOccurred.connect(self._failed)
        program, *first = console()
        self.child.start(program, [*first, "report", "diagnostics", file, "--force", *profile])

    def _packed(self, well: bool, file: str) -> None:
        assert self.child is not None
        lines = bytes(self.child.readAll().data()).decode("utf-8", "replace").splitlines()
        self._end()
        reason = lines[-1] if lines else "no reason was given"
        self._window.show_failure(
            "window",
            f"Diagnostics are in {file}: look into them before you send them."
            if well
            else f"Diagnostics were not packed: {reason}",
        )

    def _failed(self, error: QProcess.ProcessError) -> None:
        if error is QProcess.ProcessError.FailedToStart and self.child is not None:
            self._window.show_failure(
                "window", f"Diagnostics were not packed: {self.child.errorString()}"
            )
            self._end()

    def _end(self) -> None:
        if self.child is not None:
            self.child.deleteLater()
            self.child = None

    def about(self) -> None:
        """Which version this is, in which mode, on what."""
        box = QMessageBox(self._window)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setWindowTitle("About")
        box.setText(f"Vertical Spread Trader Station {metadata.version('vst-desktop')}")
        view = self._window.view
        mode = f"Mode {view.strip.mode}. " if view is not None else ""
        box.setInformativeText(
            f"{mode}Python {platform.python_version()}, Qt {qVersion()}, {platform.platform()}.\n\n"
            f"Files: {find_paths().data}\n\n{LICENCES}"
        )
        box.open()
