"""CRC-32C of large arrays with numpy alone.

A CRC is the remainder of a division of polynomials over GF(2). So a piece of the data may be put
on top of a later piece of the same length, when it is first multiplied by x to the number of bits
between them: many words at once, row upon row, and then half upon half. Polynomial and conventions:
RFC 3720, appendix B.4.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint32]

_POLYNOMIAL = np.uint32(0x82F63B78)  # bits reflected
_ALL_ONES = 0xFFFFFFFF
_ROW_LOG = 12
_ROW = 1 << _ROW_LOG
"""Words folded at once."""


def crc32c(data: bytes | memoryview | npt.NDArray[np.uint8]) -> int:
    """The checksum of the bytes (the one of iSCSI and of Go's ``crc32.Castagnoli``)."""
    raw = np.frombuffer(data, dtype=np.uint8)
    if raw.size < 4:
        return _bytewise(raw)
    head = (raw.size - 4) % (4 * _ROW) + 4
    # The initial value goes onto the first four bytes; zeros in front then change nothing.
    first = np.zeros(8 * _ROW, dtype=np.uint8)
    first[-head:] = raw[:head]
    first[first.size - head :][:4] ^= np.uint8(0xFF)
    row, *rows = first.view("<u4").reshape(2, _ROW)
    for later in (*rows, *raw[head:].view("<u4").reshape(-1, _ROW)):
        row = _shift(row, _ROW_LOG) ^ later
    for log in range(_ROW_LOG - 1, -1, -1):
        half = 1 << log
        row = _shift(row[:half], log) ^ row[half:]
    return int(_shift(row, 0)[0]) ^ _ALL_ONES


def _bytewise(raw: npt.NDArray[np.uint8]) -> int:
    value = _ALL_ONES
    for byte in raw.tolist():
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (int(_POLYNOMIAL) if value & 1 else 0)
    return value ^ _ALL_ONES


def _shift(words: Words, log: int) -> Words:
    """The words multiplied by x to the power of 32 times two to the ``log``."""
    low, high = _tables(log)
    halves = words.view("<u2").astype(np.intp)
    return low.take(halves[::2], mode="clip") ^ high.take(halves[1::2], mode="clip")


@cache
def _tables(log: int) -> tuple[Words, Words]:
    """What becomes of the lower and of the upper half of a word."""
    images = _images(log)
    found = []
    for half in (images[:16], images[16:]):
        table = np.zeros(1 << 16, dtype=np.uint32)
        for bit, image in enumerate(half):
            table[1 << bit : 2 << bit] = table[: 1 << bit] ^ image
        found.append(table)
    return found[0], found[1]


@cache
def _images(log: int) -> Words:
    """What becomes of each bit of a word."""
    if log:
        return _shift(_images(log - 1), log - 1)
    words = np.uint32(1) << np.arange(32, dtype=np.uint32)
    for _ in range(32):
        words = words >> np.uint32(1) ^ np.where(words & np.uint32(1), _POLYNOMIAL, np.uint32(0))
    return words
