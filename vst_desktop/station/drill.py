"""The fault drill of a demo: the trader makes TWS fail and sees what the station does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from vst_desktop.ports.faults import FaultControl
from vst_desktop.runtime.tasks import TaskOwner
from vst_desktop.station.view import FaultRow

LOOK_SECS = 1.0
"""While a fault is on: some end by themselves."""


class FaultDrill:
    """Implements :class:`vst_desktop.station.api.DrillApi`.

    Args:
        control: The simulator's fault panel.
        tasks: Owns what looks after faults that end by themselves.
        on_change: Called when faults came or went.
    """

    def __init__(
        self,
        control: FaultControl,
        tasks: TaskOwner,
        on_change: Callable[[], None],
    ) -> None:
        self._control = control
        self._tasks = tasks
        self._on_change = on_change
        self._is_watched = False
        self.faults: tuple[FaultRow, ...] = ()
        self.on: tuple[str, ...] = ()

    async def load(self) -> None:
        """Learn what the simulator can play."""
        self.faults = tuple(
            FaultRow(name=one.name, group=one.group, meaning=one.meaning)
            for one in await self._control.faults()
        )
        await self._look()

    async def toggle(self, name: str) -> None:
        """Turn a fault on, or off when it is on."""
        if name in self.on:
            await self._control.clear_fault(name)
        else:
            await self._control.start_fault(name)
        await self._look()

    async def clear(self) -> None:
        """Turn all off."""
        await self._control.clear_fault(None)
        await self._look()

    async def _look(self) -> None:
        found = await self._control.faults_on()
        if found != self.on:
            self.on = found
            self._on_change()
        if self.on and not self._is_watched:
            self._is_watched = True
            self._tasks.spawn(self._watch(), "faults")

    async def _watch(self) -> None:
        try:
            while self.on:
                await asyncio.sleep(LOOK_SECS)
                await self._look()
        finally:
            self._is_watched = False
