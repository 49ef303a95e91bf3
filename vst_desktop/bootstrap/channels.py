"""The alert channels of a run, by the settings and the secrets that are there."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from zoneinfo import ZoneInfo

from vst_desktop.adapters.notify.beacon import HttpBeacon, find_beacon
from vst_desktop.adapters.notify.channel import AppriseChannel, find_channel
from vst_desktop.alerts.rules import AlertRules, QuietHours
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.orders import Mode
from vst_desktop.runtime.alert_settings import AlertSettings, quiet_times

log = logging.getLogger(__name__)

KEYRING_SECS = 15.0
"""How long its owner has to unlock it."""


async def alert_channels(
    settings: AlertSettings,
) -> tuple[list[AppriseChannel], HttpBeacon | None]:
    """The channels in use, those without credentials too, and where the heartbeat goes.

    A keyring that waits for its owner does not keep the station from starting: then nothing is
    configured in this run, and that is said.
    """

    def find() -> tuple[list[AppriseChannel], HttpBeacon | None]:
        # One after the other: a locked keyring asks its owner once.
        return [find_channel(name) for name in settings.channels], _beacon()

    try:
        async with asyncio.timeout(KEYRING_SECS):
            return await asyncio.to_thread(find)
    except TimeoutError:
        log.error("the OS keyring did not answer: no alert leaves the window in this run")
        return [AppriseChannel(name, None) for name in settings.channels], None


def _beacon() -> HttpBeacon | None:
    try:
        return find_beacon()
    except UserError as error:
        log.error("heartbeat: %s", error)
        return None


def alert_rules(settings: AlertSettings, mode: Mode) -> AlertRules:
    """The alert centre's rules of these settings."""
    quiet = None
    if settings.quiet_hours:
        begin, end = quiet_times(settings.quiet_hours)
        quiet = QuietHours(begin=begin, end=end, zone=ZoneInfo(settings.quiet_zone))
    return AlertRules(
        routes=settings.severity_channels,
        fold=timedelta(seconds=settings.fold_secs),
        max_per_minute=settings.max_per_minute,
        quiet=quiet,
        escalate_after=timedelta(seconds=settings.escalate_after_secs),
        escalations=settings.escalations,
        signature=f"Vertical Spread Trader Station, {mode}",
    )
