"""The station's end of the simulator's control line."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from vst_desktop.domain.errors import UserError
from vst_desktop.ports.faults import FaultInfo
from vst_desktop.ports.timeline import TimelineNow

_ANSWER_SECS = 30.0
_LONGEST_LINE = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class SimMarket:
    """What the simulator serves: symbols, those it does not with reasons, recorded chains."""

    name: str
    symbols: tuple[str, ...]
    unserved: tuple[tuple[str, str], ...]
    recorded: frozenset[str]


class SimControl:
    """Implements ``ports.timeline.Timeline`` and ``ports.faults.FaultControl`` over one connection;
    requests go one at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._turn = asyncio.Lock()

    @classmethod
    async def connect(cls, port: int, host: str = "127.0.0.1") -> SimControl:
        """Connect to the control line.

        Raises:
            UserError: Nothing listens there.
        """
        try:
            reader, writer = await asyncio.open_connection(host, port, limit=_LONGEST_LINE)
        except OSError as error:
            raise UserError(
                f"the simulator's control line on port {port} cannot be reached: {error.strerror}"
            ) from None
        return cls(reader, writer)

    async def read(self) -> TimelineNow:
        """The clock now."""
        return _clock(await self._ask(op="clock"))

    async def advance(self, to: datetime) -> None:
        """Move the held clock."""
        await self._ask(op="advance", to=to.isoformat())

    async def set_speed(self, speed: float) -> None:
        """Let the clock run at a speed; 0 holds it."""
        await self._ask(op="speed", value=speed)

    async def market(self) -> SimMarket:
        """What is served."""
        answer = await self._ask(op="market")
        return SimMarket(
            name=answer["name"],
            symbols=tuple(answer["symbols"]),
            unserved=tuple(answer["unserved"].items()),
            recorded=frozenset(answer["recorded"]),
        )

    async def faults(self) -> tuple[FaultInfo, ...]:
        """The faults that can be turned on."""
        answer = await self._ask(op="faults")
        return tuple(
            FaultInfo(name=one["name"], group=one["group"], meaning=one["meaning"])
            for one in answer["faults"]
            if one["switch"]
        )

    async def faults_on(self) -> tuple[str, ...]:
        """Names of the faults that are on."""
        return tuple((await self._ask(op="faults"))["on"])

    async def start_fault(self, name: str) -> None:
        """Turn a fault on."""
        await self._ask(op="fault", name=name)

    async def clear_fault(self, name: str | None) -> None:
        """Turn a fault off, or all."""
        await self._ask(op="clear", **({} if name is None else {"name": name}))

    async def shutdown(self) -> None:
        """Ask the simulator to end."""
        await self._ask(op="shutdown")

    async def close(self) -> None:
        """Close the connection."""
        self._writer.close()

    async def _ask(self, **request: Any) -> dict[str, Any]:
        async with self._turn:
            try:
                self._writer.write(json.dumps(request).encode() + b"\n")
                async with asyncio.timeout(_ANSWER_SECS):
                    line = await self._reader.readline()
            except (OSError, TimeoutError) as error:
                raise UserError(f"the simulator does not answer: {error}") from None
        if not line:
            raise UserError("the simulator has ended")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise UserError(f"the simulator refuses: {answer['error']}")
        return answer


def _clock(answer: dict[str, Any]) -> TimelineNow:
    due = answer["next_timer"]
    return TimelineNow(
        now=datetime.fromisoformat(answer["now"]),
        speed=answer["speed"],
        next_timer=datetime.fromisoformat(due) if due else None,
    )
