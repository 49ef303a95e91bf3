"""The first steps: demo first, then what an account of one's own needs. Nothing is written, secrets
that are kept on purpose apart, before Finish."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget, QWizard

from vst_desktop.gui.dialogs.setting_row import SettingRow
from vst_desktop.gui.dialogs.wizard_alerts import AlertsPage
from vst_desktop.gui.dialogs.wizard_pages import (
    AccountPage,
    ConnectionPage,
    ModePage,
    RiskPage,
    Steps,
    SummaryPage,
)
from vst_desktop.gui.dialogs.wizard_parts import WizardPage, named
from vst_desktop.gui.theme import Theme
from vst_desktop.runtime.settings import Settings

ACCOUNT_USD = Decimal(100_000)
"""What the risk page reckons with before an account is known."""


class Wizard(QWizard):
    """Pages one may skip, go back on, and leave without a trace.

    Args:
        parent: The window.
        theme: Colours.
        own: What the file sets, by ``group.key``.
        running: The settings of this run.
        save: Called at Finish with what changed, by ``group.key``.
        net_liquidation_usd: The account's worth, where it is known.
    """

    def __init__(
        self,
        parent: QWidget,
        theme: Theme,
        own: Mapping[str, Any],
        running: Settings,
        save: Callable[[dict[str, Any]], None],
        *,
        net_liquidation_usd: Decimal | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("First steps")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWizardStyle(QWizard.WizardStyle.ClassicStyle)
        self.setOption(QWizard.WizardOption.NoBackButtonOnStartPage)
        self.resize(780, 560)
        self._save = save
        self._written = False
        rows = partial(SettingRow, theme, own=own, running=running)
        self.mode = ModePage(own, running)
        self.connection = ConnectionPage(rows, self.mode)
        self.account = AccountPage(rows, self.mode, self.connection)
        self.risk = RiskPage(rows, net_liquidation_usd or ACCOUNT_USD)
        self.alerts = AlertsPage(rows)
        self.summary = SummaryPage(self.changes, own)
        pages: dict[Steps, WizardPage] = {
            Steps.MODE: self.mode,
            Steps.CONNECTION: self.connection,
            Steps.ACCOUNT: self.account,
            Steps.RISK: self.risk,
            Steps.ALERTS: self.alerts,
            Steps.SUMMARY: self.summary,
        }
        for step, page in pages.items():
            self.setPage(step, page)
        self.setButtonText(QWizard.WizardButton.NextButton, "Next")
        self.setButtonText(QWizard.WizardButton.BackButton, "Back")
        for which, tip in (
            (QWizard.WizardButton.BackButton, "To the step before; what was typed stays"),
            (QWizard.WizardButton.NextButton, "To the next step; nothing is written yet"),
            (QWizard.WizardButton.FinishButton, "Write the settings"),
            (QWizard.WizardButton.CancelButton, "Change nothing"),
        ):
            named(self.button(which), self.buttonText(which).replace("&", ""), tip)
        finish = self.button(QWizard.WizardButton.FinishButton)
        finish.setProperty("fill", "gain")
        finish.style().polish(finish)
        self.finished.connect(self._leave)

    def changes(self) -> dict[str, Any]:
        """What Finish would write."""
        found: dict[str, Any] = {}
        for step in Steps:
            found.update(self._page(step).changes())
        return found

    def failed(self, sentence: str) -> None:
        """Writing was refused: everything typed stays."""
        self._written = False
        self._page(Steps(self.currentId())).banner.tell(sentence)

    def done(self, result: int) -> None:
        """Finish writes first, and closes when that is done; ``accept`` comes back from there."""
        made = self.changes()
        if result and made and not self._written:
            self._written = True
            self._save(made)
            return
        super().done(result)

    def _page(self, step: Steps) -> WizardPage:
        page = self.page(step)
        assert isinstance(page, WizardPage)
        return page

    def _leave(self) -> None:
        self.connection.child.stop()
        self.alerts.stop()
