"""An event loop on virtual time, without sockets, files or threads: one seed, one course of events.

Nothing waits: when no callback is ready the clock jumps to the next timer. What would go to a
thread runs at once.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

START_SECS = 1000.0


class _NoSockets(selectors.BaseSelector):
    """Has nothing to watch; waiting moves the virtual clock."""

    def __init__(self, inner: selectors.BaseSelector, wait: Callable[[float | None], None]) -> None:
        self._inner = inner  # holds the loop's own wake-up socket
        self._wait = wait

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._inner.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._inner.unregister(fileobj)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._inner.modify(fileobj, events, data)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self._wait(timeout)
        return []

    def close(self) -> None:
        self._inner.close()

    def get_map(self) -> Any:
        return self._inner.get_map()


class Stuck(Exception):
    """Nothing is ready and no timer is set: the run would wait for ever."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """The loop. ``connect`` and ``listen`` of the network take the place of sockets."""

    def __init__(self) -> None:
        self._seconds = START_SECS
        super().__init__(_NoSockets(selectors.SelectSelector(), self._jump))
        self.network: Any = None

    def _jump(self, timeout: float | None) -> None:
        if timeout is None:
            raise Stuck("nothing is ready and no timer is set")
        self._seconds += max(0.0, timeout)

    def time(self) -> float:
        """Virtual seconds."""
        return self._seconds

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> asyncio.Future[Any]:
        """Run at once; the answer comes by a turn of the loop, as a thread's would."""
        future = self.create_future()
        try:
            result = func(*args)
        except Exception as error:
            self.call_soon(_settle, future, None, error)
        else:
            self.call_soon(_settle, future, result, None)
        return future

    def _write_to_self(self) -> None:
        """Nobody sleeps, so nobody is woken."""

    async def create_connection(self, protocol_factory: Any, *args: Any, **kwargs: Any) -> Any:
        """Connect through the network."""
        port = kwargs.get("port", args[1] if len(args) > 1 else None)
        return await self.network.connect(protocol_factory, port)

    async def create_server(self, protocol_factory: Any, *args: Any, **kwargs: Any) -> Any:
        """Listen on the network."""
        port = kwargs.get("port", args[1] if len(args) > 1 else None)
        return self.network.listen(protocol_factory, port)


class Inline(Executor):
    """Runs at once what is submitted."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Run it; nobody asks for the future of what cannot fail."""
        fn(*args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Nothing waits."""


def _settle(future: asyncio.Future[Any], result: object, error: Exception | None) -> None:
    if future.cancelled():
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(result)
