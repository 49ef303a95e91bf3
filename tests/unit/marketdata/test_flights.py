"""One fetch per key at a time."""

from __future__ import annotations

import asyncio

import pytest

from vst_desktop.domain.errors import UserError
from vst_desktop.marketdata.flights import Flights


class Source:
    """Answers when told."""

    def __init__(self) -> None:
        self.asked = 0
        self.cancelled = 0
        self.may_answer = asyncio.Event()

    async def fetch(self) -> int:
        self.asked += 1
        try:
            await self.may_answer.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return self.asked


async def turns(count: int = 5) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def test_callers_of_one_key_share_a_fetch_and_other_keys_do_not_wait() -> None:
    async def story() -> None:
        source, flights = Source(), Flights[str, int]("test")
        same = [asyncio.create_task(flights.join("A", source.fetch)) for _ in range(3)]
        other = asyncio.create_task(flights.join("B", source.fetch))
        await turns()
        assert source.asked == 2
        assert flights.under_way("A")
        source.may_answer.set()
        assert len(set(await asyncio.gather(*same))) == 1
        await other
        assert not flights.under_way("A")

    asyncio.run(story())


def test_a_caller_who_goes_leaves_the_fetch_to_the_others() -> None:
    async def story() -> None:
        source, flights = Source(), Flights[str, int]("test")
        first, second = (asyncio.create_task(flights.join("A", source.fetch)) for _ in range(2))
        await turns()
        first.cancel()
        await turns()
        assert first.cancelled()
        assert source.cancelled == 0
        source.may_answer.set()
        assert await second == 1

    asyncio.run(story())


def test_the_last_caller_to_go_takes_the_fetch_along_and_the_next_one_starts_anew() -> None:
    async def story() -> None:
        source, flights = Source(), Flights[str, int]("test")
        tasks = [asyncio.create_task(flights.join("A", source.fetch)) for _ in range(2)]
        await turns()
        for task in tasks:
            task.cancel()
        again = asyncio.create_task(flights.join("A", source.fetch))
        await turns()
        assert source.cancelled == 1
        source.may_answer.set()
        assert await again == 2

    asyncio.run(story())


def test_an_error_reaches_all_who_wait_and_the_next_caller_tries_again() -> None:
    async def story() -> None:
        flights = Flights[str, int]("test")
        asked = 0

        async def fail() -> int:
            nonlocal asked
            asked += 1
            await asyncio.sleep(0)
            raise UserError("refused")

        found = await asyncio.gather(
            *(flights.join("A", fail) for _ in range(3)), return_exceptions=True
        )
        assert [str(error) for error in found] == ["refused"] * 3
        assert asked == 1
        with pytest.raises(UserError):
            await flights.join("A", fail)
        assert asked == 2

    asyncio.run(story())
