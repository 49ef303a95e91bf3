"""A station's money path at a simulator whose fault panel is played, on virtual time.

Every drill runs the real desk, journal, adapter and simulator; only the sockets and the clock are
virtual, so a reconnect after a minute takes no time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.simulation.loop import VirtualLoop
from tests.simulation.market import EXPIRATION
from tests.simulation.scene import ACCOUNT, Scene
from vst_desktop.adapters.ibkr.broker import IbkrBroker
from vst_desktop.adapters.tws_sim.faults.panel import FaultPanel
from vst_desktop.adapters.tws_sim.matching import Matching
from vst_desktop.domain.orders import (
    Mode,
    OrderState,
    OrderTicket,
    OrderType,
    Purpose,
    Side,
)
from vst_desktop.domain.quotes import OptionContract, Right
from vst_desktop.domain.spreads import VerticalSpread
from vst_desktop.execution.desk import Desk
from vst_desktop.ports.broker import BrokerEvent, ConnectionChanged, ConnectionState
from vst_desktop.ports.store import IntentRecord

LONGEST_WAIT_SECS = 400
STEP_SECS = 0.05


class Drill(Scene):
    """One drill: the scene, and what its adapter told."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.told: list[BrokerEvent] = []
        self._refs = 0

    def _heard(self, event: BrokerEvent) -> None:
        super()._heard(event)
        self.told.append(event)

    @property
    def faults(self) -> FaultPanel:
        return self.server.faults

    @property
    def broker(self) -> IbkrBroker:
        assert self.station is not None
        return self.station.broker

    @property
    def desk(self) -> Desk:
        assert self.station is not None
        return self.station.desk

    def of[T](self, kind: type[T]) -> list[T]:
        """Events of one kind, oldest first."""
        return [event for event in self.told if isinstance(event, kind)]

    @property
    def states(self) -> list[ConnectionState]:
        return [event.state for event in self.of(ConnectionChanged)]

    async def until(
        self, holds: Callable[[], Any], what: str, secs: float = LONGEST_WAIT_SECS
    ) -> None:
        """Wait, in virtual time."""
        for _ in range(int(secs / STEP_SECS)):
            if holds():
                return
            await asyncio.sleep(STEP_SECS)
        raise AssertionError(f"never: {what}\n" + "\n".join(self.log.lines[-15:]))

    async def ready(self) -> None:  # type: ignore[override]
        """Until orders may be sent."""
        await self.until(lambda: self.broker.state is ConnectionState.READY, "ready")
        await self.until(lambda: self.desk.reconciled, "reconciled")

    def spread(self, symbol: str = "AAPL", low: float = 100, high: float = 105) -> VerticalSpread:
        long, short = (
            OptionContract(
                symbol=symbol,
                expiration=EXPIRATION,
                strike=Decimal(str(strike)),
                right=Right.CALL,
                con_id=self.market.chosen(symbol, strike).con_id,
                trading_class=symbol,
            )
            for strike in (low, high)
        )
        return VerticalSpread(long=long, short=short)

    def ticket(
        self,
        limit: str | None = "0.50",
        *,
        quantity: int = 1,
        side: Side = Side.BUY,
        spread: VerticalSpread | None = None,
        tick: str = "0.01",
    ) -> OrderTicket:
        """A limit order far from the market, or a market order."""
        self._refs += 1
        return OrderTicket(
            order_ref=f"drill-{self._refs}",
            account=ACCOUNT,
            purpose=Purpose.ENTRY if side is Side.BUY else Purpose.EXIT,
            side=side,
            order_type=OrderType.MARKET if limit is None else OrderType.LIMIT,
            spread=spread or self.spread(),
            quantity=quantity,
            limit_price=None if limit is None else Decimal(limit),
            tick=Decimal(tick),
        )

    async def approve(self, symbol: str = "AAPL", contracts: int = 2) -> IntentRecord:
        """An approval as the trader's click makes it; in the window it goes out at once."""
        made = replace(self.candidate(symbol), contracts=contracts)
        return await self.desk.approve(made, mode=self.mode or Mode.DEMO, account=ACCOUNT)

    def intent(self, intent: IntentRecord) -> IntentRecord:
        return next(one for one in self.desk.intents() if one.intent_id == intent.intent_id)

    async def becomes(self, intent: IntentRecord, *states: OrderState) -> IntentRecord:
        """Until the intent is in one of the states."""
        await self.until(lambda: self.intent(intent).state in states, f"{states}")
        return self.intent(intent)

    def alerted(self, part: str) -> bool:
        return any(part in message or part in details for _, message, details in self.alerts)

    def orders(self) -> int:
        """Orders that ever reached the broker."""
        return len(self.server.exchange.orders)


type Story = Callable[[Drill], Awaitable[None]]


def drill(
    fault: str,
    duty: str,
    *,
    mode: Mode = Mode.DEMO,
    boots: bool = True,
    accounts: tuple[str, ...] = (ACCOUNT,),
    logs: bool = False,
) -> Callable[[Story], Callable[..., None]]:
    """Make a test of a story that provokes a fault.

    Args:
        fault: Its name in the catalogue.
        duty: What the station does about it, in one sentence.
        mode: Of the station.
        boots: Whether the station is connected when the story begins.
        accounts: Of the simulator.
        logs: Whether warnings in the log are part of the story.
    """

    def made(story: Story) -> Callable[..., None]:
        def test(tmp_path: Path) -> None:
            with asyncio.Runner(loop_factory=VirtualLoop) as runner:
                runner.run(_play(story, tmp_path, mode, boots, accounts))

        test.__name__ = story.__name__
        test.__doc__ = story.__doc__
        told = "." if logs else "the broker's book could not be read"
        return pytest.mark.fault(fault, duty)(pytest.mark.allow_log(told)(test))

    return made


async def _play(
    story: Story, folder: Path, mode: Mode, boots: bool, accounts: tuple[str, ...]
) -> None:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    asyncio.set_event_loop(loop)  # ib_insync asks for it
    scene = Drill(
        seed=3, folder=folder, loop=loop, mode=mode, matching=Matching(), accounts=accounts
    )
    await scene.open(boots=boots)
    try:
        await story(scene)
    finally:
        scene.faults.clear_all()
        await scene.close()
