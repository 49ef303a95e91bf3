from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers.trades import RISK
from vst_desktop.risk.sizing import Size, size_position, worst_debit

D = Decimal


def size(**changes: object) -> Size:
    values: dict[str, object] = {
        "worst": D("2.70"),
        "multiplier": 100,
        "entry_commission_usd": D("1.30"),
        "net_liquidation_usd": D(100_000),
        "available_funds_usd": D(100_000),
        "reserved_usd": D(0),
        "at_risk_usd": D(0),
        "rules": RISK,
    }
    return size_position(**{**values, **changes})  # type: ignore[arg-type]


def test_two_percent_of_the_account_over_the_worst_loss() -> None:
    assert size().contracts == 7  # 2000 / 271.30
    assert size().worst_usd_each == D("271.30")


@pytest.mark.parametrize(
    ("changes", "contracts"),
    [
        ({"available_funds_usd": D(1000)}, 3),
        ({"available_funds_usd": D(1000), "reserved_usd": D(500)}, 1),
        ({"at_risk_usd": D(9_000)}, 3),
        ({"worst": D("0.10")}, 10),
        ({"net_liquidation_usd": D("13565")}, 1),
        ({"net_liquidation_usd": D("13564.99")}, 0),
    ],
)
def test_the_tightest_budget_counts(changes: dict[str, object], contracts: int) -> None:
    assert size(**changes).contracts == contracts


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"net_liquidation_usd": D(5000)}, "risk per trade"),
        ({"available_funds_usd": D(100)}, "available funds"),
        ({"at_risk_usd": D(10_000)}, "total risk"),
        ({"net_liquidation_usd": None}, "not known"),
        ({"available_funds_usd": None}, "not known"),
        ({"worst": D(0)}, "debit"),
        ({"worst": D("NaN")}, "debit"),
    ],
)
def test_no_size_says_why(changes: dict[str, object], word: str) -> None:
    none = size(**changes)
    assert none.contracts == 0 and none.reason is not None and word in none.reason


def test_a_market_order_may_cost_five_percent_more() -> None:
    assert worst_debit(D("2.68"), D("2.73"), market_order=False) == D("2.73")
    assert worst_debit(D("2.68"), D("2.73"), market_order=True) == D("2.82")


money = st.decimals(min_value=0, max_value=10**7, places=2)


@given(
    worst=st.decimals(min_value=D("0.01"), max_value=50, places=2),
    nlv=money,
    available=money,
    reserved=money,
    at_risk=money,
    cap=st.integers(1, 50),
    per_trade=st.floats(0.001, 1),
)
def test_the_size_never_passes_any_limit(
    worst: Decimal,
    nlv: Decimal,
    available: Decimal,
    reserved: Decimal,
    at_risk: Decimal,
    cap: int,
    per_trade: float,
) -> None:
    rules = replace(RISK, max_contracts_per_trade=cap, risk_per_trade=per_trade)
    sized = size(
        worst=worst,
        net_liquidation_usd=nlv,
        available_funds_usd=available,
        reserved_usd=reserved,
        at_risk_usd=at_risk,
        rules=rules,
    )
    loss = sized.contracts * sized.worst_usd_each
    assert 0 <= sized.contracts <= cap
    assert (sized.reason is None) == (sized.contracts > 0)
    if sized.contracts:
        assert loss <= D(str(per_trade)) * nlv
        assert loss <= available - reserved
        assert at_risk + loss <= D("0.1") * nlv
