"""The bounds of one approval: what it may pay, how far the underlying may move, until when."""

from __future__ import annotations

from datetime import UTC, datetime, time
from decimal import Decimal, InvalidOperation

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from vst_desktop.domain.bounds import Bounds
from vst_desktop.domain.errors import UserError
from vst_desktop.gui import format as fmt
from vst_desktop.gui.dialogs.form import answer, field_grid
from vst_desktop.gui.theme import font
from vst_desktop.gui.tokens import HEADLINE_PX
from vst_desktop.station.desk_view import BoundsView


class BoundsDialog(QDialog):
    """A field left at the settings' bound follows the settings. Nothing is approved here.

    ``confirmed`` carries the Bounds.
    """

    confirmed = Signal(object)

    def __init__(self, parent: QWidget, title: str, bounds: BoundsView) -> None:
        super().__init__(parent)
        self._view = bounds
        self._bounds: Bounds | None = None
        self.setWindowTitle("Bounds")
        self.setMinimumWidth(460)
        what = QLabel(f"Approve {title} only within")
        what.setFont(font(HEADLINE_PX, 600))
        self.debit = self._field("Debit at most", f"{bounds.max_debit:.2f}")
        self.drift = self._field("Underlying within, ATR", f"{bounds.max_drift_atr:g}")
        self.until = self._field("Until, ET", _clock(bounds.until))
        self.tells = [answer() for _ in range(3)]
        grid = field_grid(zip((self.debit, self.drift, self.until), self.tells, strict=True))
        self.wrong = answer("loss")
        self.wrong.setWordWrap(True)
        self.wrong.setMinimumHeight(34)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 16, 20, 16)
        layout.setSpacing(8)
        layout.addWidget(what)
        layout.addSpacing(4)
        layout.addLayout(grid)
        layout.addWidget(self.wrong)
        layout.addLayout(self._buttons())
        self._typed()

    def _buttons(self) -> QHBoxLayout:
        self.reset, cancel = QPushButton("As the settings"), QPushButton("Cancel")
        self.confirm = QPushButton("Use these bounds")
        row = QHBoxLayout()
        for button, tip, call in (
            (self.reset, "The loosest bounds that the settings allow", self._reset),
            (cancel, "Leave the bounds as they are (Escape)", self.reject),
            (self.confirm, "The next approval of this spread has these bounds", self._confirm),
        ):
            button.setToolTip(tip)
            button.setAccessibleName(button.text())
            button.setAutoDefault(False)
            button.clicked.connect(call)
            row.addWidget(button)
        row.insertStretch(1, 1)
        return row

    def _field(self, name: str, text: str) -> QLineEdit:
        field = QLineEdit(text)
        field.setAccessibleName(name)
        field.setToolTip(f"{name}: tighter than the settings, not looser")
        field.setMaximumWidth(90)
        field.textChanged.connect(self._typed)
        return field

    def _typed(self) -> None:
        view = self._view
        self.tells[0].setText(f"up to {view.most_debit:.2f} by the settings")
        self.tells[2].setText(f"between {_clock(view.opens)} and {_clock(view.closes)}")
        try:
            self._bounds = self._read()
        except UserError as error:
            self._bounds = None
            self.wrong.setText(str(error))
        else:
            self.wrong.setText("")
        self.confirm.setEnabled(self._bounds is not None)

    def _read(self) -> Bounds:
        view = self._view
        debit, drift = self._debit(), self._drift()
        way = drift * view.atr
        self.tells[1].setText(f"{fmt.number(view.spot - way)} – {fmt.number(view.spot + way)}")
        until = self._until()
        return Bounds(
            max_debit=None if debit == view.most_debit else debit,
            max_drift_atr=None if drift == view.most_drift_atr else drift,
            until=None if until == view.closes else until,
        )

    def _debit(self) -> Decimal:
        text, most = self.debit.text().strip(), self._view.most_debit
        try:
            debit = Decimal(text)
        except InvalidOperation:
            raise UserError(f"{text!r} is no debit", remedy=f"up to {most:.2f}") from None
        if not debit.is_finite() or not 0 < debit <= most:
            raise UserError(f"the debit is above 0 and up to {most:.2f}")
        return debit

    def _drift(self) -> float:
        text, most = self.drift.text().strip(), self._view.most_drift_atr
        try:
            drift = float(text)
        except ValueError:
            raise UserError(f"{text!r} is no number of ATR") from None
        if not 0 < drift <= most:
            raise UserError(f"the underlying's way is above 0 and up to {most:g} ATR")
        return drift

    def _until(self) -> datetime | None:
        view, text = self._view, self.until.text().strip()
        if view.closes is None or text == _clock(view.closes):
            return view.closes
        try:
            clock = time.fromisoformat(text)
        except ValueError:
            raise UserError(f"{text!r} is no time", remedy="write it as 15:30") from None
        closes = fmt.eastern(view.closes)
        until = datetime.combine(closes.date(), clock, tzinfo=closes.tzinfo).astimezone(UTC)
        if view.opens is not None and not view.opens < until <= view.closes:
            raise UserError(
                f"the end is after {_clock(view.opens)} and up to {_clock(view.closes)}"
            )
        return until

    def _reset(self) -> None:
        view = self._view
        self.debit.setText(f"{view.most_debit:.2f}")
        self.drift.setText(f"{view.most_drift_atr:g}")
        self.until.setText(_clock(view.closes))

    def _confirm(self) -> None:
        if self.isVisible() and self._bounds is not None:
            self.accept()
            self.confirmed.emit(self._bounds)


def _clock(moment: datetime | None) -> str:
    return fmt.clock(moment, seconds=False)
