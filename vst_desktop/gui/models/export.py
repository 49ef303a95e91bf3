"""Tables as CSV files that spreadsheets open without harm."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

from vst_desktop.domain.errors import UserError
from vst_desktop.gui.models.cells import Column

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes text that begins so for a formula."""


def csv_text[Row](columns: Sequence[Column[Row]], rows: Iterable[Row], mode: str) -> str:
    """The rows as CSV: header, then raw values; the first column says the trading mode.

    Numbers are plain numbers, times ISO 8601 with offset, fractions stay fractions. Text that a
    spreadsheet would take for a formula stands behind an apostrophe.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(["Mode", *(column.title for column in columns)])
    for row in rows:
        writer.writerow([mode, *(_value(column, row) for column in columns)])
    return out.getvalue()


def write_csv(path: str | Path, text: str) -> None:
    """Write it as UTF-8 without a byte order mark.

    Raises:
        UserError: The file cannot be written.
    """
    try:
        Path(path).write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise UserError(
            f"the table cannot be written: {error.strerror or error}",
            where=str(path),
            remedy="choose a folder you can write",
        ) from None


def safe_text(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _value[Row](column: Column[Row], row: Row) -> Any:
    value = column.sort(row)
    match value:
        case None:
            return ""
        case datetime() | date():
            return value.isoformat()
        case bool() | Enum():
            return safe_text(column.cell(row).text)
        case int() | float() | Decimal():
            return value
        case str():
            return safe_text(value)
    cell = column.cell(row)
    return safe_text(cell.text)
