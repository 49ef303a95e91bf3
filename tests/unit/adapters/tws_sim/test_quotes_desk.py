"""Market data lines: what the subscription gives, kinds of data, snapshots and generic ticks."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.helpers.sim_peer import SimPeer, errors
from tests.helpers.tiny_market import EXPIRATIONS, IN_SESSION, STRIKES, TinyClock, TinyMarket
from vst_desktop.adapters.tws_sim import wire
from vst_desktop.adapters.tws_sim.link import Feed
from vst_desktop.adapters.tws_sim.server import TwsServer

AAPL = (265598, "AAPL", "STK", "", 0, "", "", "SMART", "", "USD", "", "")
AFTER_CLOSE = IN_SESSION + timedelta(hours=4)


class Screen(SimPeer):
    """A client with a market, a clock and a subscription that can be turned."""

    def __init__(self, feed: Feed = Feed.LIVE, kind: int | None = None) -> None:
        self.market, self.clock = TinyMarket(), TinyClock()
        self.server = TwsServer(self.market, self.clock, feed=feed)
        super().__init__(self.server)
        if kind is not None:
            self.say(59, 1, kind)

    def ask(self, contract: tuple[wire.Field, ...] = AAPL, **rest: object) -> list[list[str]]:
        generic, snapshot = rest.get("generic", ""), rest.get("snapshot", False)
        regulatory = rest.get("regulatory", False)
        return self.say(1, 11, 5, *contract, 0, generic, snapshot, regulatory, "")  # type: ignore[arg-type]

    def option(self) -> tuple[wire.Field, ...]:
        con_id = self.market.option(100.0).con_id
        return (con_id, "", "OPT", "", 0, "", "", "SMART", "", "USD", "", "")


def ticks(said: list[list[str]]) -> dict[int, str]:
    """Ticks by number: their price, size, value or text."""
    at = {"1": (3, 4), "2": (3, 4), "45": (3, 4), "46": (3, 4), "21": (2, 5)}
    return {
        int(fields[at[fields[0]][0]]): fields[at[fields[0]][1]]
        for fields in said
        if fields[0] in at
    }


def kinds(said: list[list[str]]) -> list[str]:
    return [fields[3] for fields in said if fields[0] == "58"]


def test_the_kind_of_data_is_told_before_the_first_tick_with_the_price_increment() -> None:
    said = Screen().ask()
    assert [fields[0] for fields in said[:2]] == ["81", "58"]
    assert kinds(said) == ["1"] and ticks(said)[1] == "99.99"


@pytest.mark.parametrize("kind", [3, 4])
def test_delayed_data_has_its_own_ticks_and_is_a_quarter_of_an_hour_old(kind: int) -> None:
    screen = Screen(Feed.DELAYED, kind)
    said = screen.ask()
    assert errors(said) == [10167]
    assert kinds(said) == ["3"]
    found = ticks(said)
    assert {66, 67, 68, 72, 73, 74, 75, 76} <= set(found) and not {1, 2, 4, 8, 9} & set(found)
    moment = int((IN_SESSION - timedelta(minutes=15)).timestamp())
    assert found[88] == str(moment)


def test_a_delayed_size_that_changes_alone_has_its_delayed_number() -> None:
    screen = Screen(Feed.DELAYED, 3)
    screen.ask()
    quote = screen.market.quote(screen.market.stock("AAPL"), IN_SESSION)  # type: ignore[arg-type]
    assert quote is not None
    screen.market.replaced[265598] = replace(quote, bid_size=301)
    assert ticks(screen.refresh()) == {69: "301"}


def test_delayed_greeks_have_their_own_ticks() -> None:
    screen = Screen(Feed.DELAYED, 3)
    found = ticks(screen.ask(screen.option()))
    assert found[83] == "0.5" and not {10, 11, 12, 13} & set(found)


@pytest.mark.parametrize(
    ("feed", "kind", "code"),
    [
        (Feed.DELAYED, 1, 10089),
        (Feed.DELAYED, 2, 10089),
        (Feed.NONE, 1, 354),
        (Feed.NONE, 3, 10168),
        (Feed.NONE, 4, 10168),
    ],
)
def test_what_the_subscription_does_not_give_is_refused(feed: Feed, kind: int, code: int) -> None:
    screen = Screen(feed, kind)
    said = screen.ask()
    assert errors(said) == [code] and ticks(said) == {}
    assert screen.session.market_data_lines == 0


def test_live_data_wins_when_it_is_allowed() -> None:
    said = Screen(Feed.LIVE, 3).ask()
    assert kinds(said) == ["1"] and 1 in ticks(said)


@pytest.mark.parametrize(
    ("feed", "kind", "told"),
    [
        (Feed.LIVE, 2, ["1", "2", "1"]),
        (Feed.LIVE, 4, ["1", "2", "1"]),
        (Feed.DELAYED, 4, ["3", "4", "3"]),
        (Feed.LIVE, 1, ["1"]),
        (Feed.DELAYED, 3, ["3"]),
    ],
)
def test_a_line_freezes_at_the_close_and_thaws_at_the_open(
    feed: Feed, kind: int, told: list[str]
) -> None:
    screen = Screen(feed, kind)
    said = screen.ask()
    for at in (AFTER_CLOSE, IN_SESSION + timedelta(days=1)):
        screen.clock.advance(at)
        said += screen.refresh()
    assert kinds(said) == told


def test_a_competing_session_silences_a_line_once_and_gives_it_back() -> None:
    screen = Screen()
    screen.ask()
    screen.server.subscription.feed = Feed.COMPETING
    screen.market.spots["AAPL"] = 101.0
    assert errors(screen.refresh()) == [10197]
    assert screen.refresh() == []
    screen.server.subscription.feed = Feed.LIVE
    assert ticks(screen.refresh())[1] == "100.99"


def test_a_snapshot_ends_and_frees_its_line() -> None:
    screen = Screen()
    said = screen.ask(snapshot=True)
    assert said[-1] == ["57", "1", "5"] and ticks(said)[2] == "100.01"
    assert screen.session.market_data_lines == 0


def test_a_regulatory_snapshot_of_a_stock_needs_no_subscription() -> None:
    said = Screen(Feed.NONE).ask(regulatory=True)
    assert said[-1] == ["57", "1", "5"] and ticks(said)[1] == "99.99"


def test_a_regulatory_snapshot_of_an_option_is_refused() -> None:
    screen = Screen()
    assert errors(screen.ask(screen.option(), regulatory=True)) == [321]


def test_generic_ticks_cannot_be_combined_with_a_snapshot() -> None:
    assert errors(Screen().ask(snapshot=True, generic="100")) == [321]


def test_mark_sales_dividends_and_the_past_are_told_when_asked_for() -> None:
    screen = Screen()
    found = ticks(screen.ask(generic="104,165,221,233,456"))
    assert Decimal(found[37]) == 100
    ms = int(IN_SESSION.timestamp() * 1000)
    assert found[48] == f"100.0;100;{ms};5000000;100.0;true"
    assert found[59] == ",,,"
    assert float(found[19]) <= float(found[17]) <= float(found[15])
    assert float(found[16]) <= float(found[18]) <= float(found[20])
    assert int(found[21]) > 0 and float(found[23]) > 0
    plain = ticks(Screen().ask())
    assert not {15, 21, 23, 37, 48, 59} & set(plain)


def test_options_of_a_stock_are_counted_together_when_asked_for() -> None:
    screen = Screen()
    found = ticks(screen.ask(generic="100,101,105"))
    calls = len(STRIKES) * len(EXPIRATIONS)
    assert [int(found[one]) for one in (29, 30)] == [345 * calls] * 2
    assert [int(found[one]) for one in (27, 28)] == [1234 * calls] * 2
    assert int(found[87]) == 2 * 345 * calls
    assert not {27, 28, 29, 30, 87} & set(ticks(Screen().ask(generic="221")))


@pytest.mark.parametrize("generic", ["999", "100,7", "volume", "\u0661", "9" * 5000])
def test_generic_ticks_that_tws_does_not_know_are_refused(generic: str) -> None:
    screen = Screen()
    said = screen.ask(generic=generic)
    assert errors(said) == [321] and "Incorrect generic tick list" in said[-1][4]
    assert screen.session.market_data_lines == 0


def test_news_providers_and_mdoff_in_the_generic_list_are_taken() -> None:
    assert errors(Screen().ask(generic="mdoff, 292:BRFG,")) == []


def test_a_wrong_kind_of_data_is_refused() -> None:
    assert errors(Screen().say(59, 1, 5)) == [321]
