"""What governs all entries at once: connection, reconciliation, arming, the kill switch."""

from __future__ import annotations

from collections.abc import Callable

from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.orders import Mode
from vst_desktop.execution.daily_loss import DailyLoss
from vst_desktop.execution.decisions import TRADER
from vst_desktop.execution.services import Services
from vst_desktop.ports.broker import ConnectionState
from vst_desktop.ports.store import KILL_FLAG
from vst_desktop.risk.limits import Denial, DenialCode, deny


class EntryDeniedError(UserError):
    """An approval that the station's own limits refuse."""

    def __init__(self, denial: Denial) -> None:
        self.denial = denial
        super().__init__(denial.text)


class Switches:
    """The state of the switches; the kill switch survives a restart, arming does not."""

    def __init__(
        self, services: Services, daily_loss: DailyLoss, on_trouble: Callable[[], None]
    ) -> None:
        self._services = services
        self._daily_loss = daily_loss
        self._on_trouble = on_trouble
        self.killed: str | None = None
        self.armed_account: str | None = None
        self.reconciled = False

    async def load(self) -> None:
        """Read the kill switch, and hear of the journal's troubles."""
        self._services.journal.on_trouble(self._journal_heard)
        await self._daily_loss.load()
        self.killed = await self._services.journal.get_flag(KILL_FLAG)

    def _journal_heard(self, trouble: str | None) -> None:
        if trouble is not None:
            told = f"{trouble}; entries are refused, exits go on as long as they can be journalled"
            self._services.alert(Severity.CRITICAL, "System: JOURNAL ERROR", told)
        else:
            self._services.alert(Severity.INFO, "System: JOURNAL WELL", "entries may go again")
        self._on_trouble()
        self._services.on_change()

    def halt(self, reason: str) -> None:
        """Halt entries at once, in memory; ``keep_halt`` makes it durable."""
        self.killed = reason or "kill switch"
        self._services.on_change()

    async def keep_halt(self) -> None:
        """Make the halt survive a restart."""
        halted = self.killed or ""
        await self._services.journal.set_flag(KILL_FLAG, halted, reason=halted, by=TRADER)

    async def clear(self, reason: str) -> None:
        """Allow entries again.

        Raises:
            UserError: No reason was given.
        """
        if not reason.strip():
            raise UserError("the kill switch is cleared with a reason", remedy="type one")
        await self._services.journal.set_flag(KILL_FLAG, None, reason=reason, by=TRADER)
        self.killed = None
        self._services.on_change()

    async def arm(self, account: str) -> None:
        """Arm LIVE entries of this run for one account.

        Raises:
            UserError: The account is not on the allow-list.
        """
        if account not in self._services.allowed_accounts:
            raise UserError(
                f"account {account!r} is not on the allow-list",
                remedy="add it to broker.allowed_accounts or type the right account id",
            )
        await self._services.journal.record("armed", account=account, by=TRADER)
        self.armed_account = account
        self._services.on_change()

    def denial(self, mode: Mode, account: str) -> Denial | None:
        """Why no entry may go now at all, or None."""
        state, trouble = self._services.broker.state, self._services.journal.trouble
        if trouble is not None:
            return deny(DenialCode.JOURNAL, "a journal that can be written", "full", trouble)
        if self.killed is not None:
            return deny(DenialCode.KILLED, "cleared", self.killed, "the kill switch is on")
        if state is not ConnectionState.READY:
            return deny(DenialCode.DISCONNECTED, "READY", state, "the broker is not connected")
        if not self.reconciled:
            return deny(
                DenialCode.NOT_RECONCILED,
                "reconciled",
                "not yet",
                "orders and positions have not been compared with the broker's",
            )
        if (halt := self._daily_loss.denial) is not None:
            return halt
        if mode is Mode.LIVE and self.armed_account is None:
            return deny(DenialCode.DISARMED, "armed", "disarmed", "LIVE entries are not armed")
        if mode is Mode.LIVE and self.armed_account != account:
            return deny(DenialCode.ACCOUNT, self.armed_account, account, "another account is armed")
        return None
