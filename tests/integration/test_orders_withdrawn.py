"""Orders that wait in the adapter's pacing: taken back, they never reach TWS."""

from __future__ import annotations

import asyncio
import time
from decimal import Decimal

import pytest

from tests.contract.test_broker_contract import ACCOUNT, Rig, run
from vst_desktop.adapters.ibkr import orders
from vst_desktop.domain.orders import (
    BrokerOrder,
    BrokerStatus,
    OrderTicket,
    OrderType,
    Purpose,
    Side,
)
from vst_desktop.ports.broker import OrderWithdrawnError, Placed

MESSAGES_PER_SECOND = 45
MANY = 2 * MESSAGES_PER_SECOND
# Of this process: what else the machine does is not the kill switch's.
KILL_WITHIN_SECS = 0.25


def resting(rig: Rig, ref: str, limit: str = "0.05") -> OrderTicket:
    return OrderTicket(
        order_ref=ref,
        account=ACCOUNT,
        purpose=Purpose.ENTRY,
        side=Side.BUY,
        order_type=OrderType.LIMIT,
        spread=rig.spread(),
        quantity=1,
        limit_price=Decimal(limit),
        tick=Decimal("0.01"),
    )


def seen(rig: Rig) -> set[str]:
    """References of the orders that TWS has told of."""
    return {told.order_ref for told in rig.told(BrokerOrder)}


def test_orders_that_wait_are_taken_back_at_once_and_the_others_are_cancelled() -> None:
    async def job(rig: Rig) -> None:
        await asyncio.sleep(1.0)  # the start's own messages leave the second that is counted
        refs = [f"kill-{number}" for number in range(MANY)]
        placing = [asyncio.ensure_future(rig.broker.place(resting(rig, ref))) for ref in refs]
        await rig.until(lambda: len(seen(rig)) >= MESSAGES_PER_SECOND, "a second full of orders")
        began = time.process_time()
        for ref in refs:
            rig.broker.withdraw(ref, "kill switch")
        answers = await asyncio.gather(*placing, return_exceptions=True)
        assert time.process_time() - began < KILL_WITHIN_SECS
        sent = [one for one in answers if isinstance(one, Placed)]
        taken_back = [one for one in answers if isinstance(one, OrderWithdrawnError)]
        assert len(sent) == MESSAGES_PER_SECOND and len(sent) + len(taken_back) == MANY
        assert "taken back before it was sent: kill switch" in str(taken_back[0])
        for placed in sent:
            await rig.broker.cancel(placed.order_id)
        await rig.until(
            lambda: (
                sum(told.status is BrokerStatus.CANCELLED for told in rig.told(BrokerOrder))
                >= MESSAGES_PER_SECOND
            ),
            "all cancelled",
        )
        await rig.broker.barrier()
        assert len(seen(rig)) == MESSAGES_PER_SECOND
        assert (await rig.broker.book()).open_orders == ()

    run(job, messages_per_second=MESSAGES_PER_SECOND)


def test_a_change_that_waits_is_dropped_by_the_cancel_and_cannot_follow_it() -> None:
    async def job(rig: Rig) -> None:
        placed = await rig.broker.place(resting(rig, "change"))
        waiting = [
            asyncio.ensure_future(rig.broker.preview(resting(rig, f"other-{number}")))
            for number in range(10)
        ]
        change = asyncio.ensure_future(
            rig.broker.modify(placed.order_id, resting(rig, "change", "0.10"))
        )
        await asyncio.sleep(0)
        await rig.broker.cancel(placed.order_id)
        with pytest.raises(OrderWithdrawnError, match="the change of order change"):
            await change
        for one in waiting:
            one.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await rig.until(
            lambda: rig.told(BrokerOrder)[-1].status is BrokerStatus.CANCELLED, "cancelled"
        )
        assert Decimal("0.10") not in {told.limit_price for told in rig.told(BrokerOrder)}

    run(job, messages_per_second=10)


def test_an_order_that_cannot_be_sent_in_time_is_taken_back_and_known_as_such(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(orders, "ACKNOWLEDGE_SECS", 0.3)

    async def job(rig: Rig) -> None:
        placing = [
            asyncio.ensure_future(rig.broker.place(resting(rig, f"late-{number}")))
            for number in range(40)
        ]
        answers = await asyncio.gather(*placing, return_exceptions=True)
        late = [one for one in answers if isinstance(one, OrderWithdrawnError)]
        sent = [one for one in answers if isinstance(one, Placed)]
        assert late and len(late) + len(sent) == 40
        assert len((await rig.broker.book()).open_orders) == len(sent)

    run(job, messages_per_second=20)
