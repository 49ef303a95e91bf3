"""A session without a socket: the handshake, and peers that do not keep to the protocol."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.helpers.tiny_market import IN_SESSION, TinyClock, TinyMarket
from vst_desktop.adapters.tws_sim import wire
from vst_desktop.adapters.tws_sim.link import Pace
from vst_desktop.adapters.tws_sim.server import TwsServer
from vst_desktop.adapters.tws_sim.session import Session
from vst_desktop.adapters.tws_sim.wire import FrameReader
from vst_desktop.domain.errors import UserError


class Peer:
    """The other end: keeps what it is sent, and runs delayed answers when told."""

    def __init__(self, **options: object) -> None:
        self.reader = FrameReader()
        self.is_closed = False
        self.delayed: list[tuple[float, Callable[[], None]]] = []
        server = TwsServer(TinyMarket(), TinyClock(), **options)  # type: ignore[arg-type]
        self.session: Session = server.session_for(self)  # type: ignore[arg-type]

    peer = "test"

    def write(self, frame: bytes) -> None:
        self.reader.feed(frame)

    def close(self) -> None:
        self.is_closed = True

    def later(self, secs: float, call: Callable[[], None]) -> None:
        self.delayed.append((secs, call))

    def heard(self) -> list[list[str]]:
        return [wire.split(payload) for payload in self.reader.payloads()]

    def say(self, *fields: wire.Field) -> list[list[str]]:
        self.session.feed(wire.encode(fields))
        return self.heard()

    def hello(self, versions: str = "v157..176") -> list[list[str]]:
        self.session.feed(b"API\0" + wire.pack(versions.encode()))
        return self.heard()

    def start(self, versions: str = "v157..176") -> list[list[str]]:
        self.hello(versions)
        return self.say(71, 2, 7, "")


@pytest.mark.parametrize(
    ("asked", "agreed"),
    [
        ("v157..176", "176"),
        ("v100..157", "157"),
        ("v100..225", "176"),
        ("v157", "157"),
        ("v157..178 +PACEAPI", "176"),
        ("v100..160", "160"),
        ("v100..173", "173"),
        ("v38..100", "100"),
        ("v158..158", "158"),
    ],
)
def test_the_newest_common_version_is_agreed(asked: str, agreed: str) -> None:
    assert Peer().hello(asked) == [[agreed, "20220601 14:00:00 America/New_York"]]


@pytest.mark.parametrize("asked", ["v38..99", "v203..225", "v177", "hello", ""])
def test_clients_without_a_common_version_are_turned_away(
    asked: str, caplog_allowed: pytest.LogCaptureFixture
) -> None:
    peer = Peer()
    assert peer.hello(asked or "x") == []
    assert peer.is_closed
    assert "closing the connection" in caplog_allowed.text


def test_nothing_is_said_between_handshake_and_start() -> None:
    peer = Peer()
    assert len(peer.hello()) == 1
    ids = [fields[0] for fields in peer.say(71, 2, 7, "")]
    assert ids[:2] == ["15", "9"] and set(ids[2:]) == {"4"}


@pytest.fixture
def session_log() -> Iterator[list[logging.LogRecord]]:
    """What sessions log, kept from the log that must stay silent."""
    log = logging.getLogger("vst_desktop.adapters.tws_sim.session")
    seen: list[logging.LogRecord] = []
    watch = logging.Handler()
    watch.emit = seen.append  # type: ignore[method-assign]
    log.addHandler(watch)
    log.propagate = False
    yield seen
    log.removeHandler(watch)
    log.propagate = True


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(min_size=4, max_size=60).filter(lambda some: some[:4] != b"API\0"))
def test_rubbish_instead_of_a_handshake_closes_the_connection(
    session_log: list[logging.LogRecord], rubbish: bytes
) -> None:
    peer = Peer()
    peer.session.feed(rubbish)
    assert peer.is_closed and peer.heard() == []
    assert "not those of a TWS API client" in session_log[-1].getMessage()


fields = st.lists(
    st.one_of(
        st.integers(-5, 99999).map(str),
        st.sampled_from(["", "AAPL", "STK", "OPT", "BAG", "SMART", "USD", "BUY", "LMT", "nan"]),
        st.text("abc\u00e9 .-", max_size=5),
    ),
    max_size=40,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(-1, 110), fields)
def test_any_fields_of_any_request_are_answered_or_end_only_this_session(
    session_log: list[logging.LogRecord], message: int, rest: list[str]
) -> None:
    peer = Peer()
    peer.start()
    answers = peer.say(message, *rest)
    assert not [record for record in session_log if record.levelno >= logging.ERROR]
    if peer.is_closed:
        assert answers[-1][0] == "4" and answers[-1][3] == "320"


def test_a_request_that_ends_too_early_closes_the_session_with_a_reason(
    caplog_allowed: pytest.LogCaptureFixture,
) -> None:
    peer = Peer()
    peer.start()
    (error,) = peer.say(20, 5, 0, "AAPL")
    assert error[:4] == ["4", "2", "-1", "320"]
    assert peer.is_closed
    assert "message 20: the message ends after" in caplog_allowed.text


def test_an_unknown_request_is_counted_and_the_session_goes_on() -> None:
    peer = Peer()
    peer.start()
    assert peer.say(10, 1, 2) == []
    assert peer.session.unknown == {10: 1}
    assert peer.say(49, 1)[0][0] == "49"


def test_errors_carry_the_reject_field_from_version_166_on() -> None:
    old, new = Peer(), Peer()
    old.start("v100..157")
    new.start()
    assert len(old.say(91, 999)[0]) == 5
    assert len(new.say(91, 999)[0]) == 6


def test_details_take_their_time_by_expiration_when_a_pace_is_set() -> None:
    peer = Peer(pace=Pace(details_secs=0.2, quote_secs=0.15, greeks_secs=0.3))
    peer.start()
    option = (0, "AAPL", "OPT", "", 0, "C", "", "SMART", "", "USD", "", "")
    assert peer.say(9, 8, 1, *option, 0, "", "", "") == []
    (answer,) = peer.delayed
    assert answer[0] == pytest.approx(0.4)
    answer[1]()
    assert [one[0] for one in peer.heard()] == ["10"] * 10 + ["52"]
    stock = (265598, "", "STK", "", 0, "", "", "SMART", "", "USD", "", "")
    at_once = peer.say(1, 11, 2, *stock, 0, "", 0, 0, "")
    assert [one[0] for one in at_once] == ["81", "58"]
    assert [secs for secs, _ in peer.delayed[1:]] == [0.15, 0.3]
    peer.delayed[1][1]()
    assert {one[0] for one in peer.heard()} >= {"1", "2"}


def test_ambiguous_contracts_are_many_for_details_and_refused_for_quotes() -> None:
    peer = Peer()
    peer.start()
    option = (0, "AAPL", "OPT", "20220701", 100.0, "", "", "SMART", "", "USD", "", "")
    details = peer.say(9, 8, 1, *option, 0, "", "", "")
    assert [one[0] for one in details] == ["10", "10", "52"]
    (refused,) = peer.say(1, 11, 2, *option, 0, "", 0, 0, "")
    assert refused[2:4] == ["2", "200"] and "ambiguous" in refused[4]


def test_the_hundred_and_first_line_is_refused() -> None:
    peer = Peer()
    peer.start()
    stock = (265598, "", "STK", "", 0, "", "", "SMART", "", "USD", "", "")
    for req_id in range(100):
        peer.say(1, 11, req_id, *stock, 0, "", 0, 0, "")
    (refused,) = peer.say(1, 11, 100, *stock, 0, "", 0, 0, "")
    assert refused[3] == "101"
    (unknown,) = peer.say(2, 2, 100)
    assert unknown[3] == "300"


def test_values_that_are_not_computed_go_out_as_sentinels() -> None:
    market = TinyMarket()
    option = market.option(100)
    known = market.quote(option, IN_SESSION)
    assert known is not None
    market.replaced[option.con_id] = replace(known, delta=None, model_price=None)
    peer = Peer()
    peer.session = TwsServer(market, TinyClock()).session_for(peer)  # type: ignore[arg-type]
    peer.start()
    spec = (option.con_id, "", "OPT", "", 0, "", "", "SMART", "", "USD", "", "")
    told = peer.say(1, 11, 2, *spec, 0, "", 0, 0, "")
    model = next(one for one in told if one[0] == "21" and one[2] == "13")
    assert model[4:7] == ["0.25", "-2", "-1"]


def test_only_what_changed_is_sent_again() -> None:
    market, clock = TinyMarket(), TinyClock()
    peer = Peer()
    peer.session = TwsServer(market, clock).session_for(peer)  # type: ignore[arg-type]
    peer.start()
    stock = (265598, "", "STK", "", 0, "", "", "SMART", "", "USD", "", "")
    peer.say(1, 11, 2, *stock, 0, "", 0, 0, "")
    peer.session.refresh()
    assert peer.heard() == []
    market.spots["AAPL"] = 100.5
    peer.session.refresh()
    ticks = {(one[0], one[3]) for one in peer.heard()}
    assert ticks == {
        ("1", "1"),
        ("1", "2"),
        ("1", "4"),
        ("1", "6"),
        ("1", "7"),
        ("1", "9"),
        ("1", "14"),
        ("46", "45"),
    }


def test_accounts_without_a_name_are_refused_before_anything_starts() -> None:
    for options in ({"accounts": ()}, {"accounts": ("A", "A")}, {"max_server_version": 203}):
        with pytest.raises(UserError):
            TwsServer(TinyMarket(), TinyClock(), **options)  # type: ignore[arg-type]
    server = TwsServer(TinyMarket(), TinyClock(), net_liquidation_usd=50_000)
    assert server.exchange.accounts.value("DU1234567").cash == Decimal(50_000)


def test_a_schedule_is_the_sessions_of_the_days_asked_for() -> None:
    peer = Peer()
    peer.start()
    stock = (265598, "", "STK", "", 0, "", "", "SMART", "", "USD", "", "")
    asked = (20, 4, *stock, 0, "", "1 day", "3 D", 1, "SCHEDULE", 1, 0, "")
    answer = peer.say(*asked)[0]
    assert answer[0:2] == ["106", "4"] and answer[4:6] == ["US/Eastern", "3"]
    assert answer[-3:] == ["20220601-09:30:00", "20220601-16:00:00", "20220601"]
    old = Peer()
    old.start("v100..164")
    assert old.say(*asked)[0][3] == "162"
