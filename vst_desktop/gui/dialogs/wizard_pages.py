"""The steps of the wizard but the alerts: mode, connection, account, risk, and what is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import IntEnum
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QRadioButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
    QWizard,
)

from vst_desktop.domain.orders import Mode
from vst_desktop.gui import format as fmt
from vst_desktop.gui.child import Child
from vst_desktop.gui.dialogs.wizard_parts import MakeRow, WizardPage, named, note
from vst_desktop.gui.theme import font
from vst_desktop.gui.tokens import BODY_PX, FIGURE_PX
from vst_desktop.runtime.paths import find_paths
from vst_desktop.runtime.settings import Settings

MODE = "execution.trading_mode"
_PORTS = (
    ("TWS, paper", 7497),
    ("TWS, live", 7496),
    ("Gateway, paper", 4002),
    ("Gateway, live", 4001),
)
_BESIDE_RADIO_PX = 22
_ABOUT_MODES = {
    Mode.DEMO: "No account, no money, nothing leaves this computer: the bundled simulator plays "
    "TWS and a market. Scan, approve, watch it fill and exit, break the connection, backtest.",
    Mode.PAPER: "Your IBKR paper account through TWS or Gateway. Real quotes, no money; entries "
    "are market orders. It needs TWS running with its API switched on: the next step checks that.",
    Mode.LIVE: "Real money. Entries are limits that improve step by step. They stay off until you "
    "arm them by typing the account id, in every run anew; exits always run.",
}


class Steps(IntEnum):
    """The pages, in their order."""

    MODE = 0
    CONNECTION = 1
    ACCOUNT = 2
    RISK = 3
    ALERTS = 4
    SUMMARY = 5


class ModePage(WizardPage):
    """Demo is the choice that comes: the wizard may end with it at once."""

    def __init__(self, own: Mapping[str, Any], running: Settings) -> None:
        super().__init__(
            "How do you want to begin?",
            "The station scans daily bars for four patterns, makes ranked debit spreads of them, "
            "and places the ones you approve in the last hour of the session. Begin with the demo: "
            "it is the whole station on a market of its own. Every step can be skipped, and these "
            "steps come back with Ctrl+Shift+W.",
        )
        self._before = Mode(own.get(MODE, Settings().execution.trading_mode))
        self._choices = QButtonGroup(self)
        for number, (mode, about) in enumerate(_ABOUT_MODES.items()):
            button = QRadioButton(str(mode).capitalize())
            button.setFont(font(FIGURE_PX, 600))
            named(button, str(mode), about)
            button.setAccessibleDescription(about)
            button.setChecked(mode is self._before)
            self._choices.addButton(button, number)
            told = note(about)
            told.setFont(font(BODY_PX))
            told.setContentsMargins(_BESIDE_RADIO_PX, 0, 0, 0)
            self.column.addSpacing(10)
            self.column.addWidget(button)
            self.column.addWidget(told)
        self._choices.idToggled.connect(self._chosen)
        self.column.addStretch(1)
        self._chosen()

    @property
    def mode(self) -> Mode:
        """The mode that is chosen."""
        return tuple(_ABOUT_MODES)[self._choices.checkedId()]

    def choose(self, mode: Mode) -> None:
        """Choose a mode."""
        self._choices.button(tuple(_ABOUT_MODES).index(mode)).setChecked(True)

    def changes(self) -> dict[str, Any]:
        """The mode, where it is another."""
        if self.mode is self._before:
            return {}
        return {MODE: None if self.mode is Settings().execution.trading_mode else str(self.mode)}

    def nextId(self) -> int:
        """A demo has its own broker and account."""
        return Steps.RISK if self.mode is Mode.DEMO else Steps.CONNECTION

    def _chosen(self, *_: object) -> None:
        demo = self.mode is Mode.DEMO
        self.setFinalPage(demo)
        self.setButtonText(QWizard.WizardButton.FinishButton, "Use the demo")


class ConnectionPage(WizardPage):
    """Where TWS listens, and the doctor's word on it."""

    def __init__(self, make: MakeRow, mode: ModePage) -> None:
        super().__init__(
            "Connect to TWS or Gateway",
            "Start TWS or Gateway and log in. In its settings, API, Settings: enable ActiveX and "
            "Socket Clients, and take Read-Only API off. Then check the connection here.",
        )
        self._mode = mode
        self.preset = QComboBox()
        named_box(self.preset, "Program", "Which program listens; sets the port below")
        self.preset.addItem("by the mode: TWS, paper 7497 or live 7496", "")
        for name, port in _PORTS:
            self.preset.addItem(f"{name} {port}", str(port))
        self.column.addWidget(self.preset)
        self.add_rows(make, "broker.host", "broker.port", "broker.client_id")
        at = self.preset.findData(self.rows["broker.port"].text)
        self.preset.setCurrentIndex(max(at, 0))
        self.preset.currentIndexChanged.connect(self._preset)
        self.check = QPushButton("Check")
        named(self.check, "Check the connection", "Ask TWS what stands in the way; changes nothing")
        self.check.clicked.connect(self._press)
        self.bar = QProgressBar()
        self.bar.setAccessibleName("The check is running")
        self.bar.setRange(0, 0)
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(3)
        self.bar.hide()
        row = QHBoxLayout()
        row.addWidget(self.check)
        row.addWidget(self.bar, 1)
        row.addStretch(1)
        self.column.addLayout(row)
        self.found: list[QLabel] = []
        self._list = QVBoxLayout()
        body = QWidget()
        body.setObjectName("scrollBody")
        body.setLayout(self._list)
        self._list.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidget(body)
        self.column.addWidget(area, 1)
        self.accounts: tuple[str, ...] = ()
        self.child = Child(self)
        self.child.ended.connect(self._told)

    def _preset(self) -> None:
        self.rows["broker.port"].set_text(self.preset.currentData())

    def _press(self) -> None:
        if self.child.runs:
            self.child.stop()
            self._busy(False)
            return
        self._show([])
        self._busy(True)
        asked = [
            part
            for name, row in self.rows.items()
            if row.text and not row.error
            for part in ("--set", f"{name}={row.text}")
        ]
        self.child.start(["doctor", "--set", f"{MODE}={self._mode.mode}", *asked])

    def _told(self, report: Any, complaint: str) -> None:
        self._busy(False)
        if report is None:
            self.banner.tell(f"The check was not done: {complaint}")
            return
        self.accounts = tuple(
            dict.fromkeys(account for one in report["tws"] for account in one["accounts"])
        )
        self._show(
            [
                (f"✓ {one['name']}: {one['detail']}", "gain")
                if one["ok"]
                else (f"✕ {one['name']}: {one['detail']}. {one['remedy']}", "loss")
                for one in report["checks"]
            ]
        )

    def _busy(self, busy: bool) -> None:
        self.bar.setVisible(busy)
        self.check.setText("Stop" if busy else "Check")
        if busy:
            self.banner.dismiss()

    def _show(self, lines: list[tuple[str, str]]) -> None:
        for label in self.found:
            label.deleteLater()
        self.found = []
        for text, tone in lines:
            label = note(text, tone)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self._list.insertWidget(self._list.count() - 1, label)
            self.found.append(label)


