"""The one delegate of all tables."""

from __future__ import annotations

from PySide6.QtCore import (
    QEvent,
    QLineF,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPointF,
    QRect,
    QSize,
    Qt,
)
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QHelpEvent,
    QPainter,
    QStaticText,
    QTransform,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolTip,
)

from vst_desktop.gui.delegates import painting
from vst_desktop.gui.models.cells import Cell, Kind
from vst_desktop.gui.models.table import RowModel
from vst_desktop.gui.theme import Theme, font
from vst_desktop.gui.tokens import BODY_PX, CAPTION_PX, ROW_PX

PAD_PX = 6
EDGE_PX = 12
"""Padding at the pane's edges: cells begin where the pane's title begins."""
EXTRA_GAP_PX = 6
_Index = QModelIndex | QPersistentModelIndex
_MOST_TEXTS = 4096


class CellDelegate(QStyledItemDelegate):
    """Paints cells by their column's kind; the hovered and the selected row as a whole."""

    def __init__(self, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self._theme = theme
        self._body = font(BODY_PX, 500)
        self._strong = font(BODY_PX, 600)
        self._chip = font(CAPTION_PX, 600)
        self.hovered_row = -1
        self._texts: dict[tuple[str, int], QStaticText] = {}

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        """Rows are all the same height."""
        return QSize(0, ROW_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        """Ground of the row, then the cell."""
        model = index.model()
        assert isinstance(model, RowModel)
        cell: Cell = model.cell(index)
        tokens = self._theme.tokens
        rect: QRect = option.rect
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        hovered = index.row() == self.hovered_row
        if selected:
            painter.fillRect(rect, QColor(tokens.selected))
        elif hovered:
            painter.fillRect(rect, QColor(tokens.raised))
        tone = "text2" if cell.tone == "text3" and (selected or hovered) else cell.tone
        number, last = index.column(), len(model.columns) - 1
        column = model.columns[number]
        inner = _inner(rect, number, last)
        if column.kind is Kind.TEXT:
            self._with_extra(painter, inner, cell, tone, column.right)
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        match column.kind:
            case Kind.CHIP:
                painting.chip(painter, inner, cell.text, tone, tokens, self._chip)
            case Kind.SPARK:
                painting.spark(painter, inner, cell.spark, self._theme.colour(tone))
            case Kind.DISTANCE if cell.distance is not None:
                painting.distance(painter, inner, cell.distance, tokens)
            case Kind.DOT:
                taken = painting.dot(painter, inner, self._theme.colour(tone))
                colour = tone if tone in ("loss", "warn") else "text"
                self._text(painter, inner.adjusted(taken, 0, 0, 0), cell.text, colour, cell, False)
            case _:
                self._with_extra(painter, inner, cell, tone, column.right)
        painter.restore()

    def _with_extra(
        self, painter: QPainter, rect: QRect, cell: Cell, tone: str, right: bool
    ) -> None:
        if cell.extra:
            dim = "text3" if tone == "text3" else "text2"
            taken = round(self._laid_out("00 Nov", self._body).size().width()) + EXTRA_GAP_PX
            self._text(painter, rect.adjusted(taken, 0, 0, 0), cell.extra, dim, cell, right)
            rect = rect.adjusted(0, 0, -max(0, rect.width() - taken), 0)
        self._text(painter, rect, cell.text, tone, cell, right)

    def _text(
        self, painter: QPainter, rect: QRect, text: str, tone: str, cell: Cell, right: bool
    ) -> None:
        if not text:
            return
        used = self._font(cell)
        laid = self._laid_out(text, used)
        size = laid.size()
        if size.width() > rect.width() + 1:
            shown = QFontMetrics(used).elidedText(text, Qt.TextElideMode.ElideRight, rect.width())
            laid = self._laid_out(shown, used)
            size = laid.size()
        painter.setFont(used)
        painter.setPen(self._theme.colour(tone))
        left = rect.right() + 1 - size.width() if right else rect.left()
        top = rect.top() + (rect.height() - size.height()) / 2
        painter.drawStaticText(QPointF(left, top), laid)
        if cell.struck:  # by hand: Qt draws a static text's own strike-out beside the text
            middle = rect.center().y() + 1
            painter.drawLine(QLineF(left, middle, left + size.width(), middle))

    def _laid_out(self, text: str, used: QFont) -> QStaticText:
        """A text ready to be drawn; the same few hundred come again and again."""
        key = (text, used.weight())
        laid = self._texts.get(key)
        if laid is None:
            if len(self._texts) >= _MOST_TEXTS:
                self._texts.clear()
            laid = self._texts[key] = QStaticText(text)
            laid.setTextFormat(Qt.TextFormat.PlainText)
            laid.prepare(QTransform(), used)
        return laid

    def _font(self, cell: Cell) -> QFont:
        return self._strong if cell.strong and not cell.struck else self._body

    def helpEvent(
        self,
        event: QHelpEvent,
        view: QAbstractItemView,
        option: QStyleOptionViewItem,
        index: _Index,
    ) -> bool:
        """The cell's tooltip, or its whole text when that does not fit."""
        if event.type() is not QEvent.Type.ToolTip or not index.isValid():
            return super().helpEvent(event, view, option, index)
        text = index.data(Qt.ItemDataRole.ToolTipRole)
        if not text:
            shown = str(index.data() or "")
            last = index.model().columnCount() - 1
            room = _inner(option.rect, index.column(), last).width()
            if QFontMetrics(self._body).horizontalAdvance(shown) <= room:
                QToolTip.hideText()
                return True
            text = shown
        QToolTip.showText(event.globalPos(), str(text), view)
        return True


def _inner(rect: QRect, column: int, last: int) -> QRect:
    """Where a cell's content stands: with more room at the pane's edges."""
    left = EDGE_PX if column == 0 else PAD_PX
    return rect.adjusted(left, 0, -(EDGE_PX if column == last else PAD_PX), 0)
