"""One click approves one shown revision, and nothing else does."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.gui.conftest import Stage
from tests.helpers.recording_station import refusal
from tests.helpers.sample_book import orders
from tests.helpers.sample_view import ticket

CTRL = Qt.KeyboardModifier.ControlModifier


def press_approve_key(stage: Stage, qtbot: QtBot, key: Qt.Key = Qt.Key.Key_Return) -> None:
    stage.window.activateWindow()
    qtbot.keyClick(stage.window, key, CTRL)


def test_button_is_dead_for_700_ms_after_the_selection(stage: Stage, qtbot: QtBot) -> None:
    button = stage.window.ticket.approve
    assert not button.isEnabled()
    stage.clock.now += 0.699
    stage.window.ticket.refresh_buttons()
    assert not button.isEnabled()
    press_approve_key(stage, qtbot)
    stage.settle()
    assert stage.station.named("approve") == []
    stage.clock.now += 0.002
    stage.window.ticket.refresh_buttons()
    assert button.isEnabled()


def test_button_is_dead_again_after_the_shown_revision_changed(stage: Stage) -> None:
    stage.wait_out_dead_time()
    stage.show(ticket=ticket(revision=4))
    assert not stage.window.ticket.approve.isEnabled()
    stage.wait_out_dead_time()
    assert stage.window.ticket.approve.isEnabled()


def test_a_new_price_of_the_same_revision_does_not_restart_the_dead_time(stage: Stage) -> None:
    stage.wait_out_dead_time()
    stage.show(ticket=ticket(spot=103.5))
    assert stage.window.ticket.approve.isEnabled()


def test_the_dead_time_ends_by_itself(stage: Stage, qtbot: QtBot) -> None:
    stage.clock.now += 0.701
    qtbot.waitUntil(stage.window.ticket.approve.isEnabled, timeout=2000)


def test_ctrl_enter_approves_the_shown_revision_once_however_often_pressed(
    stage: Stage, qtbot: QtBot
) -> None:
    stage.wait_out_dead_time()
    for _ in range(100):
        press_approve_key(stage, qtbot)
    stage.settle()
    assert stage.station.named("approve") == [("DIS:HIGH_BASE", 3)]


def test_ctrl_enter_of_the_keypad_approves_too(stage: Stage, qtbot: QtBot) -> None:
    stage.wait_out_dead_time()
    press_approve_key(stage, qtbot, Qt.Key.Key_Enter)
    stage.settle()
    assert stage.station.named("approve") == [("DIS:HIGH_BASE", 3)]


def test_a_double_click_approves_once(stage: Stage, qtbot: QtBot) -> None:
    stage.wait_out_dead_time()
    for _ in range(2):
        qtbot.mouseClick(stage.window.ticket.approve, Qt.MouseButton.LeftButton)
    stage.settle()
    assert len(stage.station.named("approve")) == 1


def test_an_approved_revision_stays_shut_while_the_selection_goes_away_and_back(
    stage: Stage, qtbot: QtBot
) -> None:
    stage.wait_out_dead_time()
    press_approve_key(stage, qtbot)
    stage.show(ticket=ticket(candidate_id="WMT:HIGH_BASE"))
    stage.wait_out_dead_time()
    stage.show(ticket=ticket())
    stage.wait_out_dead_time()
    press_approve_key(stage, qtbot)
    stage.settle()
    assert stage.station.named("approve") == [("DIS:HIGH_BASE", 3)]


def test_plain_enter_never_trades(stage: Stage, qtbot: QtBot) -> None:
    stage.wait_out_dead_time()
    window = stage.window
    for widget in (
        window.candidates.table,
        window.scanner.table,
        window.ticket.approve,
        window.ticket.reject,
        window,
    ):
        widget.setFocus()
        for key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            qtbot.keyClick(widget, key)
    stage.settle()
    assert stage.station.calls == []


def test_a_refused_approval_is_told_in_the_pane_and_may_be_tried_again(
    stage: Stage, qtbot: QtBot
) -> None:
    stage.wait_out_dead_time()
    stage.station.refuse = refusal("the debit moved beyond the bound")
    press_approve_key(stage, qtbot)
    stage.settle()
    banner = stage.window.ticket.banner
    assert not banner.isHidden()
    assert banner.text == "the debit moved beyond the bound; look again"
    assert not stage.window.ticket.approve.isEnabled()
    stage.wait_out_dead_time()
    press_approve_key(stage, qtbot)
    stage.settle()
    assert len(stage.station.named("approve")) == 2
    assert banner.isHidden()


def test_a_blocked_ticket_cannot_be_approved_and_says_why(stage: Stage, qtbot: QtBot) -> None:
    stage.show(ticket=ticket(can_approve=False, blocked_reason="Earnings on 6 Dec, before exit"))
    stage.wait_out_dead_time()
    press_approve_key(stage, qtbot)
    stage.settle()
    assert stage.station.named("approve") == []
    assert not stage.window.ticket.approve.isEnabled()
    assert stage.window.ticket.blocked_text == "Earnings on 6 Dec, before exit"


def test_an_approved_ticket_offers_withdraw(stage: Stage, qtbot: QtBot) -> None:
    stage.show(ticket=ticket(can_approve=False, can_withdraw=True))
    assert stage.window.ticket.approve.text() == "Withdraw"
    stage.wait_out_dead_time()
    qtbot.mouseClick(stage.window.ticket.approve, Qt.MouseButton.LeftButton)
    stage.settle()
    assert stage.station.named("withdraw_candidate") == [("DIS:HIGH_BASE",)]
    assert stage.station.named("approve") == []


def test_a_second_click_after_approving_does_not_withdraw_at_once(
    stage: Stage, qtbot: QtBot
) -> None:
    stage.wait_out_dead_time()
    qtbot.mouseClick(stage.window.ticket.approve, Qt.MouseButton.LeftButton)
    stage.show(ticket=ticket(can_approve=False, can_withdraw=True))
    qtbot.mouseClick(stage.window.ticket.approve, Qt.MouseButton.LeftButton)
    stage.settle()
    assert stage.station.named("withdraw_candidate") == []
    stage.wait_out_dead_time()
    qtbot.mouseClick(stage.window.ticket.approve, Qt.MouseButton.LeftButton)
    stage.settle()
    assert stage.station.named("withdraw_candidate") == [("DIS:HIGH_BASE",)]


def test_del_rejects_the_shown_candidate(stage: Stage, qtbot: QtBot) -> None:
    stage.window.candidates.table.setFocus()
    qtbot.keyClick(stage.window, Qt.Key.Key_Delete)
    stage.settle()
    assert stage.station.named("reject") == [("DIS:HIGH_BASE",)]


def test_del_in_the_orders_rejects_nothing(stage: Stage, qtbot: QtBot) -> None:
    stage.window.activateWindow()
    stage.window.commands.actions["go_orders"].trigger()
    QApplication.processEvents()
    assert QApplication.focusWidget() is stage.window.book.orders_table
    qtbot.keyClick(stage.window.book.orders_table, Qt.Key.Key_Delete)
    stage.settle()
    assert stage.station.named("reject") == []


def test_a_waiting_order_is_withdrawn_from_the_orders_tab(stage: Stage, qtbot: QtBot) -> None:
    stage.window.commands.actions["go_orders"].trigger()
    stage.window.book.orders_table.select_key("i-sbux")
    stage.window.commands.actions["withdraw"].trigger()
    stage.settle()
    assert stage.station.named("withdraw") == [("i-sbux",)]


def test_a_held_order_is_released(stage: Stage) -> None:
    held = replace(orders()[0], can_release=True)
    stage.show(orders=(held,))
    stage.window.commands.actions["go_orders"].trigger()
    stage.window.commands.actions["release"].trigger()
    stage.settle()
    assert stage.station.named("release") == [("i-sbux",)]


def test_an_alternative_is_chosen_by_its_key(stage: Stage, qtbot: QtBot) -> None:
    stage.window.activateWindow()
    qtbot.keyClick(stage.window, Qt.Key.Key_2, CTRL)
    stage.settle()
    assert stage.station.named("choose_alternative") == [("DIS:HIGH_BASE", 1)]
