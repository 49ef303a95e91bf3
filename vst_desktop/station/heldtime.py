"""Drives a held demo clock: still while work is in flight, jumping when all is idle."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from vst_desktop.ports.broker import Broker
from vst_desktop.ports.timeline import Timeline
from vst_desktop.runtime.clock import HeldClock


class HeldTime:
    """Moves the station's and the simulator's clock together.

    The broker's barrier stands on both sides of a jump: everything the simulator sent before
    it has been handled, and so has everything the jump itself caused.
    """

    def __init__(self, clock: HeldClock, broker: Broker, timeline: Timeline) -> None:
        self._clock = clock
        self._broker = broker
        self._timeline = timeline

    async def settle(self) -> None:
        """Return when nothing is in flight here and the broker has nothing more to say."""
        while True:
            await self._clock.idle()
            await self._broker.barrier()
            await asyncio.sleep(0)
            if not self._clock.in_flight:
                return

    async def run_until(self, done: Callable[[], bool], limit: datetime) -> bool:
        """Jump from timer to timer until ``done()``; False when ``limit`` comes first."""
        while True:
            await self.settle()
            if done():
                return True
            timers = [self._clock.next_timer(), (await self._timeline.read()).next_timer]
            due = min((t for t in timers if t is not None), default=None)
            if due is None or due > limit:
                return False
            due = max(due, self._clock.now())
            await self._jump(due)

    async def run_to(self, moment: datetime) -> None:
        """Jump from timer to timer up to ``moment`` and let everything settle there."""
        await self.run_until(lambda: False, moment)
        await self._jump(moment)
        await self.settle()

    async def _jump(self, to: datetime) -> None:
        await self._timeline.advance(to)
        await self._broker.barrier()
        self._clock.advance(to)
