"""What the broker reckons the selected order would take."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from tests.helpers.fake_broker import FakeBroker
from tests.helpers.trades import candidate
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.orders import OrderPreview, OrderTicket
from vst_desktop.ports.broker import ConnectionState
from vst_desktop.runtime.clock import HeldClock
from vst_desktop.runtime.tasks import TaskOwner
from vst_desktop.station.previews import Previews

NOW = datetime(2024, 1, 17, 20, tzinfo=UTC)


class Asked(FakeBroker):
    """Keeps what it was asked, and answers or fails as told."""

    def __init__(self, clock: HeldClock) -> None:
        super().__init__(clock)
        self.tickets: list[OrderTicket] = []  # type: ignore[assignment]
        self.fail: Exception | None = None

    async def preview(self, ticket: OrderTicket) -> OrderPreview:
        self.tickets.append(ticket)
        if self.fail is not None:
            raise self.fail
        return OrderPreview(
            initial_margin_change=None,
            maintenance_margin_change=None,
            commission_usd=None,
            min_commission_usd=ticket.limit_price,
            max_commission_usd=ticket.limit_price,
        )


class Scene:
    def __init__(self) -> None:
        clock = HeldClock(NOW)
        self.broker = Asked(clock)
        self.changes = 0
        self.tasks = TaskOwner("test")
        self.account: str | None = "DU1"
        engines: Any = SimpleNamespace(broker=self.broker, clock=clock)
        self.previews = Previews(engines, self.tasks, lambda: self.account, self.change)

    def change(self) -> None:
        self.changes += 1

    async def look(self, shown: Any) -> list[tuple[str, str]]:
        before = self.changes
        self.previews.look(shown)
        for _ in range(10):
            await asyncio.sleep(0)
        assert self.changes - before <= 1
        return [(one.caption, one.value) for one in self.previews.figures(shown)]


def test_margin_and_commission_are_asked_for_once_and_again_when_the_order_changes() -> None:
    async def story() -> None:
        scene, shown = Scene(), candidate()
        paid = shown.ranked.debit
        assert await scene.look(shown) == [
            ("margin at IBKR", "–"),
            ("commission at IBKR", f"${paid:,.2f} – ${paid:,.2f}"),
        ]
        await scene.look(shown)
        assert len(scene.broker.tickets) == 1 and scene.broker.tickets[0].account == "DU1"
        assert scene.broker.tickets[0].limit_price == paid
        await scene.look(replace(shown, contracts=shown.contracts + 1))
        assert len(scene.broker.tickets) == 2

    asyncio.run(story())


def test_a_refusal_is_shown_and_no_answer_is_asked_for_again() -> None:
    async def story() -> None:
        scene, shown = Scene(), candidate()
        scene.broker.fail = TimeoutError()
        assert await scene.look(shown) == []
        scene.broker.fail = UserError("IBKR refused (201): margin")
        assert await scene.look(shown) == [("IBKR would refuse", "IBKR refused (201): margin")]

    asyncio.run(story())


def test_nothing_is_asked_without_a_connection_an_account_or_a_contract() -> None:
    async def story() -> None:
        scene, shown = Scene(), candidate()
        scene.previews.look(None)
        await scene.look(replace(shown, contracts=0))
        scene.account = None
        await scene.look(shown)
        scene.account = "DU1"
        scene.broker.connection(ConnectionState.READ_ONLY)
        assert await scene.look(shown) == []
        assert not scene.broker.tickets

    asyncio.run(story())
