from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from vst_desktop.domain.quotes import OptionContract, Right
from vst_desktop.options.contracts import is_standard, last_trading_day, years_left
from vst_desktop.runtime.calendar import Sessions


def _contract(**changes: object) -> OptionContract:
    terms = {"symbol": "BRK B", "expiration": date(2014, 7, 19), "strike": Decimal(100)}
    return OptionContract(**{**terms, "right": Right.CALL, **changes})


def test_saturday_expirations_trade_until_the_session_before_on_every_saturday_of_19_years():
    sessions = Sessions()
    day = date(2008, 1, 5)
    while day < date(2027, 1, 1):
        assert last_trading_day(day) == sessions.previous_session(day), day
        day += timedelta(days=7)


def test_the_saturday_after_good_friday_is_traded_until_thursday():
    assert last_trading_day(date(2014, 4, 19)) == date(2014, 4, 17)


def test_weeklies_expire_on_their_own_day():
    assert last_trading_day(date(2014, 7, 3)) == date(2014, 7, 3)
    assert last_trading_day(date(2014, 7, 11)) == date(2014, 7, 11)


def test_time_counts_to_the_close_of_the_last_trading_day_and_never_below_zero():
    noon = datetime(2014, 7, 18, 16, 0, tzinfo=UTC)  # 12:00 in New York
    assert years_left(_contract(), noon) == pytest.approx(4 / 24 / 365)
    assert years_left(_contract(), noon + timedelta(days=1)) == 0


@pytest.mark.parametrize(
    ("trading_class", "multiplier", "standard"),
    [
        ("", 100, True),
        ("BRKB", 100, True),
        ("BRK.B", 100, True),
        ("BRKB1", 100, False),
        ("BRKB", 150, False),
        ("2BRKB", 100, False),
    ],
)
def test_standard_means_multiplier_100_and_the_symbols_own_class_without_punctuation(
    trading_class, multiplier, standard
):
    contract = _contract(trading_class=trading_class, multiplier=multiplier)
    assert is_standard(contract, "BRK B") is standard
