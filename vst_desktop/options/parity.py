"""Which price of the underlying a chain's own quotes imply, and whether that is the one it names.

Put-call parity (H. Stoll, "The relationship between put and call option prices", 1969): a call
less a put is the underlying less the discounted strike. A chain that disagrees with the price it
came with has a wrong price, or stands on another split basis.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

import numpy as np

from vst_desktop.domain.quotes import OptionChain, OptionQuote, Right
from vst_desktop.options.contracts import is_standard, years_left
from vst_desktop.options.normal import Floats

PAIRS_EACH = 5
EXPIRATIONS = 4
_FEWEST_PAIRS = 3
_SHORTEST_YEARS = 1 / 365
_UNKNOWN_CARRY = 0.06
"""Per year: how far rate and dividends may lie from what they are taken to be."""
_MAD_TO_DEVIATION = 1.4826
_RATIOS = sorted(
    {Fraction(n) for n in (2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 28, 30, 40, 50, 100)}
    | {Fraction(3, 2), Fraction(4, 3), Fraction(5, 4), Fraction(5, 2)}
)
_GRID_CENTS = 50
_OFF_GRID_SHARE = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpliedUnderlying:
    """What the quotes say: a price in USD, how far it may be off, and from how many pairs.

    ``error_usd`` holds the quotes' own widths, their scatter, and what rates and dividends that
    are not exactly known can make until the expirations used.
    """

    price: float
    error_usd: float
    pairs: int


def implied_underlying(
    chain: OptionChain, *, now: datetime, rate: float, dividend_yield: float
) -> ImpliedUnderlying | None:
    """Median over the pairs nearest the forward of the nearest expirations; None with too few.

    Only the quotes are used, never the price the chain came with. A pair is nearest the forward
    where call and put cost the same; there early exercise matters least.
    """
    values: list[float] = []
    widths: list[float] = []
    spans: list[float] = []
    for years, pairs in _by_expiration(chain, now)[:EXPIRATIONS]:
        strike, call_bid, call_ask, put_bid, put_ask = np.array(pairs).T
        apart: Floats = (call_bid + call_ask - put_bid - put_ask) / 2
        near = np.argsort(np.abs(apart), kind="stable")[:PAIRS_EACH]
        spot = (apart + strike * np.exp(-rate * years)) * np.exp(dividend_yield * years)
        values += spot[near].tolist()
        widths += ((call_ask - call_bid + put_ask - put_bid) / 2)[near].tolist()
        spans += [years] * len(near)
    if len(values) < _FEWEST_PAIRS:
        return None
    found = np.array(values)
    price = float(np.median(found))
    scatter = _MAD_TO_DEVIATION * float(np.median(np.abs(found - price)))
    error = max(float(np.median(widths)), scatter) + price * _UNKNOWN_CARRY * max(spans)
    return ImpliedUnderlying(price=price, error_usd=error, pairs=len(values))


Pair = tuple[float, float, float, float, float]


def _by_expiration(chain: OptionChain, now: datetime) -> list[tuple[float, list[Pair]]]:
    """Strikes with a valid call and put, by years to expiration."""
    sides: dict[date, dict[Decimal, dict[Right, OptionQuote]]] = {}
    for listed in chain.quotes:
        contract = listed.contract
        if listed.quote is None or listed.quote.mid is None:
            continue
        if is_standard(contract, chain.symbol):
            strikes = sides.setdefault(contract.expiration, {})
            strikes.setdefault(contract.strike, {})[contract.right] = listed
    found = []
    for strikes in sides.values():
        pairs = []
        for strike, both in strikes.items():
            call, put = both.get(Right.CALL), both.get(Right.PUT)
            if call is not None and put is not None:
                pairs.append((float(strike), *_sides(call), *_sides(put)))
        if pairs:
            years = years_left(next(iter(next(iter(strikes.values())).values())).contract, now)
            if years >= _SHORTEST_YEARS:
                found.append((years, pairs))
    return sorted(found, key=lambda item: item[0])


def _sides(listed: OptionQuote) -> tuple[float, float]:
    quote = listed.quote
    assert quote is not None and quote.bid is not None and quote.ask is not None
    return quote.bid, quote.ask


def split_ratio(ratio: float, tolerance: float) -> Fraction | None:
    """The split that would make one price ``ratio`` times another, if a usual one would.

    Args:
        tolerance: Relative, for what else may lie between the two prices.
    """
    known = min(
        (*_RATIOS, *(1 / r for r in _RATIOS)), key=lambda known: abs(np.log(ratio / float(known)))
    )
    return known if abs(ratio / float(known) - 1) <= tolerance else None


def price_note(
    implied: ImpliedUnderlying, other: float, says: str, drift: float, if_split: str = ""
) -> str | None:
    """What to tell of another source's price; None where the two agree.

    Args:
        other: The other price in USD.
        says: What names it, as ``the bars say``.
        drift: How far, relative, the price may have moved between the two.
        if_split: What follows from it when it looks like a split.
    """
    if abs(implied.price - other) <= implied.error_usd + drift * other:
        return None
    ratio = implied.price / other
    split = split_ratio(ratio, implied.error_usd / implied.price + max(drift, 0.01))
    end = f"ratio {split} looks like a split{if_split}" if split else f"{100 * (ratio - 1):+.1f} %"
    return (
        f"the chain prices an underlying of {implied.price:,.2f} ± {implied.error_usd:,.2f} "
        f"(put-call parity of {implied.pairs} pairs), {says} {other:,.2f}: {end}"
    )


def chain_notes(
    chain: OptionChain, *, now: datetime, rate: float, dividend_yield: float
) -> tuple[str, ...]:
    """What is odd about a chain in itself: its price of the underlying, its strikes."""
    implied = implied_underlying(chain, now=now, rate=rate, dividend_yield=dividend_yield)
    price = implied and price_note(implied, chain.underlying, "its source says", 0.0)
    standard = [q.contract.strike for q in chain.quotes if is_standard(q.contract, chain.symbol)]
    return tuple(note for note in (price, strikes_note(standard)) if note)


def strikes_note(strikes: Sequence[Decimal]) -> str | None:
    """Strikes that a split left off the usual grid of half dollars, and which split it was."""
    cents = np.array(sorted({round(100 * s) for s in strikes}), dtype=np.float64)
    off = cents[cents % _GRID_CENTS != 0]
    if len(off) <= _OFF_GRID_SHARE * len(cents):
        return None
    text = f"{len(off)} of {len(cents)} strikes are off the usual grid"
    for ratio in _RATIOS:
        before = off * float(ratio)
        whole = np.rint(before / _GRID_CENTS) * _GRID_CENTS
        # Adjusted strikes are rounded to the cent.
        if (np.abs(before - whole) <= float(ratio) / 2 + 1e-6).all() and ratio < _GRID_CENTS / 2:
            first = off[0] / 100
            return f"{text}: a {_in_words(ratio)} split ({first:.2f} was {whole[0] / 100:g})"
    return f"{text}: adjusted by a split or a special dividend"


def _in_words(ratio: Fraction) -> str:
    return f"{ratio.numerator}:{ratio.denominator}"
