"""Earnings and dividends held against a spread."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pytest

from vst_desktop.domain.events import CorporateEvent, EventKind, EventTime, SymbolEvents
from vst_desktop.domain.quotes import OptionContract, Right
from vst_desktop.domain.spreads import VerticalSpread
from vst_desktop.options.events import (
    EventRules,
    EventVerdict,
    assignment_looms,
    cash_dividends,
    judge,
    next_dividend,
)

TODAY, EXIT, EXPIRATION = date(2024, 1, 17), date(2024, 2, 9), date(2024, 2, 23)
RULES = EventRules(earnings_policy="block", unknown_event_policy="warn")
LATER = date(2024, 6, 1)


def spread(right: Right = Right.CALL) -> VerticalSpread:
    strikes = (100, 105) if right is Right.CALL else (105, 100)
    long, short = (
        OptionContract(symbol="XYZ", expiration=EXPIRATION, strike=Decimal(s), right=right)
        for s in strikes
    )
    return VerticalSpread(long=long, short=short)


def earnings(day: date, time: EventTime | None = None) -> CorporateEvent:
    return CorporateEvent(kind=EventKind.EARNINGS, day=day, time=time)


def dividend(day: date, usd: str | None = "0.47") -> CorporateEvent:
    amount = None if usd is None else Decimal(usd)
    return CorporateEvent(kind=EventKind.EX_DIVIDEND, day=day, amount_usd=amount)


def events(*known: CorporateEvent, doubts: tuple[str, ...] = ()) -> SymbolEvents:
    """With the next ones far away, so that both kinds are known."""
    far = (earnings(LATER), dividend(LATER))
    return SymbolEvents(symbol="XYZ", events=(*known, *far), doubts=doubts)


def verdict(
    known: SymbolEvents, rules: EventRules = RULES, right: Right = Right.CALL
) -> EventVerdict:
    return judge(known, spread(right), rules, today=TODAY, exit_by=EXIT)


def test_nothing_ahead_passes_without_a_word() -> None:
    assert verdict(events()) == EventVerdict(earnings=(), dividends=())


def test_earnings_before_the_time_exit_are_blocked_with_day_and_setting() -> None:
    told = earnings(date(2024, 1, 30), EventTime.AFTER_CLOSE)
    found = verdict(events(told))
    assert found.earnings == (told,)
    assert found.denied == (
        "earnings on 2024-01-30 after the close, before the time exit on 2024-02-09 "
        "(options.earnings_policy is block)"
    )
    assert found.warnings == ()


@pytest.mark.parametrize(("policy", "warned"), [("warn", 1), ("allow", 0)])
def test_the_earnings_policy_may_warn_or_allow(policy: str, warned: int) -> None:
    rules = EventRules(earnings_policy=policy, unknown_event_policy="warn")  # type: ignore[arg-type]
    found = verdict(events(earnings(date(2024, 1, 30))), rules)
    assert found.denied is None
    assert len(found.warnings) == warned
    assert found.earnings is not None and len(found.earnings) == 1


@pytest.mark.parametrize(
    ("day", "time", "counts"),
    [
        (date(2024, 1, 16), EventTime.AFTER_CLOSE, False),
        (TODAY, EventTime.BEFORE_OPEN, False),
        (TODAY, EventTime.AFTER_CLOSE, True),
        (TODAY, None, True),
        (EXIT, EventTime.BEFORE_OPEN, True),
        (EXIT, None, True),
        (EXIT, EventTime.AFTER_CLOSE, False),
        (date(2024, 2, 10), None, False),
    ],
)
def test_earnings_count_while_the_spread_is_held(
    day: date, time: EventTime | None, counts: bool
) -> None:
    assert (verdict(events(earnings(day, time))).denied is not None) is counts


def test_earnings_between_the_time_exit_and_expiration_are_mentioned() -> None:
    found = verdict(events(earnings(date(2024, 2, 20))))
    assert found.denied is None
    assert found.warnings == ("earnings on 2024-02-20, between the time exit and expiration",)


def test_unknown_is_told_as_unknown_never_as_none() -> None:
    found = verdict(SymbolEvents(symbol="XYZ"))
    assert found.earnings is None and found.dividends is None
    assert found.denied is None
    assert found.warnings == ("earnings unknown", "ex-dividend date unknown")


def test_past_dates_alone_leave_the_next_ones_unknown() -> None:
    old = SymbolEvents(symbol="XYZ", events=(earnings(date(2023, 10, 1)),))
    assert verdict(old).earnings is None


def test_unknown_events_can_be_blocked_or_allowed() -> None:
    block = EventRules(earnings_policy="block", unknown_event_policy="block")
    denied = verdict(SymbolEvents(symbol="XYZ"), block).denied
    assert denied is not None
    assert denied.startswith("earnings unknown (options.unknown_event_policy is block); ex-div")
    allow = replace(block, unknown_event_policy="allow")
    assert verdict(SymbolEvents(symbol="XYZ"), allow).warnings == ()


def test_a_doubtful_line_makes_everything_unknown_and_is_repeated() -> None:
    found = verdict(events(doubts=("line 3 of e.csv: bad",)))
    assert found.earnings is None
    assert found.warnings[0] == "line 3 of e.csv: bad"


def test_an_ex_date_is_mentioned_for_bull_calls_alone() -> None:
    ahead = events(dividend(date(2024, 2, 1)))
    (warning,) = verdict(ahead).warnings
    assert warning == ("ex-dividend on 2024-02-01, 0.47 USD: the short call may be exercised early")
    put = verdict(ahead, right=Right.PUT)
    assert put.warnings == ()
    assert put.dividends == (dividend(date(2024, 2, 1)),)


@pytest.mark.parametrize(
    ("day", "counts"),
    [(TODAY, False), (date(2024, 1, 18), True), (EXIT, True), (date(2024, 2, 10), False)],
)
def test_ex_dates_count_from_tomorrow_to_the_time_exit(day: date, counts: bool) -> None:
    assert bool(verdict(events(dividend(day))).dividends) is counts


def test_a_put_needs_no_ex_date() -> None:
    known = SymbolEvents(symbol="XYZ", events=(earnings(LATER),))
    assert verdict(known, right=Right.PUT).warnings == ()


def test_dividends_ahead_are_years_from_now_and_usd() -> None:
    now = datetime(2024, 1, 17, 14, 30, tzinfo=UTC)
    known = SymbolEvents(
        symbol="XYZ",
        events=(dividend(date(2023, 11, 1)), dividend(LATER, None), dividend(date(2024, 2, 1))),
    )
    found = cash_dividends(known, now)
    assert np.asarray(found.years) == pytest.approx([15 / 365])
    assert np.asarray(found.usd) == pytest.approx([0.47])
    assert next_dividend(known, date(2024, 1, 17)) == dividend(date(2024, 2, 1))
    assert next_dividend(known, LATER) is None


def test_the_brokers_dividend_replaces_the_files_of_that_day_and_later() -> None:
    old, wrong = dividend(date(2023, 11, 1)), dividend(date(2024, 2, 8), "1")
    told = dividend(date(2024, 2, 1), "0.5")
    known = SymbolEvents(symbol="XYZ", events=(old, wrong, earnings(LATER)))
    assert known.with_dividend(told).of(EventKind.EX_DIVIDEND) == (old, told)
    assert known.with_dividend(told).of(EventKind.EARNINGS) == (earnings(LATER),)


@pytest.mark.parametrize(
    ("spot", "call", "looms"),
    [
        (105.0, 5.40, True),  # extrinsic 0.40 < 0.517
        (105.0, 5.60, False),  # 0.60
        (105.0, 5.517, False),  # exactly 1.1 x 0.47
        (99.0, 0.30, True),  # 1 % out of the money
        (98.9, 0.30, False),
    ],
)
def test_a_short_call_is_at_risk_near_the_money_with_little_extrinsic_value(
    spot: float, call: float, looms: bool
) -> None:
    assert assignment_looms(spot=spot, strike=100, call_price=call, dividend_usd=0.47) is looms
