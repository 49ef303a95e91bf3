"""``vst bars`` on stores that are there; how they come to be is in tests/integration."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from tests.helpers.bar_segments import lane, name_of, write_store
from vst_desktop.adapters.files.bars import read_bars
from vst_desktop.cli.main import main


@pytest.fixture
def store(tmp_path: Path) -> Path:
    folder = tmp_path / "store"
    write_store(
        folder,
        ("replace", [{"AAPL": lane(30), "MSFT": lane(20, 1)}]),
        ("append", [{"AAPL": lane(1, 2, first=date(2024, 6, 3))}]),
    )
    return folder


def spoil(store: Path) -> None:
    """Change the first bar's close."""
    file = store / name_of(1)
    data = bytearray(file.read_bytes())
    data[384] ^= 1
    file.write_bytes(data)


def test_list_shows_every_symbol_with_its_first_and_last_day(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = tmp_path / "list.json"
    assert main(["bars", "list", "--store", str(store), "--json", str(result)]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[0].split() == ["AAPL", "31", "2024-01-02", "2024-06-03"]
    assert shown[1].split() == ["MSFT", "20", "2024-01-02", "2024-01-21"]
    assert shown[2] == f"2 symbols, 51 bars in {store}"
    report = json.loads(result.read_text())
    assert report["symbols"][1] == {
        "symbol": "MSFT",
        "bars": 20,
        "first": "2024-01-02",
        "last": "2024-01-21",
    }
    assert report["errors"] == [] and report["findings"] == []


def test_list_tells_of_quarantined_segments_and_lost_symbols(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    aside = store / "quarantine"
    aside.mkdir()
    (store / name_of(2)).rename(aside / name_of(2))
    (aside / f"{name_of(2)}.error.txt").write_text("wrong checksum")
    result = tmp_path / "list.json"
    assert main(["bars", "list", "--store", str(store), "--json", str(result)]) == 1
    shown = capsys.readouterr().out
    assert "1 symbols, 20 bars" in shown
    assert "AAPL: bars are lost, import them again" in shown
    assert (
        f"quarantine/{name_of(2)}: wrong checksum; import the bars of AAPL again, "
        "then delete the file and its note" in shown
    )
    report = json.loads(result.read_text())
    assert [error["symbol"] for error in report["errors"]] == ["AAPL"]
    assert report["findings"][0]["symbols"] == ["AAPL"]


def test_verify_says_that_all_holds_or_what_does_not_and_what_to_do(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = tmp_path / "verify.json"
    command = ["bars", "verify", "--store", str(store), "--json", str(result)]
    assert main(command) == 0
    assert "2 symbols" in capsys.readouterr().out
    assert json.loads(result.read_text())["ok"] is True
    spoil(store)
    assert main(command) == 1
    assert capsys.readouterr().out == (
        f"{name_of(1)}: block 0: column close does not match its checksum; "
        "import the bars of AAPL, MSFT again\n"
    )
    report = json.loads(result.read_text())
    assert report["ok"] is False
    assert report["findings"][0]["symbols"] == ["AAPL", "MSFT"]


@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_export_gives_what_is_held(store: Path, tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    assert main(["bars", "export", str(file), "--store", str(store)]) == 0
    series = read_bars(file).series
    assert list(series) == ["AAPL", "MSFT"]
    assert series["MSFT"].close == tuple(lane(20, 1).close)
    assert series["AAPL"].close == (*lane(30).close, *lane(1, 2).close)


def test_export_of_some_symbols_and_days(store: Path, tmp_path: Path) -> None:
    file = tmp_path / "out.csv"
    options = ["--symbols", "aapl", "--start", "2024-01-30", "--end", "2024-03-01"]
    assert main(["bars", "export", str(file), "--store", str(store), *options]) == 0
    series = read_bars(file).series
    assert list(series) == ["AAPL"]
    assert series["AAPL"].dates == (date(2024, 1, 30), date(2024, 1, 31))


def test_export_without_some_symbols_says_so_and_fails(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "out.csv"
    command = ["bars", "export", str(file), "--store", str(store), "--symbols", "MSFT,NONE"]
    assert main(command) == 1
    assert "NONE: " in capsys.readouterr().out
    assert list(read_bars(file).series) == ["MSFT"]


@pytest.mark.parametrize(
    ("options", "code", "error"),
    [
        (["--symbols", "NONE"], 1, "no bars of NONE"),
        (["--start", "2030-01-01"], 1, "the bars go from 2024-01-02 to 2024-06-03"),
        (["--start", "2024-02-01", "--end", "2024-01-01"], 2, "swap them"),
        (["--start", "soon"], 2, "'soon' is not a date"),
    ],
)
def test_export_that_gives_nothing_is_one_sentence(
    store: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    code: int,
    error: str,
) -> None:
    file = tmp_path / "out.csv"
    assert main(["bars", "export", str(file), "--store", str(store), *options]) == code
    said = capsys.readouterr().err
    assert error in said and said.count("\n") == 1
    assert not file.exists()


def test_export_of_spoilt_bars_is_refused(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil(store)
    assert main(["bars", "export", str(tmp_path / "o.csv"), "--store", str(store)]) == 1
    assert "none of the bars can be read" in capsys.readouterr().err


@pytest.mark.parametrize("action", [["list"], ["verify"], ["export", "x.csv"]])
def test_a_store_that_is_not_there_says_how_to_fill_it(
    vst_home: Path, capsys: pytest.CaptureFixture[str], action: list[str]
) -> None:
    assert main(["bars", *action]) == 1
    said = capsys.readouterr().err
    assert str(vst_home / "data" / "bars") in said and "vst bars import FILE" in said


def test_the_setting_names_the_store(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bars", "verify", "--set", f"bars.store={store}"]) == 0
    assert str(store) in capsys.readouterr().out


def test_an_action_is_needed() -> None:
    with pytest.raises(SystemExit) as caught:
        main(["bars"])
    assert caught.value.code == 2


@pytest.mark.parametrize(
    ("options", "error"),
    [(["--symbols", "ZZZ"], "no bars of ZZZ"), ([], "AAPL stands in")],
)
def test_import_of_no_or_of_ambiguous_bars_touches_nothing(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], error: str
) -> None:
    file, place = tmp_path / "out.csv", tmp_path / "new"
    assert main(["bars", "export", str(file), "--store", str(store)]) == 0
    again = tmp_path / "again.csv"
    again.write_bytes(file.read_bytes())
    capsys.readouterr()
    command = ["bars", "import", str(file), str(again), "--store", str(place), *options]
    assert main(command) == 1
    assert error in capsys.readouterr().err
    assert not place.exists()


def test_import_into_a_place_that_cannot_be_made(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "out.csv"
    main(["bars", "export", str(file), "--store", str(store)])
    assert main(["bars", "import", str(file), "--store", str(file / "store")]) == 1
    assert "cannot be made" in capsys.readouterr().err
