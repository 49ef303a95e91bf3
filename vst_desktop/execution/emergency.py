"""The kill switch and FLATTEN (SPEC 7): everything at once, and each part whatever befalls the
others."""

from __future__ import annotations

import asyncio

from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.orders import Purpose
from vst_desktop.execution.approvals import Approvals
from vst_desktop.execution.entry import Entries
from vst_desktop.execution.exits import Exits
from vst_desktop.execution.ledger import Ledger
from vst_desktop.execution.services import Services
from vst_desktop.execution.switches import Switches
from vst_desktop.strategy.exit import ExitReason


class Emergency:
    """Two commands that must not wait for anything.

    Args:
        services: Dependencies.
        ledger: The book.
        switches: Hold the kill switch.
        approvals: The queue to void.
        entries: The entries to cancel.
        exits: The exits to start.
    """

    def __init__(
        self,
        services: Services,
        ledger: Ledger,
        switches: Switches,
        approvals: Approvals,
        entries: Entries,
        exits: Exits,
    ) -> None:
        self._services = services
        self._ledger = ledger
        self._switches = switches
        self._approvals = approvals
        self._entries = entries
        self._exits = exits

    async def kill(self, reason: str) -> None:
        """Halt entries, cancel own working entries, void the queue. Exits are untouched.

        Raises:
            UserError: The journal kept none of it; entries are halted and being cancelled all the
                same, until the program ends.
        """
        self._switches.halt(reason)  # in memory: nothing more goes while the rest is being done
        why = f"kill switch: {reason}"
        working = self._ledger.at_broker(Purpose.ENTRY)
        # The cancels' bytes leave before anything is waited for.
        done = await asyncio.gather(
            *(self._entries.cancel(intent, why) for intent in working),
            self._switches.keep_halt(),
            self._approvals.void_all(why),
            return_exceptions=True,
        )
        self._services.alert(Severity.WARNING, "System: KILL SWITCH STOPPED", reason)
        for failed in done:
            if isinstance(failed, BaseException):
                raise failed

    async def flatten(self) -> None:
        """Take back what waits, cancel own working entries, close every position; what an entry
        still fills is closed after it.

        Raises:
            UserError: Some could not be closed; the others are on their way.
        """
        await self._approvals.void_all("flatten")
        entries = [
            self._exits.close_after(intent, ExitReason.FLATTEN)
            for intent in self._ledger.at_broker(Purpose.ENTRY)
        ]
        closes = [
            self._exits.close(position.position_id, ExitReason.FLATTEN)
            for position in self._ledger.positions()
            if not self._exits.is_closing(position.position_id)
        ]
        done = await asyncio.gather(*entries, *closes, return_exceptions=True)
        failed = [error for error in done if isinstance(error, BaseException)]
        for error in failed:
            if not isinstance(error, UserError):
                raise error
        if failed:
            raise UserError(
                f"not everything is being closed: {'; '.join(str(error) for error in failed)}",
                remedy="look at Positions, and close the rest there or in TWS",
            )
