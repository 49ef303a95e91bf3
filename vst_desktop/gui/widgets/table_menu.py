"""The menu of every table: which columns it shows, the row as text, all rows as CSV."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QMenu

from vst_desktop.domain.errors import UserError
from vst_desktop.gui.models.export import write_csv

if TYPE_CHECKING:
    from vst_desktop.gui.widgets.table import Table


class TableMenu(QObject):
    """Opens on a right click on the header or the rows, and by the Menu key."""

    def __init__(self, table: Table[Any]) -> None:
        super().__init__(table)
        self._table = table
        for place in (table, table.horizontalHeader()):
            place.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
            place.customContextMenuRequested.connect(self._open)

    def menu(self) -> QMenu:
        """What is offered now."""
        table = self._table
        menu = QMenu(table)
        columns = menu.addMenu("Columns")
        for place, column in enumerate(table.columns):
            action = columns.addAction(column.title)
            action.setCheckable(True)
            action.setChecked(table.wanted(place))
            action.setToolTip(column.tooltip)
            action.toggled.connect(partial(self._choose, column.title))
        columns.addSeparator()
        columns.addAction("As they come").triggered.connect(lambda: table.choose_columns({}))
        copied = menu.addAction("Copy the row")
        copied.setEnabled(table.current_row() is not None)
        copied.triggered.connect(self.copy_row)
        menu.addAction("Export as CSV…").triggered.connect(self.ask_file)
        return menu

    def copy_row(self) -> None:
        """Put the selected row on the clipboard, cells separated by tabs."""
        row, model = self._table.currentIndex().row(), self._table.model()
        cells = [str(model.index(row, n).data() or "") for n in range(model.columnCount())]
        QGuiApplication.clipboard().setText("\t".join(cells))

    def ask_file(self) -> None:
        """Ask where the table is to be written."""
        table = self._table
        name = f"{table.mode}-{table.accessibleName()}.csv".lower().replace(" ", "-").lstrip("-")
        dialog = QFileDialog(table, "Export as CSV", name, "CSV files (*.csv)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("csv")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.export)
        dialog.open()

    def export(self, path: str) -> None:
        """Write the table to that file, and tell."""
        table = self._table
        if table.exporter is not None:
            table.exporter(path)
            return
        try:
            write_csv(path, table.csv())
        except UserError as error:
            table.exported.emit(str(error), "loss")
        else:
            table.exported.emit(f"{table.model().rowCount()} rows are in {path}.", "info")

    def _choose(self, title: str, shown: bool) -> None:
        self._table.choose_columns({**self._table.choice, title: shown})

    def _open(self, place: QPoint) -> None:
        menu = self.menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self._table.viewport().mapToGlobal(place))
