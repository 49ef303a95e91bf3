"""Strategies side by side: each alone on the same account, ranked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vst_desktop.backtest.metrics import Account, Figures, Gate, account, figures, gates
from vst_desktop.backtest.rules import LabRules
from vst_desktop.backtest.trades import Run
from vst_desktop.backtest.workbench import Workbench, only
from vst_desktop.ports.scanner import SignalRows
from vst_desktop.runtime.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """One strategy's run, with its figures."""

    name: str
    run: Run
    figures: Figures
    account: Account
    gates: tuple[Gate, ...]

    @property
    def passed(self) -> int:
        """How many gates it passes."""
        return sum(gate.passed for gate in self.gates)

    @classmethod
    def of(cls, name: str, run: Run, rules: LabRules) -> Contender:
        """The figures of a run."""
        of_trades = figures(run.trades)
        of_account = account(run.days, run.equity, run.invested, rules.initial_equity)
        return cls(
            name=name,
            run=run,
            figures=of_trades,
            account=of_account,
            gates=gates(of_trades, of_account),
        )


def compare(bench: Workbench, settings: Settings, rows: SignalRows) -> tuple[Contender, ...]:
    """Each strategy of the rows alone; the best first.

    By gates passed, then Sharpe, then net profit; those without trades last; ties by name.
    """
    rules = LabRules.of(settings)
    found = [
        Contender.of(name, bench.run(settings, only(rows, (name,))), rules) for name in rows.names
    ]
    return ranked(found)


def ranked(found: Sequence[Contender]) -> tuple[Contender, ...]:
    """The best first."""
    worst = float("-inf")
    return tuple(
        sorted(
            found,
            key=lambda one: (
                not one.figures.trades,
                -one.passed,
                -(worst if one.account.sharpe is None else one.account.sharpe),
                -one.figures.net_profit,
                one.name,
            ),
        )
    )
