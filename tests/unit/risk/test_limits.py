from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.helpers.trades import RISK, bull_call, contract
from vst_desktop.domain.account import BrokerPosition
from vst_desktop.domain.orders import BrokerOrder, BrokerStatus, Side
from vst_desktop.domain.quotes import OptionContract
from vst_desktop.risk.limits import (
    Budget,
    DenialCode,
    check_broker_overlap,
    check_budget,
    check_own_overlap,
    daily_loss,
    leg_quantities,
    working_to_close,
)

D = Decimal
SPREAD = bull_call()
FREE = Budget(
    positions=0,
    trades_today=0,
    at_risk_usd=D(0),
    reserved_usd=D(0),
    net_liquidation_usd=D(100_000),
    available_funds_usd=D(50_000),
    day_trades_remaining=None,
)


def held(option: OptionContract, quantity: int, account: str = "DU1") -> BrokerPosition:
    return BrokerPosition(
        account=account,
        symbol=option.symbol,
        con_id=option.con_id,
        option=option,
        quantity=D(quantity),
        average_cost_usd=D(100),
    )


def order(
    side: Side = Side.SELL, quantity: int = 2, filled: int = 0, **changes: object
) -> BrokerOrder:
    made = BrokerOrder(
        order_ref="",
        order_id=-3,
        perm_id=5,
        client_id=0,
        account="DU1",
        symbol="AAPL",
        side=side,
        order_type="LMT",
        limit_price=D(3),
        quantity=D(quantity),
        filled=D(filled),
        average_fill_price=None,
        status=BrokerStatus.SUBMITTED,
        legs=((SPREAD.long.con_id, 1, Side.BUY), (SPREAD.short.con_id, 1, Side.SELL)),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def test_an_entry_within_every_limit_passes() -> None:
    assert check_budget(D(2_000), FREE, RISK) is None


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"positions": 5}, DenialCode.MAX_POSITIONS),
        ({"trades_today": 3}, DenialCode.DAILY_TRADES),
        ({"day_trades_remaining": 0}, DenialCode.NO_DAY_TRADES),
        ({"at_risk_usd": D("8000.01")}, DenialCode.TOTAL_RISK),
        ({"reserved_usd": D("48000.01")}, DenialCode.INSUFFICIENT_FUNDS),
        ({"net_liquidation_usd": None}, DenialCode.INSUFFICIENT_FUNDS),
    ],
)
def test_a_broken_limit_is_named_with_limit_and_value(
    changes: dict[str, object], code: DenialCode
) -> None:
    denial = check_budget(D(2_000), replace(FREE, **changes), RISK)  # type: ignore[arg-type]
    assert denial is not None and denial.code is code
    assert denial.limit in denial.text and denial.value in denial.text


def test_the_last_cent_of_a_limit_may_be_used() -> None:
    full = replace(FREE, at_risk_usd=D(8_000), day_trades_remaining=1)
    assert check_budget(D(2_000), full, RISK) is None


def test_one_spread_an_underlying() -> None:
    denial = check_own_overlap(SPREAD, [bull_call("AAPL", "105", "115")])
    assert denial is not None and denial.code is DenialCode.DUPLICATE_UNDERLYING
    assert check_own_overlap(SPREAD, [bull_call("MSFT")]) is None


def test_a_leg_held_by_hand_would_net() -> None:
    denial = check_broker_overlap(SPREAD, [held(SPREAD.short, 1)], [])
    assert denial is not None and denial.code is DenialCode.LEG_OVERLAP


def test_another_option_of_the_underlying_is_a_duplicate() -> None:
    denial = check_broker_overlap(SPREAD, [held(contract("AAPL", "120"), 1)], [])
    assert denial is not None and denial.code is DenialCode.DUPLICATE_UNDERLYING


def test_stock_closed_positions_and_other_symbols_do_not_count() -> None:
    stock = replace(held(SPREAD.long, 100), option=None, con_id=1)
    others = [stock, held(SPREAD.long, 0), held(contract("MSFT", "100"), 1)]
    finished = order(status=BrokerStatus.CANCELLED)
    assert check_broker_overlap(SPREAD, others, [finished]) is None


def test_open_orders_by_hand_count() -> None:
    denial = check_broker_overlap(SPREAD, [], [order()])
    assert denial is not None and denial.code is DenialCode.LEG_OVERLAP
    denial = check_broker_overlap(SPREAD, [], [order(legs=())])
    assert denial is not None and denial.code is DenialCode.DUPLICATE_UNDERLYING


@pytest.mark.parametrize(
    ("orders", "working"),
    [
        ([], 0),
        ([order(filled=1)], 1),
        ([order(), order(quantity=1)], 3),
        ([order(side=Side.BUY)], 0),
        ([order(account="DU2")], 0),
        ([order(status=BrokerStatus.FILLED)], 0),
        ([order(side=Side.BUY, legs=((SPREAD.long.con_id, 1, Side.SELL),))], 2),
        ([order(side=Side.BUY, legs=((SPREAD.long.con_id, 2, Side.SELL),))], 4),
        ([order(side=Side.SELL, legs=((SPREAD.short.con_id, 2, Side.SELL),))], 4),
    ],
)
def test_what_already_works_to_close_is_counted(orders: list[BrokerOrder], working: int) -> None:
    assert working_to_close(SPREAD, orders, "DU1") == working


def test_legs_are_counted_by_their_sign_and_account() -> None:
    positions = [held(SPREAD.long, 3), held(SPREAD.short, -2), held(SPREAD.long, 9, "DU2")]
    assert leg_quantities(SPREAD, positions, "DU1") == (3, 2)
    assert leg_quantities(SPREAD, [held(SPREAD.long, -1), held(SPREAD.short, 1)], "DU1") == (0, 0)


@pytest.mark.parametrize(
    ("pnl", "nlv", "reached"),
    [
        (D("-5999.99"), D(100_000), False),
        (D(-6_000), D(100_000), True),
        (D(6_000), D(100_000), False),
        (None, D(100_000), False),
        (D(-6_000), None, False),
    ],
)
def test_the_daily_loss_is_a_share_of_the_account(
    pnl: Decimal | None, nlv: Decimal | None, reached: bool
) -> None:
    denial = daily_loss(pnl, nlv, RISK)
    assert (denial is not None) == reached
    if denial is not None:
        assert (denial.code, denial.limit, denial.value) == (
            DenialCode.DAILY_LOSS,
            "6000.00",
            "6000.00",
        )
