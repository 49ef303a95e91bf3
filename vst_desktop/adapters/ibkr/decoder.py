"""ib_insync's decoder, made to tell of what it cannot read instead of dropping it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from vst_desktop.adapters.ibkr.library import Decoder, Wrapper

log = logging.getLogger(__name__)

_EXECUTION = 11
_EXECUTION_TIME = 15

_READ: dict[type, Callable[[str], Any]] = {
    str: str,
    int: lambda field: int(field or 0),
    float: lambda field: float(field or 0),
    bool: lambda field: bool(int(field or 0)),
}


class CheckedDecoder(Decoder):
    """Lets no message vanish: ib_insync logs what it cannot read, and goes on without it.

    An execution whose time zone this computer does not know is read as of now: its contract,
    quantity and price matter more than its second.

    Args:
        wrapper: Takes what was decoded.
        unreadable: Told of each message that could not be read as it stands: its id (-1 for
            none) and why.
    """

    def __init__(self, wrapper: Wrapper, unreadable: Callable[[int, str], None]) -> None:
        super().__init__(wrapper, 0)
        self._unreadable = unreadable

    def wrap(
        self,
        methodName: str,  # noqa: N803
        types: list[type],
        skip: int = 2,
    ) -> Callable[[list[str]], None]:
        """A handler that reads the fields by these types; unlike ib_insync's it may raise."""
        call = getattr(self.wrapper, methodName, None)
        reads = [_READ[kind] for kind in types]

        def handle(fields: list[str]) -> None:
            if call is not None:
                # fields of newer servers stand behind those that are known
                call(*[read(field) for read, field in zip(reads, fields[skip:], strict=False)])

        return handle

    def interpret(self, fields: list[str]) -> None:
        """Decode one message and pass it on."""
        try:
            message = int(fields[0])
            handle = self.handlers[message]
        except (ValueError, IndexError, KeyError):
            self._unreadable(-1, f"no message begins like {fields[:1]}")
            return
        try:
            handle(fields)
        except Exception as error:
            if message == _EXECUTION and _has_zone(fields):
                self._unreadable(message, f"the time zone of {fields[_EXECUTION_TIME]!r}")
                fields[_EXECUTION_TIME] = f"{datetime.now(UTC):%Y%m%d %H:%M:%S} UTC"
                self.interpret(fields)
                return
            log.debug("unreadable message: %s", fields, exc_info=True)
            self._unreadable(message, f"{type(error).__name__}: {error}")


def _has_zone(fields: list[str]) -> bool:
    """Whether an execution names a time zone other than the one that is always known."""
    time = fields[_EXECUTION_TIME] if len(fields) > _EXECUTION_TIME else ""
    return time.split(" ", 2)[2:] not in ([], ["UTC"])
