"""One channel's queue: the rate, the retries, and what could not be sent."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from vst_desktop.alerts.letters import Letter, written
from vst_desktop.domain.alerts import Delivery, DeliveryState, Severity
from vst_desktop.ports.notifier import DeliveryError, Notifier

log = logging.getLogger(__name__)

MINUTE_SECS = 60.0
FIRST_RETRY_SECS = 2.0
LONGEST_RETRY_SECS = 60.0
LONGEST_ASKED_SECS = 3600.0
"""A channel that asks for a longer rest is asked again all the same."""
ATTEMPTS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Real time, and how many messages may go in a minute of it."""

    max_per_minute: int
    monotonic: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


class Outbox:
    """Sends letters in their order, at most so many messages a minute, retries included.

    While a channel must rest, what comes is gathered; then it goes as one message, a CRITICAL one
    before and alone. Nothing is dropped silently: a letter ends as sent or as failed.

    Args:
        channel: The channel.
        pace: The rate.
        signature: Stands below each message.
        told: Called with each change of a letter's fate.
    """

    def __init__(
        self,
        channel: Notifier,
        pace: Pace,
        signature: str,
        told: Callable[[Letter, Delivery], None],
    ) -> None:
        self.channel = channel
        self._pace = pace
        self._signature = signature
        self._told = told
        self._waiting: deque[Letter] = deque()
        self._sent_at: deque[float] = deque()
        self._rests_until = 0.0
        self._some = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()

    def put(self, letter: Letter) -> None:
        """Take a letter; never blocks."""
        if not self.channel.configured:
            self._tell((letter,), DeliveryState.NOT_CONFIGURED)
            return
        self._waiting.append(letter)
        self._tell((letter,), DeliveryState.WAITING)
        self._empty.clear()
        self._some.set()

    async def emptied(self) -> None:
        """Wait until nothing waits and nothing is being sent."""
        await self._empty.wait()

    async def run(self) -> None:
        """Send what comes, for ever."""
        while True:
            if not self._waiting:
                self._empty.set()
                self._some.clear()
                await self._some.wait()
            await self._rest()
            await self._send(self._next())

    async def _rest(self) -> None:
        """Wait until a message may go."""
        while True:
            now = self._pace.monotonic()
            while self._sent_at and now - self._sent_at[0] >= MINUTE_SECS:
                self._sent_at.popleft()
            until = self._rests_until
            if len(self._sent_at) >= self._pace.max_per_minute:
                until = max(until, self._sent_at[0] + MINUTE_SECS)
            if until <= now:
                return
            await self._pace.sleep(until - now)

    def _next(self) -> tuple[Letter, ...]:
        """The letters of the next message."""
        free = self._pace.max_per_minute - len(self._sent_at)
        urgent = [one for one in self._waiting if one.alert.severity is Severity.CRITICAL]
        # The last message of a minute, or one of fewer than wait, carries them all.
        if urgent and len(urgent) <= free:
            self._waiting.remove(urgent[0])
            return (urgent[0],)
        if len(self._waiting) < max(free, 2):
            return (self._waiting.popleft(),)
        together = tuple(self._waiting)
        self._waiting.clear()
        return together

    async def _send(self, letters: tuple[Letter, ...]) -> None:
        self._sent_at.append(self._pace.monotonic())
        title, body = written(letters, self._signature)
        try:
            await self.channel.send(title, body)
        except DeliveryError as error:
            self._failed(letters, error)
        except Exception as error:  # a bug of one channel must not end its queue
            log.exception("alert channel %s", self.channel.name)
            self._failed(letters, DeliveryError(f"{type(error).__name__}: {error}", lasting=True))
        else:
            self._tell(letters, DeliveryState.SENT)

    def _failed(self, letters: Sequence[Letter], error: DeliveryError) -> None:
        tried = [replace(letter, attempts=letter.attempts + 1) for letter in letters]
        again = [one for one in tried if not error.lasting and one.attempts < ATTEMPTS]
        lost = [one for one in tried if one not in again]
        if lost:
            log.error("alert channel %s failed: %s", self.channel.name, error)
            self._tell(lost, DeliveryState.FAILED, str(error))
        if not again:
            return
        wait = error.retry_after_secs
        if wait is None:
            wait = min(FIRST_RETRY_SECS * 2 ** (again[0].attempts - 1), LONGEST_RETRY_SECS)
        wait = min(wait, LONGEST_ASKED_SECS)
        self._rests_until = self._pace.monotonic() + wait
        log.info("alert channel %s: %s; tried again in %g s", self.channel.name, error, wait)
        self._waiting.extendleft(reversed(again))
        self._tell(again, DeliveryState.WAITING, f"{error}; tried again in {wait:g} s")

    def _tell(self, letters: Sequence[Letter], state: DeliveryState, detail: str = "") -> None:
        delivery = Delivery(channel=self.channel.name, state=state, detail=detail)
        for letter in letters:
            self._told(letter, delivery)
