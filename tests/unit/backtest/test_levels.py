from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from tests.helpers.lab_bars import walks
from vst_desktop.backtest.levels import plans_at
from vst_desktop.backtest.listing import as_date, as_day
from vst_desktop.backtest.panel import panel
from vst_desktop.backtest.rules import LabRules
from vst_desktop.domain.signals import Direction
from vst_desktop.runtime.settings import load_settings
from vst_desktop.strategy.exit import exit_plan


@pytest.mark.parametrize(
    "overrides",
    [
        [],
        ["use_fibo_targets=false"],
        ["use_atr_target=false", "r_multiple_target=0.6"],
        ["use_fibo_targets=false", "use_atr_target=false", "use_r_multiple=false"],
    ],
)
def test_levels_of_many_are_those_of_the_live_plan(overrides: list[str]) -> None:
    rules = LabRules.of(load_settings(overrides, environment={})).exits
    bars = walks()
    data = panel(bars)
    places = [(n, at) for n in range(4) for at in (16, 25, 200, 431, 700)]
    rows = np.array([data.start[n] + at for n, at in places])
    for sign, direction in ((1, Direction.LONG), (-1, Direction.SHORT)):
        found = plans_at(
            data, rows, np.full(len(rows), sign), rules, np.zeros(len(rows)), np.zeros(len(rows))
        )
        for place, (symbol, at) in enumerate(places):
            whole = bars[symbol].cut(0, at + 1).series()
            plan = exit_plan(
                direction,
                entry=whole.close[-1],
                atr=float(data.atr[rows[place]]),
                whole_bars=whole,
                rules=rules,
                expiration=whole.dates[-1] + timedelta(days=35),
                is_session=lambda day: day.weekday() < 5,
            )
            assert found.stop[place] == plan.stop
            assert found.target[place] == (sign * np.inf if plan.target is None else plan.target)


def test_days_count_from_1970() -> None:
    assert as_day(date(1970, 1, 2)) == 1
    assert as_date(as_day(date(2024, 2, 29))) == date(2024, 2, 29)
