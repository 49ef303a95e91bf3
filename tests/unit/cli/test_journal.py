from __future__ import annotations

import asyncio
import csv
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.desk import INSIDE, World, approve, in_world, opened
from vst_desktop.cli import main as cli
from vst_desktop.domain.errors import UserError

LAST_ROW = "SELECT max(seq) FROM events WHERE data LIKE '%\"row\"%'"


def trade(path: Path) -> Path:
    """A journal with one entry filled, closed by hand, and one approval denied."""

    async def story(world: World) -> None:
        entry = await opened(world)
        with pytest.raises(UserError):
            await approve(world)
        await world.desk.close_position(entry.intent_id)

    in_world(path, INSIDE, story)
    return path / "journal.db"


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trade(tmp_path_factory.mktemp("journal"))


def vst(*args: object) -> int:
    return cli.main([str(arg) for arg in args])


def change(path: Path, tmp_path: Path, statement: str) -> Path:
    """A copy of the journal in which somebody wrote."""
    copy = tmp_path / "copy.db"
    copy.write_bytes(path.read_bytes())
    connection = sqlite3.connect(copy)
    connection.execute("DROP TRIGGER events_are_never_changed")
    connection.execute("DROP TRIGGER events_are_never_deleted")
    connection.execute(statement)
    connection.commit()
    connection.close()
    return copy


def test_a_sound_journal_is_verified(journal: Path, tmp_path: Path, capsys: Any) -> None:
    result = tmp_path / "r.json"
    assert vst("journal", "verify", "--file", journal, "--json", result) == 0
    assert "every link holds" in capsys.readouterr().out
    found = json.loads(result.read_text())
    assert found["ok"] and found["events"] > 10 and len(found["head"]) == 64


@pytest.mark.parametrize(
    ("statement", "broken", "told"),
    [
        ("UPDATE events SET data = '{}' WHERE seq = 4", 4, "is not what was written"),
        ("UPDATE events SET time = '2020' WHERE seq = 2", 2, "is not what was written"),
        ("DELETE FROM events WHERE seq = 5", 5, "event 5 is missing"),
        ("DELETE FROM events WHERE seq = 1", 1, "event 1 is missing"),
        ("UPDATE events SET previous_hash = 'x' WHERE seq = 6", 6, "does not follow event 5"),
    ],
)
def test_the_first_broken_link_is_named(
    journal: Path, tmp_path: Path, capsys: Any, statement: str, broken: int, told: str
) -> None:
    copy, result = change(journal, tmp_path, statement), tmp_path / "r.json"
    assert vst("journal", "verify", "--file", copy, "--json", result) == 1
    assert told in capsys.readouterr().out
    assert json.loads(result.read_text())["broken"] == broken


@pytest.mark.parametrize(
    ("statement", "row"),
    [
        (
            "UPDATE intents SET record = replace(record, '\"quantity\":2', '\"quantity\":9')",
            "intents",
        ),
        ("UPDATE executions SET data = replace(data, '2.68', '1.00')", "executions "),
        ("DELETE FROM positions", "(gone)"),
        (f"DELETE FROM events WHERE seq >= ({LAST_ROW})", "executions "),
    ],
)
def test_rows_that_are_not_what_their_events_left_are_named(
    journal: Path, tmp_path: Path, capsys: Any, statement: str, row: str
) -> None:
    copy = change(journal, tmp_path, statement)
    assert vst("journal", "verify", "--file", copy) == 1
    out = capsys.readouterr().out
    assert "are not what they left" in out and row in out


def test_a_file_that_is_no_journal_is_told(tmp_path: Path, capsys: Any) -> None:
    assert vst("journal", "verify", "--file", tmp_path / "none.db") == 1
    assert "there is no journal" in capsys.readouterr().err
    (tmp_path / "junk.db").write_bytes(b"junk, and a good deal of it" * 200)
    for action in ("verify", "show"):
        assert vst("journal", action, "--file", tmp_path / "junk.db") == 1
        assert "the journal is damaged" in capsys.readouterr().err


def test_a_journal_is_read_while_it_is_written(tmp_path: Path, capsys: Any) -> None:
    async def story(world: World) -> None:
        await opened(world)
        assert await asyncio.to_thread(vst, "journal", "verify", "--file", path) == 0

    path = tmp_path / "journal.db"
    in_world(tmp_path, INSIDE, story)
    assert "every link holds" in capsys.readouterr().out


def shown(capsys: Any, tmp_path: Path, *args: object) -> list[dict[str, Any]]:
    result = tmp_path / "shown.json"
    assert vst("journal", "show", *args, "--json", result) == 0
    capsys.readouterr()
    events: list[dict[str, Any]] = json.loads(result.read_text())["events"]
    return events


def test_events_are_filtered(journal: Path, tmp_path: Path, capsys: Any) -> None:
    def names(*args: object) -> list[str]:
        found = shown(capsys, tmp_path, "--file", journal, "--last", 0, *args)
        return [event["event"] for event in found]

    everything = names()
    assert names("--events", "approved,DENIED") == ["approved", "denied"]
    assert set(names("--by", "broker")) >= {"execution", "FILL"}
    assert names("--by", "trader") == ["approved", "exit"]
    assert names("--until", "2023-11-06") == names("--since", "2023-11-08") == []
    assert names("--since", "2023-11-07", "--until", "2023-11-07") == everything
    assert names("--since", "2023-11-07T15:30:00-05:00", "--symbols", "MSFT") == []
    assert len(names("--symbols", "AAPL")) > 5
    assert names("--last", 2) == everything[-2:]


