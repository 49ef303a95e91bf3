"""Every command of the window with its key, declared once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command: its name in code, what it is called, its keys, and what it does."""

    name: str
    text: str
    keys: tuple[str, ...]
    tip: str


def _command(name: str, text: str, keys: str, tip: str) -> Command:
    return Command(name=name, text=text, keys=tuple(keys.split(" ")), tip=tip)


COMMANDS: tuple[Command, ...] = (
    _command("scan", "Scan", "F5", "Scan the universe, load chains, propose candidates"),
    _command("cancel_scan", "Stop the scan", "Shift+F5", "What it found so far stays"),
    _command("schedule", "Scan schedule…", "Ctrl+F5", "Scan every so often, or only when asked"),
    _command("load_chain", "Load chain", "Ctrl+L", "Load the selected symbol's option chain"),
    _command(
        "approve", "Approve", "Ctrl+Return Ctrl+Enter", "Approve the shown candidate as it is shown"
    ),
    _command("bounds", "Bounds…", "Ctrl+B", "Approve what is shown only within tighter bounds"),
    _command("reject", "Reject", "Del", "Take the shown candidate off the list"),
    _command(
        "withdraw", "Withdraw", "Ctrl+Backspace", "Take back the shown or selected waiting approval"
    ),
    _command("release", "Release", "Ctrl+R", "Let the selected held order wait for its window"),
    _command("hold", "Hold what waits", "Ctrl+Shift+H", "No approval goes until it is released"),
    _command(
        "close_position",
        "Close position…",
        "Ctrl+Shift+X",
        "Close the selected one: by the ladder, or now",
    ),
    _command("edit_exits", "Edit exits…", "Ctrl+Shift+E", "Stop, target and day of the position"),
    _command(
        "rehearse", "Rehearse the queue", "Ctrl+Shift+R", "Try what waits without sending anything"
    ),
    _command(
        "answer", "Answer UNKNOWN…", "Ctrl+Shift+A", "Say what TWS shows of the selected order"
    ),
    _command(
        "thaw", "Let exits go again…", "Ctrl+Shift+G", "You have looked at the frozen position"
    ),
    _command("repairs", "Repairs…", "Ctrl+Shift+P", "Ways out of the frozen position, priced now"),
    _command(
        "cancel_orphan", "Cancel orphan…", "Ctrl+Shift+C", "Cancel an order not in the journal"
    ),
    _command(
        "kill",
        "Kill switch",
        "Ctrl+Shift+K",
        "Cancel working entries, void the queue, halt entries",
    ),
    _command("clear_kill", "Allow entries…", "Ctrl+Shift+U", "Clear the kill switch with a reason"),
    _command("arm", "Arm LIVE…", "Ctrl+Shift+L", "Arm LIVE entries for this run by the account id"),
    _command(
        "auto_rules", "Auto-approve rules…", "Ctrl+Shift+Y", "Show, arm or end rules that approve"
    ),
    _command("flatten", "Flatten…", "Ctrl+Shift+F", "Close every position; FLATTEN must be typed"),
    _command("acknowledge", "Mark alerts read", "Ctrl+J", "Mark all alerts read"),
    _command("acknowledge_one", "Mark alert read", "Ctrl+Shift+J", "Mark the selected alert read"),
    _command("go_scanner", "Go to Scanner", "Alt+1", "Give the signals the keyboard"),
    _command("go_candidates", "Go to Candidates", "Alt+2", "Give the candidates the keyboard"),
    _command("go_positions", "Go to Positions", "Alt+3", "Show the positions"),
    _command("go_orders", "Go to Orders", "Alt+4", "Show the orders"),
    _command("go_alerts", "Go to Alerts", "Alt+5", "Give the alerts the keyboard"),
    _command("go_journal", "Go to Journal", "Alt+6", "Show what happened"),
    _command("story", "Story of the order", "Ctrl+Shift+T", "What happened to the selected order"),
    _command("alternative_1", "First alternative", "Ctrl+1", "Take the first alternative spread"),
    _command("alternative_2", "Second alternative", "Ctrl+2", "Take the second alternative spread"),
    _command("alternative_3", "Third alternative", "Ctrl+3", "Take the third alternative spread"),
    _command("range_1m", "Chart of 1 month", "F6", "Show the last 21 sessions"),
    _command("range_3m", "Chart of 3 months", "F7", "Show the last 63 sessions"),
    _command("range_6m", "Chart of 6 months", "F8", "Show the last 126 sessions"),
    _command("range_1y", "Chart of 1 year", "F9", "Show the last 252 sessions"),
    _command("fault_drill", "Fault drill…", "Ctrl+Shift+D", "Make TWS fail, in a demo"),
    _command("workspace_trade", "Workspace Trade", "Ctrl+Alt+1", "From the signal to the order"),
    _command("workspace_research", "Workspace Research", "Ctrl+Alt+2", "One symbol, a large chart"),
    _command("workspace_monitor", "Workspace Monitor", "Ctrl+Alt+3", "What is held and works"),
    _command("workspace_lab", "Workspace Lab", "Ctrl+Alt+4", "Strategies over history"),
    _command("lock_layout", "Lock the layout", "Ctrl+Alt+L", "Panes stay, or can be moved"),
    _command("reset_layout", "Reset the layout", "Ctrl+Alt+0", "Workspaces and columns as made"),
    _command("lab", "Lab…", "Ctrl+Shift+B", "Play strategies over history, or search settings"),
    _command("wizard", "First steps…", "Ctrl+Shift+W", "Demo, connection, account, risk, alerts"),
    _command("settings", "Settings…", "Ctrl+,", "Every setting, with its default and range"),
    _command("layout", "Layout…", "Ctrl+Alt+P", "Workspaces and panes"),
    _command("theme", "Next theme", "Ctrl+T", "Dark, light, or colours for the colour-blind"),
    _command("palette", "Command palette", "Ctrl+K", "Find a command by its name"),
    _command("shortcuts", "Shortcuts", "F1", "All commands and their keys"),
    _command("logs", "Open logs", "Ctrl+Shift+O", "The folder of the logs"),
    _command(
        "diagnostics",
        "Save diagnostics…",
        "Ctrl+Shift+S",
        "Logs, settings and checks of the journal in one file, without secrets",
    ),
    _command("about", "About", "Shift+F1", "Version, mode, licences"),
    _command("quit", "Quit", "Ctrl+Q", "Leave the station"),
)


def make_actions(window: QWidget, handlers: Mapping[str, Callable[[], None]]) -> dict[str, QAction]:
    """Actions of the window, by name.

    A held key does not repeat a command: only a new press counts.
    """
    actions: dict[str, QAction] = {}
    for command in COMMANDS:
        action = QAction(command.text, window)
        action.setObjectName(command.name)
        action.setShortcuts([QKeySequence(key) for key in command.keys])
        action.setAutoRepeat(False)
        keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        action.setToolTip(f"{command.tip} ({keys})")
        handler = handlers[command.name]
        action.triggered.connect(lambda _checked=False, call=handler: call())
        window.addAction(action)
        actions[command.name] = action
    return actions
