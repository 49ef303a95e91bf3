"""Halts entries for the rest of a session when the day's loss reaches its limit (SPEC 8)."""

from __future__ import annotations

import logging
from datetime import date, datetime, timedelta

from vst_desktop.domain.account import AccountSnapshot
from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.errors import UserError
from vst_desktop.execution.decisions import STATION
from vst_desktop.execution.services import Services
from vst_desktop.risk.limits import Denial, DenialCode, daily_loss
from vst_desktop.runtime.calendar import trading_day

log = logging.getLogger(__name__)

FLAG = "daily loss"
"""The durable value: the session that is halted and what was lost."""
AFTER_OPEN = timedelta(minutes=5)
BETWEEN = timedelta(seconds=30)


class DailyLoss:
    """Believes two readings, half a minute apart with none between that says otherwise.

    Args:
        services: Dependencies.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._since: datetime | None = None
        self._halt: tuple[date, Denial] | None = None

    async def load(self) -> None:
        """Read whether this session was halted before a restart."""
        kept = await self._services.journal.get_flag(FLAG)
        if kept is not None:
            day, limit, value = kept.split("|")
            self._halt = date.fromisoformat(day), _denial(limit, value)

    @property
    def denial(self) -> Denial | None:
        """Why no entry may go in this session, None when its loss is within the limit."""
        if self._halt is None or self._halt[0] < trading_day(self._services.clock.now()):
            return None
        return self._halt[1]

    def read(self, account: AccountSnapshot) -> None:
        """Take a reading of the account."""
        services, now = self._services, self._services.clock.now()
        hours = services.calendar.session(trading_day(now))
        if hours is None or not hours[0] + AFTER_OPEN <= now < hours[1]:
            self._since = None
            return
        lost = daily_loss(account.day_pnl_usd, account.net_liquidation_usd, services.risk)
        if lost is None or self.denial is not None:
            self._since = None
        elif self._since is None:
            self._since = now
            services.after(BETWEEN.total_seconds(), self._again, "second reading of the loss")
        elif now - self._since >= BETWEEN:
            self._since = None
            self._halt = trading_day(now), _denial(lost.limit, lost.value)
            services.run(self._keep(*self._halt), "daily loss")

    async def _again(self) -> None:
        try:
            self.read(await self._services.broker.account())
        except (UserError, TimeoutError) as error:
            log.warning("the day's loss could not be read again: %s", error)

    async def _keep(self, day: date, denial: Denial) -> None:
        self._services.alert(
            Severity.CRITICAL, "System: DAILY LOSS STOPPED", f"{denial.text}; exits go on"
        )
        self._services.on_change()
        kept = f"{day.isoformat()}|{denial.limit}|{denial.value}"
        await self._services.journal.set_flag(FLAG, kept, reason=denial.text, by=STATION)


def _denial(limit: str, value: str) -> Denial:
    return Denial(
        code=DenialCode.DAILY_LOSS,
        limit=limit,
        value=value,
        text=f"the day's loss halts entries until the next session ({value}, limit {limit} USD)",
    )
