"""The payoff plot of the ticket: profit at expiration and before it over the underlying."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from vst_desktop.gui.theme import Theme
from vst_desktop.gui.tokens import Tokens
from vst_desktop.gui.widgets.payoff_drawing import Curve, Drawing, Mark, paint
from vst_desktop.station.view import TicketView


class PayoffPlot(QWidget):
    """Draws one payoff, with stop, price, breakeven and target as lines named above it."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._ticket: TicketView | None = None
        self.setAccessibleName("Payoff")
        self.setMinimumHeight(130)
        self.setMaximumHeight(250)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """The least; the ticket gives it more when there is room."""
        return QSize(300, 130)

    def set_ticket(self, ticket: TicketView | None) -> None:
        """Show this ticket's payoff."""
        self._ticket = ticket
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw everything."""
        ticket = self._ticket
        if ticket is None or len(ticket.payoff.prices) < 2:
            return
        painter = QPainter(self)
        tokens = self._theme.tokens
        paint(painter, QRectF(self.rect()), ticket_drawing(ticket, tokens), tokens)
        painter.end()


def ticket_drawing(ticket: TicketView, tokens: Tokens) -> Drawing:
    """What the ticket's plot shows."""
    payoff = ticket.payoff
    curves = [Curve(label="at expiration", values=payoff.at_expiry_usd, colour=tokens.text)]
    if payoff.at_date_usd:
        curves.append(
            Curve(
                label=payoff.date_label,
                values=payoff.at_date_usd,
                colour=tokens.accent,
                dash="dashes",
            )
        )
    marks = [
        Mark(price=ticket.stop, text="stop", tone="loss"),
        Mark(price=ticket.spot, text="now", tone="text2"),
        Mark(price=ticket.breakeven, text="breakeven", tone="text"),
    ]
    if ticket.target is not None:
        marks.append(Mark(price=ticket.target, text="target", tone="gain"))
    return Drawing(prices=payoff.prices, curves=tuple(curves), marks=tuple(marks))
