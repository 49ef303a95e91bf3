"""The account as the broker reports it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from vst_desktop.domain.quotes import OptionContract


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSnapshot:
    """Account values in USD; None where the broker gave none.

    ``day_trades_remaining`` None: no limit.
    """

    account: str
    net_liquidation_usd: Decimal | None
    available_funds_usd: Decimal | None
    day_pnl_usd: Decimal | None
    day_trades_remaining: int | None
    time: datetime
    post_expiration_excess_usd: Decimal | None = None
    """Margin left after the coming expiration as TWS foresees it; None: it foresees nothing."""

    @property
    def paper(self) -> bool:
        """IBKR paper accounts begin with D."""
        return self.account.upper().startswith("D")


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerPosition:
    """One contract held, per leg, as the broker counts it. Stock positions have no option."""

    account: str
    symbol: str
    con_id: int
    option: OptionContract | None
    quantity: Decimal
    average_cost_usd: Decimal
    """Per contract, including multiplier and commissions, as IBKR reports it."""
