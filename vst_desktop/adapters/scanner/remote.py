"""A scanner service that somebody else runs: certificates by files, health-checked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from vst_desktop.adapters.scanner.client import NOT_SERVING, HealthWatch, ScannerClient
from vst_desktop.adapters.scanner.errors import NotNow
from vst_desktop.adapters.scanner.handshake import Handshake
from vst_desktop.adapters.scanner.reconnect import ReconnectingScanner, cancel_all, silence
from vst_desktop.adapters.scanner.tls import ClientIdentity
from vst_desktop.domain.errors import UserError

DEFAULT_PORT = 50051
CONNECT_SECS = 5.0
DRAIN_SECS = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannerService:
    """Where a scanner service is, and what it and the station show each other.

    Args:
        host: Name or address, as it stands in the service's certificate.
        port: Its port.
        ca_file: Certificate of the authority that signed the service's, PEM.
        cert_file: The station's own certificate, PEM.
        key_file: The key of that, PEM.
        token: What every call carries.
    """

    host: str
    port: int = DEFAULT_PORT
    ca_file: Path
    cert_file: Path
    key_file: Path
    token: str = field(repr=False)

    @property
    def address(self) -> str:
        """``host:port``, an IPv6 host in brackets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def open(self) -> ScannerClient:
        """A channel to it, not connected yet; must be called on the event loop.

        Raises:
            UserError: A certificate file cannot be read.
        """
        return ScannerClient(
            Handshake(address=self.address, certificate_pem=_read("ca_file", self.ca_file)),
            ClientIdentity(
                certificate_pem=_read("cert_file", self.cert_file),
                key_pem=_read("key_file", self.key_file),
            ),
            self.token,
            server_name=None,
        )


def _read(setting: str, file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise UserError(
            f"cannot be read ({error.strerror})",
            where=str(file),
            remedy=f"name the right file in the setting scanner.{setting}",
        ) from None


class ServiceLink:
    """The channel to a service, and the watch that tells when what answers may be another."""

    def __init__(self, client: ScannerClient, watch: HealthWatch) -> None:
        self.client = client
        self._watch = watch
        self._last_calls_secs = 0.0

    async def lost(self) -> str:
        """Wait for its silence or the end of the connection."""
        silent = asyncio.create_task(silence(self.client), name="scanner:health")
        unwell = asyncio.create_task(self._watch.unwell(), name="scanner:connection")
        try:
            done, _ = await asyncio.wait({silent, unwell}, return_when=asyncio.FIRST_COMPLETED)
            reason = done.pop().result()
            if reason == NOT_SERVING:  # it ends, and waits for the calls under way
                self._last_calls_secs = DRAIN_SECS
            return reason
        finally:
            await cancel_all(silent, unwell)

    async def close(self) -> None:
        """Hang up; the service lives on."""
        self._watch.call.cancel()
        await self.client.close(self._last_calls_secs)


class RemoteScanner(ReconnectingScanner):
    """A scanner service as scanner. It is reconnected to for as long as it takes.

    Args:
        service: Where it is.
        on_state: Called with True when it serves and False when it is gone.
    """

    has_breaker = False

    def __init__(
        self, service: ScannerService, on_state: Callable[[bool], None] | None = None
    ) -> None:
        super().__init__(on_state)
        self._service = service

    async def _connect(self) -> ServiceLink:
        client = self._service.open()
        try:
            return ServiceLink(client, await client.watch(CONNECT_SECS))
        except UserError as error:
            await client.close()
            raise NotNow(
                error.what,
                where=f"scanner service {self._service.address}",
                remedy="see that it runs, and that its certificates and token are the station's",
            ) from None
