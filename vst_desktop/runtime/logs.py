"""Logging: JSON lines in a rotated file, short lines on the console; secrets in neither."""

from __future__ import annotations

import logging
import logging.handlers
import sys
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import structlog

from vst_desktop.runtime.redaction import REDACTOR

_CONSOLE, _FILE = "vst-console", "vst-file"
LOG_NAME = "vst.log"
FILE_BYTES = 10_000_000
FILES = 10


class _Plain(logging.Formatter):
    """A short line without secrets."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        return REDACTOR.text(super().format(record))


def _redacted(logger: Any, name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    found: MutableMapping[str, Any] = REDACTOR.value(event)
    return found


def configure_logs(folder: Path | None, *, console_level: int = logging.WARNING) -> None:
    """Send all log records to a rotated JSON-lines file and, above a level, to stderr.

    Replaces what an earlier call set up; handlers of others stay. What is about a trade has its
    ``correlation``: one id from the signal to the exit.

    Args:
        folder: Folder of the log file; None for console only.
        console_level: Lowest level shown on stderr.
    """
    shared: list[structlog.types.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    root = logging.getLogger()
    for name in (_CONSOLE, _FILE):
        if (earlier := logging.getHandlerByName(name)) is not None:
            root.removeHandler(earlier)
            earlier.close()
    root.setLevel(logging.INFO)
    console = logging.StreamHandler(sys.stderr)
    console.name = _CONSOLE
    console.setLevel(console_level)
    console.setFormatter(_Plain("%(levelname)s %(name)s: %(message)s"))
    root.addHandler(console)
    if folder is None:
        return
    handler = logging.handlers.RotatingFileHandler(
        folder / LOG_NAME, maxBytes=FILE_BYTES, backupCount=FILES - 1, encoding="utf-8"
    )
    handler.name = _FILE
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _redacted,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root.addHandler(handler)
