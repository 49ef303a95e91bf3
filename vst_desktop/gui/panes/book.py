"""The book: positions, orders and the account behind tabs."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QToolButton, QVBoxLayout, QWidget

from vst_desktop.domain.orders import OrderState
from vst_desktop.gui import format as fmt
from vst_desktop.gui.dialogs.close import CloseDialog
from vst_desktop.gui.models.book_rows import ORDERS, POSITIONS
from vst_desktop.gui.models.table import RowModel
from vst_desktop.gui.panes.journal import JournalTab
from vst_desktop.gui.theme import Theme, font
from vst_desktop.gui.tokens import CAPTION_PX
from vst_desktop.gui.widgets.figures import FigureGrid
from vst_desktop.gui.widgets.pane import Pane
from vst_desktop.gui.widgets.table import Table
from vst_desktop.station.book_view import OrderRow, PositionRow
from vst_desktop.station.view import Figure, StationView

POSITIONS_TAB, ORDERS_TAB, ACCOUNT_TAB, JOURNAL_TAB = 0, 1, 2, 3


class BookPane(Pane):
    """What is owned and what is on its way. Intents go out as signals with their ids."""

    chosen = Signal(str)
    close_wanted = Signal(str, object)
    """The position, and the pace or None."""
    withdraw_wanted = Signal(str)
    release_wanted = Signal(str)
    answer_wanted = Signal(str, str)
    thaw_wanted = Signal(str)
    repairs_wanted = Signal(object)
    """The row of a frozen position whose ways out are to be shown."""
    cancel_wanted = Signal(str)
    """The reference of an order that the journal does not know."""
    exits_wanted = Signal(object)
    """The position's row whose exits are to be edited."""
    story_wanted = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "Positions and orders")
        self.positions: RowModel[PositionRow] = RowModel(POSITIONS, lambda r: r.position_id)
        self.orders: RowModel[OrderRow] = RowModel(ORDERS, lambda r: r.intent_id)
        self.positions_table = Table(theme, self.positions, lambda r: r.position_id, "Positions")
        self.orders_table = Table(theme, self.orders, lambda r: r.intent_id, "Orders")
        self.positions_table.set_note(
            "No positions. Approve a candidate (Ctrl+Enter) and its fill will stand here."
        )
        self.orders_table.set_note("No orders. An approved candidate (Ctrl+Enter) waits here.")
        self.own_table(self.positions_table)
        self.own_table(self.orders_table)
        self.add_tab("Positions", self.positions_table)
        self.add_tab("Orders", self.orders_table)
        self._account = FigureGrid(2)
        self._account.setAccessibleName("Account")
        page = QWidget()
        inner = QVBoxLayout(page)
        inner.setContentsMargins(12, 8, 12, 8)
        inner.addWidget(self._account)
        inner.addStretch(1)
        self.add_tab("Account", page)
        self.journal = JournalTab(self, theme)
        self.own_table(self.journal.table)
        self.add_tab("Journal", self.journal.table)
        for part in (self.journal.text, self.journal.kinds):
            self.header.addWidget(part)
        self.journal.told.connect(self._refresh)
        self._figures: tuple[Figure, ...] = ()
        self._close = self._button("Close…", "Close the selected position (Ctrl+Shift+X)")
        self._exits = self._button("Exits…", "Change stop, target or day (Ctrl+Shift+E)")
        self._withdraw = self._button("Withdraw", "Take back the selected order (Ctrl+Backspace)")
        self._release = self._button("Release", "Let the held order wait again (Ctrl+R)")
        self._answer = self._button("Answer…", "Say what TWS shows of it (Ctrl+Shift+A)")
        self._repairs = self._button("Repairs…", "The ways out, priced now (Ctrl+Shift+P)")
        self._thaw = self._button("Let exits go…", "You have looked at it (Ctrl+Shift+G)")
        self._cancel = self._button("Cancel it…", "The journal does not know it (Ctrl+Shift+C)")
        self._close.clicked.connect(self.ask_close)
        self._exits.clicked.connect(self.ask_exits)
        self._answer.clicked.connect(self.ask_answer)
        self._repairs.clicked.connect(self.ask_repairs)
        self._cancel.clicked.connect(self.ask_cancel)
        self._thaw.clicked.connect(self.ask_thaw)
        self._withdraw.clicked.connect(self.ask_withdraw)
        self._release.clicked.connect(self.ask_release)
        self.positions_table.chosen.connect(self._position_chosen)
        self.orders_table.chosen.connect(self._order_chosen)
        self.orders_table.opened.connect(self.story_wanted)
        self.tab_changed.connect(self._tab_shown)
        self._state = ("", "text2")
        self._closing: CloseDialog | None = None
        self._refresh()

    def show_view(self, view: StationView) -> None:
        """Show the positions and orders of this view."""
        self.set_mode(str(view.strip.mode))
        self.positions.set_rows(view.positions)
        self.orders.set_rows(view.orders)
        if self._closing is not None:
            self._closing.follow(view.positions)
        if view.account != self._figures:
            self._figures = view.account
            self._account.set_figures(view.account)
        self._state = protection_state(view)
        self._refresh()
        if self.tab == JOURNAL_TAB:
            self.journal.look()

    def ask_story(self) -> None:
        """Tell the story of what is selected: a position, an order or an event."""
        if self.tab == JOURNAL_TAB:
            self.journal.ask_story()
            return
        held, order = self.positions_table.current_row(), self.orders_table.current_row()
        if self.tab == POSITIONS_TAB and held is not None:
            self.story_wanted.emit(held.position_id)
        elif self.tab == ORDERS_TAB and order is not None:
            self.story_wanted.emit(order.intent_id)

    def ask_close(self) -> None:
        """Ask how the selected position is to be closed."""
        row = self.positions_table.current_row()
        if row is None or _frozen(row):
            return
        if row.detail is not None and row.detail.close_ways:
            if self._closing is not None:
                self._closing.deleteLater()
            self._closing = CloseDialog(self, row, self.positions_table.mode)
            self._closing.confirmed.connect(
                lambda pace: self.close_wanted.emit(row.position_id, pace)
            )
            self._closing.open()
            return
        at = "" if row.close_at is None else f" for about {fmt.number(row.close_at)}"
        self.banner.ask(
            f"Close {row.quantity} × {row.symbol} "
            f"{fmt.strikes(row.long_strike, row.short_strike, row.right)} now{at}?",
            "Close now",
            lambda _typed: self.close_wanted.emit(row.position_id, None),
        )

    def ask_exits(self) -> None:
        """Edit the exits of the selected position."""
        row = self.positions_table.current_row()
        if row is None or _frozen(row):
            self.banner.tell("Select a position whose exits run first.", "info")
            return
        self.exits_wanted.emit(row)

    def ask_answer(self) -> None:
        """Ask what TWS shows of the selected UNKNOWN order."""
        row = self.orders_table.current_row()
        if row is None or row.state is not OrderState.UNKNOWN:
            self.banner.tell("Select an UNKNOWN order first.", "info")
            return
        self.banner.ask(
            f"{row.symbol} {row.label} is UNKNOWN. What does TWS show: ABSENT, or how many filled "
            "at which price (2 @ 2.66)?",
            "Answer",
            lambda typed: self.answer_wanted.emit(row.intent_id, typed),
            placeholder="ABSENT or 2 @ 2.66",
        )

    def ask_repairs(self) -> None:
        """Show the ways out of the selected frozen position."""
        row = self.positions_table.current_row()
        if row is None or not _frozen(row):
            self.banner.tell("Select a frozen position first.", "info")
            return
        self.repairs_wanted.emit(row)

    def ask_cancel(self) -> None:
        """Ask whether the selected order, which the journal does not know, is to be cancelled."""
        row = self.orders_table.current_row()
        if row is None or not row.can_cancel:
            self.banner.tell("Select an ORPHAN order first.", "info")
            return
        self.banner.ask(
            f"{row.symbol}: {row.side} {row.quantity} carries this station's mark (permId "
            f"{row.perm_id}) and is not in the journal. Cancel it at the broker?",
            "Cancel the order",
            lambda _typed: self.cancel_wanted.emit(row.order_ref),
        )

    def ask_thaw(self) -> None:
        """Ask whether the exits of the selected frozen position are to run again."""
        row = self.positions_table.current_row()
        if row is None or not _frozen(row):
            self.banner.tell("Select a frozen position first.", "info")
            return
        self.banner.ask(
            f"{row.symbol}: {_frozen(row)}. Have you looked at it in TWS? Its exits go again, by "
            "the restated plan where a split restated it.",
            "Let exits go",
            lambda _typed: self.thaw_wanted.emit(row.position_id),
        )

    def ask_withdraw(self) -> None:
        """Withdraw the selected waiting order."""
        row = self.orders_table.current_row()
        if row is not None and row.can_withdraw:
            self.withdraw_wanted.emit(row.intent_id)

    def ask_release(self) -> None:
        """Release the selected held order."""
        row = self.orders_table.current_row()
        if row is not None and row.can_release:
            self.release_wanted.emit(row.intent_id)

    def _button(self, text: str, tip: str) -> QToolButton:
        button = QToolButton()
        button.setText(text)
        button.setToolTip(tip)
        button.setAccessibleName(text)
        button.setFont(font(CAPTION_PX, 600))
        button.hide()
        self.header.addWidget(button)
        return button

    def _position_chosen(self, position_id: str) -> None:
        self._refresh()
        row = self.positions_table.current_row()
        if row is not None:
            self.chosen.emit(row.symbol)

    def _order_chosen(self, intent_id: str) -> None:
        self._refresh()
        row = self.orders_table.current_row()
        if row is not None:
            self.chosen.emit(row.symbol)

    def _tab_shown(self, _number: int) -> None:
        self._refresh()
        if self.tab == JOURNAL_TAB:
            self.journal.look()

    def _refresh(self) -> None:
        position = self.positions_table.current_row() if self.tab == POSITIONS_TAB else None
        order = self.orders_table.current_row() if self.tab == ORDERS_TAB else None
        frozen = "" if position is None else _frozen(position)
        for button in (self._close, self._exits):
            button.setVisible(position is not None and not frozen)
        self._thaw.setVisible(bool(frozen))
        self._repairs.setVisible(bool(frozen))
        self._cancel.setVisible(order is not None and order.can_cancel)
        self._answer.setVisible(order is not None and order.state is OrderState.UNKNOWN)
        self._withdraw.setVisible(order is not None and order.can_withdraw)
        self._release.setVisible(order is not None and order.can_release)
        for part in (self.journal.text, self.journal.kinds):
            part.setVisible(self.tab == JOURNAL_TAB)
        if frozen:
            self.set_info(frozen, "loss")
        elif self.tab == POSITIONS_TAB:
            self.set_info(*self._state)
        elif self.tab == ACCOUNT_TAB:
            self.set_info("by the broker and the limits of the settings", "text2")
        elif self.tab == JOURNAL_TAB:
            self.set_info(self.journal.says, "text2")
        elif order is not None and order.reason:
            self.set_info(order.reason, "text2")
        elif order is not None and (order.forecast or order.rehearsed or order.bounds):
            told = (order.forecast, order.rehearsed, order.bounds)
            self.set_info("; ".join(filter(None, told)), "text2")
        else:
            count = self.orders.rowCount()
            self.set_info(f"{count} order{'' if count == 1 else 's'}" if count else "", "text2")


def _frozen(row: PositionRow) -> str:
    return "" if row.detail is None else row.detail.frozen


def protection_state(view: StationView) -> tuple[str, str]:
    """What the header says about exits, and its tone."""
    count = len(view.positions)
    if count == 0:
        return "", "text2"
    unprotected = view.strip.unprotected
    if unprotected:
        return f"● {unprotected} of {count} unprotected: exits cannot run now", "loss"
    return f"● {count} of {count} protected by this station", "gain"
