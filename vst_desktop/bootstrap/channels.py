"""The alert channels of a run, by the settings and the secrets that are there."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from zoneinfo import ZoneInfo

from vst_desktop.adapters.notify.channel import AppriseChannel, find_channel
from vst_desktop.alerts.rules import AlertRules, QuietHours
from vst_desktop.domain.orders import Mode
from vst_desktop.runtime.alert_settings import AlertSettings, quiet_times


async def alert_channels(settings: AlertSettings) -> list[AppriseChannel]:
    """The channels in use; those without credentials too, to be shown as not configured."""
    return list(
        await asyncio.gather(*(asyncio.to_thread(find_channel, name) for name in settings.channels))
    )


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
