"""What the top strip is made of: the mode's badge, a figure below its caption, a light."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from vst_desktop.domain.orders import Mode
from vst_desktop.gui import format as fmt
from vst_desktop.gui.theme import Theme, font, set_tone
from vst_desktop.gui.tokens import BODY_PX, CAPTION_PX, FIGURE_PX, STRIP_PX
from vst_desktop.station.view import Light, LightView

_SHORT_NOTE_PX = 96
_LIGHT_TONES = {Light.OK: "gain", Light.BUSY: "warn", Light.DOWN: "loss"}
_LIGHT_WORDS = {Light.OK: "in order", Light.BUSY: "busy", Light.DOWN: "down"}


class Badge(QWidget):
    """The mode in its colour, with what else must be known about it below."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._mode: Mode | None = None
        self._below = ""
        self.short = False
        self.setAccessibleName("Mode")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def set_mode(self, mode: Mode, below: str) -> None:
        """Show a mode and its note."""
        if (mode, below) == (self._mode, self._below):
            return
        self._mode, self._below = mode, below
        self.setAccessibleDescription(f"{mode} {below}".strip())
        self.setToolTip(f"Trading mode {mode}" + (f": {below}" if below else ""))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """Wide enough for the note, or for the begin of it where there is less room."""
        below = QFontMetrics(font(CAPTION_PX - 1, 500)).horizontalAdvance(self._below) + 20
        return QSize(max(70, min(below, _SHORT_NOTE_PX) if self.short else below), STRIP_PX - 8)

    def paintEvent(self, event: QPaintEvent) -> None:
        """A filled box."""
        if self._mode is None:
            return
        tokens = self._theme.tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.mode(self._mode)))
        painter.drawRoundedRect(QRectF(self.rect()), 4, 4)
        painter.setPen(QColor(tokens.on_fill))
        painter.setFont(font(FIGURE_PX, 600))
        box = self.rect()
        if self._below:
            upper, lower = box.adjusted(0, 6, 0, -20), box.adjusted(0, 23, 0, -5)
            painter.drawText(upper, Qt.AlignmentFlag.AlignCenter, str(self._mode))
            painter.setFont(font(CAPTION_PX - 1, 500))
            shown = painter.fontMetrics().elidedText(
                self._below, Qt.TextElideMode.ElideRight, self.width() - 12
            )
            painter.drawText(lower, Qt.AlignmentFlag.AlignCenter, shown)
        else:
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, str(self._mode))
        painter.end()


class StripFigure(QWidget):
    """A caption above a figure."""

    def __init__(self, caption: str) -> None:
        super().__init__()
        self.setAccessibleName(caption)
        self._caption = QLabel(caption)
        self._caption.setFont(font(CAPTION_PX))
        set_tone(self._caption, "text2")
        self._value = QLabel(fmt.NONE)
        self._value.setFont(font(FIGURE_PX, 600))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 5, 0, 5)
        layout.setSpacing(1)
        layout.addWidget(self._caption)
        layout.addWidget(self._value)

    def set_value(self, value: str, tone: str = "text", caption: str | None = None) -> None:
        """Show a figure."""
        before = self._caption.text(), self._value.text()
        if caption is not None:
            self._caption.setText(caption)
        self._value.setText(value)
        set_tone(self._value, tone)
        if before != (self._caption.text(), self._value.text()):
            self.updateGeometry()  # the strip measures before Qt's events tell it

    @property
    def value(self) -> str:
        """The figure as shown."""
        return self._value.text()


class LightLabel(QWidget):
    """A dot and a name; the tooltip says more, and the state in a word.

    ``short`` sets the name above the dot, as a figure's caption.
    """

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._light: LightView | None = None
        self.short = False
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def set_light(self, light: LightView) -> None:
        """Show this light."""
        if light == self._light:
            return
        self._light = light
        self.setAccessibleName(f"{light.name} {_LIGHT_WORDS[light.state]}")
        self.setToolTip(f"{light.name}: {_LIGHT_WORDS[light.state]}. {light.detail}")
        self.updateGeometry()
        self.update()

    def _text(self) -> str:
        light = self._light
        if light is None:
            return ""
        return light.name if light.state is not Light.DOWN else f"{light.name} down"

    def sizeHint(self) -> QSize:
        """Dot, gap, text; or the text alone where the dot stands below it."""
        if self.short:
            wide = QFontMetrics(font(CAPTION_PX)).horizontalAdvance(self._text())
            return QSize(max(10, wide + 2), STRIP_PX - 8)
        wide = QFontMetrics(font(BODY_PX, 500)).horizontalAdvance(self._text())
        return QSize(16 + wide, 20)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Dot and text."""
        if self._light is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.colour(_LIGHT_TONES[self._light.state]))
        box = QRectF(self.rect())
        top = box.height() - 17 if self.short else box.height() / 2 - 4
        painter.drawEllipse(QRectF(0, top, 8, 8))
        down = self._light.state is Light.DOWN
        painter.setPen(self._theme.colour("loss" if down else "text2"))
        if self.short:
            painter.setFont(font(CAPTION_PX))
            text = box.adjusted(0, 5, 0, 0)
            painter.drawText(text, Qt.AlignmentFlag.AlignTop, self._text())
        else:
            painter.setFont(font(BODY_PX, 500))
            text = box.adjusted(14, 0, 4, 0)
            painter.drawText(text, Qt.AlignmentFlag.AlignVCenter, self._text())
        painter.end()
