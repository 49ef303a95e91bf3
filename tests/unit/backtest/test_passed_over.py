"""The shadow book of the live journal follows as that of a backtest does."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from tests.helpers.lab_bars import signal_rows, walks
from vst_desktop.backtest.listing import as_date
from vst_desktop.backtest.passed_over import Decision, follow_decisions
from vst_desktop.backtest.rules import LabRules, Span
from vst_desktop.backtest.shadow import ShadowBook
from vst_desktop.backtest.workbench import Workbench
from vst_desktop.domain.signals import Direction
from vst_desktop.runtime.settings import load_settings

SPAN = Span(start=date(2019, 1, 2), end=date(2020, 6, 30))
SETTINGS = load_settings(["max_positions=1"], environment={})
RULES = LabRules.of(SETTINGS)


@pytest.fixture(scope="module")
def bench() -> Workbench:
    return Workbench(bars=walks(), span=SPAN)


def decisions_of(bench: Workbench, shadow: ShadowBook, names: tuple[str, ...]) -> list[Decision]:
    """What a live journal would have noted of the same refusals."""
    found = []
    for offers, places, code in shadow.noted:
        picks, panel = offers.picks, bench.panel
        for place in places.tolist():
            row, at = int(offers.row[place]), int(offers.pick[place])
            found.append(
                Decision(
                    symbol=panel.symbols[int(panel.owner[row])],
                    strategy=names[int(offers.strategy[place])],
                    direction=Direction.LONG if offers.sign[place] > 0 else Direction.SHORT,
                    day=as_date(int(panel.day[row])),
                    expiration=as_date(int(picks.expiration[at])),
                    long_strike=float(picks.long_strike[at]),
                    short_strike=float(picks.short_strike[at]),
                    natural=float(picks.natural[at]),
                    close=float(picks.close[at]),
                    code=code,
                )
            )
    return found


@pytest.fixture(scope="module")
def refused(bench: Workbench) -> tuple[ShadowBook, list[Decision], tuple[str, ...]]:
    shadow, rows = ShadowBook(), signal_rows(bench.bars, SETTINGS)
    bench.run(SETTINGS, rows, refuse=shadow.refuse)
    return shadow, decisions_of(bench, shadow, rows.names), rows.names


def test_the_same_refusals_bring_the_same(
    bench: Workbench, refused: tuple[ShadowBook, list[Decision], tuple[str, ...]]
) -> None:
    shadow, decisions, names = refused
    expected = shadow.follow(bench.panel, bench.model(RULES), RULES, names)
    found = follow_decisions(bench.panel, bench.model(RULES), RULES, decisions)
    ended = [one for one in expected if one.exit_reason != "END"]
    assert len(ended) > 10
    assert found.unknown == 0 and found.open == len(expected) - len(ended)
    for mine, lab in zip(found.refusals, ended, strict=True):
        assert (mine.symbol, mine.day, mine.code) == (lab.symbol, lab.day, lab.code)
        assert mine.exit_reason == lab.exit_reason
        assert mine.natural_usd == pytest.approx(lab.natural_usd, abs=0.01)
        assert mine.mid_usd == pytest.approx(lab.mid_usd, abs=0.01)


def test_what_has_no_bar_of_its_day_is_counted_not_followed(
    bench: Workbench, refused: tuple[ShadowBook, list[Decision], tuple[str, ...]]
) -> None:
    first = refused[1][0]
    sunday, stranger = replace(first, day=date(2019, 3, 3)), replace(first, symbol="NONE")
    found = follow_decisions(bench.panel, bench.model(RULES), RULES, [sunday, stranger])
    assert (found.refusals, found.open, found.unknown) == ((), 0, 2)
