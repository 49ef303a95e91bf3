"""The workspaces as they come, before the trader rearranges them."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMainWindow

from vst_desktop.gui.frame.docks import PaneDock

Column = tuple[int, tuple[tuple[str, int], ...]]
"""A column's width, and its panes with their heights; px at the size of the draft."""

WORKSPACES: dict[str, tuple[Column, ...]] = {
    # from the signal to the order
    "Trade": (
        (382, (("scanner", 550), ("alerts", 364))),
        (834, (("candidates", 280), ("chart", 486), ("book", 150))),
        (352, (("ticket", 916),)),
    ),
    # one symbol at a time: signals and their reasons, a large chart, its spreads
    "Research": (
        (382, (("scanner", 916),)),
        (834, (("chart", 656), ("candidates", 260))),
        (352, (("ticket", 916),)),
    ),
    # what is held and what works
    "Monitor": (
        (1100, (("book", 420), ("chart", 496))),
        (468, (("alerts", 496), ("candidates", 420))),
    ),
    # history
    "Lab": ((1568, (("lab", 916),)),),
}


def arrange(window: QMainWindow, docks: Mapping[str, PaneDock], name: str) -> None:
    """Put the docks where the workspace has them; the others are hidden."""
    for dock in docks.values():
        if dock.isFloating():
            dock.setFloating(False)
        window.removeDockWidget(dock)
    columns = [
        (width, [(docks[key], height) for key, height in stack])
        for width, stack in WORKSPACES[name]
    ]
    across, down = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
    heads = [stack[0][0] for _, stack in columns]
    window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, heads[0])
    for left, right in itertools.pairwise(heads):
        window.splitDockWidget(left, right, across)
    for _, stack in columns:
        for (upper, _), (lower, _) in itertools.pairwise(stack):
            window.splitDockWidget(upper, lower, down)
        for dock, _ in stack:
            dock.show()
    for _, stack in columns:
        window.resizeDocks([dock for dock, _ in stack], [height for _, height in stack], down)
    window.resizeDocks(heads, [width for width, _ in columns], across)
    # Hidden, but in their place: Qt shows docks of which a restored state knows nothing.
    shown = {dock for _, stack in columns for dock, _ in stack}
    for dock in docks.values():
        if dock not in shown:
            window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
            dock.hide()
