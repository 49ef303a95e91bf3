"""The kill -9 matrix in real processes (R1), each point once; ``make simulation`` plays all."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.kill.points import POINTS

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(sys.platform == "win32", reason="stations are forked")
def test_a_station_killed_at_any_point_leaves_one_order_or_none() -> None:
    command = [
        sys.executable,
        "packaging/simulation.py",
        "--seeds=0",
        "--kills=25",
        "--recovery=40",
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=150)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"kill -9: {len(POINTS)} of 125 cases" in done.stdout
    assert done.stdout.count("holds") >= len(POINTS)


@pytest.mark.skipif(sys.platform == "win32", reason="stations are forked")
def test_stations_killed_at_random_while_they_trade_lose_and_double_nothing() -> None:
    command = [sys.executable, "packaging/simulation.py", "--seeds=0", "--kills=0"]
    command += ["--soak=50", "--life=15"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "kills                50 in" in done.stdout
