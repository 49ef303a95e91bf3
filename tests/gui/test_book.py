"""What the trader does in positions and orders."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton

from tests.gui.conftest import Stage
from tests.helpers.sample_book import order, positions
from vst_desktop.domain.orders import ClosePace, OrderState
from vst_desktop.gui import format as fmt
from vst_desktop.gui.dialogs.close import CloseDialog
from vst_desktop.gui.dialogs.repairs import RepairsDialog
from vst_desktop.gui.models.book_rows import ORDERS
from vst_desktop.gui.panes.book import ORDERS_TAB, BookPane
from vst_desktop.station.book_view import Chip, OrderRow, PositionRow
from vst_desktop.station.desk_view import CloseWay, PositionDetail, RepairView

WHY = "BROKEN: long leg 9, short leg 7; either sell 2 35 C: -148 USD, or sell 2 37 C: +40 USD"


def detail(**changes: object) -> PositionDetail:
    """Figures of a position, most of them not known."""
    made = PositionDetail(
        strategy="HIGH_BASE",
        opened=date(2017, 11, 13),
        days_held=4,
        mark=Decimal("0.93"),
        quoted_secs=1,
        of_max_pct=0.13,
        r_multiple=0.23,
        remaining_reward_risk=1.2,
        delta_usd=None,
        theta_usd=None,
        vega_usd=None,
        greeks_computed=False,
        stop_away_atr=None,
        stop_away_pct=None,
        target_away_atr=None,
        target_away_pct=None,
        next_event="",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def held(**changes: object) -> PositionRow:
    """The sample's first position with figures."""
    return replace(positions()[0], detail=detail(**changes))


def buttons(book: BookPane) -> set[str]:
    """The actions that the pane offers now."""
    every = (book._close, book._withdraw, book._release, book._answer, book._thaw)
    return {button.text() for button in every if not button.isHidden()}


def cell_of(row: OrderRow, title: str) -> str:
    return next(column for column in ORDERS if column.title == title).cell(row).text


NOW = CloseWay(pace=ClosePace.NOW, sends="a market order", prices=(Decimal("0.91"),))
LADDER = CloseWay(
    pace=ClosePace.LADDER,
    sends="a limit order that goes down to what is paid in 2 steps of 20 s",
    prices=(Decimal("0.95"), Decimal("0.93"), Decimal("0.91")),
)


def close_dialog(stage: Stage, *ways: CloseWay) -> CloseDialog:
    stage.show(positions=(held(close_ways=ways),))
    stage.window.book.positions_table.select_key("p-pfe")
    stage.window.book.ask_close()
    dialog = stage.window.book._closing
    assert dialog is not None and dialog.isVisible()
    return dialog


def test_the_confirmation_of_a_close_names_what_each_way_sends(stage: Stage) -> None:
    dialog = close_dialog(stage, NOW, LADDER)
    assert dialog.texts[ClosePace.NOW].text() == "A market order: about 0.91, that is +$153."
    assert dialog.texts[ClosePace.LADDER].text() == (
        "A limit order that goes down to what is paid in 2 steps of 20 s: "
        "about 0.95 → 0.93 → 0.91, that is +$153 to +$189."
    )
    assert dialog.confirm.text() == "Close 9 now · DEMO"
    dialog.reject()


@pytest.mark.parametrize("pace", list(ClosePace))
def test_the_chosen_way_is_what_is_sent(stage: Stage, pace: ClosePace) -> None:
    dialog = close_dialog(stage, NOW, LADDER)
    dialog.choices[pace].setChecked(True)
    dialog.confirm.click()
    stage.settle()
    assert stage.station.named("close_position") == [("p-pfe", pace)]
    assert not dialog.isVisible()


def test_two_clicks_are_one_close(stage: Stage) -> None:
    dialog = close_dialog(stage, NOW, LADDER)
    dialog.confirm.click()
    dialog.confirm.click()
    stage.settle()
    assert len(stage.station.named("close_position")) == 1


def test_a_close_is_chosen_and_sent_by_keys_alone(stage: Stage) -> None:
    dialog = close_dialog(stage, NOW, LADDER)
    QTest.keyClick(dialog.choices[ClosePace.LADDER], Qt.Key.Key_Space)
    assert dialog.pace is ClosePace.LADDER
    QTest.keyClick(dialog.confirm, Qt.Key.Key_Space)
    stage.settle()
    assert stage.station.named("close_position") == [("p-pfe", ClosePace.LADDER)]


def test_the_modes_own_way_is_chosen_at_first(stage: Stage) -> None:
    dialog = close_dialog(stage, LADDER, NOW)
    assert dialog.pace is ClosePace.LADDER
    dialog.reject()


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape])
def test_neither_enter_nor_escape_closes_a_position(stage: Stage, key: Qt.Key) -> None:
    dialog = close_dialog(stage, NOW, LADDER)
    QTest.keyClick(dialog, key)
    stage.settle()
    assert stage.station.named("close_position") == []


def test_the_confirmation_follows_the_market(stage: Stage) -> None:
    dialog = close_dialog(stage, NOW, LADDER)
    cheaper = replace(NOW, prices=(Decimal("0.80"),))
    stage.show(positions=(held(close_ways=(cheaper, LADDER)),))
    assert "about 0.80" in dialog.texts[ClosePace.NOW].text()
    dialog.reject()


def test_a_position_that_changed_meanwhile_is_asked_for_anew(stage: Stage) -> None:
    dialog = close_dialog(stage, NOW, LADDER)
    stage.show(positions=(replace(held(close_ways=(NOW, LADDER)), quantity=4),))
    assert not dialog.isVisible()
    dialog.confirm.click()
    stage.settle()
    assert stage.station.named("close_position") == []


