"""Fonts, palette and style sheet from the tokens, and the signal that they changed."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication, QWidget

from vst_desktop.gui.style import style_sheet
from vst_desktop.gui.tokens import BODY_PX, DARK, THEMES, Tokens

_PACKAGE = Path(__file__).resolve().parents[1]
_FONT_FOLDERS = (_PACKAGE / "resources" / "fonts", _PACKAGE.parent / "resources" / "fonts")


class Theme(QObject):
    """The theme in force. ``changed`` is emitted after the application wears the new one."""

    changed = Signal()

    def __init__(self, app: QApplication, tokens: Tokens = DARK) -> None:
        super().__init__()
        self._app = app
        self.tokens = tokens
        self._colours: dict[str, QColor] = {}
        if app.property("dressed") is None:
            app.setStyle("Fusion")
            app.setFont(_base_font())
            app.setProperty("dressed", True)
        self._wear()

    def use(self, tokens: Tokens) -> None:
        """Change the theme of the whole application."""
        if tokens is self.tokens:
            return
        self.tokens = tokens
        self._colours.clear()
        self._wear()
        self.changed.emit()

    def next(self) -> None:
        """The next theme: dark, light, colour-blind."""
        names = [theme.name for theme in THEMES]
        self.use(THEMES[(names.index(self.tokens.name) + 1) % len(THEMES)])

    def colour(self, tone: str) -> QColor:
        """A tone as a colour."""
        colour = self._colours.get(tone)
        if colour is None:
            colour = self._colours[tone] = QColor(self.tokens.tone(tone))
        return colour

    def _wear(self) -> None:
        sheet = style_sheet(self.tokens)
        # Setting it repolishes every widget of the application.
        if self._app.styleSheet() != sheet:
            self._app.setPalette(_palette(self.tokens))
            self._app.setStyleSheet(sheet)


def font(size_px: int = BODY_PX, weight: int = 400) -> QFont:
    """The application's font, with tabular digits, in a size and weight (400, 500, 600)."""
    made = QFont(QApplication.font())
    made.setPixelSize(size_px)
    made.setWeight(QFont.Weight(weight))
    return made


def set_tone(widget: QWidget, tone: str) -> None:
    """Colour a label by tone, through the style sheet."""
    if widget.property("tone") == tone:
        return
    widget.setProperty("tone", tone)
    widget.style().unpolish(widget)
    widget.style().polish(widget)


def _base_font() -> QFont:
    families: list[str] = []
    for folder in _FONT_FOLDERS:
        for path in sorted(folder.glob("*.[ot]tf")):
            number = QFontDatabase.addApplicationFont(str(path))
            families += QFontDatabase.applicationFontFamilies(number)
        if families:
            break
    made = QFont(QApplication.font())
    inter = [family for family in families if family.startswith("Inter")]
    if inter:
        made.setFamily("Inter" if "Inter" in inter else inter[0])
    made.setPixelSize(BODY_PX)
    made.setFeature(QFont.Tag("tnum"), 1)
    made.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    return made


def _palette(tokens: Tokens) -> QPalette:
    palette = QPalette()
    role = QPalette.ColorRole
    for name, colour in (
        (role.Window, tokens.window),
        (role.Base, tokens.pane),
        (role.AlternateBase, tokens.raised),
        (role.Button, tokens.raised),
        (role.WindowText, tokens.text),
        (role.Text, tokens.text),
        (role.ButtonText, tokens.text),
        (role.BrightText, tokens.loss),
        (role.PlaceholderText, tokens.text3),
        (role.Highlight, tokens.selected),
        (role.HighlightedText, tokens.text),
        (role.Accent, tokens.accent),
        (role.Link, tokens.accent),
        (role.ToolTipBase, tokens.raised),
        (role.ToolTipText, tokens.text),
    ):
        palette.setColor(name, QColor(colour))
    for name in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, name, QColor(tokens.text3))
    return palette
