"""The frame of every pane: header of 34 px, banner, body."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from vst_desktop.gui.theme import Theme, font, set_tone
from vst_desktop.gui.tokens import BODY_PX, CAPTION_PX, PANE_HEADER_PX
from vst_desktop.gui.widgets.banner import Banner
from vst_desktop.gui.widgets.table import Table
from vst_desktop.station.view import StationView

_BETWEEN = " · "


class Elided(QLabel):
    """A label that elides what does not fit; its tooltip is ``tip``, else the elided text.

    Of parts with a middle dot between them it shows as many whole ones as fit.
    """

    def __init__(self, text: str = "", tone: str = "text2") -> None:
        super().__init__(text)
        self.setProperty("tone", tone)
        self.tip = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)

    def minimumSizeHint(self) -> QSize:
        """It can shrink to nothing."""
        return QSize(10, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """The text, elided at the right."""
        painter = QPainter(self)
        room = self.contentsRect()
        shown = self._fitting(room.width())
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(room, self.alignment() | Qt.AlignmentFlag.AlignVCenter, shown)
        painter.end()
        tip = self.tip or (self.text() if shown != self.text() else "")
        if self.toolTip() != tip:
            self.setToolTip(tip)

    def _fitting(self, room: int) -> str:
        metrics, text = self.fontMetrics(), self.text()
        while metrics.horizontalAdvance(text) > room and _BETWEEN in text:
            text = text.rpartition(_BETWEEN)[0]
        return metrics.elidedText(text, Qt.TextElideMode.ElideRight, room)


class TabButton(QToolButton):
    """A flat tab in a pane's header; the chosen one is brighter and underlined."""

    def __init__(self, theme: Theme, text: str) -> None:
        super().__init__()
        self._theme = theme
        self.setText(text)
        self.setCheckable(True)
        self.setAutoRaise(True)
        self.setToolTip(f"Show {text.lower()}")
        self.setAccessibleName(text)
        self.setFont(font(BODY_PX, 500))
        self.setFixedHeight(PANE_HEADER_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Text, and a line below the chosen tab."""
        painter = QPainter(self)
        tokens = self._theme.tokens
        bright = self.isChecked() or self.underMouse() or self.hasFocus()
        painter.setFont(font(BODY_PX, 600 if self.isChecked() else 500))
        painter.setPen(QColor(tokens.text if bright else tokens.text2))
        shown = painter.fontMetrics().elidedText(
            self.text(), Qt.TextElideMode.ElideRight, self.width() - 4
        )
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, shown)
        if self.isChecked():
            line = QRect(4, self.height() - 2, self.width() - 8, 2)
            painter.fillRect(line, QColor(tokens.accent))
        painter.end()

    def sizeHint(self) -> QSize:
        """The bold text with a little room."""
        return QSize(
            QFontMetrics(font(BODY_PX, 600)).horizontalAdvance(self.text()) + 16, PANE_HEADER_PX
        )


class Pane(QFrame):
    """A pane: its header holds the title or tabs at the left and its state at the right."""

    tab_changed = Signal(int)

    def __init__(self, theme: Theme, title: str) -> None:
        super().__init__()
        self.theme = theme
        self.setObjectName("pane")
        self.setAccessibleName(title)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        header = QFrame()
        header.setObjectName("paneHeader")
        header.setFixedHeight(PANE_HEADER_PX)
        self.header = QHBoxLayout(header)
        self.header.setContentsMargins(12, 0, 8, 0)
        self.header.setSpacing(6)
        self.title = QLabel(title)
        self.title.setFont(font(BODY_PX, 600))
        self.info = Elided()
        self.info.setFont(font(CAPTION_PX))
        self.info.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.header.addWidget(self.title)
        self.header.addWidget(self.info, 1)
        self.banner = Banner()
        place = QHBoxLayout()
        place.setContentsMargins(8, 0, 8, 0)
        place.addWidget(self.banner)
        outer.addWidget(header)
        outer.addLayout(place)
        self.body = outer
        self._tabs = QButtonGroup(self)
        self._stack: QStackedWidget | None = None
        self._own_tables: list[Table[Any]] = []

    def show_view(self, view: StationView) -> None:
        """Show this snapshot; change only what differs."""
        raise NotImplementedError

    def own_table(self, table: Table[Any]) -> None:
        """What becomes of the table's exports is told in this pane."""
        self._own_tables.append(table)
        table.exported.connect(self.banner.tell)

    def set_mode(self, mode: str) -> None:
        """The trading mode that stands in every export."""
        for table in self._own_tables:
            table.mode = mode

    def set_info(self, text: str, tone: str = "text2") -> None:
        """What stands at the right of the header."""
        self.info.setText(text)
        set_tone(self.info, tone)

    def add_tab(self, title: str, page: QWidget) -> int:
        """Add a page; its tab takes the place of the title."""
        if self._stack is None:
            self._stack = QStackedWidget()
            self.body.addWidget(self._stack, 1)
            self.title.hide()
            self._tabs.idClicked.connect(self.show_tab)
            self.header.setContentsMargins(6, 0, 8, 0)
        number = self._stack.addWidget(page)
        tab = TabButton(self.theme, title)
        self._tabs.addButton(tab, number)
        self.header.insertWidget(number, tab)
        if number == 0:
            tab.setChecked(True)
        return number

    def show_tab(self, number: int) -> None:
        """Bring a page to the front."""
        if self._stack is None:
            return
        self._tabs.button(number).setChecked(True)
        if self._stack.currentIndex() != number:
            self._stack.setCurrentIndex(number)
            self.tab_changed.emit(number)

    @property
    def tab(self) -> int:
        """The page in front."""
        return self._stack.currentIndex() if self._stack is not None else 0
