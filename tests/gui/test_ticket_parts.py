"""The plan's odds in the ticket, and notes of a pane's head that lack room."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.gui.conftest import Stage
from vst_desktop.domain.odds import Distribution, PlanEnd, PlanOdds
from vst_desktop.gui.theme import Theme
from vst_desktop.gui.widgets.odds import OddsTable, odds_lines
from vst_desktop.gui.widgets.pane import Elided

IMPLIED = PlanOdds(
    distribution=Distribution.IMPLIED,
    plays=20_480,
    target=PlanEnd(chance=0.41, low=0.4, high=0.42, usd=186.2, days=6),
    stop=PlanEnd(chance=0.56, low=0.55, high=0.57, usd=-201.0, days=7),
    time=PlanEnd(chance=0.03, low=0.02, high=0.04, usd=None, days=None),
    mean_usd=-37.0,
    mean_low_usd=-40.0,
    mean_high_usd=-34.0,
    median_days=7.2,
    worst_usd=-1176.0,
)
HISTORY = replace(IMPLIED, distribution=Distribution.HISTORY, plays=31)


def test_the_odds_are_told_an_ending_a_row_and_the_implied_mean_is_called_cost() -> None:
    told = {line.caption: line.cells for line in odds_lines((IMPLIED, HISTORY))}
    assert told["target"] == (("+$186", "41 %"),) * 2
    assert told["stop"] == (("−$201", "56 %"),) * 2
    assert told["time"] == (("", "3 %"),) * 2
    assert told["median"] == (("", "7 days"),) * 2
    assert told["average"] == (("cost", "−$37"), ("mean", "−$37"))
    assert told["95 %"] == (("−$40 to −$34", ""),) * 2


def test_the_odds_are_read_aloud_whole_and_take_no_room_when_there_are_none(
    qtbot: QtBot, qapp: QApplication
) -> None:
    table = OddsTable(Theme(qapp))
    qtbot.addWidget(table)
    table.set_odds((IMPLIED, HISTORY))
    assert "implied, 20,480 paths" in table.accessibleDescription()
    assert "history, n = 31" in table.accessibleDescription()
    assert "worst −$1,176" in table.toolTip()
    assert table.sizeHint().height() == 7 * 16
    table.set_odds(())
    assert (table.sizeHint().height(), table.isHidden()) == (0, True)


def test_the_ticket_shows_the_odds_of_its_plan(stage: Stage) -> None:
    ticket = stage.station.current.ticket
    assert ticket is not None
    stage.show(ticket=replace(ticket, odds=(HISTORY,)))
    table = stage.window.ticket.findChild(OddsTable)
    assert table is not None
    assert table.isVisible() and "history, n = 31" in table.accessibleDescription()


@pytest.mark.parametrize(
    ("room", "shown"),
    [(0, "65 in 2 ms · 1 error · chains 19/19"), (1, "65 in 2 ms · 1 error"), (130, "65 in 2 ms")],
)
def test_a_note_without_room_leaves_whole_parts_out_and_keeps_them_in_its_tip(
    qtbot: QtBot, room: int, shown: str
) -> None:
    """``room``: how many px it lacks."""
    note = Elided("65 in 2 ms · 1 error · chains 19/19")
    qtbot.addWidget(note)
    note.resize(note.fontMetrics().horizontalAdvance(note.text()) - room, 20)
    note.grab()
    assert note._fitting(note.width()) == shown
    assert note.toolTip() == ("" if not room else note.text())
