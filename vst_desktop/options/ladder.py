"""One expiration's contracts of one right as arrays, each leg with the first rule it fails.

Prices and strikes are integers of 1/10000 USD, so that every comparison at a limit is exact.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from vst_desktop.domain.quotes import OptionQuote, Right
from vst_desktop.options.american import american_greeks, american_implied_volatility
from vst_desktop.options.contracts import years_left
from vst_desktop.options.early_exercise import Effort
from vst_desktop.options.normal import Floats
from vst_desktop.options.pricing import DAYS_A_YEAR, Greeks
from vst_desktop.options.rules import LEG_RULES, SelectionRules
from vst_desktop.options.surface import Mask, contradicting

UNIT = 10_000
PASSED = len(LEG_RULES)

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """Contracts of one expiration and right by ascending strike.

    ``bid`` and ``ask`` are 0 where there is no valid quote. ``first_failed`` indexes
    ``LEG_RULES``; ``PASSED`` for a leg that fails none. Greeks are NaN where unknown, and until
    ``with_greeks`` where the broker gave none; ``expected_move`` in USD, NaN likewise.
    """

    expiration: date
    dte: int
    years: float
    quotes: tuple[OptionQuote, ...]
    strike: Ints
    bid: Ints
    ask: Ints
    first_failed: npt.NDArray[np.int8]
    open_interest: Ints
    volatility: Floats
    delta: Floats
    vega: Floats
    theta: Floats
    expected_move: float
    computed: int
    """How many legs' Greeks are the station's own."""


def exact(limit: float) -> tuple[int, int]:
    """A limit as typed (0.15 is 3/20, not its binary neighbour): numerator and denominator."""
    return Fraction(Decimal(str(limit))).limit_denominator(1_000_000).as_integer_ratio()


def to_units(values: npt.ArrayLike) -> Ints:
    """USD as integers of 1/10000."""
    return np.rint(np.asarray(values, dtype=np.float64) * UNIT).astype(np.int64)


def build_ladder(
    quotes: list[OptionQuote],
    rules: SelectionRules,
    now: datetime,
    today: date,
    oldest: datetime | None,
    open_interest_known: bool,
) -> Ladder:
    """The ladder of these contracts of one expiration and right, by ascending strike, judged.

    Args:
        oldest: Quotes from before are stale; None to leave their age alone.
    """
    contract = quotes[0].contract
    quoted = np.array([q.quote is not None for q in quotes])
    raw = np.array(
        [(q.quote.bid, q.quote.ask) if q.quote else (None, None) for q in quotes],
        dtype=np.float64,
    )
    with np.errstate(invalid="ignore"):
        valid = np.isfinite(raw).all(axis=1) & (raw[:, 0] > 0) & (raw[:, 0] <= raw[:, 1])
    units = to_units(np.where(valid[:, None], raw, 0.0))
    strike = to_units([float(q.contract.strike) for q in quotes])
    ladder = Ladder(
        expiration=contract.expiration,
        dte=(contract.expiration - today).days,
        years=years_left(contract, now),
        quotes=tuple(quotes),
        strike=strike,
        bid=units[:, 0],
        ask=units[:, 1],
        first_failed=np.full(len(quotes), PASSED, dtype=np.int8),
        open_interest=np.array([q.open_interest or 0 for q in quotes], dtype=np.int64),
        volatility=_column([q.implied_volatility for q in quotes]),
        delta=_column([q.delta for q in quotes]),
        vega=_column([q.vega for q in quotes]),
        theta=_column([q.theta for q in quotes]),
        expected_move=float("nan"),
        computed=0,
    )
    stale = np.array(
        [oldest is not None and q.quote is not None and q.quote.time < oldest for q in quotes]
    )
    _judge_legs(ladder, rules, quoted, valid, stale, open_interest_known)
    return ladder


def _judge_legs(
    ladder: Ladder,
    rules: SelectionRules,
    quoted: Mask,
    valid: Mask,
    stale: Mask,
    open_interest_known: bool,
) -> None:
    bid, ask = ladder.bid, ladder.ask
    refused = np.zeros(len(bid), dtype=np.bool_)
    fresh = np.flatnonzero(quoted & valid & ~stale)
    if rules.check_surface and fresh.size:
        refused[fresh] = contradicting(
            ladder.strike[fresh] / UNIT,
            bid[fresh] / UNIT,
            ask[fresh] / UNIT,
            falling=ladder.quotes[0].contract.right is Right.CALL,
        )
    top, bottom = exact(rules.max_leg_spread_pct)
    wide = 2 * (ask - bid) * bottom > top * (ask + bid)
    thin = open_interest_known & (ladder.open_interest < rules.min_open_interest)
    # From the last rule to the first, so that the first one failed remains.
    for name, failing in (
        ("open_interest", thin),
        ("leg_spread", wide),
        ("surface", refused),
        ("stale", stale),
        ("quote", ~valid),
        ("not_quoted", ~quoted),
    ):
        ladder.first_failed[failing] = LEG_RULES.index(name)


def with_greeks(
    ladder: Ladder, legs: npt.NDArray[np.intp], spot: float, rules: SelectionRules
) -> Ladder:
    """The ladder with own Greeks for these legs where the broker gave none, and the expected move.

    The expected move needs the volatility of the clean quotes next to the spot, whether or not
    their legs pass; all others' Greeks are nobody's business and stay as they came.
    """
    clean = np.flatnonzero(ladder.first_failed > LEG_RULES.index("surface"))
    if not clean.size:
        return ladder
    wanted = np.zeros(len(ladder.strike), dtype=np.bool_)
    wanted[legs] = True
    place = int(np.searchsorted(ladder.strike[clean], spot * UNIT))
    wanted[clean[max(0, place - 2) : place + 2]] = True
    missing = np.flatnonzero(wanted & (np.isnan(ladder.volatility) | np.isnan(ladder.delta)))
    if missing.size:
        mids = (ladder.bid[missing] + ladder.ask[missing]) / (2 * UNIT)
        strikes = ladder.strike[missing] / UNIT
        call = ladder.quotes[0].contract.right is Right.CALL
        volatility, own = model_greeks(
            mids, call=call, spot=spot, strike=strikes, years=ladder.years, rules=rules
        )
        ladder = replace(
            ladder,
            volatility=_put(ladder.volatility, missing, volatility),
            delta=_put(ladder.delta, missing, own.delta),
            vega=_put(ladder.vega, missing, own.vega),
            theta=_put(ladder.theta, missing, own.theta),
            computed=int(missing.size),
        )
    known = clean[~np.isnan(ladder.volatility[clean])]
    if not known.size:
        return ladder
    at_spot = float(np.interp(spot, ladder.strike[known] / UNIT, ladder.volatility[known]))
    return replace(ladder, expected_move=spot * at_spot * float(np.sqrt(ladder.dte / DAYS_A_YEAR)))


def model_greeks(
    mids: Floats,
    *,
    call: bool,
    spot: float,
    strike: Floats,
    years: float,
    rules: SelectionRules,
) -> tuple[Floats, Greeks]:
    """Implied volatility of American mids and the Greeks at it; NaN where there is none."""
    calls = np.full(len(mids), call)
    span = np.full(len(mids), years)
    volatility = american_implied_volatility(
        mids,
        is_call=calls,
        spot=spot,
        strike=strike,
        years=span,
        rate=rules.risk_free_rate,
        dividend_yield=rules.dividend_yield,
        effort=Effort.FAST,
    ).volatility
    return volatility, american_greeks(
        is_call=calls,
        spot=spot,
        strike=strike,
        years=span,
        volatility=volatility,
        rate=rules.risk_free_rate,
        dividend_yield=rules.dividend_yield,
        effort=Effort.FAST,
    )


def _column(values: list[float | None]) -> Floats:
    return np.array(values, dtype=np.float64)


def _put(column: Floats, at: npt.NDArray[np.intp], values: Floats) -> Floats:
    changed = column.copy()
    changed[at] = values
    return changed
