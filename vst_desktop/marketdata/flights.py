"""One fetch per key at a time, shared by all who ask for it meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass


@dataclass(slots=True, eq=False)
class _Flight[V]:
    task: asyncio.Task[V]
    waiting: int = 0


class Flights[K: Hashable, V]:
    """Fetches under way.

    A fetch outlives a caller that is cancelled as long as another one waits for it; when the last
    one is gone it is cancelled. An error reaches everyone who waits and is not kept.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._flights: dict[K, _Flight[V]] = {}

    def under_way(self, key: K) -> bool:
        """Whether a fetch of this key is under way."""
        return key in self._flights

    async def join(self, key: K, fetch: Callable[[], Awaitable[V]]) -> V:
        """The value of the fetch under way, or of a new one."""
        flight = self._flights.get(key)
        if flight is None:
            flight = _Flight(asyncio.create_task(_run(fetch), name=f"{self._name}:{key}"))
            self._flights[key] = flight
            flight.task.add_done_callback(lambda _: self._land(key, flight))
        flight.waiting += 1
        try:
            return await asyncio.shield(flight.task)
        finally:
            flight.waiting -= 1
            if not flight.waiting and not flight.task.done():
                self._land(key, flight)  # nobody may join what is about to be cancelled
                flight.task.cancel()

    def _land(self, key: K, flight: _Flight[V]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]


async def _run[V](fetch: Callable[[], Awaitable[V]]) -> V:
    return await fetch()