@pytest.mark.parametrize("wrong", ["yesterday", "2023-13-01", "2023-11-07T99:00", "9999-12-31"])
def test_a_wrong_time_is_told(journal: Path, capsys: Any, wrong: str) -> None:
    assert vst("journal", "show", "--file", journal, "--until", wrong) == 2
    assert "write it as" in capsys.readouterr().err


def test_a_decision_says_who_why_and_at_what_quotes(
    journal: Path, tmp_path: Path, capsys: Any
) -> None:
    found = shown(capsys, tmp_path, "--file", journal)
    events = {event["event"]: event["data"] for event in reversed(found)}
    approved, committed, denied = events["approved"], events["COMMIT"], events["denied"]
    assert approved["by"] == "trader" and approved["bounds"]["max_debit"] == "2.73"
    assert approved["quotes"]["natural"] == "2.68" and approved["signal"]["strategy"] == "HIGH_BASE"
    assert (committed["side"], committed["quotes"]["natural"]) == ("BUY", "2.68")
    assert (denied["by"], denied["code"]) == ("station", "DUPLICATE_UNDERLYING")
    assert denied["quotes"]["spot"] == 104.0
    assert (events["exit"]["by"], events["exit"]["reason"]) == ("trader", "MANUAL")
    assert events["execution"]["price"] and events["execution"]["by"] == "broker"
    assert all("by" in event for event in events.values())


def test_the_story_of_an_order_is_told_in_words(journal: Path, tmp_path: Path, capsys: Any) -> None:
    entry = next(e for e in shown(capsys, tmp_path, "--file", journal) if e["event"] == "approved")
    ref = entry["data"]["order_ref"]
    result = tmp_path / "story.json"
    assert vst("replay", "--order", ref, "--file", journal, "--json", result) == 0
    out = capsys.readouterr().out
    for words in (
        "2023-11-07 15:30:00.000 ET  trader approved in DEMO on DU1: buy 2 x AAPL 100 / 110 C",
        "seen at 2.68 (market 2.60 / 2.68, underlying 104.00)",
        "bounds: at most 2.73, underlying within 1.00, until 2023-11-07 15:55:00.000 ET",
        "intent committed: BUY 2 x AAPL, market (market 2.60 / 2.68",
        "filled: 2 at 2.68",
        "position opened: 2 held",
        f"{ref}.x1",
        "trader starts an exit: MANUAL",
        "filled: 2 at 2.60",
        "position closed",
    ):
        assert words in out
    story = json.loads(result.read_text())["story"]
    assert {line["order"] for line in story} == {ref, f"{ref}.x1"}
    assert vst("replay", "--order", f"{ref}.x1", "--file", journal) == 0
    alone = capsys.readouterr().out
    assert "trader starts an exit" in alone and "approved" not in alone


def test_an_unknown_order_is_told(journal: Path, capsys: Any) -> None:
    assert vst("replay", "--order", "VST-nobody", "--file", journal) == 1
    assert "there is no order 'VST-nobody'" in capsys.readouterr().err


def test_an_export_holds_every_event(journal: Path, tmp_path: Path, capsys: Any) -> None:
    lines, table = tmp_path / "j.jsonl", tmp_path / "j.csv"
    for file in (lines, table):
        assert vst("journal", "export", file, "--file", journal) == 0
        assert vst("journal", "export", file, "--file", journal) == 1
        assert "is there already" in capsys.readouterr().err
        assert vst("journal", "export", file, "--file", journal, "--force") == 0
    events = [json.loads(line) for line in lines.read_text().splitlines()]
    with table.open(newline="") as opened_table:
        rows = list(csv.DictReader(opened_table))
    assert [r["hash"] for r in rows] == [e["hash"] for e in events]
    assert [json.loads(r["data"]) for r in rows] == [e["data"] for e in events]
    assert [e["seq"] for e in events] == list(range(1, len(events) + 1))
    assert events[0]["time"].endswith("-05:00")


def test_an_export_is_no_formula(
    tmp_path: Path, capsys: Any, make_journal: Callable[..., Path]
) -> None:
    path = make_journal(reason="=HYPERLINK(1)", symbol="@SUM", by="+1")
    table = tmp_path / "j.csv"
    assert vst("journal", "export", table, "--file", path) == 0
    with table.open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["reason"], row["symbol"], row["by"]) == ("'=HYPERLINK(1)", "'@SUM", "'+1")


@pytest.fixture
def make_journal(tmp_path: Path) -> Callable[..., Path]:
    def make(**data: str) -> Path:
        async def story(world: World) -> None:
            await world.journal.record("x", **data)

        in_world(tmp_path, INSIDE, story)
        path = tmp_path / "journal.db"
        return change(
            path, tmp_path, "DELETE FROM events WHERE seq < (SELECT max(seq) FROM events)"
        )

    return make


@pytest.mark.parametrize("name", ["j.txt", "j"])
def test_an_export_needs_a_known_ending(journal: Path, capsys: Any, name: str) -> None:
    assert vst("journal", "export", name, "--file", journal) == 2
    assert "name it .csv or .jsonl" in capsys.readouterr().err


def test_the_newest_demo_is_meant_unless_another_is_named(
    journal: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setenv("VST_HOME", str(tmp_path))
    assert vst("journal", "verify") == 1
    demo = tmp_path / "data" / "demo"
    demo.mkdir(parents=True)
    (demo / "journal-20240101T000000-aa.sqlite").write_bytes(b"old" * 500)
    (demo / "journal-20240102T000000-aa.sqlite").write_bytes(journal.read_bytes())
    assert vst("journal", "verify") == 0
    assert "journal-20240102" in capsys.readouterr().out
    assert vst("journal", "verify", "--profile", "live") == 1
    assert "journal-live.sqlite" in capsys.readouterr().err
