"""Ends of plans: the simulation against the closed form of a double barrier, history by hand."""

import math
import time

import numpy as np
import pytest

from vst_desktop.options.exits import PATHS, End, Levels, past_exits, simulated_exits

MARKET = {"rate": 0.04, "dividend_yield": 0.01}


def _closed_form(levels: Levels, volatility: float) -> dict[End, float]:
    """Brownian motion with drift between two absorbing levels: flux through each until the end.

    Eigenfunction series (W. Feller, "An Introduction to Probability Theory", vol. 1, XIV) for what
    is left, less the limits for no end in time.
    """
    rate, yield_ = MARKET["rate"], MARKET["dividend_yield"]
    sign = levels.sign
    a = -sign * math.log(levels.stop / levels.spot) / volatility
    b = sign * math.log(levels.target / levels.spot) / volatility
    mu = sign * (rate - yield_ - volatility**2 / 2) / volatility
    years, width = levels.days / 365, a + b

    def flux(drift: float, from_near: float, to_far: float) -> float:
        ever = (
            math.sinh(drift * from_near) / math.sinh(drift * width) if drift else from_near / width
        )
        late = 0.0
        for n in range(1, 400):
            speed = drift**2 / 2 + (n * math.pi / width) ** 2 / 2
            sine = math.sin(n * math.pi * from_near / width)
            late += (
                (-1) ** (n + 1) * n * math.pi / width**2 * sine * math.exp(-speed * years) / speed
            )
        return math.exp(drift * to_far) * (ever - late)

    target, stop = flux(mu, a, b), flux(-mu, b, a)
    return {End.TARGET: target, End.STOP: stop, End.TIME: 1 - target - stop}


@pytest.mark.parametrize("volatility", [0.12, 0.3, 0.8])
@pytest.mark.parametrize(
    "levels",
    [
        Levels(spot=100, target=106, stop=96, days=23),
        Levels(spot=100, target=94, stop=104, days=23),
        Levels(spot=100, target=103, stop=98.5, days=31),
        Levels(spot=100, target=115, stop=92, days=60),
        Levels(spot=100, target=102, stop=99, days=1),
    ],
)
def test_the_simulation_agrees_with_the_closed_form_of_a_double_barrier(levels, volatility):
    exits = simulated_exits(levels, volatility=volatility, **MARKET)
    exact = _closed_form(levels, volatility)
    assert exits.plays == PATHS >= 20_000
    assert exits.weight.sum() == pytest.approx(1)
    for end in End:
        found = exits.weight[exits.end == end].sum()
        # Four standard errors; a level as near as a step's own size adds a part of a percent.
        noise = 4 * math.sqrt(max(exact[end] * (1 - exact[end]), 0) / PATHS)
        assert found == pytest.approx(exact[end], abs=noise + 0.004)


def test_the_same_plan_has_the_same_odds():
    levels = Levels(spot=100, target=106, stop=96, days=23)
    first, again = (simulated_exits(levels, volatility=0.3, **MARKET) for _ in range(2))
    assert (first.weight == again.weight).all() and (first.price == again.price).all()


def test_without_a_target_paths_end_at_the_stop_or_by_time():
    levels = Levels(spot=100, target=None, stop=96, days=23)
    exits = simulated_exits(levels, volatility=0.3, **MARKET)
    assert exits.weight[exits.end == End.TARGET].sum() == 0
    assert exits.weight.sum() == pytest.approx(1)
    held = exits.end == End.TIME
    forward = math.exp(0.03 * 23 / 365)
    mean = exits.weight[held] @ exits.price[held] + 96 * exits.weight[exits.end == End.STOP].sum()
    assert mean == pytest.approx(100 * forward, abs=0.2)


