"""``vst report shadow``: what the refusals of the live journal saved or cost, month by month."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Any

from vst_desktop.cli.common import write_json
from vst_desktop.cli.journal import journal_path
from vst_desktop.domain.errors import UserError

if TYPE_CHECKING:
    from vst_desktop.backtest.passed_over import Decision
    from vst_desktop.ports.store import IntentRecord, JournalEvent

PASSED_OVER = "PASSED_OVER"
"""Shown, and neither approved nor rejected."""
REJECTED = "REJECTED"
_SPREAD = re.compile(r"([\d.]+) / ([\d.]+) ([CP]) (\d{4}-\d\d-\d\d)")
Key = tuple[date, str, str]
"""Session, symbol, strategy: a candidate stands once in a day."""


def run(args: argparse.Namespace) -> int:
    """Follow them, print and write; 0 whatever came of it."""
    from vst_desktop.adapters.sqlite.reading import read_events, read_intents
    from vst_desktop.backtest.passed_over import follow_decisions
    from vst_desktop.backtest.rules import LabRules, Span
    from vst_desktop.backtest.shadow import monthly
    from vst_desktop.backtest.workbench import Workbench
    from vst_desktop.bootstrap import profile_settings
    from vst_desktop.bootstrap.profiles import bar_store
    from vst_desktop.cli.lab import read_all_bars

    settings = profile_settings(args.profile, args.overrides)
    path = journal_path(args)
    decisions = unbought(read_events(path), read_intents(path))
    if not decisions:
        raise UserError(
            "no candidate was left unbought in it", where=str(path), remedy="scan and trade first"
        )
    place = args.bars or str(bar_store(settings))
    symbols = sorted({one.symbol for one in decisions})
    bars, _ = read_all_bars(place, symbols, settings)
    last = max(one.day(-1) for one in bars)
    bench = Workbench(bars=bars, span=Span(start=min(one.day for one in decisions), end=last))
    rules = LabRules.of(settings)
    found = follow_decisions(bench.panel, bench.model(rules), rules, decisions)
    told = monthly(found.refusals)
    print(f"{path}: {len(decisions)} candidates were not bought")
    for line in told["lines"]:
        print(line)
    if found.open:
        print(f"{found.open} have not ended by {last}")
    if found.unknown:
        print(f"{found.unknown} have no bars of their day in {place}")
    print("in at the market that was seen; out by the lab's option model")
    write_json(args.json, {**told, "open": found.open, "unknown": found.unknown})
    return 0


def unbought(events: Iterable[JournalEvent], intents: Iterable[IntentRecord]) -> list[Decision]:
    """What was proposed and not bought, once for each session: the last state of each counts."""
    from vst_desktop.domain.orders import Side
    from vst_desktop.runtime.calendar import trading_day

    shown: dict[Key, Decision] = {}
    for event in events:
        if event.name not in ("CANDIDATE", "REJECT"):
            continue
        code = REJECTED if event.name == "REJECT" else PASSED_OVER
        found = proposed(event.data, trading_day(event.time), code)
        if found is not None:
            shown[(found.day, found.symbol, found.strategy)] = found
    for intent in intents:
        if intent.side is not Side.BUY:
            continue
        key = (date.fromisoformat(intent.session), intent.spread.symbol, intent.strategy)
        if intent.filled or intent.state.value not in ("DENIED", "EXPIRED", "CANCELLED"):
            shown.pop(key, None)  # bought, still on its way, or of a fate that nobody knows
        elif (before := shown.get(key)) is not None:
            shown[key] = _of_intent(intent, before)
    return [shown[key] for key in sorted(shown)]


def proposed(data: Any, day: date, code: str) -> Decision | None:
    """A proposal as the journal has it; None where it has no market to go by."""
    from vst_desktop.backtest.passed_over import Decision
    from vst_desktop.domain.signals import Direction

    quotes, spread = data.get("quotes") or {}, _SPREAD.fullmatch(str(data.get("spread", "")))
    if spread is None or quotes.get("natural") is None:
        return None
    long, short, right, expiration = spread.groups()
    return Decision(
        symbol=str(data["symbol"]),
        strategy=str(data["signal"]["strategy"]),
        direction=Direction.LONG if right == "C" else Direction.SHORT,
        day=day,
        expiration=date.fromisoformat(expiration),
        long_strike=float(long),
        short_strike=float(short),
        natural=float(quotes["natural"]),
        close=float(quotes["close"]),
        code=code,
    )


def _of_intent(intent: IntentRecord, before: Decision) -> Decision:
    """The approved spread, at the debit that was seen; its market was as wide as before."""
    from dataclasses import replace

    spread, natural = intent.spread, float(intent.debit_seen)
    return replace(
        before,
        expiration=spread.expiration,
        long_strike=float(spread.long.strike),
        short_strike=float(spread.short.strike),
        natural=natural,
        close=natural - (before.natural - before.close),
        code=str(intent.state),
    )
