"""A run as JSON (SPEC 17): stable keys, the same bytes for the same run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

import numpy as np

from vst_desktop.backtest.compare import Contender
from vst_desktop.backtest.listing import as_date
from vst_desktop.backtest.metrics import (
    Account,
    Figures,
    Gate,
    account,
    by_exit_reason,
    figures,
    gates,
    grouped,
    intervals,
    months,
)
from vst_desktop.backtest.rules import LabRules
from vst_desktop.backtest.trades import Run, Trade

_CENTS = 2
_RATIO = 6
ROOM = 1.2


def result(run: Run, rules: LabRules) -> dict[str, Any]:
    """Everything of a run."""
    of_trades = figures(run.trades)
    of_account = account(run.days, run.equity, run.invested, rules.initial_equity)
    return {
        "pricing": run.pricing,
        "metrics": metric_keys(of_trades, of_account),
        "intervals": {
            name: {"low": rounded(low), "high": rounded(high)}
            for name, (low, high) in intervals(
                run, rules.initial_equity, rules.bootstrap_samples
            ).items()
        },
        "gates": gate_keys(gates(of_trades, of_account)),
        "per_strategy": group_keys(run, rules, "strategy"),
        "per_symbol": group_keys(run, rules, "symbol"),
        "per_exit_reason": {
            name: _figure_keys(found) for name, found in by_exit_reason(run.trades).items()
        },
        "months": [
            {"month": month, "return": rounded(value)}
            for month, value in months(run.days, run.equity, rules.initial_equity)
        ],
        "signals": {
            "found": run.signals,
            "chains": run.chains,
            "stopped": dict(sorted(run.stopped.items())),
            "rejected_pairs": dict(sorted(run.rejected.items())),
            "denied": dict(sorted(run.denied.items())),
        },
        "trades": [trade_keys(trade) for trade in run.trades],
        "equity": [
            {"date": as_date(day), "equity": round(value, _CENTS)}
            for day, value in zip(run.days.tolist(), run.equity.tolist(), strict=True)
        ],
    }


def metric_keys(of_trades: Figures, of_account: Account) -> dict[str, Any]:
    """Both kinds of figures under their names."""
    return _figure_keys(of_trades) | {
        name: rounded(value) for name, value in asdict(of_account).items()
    }


def _figure_keys(found: Figures) -> dict[str, Any]:
    return {name: rounded(value) for name, value in asdict(found).items()}


def gate_keys(found: Sequence[Gate]) -> dict[str, Any]:
    """By name."""
    return {
        gate.name: {
            "value": rounded(gate.value),
            "threshold": rounded(gate.threshold),
            "passed": gate.passed,
        }
        for gate in found
    }


def group_keys(run: Run, rules: LabRules, key: str) -> dict[str, Any]:
    """Figures of each strategy or symbol, with the account's as if it had traded alone."""
    return {
        name: metric_keys(figures(trades), alone(run, rules, trades))
        for name, trades in grouped(run.trades, key).items()
    }


def alone(run: Run, rules: LabRules, trades: Sequence[Trade]) -> Account:
    """The account with these trades only, each counted on the day of its exit."""
    days = run.days
    change, invested = np.zeros(len(days)), np.zeros(len(days))
    numbers = {as_date(day): place for place, day in enumerate(days.tolist())}
    for trade in trades:
        change[numbers[trade.exit_date]] += trade.net_usd
        invested[numbers[trade.entry_date] : numbers[trade.exit_date]] += trade.risk_usd
    return account(days, rules.initial_equity + np.cumsum(change), invested, rules.initial_equity)


def trade_keys(trade: Trade) -> dict[str, Any]:
    """A trade's fields, money in cents."""
    found: dict[str, Any] = {}
    for each in fields(trade):
        value = getattr(trade, each.name)
        found[each.name] = rounded(value) if isinstance(value, float) else value
    return found | {
        "direction": str(trade.direction),
        "net_usd": round(trade.net_usd, _CENTS),
        "risk_usd": round(trade.risk_usd, _CENTS),
        "r_multiple": rounded(trade.r_multiple),
    }


def rounded(value: float | None) -> float | int | None:
    """A figure without the digits that nobody can vouch for."""
    if value is None or isinstance(value, int):
        return value
    return round(float(value), _RATIO) + 0.0


def notes(run: Run, settings_note: Mapping[str, float]) -> list[str]:
    """Sentences a reader needs before the figures."""
    found = [f"prices: {run.pricing}"]
    if run.pricing == "modelled":
        found[0] += ", by volatility from each underlying's own past; no chain of the day was seen"
    elif run.pricing == "fixed":
        found[0] += ", the flat model: every spread costs the same and wins or loses the same"
    found.append("signals on whole daily bars; a session's forming bar is not seen")
    if not run.trades:
        found.append(why_none(run, settings_note))
    return found


def why_none(run: Run, limits: Mapping[str, float]) -> str:
    """Why a run without trades had none, and the setting that would have admitted some."""
    if not run.signals:
        return "no trades: no strategy gave a signal in the span"
    by_cost = run.stopped.get("cost", 0)
    most_refused = max(run.rejected.items(), key=lambda item: item[1], default=("", 0))[0]
    if run.needed_usd is not None and (
        2 * by_cost >= run.signals or (by_cost and most_refused == "cost")
    ):
        return (
            f"no trades: rule cost stopped {by_cost} of {run.signals} signals before a chain was "
            f"asked for, and most strike pairs of the others; a spread of {limits['min_delta']:g} "
            f"net delta needs about {run.needed_usd:,.0f} USD and max_spread_cost is "
            f"{limits['max_spread_cost']:,.0f}: --set max_spread_cost={_up(run.needed_usd)} would "
            "admit some"
        )
    reasons = {**run.stopped, **run.denied}
    if not reasons and run.rejected:
        name, count = max(run.rejected.items(), key=lambda item: item[1])
        return f"no trades: no strike pair passed; rule {name} refused most of them ({count:,})"
    name, count = max(reasons.items(), key=lambda item: item[1])
    setting = {
        "price": "universe.min_price",
        "volume": "universe.min_volume",
        "SIZE": "risk.risk_per_trade",
        "TOTAL_RISK": "risk.max_total_risk",
        "EVENT": "options.earnings_policy",
    }.get(name)
    remedy = f": change {setting}" if setting else ""
    return f"no trades: {name} stopped {count:,} of {run.signals:,} signals{remedy}"


def _up(usd: float) -> int:
    """With room for the strike grid and the cost of crossing, in steps of 50."""
    return int(-(-usd * ROOM // 50) * 50)


def comparison_keys(found: Sequence[Contender]) -> list[dict[str, Any]]:
    """The ranking of strategies."""
    return [
        {
            "rank": rank,
            "strategy": one.name,
            "gates_passed": one.passed,
            "metrics": metric_keys(one.figures, one.account),
            "gates": gate_keys(one.gates),
        }
        for rank, one in enumerate(found, start=1)
    ]
