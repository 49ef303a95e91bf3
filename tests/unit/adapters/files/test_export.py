from __future__ import annotations

import os
import stat
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vst_desktop.adapters.files.bars import read_bars
from vst_desktop.adapters.files.export import write_bars
from vst_desktop.domain.bars import Timeframe
from vst_desktop.domain.errors import UserError
from vst_desktop.ports.market_data import BarColumns

COLUMNS = ("time", "open", "high", "low", "close", "volume")


def bars(symbol: str, closes: list[float], volume: float = 1e6) -> BarColumns:
    close = np.array(closes)
    return BarColumns(
        symbol=symbol,
        timeframe=Timeframe.DAILY,
        time=np.arange(len(closes), dtype=np.int32) + 19_000,
        open=close,
        high=close * 1.01,
        low=close / 1.01,
        close=close,
        volume=np.full(len(closes), volume),
    )


def same(file: Path, written: list[BarColumns]) -> bool:
    read = read_bars(file).series
    return list(read) == [one.symbol for one in written] and all(
        np.array_equal(getattr(read.packed(one.symbol), name), getattr(one, name))
        for one in written
        for name in COLUMNS
    )


@pytest.mark.parametrize("name", ["a.csv", "a.parquet", "A.CSV"])
def test_what_is_written_is_read_back_to_the_last_bit(tmp_path: Path, name: str) -> None:
    written = [bars("BRK.B", [1 / 3, 1e-4, 123.4567891]), bars("Ä B", [7.0], volume=1 / 7)]
    write_bars(tmp_path / name, written, overwrite=False)
    assert same(tmp_path / name, written)
    assert [file.name for file in tmp_path.iterdir()] == [name]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.floats(1e-6, 1e7), min_size=1, max_size=5),
    st.one_of(st.integers(0, 10**15).map(float), st.floats(0, 1e15)),
)
def test_any_number_survives_csv(tmp_path: Path, closes: list[float], volume: float) -> None:
    written = [bars("A", closes, volume)]
    write_bars(tmp_path / "a.csv", written, overwrite=True)
    assert same(tmp_path / "a.csv", written)


def test_many_symbols_go_out_in_pieces(tmp_path: Path) -> None:
    written = [bars(f"S{n:03}", [n + 1.0, n + 2.0]) for n in range(201)]
    write_bars(tmp_path / "a.parquet", iter(written), overwrite=False)
    assert same(tmp_path / "a.parquet", written)


@pytest.mark.parametrize("symbol", ["=1+1", "+A", "-A", "@A", "\tA"])
def test_a_symbol_that_a_spreadsheet_would_run_is_refused_in_csv_only(
    tmp_path: Path, symbol: str
) -> None:
    with pytest.raises(UserError, match="formula"):
        write_bars(tmp_path / "a.csv", [bars("A", [1.0]), bars(symbol, [1.0])], overwrite=False)
    assert list(tmp_path.iterdir()) == []
    write_bars(tmp_path / "a.parquet", [bars(symbol, [1.0])], overwrite=False)


def test_an_existing_file_stays_unless_told_otherwise(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("mine")
    with pytest.raises(UserError, match=r"is there already.*--force"):
        write_bars(file, [bars("A", [1.0])], overwrite=False)
    assert file.read_text() == "mine"
    with pytest.raises(UserError, match="formula"):
        write_bars(file, [bars("=A", [1.0])], overwrite=True)
    assert file.read_text() == "mine"
    write_bars(file, [bars("A", [1.0])], overwrite=True)
    assert same(file, [bars("A", [1.0])])
    if os.name == "posix":
        assert stat.S_IMODE(file.stat().st_mode) == 0o644


@pytest.mark.parametrize(
    ("name", "error"),
    [("a.txt", "'.txt'"), ("a", "has no ending"), ("no/a.csv", "cannot be written")],
)
def test_a_place_that_cannot_be_written_is_one_sentence(
    tmp_path: Path, name: str, error: str
) -> None:
    with pytest.raises(UserError, match=error):
        write_bars(tmp_path / name, [bars("A", [1.0])], overwrite=False)
