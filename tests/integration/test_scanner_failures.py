"""A scanner child that fails in every way it can, and the end of either side."""

from __future__ import annotations

import asyncio
import base64
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.helpers.scanners import built_scanner, ends_within, halt, made_bars, scan_of, tell
from vst_desktop.adapters.scanner import launch as launching
from vst_desktop.adapters.scanner import reconnect
from vst_desktop.adapters.scanner.config import ScannerConfig
from vst_desktop.adapters.scanner.launch import Launch
from vst_desktop.adapters.scanner.supervisor import EXIT_SECS, ChildLink, ScannerChild
from vst_desktop.adapters.scanner.tls import make_identity
from vst_desktop.domain.errors import UserError

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs shell scripts and signals")


@pytest.fixture(scope="module")
def binary() -> Path:
    return built_scanner()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No waits between starts, little patience."""
    monkeypatch.setattr(reconnect, "FIRST_BACKOFF_SECS", 0.0)
    monkeypatch.setattr(launching, "HANDSHAKE_SECS", 0.3)


def handshake_line() -> str:
    pem = make_identity("vst-scanner").certificate_pem
    der = x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
    return f"1|2|tcp|127.0.0.1:1|grpc|{base64.b64encode(der).decode()}"


def script(folder: Path, body: str) -> Path:
    """A child that notes its start and then does this."""
    file = folder / "child.sh"
    file.write_text(f'#!/bin/sh\necho started >> "{folder}/starts"\n{body}\n')
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return file


def starts(folder: Path) -> int:
    return len((folder / "starts").read_text().splitlines())


async def serves(child: ScannerChild) -> bool:
    await child.put_bars([made_bars("A", 1)])
    return (await child.scan(scan_of("A"))).scanned == 1


CRASHES = {
    "exits at once": ("exit 3", "ended with code 3"),
    "exits after its handshake": (f"echo '{handshake_line()}'", ""),
    "says nothing": ("cat >/dev/null", "said nothing for 0.3 s"),
    "closes its output and stays": ("exec >&-; cat >/dev/null", "said nothing for 0.3 s"),
    "prints garbage": ("echo hello; cat >/dev/null", "no handshake"),
    "prints garbage without an end": ("head -c 200000 /dev/zero; cat >/dev/null", "no end"),
    "offers another machine": ("echo '1|2|tcp|10.0.0.1:1|grpc|x'; cat", "not loopback"),
    "says why": ("""echo '{"level":"ERROR","msg":"no room"}' >&2; exit 1""", "code 1: no room"),
}


@pytest.mark.usefixtures("quick")
@pytest.mark.allow_log("no room")
@pytest.mark.parametrize("how", CRASHES)
def test_crash_loop_ends_after_five_starts(tmp_path: Path, how: str) -> None:
    body, reason = CRASHES[how]

    async def story() -> None:
        child = ScannerChild(script(tmp_path, body))
        if reason:
            with pytest.raises(UserError, match=reason):
                await child.start()
        else:
            await child.start()
        try:
            await child.wait_for_breaker()
            assert child.breaker_open
            assert not child.healthy
            assert starts(tmp_path) == reconnect.BREAKER_DEATHS
            assert child.last_failure
            with pytest.raises(UserError, match=r"the scanner is down$"):
                await child.put_bars([])
        finally:
            await child.close()

    tell(story)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("echo '1|9|tcp|127.0.0.1:1|grpc|x'; cat >/dev/null", "speaks protocol 9, the station 2"),
        ("", "cannot be run"),
    ],
)
def test_failure_that_cannot_pass_is_not_tried_again(
    tmp_path: Path, body: str, reason: str
) -> None:
    async def story() -> None:
        file = script(tmp_path, body)
        if not body:
            file.write_text("neither a program nor a script")
        child = ScannerChild(file)
        with pytest.raises(UserError, match=reason):
            await child.start()
        assert child.breaker_open
        assert not body or starts(tmp_path) == 1
        await child.close()

    tell(story)


@pytest.mark.usefixtures("quick")
def test_endless_lines_on_stderr_do_not_stop_the_child(tmp_path: Path) -> None:
    body = f"head -c 300000 /dev/zero >&2; echo >&2; echo '{handshake_line()}'; cat >/dev/null"

    async def story() -> None:
        launch = Launch(script(tmp_path, body), ScannerConfig())
        assert (await launch.start()).address == "127.0.0.1:1"
        await launch.stop()

    tell(story)


def test_killed_in_mid_scan_the_call_fails_and_a_successor_serves_within_two_seconds(
    binary: Path,
) -> None:
    async def story() -> None:
        back = asyncio.Event()
        child = ScannerChild(binary, lambda serving: back.set() if serving else back.clear())
        await child.start()
        try:
            first = child.pid
            assert first is not None
            await child.put_bars([made_bars("A", 1)])
            halt(first)  # the scan is certainly under way
            scan = asyncio.create_task(child.scan(scan_of("A")))
            await asyncio.sleep(0)
            back.clear()
            os.kill(first, signal.SIGKILL)
            async with asyncio.timeout(2):
                with pytest.raises(UserError, match=r"UNAVAILABLE|in mid-call"):
                    await scan
                await back.wait()
            assert child.last_failure == "it ended with code -9"
            assert child.pid != first
            assert await serves(child)
        finally:
            await child.close()

    tell(story)


def test_a_hang_is_found_within_five_seconds() -> None:
    longest = reconnect.HEALTH_EVERY_SECS + reconnect.HEALTH_PATIENCE_SECS + EXIT_SECS
    assert longest <= 5


def test_child_that_hangs_is_replaced_and_its_callers_hear_of_it(
    binary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconnect, "HEALTH_EVERY_SECS", 0.05)
    monkeypatch.setattr(reconnect, "HEALTH_PATIENCE_SECS", 1.0)

    async def story() -> None:
        back = asyncio.Event()
        child = ScannerChild(binary, lambda serving: back.set() if serving else back.clear())
        await child.start()
        try:
            first = child.pid
            assert first is not None
            back.clear()
            halt(first)
            with pytest.raises(UserError, match=r"UNAVAILABLE|in mid-call"):
                await child.put_bars([made_bars("A", 1)])
            await back.wait()
            assert "hung: scanner health check failed: DEADLINE" in child.last_failure
            assert ends_within(first, 0)
            assert await serves(child)
        finally:
            await child.close()

    tell(story)


def test_cancelled_call_is_the_callers_own_end(binary: Path) -> None:
    async def story() -> None:
        child = ScannerChild(binary)
        await child.start()
        try:
            assert child.pid is not None
            halt(child.pid)
            call = asyncio.create_task(child.put_bars([made_bars("A", 1)]))
            await asyncio.sleep(0)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            os.kill(child.pid, signal.SIGCONT)
            assert await serves(child)
        finally:
            await child.close()

    tell(story)


def test_stop_asks_by_a_call_and_kills_only_who_does_not_hear(
    binary: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")

    async def story() -> None:
        polite, deaf = ScannerChild(binary), ScannerChild(binary)
        await asyncio.gather(polite.start(), deaf.start())
        links = [polite._link, deaf._link]
        assert deaf.pid is not None
        halt(deaf.pid)
        await asyncio.gather(polite.close(), deaf.close())
        codes = [await link.launch.wait() for link in links if isinstance(link, ChildLink)]
        assert codes == [0, -signal.SIGKILL]
        assert "the station asked for it" in caplog.text

    tell(story)


STATION = """
import asyncio, sys
from pathlib import Path
from vst_desktop.adapters.scanner.supervisor import ScannerChild

async def main():
    child = ScannerChild(Path(sys.argv[1]))
    await child.start()
    print(child.pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="watches a foreign process by a pidfd")
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_killed_station_leaves_no_scanner(binary: Path, end: signal.Signals) -> None:
    station = subprocess.Popen(
        [sys.executable, "-c", STATION, str(binary)], stdout=subprocess.PIPE, text=True
    )
    with station:
        assert station.stdout is not None
        child = int(station.stdout.readline())
        assert not ends_within(child, 0)
        station.send_signal(end)
        assert ends_within(child, 1)
