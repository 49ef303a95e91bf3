"""Further parts of the snapshot: chain, positions' figures, account, performance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from vst_desktop.domain.orders import ClosePace
from vst_desktop.domain.spreads import ExitPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainRow:
    """One listed option around the selected spread. ``leg`` is ``LONG``, ``SHORT`` or empty."""

    con_id: int
    strike: Decimal
    right: str
    bid: float | None
    ask: float | None
    mid: float | None
    width_pct: float | None
    implied_volatility: float | None
    delta: float | None
    theta: float | None
    vega: float | None
    open_interest: int | None
    volume: int | None
    quoted_secs: int | None
    leg: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainView:
    """The selected spread's expiration, strikes ascending."""

    symbol: str
    expiration: date
    rows: tuple[ChainRow, ...]
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundsView:
    """Bounds of one approval beside the loosest that the settings allow; ``own``: the trader set
    some. ``spot`` and ``atr`` are what the drift is measured from and in."""

    max_debit: Decimal
    most_debit: Decimal
    max_drift_atr: float
    most_drift_atr: float
    atr: float
    spot: float
    until: datetime | None
    opens: datetime | None
    closes: datetime | None
    own: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairView:
    """One way out of a broken or assigned spread, to be done in TWS, and its result in USD,
    commissions not in it; None where a quote is missing."""

    action: str
    pnl_usd: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseWay:
    """One way to close by hand: the order, and its prices a share from the first on; none where
    a leg is not quoted."""

    pace: ClosePace
    sends: str
    prices: tuple[Decimal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitPreview:
    """An edited plan, and what the whole position gains or loses at its levels in so many days;
    None where the legs are not quoted, or there is no target."""

    plan: ExitPlan
    spot: float
    days_ahead: int
    at_stop_usd: Decimal | None
    at_target_usd: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionDetail:
    """Further figures of a position; money for the whole position, None where not known."""

    strategy: str
    opened: date
    days_held: int
    mark: Decimal | None
    """Middle of the spread's market, USD per share."""
    quoted_secs: int | None
    of_max_pct: float | None
    """Profit so far as a share of the most there can be."""
    r_multiple: float | None
    """Profit so far in multiples of the debit."""
    remaining_reward_risk: float | None
    delta_usd: float | None
    theta_usd: float | None
    vega_usd: float | None
    greeks_computed: bool
    """Whether a leg's Greeks are the station's own, as the broker gave none."""
    stop_away_atr: float | None
    stop_away_pct: float | None
    target_away_atr: float | None
    target_away_pct: float | None
    next_event: str
    close_ways: tuple[CloseWay, ...] = ()
    """What is sent when the trader closes it, the mode's own way first."""
    frozen: str = ""
    """Why its exits are frozen, with the repairs and their results; empty when they run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PerformanceRow:
    """A measure beside its threshold; ``met`` None where there is nothing to judge yet."""

    name: str
    value: str
    threshold: str
    met: bool | None
    tip: str = ""
    """What else there is to say of it."""
