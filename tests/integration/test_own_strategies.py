"""A user's own strategy, really installed, through the command line and the real scanner."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.helpers.own_strategies import SLOW_RISE, Own
from tests.helpers.scanners import built_scanner, made_bars
from vst_desktop.cli.main import main
from vst_desktop.domain.bars import BarSeries
from vst_desktop.domain.errors import UserError
from vst_desktop.strategy.indicators import indicators

GUIDE = Path(__file__).parents[2] / "docs" / "strategies.md"
BARS = {f"S{n}": made_bars(f"S{n}", n) for n in range(4)}


@pytest.fixture(autouse=True)
def scanner() -> Path:
    return built_scanner()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return written(tmp_path / "bars.csv", BARS.values())


def written(path: Path, series: Any) -> Path:
    columns = ("open", "high", "low", "close", "volume")
    frames = [
        pd.DataFrame({"date": s.dates, **{c: getattr(s, c) for c in columns}}).assign(
            symbol=s.symbol
        )
        for s in series
    ]
    pd.concat(frames).to_csv(path, index=False)
    return path


def scan(file: Path, *arguments: str, code: int = 0) -> dict[str, Any]:
    result = file.with_suffix(".json")
    given = ["scan", "--bars", str(file), "--json", str(result), *arguments]
    assert main(given) == code
    found: dict[str, Any] = json.loads(result.read_text())
    return found


def keys(report: dict[str, Any], strategy: str) -> set[tuple[str, str]]:
    return {(s["symbol"], s["date"]) for s in report["signals"] if s["strategy"] == strategy}


def expected(bars: BarSeries) -> set[tuple[str, str]]:
    """Where SLOW_RISE holds."""
    data = indicators(bars)
    places = np.flatnonzero((data.rsi > 50) & ~np.isnan(data.atr))
    return {(bars.symbol, bars.dates[p].isoformat()) for p in places}


def test_own_strategy_stands_beside_the_scanners_in_one_answer(own: Own, file: Path) -> None:
    own.declare(SLOW_RISE=SLOW_RISE)
    report = scan(file, "--strategies", "LOW_BASE,SLOW_RISE,HIGH_BASE", "--explain", "S1")
    assert report["engine"] == "go; SLOW_RISE: numpy (in-process)"
    assert keys(report, "SLOW_RISE") == set().union(*map(expected, BARS.values()))
    alone = scan(file, "--strategies", "HIGH_BASE")
    assert alone["engine"] == "go"
    assert keys(report, "HIGH_BASE") == keys(alone, "HIGH_BASE") != set()
    assert [e["strategy"] for e in report["explained"]] == ["LOW_BASE", "SLOW_RISE", "HIGH_BASE"]
    assert report["explained"][1]["conditions"][0]["text"] == "RSI > 50"


def test_settings_name_what_is_scanned_for(own: Own, file: Path) -> None:
    own.declare(SLOW_RISE=SLOW_RISE)
    report = scan(file, "--set", "enabled=SLOW_RISE")
    assert {s["strategy"] for s in report["signals"]} == {"SLOW_RISE"}


def test_broken_strategies_are_reported_and_the_scan_goes_on(
    own: Own, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own.declare(SLOW_RISE=SLOW_RISE, RAISES="return 1 / 0")
    own.module("broken_rule", "import no_such_module_here")
    own.install("others-rules", {"BROKEN": "broken_rule:RULE"})
    report = scan(file, "--strategies", "BROKEN,HIGH_BASE,RAISES,SLOW_RISE")
    assert (report["scanned"], report["errors"]) == (4, [])
    assert {s["strategy"] for s in report["signals"]} == {"HIGH_BASE", "SLOW_RISE"}
    said = capsys.readouterr().out
    assert "strategy BROKEN of others-rules 1.2 cannot be used" in said
    assert "S2: RAISES failed: ZeroDivisionError" in said
    assert main(["scan", "--bars", str(file), "--strategies", "NOPE"]) == 2


def test_without_the_scanner_the_same_signals_come_slower_and_that_is_said(
    own: Own,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    own.declare(SLOW_RISE=SLOW_RISE)
    names = ("--strategies", "HIGH_BASE,BEAR_RALLY,SLOW_RISE")
    whole = scan(file, *names)

    def missing() -> Path:
        raise UserError("no scanner binary was found")

    monkeypatch.setattr("vst_desktop.adapters.scanner.supervisor.verified_binary", missing)
    capsys.readouterr()
    report = scan(file, *names)
    assert report["engine"] == "pandas-ta (in-process)"
    assert report["signals"] == whole["signals"]
    assert "scans run in-process, slower: no scanner binary" in capsys.readouterr().err


def test_rule_that_cannot_fire_is_said_and_range_low_lets_it(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scan(file)
    note = "LOW_BASE fired on 0 of 1,600 bars: with atr_ratio_base = zero it cannot"
    assert note in capsys.readouterr().out
    report = scan(file, "--set", "atr_ratio_base=range_low")
    assert report["counts"]["LOW_BASE"] > 0
    assert "cannot" not in capsys.readouterr().out


def test_example_of_the_guide_works_as_it_stands(own: Own, tmp_path: Path) -> None:
    text = GUIDE.read_text()
    code, project = (
        re.findall(rf"```{kind}\n(.*?)```", text, re.DOTALL)[0] for kind in ("python", "toml")
    )
    points = tomllib.loads(project)["project"]["entry-points"]["vst.strategies"]
    own.module("breakout", code)
    own.install("my-strategies", points)
    count = 80
    closes = [50.0 + n % 7 for n in range(count - 1)] + [60.0]
    flat = made_bars("UP", 1, count)
    bars = BarSeries(
        symbol="UP",
        dates=flat.dates,
        open=tuple(closes),
        high=tuple(closes),
        low=tuple(c - 1 for c in closes),
        close=tuple(closes),
        volume=(*(1e6,) * (count - 1), 2e6),
    )
    file = written(tmp_path / "up.csv", [bars])
    report = scan(file, "--strategies", "BREAKOUT", "--explain", "UP")
    assert keys(report, "BREAKOUT") == {("UP", bars.dates[-1].isoformat())}
    assert [c["passed"] for c in report["explained"][0]["conditions"]] == [True, True]
