"""A desk on a held clock, a behaving broker and the real journal."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.helpers.fake_broker import FakeBroker
from tests.helpers.trades import APPROVAL, EXECUTION, EXITS, RISK, bull_call, candidate
from vst_desktop.adapters.sqlite.journal import SqliteJournal
from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.orders import Mode, OrderState
from vst_desktop.domain.spreads import VerticalSpread
from vst_desktop.execution.desk import Desk
from vst_desktop.execution.services import Recheck
from vst_desktop.ports.store import IntentRecord
from vst_desktop.runtime.calendar import EASTERN, Sessions
from vst_desktop.runtime.clock import HeldClock

CALENDAR = Sessions()
BEFORE = "2023-11-07 11:15"
INSIDE = "2023-11-07 15:30"


def eastern(text: str) -> datetime:
    """``2023-11-07 14:00`` in New York."""
    return datetime.fromisoformat(text).replace(tzinfo=EASTERN)


OPENS = eastern("2023-11-07 14:45")


@dataclass
class World:
    """What a desk test holds in its hands."""

    clock: HeldClock
    broker: FakeBroker
    journal: SqliteJournal
    path: Path
    rules: dict[str, Any]
    alerts: list[tuple[Severity, str, str]] = field(default_factory=list)
    signal: Recheck = field(default_factory=lambda: Recheck(holds=True))
    numbers: Any = field(default_factory=lambda: itertools.count(1))
    desk: Desk = field(init=False)

    def make_desk(self) -> Desk:
        """A desk on this world; events of the broker go to the newest one."""

        async def recheck(intent: IntentRecord) -> Recheck:
            return self.signal

        desk = Desk(
            broker=self.broker,
            journal=self.journal,
            clock=self.clock,
            calendar=CALENDAR,
            **{
                "execution": EXECUTION,
                "approval": APPROVAL,
                "risk": RISK,
                "exits": EXITS,
                "allowed_accounts": (),
                **self.rules,
            },
            entry_commission_usd=Decimal("1.30"),
            alert=lambda severity, message, details: self.alerts.append(
                (severity, message, details)
            ),
            on_change=lambda: None,
            new_id=lambda: f"{next(self.numbers):026d}",
            recheck=recheck,
        )
        self.desk = desk
        return desk

    async def restart(self) -> Desk:
        """End the desk and start a new one on the same journal and broker."""
        await self.desk.stop()
        desk = self.make_desk()
        await desk.start()
        await self.settle()
        return desk

    async def settle(self) -> None:
        """Let everything that is in flight come to rest."""
        for _ in range(5000):
            await asyncio.sleep(0)
            if not self.clock.in_flight:
                # Once more round: an event may have been put just now.
                await asyncio.sleep(0)
                if not self.clock.in_flight:
                    return
            await asyncio.sleep(0.0005)
        raise AssertionError(f"still in flight: {self.clock.in_flight}")

    async def until(self, moment: datetime) -> None:
        """Move the clock timer by timer, letting each come to rest."""
        await self.settle()
        while (due := self.clock.next_timer()) is not None and due <= moment:
            self.clock.advance(due)
            await self.settle()
        self.clock.advance(moment)
        await self.settle()

    def quote(self, spread: VerticalSpread, natural: str, close: str, spot: float = 104.0) -> None:
        """Quote a spread and its underlying."""
        self.broker.quote_spread(spread, natural=natural, close=close)
        self.broker.stocks[spread.symbol] = (spot - 0.01, spot + 0.01)

    def told(self, part: str) -> list[tuple[Severity, str, str]]:
        """Alerts whose message or details hold the text."""
        return [a for a in self.alerts if part in a[1] or part in a[2]]


def in_world(
    path: Path,
    at: str,
    story: Callable[[World], Awaitable[None]],
    *,
    account: str = "DU1",
    nlv: str = "100000",
    **rules: Any,
) -> None:
    """Run a story at a moment of New York's time, on a fresh journal at ``path``."""

    async def run() -> None:
        clock = HeldClock(eastern(at))
        broker = FakeBroker(clock, account=account, nlv=nlv)
        journal = await SqliteJournal.open(path / "journal.db", clock.now)
        world = World(clock=clock, broker=broker, journal=journal, path=path, rules=rules)
        broker.subscribe(lambda event: world.desk.on_broker_event(event))
        for symbol in ("AAPL", "MSFT", "NFLX", "GOOGL", "SPY"):
            world.quote(bull_call(symbol), "2.68", "2.60")
        await world.make_desk().start()
        try:
            await story(world)
            await world.settle()
        finally:
            await world.desk.stop()
            assert await world.journal.verify() is None
            await world.journal.close()

    asyncio.run(run())


async def approve(world: World, symbol: str = "AAPL", **changes: object) -> IntentRecord:
    mode = changes.pop("mode", Mode.DEMO)
    account = changes.pop("account", "DU1")
    return await world.desk.approve(
        candidate(symbol, **changes),  # type: ignore[arg-type]
        mode=mode,  # type: ignore[arg-type]
        account=account,  # type: ignore[arg-type]
    )


def the(world: World, intent: IntentRecord) -> IntentRecord:
    return next(i for i in world.desk.intents() if i.intent_id == intent.intent_id)


def states(world: World) -> list[OrderState]:
    return [i.state for i in world.desk.intents()]


async def opened(world: World, symbol: str = "AAPL", **changes: object) -> IntentRecord:
    """An entry filled just now."""
    intent = await approve(world, symbol, **changes)
    await world.settle()
    assert the(world, intent).state is OrderState.FILLED
    return the(world, intent)
