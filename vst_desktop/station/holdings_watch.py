"""Streams the legs of what is held: the positions pane shows what closing would give."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from vst_desktop.domain.spreads import VerticalSpread
from vst_desktop.ports.broker import Broker
from vst_desktop.ports.store import PositionRecord
from vst_desktop.runtime.tasks import TaskOwner


class HoldingsWatch:
    """Follows the open positions; begins and ends streams in tasks of their owner."""

    def __init__(
        self, broker: Broker, positions: Callable[[], Sequence[PositionRecord]], tasks: TaskOwner
    ) -> None:
        self._broker = broker
        self._positions = positions
        self._tasks = tasks
        self._watched: dict[str, VerticalSpread] = {}

    def follow(self) -> None:
        """Stream what is held now, and nothing that is not."""
        held = {p.position_id: p.spread for p in self._positions()}
        for position_id in held.keys() - self._watched.keys():
            self._watched[position_id] = held[position_id]
            self._tasks.spawn(self._broker.watch_spread(held[position_id]), "watch")
        for position_id in self._watched.keys() - held.keys():
            spread = self._watched.pop(position_id)
            self._tasks.spawn(self._broker.unwatch_spread(spread), "unwatch")
