"""The last lines of the log, for the window."""

from __future__ import annotations

import logging
from collections import deque
from datetime import UTC, datetime

from vst_desktop.gui.models.detail_rows import LogRow
from vst_desktop.runtime.redaction import REDACTOR

KEPT = 1_000


class LogTail(logging.Handler):
    """Keeps the newest lines at INFO and above, whichever thread wrote them."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._lines: deque[LogRow] = deque(maxlen=KEPT)
        self._count = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one line."""
        try:
            text = REDACTOR.text(record.getMessage())
        except Exception:
            self.handleError(record)
            return
        self._count += 1
        self._lines.appendleft(
            LogRow(
                number=self._count,
                time=datetime.fromtimestamp(record.created, UTC),
                level=record.levelno,
                source=record.name.removeprefix("vst_desktop."),
                text=text,
            )
        )

    def rows(self) -> tuple[LogRow, ...]:
        """Newest first."""
        return tuple(self._lines)
