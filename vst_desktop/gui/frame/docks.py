"""Panes that can be moved, stacked, floated and hidden."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QDockWidget,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QToolButton,
    QWidget,
)

from vst_desktop.gui.theme import font, set_tone
from vst_desktop.gui.tokens import CAPTION_PX
from vst_desktop.gui.widgets.pane import Pane

_GRIP_PX = 22


class PaneDock(QDockWidget):
    """One pane. Locked it has no handle and stays; unlocked a bar above it moves it."""

    def __init__(self, name: str, pane: Pane, desk: QMainWindow, locked: bool) -> None:
        super().__init__(pane.accessibleName(), desk)  # without a parent Qt takes it for floating
        self.setObjectName(name)  # what Qt's saved states know it by
        self.pane = pane
        self._still = _Nothing()
        self._grip = _Grip(self)
        self.lock(locked)
        self.setWidget(pane)  # last: each change dresses all that is inside again
        self.topLevelChanged.connect(self._floats)

    def lock(self, locked: bool) -> None:
        """Take the handle away, or give it. A pane that floats keeps one: the way back."""
        features = QDockWidget.DockWidgetFeature
        free = (
            features.DockWidgetMovable | features.DockWidgetFloatable | features.DockWidgetClosable
        )
        self.setFeatures(features.NoDockWidgetFeatures if locked else free)
        self._locked = locked
        self._floats(self.isFloating())

    def _floats(self, floating: bool) -> None:
        bar: QWidget = self._still if self._locked and not floating else self._grip
        if self.titleBarWidget() is not bar:
            self.setTitleBarWidget(bar)
            bar.show()


class _Nothing(QWidget):
    """No title bar: a dock without one would draw its own."""

    def sizeHint(self) -> QSize:
        """No room."""
        return QSize(0, 0)

    def minimumSizeHint(self) -> QSize:
        """Nor at least."""
        return QSize(0, 0)


class _Grip(QFrame):
    """A narrow bar: its name, and buttons to float or hide the pane."""

    def __init__(self, dock: QDockWidget) -> None:
        super().__init__()
        self.setObjectName("grip")
        self.setFixedHeight(_GRIP_PX)
        self.setCursor(Qt.CursorShape.SizeAllCursor)
        self.setToolTip("Drag to move this pane; onto another to stack them")
        name = QLabel(f"⠿  {dock.windowTitle()}")
        name.setFont(font(CAPTION_PX, 600))
        set_tone(name, "text2")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 0, 4, 0)
        layout.setSpacing(2)
        layout.addWidget(name, 1)
        for text, tip, call in (
            ("float", "Float, or put back", lambda: dock.setFloating(not dock.isFloating())),
            ("hide", "Hide; the Layout menu shows it again", dock.hide),
        ):
            button = QToolButton()
            button.setText(text)
            button.setFont(font(CAPTION_PX))
            button.setToolTip(tip)
            button.setAccessibleName(f"{tip.split(',')[0].split(';')[0]}: {dock.windowTitle()}")
            button.setCursor(Qt.CursorShape.ArrowCursor)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.clicked.connect(lambda _checked=False, call=call: call())
            layout.addWidget(button)
