"""``vst payoff``: profit of a spread by price, as a table, arrays and a picture."""

from __future__ import annotations

import argparse
import itertools
import math
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from vst_desktop.cli.common import add_json_option, add_settings_option, parse_date, write_json
from vst_desktop.cli.events import event_book
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.signals import Direction

if TYPE_CHECKING:
    from vst_desktop.cli.payoff_position import Position
    from vst_desktop.gui.tokens import Tokens
    from vst_desktop.gui.widgets.payoff_drawing import Drawing
    from vst_desktop.options.payoff import Payoff, Scenario
    from vst_desktop.runtime.settings import Settings

MOST_LINES = 9
_LARGEST_SHIFT = 2.0
_COLUMN = 13
_THEMES = ("light", "dark", "colour-blind")


def add_parser(subparsers: Any) -> None:
    """Add the command's arguments."""
    parser = subparsers.add_parser("payoff", help="profit of a spread by price; a picture of it")
    chain = parser.add_argument_group("a spread of a recorded chain")
    chain.add_argument("--chain", metavar="FILE", help="recorded chain, Parquet or CSV")
    chain.add_argument(
        "--direction",
        type=str.upper,
        choices=[str(d) for d in Direction],
        help="LONG: bull calls, SHORT: bear puts",
    )
    chain.add_argument(
        "--rank", type=int, default=1, metavar="N", help="n-th of vst select (default: the first)"
    )
    spread = parser.add_argument_group("any spread")
    spread.add_argument("--strikes", metavar="BOUGHT/SOLD", help="as 100/105")
    spread.add_argument("--expiration", metavar="D", help="ISO date")
    own = parser.add_argument_group("without a chain")
    own.add_argument("--symbol", metavar="S")
    own.add_argument("--right", type=str.upper, choices=["C", "P"], help="calls or puts")
    own.add_argument("--spot", metavar="USD", help="the underlying's price")
    own.add_argument("--debit", metavar="USD", help="paid per share")
    own.add_argument("--volatility", metavar="V", help="per year: 0.3, or of each leg: 0.31,0.29")
    own.add_argument("--on", metavar="D", help="the day on which all this holds, at its close")
    parser.add_argument("--quantity", type=int, default=1, metavar="N", help="spreads")
    parser.add_argument("--dates", metavar="D,D", help="default: now and the day of the time exit")
    parser.add_argument(
        "--shifts",
        metavar="V,V",
        help="also with these added to the volatility, as --shifts=-0.05,0.05",
    )
    parser.add_argument("--picture", metavar="FILE", help="a .png or .svg file")
    parser.add_argument("--theme", choices=_THEMES, default="light", help="of the picture")
    parser.add_argument(
        "--events", metavar="FILE", help="dividends (default: the setting events.file)"
    )
    add_json_option(parser)
    add_settings_option(parser)


def run(args: argparse.Namespace) -> int:
    """Work the profits out, print them, and write what was asked for."""
    from vst_desktop.cli.payoff_position import position
    from vst_desktop.options.events import cash_dividends
    from vst_desktop.options.payoff import AT_EXPIRATION, payoff
    from vst_desktop.options.rules import SelectionRules
    from vst_desktop.runtime.settings import load_settings

    if not 1 <= args.quantity <= 10_000:
        raise UserError(f"--quantity {args.quantity} is not from 1 to 10000", exit_code=2)
    settings = load_settings(args.overrides)
    rules = SelectionRules.of(settings.options.model_dump())
    book = event_book(args.events or settings.events.file)
    held = position(args, rules, book)
    scenarios = (AT_EXPIRATION, *_scenarios(args, held, settings))
    found = payoff(
        held.spread,
        debit=held.debit,
        quantity=args.quantity,
        spot=held.spot,
        ivs=held.ivs,
        days_to_expiration=_days_left(held),
        scenarios=scenarios,
        rate=rules.risk_free_rate,
        dividend_yield=rules.dividend_yield,
        dividends=cash_dividends(book.of(held.spread.symbol), held.now),
    )
    _print(held, found, args.quantity)
    if args.picture:
        _draw(args, held, found)
    write_json(args.json, _report(held, found, args.quantity))
    return 0


