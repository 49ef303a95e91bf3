"""``vst run`` in a process of its own: it trades by an armed rule, and ends when asked."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
def test_it_trades_by_an_armed_rule_tells_and_ends_with_its_cards(tmp_path: Path) -> None:
    out = tmp_path / "run.json"
    command = [sys.executable, "-m", "vst_desktop.cli.main", "run", "--profile", "demo"]
    command += ["--speed", "60", "--auto", "HIGH_BASE:1.5:1", "--json", str(out)]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if "Trade EXECUTED" in line:
                process.send_signal(signal.SIGTERM)
                break
        rest, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert "rule armed" in "".join(said)
    assert "ends" in rest and "Left behind:" in rest
    told = json.loads(out.read_text())
    assert told["mode"] == "DEMO"
    assert [one["status"] for one in told["orders"]] == ["FILLED"]
    assert len(told["positions"]) == 1
    assert told["performance"]["scanner"]["scans"] >= 1
