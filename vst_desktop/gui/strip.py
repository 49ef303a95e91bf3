"""The top strip: am I safe, how much may I still do, how long until the window."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from vst_desktop.domain.orders import Mode
from vst_desktop.gui import format as fmt
from vst_desktop.gui.strip_parts import Badge, LightLabel, StripFigure
from vst_desktop.gui.theme import Theme, font
from vst_desktop.gui.tokens import BODY_PX, CAPTION_PX, STRIP_PX
from vst_desktop.station.view import LightView, StripView

_WIDE_GAP, _NARROW_GAP = 20, 13


class Strip(QFrame):
    """Mode, account, limits, entry window, lights, kill switch; the mode's colour below."""

    kill_pressed = Signal()
    drill_pressed = Signal()
    layout_pressed = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._mode: Mode | None = None
        self.setFixedHeight(STRIP_PX + 2)
        self.badge = Badge(theme)
        names = ("Account", "Available", "Day P&L", "Positions", "Trades today", "At risk")
        self.figures = {name: StripFigure(name) for name in names}
        self.window_figure = StripFigure("Entry window")
        self.alarm = QLabel()
        self.alarm.setFont(font(BODY_PX, 600))
        self.alarm.setAccessibleName("Alarm")
        self.alarm.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.alarm.hide()
        self._lights: list[LightLabel] = []
        self._light_row = QHBoxLayout()
        self.kill = QPushButton("KILL  Ctrl+Shift+K")
        self.kill.setObjectName("kill")
        self.kill.setFont(font(CAPTION_PX, 600))
        self.kill.setAutoDefault(False)
        self.kill.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.kill.setAccessibleName("Kill switch")
        self.kill.clicked.connect(self.kill_pressed)
        self.drill = QPushButton("Fault drill")
        self.drill.setFont(font(CAPTION_PX, 600))
        self.drill.setAutoDefault(False)
        self.drill.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.drill.setAccessibleName("Fault drill")
        self.drill.clicked.connect(self.drill_pressed)
        self.drill.hide()
        self.workspace = QPushButton("Trade")
        self.workspace.setFont(font(CAPTION_PX, 600))
        self.workspace.setAutoDefault(False)
        self.workspace.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.workspace.clicked.connect(self.layout_pressed)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 0, 10, 2)
        layout.addWidget(self.badge)
        for figure in self.figures.values():
            layout.addWidget(figure)
        layout.addStretch(1)
        layout.addWidget(self.alarm)
        layout.addWidget(self.window_figure)
        layout.addLayout(self._light_row)
        layout.addWidget(self.workspace)
        layout.addWidget(self.drill)
        layout.addWidget(self.kill)
        theme.changed.connect(self._restyle)

    def show_strip(self, strip: StripView) -> None:
        """Show this strip."""
        self._mode = strip.mode
        self.badge.set_mode(strip.mode, badge_note(strip))
        figures = self.figures
        figures["Account"].set_value(
            fmt.usd(strip.net_liquidation_usd, 2), caption=f"Account {strip.account or fmt.NONE}"
        )
        figures["Available"].set_value(fmt.usd(strip.available_usd, 2))
        pnl = strip.day_pnl_usd
        figures["Day P&L"].set_value(
            f"{fmt.arrow(pnl)} {fmt.usd(pnl, 2, signed=True)}".strip(), fmt.tone_of(pnl)
        )
        self._used("Positions", strip.positions, strip.max_positions)
        self._used("Trades today", strip.trades_today, strip.max_trades)
        figures["At risk"].set_value(
            f"{fmt.usd(strip.at_risk_usd)} / {fmt.usd(strip.max_risk_usd)}"
        )
        caption, value, tone = fmt.entry_window(strip.now, strip.window_opens, strip.window_closes)
        self.window_figure.set_value(value, tone, caption=caption)
        self.window_figure.setToolTip(f"New York now {fmt.clock(strip.now)}")
        self._show_lights(strip.lights)
        self._show_alarm(strip)
        self._show_drill(strip)
        self._fit()
        self.update()

    def _used(self, name: str, used: int, limit: int) -> None:
        self.figures[name].set_value(f"{used} / {limit}", "warn" if used >= limit else "text")

    def _show_lights(self, lights: tuple[LightView, ...]) -> None:
        while len(self._lights) < len(lights):
            label = LightLabel(self._theme)
            self._lights.append(label)
            self._light_row.addWidget(label)
        for number, label in enumerate(self._lights):
            label.setVisible(number < len(lights))
            if number < len(lights):
                label.set_light(lights[number])

    def _show_alarm(self, strip: StripView) -> None:
        text = alarm_text(strip)
        self.alarm.setText(text)
        self.alarm.setVisible(bool(text))
        self.alarm.setToolTip(strip.killed or "")
        killed = strip.killed is not None
        self.kill.setText("Allow entries…" if killed else "KILL  Ctrl+Shift+K")
        self.kill.setToolTip(
            f"Entries are halted: {strip.killed}. Allow them again (Ctrl+Shift+U)"
            if killed
            else "Cancel working entries, void the queue, halt entries; exits stay (Ctrl+Shift+K)"
        )
        if self.kill.property("killed") != killed:
            self.kill.setProperty("killed", killed)
            self.kill.style().unpolish(self.kill)
            self.kill.style().polish(self.kill)
        self._restyle()

    def _show_drill(self, strip: StripView) -> None:
        on = strip.faults_on
        self.drill.setVisible(strip.mode is Mode.DEMO)
        self.drill.setText(f"Fault drill: {len(on)} on" if on else "Fault drill")
        told = f"The simulator plays {', '.join(on)}." if on else "Make the simulated TWS fail."
        self.drill.setToolTip(f"{told} (Ctrl+Shift+D)")
        tokens = self._theme.tokens
        _dress(self.drill, f"color: {tokens.warn if on else tokens.text2};")

    def show_workspace(self, name: str, locked: bool) -> None:
        """Name the workspace on its button."""
        self.workspace.setText(f"{name} ▾")
        tokens = self._theme.tokens
        self.workspace.setStyleSheet(f"color: {tokens.text2 if locked else tokens.accent};")
        self.workspace.setAccessibleName(f"Workspace {name}")
        lock = "" if locked else "; unlocked: panes can be moved"
        self.workspace.setToolTip(f"Workspaces and panes{lock} (Ctrl+Alt+P)")
        self._fit()

    def layout_place(self) -> QPoint:
        """Where the menu of workspaces opens."""
        return self.workspace.mapToGlobal(QPoint(0, self.workspace.height()))

    def drill_place(self) -> QPoint:
        """Where the menu of faults opens."""
        return self.drill.mapToGlobal(QPoint(0, self.drill.height()))

    def _restyle(self) -> None:
        tokens = self._theme.tokens
        _dress(
            self.alarm,
            f"background: {tokens.loss}; color: {tokens.on_fill};"
            "border-radius: 4px; padding: 6px 10px;",
        )
        self.update()

    def _fit(self) -> None:
        """Say less where there is less room: first the lights, then the less pressing figures."""
        for child in self.findChildren(QWidget):
            child.ensurePolished()  # else sizes are those without the style sheet
        spare = ("Available", "At risk", "Trades today")
        self._shorten_lights(False)
        self._shorten_badge(False)
        for name in spare:
            self.figures[name].show()
        layout = self.layout()
        if layout is None:
            return
        layout.setSpacing(_WIDE_GAP)

        def fits() -> bool:
            layout.invalidate()
            return layout.sizeHint().width() <= self.width()

        if fits():
            return
        self._shorten_lights(True)
        if fits():
            return
        layout.setSpacing(_NARROW_GAP)
        if fits():
            return
        self._shorten_badge(True)
        for name in spare:
            if fits():
                return
            self.figures[name].hide()

    def _shorten_badge(self, short: bool) -> None:
        self.badge.short = short
        self.badge.updateGeometry()
        self.badge.update()

    def _shorten_lights(self, short: bool) -> None:
        for label in self._lights:
            label.short = short
            label.updateGeometry()
            label.update()
        self._light_row.setSpacing(12 if short else 16)
        self._light_row.invalidate()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit again."""
        super().resizeEvent(event)
        self._fit()

    def minimumSizeHint(self) -> QSize:
        """It fits itself to any width."""
        return QSize(400, STRIP_PX + 2)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The line in the mode's colour."""
        tokens = self._theme.tokens
        painter = QPainter(self)
        colour = tokens.mode(self._mode) if self._mode is not None else tokens.line
        painter.fillRect(0, self.height() - 2, self.width(), 2, QColor(colour))
        painter.end()


def _dress(widget: QWidget, sheet: str) -> None:
    """Set its style sheet where it is another: Qt dresses anew without asking."""
    if widget.styleSheet() != sheet:
        widget.setStyleSheet(sheet)


def badge_note(strip: StripView) -> str:
    """What stands below the mode."""
    if strip.mode is Mode.LIVE:
        return "armed" if strip.armed else "disarmed"
    return strip.market_note or ""


def alarm_text(strip: StripView) -> str:
    """What is wrong with safety, in red; empty when nothing is."""
    parts = []
    if strip.unprotected:
        plural = "POSITION" if strip.unprotected == 1 else "POSITIONS"
        parts.append(f"{strip.unprotected} {plural} UNPROTECTED")
    if strip.killed is not None:
        parts.append("ENTRIES HALTED")
    return "  ·  ".join(parts)
