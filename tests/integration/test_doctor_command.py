"""``vst doctor`` as the user runs it."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from vst_desktop.cli.main import main


def test_the_modes_own_port_decides_and_the_json_holds_every_check(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    file = tmp_path / "doctor.json"
    own = ["--set", "trading_mode=PAPER", "--set", f"broker.port={port}"]
    assert main(["doctor", "--json", str(file), *own]) == 1
    told = json.loads(file.read_text())
    checks = {check["name"]: check for check in told["checks"]}
    assert checks["scanner"]["ok"] and checks["simulator"]["ok"] and checks["database"]["ok"]
    mine = checks[f"TWS {port}"]
    assert not mine["ok"]
    assert mine["detail"] == f"nothing listens on 127.0.0.1:{port}"
    assert mine["remedy"].startswith("start TWS and log in; File > Global Configuration")
    assert [report["port"] for report in told["tws"]] == [port, 7497, 7496, 4002, 4001]
    assert told["tws"][0]["findings"][0]["trouble"] == "NOT_RUNNING"
    shown = capsys.readouterr().out
    assert f"FAIL TWS {port}" in shown
    assert mine["remedy"] in shown
