"""What the trader wants of positions and orders becomes a command of the station."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from vst_desktop.domain.errors import UserError
from vst_desktop.domain.exit_edits import ExitEdit
from vst_desktop.domain.orders import ClosePace
from vst_desktop.gui.answers import answer
from vst_desktop.gui.dialogs.exits import ExitsDialog
from vst_desktop.gui.dialogs.repairs import RepairsDialog
from vst_desktop.station.api import StationApi
from vst_desktop.station.book_view import PositionRow

if TYPE_CHECKING:
    from vst_desktop.gui.mainwindow import MainWindow

PANE = "book"


class BookCommands(QObject):
    """Joins the pane of positions and orders with the bridge."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._bridge = window.bridge
        self.editing: ExitsDialog | None = None
        book = window.book
        book.close_wanted.connect(self.close_position)
        book.exits_wanted.connect(self.ask_exits)
        book.repairs_wanted.connect(self.ask_repairs)
        book.cancel_wanted.connect(self.cancel_orphan)
        book.withdraw_wanted.connect(self.withdraw)
        book.release_wanted.connect(self.release)
        book.answer_wanted.connect(self.answer)
        book.thaw_wanted.connect(self.thaw)

    def close_position(self, position_id: str, pace: ClosePace | None) -> None:
        """Close a position by hand."""
        name = f"close {position_id}"
        self._bridge.do(PANE, name, lambda s: s.close_position(position_id, pace))

    def ask_exits(self, row: PositionRow) -> None:
        """Open the dialog of a position's exits."""
        if self.editing is not None:
            self.editing.deleteLater()
        dialog = self.editing = ExitsDialog(self._window.book, row)
        dialog.asked.connect(lambda edit: self._preview(dialog, row.position_id, edit))
        dialog.confirmed.connect(lambda edit: self.edit_exits(row.position_id, edit))
        dialog.open()
        dialog.look()

    def _preview(self, dialog: ExitsDialog, position_id: str, edit: ExitEdit) -> None:
        async def seen(station: StationApi) -> None:
            try:
                preview = await station.trading.preview_exits(position_id, edit)
            except UserError as error:
                if dialog is self.editing:
                    dialog.refused(edit, str(error))
            else:
                if dialog is self.editing:
                    dialog.told(edit, preview)

        self._bridge.do(PANE, f"preview of {position_id}", seen, quiet=True)

    def edit_exits(self, position_id: str, edit: ExitEdit) -> None:
        """Put other exits of a position in force."""
        name = f"exits of {position_id}"
        self._bridge.do(PANE, name, lambda s: s.trading.edit_exits(position_id, edit))

    def ask_repairs(self, row: PositionRow) -> None:
        """Price the ways out of a frozen position now, and show them side by side."""

        async def shown(station: StationApi) -> None:
            ways = await station.trading.repairs(row.position_id)
            dialog = RepairsDialog(self._window.book, row, ways)
            dialog.thaw_wanted.connect(lambda: self.thaw(row.position_id))
            dialog.open()

        self._bridge.do(PANE, f"repairs of {row.position_id}", shown)

    def cancel_orphan(self, order_ref: str) -> None:
        """Cancel an order that the journal does not know."""
        name = f"cancel {order_ref}"
        self._bridge.do(PANE, name, lambda s: s.trading.cancel_orphan(order_ref))

    def withdraw(self, intent_id: str) -> None:
        """Take back a waiting approval."""
        self._bridge.do(PANE, f"withdraw {intent_id}", lambda s: s.withdraw(intent_id))

    def release(self, intent_id: str) -> None:
        """Release a held approval."""
        self._bridge.do(PANE, f"release {intent_id}", lambda s: s.release(intent_id))

    def answer(self, intent_id: str, typed: str) -> None:
        """Answer an UNKNOWN order by what the trader typed."""
        self._bridge.do(PANE, f"answer {intent_id}", lambda s: answer(s.trading, intent_id, typed))

    def thaw(self, position_id: str) -> None:
        """Let the exits of a frozen position run again."""
        self._bridge.do(PANE, f"thaw {position_id}", lambda s: s.trading.thaw(position_id))
