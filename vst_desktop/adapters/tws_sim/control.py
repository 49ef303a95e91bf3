"""The control line: JSON lines on loopback to read and move the clock, and to act as a hand at TWS.

Requests: ``{"op": "clock"}``, ``{"op": "market"}``, ``{"op": "advance", "to": ISO}``,
``{"op": "speed", "value": X}``, ``{"op": "shutdown"}``; and what happens at TWS itself:
``{"op": "order", CONTRACT, "action": "BUY", "quantity": N, "limit": X, "legs": [CONTRACT and
action, ...]}``, ``{"op": "cancel", "perm_id": N}``, ``{"op": "position", CONTRACT, "quantity": N,
"price": X}``, ``{"op": "assign", CONTRACT, "quantity": N}``, each with ``"account"`` where there
are several, and ``{"op": "data", "value": "live" | "delayed" | "none" | "competing"}``. CONTRACT is
``"con_id": N``, or ``"symbol"`` and for an option ``"expiration"`` (yyyymmdd), ``"strike"``,
``"right"``. Faults (docs/faults.md): ``{"op": "faults"}`` lists them and says which are on,
``{"op": "fault", "name": NAME, PARAMETERS}`` turns one on, ``{"op": "rule", "way": ..., "do":
...}`` a rule, ``{"op": "clear", "name": NAME}`` turns one off, without a name all. ``{"op":
"wire"}`` counts connections, market data lines and frames that could not be read. A request that
cannot be served is answered with ``{"error": text}``.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from vst_desktop.adapters.tws_sim import control_faults, control_hands
from vst_desktop.adapters.tws_sim.clock import SimClock
from vst_desktop.adapters.tws_sim.server import TwsServer
from vst_desktop.adapters.tws_sim.wires import cannot_listen
from vst_desktop.adapters.tws_sim.world import Market

_LONGEST_LINE = 65536


class ControlLine:
    """Serves the control line of one simulator.

    Args:
        clock: The clock it reads and moves.
        market: What is told of the market.
        server: Looks at quotes again after a jump, and writes out what that caused.
        recorded: Symbols with a recorded option chain.
        shutdown: Called when a client asks the simulator to end.
    """

    def __init__(
        self,
        clock: SimClock,
        market: Market,
        server: TwsServer,
        *,
        recorded: frozenset[str],
        shutdown: Callable[[], None],
    ) -> None:
        self._clock = clock
        self._market = market
        self._tws = server
        self._recorded = recorded
        self._shutdown = shutdown
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self, port: int = 0) -> int:
        """Listen on loopback; returns the bound port.

        Raises:
            UserError: The port is in use or may not be bound.
        """
        try:
            self._server = await asyncio.start_server(
                self._serve, "127.0.0.1", port, limit=_LONGEST_LINE
            )
        except OSError as failed:
            raise cannot_listen(failed, port, "control line", "--control-port") from failed
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def stop(self) -> None:
        """Close the port and its connections."""
        if self._server is None:
            return
        self._server.close()
        for writer in tuple(self._writers):
            writer.close()
        await self._server.wait_closed()
        self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while line := await reader.readline():
                try:
                    answer = await self._answer(line)
                except (ValueError, OverflowError) as error:
                    answer = {"error": str(error)}
                writer.write(json.dumps(answer).encode() + b"\n")
                await writer.drain()
        except (ConnectionError, asyncio.LimitOverrunError, ValueError):
            pass  # the other side is gone, or sends no lines: its connection ends here
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            request = json.loads(line)
        except ValueError:
            raise ValueError("not a JSON line") from None
        operation = request.get("op") if isinstance(request, dict) else None
        if operation == "clock":
            return self._clock_state()
        if operation == "market":
            return {
                "name": self._market.name,
                "symbols": [stock.symbol for stock in self._market.stocks()],
                "unserved": self._market.unserved,
                "recorded": sorted(self._recorded),
            }
        if operation == "advance":
            self._clock.advance(_moment(request.get("to")))
            self._tws.refresh()
            await self._tws.flush()
            return self._clock_state()
        if operation == "speed":
            self._clock.set_speed(_number(request.get("value")))
            self._tws.refresh()
            return self._clock_state()
        if operation in control_faults.OPERATIONS:
            answer = control_faults.serve(self._tws, operation, request)
            self._tws.refresh()
            await self._tws.flush()
            return answer
        if operation == "wire":
            return self._tws.wire_state()
        if operation in control_hands.OPERATIONS:
            answer = control_hands.serve(self._tws, operation, request)
            self._tws.refresh()
            await self._tws.flush()
            return answer
        if operation == "shutdown":
            self._shutdown()
            return {"ok": True}
        raise ValueError(f"unknown op {operation!r}")

    def _clock_state(self) -> dict[str, Any]:
        due = self._clock.next_timer()
        return {
            "now": self._clock.now().isoformat(),
            "speed": self._clock.speed,
            "next_timer": due.isoformat() if due is not None else None,
        }


def _moment(value: object) -> datetime:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ValueError(f"'to' is {value!r}, not a time with offset")
    return moment


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"'value' is {value!r}, not a number")
    return float(value)
