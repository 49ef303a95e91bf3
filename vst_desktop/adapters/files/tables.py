"""Columns of Parquet and CSV files as numpy arrays; whatever is wrong becomes one sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from vst_desktop.domain.errors import UserError

_PARQUET_MAGIC = b"PAR1"
_ISO_DATE_LENGTH = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The wanted columns of one file."""

    path: Path
    columns: pa.Table

    def __len__(self) -> int:
        return int(self.columns.num_rows)

    def has(self, name: str) -> bool:
        """Whether an optional column is there."""
        return name in self.columns.column_names

    def floats(self, name: str) -> npt.NDArray[np.float64]:
        """A numeric column; NaN where a value is missing."""
        try:
            column = self.columns.column(name).cast(pa.float64(), safe=False)
        except pa.ArrowException as error:
            raise self._unreadable(name, "numbers", error) from None
        values: npt.NDArray[np.float64] = column.to_numpy()
        return values

    def dates(self, name: str) -> npt.NDArray[np.datetime64]:
        """A date column as days; NaT where a value is missing. Texts must be ISO dates."""
        column = self.columns.column(name)
        try:
            if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
                column = pc.utf8_slice_codeunits(column, 0, _ISO_DATE_LENGTH)
            elif not (pa.types.is_date(column.type) or pa.types.is_timestamp(column.type)):
                raise pa.ArrowInvalid(f"they are of type {column.type}")
            days = column.cast(pa.date32(), safe=False)
        except pa.ArrowException as error:
            raise self._unreadable(name, "dates like 2014-06-09", error) from None
        values: npt.NDArray[np.datetime64] = days.to_numpy().astype("datetime64[D]")
        return values

    def texts(self, name: str) -> tuple[list[str], npt.NDArray[np.int64]]:
        """A text column as its distinct values and, for each row, which one it holds."""
        try:
            column = self.columns.column(name).cast(pa.string()).combine_chunks()
            coded = column.dictionary_encode()
        except pa.ArrowException as error:
            raise self._unreadable(name, "texts", error) from None
        if isinstance(coded, pa.ChunkedArray):
            coded = coded.combine_chunks()
        if coded.null_count:
            row = coded.is_null().to_pylist().index(True) + 1
            raise UserError(
                f"row {row} has no {name}",
                where=str(self.path),
                remedy="fill or remove such rows",
            )
        return coded.dictionary.to_pylist(), coded.indices.to_numpy().astype(np.int64)

    def _unreadable(self, name: str, what: str, error: Exception) -> UserError:
        return UserError(
            f"column {name!r} does not hold {what} ({_first_line(error)})",
            where=str(self.path),
            remedy="correct the column",
        )


def read_table(
    path: str | Path,
    *,
    required: Sequence[str],
    optional: Sequence[str] = (),
    texts: Sequence[str],
    kind: str,
    foreign: tuple[frozenset[str], str],
) -> Table:
    """Read a Parquet or CSV file (told apart by content).

    Args:
        texts: Columns read as text even where a CSV's values look like something else.
        kind: What the file should be, for messages: ``bars file``.
        foreign: Columns by which another kind of file is recognised, and what to say then.

    Raises:
        UserError: No such file, not readable, torn, columns missing or twice, or no rows.
    """
    file = Path(path)
    try:
        with file.open("rb") as stream:
            start = stream.read(len(_PARQUET_MAGIC))
    except IsADirectoryError:
        raise UserError("is a folder", where=str(file), remedy=f"name a {kind}") from None
    except FileNotFoundError:
        raise UserError(
            "no such file", where=str(file), remedy=f"name an existing {kind}"
        ) from None
    except OSError as error:
        raise UserError(f"cannot be read ({error.strerror})", where=str(file)) from None
    if not start:
        raise UserError("is empty", where=str(file), remedy=f"name a {kind} with rows")
    is_parquet = start == _PARQUET_MAGIC
    try:
        names = pq.read_schema(file).names if is_parquet else _csv_header(file)
        wanted = _checked_columns(file, names, required, optional, kind, foreign)
        table = (
            pq.read_table(file, columns=wanted) if is_parquet else _read_csv(file, wanted, texts)
        )
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"is torn or no {'Parquet' if is_parquet else 'CSV'} file ({_first_line(error)})",
            where=str(file),
            remedy="fetch or write it again",
        ) from None
    if not table.num_rows:
        raise UserError("holds no rows", where=str(file), remedy=f"name a {kind} with rows")
    return Table(path=file, columns=table)


def _checked_columns(
    file: Path,
    names: Sequence[str],
    required: Sequence[str],
    optional: Sequence[str],
    kind: str,
    foreign: tuple[frozenset[str], str],
) -> list[str]:
    missing = [name for name in required if name not in names]
    signs, advice = foreign
    if missing and signs <= set(names):
        raise UserError(f"is not a {kind}", where=str(file), remedy=advice)
    if missing:
        raise UserError(
            f"has no column {', '.join(missing)}",
            where=str(file),
            remedy=f"a {kind} needs {', '.join(required)}",
        )
    wanted = [*required, *(name for name in optional if name in names)]
    twice = [name for name, count in Counter(names).items() if count > 1 and name in wanted]
    if twice:
        raise UserError(f"has column {', '.join(twice)} more than once", where=str(file))
    return wanted


def _csv_header(file: Path) -> list[str]:
    with pa.csv.open_csv(file) as reader:
        return list(reader.schema.names)


def _read_csv(file: Path, wanted: list[str], texts: Sequence[str]) -> pa.Table:
    return pa.csv.read_csv(
        file,
        convert_options=pa.csv.ConvertOptions(
            include_columns=wanted, column_types={name: pa.string() for name in texts}
        ),
    )


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")[:160]
