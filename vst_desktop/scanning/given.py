"""The bars that the scanner child holds, and how it comes to the rest."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from vst_desktop.domain.bars import SymbolError, Timeframe
from vst_desktop.domain.errors import UserError
from vst_desktop.ports.market_data import BarColumns, BulkAnswer, BulkSource
from vst_desktop.ports.scanner import DoorPolicy, PutResult
from vst_desktop.scanning.inprocess import Bars, OnProgress
from vst_desktop.scanning.kept import Division, behind, divide


class BarsTaker(BulkSource, Protocol):
    """A scanner as far as bars go."""

    @property
    def healthy(self) -> bool:
        """Whether it answers now."""

    async def put_bars(
        self,
        series: Sequence[Bars],
        *,
        keep: bool = False,
        append: bool = False,
        door_policy: DoorPolicy = "reject",
    ) -> PutResult:
        """As the port of scanners; ``append``: behind the bars held, not in their place."""


class GivenBars:
    """What a child was given and what its bar store has; gives it what it lacks.

    Args:
        child: The scanner.
        tell: Called with a sentence when bars cannot be written into the store.
    """

    def __init__(self, child: BarsTaker, tell: Callable[[str], None]) -> None:
        self._child = child
        self._tell = tell
        self._held: dict[str, Bars] = {}
        """Bars as the child that serves now was given them."""
        self._stored: dict[str, BarColumns | None] = {}
        """What the store has, as far as that was asked; None for nothing."""
        self._unsure: set[str] = set()
        """Symbols of a write that ended without an answer: it may have been done."""
        self._not_kept = ""
        self._children = 0
        self.refused: dict[str, SymbolError] = {}
        self.warned: dict[str, list[SymbolError]] = {}

    def forget(self) -> None:
        """Another child serves, or none: what it was given is gone; its store is not."""
        self._children += 1
        self._held.clear()
        self.refused.clear()
        self.warned.clear()

    def hold(self, series: Sequence[Bars]) -> None:
        """The child has these bars from elsewhere."""
        self._held.update((bars.symbol, bars) for bars in series)

    async def stream_bars(
        self,
        symbols: Sequence[str],
        *,
        timeframe: Timeframe,
        on_bars: Callable[[BarColumns], None],
        on_progress: OnProgress | None = None,
    ) -> BulkAnswer:
        """Bars from the child; see the port. Learns from them what its store has."""
        # What it has of a symbol that it was not given is what its store has.
        unknown = {s for s in symbols if s not in self._stored and s not in self._held}
        found: dict[str, BarColumns | None] = dict.fromkeys(unknown)

        def take(bars: BarColumns) -> None:
            if bars.symbol in unknown:
                found[bars.symbol] = bars
            on_bars(bars)

        answer = await self._child.stream_bars(
            symbols, timeframe=timeframe, on_bars=take, on_progress=on_progress
        )
        if timeframe is Timeframe.DAILY:
            self._stored.update(found)
        return answer

    async def give(self, series: Sequence[Bars], *, keep: bool, door_policy: DoorPolicy) -> None:
        """Give the child those of the bars that it does not hold.

        Args:
            series: The bars as they are now.
            keep: Write whole ones that its store lacks into it. A store that cannot be written is
                told once: the bars are then held in memory.
            door_policy: What becomes of bars that may not be scanned.

        Raises:
            UserError: The child is gone.
        """
        # Columns are equal when they are one.
        missing = [bars for bars in series if self._held.get(bars.symbol) != bars]
        if keep:
            await self._give_kept(missing, door_policy)
        else:
            await self._send(missing, door_policy)
        self._held.update((bars.symbol, bars) for bars in missing)

    async def _give_kept(self, missing: Sequence[Bars], door_policy: DoorPolicy) -> None:
        """Write what the store lacks of these bars, and put what is not for it into memory."""
        unknown = [bars.symbol for bars in missing if bars.symbol not in self._stored]
        if unknown:
            await self.stream_bars(unknown, timeframe=Timeframe.DAILY, on_bars=lambda _: None)
        divided = await asyncio.to_thread(self._divided, missing)
        rest = {bars.symbol: bars for bars in missing if divided[bars.symbol].memory}
        try:
            for append in (False, True):
                await self._write(
                    {
                        symbol: news
                        for symbol, one in divided.items()
                        if (news := one.append if append else one.replace) is not None
                    },
                    door_policy,
                    append=append,
                )
        except UserError as error:
            if not self._child.healthy:
                raise
            if str(error) != self._not_kept:
                self._tell(f"bars are scanned, but not kept in the bar store: {error}")
            self._not_kept = str(error)
            rest.update((b.symbol, b) for b in missing if divided[b.symbol].writes)
        else:
            self._not_kept = ""
        await self._send(
            [
                one.forming
                for symbol, one in divided.items()
                if one.forming is not None and symbol not in rest and symbol not in self.refused
            ],
            door_policy,
            append=True,
        )
        await self._send(list(rest.values()), door_policy)
        for symbol, one in divided.items():
            if one.reason is not None:
                self.warned[symbol].append(SymbolError(symbol=symbol, error=one.reason))

    def _divided(self, missing: Sequence[Bars]) -> dict[str, Division]:
        return {bars.symbol: self._division(bars) for bars in missing}

    def _division(self, bars: Bars) -> Division:
        if bars.symbol in self.refused:  # which only other bars in its place end
            return Division(memory=True)
        stored = self._stored.get(bars.symbol)
        one = divide(stored, self._held.get(bars.symbol), bars)
        if bars.symbol in self._unsure and stored is not None and one.append is not None:
            return replace(one, replace=behind(stored, one.append), append=None)
        return one

    async def _write(
        self, news: Mapping[str, BarColumns], door_policy: DoorPolicy, *, append: bool
    ) -> None:
        self._unsure.update(news)
        await self._send(list(news.values()), door_policy, keep=True, append=append)
        self._unsure.difference_update(news)
        for symbol, bars in news.items():
            if symbol not in self.refused:
                before = self._stored.get(symbol)
                self._stored[symbol] = behind(before, bars) if append and before else bars

    async def _send(
        self,
        series: Sequence[Bars],
        door_policy: DoorPolicy,
        *,
        keep: bool = False,
        append: bool = False,
    ) -> None:
        """Put bars into the child and note what it says of them."""
        if not series:
            return
        receiver = self._children
        result = await self._child.put_bars(
            series, keep=keep, append=append, door_policy=door_policy
        )
        if receiver != self._children:
            raise UserError("the scanner that took the bars is gone")
        for bars in series:
            self.refused.pop(bars.symbol, None)
            if not append:
                self.warned[bars.symbol] = []
        self.refused.update((error.symbol, error) for error in result.errors)
        for warning in result.warnings:
            self.warned.setdefault(warning.symbol, []).append(warning)
