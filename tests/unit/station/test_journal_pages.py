"""Pages of a journal: newest first, filtered, live, told on a worker thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from vst_desktop.adapters.sqlite.journal import SqliteJournal
from vst_desktop.adapters.sqlite.reading import read_back
from vst_desktop.domain.errors import UserError
from vst_desktop.ports.store import JournalEvent
from vst_desktop.station import journal_pages
from vst_desktop.station.journal_pages import JournalPages
from vst_desktop.station.journal_view import JournalGroup, JournalQuery

BEGAN = datetime(2017, 11, 17, 19, 45, tzinfo=UTC)
ALL = JournalQuery()


class Past:
    """Made events, newest first; remembers which thread read them and how many."""

    def __init__(self, *events: tuple[str, dict[str, Any]]) -> None:
        self.events = [
            JournalEvent(
                seq=number,
                time=BEGAN + timedelta(seconds=number),
                name=name,
                data=data,
                hash="",
            )
            for number, (name, data) in enumerate(events, start=1)
        ]
        self.threads: set[int] = set()
        self.read = 0

    def __call__(
        self, *, before: int | None = None, about: str | None = None
    ) -> Generator[JournalEvent, None, None]:
        for event in reversed(self.events):
            self.threads.add(threading.get_ident())
            if (before is None or event.seq < before) and about is None:
                self.read += 1
                yield event


def test_pages_go_back_to_the_first_event_and_none_is_left_out() -> None:
    past = Past(*[("CHECK", {"n": n}) for n in range(450)])
    pages = JournalPages(past, dict)

    async def all_pages() -> list[list[int]]:
        page = await pages.page(ALL)
        found = [[row.seq for row in page.rows]]
        while page.before is not None:
            page = await pages.page(ALL, before=page.before)
            found.append([row.seq for row in page.rows])
        return found

    found = asyncio.run(all_pages())
    assert [len(page) for page in found] == [200, 200, 50]
    assert [seq for page in found for seq in page] == list(range(450, 0, -1))
    assert threading.get_ident() not in past.threads


def test_news_are_what_came_after() -> None:
    past = Past(*[("CHECK", {}) for _ in range(9)])
    page = asyncio.run(JournalPages(past, dict).page(ALL, after=6))
    assert [row.seq for row in page.rows] == [9, 8, 7]
    assert (page.head, page.before) == (9, None)


def test_a_filter_that_admits_no_news_still_says_how_far_it_read() -> None:
    past = Past(*[("CHECK", {}) for _ in range(9)])
    query = JournalQuery(group=JournalGroup.ORDERS)
    page = asyncio.run(JournalPages(past, dict).page(query, after=6))
    assert (page.rows, page.head) == ((), 9)


def test_a_rare_text_is_read_for_a_bounded_number_of_events(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(journal_pages, "MOST_READ", 10)
    past = Past(("CHECK", {"word": "needle"}), *[("CHECK", {}) for _ in range(30)])
    page = asyncio.run(JournalPages(past, dict).page(JournalQuery(text="NEEDLE")))
    assert (page.rows, page.before) == ((), 22)
    assert past.read == 10


@pytest.mark.parametrize(
    ("event", "data", "group"),
    [
        ("approved", {"intent_id": "a"}, JournalGroup.APPROVALS),
        ("REJECT", {"candidate": "c"}, JournalGroup.APPROVALS),
        ("REJECT", {"intent_id": "a", "order_ref": "VST-a"}, JournalGroup.ORDERS),
        ("execution", {"order_ref": "VST-a"}, JournalGroup.ORDERS),
        ("position closed", {"position_id": "a"}, JournalGroup.POSITIONS),
        ("CANDIDATE", {}, JournalGroup.RESEARCH),
        ("flag", {}, JournalGroup.STATION),
    ],
)
def test_every_event_has_its_kind(event: str, data: dict[str, Any], group: JournalGroup) -> None:
    (row,) = asyncio.run(JournalPages(Past((event, data)), dict).page(ALL)).rows
    assert row.group is group


def test_an_event_without_a_symbol_takes_its_orders() -> None:
    past = Past(("ids", {"order_ref": "VST-a.x1", "by": "broker"}))
    (row,) = asyncio.run(JournalPages(past, lambda: {"VST-a": "AAPL"}).page(ALL)).rows
    assert (row.symbol, row.ref, row.who) == ("AAPL", "VST-a", "broker")


def test_every_word_of_the_text_must_be_there_somewhere() -> None:
    past = Past(
        ("SCAN", {"by": "station", "note": "calm day"}), ("CHECK", {"by": "trader", "symbol": "GM"})
    )
    pages = JournalPages(past, dict)
    found = asyncio.run(pages.page(JournalQuery(text="gm Trader"))).rows
    assert [row.symbol for row in found] == ["GM"]
    assert asyncio.run(pages.page(JournalQuery(text="gm calm"))).rows == ()


def test_a_journal_is_read_back_while_it_is_written(tmp_path: Path) -> None:
    file = tmp_path / "journal.sqlite"

    async def both() -> tuple[list[str], list[str]]:
        journal = await SqliteJournal.open(file, lambda: BEGAN)
        pages = JournalPages(partial(read_back, file), dict)
        try:
            await journal.record("START", by="station", mode="DEMO")
            first = await pages.page(ALL)
            await journal.record("WORK", by="broker", intent_id="0a1b", order_ref="VST-0a1b")
            await journal.record("WORK", by="broker", intent_id="9f", order_ref="VST-9f")
            await journal.record("position opened", position_id="0a1b", quantity=2)
            news = await pages.page(ALL, after=first.head)
            story = await pages.story("VST-0a1b")
        finally:
            await journal.close()
        return [row.kind for row in news.rows], [line.text for line in story]

    news, story = asyncio.run(both())
    assert news == ["position opened", "work", "work"]
    assert story == ["working at the broker", "position opened: 2 held"]


def test_without_a_file_it_says_so() -> None:
    with pytest.raises(UserError, match="keeps no journal"):
        asyncio.run(JournalPages(None, dict).page(ALL))
