"""A demo run with faults: each counted, told by the right channels, recovered or given up.

Everything is real but the services: the station, the simulator in its own process, the Go scanner;
a mail server, Slack and Twilio are played on loopback. The disk is played full at SQLite.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sqlite3
import sys
import tempfile
import types
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[1]
# Our tests have no __init__, and eventkit ships a package of that name.
tests = types.ModuleType("tests")
tests.__path__ = [str(ROOT / "tests")]
sys.modules["tests"] = tests

from tests.helpers.alert_servers import HttpService, Mails, http_service, mail_server  # noqa: E402
from vst_desktop.domain.alerts import DeliveryState, Severity  # noqa: E402
from vst_desktop.domain.errors import UserError  # noqa: E402
from vst_desktop.domain.incidents import ErrorKind, Incident, Recovery  # noqa: E402
from vst_desktop.ports.universe import Universe  # noqa: E402

if TYPE_CHECKING:
    from vst_desktop.alerts.center import HistoryEntry
    from vst_desktop.station.station import Station

PATIENCE_SECS = 40.0
STEP_SECS = 0.02
COLUMNS = ("fault", "counted", "alert", "told by", "attempts", "outcome")


class NeverError(Exception):
    """What was waited for did not come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One fault: what makes it, which incident it is, and which alert it has to raise.

    ``given_up``: nothing can mend it, and that has to be said.
    """

    name: str
    component: str
    kind: ErrorKind
    alert: str
    severity: Severity
    play: Callable[[Bed], Awaitable[None]]
    mend: Callable[[Bed], Awaitable[None]]
    given_up: bool = False


class Bed:
    """The station under test, and the hands that break it."""

    def __init__(self, station: Station, disk: Disk) -> None:
        self.station = station
        self.disk = disk

    def incident(self, case: Case) -> Incident:
        """What is known of the case's errors."""
        return self.station.engines.incidents.of(case.component, case.kind)

    async def until(self, holds: Callable[[], Any], what: str) -> None:
        """Wait in real time."""
        for _ in range(int(PATIENCE_SECS / STEP_SECS)):
            if holds():
                return
            await asyncio.sleep(STEP_SECS)
        raise NeverError(what)

    def alert_of(self, case: Case) -> HistoryEntry | None:
        """The alert that the case has to raise."""
        for entry in self.station.engines.alerts.history:
            if case.alert in entry.alert.message and entry.alert.severity is case.severity:
                return entry
        return None


class Disk:
    """Full as long as it is said to be, and the journal's reserve lies on it."""

    def __init__(self) -> None:
        self.full = False

    def check(self) -> None:
        """Raise what SQLite raises."""
        if self.full:
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error


# -- the faults


async def lose_connection(bed: Bed) -> None:
    from vst_desktop.adapters.ibkr import connection

    connection.FIRST_BACKOFF_SECS, connection.MAX_BACKOFF_SECS = 0.05, 0.2
    assert bed.station.drill is not None
    await bed.station.drill.toggle("port_closed")
    await bed.station.drill.toggle("flap")
    await bed.until(lambda: bed.incident(CONNECTION).failed >= 2, "two failed reconnects")


async def find_connection(bed: Bed) -> None:
    assert bed.station.drill is not None
    await bed.station.drill.clear()


async def kill_scanner(bed: Bed) -> None:
    link = bed.station.engines.scanner._child._link  # type: ignore[attr-defined]
    os.kill(link.launch.pid, signal.SIGKILL)
    await bed.until(lambda: bed.incident(SCANNER).count, "the death of the scanner")


async def nothing(bed: Bed) -> None:
    """It mends itself, or cannot be mended."""


async def miss_data(bed: Bed) -> None:
    async def odd() -> Universe:
        return Universe(symbols=("AAPL", "NOSUCH"), unserved=(), recorded=frozenset())

    research = bed.station.research
    real, research._source = research._source, odd
    try:
        for _ in range(3):
            await bed.station.scan()
    finally:
        research._source = real


