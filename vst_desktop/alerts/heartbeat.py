"""The dead man's heartbeat: somebody else notices when the station vanishes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from vst_desktop.ports.notifier import Beacon, DeliveryError

log = logging.getLogger(__name__)


class Heartbeat:
    """Sends a sign of life in real time, each with what the trader must know if it is the last.

    Args:
        beacon: Where it goes.
        every_secs: Between two beats.
        text: What is told with each: the leave-behind cards.
        failed: Told once when beats begin to fail, with the reason; None when one arrives again.
    """

    def __init__(
        self,
        beacon: Beacon,
        every_secs: float,
        text: Callable[[], str],
        failed: Callable[[str | None], None],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._beacon = beacon
        self._every_secs = every_secs
        self._text = text
        self._failed = failed
        self._sleep = sleep
        self._fails = False

    async def run(self) -> None:
        """Beat for ever."""
        while True:
            await self.beat()
            await self._sleep(self._every_secs)

    async def beat(self) -> None:
        """Beat once; a beat that does not arrive is told, not raised."""
        try:
            await self._beacon.beat(self._text())
        except DeliveryError as error:
            log.info("heartbeat: %s", error)
            if not self._fails:
                self._failed(str(error))
            self._fails = True
            return
        if self._fails:
            self._failed(None)
        self._fails = False
