"""What earnings and dividends mean for a spread: entries refused, warnings, early exercise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, time
from typing import Any, Literal, Self
from zoneinfo import ZoneInfo

import numpy as np

from vst_desktop.domain.events import CorporateEvent, EventKind, EventTime, SymbolEvents
from vst_desktop.domain.quotes import Right
from vst_desktop.domain.spreads import VerticalSpread
from vst_desktop.options.early_exercise import CashDividends
from vst_desktop.options.pricing import DAYS_A_YEAR

Policy = Literal["block", "warn", "allow"]
_OPEN = time(9, 30, tzinfo=ZoneInfo("America/New_York"))
_NEAR_THE_MONEY = 0.01
_DIVIDEND_MARGIN = 1.1
"""SPEC 9, EX_DIV: within 1 % of the money, extrinsic value under 1.1 times the dividend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRules:
    """The keys of the settings group ``options`` that judge events."""

    earnings_policy: Policy
    unknown_event_policy: Policy

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Self:
        """The rules among the keys of the settings group."""
        return cls(**{field.name: options[field.name] for field in fields(cls)})


@dataclass(frozen=True, slots=True, kw_only=True)
class EventVerdict:
    """What lies between an entry today and the plan's last day.

    ``denied`` is the reason why the policies refuse the spread, None when they do not.
    ``earnings`` and ``dividends`` None: not known.
    """

    earnings: tuple[CorporateEvent, ...] | None
    dividends: tuple[CorporateEvent, ...] | None
    denied: str | None = None
    warnings: tuple[str, ...] = ()


def judge(
    events: SymbolEvents, spread: VerticalSpread, rules: EventRules, *, today: date, exit_by: date
) -> EventVerdict:
    """Hold a spread against what is known of its symbol.

    Earnings count from today to the time exit, those told before today's open or after the last
    day's close apart. Ex-dates count from tomorrow on, and matter for the short call of a bull
    call alone: a put is not exercised for a dividend.

    Args:
        events: What is known of the symbol.
        spread: The spread that would be bought today.
        rules: What to do about earnings and about what is not known.
        today: The trading day.
        exit_by: The day on which the time exit closes the position.
    """
    earnings = _known(events, EventKind.EARNINGS, today)
    dividends = _known(events, EventKind.EX_DIVIDEND, today)
    denied: list[str] = []
    warnings = list(events.doubts)

    def tell(policy: Policy, text: str, setting: str) -> None:
        if policy == "block":
            denied.append(f"{text} (options.{setting} is block)")
        elif policy == "warn":
            warnings.append(text)

    if earnings is None:
        tell(rules.unknown_event_policy, "earnings unknown", "unknown_event_policy")
    else:
        inside = [event for event in earnings if _inside(event, today, exit_by)]
        for event in inside:
            text = f"{event}, before the time exit on {exit_by}"
            tell(rules.earnings_policy, text, "earnings_policy")
        warnings += [
            f"{event}, between the time exit and expiration"
            for event in earnings
            if event not in inside and exit_by <= event.day <= spread.expiration
        ]
        earnings = tuple(inside)
    if dividends is not None:
        dividends = tuple(event for event in dividends if today < event.day <= exit_by)
    if spread.right is Right.CALL and dividends is None:
        tell(rules.unknown_event_policy, "ex-dividend date unknown", "unknown_event_policy")
    elif spread.right is Right.CALL:
        warnings += [f"{each}: the short call may be exercised early" for each in dividends or ()]
    return EventVerdict(
        earnings=earnings,
        dividends=dividends,
        denied="; ".join(denied) or None,
        warnings=tuple(warnings),
    )


def cash_dividends(events: SymbolEvents, now: datetime) -> CashDividends:
    """The dividends ahead as the American model takes them; those without an amount are none.

    An ex-date counts from 9:30 New York; years have 365 days.
    """
    ahead = [
        (years, float(event.amount_usd))
        for event in events.of(EventKind.EX_DIVIDEND)
        if event.amount_usd is not None
        and (years := _years(now, datetime.combine(event.day, _OPEN))) > 0
    ]
    return CashDividends(
        years=np.array([years for years, _ in ahead]), usd=np.array([usd for _, usd in ahead])
    )


def next_dividend(events: SymbolEvents, today: date) -> CorporateEvent | None:
    """The first ex-date after today; None when none is known."""
    later = (event for event in events.of(EventKind.EX_DIVIDEND) if event.day > today)
    return next(later, None)


def earnings_before(events: SymbolEvents, today: date, next_session: date) -> CorporateEvent | None:
    """Earnings that are told after today's close and before the next session's close.

    Those of the next session's evening can wait for its own last hour; those whose time of the
    day is not known can not.
    """
    for event in events.of(EventKind.EARNINGS):
        if event.day == today and event.time is not EventTime.BEFORE_OPEN:
            return event
        if today < event.day <= next_session and not (
            event.day == next_session and event.time is EventTime.AFTER_CLOSE
        ):
            return event
    return None


def assignment_looms(*, spot: float, strike: float, call_price: float, dividend_usd: float) -> bool:
    """Whether a short call is likely to be exercised for the dividend (SPEC 9, EX_DIV).

    It is when the call is in the money or within 1 % of it, and holding on to it is worth less
    than 1.1 times the dividend. Prices are USD per share.
    """
    extrinsic = call_price - max(spot - strike, 0.0)
    near = spot >= strike * (1 - _NEAR_THE_MONEY)
    return near and extrinsic < _DIVIDEND_MARGIN * dividend_usd


def _known(events: SymbolEvents, kind: EventKind, today: date) -> tuple[CorporateEvent, ...] | None:
    return events.of(kind) if events.knows(kind, today) else None


def _inside(event: CorporateEvent, today: date, exit_by: date) -> bool:
    told_already = event.day == today and event.time is EventTime.BEFORE_OPEN
    told_after = event.day == exit_by and event.time is EventTime.AFTER_CLOSE
    return today <= event.day <= exit_by and not told_already and not told_after


def _years(now: datetime, then: datetime) -> float:
    return (then - now).total_seconds() / 86_400 / DAYS_A_YEAR
