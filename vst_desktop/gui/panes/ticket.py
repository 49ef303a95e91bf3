"""The ticket: the one decision, with everything that bears on it and its two buttons."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from vst_desktop.gui.dialogs.bounds import BoundsDialog
from vst_desktop.gui.gate import ApprovalGate
from vst_desktop.gui.panes.ticket_parts import WhyList, legend, money_lines, worst_line
from vst_desktop.gui.theme import Theme, font
from vst_desktop.gui.tokens import BODY_PX, FIGURE_PX, HEADLINE_PX
from vst_desktop.gui.widgets.figures import FigureGrid, PlanBars, caption, heading
from vst_desktop.gui.widgets.odds import OddsTable
from vst_desktop.gui.widgets.pane import Pane
from vst_desktop.gui.widgets.payoff import PayoffPlot
from vst_desktop.station.view import StationView, TicketView

EMPTY = (
    "No candidate is selected.\n\nPress F5 to scan, then choose a row under Candidates: "
    "what it costs, what it can lose and why it is here stand in this place."
)


class TradeButton(QPushButton):
    """A button that plain Enter never presses, whatever the desktop's habit is."""

    def __init__(self, text: str = "") -> None:
        super().__init__(text)
        self.setAccessibleName(text)
        self.setAutoDefault(False)
        self.setDefault(False)
        self.setFixedHeight(36)
        self.setFont(font(FIGURE_PX, 600))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Space presses, Enter does not."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            event.ignore()
            return
        super().keyPressEvent(event)


