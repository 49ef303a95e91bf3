"""How trades go on after their entry: when and why each ends, by the plan's levels on daily bars.

Beyond a level at the open a trade ends at the open; a bar that reaches both levels counts for the
stop; the time exit is at the close of its day. A trade whose symbol has no more bars ends at the
last one. All trades are played together; each is decided by its own bars up to its end alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from vst_desktop.backtest.panel import Floats, Ints, Panel

Mask = npt.NDArray[np.bool_]
CALENDAR_TO_SESSIONS = 0.72
"""More sessions than this share of the calendar days there are not."""


class Cause(IntEnum):
    """Why a trade ended, in the order in which causes on one bar count."""

    STOP = 0
    TARGET = 1
    EX_DIV = 2
    ASSIGNED = 3
    TAKE_PROFIT = 4
    TIME = 5
    EXPIRY = 6
    END = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Plans:
    """Plans of trades as arrays. Levels in USD on the bars' basis; no target is an infinite one.

    ``row`` is the signal's bar; ``exit_by`` and ``expiry`` are the days of the time exit and of the
    EXPIRY rule.
    """

    row: Ints
    sign: Ints
    entry: Floats
    stop: Floats
    target: Floats
    exit_by: Ints
    expiry: Ints

    def __len__(self) -> int:
        return len(self.row)


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """The bars after each entry, a row a trade; ``inside`` says which are the trade's own."""

    rows: Ints
    inside: Mask


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """Ends of trades: the bar, how many bars after the entry, why, and the underlying's price."""

    row: Ints
    bars: Ints
    cause: npt.NDArray[np.int8]
    price: Floats

    def at_close(self) -> Mask:
        """Which ended at their bar's close, not within it."""
        return self.cause > Cause.TARGET


def windows(panel: Panel, plans: Plans) -> Windows:
    """The bars from the one after the entry to the last that can matter."""
    calendar = int((np.minimum(plans.exit_by, plans.expiry) - panel.day[plans.row]).max(initial=1))
    most = int(np.ceil(calendar * CALENDAR_TO_SESSIONS)) + 3
    end = panel.end_of(plans.row)
    rows = plans.row[:, None] + np.arange(1, most + 1)
    inside = rows < end[:, None]
    return Windows(rows=np.minimum(rows, np.maximum(end - 1, plans.row)[:, None]), inside=inside)


def ends(
    panel: Panel,
    plans: Plans,
    seen: Windows,
    *,
    closing: dict[Cause, Mask] | None = None,
) -> Ends:
    """When and why each trade ends.

    Args:
        panel: All bars.
        plans: The trades.
        seen: Their windows.
        closing: Further reasons to end at the close of a bar, a mask of the windows' shape each.
    """
    sign = plans.sign[:, None]
    high, low = panel.high[seen.rows], panel.low[seen.rows]
    near, far = sign * plans.stop[:, None], sign * plans.target[:, None]
    stopped = np.where(sign > 0, low, -high) <= near
    reached = np.where(sign > 0, high, -low) >= far
    day = panel.day[seen.rows]
    due, expired = day >= plans.exit_by[:, None], day >= plans.expiry[:, None]
    causes: dict[Cause, Mask] = {
        Cause.STOP: stopped,
        Cause.TARGET: reached,
        **(closing or {}),
        Cause.TIME: due & ~expired,
        Cause.EXPIRY: expired,
    }
    over = np.zeros(seen.rows.shape, dtype=np.bool_)
    for mask in causes.values():
        over |= mask
    over &= seen.inside
    last = seen.inside.sum(axis=1) - 1
    found = over.any(axis=1)
    index = np.where(found, over.argmax(axis=1), np.maximum(last, 0))
    each = np.arange(len(plans))
    cause = np.full(len(plans), Cause.END, dtype=np.int8)
    for name in sorted(causes, reverse=True):
        cause[found & causes[name][each, index]] = name
    row = seen.rows[each, index]
    gap = plans.sign * panel.open[row]
    price = panel.close[row]
    # A bar that reaches both counts for the stop, unless it opens beyond the target.
    cause[(cause == Cause.STOP) & (gap >= far[:, 0])] = Cause.TARGET
    by_stop, by_target = cause == Cause.STOP, cause == Cause.TARGET
    price = np.where(by_stop, plans.sign * np.minimum(near[:, 0], gap), price)
    price = np.where(by_target, plans.sign * np.maximum(far[:, 0], gap), price)
    return Ends(row=row, bars=np.where(last < 0, 0, index + 1), cause=cause, price=price)
