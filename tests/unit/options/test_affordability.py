from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from tests.helpers.chains import NOW, TODAY, model_chain, rules
from vst_desktop.adapters.files.chains import read_chain
from vst_desktop.domain.bars import BarSeries
from vst_desktop.domain.signals import Direction
from vst_desktop.options.affordability import cheapest_spread_usd, own_volatility
from vst_desktop.options.selection import select
from vst_desktop.runtime.calendar import trading_day


def _bars(last: float, yearly: float, count: int = 80) -> BarSeries:
    """Closes that rise and fall by turns, with that volatility, ending at ``last``."""
    step = yearly / np.sqrt(252)
    log = np.array([(-1) ** n * step / 2 for n in range(count)])
    closes = tuple((last * np.exp(log - log[-1])).tolist())
    return BarSeries(
        symbol="XYZ",
        dates=tuple(date(2024, 1, 1) + timedelta(days=n) for n in range(count)),
        open=closes,
        high=closes,
        low=closes,
        close=closes,
        volume=(1e6,) * count,
    )


def test_own_volatility_is_that_of_the_closes():
    assert own_volatility(_bars(100, 0.25)) == pytest.approx(0.25, rel=0.03)


def test_a_split_in_the_bars_is_not_volatility():
    bars = _bars(100, 0.25)
    closes = (*(4 * c for c in bars.close[:50]), *bars.close[50:])
    split = BarSeries(
        symbol="XYZ",
        dates=bars.dates,
        open=closes,
        high=closes,
        low=closes,
        close=closes,
        volume=bars.volume,
    )
    assert own_volatility(split) == pytest.approx(0.25, rel=0.05)


@pytest.mark.parametrize("price", [30, 80, 150])
def test_ordinary_prices_are_affordable(price):
    assert cheapest_spread_usd(_bars(price, 0.25), rules()) is None


def test_a_dear_stock_needs_more_and_the_dearer_the_more():
    dear, dearer = (cheapest_spread_usd(_bars(p, 0.30), rules()) for p in (400, 800))
    assert dear is not None and dearer is not None
    assert 500 < dear < dearer
    assert dear % 10 == 0


def test_with_the_money_it_says_it_needs_the_symbol_is_affordable():
    needs = cheapest_spread_usd(_bars(600, 0.30), rules())
    assert needs is not None
    assert cheapest_spread_usd(_bars(600, 0.30), rules(max_spread_cost=needs)) is None


def test_nothing_is_ruled_out_that_a_chain_at_the_same_volatility_would_pass():
    for spot in (100, 200, 300, 400):
        chain = model_chain(
            spot=spot, volatility=0.25, days=(31,), strikes=np.arange(spot - 60, spot + 61, 5.0)
        )
        passes = select(chain, Direction.LONG, rules(), now=NOW, today=TODAY).spreads
        if passes:
            assert cheapest_spread_usd(_bars(spot, 0.25), rules()) is None


def test_too_few_bars_rule_nothing_out():
    assert cheapest_spread_usd(_bars(600, 0.3, count=5), rules()) is None


def test_limits_other_than_cost_that_leave_nothing_rule_nothing_out():
    assert cheapest_spread_usd(_bars(600, 0.3), rules(min_delta=0.9, max_delta=0.95)) is None


def test_the_figure_is_near_what_the_recorded_chain_asks_before_the_split(data_dir):
    """AAPL at 645.57: bars are adjusted by 28 since, the chain is not."""
    table = pd.read_parquet(data_dir / "sp500_daily.parquet", filters=[("symbol", "==", "AAPL")])
    table = table[pd.to_datetime(table["date"]) <= "2014-06-06"].tail(80)
    columns = {
        name: tuple((28 * table[name]).tolist()) for name in ("open", "high", "low", "close")
    }
    bars = BarSeries(
        symbol="AAPL",
        dates=tuple(pd.to_datetime(table["date"]).dt.date),
        volume=tuple((table["volume"] / 28).tolist()),
        **columns,
    )
    chain = read_chain(data_dir / "chains" / "AAPL_20140606.parquet")
    assert bars.close[-1] == pytest.approx(chain.underlying, rel=1e-3)
    asked = [
        float(spread.max_loss_usd)
        for direction in Direction
        for spread in select(
            chain,
            direction,
            rules(max_spread_cost=1e6),
            now=chain.time,
            today=trading_day(chain.time),
            check_age=False,
        ).spreads
    ]
    assert cheapest_spread_usd(bars, rules()) == pytest.approx(min(asked), rel=0.05)