@pytest.mark.parametrize(("days", "volatility"), [(0, 0.3), (20, 0.0)])
def test_where_nothing_can_move_the_plan_ends_by_time_at_the_spot(days, volatility):
    exits = simulated_exits(
        Levels(spot=100, target=106, stop=96, days=days), volatility=volatility, **MARKET
    )
    assert (exits.end.tolist(), exits.price.tolist()) == ([End.TIME], [100])


def test_twenty_thousand_paths_take_less_than_a_frame():
    levels = Levels(spot=100, target=106, stop=96, days=31)
    simulated_exits(levels, volatility=0.3, **MARKET)
    times = []
    for _ in range(5):
        start = time.process_time()
        simulated_exits(levels, volatility=0.3, **MARKET)
        times.append(time.process_time() - start)
    assert min(times) < 0.015


def _past(rows, entries, *, target=106.0, stop=98.0, days=4, atr=2.0):
    """Bars of (open, high, low, close); the plan's distances in ATR: 3 up and 1 down."""
    columns = tuple(np.array(column, dtype=float) for column in zip(*rows, strict=True))
    return past_exits(
        Levels(spot=100.0, target=target, stop=stop, days=days),
        atr=atr,
        entries=np.array(entries),
        bars=columns,
        past_atr=np.full(len(rows), 1.0),
    )


FLAT = (50.0, 50.2, 49.8, 50.0)


@pytest.mark.parametrize(
    ("following", "end", "price"),
    [
        ((50.0, 53.0, 49.5, 52.0), End.TARGET, 106.0),
        ((50.0, 50.5, 49.0, 49.5), End.STOP, 98.0),
        ((50.0, 53.5, 48.5, 50.0), End.STOP, 98.0),  # both in one bar
        ((48.0, 49.0, 47.0, 48.5), End.STOP, 96.0),  # opens 2 ATR below
        ((54.0, 55.0, 48.0, 50.0), End.TARGET, 108.0),  # opens 4 ATR above
    ],
)
def test_a_past_play_ends_at_the_level_or_at_the_open_beyond_it(following, end, price):
    found = _past([FLAT, following, FLAT, FLAT, FLAT], [0])
    assert (found.plays, found.end.tolist(), found.price.tolist()) == (1, [end], [price])
    assert found.days[0] == pytest.approx(365 / 252)


def test_a_past_play_that_meets_neither_ends_by_time_at_the_close():
    found = _past([FLAT, FLAT, FLAT, (50.0, 50.6, 49.9, 50.5), FLAT], [0])
    assert (found.end.tolist(), found.price.tolist()) == ([End.TIME], [101.0])


def test_a_falling_plan_is_the_mirror_of_a_rising_one():
    down = (50.0, 50.5, 47.0, 48.0)
    found = _past([FLAT, down, FLAT, FLAT, FLAT], [0], target=94.0, stop=102.0)
    assert (found.end.tolist(), found.price.tolist()) == ([End.TARGET], [94.0])


def test_past_plays_do_not_overlap_and_end_within_the_history():
    rows = [FLAT] * 10
    found = _past(rows, [0, 1, 2, 3, 4, 8, 9])
    assert found.plays == 2  # bars 0 and 4 with three sessions each; 8 and 9 have no end yet
    assert _past(rows, [8, 9]) is None
    assert found.weight.sum() == pytest.approx(1)


@pytest.mark.parametrize(("target", "stop"), [(1e6, 1e-6), (1e-6, 1e6)])
def test_what_nothing_ends_early_is_worth_the_forward_on_average(target, stop):
    levels = Levels(spot=100, target=target, stop=stop, days=180)
    exits = simulated_exits(levels, volatility=0.3, rate=0.5, dividend_yield=0.1)
    assert set(exits.end[exits.weight > 0]) == {End.TIME}
    mean = (exits.price * exits.weight).sum()
    forward = 100 * math.exp((0.5 - 0.1) * 180 / 365)
    assert mean == pytest.approx(forward, rel=4 * 0.3 * math.sqrt(180 / 365 / PATHS))
