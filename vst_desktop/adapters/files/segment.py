"""One segment of the bar store, mapped and read where it lies (``docs/bar-store.md``)."""

from __future__ import annotations

import contextlib
import mmap
import os
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vst_desktop.adapters.files.crc32c import crc32c
from vst_desktop.domain.errors import UserError

LANES = 8
TICKS_PER_USD = 10_000
COLUMNS = ("close", "high", "low", "open", "day", "volume")
"""In the order of the index."""

_MAGIC = b"VSTBARS1"
_FORMAT = 1
_ALIGNED = 64
_MOST_ROWS = 1_000_000
_LONGEST_NAME = 32
_HEADER = struct.Struct("<8sIIQQQI")
_CHECK = struct.Struct("<I")
_HEADER_BYTES = _HEADER.size + _CHECK.size
_ENTRY = struct.Struct("<IB3s6Q6I")
_LANE = struct.Struct("<IB")
_TICKS = _DAYS = np.dtype("<i4")
_FLOATS = np.dtype("<f8")
_EPOCH = date(1970, 1, 1).toordinal()
_FIRST_DAY, _LAST_DAY = date.min.toordinal() - _EPOCH, date.max.toordinal() - _EPOCH

Column = npt.NDArray[Any]


class Corrupt(UserError):
    """Bytes of a segment that cannot be right."""

    def __init__(self, file: Path, fault: str) -> None:
        self.file = file
        super().__init__(fault, where=str(file), remedy="import the bars of its symbols again")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Consecutive bars of one symbol, as views of the mapped file.

    Prices are int32 ticks of 1/10 000 USD or float64 USD; ``day`` counts from 1970-01-01.
    """

    close: Column
    high: Column
    low: Column
    open: Column
    day: npt.NDArray[np.int32]
    volume: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.day)

    def usd(self, name: str) -> npt.NDArray[np.float64]:
        """A price column in USD; a copy where it is held in ticks."""
        prices: Column = getattr(self, name)
        # A division gives the very float that the price had; a factor of 0.0001 would not.
        return prices / TICKS_PER_USD if prices.dtype.kind == "i" else prices

    def head(self, rows: int) -> Run:
        """The first bars."""
        return Run(**{name: getattr(self, name)[:rows] for name in COLUMNS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a column of a block lies."""

    offset: int
    checksum: int
    dtype: np.dtype[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Eight lanes of bars: where their columns lie, and whose they are."""

    number: int
    rows: int
    columns: Mapping[str, Place]
    lanes: tuple[tuple[str, int], ...]
    """Symbol (empty when unused) and length in bars, by lane."""


class Segment:
    """A mapped segment: its index is checked when it is opened, a block when it is first read.

    Raises:
        FileNotFoundError: It is gone.
        Corrupt: Header or index cannot be right.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self._data, self.stamp = _mapped(file)
        self.blocks = _read_index(file, self._data)
        self.places = {
            symbol: (block, lane)
            for block in self.blocks
            for lane, (symbol, _) in enumerate(block.lanes)
            if symbol
        }
        """Block and lane by symbol."""
        if len(self.places) != sum(bool(symbol) for b in self.blocks for symbol, _ in b.lanes):
            raise Corrupt(file, "index: a symbol stands in two lanes")
        self._faults: dict[tuple[int, str], str] = {}

    def run(self, symbol: str) -> Run:
        """The bars of a symbol that it has.

        Raises:
            Corrupt: The bytes of the symbol's block are not those that were written.
        """
        block, lane = self.places[symbol]
        self.check(block)
        bars = block.lanes[lane][1]
        return Run(**{name: self._column(block, name)[:bars, lane] for name in COLUMNS})

    def days(self, symbol: str) -> npt.NDArray[np.int32]:
        """The days of a symbol's bars; of the block, only these are read.

        Raises:
            Corrupt: They are not those that were written.
        """
        block, lane = self.places[symbol]
        self.check(block, ("day",))
        return self._column(block, "day")[: block.lanes[lane][1], lane]

    def check(self, block: Block, names: Sequence[str] = COLUMNS) -> None:
        """Compare checksums of a block's columns, each once, and the order of its days.

        Raises:
            Corrupt: Names the block and the column.
        """
        for name in names:
            key = block.number, name
            if key not in self._faults:
                self._faults[key] = self._fault(block, name)
            if fault := self._faults[key]:
                raise Corrupt(self.file, f"block {block.number}: {fault}")

    def _fault(self, block: Block, name: str) -> str:
        column = self._column(block, name)
        if crc32c(column.data.cast("B")) != block.columns[name].checksum:
            return f"column {name} does not match its checksum"
        if name != "day":
            return ""
        bars = np.array([length for _, length in block.lanes])
        inside = np.arange(block.rows)[:, None] < bars
        if (inside & ((column < _FIRST_DAY) | (column > _LAST_DAY))).any():
            return "a day is no date"
        unordered = inside[1:] & (np.diff(column, axis=0) <= 0)
        if unordered.any():
            symbol = block.lanes[int(np.argmax(unordered.any(axis=0)))][0]
            return f"the days of {symbol} are not in order"
        return ""

    def _column(self, block: Block, name: str) -> Column:
        place = block.columns[name]
        return np.frombuffer(
            self._data, dtype=place.dtype, count=block.rows * LANES, offset=place.offset
        ).reshape(block.rows, LANES)


def stamp_of(status: os.stat_result) -> tuple[int, ...]:
    """What differs when a file was replaced by another of the same name."""
    return status.st_ino, status.st_size, status.st_mtime_ns


def _mapped(file: Path) -> tuple[mmap.mmap, tuple[int, ...]]:
    with file.open("rb") as stream:
        status = os.fstat(stream.fileno())
        if status.st_size < _HEADER_BYTES:
            raise Corrupt(file, "is shorter than its header")
        return mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ), stamp_of(status)


