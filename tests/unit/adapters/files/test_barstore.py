from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.helpers.bar_segments import (
    Lane,
    block,
    dates,
    lane,
    name_of,
    same,
    segment_bytes,
    write_manifest,
    write_store,
)
from vst_desktop.adapters.files.barstore import BarStore
from vst_desktop.domain.errors import UserError

PRICES = ("open", "high", "low", "close")


def store_of(folder: Path, *segments: tuple[str, list[dict[str, Lane]]]) -> BarStore:
    write_store(folder, *segments)
    return BarStore(folder)


@pytest.mark.parametrize("ticks", [True, False])
def test_bars_come_back_as_they_were_written(tmp_path: Path, ticks: bool) -> None:
    blocks = [block("AAPL", "BRK.B", "ÄÖ"), block("MSFT", count=7, seed=9)]
    write_store(tmp_path, ("replace", blocks), ticks=ticks)
    store = BarStore(tmp_path)
    assert store.symbols == ("AAPL", "BRK.B", "MSFT", "ÄÖ")
    for held in blocks:
        for symbol, bars in held.items():
            assert same(store.series(symbol), bars)
    assert store.verify() == [] and store.findings == ()


@pytest.mark.parametrize(("ticks", "kind"), [(True, "<i4"), (False, "<f8")])
def test_columns_are_views_of_the_mapped_file_as_stored(
    tmp_path: Path, ticks: bool, kind: str
) -> None:
    bars = block("A", "B")
    write_store(tmp_path, ("replace", [bars]), ticks=ticks)
    store = BarStore(tmp_path)
    (run,), (again,), (other,) = store.columns("A"), store.columns("A"), store.columns("B")
    for name in (*PRICES, "day", "volume"):
        column: np.ndarray = getattr(run, name)  # type: ignore[type-arg]
        assert np.shares_memory(column, getattr(again, name))
        assert not column.flags.writeable and not column.flags.owndata
        assert column.strides == (8 * column.itemsize,)
        # The neighbouring lane lies one value further on.
        place = column.__array_interface__["data"][0]
        assert getattr(other, name).__array_interface__["data"][0] == place + column.itemsize
    assert run.close.dtype == kind and run.day.dtype == "<i4" and run.volume.dtype == "<f8"
    assert run.usd("close").tolist() == list(bars["A"].close)
    if not ticks:
        assert np.shares_memory(run.usd("close"), run.close)


def test_last_replacement_counts_and_what_was_appended_after_it(tmp_path: Path) -> None:
    new = lane(5, 3)
    tail = lane(2, 4, first=date(2024, 1, 7))
    store = store_of(
        tmp_path,
        ("replace", [block("A", "B")]),
        ("append", [{"A": lane(1, 7, first=date(2025, 1, 1))}]),
        ("replace", [{"A": new}]),
        ("append", [{"A": tail}]),
    )
    assert store.series("A").dates == (*dates(new), *dates(tail))
    assert store.series("A").close == (*new.close, *tail.close)
    assert same(store.series("B"), block("A", "B")["B"])
    assert [len(run) for run in store.columns("A")] == [5, 2]


def test_an_appended_bar_takes_the_place_of_one_on_the_same_day(tmp_path: Path) -> None:
    old = lane(5)
    last = date(2024, 1, 6)
    first, second = lane(1, 1, first=last), lane(2, 2, first=last)
    store = store_of(
        tmp_path, ("replace", [{"A": old}]), ("append", [{"A": first}]), ("append", [{"A": second}])
    )
    assert store.series("A").dates == (*dates(old)[:-1], *dates(second))
    assert store.series("A").close == (*old.close[:-1], *second.close)
    assert [len(run) for run in store.columns("A")] == [4, 2]
    span = store.spans()[0]["A"]
    assert (span.bars, span.first, span.last) == (6, date(2024, 1, 2), date(2024, 1, 7))


def test_an_appended_bar_before_the_last_day_is_a_finding_of_its_segment(tmp_path: Path) -> None:
    store = store_of(
        tmp_path,
        ("replace", [block("A", "B")]),
        ("append", [{"A": lane(1, first=date(2024, 1, 5))}]),
    )
    with pytest.raises(UserError, match=r"segment-0000000002.bars: block 0: bars of A begin on"):
        store.series("A")
    assert len(store.series("B")) == 31
    (finding,) = store.verify()
    assert finding.segment == name_of(2) and finding.symbols == ("A",)
    assert "2024-01-05, before 2024-01-31" in finding.error
    assert [error.symbol for error in store.spans()[1]] == ["A"]


def test_a_new_generation_is_seen_and_what_is_held_stays(tmp_path: Path) -> None:
    old, new = block("A"), block("A", "B", seed=5)
    store = store_of(tmp_path, ("replace", [old]))
    held = store.columns("A")[0]
    closes = held.close.tolist()
    (tmp_path / name_of(2)).write_bytes(segment_bytes([new]))
    write_manifest(tmp_path, [(2, "replace")], generation=2)
    (tmp_path / name_of(1)).unlink()
    assert store.symbols == ("A", "B") and store.generation == 2
    assert same(store.series("A"), new["A"])
    assert held.close.tolist() == closes


def test_a_segment_that_stays_is_not_mapped_again(tmp_path: Path) -> None:
    store = store_of(tmp_path, ("replace", [block("A")]))
    before = store.columns("A")[0].close
    (tmp_path / name_of(2)).write_bytes(segment_bytes([block("B")]))
    write_manifest(tmp_path, [(1, "replace"), (2, "replace")], generation=2)
    assert store.symbols == ("A", "B")
    assert np.shares_memory(before, store.columns("A")[0].close)


