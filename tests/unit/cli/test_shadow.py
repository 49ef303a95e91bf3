"""vst report shadow: the refusals of a journal, followed on bars."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.desk import INSIDE, World, in_world
from tests.helpers.lab_bars import write_waves
from vst_desktop.cli import main as cli
from vst_desktop.cli.shadow import PASSED_OVER, REJECTED, unbought
from vst_desktop.ports.store import JournalEvent


def proposal(symbol: str = "AAA", **changes: Any) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "spread": "90 / 95 C 2019-03-15",
        "signal": {"strategy": "HIGH_BASE"},
        "quotes": {"natural": "2.10", "close": "1.90"},
    } | changes


def event(seq: int, name: str, data: dict[str, Any], day: int = 4) -> JournalEvent:
    time = datetime(2019, 2, day, 20, 0, tzinfo=UTC)
    return JournalEvent(seq=seq, time=time, name=name, data=data, hash="")


def test_a_candidate_stands_once_a_session_by_its_last_word() -> None:
    events = [
        event(1, "CANDIDATE", proposal()),
        event(2, "CANDIDATE", proposal(quotes={"natural": "2.20", "close": "2.00"})),
        event(3, "CANDIDATE", proposal("BBB")),
        event(4, "REJECT", proposal("BBB")),
        event(5, "CANDIDATE", proposal(), day=5),
        event(6, "CANDIDATE", proposal("CCC", quotes={})),
        event(7, "SCAN", {}),
    ]
    found = [(one.symbol, one.day.day, one.code, one.natural) for one in unbought(events, [])]
    assert found == [
        ("AAA", 4, PASSED_OVER, 2.2),
        ("BBB", 4, REJECTED, 2.1),
        ("AAA", 5, PASSED_OVER, 2.1),
    ]


def test_a_journals_refusals_are_followed_and_told_by_month(
    tmp_path: Path, vst_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def story(world: World) -> None:
        spread = "100 / 105 C 2023-12-15"
        await world.journal.record("CANDIDATE", by="station", **proposal(spread=spread))
        await world.journal.record("CANDIDATE", by="station", **proposal("ZZZ", spread=spread))

    in_world(tmp_path, INSIDE, story)
    bars = write_waves(tmp_path / "bars.csv", date(2021, 6, 1))
    out = tmp_path / "shadow.json"
    args = ["report", "shadow", "--file", tmp_path / "journal.db", "--bars", bars, "--json", out]
    assert cli.main([str(one) for one in args]) == 0
    said = capsys.readouterr().out
    assert "2 candidates were not bought" in said and "1 have no bars of their day" in said
    told = json.loads(out.read_text())
    assert (told["refused"], told["open"], told["unknown"]) == (1, 0, 1)
    assert [month["month"] for month in told["months"]] == ["2023-11"]
    assert told["lines"][0].startswith("2023-11: 1 refused; one contract of each would have")
    assert told["codes"].keys() == {PASSED_OVER}


def test_a_journal_without_a_refusal_says_so(
    tmp_path: Path, vst_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def story(world: World) -> None:
        await world.journal.record("START", by="station")

    in_world(tmp_path, INSIDE, story)
    assert cli.main(["report", "shadow", "--file", str(tmp_path / "journal.db")]) == 1
    assert "no candidate was left unbought" in capsys.readouterr().err
