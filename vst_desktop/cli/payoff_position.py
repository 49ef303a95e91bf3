"""The position that ``vst payoff`` draws: of a recorded chain, or given by hand."""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from vst_desktop.cli.common import parse_date
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.quotes import OptionContract, Right
from vst_desktop.domain.signals import Direction
from vst_desktop.domain.spreads import VerticalSpread

if TYPE_CHECKING:
    from vst_desktop.domain.events import EventBook
    from vst_desktop.domain.quotes import OptionChain, OptionQuote
    from vst_desktop.options.rules import SelectionRules

BY_HAND = ("symbol", "spot", "right", "debit", "volatility", "on")


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """What is bought, at what price and in which market; ``ivs`` of the long and short leg."""

    spread: VerticalSpread
    debit: Decimal
    spot: float
    ivs: tuple[float, float]
    now: datetime


def position(args: argparse.Namespace, rules: SelectionRules, book: EventBook) -> Position:
    """The position that the arguments describe.

    Raises:
        UserError: They do not describe one, or the chain has no such spread.
    """
    given = [name for name in BY_HAND if getattr(args, name) is not None]
    if args.chain is None:
        return _by_hand(args)
    if given:
        raise UserError(
            f"--{given[0]} does not go with --chain",
            remedy="the chain tells it; leave one of the two away",
            exit_code=2,
        )
    from vst_desktop.adapters.files.chains import read_chain

    return _of_chain(args, read_chain(args.chain), rules, book)


def _by_hand(args: argparse.Namespace) -> Position:
    needed = (*BY_HAND, "strikes", "expiration")
    missing = [name for name in needed if getattr(args, name) is None]
    if missing:
        raise UserError(
            f"without --chain, --{missing[0]} is needed",
            remedy=f"give all of {', '.join(f'--{name}' for name in needed)}",
            exit_code=2,
        )
    from vst_desktop.runtime.calendar import EASTERN

    right = Right(args.right)
    expiration, today = parse_date(args.expiration), parse_date(args.on)
    long, short = (
        OptionContract(
            symbol=args.symbol.upper(), expiration=expiration, strike=strike, right=right
        )
        for strike in _strikes(args.strikes)
    )
    spread = _vertical(long, short)
    debit = _number(args.debit, "--debit")
    if not 0 < debit < spread.width:
        raise UserError(
            f"--debit {debit} is not between 0 and the width {spread.width}", exit_code=2
        )
    if today >= expiration:
        raise UserError(f"--on {today} is not before the expiration {expiration}", exit_code=2)
    parts = [float(_number(part, "--volatility")) for part in args.volatility.split(",")]
    if len(parts) > 2:
        raise UserError(
            f"--volatility {args.volatility} has more than two values",
            remedy="give one, or those of the long and of the short leg, as 0.31,0.29",
            exit_code=2,
        )
    return Position(
        spread=spread,
        debit=debit,
        spot=float(_number(args.spot, "--spot")),
        ivs=(parts[0], parts[-1]),
        now=datetime.combine(today, time(16), tzinfo=EASTERN),
    )


def _of_chain(
    args: argparse.Namespace,
    chain: OptionChain,
    rules: SelectionRules,
    book: EventBook,
) -> Position:
    if (args.strikes is None) != (args.expiration is None):
        raise UserError(
            "--strikes and --expiration go together",
            remedy="give both, or neither for the ranked spreads",
            exit_code=2,
        )
    if args.strikes is None:
        return _ranked(args, chain, rules, book)
    if args.direction is None:
        raise UserError("--direction is needed", remedy="give LONG or SHORT", exit_code=2)
    right = Right.CALL if args.direction == Direction.LONG else Right.PUT
    expiration = parse_date(args.expiration)
    quotes = [_leg(chain, expiration, strike, right) for strike in _strikes(args.strikes)]
    spread = _vertical(quotes[0].contract, quotes[1].contract)
    prices = [_bid_ask(quote) for quote in quotes]
    debit = prices[0][1] - prices[1][0]
    if not 0 < debit < spread.width:
        raise UserError(
            f"the quotes give {spread.label()} a debit of {debit}, and its width is {spread.width}",
            where=chain.source,
            remedy="choose another pair",
        )
    ivs = [_implied(chain, quote, rules, book) for quote in quotes]
    return Position(
        spread=spread, debit=debit, spot=chain.underlying, ivs=(ivs[0], ivs[1]), now=chain.time
    )


