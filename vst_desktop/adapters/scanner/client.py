"""Calls of one running scanner over mutual TLS, each with the token."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any

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
from vst_desktop.ports.market_data import BarColumns
from vst_desktop.ports.scanner import (
    DoorPolicy,
    HeldSeries,
    PutResult,
    ScanRequest,
    ScanResult,
    SignalRows,
)

log = logging.getLogger(__name__)

OnProgress = Callable[[int, int], None]

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
        self._asked: tuple[ScanRequest, bool, pb.ScanRequest] | None = None

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

    async def watch(self, patience_secs: float) -> HealthWatch:
        """Watch the health of a scanner that serves.

        Raises:
            UserError: It does not answer in time, refuses, or says that it does not serve.
        """
        ask = self._channel.unary_stream(
            f"{HEALTH}/Watch", request_serializer=bytes, response_deserializer=bytes
        )
        watch = HealthWatch(ask(HEALTH_REQUEST, metadata=self._token))
        try:
            async with asyncio.timeout(patience_secs):
                answer = await watch.call.read()
        except grpc.aio.AioRpcError as error:
            raise _readable("health watch", error) from None
        except TimeoutError:
            watch.call.cancel()
            raise UserError(f"the scanner gave no answer in {patience_secs:g} s") from None
        if answer != SERVING:
            watch.call.cancel()
            raise UserError(NOT_SERVING)
        return watch

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

    async def doubts(self, symbols: Sequence[str]) -> list[SymbolError]:
        """What looks wrong in the daily bars of these symbols and may be right."""
        try:
            answer = await self._stub.Doubts(
                pb.DoubtsRequest(symbols=symbols), metadata=self._token, timeout=CALL_SECS
            )
        except grpc.aio.AioRpcError as error:
            raise _readable("look at the bars", error) from None
        return convert.from_warnings(answer.warnings)

    async def scan(self, request: ScanRequest, on_progress: OnProgress | None = None) -> ScanResult:
        """Scan by the streaming call; cancelling the await cancels the scan."""
        values = not request.counts_only
        columns, result = await self._scan(self._message(request, values), on_progress)
        if not values:
            return result
        signals = [s for part in columns for s in convert.from_columns(part, request.symbols)]
        order = {symbol: index for index, symbol in enumerate(request.symbols)}
        signals.sort(key=lambda s: (order[s.symbol], s.date, s.strategy))
        return replace(result, signals=tuple(signals))

    async def scan_rows(
        self, request: ScanRequest, on_progress: OnProgress | None = None
    ) -> tuple[ScanResult, SignalRows]:
        """As ``scan``, with the signals as arrays and without their bars' values: for many."""
        columns, result = await self._scan(self._message(request, False), on_progress)
        return result, convert.to_rows(columns, request.symbols)

    def _message(self, request: ScanRequest, values: bool) -> pb.ScanRequest:
        """The request's message; a universe that is scanned again has its message already."""
        if self._asked is None or self._asked[:2] != (request, values):
            self._asked = request, values, convert.to_request(request, values)
        return self._asked[2]

    async def _scan(
        self, request: pb.ScanRequest, on_progress: OnProgress | None
    ) -> tuple[list[pb.SignalColumns], ScanResult]:
        """The answer's columns as they came, and the result but for its signals."""
        if request.last_bar_only and on_progress is None:
            # A row a symbol at most: one message is less work than a stream.
            try:
                answer = await self._stub.Scan(request, metadata=self._token, timeout=CALL_SECS)
            except grpc.aio.AioRpcError as error:
                raise _readable("scan", error) from None
            return [answer.signals], convert.from_answer(answer, [answer.signals], answer.errors)
        columns: list[pb.SignalColumns] = []
        errors: list[pb.SymbolError] = []
        summary: pb.ScanResponse | None = None
        call = self._stub.ScanStream(request, metadata=self._token, timeout=CALL_SECS)
        try:
            # Nothing is made of the columns meanwhile: the scanner waits for whoever reads.
            async for update in call:
                columns.append(update.signals)
                errors += update.errors
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
        return columns, convert.from_answer(summary, columns, errors)

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


class HealthWatch:
    """One stream of a scanner's health; it ends with the connection it was opened on."""

    def __init__(self, call: Any) -> None:
        self.call = call

    async def unwell(self) -> str:
        """Wait until the scanner says that it does not serve or the connection ends; says which."""
        try:
            while (answer := await self.call.read()) == SERVING:
                pass
        except grpc.aio.AioRpcError as error:
            return str(_readable("connection", error))
        finally:
            self.call.cancel()
        return NOT_SERVING if isinstance(answer, bytes) else "the scanner ended the connection"


def _readable(what: str, error: grpc.aio.AioRpcError) -> UserError:
    return UserError(f"scanner {what} failed: {error.code().name}: {error.details()}")
