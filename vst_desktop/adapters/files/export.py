"""Writes bars as the long files that ``read_bars`` reads, with the same values."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from itertools import batched
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from vst_desktop.adapters.files.bars import COLUMNS
from vst_desktop.domain.errors import UserError
from vst_desktop.ports.market_data import BarColumns

_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
_SYMBOLS_AT_ONCE = 100
_SCHEMA = pa.schema(
    [
        ("symbol", pa.string()),
        ("date", pa.date32()),
        *((name, pa.float64()) for name in COLUMNS[2:]),
    ]
)


def check_export(path: str | Path, *, overwrite: bool) -> None:
    """See that a file can be written there.

    Raises:
        UserError: Neither CSV nor Parquet by its name, or there is a file already.
    """
    file = Path(path)
    if file.suffix.lower() not in (".csv", ".parquet"):
        raise UserError(
            f"ends with {file.suffix!r}" if file.suffix else "has no ending",
            where=str(file),
            remedy="name it .csv or .parquet",
            exit_code=2,
        )
    if file.is_dir():
        raise UserError("is a folder", where=str(file), remedy="name a file", exit_code=2)
    if file.exists() and not overwrite:
        raise UserError(
            "is there already", where=str(file), remedy="name another file, or add --force"
        )


def write_bars(path: str | Path, bars: Iterable[BarColumns], *, overwrite: bool) -> None:
    """Write bars to a CSV or Parquet file, by its name; whole or not at all.

    Raises:
        UserError: As ``check_export``; it cannot be written; or a spreadsheet would take a symbol
            of a CSV file for a formula.
    """
    check_export(path, overwrite=overwrite)
    file = Path(path)
    is_csv = file.suffix.lower() == ".csv"
    try:
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
        os.close(handle)
        new = Path(name)
        try:
            writer: Any = (
                pa.csv.CSVWriter(name, _SCHEMA) if is_csv else pq.ParquetWriter(name, _SCHEMA)
            )
            with writer:
                for some in batched(bars, _SYMBOLS_AT_ONCE):
                    if is_csv:
                        _check_formulas(file, some)
                    writer.write_table(pa.concat_tables(_table(one) for one in some))
            new.chmod(0o644)
            new.replace(file)
        finally:
            new.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(
            f"cannot be written ({error.strerror or error})",
            where=str(file),
            remedy="name a file in a folder you can write",
        ) from None


def _check_formulas(file: Path, bars: Iterable[BarColumns]) -> None:
    for one in bars:
        if one.symbol.startswith(_FORMULA_SIGNS):
            raise UserError(
                f"a spreadsheet would take the symbol {one.symbol!r} for a formula",
                where=str(file),
                remedy="export it as Parquet, or leave it out with --symbols",
            )


def _table(bars: BarColumns) -> Any:
    return pa.Table.from_arrays(
        [
            pa.repeat(bars.symbol, len(bars)),
            pa.array(bars.time, pa.int32()).cast(pa.date32()),
            *(pa.array(getattr(bars, name)) for name in COLUMNS[2:]),
        ],
        schema=_SCHEMA,
    )
