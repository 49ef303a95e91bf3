"""Option chains for tests."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from vst_desktop.domain.quotes import (
    OptionChain,
    OptionContract,
    OptionQuote,
    Quote,
    Right,
)
from vst_desktop.options.pricing import greeks
from vst_desktop.options.rules import SelectionRules

TODAY = date(2024, 3, 4)
NOW = datetime(2024, 3, 4, 20, 0, tzinfo=UTC)
EXPIRATION = TODAY + timedelta(days=37)

DEFAULTS = SelectionRules(
    min_dte=30,
    max_dte=45,
    min_delta=0.30,
    max_delta=0.50,
    delta_basis="net",
    max_spread_cost=500,
    min_reward_risk=1.5,
    max_strike_steps=0,
    max_short_strike_em=1.0,
    max_leg_spread_pct=0.25,
    min_open_interest=100,
    max_combo_spread_pct=0.15,
    check_surface=True,
    rank_by="reward_risk",
    risk_free_rate=0.04,
    dividend_yield=0.0,
    max_quote_age=10,
)


def rules(**changes: Any) -> SelectionRules:
    """The default rules with changes."""
    return replace(DEFAULTS, **changes)


def listed(
    strike: str | Decimal,
    bid: float | None,
    ask: float | None,
    *,
    right: Right = Right.CALL,
    delta: float | None = 0.5,
    iv: float | None = 0.25,
    open_interest: int | None = 1000,
    expiration: date = EXPIRATION,
    age_secs: float = 0,
    quoted: bool = True,
    **contract: Any,
) -> OptionQuote:
    """One listed option."""
    quote = Quote(
        bid=bid,
        ask=ask,
        bid_size=20,
        ask_size=10,
        last=None,
        time=NOW - timedelta(seconds=age_secs),
    )
    return OptionQuote(
        contract=OptionContract(
            symbol="XYZ", expiration=expiration, strike=Decimal(strike), right=right, **contract
        ),
        quote=quote if quoted else None,
        open_interest=open_interest,
        implied_volatility=iv,
        delta=delta,
        theta=-0.02,
        vega=0.1,
    )


def chain_of(quotes: Iterable[OptionQuote], underlying: float = 100.0) -> OptionChain:
    """A chain of these contracts."""
    return OptionChain(
        symbol="XYZ", underlying=underlying, time=NOW, quotes=tuple(quotes), source="test"
    )


def model_chain(
    *,
    right: Right = Right.CALL,
    spot: float = 100.0,
    volatility: float = 0.25,
    half_width: float = 0.03,
    days: tuple[int, ...] = (37,),
    strikes: Iterable[float] = tuple(range(80, 121)),
    with_greeks: bool = True,
) -> OptionChain:
    """Black-Scholes prices on the cent, with a constant width."""
    quotes = []
    for day in days:
        grid = np.array(list(strikes), dtype=np.float64)
        values = greeks(
            is_call=right is Right.CALL,
            spot=spot,
            strike=grid,
            years=day / 365,
            volatility=volatility,
            rate=0.04,
        )
        for n, strike in enumerate(grid):
            mid = round(float(values.price[n]), 2)
            quotes.append(
                listed(
                    str(strike),
                    round(mid - half_width, 2),
                    round(mid + half_width, 2),
                    right=right,
                    delta=float(values.delta[n]) if with_greeks else None,
                    iv=volatility if with_greeks else None,
                    expiration=TODAY + timedelta(days=day),
                )
            )
    return chain_of(quotes, underlying=spot)
