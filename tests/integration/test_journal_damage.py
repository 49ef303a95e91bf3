"""A damaged journal: kept aside, never deleted, and no entry goes before the trader has looked."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.helpers.desk import INSIDE, World, in_world, opened
from vst_desktop.adapters.sqlite.journal import SqliteJournal
from vst_desktop.domain.errors import UserError
from vst_desktop.ports.store import KILL_FLAG, IntentRecord

MUTANTS = int(os.environ.get("JOURNAL_MUTANTS", "60"))


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A journal with two trades in it."""
    folder = tmp_path_factory.mktemp("sound")

    async def story(world: World) -> None:
        await opened(world, "AAPL")
        await opened(world, "MSFT")

    in_world(folder, INSIDE, story)
    return (folder / "journal.db").read_bytes()


def flipped(data: bytearray, g: random.Random) -> None:
    for _ in range(g.randint(1, 8)):
        data[g.randrange(len(data))] ^= 1 << g.randrange(8)


def cut(data: bytearray, g: random.Random) -> None:
    del data[g.randrange(1, len(data)) :]


def zeroed(data: bytearray, g: random.Random) -> None:
    start = g.randrange(len(data))
    part = data[start : start + g.choice([1, 512, 4096, 40_000])]
    data[start : start + len(part)] = bytes(len(part))


def junk(data: bytearray, g: random.Random) -> None:
    data[:] = g.randbytes(len(data))


Records = tuple[str | None, list[IntentRecord]]


def opened_at(path: Path) -> Records:
    async def run() -> Records:
        journal = await SqliteJournal.open(path, lambda: datetime.now(UTC))
        try:
            return await journal.get_flag(KILL_FLAG), list(await journal.intents())
        finally:
            await journal.close()

    return asyncio.run(run())


@pytest.mark.parametrize("harm", [flipped, cut, zeroed, junk])
def test_a_damaged_journal_is_kept_and_entries_are_halted(
    tmp_path: Path, sound: bytes, harm: Callable[[bytearray, random.Random], None]
) -> None:
    path = tmp_path / "whole.db"
    path.write_bytes(sound)
    halted, intents = opened_at(path)
    assert halted is None and len(intents) == 2
    for seed in range(MUTANTS // 4):
        data = bytearray(sound)
        harm(data, random.Random(seed))
        folder = tmp_path / str(seed)
        folder.mkdir()
        path = folder / "journal.db"
        path.write_bytes(data)
        try:
            halted, found = opened_at(path)
        except UserError:  # it says that it is from the future, say
            halted, found = "refused", []
            shutil.copy(path, folder / "journal.db.damaged-not")
        kept = list(folder.glob("journal.db.damaged-*"))
        if kept:
            assert halted is not None and all(one in intents for one in found)
            assert data in [one.read_bytes() for one in kept]
        else:
            assert halted is not None or found == intents


def test_a_changed_record_halts_entries_until_it_was_looked_at(
    tmp_path: Path, sound: bytes
) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(sound)
    connection = sqlite3.connect(path)
    connection.execute("UPDATE positions SET record = replace(record, '2.68', '1.68')")
    connection.commit()
    connection.close()
    halted, _ = opened_at(path)
    assert halted is not None and "not as written" in halted and "vst journal verify" in halted

    async def clear() -> None:
        journal = await SqliteJournal.open(path, lambda: datetime.now(UTC))
        await journal.set_flag(KILL_FLAG, None, reason="compared with TWS", by="trader")
        await journal.close()

    asyncio.run(clear())
    assert opened_at(path)[0] is None


def tear_flags(path: Path) -> None:
    """Write rubbish over the flags' table; every other record is as it was."""
    whole = sqlite3.connect(path)
    (number,) = whole.execute("SELECT rootpage FROM sqlite_master WHERE name='flags'").fetchone()
    (page,) = whole.execute("PRAGMA page_size").fetchone()
    whole.close()
    data = bytearray(path.read_bytes())
    data[(number - 1) * page : number * page] = bytes([7]) * page
    path.write_bytes(data)


def test_positions_with_their_plans_are_taken_over_from_a_damaged_journal(
    tmp_path: Path, sound: bytes
) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(sound)
    tear_flags(path)

    async def run() -> None:
        journal = await SqliteJournal.open(path, lambda: datetime.now(UTC))
        try:
            halted = await journal.get_flag(KILL_FLAG) or ""
            assert "2 orders and 2 open positions were taken over" in halted
            positions = await journal.positions()
            assert [(p.spread.symbol, p.quantity) for p in positions] == [("AAPL", 2), ("MSFT", 2)]
            assert all(p.plan.stop == pytest.approx(100.0) for p in positions)
            for intent in await journal.intents():
                assert len(await journal.executions(intent.order_ref)) == 3
            assert await journal.verify() is None
        finally:
            await journal.close()

    asyncio.run(run())


def test_a_station_goes_on_watching_what_was_taken_over(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await opened(world, "AAPL")
        await world.desk.stop()
        await world.journal.close()
        tear_flags(world.path / "journal.db")
        world.journal = await SqliteJournal.open(world.path / "journal.db", world.clock.now)
        await world.make_desk().start()
        await world.settle()
        assert world.desk.killed is not None and "damaged" in world.desk.killed
        (position,) = world.desk.positions()
        assert position.quantity == 2 and not world.told("CHANGED OUTSIDE")
        assert not world.told("BUSTED")
        world.broker.stock_moves("AAPL", 90.0)
        await world.until(world.clock.now() + timedelta(seconds=10))
        assert world.desk.positions() == ()
        assert world.desk.positions(open_only=False)[0].exit_reason == "STOP"

    in_world(tmp_path, INSIDE, story)


def test_a_journal_whose_schema_is_no_text_any_more_is_kept_aside(
    tmp_path: Path, sound: bytes
) -> None:
    path = tmp_path / "journal.db"
    harmed = sound.replace(b"CREATE TABLE", b"CREATE \xce\xce\xce\xce\xce", 1)
    path.write_bytes(harmed)
    halted, _ = opened_at(path)
    (kept,) = tmp_path.glob("journal.db.damaged-*")
    assert halted is not None and kept.read_bytes() == harmed