async def fail_indicators(bed: Bed) -> None:
    from vst_desktop.scanning import computations

    scanner: Any = bed.station.engines.scanner
    real, ask = computations._pandas_ta(), scanner._in_child

    def rsi(*args: Any, **more: Any) -> None:
        raise ArithmeticError("RSI went wrong")

    async def down(*args: Any) -> None:
        return None

    broken = types.SimpleNamespace(atr=real.atr, sma=real.sma, rsi=rsi)
    before = computations._pandas_ta
    computations._pandas_ta, scanner._in_child = (lambda: broken), down  # type: ignore[assignment]
    try:
        for _ in range(3):
            await bed.station.scan()
    finally:
        computations._pandas_ta, scanner._in_child = before, ask


async def fill_disk(bed: Bed) -> None:
    bed.disk.full = True
    with contextlib.suppress(UserError):  # that it is full
        await bed.station.engines.journal.record("CHECK", by="station")
    await bed.until(lambda: bed.incident(DISK).count, "the full disk")


async def free_disk(bed: Bed) -> None:
    bed.disk.full = False
    await bed.station.engines.journal.record("CHECK", by="station")


CONNECTION = Case(
    name="connection lost",
    component="IBKR_API",
    kind=ErrorKind.CONNECTION,
    alert="System: IBKR_API RECOVERY FAILED",
    severity=Severity.HIGH,
    play=lose_connection,
    mend=find_connection,
)
SCANNER = Case(
    name="scanner killed",
    component="SCANNER",
    kind=ErrorKind.SCANNER,
    alert="System: SCANNER WARNING",
    severity=Severity.WARNING,
    play=kill_scanner,
    mend=nothing,
)
DATA = Case(
    name="data missing",
    component="MARKET_DATA",
    kind=ErrorKind.DATA_MISSING,
    alert="System: MARKET_DATA ERROR",
    severity=Severity.HIGH,
    play=miss_data,
    mend=nothing,
    given_up=True,
)
INDICATOR = Case(
    name="indicator failing",
    component="INDICATORS",
    kind=ErrorKind.INDICATOR,
    alert="System: INDICATORS ERROR",
    severity=Severity.HIGH,
    play=fail_indicators,
    mend=nothing,
)
DISK = Case(
    name="disk full",
    component="DATABASE",
    kind=ErrorKind.DISK,
    alert="System: JOURNAL ERROR",
    severity=Severity.CRITICAL,
    play=fill_disk,
    mend=free_disk,
)
CASES = (CONNECTION, SCANNER, DATA, INDICATOR, DISK)


# -- one after the other


async def row_of(bed: Bed, case: Case) -> tuple[list[str], list[str]]:
    """The case's row, and what does not hold."""
    wrong = []
    await case.play(bed)
    await bed.until(lambda: bed.alert_of(case), f"{case.name}: the alert {case.alert}")
    tried = bed.incident(case).attempts
    await case.mend(bed)
    ends = Recovery.GAVE_UP if case.given_up else Recovery.RECOVERED
    await bed.until(
        lambda: bed.incident(case).state is ends,
        f"{case.name}: {ends} ({bed.incident(case)})",
    )
    await bed.station.engines.alerts.sent()
    entry, incident = bed.alert_of(case), bed.incident(case)
    assert entry is not None
    wanted = set(bed.station.settings.alerts.severity_channels[case.severity])
    sent = {n for n, one in entry.deliveries.items() if one.state is DeliveryState.SENT}
    if sent != wanted:
        wrong.append(f"{case.name}: told by {sorted(sent)}, not {sorted(wanted)}")
    outcome = f"{incident.state}: {incident.details if case.given_up else incident.tried}"
    row = [
        case.name,
        f"{incident.count}x {incident.kind}",
        f"{case.severity} {case.alert.removeprefix('System: ')}",
        ", ".join(sorted(sent)),
        str(max(tried, incident.attempts, incident.recoveries)),
        outcome[:70],
    ]
    return row, wrong


