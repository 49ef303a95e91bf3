from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vst_desktop.execution.repricing import (
    entry_limit,
    exit_limit,
    marketable_limit,
    urgent_delay_secs,
    urgent_exit_limit,
    worth_modifying,
)

D = Decimal
ticks = st.sampled_from([D("0.01"), D("0.05"), D("0.10")])
prices = st.decimals(min_value=D("-1"), max_value=10, places=2)


def entry(natural: str = "4.03", close: str = "3.83", **changes: object) -> Decimal | None:
    values: dict[str, object] = {
        "natural": D(natural),
        "close": D(close),
        "step": 0,
        "steps": 4,
        "factor": 0.4,
        "previous": None,
        "bound": D("9"),
        "tick": D("0.05"),
    }
    return entry_limit(**{**values, **changes})  # type: ignore[arg-type]


def test_the_example_of_the_specification() -> None:
    assert entry() == D("3.90")


def test_the_ladder_ends_at_natural_and_never_passes_the_bound() -> None:
    assert entry(step=4, tick=D("0.01")) == D("4.03")
    assert entry(step=9, tick=D("0.01")) == D("4.03")
    assert entry(step=4, tick=D("0.01"), bound=D("3.95")) == D("3.95")


def test_a_half_is_the_midpoint() -> None:
    assert entry(factor=0.5, tick=D("0.01")) == D("3.93")


@pytest.mark.parametrize(("natural", "close"), [("3.80", "3.90"), ("0", "-0.10"), ("-1", "-2")])
def test_without_a_valid_market_it_holds(natural: str, close: str) -> None:
    assert entry(natural, close) is None


def test_a_price_under_one_tick_is_no_price() -> None:
    assert entry("0.10", "-0.20") is None


@given(
    a=prices,
    b=prices,
    bound=st.decimals(min_value=0, max_value=10, places=2),
    tick=ticks,
    factor=st.floats(0, 1),
    steps=st.integers(1, 10),
)
def test_the_entry_ladder_climbs_within_bound_and_natural(
    a: Decimal, b: Decimal, bound: Decimal, tick: Decimal, factor: float, steps: int
) -> None:
    previous: Decimal | None = None
    for step in range(steps + 1):
        limit = entry_limit(
            natural=a,
            close=b,
            step=step,
            steps=steps,
            factor=factor,
            previous=previous,
            bound=bound,
            tick=tick,
        )
        if limit is None:
            assert previous is None
            continue
        assert tick <= limit <= min(a, bound)
        assert limit % tick == 0
        assert previous is None or limit >= previous
        previous = limit


@given(
    a=prices,
    b=prices,
    tick=ticks,
    factor=st.floats(0, 1),
    steps=st.integers(1, 10),
    urgent=st.booleans(),
)
def test_the_exit_ladder_falls_and_stays_above_a_tick(
    a: Decimal, b: Decimal, tick: Decimal, factor: float, steps: int, urgent: bool
) -> None:
    previous: Decimal | None = None
    for step in range(steps + 3):
        values = {
            "natural": a,
            "close": b,
            "step": step,
            "factor": factor,
            "previous": previous,
            "tick": tick,
        }
        limit = (
            urgent_exit_limit(**values)  # type: ignore[arg-type]
            if urgent
            else exit_limit(**values, steps=steps)  # type: ignore[arg-type]
        )
        if limit is None:
            assert b > a
            return
        assert limit >= tick and limit % tick == 0
        assert previous is None or limit <= previous
        if not urgent:
            assert limit >= b
        else:
            assert limit >= b - max(D("0.05"), (a + b) / 20)
        previous = limit


def test_a_patient_exit_starts_near_natural_and_ends_at_the_close() -> None:
    values = {
        "natural": D("4.03"),
        "close": D("3.83"),
        "steps": 4,
        "factor": 0.4,
        "previous": None,
        "tick": D("0.01"),
    }
    assert exit_limit(step=0, **values) == D("3.95")  # type: ignore[arg-type]
    assert exit_limit(step=4, **values) == D("3.83")  # type: ignore[arg-type]


def test_an_urgent_exit_takes_half_then_all_then_concedes() -> None:
    limits = [
        urgent_exit_limit(
            natural=D("4.03"), close=D("3.83"), step=step, factor=0.4, previous=None, tick=D("0.01")
        )
        for step in range(5)
    ]
    assert limits == [D("3.89"), D("3.86"), D("3.83"), D("3.82"), D("3.81")]
    assert [urgent_delay_secs(n) for n in range(4)] == [10, 10, 15, 15]


def test_a_worthless_spread_rests_at_one_tick() -> None:
    limit = exit_limit(
        natural=D("0.03"),
        close=D("-0.10"),
        step=4,
        steps=4,
        factor=0.4,
        previous=None,
        tick=D("0.05"),
    )
    assert limit == D("0.05")


def test_a_marketable_limit_reaches_natural_or_is_none() -> None:
    assert marketable_limit(D("2.68"), D("2.73"), D("0.05")) == D("2.70")
    assert marketable_limit(D("2.71"), D("2.73"), D("0.05")) is None


def test_only_a_tick_or_more_is_worth_a_message() -> None:
    assert worth_modifying(None, D("2.70"), D("0.05"))
    assert worth_modifying(D("2.65"), D("2.70"), D("0.05"))
    assert not worth_modifying(D("2.70"), D("2.70"), D("0.05"))
