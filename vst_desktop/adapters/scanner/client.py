"""Calls of one running scanner over mutual TLS, each with the token."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from types import TracebackType

import grpc
import grpc.aio

from vst_desktop.adapters.scanner import convert
from vst_desktop.adapters.scanner._pb import scanner_pb2 as pb
from vst_desktop.adapters.scanner._pb import scanner_pb2_grpc as rpc
from vst_desktop.adapters.scanner.bulk import BulkCalls
from vst_desktop.adapters.scanner.handshake import Handshake
from vst_desktop.adapters.scanner.tls import ClientIdentity
from vst_desktop.domain.bars import BarSeries, SymbolError
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.signals import Signal
from vst_desktop.ports.market_data import BarColumns
from vst_desktop.ports.scanner import DoorPolicy, HeldSeries, PutResult, ScanRequest, ScanResult

log = logging.getLogger(__name__)

MAX_MESSAGE_BYTES = 64 << 20
CALL_SECS = 120.0
QUICK_SECS = 5.0
SERVER_NAME = "vst-scanner"
HEALTH = "/grpc.health.v1.Health"
# The health service's two messages in their encoded form: asked of the whole service, serving.
HEALTH_REQUEST, SERVING = b"", b"\x08\x01"
NOT_SERVING = "the scanner says that it does not serve"


class ScannerClient:
    """One channel to one scanner. Failures become ``UserError`` with the service's own sentence.

    Args:
        handshake: Where it listens, and the certificate that signed its own.
        identity: What the station shows it.
        token: What every call carries.
        server_name: The name in its certificate; None: the host it is called by.
    """

    def __init__(
        self,
        handshake: Handshake,
        identity: ClientIdentity,
        token: str,
        server_name: str | None = SERVER_NAME,
    ) -> None:
        credentials = grpc.ssl_channel_credentials(
            root_certificates=handshake.certificate_pem,
            private_key=identity.key_pem,
            certificate_chain=identity.certificate_pem,
        )
        options: list[tuple[str, int | str]] = [
            ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
            ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
            ("grpc.enable_http_proxy", 0),
            # Else a new channel shares the connection, and the waits, of one that failed before.
            ("grpc.use_local_subchannel_pool", 1),
        ]
        if server_name is not None:
            options.append(("grpc.ssl_target_name_override", server_name))
        self._channel = grpc.aio.secure_channel(handshake.address, credentials, options=options)
        self._stub = rpc.ScannerStub(self._channel)  # type: ignore[no-untyped-call]
        self._token = (("authorization", f"Bearer {token}"),)
        self.bulk = BulkCalls(self._channel, self._token)

    async def __aenter__(self) -> ScannerClient:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self, grace_secs: float | None = None) -> None:
        """Close the channel; calls under way are cancelled, after ``grace_secs`` if given."""
        await self._channel.close(grace_secs)

    async def check(self, patience_secs: float) -> None:
        """Ask the health service.

        Raises:
            UserError: It does not answer in time, refuses, or says that it does not serve.
        """
        ask = self._channel.unary_unary(
            f"{HEALTH}/Check", request_serializer=bytes, response_deserializer=bytes
        )
        try:
            answer = await ask(HEALTH_REQUEST, metadata=self._token, timeout=patience_secs)
        except grpc.aio.AioRpcError as error:
            raise _readable("health check", error) from None
        if answer != SERVING:
            raise UserError(NOT_SERVING)

    async def unwell(self) -> str:
        """Wait until the scanner says that it does not serve or the connection ends; says which."""
        ask = self._channel.unary_stream(
            f"{HEALTH}/Watch", request_serializer=bytes, response_deserializer=bytes
        )
        call = ask(HEALTH_REQUEST, metadata=self._token)
        try:
            async for answer in call:
                if answer != SERVING:
                    return NOT_SERVING
        except grpc.aio.AioRpcError as error:
            return str(_readable("connection", error))
        finally:
            call.cancel()
        return "the scanner ended the connection"

    async def put_bars(
        self,
        series: Iterable[BarSeries | BarColumns],
        *,
        keep: bool = False,
        append: bool = False,
        door_policy: DoorPolicy = "reject",
    ) -> PutResult:
        """Replace the bars of these symbols, or append to them; see the port."""

        async def messages() -> AsyncIterator[pb.SymbolBars]:
            for bars in series:
                yield convert.to_symbol_bars(
                    bars, keep=keep, append=append, door_policy=door_policy
                )

        try:
            answer = await self._stub.PutBars(messages(), metadata=self._token, timeout=CALL_SECS)
        except grpc.aio.AioRpcError as error:
            raise _readable("storing bars", error) from None
        return PutResult(
            symbols=answer.symbols,
            bars=answer.bars,
            errors=tuple(convert.from_errors(answer.errors)),
            warnings=tuple(convert.from_warnings(answer.warnings)),
        )

    async def list_series(self) -> tuple[list[HeldSeries], list[SymbolError]]:
        """What the scanner holds, and symbols whose bars are refused or lost."""
        try:
            answer = await self._stub.ListSeries(
                pb.ListSeriesRequest(), metadata=self._token, timeout=CALL_SECS
            )
        except grpc.aio.AioRpcError as error:
            raise _readable("list of bars", error) from None
        return [convert.from_info(s) for s in answer.series], convert.from_errors(answer.errors)

    async def scan(
        self, request: ScanRequest, on_progress: Callable[[int, int], None] | None
    ) -> ScanResult:
        """Scan by the streaming call; cancelling the await cancels the scan."""
        signals: list[Signal] = []
        errors: list[SymbolError] = []
        counts: Counter[str] = Counter()
        summary: pb.ScanResponse | None = None
        call = self._stub.ScanStream(
            convert.to_request(request), metadata=self._token, timeout=CALL_SECS
        )
        try:
            async for update in call:
                counts += convert.counted(update.signals)
                if not request.counts_only:
                    signals += convert.from_columns(update.signals, request.symbols)
                errors += convert.from_errors(update.errors)
                if on_progress is not None and update.progress.total:
                    on_progress(update.progress.done, update.progress.total)
                if update.HasField("summary"):
                    summary = update.summary
        except grpc.aio.AioRpcError as error:
            raise _readable("scan", error) from None
        finally:
            call.cancel()
        if summary is None:
            raise UserError("the scanner's answer ended without its summary")
        order = {symbol: index for index, symbol in enumerate(request.symbols)}
        signals.sort(key=lambda s: (order[s.symbol], s.date, s.strategy))
        return ScanResult(
            scanned=summary.scanned,
            signals=tuple(signals),
            errors=(*errors, *convert.from_errors(summary.errors)),
            seconds=summary.scan_seconds,
            engine="go",
            bars=summary.bars,
            counts=counts,
        )

    async def metrics(self) -> pb.MetricsResponse:
        """Figures of the service."""
        try:
            answer: pb.MetricsResponse = await self._stub.GetMetrics(
                pb.MetricsRequest(), metadata=self._token, timeout=QUICK_SECS
            )
        except grpc.aio.AioRpcError as error:
            raise _readable("metrics", error) from None
        return answer

    async def shutdown(self) -> None:
        """Ask a child to end; one that is gone already is fine."""
        try:
            await self._stub.Shutdown(
                pb.ShutdownRequest(), metadata=self._token, timeout=QUICK_SECS
            )
        except grpc.aio.AioRpcError as error:
            log.info("scanner shutdown: %s", error.code().name)


def _readable(what: str, error: grpc.aio.AioRpcError) -> UserError:
    return UserError(f"scanner {what} failed: {error.code().name}: {error.details()}")
