"""Writes bar stores byte by byte from docs/bar-store.md: a second witness of the format."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from vst_desktop.domain.bars import BarSeries

LANES = 8
COLUMNS = ("open", "high", "low", "close", "volume")
_TABLE = []
for _value in range(256):
    for _ in range(8):
        _value = (_value >> 1) ^ (0x82F63B78 if _value & 1 else 0)
    _TABLE.append(_value)


def castagnoli(data: bytes) -> int:
    """CRC-32C, byte by byte."""
    value = 0xFFFFFFFF
    for byte in data:
        value = (value >> 8) ^ _TABLE[(value ^ byte) & 0xFF]
    return value ^ 0xFFFFFFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """Bars of one symbol; prices in USD."""

    days: Sequence[int]
    open: Sequence[float]
    high: Sequence[float]
    low: Sequence[float]
    close: Sequence[float]
    volume: Sequence[float]


def lane(count: int, seed: int = 0, first: date = date(2024, 1, 2)) -> Lane:
    """Made bars on every day from ``first``."""
    random = np.random.default_rng(seed)
    cents = np.cumsum(random.integers(-50, 51, count)) + 10_000
    start = (first - date(1970, 1, 1)).days
    return Lane(
        days=range(start, start + count),
        open=(cents / 100).tolist(),
        high=((cents + 60) / 100).tolist(),
        low=((cents - 60) / 100).tolist(),
        close=((cents + 10) / 100).tolist(),
        volume=random.integers(1, 10**7, count).astype(float).tolist(),
    )


def dates(bars: Lane) -> tuple[date, ...]:
    """The days as dates."""
    return tuple(date(1970, 1, 1) + timedelta(days=day) for day in bars.days)


def segment_bytes(blocks: Sequence[Mapping[str, Lane]], *, ticks: bool = True) -> bytes:
    """A whole segment; each block has up to eight symbols."""
    names = sum(len(symbol.encode()) for block in blocks for symbol in block)
    index_size = len(blocks) * (4 + 4 + 6 * 12 + LANES * 5) + names
    body = bytearray(64 + index_size)
    index = bytearray()

    def section(data: bytes) -> int:
        body.extend(bytes(-len(body) % 64))
        body.extend(data)
        return len(body) - len(data)

    for block in blocks:
        rows = max(len(bars.days) for bars in block.values())
        offsets, checks = [], []
        for name in ("close", "high", "low", "open", "days", "volume"):
            if name == "days":
                column = np.zeros((rows, LANES), "<i4")
            elif name == "volume" or not ticks:
                column = np.zeros((rows, LANES), "<f8")
            else:
                column = np.zeros((rows, LANES), "<i4")
            for at, bars in enumerate(block.values()):
                values = np.asarray(list(getattr(bars, name)), dtype=float)
                if ticks and name not in ("days", "volume"):
                    values = np.rint(values * 10_000)
                column[: len(values), at] = values
            data = column.tobytes()
            offsets.append(section(data))
            checks.append(castagnoli(data))
        index += struct.pack("<IB3x6Q6I", rows, 0 if ticks else 1, *offsets, *checks)
        named = [(symbol, len(bars.days)) for symbol, bars in block.items()]
        for symbol, count in [*named, *[("", 0)] * (LANES - len(named))]:
            name_bytes = symbol.encode()
            index += struct.pack("<IB", count, len(name_bytes)) + name_bytes
    section(bytes(index))
    body.extend(bytes(-len(body) % 64))
    header = struct.pack(
        "<8sIIQQQI",
        b"VSTBARS1",
        1,
        len(blocks),
        len(body) + 48,
        64,
        len(index),
        castagnoli(bytes(index)),
    )
    body[64 : 64 + index_size] = index
    body[:48] = header + struct.pack("<I", castagnoli(header))
    return bytes(body + body[:48])


def name_of(number: int) -> str:
    """A segment's file name."""
    return f"segment-{number:010}.bars"


def write_manifest(folder: Path, segments: Sequence[tuple[int, str]], generation: int = 1) -> None:
    """Replace the manifest; ``segments`` are numbers and modes."""
    content = {
        "format": 1,
        "generation": generation,
        "segments": [{"name": name_of(number), "mode": mode} for number, mode in segments],
    }
    new = folder / "manifest.json.tmp"
    new.write_text(json.dumps(content))
    new.replace(folder / "manifest.json")


def write_store(
    folder: Path, *segments: tuple[str, Sequence[Mapping[str, Lane]]], ticks: bool = True
) -> None:
    """A store of segments: mode and blocks of each."""
    folder.mkdir(exist_ok=True)
    for number, (_, blocks) in enumerate(segments, 1):
        (folder / name_of(number)).write_bytes(segment_bytes(blocks, ticks=ticks))
    write_manifest(folder, [(n, mode) for n, (mode, _) in enumerate(segments, 1)])


def same(series: BarSeries, bars: Lane) -> bool:
    """Whether a series has exactly these bars."""
    return series.dates == dates(bars) and all(
        getattr(series, name) == tuple(getattr(bars, name)) for name in COLUMNS
    )


def block(*symbols: str, count: int = 30, seed: int = 0) -> dict[str, Lane]:
    """A block of made bars, each symbol with one bar more than the one before."""
    return {symbol: lane(count + n, seed + n) for n, symbol in enumerate(symbols)}
