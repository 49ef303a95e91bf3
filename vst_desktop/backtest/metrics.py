"""Figures of a run, and the gates they are held against (SPEC 15).

Ratios are fractions, money USD. What cannot be said is None: a rate without trades, a factor
without losses. Sharpe and Sortino are of daily returns at no risk-free rate, times the root of 252.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vst_desktop.backtest.listing import as_date
from vst_desktop.backtest.panel import SESSIONS_A_YEAR, Floats, Ints
from vst_desktop.backtest.trades import Run, Trade

DAYS_A_YEAR = 365.25
_SEED = 15
_BLOCK_SESSIONS = 10
_TAIL = 0.025


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Of some trades. ``average_loss`` is what the losing ones lost, as a positive number."""

    trades: int
    net_profit: float
    win_rate: float | None
    average_win: float | None
    average_loss: float | None
    profit_factor: float | None
    expectancy_r: float | None
    average_days_held: float | None
    average_mae_r: float | None
    average_mfe_r: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Of an equity curve. ``exposure`` is the share of sessions with a position open."""

    max_drawdown: float
    sharpe: float | None
    sortino: float | None
    cagr: float | None
    calmar: float | None
    exposure: float
    average_at_risk: float
    total_return: float
    volatility: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """One acceptance gate; without a value it is not passed."""

    name: str
    value: float | None
    threshold: float | None
    passed: bool


def figures(trades: Sequence[Trade]) -> Figures:
    """Figures of these trades."""
    net = np.array([trade.net_usd for trade in trades])
    won, lost = net[net > 0], net[net <= 0]
    losses = float(-lost.sum())
    return Figures(
        trades=len(trades),
        net_profit=float(net.sum()),
        win_rate=_mean(net > 0),
        average_win=_mean(won),
        average_loss=_mean(-lost),
        profit_factor=float(won.sum()) / losses if losses > 0 else None,
        expectancy_r=_mean([trade.r_multiple for trade in trades]),
        average_days_held=_mean([trade.days_held for trade in trades]),
        average_mae_r=_mean([trade.mae_r for trade in trades]),
        average_mfe_r=_mean([trade.mfe_r for trade in trades]),
    )


def account(days: Ints, equity: Floats, invested: Floats, initial: float) -> Account:
    """Figures of the account from its closes, the start included."""
    curve = np.concatenate(([initial], equity))
    returns = returns_of(curve)
    years = float(days[-1] - days[0] + 1) / DAYS_A_YEAR if len(days) else 0.0
    total = float(curve[-1] / initial - 1)
    # A few days do not make a year: their growth raised to a power says nothing.
    cagr = (1 + total) ** (1 / years) - 1 if years >= 1 / 12 and total > -1 else None
    drawdown = drawdowns(curve)
    deepest = float(-drawdown.min(initial=0.0))
    return Account(
        max_drawdown=deepest,
        sharpe=sharpe(returns),
        sortino=sortino(returns),
        cagr=cagr,
        calmar=cagr / deepest if cagr is not None and deepest > 0 else None,
        exposure=float((invested > 0).mean()) if len(invested) else 0.0,
        average_at_risk=float((invested / equity).mean()) if len(invested) else 0.0,
        total_return=total,
        volatility=float(returns.std(ddof=1)) * math.sqrt(SESSIONS_A_YEAR)
        if len(returns) > 1
        else None,
    )


def returns_of(curve: Floats) -> Floats:
    """Session by session, fractions."""
    return np.asarray(curve[1:] / curve[:-1] - 1)


def drawdowns(curve: Floats) -> Floats:
    """How far each value lies below the highest before it, as a fraction, 0 or less."""
    return np.asarray(curve / np.maximum.accumulate(curve) - 1)


def sharpe(returns: Floats) -> float | None:
    """Mean over standard deviation of daily returns, a year's."""
    if len(returns) < 2 or not returns.std(ddof=1) > 0:
        return None
    return float(returns.mean() / returns.std(ddof=1)) * math.sqrt(SESSIONS_A_YEAR)


def sortino(returns: Floats) -> float | None:
    """Mean over the root mean square of the negative daily returns, a year's."""
    down = math.sqrt(float((np.minimum(returns, 0.0) ** 2).mean())) if len(returns) else 0.0
    return float(returns.mean()) / down * math.sqrt(SESSIONS_A_YEAR) if down > 0 else None


