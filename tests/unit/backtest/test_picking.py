from __future__ import annotations

from datetime import UTC, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from tests.helpers.lab_bars import walks
from vst_desktop.backtest.listing import as_date, as_day, expirations, strikes
from vst_desktop.backtest.panel import panel
from vst_desktop.backtest.picking import Ask, Legs, modelled_legs, pick
from vst_desktop.backtest.rules import LabRules
from vst_desktop.domain.quotes import OptionChain, OptionContract, OptionQuote, Quote, Right
from vst_desktop.domain.signals import Direction
from vst_desktop.options.ladder import UNIT
from vst_desktop.options.rules import RULES
from vst_desktop.options.selection import select
from vst_desktop.runtime.settings import load_settings


def chain_of(legs: Legs, unit: int, sign: int, day: int) -> OptionChain:
    """The chain that a broker would show, as selection takes it."""
    moment = datetime.combine(
        as_date(day), time(16, tzinfo=ZoneInfo("America/New_York"))
    ).astimezone(UTC)
    quotes = []
    for column in np.flatnonzero(legs.unit == unit).tolist():
        for row in range(legs.strike.shape[0]):
            contract = OptionContract(
                symbol="W",
                expiration=as_date(int(legs.expiration[column])),
                strike=Decimal(int(legs.strike[row, column])) / UNIT,
                right=Right.CALL if sign > 0 else Right.PUT,
            )
            quote = Quote(
                bid=int(legs.bid[row, column]) / UNIT,
                ask=int(legs.ask[row, column]) / UNIT,
                bid_size=None,
                ask_size=None,
                last=None,
                time=moment,
            )
            quotes.append(
                OptionQuote(
                    contract=contract,
                    quote=quote,
                    implied_volatility=float(legs.volatility[row, column]),
                    delta=float(legs.delta[row, column]),
                    gamma=0.01,
                    vega=0.1,
                    theta=-0.01,
                )
            )
    spot = float(legs.spot[legs.unit == unit][0])
    return OptionChain(
        symbol="W", underlying=spot, time=moment, quotes=tuple(quotes), source="model"
    )


@pytest.mark.parametrize(
    "overrides",
    [
        [],
        ["max_spread_cost=300"],
        ["rank_by=balanced"],
        ["max_strike_steps=3", "min_delta=0.1"],
        ["delta_basis=long_leg", "min_delta=0.4", "max_delta=0.6"],
        ["max_short_strike_em=0", "min_reward_risk=3", "min_delta=0.2"],
        ["leg_width_pct=0.08"],
        ["min_dte=7", "max_dte=60"],
    ],
)
def test_the_pick_is_the_first_of_select_on_the_same_chain_and_so_are_the_reject_counts(
    overrides: list[str],
) -> None:
    settings = load_settings(overrides, environment={})
    rules = LabRules.of(settings)
    bars = panel(walks())
    day = int(bars.day[400])
    rows = np.array([bars.start[n] + 400 for n in range(4)] * 2)
    signs = np.repeat([1, -1], 4)
    legs = modelled_legs(Ask.of(bars, day, rows, signs), rules.surface, rules.selection)
    found = pick(legs, rules.selection)
    rejected: dict[str, int] = {}
    for unit, sign in enumerate(signs.tolist()):
        chain = chain_of(legs, unit, sign, day)
        selection = select(
            chain,
            Direction.LONG if sign > 0 else Direction.SHORT,
            rules.selection,
            now=chain.time,
            today=as_date(day),
            check_age=False,
        )
        for name, count in selection.rejected.items():
            rejected[name] = rejected.get(name, 0) + count
        here = np.flatnonzero(found.unit == unit)
        assert len(here) == min(len(selection.spreads), 1)
        for place in here.tolist():
            first = selection.spreads[0]
            assert as_day(first.spread.expiration) == found.expiration[place]
            assert float(first.spread.long.strike) == found.long_strike[place]
            assert float(first.spread.short.strike) == found.short_strike[place]
            assert float(first.debit) == found.natural[place]
            assert float(first.market.close) == pytest.approx(found.close[place])
            assert first.delta == pytest.approx(found.delta[place])
            assert first.leg_cost == pytest.approx(found.leg_cost[place])
    assert rejected == {n: k for n, k in zip(RULES, found.rejected, strict=True) if k}


def test_chains_have_about_sixty_contracts_around_the_spot() -> None:
    day = as_day(datetime(2020, 3, 3, tzinfo=UTC).date())
    grid = strikes(np.array([24.0, 60.0, 150.0, 900.0]))
    listed = [len(expirations(day + n, 30, 45)) * grid.shape[1] for n in range(7)]

    assert 52 <= np.mean(listed) <= 68
    for spot, row in zip((24.0, 60.0, 150.0, 900.0), grid, strict=True):
        assert row[12] <= spot < row[13]


def test_expirations_on_a_closed_friday_are_of_the_thursday_before() -> None:
    day = as_day(datetime(2020, 3, 10, tzinfo=UTC).date())

    assert as_date(expirations(day, 28, 34)[0]).isoformat() == "2020-04-09"  # Good Friday: 10th
