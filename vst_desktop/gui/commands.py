"""What the trader wants becomes a command of the station."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication, QInputDialog, QLineEdit

from vst_desktop.domain.bounds import Bounds
from vst_desktop.domain.orders import Mode
from vst_desktop.gui.actions import make_actions
from vst_desktop.gui.auto_rules import HINT, change_rules, question
from vst_desktop.gui.book_commands import BookCommands
from vst_desktop.gui.configuring import Configuring
from vst_desktop.gui.dialogs.sheets import Palette, ShortcutSheet
from vst_desktop.gui.drill import DrillMenu
from vst_desktop.gui.frame.menu import LayoutMenu
from vst_desktop.gui.helping import Helping
from vst_desktop.gui.journal_reading import JournalReading
from vst_desktop.gui.panes.book import JOURNAL_TAB, ORDERS_TAB, POSITIONS_TAB
from vst_desktop.gui.panes.chart import RANGES
from vst_desktop.gui.widgets.table import Table, focus_table
from vst_desktop.station.api import DrillApi, StationApi

if TYPE_CHECKING:
    from vst_desktop.gui.mainwindow import MainWindow


class Commands(QObject):
    """Joins panes and keys with the bridge. Decides nothing about trades."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._bridge = window.bridge
        self.helping = Helping(window)
        self.reading = JournalReading(window)
        self.book = BookCommands(window)
        self.actions = make_actions(window, self._handlers())
        self._join()

    def _handlers(self) -> dict[str, Callable[[], None]]:
        window, helping = self._window, self.helping
        configuring = Configuring(window, self._bridge)
        ranges = {
            f"range_{name.lower()}": partial(window.chart.show_range, count)
            for name, count in RANGES
        }
        alternatives = {
            f"alternative_{number + 1}": partial(window.ticket.choose_alternative, number)
            for number in range(3)
        }
        return {
            "scan": self.scan,
            "cancel_scan": self.cancel_scan,
            "load_chain": self._load_selected,
            "approve": window.ticket.try_approve,
            "reject": self._reject,
            "bounds": window.ticket.ask_bounds,
            "schedule": window.scanner.schedule.showMenu,
            "withdraw": self._withdraw,
            "release": window.book.ask_release,
            "close_position": window.book.ask_close,
            "edit_exits": window.book.ask_exits,
            "hold": lambda: self._bridge.do("book", "hold", lambda s: s.trading.hold()),
            "rehearse": lambda: self._bridge.do("book", "rehearse", lambda s: s.trading.rehearse()),
            "answer": window.book.ask_answer,
            "thaw": window.book.ask_thaw,
            "repairs": window.book.ask_repairs,
            "cancel_orphan": window.book.ask_cancel,
            "kill": self.kill,
            "clear_kill": self._ask_clear_kill,
            "arm": self._ask_arm,
            "auto_rules": self._ask_auto_rules,
            "flatten": self._ask_flatten,
            "acknowledge": self._acknowledge,
            "acknowledge_one": window.alerts.read_selected,
            "go_scanner": partial(self._go, "scanner", window.scanner.table),
            "go_candidates": partial(self._go, "candidates", window.candidates.table),
            "go_positions": partial(self._go_book, POSITIONS_TAB),
            "go_orders": partial(self._go_book, ORDERS_TAB),
            "go_journal": partial(self._go_book, JOURNAL_TAB),
            "story": window.book.ask_story,
            "go_alerts": partial(self._go, "alerts", window.alerts.table),
            "fault_drill": self._open_drill,
            "workspace_trade": partial(window.frame.show_workspace, "Trade"),
            "workspace_research": partial(window.frame.show_workspace, "Research"),
            "workspace_monitor": partial(window.frame.show_workspace, "Monitor"),
            "workspace_lab": partial(window.frame.show_workspace, "Lab"),
            "lock_layout": lambda: window.frame.lock(not window.frame.locked),
            "reset_layout": window.frame.reset,
            "lab": self._open_lab,
            "logs": helping.open_logs,
            "diagnostics": helping.ask_diagnostics,
            "about": helping.about,
            "settings": configuring.settings,
            "wizard": configuring.wizard,
            "layout": self._open_layout,
            "theme": window.theme.next,
            "palette": self._open_palette,
            "shortcuts": self._open_shortcuts,
            "quit": self._quit,
            **ranges,
            **alternatives,
        }

    def _join(self) -> None:
        window = self._window
        window.strip.kill_pressed.connect(self._kill_button)
        window.strip.drill_pressed.connect(self._open_drill)
        window.strip.layout_pressed.connect(self._open_layout)
        window.frame.changed.connect(self._show_frame)
        window.theme.changed.connect(self._show_frame)
        self._show_frame()
        window.alerts.acknowledge_wanted.connect(self._acknowledge)
        window.alerts.read_wanted.connect(self._acknowledge)
        window.alerts.test_wanted.connect(self._test_alerts)
        window.scanner.chosen.connect(self.select)
        window.scanner.load_wanted.connect(self.load_chain)
        window.scanner.scan_wanted.connect(self.scan)
        window.scanner.cancel_wanted.connect(self.cancel_scan)
        window.scanner.switch_wanted.connect(self.use_range_low)
        window.scanner.schedule_wanted.connect(self.schedule_scans)
        window.candidates.chosen.connect(self.select)
        window.alerts.chosen.connect(self.select)
        window.book.chosen.connect(self.select)
        window.book.story_wanted.connect(self.reading.tell_story)
        window.ticket.approve_wanted.connect(self.approve)
        window.ticket.reject_wanted.connect(self.reject)
        window.ticket.withdraw_wanted.connect(self.withdraw_candidate)
        window.ticket.bounds_wanted.connect(self.set_bounds)
        window.ticket.alternative_wanted.connect(self.choose_alternative)

    # -- commands of the station

    def select(self, symbol: str, candidate_id: str | None = None) -> None:
        """Chart and ticket follow this symbol."""
        if self._bridge.station is not None:
            self._bridge.station.select(symbol, candidate_id)
            self._bridge.publish()

    def scan(self) -> None:
        """Scan, unless a scan runs."""
        view = self._window.view
        if view is not None and view.scan.progress is not None:
            return
        self._bridge.do("scanner", "scan", lambda s: s.scan())

    def use_range_low(self) -> None:
        """Measure the ATR ratio from the range's low until the program ends, and scan again."""
        self._bridge.do("scanner", "ratio base", lambda s: s.use_ratio_base("range_low"))

    def schedule_scans(self, every_minutes: float) -> None:
        """Scan every so often, 0 = only when asked."""
        self._bridge.do("scanner", "schedule", lambda s: s.schedule_scans(every_minutes))

    def cancel_scan(self) -> None:
        """Stop the running scan."""
        if self._bridge.station is not None:
            self._bridge.station.cancel_scan()

    def load_chain(self, symbol: str) -> None:
        """Load a symbol's chain."""
        self._bridge.do("scanner", f"chain {symbol}", lambda s: s.load_chain(symbol))

    def approve(self, candidate_id: str, revision: int) -> None:
        """Approve the shown revision."""
        self._bridge.do(
            "ticket",
            f"approve {candidate_id}",
            lambda s: s.approve(candidate_id, revision),
            partial(self._window.ticket.approval_refused, candidate_id, revision),
        )

    def set_bounds(self, candidate_id: str, bounds: Bounds) -> None:
        """Approve a candidate only within these bounds."""
        self._bridge.do(
            "ticket",
            f"bounds of {candidate_id}",
            lambda s: s.trading.set_bounds(candidate_id, bounds),
        )

    def reject(self, candidate_id: str) -> None:
        """Take a candidate off the list."""
        self._bridge.do("ticket", f"reject {candidate_id}", lambda s: s.reject(candidate_id))

    def withdraw_candidate(self, candidate_id: str) -> None:
        """Take back the approval of the shown candidate."""
        self._bridge.do(
            "ticket", f"withdraw {candidate_id}", lambda s: s.withdraw_candidate(candidate_id)
        )

    def choose_alternative(self, candidate_id: str, index: int) -> None:
        """Take another spread for the candidate."""
        self._bridge.do(
            "ticket",
            f"alternative {candidate_id}",
            lambda s: s.choose_alternative(candidate_id, index),
        )

    def kill(self) -> None:
        """The kill switch: no question first."""
        self._bridge.do("window", "kill", lambda s: s.kill("kill switch in the window"))

    # -- commands that ask first

    def _kill_button(self) -> None:
        view = self._window.view
        if view is not None and view.strip.killed is not None:
            self._ask_clear_kill()
        else:
            self.kill()

    def _ask_clear_kill(self) -> None:
        view = self._window.view
        if view is None or view.strip.killed is None:
            return
        self._window.banner.ask(
            f"Entries are halted: {view.strip.killed}. Allow them again?",
            "Allow entries",
            lambda reason: self._bridge.do("window", "clear kill", lambda s: s.clear_kill(reason)),
            placeholder="Reason",
        )

    def _ask_flatten(self) -> None:
        self._window.banner.ask(
            "Close every position now, at the market's price? Type FLATTEN.",
            "Flatten",
            lambda typed: self._bridge.do("window", "flatten", lambda s: s.flatten(typed)),
            placeholder="FLATTEN",
        )

    def _ask_auto_rules(self) -> None:
        if self._bridge.station is not None:
            self._window.banner.ask(
                question(self._bridge.station.trading),
                "Change rules",
                lambda typed: self._bridge.do(
                    "window", "auto rules", lambda s: change_rules(s.trading, typed)
                ),
                placeholder=HINT,
            )

    def _ask_arm(self) -> None:
        view = self._window.view
        if view is None or view.strip.mode is not Mode.LIVE or view.strip.armed:
            self._window.banner.tell("Arming is for LIVE only, and once a run.", "info")
            return
        dialog = QInputDialog(self._window)
        dialog.setWindowTitle("Arm LIVE")
        dialog.setLabelText("Type the account id to allow LIVE entries for this run:")
        dialog.setTextEchoMode(QLineEdit.EchoMode.Normal)
        dialog.textValueSelected.connect(
            lambda typed: self._bridge.do("window", "arm", lambda s: s.arm(typed))
        )
        dialog.open()

    # -- keys

    def _reject(self) -> None:
        """Del in the book is not meant for the candidate."""
        focus = QApplication.focusWidget()
        if focus is None or not self._window.book.isAncestorOf(focus):
            self._window.ticket.try_reject()

    def _withdraw(self) -> None:
        if not self._window.ticket.try_withdraw():
            self._window.book.ask_withdraw()

    def _load_selected(self) -> None:
        view = self._window.view
        if view is not None and view.selected_symbol is not None:
            self.load_chain(view.selected_symbol)

    def _acknowledge(self, number: int | None = None) -> None:
        if self._bridge.station is not None:
            self._bridge.station.acknowledge_alerts(number)
            self._bridge.publish()

    def _test_alerts(self) -> None:
        if self._bridge.station is not None:
            self._bridge.station.test_alerts()

    def _go(self, pane: str, table: Table[Any]) -> None:
        self._window.frame.bring_up(pane)
        focus_table(table)

    def _go_book(self, tab: int) -> None:
        book = self._window.book
        book.show_tab(tab)
        tables: dict[int, Table[Any]] = {
            ORDERS_TAB: book.orders_table,
            JOURNAL_TAB: book.journal.table,
        }
        self._go("book", tables.get(tab, book.positions_table))

    def _show_frame(self) -> None:
        frame = self._window.frame
        self._window.strip.show_workspace(frame.workspace, frame.locked)

    def _open_drill(self) -> None:
        station, view = self._bridge.station, self._window.view
        if station is None or view is None or station.drill is None:
            self._window.banner.tell("The fault drill needs the simulator of a demo.", "info")
            return
        menu = DrillMenu(self._window, station.drill.faults, view.strip.faults_on)
        menu.chosen.connect(self._toggle_fault)
        menu.cleared.connect(lambda: self._drill("end faults", lambda drill: drill.clear()))
        menu.popup(self._window.strip.drill_place())

    def _toggle_fault(self, name: str) -> None:
        self._drill(f"fault {name}", lambda drill: drill.toggle(name))

    def _drill(self, name: str, command: Callable[[DrillApi], Coroutine[Any, Any, None]]) -> None:
        async def done(station: StationApi) -> None:
            if station.drill is not None:
                await command(station.drill)

        self._bridge.do("window", name, done)

    def _open_lab(self) -> None:
        """The lab's pane where it stands; its own workspace when this one has none."""
        frame = self._window.frame
        if frame.docks["lab"].isHidden():
            frame.show_workspace("Lab")
        frame.bring_up("lab")

    def _open_layout(self) -> None:
        menu = LayoutMenu(self._window, self._window.frame, self.actions)
        menu.popup(self._window.strip.layout_place())

    def _open_palette(self) -> None:
        Palette(self._window, self.actions).open()

    def _open_shortcuts(self) -> None:
        ShortcutSheet(self._window, self.actions).open()

    def _quit(self) -> None:
        self._window.close()
