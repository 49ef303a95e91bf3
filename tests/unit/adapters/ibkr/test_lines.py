"""Market data lines on ib_insync's own bookkeeping, with a transport that only counts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from vst_desktop.adapters.ibkr import lines as module
from vst_desktop.adapters.ibkr.client import Listener, make_client
from vst_desktop.adapters.ibkr.library import IB, Client, Contract, Stock, Ticker
from vst_desktop.adapters.ibkr.lines import Line, Lines
from vst_desktop.domain.errors import UserError

START = datetime(2024, 1, 17, 19, 43, tzinfo=UTC)
SUBSCRIBE, CANCEL = "1", "2"
AAPL = Stock("AAPL", "SMART", "USD", conId=265598)


class Transport:
    """Keeps what is sent: what TWS would count as open lines."""

    def __init__(self) -> None:
        self.subscribed: list[int] = []
        self.cancelled: list[int] = []

    def sendMsg(self, message: bytes) -> None:
        fields = message[4:].decode().split("\0")
        if fields[0] == SUBSCRIBE:
            self.subscribed.append(int(fields[2]))
        elif fields[0] == CANCEL:
            self.cancelled.append(int(fields[2]))

    @property
    def open(self) -> set[int]:
        return set(self.subscribed) - set(self.cancelled)


class Bench:
    """A client that believes to be connected."""

    def __init__(self) -> None:
        nothing = lambda *_: None  # noqa: E731
        self.ib: IB = make_client(
            Listener(
                order=nothing,
                execution=nothing,
                commission=nothing,
                error=nothing,
                unreadable=nothing,
            ),
            400,
        )
        self.transport = Transport()
        self.ib.client.conn = self.transport  # type: ignore[assignment]
        self.ib.client.connState = Client.CONNECTED
        self.ib.client._apiReady = True
        self.ib.client._hasReqId = True
        self.ib.client._reqIdSeq = 1
        self.ib.client._serverVersion = 176
        self.time = START
        self.lines = Lines(self.ib, lambda: self.time)

    def hang_up(self) -> None:
        """The connection is gone."""
        self.ib.client.connState = Client.DISCONNECTED
        self.ib.client._apiReady = False

    def watch(self, key: str, heard: Callable[[Line], None] = lambda line: None) -> None:
        self.lines.watch(key, AAPL, "", heard)

    def bid(self, value: float) -> None:
        """Every open line ticks."""
        for ticker in tuple(self.ib.wrapper.ticker2ReqId["mktData"]):
            ticker.bid = value
            ticker.updateEvent.emit(ticker)


def run(job: Callable[[Bench], Awaitable[None]]) -> None:
    async def main() -> None:
        bench = Bench()
        try:
            async with asyncio.timeout(10):
                await job(bench)
        finally:
            bench.hang_up()

    asyncio.run(main())


def has_bid(ticker: Ticker) -> bool:
    return ticker.bid > 0


async def turns(number: int = 5) -> None:
    """Let the loop turn."""
    for _ in range(number):
        await asyncio.sleep(0)


def test_a_look_takes_a_line_and_gives_it_back() -> None:
    async def job(bench: Bench) -> None:
        async with bench.lines.look(AAPL):
            assert len(bench.transport.open) == 1
        assert not bench.transport.open and not bench.ib.wrapper.reqId2Ticker

    run(job)


def test_a_look_that_fails_gives_its_line_back_too() -> None:
    async def job(bench: Bench) -> None:
        with pytest.raises(ValueError, match="of the caller"):
            async with bench.lines.look(AAPL):
                raise ValueError("of the caller")
        assert not bench.transport.open

    run(job)


def test_looks_at_one_contract_object_have_lines_of_their_own() -> None:
    async def job(bench: Bench) -> None:
        async with bench.lines.look(AAPL) as one, bench.lines.look(AAPL) as two:
            assert one.ticker is not two.ticker
            assert len(bench.transport.open) == 2
        assert not bench.transport.open

    run(job)


def test_a_line_tells_when_it_last_ticked_and_whether_it_did() -> None:
    async def job(bench: Bench) -> None:
        async with bench.lines.look(AAPL) as line:
            assert not line.ticked and line.time == START
            bench.time = START + timedelta(seconds=3)
            waiting = asyncio.create_task(line.until(has_bid, 5))
            await turns()
            bench.bid(1.25)
            assert await waiting
            assert has_bid(line.ticker) and line.time == bench.time

    run(job)


def test_a_tick_that_is_not_enough_does_not_end_the_wait() -> None:
    async def job(bench: Bench) -> None:
        async with bench.lines.look(AAPL) as line:
            waiting = asyncio.create_task(line.until(lambda ticker: ticker.bid > 2, 5))
            await turns()
            bench.bid(1)
            await turns()
            assert not waiting.done()
            bench.bid(3)
            assert await waiting

    run(job)


def test_waiting_for_what_never_comes_ends_without_it() -> None:
    async def job(bench: Bench) -> None:
        async with bench.lines.look(AAPL) as line:
            assert not await line.until(has_bid, 0.01)
            assert line.error is None

    run(job)


def test_a_refusal_ends_the_wait_of_its_own_line_only() -> None:
    async def job(bench: Bench) -> None:
        async with bench.lines.look(AAPL) as refused, bench.lines.look(AAPL) as served:
            waits = [asyncio.create_task(one.until(has_bid, 5)) for one in (refused, served)]
            await turns()
            bench.lines.refused(bench.transport.subscribed[0], 354, "not subscribed")
            assert not await waits[0] and refused.error == (354, "not subscribed")
            await turns()
            assert not waits[1].done() and served.error is None
            bench.bid(1)
            assert await waits[1]

    run(job)


def test_a_refusal_of_a_line_that_is_gone_is_nobodys() -> None:
    async def job(bench: Bench) -> None:
        async with bench.lines.look(AAPL):
            pass
        async with bench.lines.look(AAPL) as line:
            bench.lines.refused(bench.transport.subscribed[0], 354, "late")
            assert line.error is None

    run(job)


def test_a_watched_key_has_one_line_until_it_is_let_go() -> None:
    async def job(bench: Bench) -> None:
        heard: list[float] = []
        bench.watch("AAPL", lambda line: heard.append(line.ticker.bid))
        bench.watch("AAPL")
        assert len(bench.transport.open) == 1
        bench.bid(1)
        bench.lines.unwatch("AAPL")
        bench.lines.unwatch("AAPL")
        bench.bid(2)
        assert heard == [1] and not bench.transport.open

    run(job)


def test_looks_wait_while_their_share_is_taken_and_go_in_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MAX_LINES", 3)
    monkeypatch.setattr(module, "WATCH_RESERVE", 1)

    async def job(bench: Bench) -> None:
        most, order = 0, []

        async def look(number: int) -> None:
            nonlocal most
            async with bench.lines.look(AAPL):
                order.append(number)
                most = max(most, len(bench.transport.open))
                await turns(2)

        await asyncio.gather(*(look(number) for number in range(7)))
        assert most == 2 and order == list(range(7))
        assert not bench.transport.open

    run(job)


@pytest.mark.parametrize("given", [False, True])
def test_a_look_that_is_cancelled_keeps_nobody_waiting(
    given: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_LINES", 2)
    monkeypatch.setattr(module, "WATCH_RESERVE", 1)

    async def job(bench: Bench) -> None:
        async def look() -> None:
            async with bench.lines.look(AAPL):
                pass

        async with bench.lines.look(AAPL):
            second, third = asyncio.create_task(look()), asyncio.create_task(look())
            await turns()
            if not given:
                second.cancel()
        # in the same turn of the loop: its turn has just been given to it
        if given:
            second.cancel()
        async with asyncio.timeout(1):
            await third
        assert second.cancelled() and not bench.transport.open

    run(job)


def test_watches_leave_some_lines_for_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_LINES", 3)
    monkeypatch.setattr(module, "WATCH_RESERVE", 1)
    monkeypatch.setattr(module, "LOOK_RESERVE", 1)

    async def job(bench: Bench) -> None:
        bench.watch("A")
        bench.watch("B")
        with pytest.raises(UserError, match="2 are watched"):
            bench.watch("C")
        async with bench.lines.look(AAPL):
            assert len(bench.transport.open) == 3
        bench.lines.unwatch("A")
        bench.watch("C")
        assert len(bench.transport.open) == 2

    run(job)


def test_a_watch_waits_while_looks_have_the_last_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_LINES", 4)
    monkeypatch.setattr(module, "WATCH_RESERVE", 1)
    monkeypatch.setattr(module, "LOOK_RESERVE", 1)

    async def job(bench: Bench) -> None:
        most, heard = 0, []
        release = asyncio.Event()

        async def look() -> None:
            nonlocal most
            async with bench.lines.look(AAPL):
                most = max(most, len(bench.transport.open))
                await release.wait()

        looks = [asyncio.create_task(look()) for _ in range(5)]
        await turns()
        assert len(bench.transport.open) == 3
        for key in "ABC":
            bench.watch(key, lambda line: heard.append(line))
        assert len(bench.transport.open) == 4
        bench.lines.unwatch("C")
        release.set()
        await asyncio.gather(*looks)
        assert most <= 4 and len(bench.transport.open) == 2
        bench.bid(1)
        assert len(heard) == 2

    run(job)


def test_a_watched_line_that_is_refused_can_be_asked_for_again() -> None:
    async def job(bench: Bench) -> None:
        heard: list[float] = []
        bench.watch("AAPL", lambda line: heard.append(line.ticker.bid))
        bench.watch("other")
        bench.lines.refused(bench.transport.subscribed[0], 101, "max number of tickers")
        assert bench.transport.open == {bench.transport.subscribed[1]}
        bench.watch("AAPL", lambda line: heard.append(line.ticker.bid))
        assert len(bench.transport.open) == 2
        bench.bid(1)
        assert heard == [1]

    run(job)


def test_a_line_of_a_connection_that_is_gone_is_closed_without_a_word() -> None:
    async def job(bench: Bench) -> None:
        async with bench.lines.look(Contract(conId=5, exchange="SMART")):
            bench.hang_up()
        assert not bench.transport.cancelled

    run(job)
