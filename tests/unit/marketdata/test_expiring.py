"""The cache by the clock."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
)

from vst_desktop.domain.errors import UserError
from vst_desktop.marketdata.expiring import ExpiringCache, FetchFailed
from vst_desktop.runtime.clock import HeldClock

START = datetime(2023, 6, 14, 14, tzinfo=UTC)
LIFE = timedelta(seconds=60)


def new_cache(clock: HeldClock, grace: timedelta = timedelta(0)) -> ExpiringCache[str, int]:
    return ExpiringCache("number", clock, lambda asked_at: asked_at + LIFE, grace)


async def answer(value: int) -> int:
    return value


async def refuse() -> int:
    raise UserError("no numbers today")


def pass_secs(clock: HeldClock, secs: float) -> None:
    clock.advance(clock.now() + timedelta(seconds=secs))


def test_a_value_is_served_until_the_moment_it_expires() -> None:
    async def story() -> None:
        clock = HeldClock(START)
        cache = new_cache(clock)
        assert await cache.get("A", lambda: answer(1)) == 1
        pass_secs(clock, 59.999)
        assert await cache.get("A", refuse) == 1
        pass_secs(clock, 0.001)
        assert await cache.get("A", lambda: answer(2)) == 2
        assert (cache.figures.hits, cache.figures.misses, cache.figures.entries) == (1, 2, 1)

    asyncio.run(story())


def test_a_value_is_as_old_as_its_question() -> None:
    async def story() -> None:
        clock = HeldClock(START)
        cache = new_cache(clock)

        async def slow() -> int:
            pass_secs(clock, 50)
            return 1

        await cache.get("A", slow)
        pass_secs(clock, 10)
        assert await cache.get("A", lambda: answer(2)) == 2

    asyncio.run(story())


def test_a_failure_is_not_kept_and_leaves_the_expired_value_for_who_wants_it() -> None:
    async def story() -> None:
        clock = HeldClock(START)
        cache = new_cache(clock)
        with pytest.raises(UserError, match=r"^no numbers today$"):
            await cache.get("A", refuse)
        await cache.get("A", lambda: answer(1))
        pass_secs(clock, 60)
        with pytest.raises(
            FetchFailed, match="number of A not fetched: no numbers today"
        ) as failed:
            await cache.get("A", refuse)
        assert "14:00:00 UTC is still held" in str(failed.value)
        held = cache.held("A")
        assert held is failed.value.held
        assert held is not None and held.value == 1 and not held.fresh(clock.now())
        assert await cache.get("A", lambda: answer(2)) == 2

    asyncio.run(story())


def test_an_answer_that_does_not_come_in_time_is_a_failure_too() -> None:
    async def late() -> int:
        raise TimeoutError

    async def story() -> None:
        clock = HeldClock(START)
        cache = new_cache(clock)
        cache.put("A", 1)
        pass_secs(clock, 60)
        with pytest.raises(FetchFailed, match="no answer in time"):
            await cache.get("A", late)

    asyncio.run(story())


def test_a_clock_that_was_set_back_serves_nothing_from_the_future() -> None:
    async def story() -> None:
        cache = new_cache(HeldClock(START))
        cache.put("A", 1, asked_at=START + timedelta(hours=1))
        assert await cache.get("A", lambda: answer(2)) == 2

    asyncio.run(story())


def test_a_sweep_leaves_expired_entries_for_the_grace() -> None:
    clock = HeldClock(START)
    cache = new_cache(clock, grace=timedelta(seconds=30))
    cache.put("A", 1)
    pass_secs(clock, 89)
    assert cache.sweep() == 0
    assert cache.held("A") is not None
    pass_secs(clock, 1)
    assert cache.sweep() == 1
    assert cache.held("A") is None


KEYS = st.sampled_from("ABC")


class CacheLife(RuleBasedStateMachine):
    """Any order of requests, failures, passing time and sweeps, against a plain model."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = HeldClock(START)
        self.cache = new_cache(self.clock)
        self.kept: dict[str, tuple[int, datetime]] = {}
        self.fetches = 0
        self.value = 0

    def fresh(self, key: str) -> bool:
        return key in self.kept and self.clock.now() < self.kept[key][1] + LIFE

    @rule(key=KEYS, askers=st.integers(1, 3))
    def request(self, key: str, askers: int) -> None:
        before, was_fresh = self.fetches, self.fresh(key)

        async def fetch() -> int:
            self.fetches += 1
            self.value += 1
            await asyncio.sleep(0)
            return self.value

        async def all_at_once() -> list[int]:
            return await asyncio.gather(*(self.cache.get(key, fetch) for _ in range(askers)))

        got = asyncio.run(all_at_once())
        assert self.fetches - before == (0 if was_fresh else 1)
        if not was_fresh:
            self.kept[key] = (self.value, self.clock.now())
        assert got == [self.kept[key][0]] * askers

    @precondition(lambda self: any(not self.fresh(key) for key in "ABC"))
    @rule(data=st.data())
    def fail(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from([k for k in "ABC" if not self.fresh(k)]))
        with pytest.raises(FetchFailed if key in self.kept else UserError):
            asyncio.run(self.cache.get(key, refuse))

    @rule(secs=st.sampled_from([0, 1, 29, 30, 31, 59, 60, 61]))
    def wait(self, secs: int) -> None:
        pass_secs(self.clock, secs)

    @rule()
    def sweep(self) -> None:
        expired = [key for key in self.kept if not self.fresh(key)]
        assert self.cache.sweep() == len(expired)
        for key in expired:
            del self.kept[key]

    @invariant()
    def holds_what_the_model_holds(self) -> None:
        assert self.cache.figures.entries == len(self.kept)
        for key in "ABC":
            held = self.cache.held(key)
            assert (held is None) == (key not in self.kept)
            if held is not None:
                assert held.value == self.kept[key][0]
                assert held.fresh(self.clock.now()) == self.fresh(key)


TestCacheLife = CacheLife.TestCase
TestCacheLife.settings = settings(max_examples=25, stateful_step_count=25)
