"""The figures of a ticket, with what is known of the symbol and without."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import numpy as np
import pytest

from tests.helpers.trades import candidate
from vst_desktop.domain.events import CorporateEvent, EventKind
from vst_desktop.marketdata.events import Events, no_file
from vst_desktop.runtime.settings import Settings
from vst_desktop.station.numbers import ticket_figures

NOW = datetime(2023, 11, 8, 20, 0, tzinfo=UTC)
SYMBOL = "AAPL"


def _ticket(made, close, dividend=None):
    clock = SimpleNamespace(now=lambda: NOW)
    events = Events(no_file, lambda symbol: dividend, clock)
    asyncio.run(events.refresh(lambda *told: None))
    station = SimpleNamespace(
        settings=Settings(),
        engines=SimpleNamespace(clock=clock, market_data=SimpleNamespace(events=events)),
    )
    figures = ticket_figures(station, made, SimpleNamespace(close=np.asarray(close, dtype=float)))
    return {figure.caption: figure.value for figure in figures}


def _walk(count):
    steps = np.random.default_rng(3).standard_normal(count) * 0.015
    return 100 * np.exp(np.cumsum(steps))


def test_a_ticket_has_its_market_its_chances_its_costs_and_its_past():
    made = candidate()
    told = _ticket(made, _walk(1500))
    assert told["Reward/risk"] == f"{made.ranked.reward_risk:.2f}"
    assert float(told["after costs"]) < made.ranked.reward_risk
    assert told["Crossing"] == "$8 each" and told["Commissions"] == "$2.60 each"
    assert (told["POP"], told["by quotes"]) == ("42 %", "20 to 60 %")
    assert told["Touches stop"].endswith(" %") and told["target"].endswith(" %")
    assert told["Theta, vega"].startswith(("−", "+")) and told["Legs"].endswith(" %")
    assert "(n " in told["Own past"] and " to " in told["95 %"]
    assert ", " in told["Realised rank, pct."] and float(told["IV / realised"]) > 0
    assert (told["Earnings"], told["Dividend"], told["Assignment"]) == ("unknown",) * 3


def test_what_is_not_known_is_an_en_dash():
    made = candidate()
    made = replace(
        made, ranked=replace(made.ranked, long_iv=None, short_iv=None, expected_move=None)
    )
    told = _ticket(made, _walk(12))
    dashes = [
        "Exp. move", "Touches stop", "target", "Skew", "Theta, vega", "Own past", "IV / realised",
        "Realised rank, pct.", "short strike",
    ]  # fmt: skip
    assert {caption: told[caption] for caption in dashes} == dict.fromkeys(dashes, "–")


@pytest.mark.parametrize(
    ("days", "usd", "short_mid", "text"),
    [
        (5, "3.00", 2.1, "likely before the ex-date"),
        (5, "0.10", 2.1, "not now"),
        (200, "3.00", 2.1, "after the exit"),
    ],
)
def test_early_exercise_of_the_short_call_is_held_against_the_next_dividend(
    days, usd, short_mid, text
):
    made = candidate(spot=115.0)
    near = float(made.ranked.spread.short.strike)
    made = replace(made, spot=near, ranked=replace(made.ranked, short_mid=short_mid))
    dividend = CorporateEvent(
        kind=EventKind.EX_DIVIDEND,
        day=date(2023, 11, 8) + timedelta(days=days),
        amount_usd=Decimal(usd),
    )
    assert _ticket(made, _walk(100), dividend)["Assignment"] == text
