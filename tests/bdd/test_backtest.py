"""features/backtest.feature, by the commands themselves on real bars."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from pytest_bdd import given, parsers, scenarios, then, when

from vst_desktop.cli.main import main

scenarios("backtest.feature")

TEN = "AAPL,MSFT,AMZN,JPM,JNJ,PG,DIS,INTC,CSCO,PFE"


class Bench:
    """Arguments of the lab's commands, and what the last one said and wrote."""

    def __init__(self, data: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._data = data
        self._capsys = capsys
        self.folder = folder
        self.arguments: list[str] = []
        self.said = ""
        self.found: dict[str, Any] = {}

    def on(self, file: str, symbols: str, start: str, end: str) -> None:
        self.arguments = ["--bars", str(self._data / file), "--symbols", symbols]
        self.arguments += ["--start", start, "--end", end]

    def play(self, command: str, *more: str) -> None:
        path = self.folder / "found.json"
        report = ["--report", str(self.folder / "report")]
        assert main([command, *self.arguments, *more, *report, "--json", str(path)]) == 0
        self.said = self._capsys.readouterr().out
        self.found = json.loads(path.read_text())


@pytest.fixture
def bench(data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Bench:
    return Bench(data_dir, tmp_path, capsys)


@given(parsers.parse("the lab with bars of {symbols} from {start} to {end}"))
def bars(bench: Bench, symbols: str, start: str, end: str) -> None:
    if symbols == "ten symbols":
        bench.on("sp500_daily.parquet", TEN, start, end)
    else:
        bench.on("recent_daily.parquet", symbols, start, end)


@when("HIGH_BASE is played with max_spread_cost=1000")
def played_dearer(bench: Bench) -> None:
    bench.play("backtest", "--strategies", "HIGH_BASE", "--set", "max_spread_cost=1000")


@when("HIGH_BASE is played as the settings stand")
def played(bench: Bench) -> None:
    bench.play("backtest", "--strategies", "HIGH_BASE")


@when("HIGH_BASE is played with fixed prices")
def played_flat(bench: Bench) -> None:
    bench.play("backtest", "--strategies", "HIGH_BASE", "--pricing", "fixed")


@when("all four strategies are played")
def played_all(bench: Bench) -> None:
    bench.play("backtest")


@when("bull_pullback_rsi_threshold 45, 50 and 55 are tried with stop_loss_atr_mult 1.5, 2 and 3")
def tried(bench: Bench) -> None:
    bench.play(
        "optimize",
        *("--strategies", "BULL_PULLBACK", "--set", "max_spread_cost=1500", "--workers", "1"),
        *("--vary", "bull_pullback_rsi_threshold=45,50,55", "--vary", "stop_loss_atr_mult=1.5,2,3"),
    )


@then("trades were made")
def some_trades(bench: Bench) -> None:
    assert bench.found["metrics"]["trades"] == len(bench.found["trades"]) > 0


@then(parsers.parse("the report has {names}"))
def has_figures(bench: Bench, names: str) -> None:
    for name in re.split(r", | and ", names):
        assert isinstance(bench.found["metrics"][name], float)


@then(
    "win_rate is held against 0.5, profit_factor against 1.5, max_drawdown against 0.15 "
    "and sharpe against 1.0"
)
def thresholds(bench: Bench) -> None:
    wanted = {"win_rate": 0.5, "profit_factor": 1.5, "max_drawdown": 0.15, "sharpe": 1.0}
    for name, threshold in wanted.items():
        assert bench.found["gates"][name]["threshold"] == threshold
        assert bench.found["gates"][name]["value"] == bench.found["metrics"][name]


@then("the average win is held against the average loss")
def win_over_loss(bench: Bench) -> None:
    gate = bench.found["gates"]["average_win_over_loss"]
    assert gate["value"] == bench.found["metrics"]["average_win"]
    assert gate["threshold"] == bench.found["metrics"]["average_loss"]


@then("each gate says what its figure says, passed or not")
def honest(bench: Bench) -> None:
    for name, gate in bench.found["gates"].items():
        above = gate["value"] > gate["threshold"]
        assert gate["passed"] == (not above if name == "max_drawdown" else above)


@then("no trade was made, and it ended well")
def no_trades(bench: Bench) -> None:
    assert bench.found["metrics"]["trades"] == 0
    assert not any(gate["passed"] for gate in bench.found["gates"].values())


@then("it says that rule cost stopped them and which max_spread_cost would admit some")
def says_why(bench: Bench) -> None:
    assert "rule cost stopped" in bench.said
    assert re.search(r"--set max_spread_cost=\d+", bench.said)


@then("with that setting trades are made")
def remedy_works(bench: Bench) -> None:
    setting = re.search(r"max_spread_cost=\d+ would", bench.said)
    assert setting is not None
    bench.play("backtest", "--strategies", "HIGH_BASE", "--set", setting[0].removesuffix(" would"))
    some_trades(bench)


@then("the first line of the report names fixed prices")
def names_pricing(bench: Bench) -> None:
    assert bench.said.startswith("prices: fixed")
    page = (bench.folder / "report" / "index.html").read_text()
    assert page.index("prices: fixed") < page.index("<h2>")


@then("they are ranked from 1 to 4, the best first")
def are_ranked(bench: Bench) -> None:
    ranking = bench.found["comparison"]
    assert [one["rank"] for one in ranking] == [1, 2, 3, 4]
    traded = [one["gates_passed"] for one in ranking if one["metrics"]["trades"]]
    assert traded == sorted(traded, reverse=True)


@then("a report stands alone in its folder and shows the ranking")
def stands_alone(bench: Bench) -> None:
    page = (bench.folder / "report" / "index.html").read_text()
    assert not re.search(r"(src|href)=", page)
    assert "Strategies ranked" in page
    assert page.count("<polyline") >= 5


@then("the best values are named")
def best_named(bench: Bench) -> None:
    assert re.search(
        r"^best: bull_pullback_rsi_threshold=\d+, stop_loss_atr_mult=", bench.said, re.M
    )
    assert bench.found["best"]["parameters"]


@then("the figures of all 9 sets are shown")
def all_sets(bench: Bench) -> None:
    assert len(bench.found["sets"]) == 9
    assert all("sharpe" in one["metrics"] for one in bench.found["sets"])
    page = (bench.folder / "report" / "optimize.html").read_text()
    assert "Every set (9)" in page


@then("the walk-forward says whether the best holds on sessions it was not chosen on")
def verdict(bench: Bench) -> None:
    assert re.search(r"of sample|not validated", bench.found["walk_forward"]["verdict"])
    assert "walk-forward: " in bench.said
