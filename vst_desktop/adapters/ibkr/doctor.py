"""The TWS Doctor: what keeps the station from working with TWS or Gateway, port by port.

Each port is asked by a short-lived client of its own, all at the same time: at most three seconds
for the connection and as many for market data. Nothing is changed at the broker; the two quotes
that are asked for are given up with the connection.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from vst_desktop.adapters.ibkr.library import Client
from vst_desktop.adapters.ibkr.probe import Probe
from vst_desktop.adapters.ibkr.remedies import PROGRAMS, Program, finding, program_on
from vst_desktop.adapters.ibkr.session import choose_account
from vst_desktop.domain.diagnosis import Finding, PortReport, Trouble
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.orders import Mode
from vst_desktop.runtime.settings import Settings

PROBE_SECS = 3.0
MOST_SKEW_SECS = 2.0
"""Beyond this, quote ages and the entry window would be judged by a wrong clock."""
_A_DAY_SECS = 86_400
SYMBOL = "SPY"
PORTS = tuple(program.port for program in PROGRAMS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the station wants to find: the settings group ``broker``, and the mode's accounts.

    ``paper`` None: either kind of account will do.
    """

    client_id: int
    account: str | None = None
    allowed_accounts: Sequence[str] = ()
    paper: bool | None = None
    symbol: str = SYMBOL


def _system_now() -> datetime:
    return datetime.now(UTC)


async def examine_tws(settings: Settings, own_port: int | None) -> tuple[PortReport, ...]:
    """TWS's four ports and the one that the settings' mode uses, held against the settings."""
    broker, mode = settings.broker, settings.execution.trading_mode
    wanted = Wanted(
        client_id=broker.client_id,
        account=broker.account,
        allowed_accounts=broker.allowed_accounts,
        paper=None if mode is Mode.DEMO else mode is Mode.PAPER,
    )
    ports = PORTS if own_port is None or own_port in PORTS else (own_port, *PORTS)
    return await examine_all(wanted, host=broker.host, ports=ports)


async def examine_all(
    wanted: Wanted,
    *,
    host: str = "127.0.0.1",
    ports: Sequence[int] = PORTS,
    now: Callable[[], datetime] = _system_now,
) -> tuple[PortReport, ...]:
    """Every port at once, in the order given; in at most some six seconds."""
    return tuple(await asyncio.gather(*(examine(wanted, host, port, now) for port in ports)))


async def examine(
    wanted: Wanted, host: str, port: int, now: Callable[[], datetime] = _system_now
) -> PortReport:
    """One port, from its socket to an option's quote, as far as it goes."""
    program, probe = program_on(port), Probe(now)
    try:
        found = await _find_session(probe, wanted, host, program)
        notes: list[str] = []
        if not found:
            found, notes = await _examine_session(probe, wanted, program)
    finally:
        probe.close()
    return PortReport(
        port=port,
        program=program.name,
        server_version=probe.server_version,
        accounts=probe.accounts,
        clock_offset_secs=probe.clock_offset_secs,
        findings=tuple(found),
        notes=tuple(notes),
    )


async def _find_session(probe: Probe, wanted: Wanted, host: str, program: Program) -> list[Finding]:
    """What keeps the session from being made; nothing when it stands."""
    where = f"{host}:{program.port}"
    try:
        await probe.connect(host, program.port, wanted.client_id, PROBE_SECS)
    except OSError:
        return [finding(Trouble.NOT_RUNNING, f"nothing listens on {where}", program)]
    version = probe.server_version
    taken = probe.code(326)
    if taken is not None:
        what = f"client id {wanted.client_id} is taken by another program"
        return [finding(Trouble.CLIENT_ID_TAKEN, what, program)]
    if version is not None and version < Client.MinClientVersion:
        what = f"server version {version}, and {Client.MinClientVersion} is the oldest that works"
        return [finding(Trouble.OLD_VERSION, what, program)]
    if probe.accounts:
        return []
    if version is not None:
        what = "the handshake came, but neither accounts nor an order id"
        return [finding(Trouble.NO_LOGIN, what, program)]
    if probe.answered:
        what = f"what answers on {where} is not TWS"
        return [finding(Trouble.OTHER_PROGRAM, what, program)]
    if probe.closed:
        what = f"{where} accepts the connection and closes it before the handshake"
        return [finding(Trouble.API_DISABLED, what, program)]
    what = f"{where} accepts the connection and does not answer"
    return [finding(Trouble.API_SILENT, what, program)]


async def _examine_session(
    probe: Probe, wanted: Wanted, program: Program
) -> tuple[list[Finding], list[str]]:
    found, notes = [], []
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(PROBE_SECS):
            await probe.ask_session()
            if not await probe.ask_stock(wanted.symbol):
                notes.append(f"market data not checked: TWS does not know {wanted.symbol}")
            else:
                if not await probe.ask_option(wanted.symbol):
                    notes.append(f"option data not checked: {wanted.symbol} has no listed calls")
                await probe.quotes()
    if probe.read_only is not None:
        found.append(finding(Trouble.READ_ONLY, "the API is read-only: no orders", program))
    found += _account(probe, wanted, program)
    found += _clock(probe, program)
    found += _data(probe, wanted, program)
    if probe.clock_offset_secs is None:
        notes.append("the clock was not told in time")
    notes += [
        f"{what} data not checked: no answer within {PROBE_SECS:g} s"
        for what in ("stock", "option")
        if not notes and not probe.quoted(what)
    ]
    return found, notes


def _account(probe: Probe, wanted: Wanted, program: Program) -> list[Finding]:
    try:
        account = choose_account(probe.accounts, wanted.account, wanted.allowed_accounts, "")
    except UserError as error:
        return [finding(Trouble.WRONG_ACCOUNT, error.what, program)]
    is_paper = account.startswith("D")
    if wanted.paper is not None and is_paper is not wanted.paper:
        kind, mode = ("a paper", "LIVE") if is_paper else ("a live", "PAPER")
        what = f"{account} is {kind} account, and the mode is {mode}"
        return [finding(Trouble.WRONG_ACCOUNT, what, program)]
    return []


def _clock(probe: Probe, program: Program) -> list[Finding]:
    offset = probe.clock_offset_secs
    if offset is None or abs(offset) <= MOST_SKEW_SECS:
        return []
    if abs(offset) > _A_DAY_SECS:
        what = (
            f"TWS's time is {probe.time:%Y-%m-%d %H:%M} UTC: a simulator with a clock of its own, "
            "or this computer's date is wrong"
        )
        return [finding(Trouble.CLOCK_SKEW, what, program)]
    side = "behind" if offset > 0 else "ahead of"
    what = f"this computer's clock is {abs(offset):,.0f} s {side} TWS's"
    return [finding(Trouble.CLOCK_SKEW, what, program)]


def _data(probe: Probe, wanted: Wanted, program: Program) -> list[Finding]:
    if probe.competing is not None:
        what = "another session of this user has the market data (10197)"
        return [finding(Trouble.DATA_ELSEWHERE, what, program)]
    found = []
    for trouble, what, denied in (
        (Trouble.NO_STOCK_DATA, f"{wanted.symbol} stock", probe.stock_denied),
        (Trouble.NO_OPTION_DATA, f"{wanted.symbol} options", probe.option_denied),
    ):
        if denied is not None:
            text = f"no permission for quotes of {what} ({denied[0]})"
            found.append(finding(trouble, text, program))
    if probe.delayed:
        text = f"quotes of {' and '.join(probe.delayed)} are delayed"
        found.append(finding(Trouble.DELAYED_DATA, text, program))
    return found
