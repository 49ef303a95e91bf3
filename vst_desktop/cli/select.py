"""``vst select``: ranked spreads of a recorded chain."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from vst_desktop.cli.common import add_json_option, add_settings_option, write_json
from vst_desktop.cli.events import (
    Verdicts,
    event_book,
    event_keys,
    event_notes,
    verdict,
    verdicts,
)
from vst_desktop.cli.playbook import (
    add_options,
    all_figures,
    figure_keys,
    parse_pair,
    plan_keys,
    playbook,
    print_plan,
    print_what_if,
    what_if_keys,
)
from vst_desktop.domain.signals import Direction

if TYPE_CHECKING:
    from vst_desktop.domain.quotes import OptionChain
    from vst_desktop.domain.spreads import RankedSpread, Selection, VerticalSpread
    from vst_desktop.options.early_exercise import CashDividends
    from vst_desktop.options.events import EventVerdict
    from vst_desktop.options.rules import SelectionRules


class Terms(TypedDict):
    """The moment of a recorded chain, for every question asked of it."""

    now: datetime
    today: date
    check_age: bool
    dividends: CashDividends


SHOWN = 20
PLANS = 50
"""Spreads whose plan is played out for the JSON: some hundredths of a second each."""
NEIGHBOUR_DAYS = 10
NEIGHBOUR_DRIFT = 0.15
"""How far a price moves between two recorded days without a reason to speak of."""
_COLUMNS = (
    f"{'':>3} {'expiration':<11}{'DTE':>4}  {'strikes':<20}{'debit':>8}{'max loss':>10}"
    f"{'max profit':>12}{'R/R':>7}{'delta':>7}{'breakeven':>11}{'POP %':>7}{'OI':>8}"
)


def add_parser(subparsers: Any) -> None:
    """Add the command's arguments."""
    parser = subparsers.add_parser("select", help="ranked spreads from a chain file")
    parser.add_argument(
        "--chain", metavar="FILE", required=True, help="recorded chain, Parquet or CSV"
    )
    parser.add_argument(
        "--direction",
        required=True,
        type=str.upper,
        choices=[str(d) for d in Direction],
        help="LONG: bull calls, SHORT: bear puts",
    )
    parser.add_argument(
        "--events",
        metavar="FILE",
        help="earnings and ex-dividend dates (default: the setting events.file)",
    )
    add_options(parser)
    add_json_option(parser)
    add_settings_option(parser)


def run(args: argparse.Namespace) -> int:
    """Rank the chain's spreads; 0 also when none passes, which is a normal answer.

    The chain is its own moment: expirations count from its day, and no quote is stale.
    """
    from vst_desktop.adapters.files.chains import read_chain
    from vst_desktop.options.events import cash_dividends
    from vst_desktop.options.rules import SelectionRules
    from vst_desktop.options.selection import select
    from vst_desktop.options.whatif import what_if
    from vst_desktop.runtime.calendar import trading_day
    from vst_desktop.runtime.settings import load_settings

    settings = load_settings(args.overrides)
    rules = SelectionRules.of(settings.options.model_dump())
    chain = read_chain(args.chain)
    day, direction = trading_day(chain.time), Direction(args.direction)
    events = event_book(args.events or settings.events.file)
    terms: Terms = {
        "now": chain.time,
        "today": day,
        "check_age": False,
        "dividends": cash_dividends(events.of(chain.symbol), chain.time),
    }
    if args.pair is not None:
        return _explain(args, chain, rules, terms, lambda s: verdict(events, chain, s, settings))
    book = playbook(args, chain, settings)
    plan = book.ranking() if book else None
    selection = select(chain, direction, rules, plan=plan, **terms)
    asked = what_if(chain, direction, rules, selection, **terms)
    judged = verdicts(events, chain, selection, settings)
    notes = (
        *_chain_notes(args.chain, chain, rules),
        *event_notes(events, chain.symbol, day, judged),
        *(book.notes() if book else ()),
    )
    selection = replace(selection, notes=selection.notes + notes)
    _print(chain, selection, judged)
    print_what_if(asked)
    if book and selection.spreads:
        print_plan(book, selection.spreads[0])
    found = report(chain, selection, judged)
    figures = all_figures(chain, selection, settings)
    for place, (keys, ranked) in enumerate(zip(found["spreads"], selection.spreads, strict=True)):
        keys["figures"] = figure_keys(figures, place) if figures else None
        if book and place < PLANS:
            keys["plan"] = plan_keys(book, ranked)
    write_json(args.json, found | {"what_if": what_if_keys(asked)})
    return 0


