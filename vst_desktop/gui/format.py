"""Figures, dates and times as the window writes them. Pure; None becomes an en dash."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

EASTERN = ZoneInfo("America/New_York")
NONE = "–"
MINUS = "−"
UP = "▲"
DOWN = "▼"
# Qt switches the C locale to the user's, which would translate strftime's month names.
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

DIM_SECS, STRIKE_SECS = 5, 30
"""From these ages on a price is dimmed, and struck through."""

Number = Decimal | float | int


def number(value: Number | None, decimals: int = 2, *, signed: bool = False) -> str:
    """A figure with thousands separators, fixed decimals and a true minus."""
    return _signed(value, decimals, signed, "")


def usd(value: Number | None, decimals: int = 0, *, signed: bool = False) -> str:
    """Dollars: ``$1,404``, ``−$1,152``, signed ``+$318.40``."""
    return _signed(value, decimals, signed, "$")


@lru_cache(maxsize=16384)  # a repaint writes the same figures again
def _signed(value: Number | None, decimals: int, signed: bool, unit: str) -> str:
    if value is None or value != value or value in (float("inf"), float("-inf")):
        return NONE
    step = Decimal(1).scaleb(-decimals)
    rounded = Decimal(str(value)).quantize(step, ROUND_HALF_UP)
    sign = MINUS if rounded < 0 else "+" if signed and rounded > 0 else ""
    return f"{sign}{unit}{abs(rounded):,.{decimals}f}"


def percent(fraction: Number | None, decimals: int = 0, *, signed: bool = False) -> str:
    """A fraction as per cent: 0.4 is ``40 %``."""
    text = number(None if fraction is None else float(fraction) * 100, decimals, signed=signed)
    return text if text == NONE else f"{text} %"


def strike(value: Decimal) -> str:
    """A strike without useless zeros: ``104``, ``57.5``."""
    return f"{value.normalize():f}"


def strategy(name: str) -> str:
    """A strategy's name where its direction stands beside it: ``PULLBACK``."""
    return name.replace("_", " ").removeprefix("BULL ").removeprefix("BEAR ")


def strikes(long: Decimal, short: Decimal, right: str) -> str:
    """``104 / 112 C``."""
    return f"{strike(long)} / {strike(short)} {right}"


def width(value: Decimal) -> str:
    """A strike distance without useless zeros."""
    return strike(value)


def arrow(value: Number | None) -> str:
    """The sign as an arrow; nothing for zero and None."""
    if value is None or value == 0:
        return ""
    return UP if value > 0 else DOWN


def tone_of(value: Number | None) -> str:
    """``gain``, ``loss`` or plain text for zero and None."""
    if value is None or value == 0:
        return "text"
    return "gain" if value > 0 else "loss"


def day(value: date) -> str:
    """``29 Dec``."""
    return f"{value.day} {MONTHS[value.month - 1]}"


def day_year(value: date) -> str:
    """``29 Dec 2017``."""
    return f"{day(value)} {value.year}"


def eastern(moment: datetime) -> datetime:
    """The moment on New York's clocks."""
    return moment.astimezone(EASTERN)


def clock(moment: datetime | None, *, seconds: bool = True) -> str:
    """Time of day in New York: ``14:42:41`` or ``14:42``."""
    if moment is None:
        return NONE
    local = eastern(moment)
    text = f"{local.hour:02}:{local.minute:02}"
    return f"{text}:{local.second:02}" if seconds else text


def duration(span: timedelta) -> str:
    """A span as a countdown: ``00:02:14``, beyond a day ``2 d 03:10:00``; never negative."""
    secs = max(0, int(span.total_seconds()))
    days, secs = divmod(secs, 86400)
    text = f"{secs // 3600:02}:{secs // 60 % 60:02}:{secs % 60:02}"
    return f"{days} d {text}" if days else text


def age(secs: int | None) -> str:
    """How old a price is: ``3``, ``2 m``, ``1 h``; an en dash when it was never quoted."""
    if secs is None:
        return NONE
    if secs < 100:
        return str(secs)
    return f"{secs // 60} m" if secs < 6000 else f"{secs // 3600} h"


def entry_window(
    now: datetime, opens: datetime | None, closes: datetime | None
) -> tuple[str, str, str]:
    """Caption, figure and tone of the entry window as the strip shows them."""
    if opens is None or closes is None:
        return "Entry window", NONE, "text2"
    now = now.astimezone(UTC)
    other_day = eastern(opens).date() != eastern(now).date()
    prefix = f"{day(eastern(opens).date())} " if other_day else ""
    span = f"{clock(opens, seconds=False)}–{clock(closes, seconds=False)}"
    caption = f"Entry window  {prefix}{span} ET"
    if now < opens:
        return caption, f"opens in {duration(opens - now)}", "warn"
    if now < closes:
        return caption, f"open, {duration(closes - now)} left", "gain"
    return caption, "closed", "text2"