def gates(found: Figures, of_account: Account) -> tuple[Gate, ...]:
    """The acceptance gates, reported and never forced."""
    win, loss = found.average_win, found.average_loss
    return (
        _above("win_rate", found.win_rate, 0.5),
        Gate(
            name="average_win_over_loss",
            value=win,
            threshold=loss,
            passed=win is not None and win > (loss or 0.0),
        ),
        # Without losses there is no factor, and nothing to hold against the trades.
        Gate(
            name="profit_factor",
            value=found.profit_factor,
            threshold=1.5,
            passed=found.net_profit > 0
            if found.profit_factor is None
            else found.profit_factor > 1.5,
        ),
        Gate(
            name="max_drawdown",
            value=of_account.max_drawdown,
            threshold=0.15,
            passed=found.trades > 0 and of_account.max_drawdown < 0.15,
        ),
        _above("sharpe", of_account.sharpe, 1.0),
    )


def _above(name: str, value: float | None, threshold: float) -> Gate:
    passed = value is not None and value > threshold
    return Gate(name=name, value=value, threshold=threshold, passed=passed)


def by_exit_reason(trades: Iterable[Trade]) -> dict[str, Figures]:
    """Figures for each exit reason, the most frequent first."""
    listed = list(trades)
    order = Counter(trade.exit_reason for trade in listed).most_common()
    return {
        reason: figures([trade for trade in listed if trade.exit_reason == reason])
        for reason, _ in sorted(order, key=lambda item: (-item[1], item[0]))
    }


def months(days: Ints, equity: Floats, initial: float) -> list[tuple[str, float]]:
    """The account's return of each calendar month, as ``2023-04`` and a fraction."""
    found: list[tuple[str, float]] = []
    before, last = initial, initial
    month = ""
    for day, value in zip(days.tolist(), equity.tolist(), strict=True):
        name = f"{as_date(day):%Y-%m}"
        if month and name != month:
            found.append((month, last / before - 1))
            before = last
        month, last = name, value
    if month:
        found.append((month, last / before - 1))
    return found


def intervals(run: Run, initial: float, samples: int) -> dict[str, tuple[float, float]]:
    """95 % intervals by a seeded bootstrap: of trades, and of blocks of ten sessions for Sharpe.

    Empty with fewer than ten trades: what they would say is not worth saying.
    """
    net = np.array([trade.net_usd for trade in run.trades])
    if len(net) < _BLOCK_SESSIONS or not samples:
        return {}
    generator = np.random.default_rng(_SEED)
    drawn = net[generator.integers(0, len(net), (samples, len(net)))]
    gains = np.where(drawn > 0, drawn, 0.0).sum(axis=1)
    losses = -np.where(drawn <= 0, drawn, 0.0).sum(axis=1)
    found = {
        "win_rate": _interval((drawn > 0).mean(axis=1)),
        "net_profit": _interval(drawn.sum(axis=1)),
    }
    if (losses > 0).all():
        found["profit_factor"] = _interval(gains / losses)
    returns = returns_of(np.concatenate(([initial], run.equity)))
    blocks = len(returns) // _BLOCK_SESSIONS
    if blocks >= 2:
        begin = generator.integers(0, len(returns) - _BLOCK_SESSIONS + 1, (samples, blocks))
        at = (begin[:, :, None] + np.arange(_BLOCK_SESSIONS)).reshape(samples, -1)
        some = returns[at]
        deviation = some.std(axis=1, ddof=1)
        ratio = some.mean(axis=1) / np.where(deviation > 0, deviation, np.inf)
        found["sharpe"] = _interval(ratio * math.sqrt(SESSIONS_A_YEAR))
    return found


def _interval(values: Floats) -> tuple[float, float]:
    low, high = np.quantile(values, [_TAIL, 1 - _TAIL])
    return float(low), float(high)


def _mean(values: Any) -> float | None:
    array = np.asarray(values, dtype=np.float64)
    return float(array.mean()) if array.size else None


def grouped(trades: Iterable[Trade], key: str) -> Mapping[str, list[Trade]]:
    """Trades by one of their fields, in the order of its values."""
    found: dict[str, list[Trade]] = {}
    for trade in trades:
        found.setdefault(str(getattr(trade, key)), []).append(trade)
    return dict(sorted(found.items()))