def held_symbols(file: Path) -> tuple[str, ...]:
    """The symbols of a segment, also of a corrupt one, by whichever of its indexes is whole.

    Empty when neither is, or the file cannot be read.
    """
    try:
        data, _ = _mapped(file)
    except (Corrupt, OSError):
        return ()
    for blocks_of in (_read_index, _read_last_index):
        with contextlib.suppress(Corrupt):
            blocks = blocks_of(file, data)
            return tuple(sorted(symbol for b in blocks for symbol, _ in b.lanes if symbol))
    return ()


def _read_index(file: Path, data: mmap.mmap) -> tuple[Block, ...]:
    count, size, offset, length, checksum = _read_header(file, data, 0)
    if size != len(data):
        raise Corrupt(file, f"is {len(data):,} bytes long instead of {size:,}")
    blocks = _read_blocks(file, data, count, offset, length, checksum)
    for block in blocks:
        _check_block(file, block, size)
    return blocks


def _read_last_index(file: Path, data: mmap.mmap) -> tuple[Block, ...]:
    """By the copies of index and header with which a segment ends."""
    end = len(data) - _HEADER_BYTES
    count, _, _, length, checksum = _read_header(file, data, end)
    aligned = (length + _ALIGNED - 1) // _ALIGNED * _ALIGNED
    return _read_blocks(file, data, count, end - aligned, length, checksum)


def _read_header(file: Path, data: mmap.mmap, at: int) -> tuple[int, int, int, int, int]:
    """Number of blocks, length of the file, offset, length and checksum of the index."""
    magic, version, *numbers = _HEADER.unpack_from(data, at)
    if magic != _MAGIC:
        raise Corrupt(file, "is no segment of a bar store")
    if crc32c(data[at : at + _HEADER.size]) != _CHECK.unpack_from(data, at + _HEADER.size)[0]:
        raise Corrupt(file, "header does not match its checksum")
    if version != _FORMAT:
        raise Corrupt(file, f"is of format {version}, this program reads {_FORMAT}")
    count, size, offset, length, checksum = numbers
    return count, size, offset, length, checksum


def _read_blocks(
    file: Path, data: mmap.mmap, count: int, offset: int, length: int, checksum: int
) -> tuple[Block, ...]:
    if offset < 0 or offset % _ALIGNED or offset + length > len(data):
        raise Corrupt(file, "index: lies outside the file")
    index = data[offset : offset + length]
    if crc32c(index) != checksum:
        raise Corrupt(file, "index does not match its checksum")
    blocks = []
    at = 0
    try:
        for number in range(count):
            block, at = _read_block(index, at, number)
            blocks.append(block)
    except (struct.error, ValueError):
        raise Corrupt(file, f"index: the entry of block {number} cannot be read") from None
    if at != length:
        raise Corrupt(file, "index: there are bytes after its last block")
    return tuple(blocks)


def _read_block(index: bytes, at: int, number: int) -> tuple[Block, int]:
    rows, encoding, zeros, *numbers = _ENTRY.unpack_from(index, at)
    at += _ENTRY.size
    lanes = []
    for _ in range(LANES):
        bars, name = _LANE.unpack_from(index, at)
        at += _LANE.size
        lanes.append((str(index[at : at + name], "utf-8"), bars))
        at += name
        if name > _LONGEST_NAME:
            raise ValueError
    if encoding > 1 or any(zeros) or at > len(index):
        raise ValueError
    dtypes: Mapping[str, np.dtype[Any]] = {"day": _DAYS, "volume": _FLOATS}
    columns = {
        name: Place(
            offset=offset,
            checksum=checksum,
            dtype=dtypes.get(name) or (_FLOATS if encoding else _TICKS),
        )
        for name, offset, checksum in zip(
            COLUMNS, numbers[: len(COLUMNS)], numbers[len(COLUMNS) :], strict=True
        )
    }
    return Block(number=number, rows=rows, columns=columns, lanes=tuple(lanes)), at


def _check_block(file: Path, block: Block, size: int) -> None:
    if not 0 < block.rows <= _MOST_ROWS:
        raise Corrupt(file, f"block {block.number}: {block.rows:,} rows are not possible")
    for name, place in block.columns.items():
        length = block.rows * LANES * place.dtype.itemsize
        if place.offset % _ALIGNED or place.offset + length > size:
            raise Corrupt(file, f"block {block.number}: column {name} lies outside the file")
    for symbol, bars in block.lanes:
        if bars > block.rows or bool(symbol) != bool(bars):
            raise Corrupt(
                file, f"block {block.number}: {symbol or 'a lane'} cannot have {bars:,} bars"
            )
