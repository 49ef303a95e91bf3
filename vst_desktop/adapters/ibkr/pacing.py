"""Which message goes first, and how many a second: TWS closes clients that send too many."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from enum import IntEnum

_WINDOW_SECS = 1.0
_ORDERS_OWN_SHARE = 10
"""One in so many messages of a second is kept free for orders."""


class Urgency(IntEnum):
    """Lower goes first; messages of one urgency keep their order."""

    CANCELS = 0
    ORDERS = 1
    QUOTES = 2
    CHAINS = 3
    HISTORY = 4


_URGENCIES: dict[int, Urgency] = {
    4: Urgency.CANCELS,
    1: Urgency.QUOTES,
    2: Urgency.QUOTES,
    59: Urgency.QUOTES,
    9: Urgency.CHAINS,
    78: Urgency.CHAINS,
    20: Urgency.HISTORY,
    25: Urgency.HISTORY,
}
"""By the id a message begins with. The end of a request shares its urgency, or it could overtake
it; what a cancelled order still has waiting is withdrawn first. Everything else is about orders,
the account or the connection itself."""


def urgency_of(message: str) -> Urgency:
    """How urgent a client message is, by the id it begins with."""
    head = message.partition("\0")[0]
    return _URGENCIES.get(int(head), Urgency.ORDERS) if head.isdigit() else Urgency.ORDERS


class Governor:
    """Sends at most ``per_second`` messages in any second, the most urgent first.

    Args:
        send: Sends one message at once.
        per_second: The limit; a tenth of it, at least one, only orders may use.
        now: Monotonic seconds.
        call_later: Calls back after so many seconds.
    """

    def __init__(
        self,
        send: Callable[[str], None],
        per_second: int,
        *,
        now: Callable[[], float],
        call_later: Callable[[float, Callable[[], None]], object],
    ) -> None:
        if per_second < 2:
            raise ValueError(f"{per_second} messages a second leave nothing beside orders")
        self._send = send
        self._limit = per_second
        self._unreserved = per_second - max(1, per_second // _ORDERS_OWN_SHARE)
        self._now = now
        self._call_later = call_later
        self._queue: list[tuple[Urgency, int, str, int | None]] = []
        self._sent: deque[float] = deque()
        self._count = 0
        self._waking = False

    def __len__(self) -> int:
        return len(self._queue)

    def submit(self, message: str, order_id: int | None = None) -> None:
        """Send the message, about that order if any, as soon as its turn comes."""
        self._count += 1
        heapq.heappush(self._queue, (urgency_of(message), self._count, message, order_id))
        self._drain()

    def withdraw(self, order_id: int) -> bool:
        """Drop what still waits about the order; whether there was anything."""
        kept = [one for one in self._queue if one[3] != order_id]
        found = len(kept) < len(self._queue)
        if found:
            heapq.heapify(kept)
            self._queue = kept
        return found

    def clear(self) -> None:
        """Forget what waits: its connection is gone."""
        self._queue.clear()

    def _drain(self) -> None:
        now = self._now()
        while self._sent and now - self._sent[0] >= _WINDOW_SECS:
            self._sent.popleft()
        while self._queue:
            limit = self._limit if self._queue[0][0] <= Urgency.ORDERS else self._unreserved
            if len(self._sent) >= limit:
                self._wake_later(now)
                return
            self._send(heapq.heappop(self._queue)[2])
            self._sent.append(self._now())

    def _wake_later(self, now: float) -> None:
        if not self._waking:
            self._waking = True
            self._call_later(max(0.0, self._sent[0] + _WINDOW_SECS - now), self._wake)

    def _wake(self) -> None:
        self._waking = False
        self._drain()
