"""Which contracts of a chain are quoted."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from vst_desktop.adapters.ibkr.chains import choose
from vst_desktop.domain.quotes import OptionContract, Right

TODAY = date(2024, 1, 17)


def expiration(days: int, strikes: range) -> tuple[OptionContract, ...]:
    return tuple(
        OptionContract(
            symbol="A",
            expiration=TODAY + timedelta(days=days),
            strike=Decimal(strike),
            right=Right.CALL,
            con_id=days * 1000 + strike,
        )
        for strike in strikes
    )


def test_strikes_beyond_the_reach_are_left_out_and_more_of_them_for_nearer_expirations() -> None:
    # one move in a quarter of a year at 40 % is 20 %
    near, far = expiration(23, range(50, 151)), expiration(91, range(50, 151))
    wanted = choose([near, far], 100.0, 0.4, 1.0, 1000, TODAY)
    far_strikes = [one.strike for one in wanted if one.expiration == far[0].expiration]
    near_strikes = [one.strike for one in wanted if one.expiration == near[0].expiration]
    assert (min(far_strikes), max(far_strikes)) == (81, 119)
    assert (min(near_strikes), max(near_strikes)) == (90, 110)


def test_the_nearest_and_a_coarse_grid_come_first_and_every_expiration_gets_its_share() -> None:
    strikes = range(84, 117)
    wanted = choose([expiration(30, strikes), expiration(60, strikes)], 100.0, 0.4, 3.0, 18, TODAY)
    for days in (30, 60):
        day = TODAY + timedelta(days=days)
        chosen = [int(one.strike) for one in wanted if one.expiration == day]
        assert chosen == [100, 84, 116, 92, 108, 96, 104, 88, 112]


def test_what_is_left_after_the_coarse_grid_is_filled_from_the_middle() -> None:
    wanted = choose([expiration(30, range(90, 111))], 100.0, 0.4, 3.0, 15, TODAY)
    left_out = set(range(90, 111)) - {int(one.strike) for one in wanted}
    assert left_out == {91, 93, 95, 105, 107, 109}


def test_what_one_expiration_does_not_use_goes_to_the_others() -> None:
    wanted = choose(
        [expiration(30, range(100, 101)), expiration(60, range(90, 111))], 100, 0.4, 3, 6, TODAY
    )
    assert len(wanted) == 6


@given(
    st.lists(st.integers(1, 200), max_size=5, unique=True),
    st.floats(20, 300),
    st.floats(0.05, 2),
    st.floats(0.1, 4),
    st.integers(0, 40),
)
def test_never_more_than_allowed_and_none_twice(
    days: list[int], spot: float, volatility: float, reach: float, most: int
) -> None:
    listed = [expiration(each, range(50, 150, 5)) for each in days]
    wanted = choose(listed, spot, volatility, reach, most, TODAY)
    assert len(wanted) <= most
    assert len({one.con_id for one in wanted}) == len(wanted)
