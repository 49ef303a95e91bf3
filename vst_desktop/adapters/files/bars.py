"""Daily bars of many symbols from one long file, checked at the door (SPEC 10)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vst_desktop.adapters.files.tables import Table, read_table
from vst_desktop.domain.bars import BarSeries, SymbolError, Timeframe
from vst_desktop.domain.errors import UserError
from vst_desktop.ports.market_data import BarColumns
from vst_desktop.ports.scanner import DoorPolicy
from vst_desktop.runtime.door import refusal, suspects

PRICES = ("open", "high", "low", "close")
COLUMNS = ("symbol", "date", *PRICES, "volume")
_CHAIN_SIGNS = frozenset({"strike", "expiry"})
_FIRST_DAY, _LAST_DAY = np.datetime64(date.min, "D"), np.datetime64(date.max, "D")

Floats = npt.NDArray[np.float64]
Days = npt.NDArray[np.datetime64]


@dataclass(frozen=True, slots=True, kw_only=True)
class BarRows:
    """Rows of all symbols, those of one symbol together and in file order."""

    dates: Days
    values: Mapping[str, Floats]
    """By column name: ``open``, ``high``, ``low``, ``close`` in USD, ``volume`` in shares."""

    def slice(self, at: slice) -> BarRows:
        """A view of some rows."""
        return BarRows(
            dates=self.dates[at], values={name: x[at] for name, x in self.values.items()}
        )


class SeriesBySymbol(Mapping[str, BarSeries]):
    """Bars by symbol, in alphabetical order; a series is made when it is asked for.

    Python numbers take many times the room of the columns, so they are not kept.
    """

    def __init__(self, columns: BarRows, slices: Mapping[str, slice]) -> None:
        self._columns = columns
        self._slices = slices

    def __getitem__(self, symbol: str) -> BarSeries:
        return self.packed(symbol).series()

    def __iter__(self) -> Iterator[str]:
        return iter(self._slices)

    def __len__(self) -> int:
        return len(self._slices)

    def __contains__(self, symbol: object) -> bool:
        return symbol in self._slices

    def columns(self, symbol: str) -> BarRows:
        """The same bars as arrays (views of the file's columns)."""
        return self._columns.slice(self._slices[symbol])

    def packed(self, symbol: str) -> BarColumns:
        """The same bars as the scanner takes them."""
        packed = _packed(symbol, self.columns(symbol))
        return replace(packed, time=packed.time.astype(np.int32))


@dataclass(frozen=True, slots=True, kw_only=True)
class BarFile:
    """What a bars file gave: every symbol is in ``series`` or in ``errors``.

    ``warnings`` are of symbols in ``series``: bars that were left out.
    """

    path: Path
    series: SeriesBySymbol
    errors: tuple[SymbolError, ...]
    warnings: tuple[SymbolError, ...] = ()


def read_bars(
    path: str | Path,
    symbols: Sequence[str] | None = None,
    start: date | None = None,
    end: date | None = None,
    *,
    door_policy: DoorPolicy = "reject",
) -> BarFile:
    """Read a Parquet or CSV file with columns symbol, date, open, high, low, close, volume.

    A symbol with a bad bar between ``start`` and ``end`` is reported with the bar's date and the
    reason, and has no series. So is a wanted symbol without bars, unless none has any. With the
    policy ``skip_bar`` bars without a usable date are left out, and other bad ones are left to
    the scanner's door.

    Raises:
        UserError: The file cannot be used, or nothing wanted is in it.
    """
    if start and end and start > end:
        raise UserError(f"{start} lies after {end}", remedy="swap start and end", exit_code=2)
    table = read_table(
        path,
        required=COLUMNS,
        texts=("symbol",),
        kind="bars file",
        foreign=(_CHAIN_SIGNS, "it is an option chain: use it with --chain or --chains"),
    )
    names, codes = table.texts("symbol")
    dates = table.dates("date")
    keep = np.ones(len(table), dtype=np.bool_)
    missing: list[str] = []
    if symbols is not None:
        wanted = list(dict.fromkeys(symbols))
        missing = [s for s in wanted if s not in set(names)]
        _need_some(table, wanted, missing)
        keep &= np.isin(codes, [n for n, name in enumerate(names) if name in set(wanted)])
    # A missing date passes the range, so that the door reports it.
    if start is not None:
        keep &= ~(dates < np.datetime64(start, "D"))
    if end is not None:
        keep &= ~(dates > np.datetime64(end, "D"))
    undated: dict[str, int] = {}
    if door_policy == "skip_bar":
        usable = (dates >= _FIRST_DAY) & (dates <= _LAST_DAY)
        undated = dict(Counter(names[code] for code in codes[keep & ~usable].tolist()))
        keep &= usable
    if not keep.any():
        raise UserError(
            f"no bars from {start or 'the first'} to {end or 'the last'}",
            where=str(table.path),
            remedy=f"the file holds {_first(dates)} to {_last(dates)}",
        )
    columns, codes = _grouped(table, names, codes, dates, keep)
    slices = _slices(names, codes)
    errors = dict.fromkeys(missing, "no bars in the file")
    if symbols is not None:
        for name in set(symbols) - set(missing) - set(slices):
            errors[name] = "no bars in the range"
    for name in undated.keys() - set(slices):
        errors[name] = "no bar has a usable date"
    if door_policy == "reject":
        errors |= _refused(columns, slices)
    good = {name: rows for name, rows in slices.items() if name not in errors}
    return BarFile(
        path=table.path,
        series=SeriesBySymbol(columns, good),
        errors=tuple(SymbolError(symbol=s, error=errors[s]) for s in sorted(errors)),
        warnings=tuple(
            SymbolError(symbol=s, error=f"{undated[s]} bars without a usable date left out")
            for s in sorted(undated.keys() & good.keys())
        ),
    )


def _need_some(table: Table, wanted: list[str], missing: list[str]) -> None:
    if missing and len(missing) == len(wanted):
        raise UserError(
            f"has no bars of {', '.join(missing[:10])}",
            where=str(table.path),
            remedy="name symbols of its symbol column",
        )


def _first(dates: Days) -> object:
    return np.nanmin(dates.astype("datetime64[D]"))


def _last(dates: Days) -> object:
    return np.nanmax(dates.astype("datetime64[D]"))


def _grouped(
    table: Table,
    names: list[str],
    codes: npt.NDArray[np.int64],
    dates: Days,
    keep: npt.NDArray[np.bool_],
) -> tuple[BarRows, npt.NDArray[np.int64]]:
    """The kept rows, symbols in alphabetical order, rows of a symbol in file order."""
    place = np.empty(len(names), dtype=np.int64)
    place[sorted(range(len(names)), key=names.__getitem__)] = np.arange(len(names))
    ranks = place[codes]
    rows = np.flatnonzero(keep)
    if (np.diff(ranks[rows]) < 0).any():
        rows = rows[np.argsort(ranks[rows], kind="stable")]
    values = {name: table.floats(name)[rows] for name in (*PRICES, "volume")}
    return BarRows(dates=dates[rows], values=values), ranks[rows]


def _slices(names: list[str], ranks: npt.NDArray[np.int64]) -> dict[str, slice]:
    ordered = sorted(names)
    edges = np.flatnonzero(np.diff(ranks)) + 1
    bounds = [0, *edges.tolist(), len(ranks)]
    return {ordered[int(ranks[a])]: slice(a, b) for a, b in pairwise(bounds)}


def _refused(columns: BarRows, slices: Mapping[str, slice]) -> dict[str, str]:
    """Why each symbol with a bad bar is refused."""
    bad = suspects(_packed("", columns), [rows.start for rows in slices.values()])
    if not bad.any():
        return {}
    return {
        symbol: refusal(_packed(symbol, columns.slice(rows)))
        for symbol, rows in slices.items()
        if bad[rows].any()
    }


def _packed(symbol: str, rows: BarRows) -> BarColumns:
    """The rows with days as they stand, which may be none."""
    return BarColumns(
        symbol=symbol,
        timeframe=Timeframe.DAILY,
        time=rows.dates.astype(np.int64),
        **rows.values,
    )
