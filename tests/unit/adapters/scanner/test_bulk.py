"""Arrow IPC of the scanner into columns."""

from __future__ import annotations

import io
from datetime import date

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers.made_bars import made, sessions_up_to
from vst_desktop.adapters.scanner._pb import scanner_pb2 as pb
from vst_desktop.adapters.scanner.bulk import read_batches, read_chunk
from vst_desktop.domain.bars import Timeframe
from vst_desktop.domain.errors import UserError
from vst_desktop.ports.market_data import BarColumns, join

DAYS = sessions_up_to(date(2023, 6, 14), 300)
TIMES = {Timeframe.DAILY: pa.date32(), Timeframe.MINUTE: pa.timestamp("s", "UTC")}
NAMES = ["symbol", "time", "open", "high", "low", "close", "volume"]


def encoded(*bars: BarColumns, names: list[str] = NAMES) -> bytes:
    """One Arrow IPC stream with a record batch for each."""
    timeframe = bars[0].timeframe
    symbols = pa.array([b.symbol for b in bars])
    batches = []
    for place, one in enumerate(bars):
        index = pa.array(np.full(len(one), place, dtype=np.int32))
        columns = [
            pa.DictionaryArray.from_arrays(index, symbols),
            pa.array(one.time).view(TIMES[timeframe]),
            *(pa.array(c) for c in (one.open, one.high, one.low, one.close, one.volume)),
        ]
        batches.append(pa.record_batch(columns, names=names))
    out = io.BytesIO()
    with pa.ipc.new_stream(out, batches[0].schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
    return out.getvalue()


def same(one: BarColumns, other: BarColumns) -> bool:
    return (
        one.symbol == other.symbol
        and one.timeframe is other.timeframe
        and all(
            np.array_equal(getattr(one, name), getattr(other, name))
            and getattr(one, name).dtype == getattr(other, name).dtype
            for name in NAMES[1:]
        )
    )


@pytest.mark.parametrize("timeframe", list(Timeframe))
def test_batches_come_out_as_they_went_in(timeframe: Timeframe) -> None:
    time = DAYS if timeframe is Timeframe.DAILY else DAYS.astype(np.int64) * 86_400
    bars = [made(symbol, time, timeframe) for symbol in ("AAPL", "BRK.B", "X")]
    found = list(read_batches(encoded(*bars), timeframe))
    assert len(found) == 3
    assert all(same(a, b) for a, b in zip(found, bars, strict=True))


def test_columns_are_views_of_the_bytes() -> None:
    (found,) = read_batches(encoded(made("AAPL", DAYS)), Timeframe.DAILY)
    for name in NAMES[1:]:
        column = getattr(found, name)
        assert not column.flags.owndata
        assert not column.flags.writeable


def test_empty_batches_are_passed_over() -> None:
    bars = made("AAPL", DAYS)
    found = list(read_batches(encoded(bars.cut(0, 0), bars), Timeframe.DAILY))
    assert [len(one) for one in found] == [300]


def test_parts_of_a_series_are_joined() -> None:
    bars = made("AAPL", DAYS)
    parts = list(read_batches(encoded(bars.cut(0, 120), bars.cut(120, 300)), Timeframe.DAILY))
    assert same(join(parts), bars)


@pytest.mark.parametrize("cut", [1, 40, 400, 2000])
def test_bytes_that_are_no_stream_are_refused(cut: int) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        list(read_batches(encoded(made("AAPL", DAYS))[:cut], Timeframe.DAILY))


def test_bytes_of_another_kind_are_refused() -> None:
    with pytest.raises(UserError, match="cannot be read"):
        list(read_batches(b"not arrow at all, but long enough to look at", Timeframe.DAILY))


def test_other_columns_are_refused_by_name() -> None:
    data = encoded(made("AAPL", DAYS), names=[*NAMES[:-1], "wap"])
    with pytest.raises(UserError, match="wap"):
        list(read_batches(data, Timeframe.DAILY))


def test_times_of_the_other_timeframe_are_refused() -> None:
    with pytest.raises(UserError, match="cannot be read"):
        list(read_batches(encoded(made("AAPL", DAYS)), Timeframe.MINUTE))


@given(
    bars=st.one_of(st.binary(max_size=300), st.just(bytes(20_000))),
    done=st.integers(0, 2**32 - 1),
    symbols=st.lists(st.text(max_size=5), max_size=3),
    bars_first=st.booleans(),
)
def test_a_chunk_is_read_as_protobuf_reads_it(
    bars: bytes, done: int, symbols: list[str], bars_first: bool
) -> None:
    rest = pb.BulkFetchChunk(
        progress=pb.ScanProgress(done=done, total=9),
        errors=[pb.SymbolError(symbol=symbol, error="none") for symbol in symbols],
        fetch_seconds=0.25,
    )
    parts = [pb.BulkFetchChunk(arrow_ipc=bars).SerializeToString(), rest.SerializeToString()]
    arrow_ipc, chunk = read_chunk(b"".join(parts if bars_first else reversed(parts)))
    assert bytes(arrow_ipc) == bars
    chunk.ClearField("arrow_ipc")
    assert chunk == rest
