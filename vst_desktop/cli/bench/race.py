"""The scanner and its peers over the same bars: compared signal by signal, then timed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np

from vst_desktop.cli.bench.by_vectorbt import INSTALL, interpreter, vectorbt
from vst_desktop.cli.bench.peers import (
    ByIndicators,
    Indicators,
    pandas_ta_indicators,
    talib_indicators,
)
from vst_desktop.cli.bench.rows import Bits, by_bar, last_bars
from vst_desktop.cli.bench.scanner import Opened
from vst_desktop.cli.bench.timing import Engine, Measured, in_thread, measure, on_loop
from vst_desktop.domain.errors import UserError
from vst_desktop.ports.market_data import BarColumns
from vst_desktop.ports.scanner import SignalRows
from vst_desktop.strategy import indicators as columns
from vst_desktop.strategy.parameters import StrategyParameters
from vst_desktop.strategy.registry import BUILT_IN

OURS = "vst scanner"
TALIB = "TA-Lib + numpy"
PANDAS_TA = "pandas-ta"
POLARS = "polars"
NUMBA = "one pass in numba"
VECTORBT = "vectorbt"
AS_OF, RANGE, INDICATORS_ONLY = "as-of", "range", "indicators only"

WARM_UP_BARS = 250
"""TA-Lib seeds RSI and ATR otherwise than pandas-ta; by now nothing is left of that."""

MOST_APART = 1e-4
"""Of the bars after the warm-up: some signals hang on the last bit of a float."""


class Peer(Protocol):
    """Scans the bars that it was made with."""

    def as_of(self) -> SignalRows:
        """Every bar passed over; signals of the last ones."""

    def range(self) -> SignalRows:
        """Every bar passed over; all signals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peers:
    """Those that can be had by name, how many cores each takes, and what installs the others."""

    there: Mapping[str, Peer]
    pandas_ta: Indicators
    cores: Mapping[str, int]
    missing: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """On how many of all bars the scanner's signals differ from each peer's."""

    bars: int
    differing: Mapping[str, int]
    talib_after_warm_up: int

    @property
    def holds(self) -> bool:
        """Whether the timings are of the same work."""
        most = max(1.0, MOST_APART * self.bars)
        return self.differing[PANDAS_TA] == 0 and self.talib_after_warm_up <= most


def find_peers(bars: Sequence[BarColumns], parameters: StrategyParameters) -> Peers:
    """Import each that is installed and give it the bars as it likes them."""
    from vst_desktop.cli.bench.by_polars import ByPolars

    there: dict[str, Peer] = {}
    cores = dict.fromkeys((TALIB, PANDAS_TA, NUMBA), 1)
    missing = {}
    try:
        there[TALIB] = ByIndicators(bars, parameters, talib_indicators(bars))
    except ImportError:
        missing[TALIB] = "make setup"
    pandas_ta = pandas_ta_indicators(bars)
    there[PANDAS_TA] = ByIndicators(bars, parameters, pandas_ta)
    try:
        there[POLARS] = ByPolars(bars, parameters)
        cores[POLARS] = ByPolars.threads()
    except ImportError:
        missing[POLARS] = "make setup"
    try:
        from vst_desktop.cli.bench.by_numba import ByNumba

        there[NUMBA] = ByNumba(bars, parameters)
    except ImportError:  # the frozen application has no compiler
        missing[NUMBA] = "make setup"
    if interpreter() is None:
        missing[VECTORBT] = INSTALL
    return Peers(there=there, pandas_ta=pandas_ta, cores=cores, missing=missing)


async def verify(
    scanner: Opened, peers: Peers, bars: Sequence[BarColumns], parameters: StrategyParameters
) -> Verified:
    """Compare the signals of every bar.

    Raises:
        UserError: The scanner did not pass over every bar, or its two forms contradict each
            other.
    """
    symbols = [one.symbol for one in bars]
    total = sum(map(len, bars))
    of_range, rows = await scanner.range(symbols)
    of_last, last = await scanner.as_of(symbols)
    ours = by_bar(rows, bars)
    if of_range.bars != total or of_last.bars != total:
        raise UserError(f"the scanner passed over {of_last.bars:,} of {total:,} bars")
    if not np.array_equal(by_bar(last, bars), last_bars(ours, bars)):
        raise UserError("the scanner's as-of scan contradicts its range scan")

    def compare() -> Verified:
        found = {PANDAS_TA: by_rules(bars, parameters, peers.pandas_ta)}
        for name, peer in peers.there.items():
            if name != PANDAS_TA:
                found[name] = by_bar(peer.range(), bars)
        warm = np.concatenate([np.arange(len(one)) >= WARM_UP_BARS for one in bars])
        return Verified(
            bars=total,
            differing={name: int((bits != ours).sum()) for name, bits in found.items()},
            talib_after_warm_up=int((found[TALIB] != ours)[warm].sum()) if TALIB in found else 0,
        )

    return await asyncio.to_thread(compare)


def by_rules(
    bars: Sequence[BarColumns], parameters: StrategyParameters, indicators: Indicators
) -> Bits:
    """The strategies of every bar by the station's own rules over a library's indicators."""
    found = []
    for index, one in enumerate(bars):
        atr, rsi, sma50, sma200 = indicators(index)
        data = columns.Indicators(
            open=one.open,
            high=one.high,
            low=one.low,
            close=one.close,
            volume=one.volume,
            atr=atr,
            rsi=rsi,
            sma50=sma50,
            sma200=sma200,
        )
        bits = np.zeros(len(one), dtype=np.uint8)
        for k, rule in enumerate(BUILT_IN.values()):
            bits |= rule.mask(data, parameters).view(np.uint8) << np.uint8(k)
        found.append(bits)
    return np.concatenate(found)


async def measure_all(
    scanners: Mapping[int, Opened],
    peers: Peers,
    bars: Sequence[BarColumns],
    folder: Path,
    tell: Callable[[int, int], None],
) -> list[Measured]:
    """Time all in turns: our scanners by their cores, and the peers. Ours come first."""
    symbols = [one.symbol for one in bars]
    total = sum(map(len, bars))

    def engine(name: str, form: str, cores: int, once: Callable[[], Awaitable[float]]) -> Engine:
        return Engine(name=name, form=form, cores=cores, symbols=len(bars), bars=total, once=once)

    engines = []
    for cores, scanner in scanners.items():
        engines += [
            engine(OURS, AS_OF, cores, on_loop(partial(scanner.as_of, symbols))),
            engine(OURS, RANGE, cores, on_loop(partial(scanner.range, symbols))),
        ]
    for name, peer in peers.there.items():
        engines.append(engine(name, AS_OF, peers.cores[name], in_thread(peer.as_of)))
        if name != PANDAS_TA:  # seconds a pass, and nobody asks
            engines.append(engine(name, RANGE, peers.cores[name], in_thread(peer.range)))
    async with AsyncExitStack() as stack:
        if python := interpreter():
            process = await stack.enter_async_context(vectorbt(python, bars, folder))
            engines.append(engine(VECTORBT, INDICATORS_ONLY, 1, process.once))
        return await measure(engines, tell)
