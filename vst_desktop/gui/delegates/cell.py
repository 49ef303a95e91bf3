"""The one delegate of all tables."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QHelpEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolTip,
)

from vst_desktop.gui.delegates import painting
from vst_desktop.gui.models.cells import Cell, Kind
from vst_desktop.gui.models.table import CELL_ROLE, RowModel
from vst_desktop.gui.theme import Theme, font
from vst_desktop.gui.tokens import BODY_PX, CAPTION_PX, ROW_PX

PAD_PX = 6
EDGE_PX = 12
"""Padding at the pane's edges: cells begin where the pane's title begins."""
EXTRA_GAP_PX = 6
_Index = QModelIndex | QPersistentModelIndex


class CellDelegate(QStyledItemDelegate):
    """Paints cells by their column's kind; the hovered and the selected row as a whole."""

    def __init__(self, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self._theme = theme
        self._body = font(BODY_PX, 500)
        self._strong = font(BODY_PX, 600)
        self._struck = font(BODY_PX, 500)
        self._struck.setStrikeOut(True)
        self._chip = font(CAPTION_PX, 600)
        self.hovered_row = -1

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        """Rows are all the same height."""
        return QSize(0, ROW_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        """Ground of the row, then the cell."""
        cell: Cell | None = index.data(CELL_ROLE)
        if cell is None:
            return
        tokens = self._theme.tokens
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        selected = bool(state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        hovered = index.row() == self.hovered_row
        if selected:
            painter.fillRect(rect, QColor(tokens.selected))
        elif hovered:
            painter.fillRect(rect, QColor(tokens.raised))
        tone = "text2" if cell.tone == "text3" and (selected or hovered) else cell.tone
        inner = self._inner(rect, index)
        column = self._column(index)
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

    @staticmethod
    def _inner(rect: QRect, index: _Index) -> QRect:
        last = index.model().columnCount() - 1
        return rect.adjusted(
            EDGE_PX if index.column() == 0 else PAD_PX,
            0,
            -(EDGE_PX if index.column() == last else PAD_PX),
            0,
        )

    def _with_extra(
        self, painter: QPainter, rect: QRect, cell: Cell, tone: str, right: bool
    ) -> None:
        if cell.extra:
            dim = "text3" if tone == "text3" else "text2"
            metrics = QFontMetrics(self._font(cell))
            taken = metrics.horizontalAdvance("00 Nov") + EXTRA_GAP_PX
            self._text(painter, rect.adjusted(taken, 0, 0, 0), cell.extra, dim, cell, right)
            rect = rect.adjusted(0, 0, -max(0, rect.width() - taken), 0)
        self._text(painter, rect, cell.text, tone, cell, right)

    def _text(
        self, painter: QPainter, rect: QRect, text: str, tone: str, cell: Cell, right: bool
    ) -> None:
        used = self._font(cell)
        painter.setFont(used)
        painter.setPen(self._theme.colour(tone))
        side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
        shown = QFontMetrics(used).elidedText(text, Qt.TextElideMode.ElideRight, rect.width())
        painter.drawText(rect, side | Qt.AlignmentFlag.AlignVCenter, shown)

    def _font(self, cell: Cell) -> QFont:
        if cell.struck:
            return self._struck
        return self._strong if cell.strong else self._body

    @staticmethod
    def _column(index: _Index):  # type: ignore[no-untyped-def]
        model = index.model()
        assert isinstance(model, RowModel)
        return model.columns[index.column()]

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
            room = self._inner(option.rect, index).width()
            if QFontMetrics(self._body).horizontalAdvance(shown) <= room:
                QToolTip.hideText()
                return True
            text = shown
        QToolTip.showText(event.globalPos(), str(text), view)
        return True
