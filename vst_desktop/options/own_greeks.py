"""The station's own Greeks, for legs that came without: the fast American approximation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from vst_desktop.domain.quotes import Right
from vst_desktop.options.american import (
    NO_DIVIDENDS,
    american_greeks,
    american_implied_volatility,
)
from vst_desktop.options.early_exercise import CashDividends, Effort
from vst_desktop.options.ladder import UNIT, Ladder
from vst_desktop.options.normal import Floats
from vst_desktop.options.pricing import DAYS_A_YEAR, Greeks
from vst_desktop.options.rules import LEG_RULES, SelectionRules

Indices = npt.NDArray[np.intp]


def with_greeks(
    ladders: Sequence[Ladder],
    legs: Sequence[Indices],
    spot: float,
    rules: SelectionRules,
    dividends: CashDividends = NO_DIVIDENDS,
) -> list[Ladder]:
    """The ladders with own Greeks for these legs where the broker gave none, and expected moves.

    The expected move needs the volatility of the clean quotes next to the spot, whether or not
    their legs pass; all others' Greeks are nobody's business and stay as they came. Legs of all
    ladders are valued together. ``computed`` says which.
    """
    missing = [_missing(x, wanted, spot) for x, wanted in zip(ladders, legs, strict=True)]
    if not any(at.size for at in missing):
        return [_with_expected_move(ladder, spot) for ladder in ladders]
    volatility, own = _model(ladders, missing, spot, rules, dividends)
    result, first = [], 0
    for ladder, at in zip(ladders, missing, strict=True):
        part = slice(first, first + len(at))
        first += len(at)
        known = replace(
            ladder,
            volatility=_put(ladder.volatility, at, volatility[part]),
            delta=_put(ladder.delta, at, own.delta[part]),
            gamma=_put(ladder.gamma, at, own.gamma[part]),
            vega=_put(ladder.vega, at, own.vega[part]),
            theta=_put(ladder.theta, at, own.theta[part]),
            computed=_put(ladder.computed, at, ~np.isnan(volatility[part])),
        )
        result.append(_with_expected_move(known, spot))
    return result


def _missing(ladder: Ladder, legs: Indices, spot: float) -> Indices:
    clean = _clean(ladder)
    wanted = np.zeros(len(ladder.strike), dtype=np.bool_)
    wanted[legs] = True
    place = int(np.searchsorted(ladder.strike[clean], spot * UNIT))
    wanted[clean[max(0, place - 2) : place + 2]] = True
    return np.flatnonzero(wanted & (np.isnan(ladder.volatility) | np.isnan(ladder.delta)))


def _clean(ladder: Ladder) -> Indices:
    return np.flatnonzero(ladder.first_failed > LEG_RULES.index("surface"))


def _model(
    ladders: Sequence[Ladder],
    missing: Sequence[Indices],
    spot: float,
    rules: SelectionRules,
    dividends: CashDividends,
) -> tuple[Floats, Greeks]:
    """Implied volatility of American mids and the Greeks at it; NaN where there is none."""
    each = list(zip(ladders, missing, strict=True))
    mids = np.concatenate([(x.bid[at] + x.ask[at]) / (2 * UNIT) for x, at in each])
    counts = [len(at) for at in missing]
    call = np.repeat([x.quotes[0].contract.right is Right.CALL for x in ladders], counts)
    strike = np.concatenate([x.strike[at] / UNIT for x, at in each])
    years = np.repeat([x.years for x in ladders], counts)
    volatility = american_implied_volatility(
        mids,
        is_call=call,
        spot=spot,
        strike=strike,
        years=years,
        rate=rules.risk_free_rate,
        dividend_yield=rules.dividend_yield,
        dividends=dividends,
        effort=Effort.FAST,
    ).volatility
    return volatility, american_greeks(
        is_call=call,
        spot=spot,
        strike=strike,
        years=years,
        volatility=volatility,
        rate=rules.risk_free_rate,
        dividend_yield=rules.dividend_yield,
        dividends=dividends,
        effort=Effort.FAST,
    )


def _with_expected_move(ladder: Ladder, spot: float) -> Ladder:
    clean = _clean(ladder)
    known = clean[~np.isnan(ladder.volatility[clean])]
    if not known.size:
        return ladder
    at_spot = float(np.interp(spot, ladder.strike[known] / UNIT, ladder.volatility[known]))
    return replace(ladder, expected_move=spot * at_spot * float(np.sqrt(ladder.dte / DAYS_A_YEAR)))


def _put[T: np.generic](
    column: npt.NDArray[T], at: Indices, values: npt.NDArray[T]
) -> npt.NDArray[T]:
    changed = column.copy()
    changed[at] = values
    return changed
