"""Commands about single orders and positions, beside those of every day."""

from __future__ import annotations

from vst_desktop.execution.desk import Desk


class Trading:
    """Implements :class:`vst_desktop.station.api.TradingApi`."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def reorder(self, intent_ids: list[str]) -> None:
        """Put waiting approvals into this order."""
        await self._desk.reorder(intent_ids)

    async def rehearse(self) -> None:
        """Rehearse the queue now."""
        await self._desk.rehearse()
