"""What is said before the window is left, and that it opens once a profile."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtWidgets import QApplication, QMessageBox
from pytestqt.qtbot import QtBot

from tests.gui.conftest import Stage
from tests.helpers.sample_view import sample_view
from vst_desktop.domain.orders import Mode, OrderState
from vst_desktop.gui.frame.leaving import what_stays
from vst_desktop.gui.frame.single import SingleInstance
from vst_desktop.station.view import StationView

NAME = "vst-desktop-test-of-one-window"


def view_of(*states: OrderState, mode: Mode = Mode.PAPER, held: int = 0) -> StationView:
    view = sample_view()
    order, position = view.orders[0], view.positions[0]
    return replace(
        view,
        strip=replace(view.strip, mode=mode),
        orders=tuple(
            replace(order, symbol=f"S{number}", state=state) for number, state in enumerate(states)
        ),
        positions=tuple(replace(position, symbol=f"P{number}") for number in range(held)),
    )


def test_nothing_is_said_when_nothing_stays() -> None:
    assert what_stays(view_of(OrderState.FILLED, OrderState.CANCELLED)) == ()


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (OrderState.UNKNOWN, "1 order UNKNOWN: S0. Look in TWS."),
        (OrderState.WORKING, "1 order at the broker: S0. They stay there"),
        (OrderState.SENDING, "1 order at the broker: S0."),
        (OrderState.PARTIALLY_FILLED, "1 order at the broker: S0."),
        (OrderState.QUEUED, "1 approval waiting: S0. They are not sent"),
        (OrderState.HELD, "1 approval waiting: S0."),
    ],
)
def test_each_kind_of_order_is_named(state: OrderState, said: str) -> None:
    (sentence,) = what_stays(view_of(state))
    assert sentence.startswith(said)


def test_positions_are_named_where_they_outlive_the_station() -> None:
    (sentence,) = what_stays(view_of(held=6))
    assert sentence.startswith("6 positions held: P0, P1, P2, P3 and 2 more. Stops, targets")
    assert what_stays(view_of(held=6, mode=Mode.DEMO)) == ()


def test_the_most_pressing_comes_first() -> None:
    said = what_stays(view_of(OrderState.QUEUED, OrderState.WORKING, OrderState.UNKNOWN, held=1))
    assert [sentence.split()[1] for sentence in said] == ["order", "order", "position", "approval"]
    assert "UNKNOWN" in said[0]


def test_the_question_names_what_stays_and_staying_is_the_default(stage: Stage) -> None:
    stage.show(orders=view_of(OrderState.WORKING).orders)
    assert not stage.window.close()
    box = stage.window.findChild(QMessageBox)
    assert "1 order at the broker: S0" in box.informativeText()
    assert box.defaultButton().text() == "Stay"
    box.defaultButton().click()
    stage.settle()
    assert stage.window.isVisible()


@pytest.fixture
def first(qapp: QApplication) -> Iterator[SingleInstance]:
    one = SingleInstance(NAME)
    assert one.take()
    yield one
    one.close()


def test_a_second_start_raises_the_first_and_ends(first: SingleInstance, qtbot: QtBot) -> None:
    with qtbot.waitSignal(first.raised):
        assert not SingleInstance(NAME).take()


def test_the_name_is_free_again_after_the_first_has_ended(first: SingleInstance) -> None:
    first.close()
    second = SingleInstance(NAME)
    assert second.take()
    second.close()


def test_another_profile_has_a_window_of_its_own(first: SingleInstance) -> None:
    other = SingleInstance(f"{NAME}-other")
    assert other.take()
    other.close()
