"""Bulk bars from the scanner: Arrow IPC into arrays, without touching single values."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Any

import grpc
import grpc.aio
import numpy as np
from numpy.typing import NDArray

from vst_desktop.adapters.scanner import convert
from vst_desktop.adapters.scanner._pb import scanner_pb2 as pb
from vst_desktop.adapters.scanner._pb import scanner_pb2_grpc as rpc
from vst_desktop.domain.bars import Timeframe
from vst_desktop.domain.errors import UserError
from vst_desktop.ports.market_data import BarColumns, BulkAnswer, Downloaded, Floats, join
from vst_desktop.ports.scanner import DoorPolicy

BULK_SECS = 600.0
TICKS_PER_USD = 10_000
_STREAM = f"/{pb.DESCRIPTOR.services_by_name['Scanner'].full_name}/BulkFetchStream"
_ARROW_TAG = pb.BulkFetchChunk.DESCRIPTOR.fields_by_name["arrow_ipc"].number << 3 | 2

_PLAIN_TIMES = {Timeframe.DAILY: "int32", Timeframe.MINUTE: "int64"}
_FIELDS = ["symbol", "time", "open", "high", "low", "close", "volume"]

OnBars = Callable[[BarColumns], None]
OnProgress = Callable[[int, int], None]


class BulkCalls:
    """The bulk calls of one scanner.

    Args:
        channel: To the scanner.
        metadata: What every call carries: the token.
    """

    def __init__(self, channel: grpc.aio.Channel, metadata: tuple[tuple[str, str], ...]) -> None:
        self._fetch = rpc.ScannerStub(channel).BulkFetch  # type: ignore[no-untyped-call]
        self._stream = channel.unary_stream(
            _STREAM,
            request_serializer=pb.BulkFetchRequest.SerializeToString,
            response_deserializer=read_chunk,
        )
        self._metadata = metadata

    async def fetch_bars(
        self, symbols: Sequence[str], *, timeframe: Timeframe, on_bars: OnBars
    ) -> BulkAnswer:
        """All bars in one message; see the port."""
        try:
            answer: pb.BulkFetchResponse = await self._fetch(
                _request(symbols, timeframe), metadata=self._metadata, timeout=BULK_SECS
            )
        except grpc.aio.AioRpcError as error:
            raise _readable(error) from None
        bars = _Assembly(on_bars)
        if answer.arrow_ipc:
            bars.take(answer.arrow_ipc, timeframe)
        bars.end()
        return _answer(answer)

    async def stream_bars(
        self,
        symbols: Sequence[str],
        *,
        timeframe: Timeframe,
        on_bars: OnBars,
        on_progress: OnProgress | None = None,
    ) -> BulkAnswer:
        """Bars in chunks; see the port."""
        return await self._run(_request(symbols, timeframe), timeframe, on_bars, on_progress)

    async def download(
        self,
        symbols: Sequence[str],
        *,
        provider: str,
        first: date | None,
        last: date | None,
        door_policy: DoorPolicy,
        on_progress: OnProgress | None,
    ) -> Downloaded:
        """Daily bars of a service into the bar store; see the port."""
        request = _request(symbols, Timeframe.DAILY)
        request.provider, request.keep = provider, True
        request.door_policy = convert.DOOR_POLICIES[door_policy]
        if first is not None:
            request.start = convert.to_day(first)
        if last is not None:
            request.end = convert.to_day(last)
        lengths: list[int] = []
        answer = await self._run(
            request, Timeframe.DAILY, lambda bars: lengths.append(len(bars)), on_progress
        )
        return Downloaded(
            symbols=len(lengths),
            bars=sum(lengths),
            errors=answer.errors,
            warnings=answer.warnings,
        )

    async def _run(
        self,
        request: pb.BulkFetchRequest,
        timeframe: Timeframe,
        on_bars: OnBars,
        on_progress: OnProgress | None,
    ) -> BulkAnswer:
        call = self._stream(request, metadata=self._metadata, timeout=BULK_SECS)
        bars = _Assembly(on_bars)
        last: pb.BulkFetchChunk | None = None
        try:
            async for arrow_ipc, chunk in call:
                last = None if arrow_ipc else chunk
                if arrow_ipc:
                    bars.take(arrow_ipc, timeframe)
                if on_progress is not None and chunk.progress.total:
                    on_progress(chunk.progress.done, chunk.progress.total)
        except grpc.aio.AioRpcError as error:
            raise _readable(error) from None
        finally:
            call.cancel()
        if last is None:
            raise UserError("the scanner's bars ended without their summary")
        bars.end()
        return _answer(last)


class _Assembly:
    """Puts the batches of each symbol together; a long series comes in several, in a row."""

    def __init__(self, on_bars: OnBars) -> None:
        self._on_bars = on_bars
        self._parts: list[BarColumns] = []

    def take(self, arrow_ipc: bytes | memoryview, timeframe: Timeframe) -> None:
        for part in read_batches(arrow_ipc, timeframe):
            if self._parts and self._parts[0].symbol != part.symbol:
                self.end()
            self._parts.append(part)

    def end(self) -> None:
        if self._parts:
            self._on_bars(join(self._parts))
            self._parts = []


def read_chunk(message: bytes) -> tuple[memoryview, pb.BulkFetchChunk]:
    """A chunk's Arrow stream as a view of the message, and the chunk without it.

    protobuf would copy the bars twice, a third of what receiving them costs. Fields may come in
    any order, but the bars come first from a sender that keeps the usual one.
    """
    start = stop = 0
    if message[:1] == bytes((_ARROW_TAG,)):
        start, shift, more = 1, 0, True
        while more:  # the length, seven bits a byte, lowest first
            byte = message[start]
            stop |= (byte & 0x7F) << shift
            start, shift, more = start + 1, shift + 7, byte >= 0x80
        stop += start
    chunk = pb.BulkFetchChunk.FromString(message[stop:])
    if chunk.arrow_ipc:
        return memoryview(chunk.arrow_ipc), chunk
    return memoryview(message)[start:stop], chunk


def read_batches(arrow_ipc: bytes | memoryview, timeframe: Timeframe) -> Iterator[BarColumns]:
    """The symbols of one Arrow IPC stream; what is not ticks, as views of its bytes.

    Raises:
        UserError: The bytes are not such a stream.
    """
    import pyarrow as pa  # here, because a program start need not wait for it

    try:
        with pa.ipc.open_stream(arrow_ipc) as reader:
            if reader.schema.names != _FIELDS:
                raise UserError(f"the scanner's bars have the columns {reader.schema.names}")
            for batch in reader:
                if batch.num_rows:
                    yield from _columns(batch, timeframe)
    except (pa.ArrowException, OSError) as error:  # a stream that ends too early is the latter
        raise UserError(f"the scanner's bars cannot be read: {error}") from None


def _columns(batch: Any, timeframe: Timeframe) -> Iterator[BarColumns]:
    """Each run of a symbol in the batch, as views of the batch's columns."""
    symbol, time, *values = batch.columns
    names = symbol.dictionary.to_pylist()
    which = symbol.indices.to_numpy()
    times = time.view(_PLAIN_TIMES[timeframe]).to_numpy()  # else dates become objects
    open_, high, low, close, volume = (_usd(column.to_numpy()) for column in values)
    starts = [0, *(np.flatnonzero(np.diff(which)) + 1).tolist()]
    for start, stop in itertools.pairwise([*starts, len(which)]):
        yield BarColumns(
            symbol=names[which[start]],
            timeframe=timeframe,
            time=times[start:stop],
            open=open_[start:stop],
            high=high[start:stop],
            low=low[start:stop],
            close=close[start:stop],
            volume=volume[start:stop],
        )


def _usd(values: NDArray[Any]) -> Floats:
    """Prices that come as ticks, in USD."""
    return values / TICKS_PER_USD if values.dtype == np.int32 else values


def _request(symbols: Sequence[str], timeframe: Timeframe) -> pb.BulkFetchRequest:
    return pb.BulkFetchRequest(
        symbols=list(dict.fromkeys(symbols)), timeframe=convert.TIMEFRAMES[timeframe]
    )


def _answer(message: pb.BulkFetchResponse | pb.BulkFetchChunk) -> BulkAnswer:
    return BulkAnswer(
        errors=tuple(convert.from_errors(message.errors)),
        warnings=tuple(convert.from_warnings(message.warnings)),
        fetch_secs=message.fetch_seconds,
    )


def _readable(error: grpc.aio.AioRpcError) -> UserError:
    remedy = None
    if error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED:
        remedy = "the streaming form has no such limit"
    return UserError(
        f"scanner bulk fetch failed: {error.code().name}: {error.details()}", remedy=remedy
    )
