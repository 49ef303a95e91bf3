"""The scanner of a run: our own child, or the service that the settings name."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from vst_desktop.adapters.scanner.config import ScannerConfig
from vst_desktop.adapters.scanner.reconnect import ReconnectingScanner
from vst_desktop.adapters.scanner.remote import DEFAULT_PORT, RemoteScanner, ScannerService
from vst_desktop.adapters.scanner.supervisor import ScannerChild
from vst_desktop.domain.errors import UserError
from vst_desktop.runtime.secrets import find_secret
from vst_desktop.runtime.settings import Settings
from vst_desktop.scanning.resilient import ResilientScanner

SCANNER_TOKEN = "scanner_token"


def scanner_config(
    settings: Settings,
    *,
    store: Path | None = None,
    providers: Mapping[str, Mapping[str, Any]] | None = None,
) -> ScannerConfig:
    """What the settings tell a scanner child.

    Args:
        settings: Their group ``scanner`` counts.
        store: Folder of the bar store; None for a scanner that keeps nothing.
        providers: Settings of bar providers by name, keys included.
    """
    scanner = settings.scanner
    return ScannerConfig(
        max_concurrency=scanner.max_concurrency,
        store=store,
        kernel=scanner.kernel,
        providers=providers or {},
        metrics_port=scanner.metrics_port,
        pprof=scanner.pprof,
    )


def scanner_child(config: ScannerConfig | None = None) -> ScannerChild:
    """The scanner child alone."""
    return ScannerChild(config=config)


def scanner_service(settings: Settings) -> ScannerService:
    """The service that the settings name. May block: its token may be in the keyring.

    Raises:
        UserError: A certificate file or the token is missing.
    """
    scanner = settings.scanner
    for name in ("ca_file", "cert_file", "key_file"):
        if not getattr(scanner, name):
            raise UserError(
                f"the scanner service at {scanner.host} needs scanner.{name}",
                remedy="see docs/scanner-service.md",
                exit_code=2,
            )
    token = find_secret(SCANNER_TOKEN)
    if not token:
        raise UserError(
            f"the scanner service at {scanner.host} needs its token",
            remedy="set VST_SCANNER_TOKEN_FILE, or store scanner_token in the keyring",
            exit_code=2,
        )
    return ScannerService(
        host=scanner.host,
        port=scanner.port or DEFAULT_PORT,
        ca_file=Path(scanner.ca_file).expanduser(),
        cert_file=Path(scanner.cert_file).expanduser(),
        key_file=Path(scanner.key_file).expanduser(),
        token=token,
    )


async def make_scanner(
    settings: Settings,
    *,
    store: Path | None = None,
    on_state: Callable[[bool], None] | None = None,
) -> ReconnectingScanner:
    """The scanner of these settings, not started: the service they name, else our own child.

    Raises:
        UserError: A service is named, but not all that it needs.
    """
    if settings.scanner.host:
        return RemoteScanner(await asyncio.to_thread(scanner_service, settings), on_state)
    return ScannerChild(on_state=on_state, config=scanner_config(settings, store=store))


async def resilient_scanner(
    settings: Settings,
    tell: Callable[[str], None],
    *,
    store: Path | None = None,
    on_state: Callable[[bool], None] = lambda serving: None,
) -> tuple[ResilientScanner, ReconnectingScanner]:
    """A scanner that answers in any case, and the one behind it.

    Args:
        settings: Where the one behind it is, or what our own child is told.
        tell: Called with a sentence when that died, and when scans run in this process.
        store: Folder of the bar store for our own child.
        on_state: Called with True when the one behind it serves and False when it is gone.
    """

    def heard(serving: bool) -> None:
        scanner.child_serves(serving)
        on_state(serving)

    behind = await make_scanner(settings, store=store, on_state=heard)
    scanner = ResilientScanner(behind, tell)
    return scanner, behind
