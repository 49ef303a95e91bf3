"""Whatever the bytes are: the bars that were written, or an error."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.helpers.bar_segments import (
    COLUMNS,
    Lane,
    block,
    castagnoli,
    name_of,
    same,
    segment_bytes,
    write_manifest,
    write_store,
)
from vst_desktop.adapters.files.barstore import BarStore
from vst_desktop.domain.bars import BarSeries
from vst_desktop.domain.errors import UserError


@pytest.mark.parametrize("at", [5, 70], ids=["header", "index"])
def test_a_segment_with_a_damaged_head_still_tells_its_symbols_by_the_copy_at_its_end(
    tmp_path: Path, at: int
) -> None:
    write_store(tmp_path, ("replace", [block("A", "B")]), ("replace", [block("C")]))
    file = tmp_path / name_of(1)
    data = bytearray(file.read_bytes())
    data[at] ^= 1
    file.write_bytes(data)
    store = BarStore(tmp_path)
    assert [finding.symbols for finding in store.findings] == [("A", "B")]
    assert [error.symbol for error in store.errors] == ["A", "B"]
    assert store.symbols == ("C",)


def faulty(change: Callable[[bytearray], None]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        file = folder / name_of(1)
        data = bytearray(file.read_bytes())
        change(data)
        file.write_bytes(data)

    return apply


def header(at: int, value: bytes) -> Callable[[Path], None]:
    """Change the header and make its checksum right again."""

    def change(data: bytearray) -> None:
        data[at : at + len(value)] = value
        data[44:48] = castagnoli(bytes(data[:44])).to_bytes(4, "little")

    return faulty(change)


def index(at: int, value: bytes) -> Callable[[Path], None]:
    """Change the index and make all checksums right again."""

    def change(data: bytearray) -> None:
        start = int.from_bytes(data[24:32], "little")
        length = int.from_bytes(data[32:40], "little")
        data[start + at : start + at + len(value)] = value
        data[40:44] = castagnoli(bytes(data[start : start + length])).to_bytes(4, "little")
        data[44:48] = castagnoli(bytes(data[:44])).to_bytes(4, "little")

    return faulty(change)


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (lambda folder: (folder / name_of(1)).write_bytes(b""), "shorter than its header"),
        (faulty(lambda data: data.__setitem__(0, 0)), "is no segment"),
        (faulty(lambda data: data.__setitem__(40, data[40] ^ 1)), "header does not match"),
        (faulty(lambda data: data.__delitem__(slice(-9, None))), "bytes long instead of"),
        (faulty(lambda data: data.extend(b"more")), "bytes long instead of"),
        (faulty(lambda data: data.__setitem__(64, data[64] ^ 1)), "index does not match"),
        (header(8, b"\2"), "is of format 2, this program reads 1"),
        (header(12, b"\2"), "index: the entry of block 1 cannot be read"),
        (header(12, b"\0"), "index: there are bytes after its last block"),
        (header(24, b"\xff\xff\xff\xff"), "index: lies outside the file"),
        (index(0, bytes(4)), "block 0: 0 rows are not possible"),
        (index(0, b"\xff\xff\xff\xff"), "block 0: 4,294,967,295 rows are not possible"),
        (index(4, b"\2"), "the entry of block 0 cannot be read"),
        (index(5, b"\1"), "the entry of block 0 cannot be read"),
        (index(8, b"\1"), "block 0: column close lies outside the file"),
        (index(8, b"\0\0\0\x7f"), "block 0: column close lies outside the file"),
        (index(80, b"\xff"), "block 0: A cannot have 255 bars"),
        (index(80, b"\0"), "block 0: A cannot have 0 bars"),
        (index(85, b"\xff"), "the entry of block 0 cannot be read"),
        (index(91, b"A"), "index: a symbol stands in two lanes"),
    ],
)
def test_a_segment_that_cannot_be_right_names_its_fault(
    tmp_path: Path, spoil: Callable[[Path], object], error: str
) -> None:
    write_store(tmp_path, ("replace", [block("A", "B")]), ("replace", [block("C")]))
    spoil(tmp_path)
    store = BarStore(tmp_path)
    (finding,) = store.findings
    assert finding.segment == name_of(1)
    assert error in finding.error
    assert store.symbols == ("C",) and len(store.series("C")) == 30


@pytest.mark.parametrize(
    ("days", "error"),
    [([5, 4, 6], "the days of A are not in order"), ([5, 5, 6], "the days of A are not in order"),
     ([5, 6, 10**7], "a day is no date")],
)  # fmt: skip
def test_days_out_of_order_are_refused(tmp_path: Path, days: list[int], error: str) -> None:
    bad = Lane(days=days, **{name: [9.0] * 3 for name in COLUMNS})
    write_store(tmp_path, ("replace", [{"A": bad}]))
    store = BarStore(tmp_path)
    with pytest.raises(UserError, match=f"block 0: {error}"):
        store.series("A")
    (finding,) = store.verify()
    assert error in finding.error and finding.symbols == ("A",)


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ("", "no JSON"),
        ("\ud800", "no JSON"),
        ("[]", "no object"),
        ('{"format": 2}', "format 2 instead of 1"),
        ('{"format": 1, "segments": []}', "generation or segments are missing"),
        ('{"format": 1, "generation": 1, "segments": [3]}', "segment entry 3"),
        (
            '{"format": 1, "generation": 1, "segments": [{"name": "../x", "mode": "replace"}]}',
            "segment entry",
        ),
        (
            json.dumps(
                {
                    "format": 1,
                    "generation": 1,
                    "segments": [{"name": name_of(1), "mode": "replace"}] * 2,
                }
            ),
            "a segment is named twice",
        ),
    ],
)
def test_a_manifest_that_cannot_be_read_is_one_sentence(
    tmp_path: Path, content: str, error: str
) -> None:
    (tmp_path / "manifest.json").write_bytes(content.encode(errors="surrogatepass"))
    with pytest.raises(UserError, match=re.escape(error)) as caught:
        BarStore(tmp_path)
    assert caught.value.where == str(tmp_path / "manifest.json")


def test_a_folder_without_a_manifest_says_how_to_fill_it(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="vst bars import"):
        BarStore(tmp_path / "none")


def test_an_unknown_symbol_is_an_error(tmp_path: Path) -> None:
    write_store(tmp_path, ("replace", [block("A")]))
    store = BarStore(tmp_path)
    with pytest.raises(UserError, match="no bars of ZZZ"):
        store.columns("ZZZ")


BLOCKS = [block("AAA", "B", count=3), block("C", count=2, seed=5)]
GOOD = segment_bytes(BLOCKS)


def read_all(store: BarStore) -> dict[str, BarSeries]:
    found = {}
    for symbol in store.symbols:
        with contextlib.suppress(UserError):
            found[symbol] = store.series(symbol)
    return found


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_any_damage_gives_the_same_bars_or_an_error(tmp_path: Path, data: st.DataObject) -> None:
    damaged = bytearray(GOOD)
    for _ in range(data.draw(st.integers(0, 3))):
        at = data.draw(st.integers(0, len(GOOD) - 1))
        damaged[at] ^= data.draw(st.integers(1, 255))
    damaged = damaged[: data.draw(st.one_of(st.just(len(GOOD)), st.integers(0, len(GOOD))))]
    (tmp_path / name_of(1)).write_bytes(damaged)
    write_manifest(tmp_path, [(1, "replace")])
    store = BarStore(tmp_path)
    written = BLOCKS[0] | BLOCKS[1]
    read = read_all(store)
    for symbol, series in read.items():
        assert same(series, written[symbol])
    if damaged == GOOD:
        assert read.keys() == written.keys()
    assert bool(store.verify()) == (read.keys() != written.keys())


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.integers(0, 120), st.binary(min_size=1, max_size=8), st.sampled_from([header, index]))
def test_damage_with_right_checksums_never_crashes(
    tmp_path: Path, at: int, value: bytes, where: Callable[[int, bytes], Callable[[Path], None]]
) -> None:
    (tmp_path / name_of(1)).write_bytes(GOOD)
    write_manifest(tmp_path, [(1, "replace")])
    where(at % 24 if where is header else at, value)(tmp_path)
    store = BarStore(tmp_path)
    store.verify()
    read_all(store)
    store.spans()