def _days_left(held: Position) -> float:
    from vst_desktop.options.contracts import years_left
    from vst_desktop.options.pricing import DAYS_A_YEAR

    return years_left(held.spread.long, held.now) * DAYS_A_YEAR


def _scenarios(args: argparse.Namespace, held: Position, settings: Settings) -> list[Scenario]:
    """Every date at every volatility, dates at their close."""
    from vst_desktop.options.payoff import Scenario
    from vst_desktop.runtime.calendar import EASTERN

    today, expiration = held.now.astimezone(EASTERN).date(), held.spread.expiration
    if args.dates is None:
        days = [today, _exit_day(held, settings)]
    else:
        days = [parse_date(part.strip()) for part in args.dates.split(",") if part.strip()]
    ahead = []
    for day in dict.fromkeys(days):
        if not today <= day <= expiration:
            raise UserError(
                f"--dates {day} is not from {today} to the expiration {expiration}", exit_code=2
            )
        close = datetime.combine(day, time(16), tzinfo=EASTERN)
        ahead.append(max((close - held.now).total_seconds() / 86_400, 0.0))
    shifts = [0.0, *_shifts(args.shifts)]
    if 1 + len(ahead) * len(shifts) > MOST_LINES:
        raise UserError(
            f"{1 + len(ahead) * len(shifts)} lines are more than {MOST_LINES}",
            remedy="ask for fewer --dates or --shifts",
            exit_code=2,
        )
    return [
        Scenario(days_ahead=days, volatility_shift=shift)
        for days, shift in itertools.product(ahead, shifts)
    ]


def _exit_day(held: Position, settings: Settings) -> date:
    from vst_desktop.runtime.calendar import EASTERN, Sessions
    from vst_desktop.strategy.exit import exit_day

    leg = held.spread.long
    is_session = Sessions().is_session
    day = exit_day(leg.expiration, leg.last_trade, settings.exits.min_days_to_exit, is_session)
    return max(day, held.now.astimezone(EASTERN).date())


def _shifts(text: str | None) -> list[float]:
    found = []
    for part in (text or "").split(","):
        if not part.strip():
            continue
        try:
            shift = float(part)
        except ValueError:
            shift = math.nan
        if not 0 < abs(shift) <= _LARGEST_SHIFT:
            raise UserError(
                f"--shifts {part.strip()!r} is no change of the volatility",
                remedy="write it as a fraction: 0.05 is five points more",
                exit_code=2,
            )
        found.append(shift)
    return list(dict.fromkeys(found))


def _label(held: Position, scenario: Scenario) -> str:
    if scenario.days_ahead is None:
        return "at expiration"
    day = _day(held, scenario)
    when = "now" if scenario.days_ahead == 0 else f"{day:%d %b}"
    if not scenario.volatility_shift:
        return when
    return f"{when}, vol {100 * scenario.volatility_shift:+.4g}"


def _day(held: Position, scenario: Scenario) -> date:
    from vst_desktop.runtime.calendar import EASTERN

    if scenario.days_ahead is None:
        return held.spread.expiration
    return (held.now + timedelta(days=scenario.days_ahead)).astimezone(EASTERN).date()


def _title(held: Position) -> str:
    spread = held.spread
    kind = str(spread.spread_type).replace("_", " ").lower()
    return f"{spread.symbol} {kind} {spread.label()}, {spread.expiration:%d %b %Y}"


def _terms(held: Position, quantity: int) -> str:
    """Quantity, price and worst and best case, before commissions."""
    spread = held.spread
    size = spread.multiplier * quantity
    most, least = (spread.width - held.debit) * size, held.debit * size
    ivs = " / ".join(f"{100 * iv:.1f}" for iv in held.ivs)
    return (
        f"{quantity} × for {held.debit:.2f}, at {held.spot:,.2f}; at most +${most:,.0f} and "
        f"−${least:,.0f} before commissions; volatility {ivs} %"
    )


def _marks(held: Position) -> list[tuple[float, str, str]]:
    """Price, name and tone of what is marked."""
    from vst_desktop.options.analytics import breakeven

    spread = held.spread
    even = float(breakeven(spread, held.debit))
    return [
        (held.spot, f"now {held.spot:,.2f}", "text"),
        (even, f"breakeven {even:,.2f}", "text"),
        (float(spread.long.strike), f"bought {spread.long.strike:f}", "text2"),
        (float(spread.short.strike), f"sold {spread.short.strike:f}", "text2"),
    ]