class AccountPage(WizardPage):
    """Which account is traded."""

    def __init__(self, make: MakeRow, mode: ModePage, connection: ConnectionPage) -> None:
        super().__init__(
            "Which account?",
            "With one account nothing needs to be said. Where a login has several, one must be "
            "chosen; orders for any other are refused.",
        )
        self._mode, self._connection = mode, connection
        self._found = QHBoxLayout()
        self._found.addStretch(1)
        self.offers: list[QPushButton] = []
        self.column.addLayout(self._found)
        self.add_rows(make, "broker.account", "broker.allowed_accounts")
        self._warning = note("", "warn")
        self.column.addWidget(self._warning)
        self.column.addStretch(1)

    def initializePage(self) -> None:
        """Offer what the check found; what was typed stays."""
        for button in self.offers:
            button.deleteLater()
        self.offers = [self._offer(account) for account in self._connection.accounts]
        paper = self._mode.mode is Mode.PAPER
        self._warning.setText(
            "Paper accounts begin with D; with any other this mode sends no entry."
            if paper
            else "This is real money. Entries stay off until you arm them in the window."
        )

    def cleanupPage(self) -> None:
        """Going back keeps what was typed."""

    def _offer(self, account: str) -> QPushButton:
        button = QPushButton(f"Use {account}")
        named(button, f"Use {account}", "The check found this account")
        button.setAutoDefault(False)
        button.clicked.connect(lambda: self.rows["broker.account"].set_text(account))
        self._found.insertWidget(self._found.count() - 1, button)
        return button


class RiskPage(WizardPage):
    """The limits, and what they come to in dollars."""

    def __init__(self, make: MakeRow, worth: Decimal) -> None:
        super().__init__(
            "How much may be lost?",
            "The station counts the whole debit of a spread as its risk, and refuses what is over.",
        )
        self._worth = worth
        self.add_rows(
            make,
            "risk.risk_per_trade",
            "risk.max_total_risk",
            "risk.max_daily_loss",
            "risk.max_positions",
            "risk.max_daily_trades",
            "risk.max_contracts_per_trade",
        )
        self.consequence = note("", "text")
        self.column.addWidget(self.consequence)
        self.column.addStretch(1)
        for row in self.rows.values():
            row.changed.connect(self._reckon)
        self._reckon()

    def cleanupPage(self) -> None:
        """Going back keeps what was typed."""

    def _reckon(self) -> None:
        if not self.isComplete():
            self.consequence.setText("")
            return
        usd = {
            key: fmt.usd(self._worth * Decimal(self.rows[f"risk.{key}"].text or "0"))
            for key in ("risk_per_trade", "max_total_risk", "max_daily_loss")
        }
        self.consequence.setText(
            f"With {fmt.usd(self._worth)} in the account: at most {usd['risk_per_trade']} lost in "
            f"a trade, {usd['max_total_risk']} at risk at a time, and no entries after "
            f"{usd['max_daily_loss']} lost in a day."
        )


class SummaryPage(WizardPage):
    """What Finish writes, and where."""

    def __init__(self, made: Callable[[], Mapping[str, Any]], own: Mapping[str, Any]) -> None:
        super().__init__("What is written", "Nothing has been written so far.")
        self._made, self._own = made, own
        self.list = note("", "text")
        self.list.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.column.addWidget(self.list)
        self.column.addStretch(1)

    def initializePage(self) -> None:
        """List the changes of all steps."""
        changes = self._made()
        lines = [
            f"{name}: {_told(self._own.get(name))} → {_told(value)}"
            for name, value in changes.items()
        ]
        file: Path = find_paths().settings_file
        self.list.setText(
            "\n".join(
                [*lines, "", f"into {file}; they count from the next start on."]
                if lines
                else ["Nothing is changed: Finish closes these steps."]
            )
        )


def named_box(box: QComboBox, name: str, tip: str) -> None:
    """What the box is called, and what it chooses."""
    box.setAccessibleName(name)
    box.setToolTip(tip)


def _told(value: Any) -> str:
    if value is None:
        return "default"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
