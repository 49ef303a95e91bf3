"""One setting's change: admits what it says, at the value it says, on made and recorded chains."""

import pytest

from tests.helpers.chains import NOW, TODAY, chain_of, listed, model_chain, rules
from vst_desktop.adapters.files.chains import read_chain
from vst_desktop.domain.signals import Direction
from vst_desktop.options.selection import select
from vst_desktop.options.whatif import Change, what_if
from vst_desktop.runtime.calendar import trading_day


def _ask(chain, direction=Direction.LONG, **changes):
    limits = rules(**changes)
    found = select(chain, direction, limits, now=NOW, today=TODAY)
    return found, what_if(chain, direction, limits, found, now=NOW, today=TODAY)


def _pair(long_ask=3.10, short_bid=1.10, **leg):
    return chain_of(
        [
            listed("100", round(long_ask - 0.05, 2), long_ask, delta=0.6, **leg),
            listed("105", short_bid, round(short_bid + 0.05, 2), delta=0.25, **leg),
        ]
    )


@pytest.mark.parametrize(
    ("chain", "changes", "setting", "value"),
    [
        (_pair(3.17), {}, "min_reward_risk", 2.93 / 2.07),
        (_pair(), {"max_spread_cost": 199}, "max_spread_cost", 200),
        (_pair(), {"min_delta": 0.4}, "min_delta", 0.35),
        (_pair(), {"min_delta": 0.1, "max_delta": 0.3}, "max_delta", 0.35),
        (_pair(open_interest=12), {}, "min_open_interest", 12),
        (_pair(age_secs=14), {}, "max_quote_age", 14),
        (_pair(), {"max_leg_spread_pct": 0.01}, "max_leg_spread_pct", 0.05 / 1.125),
        (_pair(), {"max_combo_spread_pct": 0.04}, "max_combo_spread_pct", 0.1 / 1.95),
    ],
)
def test_the_one_setting_that_keeps_a_spread_out_is_named_with_the_value_it_needs(
    chain, changes, setting, value
):
    found, asked = _ask(chain, **changes)
    assert not found.spreads
    (change,) = asked.changes
    assert (change.setting, change.admitted) == (setting, 1)
    assert change.first == change.all == pytest.approx(value)
    assert "admits one spread" in change.text()
    (miss,) = asked.near_misses
    assert f"passes with {setting}" in miss.text()


def test_a_spread_that_two_settings_keep_out_is_no_near_miss():
    _, asked = _ask(_pair(3.17), max_spread_cost=199)
    assert (asked.changes, asked.near_misses) == ((), ())


def test_a_chain_on_which_nothing_is_in_range_has_no_answer():
    _, asked = _ask(model_chain(days=(60,)))
    assert asked.changes == ()


def test_the_changes_stand_by_what_they_admit_and_each_keeps_its_word():
    chain = model_chain(half_width=0.1)
    found, asked = _ask(chain)
    counts = [change.admitted for change in asked.changes]
    assert len(counts) > 1 and counts == sorted(counts, reverse=True)
    whole = {"max_delta", "min_delta", "min_reward_risk", "max_spread_cost", "max_short_strike_em"}
    for change in asked.changes:
        if change.setting not in whole:
            continue
        nudge = 1e-6 if change.setting.startswith("max") else -1e-6
        wider = rules(**{change.setting: change.all + nudge})
        again = select(chain, Direction.LONG, wider, now=NOW, today=TODAY)
        assert len(again.spreads) == len(found.spreads) + change.admitted
        first = rules(**{change.setting: change.first + nudge})
        assert len(select(chain, Direction.LONG, first, now=NOW, today=TODAY).spreads) > len(
            found.spreads
        )
    assert [m.distance for m in asked.near_misses] == sorted(m.distance for m in asked.near_misses)


def test_the_recorded_chain_says_which_setting_would_admit_most(data_dir):
    chain = read_chain(data_dir / "chains" / "AAPL_20140609.parquet")
    today, limits = trading_day(chain.time), rules()
    terms = {"now": chain.time, "today": today, "check_age": False}
    found = select(chain, Direction.LONG, limits, **terms)
    asked = what_if(chain, Direction.LONG, limits, found, **terms)
    best = asked.changes[0]
    assert best.admitted == max(change.admitted for change in asked.changes) > 0
    assert len(asked.near_misses) == 5


@pytest.mark.parametrize(
    ("setting", "value", "text"),
    [
        ("min_reward_risk", 1.415458, "1.415"),
        ("max_short_strike_em", 1.2340001, "1.235"),
        ("max_short_strike_em", 1.234, "1.234"),
        ("max_spread_cost", 1234.2, "1,235"),
        ("min_delta", 0.29999, "0.2999"),
        ("min_open_interest", 0.0, "0"),
        ("max_quote_age", 14.0, "14"),
        ("check_surface", 1.0, "true"),
    ],
)
def test_values_are_rounded_to_the_side_that_still_admits(setting, value, text):
    change = Change(setting=setting, now=value, first=value, all=value, admitted=1)
    assert change.text() == f"{setting} {text} -> {text} admits one spread"
