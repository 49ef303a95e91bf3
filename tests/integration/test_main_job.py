"""The main job from end to end, as ``vst demo --headless`` does it."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from vst_desktop.cli.main import main

NUMBER = float | int
SHAPE: dict[str, Any] = {
    "ok": bool,
    "mode": str,
    "account": str,
    "clock": {"start": str, "end": str},
    "broker": {"client": str, "server_version": int},
    "scan": {
        "symbols": int,
        "scanned": int,
        "errors": [{"symbol": str, "error": str}],
        "seconds": NUMBER,
        "symbols_per_second": NUMBER,
        "signals": [{"symbol": str, "strategy": str, "direction": str, "date": str}],
    },
    "candidates": [
        {
            "symbol": str,
            "strategy": str,
            "direction": str,
            "spread_type": str,
            "expiration": str,
            "dte": int,
            "right": str,
            "long_strike": NUMBER,
            "short_strike": NUMBER,
            "debit": NUMBER,
            "max_loss_usd": NUMBER,
            "max_profit_usd": NUMBER,
            "reward_risk": NUMBER,
            "delta": NUMBER,
            "breakeven": NUMBER,
            "contracts": int,
            "denied": str | None,
        }
    ],
    "orders": [
        {
            "intent_id": str,
            "order_ref": str,
            "order_id": int,
            "perm_id": int,
            "symbol": str,
            "action": str,
            "order_type": str,
            "limit_price": NUMBER | None,
            "quantity": int,
            "status": str,
            "filled": int,
            "average_fill_price": NUMBER,
            "approved_at": str,
            "queued_at": str | None,
            "sent_at": str,
            "acknowledged_at": str,
            "filled_at": str,
            "ack_latency_secs": NUMBER,
        }
    ],
    "positions": [
        {
            "symbol": str,
            "spread_type": str,
            "long_strike": NUMBER,
            "short_strike": NUMBER,
            "expiration": str,
            "quantity": int,
            "average_debit": NUMBER,
            "stop": NUMBER,
            "targets": {"fibo": NUMBER | None, "r": NUMBER | None, "atr": NUMBER | None},
            "exit_by": str,
        }
    ],
    "alerts": [{"time": str, "severity": str, "message": str, "details": str}],
}
"""Keys of SPEC 17 for ``vst demo``; a run may add more, never leave one out."""


def _differences(shape: Any, value: Any, where: str = "demo") -> list[str]:
    if isinstance(shape, dict):
        missing = [f"{where}.{key} is missing" for key in shape if key not in value]
        return missing + [
            found
            for key, inner in shape.items()
            if key in value
            for found in _differences(inner, value[key], f"{where}.{key}")
        ]
    if isinstance(shape, list):
        return [
            found
            for index, entry in enumerate(value)
            for found in _differences(shape[0], entry, f"{where}[{index}]")
        ]
    return [] if isinstance(value, shape) else [f"{where} is {value!r}"]


def _demo(tmp_path: Path, *arguments: str) -> dict[str, Any]:
    result = tmp_path / "demo.json"
    code = main(["demo", "--headless", "--json", str(result), *arguments])
    assert code == 0
    report: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
    return report


def _when(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    assert moment.tzinfo is not None
    return moment


def _assert_job_done(report: dict[str, Any]) -> dict[str, Any]:
    """What holds of every demo that went well; returns its filled order."""
    assert _differences(SHAPE, report) == []
    assert report["ok"] is True
    assert report["mode"] == "DEMO"
    assert report["broker"]["client"].startswith("ib_insync")
    scan = report["scan"]
    assert scan["engine"] == "go"
    assert scan["scanned"] + len(scan["errors"]) == scan["symbols"]
    assert scan["signals"] and report["candidates"]
    (order,) = [o for o in report["orders"] if o["status"] == "FILLED"]
    assert order["order_id"] and order["perm_id"] and order["order_ref"]
    assert (order["action"], order["order_type"]) == ("BUY", "MKT")
    assert order["filled"] == order["quantity"] > 0
    times = [order[f"{name}_at"] for name in ("approved", "queued", "sent", "filled")]
    assert sorted(times, key=_when) == times
    assert _when(report["clock"]["start"]) <= _when(times[0])
    assert _when(times[-1]) <= _when(report["clock"]["end"])
    (position,) = report["positions"]
    assert position["symbol"] == order["symbol"]
    assert position["quantity"] == order["filled"]
    assert position["average_debit"] == order["average_fill_price"]
    assert any(position["targets"].values())
    assert date.fromisoformat(position["exit_by"]) < date.fromisoformat(position["expiration"])
    assert {a["severity"] for a in report["alerts"]} == {"INFO"}
    return order


def test_the_built_in_demo_ends_in_a_filled_order_and_a_position_with_its_plan(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = _demo(tmp_path)
    order = _assert_job_done(report)
    assert order["symbol"] == report["candidates"][0]["symbol"]
    story = capsys.readouterr().out
    for chapter in ("scanned", "approved", "queued", "filled", "exit plan"):
        assert chapter in story


def test_the_same_seed_and_moment_tell_the_same_story(tmp_path: Path) -> None:
    arguments = ("--seed", "3", "--at", "2023-03-15T14:43-04:00", "--set", "max_chains=6")
    first, second = (_demo(tmp_path, *arguments) for _ in range(2))
    for part in ("candidates", "positions"):
        assert first[part] == second[part]
    assert first["scan"]["signals"] == second["scan"]["signals"]


def test_the_recorded_demo_pays_what_the_recorded_chain_asks(
    tmp_path: Path, data_dir: Path
) -> None:
    report = _demo(
        tmp_path,
        *("--bars", str(data_dir / "sp500_daily.parquet")),
        *("--chains", str(data_dir / "chains")),
        *("--at", "2014-06-09T14:43-04:00"),
    )
    order = _assert_job_done(report)
    assert order["symbol"] == "AAPL"
    assert report["scan"]["symbols"] == 385
    assert report["scan"]["scanned"] == 361
    apple = next(c for c in report["candidates"] if c["symbol"] == "AAPL")
    debit = _recorded_debit(data_dir, apple)
    assert apple["debit"] == order["average_fill_price"] == pytest.approx(debit, abs=1e-9)
    assert 0.30 <= apple["delta"] <= 0.50
    assert apple["reward_risk"] >= 1.5
    assert apple["max_loss_usd"] <= 500
    assert 30 <= apple["dte"] <= 45
    opens = _when("2014-06-09T14:45-04:00")
    assert _when(order["queued_at"]) < opens <= _when(order["sent_at"])


def _recorded_debit(data_dir: Path, candidate: dict[str, Any]) -> float:
    rows = pq.read_table(data_dir / "chains" / "AAPL_20140609.parquet").to_pylist()
    side = {
        row["strike"]: row
        for row in rows
        if row["right"] == candidate["right"] and str(row["expiry"])[:10] == candidate["expiration"]
    }
    ask, bid = side[candidate["long_strike"]]["ask"], side[candidate["short_strike"]]["bid"]
    return float(round(ask - bid, 4))
