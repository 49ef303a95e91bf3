"""Numbers as TWS writes them, and what it writes where it has none; pure."""

from __future__ import annotations

import math
from typing import Any

UNSET = 1e300
"""TWS writes 1.797E308 where it has no number; nothing real comes near it."""


def number(value: Any) -> float | None:
    """A finite number that TWS has set, else None."""
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if math.isfinite(found) and abs(found) < UNSET else None


def positive(value: Any) -> float | None:
    """A price above 0; TWS writes -1 and 0 for no price."""
    found = number(value)
    return found if found is not None and found > 0 else None


def size(value: Any) -> float | None:
    """A size of at least 0."""
    found = number(value)
    return found if found is not None and found >= 0 else None
