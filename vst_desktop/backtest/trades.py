"""What a run of the lab gives: trades, what was refused, and the account day by day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from vst_desktop.backtest.panel import Floats, Ints
from vst_desktop.domain.signals import Direction


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """One trade, entry to exit. USD; strikes and prices per share of the contract.

    ``net_usd`` is after both commissions, ``risk_usd`` what would have been lost at worst.
    ``mae_r`` and ``mfe_r``: how far the underlying went against and for the trade, in R (the
    distance from entry to stop). Strikes are None where the pricing has none.
    """

    symbol: str
    strategy: str
    direction: Direction
    signal_date: date
    entry_date: date
    exit_date: date
    exit_reason: str
    expiration: date | None
    long_strike: float | None
    short_strike: float | None
    contracts: int
    debit: float
    exit_value: float
    commissions_usd: float
    net_usd: float
    risk_usd: float
    underlying_entry: float
    underlying_exit: float
    stop: float
    target: float | None
    sessions_held: int
    days_held: int
    mae_r: float
    mfe_r: float

    @property
    def r_multiple(self) -> float:
        """Profit over what would have been lost at worst."""
        return self.net_usd / self.risk_usd


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A spread that was offered and not bought: why, and what buying it would have brought.

    For one contract, at natural and at mid on both ends, commissions paid; None where it could
    not be followed.
    """

    symbol: str
    strategy: str
    direction: Direction
    day: date
    code: str
    debit: float
    natural_usd: float
    mid_usd: float
    exit_reason: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Run:
    """A whole run. ``days`` since 1970-01-01 with the account's ``equity`` at each close.

    ``stopped``: signals whose chain was not asked for, by why; ``rejected``: strike pairs by the
    rule they failed; ``denied``: offered spreads by the code of the limit that refused them.
    ``needed_usd`` as in ``Signals``.
    """

    pricing: str
    trades: tuple[Trade, ...]
    days: Ints
    equity: Floats
    invested: Floats
    """What open positions could have lost at each close, USD."""
    signals: int
    chains: int
    stopped: Mapping[str, int]
    rejected: Mapping[str, int]
    denied: Mapping[str, int]
    needed_usd: float | None = None
    refused: tuple[Refusal, ...] = field(default=(), repr=False)
