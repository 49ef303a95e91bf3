"""``vst doctor``: checks what the station needs; one line each, with the remedy."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from vst_desktop.cli.common import add_json_option, add_settings_option, write_json
from vst_desktop.domain.errors import UserError

if TYPE_CHECKING:
    from vst_desktop.domain.diagnosis import PortReport

NEEDED = frozenset({"settings", "folders", "scanner", "simulator", "database"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check: ``remedy`` is empty when it is ok."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""


def add_parser(subparsers: Any) -> None:
    """Add the command's arguments."""
    parser = subparsers.add_parser("doctor", help="checks what the station needs")
    add_json_option(parser)
    add_settings_option(parser)


def run(args: argparse.Namespace) -> int:
    """Run every check; 0 when all is ok that the settings' mode needs (DEMO needs no TWS)."""
    checks, reports = asyncio.run(_examine(args.overrides))
    width = max(len(check.name) for check in checks)
    for check in checks:
        print(f"{'ok  ' if check.ok else 'FAIL'} {check.name:<{width}}  {check.detail}")
        if check.remedy:
            print(f"{'':{width + 7}}{check.remedy}")
    write_json(
        args.json,
        {
            "checks": [asdict(check) for check in checks],
            "tws": [{**asdict(report), "listening": report.listening} for report in reports],
        },
    )
    needed = NEEDED | {
        _tws_name(report) for report in reports if report.port == _own_port(args.overrides)
    }
    return 0 if all(check.ok for check in checks if check.name in needed) else 1


def _own_port(overrides: list[str]) -> int | None:
    """The port at which the mode has its broker; None in DEMO, which brings its own."""
    from vst_desktop.bootstrap import TWS_PORTS, profile_settings

    settings = profile_settings(None, overrides)
    default = TWS_PORTS.get(settings.execution.trading_mode)
    return settings.broker.port or default if default else None


async def _examine(overrides: list[str]) -> tuple[list[Check], tuple[PortReport, ...]]:
    from vst_desktop.adapters.ibkr.doctor import examine_tws
    from vst_desktop.bootstrap import profile_settings

    found = []
    for name, check in (
        ("settings", lambda: _settings(overrides)),
        ("folders", _folders),
        ("scanner", lambda: _scanner(overrides)),
        ("simulator", _simulator),
        ("database", _database),
        ("keyring", _keyring),
    ):
        found.append(await _guarded(name, check))
    if not found[0].ok:
        return found, ()
    own = _own_port(overrides)
    reports = await examine_tws(profile_settings(None, overrides), own)
    return found + _tws_checks(reports, own), reports


async def _guarded(name: str, check: Callable[[], Awaitable[Check]]) -> Check:
    try:
        return await check()
    except UserError as error:
        where = f"{error.where}: " if error.where else ""
        return Check(
            name=name, ok=False, detail=f"{where}{error.what}", remedy=error.remedy or "see above"
        )
    except TimeoutError:
        return Check(name=name, ok=False, detail="no answer in time", remedy="try again")


async def _settings(overrides: list[str]) -> Check:
    from vst_desktop.bootstrap import profile_settings

    mode = profile_settings(None, overrides).execution.trading_mode
    return Check(name="settings", ok=True, detail=f"readable; mode {mode}")


async def _folders() -> Check:
    from vst_desktop.runtime.paths import find_paths

    return Check(name="folders", ok=True, detail=f"{find_paths().make().data} can be written")


async def _scanner(overrides: list[str]) -> Check:
    import time

    from vst_desktop.bootstrap import make_scanner, profile_settings

    settings = profile_settings(None, overrides)
    scanner = await make_scanner(settings)
    started = time.perf_counter()
    try:
        await scanner.start()
        put = await scanner.put_bars([])
        took = time.perf_counter() - started
    finally:
        await scanner.close()
    host = settings.scanner.host
    which = f"the service at {host}" if host else "our own child starts and"
    return Check(
        name="scanner", ok=not put.errors, detail=f"{which} answers in {took * 1000:.0f} ms"
    )


async def _simulator() -> Check:
    from vst_desktop.bootstrap import DemoOptions, demo_station, profile_settings

    async with demo_station(profile_settings("demo", []), DemoOptions(held=True)) as (station, _):
        broker = station.engines.broker
        return Check(
            name="simulator",
            ok=True,
            detail=f"round trip with {broker.client_name}, server version "
            f"{broker.server_version}, account {station.account_id}",
        )


async def _database() -> Check:
    import tempfile
    from datetime import UTC, datetime
    from pathlib import Path

    from vst_desktop.adapters.sqlite.journal import SqliteJournal
    from vst_desktop.runtime.paths import find_paths

    with tempfile.TemporaryDirectory(dir=find_paths().make().data) as folder:
        journal = await SqliteJournal.open(Path(folder) / "check.sqlite", lambda: datetime.now(UTC))
        try:
            await journal.record("CHECK")
            broken = await journal.verify()
        finally:
            await journal.close()
    return Check(name="database", ok=broken is None, detail="commits durably, hash chain holds")


async def _keyring() -> Check:
    import keyring
    import keyring.errors

    backend = keyring.get_keyring()
    name = f"{type(backend).__module__}.{type(backend).__name__}"
    if backend.priority <= 0:
        return Check(
            name="keyring",
            ok=False,
            detail=f"no usable backend ({name})",
            remedy="install a Secret Service (gnome-keyring, KWallet); DEMO needs none",
        )
    return Check(name="keyring", ok=True, detail=name)


def _tws_name(report: PortReport) -> str:
    return f"{report.program} {report.port}"


def _tws_checks(reports: tuple[PortReport, ...], own: int | None) -> list[Check]:
    """A line for each port that listens and each of its troubles, and for the mode's own port."""
    shown = [report for report in reports if report.listening or report.port == own]
    if not shown:
        ports = ", ".join(str(report.port) for report in reports)
        first = reports[0].findings[0]
        what = f"nothing listens on {ports}; DEMO needs none"
        return [Check(name="TWS", ok=False, detail=what, remedy=first.remedy)]
    return [check for report in shown for check in _port_checks(report)]


def _port_checks(report: PortReport) -> list[Check]:
    name = _tws_name(report)
    if report.findings:
        return [
            Check(name=name, ok=False, detail=each.detail, remedy=each.remedy)
            for each in report.findings
        ]
    accounts = ", ".join(report.accounts)
    data = "; ".join(report.notes) or "live stock and option data"
    what = f"server version {report.server_version}, account {accounts}, {data}"
    return [Check(name=name, ok=True, detail=what)]
