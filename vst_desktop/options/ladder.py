"""One expiration's contracts of one right as arrays, each leg with the first rule it fails.

Prices and strikes are integers of 1/10000 USD, so that every comparison at a limit is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from vst_desktop.domain.quotes import OptionQuote, Right
from vst_desktop.options.contracts import years_left
from vst_desktop.options.normal import Floats
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
    gamma: Floats
    vega: Floats
    theta: Floats
    expected_move: float
    computed: Mask
    """The legs whose Greeks are the station's own."""


@lru_cache(maxsize=64)
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
        [
            (q.quote.bid, q.quote.ask, q.quote.bid_size, q.quote.ask_size)
            if q.quote
            else (None,) * 4
            for q in quotes
        ],
        dtype=np.float64,
    )
    with np.errstate(invalid="ignore"):
        valid = np.isfinite(raw[:, :2]).all(axis=1) & (raw[:, 0] > 0) & (raw[:, 0] <= raw[:, 1])
        # A price nobody stands behind is none; an unknown size is no such thing.
        valid &= ~(raw[:, 2:] <= 0).any(axis=1)
    units = to_units(np.where(valid[:, None], raw[:, :2], 0.0))
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
        gamma=_column([q.gamma for q in quotes]),
        vega=_column([q.vega for q in quotes]),
        theta=_column([q.theta for q in quotes]),
        expected_move=float("nan"),
        computed=np.zeros(len(quotes), dtype=np.bool_),
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


def _column(values: list[float | None]) -> Floats:
    return np.array(values, dtype=np.float64)
