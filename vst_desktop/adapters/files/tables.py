"""Columns of Parquet and CSV files as numpy arrays; whatever is wrong becomes one sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from vst_desktop.domain.errors import UserError

_PARQUET_MAGIC = b"PAR1"
_ISO_DATE_LENGTH = 10
_NO_DAY = -(2**31)


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
            raise self._unreadable(name, "numbers", float, error) from None
        return _values(column, float("nan"), np.float64)

    def dates(self, name: str) -> npt.NDArray[np.datetime64]:
        """A date column as days; NaT where a value is missing. Texts must be ISO dates."""
        column = self.columns.column(name)
        try:
            if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
                column = pc.utf8_slice_codeunits(column, 0, _ISO_DATE_LENGTH)
            elif not (pa.types.is_date(column.type) or pa.types.is_timestamp(column.type)):
                raise pa.ArrowInvalid(f"they are of type {column.type}")
            days = column.cast(pa.date32(), safe=False).cast(pa.int32())
        except pa.ArrowException as error:
            raise self._unreadable(name, "dates like 2014-06-09", _day, error) from None
        numbers = _values(days, _NO_DAY, np.int32).astype(np.int64)
        numbers[numbers == _NO_DAY] = np.iinfo(np.int64).min
        return numbers.view("datetime64[D]")

    def texts(self, name: str) -> tuple[list[str], npt.NDArray[np.int64]]:
        """A text column as its distinct values and, for each row, which one it holds."""
        try:
            coded = _whole(self.columns.column(name).cast(pa.string())).dictionary_encode()
        except pa.ArrowException as error:
            raise self._unreadable(name, "texts", str, error) from None
        if coded.null_count:
            row = int(np.argmin(_values(coded.indices, -1, np.int32))) + 1
            raise UserError(
                f"row {row} has no {name}",
                where=str(self.path),
                remedy="fill or remove such rows",
            )
        return coded.dictionary.to_pylist(), _values(coded.indices, 0, np.int32).astype(np.int64)

    def _unreadable(
        self, name: str, what: str, read: Callable[[str], object], error: Exception
    ) -> UserError:
        return UserError(
            f"column {name!r} does not hold {what} ({self._culprit(name, read, error)})",
            where=str(self.path),
            remedy="correct the column",
        )

    def _culprit(self, name: str, read: Callable[[str], object], error: Exception) -> str:
        """The first value that cannot be read, where the column is of texts."""
        column = self.columns.column(name)
        values = column.to_pylist() if pa.types.is_string(column.type) else ()
        for row, value in enumerate(values, start=1):
            try:
                if value:
                    read(value)
            except ValueError:
                return f"row {row} has {value!r}"
        return _first_line(error)


def read_table(
    path: str | Path,
    *,
    required: Sequence[str],
    optional: Sequence[str] = (),
    texts: Sequence[str],
    kind: str,
    foreign: tuple[frozenset[str], str],
) -> Table:
    """Read a Parquet or CSV file (told apart by content); the case of column names does not count.

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
    if not is_parquet and file.suffix.lower() == ".parquet":
        raise UserError(
            "is torn or no Parquet file (it does not begin as one)",
            where=str(file),
            remedy="fetch or write it again",
        )
    try:
        if is_parquet:
            # Not pq.read_table: that one imports pyarrow.dataset, and with it pandas (seconds).
            with pq.ParquetFile(file) as source:
                names = source.schema_arrow.names
                wanted = _checked_columns(file, names, required, optional, kind, foreign)
                table = source.read(columns=list(wanted.values()))
        else:
            wanted = _checked_columns(file, _csv_header(file), required, optional, kind, foreign)
            table = _read_csv(file, list(wanted.values()), [wanted.get(n, n) for n in texts])
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        if not is_parquet and (separator := _other_separator(file)):
            raise UserError(
                f"separates its columns by {separator!r}",
                where=str(file),
                remedy="write commas, and points in numbers",
            ) from None
        raise UserError(
            f"is torn or no {'Parquet' if is_parquet else 'CSV'} file ({_first_line(error)})",
            where=str(file),
            remedy="fetch or write it again",
        ) from None
    if not table.num_rows:
        raise UserError("holds no rows", where=str(file), remedy=f"name a {kind} with rows")
    return Table(
        path=file, columns=table.select(list(wanted.values())).rename_columns(list(wanted))
    )


def _checked_columns(
    file: Path,
    names: Sequence[str],
    required: Sequence[str],
    optional: Sequence[str],
    kind: str,
    foreign: tuple[frozenset[str], str],
) -> dict[str, str]:
    """The wanted columns by their name as we know it: how the file writes it."""
    as_written = {name.strip().lower(): name for name in names}
    missing = [name for name in required if name not in as_written]
    signs, advice = foreign
    if missing and signs <= as_written.keys():
        raise UserError(f"is not a {kind}", where=str(file), remedy=advice)
    if missing:
        raise UserError(
            f"has no column {', '.join(missing)}",
            where=str(file),
            remedy=f"a {kind} needs {', '.join(required)}",
        )
    wanted = [*required, *(name for name in optional if name in as_written)]
    counts = Counter(name.strip().lower() for name in names)
    if twice := [name for name in wanted if counts[name] > 1]:
        raise UserError(f"has column {', '.join(twice)} more than once", where=str(file))
    return {name: as_written[name] for name in wanted}


def _other_separator(file: Path) -> str | None:
    with file.open(encoding="utf-8", errors="replace") as stream:
        first = stream.readline(10_000)
    return next((sign for sign in ";\t|" if sign in first and "," not in first), None)


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


def _whole(column: Any) -> Any:
    """One array of a column's pieces."""
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _values[N: np.generic](column: Any, null: float, dtype: type[N]) -> npt.NDArray[N]:
    """A primitive column as numpy reads its memory, missing values as ``null``.

    Arrow's own ``to_numpy`` and ``fill_null`` import pandas, which costs more than all the rest.
    """
    array = _whole(column)
    if not len(array):
        return np.empty(0, dtype=dtype)
    valid, data = array.buffers()
    rows = slice(array.offset, array.offset + len(array))
    values = np.frombuffer(data, dtype=dtype)[rows]
    if not array.null_count:
        return values
    present = np.unpackbits(np.frombuffer(valid, dtype=np.uint8), bitorder="little")[rows]
    return np.where(present == 1, values, np.asarray(null, dtype=dtype))


def _day(text: str) -> datetime:
    return datetime.strptime(text[:_ISO_DATE_LENGTH], "%Y-%m-%d")  # noqa: DTZ007


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")[:160]
