"""Partial fills, better prices and late cancels, as the adapter hears of them over the wire."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.contract.test_broker_contract import Rig, market_order, run, ticket
from vst_desktop.adapters.tws_sim.matching import Matching
from vst_desktop.domain.orders import BrokerOrder, BrokerStatus, Execution, Side

NATURAL = Decimal("1.67")
"""What the 100/105 call spread costs at its legs' quotes; their middles make 1.57."""


@pytest.mark.parametrize("improvement", [0.0, 1.0])
def test_pieces_add_up_to_the_order_and_their_legs_to_their_net(improvement: float) -> None:
    async def job(rig: Rig) -> None:
        order = market_order(rig.spread(), quantity=7)
        await rig.broker.place(order)
        for _ in range(8):
            rig.server.refresh()
        await rig.until(
            lambda: any(one.status is BrokerStatus.FILLED for one in rig.told(BrokerOrder)),
            "filled",
        )
        wholes = [one for one in rig.told(Execution) if one.is_combo]
        legs = [one for one in rig.told(Execution) if not one.is_combo]
        assert len(wholes) > 1 and sum(one.quantity for one in wholes) == 7
        filled = [one.filled for one in rig.told(BrokerOrder)]
        assert filled == sorted(filled) and filled[-1] == 7
        assert any(0 < one < 7 for one in filled)
        by_leg = {one.con_id for one in legs}
        assert by_leg == {order.spread.long.con_id, order.spread.short.con_id}
        for con_id in by_leg:
            assert sum(one.quantity for one in legs if one.con_id == con_id) == 7
        for whole, first, second in zip(wholes, legs[::2], legs[1::2], strict=True):
            signed = [one.price if one.side is Side.BUY else -one.price for one in (first, second)]
            assert whole.price == sum(signed)
            assert whole.price < NATURAL if improvement else whole.price == NATURAL

    run(job, matching=Matching(partial=1.0, improvement=improvement))


def test_a_cancel_that_comes_late_finds_the_order_filled() -> None:
    async def job(rig: Rig) -> None:
        placed = await rig.broker.place(ticket(rig.spread()))
        await rig.broker.cancel(placed.order_id)
        await rig.until(
            lambda: any(one.status is BrokerStatus.FILLED for one in rig.told(BrokerOrder)),
            "filled",
        )
        assert BrokerStatus.CANCELLED not in {one.status for one in rig.told(BrokerOrder)}
        assert sum(one.quantity for one in rig.told(Execution) if one.is_combo) == 2

    run(job, matching=Matching(race=1.0))
