"""The scanner's door and the one in Python, told the same bars, say the same sentences."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from tests.helpers.scanners import built_scanner
from vst_desktop.adapters.files.bars import read_bars
from vst_desktop.adapters.scanner.supervisor import ScannerChild
from vst_desktop.domain.bars import SymbolError, Timeframe
from vst_desktop.ports.market_data import BarColumns, day_number
from vst_desktop.ports.scanner import DoorPolicy, PutResult
from vst_desktop.runtime.calendar import session_days
from vst_desktop.runtime.door import admit, columns_of
from vst_desktop.runtime.doubts import doubts

MONDAY = day_number(date(2014, 6, 9))


def told_by_the_child(series: Sequence[BarColumns], policy: DoorPolicy = "reject") -> PutResult:
    built_scanner()

    async def run() -> PutResult:
        child = ScannerChild()
        await child.start()
        try:
            return await child.put_bars(series, door_policy=policy)
        finally:
            await child.close()

    return asyncio.run(run())


def told_here(
    series: Sequence[BarColumns], policy: DoorPolicy
) -> tuple[list[SymbolError], list[SymbolError]]:
    errors, warnings = [], []
    for bars in series:
        admission = admit(bars.series(), policy)
        if admission.series is None:
            errors.append(SymbolError(symbol=bars.symbol, error=str(admission.error)))
            continue
        texts = (*admission.warnings, *doubts(columns_of(admission.series)))
        warnings += [SymbolError(symbol=bars.symbol, error=text) for text in texts]
    return errors, warnings


def flat(symbol: str, days: Sequence[int]) -> BarColumns:
    price = np.full(len(days), 20.0)
    return BarColumns(
        symbol=symbol,
        timeframe=Timeframe.DAILY,
        time=np.array(days, dtype=np.int64),
        open=price,
        high=price,
        low=price,
        close=price,
        volume=price,
    )


def with_changes(count: int) -> list[BarColumns]:
    """Bars of a fortnight with a few values spoiled, each symbol in another way."""
    random = np.random.default_rng(4)
    days = [int(d) for d in session_days() if d >= MONDAY][:12]
    odd = (np.nan, np.inf, 0.0, -3.25, 1e-7, 40.0, 5.0, 1234567.891, -0.0)
    made = []
    for number in range(count):
        bars = flat(f"S{number:03}", days)
        columns = {n: getattr(bars, n).copy() for n in ("open", "high", "low", "close", "volume")}
        for _ in range(number % 9):
            name = ("open", "high", "low", "close", "volume")[random.integers(5)]
            columns[name][random.integers(12)] = odd[random.integers(len(odd))]
        time = bars.time.copy()
        if number % 4 == 3:
            time[random.integers(12)] = days[random.integers(12)] + random.integers(-3, 4)
        made.append(replace(bars, time=time, **columns))
    made.append(flat("NONE", []))
    zero = np.zeros(12)
    made.append(replace(flat("ALL", days), open=zero, high=zero, low=zero, close=zero))
    return made


@pytest.mark.parametrize("policy", ["reject", "skip_bar"])
def test_both_doors_say_the_same_of_bad_bars(policy: DoorPolicy) -> None:
    series = with_changes(160)
    put = told_by_the_child(series, policy)
    errors, warnings = told_here(series, policy)
    assert list(put.errors) == errors
    assert list(put.warnings) == warnings
    text = " ".join(e.error for e in (*errors, *warnings))
    for part in (
        "is not above 0",
        "is below low",
        "is not a number",
        "is negative",
        "stands twice",
        "goes back",
        "there are no bars",
    ):
        assert part in text, "a test of few faults would show little"
    if policy == "reject":
        assert "more bad bars)" in text
    else:
        assert "more bars left out" in text
        assert "split" in text
        assert "sessions missing" in text


def test_calendar_of_the_scanner_has_every_session_since_1990_and_no_other() -> None:
    days = session_days()
    assert days[0] == day_number(date(1990, 1, 2))
    assert days[-1] > day_number(date(2026, 12, 31))
    whole = flat("WHOLE", days.tolist())
    gaps = [flat(f"D{d}", [b, a]) for b, d, a in zip(days, days[1:], days[2:], strict=False)]
    put = told_by_the_child([whole, *gaps])
    assert put.errors == ()
    assert [(w.symbol, w.error) for w in put.warnings] == [
        (f"D{day}", f"1 session missing: {np.datetime64(day, 'D')}") for day in days[1:-1].tolist()
    ]


def test_real_bars_give_the_same_warnings_and_few_of_them(data_dir: Path) -> None:
    file = read_bars(data_dir / "sp500_daily.parquet")
    series = [file.series.packed(symbol) for symbol in file.series]
    put = told_by_the_child(series)
    here = [SymbolError(symbol=b.symbol, error=text) for b in series for text in doubts(b)]
    assert list(put.warnings) == here
    missing = {w.symbol: w.error for w in here if "missing" in w.error}
    assert missing["RHI"] == "1 session missing: 2006-07-14"
    assert sorted(missing) == ["RHI", "VIAC", "WELL"]
    splits = [w for w in here if "split" in w.error]
    assert any(w.symbol == "TRMB" and "2007-02-26" in w.error for w in splits)
    assert sum(map(len, series)) > 40_000 * len(splits)