class TicketPane(Pane):
    """Shows one ticket. ``approve_wanted`` passes the gate once a shown revision."""

    approve_wanted = Signal(str, int)
    reject_wanted = Signal(str)
    withdraw_wanted = Signal(str)
    alternative_wanted = Signal(str, int)
    bounds_wanted = Signal(str, object)
    """The candidate and its Bounds."""

    def __init__(self, theme: Theme, gate: ApprovalGate) -> None:
        super().__init__(theme, "Ticket")
        self.gate = gate
        self._ticket: TicketView | None = None
        self.editing: BoundsDialog | None = None
        self._dead = QTimer(self)
        self._dead.setSingleShot(True)
        self._dead.timeout.connect(self.refresh_buttons)
        self._note = caption(EMPTY)
        self._note.setFont(font(BODY_PX))
        self._note.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._note.setContentsMargins(24, 0, 24, 0)
        self._content = QWidget()
        layout = QVBoxLayout(self._content)
        layout.setContentsMargins(14, 12, 14, 12)
        layout.setSpacing(8)
        self._head(layout)
        self._middle(layout)
        self._foot(layout)
        self.body.addWidget(self._note, 1)
        self.body.addWidget(self._content, 1)
        self._content.hide()
        theme.changed.connect(self._recolour)

    @property
    def ticket(self) -> TicketView | None:
        """What is shown."""
        return self._ticket

    @property
    def blocked_text(self) -> str:
        """Why what is shown cannot be approved."""
        return self._blocked.text()

    @property
    def empty_text(self) -> str:
        """What the empty pane says."""
        return self._note.text()

    # -- building

    def _head(self, layout: QVBoxLayout) -> None:
        self._headline = QLabel()
        self._headline.setFont(font(HEADLINE_PX, 600))
        self._headline.setWordWrap(True)
        self._worst = QLabel()
        self._worst.setFont(font(BODY_PX))
        self._worst.setTextFormat(Qt.TextFormat.RichText)
        self._worst.setWordWrap(True)
        layout.addWidget(self._headline)
        layout.addWidget(self._worst)

    def _middle(self, layout: QVBoxLayout) -> None:
        body = QWidget()
        body.setObjectName("scrollBody")
        inner = QVBoxLayout(body)
        inner.setContentsMargins(0, 0, 4, 0)
        inner.setSpacing(6)
        self._plan = PlanBars(self.theme)
        self._odds = OddsTable(self.theme)
        self._payoff = PayoffPlot(self.theme)
        self._legend = caption()
        self._figures = FigureGrid(1)
        self._why_title = heading("")
        self._why = WhyList(self.theme)
        self._others_title = heading("Alternatives")
        self._others = QVBoxLayout()
        self._others.setSpacing(0)
        self._other_buttons: list[QToolButton] = []
        inner.addWidget(heading("The plan"))
        inner.addWidget(self._plan)
        inner.addWidget(self._odds)
        inner.addWidget(self._payoff, 1)
        for widget in (self._legend, self._why_title, self._why, self._figures):
            inner.addWidget(widget)
        inner.addWidget(self._others_title)
        inner.addLayout(self._others)
        inner.addStretch(0)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(body)
        layout.addWidget(scroll, 1)

    def _foot(self, layout: QVBoxLayout) -> None:
        rule = QFrame()
        rule.setObjectName("rule")
        rule.setFixedHeight(1)
        self._terms_title = heading("")
        self._terms_title.setWordWrap(True)
        self._terms = FigureGrid(1)
        self._blocked = caption("", "warn")
        self._blocked.setFont(font(BODY_PX, 500))
        self.reject = TradeButton("Reject")
        self.approve = TradeButton("Approve")
        self.reject.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.approve.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.approve.setMinimumWidth(60)
        self.reject.clicked.connect(self.try_reject)
        self.approve.clicked.connect(self._main_pressed)
        self.bounds = QToolButton()
        self.bounds.setText("Bounds…")
        self.bounds.setAccessibleName("Bounds…")
        self.bounds.setToolTip("Approve only within tighter bounds (Ctrl+B)")
        self.bounds.setFont(font(BODY_PX, 600))
        self.bounds.clicked.connect(self.ask_bounds)
        head = QHBoxLayout()
        head.addWidget(self._terms_title, 1)
        head.addWidget(self.bounds, 0, Qt.AlignmentFlag.AlignTop)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.reject)
        row.addWidget(self.approve, 1)
        layout.addWidget(rule)
        layout.addLayout(head)
        for widget in (self._terms, self._blocked):
            layout.addWidget(widget)
        layout.addLayout(row)

    # -- showing

    def show_view(self, view: StationView) -> None:
        """Show the ticket of this view."""
        ticket = view.ticket
        self._content.setVisible(ticket is not None)
        self._note.setVisible(ticket is None)
        if ticket is None:
            self.gate.clear()
            self._ticket = None
            self.title.setText("Ticket")
            self.set_info("")
            return
        self.gate.show(ticket.candidate_id, ticket.revision, ticket.can_approve)
        if ticket != self._ticket:
            self._ticket = ticket
            self._fill(ticket)
        self.approve.setProperty("mode", str(view.strip.mode))
        self.refresh_buttons()

    def _fill(self, ticket: TicketView) -> None:
        self.title.setText(ticket.title)
        self.set_info(ticket.subtitle)
        self._headline.setText(ticket.headline)
        self._worst.setText(worst_line(ticket, self.theme.tokens))
        self._plan.set_lines(money_lines(ticket))
        self._payoff.set_ticket(ticket)
        self._legend.setText(legend(ticket.payoff.date_label, self.theme.tokens))
        self._odds.set_odds(ticket.odds)
        self._figures.set_figures(ticket.figures)
        self._why_title.setText(ticket.why_title)
        self._why.set_conditions(ticket.why)
        self._show_alternatives(ticket.alternatives)
        self._terms_title.setText(ticket.terms_title)
        self._terms.set_figures(ticket.terms)
        self.bounds.setVisible(ticket.bounds is not None and not ticket.can_withdraw)
        own = ticket.bounds is not None and ticket.bounds.own
        self.bounds.setText("Bounds: own…" if own else "Bounds…")
        self._blocked.setText(ticket.blocked_reason or "")
        self._blocked.setVisible(bool(ticket.blocked_reason) and not ticket.can_withdraw)

    def _recolour(self) -> None:
        if self._ticket is not None:
            self._fill(self._ticket)

    def _show_alternatives(self, texts: tuple[str, ...]) -> None:
        self._others_title.setVisible(bool(texts))
        while len(self._other_buttons) < len(texts):
            number = len(self._other_buttons)
            button = QToolButton()
            button.setObjectName("alternative")
            button.setFont(font(BODY_PX))
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(lambda _=False, index=number: self.choose_alternative(index))
            self._others.addWidget(button)
            self._other_buttons.append(button)
        for number, button in enumerate(self._other_buttons):
            button.setVisible(number < len(texts))
            if number < len(texts):
                key = f" (Ctrl+{number + 1})" if number < 9 else ""
                button.setText(texts[number])
                button.setToolTip(f"Take this spread instead{key}")
                button.setAccessibleName(f"Alternative {number + 1}: {texts[number]}")

    def refresh_buttons(self) -> None:
        """Set the buttons by ticket and gate; looks again when the dead time is over."""
        ticket = self._ticket
        if ticket is None:
            return
        if ticket.can_withdraw:
            # A second click of a hand that has just approved must not take it back.
            live = self.gate.wait_secs() == 0
            self._set_main("Withdraw", "Take the approval back (Ctrl+Backspace)", "", live)
            self.reject.setEnabled(False)
        else:
            mode = str(self.approve.property("mode") or "DEMO")
            self._set_main(
                ticket.approve_text,
                f"{ticket.approve_text} (Ctrl+Enter)",
                mode,
                self.gate.is_open(),
            )
            self.reject.setEnabled(True)
        self.reject.setToolTip("Take the candidate off the list (Del)")
        wait = self.gate.wait_secs()
        if wait > 0 and not self._dead.isActive():
            self._dead.start(int(wait * 1000) + 1)

    def _set_main(self, text: str, tip: str, fill: str, enabled: bool) -> None:
        self.approve.setText(text)
        self.approve.setToolTip(tip)
        self.approve.setAccessibleName(text)
        self.approve.setEnabled(enabled)
        if self.approve.property("fill") != fill:
            self.approve.setProperty("fill", fill)
            self.approve.style().unpolish(self.approve)
            self.approve.style().polish(self.approve)

    # -- intents

    def try_approve(self) -> None:
        """Approve what is shown, if the gate lets it through."""
        passed = self.gate.take()
        if passed is not None:
            self.refresh_buttons()
            self.approve_wanted.emit(*passed)

    def try_reject(self) -> None:
        """Reject what is shown."""
        if self._ticket is not None and not self._ticket.can_withdraw:
            self.reject_wanted.emit(self._ticket.candidate_id)

    def try_withdraw(self) -> bool:
        """Withdraw what is shown; False when it is not approved."""
        if self._ticket is None or not self._ticket.can_withdraw:
            return False
        self.withdraw_wanted.emit(self._ticket.candidate_id)
        return True

    def choose_alternative(self, index: int) -> None:
        """Ask for the index-th alternative instead."""
        if self._ticket is not None and index < len(self._ticket.alternatives):
            self.alternative_wanted.emit(self._ticket.candidate_id, index)

    def ask_bounds(self) -> None:
        """Edit the bounds that an approval of what is shown would have."""
        ticket = self._ticket
        if ticket is None or ticket.bounds is None or ticket.can_withdraw:
            return
        candidate_id = ticket.candidate_id
        self.editing = BoundsDialog(self, ticket.title, ticket.bounds)
        self.editing.confirmed.connect(lambda bounds: self.bounds_wanted.emit(candidate_id, bounds))
        self.editing.open()

    def approval_refused(self, candidate_id: str, revision: int) -> None:
        """The station refused: the button may be used again."""
        self.gate.give_back(candidate_id, revision)
        self.refresh_buttons()

    def _main_pressed(self) -> None:
        if not self.try_withdraw():
            self.try_approve()