def test_a_store_made_anew_under_the_same_names_is_read_anew(tmp_path: Path) -> None:
    folder = tmp_path / "bars"
    store = store_of(folder, ("replace", [block("A")]))
    shutil.rmtree(folder)
    write_store(folder, ("replace", [block("A", seed=3)]))
    assert same(store.series("A"), block("A", seed=3)["A"])


def test_reading_starts_again_when_the_writer_replaces_the_manifest_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_store(tmp_path, ("replace", [block("A")]), ("replace", [block("B")]))
    open_file, done = Path.open, []

    def replace_just_before(file: Path, *args: Any, **options: Any) -> Any:
        if file.name == name_of(2) and not done:
            done.append(file)
            (tmp_path / name_of(3)).write_bytes(segment_bytes([block("A", "B", seed=4)]))
            write_manifest(tmp_path, [(3, "replace")], generation=2)
            for number in (1, 2):
                (tmp_path / name_of(number)).unlink()
        return open_file(file, *args, **options)

    monkeypatch.setattr(Path, "open", replace_just_before)
    store = BarStore(tmp_path)
    assert done and store.generation == 2 and store.findings == ()
    assert same(store.series("B"), block("A", "B", seed=4)["B"])


def test_a_missing_segment_is_a_finding_and_the_rest_is_served(tmp_path: Path) -> None:
    write_store(tmp_path, ("replace", [block("A")]), ("replace", [block("B")]))
    (tmp_path / name_of(1)).unlink()
    store = BarStore(tmp_path)
    assert store.symbols == ("B",)
    (finding,) = store.findings
    assert finding.segment == name_of(1) and "is gone" in finding.error
    assert store.verify() == [finding]


def test_quarantined_segments_are_told_with_their_error_and_symbols(tmp_path: Path) -> None:
    write_store(tmp_path, ("replace", [block("A", "B")]), ("replace", [block("C")]))
    aside = tmp_path / "quarantine"
    aside.mkdir()
    (tmp_path / name_of(1)).rename(aside / name_of(1))
    (aside / f"{name_of(1)}.error.txt").write_text("block 0: close:\nwrong checksum\n")
    store = BarStore(tmp_path)  # the manifest names it still
    (finding,) = store.findings
    assert finding.segment == f"quarantine/{name_of(1)}"
    assert finding.error == "block 0: close: wrong checksum"
    assert finding.symbols == ("A", "B")
    assert store.symbols == ("C",)
    write_manifest(tmp_path, [(2, "replace")], generation=2)
    assert store.verify() == [finding]


def test_a_lost_appendix_loses_the_symbols_that_may_have_been_in_it(tmp_path: Path) -> None:
    write_store(
        tmp_path,
        ("replace", [block("A", "B")]),
        ("append", [{"A": lane(1, first=date(2025, 1, 1))}]),
        ("append", [{"A": lane(1, first=date(2025, 1, 2))}]),
        ("replace", [block("B")]),
        ("replace", [block("C")]),
    )
    (tmp_path / name_of(2)).write_bytes(b"")
    store = BarStore(tmp_path)
    assert store.symbols == ("B", "C")  # B was replaced later, C begins later
    (error,) = store.errors
    assert error.symbol == "A" and name_of(2) in error.error and "import" in error.error
    with pytest.raises(UserError, match="A: bars are lost, import them again"):
        store.series("A")
    assert error in store.spans()[1]


def test_bars_appended_to_a_lost_beginning_are_not_served(tmp_path: Path) -> None:
    later = lane(1, first=date(2025, 1, 1))
    write_store(
        tmp_path, ("replace", [block("A")]), ("replace", [block("B")]), ("append", [{"A": later}])
    )
    (tmp_path / name_of(1)).write_bytes(b"")  # it cannot say whose bars it held
    store = BarStore(tmp_path)
    assert store.symbols == ("B",)
    assert [e.symbol for e in store.errors] == ["A"]
    with pytest.raises(UserError, match="the bars before its appended ones are lost"):
        store.series("A")


def test_a_quarantined_appendix_loses_only_its_own_symbols(tmp_path: Path) -> None:
    write_store(
        tmp_path,
        ("replace", [block("A", "B")]),
        ("append", [{"A": lane(1, first=date(2025, 1, 1))}]),
    )
    aside = tmp_path / "quarantine"
    aside.mkdir()
    (tmp_path / name_of(2)).rename(aside / name_of(2))
    (aside / f"{name_of(2)}.error.txt").write_text("bad")
    store = BarStore(tmp_path)
    assert store.symbols == ("B",)
    assert [error.symbol for error in store.errors] == ["A"]


def test_a_corrupt_block_is_told_and_the_others_are_read(tmp_path: Path) -> None:
    blocks = [block("A", "B"), block("C", seed=3)]
    write_store(tmp_path, ("replace", blocks), ("replace", [block("D")]))
    file = tmp_path / name_of(1)
    data = bytearray(file.read_bytes())
    data[384] ^= 1  # the first close of A
    assert data[380:384] == bytes(4)  # what fills up behind the index
    file.write_bytes(data)
    store = BarStore(tmp_path)
    assert store.symbols == ("A", "B", "C", "D")
    for symbol in ("A", "B"):
        with pytest.raises(UserError, match="block 0: column close does not match its checksum"):
            store.columns(symbol)
    assert same(store.series("C"), blocks[1]["C"]) and len(store.series("D")) == 30
    seen: list[tuple[int, int]] = []
    (finding,) = store.verify(lambda done, total: seen.append((done, total)))
    assert finding.segment == name_of(1) and finding.symbols == ("A", "B")
    assert seen == [(1, 3), (2, 3), (3, 3)]
