"""Back-off and breaker of a scanner that is tried again."""

from __future__ import annotations

import asyncio

import pytest

from vst_desktop.adapters.scanner.errors import NotNow
from vst_desktop.adapters.scanner.reconnect import Link, ReconnectingScanner


class Absent(ReconnectingScanner):
    """Never there."""

    has_breaker = False

    async def _connect(self) -> Link:
        raise NotNow("nobody is there")


def test_waits_double_up_to_thirty_seconds_and_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    enough = asyncio.Event()
    sleep = asyncio.sleep

    async def note(secs: float) -> None:
        waits.append(secs)
        if len(waits) == 9:
            enough.set()
        await sleep(0)

    async def story() -> None:
        scanner = Absent()
        with pytest.raises(NotNow, match="nobody is there"):
            await scanner.start()
        await enough.wait()
        await scanner.close()
        assert not scanner.breaker_open

    monkeypatch.setattr(asyncio, "sleep", note)
    asyncio.run(story())
    assert waits[:9] == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
