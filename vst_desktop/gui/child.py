"""A command of the program's own as a child of the window: what would hold the window up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QProcess, QTemporaryDir, Signal

from vst_desktop.runtime.program import console


class Child(QObject):
    """Runs one command at a time, with ``--json``; what it may read, such as a secret, goes to its
    standard input, never onto its command line.

    ``ended`` carries the JSON it wrote, None where it wrote none, and the last line it complained
    in. A child that was stopped says nothing.
    """

    ended = Signal(object, str)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._folder = QTemporaryDir()
        self._process = QProcess(self)
        self._process.setStandardOutputFile(QProcess.nullDevice())
        self._process.finished.connect(self._finished)
        self._process.errorOccurred.connect(self._failed)
        self._stopped = False

    @property
    def runs(self) -> bool:
        """Whether the command is under way."""
        return self._process.state() is not QProcess.ProcessState.NotRunning

    def start(self, arguments: list[str], *, typed: str | None = None, tells: bool = True) -> None:
        """Start ``vst`` with these arguments. ``tells`` False: the command has no ``--json``."""
        self._stopped = False
        self._file.unlink(missing_ok=True)
        program, *first = console()
        told = ["--json", str(self._file)] if tells else []
        self._process.start(program, [*first, *arguments, *told])
        if typed is not None:
            self._process.write(f"{typed}\n".encode())
        self._process.closeWriteChannel()

    def stop(self) -> None:
        """End the command; harmless when none is under way."""
        self._stopped = True
        self._process.kill()
        self._process.waitForFinished(1000)

    @property
    def _file(self) -> Path:
        return Path(self._folder.filePath("told.json"))

    def _finished(self, code: int, status: QProcess.ExitStatus) -> None:
        if self._stopped:
            return
        complaint = bytes(self._process.readAllStandardError().data()).decode("utf-8", "replace")
        last = (complaint.strip().splitlines() or [""])[-1]
        if not last and (code or status is not QProcess.ExitStatus.NormalExit):
            last = f"it ended with {code} and said nothing"
        self.ended.emit(self._told(), last)

    def _failed(self, error: QProcess.ProcessError) -> None:
        if error is QProcess.ProcessError.FailedToStart:
            self.ended.emit(None, f"it did not start: {self._process.errorString()}")

    def _told(self) -> Any:
        try:
            return json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
