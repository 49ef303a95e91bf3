"""Framing and scalars of the TWS socket protocol, without a socket: bytes in, fields out.

A frame is a big-endian uint32 payload length and the payload; a payload is fields, each ended by
one NUL. Numbers travel as text; integral ones without a fraction, because some clients parse
sizes with a strict ``int()``.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation

type Field = str | int | float | bool | Decimal | None

MAX_PAYLOAD = 0xFFFFFF
UNSET_DOUBLE = "1.7976931348623157E308"
UNSET_INT = "2147483647"
_LENGTH = struct.Struct(">I")
_UNSET = frozenset({"", UNSET_INT, "1.7976931348623157e+308", UNSET_DOUBLE, "Infinite", "None"})
_LARGEST_INTEGRAL = 1e15


class WireError(Exception):
    """The peer sent bytes that are not this protocol."""


def text(value: Field) -> str:
    """One value as it stands on the wire, without its NUL."""
    match value:
        case str():
            return value
        case None:
            return ""
        case bool():
            return "1" if value else "0"
        case float():
            if value.is_integer() and abs(value) < _LARGEST_INTEGRAL:
                return str(int(value))
            return repr(value) if math.isfinite(value) else ""
        case Decimal():
            if not value.is_finite():
                return ""
            if value == value.to_integral_value():
                return str(int(value))
            return format(value.normalize(), "f")
        case _:
            return str(value)


def plain(value: str) -> str:
    """A name as printable ASCII: other characters as escapes the clients undo, no backslashes."""
    return value.replace("\\", "/").replace("\0", "").encode("ascii", "backslashreplace").decode()


def pack(payload: bytes) -> bytes:
    """Put the length before a payload.

    Raises:
        WireError: The payload is longer than any client accepts.
    """
    if len(payload) > MAX_PAYLOAD:
        raise WireError(f"a message of {len(payload)} bytes is over the limit of {MAX_PAYLOAD}")
    return _LENGTH.pack(len(payload)) + payload


def encode(fields: Iterable[Field]) -> bytes:
    """One frame with these fields."""
    joined = "\0".join([text(field) for field in fields])
    return pack((joined + "\0").encode("utf-8"))


class FrameReader:
    """Cuts a byte stream into payloads. Feed it what arrives; iterate what is complete."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> None:
        """Add received bytes."""
        self._buffer += data

    @property
    def pending(self) -> int:
        """Bytes received that are no whole frame yet."""
        return len(self._buffer)

    def take(self, count: int) -> bytes | None:
        """Raw bytes before the first frame, or None while fewer have arrived."""
        if len(self._buffer) < count:
            return None
        raw = bytes(self._buffer[:count])
        del self._buffer[:count]
        return raw

    def next_payload(self) -> bytes | None:
        """The next whole payload, or None while it is incomplete.

        Raises:
            WireError: The announced length cannot be right.
        """
        if len(self._buffer) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack_from(self._buffer)
        if length > MAX_PAYLOAD or length == 0:
            raise WireError(f"a frame announces {length} bytes; 1 to {MAX_PAYLOAD} are possible")
        end = _LENGTH.size + length
        if len(self._buffer) < end:
            return None
        payload = bytes(self._buffer[_LENGTH.size : end])
        del self._buffer[:end]
        return payload

    def payloads(self) -> Iterator[bytes]:
        """All whole payloads received so far."""
        while (payload := self.next_payload()) is not None:
            yield payload


def split(payload: bytes) -> list[str]:
    """The fields of one payload.

    Raises:
        WireError: It is not UTF-8, or the last field is not ended.
    """
    try:
        decoded = payload.decode("utf-8")
    except UnicodeDecodeError as error:
        raise WireError("a frame is not UTF-8 text") from error
    if not decoded.endswith("\0"):
        raise WireError("the last field of a frame is not ended by NUL")
    return decoded[:-1].split("\0")


class Fields:
    """Reads the fields of one message in order.

    Every method raises :class:`WireError` when the fields end too early or a value cannot be read.
    """

    def __init__(self, fields: list[str]) -> None:
        self._fields = fields
        self._at = 0

    def __len__(self) -> int:
        return len(self._fields) - self._at

    def string(self) -> str:
        """The next field as it is."""
        if self._at >= len(self._fields):
            raise WireError(f"the message ends after {len(self._fields)} fields")
        value = self._fields[self._at]
        self._at += 1
        return value

    def strings(self, count: int) -> list[str]:
        """The next ``count`` fields."""
        return [self.string() for _ in range(count)]

    def integer(self) -> int:
        """A whole number; empty is 0."""
        value = self.string()
        try:
            return int(value) if value else 0
        except ValueError as error:
            raise WireError(f"{value[:40]!r} is not a whole number") from error

    def count(self, most: int = 10_000) -> int:
        """A number of repetitions that follow."""
        number = self.integer()
        if not 0 <= number <= most:
            raise WireError(f"{number} is not a possible number of repetitions")
        return number

    def number(self) -> float | None:
        """A number; the ways of saying "unset" are None. ``nan`` stays NaN."""
        value = self.string()
        if value in _UNSET:
            return None
        try:
            parsed = float(value)
        except ValueError as error:
            raise WireError(f"{value[:40]!r} is not a number") from error
        return None if math.isinf(parsed) or abs(parsed) > 1e300 else parsed

    def decimal(self) -> Decimal | None:
        """A number kept exact; the ways of saying "unset" are None. ``nan`` stays NaN."""
        value = self.string()
        if value in _UNSET:
            return None
        try:
            parsed = Decimal(value)
        except InvalidOperation as error:
            raise WireError(f"{value[:40]!r} is not a number") from error
        if parsed.is_nan():
            return Decimal("NaN")
        return None if parsed.is_infinite() or abs(parsed) > Decimal("1e300") else parsed

    def flag(self) -> bool:
        """A yes or no; empty is no."""
        return self.string() in ("1", "true", "True")
