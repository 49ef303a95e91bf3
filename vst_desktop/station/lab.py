"""A backtest or a search as a process of its own: its command line, what it tells, its result.

The window plays no history itself: a child takes the processor, and cancelling is ending it.
"""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vst_desktop.domain.errors import UserError
from vst_desktop.station.lab_trades import LabTrade, lab_trades

PROGRESS = re.compile(r"([\d,]+) of ([\d,]+) (\w+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class LabRequest:
    """What is to be played, as the trader typed it; the child judges it.

    Attributes:
        bars: File or bar store.
        symbols: Separated by commas; empty: all.
        strategies: Separated by commas; empty: all.
        start: First day of entries, ISO.
        end: Last day, ISO.
        pricing: ``modelled``, ``recorded`` or ``fixed``.
        vary: Axes of a search, ``key=a,b,c``; none: one backtest.
    """

    bars: str
    symbols: str
    strategies: str
    start: str
    end: str
    pricing: str
    vary: tuple[str, ...] = ()

    def arguments(self, folder: Path) -> list[str]:
        """Of ``vst``. A search keeps its outcomes in the folder and goes on from them.

        Raises:
            UserError: No bars are named, or there are more than two axes.
        """
        if not self.bars:
            raise UserError("no bars are named", where="Bars", remedy="choose a file of daily bars")
        if len(self.vary) > 2:
            raise UserError("a heat map has two axes", where="Vary", remedy="name at most two")
        given = [
            "optimize" if self.vary else "backtest",
            *("--bars", self.bars),
            *("--start", self.start, "--end", self.end, "--pricing", self.pricing),
            *("--json", str(folder / "result.json"), "--report", str(folder)),
        ]
        for option, text in (("--symbols", self.symbols), ("--strategies", self.strategies)):
            if text:
                given += [option, text]
        for axis in self.vary:
            given += ["--vary", axis]
        if not self.vary:
            given += ["--charts", str(folder / "bars")]
        if self.vary:
            given += ["--resume", str(folder / "outcomes.jsonl")]
        return given


@dataclass(frozen=True, slots=True, kw_only=True)
class LabResult:
    """What the pane draws.

    Attributes:
        headline: The result in a line.
        days: Sessions, ISO.
        equity_usd: At each session's close.
        drawdown: Fraction below the highest equity so far, 0 or negative.
        exits: Session number of each trade's exit, and what it earned, USD.
        trades: In the order in which they ended.
        lines: The shadow book, month by month; the search's verdict.
        axes: Of the heat map: key and values.
        heat: Metric by the values of the axes; None where no set was played.
    """

    headline: str
    days: tuple[str, ...] = ()
    equity_usd: tuple[float, ...] = ()
    drawdown: tuple[float, ...] = ()
    exits: tuple[tuple[int, float], ...] = ()
    trades: tuple[LabTrade, ...] = ()
    lines: tuple[str, ...] = ()
    axes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    heat: tuple[tuple[tuple[str, ...], float | None], ...] = ()


def progress_of(text: str) -> tuple[int, int] | None:
    """How much is done, of how much: the last that the child told in this text."""
    found = PROGRESS.findall(text)
    if not found:
        return None
    done, total, _ = found[-1]
    return int(done.replace(",", "")), int(total.replace(",", ""))


def read_result(file: Path) -> LabResult:
    """The result that the child wrote.

    Raises:
        UserError: It cannot be read.
    """
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(
            f"the result cannot be read: {error}", where=str(file), remedy="run it again"
        ) from None
    return _search(found) if "sets" in found else _backtest(found)


def _backtest(found: dict[str, Any]) -> LabResult:
    days = tuple(str(one["date"]) for one in found["equity"])
    equity = tuple(float(one["equity"]) for one in found["equity"])
    place = {day: number for number, day in enumerate(days)}
    metrics = found["metrics"]
    passed = sum(bool(gate["passed"]) for gate in found["gates"].values())
    return LabResult(
        headline=f"{metrics['trades']:,} trades, net {metrics['net_profit']:+,.0f} USD, "
        f"{passed} of {len(found['gates'])} gates; {found['notes'][0]}",
        days=days,
        equity_usd=equity,
        drawdown=tuple(
            value / top - 1 if top > 0 else 0.0
            for value, top in zip(equity, itertools.accumulate(equity, max), strict=True)
        ),
        exits=tuple(
            (place[one["exit_date"]], float(one["net_usd"]))
            for one in found["trades"]
            if one["exit_date"] in place
        ),
        trades=lab_trades(found["trades"]),
        lines=tuple(found["shadow"]["lines"]),
    )


def _search(found: dict[str, Any]) -> LabResult:
    axes = tuple((str(one["key"]), tuple(map(str, one["values"]))) for one in found["axes"])
    walk, metric = found["walk_forward"], found["metric"]
    return LabResult(
        headline=f"{len(found['sets']):,} sets by {metric}; walk-forward: {walk['verdict']}",
        lines=tuple(walk["warnings"]),
        axes=axes,
        heat=tuple(
            (tuple(str(one["parameters"][key]) for key, _ in axes), one["metrics"].get(metric))
            for one in found["sets"]
        ),
    )
