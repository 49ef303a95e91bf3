"""The watchdog names what held the loop up."""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import date

from vst_desktop.runtime.watchdog import Watchdog, culprit_of
from vst_desktop.strategy.exit import expiry_exit_day


def hold_up(secs: float) -> None:
    """Keep the processor busy: what a watchdog is for."""
    end = time.monotonic() + secs
    while time.monotonic() < end:
        sum(range(1_000))


def watched(hold_secs: float) -> list[tuple[float, str]]:
    async def play() -> list[tuple[float, str]]:
        told: list[tuple[float, str]] = []
        heard = asyncio.Event()

        def tell(late_ms: float, culprit: str) -> None:
            told.append((late_ms, culprit))
            heard.set()

        dog = Watchdog(tell, longest_ms=100)
        dog.start()
        await asyncio.sleep(0)
        hold_up(hold_secs)
        if hold_secs > 0.1:
            await heard.wait()
        dog.stop()
        dog.stop()
        return told

    return asyncio.run(play())


def test_a_loop_that_was_held_up_is_told_with_the_culprit() -> None:
    (late_ms, culprit), *_ = watched(0.4)
    assert late_ms > 100
    assert "test_watchdog.hold_up" in culprit


def test_a_loop_that_turns_is_not_told() -> None:
    assert watched(0.0) == []


def test_the_culprit_is_our_function_and_where_it_is_now() -> None:
    seen: list[str] = []

    def is_session(day: date) -> bool:
        seen.append(culprit_of(sys._getframe()))
        return True

    expiry_exit_day(date(2023, 12, 15), None, is_session)
    assert seen[0].startswith("strategy.exit._session_on_or_before:")
    assert ", in " in seen[0]
    assert "is_session:" in seen[0]
    assert culprit_of(None) == ""
