"""Recorded chains of AAPL around its split of June 2014, against bars adjusted for later ones."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tests.helpers.lab_bars import signal_rows
from vst_desktop.adapters.files.bars import read_bars
from vst_desktop.adapters.files.chains import read_chain
from vst_desktop.backtest.recorded import model_errors
from vst_desktop.backtest.rules import LabRules, Span
from vst_desktop.backtest.workbench import Workbench
from vst_desktop.domain.signals import Direction
from vst_desktop.options.rules import SelectionRules
from vst_desktop.options.selection import select
from vst_desktop.runtime.settings import load_settings


def bench_of(data_dir: Path) -> Workbench:
    bars = read_bars(data_dir / "sp500_daily.parquet", symbols=["AAPL"])
    return Workbench(
        bars=[bars.series.packed("AAPL")],
        span=Span(start=date(2014, 6, 2), end=date(2014, 8, 29)),
        pricing="recorded",
        chains=[read_chain(data_dir / "chains" / "AAPL_20140609.parquet")],
    )


def test_the_spread_bought_is_the_first_of_select_on_the_recorded_chain(data_dir: Path) -> None:
    settings = load_settings(["universe.min_price=5"], environment={})
    bench = bench_of(data_dir)
    run = bench.run(settings, signal_rows(bench.bars, settings))

    (chain,) = bench.chains
    first = select(
        chain,
        Direction.LONG,
        SelectionRules.of(settings.options.model_dump()),
        now=chain.time,
        today=date(2014, 6, 9),
        check_age=False,
    ).spreads[0]
    (trade,) = run.trades
    assert trade.entry_date == date(2014, 6, 9)
    assert (trade.long_strike, trade.short_strike) == (
        float(first.spread.long.strike),
        float(first.spread.short.strike),
    )
    natural, close = float(first.market.natural), float(first.market.close)
    assert trade.debit == pytest.approx(natural - 0.25 * (natural - close))
    assert 0 <= trade.exit_value <= trade.short_strike - trade.long_strike


def test_the_model_is_held_against_recorded_mids(data_dir: Path) -> None:
    bench = bench_of(data_dir)
    found = model_errors(bench.panel, LabRules.of(load_settings([], environment={})), bench.chains)

    near = {
        one["right"]: one
        for one in found
        if one["days"] == "30 to 45" and one["moneyness"] == "within 1 sd"
    }
    assert near["calls"]["contracts"] > 20
    for one in near.values():
        assert abs(one["bias_usd"]) <= one["mean_absolute_usd"] < 0.5  # of a stock at 93.70 USD