def test_a_frozen_position_says_why_and_offers_to_let_its_exits_go(stage: Stage) -> None:
    book = stage.window.book
    stage.show(positions=(held(frozen=WHY),))
    book.positions_table.select_key("p-pfe")
    stage.show()
    assert buttons(book) == {"Let exits go…"}
    assert book.info.text() == WHY
    book._thaw.click()
    assert WHY in book.banner.text
    assert stage.station.calls == []
    book.banner.answer()
    stage.settle()
    assert stage.station.named("thaw") == [("p-pfe",)]


def test_a_position_whose_exits_run_cannot_be_thawed(stage: Stage) -> None:
    stage.window.book.positions_table.select_key("p-pfe")
    stage.window.commands.actions["thaw"].trigger()
    assert stage.window.book.banner.text == "Select a frozen position first."
    stage.window.book.banner.answer()
    stage.settle()
    assert stage.station.named("thaw") == []


@pytest.mark.parametrize(
    ("typed", "command", "arguments"),
    [
        ("ABSENT", "disown", ("i-unknown",)),
        ("2 @ 2.66", "adopt", ("i-unknown", 2, Decimal("2.66"))),
    ],
)
def test_an_unknown_order_is_answered_in_its_pane(
    stage: Stage, typed: str, command: str, arguments: tuple[object, ...]
) -> None:
    book = stage.window.book
    unknown = order(
        intent_id="i-unknown",
        state=OrderState.UNKNOWN,
        chip=Chip(text="UNKNOWN", tone="loss"),
        can_withdraw=False,
    )
    stage.show(orders=(unknown,))
    book.show_tab(ORDERS_TAB)
    book.orders_table.select_key("i-unknown")
    stage.show()
    assert buttons(book) == {"Answer…"}
    book._answer.click()
    book.banner.answer(typed)
    stage.settle()
    assert stage.station.named(command) == [arguments]


def test_the_forecast_and_the_rehearsal_of_a_waiting_order_are_shown(stage: Stage) -> None:
    book = stage.window.book
    waiting = order(forecast="4th: trades of the session are taken", rehearsed="margin $1,672")
    stage.show(orders=(waiting,))
    book.show_tab(ORDERS_TAB)
    book.orders_table.select_key("i-sbux")
    stage.show()
    assert book.info.text() == "4th: trades of the session are taken; margin $1,672"
    assert cell_of(waiting, "Forecast") == "4th: trades of the session are taken"
    assert cell_of(waiting, "Rehearsal") == "margin $1,672"
    assert cell_of(order(), "Forecast") == fmt.NONE


def test_an_orphan_is_cancelled_after_a_question_that_names_it(stage: Stage) -> None:
    found = order(
        intent_id="VST-9",
        order_ref="VST-9",
        symbol="MSFT",
        state=OrderState.ORPHAN,
        chip=Chip(text="ORPHAN", tone="loss"),
        max_debit=None,
        perm_id=990077,
        can_withdraw=False,
        can_cancel=True,
        reason="not in the journal: cancel it here, or look at it in TWS",
    )
    stage.show(orders=(found,))
    book = stage.window.book
    book.show_tab(ORDERS_TAB)
    book.orders_table.select_key("VST-9")
    stage.show()
    assert book.info.text() == found.reason
    assert cell_of(found, "Limit") == fmt.NONE
    book._cancel.click()
    assert "permId 990077" in book.banner.text
    assert stage.station.named("cancel_orphan") == []
    book.banner.answer()
    stage.settle()
    assert stage.station.named("cancel_orphan") == [("VST-9",)]


def test_an_order_of_ours_is_not_cancelled_as_an_orphan(stage: Stage) -> None:
    book = stage.window.book
    book.show_tab(ORDERS_TAB)
    book.orders_table.select_key("i-sbux")
    stage.window.commands.actions["cancel_orphan"].trigger()
    assert "Select an ORPHAN order" in book.banner.text


WAYS = (
    RepairView(action="sell 2 35 C", pnl_usd=Decimal("-148")),
    RepairView(action="sell 2 37 C again, which restores the spread", pnl_usd=None),
)


def repairs_dialog(stage: Stage, *ways: RepairView) -> RepairsDialog:
    stage.station.trading.ways = ways
    stage.show(positions=(held(frozen=WHY),))
    stage.window.book.positions_table.select_key("p-pfe")
    stage.window.commands.actions["repairs"].trigger()
    stage.settle()
    (dialog,) = stage.window.findChildren(RepairsDialog)
    return dialog


def test_repairs_stand_side_by_side_and_send_nothing(stage: Stage) -> None:
    dialog = repairs_dialog(stage, *WAYS)
    told = {label.text() for label in dialog.findChildren(QLabel)}
    assert {WHY, "Sell 2 35 C", "−$148", "no quote to tell its result"} <= told
    assert "sends no order of one leg" in dialog.note.text()
    copy = next(b for b in dialog.findChildren(QPushButton) if b.text() == "Copy")
    copy.click()
    assert QGuiApplication.clipboard().text() == "PFE 15 Dec 2017: sell 2 35 C"
    assert [call[0] for call in stage.station.calls] == ["repairs"]
    dialog.reject()


def test_what_was_done_in_tws_lets_the_exits_go(stage: Stage) -> None:
    dialog = repairs_dialog(stage, *WAYS)
    dialog.thaw.click()
    stage.settle()
    assert stage.station.named("thaw") == [("p-pfe",)]


def test_legs_that_match_are_told(stage: Stage) -> None:
    dialog = repairs_dialog(stage)
    assert "Its legs match" in dialog.note.text()
    dialog.reject()