def _ranked(
    args: argparse.Namespace,
    chain: OptionChain,
    rules: SelectionRules,
    book: EventBook,
) -> Position:
    from vst_desktop.options.events import cash_dividends
    from vst_desktop.options.selection import select
    from vst_desktop.runtime.calendar import trading_day

    if args.direction is None:
        raise UserError("--direction is needed", remedy="give LONG or SHORT", exit_code=2)
    selection = select(
        chain,
        Direction(args.direction),
        rules,
        now=chain.time,
        today=trading_day(chain.time),
        check_age=False,
        dividends=cash_dividends(book.of(chain.symbol), chain.time),
    )
    passed = len(selection.spreads)
    if not 1 <= args.rank <= passed:
        raise UserError(
            f"--rank {args.rank}: {passed} spreads pass",
            where=args.chain,
            remedy="see vst select, or name --strikes and --expiration",
        )
    ranked = selection.spreads[args.rank - 1]
    if ranked.long_iv is None or ranked.short_iv is None:
        raise UserError("a leg's volatility is not known", where=args.chain)
    return Position(
        spread=ranked.spread,
        debit=ranked.debit,
        spot=chain.underlying,
        ivs=(ranked.long_iv, ranked.short_iv),
        now=chain.time,
    )


def _vertical(long: OptionContract, short: OptionContract) -> VerticalSpread:
    spread = VerticalSpread(long=long, short=short)
    if (short.strike - long.strike) * spread.direction.sign <= 0:
        which = "above" if spread.right is Right.CALL else "below"
        raise UserError(
            f"strikes {spread.label()} are no debit spread",
            remedy=f"write the bought strike first; the sold one lies {which} it",
            exit_code=2,
        )
    return spread


def _strikes(text: str) -> tuple[Decimal, Decimal]:
    parts = text.split("/")
    if len(parts) != 2:
        raise UserError(
            f"--strikes {text!r} are not two", remedy="write bought/sold, as 100/105", exit_code=2
        )
    return _number(parts[0], "--strikes"), _number(parts[1], "--strikes")


def _number(text: str, where: str) -> Decimal:
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or value <= 0:
        raise UserError(f"{where} {text!r} is not a number above 0", exit_code=2)
    return value


def _leg(chain: OptionChain, expiration: date, strike: Decimal, right: Right) -> OptionQuote:
    listed = [q for q in chain.quotes if q.contract.right is right]
    for quote in listed:
        if quote.contract.expiration == expiration and quote.contract.strike == strike:
            return quote
    days = sorted({quote.contract.expiration for quote in listed})
    if expiration not in days:
        raise UserError(
            f"the chain has no expiration {expiration}",
            where=chain.source,
            remedy=f"choose one of {', '.join(map(str, days))}",
        )
    near = sorted(
        (q.contract.strike for q in listed if q.contract.expiration == expiration),
        key=lambda one: abs(one - strike),
    )
    raise UserError(
        f"the chain has no {strike} {right} of {expiration}",
        where=chain.source,
        remedy=f"the nearest strikes are {', '.join(str(one) for one in sorted(near[:4]))}",
    )


def _bid_ask(leg: OptionQuote) -> tuple[Decimal, Decimal]:
    quote = leg.quote
    if quote is None or not quote.bid or not quote.ask or quote.bid > quote.ask:
        name = f"{leg.contract.strike} {leg.contract.right} of {leg.contract.expiration}"
        raise UserError(f"{name} has no market of two sides", remedy="choose another strike")
    return Decimal(str(quote.bid)), Decimal(str(quote.ask))


def _implied(
    chain: OptionChain,
    leg: OptionQuote,
    rules: SelectionRules,
    book: EventBook,
) -> float:
    from vst_desktop.options.american import american_implied_volatility
    from vst_desktop.options.contracts import years_left
    from vst_desktop.options.events import cash_dividends

    found = american_implied_volatility(
        float(sum(_bid_ask(leg))) / 2,
        is_call=leg.contract.right is Right.CALL,
        spot=chain.underlying,
        strike=float(leg.contract.strike),
        years=years_left(leg.contract, chain.time),
        rate=rules.risk_free_rate,
        dividend_yield=rules.dividend_yield,
        dividends=cash_dividends(book.of(chain.symbol), chain.time),
    )
    volatility = float(found.volatility[0])
    if not math.isfinite(volatility):
        name = f"{leg.contract.strike} {leg.contract.right}"
        raise UserError(f"no volatility gives {name} its price", remedy="choose another strike")
    return volatility
