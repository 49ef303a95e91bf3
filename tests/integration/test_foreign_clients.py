"""Clients that this project did not write, each in its own environment, against the simulator."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.tiny_market import IN_SESSION, TinyClock, TinyMarket
from vst_desktop.adapters.tws_sim.server import TwsServer

REPOSITORY = Path(__file__).resolve().parents[2]
ENVIRONMENTS = REPOSITORY / ".uv" / "clients"
CLIENTS = {"ibapi": "ibapi==9.81.1.post1", "ib_async": "ib_async>=2.1,<3"}


def python_with(name: str) -> Path:
    """The interpreter of an environment that holds nothing but this client; skips without it."""
    home = ENVIRONMENTS / f"{name}-{sys.version_info.major}.{sys.version_info.minor}"
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = home / "installed"
    if stamp.is_file() and stamp.read_text() == CLIENTS[name]:
        return python
    own = REPOSITORY / ".uv" / ("Scripts/uv.exe" if os.name == "nt" else "bin/uv")
    uv = shutil.which("uv") or (str(own) if own.is_file() else None)
    if uv is None:
        make = [[sys.executable, "-m", "venv", "--clear", str(home)]]
        install = [str(python), "-m", "pip", "install", "--quiet", CLIENTS[name]]
    else:
        make = [[uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(home)]]
        install = [uv, "pip", "install", "--quiet", "--python", str(python), CLIENTS[name]]
    for command in [*make, install]:
        done = subprocess.run(command, capture_output=True, text=True, timeout=150, check=False)
        if done.returncode:
            pytest.skip(f"{CLIENTS[name]} cannot be installed here: {done.stderr.strip()[-300:]}")
    stamp.write_text(CLIENTS[name])
    return python


def talk(name: str, version: int) -> dict[str, Any]:
    """What the client printed after its round through the simulator."""
    python = python_with(name)
    script = REPOSITORY / "tests" / "helpers" / f"client_{name}.py"

    async def main() -> tuple[int, bytes, bytes]:
        server = TwsServer(TinyMarket(), TinyClock(), max_server_version=version)
        port = await server.start()
        client = await asyncio.create_subprocess_exec(
            str(python),
            str(script),
            str(port),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            out, complaints = await asyncio.wait_for(client.communicate(), 60)
        finally:
            if client.returncode is None:
                client.kill()
                await client.wait()
            await server.stop()
        assert client.returncode is not None
        return client.returncode, out, complaints

    code, out, complaints = asyncio.run(main())
    assert code == 0, complaints.decode()
    said: dict[str, Any] = json.loads(out)
    return said


@pytest.mark.parametrize(
    ("name", "version"),
    [
        *(("ibapi", version) for version in (120, 135, 150, 157)),
        *(("ib_async", version) for version in (157, 163, 173, 176)),
    ],
)
def test_a_foreign_client_gets_bars_a_chain_and_a_filled_combo(name: str, version: int) -> None:
    said = talk(name, version)
    assert said["errors"] == []
    assert said["server_version"] == version
    assert len(said["bars"]) > 250
    last = TinyMarket().daily_bars("AAPL", date(2022, 6, 1), IN_SESSION)[-1]
    assert said["bars"][-1][1:] == [last.open, last.close, last.volume]
    assert said["chain"] == said["details"] == [90.0, 95.0, 100.0, 105.0, 110.0]
    assert said["expirations"] == ["20220701", "20220715"]
    assert (said["ticks"]["price1"], said["ticks"]["price2"]) == (3.95, 4.05)
    assert said["ticks"]["delta13"] == 0.5
    assert said["statuses"][-1] == "Filled" and said["perm_id"] > 0
    natural = 4.05 - 2.38
    assert said["average_price"] == pytest.approx(natural)
    assert said["executions"] == [
        ["BAG", "BOT", pytest.approx(natural)],
        ["OPT", "BOT", 4.05],
        ["OPT", "SLD", 2.38],
    ]
    assert said["commissions"] == [0.65, 0.65]
    assert said["positions"] == {"AAPL  220701C00100000": 1, "AAPL  220701C00105000": -1}
    assert said.get("reader_alive", True)
