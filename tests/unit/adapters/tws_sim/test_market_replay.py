"""The replay market: split bases, symbols that are not served, recorded quotes as recorded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from vst_desktop.adapters.files.bars import read_bars
from vst_desktop.adapters.files.chains import read_chain
from vst_desktop.adapters.tws_sim.market_replay import ReplayMarket, split_ratio
from vst_desktop.adapters.tws_sim.timing import EASTERN
from vst_desktop.domain.quotes import OptionChain, OptionContract, OptionQuote, Quote, Right

AT = datetime(2014, 6, 9, 14, 43, tzinfo=EASTERN).astimezone(UTC)
SATURDAY = date(2014, 7, 19)


@dataclass
class Columns:
    dates: npt.NDArray[np.datetime64]
    values: dict[str, npt.NDArray[np.float64]]


def bars(last: date, close: float = 25.0) -> Columns:
    days = [
        last - timedelta(days=n) for n in range(100) if (last - timedelta(days=n)).weekday() < 5
    ]
    days.reverse()
    prices = np.linspace(close * 0.8, close, len(days))
    values = {name: prices.copy() for name in ("open", "close")}
    values |= {"high": prices * 1.01, "low": prices * 0.99, "volume": np.full(len(days), 4e6)}
    return Columns(np.array(days, dtype="datetime64[D]"), values)


def chain(underlying: float) -> OptionChain:
    contract = OptionContract(
        symbol="AAA", expiration=SATURDAY, strike=Decimal("92.86"), right=Right.CALL
    )
    quote = Quote(bid=3.1, ask=3.25, bid_size=7, ask_size=9, last=3.2, time=AT)
    quotes = (OptionQuote(contract=contract, quote=quote, open_interest=None, volume=12),)
    return OptionChain(symbol="AAA", underlying=underlying, time=AT, quotes=quotes, source="file")


@pytest.mark.parametrize(
    ("chain_price", "bars_price", "ratio"),
    [(93.70, 23.425, 4.0), (645.57, 23.056, 28.0), (50.0, 49.0, 1.0), (10, 20, 0.5), (7, 6, None)],
)
def test_split_ratio_is_known_or_nothing(
    chain_price: float, bars_price: float, ratio: float | None
) -> None:
    assert split_ratio(chain_price, bars_price) == ratio


def test_bars_are_served_on_the_chain_s_basis() -> None:
    market = ReplayMarket({"AAA": bars(date(2014, 6, 9))}, {}, {"AAA": chain(100.0)}, AT)
    assert market.spot("AAA", AT) == 100.0
    served = market.daily_bars("AAA", date(2014, 6, 1), AT)
    assert served[-1].start == date(2014, 6, 9)
    assert served[-1].volume == 1_000_000
    assert market.recorded == {"AAA"}


def test_difference_that_is_no_split_is_reported() -> None:
    market = ReplayMarket({"AAA": bars(date(2014, 6, 9))}, {}, {"AAA": chain(29.0)}, AT)
    assert market.stock("AAA") is None
    assert "no split ratio" in market.unserved["AAA"]


def test_symbol_without_a_bar_on_the_day_is_reported_with_its_last() -> None:
    market = ReplayMarket({"OLD": bars(date(2014, 6, 6))}, {"BAD": "NaN on 2014-01-02"}, {}, AT)
    assert market.stocks() == ()
    assert market.unserved == {
        "OLD": "no bar on 2014-06-09: the last before is of 2014-06-06",
        "BAD": "NaN on 2014-01-02",
    }


def test_recorded_quote_is_served_as_it_stands_saturday_expiration_included() -> None:
    market = ReplayMarket({"AAA": bars(date(2014, 6, 9))}, {}, {"AAA": chain(100.0)}, AT)
    assert list(market.expirations("AAA", AT)) == [SATURDAY]
    (option,) = market.options("AAA", SATURDAY, AT, "C")
    quote = market.quote(option, AT)
    assert quote is not None
    assert (quote.bid, quote.ask, quote.bid_size, quote.ask_size) == (3.1, 3.25, 7, 9)
    assert quote.open_interest is None
    assert market.options("AAA", SATURDAY, AT, "P") == []


def test_real_day_serves_361_symbols_and_apple_on_its_own_basis(data_dir: Path) -> None:
    file = read_bars(data_dir / "sp500_daily.parquet")
    columns = {symbol: file.series.columns(symbol) for symbol in file.series}
    apple = read_chain(data_dir / "chains" / "AAPL_20140609.parquet")
    market = ReplayMarket(columns, {}, {"AAPL": apple}, AT)
    assert (len(market.stocks()), len(market.unserved)) == (361, 24)
    assert market.spot("AAPL", AT) == pytest.approx(93.70)
