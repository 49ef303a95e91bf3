"""What a search keeps of each set: enough to judge it on any part of the span."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vst_desktop.backtest.listing import as_day
from vst_desktop.backtest.metrics import returns_of, sharpe
from vst_desktop.backtest.trades import Run
from vst_desktop.domain.errors import UserError

METRICS = ("sharpe", "net_profit", "profit_factor", "expectancy_r")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One set of settings: its figures over the span, and its days and trades.

    ``equity`` at each session's close; ``trades`` are entry day, exit day, net USD and R of each.
    """

    parameters: Mapping[str, str]
    metrics: Mapping[str, Any]
    equity: tuple[float, ...]
    trades: tuple[tuple[int, int, float, float], ...]

    def score(
        self, metric: str, days: Iterable[int], initial: float, until: int | None = None
    ) -> float | None:
        """The metric over the sessions up to a day, by trades that are over by then.

        Because a run looks ahead nowhere, that is what a run ending there would have given, the
        trades that reach over its end left out. None with fewer than two trades.
        """
        over = [t for t in self.trades if until is None or t[1] <= until]
        if len(over) < 2:
            return None
        if metric == "sharpe":
            count = sum(1 for day in days if until is None or day <= until)
            return sharpe(returns_of(np.array((initial, *self.equity[:count]))))
        net = [t[2] for t in over]
        if metric == "net_profit":
            return sum(net)
        if metric == "expectancy_r":
            return sum(t[3] for t in over) / len(over)
        losses = -sum(value for value in net if value <= 0)
        return sum(value for value in net if value > 0) / losses if losses > 0 else None


def outcome(parameters: Mapping[str, str], run: Run, metrics: Mapping[str, Any]) -> Outcome:
    """What is kept of a run."""
    return Outcome(
        parameters=dict(parameters),
        metrics=dict(metrics),
        equity=tuple(round(value, 4) for value in run.equity.tolist()),
        trades=tuple(
            (as_day(t.entry_date), as_day(t.exit_date), round(t.net_usd, 4), t.r_multiple)
            for t in run.trades
        ),
    )


class Ledger:
    """Outcomes on disk, a line each, so that a search goes on where it ended.

    Args:
        path: The file; None keeps nothing.
        job: What the outcomes belong to; those of another job are refused.
    """

    def __init__(self, path: Path | None, job: Mapping[str, Any]) -> None:
        self._path = path
        text = json.dumps(job, sort_keys=True, default=str)
        self._job = hashlib.sha256(text.encode()).hexdigest()[:16]
        self._known: dict[str, Outcome] = {}
        if path is not None and path.exists():
            self._read(path)

    def get(self, parameters: Mapping[str, str]) -> Outcome | None:
        """The outcome of that set, when it is known."""
        return self._known.get(_key(parameters))

    def put(self, found: Outcome) -> None:
        """Keep an outcome, on disk before this returns.

        Raises:
            UserError: The file cannot be written.
        """
        self._known[_key(found.parameters)] = found
        if self._path is None:
            return
        line = json.dumps(
            {
                "job": self._job,
                "parameters": dict(found.parameters),
                "metrics": dict(found.metrics),
                "equity": list(found.equity),
                "trades": [list(trade) for trade in found.trades],
            }
        )
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        except OSError as error:
            raise UserError(
                f"outcome cannot be kept ({error.strerror})",
                where=str(self._path),
                remedy="name a file in a folder you can write",
            ) from None

    def _read(self, path: Path) -> None:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            try:
                kept = json.loads(line)
                trades = tuple(
                    (int(a), int(b), float(c), float(d)) for a, b, c, d in kept["trades"]
                )
                found = Outcome(
                    parameters=kept["parameters"],
                    metrics=kept["metrics"],
                    equity=tuple(kept["equity"]),
                    trades=trades,
                )
                job = kept["job"]
            except (ValueError, KeyError, TypeError):
                continue  # A line that a crash cut short: its set is tried again.
            if job != self._job:
                raise UserError(
                    f"line {number} belongs to another search",
                    where=str(path),
                    remedy="name another file, or the same bars, span, pricing and settings",
                )
            self._known[_key(found.parameters)] = found


def _key(parameters: Mapping[str, str]) -> str:
    return json.dumps(dict(parameters), sort_keys=True)
