"""The menu of faults that the simulator of a demo can play."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import groupby

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

from vst_desktop.station.view import FaultRow

GROUPS = {
    "A": "Limits and history",
    "B": "Chains and quotes",
    "C": "Combinations",
    "D": "Orders",
    "E": "Connection",
    "F": "Account",
    "G": "Time and language",
    "H": "Answers that never come",
}


class DrillMenu(QMenu):
    """Faults by kind; those that are on are ticked and also stand first."""

    chosen = Signal(str)
    cleared = Signal()

    def __init__(self, parent: QWidget, faults: Sequence[FaultRow], on: Sequence[str]) -> None:
        super().__init__("Fault drill", parent)
        self.setToolTipsVisible(True)
        known = {one.name: one for one in faults}
        for name in on:
            self.addAction(self._entry(known[name], on) if name in known else QAction(name, self))
        if on:
            end = self.addAction("End all faults")
            end.triggered.connect(self.cleared)
            self.addSeparator()
        for kind, members in groupby(faults, key=lambda one: one.group[0]):
            menu = self.addMenu(GROUPS.get(kind, kind))
            menu.setToolTipsVisible(True)
            for one in members:
                menu.addAction(self._entry(one, on))

    def _entry(self, fault: FaultRow, on: Sequence[str]) -> QAction:
        action = QAction(f"{fault.name}: {fault.meaning}", self)
        action.setCheckable(True)
        action.setChecked(fault.name in on)
        action.triggered.connect(partial(self._choose, fault.name))
        return action

    def _choose(self, name: str, _checked: bool = False) -> None:
        self.chosen.emit(name)