def _explain(
    args: argparse.Namespace,
    chain: OptionChain,
    rules: SelectionRules,
    terms: Terms,
    judged: Callable[[VerticalSpread], EventVerdict],
) -> int:
    """Why one pair is listed or not; 0 either way."""
    from vst_desktop.domain.spreads import VerticalSpread
    from vst_desktop.options.explain import explain_pair
    from vst_desktop.options.selection import right_of

    expiration, long, short = parse_pair(args.pair)
    found = explain_pair(
        chain,
        Direction(args.direction),
        rules,
        expiration=expiration,
        long_strike=long,
        short_strike=short,
        **terms,
    )
    outcome = "passes" if found.passed else "rejected" if found.considered else "no pair"
    text = "" if found.passed else f": {found.text}"
    print(f"{chain.symbol} {expiration} {long}/{short} {args.direction}: {outcome}{text}")
    right = right_of(Direction(args.direction))
    legs = {
        q.contract.strike: q.contract
        for q in chain.quotes
        if q.contract.right is right and q.contract.expiration == expiration
    }
    told: dict[str, Any] = {}
    if found.considered:
        events = judged(VerticalSpread(long=legs[long], short=legs[short]))
        told = event_keys(events)
        for line in (*([f"denied: {events.denied}"] if events.denied else []), *events.warnings):
            print(f"  {line}")
    write_json(
        args.json,
        {
            "pair": args.pair,
            "considered": found.considered,
            "passed": found.passed,
            "rule": found.rule,
            "text": found.text,
            **told,
        },
    )
    return 0


def _chain_notes(path: str, chain: OptionChain, rules: SelectionRules) -> tuple[str, ...]:
    """What is odd about the chain, alone and beside the symbol's nearest one in its folder."""
    from vst_desktop.adapters.files.chains import chain_files, read_chain
    from vst_desktop.options.parity import chain_notes, implied_underlying, price_note
    from vst_desktop.runtime.calendar import trading_day

    assumed = {"rate": rules.risk_free_rate, "dividend_yield": rules.dividend_yield}
    notes = chain_notes(chain, now=chain.time, **assumed)
    day = trading_day(chain.time)
    others = [
        (abs((file.day - day).days), file)
        for file in chain_files(Path(path).parent)
        if file.symbol == chain.symbol and 0 < abs((file.day - day).days) <= NEIGHBOUR_DAYS
    ]
    implied = implied_underlying(chain, now=chain.time, **assumed) if others else None
    if implied is None:
        return notes
    _, nearest = min(others, key=lambda item: (item[0], item[1].day))
    other = read_chain(nearest.path).underlying
    note = price_note(
        implied,
        other,
        f"that of {nearest.day} says",
        NEIGHBOUR_DRIFT,
        f"; these strikes are from {'before' if day < nearest.day else 'after'} it",
    )
    return (*notes, note) if note else notes


def report(chain: OptionChain, selection: Selection, judged: Verdicts) -> dict[str, Any]:
    """The JSON of the command."""
    return {
        "symbol": selection.symbol,
        "direction": str(selection.direction),
        "source": chain.source,
        "time": chain.time,
        "underlying": chain.underlying,
        "considered": selection.considered,
        "rejected": selection.rejected,
        "notes": list(selection.notes),
        "spreads": [_spread(selection, ranked, judged) for ranked in selection.spreads],
    }


def _spread(selection: Selection, ranked: RankedSpread, judged: Verdicts) -> dict[str, Any]:
    from vst_desktop.station.report import spread_keys

    return {
        "symbol": selection.symbol,
        "strategy": None,
        "direction": str(selection.direction),
        **spread_keys(ranked),
        "contracts": None,
        **event_keys(judged[ranked.spread.expiration]),
        "close": ranked.market.close,
        "probability_of_profit": ranked.probability_of_profit,
        "probability_low": ranked.probability_low,
        "probability_high": ranked.probability_high,
        "expected_move": ranked.expected_move,
        "long_iv": ranked.long_iv,
        "short_iv": ranked.short_iv,
        "leg_cost": ranked.leg_cost,
        "open_interest": ranked.open_interest,
        "computed": ranked.computed,
    }


def _print(chain: OptionChain, selection: Selection, judged: Verdicts) -> None:
    from vst_desktop.runtime.calendar import EASTERN

    shown = chain.time.astimezone(EASTERN)
    print(
        f"{selection.symbol} {selection.direction} at {chain.underlying:,.2f}, "
        f"{shown:%Y-%m-%d %H:%M} New York, {len(chain.quotes):,} contracts ({chain.source})"
    )
    print(f"{selection.considered:,} pairs considered, {len(selection.spreads):,} passed")
    for name, count in selection.rejected.items():
        print(f"  {name:<14}{count:>9,} rejected")
    for note in selection.notes:
        print(f"  note: {note}")
    if not selection.spreads:
        print("no spread passes")
        return
    print(_COLUMNS)
    for rank, ranked in enumerate(selection.spreads[:SHOWN], start=1):
        denied = judged[ranked.spread.expiration].denied
        print(f"{_row(rank, ranked)}{'  denied' if denied else ''}")
    if len(selection.spreads) > SHOWN:
        print(f"and {len(selection.spreads) - SHOWN} more (see --json)")


def _row(rank: int, ranked: RankedSpread) -> str:
    odds, interest = ranked.probability_of_profit, ranked.open_interest
    return (
        f"{rank:>3} {ranked.spread.expiration:%Y-%m-%d} {ranked.dte:>4}  "
        f"{ranked.spread.label():<20}{ranked.debit:>8.2f}{ranked.max_loss_usd:>10.2f}"
        f"{ranked.max_profit_usd:>12.2f}{ranked.reward_risk:>7.2f}{ranked.delta:>7.3f}"
        f"{ranked.breakeven:>11.2f}{'-' if odds is None else f'{100 * odds:.1f}':>7}"
        f"{'-' if interest is None else interest:>8}"
    )
