"""One table model for all panes: rows by key, changed by difference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from vst_desktop.gui.models.cells import Cell, Column

CELL_ROLE = int(Qt.ItemDataRole.UserRole) + 1
_Index = QModelIndex | QPersistentModelIndex
_NO_PARENT = QModelIndex()


class RowModel[Row](QAbstractTableModel):
    """Rows of immutable snapshots.

    A new snapshot touches only rows that are new objects with new content. The order is the
    snapshot's, or that of a clicked header; while ``frozen`` says so (pointer or focus in the
    table) known rows stay where they are and new ones are added below.
    """

    def __init__(
        self,
        columns: Sequence[Column[Row]],
        key: Callable[[Row], str],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.columns = tuple(columns)
        self._key = key
        self._rows: list[Row] = []
        self._keys: list[str] = []
        self._given: tuple[Row, ...] = ()
        self._sorting: tuple[int, bool] | None = None
        self.frozen: Callable[[], bool] = lambda: False

    def row(self, number: int) -> Row | None:
        """The row shown at a position."""
        return self._rows[number] if 0 <= number < len(self._rows) else None

    def position(self, key: str) -> int | None:
        """Where the row of a key stands."""
        return self._keys.index(key) if key in self._keys else None

    def set_rows(self, rows: tuple[Row, ...]) -> None:
        """Show these rows."""
        if rows is self._given:
            return
        self._given = rows
        fresh = {self._key(row): row for row in rows}
        self._drop(fresh)
        self._change(fresh)
        self._insert(fresh)
        if not self.frozen():
            self._order()

    def settle(self) -> None:
        """Take up the right order after a freeze."""
        if not self.frozen():
            self._order()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; -1 gives the snapshot's own order back."""
        self._sorting = (column, order is Qt.SortOrder.DescendingOrder) if column >= 0 else None
        self._order()

    def _drop(self, fresh: dict[str, Row]) -> None:
        for number in range(len(self._keys) - 1, -1, -1):
            if self._keys[number] not in fresh:
                self.beginRemoveRows(_NO_PARENT, number, number)
                del self._rows[number], self._keys[number]
                self.endRemoveRows()

    def _change(self, fresh: dict[str, Row]) -> None:
        first: int | None = None
        for number, key in enumerate(self._keys):
            old, new = self._rows[number], fresh[key]
            if new is old or new == old:
                self._tell(first, number)
                first = None
                continue
            self._rows[number] = new
            first = number if first is None else first
        self._tell(first, len(self._keys))

    def _tell(self, first: int | None, end: int) -> None:
        """Rows from ``first`` up to ``end`` have changed: one signal for all of them."""
        if first is not None:
            self.dataChanged.emit(self.index(first, 0), self.index(end - 1, len(self.columns) - 1))

    def _insert(self, fresh: dict[str, Row]) -> None:
        known = set(self._keys)
        added = [(key, row) for key, row in fresh.items() if key not in known]
        if not added:
            return
        first = len(self._keys)
        self.beginInsertRows(_NO_PARENT, first, first + len(added) - 1)
        self._keys += [key for key, _ in added]
        self._rows += [row for _, row in added]
        self.endInsertRows()

    def _order(self) -> None:
        rows = list(self._given)
        if self._sorting is not None:
            column, descending = self._sorting
            by = self.columns[column].sort
            known = [row for row in rows if by(row) is not None]
            known.sort(key=by, reverse=descending)
            rows = known + [row for row in rows if by(row) is None]
        keys = [self._key(row) for row in rows]
        if keys == self._keys:
            return
        self.layoutAboutToBeChanged.emit()
        places = {key: number for number, key in enumerate(keys)}
        before = self.persistentIndexList()
        after = [self.index(places[self._keys[i.row()]], i.column()) for i in before]
        self._rows, self._keys = rows, keys
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()

    def rowCount(self, parent: _Index = _NO_PARENT) -> int:
        """Rows of the table; none below a row."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: _Index = _NO_PARENT) -> int:
        """Columns of the table."""
        return 0 if parent.isValid() else len(self.columns)

    def cell(self, index: _Index) -> Cell:
        """What the cell shows."""
        return self.columns[index.column()].cell(self._rows[index.row()])

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Text, tooltip and accessible text; ``CELL_ROLE`` gives the whole cell."""
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        cell = self.cell(index)
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return f"{cell.text}  {cell.extra}" if cell.extra else cell.text
            case Qt.ItemDataRole.ToolTipRole:
                return cell.tooltip or None
            case Qt.ItemDataRole.AccessibleTextRole:
                return f"{self.columns[index.column()].title} {cell.text} {cell.extra}".strip()
            case _ if role == CELL_ROLE:
                return cell
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Column titles, aligned with their figures."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        column = self.columns[section]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return column.title
            case Qt.ItemDataRole.ToolTipRole:
                return column.tooltip or None
            case Qt.ItemDataRole.TextAlignmentRole:
                side = Qt.AlignmentFlag.AlignRight if column.right else Qt.AlignmentFlag.AlignLeft
                return side | Qt.AlignmentFlag.AlignVCenter
        return None