@contextmanager
def services() -> Iterator[tuple[Mails, HttpService]]:
    """Channels that are all configured."""
    from apprise.plugins.slack import NotifySlack
    from apprise.plugins.twilio import NotifyTwilio

    with mail_server() as mails, http_service() as http:
        NotifySlack.webhook_url = f"{http.url}/services"
        NotifyTwilio.notify_sms_url = http.url + "/2010/Accounts/{sid}/Messages.json"
        os.environ["VST_ALERTS_EMAIL"] = mails.url
        os.environ["VST_ALERTS_SLACK"] = "slack://T1JJ3T3L2/A1BRTD4JD/" + "x" * 24
        os.environ["VST_ALERTS_SMS"] = "twilio://AC0123456789:fedcba98765@15551234567/15557654321"
        yield mails, http


@contextmanager
def breakable_disk() -> Iterator[Disk]:
    """Every journal opened inside writes on this disk."""
    from vst_desktop.adapters.sqlite import reserve

    disk, connect = Disk(), sqlite3.connect

    class Connection(sqlite3.Connection):
        def execute(self, sql: str, *args: Any) -> sqlite3.Cursor:
            if sql.startswith("INSERT INTO events"):
                disk.check()
            return super().execute(sql, *args)

    sqlite3.connect = lambda *a, **k: connect(*a, **{"factory": Connection, **k})  # type: ignore[misc,assignment]
    reserve.RETRY_SECS = 0.0
    try:
        yield disk
    finally:
        sqlite3.connect = connect


@asynccontextmanager
async def bed_of(disk: Disk) -> AsyncIterator[Bed]:
    """A station in a demo, inside a session."""
    from datetime import datetime

    from vst_desktop.bootstrap import DemoOptions, demo_station
    from vst_desktop.runtime.calendar import EASTERN
    from vst_desktop.runtime.settings import load_settings

    at = datetime(2024, 1, 17, 15, 10, tzinfo=EASTERN)
    settings = load_settings(["max_chains=2", "max_per_minute=60", "escalations=0"])
    async with demo_station(settings, DemoOptions(held=True, at=at)) as (station, _):
        await station.scan()
        yield Bed(station, disk)


async def play(disk: Disk) -> tuple[list[list[str]], list[str]]:
    """All rows, and what does not hold."""
    rows, wrong = [], []
    async with bed_of(disk) as bed:
        for case in CASES:
            try:
                row, problems = await row_of(bed, case)
            except NeverError as never:
                wrong.append(f"never: {never}")
                continue
            rows.append(row)
            wrong += problems
        await bed.station.engines.alerts.sent()
    return rows, wrong


def main() -> int:
    """Print the table; 1 when something does not hold."""
    with tempfile.TemporaryDirectory() as folder:
        for name in [name for name in os.environ if name.startswith("VST_")]:
            del os.environ[name]
        os.environ["VST_HOME"] = folder
        with services() as (mails, http), breakable_disk() as disk:
            rows, wrong = asyncio.run(play(disk))
            arrived = f"{len(mails.mails)} mails, {len(http.posts)} posts to Slack and Twilio"
    table = [list(COLUMNS), *rows]
    widths = [max(len(row[place]) for row in table) for place in range(len(COLUMNS))]
    for row in table:
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        )
    for problem in wrong:
        print(problem)
    given_up = sum(case.given_up for case in CASES)
    print(
        f"operations: {len(rows)} of {len(CASES)} faults counted and told ({arrived}), "
        f"{len(rows) - given_up} recovered, {given_up} honestly given up, {len(wrong)} wrong"
    )
    return 1 if wrong or len(rows) < len(CASES) else 0


if __name__ == "__main__":
    raise SystemExit(main())
