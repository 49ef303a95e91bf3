"""The dialog that edits the exits of one position."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from tests.gui.conftest import Stage
from tests.gui.test_book import held
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.exit_edits import ExitEdit
from vst_desktop.domain.spreads import ExitPlan
from vst_desktop.gui.dialogs.exits import ExitsDialog
from vst_desktop.station.desk_view import ExitPreview

PLAN = ExitPlan(
    entry=35.3,
    atr=0.5,
    stop=34.4,
    fibo_target=None,
    r_target=None,
    atr_target=36.8,
    target=36.8,
    target_reason="TARGET_ATR",
    exit_by=date(2017, 12, 1),
)
SEEN = ExitPreview(
    plan=PLAN,
    spot=35.5,
    days_ahead=7,
    at_stop_usd=Decimal("-312.4"),
    at_target_usd=Decimal("604.1"),
)


def dialog_of(stage: Stage, seen: ExitPreview | UserError = SEEN) -> ExitsDialog:
    stage.station.trading.preview = seen
    row = replace(held(), stop=34.4, target=36.8, spot=35.5, exit_by=date(2017, 12, 1))
    stage.show(positions=(row,))
    stage.window.commands.actions["go_positions"].trigger()
    stage.window.book.positions_table.select_key("p-pfe")
    stage.window.commands.actions["edit_exits"].trigger()
    dialog = stage.window.commands.book.editing
    assert dialog is not None and dialog.isVisible()
    stage.settle()
    return dialog


def test_it_opens_with_the_exits_in_force_and_what_they_pay(stage: Stage) -> None:
    dialog = dialog_of(stage)
    assert (dialog.stop.text(), dialog.target.text()) == ("34.40", "36.80")
    assert dialog.exit_by.text() == "2017-12-01"
    assert dialog.at_stop.text() == "−3.1 %, about −$312 if in 7 days"
    assert dialog.at_target.text() == "+3.7 %, about +$604 if in 7 days"
    assert not dialog.confirm.isEnabled(), "nothing was changed yet"
    dialog.reject()


def test_what_is_typed_is_what_is_kept(stage: Stage) -> None:
    dialog = dialog_of(stage)
    dialog.stop.setText("34.9")
    dialog.target.setText("")
    dialog.exit_by.setText("2017-11-24")
    stage.settle()
    dialog.confirm.click()
    stage.settle()
    wanted = ExitEdit(stop=34.9, target=None, exit_by=date(2017, 11, 24))
    assert stage.station.named("edit_exits") == [("p-pfe", wanted)]


def test_a_level_that_was_not_touched_stays_as_exact_as_it_was(stage: Stage) -> None:
    stage.station.trading.preview = SEEN
    row = replace(held(), stop=34.40123, target=36.79876)
    stage.show(positions=(row,))
    stage.window.book.positions_table.select_key("p-pfe")
    stage.window.book.ask_exits()
    dialog = stage.window.commands.book.editing
    assert dialog is not None
    dialog.exit_by.setText("2017-11-24")
    stage.settle()
    dialog.confirm.click()
    stage.settle()
    ((_, edit),) = stage.station.named("edit_exits")
    assert (edit.stop, edit.target) == (34.40123, 36.79876)


@pytest.mark.parametrize(
    ("field", "typed", "told"),
    [("stop", "abc", "is no price"), ("exit_by", "soon", "is no day"), ("stop", "", "is no price")],
)
def test_what_cannot_be_read_is_told_and_not_sent(
    stage: Stage, field: str, typed: str, told: str
) -> None:
    dialog = dialog_of(stage)
    getattr(dialog, field).setText(typed)
    assert told in dialog.wrong.text()
    assert not dialog.confirm.isEnabled()
    dialog.reject()


def test_what_the_station_refuses_is_told_while_typing(stage: Stage) -> None:
    refused = UserError("the stop 36.00 would close the position at once", remedy="lower it")
    dialog = dialog_of(stage, refused)
    assert "would close the position at once" in dialog.wrong.text()
    assert not dialog.confirm.isEnabled()
    dialog.reject()


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Escape])
def test_neither_enter_nor_escape_changes_exits(stage: Stage, key: Qt.Key) -> None:
    dialog = dialog_of(stage)
    QTest.keyClick(dialog.stop, key)
    stage.settle()
    assert stage.station.named("edit_exits") == []
    dialog.reject()


def test_an_answer_to_older_fields_is_nothing(stage: Stage) -> None:
    dialog = dialog_of(stage)
    dialog.stop.setText("34.9")
    older = ExitEdit(stop=34.8, target=36.8, exit_by=date(2017, 12, 1))
    dialog.refused(older, "too late")
    dialog.told(older, SEEN)
    assert dialog.wrong.text() == "" and not dialog.confirm.isEnabled()
    stage.settle()
    assert dialog.confirm.isEnabled()
    dialog.reject()


def test_a_frozen_position_is_not_edited(stage: Stage) -> None:
    stage.show(positions=(held(frozen="BROKEN"),))
    stage.window.book.positions_table.select_key("p-pfe")
    stage.window.book.ask_exits()
    assert "Select a position" in stage.window.book.banner.text
