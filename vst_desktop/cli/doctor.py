"""``vst doctor``: checks what the station needs; one line each, with the remedy."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Any

from vst_desktop.cli.common import add_json_option, add_settings_option, write_json
from vst_desktop.domain.errors import UserError

PORTS = {7497: "TWS paper", 7496: "TWS live", 4002: "Gateway paper", 4001: "Gateway live"}
PORT_SECS = 1.0


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
    """Run every check; 0 when all that the DEMO needs are ok."""
    checks = asyncio.run(_checks(args.overrides))
    for check in checks:
        print(f"{'ok  ' if check.ok else 'FAIL'} {check.name:<10} {check.detail}")
        if check.remedy:
            print(f"{'':16}{check.remedy}")
    write_json(args.json, {"checks": [asdict(check) for check in checks]})
    needed = {"settings", "folders", "scanner", "simulator", "database"}
    return 0 if all(check.ok for check in checks if check.name in needed) else 1


async def _checks(overrides: list[str]) -> list[Check]:
    found = []
    for name, check in (
        ("settings", lambda: _settings(overrides)),
        ("folders", _folders),
        ("scanner", lambda: _scanner(overrides)),
        ("simulator", _simulator),
        ("database", _database),
        ("keyring", _keyring),
        ("TWS", _tws),
    ):
        found.append(await _guarded(name, check))
    return found


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


async def _tws() -> Check:
    open_ports = []
    for port, what in PORTS.items():
        try:
            async with asyncio.timeout(PORT_SECS):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
        except (OSError, TimeoutError):
            continue
        writer.close()
        open_ports.append(f"{what} on {port}")
    if open_ports:
        return Check(name="TWS", ok=True, detail=", ".join(open_ports))
    return Check(
        name="TWS",
        ok=False,
        detail="not running on 7497, 7496, 4002 or 4001",
        remedy="start TWS or IB Gateway and enable Configure > API > Settings > "
        "'Enable ActiveX and Socket Clients'; DEMO needs none",
    )
