"""The simulator as a child process, and its control line."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.raw_client import RawClient
from vst_desktop.adapters.demo.control import SimControl
from vst_desktop.adapters.demo.process import SimProcess
from vst_desktop.domain.errors import UserError

STORY_SECS = 60


def with_sim(story: Callable[[SimProcess], Coroutine[Any, Any, None]], *arguments: str) -> None:
    async def run() -> None:
        async with asyncio.timeout(STORY_SECS):
            process = SimProcess(["--speed", "0", *arguments])
            try:
                await process.start()
                await story(process)
            finally:
                await process.stop()

    asyncio.run(run())


def test_control_line_tells_and_moves_the_held_clock() -> None:
    async def story(process: SimProcess) -> None:
        control = await SimControl.connect(process.control_port)
        before = await control.read()
        assert before.speed == 0
        await control.advance(before.now + timedelta(minutes=2))
        assert (await control.read()).now == before.now + timedelta(minutes=2)
        with pytest.raises(UserError, match="lies before"):
            await control.advance(before.now)
        market = await control.market()
        assert "AAPL" in market.symbols
        await control.close()

    with_sim(story)


def test_malformed_lines_are_answered_and_the_line_goes_on() -> None:
    async def story(process: SimProcess) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", process.control_port)
        lines = [b"garbage\n", b"[]\n", b'{"op": "dance"}\n', b'{"op": "advance", "to": 7}\n']
        for line in lines:
            writer.write(line)
            assert "error" in json.loads(await reader.readline())
        writer.write(b'{"op": "clock"}\n')
        assert json.loads(await reader.readline())["speed"] == 0
        writer.close()

    with_sim(story)


def test_a_hand_at_tws_places_orders_over_the_control_line_and_the_master_client_hears() -> None:
    async def story(process: SimProcess) -> None:
        client = await RawClient.connect(process.port, 9)
        reader, writer = await asyncio.open_connection("127.0.0.1", process.control_port)

        async def do(**request: object) -> dict[str, Any]:
            writer.write(json.dumps(request).encode() + b"\n")
            answer: dict[str, Any] = json.loads(await reader.readline())
            return answer

        placed = await do(op="order", symbol="AAPL", action="BUY", quantity=10)
        assert placed["status"] == "Filled"
        assert (await client.until("11"))[2] == "0"
        assert "error" in await do(op="order", symbol="AAPL", action="BUY", quantity="many")
        assert await do(op="data", value="none") == {"ok": True}
        client.say(
            1, 11, 5, 0, "AAPL", "STK", "", 0, "", "", "SMART", "", "USD", "", "", 0, "", 0, 0, ""
        )
        while (told := await client.until("4"))[2] != "5":
            pass
        assert told[3] == "354"
        writer.close()
        await client.close()

    with_sim(story, "--master", "9")


def test_moments_and_speeds_that_cannot_be_are_answered() -> None:
    async def story(process: SimProcess) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", process.control_port)
        for line in (
            b'{"op": "advance", "to": "9999-12-31T23:59:59-12:00"}\n',
            b'{"op": "speed", "value": NaN}\n',
            b'{"op": "speed", "value": Infinity}\n',
        ):
            writer.write(line)
            assert "error" in json.loads(await reader.readline())
        writer.close()

    with_sim(story)


def test_a_new_speed_starts_and_ends_the_look_at_quotes() -> None:
    async def story(process: SimProcess) -> None:
        client = await RawClient.connect(process.port, 1)
        client.say(
            1, 11, 5, 0, "AAPL", "STK", "", 0, "", "", "SMART", "", "USD", "", "", 0, "", 0, 0, ""
        )
        client.say(49, 1)
        await client.until("49")
        control = await SimControl.connect(process.control_port)
        assert (await control.read()).next_timer is None
        await control.set_speed(60.0)
        assert (await control.read()).next_timer is not None
        await control.set_speed(0.0)
        assert (await control.read()).next_timer is None
        await control.close()
        await client.close()

    with_sim(story)


def test_refused_input_is_the_child_s_own_sentence(tmp_path: Path) -> None:
    bars = tmp_path / "bars.csv"
    bars.write_text("symbol,date,open\n")

    async def story(process: SimProcess) -> None:
        pytest.fail("it must not start")

    with pytest.raises(UserError, match=r"bars\.csv: has no column high"):
        with_sim(story, "--bars", str(bars), "--at", "2014-06-09T14:43-04:00")


def test_child_ends_when_its_parent_s_line_does() -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", "vst_desktop.cli.main", "sim", "--child", "--speed", "0"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert child.stdin is not None and child.stdout is not None
    with child, child.stdout:
        assert child.stdout.readline().startswith(b"VST-SIM|1|")
        child.stdin.close()
        assert child.wait(timeout=5) == 0
