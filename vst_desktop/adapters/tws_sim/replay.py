"""Playing a log of frames again: the same clients' frames at the same times, to a new simulator.

The same seed, arguments, times and frames give the same answers. With a held clock that is exact;
while a clock runs, a quote that moved in the very moment of a request may fall on its other side.
"""

from __future__ import annotations

import asyncio
import io
import json
import selectors
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from vst_desktop.adapters.tws_sim import wire
from vst_desktop.adapters.tws_sim.clock import SimClock
from vst_desktop.adapters.tws_sim.connection import Connection
from vst_desktop.adapters.tws_sim.faults.script import script_of
from vst_desktop.adapters.tws_sim.framelog import FORMAT, FrameLog
from vst_desktop.adapters.tws_sim.server import TwsServer
from vst_desktop.domain.errors import UserError

type Line = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Where the two part: which frame of which connection, and its fields in both."""

    connection: int
    number: int
    recorded: object
    replayed: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How many frames went each way in the log, and the first that came out otherwise."""

    received: int
    sent: int
    difference: Difference | None


def read_log(path: Path) -> tuple[Line, list[Line]]:
    """The head and the lines of a log. A last line that was cut off is left out.

    Raises:
        UserError: It cannot be read, or is no such log.
    """
    try:
        texts = path.read_text(encoding="utf-8").split("\n")
        lines = [json.loads(text) for text in texts[:-1] if text]
    except OSError as failed:
        raise UserError(f"it cannot be read: {failed.strerror}", where=str(path)) from failed
    except ValueError as wrong:
        raise UserError(f"it is no log of frames: {wrong}", where=str(path)) from wrong
    if not lines or not isinstance(lines[0], dict) or lines[0].get("frames") != FORMAT:
        raise UserError(
            "it is no log of frames of this format",
            where=str(path),
            remedy="write one with vst sim --frames FILE",
        )
    return lines[0], lines[1:]


def replay(lines: Iterable[Line], make: Callable[[], tuple[TwsServer, SimClock]]) -> Outcome:
    """Play the lines to a new simulator, as fast as it can answer, and compare.

    Args:
        lines: Of a log, in order.
        make: The simulator with its held clock; called on the loop it will live on.
    """
    recorded = list(lines)
    with asyncio.Runner(loop_factory=_FastLoop) as runner:
        replayed = runner.run(_play(recorded, make))
    was, now = _sent(recorded), _sent(replayed)
    return Outcome(
        received=sum(line.get("way") == "in" for line in recorded),
        sent=sum(map(len, was.values())),
        difference=_first_difference(was, now),
    )


async def _play(lines: list[Line], make: Callable[[], tuple[TwsServer, SimClock]]) -> list[Line]:
    server, clock = make()
    file = io.StringIO()
    server.frames = FrameLog(file, clock, {})
    loop = asyncio.get_running_loop()
    start = loop.time()
    peers: dict[int, _Peer] = {}
    for line in lines:
        await asyncio.sleep(max(0.0, start + line["t"] - loop.time()))
        at = datetime.fromisoformat(line["at"])
        if at > clock.now():
            clock.advance(at)
        match line.get("way") or line.get("event"):
            case "open":
                peers[line["conn"]] = _Peer(server)
            case "in":
                peers[line["conn"]].say(_payload(line))
            case "close":
                peers[line["conn"]].close()
            case "refresh":
                server.refresh()
            case "fault on":
                server.faults.start(line["name"], **line["values"])
            case "rule on":
                (planned,) = script_of({"rule": [line["values"]]}, where="log")
                if planned.rule is not None:
                    server.faults.add(planned.rule)
            case "fault off":
                server.faults.clear(line["name"])
            case _:
                pass
    await asyncio.sleep(0)
    found = [json.loads(text) for text in file.getvalue().splitlines()]
    await server.stop()
    return found


def _payload(line: Line) -> bytes:
    if "hex" in line:
        return bytes.fromhex(line["hex"])
    return "".join(f"{field}\0" for field in line["fields"]).encode()


def _sent(lines: Iterable[Line]) -> dict[int, list[object]]:
    found: dict[int, list[object]] = defaultdict(list)
    for line in lines:
        if line.get("way") == "out":
            found[line["conn"]].append(line.get("fields", line.get("hex")))
    return found


def _first_difference(
    was: Mapping[int, list[object]], now: Mapping[int, list[object]]
) -> Difference | None:
    for connection in sorted({*was, *now}):
        old, new = was.get(connection, []), now.get(connection, [])
        for number in range(max(len(old), len(new))):
            one = old[number] if number < len(old) else None
            other = new[number] if number < len(new) else None
            if one != other:
                return Difference(
                    connection=connection, number=number + 1, recorded=one, replayed=other
                )
    return None


class _Peer(asyncio.Transport):
    """A client that says what the log says and listens to nothing."""

    def __init__(self, server: TwsServer) -> None:
        super().__init__()
        self._connection = Connection(server)
        self._is_new = True
        self._is_closed = False
        self._connection.connection_made(self)

    def say(self, payload: bytes) -> None:
        frame = wire.pack(payload)
        self._connection.data_received(b"API\0" + frame if self._is_new else frame)
        self._is_new = False

    def close(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._connection.connection_lost(None)

    abort = close

    def write(self, data: Any) -> None:
        pass

    def is_closing(self) -> bool:
        return self._is_closed

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default

    def get_write_buffer_size(self) -> int:
        return 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass


class _FastLoop(asyncio.SelectorEventLoop):
    """Nobody waits: when nothing is ready its time jumps to the next timer."""

    def __init__(self) -> None:
        self._secs = 0.0
        super().__init__(_Jumping(self._jump))

    def time(self) -> float:
        return self._secs

    def _jump(self, secs: float) -> None:
        self._secs += secs


class _Jumping(selectors.SelectSelector):
    def __init__(self, jump: Callable[[float], None]) -> None:
        super().__init__()
        self._jump = jump

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout:
            self._jump(timeout)
        return super().select(0)
