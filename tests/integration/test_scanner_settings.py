"""Which scanner the settings lead to."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.helpers.scanners import Served, built_scanner, made_bars, scan_of, serving, tell
from vst_desktop.adapters.scanner.config import ScannerConfig
from vst_desktop.adapters.scanner.remote import RemoteScanner
from vst_desktop.adapters.scanner.supervisor import ScannerChild
from vst_desktop.bootstrap import make_scanner, resilient_scanner, scanner_config
from vst_desktop.domain.errors import UserError
from vst_desktop.runtime import secrets
from vst_desktop.runtime.settings import Settings, load_settings


def remote_settings(served: Served, **changes: str) -> Settings:
    values = {
        "host": "localhost",
        "port": str(served.port),
        "ca_file": str(served.folder / "ca.pem"),
        "cert_file": str(served.folder / "client.pem"),
        "key_file": str(served.folder / "client.key"),
    }
    return load_settings([f"scanner.{k}={v}" for k, v in {**values, **changes}.items()])


def test_no_host_is_our_own_child_with_the_settings_of_the_scanner(tmp_path: Path) -> None:
    settings = load_settings(
        ["max_concurrency=7", "kernel=scalar", "metrics_port=0", "pprof=true"], environment={}
    )
    assert scanner_config(settings, store=tmp_path) == ScannerConfig(
        max_concurrency=7, store=tmp_path, kernel="scalar", metrics_port=0, pprof=True
    )
    assert isinstance(asyncio.run(make_scanner(settings)), ScannerChild)


def test_host_is_a_service_that_scans_for_the_station(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        async with serving(built_scanner(), tmp_path / "a") as served:
            monkeypatch.setenv("VST_SCANNER_TOKEN_FILE", str(served.folder / "token"))
            said: list[str] = []
            scanner, behind = await resilient_scanner(remote_settings(served), said.append)
            assert isinstance(behind, RemoteScanner)
            await scanner.start()
            try:
                await scanner.put_bars([made_bars("A", 1)])
                result = await scanner.scan(scan_of("A"))
                assert (result.scanned, result.engine, said) == (1, "go", [])
            finally:
                await scanner.close()

    tell(story)


@pytest.mark.parametrize(
    ("change", "token", "reason"),
    [
        ({"ca_file": ""}, "x" * 52, "needs scanner.ca_file"),
        ({"key_file": ""}, "x" * 52, "needs scanner.key_file"),
        ({}, "", "needs its token"),
    ],
)
def test_service_without_all_it_needs_is_refused_before_anything_starts(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: dict[str, str],
    token: str,
    reason: str,
) -> None:
    monkeypatch.setenv("VST_SCANNER_TOKEN", token)
    monkeypatch.setattr(secrets, "_from_keyring", lambda name: None)
    served = Served(built_scanner(), tmp_path / "a")
    with pytest.raises(UserError, match=reason):
        asyncio.run(make_scanner(remote_settings(served, **change)))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"cert_file": "/nowhere/client.pem"}, "cannot be read"),
        ({"host": "127.0.0.1"}, "UNAVAILABLE"),  # not a name in the service's certificate
    ],
)
def test_service_that_cannot_be_reached_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, str], reason: str
) -> None:
    async def story() -> None:
        async with serving(built_scanner(), tmp_path / "a") as served:
            monkeypatch.setenv("VST_SCANNER_TOKEN", served.token)
            scanner = await make_scanner(remote_settings(served, **change))
            with pytest.raises(UserError, match=reason):
                await scanner.start()
            await scanner.close()

    tell(story)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"kernel": "fast"}, "no kernel 'fast'; choose one of auto, scalar"),
        ({"max_concurrency": 0}, "max_concurrency 0 is below 1"),
        ({"metrics_port": 65536}, "metrics_port 65536 is not in 0..65535"),
        ({"pprof": True}, "which are off; set scanner.metrics_port too"),
    ],
)
def test_wrong_settings_of_a_child_are_refused(values: dict[str, object], reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        ScannerConfig(**values)  # type: ignore[arg-type]
