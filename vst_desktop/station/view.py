"""What the window shows: immutable snapshots of the station, made by the station alone.

Figures are raw values with units in their names; the window formats them. None means there is no
such figure, and the window shows an en dash.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.odds import PlanOdds
from vst_desktop.domain.orders import Mode
from vst_desktop.domain.signals import Condition, Direction, Explanation
from vst_desktop.domain.spreads import SpreadType
from vst_desktop.station.book_view import Chip, OrderRow, PositionRow
from vst_desktop.station.candidate_detail import CandidateDetail
from vst_desktop.station.desk_view import BoundsView, ChainView, PerformanceRow


class Light(StrEnum):
    """Health of one connection."""

    OK = "OK"
    BUSY = "BUSY"
    DOWN = "DOWN"


@dataclass(frozen=True, slots=True, kw_only=True)
class LightView:
    """One light of the strip: ``name`` is its label, ``detail`` its tooltip."""

    name: str
    state: Light
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StripView:
    """The top strip: am I safe, how much may I still do, how long until the window.

    ``window_opens`` / ``window_closes`` bound the next or current entry window; both None when no
    session is known. ``killed`` carries the reason while the kill switch is on. ``unprotected`` is
    the number of positions whose exits cannot run now.
    """

    mode: Mode
    account: str | None
    armed: bool
    net_liquidation_usd: Decimal | None
    available_usd: Decimal | None
    day_pnl_usd: Decimal | None
    positions: int
    max_positions: int
    trades_today: int
    max_trades: int
    at_risk_usd: Decimal
    max_risk_usd: Decimal | None
    now: datetime
    clock_speed: float
    window_opens: datetime | None
    window_closes: datetime | None
    lights: tuple[LightView, ...]
    killed: str | None
    unprotected: int
    market_note: str | None
    """``invented prices`` in DEMO on the built-in market, else None."""
    faults_on: tuple[str, ...] = ()
    """Faults that the simulator of a demo plays now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultRow:
    """A fault that the simulator of a demo can play; ``group`` is its place in the guide."""

    name: str
    group: str
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalRow:
    """One signal in the scanner pane. ``chain_state`` is a word for the last column:
    ``forming``, ``1 d``, ``needs about 1,340 USD``, ``load chain``, ``loading``, or an error."""

    key: str
    symbol: str
    strategy: str
    direction: Direction
    date: date
    forming: bool
    close: float
    rsi: float
    spark: tuple[float, ...]
    """Closes of the last 60 sessions."""
    chain_state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleView:
    """One strategy of the scan: on how many of the loaded bars it held.

    ``note`` says what is wrong with a rule that never holds; ``can_switch`` offers to measure the
    ATR ratio from the range's low instead.
    """

    name: str
    direction: Direction | None
    fired: int
    bars: int
    note: str | None = None
    can_switch: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanView:
    """The scanner pane's title and rows. ``progress`` (done, total) while a scan runs."""

    rows: tuple[SignalRow, ...]
    scanned: int
    symbols: int
    errors: tuple[tuple[str, str], ...]
    seconds: float | None
    engine: str
    progress: tuple[int, int] | None
    stage: str | None
    """``bars``, ``scan`` or ``chains`` while it runs."""
    chains_loaded: int
    chains_wanted: int
    note: str | None
    """Why the list is empty, or what else the trader should know."""
    slower: str | None = None
    """Why the last scan was slower than it should be."""
    rules: tuple[RuleView, ...] = ()
    near_misses: tuple[Explanation, ...] = ()
    """One condition, failed by at most 5 %, kept each from a signal; nearest first."""
    explained: tuple[Explanation, ...] = ()
    """Each strategy of the scan on the selected symbol's last bar."""
    every_minutes: float = 0
    """Between scans by itself; 0 = only when asked."""
    next_look: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateRow:
    """One candidate. ``revision`` is the one an approval names."""

    candidate_id: str
    revision: int
    symbol: str
    strategy: str
    direction: Direction
    spread_type: SpreadType
    expiration: date
    dte: int
    long_strike: Decimal
    short_strike: Decimal
    right: str
    debit: Decimal
    width: Decimal
    reward_risk: float
    delta: float
    breakeven: float
    probability_of_profit: float | None
    at_target_usd: Decimal | None
    """Profit of the whole position at the target, at the modelled value then; None without."""
    at_stop_usd: Decimal | None
    quantity: int
    chip: Chip
    dimmed: bool
    can_approve: bool
    can_withdraw: bool
    odds: tuple[PlanOdds, ...] = ()
    """Of the plan, as quotes stand: implied, then after the same signal in the past."""
    quoted_secs: int | None = None
    """Age of the older leg's quote, s; None when it never was quoted."""
    blocked: str | None = None
    """Why it cannot be approved, in a sentence."""
    detail: CandidateDetail | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidatesView:
    """The candidates pane. ``summary`` as ``18 chains · 2,116 pairs · passed 41 · most failed:
    delta 1,204``; ``note`` says why it is empty."""

    rows: tuple[CandidateRow, ...]
    summary: str
    note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoffView:
    """Profit in USD of the whole position over prices of the underlying."""

    prices: tuple[float, ...]
    at_expiry_usd: tuple[float, ...]
    at_date_usd: tuple[float, ...]
    date_label: str
    """``in 8 days``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A caption and its ready value."""

    caption: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketView:
    """The one decision, with everything that bears on it.

    ``headline`` is ``Buy 7 x 104 / 112 call for 2.68``; ``worst_usd`` negative; ``crossing_usd``
    what entering and leaving at natural costs; ``approve_text`` the button's whole text;
    ``terms`` the bounds of the approval.
    """

    candidate_id: str
    revision: int
    symbol: str
    title: str
    """``DIS bull call``."""
    subtitle: str
    headline: str
    worst_usd: Decimal
    worst_pct: float | None
    crossing_usd: Decimal
    spot: float
    breakeven: float
    stop: float
    target: float | None
    target_reason: str | None
    at_target_usd: Decimal | None
    at_stop_usd: Decimal | None
    exit_by: date
    payoff: PayoffView
    figures: tuple[Figure, ...]
    why_title: str
    why: tuple[Condition, ...]
    terms_title: str
    terms: tuple[Figure, ...]
    approve_text: str
    can_approve: bool
    blocked_reason: str | None
    can_withdraw: bool
    alternatives: tuple[str, ...]
    odds: tuple[PlanOdds, ...] = ()
    """As the row's; each names its distribution and its sample."""
    bounds: BoundsView | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRow:
    """One alert of the in-app history, newest first. ``number`` is what it is acknowledged by."""

    number: int
    time: datetime
    severity: Severity
    message: str
    details: str
    symbol: str | None
    count: int
    read: bool = False
    sent: str = ""
    """What became of it on each channel: ``email sent, sms failed (HTTP 503)``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveBar:
    """The session's bar so far, by the stream."""

    open: float
    high: float
    low: float
    close: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartView:
    """Daily candles with averages and RSI of one symbol and the levels of its selected spread.

    ``levels`` are (price, label, tone) lines. Columns have the same length; None is not warmed up.
    A bar that forms stands in ``live`` and, as it was at the scan, at the end of the columns.
    """

    symbol: str
    last: float | None
    change_pct: float | None
    dates: tuple[date, ...]
    open: tuple[float, ...]
    high: tuple[float, ...]
    low: tuple[float, ...]
    close: tuple[float, ...]
    sma50: tuple[float | None, ...]
    sma200: tuple[float | None, ...]
    rsi: tuple[float | None, ...]
    forming: bool
    levels: tuple[tuple[float, str, str], ...]
    signal_dates: tuple[date, ...]
    atr: tuple[float | None, ...] = ()
    live: LiveBar | None = None
    """None while no bar forms."""
    quoted_secs: int | None = None
    """Age of the last price, s; None when it is not streamed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StationView:
    """Everything the window shows at one moment. ``version`` grows with every change."""

    version: int
    strip: StripView
    scan: ScanView
    candidates: CandidatesView
    ticket: TicketView | None
    orders: tuple[OrderRow, ...]
    positions: tuple[PositionRow, ...]
    alerts: tuple[AlertRow, ...]
    unread_alerts: int
    chart: ChartView | None
    selected_symbol: str | None
    chain: ChainView | None = None
    account: tuple[Figure, ...] = ()
    performance: tuple[PerformanceRow, ...] = ()
