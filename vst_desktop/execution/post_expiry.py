"""Tells when the margin would not do after the next expiration (SPEC 9): IBKR then closes or
lapses positions by itself, one leg if it likes."""

from __future__ import annotations

from vst_desktop.domain.account import AccountSnapshot
from vst_desktop.domain.alerts import Severity
from vst_desktop.execution.services import Services


class PostExpiry:
    """Reads what TWS foresees of the account; told once until it has been well again.

    Args:
        services: Dependencies.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._is_short = False

    def read(self, account: AccountSnapshot) -> None:
        """Take a reading of the account; one without the figure changes nothing."""
        excess = account.post_expiration_excess_usd
        if excess is None:
            return
        was_short, self._is_short = self._is_short, excess < 0
        if self._is_short and not was_short:
            self._services.alert(
                Severity.CRITICAL,
                f"{account.account}: post-expiry margin is short by {-excess:,.2f} USD",
                "IBKR may close or lapse expiring positions, or one leg of them, by itself; "
                "close them, or add funds",
            )
        elif was_short and not self._is_short:
            self._services.alert(
                Severity.INFO, f"{account.account}: post-expiry margin is enough again", ""
            )
