"""A cache whose entries expire by the station's clock."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta

from vst_desktop.domain.errors import UserError
from vst_desktop.marketdata.flights import Flights
from vst_desktop.ports.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry[V]:
    """A value with the moment it was asked for and the moment from which it is not served."""

    value: V
    asked_at: datetime
    expires_at: datetime

    def fresh(self, now: datetime) -> bool:
        """Whether it may be served. A clock that was set back makes it as good as expired."""
        return self.asked_at <= now < self.expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheFigures:
    """Requests answered without a fetch of their own, those that fetched, and entries held."""

    hits: int
    misses: int
    entries: int


class FetchFailed(UserError):
    """A fetch failed while an expired entry is still held, which the caller may choose to use."""

    def __init__(self, what: str, held: Entry[object]) -> None:
        super().__init__(
            what, remedy=f"what was fetched at {held.asked_at:%Y-%m-%d %H:%M:%S} UTC is still held"
        )
        self.held = held


class ExpiringCache[K: Hashable, V]:
    """Values by key, each served until it expires.

    Args:
        name: What is kept, for errors and task names: ``option chain``.
        clock: Says what time it is.
        expires: When a value asked for at a moment expires.
        grace: How long ``sweep`` leaves an expired entry for ``held`` to find.
    """

    def __init__(
        self,
        name: str,
        clock: Clock,
        expires: Callable[[datetime], datetime],
        grace: timedelta = timedelta(0),
    ) -> None:
        self._name = name
        self._clock = clock
        self._expires = expires
        self._grace = grace
        self._entries: dict[K, Entry[V]] = {}
        self._flights: Flights[K, V] = Flights(name)
        self._hits = 0
        self._misses = 0

    @property
    def figures(self) -> CacheFigures:
        """Counts since the start."""
        return CacheFigures(hits=self._hits, misses=self._misses, entries=len(self._entries))

    async def get(self, key: K, fetch: Callable[[], Awaitable[V]]) -> V:
        """The value, fetched when there is none or it has expired; callers share one fetch.

        Raises:
            FetchFailed: The fetch failed and an expired entry is held.
            UserError, TimeoutError: The fetch failed; nothing was kept.
        """
        kept = self.serve(key)
        if kept is not None:
            return kept.value
        return await self._flights.join(key, lambda: self._fetch(key, fetch))

    async def _fetch(self, key: K, fetch: Callable[[], Awaitable[V]]) -> V:
        asked_at = self._clock.now()
        try:
            value = await fetch()
        except (UserError, TimeoutError) as error:
            held = self._entries.get(key)
            if held is None:
                raise
            reason = str(error) or "no answer in time"
            raise FetchFailed(f"{self._name} of {key} not fetched: {reason}", held) from error
        self.put(key, value, asked_at=asked_at)
        return value

    def serve(self, key: K) -> Entry[V] | None:
        """The entry if it may be served now; counted as a hit, else as a miss."""
        entry = self._entries.get(key)
        if entry is not None and entry.fresh(self._clock.now()):
            self._hits += 1
            return entry
        if self._flights.under_way(key):
            self._hits += 1
        else:
            self._misses += 1
        return None

    def held(self, key: K) -> Entry[V] | None:
        """Whatever is held, expired or not: for who chooses old data over none, and says so."""
        return self._entries.get(key)

    def put(
        self,
        key: K,
        value: V,
        *,
        asked_at: datetime | None = None,
        expires_at: datetime | None = None,
    ) -> None:
        """Keep a value that was asked for just now, or at ``asked_at``, in the usual way."""
        asked_at = asked_at or self._clock.now()
        self._entries[key] = Entry(
            value=value, asked_at=asked_at, expires_at=expires_at or self._expires(asked_at)
        )

    def sweep(self) -> int:
        """Remove the entries that expired, and tell how many they were."""
        now = self._clock.now()
        gone = [
            key
            for key, entry in self._entries.items()
            if now >= max(entry.expires_at, entry.asked_at) + self._grace
        ]
        for key in gone:
            del self._entries[key]
        return len(gone)
