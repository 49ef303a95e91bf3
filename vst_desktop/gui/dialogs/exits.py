"""Stop, target and day of one position, edited with what they pay beside them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from vst_desktop.domain.errors import UserError
from vst_desktop.domain.exit_edits import ExitEdit
from vst_desktop.gui import format as fmt
from vst_desktop.gui.dialogs.form import answer, field_grid
from vst_desktop.gui.theme import font, set_tone
from vst_desktop.gui.tokens import HEADLINE_PX
from vst_desktop.station.book_view import PositionRow
from vst_desktop.station.desk_view import ExitPreview


class ExitsDialog(QDialog):
    """Nothing is in force before the button; Enter in a field does not press it.

    ``asked`` carries an edit, answered by ``told`` or ``refused``; ``confirmed`` the one to keep.
    """

    asked = Signal(object)
    confirmed = Signal(object)

    def __init__(self, parent: QWidget, row: PositionRow) -> None:
        super().__init__(parent)
        self._row = row
        self._before = ExitEdit(stop=row.stop, target=row.target, exit_by=row.exit_by)
        self._edit: ExitEdit | None = None
        self.setWindowTitle(f"Exits of {row.symbol}")
        self.setMinimumWidth(520)
        strikes = fmt.strikes(row.long_strike, row.short_strike, row.right)
        what = QLabel(f"Exits of {row.quantity} × {row.symbol} {strikes}")
        what.setFont(font(HEADLINE_PX, 600))
        self._now = answer()
        self.stop = self._field("Stop", _level(row.stop), "USD of the underlying")
        self.target = self._field("Target", _level(row.target), "empty: no target")
        self.exit_by = self._field("Out by", row.exit_by.isoformat(), "2023-12-01")
        self.at_stop, self.at_target, self.at_day = answer(), answer(), answer()
        grid = field_grid(
            ((self.stop, self.at_stop), (self.target, self.at_target), (self.exit_by, self.at_day))
        )
        self.wrong = answer("loss")
        self.wrong.setWordWrap(True)
        self.wrong.setMinimumHeight(34)
        self.wrong.setAlignment(Qt.AlignmentFlag.AlignTop)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 16, 20, 16)
        layout.setSpacing(8)
        layout.addWidget(what)
        layout.addWidget(self._now)
        layout.addSpacing(4)
        layout.addLayout(grid)
        layout.addWidget(self.wrong)
        layout.addLayout(self._buttons())
        self._now.setText(f"{row.symbol} now {fmt.number(row.spot)}, entry {fmt.number(row.entry)}")

    def _buttons(self) -> QHBoxLayout:
        cancel, self.confirm = QPushButton("Leave them"), QPushButton("Change exits")
        cancel.setToolTip("Nothing is changed (Escape)")
        cancel.setAccessibleName("Leave them")
        cancel.clicked.connect(self.reject)
        self.confirm.setToolTip("Keep these exits in the journal and watch them from then on")
        self.confirm.setAccessibleName("Change exits")
        self.confirm.clicked.connect(self._confirm)
        for button in (cancel, self.confirm):
            button.setAutoDefault(False)
        row = QHBoxLayout()
        row.addWidget(cancel)
        row.addStretch(1)
        row.addWidget(self.confirm)
        return row

    def _field(self, name: str, text: str, hint: str) -> QLineEdit:
        field = QLineEdit(text)
        field.setAccessibleName(name)
        field.setPlaceholderText(hint)
        field.setToolTip(hint)
        field.setMaximumWidth(130)
        field.textChanged.connect(self.look)
        return field

    def look(self) -> None:
        """Ask what the exits in the fields would pay."""
        self.confirm.setEnabled(False)
        try:
            self._edit = self._read()
        except UserError as error:
            self._edit = None
            self._say_wrong(str(error))
        else:
            self.asked.emit(self._edit)

    def told(self, edit: ExitEdit, seen: ExitPreview) -> None:
        """What the edit would pay; an answer to older fields is nothing."""
        if edit == self._edit:
            self.wrong.setText("")
            self._tell(seen)
            self.confirm.setEnabled(edit != self._before)

    def refused(self, edit: ExitEdit, why: str) -> None:
        """Why the edit cannot be."""
        if edit == self._edit:
            self._say_wrong(why)

    def _say_wrong(self, why: str) -> None:
        self.wrong.setText(why)
        for label in (self.at_stop, self.at_target, self.at_day):
            label.setText("")

    def _tell(self, seen: ExitPreview) -> None:
        plan = seen.plan

        def at(level: float | None, usd: Decimal | None) -> str:
            if level is None:
                return "none: only stop and day close it"
            away = fmt.percent(level / seen.spot - 1, 1, signed=True)
            if usd is None:
                return f"{away}; its legs are not quoted, so no result is told"
            when = f"in {seen.days_ahead} days" if seen.days_ahead else "today"
            return f"{away}, about {fmt.usd(usd, signed=True)} if {when}"

        self.at_stop.setText(at(plan.stop, seen.at_stop_usd))
        set_tone(self.at_stop, fmt.tone_of(seen.at_stop_usd))
        set_tone(self.at_target, fmt.tone_of(seen.at_target_usd))
        self.at_target.setText(at(plan.target, seen.at_target_usd))
        left = (self._row.expiration - plan.exit_by).days
        self.at_day.setText(f"{left} days before expiration, {fmt.day_year(self._row.expiration)}")

    def _read(self) -> ExitEdit:
        """What stands in the fields."""
        target = self.target.text().strip()
        return ExitEdit(
            stop=self._number("the stop", self.stop.text(), self._row.stop),
            target=self._number("the target", target, self._row.target) if target else None,
            exit_by=self._day(),
        )

    @staticmethod
    def _number(name: str, text: str, shown: float | None) -> float:
        if text.strip() == _level(shown) and shown is not None:
            return shown  # as exact as it was, though fewer decimals are shown
        try:
            return float(text.replace(",", "").strip())
        except ValueError:
            raise UserError(f"{name} {text.strip()!r} is no price") from None

    def _day(self) -> date:
        text = self.exit_by.text().strip()
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise UserError(f"{text!r} is no day", remedy="write it as 2023-12-01") from None

    def _confirm(self) -> None:
        if self.isVisible() and self.confirm.isEnabled():
            self.accept()
            self.confirmed.emit(self._edit)


def _level(level: float | None) -> str:
    return "" if level is None else f"{level:.2f}"
