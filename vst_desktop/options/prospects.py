"""What the symbol's own past says of a spread, and what the spread is worth along its plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vst_desktop.domain.spreads import RankedSpread
from vst_desktop.options.exits import End, Exits
from vst_desktop.options.normal import Floats
from vst_desktop.options.plan_odds import NORMAL_95, Pricing, profits_usd

SESSIONS_A_YEAR = 252
REALISED_SESSIONS = 20
_FEWEST_DAYS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class VolatilityRank:
    """Where today's volatility stands in the last year's, both as fractions.

    ``rank`` is (now - least) / (most - least), ``percentile`` the share of days below now: two
    figures that are often mistaken for each other. ``of`` says which volatility the days are of:
    implied, or realised as a stand-in where no implied ones were kept.
    """

    now: float
    rank: float
    percentile: float
    days: int
    of: str


def volatility_rank(now: float, past: npt.ArrayLike, of: str) -> VolatilityRank | None:
    """Of the last 252 known days; None with fewer than 60, or when all are the same."""
    days = np.asarray(past, dtype=np.float64)
    days = days[np.isfinite(days)][-SESSIONS_A_YEAR:]
    if len(days) < _FEWEST_DAYS or not np.isfinite(now):
        return None
    low, high = float(days.min()), float(days.max())
    if not high > low:
        return None
    return VolatilityRank(
        now=now,
        rank=float(np.clip((now - low) / (high - low), 0.0, 1.0)),
        percentile=float((days < now).mean()),
        days=len(days),
        of=of,
    )


def realised_volatility(close: npt.ArrayLike, sessions: int = REALISED_SESSIONS) -> Floats:
    """Rolling standard deviation of daily log returns a year; NaN until there are enough."""
    prices = np.asarray(close, dtype=np.float64)
    found = np.full(len(prices), np.nan)
    if len(prices) > sessions:
        returns = np.diff(np.log(prices))
        windows = np.lib.stride_tricks.sliding_window_view(returns, sessions)
        found[sessions:] = windows.std(axis=1, ddof=1) * np.sqrt(SESSIONS_A_YEAR)
    return found


def realised_rank(close: npt.ArrayLike) -> VolatilityRank | None:
    """The rank of realised volatility, where no implied volatilities were kept."""
    past = realised_volatility(close)
    if not len(past):
        return None
    return volatility_rank(float(past[-1]), past, f"realised, {REALISED_SESSIONS} sessions")


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryValue:
    """Expected profit of one spread at expiration under the symbol's own moves, USD, after costs.

    ``windows`` moves of as many sessions as are left, from every bar; they overlap, so the 95 %
    interval counts only the ``apart`` ones that do not.
    """

    mean_usd: float
    low_usd: float
    high_usd: float
    windows: int
    apart: int


def history_value(
    ranked: RankedSpread, close: npt.ArrayLike, *, spot: float, pricing: Pricing
) -> HistoryValue | None:
    """Every past move of the same length from today's spot; None with fewer than two apart."""
    prices = np.asarray(close, dtype=np.float64)
    sessions = max(1, round(ranked.years * SESSIONS_A_YEAR))
    windows = len(prices) - sessions
    apart = windows // sessions
    if apart < 2:
        return None
    ends = spot * prices[sessions:] / prices[:-sessions]
    usd = profits_usd([ranked], at_expiration(ranked, ends), pricing)[0]
    half = NORMAL_95 * float(usd.std(ddof=1)) / np.sqrt(apart)
    mean = float(usd.mean())
    return HistoryValue(
        mean_usd=mean,
        low_usd=mean - float(half),
        high_usd=mean + float(half),
        windows=windows,
        apart=apart,
    )


def at_expiration(ranked: RankedSpread, prices: Floats) -> Exits:
    """These prices, equally likely, on the day of expiration."""
    count = len(prices)
    return Exits(
        end=np.full(count, End.TIME, dtype=np.int8),
        days=np.full(count, float(ranked.dte)),
        price=prices,
        weight=np.full(count, 1 / count),
        plays=count,
    )


def level_profits_usd(
    ranked: RankedSpread, levels: Sequence[float], days: Sequence[float], pricing: Pricing
) -> Floats:
    """Profit of one spread sold at these prices (rows) after these days (columns).

    After half of both legs' markets and both commissions, as in ``profits_usd``.
    """
    price, day = (grid.ravel() for grid in np.meshgrid(levels, days, indexing="ij"))
    grid = Exits(
        end=np.full(price.shape, End.TIME, dtype=np.int8),
        days=day.astype(np.float64),
        price=price.astype(np.float64),
        weight=np.full(price.shape, 1 / price.size),
        plays=price.size,
    )
    profits: Floats = profits_usd([ranked], grid, pricing)[0].reshape(len(levels), len(days))
    return profits


def implied_over_realised(volatility: float, close: npt.ArrayLike) -> float | None:
    """Implied volatility at the spot over that realised in the last 20 sessions."""
    past = realised_volatility(close)
    last = past[-1] if len(past) else np.nan
    return volatility / float(last) if last > 0 else None
