"""What stands between the station and TWS: one report for each port, with the way to mend it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Trouble(StrEnum):
    """What can be wrong on a port."""

    NOT_RUNNING = "NOT_RUNNING"
    """Nothing listens."""
    API_DISABLED = "API_DISABLED"
    """The connection is accepted and closed before the handshake."""
    API_SILENT = "API_SILENT"
    """The connection is accepted and no handshake comes."""
    OTHER_PROGRAM = "OTHER_PROGRAM"
    """Something answers that does not speak the protocol."""
    OLD_VERSION = "OLD_VERSION"
    CLIENT_ID_TAKEN = "CLIENT_ID_TAKEN"
    NO_LOGIN = "NO_LOGIN"
    """The handshake came, the account and the first order id did not."""
    READ_ONLY = "READ_ONLY"
    WRONG_ACCOUNT = "WRONG_ACCOUNT"
    NO_STOCK_DATA = "NO_STOCK_DATA"
    NO_OPTION_DATA = "NO_OPTION_DATA"
    DELAYED_DATA = "DELAYED_DATA"
    DATA_ELSEWHERE = "DATA_ELSEWHERE"
    """Another session of the same user has the market data."""
    CLOCK_SKEW = "CLOCK_SKEW"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong, in a sentence, and where to mend it."""

    trouble: Trouble
    detail: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PortReport:
    """One port. Nothing found means that the station can work there.

    ``notes`` say what could not be checked. ``clock_offset_secs`` is TWS's time less ours.
    """

    port: int
    program: str
    server_version: int | None = None
    accounts: tuple[str, ...] = ()
    clock_offset_secs: float | None = None
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def listening(self) -> bool:
        """Whether anything took the connection."""
        return all(finding.trouble is not Trouble.NOT_RUNNING for finding in self.findings)
