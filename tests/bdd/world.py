"""What a scenario plays in: the real station, the simulator in its own process, the Go scanner."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from vst_desktop.bootstrap import DemoOptions, demo_station
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.orders import Mode, OrderState
from vst_desktop.domain.spreads import Candidate
from vst_desktop.ports.store import IntentRecord, PositionRecord
from vst_desktop.ports.universe import UniverseSource
from vst_desktop.runtime.settings import load_settings
from vst_desktop.station.heldtime import HeldTime
from vst_desktop.station.station import Station

_TIME_TO_FILL = timedelta(seconds=20)


class World:
    """The scenario's station, opened at its first use; givens only say what it should be.

    Chains are not loaded unasked: a scenario loads those it is about.
    """

    def __init__(self, journal: Path) -> None:
        self.at: datetime | None = None
        self.symbols: list[str] = []
        self.overrides: list[str] = []
        self.mode = Mode.DEMO
        self.account = "DU1234567"
        self.armed = False
        self.universe: UniverseSource | None = None
        self.store: Path | None = None
        self.approved: dict[str, str] = {}
        self.shown: dict[str, Candidate] = {}
        self.refusal: UserError | None = None
        self._journal = journal
        self._runner = asyncio.Runner()
        self._stack: AsyncExitStack | None = None
        self._station: Station | None = None
        self._time: HeldTime | None = None

    # -- life

    @property
    def station(self) -> Station:
        """The station; opens it when it is not open."""
        if self._station is None:
            self.run(self._open())
        assert self._station is not None
        return self._station

    @property
    def time(self) -> HeldTime:
        """What moves the clock."""
        assert self.station is not None
        assert self._time is not None
        return self._time

    async def _open(self) -> None:
        self._stack = AsyncExitStack()
        settings = load_settings(["max_chains=0", *self.overrides], environment={})
        options = DemoOptions(held=True, at=self.at, accounts=(self.account,))
        self._station, self._time = await self._stack.enter_async_context(
            demo_station(
                settings,
                options,
                mode=self.mode,
                journal=self._journal,
                universe=self.universe,
                store=self.store,
            )
        )
        if self.armed:
            await self._station.arm(self.account)

    def run[T](self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end on the scenario's loop."""
        return self._runner.run(work)

    def stop(self) -> None:
        """Stop the station; the next use starts it anew on the same journal and moment."""
        if self._stack is None:
            return
        if self._station is not None:
            self.at = self._station.engines.clock.now()
        stack, self._stack, self._station = self._stack, None, None
        self.run(stack.aclose())

    def close(self) -> None:
        """End everything."""
        try:
            self.stop()
        finally:
            self._runner.close()

    # -- what the trader does

    def scan(self) -> None:
        """Scan the universe."""
        self.run(self.station.scan())

    def load_chain(self, symbol: str) -> None:
        """Load one symbol's chain, as a click on its row does."""
        self.run(self.station.load_chain(symbol))

    def candidate(self, symbol: str) -> Candidate:
        """The symbol's candidate, after a scan and its chain when there was none yet."""
        if self.station.research.findings.result is None:
            self.scan()
        if not self._candidates(symbol):
            self.load_chain(symbol)
        found = self._candidates(symbol)
        assert found, self.station.research.findings.states
        return found[0]

    def _candidates(self, symbol: str) -> list[Candidate]:
        return [c for c in self.station.research.candidates() if c.signal.symbol == symbol]

    def approve(self, symbol: str) -> None:
        """Approve the symbol's candidate as shown; a refusal is kept for the next steps."""
        candidate = self.candidate(symbol)
        self.shown[symbol] = candidate
        self.approve_shown(candidate.candidate_id, candidate.revision)

    def approve_shown(self, candidate_id: str, revision: int) -> None:
        """Approve that revision; a refusal is kept for the next steps."""
        symbol = candidate_id.partition(":")[0]
        self.refusal = None
        try:
            self.approved[symbol] = self.run(self.station.approve(candidate_id, revision))
        except UserError as refusal:
            self.refusal = refusal
        self.run(self.time.settle())

    # -- what came of it

    def intent(self, symbol: str) -> IntentRecord:
        """The symbol's order."""
        return self.station.intent(self.approved[symbol])

    def wait_for_fill(self, symbol: str) -> IntentRecord:
        """The symbol's order once filled, or as it stands after some seconds of the clock."""
        limit = self.station.engines.clock.now() + _TIME_TO_FILL
        self.run(self.time.run_until(lambda: self.intent(symbol).state is OrderState.FILLED, limit))
        return self.intent(symbol)

    def position(self, symbol: str) -> PositionRecord:
        """The symbol's one open position."""
        (found,) = [p for p in self.station.desk.positions() if p.spread.symbol == symbol]
        return found

    def orders_at_the_broker(self) -> list[str]:
        """Symbols of all orders and executions that the broker knows of today."""
        book = self.run(self.station.engines.broker.book())
        return [
            *(order.symbol for order in (*book.open_orders, *book.completed_orders)),
            *(execution.symbol for execution in book.executions),
        ]
