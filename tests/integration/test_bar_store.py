"""The bar store as the real scanner writes it and as Python reads it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.helpers.made_bars import made, sessions_up_to
from vst_desktop.adapters.files.bars import read_bars
from vst_desktop.adapters.files.barstore import BarStore
from vst_desktop.adapters.files.export import write_bars
from vst_desktop.adapters.scanner.binary import binary_path
from vst_desktop.adapters.scanner.config import ScannerConfig
from vst_desktop.adapters.scanner.supervisor import ScannerChild
from vst_desktop.cli.main import main
from vst_desktop.domain.errors import UserError
from vst_desktop.ports.market_data import BarColumns

pytestmark = pytest.mark.skipif(not binary_path().is_file(), reason="no scanner: run 'make setup'")

STORY_SECS = 60
VST = (sys.executable, "-m", "vst_desktop.cli.main")
LAST = date(2024, 5, 31)
COLUMNS = ("time", "open", "high", "low", "close", "volume")
DAYS = sessions_up_to(LAST, 300)


def bars_of(*symbols: str, days: np.ndarray = DAYS) -> list[BarColumns]:
    return [made(symbol, days) for symbol in symbols]


def same(ours: BarColumns, theirs: BarColumns) -> bool:
    return all(np.array_equal(getattr(ours, name), getattr(theirs, name)) for name in COLUMNS)


@asynccontextmanager
async def scanner_on(store: Path | None) -> AsyncIterator[ScannerChild]:
    child = ScannerChild(config=ScannerConfig(store=store))
    await child.start()
    try:
        yield child
    finally:
        await child.close()


def tell(story: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(STORY_SECS):
            await story()

    asyncio.run(bounded())


def kept(folder: Path, *symbols: str, days: np.ndarray = DAYS) -> list[BarColumns]:
    """Made bars, put into a store."""
    bars = bars_of(*symbols, days=days)

    async def story() -> None:
        async with scanner_on(folder) as child:
            put = await child.put_bars(bars, keep=True)
            assert (put.symbols, put.errors) == (len(bars), ())

    tell(story)
    return bars


@pytest.fixture
def store(tmp_path: Path) -> Path:
    folder = tmp_path / "store"
    folder.mkdir()
    return folder


def test_python_reads_what_the_scanner_wrote(store: Path) -> None:
    bars = [*kept(store, *(f"S{n}" for n in range(20))), *kept(store, "LATER", days=DAYS[-40:])]
    reader = BarStore(store)
    assert set(reader.symbols) == {one.symbol for one in bars}
    assert reader.verify() == []
    for one in bars:
        assert same(one, reader.packed(one.symbol))
    assert reader.columns("S0")[0].close.dtype == np.int32


def test_prices_off_the_grid_of_ticks_come_back_to_the_last_bit(store: Path) -> None:
    (odd,) = bars_of("ODD")
    for name in ("open", "high", "low", "close"):
        getattr(odd, name)[:] = getattr(odd, name) / 3

    async def story() -> None:
        async with scanner_on(store) as child:
            assert (await child.put_bars([odd], keep=True)).errors == ()

    tell(story)
    reader = BarStore(store)
    assert same(odd, reader.packed("ODD"))
    assert reader.columns("ODD")[0].close.dtype == np.float64


def test_reader_sees_days_appended_and_a_last_day_replaced(store: Path) -> None:
    (whole,) = bars_of("A")

    async def story() -> None:
        async with scanner_on(store) as child:
            await child.put_bars([whole.cut(0, 290), *bars_of("B")], keep=True)
            reader = BarStore(store)
            forming = made("A", whole.time[290:291])
            for part, length in [(forming, 291), (whole.cut(290, 299), 299)]:
                put = await child.put_bars([part], keep=True, append=True)
                assert put.errors == ()
                assert len(reader.packed("A")) == length
            assert same(reader.packed("A"), whole.cut(0, 299))
            assert same(reader.packed("B"), *bars_of("B"))
            assert reader.verify() == []

    tell(story)


def test_bars_outlive_the_scanner_that_kept_them(store: Path) -> None:
    kept(store, "A", "B")

    async def story() -> None:
        async with scanner_on(store) as child:
            held, errors = await child.list_series()
            assert errors == []
            assert [(h.symbol, h.bars, h.last, h.kept) for h in held] == [
                ("A", 300, LAST, True),
                ("B", 300, LAST, True),
            ]
            await child.put_bars(bars_of("C"))
            held, _ = await child.list_series()
            assert [(h.symbol, h.kept) for h in held][2:] == [("C", False)]

    tell(story)
    assert BarStore(store).symbols == ("A", "B")


def test_refused_symbols_are_not_kept_and_the_others_are(store: Path) -> None:
    good, bad = bars_of("GOOD", "BAD")
    bad.low[7] = -1

    async def story() -> None:
        async with scanner_on(store) as child:
            put = await child.put_bars([good, bad], keep=True)
            assert [error.symbol for error in put.errors] == ["BAD"]
            assert str(bad.day(7)) in put.errors[0].error
            assert (put.symbols, put.bars) == (1, 300)
            put = await child.put_bars([bad], keep=True, door_policy="skip_bar")
            assert put.errors == ()
            assert str(bad.day(7)) in put.warnings[0].error

    tell(story)
    reader = BarStore(store)
    assert reader.symbols == ("BAD", "GOOD")
    assert len(reader.packed("BAD")) == 299


def test_a_put_that_is_given_up_leaves_the_store_as_it_was(store: Path) -> None:
    (old,) = kept(store, "A")
    generation = BarStore(store).generation

    async def story() -> None:
        async with scanner_on(store) as child:
            fresh = bars_of("A", "B", days=DAYS[:100])

            def interrupted() -> Iterator[BarColumns]:
                yield fresh[0]
                putting.cancel()
                yield fresh[1]

            putting = asyncio.ensure_future(child.put_bars(interrupted(), keep=True))
            with pytest.raises(asyncio.CancelledError):
                await putting
            await child.list_series()  # the scanner lives on

    tell(story)
    reader = BarStore(store)
    assert reader.generation == generation
    assert same(reader.packed("A"), old)


def test_keeping_without_a_store_is_one_sentence() -> None:
    async def story() -> None:
        async with scanner_on(None) as child:
            with pytest.raises(UserError, match="no bar store"):
                await child.put_bars(bars_of("A"), keep=True)

    tell(story)


@pytest.mark.allow_log("corrupt segment|quarantine")
def test_a_corrupt_segment_is_set_aside_and_the_rest_is_served(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept(store, "A")
    names = {file.name for file in store.glob("segment-*")}
    (other,) = kept(store, "B")
    (spoilt,) = {file.name for file in store.glob("segment-*")} - names
    data = bytearray((store / spoilt).read_bytes())
    data[len(data) // 2] ^= 1
    (store / spoilt).write_bytes(data)
    assert main(["bars", "verify", "--store", str(store)]) == 1
    assert f"{spoilt}: block 0: column" in capsys.readouterr().out

    async def story() -> None:
        async with scanner_on(store) as child:
            held, errors = await child.list_series()
            assert [h.symbol for h in held] == ["A"]
            assert [e.symbol for e in errors] == ["B"]

    tell(story)
    reader = BarStore(store)
    assert reader.symbols == ("A",)
    assert [error.symbol for error in reader.errors] == ["B"]
    (finding,) = reader.verify()
    assert finding.segment == f"quarantine/{spoilt}" and finding.symbols == ("B",)
    assert same(kept(store, "B")[0], other)
    assert same(reader.packed("B"), other)


def test_import_list_export_and_scan_agree(
    tmp_path: Path, vst_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bars = bars_of("AAA", "BBB", "CCC")
    file, out, result = tmp_path / "in.parquet", tmp_path / "out.csv", tmp_path / "r.json"
    write_bars(file, bars, overwrite=False)
    assert main(["bars", "import", str(file), "--json", str(result)]) == 0
    place = vst_home / "data" / "bars"
    assert f"3 symbols, 900 bars kept in {place}" in capsys.readouterr().out
    report = json.loads(result.read_text())
    assert (report["symbols"], report["bars"], report["errors"]) == (3, 900, [])
    assert main(["bars", "list"]) == 0
    assert f"AAA      300  {bars[0].day(0)}  {LAST}" in capsys.readouterr().out
    assert main(["bars", "verify"]) == 0
    assert main(["bars", "export", str(out)]) == 0
    series = read_bars(out).series
    assert all(same(one, series.packed(one.symbol)) for one in bars)
    found = []
    for name in (file, out, place):
        assert main(["scan", "--bars", str(name), "--json", str(result)]) == 0
        report = json.loads(result.read_text())
        assert report["symbols"] == report["scanned"] == 3
        found.append(report["signals"])
    assert found[0] == found[1] == found[2] and len(found[0]) > 100


def test_import_appends_behind_what_is_held_and_refuses_earlier_bars(
    tmp_path: Path, store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (whole,) = bars_of("AAA")
    files = [tmp_path / name for name in ("a.csv", "b.csv")]
    write_bars(files[0], [whole.cut(0, 200)], overwrite=False)
    write_bars(files[1], [whole.cut(199, 300)], overwrite=False)
    place = ["--store", str(store)]
    assert main(["bars", "import", str(files[0]), *place]) == 0
    assert main(["bars", "import", str(files[1]), "--append", *place]) == 0
    assert same(BarStore(store).packed("AAA"), whole)
    capsys.readouterr()
    assert main(["bars", "import", str(files[0]), "--append", *place]) == 1
    shown = capsys.readouterr()
    assert "AAA" in shown.out + shown.err
    assert same(BarStore(store).packed("AAA"), whole)


def test_import_tells_what_it_refused_and_left_out(
    tmp_path: Path, store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = bars_of("GOOD", "BAD")
    bad.low[7] = -1
    file, result = tmp_path / "in.csv", tmp_path / "r.json"
    write_bars(file, [good, bad], overwrite=False)
    with file.open("a") as stream:
        stream.write("GOOD,,1,1,1,1,1\n")
    command = ["bars", "import", str(file), "--store", str(store), "--json", str(result)]
    assert main(command) == 1
    report = json.loads(result.read_text())
    assert {error["symbol"] for error in report["errors"]} == {"GOOD", "BAD"}
    assert main([*command, "--set", "bars.door_policy=skip_bar"]) == 0
    report = json.loads(result.read_text())
    assert report["errors"] == []
    told = {warning["symbol"]: warning["warning"] for warning in report["warnings"]}
    assert "without a usable date" in told["GOOD"]
    assert str(bad.day(7)) in told["BAD"]
    assert report["bars"] == 599
    capsys.readouterr()


def test_the_shared_history_goes_in_and_comes_out_unchanged(
    data_dir: Path, store: Path, tmp_path: Path
) -> None:
    file = data_dir / "sp500_daily.parquet"
    run = subprocess.run(
        [*VST, "bars", "import", str(file), "--store", str(store)],
        capture_output=True,
        text=True,
        timeout=STORY_SECS,
        check=True,
    )
    assert run.stdout.startswith("385 symbols, 1,837,280 bars kept") and run.stderr == ""
    reader, given = BarStore(store), read_bars(file).series
    assert list(reader.symbols) == list(given)
    for symbol in given:
        assert same(given.packed(symbol), reader.packed(symbol))


def test_a_scan_of_stored_bars_warns_as_the_scan_of_their_file_did(tmp_path: Path) -> None:
    (halved, holed) = bars_of("HALF", "HOLE")
    half = {n: getattr(halved, n).copy() for n in COLUMNS[1:5]}
    for prices in half.values():
        prices[150:] = np.round(prices[150:] / 2, 2)
    whole = np.ones(len(DAYS), dtype=bool)
    whole[100:102] = False
    columns = {n: getattr(holed, n)[whole] for n in COLUMNS}
    file, store = tmp_path / "bars.csv", tmp_path / "store"
    write_bars(file, [replace(halved, **half), replace(holed, **columns)], overwrite=False)
    assert main(["bars", "import", str(file), "--store", str(store)]) == 0
    warnings = []
    for place in (file, store):
        report = tmp_path / "scan.json"
        assert main(["scan", "--bars", str(place), "--json", str(report)]) == 0
        warnings.append(json.loads(report.read_text())["warnings"])
    assert [w["symbol"] for w in warnings[0]] == ["HALF", "HOLE"]
    assert warnings[1] == warnings[0]