def _print(held: Position, found: Payoff, quantity: int) -> None:
    import numpy as np

    print(_title(held))
    print(_terms(held, quantity))
    labels = [_label(held, scenario) for scenario in found.scenarios]
    wide = [max(_COLUMN, len(label) + 2) for label in labels]
    head = "".join(f"{label:>{w}}" for label, w in zip(labels, wide, strict=True))
    print(f"{'price':>12}{head}")
    ends = (float(found.prices[0]), float(found.prices[-1]))
    names: dict[float, list[str]] = {round(end, 2): [] for end in ends}
    for price, text, _ in _marks(held):
        names.setdefault(price, []).append(text.split()[0])
    for price, about in sorted(names.items()):
        # plus 0: no profit is not shown as a loss of it
        row = [round(float(np.interp(price, found.prices, p)), 2) + 0.0 for p in found.profits_usd]
        values = "".join(f"{value:>{w},.2f}" for value, w in zip(row, wide, strict=True))
        print(f"{price:>12,.2f}{values}  {', '.join(about)}".rstrip())


def _draw(args: argparse.Namespace, held: Position, found: Payoff) -> None:
    from vst_desktop.gui.payoff_picture import save_payoff
    from vst_desktop.gui.tokens import theme_named

    tokens = theme_named(args.theme)
    save_payoff(
        _drawing(held, found, tokens),
        args.picture,
        title=_title(held),
        subtitle=_terms(held, args.quantity),
        tokens=tokens,
    )
    print(f"picture: {args.picture}")


def _drawing(held: Position, found: Payoff, tokens: Tokens) -> Drawing:
    """Each date has its colour, each change of the volatility its dashes."""
    from vst_desktop.gui.tokens import mix
    from vst_desktop.gui.widgets.payoff_drawing import Curve, Dash, Drawing, Mark

    days = list(dict.fromkeys(s.days_ahead for s in found.scenarios if s.days_ahead is not None))
    violet = mix(tokens.accent, tokens.loss, 0.5)
    palette = itertools.cycle(
        (tokens.accent, tokens.warn, violet, tokens.gain, tokens.text3, tokens.loss)
    )
    colours = dict(zip(days, palette, strict=False))
    curves = []
    for scenario, values in zip(found.scenarios, found.profits_usd, strict=True):
        shift = scenario.volatility_shift
        dash: Dash = "solid" if not shift else "dots" if shift > 0 else "dashes"
        colour = tokens.text if scenario.days_ahead is None else colours[scenario.days_ahead]
        curves.append(
            Curve(
                label=_label(held, scenario),
                values=tuple(values.tolist()),
                colour=colour,
                dash=dash,
            )
        )
    return Drawing(
        prices=tuple(found.prices.tolist()),
        curves=tuple(curves),
        marks=tuple(Mark(price=at, text=text, tone=tone) for at, text, tone in _marks(held)),
    )


def _report(held: Position, found: Payoff, quantity: int) -> dict[str, Any]:
    from vst_desktop.options.analytics import breakeven

    spread = held.spread
    size = spread.multiplier * quantity
    return {
        "symbol": spread.symbol,
        "spread_type": str(spread.spread_type),
        "expiration": spread.expiration,
        "right": str(spread.right),
        "long_strike": spread.long.strike,
        "short_strike": spread.short.strike,
        "quantity": quantity,
        "debit": held.debit,
        "time": held.now,
        "spot": held.spot,
        "long_iv": held.ivs[0],
        "short_iv": held.ivs[1],
        "breakeven": breakeven(spread, held.debit),
        "max_loss_usd": held.debit * size,
        "max_profit_usd": (spread.width - held.debit) * size,
        "prices": found.prices.tolist(),
        "lines": [
            {
                "label": _label(held, scenario),
                "date": _day(held, scenario),
                "days_ahead": scenario.days_ahead,
                "volatility_shift": scenario.volatility_shift,
                "profit_usd": values.tolist(),
            }
            for scenario, values in zip(found.scenarios, found.profits_usd, strict=True)
        ],
    }
