"""What the trader does in positions and orders."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from tests.gui.conftest import Stage
from tests.helpers.sample_book import order, positions
from vst_desktop.domain.orders import OrderState
from vst_desktop.gui import format as fmt
from vst_desktop.gui.models.book_rows import ORDERS
from vst_desktop.gui.panes.book import ORDERS_TAB, BookPane
from vst_desktop.station.desk_view import PositionDetail
from vst_desktop.station.view import Chip, OrderRow, PositionRow

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


def test_the_confirmation_of_a_close_names_what_is_sent(stage: Stage) -> None:
    ladder = "a limit order from about 0.94 down to 0.91 in 4 steps of 20 s"
    stage.show(positions=(held(close_by=ladder),))
    stage.window.book.positions_table.select_key("p-pfe")
    stage.window.book.ask_close()
    assert stage.window.book.banner.text == (
        f"Close 9 × PFE 35 / 37 C now for about 0.91? This sends {ladder}."
    )


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
