"""The alert centre: history first, then the channels, none of which can hide another."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from vst_desktop.domain.alerts import Alert, Severity
from vst_desktop.ports.clock import Clock
from vst_desktop.ports.notifier import Notifier
from vst_desktop.ports.store import Journal
from vst_desktop.runtime.tasks import TaskOwner

log = logging.getLogger(__name__)

FOLD_WINDOW = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """One alert of the history; identical ones within the window are folded into a count."""

    alert: Alert
    count: int = 1
    read: bool = False


class AlertCenter:
    """Keeps the history, stores every alert, and sends it to its severity's channels.

    Args:
        clock: Gives the time of alerts.
        journal: Where alerts are stored.
        channels: Notifiers by name; those not configured are skipped.
        routes: Channel names by severity.
    """

    def __init__(
        self,
        clock: Clock,
        journal: Journal,
        channels: Sequence[Notifier],
        routes: Mapping[Severity, Sequence[str]],
    ) -> None:
        self._clock = clock
        self._journal = journal
        self._channels = {channel.name: channel for channel in channels}
        self._routes = routes
        self._history: list[HistoryEntry] = []
        self._listeners: list[Callable[[Alert], None]] = []
        self._tasks = TaskOwner("alerts")

    @property
    def history(self) -> tuple[HistoryEntry, ...]:
        """All alerts of this run, newest first."""
        return tuple(reversed(self._history))

    def on_alert(self, listener: Callable[[Alert], None]) -> None:
        """Call the listener with each alert."""
        self._listeners.append(listener)

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
        self._history.append(HistoryEntry(alert=alert))
        for listener in self._listeners:
            listener(alert)
        self._tasks.spawn(self._deliver(alert), "deliver")

    def mark_read(self) -> None:
        """Mark every alert read."""
        self._history = [
            entry if entry.read else replace(entry, read=True) for entry in self._history
        ]

    def _fold(self, alert: Alert) -> bool:
        for index in range(len(self._history) - 1, -1, -1):
            entry = self._history[index]
            if alert.time - entry.alert.time > FOLD_WINDOW:
                return False
            same = (entry.alert.severity, entry.alert.message, entry.alert.details)
            if same == (alert.severity, alert.message, alert.details):
                self._history[index] = replace(entry, count=entry.count + 1)
                return True
        return False

    async def _deliver(self, alert: Alert) -> None:
        with self._clock.work("alert"):
            try:
                await self._journal.save_alert(alert)
            except Exception:
                log.exception("alert could not be stored: %s", alert.message)
        names = [n for n in self._routes.get(alert.severity, ()) if n in self._channels]
        sends = [self._send(self._channels[n], alert) for n in names]
        await asyncio.gather(*sends)

    async def _send(self, channel: Notifier, alert: Alert) -> None:
        if not channel.configured:
            return
        try:
            await channel.send(alert)
        except Exception as error:
            log.error("alert channel %s failed: %s", channel.name, error)

    async def close(self) -> None:
        """End deliveries that still run."""
        await self._tasks.close()
