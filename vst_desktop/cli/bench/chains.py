"""Made option chains for the benchmarks: skewed volatilities, quotes on the cent, seeded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np

from vst_desktop.domain.quotes import OptionChain, OptionContract, OptionQuote, Quote, Right
from vst_desktop.options.normal import Floats
from vst_desktop.options.pricing import DAYS_A_YEAR, Greeks, greeks

CONTRACTS = 2_000
_NOW = datetime(2024, 3, 4, 20, tzinfo=UTC)
_TODAY = date(2024, 3, 4)
_FIRST_FRIDAY = 4
_RATE = 0.04


def made_chain(number: int, *, with_greeks: bool = False) -> OptionChain:
    """2,000 contracts: ten weekly expirations of 100 strikes; two of them are 30 to 45 days out."""
    return _chain(number, [_FIRST_FRIDAY + 7 * week for week in range(10)], 100, with_greeks)


def daily_chain(number: int) -> OptionChain:
    """2,000 contracts, all 30 to 45 days out: ten sessions with an expiration each."""
    days = [d for d in range(30, 46) if (_TODAY + timedelta(days=d)).weekday() < 5][:10]
    return _chain(number, days, 100, False)


def _chain(number: int, days: Sequence[int], count: int, with_greeks: bool) -> OptionChain:
    """Volatility 15 to 60 %, falling with the strike and curved; widths of 1 to 4 %."""
    g = np.random.default_rng(number)
    spot = float(np.round(g.uniform(40, 220), 2))
    base, width = g.uniform(0.15, 0.6), g.uniform(0.01, 0.04)
    step = 0.5 if spot < 60 else 1.0 if spot < 120 else 2.0
    strikes = (round(spot / step) + np.arange(count) - count // 2) * np.float64(step)
    away = np.log(strikes / spot)
    volatility: Floats = np.clip(base - 0.25 * away + 0.8 * away**2, 0.05, 2.0)
    quotes: list[OptionQuote] = []
    for day in days:
        for right in Right:
            values = greeks(
                is_call=right is Right.CALL,
                spot=spot,
                strike=strikes,
                years=day / DAYS_A_YEAR,
                volatility=volatility,
                rate=_RATE,
            )
            interest = g.integers(50, 20_000, count)
            quotes += _listed(right, day, strikes, volatility, values, width, interest, with_greeks)
    return OptionChain(
        symbol="MADE", underlying=spot, time=_NOW, quotes=tuple(quotes), source="made"
    )


def _listed(
    right: Right,
    day: int,
    strikes: Floats,
    volatility: Floats,
    values: Greeks,
    width: float,
    interest: np.ndarray[tuple[int, ...], np.dtype[np.int64]],
    with_greeks: bool,
) -> list[OptionQuote]:
    expiration = _TODAY + timedelta(days=day)
    half = np.maximum(np.round(values.price * width / 2, 2), 0.01)
    bids, asks = np.round(values.price - half, 2), np.round(values.price + half, 2)
    found = []
    for n, strike in enumerate(strikes.tolist()):
        contract = OptionContract(
            symbol="MADE", expiration=expiration, strike=Decimal(str(strike)), right=right
        )
        bid = float(bids[n])
        found.append(
            OptionQuote(
                contract=contract,
                quote=Quote(
                    bid=bid if bid > 0 else None,
                    ask=float(asks[n]),
                    bid_size=20,
                    ask_size=20,
                    last=None,
                    time=_NOW,
                ),
                open_interest=int(interest[n]),
                implied_volatility=float(volatility[n]) if with_greeks else None,
                delta=float(values.delta[n]) if with_greeks else None,
                gamma=float(values.gamma[n]) if with_greeks else None,
                vega=float(values.vega[n]) if with_greeks else None,
                theta=float(values.theta[n]) if with_greeks else None,
            )
        )
    return found
