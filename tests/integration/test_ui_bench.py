"""The bench of the window measures what it says, and the simulator's quiver feeds it."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

from tests.helpers.tiny_market import IN_SESSION, TinyClock, TinyMarket
from vst_desktop.adapters.tws_sim.server import TwsServer


def test_the_bench_counts_ticks_frames_and_rows(tmp_path: Path) -> None:
    script = (
        "import json, sys\n"
        "from vst_desktop.gui.pulse import run_in_loop\n"
        "async def work():\n"
        "    from vst_desktop.cli.bench import ui_rig\n"
        "    ui_rig.WARM_SECS = 1.0\n"
        "    return await ui_rig.measure(1.0, 1000.0)\n"
        "f = run_in_loop(work)\n"
        "json.dump([f.ticks_per_second, len(f.gaps_ms), f.rows, f.candles, f.lines], "
        "open(sys.argv[1], 'w'))\n"
    )
    out = tmp_path / "found.json"
    subprocess.run(
        [sys.executable, "-c", script, str(out)],
        check=True,
        timeout=120,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "QT_API": "pyside6"},
    )
    ticks, frames, rows, candles, lines = json.loads(out.read_text())
    assert ticks > 300
    assert frames > 5
    assert (rows, candles, lines) == (500, 5_000, 90)


def test_nobody_hears_a_quiver_without_lines() -> None:
    async def play() -> int:
        server = TwsServer(TinyMarket(), TinyClock(IN_SESSION))
        await server.start()
        quiver = asyncio.create_task(server.quiver(1000.0), name="quiver")
        await asyncio.sleep(0)
        sent = sum(session.quiver(1) for session in server.sessions)
        quiver.cancel()
        await server.stop()
        return sent

    assert asyncio.run(play()) == 0
