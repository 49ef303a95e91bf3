"""The ways out of a broken or assigned spread, side by side; the trader takes one in TWS."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont, QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from vst_desktop.gui import format as fmt
from vst_desktop.gui.theme import font, set_tone
from vst_desktop.gui.tokens import BODY_PX, HEADLINE_PX
from vst_desktop.station.book_view import PositionRow
from vst_desktop.station.desk_view import RepairView

SENDS_NONE = (
    "The station sends no order of one leg: do one of them in TWS, then let the exits go. They are "
    "frozen again when the legs still differ."
)


class RepairsDialog(QDialog):
    """``thaw_wanted``: the trader has done it, the exits are to run again."""

    thaw_wanted = Signal()

    def __init__(self, parent: QWidget, row: PositionRow, ways: Sequence[RepairView]) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(f"Repairs of {row.symbol}")
        self.setMinimumWidth(620)
        strikes = fmt.strikes(row.long_strike, row.short_strike, row.right)
        what = QLabel(f"{row.symbol} {strikes}, {fmt.day(row.expiration)}: exits are frozen")
        what.setFont(font(HEADLINE_PX, 600))
        self.why = _text(row.detail.frozen if row.detail is not None else "", "text2")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 16, 20, 16)
        layout.setSpacing(10)
        layout.addWidget(what)
        layout.addWidget(self.why)
        side_by_side = QHBoxLayout()
        side_by_side.setSpacing(10)
        for way in ways:
            side_by_side.addWidget(self._way(row, way), 1)
        layout.addLayout(side_by_side)
        self.note = _text(
            SENDS_NONE if ways else "Its legs match at the broker now: nothing is to be repaired.",
            "warn" if ways else "text",
        )
        layout.addWidget(self.note)
        layout.addLayout(self._buttons())

    def _way(self, row: PositionRow, way: RepairView) -> QFrame:
        card = QFrame()
        card.setObjectName("pane")
        inner = QVBoxLayout(card)
        inner.setContentsMargins(12, 10, 12, 10)
        inner.addWidget(_text(way.action[:1].upper() + way.action[1:], "text"))
        known = way.pnl_usd is not None
        result = _text(
            fmt.usd(way.pnl_usd, signed=True) if known else "no quote to tell its result",
            fmt.tone_of(way.pnl_usd) if known else "text2",
            font(HEADLINE_PX, 600) if known else font(BODY_PX),
        )
        inner.addWidget(result)
        inner.addStretch(1)
        copy = QPushButton("Copy")
        order = f"{row.symbol} {fmt.day_year(row.expiration)}: {way.action}"
        copy.setToolTip(f"Copy for TWS: {order}")
        copy.setAccessibleName(f"Copy: {way.action}")
        copy.setAutoDefault(False)
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(order))
        inner.addWidget(copy, 0, Qt.AlignmentFlag.AlignLeft)
        return card

    def _buttons(self) -> QHBoxLayout:
        close, self.thaw = QPushButton("Leave it frozen"), QPushButton("Done in TWS: let exits go")
        close.setToolTip("Nothing changes (Escape)")
        self.thaw.setToolTip("The exits run again; they freeze again when the legs still differ")
        row = QHBoxLayout()
        for button in (close, self.thaw):
            button.setAccessibleName(button.text())
            button.setAutoDefault(False)
            row.addWidget(button)
        row.insertStretch(1, 1)
        close.clicked.connect(self.reject)
        self.thaw.clicked.connect(self._thaw)
        return row

    def _thaw(self) -> None:
        if self.isVisible():
            self.accept()
            self.thaw_wanted.emit()


def _text(text: str, tone: str, letters: QFont | None = None) -> QLabel:
    label = QLabel(text)
    label.setFont(letters or font(BODY_PX))
    label.setWordWrap(True)
    set_tone(label, tone)
    return label
