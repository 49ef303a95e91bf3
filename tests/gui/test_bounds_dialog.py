"""The dialog that tightens the bounds of one approval."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from tests.gui.conftest import Stage
from tests.helpers.sample_book import order
from vst_desktop.domain.bounds import Bounds
from vst_desktop.gui.dialogs.bounds import BoundsDialog
from vst_desktop.station.desk_view import BoundsView

VIEW = BoundsView(
    max_debit=Decimal("2.73"),
    most_debit=Decimal("2.73"),
    max_drift_atr=0.5,
    most_drift_atr=0.5,
    atr=1.6,
    spot=103.44,
    until=datetime(2017, 11, 17, 20, 55, tzinfo=UTC),
    opens=datetime(2017, 11, 17, 19, 45, tzinfo=UTC),
    closes=datetime(2017, 11, 17, 20, 55, tzinfo=UTC),
    own=False,
)


def dialog_of(stage: Stage, view: BoundsView = VIEW) -> BoundsDialog:
    ticket = stage.station.current.ticket
    assert ticket is not None
    stage.show(ticket=replace(ticket, bounds=view))
    stage.window.commands.actions["bounds"].trigger()
    dialog = stage.window.ticket.editing
    assert dialog is not None and dialog.isVisible()
    return dialog


def test_it_opens_with_the_settings_bounds_and_how_far_they_go(stage: Stage) -> None:
    dialog = dialog_of(stage)
    assert (dialog.debit.text(), dialog.drift.text(), dialog.until.text()) == (
        "2.73",
        "0.5",
        "15:55",
    )
    assert [tell.text() for tell in dialog.tells] == [
        "up to 2.73 by the settings",
        "102.64 – 104.24",
        "between 14:45 and 15:55",
    ]
    dialog.reject()


def test_what_is_typed_bounds_the_approval_and_approves_nothing(stage: Stage) -> None:
    dialog = dialog_of(stage)
    dialog.debit.setText("2.60")
    dialog.drift.setText("0.25")
    dialog.until.setText("15:30")
    assert dialog.tells[1].text() == "103.04 – 103.84"
    dialog.confirm.click()
    stage.settle()
    ticket = stage.station.current.ticket
    assert ticket is not None
    wanted = Bounds(
        max_debit=Decimal("2.60"),
        max_drift_atr=0.25,
        until=datetime(2017, 11, 17, 20, 30, tzinfo=UTC),
    )
    assert stage.station.named("set_bounds") == [(ticket.candidate_id, wanted)]
    assert stage.station.named("approve") == []


def test_what_is_left_as_the_settings_follows_them(stage: Stage) -> None:
    dialog = dialog_of(stage, replace(VIEW, max_debit=Decimal("2.60"), own=True))
    assert stage.window.ticket.bounds.text() == "Bounds: own…"
    dialog.reset.click()
    dialog.confirm.click()
    stage.settle()
    assert [call[1] for call in stage.station.named("set_bounds")] == [Bounds()]


@pytest.mark.parametrize(
    ("field", "typed", "told"),
    [
        ("debit", "2.80", "up to 2.73"),
        ("debit", "cheap", "is no debit"),
        ("debit", "NaN", "up to 2.73"),
        ("drift", "0.6", "up to 0.5 ATR"),
        ("drift", "nan", "up to 0.5 ATR"),
        ("until", "16:00", "up to 15:55"),
        ("until", "soon", "is no time"),
    ],
)
def test_a_looser_bound_is_refused_while_typing(
    stage: Stage, field: str, typed: str, told: str
) -> None:
    dialog = dialog_of(stage)
    getattr(dialog, field).setText(typed)
    assert told in dialog.wrong.text()
    assert not dialog.confirm.isEnabled()
    dialog.reject()


def test_enter_in_a_field_confirms_nothing(stage: Stage) -> None:
    dialog = dialog_of(stage)
    dialog.debit.setText("2.60")
    QTest.keyClick(dialog.debit, Qt.Key.Key_Return)
    stage.settle()
    assert stage.station.named("set_bounds") == []
    dialog.reject()


def test_an_approved_ticket_offers_no_bounds(stage: Stage) -> None:
    ticket = stage.station.current.ticket
    assert ticket is not None
    stage.show(ticket=replace(ticket, bounds=VIEW, can_withdraw=True))
    assert stage.window.ticket.bounds.isHidden()
    stage.window.ticket.ask_bounds()
    assert stage.window.ticket.editing is None


def test_a_waiting_order_says_its_bounds(stage: Stage) -> None:
    told = "at most 2.60, SBUX 57.10 – 57.90, until 15:30 17 Nov"
    stage.show(orders=(order(bounds=told, forecast="1st: will go"),))
    stage.window.commands.actions["go_orders"].trigger()
    stage.window.book.orders_table.select_key("i-sbux")
    stage.show()
    assert stage.window.book.info.text() == f"1st: will go; {told}"
