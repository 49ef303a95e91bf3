"""One id for a trade's whole story, from its signal to its exit, for the log."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

APPROVED = "approved"
_EXIT_MARK = ".x"


class Correlations:
    """Knows which signal an order came from: ``AAPL:HIGH_BASE:2023-11-07``.

    An order whose signal is not known (a salvaged one) goes by its entry's reference.
    """

    def __init__(self) -> None:
        self._by_order: dict[str, str] = {}

    def load(self, connection: sqlite3.Connection) -> None:
        """Learn from the approvals of earlier runs."""
        rows = connection.execute("SELECT data FROM events WHERE name = ?", (APPROVED,))
        for (text,) in rows:
            self.of(json.loads(text))

    def of(self, told: Mapping[str, Any]) -> str | None:
        """The id of what an event tells of, None when it is of no trade."""
        ref, signal = told.get("order_ref"), told.get("signal")
        own = told.get("intent_id") or told.get("position_id")
        entry = str(ref).partition(_EXIT_MARK)[0] if ref else None
        if isinstance(signal, Mapping) and "strategy" in signal:
            found = f"{told.get('symbol')}:{signal['strategy']}:{signal.get('date')}"
            self._by_order.update({key: found for key in (entry, own) if key})
            return found
        for key in (entry, own):
            if key in self._by_order:
                return self._by_order[key]
        return entry or own
