"""The step of the alerts: which channels, their addresses into the keyring, a test of each."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout

from vst_desktop.gui.child import Child
from vst_desktop.gui.dialogs.wizard_parts import MakeRow, WizardPage, named, note
from vst_desktop.gui.theme import set_tone

_CHANNELS = {
    "email": "mailtos://user:password@smtp.example.org?to=you@example.org",
    "slack": "slack://TokenA/TokenB/TokenC/#channel",
    "sms": "twilio://AccountSid:AuthToken@FromPhone/ToPhone",
}


class AlertsPage(WizardPage):
    """The tray and the Alerts pane always tell; these channels may besides."""

    def __init__(self, make: MakeRow) -> None:
        super().__init__(
            "Who else is told?",
            "The window and its tray icon always tell. An address holds the credentials: it is "
            "kept in this computer's keyring alone, never in a file or a log.",
        )
        self.channels: dict[str, Channel] = {}
        for name, example in _CHANNELS.items():
            self.add_rows(make, f"alerts.use_{name}")
            self.channels[name] = Channel(self, name, example)
            self.column.addLayout(self.channels[name])
        self.column.addStretch(1)

    def cleanupPage(self) -> None:
        """Going back keeps what was typed."""

    def stop(self) -> None:
        """End what is under way."""
        for one in self.channels.values():
            one.child.stop()


class Channel(QVBoxLayout):
    """One channel's address, hidden as it is typed, kept and tested by a child each."""

    def __init__(self, page: WizardPage, name: str, example: str) -> None:
        super().__init__()
        self._name = name
        self._keeping = False
        self.address = QLineEdit()
        self.address.setEchoMode(QLineEdit.EchoMode.Password)
        self.address.setPlaceholderText(example)
        self.address.setAccessibleName(f"Address of {name}")
        self.address.setToolTip(f"As {example}; kept in the keyring")
        self.keep = QPushButton("Keep")
        named(self.keep, f"Keep the address of {name}", "Put the address into the keyring")
        self.keep.clicked.connect(self._keep)
        self.test = QPushButton("Send a test")
        named(self.test, f"Test {name}", "Send a test message by the address that is kept")
        self.test.clicked.connect(self._test)
        self.outcome: QLabel = note("")
        row = QHBoxLayout()
        row.addWidget(self.address, 1)
        for button in (self.keep, self.test):
            button.setAutoDefault(False)
            row.addWidget(button)
        self.addLayout(row)
        self.addWidget(self.outcome)
        self.child = Child(page)
        self.child.ended.connect(self._told)

    def _keep(self) -> None:
        if not (typed := self.address.text().strip()):
            self._say("Type the address first.", "warn")
            return
        self._begin(keeping=True)
        self.child.start(["alerts", "store", self._name], typed=typed, tells=False)

    def _test(self) -> None:
        self._begin(keeping=False)
        used = f"alerts.use_{self._name}=true"
        self.child.start(["alerts", "test", "--channel", self._name, "--set", used])

    def _begin(self, *, keeping: bool) -> None:
        self._keeping = keeping
        self.keep.setEnabled(False)
        self.test.setEnabled(False)
        self._say("…", "text2")

    def _told(self, report: Any, complaint: str) -> None:
        self.keep.setEnabled(True)
        self.test.setEnabled(True)
        if report is not None:
            outcome = report["channels"][0]["outcome"]
            self._say(outcome, "gain" if outcome == "sent" else "loss")
        elif self._keeping and not complaint:
            self.address.clear()
            self._say("kept in the keyring", "gain")
        else:
            self._say(complaint, "loss")

    def _say(self, text: str, tone: str) -> None:
        self.outcome.setText(text)
        set_tone(self.outcome, tone)
