"""A line inside a pane that tells or asks, instead of a dialog."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QPushButton, QToolButton

from vst_desktop.gui.theme import font, set_tone
from vst_desktop.gui.tokens import BODY_PX


class Banner(QFrame):
    """Hidden until there is something to say; closed by its cross or by Escape."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("banner")
        self.setProperty("tone", "loss")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 5, 6, 5)
        layout.setSpacing(8)
        self._text = QLabel()
        self._text.setFont(font(BODY_PX, 500))
        self._text.setWordWrap(True)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._entry = QLineEdit()
        self._entry.setAccessibleName("Answer")
        self._entry.setMinimumWidth(140)
        self._yes = QPushButton()
        self._yes.setAccessibleName("Confirm")
        self._yes.setAutoDefault(False)
        self._yes.clicked.connect(self._confirm)
        self._close = QToolButton()
        self._close.setText("✕")
        self._close.setToolTip("Close this note")
        self._close.setAccessibleName("Close this note")
        self._close.clicked.connect(self.dismiss)
        for widget in (self._text, self._entry, self._yes, self._close):
            layout.addWidget(widget, 1 if widget is self._text else 0)
        self._then: Callable[[str], None] | None = None
        self.hide()

    @property
    def text(self) -> str:
        """What it says."""
        return self._text.text()

    def tell(self, text: str, tone: str = "loss") -> None:
        """Say something; ``tone`` loss, warn or info."""
        self._show(text, tone, None)

    def ask(
        self, text: str, button: str, then: Callable[[str], None], *, placeholder: str | None = None
    ) -> None:
        """Ask before something is done. With a placeholder, the answer is typed and not empty."""
        self._show(text, "warn", then)
        self._yes.setText(button)
        self._yes.setToolTip(button)
        self._yes.show()
        self._entry.setVisible(placeholder is not None)
        self._entry.clear()
        if placeholder is None:
            self._close.setFocus()
            return
        self._entry.setPlaceholderText(placeholder)
        self._entry.setAccessibleName(placeholder)
        self._entry.setFocus()

    def answer(self, text: str = "") -> None:
        """Answer as the trader would: type the text and press the button."""
        self._entry.setText(text)
        self._confirm()

    def dismiss(self) -> None:
        """Close without an answer."""
        self._then = None
        self.hide()

    def _show(self, text: str, tone: str, then: Callable[[str], None] | None) -> None:
        self._then = then
        self._text.setText(text)
        set_tone(self, tone)
        self._yes.hide()
        self._entry.hide()
        self.show()

    def _confirm(self) -> None:
        typed = self._entry.text().strip()
        if self._then is None or (not self._entry.isHidden() and not typed):
            return
        then = self._then
        self.dismiss()
        then(typed)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape closes it; Enter in its own field confirms what was typed."""
        if event.key() == Qt.Key.Key_Escape:
            self.dismiss()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._entry.hasFocus():
            self._confirm()
        else:
            super().keyPressEvent(event)
