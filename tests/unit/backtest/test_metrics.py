from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from vst_desktop.backtest.listing import as_day
from vst_desktop.backtest.metrics import (
    account,
    by_exit_reason,
    figures,
    gates,
    intervals,
    months,
)
from vst_desktop.backtest.trades import Run, Trade
from vst_desktop.domain.signals import Direction

TRADE = Trade(
    symbol="W",
    strategy="HIGH_BASE",
    direction=Direction.LONG,
    signal_date=date(2020, 1, 2),
    entry_date=date(2020, 1, 2),
    exit_date=date(2020, 1, 10),
    exit_reason="STOP",
    expiration=date(2020, 2, 14),
    long_strike=50.0,
    short_strike=55.0,
    contracts=1,
    debit=2.0,
    exit_value=1.0,
    commissions_usd=2.6,
    net_usd=-100.0,
    risk_usd=200.0,
    underlying_entry=50.0,
    underlying_exit=48.0,
    stop=48.0,
    target=56.0,
    sessions_held=6,
    days_held=8,
    mae_r=1.0,
    mfe_r=0.5,
)


def trades(*net: float) -> list[Trade]:
    return [
        replace(TRADE, net_usd=usd, exit_reason="STOP" if usd <= 0 else "TARGET_R") for usd in net
    ]


def curve(seed: int = 3, count: int = 600) -> tuple[np.ndarray, np.ndarray]:
    g = np.random.default_rng(seed)
    days = np.array([as_day(date(2018, 1, 1) + timedelta(days=n)) for n in range(count)])
    return days, 100_000 * np.exp(np.cumsum(g.normal(0.0004, 0.01, count)))


def test_figures_of_trades_by_hand() -> None:
    found = figures(trades(300, -100, 150, -50))

    assert found.trades == 4
    assert found.net_profit == 300
    assert found.win_rate == 0.5
    assert found.average_win == 225
    assert found.average_loss == 75
    assert found.profit_factor == 3
    assert found.expectancy_r == pytest.approx(300 / 4 / 200)


def test_without_trades_nothing_is_said_and_no_gate_passes() -> None:
    found = figures([])
    of_account = account(*curve(count=0), np.empty(0), 100_000)

    assert found.win_rate is None
    assert found.profit_factor is None
    assert not any(gate.passed for gate in gates(found, of_account))


def test_account_figures_are_those_of_an_independent_library() -> None:
    empyrical = pytest.importorskip("empyrical")
    days, equity = curve()
    found = account(days, equity, np.ones(len(days)), 100_000)
    whole = np.concatenate(([100_000], equity))
    returns = whole[1:] / whole[:-1] - 1

    assert found.sharpe == pytest.approx(empyrical.sharpe_ratio(returns))
    assert found.sortino == pytest.approx(empyrical.sortino_ratio(returns))
    assert -found.max_drawdown == pytest.approx(empyrical.max_drawdown(returns))
    assert found.volatility == pytest.approx(empyrical.annual_volatility(returns))
    assert found.total_return == pytest.approx(empyrical.cum_returns_final(returns))
    assert found.cagr is not None
    assert found.calmar == pytest.approx(found.cagr / found.max_drawdown)


def test_gates_are_reported_and_not_forced() -> None:
    of_account = account(*curve(), np.ones(600), 100_000)
    good = {g.name: g.passed for g in gates(figures(trades(300, 300, -100)), of_account)}
    bad = {g.name: g.passed for g in gates(figures(trades(100, -300, -100)), of_account)}

    assert good["win_rate"]
    assert good["average_win_over_loss"]
    assert good["profit_factor"]
    assert not bad["win_rate"]
    assert not bad["average_win_over_loss"]
    assert not bad["profit_factor"]
    assert len(good) == 5


def test_months_compound_to_the_whole() -> None:
    days, equity = curve()
    table = months(days, equity, 100_000)

    assert table[0][0] == "2018-01"
    product = float(np.prod([1 + value for _, value in table]))
    assert product == pytest.approx(equity[-1] / 100_000)


def test_exit_reasons_share_out_all_trades() -> None:
    found = by_exit_reason(trades(300, -100, 150, -50, -20))

    assert {name: one.trades for name, one in found.items()} == {"STOP": 3, "TARGET_R": 2}


def test_intervals_hold_the_figure_and_are_the_same_again() -> None:
    days, equity = curve()
    run = Run(
        pricing="modelled",
        trades=tuple(trades(*([200, -100, 150, -50] * 10))),
        days=days,
        equity=equity,
        invested=np.ones(len(days)),
        signals=40,
        chains=40,
        stopped={},
        rejected={},
        denied={},
    )
    found = intervals(run, 100_000, 300)

    low, high = found["win_rate"]
    assert low < 0.5 < high
    assert found == intervals(run, 100_000, 300)
    assert set(found) == {"win_rate", "net_profit", "profit_factor", "sharpe"}
    assert intervals(replace(run, trades=run.trades[:5]), 100_000, 300) == {}
