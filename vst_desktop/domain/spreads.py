"""Debit vertical spreads and candidates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from vst_desktop.domain.odds import PlanOdds
from vst_desktop.domain.quotes import OptionContract, Right
from vst_desktop.domain.signals import Direction, Signal


class SpreadType(StrEnum):
    """The two debit verticals."""

    BULL_CALL = "BULL_CALL"
    BEAR_PUT = "BEAR_PUT"


@dataclass(frozen=True, slots=True, kw_only=True)
class VerticalSpread:
    """A debit vertical: ``long`` is bought, ``short`` sold; same symbol, expiration and right."""

    long: OptionContract
    short: OptionContract

    @property
    def symbol(self) -> str:
        """The underlying's symbol."""
        return self.long.symbol

    @property
    def expiration(self) -> date:
        """Expiration of both legs."""
        return self.long.expiration

    @property
    def right(self) -> Right:
        """Right of both legs."""
        return self.long.right

    @property
    def spread_type(self) -> SpreadType:
        """BULL_CALL for calls, BEAR_PUT for puts."""
        return SpreadType.BULL_CALL if self.right is Right.CALL else SpreadType.BEAR_PUT

    @property
    def direction(self) -> Direction:
        """LONG for a bull call, SHORT for a bear put."""
        return Direction.LONG if self.right is Right.CALL else Direction.SHORT

    @property
    def width(self) -> Decimal:
        """Strike distance in USD per share."""
        return abs(self.short.strike - self.long.strike)

    @property
    def multiplier(self) -> int:
        """Shares per contract."""
        return self.long.multiplier

    def label(self) -> str:
        """As the trader writes it: ``104 / 112 C``."""
        return f"{self.long.strike.normalize():f} / {self.short.strike.normalize():f} {self.right}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpreadMarket:
    """The spread's own market from its legs, USD per share.

    ``natural`` = long ask - short bid (to open); ``close`` = long bid - short ask (to close).
    ``size`` is the smaller displayed size of the two sides crossed at natural, in spreads.
    """

    natural: Decimal
    close: Decimal
    time: datetime
    size: int | None = None
    live: bool = True

    @property
    def mid(self) -> Decimal:
        """Middle of the spread's market."""
        return (self.natural + self.close) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedSpread:
    """A spread that passed every filter, with the figures it is ranked and shown by.

    Per share in USD unless the name says otherwise; ``delta`` is the absolute net delta of one
    spread per share (or the long leg's, by ``delta_basis``); volatilities per year.
    """

    spread: VerticalSpread
    market: SpreadMarket
    dte: int
    years: float
    """To the last trade, of 365 days."""
    delta: float
    reward_risk: float
    breakeven: float
    probability_of_profit: float | None
    probability_low: float
    """No less than this by the quotes alone, whatever the model; likewise ``probability_high``."""
    probability_high: float
    expected_move: float | None
    long_iv: float | None
    short_iv: float | None
    net_theta: float | None
    net_vega: float | None
    net_gamma: float | None
    leg_cost: float
    """Sum of both legs' bid-ask widths, USD per share: what crossing both markets costs."""
    open_interest: int | None
    """The smaller of the two legs'; None when the chain has none at all."""
    long_mid: float
    short_mid: float
    long_leg_spread_pct: float
    short_leg_spread_pct: float
    computed: bool = False
    """Volatility and Greeks of a leg are the station's own approximation."""

    @property
    def debit(self) -> Decimal:
        """Natural debit per share."""
        return self.market.natural

    @property
    def max_loss_usd(self) -> Decimal:
        """Debit of one spread in USD."""
        return self.debit * self.spread.multiplier

    @property
    def max_profit_usd(self) -> Decimal:
        """Width less debit of one spread in USD."""
        return (self.spread.width - self.debit) * self.spread.multiplier


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The answer of selection on one chain: the ranking and how many pairs each rule refused.

    ``considered == len(spreads) + sum(rejected.values())``. ``notes`` names rules that could not
    be checked (``open_interest not checked: the chain has none``).
    """

    symbol: str
    direction: Direction
    considered: int
    rejected: dict[str, int]
    spreads: tuple[RankedSpread, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitPlan:
    """Levels on the underlying, USD, frozen at the first fill (SPEC 9).

    ``target`` is the nearest enabled target at least 1 ATR away, with its reason; None when none
    is usable. Targets that are switched off are None.
    """

    entry: float
    atr: float
    stop: float
    fibo_target: float | None
    r_target: float | None
    atr_target: float | None
    target: float | None
    target_reason: str | None
    exit_by: date
    """The day the time exit closes the position."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A signal with its ranked spreads, as proposed to the trader at one moment.

    ``revision`` grows whenever what is shown changes; an approval names the revision it saw.
    ``contracts`` is the size by risk; ``denied`` says why it cannot be traded now, else None.
    """

    candidate_id: str
    revision: int
    signal: Signal
    ranked: RankedSpread
    alternatives: tuple[RankedSpread, ...]
    selection: Selection
    contracts: int
    plan: ExitPlan
    spot: float
    denied: str | None = None
    odds: tuple[PlanOdds, ...] = ()
    """Of the plan with ``contracts`` (at least 1), as far as they are known."""
    recorded: bool = False
    """The chain came from a recorded file: such candidates are proposed before modelled ones."""
