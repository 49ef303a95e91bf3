"""The tray icon, where the desktop has a tray."""

from __future__ import annotations

from PySide6.QtCore import QObject, QRectF, Qt, QTimer
from PySide6.QtGui import QColor, QIcon, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QMenu, QSystemTrayIcon

from vst_desktop.domain.alerts import Alert, Severity
from vst_desktop.gui.mainwindow import MainWindow
from vst_desktop.gui.theme import font
from vst_desktop.station.view import Light, StationView

_ICONS = {
    Severity.INFO: QSystemTrayIcon.MessageIcon.Information,
    Severity.WARNING: QSystemTrayIcon.MessageIcon.Warning,
    Severity.HIGH: QSystemTrayIcon.MessageIcon.Critical,
    Severity.CRITICAL: QSystemTrayIcon.MessageIcon.Critical,
}


NOTE_MS = 2_000
"""Between two notes: a desktop that is flooded shows none of them."""


class Tray(QObject):
    """An icon in the mode's colour; alerts as notes whose click opens their symbol.

    Alerts that come while a note has just been shown go together as one, the worst in front.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._shown: tuple[str, str, str, int] | None = None
        self._symbol: str | None = None
        self._waiting: list[Alert] = []
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(NOTE_MS)
        self._pause.timeout.connect(self._show_waiting)
        self._icon = QSystemTrayIcon(self)
        self._menu = QMenu(window)
        self._menu.addAction("Show the window", self._raise)
        for name in ("hold", "kill"):
            self._menu.addAction(window.commands.actions[name])
        self._menu.addAction(window.commands.actions["quit"])
        self._icon.setContextMenu(self._menu)
        self._icon.activated.connect(self._raise)
        self._icon.messageClicked.connect(self._open_alert)
        window.bridge.view_changed.connect(self._show_mode)
        window.bridge.alert_raised.connect(self._show_alert)

    def _show_mode(self, view: StationView) -> None:
        mode, (tone, state) = str(view.strip.mode), state_of(view)
        tokens = self._window.theme.tokens
        # Tokens too: another theme has other colours.
        shown = (mode, tone, state, id(tokens))
        if shown == self._shown:
            return
        self._shown = shown
        dot = getattr(tokens, tone) if tone else None
        self._icon.setIcon(mode_icon(mode, tokens.mode(mode), dot))
        self._icon.setToolTip(f"{self._window.windowTitle()}\n{state}")
        self._icon.show()

    def _show_alert(self, alert: Alert) -> None:
        self._waiting.append(alert)
        if not self._pause.isActive():
            self._show_waiting()

    def _show_waiting(self) -> None:
        if not self._waiting:
            return
        levels = tuple(Severity)
        worst = max(self._waiting, key=lambda one: levels.index(one.severity))
        more = len(self._waiting) - 1
        self._waiting.clear()
        self._symbol = worst.symbol
        text = f"{worst.message}\nand {more} more alerts" if more else worst.message
        self.note(str(worst.severity), text, _ICONS[worst.severity])
        self._pause.start()

    def note(self, title: str, text: str, icon: QSystemTrayIcon.MessageIcon) -> None:
        """Show a note of the desktop."""
        self._icon.showMessage(title, text, icon)

    def _open_alert(self) -> None:
        self._raise()
        if self._symbol is not None:
            self._window.commands.select(self._symbol)

    def _raise(self) -> None:
        self._window.bring_to_front()


def state_of(view: StationView) -> tuple[str, str]:
    """What needs the trader most: the tone of its dot, empty when all is well, and its words."""
    strip = view.strip
    if strip.unprotected:
        return "loss", f"{strip.unprotected} positions are not protected"
    if strip.killed is not None:
        return "loss", f"entries are halted: {strip.killed}"
    bad = [light for light in strip.lights if light.state is Light.DOWN]
    if bad:
        return "warn", "; ".join(f"{light.name}: {light.detail}" for light in bad)
    return "", "all is well"


def mode_icon(mode: str, colour: str, dot: str | None = None) -> QIcon:
    """The mode's first letter on its colour, with a dot when something needs the trader."""
    picture = QPixmap(64, 64)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(colour))
    painter.drawRoundedRect(QRectF(2, 2, 60, 60), 12, 12)
    painter.setPen(QColor("#0B0E13"))
    painter.setFont(font(38, 600))
    painter.drawText(QRectF(0, 0, 64, 64), Qt.AlignmentFlag.AlignCenter, mode[:1])
    if dot is not None:
        painter.setPen(QPen(QColor("#0B0E13"), 4))
        painter.setBrush(QColor(dot))
        painter.drawEllipse(QRectF(38, 38, 24, 24))
    painter.end()
    return QIcon(picture)
