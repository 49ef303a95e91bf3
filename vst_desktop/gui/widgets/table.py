"""The table of every pane: rows of 26 px, columns that fit, a note when it is empty."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QEvent, QItemSelectionModel, QModelIndex, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from vst_desktop.gui.delegates.cell import EDGE_PX, PAD_PX, CellDelegate
from vst_desktop.gui.delegates.painting import CHIP_PAD_PX, DOT_TAKEN_PX
from vst_desktop.gui.models.cells import Column, Kind
from vst_desktop.gui.models.export import csv_text
from vst_desktop.gui.models.table import RowModel
from vst_desktop.gui.theme import Theme, font
from vst_desktop.gui.tokens import BODY_PX, CAPTION_PX, ROW_PX
from vst_desktop.gui.widgets.table_menu import TableMenu

SETTLE_MS = 1000
SLACK_PX = 1


class Table[Row](QTableView):
    """Shows a row model.

    ``chosen`` is emitted with the row's key when the trader (not the program) selects a row;
    ``opened`` on a double click. Enter does nothing here, on purpose. A right click on header or
    rows opens the menu of columns and export; ``exported`` tells what became of it, with a tone.
    """

    chosen = Signal(str)
    opened = Signal(str)
    columns_changed = Signal()
    exported = Signal(str, str)

    def __init__(
        self, theme: Theme, model: RowModel[Row], key: Callable[[Row], str], name: str
    ) -> None:
        super().__init__()
        self.mode = ""
        self.exporter: Callable[[str], None] | None = None
        """Writes all rows to a file, where the table shows only some of them."""
        self._theme = theme
        self._rows = model
        self._key = key
        self._quiet = False
        self._note = ""
        model.setParent(self)
        model.frozen = self._is_held
        self.setModel(model)
        self.setAccessibleName(name)
        self._delegate = CellDelegate(theme, self)
        self.setItemDelegate(self._delegate)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setMouseTracking(True)
        self.setTabKeyNavigation(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self._set_up_headers()
        self._least = self._least_widths()
        self._choice: dict[str, bool] = {}
        self._menu = TableMenu(self)
        model.layoutChanged.connect(self.viewport().update)
        self.selectionModel().currentRowChanged.connect(self._current_changed)
        self.doubleClicked.connect(self._opened)
        self._settle = QTimer(self)
        self._settle.setInterval(SETTLE_MS)
        self._settle.timeout.connect(model.settle)
        self._settle.start()
        theme.changed.connect(self.viewport().update)

    def _set_up_headers(self) -> None:
        rows = self.verticalHeader()
        rows.setVisible(False)
        rows.setDefaultSectionSize(ROW_PX)
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        head = self.horizontalHeader()
        head.setFont(font(CAPTION_PX, 500))
        head.setFixedHeight(ROW_PX)
        head.setHighlightSections(False)
        head.setSectionsClickable(True)
        head.setSortIndicatorShown(False)
        head.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        head.setMinimumSectionSize(20)
        head.sectionClicked.connect(self._header_clicked)
        self._sorted: tuple[int, Qt.SortOrder] | None = None

    def _least_widths(self) -> list[int]:
        body = QFontMetrics(font(BODY_PX, 600))
        head = QFontMetrics(font(CAPTION_PX, 600))
        widths = []
        around = {Kind.CHIP: 2 * CHIP_PAD_PX + 2, Kind.DOT: DOT_TAKEN_PX}
        for column in self._rows.columns:
            sample = head if column.kind is Kind.CHIP else body
            text = max(
                sample.horizontalAdvance(column.sample) + around.get(column.kind, 0),
                head.horizontalAdvance(column.title) + 2,
            )
            widths.append(text + 2 * PAD_PX + SLACK_PX)
        widths[0] += EDGE_PX - PAD_PX
        widths[-1] += EDGE_PX - PAD_PX
        return widths

    # -- columns

    @property
    def columns(self) -> tuple[Column[Row], ...]:
        """All columns, shown or not."""
        return self._rows.columns

    @property
    def choice(self) -> dict[str, bool]:
        """Columns that the trader has shown or hidden, by title."""
        return dict(self._choice)

    def choose_columns(self, choice: Mapping[str, bool]) -> None:
        """Show or hide columns by title (unknown ones are nothing); the rest are as they come."""
        known = {column.title for column in self._rows.columns}
        self._choice = {title: shown for title, shown in choice.items() if title in known}
        self._fit()
        self.columns_changed.emit()

    def wanted(self, place: int) -> bool:
        """Whether the column is to be shown, if there is room."""
        column = self._rows.columns[place]
        return self._choice.get(column.title, not column.optional)

    def csv(self) -> str:
        """The rows as they stand, with every column, as CSV."""
        count = self._rows.rowCount()
        rows = (row for row in map(self._rows.row, range(count)) if row is not None)
        return csv_text(self._rows.columns, rows, self.mode)

    # -- what it shows

    def set_note(self, note: str) -> None:
        """Say this in the middle while there are no rows."""
        if note != self._note:
            self._note = note
            self.viewport().update()

    @property
    def note(self) -> str:
        """What an empty table says."""
        return self._note

    def select_key(self, key: str | None) -> None:
        """Mark the row of a key as selected without telling anybody."""
        place = self._rows.position(key) if key is not None else None
        current = self.currentIndex()
        if place is not None and current.isValid() and current.row() == place:
            return
        self._quiet = True
        try:
            if place is None:
                self.selectionModel().clear()
            else:
                flags = QItemSelectionModel.SelectionFlag
                self.selectionModel().setCurrentIndex(
                    self._rows.index(place, 0),
                    flags.ClearAndSelect | flags.Rows,
                )
        finally:
            self._quiet = False

    def current_row(self) -> Row | None:
        """The selected row."""
        return self._rows.row(self.currentIndex().row())

    # -- events

    def _is_held(self) -> bool:
        return self.hasFocus() or self.underMouse()

    def _current_changed(self, current: QModelIndex, _previous: QModelIndex) -> None:
        row = self._rows.row(current.row()) if current.isValid() else None
        if row is not None and not self._quiet:
            self.chosen.emit(self._key(row))

    def _opened(self, index: QModelIndex) -> None:
        row = self._rows.row(index.row())
        if row is not None:
            self.opened.emit(self._key(row))

    def _header_clicked(self, section: int) -> None:
        """Rising, falling, then the station's own order again."""
        if self._sorted == (section, Qt.SortOrder.AscendingOrder):
            self._sorted = (section, Qt.SortOrder.DescendingOrder)
        elif self._sorted == (section, Qt.SortOrder.DescendingOrder):
            self._sorted = None
        else:
            self._sorted = (section, Qt.SortOrder.AscendingOrder)
        if self._sorted is None:
            self._rows.sort(-1)
        else:
            self._rows.sort(*self._sorted)
        head = self.horizontalHeader()
        head.setSortIndicatorShown(self._sorted is not None)
        if self._sorted is not None:
            head.setSortIndicator(*self._sorted)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Follow the pointer with the hover of the row."""
        self._hover(self.rowAt(event.position().toPoint().y()))
        super().mouseMoveEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        """No row is hovered any more."""
        self._hover(-1)
        super().leaveEvent(event)

    def _hover(self, row: int) -> None:
        if row != self._delegate.hovered_row:
            self._delegate.hovered_row = row
            self.viewport().update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Rows move by the arrow keys; Enter and letters are the window's."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            event.ignore()
            return
        super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the columns."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        room = self.viewport().width()
        columns = self._rows.columns
        shown = {place for place in range(len(columns)) if self.wanted(place)}
        for place in sorted(shown, key=lambda n: -columns[n].rank):
            if columns[place].rank == 0 or sum(self._least[n] for n in shown) <= room:
                break
            # what the trader chose stays: then the table scrolls
            if columns[place].title not in self._choice:
                shown.discard(place)
        spare = room - sum(self._least[n] for n in shown)
        shares = sum(columns[n].stretch for n in shown) or 1
        used = 0
        for place in range(len(columns)):
            self.setColumnHidden(place, place not in shown)
            if place not in shown:
                continue
            wide = self._least[place] + max(0, spare) * columns[place].stretch // shares
            used += wide
            if place == max(shown) and (used < room or not self._choice):
                wide = max(40, wide + room - used)
            self.setColumnWidth(place, wide)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The rows, or the note when there are none."""
        super().paintEvent(event)
        if self._rows.rowCount() or not self._note:
            return
        painter = QPainter(self.viewport())
        painter.setFont(font(BODY_PX))
        painter.setPen(self._theme.colour("text2"))
        area = self.viewport().rect().adjusted(16, 8, -16, -8)
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        painter.drawText(area, flags, self._note)
        painter.end()

    def minimumSizeHint(self) -> QSize:
        """A header and two rows."""
        return QSize(120, 3 * ROW_PX)


def focus_table(widget: QWidget) -> None:
    """Give a table the keyboard, and its first row when none is selected."""
    widget.setFocus(Qt.FocusReason.ShortcutFocusReason)
    if isinstance(widget, QTableView) and not widget.currentIndex().isValid():
        widget.selectRow(0)
