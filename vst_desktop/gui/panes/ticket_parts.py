"""Parts of the ticket: its worst line, the plan in money, and the reasons."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from vst_desktop.domain.signals import Condition
from vst_desktop.gui import format as fmt
from vst_desktop.gui.theme import Theme, font
from vst_desktop.gui.tokens import BODY_PX, Tokens
from vst_desktop.gui.widgets.figures import PlanLine
from vst_desktop.station.view import TicketView

WHY_ROW_PX = 20


def worst_line(ticket: TicketView, tokens: Tokens) -> str:
    """The worst case, its share of the account, and what crossing the market costs."""
    share = ""
    if ticket.worst_pct is not None:
        share = f" ({fmt.percent(abs(ticket.worst_pct), 2)} of account)"
    return (
        f'<span style="color:{tokens.text2}">Worst '
        f'<b style="color:{tokens.loss}">{fmt.usd(ticket.worst_usd)}</b>{share} · '
        f"crossing {fmt.usd(ticket.crossing_usd)}</span>"
    )


def legend(date_label: str, tokens: Tokens) -> str:
    """What the two lines of the payoff plot are."""
    return (
        f'<b style="color:{tokens.text}">──</b>&nbsp; at expiration &nbsp;&nbsp;&nbsp;'
        f'<b style="color:{tokens.accent}">– –</b>&nbsp; {date_label}'
    )


def money_lines(ticket: TicketView) -> list[PlanLine]:
    """The plan's endings in money; a bar is the share of the largest amount."""
    amounts = [abs(float(x)) for x in (ticket.at_target_usd, ticket.at_stop_usd) if x is not None]
    largest = max(amounts, default=0.0) or 1.0

    def share(amount: object) -> float:
        return abs(float(str(amount))) / largest if amount is not None else 0.0

    reason = (ticket.target_reason or "").removeprefix("TARGET_")
    lines = []
    if ticket.target is not None:
        lines.append(
            PlanLine(
                head=f"{fmt.UP} gain",
                share=share(ticket.at_target_usd),
                label=f"target {fmt.number(ticket.target)}" + (f" ({reason})" if reason else ""),
                value=fmt.usd(ticket.at_target_usd, signed=True),
                tone="gain",
            )
        )
    lines.append(
        PlanLine(
            head=f"{fmt.DOWN} loss",
            share=share(ticket.at_stop_usd),
            label=f"stop {fmt.number(ticket.stop)}",
            value=fmt.usd(ticket.at_stop_usd, signed=True),
            tone="loss",
        )
    )
    lines.append(
        PlanLine(
            head="time",
            share=0.0,
            label=f"out by {fmt.day(ticket.exit_by)}",
            value="",
            tone="text2",
        )
    )
    return lines


class WhyList(QWidget):
    """Each condition with its mark, text and value; a failed one says so by mark and colour."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._conditions: tuple[Condition, ...] = ()
        self.setAccessibleName("Why")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def set_conditions(self, conditions: Sequence[Condition]) -> None:
        """Show these."""
        self._conditions = tuple(conditions)
        self.setToolTip(
            "\n".join(
                f"{c.text}: {fmt.number(c.value)}, threshold {fmt.number(c.threshold)}"
                for c in conditions
            )
        )
        self.setAccessibleDescription(
            "; ".join(f"{'passed' if c.passed else 'failed'}: {c.text}" for c in conditions)
        )
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """A row a condition."""
        return QSize(200, WHY_ROW_PX * len(self._conditions))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Mark, text, value."""
        painter = QPainter(self)
        body, strong = font(BODY_PX), font(BODY_PX, 600)
        middle = Qt.AlignmentFlag.AlignVCenter
        for number, condition in enumerate(self._conditions):
            top = number * WHY_ROW_PX
            painter.setFont(strong)
            painter.setPen(self._theme.colour("gain" if condition.passed else "loss"))
            painter.drawText(
                QRectF(0, top, 18, WHY_ROW_PX), middle, "✓" if condition.passed else "✗"
            )
            value = "" if condition.value is None else fmt.number(condition.value)
            wide = QFontMetricsF(strong).horizontalAdvance(value)
            painter.setPen(self._theme.colour("text"))
            painter.drawText(
                QRectF(0, top, self.width(), WHY_ROW_PX),
                middle | Qt.AlignmentFlag.AlignRight,
                value,
            )
            room = self.width() - 20 - wide - 8
            text = QFontMetricsF(body).elidedText(condition.text, Qt.TextElideMode.ElideRight, room)
            painter.setFont(body)
            painter.setPen(self._theme.colour("text2"))
            painter.drawText(QRectF(20, top, room, WHY_ROW_PX), middle, text)
        painter.end()
