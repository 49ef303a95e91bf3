"""Five-second bars, tick-by-tick data and computations for a client."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.helpers.sim_peer import SimPeer, errors
from tests.helpers.tiny_market import IN_SESSION, TinyClock, TinyMarket
from vst_desktop.adapters.tws_sim.server import TwsServer
from vst_desktop.adapters.tws_sim.wire import Field
from vst_desktop.adapters.tws_sim.world import Instrument, MarketQuote

AAPL: tuple[Field, ...] = (265598, "", "STK", "", 0, "", "", "SMART", "", "USD", "", "")
START = int(IN_SESSION.timestamp())


class Walking(TinyMarket):
    """The stock gains a cent and a hundred shares every second."""

    def quote(self, instrument: Instrument, at: datetime) -> MarketQuote | None:
        found = super().quote(instrument, at)
        secs = (at - IN_SESSION).total_seconds()
        if found is None or instrument.sec_type != "STK":
            return found
        up = round(secs / 100, 2)
        return replace(
            found,
            last=round((found.last or 0) + up, 2),
            bid=round((found.bid or 0) + up, 2),
            ask=round((found.ask or 0) + up, 2),
            volume=found.volume + int(secs) * 100,
        )


class Watcher(SimPeer):
    """A client that watches a walking stock."""

    def __init__(self) -> None:
        self.clock, self.market = TinyClock(), Walking()
        super().__init__(TwsServer(self.market, self.clock))

    def after(self, **span: float) -> list[list[str]]:
        self.clock.advance(self.clock.now() + timedelta(**span))
        return self.refresh()

    def bars(self, what: str = "TRADES") -> list[list[str]]:
        return self.say(50, 3, 4, *AAPL, 5, what, 1, "")

    def option(self) -> tuple[Field, ...]:
        con_id = self.market.option(100.0).con_id
        return (con_id, "", "OPT", "", 0, "", "", "SMART", "", "USD", "", "")


def test_a_bar_is_told_when_its_five_seconds_are_over() -> None:
    watcher = Watcher()
    assert watcher.bars() == []
    assert watcher.after(seconds=4) == []
    told = watcher.after(seconds=1)
    assert told == [
        ["50", "3", "4", str(START), "100", "100.05", "100", "100.05", "500", "100.025", "5"]
    ]
    assert watcher.refresh() == []
    assert [fields[3] for fields in watcher.after(seconds=10)] == [str(START + 5), str(START + 10)]


@pytest.mark.parametrize(
    ("what", "opened"), [("MIDPOINT", "100"), ("BID", "99.99"), ("ASK", "100.01")]
)
def test_bars_of_quotes_have_no_volume(what: str, opened: str) -> None:
    watcher = Watcher()
    watcher.bars(what)
    bar = watcher.after(seconds=5)[0]
    assert bar[4] == opened and bar[8:] == ["-1", "-1", "-1"]


def test_a_jump_of_the_clock_brings_the_last_minute_only() -> None:
    watcher = Watcher()
    watcher.bars()
    assert len(watcher.after(minutes=30)) == 12


def test_no_bars_are_told_while_the_market_is_closed() -> None:
    watcher = Watcher()
    watcher.bars()
    assert watcher.after(hours=6) == []


def test_bars_end_with_their_cancel_and_count_as_a_line() -> None:
    watcher = Watcher()
    watcher.bars()
    assert watcher.session.open_lines == 1
    assert watcher.say(51, 1, 4) == []
    assert watcher.session.open_lines == 0 and watcher.after(seconds=5) == []
    assert errors(watcher.say(51, 1, 4)) == [300]


def test_bars_that_cannot_be_given_are_refused() -> None:
    watcher = Watcher()
    assert errors(watcher.bars("NONSENSE")) == [420]
    unknown = (0, "NONE", *AAPL[2:])
    assert errors(watcher.say(50, 3, 4, *unknown, 5, "TRADES", 1, "")) == [200]
    watcher.bars()
    assert errors(watcher.bars()) == [322]


@pytest.mark.parametrize(
    ("kind", "number", "fields"),
    [
        ("Last", "1", ["100", "100", "0", "NASDAQ", ""]),
        ("AllLast", "2", ["100", "100", "0", "NASDAQ", ""]),
        ("BidAsk", "3", ["99.99", "100.01", "300", "500", "0"]),
        ("MidPoint", "4", ["100"]),
    ],
)
def test_a_tick_is_told_at_once_and_when_it_changes(
    kind: str, number: str, fields: list[str]
) -> None:
    watcher = Watcher()
    assert watcher.say(97, 4, *AAPL, kind, 0, 0) == [["99", "4", number, str(START), *fields]]
    assert watcher.refresh() == []
    assert watcher.after(seconds=1)[0][3] == str(START + 1)
    watcher.say(98, 4)
    assert watcher.after(seconds=1) == []


def test_no_more_than_five_lines_of_ticks_and_no_unknown_kind() -> None:
    watcher = Watcher()
    for req_id in range(5):
        watcher.say(97, req_id, *AAPL, "Last", 0, 0)
    assert errors(watcher.say(97, 9, *AAPL, "Last", 0, 0)) == [10190]
    assert errors(watcher.say(97, 9, *AAPL, "Nothing", 0, 0)) == [321]
    assert errors(watcher.say(96, 9, *AAPL, 0, "", "", 10, "TRADES", 1, 0, "")) == [162]


def test_volatility_and_price_of_an_option_agree() -> None:
    watcher = Watcher()
    priced = watcher.say(55, 3, 8, *watcher.option(), 0.3, 100, 0, "")[0]
    assert priced[:3] == ["21", "8", "53"]
    volatility, delta, price = float(priced[4]), float(priced[5]), float(priced[6])
    assert volatility == 0.3 and 0.5 < delta < 0.6 and price > 0
    back = watcher.say(54, 3, 9, *watcher.option(), price, 100, 0, "")[0]
    assert float(back[4]) == pytest.approx(0.3, abs=1e-6)
    assert watcher.say(56, 1, 9) == watcher.say(57, 1, 8) == []


@pytest.mark.parametrize(("message", "value"), [(54, 0.0), (54, 99.9), (55, ""), (55, -1)])
def test_what_cannot_be_computed_is_refused(message: int, value: Field) -> None:
    watcher = Watcher()
    assert errors(watcher.say(message, 3, 8, *watcher.option(), value, 100, 0, "")) == [321]
    assert errors(watcher.say(message, 3, 8, *AAPL, 1, 100, 0, "")) == [321]
