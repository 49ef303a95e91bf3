"""How often each strategy held on the loaded bars, and what is wrong with one that never does."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout

from vst_desktop.domain.signals import Direction
from vst_desktop.gui import format as fmt
from vst_desktop.gui.theme import Theme, font, set_tone
from vst_desktop.gui.tokens import CAPTION_PX
from vst_desktop.gui.widgets.figures import FigureGrid
from vst_desktop.station.view import Figure, RuleView

NEVER = "never"


class RulePanel(QFrame):
    """Hidden until a scan has told the rates."""

    switch_wanted = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("rules")
        self.setAccessibleName("Fire rates")
        self._shown: tuple[RuleView, ...] = ()
        self._title = QLabel()
        self._title.setFont(font(CAPTION_PX))
        set_tone(self._title, "text2")
        self._rates = FigureGrid(2)
        self._note = QLabel()
        self._note.setFont(font(CAPTION_PX))
        self._note.setWordWrap(True)
        self._note.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        set_tone(self._note, "warn")
        self.button = QPushButton("Switch to range_low")
        self.button.setFont(font(CAPTION_PX, 600))
        self.button.setAccessibleName("Switch to range_low")
        self.button.setAutoDefault(False)
        self.button.setToolTip(
            "Measure the ATR ratio from the lowest low instead of from zero, until the program "
            "ends, and scan again"
        )
        self.button.clicked.connect(self.switch_wanted)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self._note, 1)
        row.addWidget(self.button, 0, Qt.AlignmentFlag.AlignBottom)
        line = QFrame()
        line.setObjectName("rule")
        line.setFixedHeight(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 0, 8, 8)
        layout.setSpacing(5)
        for part in (line, self._title, self._rates):
            layout.addWidget(part)
        layout.addLayout(row)
        self.hide()

    def show_rules(self, rules: tuple[RuleView, ...], running: bool) -> None:
        """Show these; while a scan runs the switch waits."""
        self.button.setEnabled(not running)
        if rules == self._shown:
            return
        self._shown = rules
        self.setVisible(bool(rules))
        self._title.setText(f"Fire rate over {max((r.bars for r in rules), default=0):,} bars")
        self._rates.set_figures(
            [Figure(caption=_name(rule), value=rate_text(rule)) for rule in rules]
        )
        notes = [rule.note for rule in rules if rule.note is not None]
        self._note.setText("\n".join(notes))
        self._note.setVisible(bool(notes))
        self.button.setVisible(any(rule.can_switch for rule in rules))

    @property
    def note(self) -> str:
        """What is wrong, as shown; empty when nothing is."""
        return "" if self._note.isHidden() else self._note.text()


def _name(rule: RuleView) -> str:
    arrow = (
        "" if rule.direction is None else fmt.UP if rule.direction is Direction.LONG else fmt.DOWN
    )
    return f"{arrow} {fmt.strategy(rule.name)}".strip()


def rate_text(rule: RuleView) -> str:
    """``28.1 %``, ``never`` for a rule that held on no bar, an en dash without bars."""
    if not rule.bars:
        return fmt.NONE
    return f"{100 * rule.fired / rule.bars:.2g} %" if rule.fired else NEVER
