"""A chain as selection takes it in: its standard contracts of one right by expiration."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from vst_desktop.domain.quotes import OptionChain, OptionQuote, Right
from vst_desktop.options.contracts import is_standard
from vst_desktop.options.ladder import Ladder, build_ladder
from vst_desktop.options.rules import SelectionRules


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """A chain's side as selection sees it."""

    ladders: tuple[Ladder, ...]
    spot: float
    open_interest_known: bool
    non_standard: int
    """Contracts in the range left out for their multiplier or trading class."""


def intake(
    chain: OptionChain,
    right: Right,
    rules: SelectionRules,
    *,
    now: datetime,
    today: date,
    check_age: bool,
) -> Intake:
    """The standard contracts of one right in the DTE range, expiration by expiration."""
    by_expiration, non_standard = _listed(chain, right, rules, today)
    known = any(q.open_interest is not None for q in chain.quotes)
    oldest = now - timedelta(seconds=rules.max_quote_age) if check_age else None
    ladders = tuple(
        build_ladder(by_expiration[day], rules, now, today, oldest, known)
        for day in sorted(by_expiration)
    )
    return Intake(
        ladders=ladders,
        spot=chain.underlying,
        open_interest_known=known,
        non_standard=non_standard,
    )


def _listed(
    chain: OptionChain, right: Right, rules: SelectionRules, today: date
) -> tuple[dict[date, list[OptionQuote]], int]:
    found: dict[date, dict[float, OptionQuote]] = {}
    in_range: dict[date, bool] = {}
    non_standard = 0
    for quote in chain.quotes:
        contract = quote.contract
        if contract.right is not right:
            continue
        day = contract.expiration
        if day not in in_range:
            in_range[day] = rules.min_dte <= (day - today).days <= rules.max_dte
        if not in_range[day]:
            continue
        if not is_standard(contract, chain.symbol):
            non_standard += 1
            continue
        strikes = found.setdefault(day, {})
        strike = float(contract.strike)
        other = strikes.get(strike)
        # The same contract listed twice: the choice must not depend on the order of the input.
        if other is None or (quote.quote is not None, contract.con_id) > (
            other.quote is not None,
            other.contract.con_id,
        ):
            strikes[strike] = quote
    ladders = {day: [s[k] for k in sorted(s)] for day, s in found.items()}
    return ladders, non_standard
