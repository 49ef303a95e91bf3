from __future__ import annotations

import importlib
import json
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[3] / "packaging"


@pytest.fixture
def history(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    return importlib.import_module("bench_history")


def _report(folder: Path, name: str, value: float | None, *, met: bool = True) -> str:
    file = folder / f"{name}.json"
    file.write_text(json.dumps({"targets": [{"name": "p99_ms", "value": value, "met": met}]}))
    return str(file)


def test_each_night_is_one_line_and_the_next_is_compared_with_the_median_of_those_before(
    history, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(tmp_path / "history.jsonl")
    for number, value in enumerate((4.0, 5.0, 9.0)):
        history.main(file, f"c{number}", _report(tmp_path, "orders", value))
    capsys.readouterr()
    history.main(file, "c3", _report(tmp_path, "orders", 7.5, met=False))
    shown = capsys.readouterr().out.splitlines()
    assert "median of 3 nights before" in shown[0]
    assert shown[-1] == "| orders/p99_ms | 7.5 | 5 | **+50%** | **missed** |"
    kept = [json.loads(line) for line in Path(file).read_text().splitlines()]
    assert [night["commit"] for night in kept] == ["c0", "c1", "c2", "c3"]


def test_the_first_night_and_a_figure_that_could_not_be_measured_have_nothing_beside_them(
    history, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(tmp_path / "history.jsonl")
    history.main(file, "c0", _report(tmp_path, "scan", None, met=False))
    assert capsys.readouterr().out.splitlines()[-1] == "| scan/p99_ms |  |  |  | **missed** |"
    history.main(file, "c1", _report(tmp_path, "scan", 3.0))
    assert capsys.readouterr().out.splitlines()[-1] == "| scan/p99_ms | 3 |  |  | holds |"


def test_a_report_that_is_missing_is_named_and_the_history_stays_as_it_was(
    history, tmp_path: Path
) -> None:
    file = tmp_path / "history.jsonl"
    with pytest.raises(SystemExit, match=r"no report at .*select\.json"):
        history.main(str(file), "c0", str(tmp_path / "select.json"))
    assert not file.exists()
