"""How a position is to be closed: each way names the order, its prices and the result."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from vst_desktop.domain.orders import ClosePace
from vst_desktop.gui import format as fmt
from vst_desktop.gui.theme import font, set_tone
from vst_desktop.gui.tokens import BODY_PX, HEADLINE_PX
from vst_desktop.station.book_view import PositionRow
from vst_desktop.station.desk_view import CloseWay

_TITLES = {ClosePace.NOW: "Now", ClosePace.LADDER: "By the ladder"}
_VERBS = {ClosePace.NOW: "now", ClosePace.LADDER: "by the ladder"}


class CloseDialog(QDialog):
    """Follows the market while it is open. Enter does not confirm: the button must be meant.

    ``confirmed`` carries the pace that the trader chose.
    """

    confirmed = Signal(object)

    def __init__(self, parent: QWidget, row: PositionRow, mode: str) -> None:
        super().__init__(parent)
        self._row = row
        self._mode = mode
        self.setWindowTitle(f"Close {row.symbol}")
        self.setMinimumWidth(520)
        strikes = fmt.strikes(row.long_strike, row.short_strike, row.right)
        what = QLabel(f"Sell {row.quantity} × {row.symbol} {strikes}, {fmt.day(row.expiration)}")
        what.setFont(font(HEADLINE_PX, 600))
        self._worth = QLabel()
        self._worth.setFont(font(BODY_PX))
        set_tone(self._worth, "text2")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 16, 20, 16)
        layout.setSpacing(6)
        layout.addWidget(what)
        layout.addWidget(self._worth)
        layout.addSpacing(8)
        self.choices: dict[ClosePace, QRadioButton] = {}
        self.texts: dict[ClosePace, QLabel] = {}
        for way in self._ways():
            self._add(way, layout)
        self.confirm = QPushButton()
        self.confirm.setAutoDefault(False)
        self.confirm.setProperty("fill", mode)
        self.confirm.clicked.connect(self._confirm)
        cancel = QPushButton("Keep it")
        cancel.setToolTip("Send nothing (Escape)")
        cancel.setAccessibleName("Keep it")
        cancel.setDefault(True)
        cancel.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.addWidget(cancel)
        buttons.addStretch(1)
        buttons.addWidget(self.confirm)
        layout.addSpacing(10)
        layout.addLayout(buttons)
        next(iter(self.choices.values())).setChecked(True)
        self._show()

    @property
    def pace(self) -> ClosePace:
        """The chosen way."""
        return next(pace for pace, choice in self.choices.items() if choice.isChecked())

    def follow(self, positions: Iterable[PositionRow]) -> None:
        """Show the position as it stands now; one that is gone or changed is not sold."""
        row = next((r for r in positions if r.position_id == self._row.position_id), None)
        if not self.isVisible():
            return
        if row is None or row.quantity != self._row.quantity:
            self.reject()
            return
        self._row = row
        self._show()

    def _ways(self) -> tuple[CloseWay, ...]:
        return self._row.detail.close_ways if self._row.detail is not None else ()

    def _add(self, way: CloseWay, layout: QVBoxLayout) -> None:
        choice, text = QRadioButton(_TITLES[way.pace]), QLabel()
        choice.setFont(font(BODY_PX, 600))
        choice.setAccessibleName(f"Close {_VERBS[way.pace]}")
        choice.setToolTip(f"Send {way.sends}")
        choice.toggled.connect(self._show)
        text.setFont(font(BODY_PX))
        text.setWordWrap(True)
        text.setContentsMargins(24, 0, 0, 6)
        set_tone(text, "text2")
        text.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
        layout.addWidget(choice)
        layout.addWidget(text)
        self.choices[way.pace], self.texts[way.pace] = choice, text

    def _show(self) -> None:
        row = self._row
        worth = "its legs are not quoted now"
        if row.close_at is not None:
            worth = (
                f"closes at {fmt.number(row.close_at)} now: "
                f"{fmt.usd(row.open_pnl_usd, 2, signed=True)}"
            )
        self._worth.setText(f"Paid {fmt.number(row.average_debit)}; {worth}")
        for way in self._ways():
            self.texts[way.pace].setText(self._told(way))
        self.confirm.setText(f"Close {row.quantity} {_VERBS[self.pace]} · {self._mode}")
        self.confirm.setAccessibleName(self.confirm.text())
        self.confirm.setToolTip(f"Send it: {self.texts[self.pace].text()}")

    def _told(self, way: CloseWay) -> str:
        """``a market order: about 0.91, +$153``."""
        text = way.sends[:1].upper() + way.sends[1:]
        if not way.prices:
            return f"{text}; there is no price to tell now."
        prices = " → ".join(fmt.number(price) for price in dict.fromkeys(way.prices))
        results = (fmt.usd(self._gain_usd(way.prices[n]), signed=True) for n in (-1, 0))
        ends = " to ".join(dict.fromkeys(results))
        return f"{text}: about {prices}, that is {ends}."

    def _gain_usd(self, price: Decimal) -> Decimal:
        row = self._row
        return (price - row.average_debit) * row.quantity * row.multiplier

    def _confirm(self) -> None:
        if self.isVisible():
            self.accept()
            self.confirmed.emit(self.pace)
