"""What is known of a contract by its terms: when it last trades, and whether it is a standard one.

Until 2015 monthly options expired on the Saturday after the third Friday, and old files say so.
Trading ended on the Friday, or the day before where the exchange was closed on it.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from vst_desktop.domain.quotes import OptionContract
from vst_desktop.options.pricing import DAYS_A_YEAR

STANDARD_MULTIPLIER = 100
_CLOSE = time(16, 0, tzinfo=ZoneInfo("America/New_York"))

_FRIDAY = 4
_JUNETEENTH_SINCE = 2022


def is_standard(contract: OptionContract, symbol: str) -> bool:
    """Whether it delivers 100 shares of the symbol and nothing else.

    A contract adjusted for a split or a merger has another multiplier or trading class (AAPL1);
    classes and symbols are compared without punctuation (BRK.B, BRKB).
    """
    name = contract.trading_class
    return contract.multiplier == STANDARD_MULTIPLIER and (
        not name or name == symbol or plain(name) == plain(symbol)
    )


def plain(name: str) -> str:
    """A class or symbol without punctuation, in capitals."""
    return "".join(c for c in name if c.isalnum()).upper()


def years_left(contract: OptionContract, now: datetime) -> float:
    """Years of 365 days to 16:00 New York on the last trading day, 0 when past."""
    day = last_trading_day(contract.last_trade or contract.expiration)
    seconds = (datetime.combine(day, _CLOSE) - now).total_seconds()
    return max(0.0, seconds / 86_400 / DAYS_A_YEAR)


def last_trading_day(expiration: date) -> date:
    """The expiration, or the last session before it where it falls on a weekend or holiday.

    Knows weekends and the Friday holidays of the New York Stock Exchange, without a calendar
    library; days it closed by special order are not among them.
    """
    day = expiration - timedelta(days=max(0, expiration.weekday() - _FRIDAY))
    return day - timedelta(days=1) if _closed_friday(day) else day


def _closed_friday(day: date) -> bool:
    if day.weekday() != _FRIDAY:
        return False
    fixed = {(7, 4), (12, 25)}
    if day.year >= _JUNETEENTH_SINCE:
        fixed.add((6, 19))
    # A holiday on Saturday is kept on Friday; not New Year, which would fall into the old year.
    observed = day + timedelta(days=1)
    return (
        (day.month, day.day) in fixed | {(1, 1)}
        or (observed.month, observed.day) in fixed
        or day == _easter(day.year) - timedelta(days=2)
    )


def _easter(year: int) -> date:
    """Easter Sunday by the anonymous Gregorian computus (J. Meeus, "Astronomical Algorithms")."""
    century, in_century = divmod(year, 100)
    golden = year % 19
    epact = (19 * golden + century - century // 4 - (8 * century + 13) // 25 + 15) % 30
    leap, left = divmod(in_century, 4)
    weekday = (32 + 2 * (century % 4) + 2 * leap - epact - left) % 7
    correction = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * correction + 114, 31)
    return date(year, month, day + 1)
