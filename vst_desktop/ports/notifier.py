"""Channels that carry alerts out of the window."""

from __future__ import annotations

from typing import Protocol

from vst_desktop.domain.alerts import Alert


class Notifier(Protocol):
    """One channel. Sending may fail: the caller logs it, the other channels go on."""

    @property
    def name(self) -> str:
        """``email``, ``slack``, ``sms``, ``tray``."""

    @property
    def configured(self) -> bool:
        """Whether credentials are there; a channel without is shown as not configured."""

    async def send(self, alert: Alert) -> None:
        """Deliver or raise."""
