"""The alert centre: history first, then the channels, none of which can hide another."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from vst_desktop.alerts.letters import Letter
from vst_desktop.alerts.outbox import Outbox, Pace
from vst_desktop.alerts.rules import AlertRules
from vst_desktop.domain.alerts import Alert, Delivery, DeliveryState, Severity
from vst_desktop.ports.clock import Clock, Timer
from vst_desktop.ports.notifier import Notifier
from vst_desktop.ports.store import Journal
from vst_desktop.runtime.tasks import TaskOwner

log = logging.getLogger(__name__)

KEPT = timedelta(days=2)
"""How far back the history of earlier runs is shown."""

LAST_LETTERS_SECS = 5.0
"""How long a closing station waits for what is still to be sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """One alert of the history; identical ones within the window are folded into a count.

    ``number``: its place in this run's history. ``stored``: its number in the journal, None until
    it has one. ``read``: acknowledged. ``deliveries``: what became of it, by channel.
    """

    number: int
    alert: Alert
    stored: int | None = None
    count: int = 1
    read: bool = False
    deliveries: Mapping[str, Delivery] = field(default_factory=dict)


class AlertCenter:
    """Keeps the history, stores every alert, and sends it to its severity's channels.

    Quiet hours and escalation go by the station's clock; the rate and the retries by real time.

    Args:
        clock: Gives the time of alerts.
        journal: Where alerts are stored.
        channels: Notifiers; those not configured are skipped, and said to be.
        rules: Routes, rate, quiet hours, escalation.
        pace: Another than real time is for tests.
    """

    def __init__(
        self,
        clock: Clock,
        journal: Journal,
        channels: Sequence[Notifier] = (),
        rules: AlertRules | None = None,
        pace: Pace | None = None,
    ) -> None:
        self._clock = clock
        self._journal = journal
        self.rules = rules or AlertRules()
        pace = pace or Pace(max_per_minute=self.rules.max_per_minute, monotonic=clock.monotonic)
        self._outboxes = {
            one.name: Outbox(one, pace, self.rules.signature, self._delivered) for one in channels
        }
        self._running: set[str] = set()
        self._history: list[HistoryEntry] = []
        self._folds: dict[tuple[Severity, str, str], int] = {}
        self._held: list[tuple[Letter, str]] = []
        self._timers: set[Timer] = set()
        self._listeners: list[Callable[[Alert], None]] = []
        self._on_delivery: list[Callable[[], None]] = []
        self._tasks = TaskOwner("alerts")

    @property
    def history(self) -> tuple[HistoryEntry, ...]:
        """All alerts of this run and those restored, newest first."""
        return tuple(reversed(self._history))

    @property
    def channels(self) -> Mapping[str, bool]:
        """Whether each channel is configured, by its name."""
        return {name: box.channel.configured for name, box in self._outboxes.items()}

    async def restore(self) -> None:
        """Show what earlier runs raised lately below this run's; nothing of it is sent again.

        Raises:
            UserError: The journal cannot be read.
        """
        assert not self._history, "before the first alert of this run"
        for kept in await self._journal.alerts(self._clock.now() - KEPT):
            self._keep(kept.alert, stored=kept.number, read=kept.read)

    def on_alert(self, listener: Callable[[Alert], None]) -> None:
        """Call the listener with each alert."""
        self._listeners.append(listener)

    def on_delivery(self, listener: Callable[[], None]) -> None:
        """Call the listener when the fate of an alert has changed."""
        self._on_delivery.append(listener)

    def raise_alert(
        self, severity: Severity, message: str, details: str = "", symbol: str | None = None
    ) -> None:
        """Record an alert now and send it on its way; never raises, never blocks."""
        alert = Alert(
            time=self._clock.now(),
            severity=severity,
            message=message,
            details=details,
            symbol=symbol,
        )
        if self._fold(alert):
            return
        number = self._keep(alert)
        self._folds[severity, message, details] = number
        for listener in self._listeners:
            listener(alert)
        self._tasks.spawn(self._store(number), "store")
        letter = Letter(number=number, alert=alert)
        for name in self.rules.routes.get(severity, ()):
            if name in self._outboxes:
                self._post(letter, name)
        if severity is Severity.CRITICAL and self.rules.escalations:
            self._escalate_later(letter, self.rules.escalations)

    def test(self, names: Sequence[str] = ()) -> None:
        """Send a test message to these channels, all of them when none is named."""
        alert = Alert(
            time=self._clock.now(),
            severity=Severity.INFO,
            message="Test of the alert channels",
            details="Nothing happened: the trader asked for it.",
        )
        letter = Letter(number=self._keep(alert), alert=alert)
        for name in names or tuple(self._outboxes):
            self._post(letter, name, at_once=True)

    def mark_read(self, number: int | None = None) -> None:
        """Acknowledge one alert by its number in the history, or every one."""
        read = self._history if number is None else [self._history[number]]
        stored = [entry.stored for entry in read if not entry.read and entry.stored is not None]
        for entry in tuple(read):
            self._history[entry.number] = replace(entry, read=True)
        if stored:
            self._tasks.spawn(self._store_read(stored), "store")

    async def sent(self) -> None:
        """Wait until nothing is on its way any more."""
        await asyncio.gather(*(self._outboxes[name].emptied() for name in self._running))

    async def close(self) -> None:
        """Send what still waits, for some seconds; then end."""
        for timer in self._timers:
            timer.cancel()
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_LETTERS_SECS):
                await self.sent()
        waiting = sum(
            one.state is DeliveryState.WAITING
            for entry in self._history
            for one in entry.deliveries.values()
        )
        if waiting:
            log.info("%d alerts were not sent any more", waiting)
        await self._tasks.close()

    # -- what becomes of one

    def _fold(self, alert: Alert) -> bool:
        number = self._folds.get((alert.severity, alert.message, alert.details))
        if number is None:
            return False
        entry = self._history[number]
        if alert.time - entry.alert.time > self.rules.fold:
            return False
        self._history[number] = replace(entry, count=entry.count + 1)
        return True

    def _keep(self, alert: Alert, **more: Any) -> int:
        number = len(self._history)
        self._history.append(HistoryEntry(number=number, alert=alert, **more))
        return number

    async def _store(self, number: int) -> None:
        alert = self._history[number].alert
        with self._clock.work("alert"):
            try:
                stored = await self._journal.save_alert(alert)
                self._history[number] = replace(self._history[number], stored=stored)
                if self._history[number].read:  # while it was being stored
                    await self._journal.mark_alerts_read([stored])
            except Exception:
                log.exception("alert could not be stored: %s", alert.message)

    async def _store_read(self, stored: Sequence[int]) -> None:
        with self._clock.work("alert"):
            try:
                await self._journal.mark_alerts_read(stored)
            except Exception:
                log.exception("what was acknowledged could not be stored")

    def _post(self, letter: Letter, name: str, *, at_once: bool = False) -> None:
        quiet = self.rules.quiet
        ends = quiet.ends(self._clock.now()) if quiet is not None else None
        if ends is not None and not at_once and letter.alert.severity is not Severity.CRITICAL:
            self._hold(letter, name, ends)
            return
        box = self._outboxes[name]
        if name not in self._running and box.channel.configured:
            self._running.add(name)
            self._tasks.spawn(box.run(), name)
        box.put(letter)

    def _hold(self, letter: Letter, name: str, ends: datetime) -> None:
        if not self._held:
            self._at(ends, self._let_go, "quiet hours end")
        self._held.append((letter, name))
        detail = f"until {ends:%H:%M}"
        self._delivered(letter, Delivery(channel=name, state=DeliveryState.HELD, detail=detail))

    def _let_go(self) -> None:
        held, self._held = self._held, []
        for letter, name in held:
            self._post(letter, name)

    def _escalate_later(self, letter: Letter, left: int) -> None:
        after = self.rules.escalate_after

        def look() -> None:
            if self._history[letter.number].read:
                return
            times = self.rules.escalations - left + 1
            minutes = after.total_seconds() * times / 60
            note = f"NOT ACKNOWLEDGED for {minutes:g} minutes"
            log.info("%s: %s", note, letter.alert.message)
            for name in self._outboxes:  # all there are: its own were not enough
                self._post(replace(letter, note=note), name)
            if left > 1:
                self._escalate_later(letter, left - 1)

        self._at(self._clock.now() + after, look, "escalate an alert")

    def _at(self, when: datetime, call: Callable[[], None], name: str) -> None:
        def due() -> None:
            self._timers.discard(timer)
            call()

        timer = self._clock.call_at(when, due, name=name)
        self._timers.add(timer)

    def _delivered(self, letter: Letter, delivery: Delivery) -> None:
        entry = self._history[letter.number]
        deliveries = {**entry.deliveries, delivery.channel: delivery}
        self._history[letter.number] = replace(entry, deliveries=deliveries)
        for listener in self._on_delivery:
            listener()
