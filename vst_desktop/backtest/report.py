"""The report: one HTML file that needs nothing else, with its pictures inside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from vst_desktop.backtest.charts import Line, lines
from vst_desktop.backtest.compare import Contender
from vst_desktop.backtest.metrics import drawdowns
from vst_desktop.backtest.trades import Run

MOST_TRADES = 2_000
_STYLE = """
:root{color-scheme:light dark;--line:#d4d9de;--dim:#5c6670;--bg:#fff;--fg:#15191d}
@media(prefers-color-scheme:dark){:root{--line:#39424a;--dim:#9aa5af;--bg:#14181b;--fg:#e4e8eb}}
body{font:14px/1.45 system-ui,sans-serif;margin:24px auto;max-width:1160px;padding:0 16px;
background:var(--bg);color:var(--fg)}
h1{font-size:22px;margin:0 0 4px}h2{font-size:16px;margin:28px 0 8px}
p.note{color:var(--dim);margin:2px 0}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;width:100%}
th,td{padding:3px 8px;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap}
th:first-child,td:first-child{text-align:left}thead th{color:var(--dim);font-weight:600}
.scroll{overflow-x:auto}svg{width:100%;height:auto}svg text{font-size:11px;fill:var(--dim)}
svg .grid{stroke:var(--line)}svg.key{width:28px;height:8px;vertical-align:middle}
.legend span{margin-right:16px;white-space:nowrap}.pass::before{content:"\\2713 "}
.fail::before{content:"\\2717 "}.pass{color:#2b7a4b}.fail{color:#b03a3a}
.heat td,.heat th{text-align:center;border:1px solid var(--bg)}
"""
_METRICS = (
    ("trades", "Trades", "n"),
    ("net_profit", "Net profit, USD", "usd"),
    ("total_return", "Return", "pct"),
    ("win_rate", "Win rate", "pct"),
    ("average_win", "Average win, USD", "usd"),
    ("average_loss", "Average loss, USD", "usd"),
    ("profit_factor", "Profit factor", "x"),
    ("max_drawdown", "Maximum drawdown", "pct"),
    ("sharpe", "Sharpe", "x"),
    ("sortino", "Sortino", "x"),
    ("cagr", "Growth a year", "pct"),
    ("calmar", "Calmar", "x"),
    ("exposure", "Sessions invested", "pct"),
    ("average_at_risk", "Average at risk", "pct"),
    ("average_days_held", "Average days held", "x"),
    ("expectancy_r", "Expectancy, R of the debit", "x"),
    ("average_mae_r", "Average MAE, R to the stop", "x"),
    ("average_mfe_r", "Average MFE, R to the stop", "x"),
)
_GATES = {
    "win_rate": "Win rate above",
    "average_win_over_loss": "Average win above average loss",
    "profit_factor": "Profit factor above",
    "max_drawdown": "Maximum drawdown below",
    "sharpe": "Sharpe above",
}
_PERCENT_GATES = frozenset({"win_rate", "max_drawdown"})


def page(title: str, sections: Iterable[str], notes: Sequence[str]) -> str:
    """A whole page; the notes stand first."""
    said = "".join(f'<p class="note">{escape(note)}</p>' for note in notes)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>"
        f"<h1>{escape(title)}</h1>{said}{''.join(sections)}</body></html>\n"
    )


def run_sections(run: Run, found: Mapping[str, Any], initial: float) -> list[str]:
    """Equity, figures, gates, groups, months and trades of one run."""
    curve = np.concatenate(([initial], run.equity))
    sections = [
        section("Gates", _gates(found["gates"])),
        section(
            "Equity, USD", lines(run.days, [Line(name="equity", values=run.equity)], title="Equity")
        ),
        section(
            "Drawdown",
            lines(
                run.days,
                [Line(name="drawdown", values=drawdowns(curve)[1:])],
                percent=True,
                title="Drawdown",
            ),
        ),
        section("Figures", _figures(found["metrics"], found["intervals"])),
        section("By exit reason", groups(found["per_exit_reason"])),
        section("By strategy", groups(found["per_strategy"])),
        section("By symbol", groups(found["per_symbol"])),
        section("Months", _months(found["months"])),
        section("Signals", _signals(found["signals"])),
    ]
    if "shadow" in found:
        sections.append(section("Shadow book", _shadow(found["shadow"])))
    if found.get("model_error"):
        sections.append(section("Model beside recorded chains", _errors(found["model_error"])))
    sections.append(section(f"Trades ({len(run.trades):,})", _trades(found["trades"])))
    return [one for one in sections if one]


def comparison_sections(found: Sequence[Contender]) -> list[str]:
    """The ranking of strategies with their equity curves."""
    if len(found) < 2:
        return []
    head = ("Rank", "Strategy", "Gates", "Trades", "Net, USD", "Win rate", "Profit factor")
    rows = [
        (
            str(rank),
            one.name,
            f"{one.passed} of {len(one.gates)}",
            f"{one.figures.trades:,}",
            shown(one.figures.net_profit, "usd"),
            shown(one.figures.win_rate, "pct"),
            shown(one.figures.profit_factor, "x"),
            shown(one.account.max_drawdown, "pct"),
            shown(one.account.sharpe, "x"),
        )
        for rank, one in enumerate(found, start=1)
    ]
    curves = [Line(name=one.name, values=one.run.equity) for one in found]
    return [
        section("Strategies ranked", table((*head, "Drawdown", "Sharpe"), rows)),
        section(
            "Each strategy alone, equity in USD",
            lines(found[0].run.days, curves, title="Equity of each strategy"),
        ),
    ]


def section(title: str, body: str) -> str:
    """A headed part; nothing without a body."""
    return f"<h2>{escape(title)}</h2>{body}" if body else ""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of texts; nothing without rows."""
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows
    )
    heads = "".join(f"<th>{escape(name)}</th>" for name in head)
    if not body:
        return ""
    return (
        f'<div class="scroll"><table><thead><tr>{heads}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def shown(value: float | None, kind: str) -> str:
    """A figure as text; a dash where there is none."""
    if value is None:
        return "–"
    texts = {"pct": f"{100 * value:.1f} %", "usd": f"{value:,.2f}", "n": f"{value:,.0f}"}
    return texts.get(kind, f"{value:,.2f}").replace("-", "−")


def _gates(found: Mapping[str, Mapping[str, Any]]) -> str:
    rows = []
    for name, gate in found.items():
        kind = "pct" if name in _PERCENT_GATES else "x"
        verdict = "pass" if gate["passed"] else "fail"
        rows.append(
            f"<tr><td>{escape(_GATES[name])} {shown(gate['threshold'], kind)}</td>"
            f'<td>{shown(gate["value"], kind)}</td><td class="{verdict}">{verdict}</td></tr>'
        )
    return f"<table><tbody>{''.join(rows)}</tbody></table>"


def _figures(found: Mapping[str, Any], intervals: Mapping[str, Any]) -> str:
    rows = []
    for name, label, kind in _METRICS:
        between = intervals.get(name)
        text = f"{shown(between['low'], kind)} to {shown(between['high'], kind)}" if between else ""
        rows.append((label, shown(found[name], kind), text))
    return table(("Figure", "Value", "95 % by bootstrap"), rows)


def groups(found: Mapping[str, Mapping[str, Any]]) -> str:
    """Figures of some groups of trades."""
    head = ("", "Trades", "Net, USD", "Win rate", "Average win", "Average loss", "Profit factor")
    return table(
        (*head, "Days held", "MAE, R", "MFE, R"),
        (
            (
                name,
                shown(one["trades"], "n"),
                shown(one["net_profit"], "usd"),
                shown(one["win_rate"], "pct"),
                shown(one["average_win"], "usd"),
                shown(one["average_loss"], "usd"),
                shown(one["profit_factor"], "x"),
                shown(one["average_days_held"], "x"),
                shown(one["average_mae_r"], "x"),
                shown(one["average_mfe_r"], "x"),
            )
            for name, one in found.items()
        ),
    )


def _months(found: Sequence[Mapping[str, Any]]) -> str:
    by_year: dict[str, dict[str, float]] = {}
    for one in found:
        year, month = one["month"].split("-")
        by_year.setdefault(year, {})[month] = one["return"]
    names = [f"{number:02d}" for number in range(1, 13)]
    rows = []
    for year, of_year in by_year.items():
        whole = float(np.prod([1 + value for value in of_year.values()]) - 1)
        rows.append((year, *(shown(of_year.get(m), "pct") for m in names), shown(whole, "pct")))
    return table(("Year", *names, "Year's"), rows)


def _signals(found: Mapping[str, Any]) -> str:
    rows = [("signals found", f"{found['found']:,}"), ("chains looked at", f"{found['chains']:,}")]
    rows += [(f"signals stopped: {name}", f"{n:,}") for name, n in found["stopped"].items()]
    rows += [(f"strike pairs refused: {n}", f"{k:,}") for n, k in found["rejected_pairs"].items()]
    rows += [(f"offers denied: {name}", f"{n:,}") for name, n in found["denied"].items()]
    return table(("", "Count"), rows)


def _shadow(found: Mapping[str, Any]) -> str:
    rows = [
        (
            one["month"],
            f"{one['refused']:,}",
            shown(one["natural_usd"], "usd"),
            shown(one["mid_usd"], "usd"),
        )
        for one in found["months"]
    ]
    head = ("Month", "Refused", "One each at natural, USD", "One each at mid, USD")
    said = "".join(f'<p class="note">{escape(line)}</p>' for line in found["lines"][-1:])
    return said + table(head, rows) if rows else ""


def _errors(found: Sequence[Mapping[str, Any]]) -> str:
    head = ("Chain", "Right", "Days", "Moneyness", "Contracts", "Mean error", "Mean size of error")
    return table(
        (*head, "Median, of mid"),
        (
            (
                one["chain"],
                one["right"],
                one["days"],
                one["moneyness"],
                shown(one["contracts"], "n"),
                shown(one["bias_usd"], "usd"),
                shown(one["mean_absolute_usd"], "usd"),
                shown(one["median_share"], "pct"),
            )
            for one in found
        ),
    )


def _trades(found: Sequence[Mapping[str, Any]]) -> str:
    head = ("Entry", "Exit", "Symbol", "Strategy", "Spread", "Contracts", "Debit", "Exit value")
    rows = (
        (
            str(one["entry_date"]),
            str(one["exit_date"]),
            one["symbol"],
            one["strategy"],
            "–"
            if one["long_strike"] is None
            else f"{one['long_strike']:g} / {one['short_strike']:g} {one['expiration']:%d %b %y}",
            f"{one['contracts']}",
            shown(one["debit"], "x"),
            shown(one["exit_value"], "x"),
            shown(one["net_usd"], "usd"),
            shown(one["r_multiple"], "x"),
            one["exit_reason"],
        )
        for one in found[:MOST_TRADES]
    )
    more = len(found) - MOST_TRADES
    tail = f'<p class="note">and {more:,} more: see the JSON</p>' if more > 0 else ""
    return table((*head, "Net, USD", "R", "Reason"), rows) + tail
