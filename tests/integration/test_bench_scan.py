"""``vst bench scan`` on a few made bars: what it says hangs together, whatever the times are."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.made_bars import made, sessions_up_to
from tests.helpers.scanners import built_scanner
from vst_desktop.adapters.files.export import write_bars
from vst_desktop.cli.bench import made as made_bars
from vst_desktop.cli.bench import race, scan, timing
from vst_desktop.cli.main import main

BARS = 320
RATIOS = {
    "ratio_to_talib": ("TA-Lib + numpy", "as-of"),
    "ratio_to_pandas_ta": ("pandas-ta", "as-of"),
    "range_ratio_to_talib": ("TA-Lib + numpy", "range"),
}


@pytest.fixture
def bars(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of a few symbols, and a benchmark that takes few turns over it."""
    built_scanner()
    monkeypatch.setattr(timing, "ROUNDS", 2)
    monkeypatch.setattr(timing, "MAX_CALLS", 2)
    monkeypatch.setattr(made_bars, "IDLE_SECS", 0.1)
    monkeypatch.setattr(race, "interpreter", lambda: None)
    file = tmp_path / "bars.parquet"
    days = sessions_up_to(date(2024, 6, 28), BARS)
    # The last ones are too short for some indicators, or for all.
    lengths = {"AA": BARS, "BB": BARS - 7, "CC": 230, "DD": 60, "EE": 3, "FF": 1}
    write_bars(file, [made(symbol, days[-n:]) for symbol, n in lengths.items()], overwrite=False)
    return file


def test_report_has_its_keys_and_its_ratios_are_those_of_the_engines_seconds(
    bars: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = tmp_path / "b.json"
    arguments = ["bench", "scan", "--bars", str(bars), "--made", "40", "--json", str(result)]
    assert main(arguments) == 0
    report = json.loads(result.read_text())

    def row(name: str, form: str) -> dict[str, Any]:
        return next(e for e in report["engines"] if (e["engine"], e["form"]) == (name, form))

    for engine in report["engines"]:
        assert (engine["symbols"], engine["bars"]) == (6, 2 * BARS - 7 + 230 + 60 + 3 + 1)
        assert 0 < engine["seconds"] <= engine["median_seconds"]
        assert engine["symbols_per_second"] == pytest.approx(6 / engine["seconds"])
        assert engine["ns_per_bar"] == pytest.approx(1e9 * engine["seconds"] / engine["bars"])
    assert len({engine["name"] for engine in report["engines"]}) == len(report["engines"])
    for key, (name, form) in RATIOS.items():
        ours = row("vst scanner", form)
        assert report[key] == pytest.approx(row(name, form)["seconds"] / ours["seconds"])

    verified = report["verified"]
    assert verified["holds"]
    assert {name: verified["differing_bars"][name] for name in ("pandas-ta", "polars")} == {
        "pandas-ta": 0,
        "polars": 0,
    }
    assert report["not_installed"] == [{"name": "vectorbt", "install": "packaging/peers.sh"}]
    assert report["made"]["symbols"] == 40
    assert report["made"]["prefetch"]["symbols"] == 40
    assert len(report["targets"]) == 9
    for target in report["targets"]:
        bound = target.get("at_least", target.get("at_most"))
        over = target["value"] is not None and target["value"] >= bound
        assert target["met"] in (None, over if "at_least" in target else not over)

    shown = capsys.readouterr().out
    assert "equal to pandas-ta's on every bar" in shown
    assert "not installed: packaging/peers.sh" in shown


def test_scalar_kernel_is_named_and_held_to_its_own_targets(bars: Path, tmp_path: Path) -> None:
    result = tmp_path / "b.json"
    arguments = ["bench", "scan", "--bars", str(bars), "--kernel", "scalar", "--cores", "1"]
    assert main([*arguments, "--made", "0", "--json", str(result)]) == 0
    report = json.loads(result.read_text())
    assert report["instruction_set"] == "scalar"
    assert report["made"] is None
    assert {e["cores"] for e in report["engines"] if e["engine"] == "vst scanner"} == {1}
    assert [target.get("at_least") for target in report["targets"]] == [3, 100, 1.8, None]


def test_signals_that_are_not_the_reference_s_give_no_ratio(
    bars: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    by_rules = race.by_rules

    def other(*given: Any) -> Any:
        found = by_rules(*given)
        found[250] ^= 1
        return found

    monkeypatch.setattr(race, "by_rules", other)
    result = tmp_path / "b.json"
    arguments = ["bench", "scan", "--bars", str(bars), "--made", "0", "--json", str(result)]
    assert main(arguments) == 1
    report = json.loads(result.read_text())
    assert [report[key] for key in RATIOS] == [None, None, None]
    told = capsys.readouterr()
    assert "1 bars differ from pandas-ta's" in told.out
    assert told.err == (
        "vst bench: the scanner's signals are not the reference's: no ratio is reported\n"
    )


def test_file_of_refused_symbols_is_told_with_the_first_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    built_scanner()
    file = tmp_path / "bad.csv"
    file.write_text(
        "symbol,date,open,high,low,close,volume\nAA,2024-01-02,1,2,3,1,5\n", encoding="utf-8"
    )
    assert main(["bench", "scan", "--bars", str(file)]) == 1
    told = capsys.readouterr().err
    assert told.startswith("vst bench: ")
    assert "no symbol can be scanned; AA: " in told


@pytest.mark.usefixtures("bars")
def test_without_a_file_made_symbols_stand_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "STAND_IN", 3)
    result = tmp_path / "b.json"
    assert main(["bench", "scan", "--made", "0", "--json", str(result)]) == 0
    report = json.loads(result.read_text())
    assert {engine["symbols"] for engine in report["engines"]} == {3}
    assert report["verified"]["holds"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--bars", "missing.parquet"], 1),
        (["--bars", "missing.parquet", "--made", "-1"], 2),
    ],
)
def test_wrong_arguments_are_one_sentence(
    arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "scan", *arguments]) == code
    told = capsys.readouterr().err
    assert told.startswith("vst bench: ")
    assert told.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [[], ["nothing"], ["scan", "--cores", "3"], ["scan", "--bars", "x", "--kernel", "avx512"]],
)
def test_wrong_usage_ends_with_code_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["bench", *arguments])
    assert ended.value.code == 2
    assert "usage: vst bench" in capsys.readouterr().err
