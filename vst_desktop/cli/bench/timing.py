"""Timing in turns, so that whatever else the machine does meets all engines alike."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

ROUNDS = 10
TURN_SECS = 0.2
MAX_CALLS = 50
BUDGET_SECS = 12.0
LEAST_ROUNDS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """Something that scans. ``once`` does so and says how many seconds it took.

    ``form`` is ``as-of`` (every bar passed over, signals of the last ones answered), ``range``
    (every signal answered, as columns), or what else was done. ``cores`` it may use.
    """

    name: str
    form: str
    cores: int
    symbols: int
    bars: int
    once: Callable[[], Awaitable[float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """An engine's times in seconds, the warm-up not among them."""

    engine: Engine
    times: Sequence[float]

    @property
    def best(self) -> float:
        """The least disturbed time, s."""
        return min(self.times)

    @property
    def median(self) -> float:
        """The usual time, s."""
        return statistics.median(self.times)

    @property
    def ns_per_bar(self) -> float:
        """Nanoseconds a bar, at best."""
        return 1e9 * self.best / self.engine.bars

    @property
    def symbols_per_second(self) -> float:
        """Symbols a second, at best."""
        return self.engine.symbols / self.best


def in_thread(work: Callable[[], object]) -> Callable[[], Awaitable[float]]:
    """Times work off the loop, whose scanner must be looked after meanwhile."""

    def timed() -> float:
        start = time.perf_counter()
        work()
        return time.perf_counter() - start

    return lambda: asyncio.to_thread(timed)


def on_loop(work: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[float]]:
    """Times work that waits for another process."""

    async def timed() -> float:
        start = time.perf_counter()
        await work()
        return time.perf_counter() - start

    return timed


async def measure(engines: Sequence[Engine], tell: Callable[[int, int], None]) -> list[Measured]:
    """Each engine warms up once; then turn after turn each is called for about 0.2 s.

    One that has had its 12 s sits the later rounds out, after two at least.
    """
    times: list[list[float]] = [[] for _ in engines]
    for engine in engines:
        await engine.once()
    for turn in range(ROUNDS):
        tell(turn, ROUNDS)
        for engine, mine in zip(engines, times, strict=True):
            if turn >= LEAST_ROUNDS and sum(mine) > BUDGET_SECS:
                continue
            spent, calls = 0.0, 0
            while spent < TURN_SECS and calls < MAX_CALLS:
                took = await engine.once()
                mine.append(took)
                spent, calls = spent + took, calls + 1
    return [Measured(engine=e, times=t) for e, t in zip(engines, times, strict=True)]
