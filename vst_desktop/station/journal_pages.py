"""The journal as the window reads it: in pages, newest first, never on the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import closing

from vst_desktop.domain.errors import UserError
from vst_desktop.execution.ledger import EXIT_MARK
from vst_desktop.execution.story import in_words, story
from vst_desktop.ports.store import JournalEvent, PastEvents
from vst_desktop.station.journal_view import (
    JournalGroup,
    JournalPage,
    JournalQuery,
    JournalRow,
    StoryLine,
)

PAGE = 200
MOST_READ = 5_000
"""Events that one page reads at most; a rare text goes on with the next page."""


_GROUPS = {
    name: group
    for group, names in {
        JournalGroup.APPROVALS: (
            "approved",
            "denied",
            "QUEUE",
            "HOLD",
            "WITHDRAW",
            "EXPIRE",
            "DENY",
            "rank",
            "rehearsed",
            "auto-approve armed",
            "auto-approve disarmed",
        ),
        JournalGroup.POSITIONS: (
            "position opened",
            "position",
            "position closed",
            "changed outside",
            "exits frozen",
            "exits go again",
            "exits edited",
            "session's close",
            "broken",
        ),
        JournalGroup.RESEARCH: ("SCAN", "CANDIDATE"),
    }.items()
    for name in names
}


class JournalPages:
    """Implements :class:`vst_desktop.station.api.JournalApi`.

    Args:
        back: Reads the journal, on a worker thread; None where there is no file to read.
        symbols: Underlyings of all orders, by intent id and order reference.
    """

    def __init__(self, back: PastEvents | None, symbols: Callable[[], Mapping[str, str]]) -> None:
        self._back = back
        self._symbols = symbols

    async def page(
        self,
        query: JournalQuery,
        *,
        before: int | None = None,
        after: int = 0,
        most: int = PAGE,
    ) -> JournalPage:
        """The newest events asked for that are older than ``before`` and newer than ``after``.

        Args:
            query: Which events.
            before: Sequence number of the event after them.
            after: Sequence number of the event before them.
            most: Rows at most.
        """
        back, symbols = self._reader(), self._symbols()

        def read() -> JournalPage:
            rows: list[JournalRow] = []
            head = after
            with closing(back(before=before)) as events:
                for count, event in enumerate(events, start=1):
                    if event.seq <= after:
                        break
                    head = max(head, event.seq)
                    row = as_row(event, symbols)
                    if query.admits(row):
                        rows.append(row)
                    if len(rows) == most or count == MOST_READ:
                        return JournalPage(rows=tuple(rows), head=head, before=event.seq)
            return JournalPage(rows=tuple(rows), head=head, before=None)

        return await asyncio.to_thread(read)

    async def story(self, ref: str) -> tuple[StoryLine, ...]:
        """The life of an order and of its exits, oldest first."""
        back = self._reader()

        def read() -> tuple[StoryLine, ...]:
            with closing(back(about=_intent_id(ref))) as events:
                found = list(events)
            return tuple(
                StoryLine(time=line.time, order=line.order, text=line.text)
                for line in story(reversed(found), ref)
            )

        return await asyncio.to_thread(read)

    def _reader(self) -> PastEvents:
        if self._back is None:
            raise UserError("this station keeps no journal that could be read")
        return self._back


def as_row(event: JournalEvent, symbols: Mapping[str, str]) -> JournalRow:
    """An event as it is shown."""
    data = event.data
    names = [data.get(name) for name in ("order_ref", "intent_id", "position_id")]
    ref = next((str(name).partition(EXIT_MARK)[0] for name in names if name), None)
    group = _GROUPS.get(event.name)
    if group is None:
        group = JournalGroup.STATION if ref is None else JournalGroup.ORDERS
    if event.name == "REJECT" and ref is None:  # of a candidate, by the trader
        group = JournalGroup.APPROVALS
    symbol = data.get("symbol") or symbols.get(ref or "")
    return JournalRow(
        seq=event.seq,
        time=event.time,
        kind=event.name.lower(),
        group=group,
        symbol=str(symbol) if symbol else None,
        who=str(data["by"]) if data.get("by") else None,
        text=in_words(event),
        ref=ref,
    )


def _intent_id(ref: str) -> str:
    """What every event of an order holds, whichever of its names the event has."""
    return ref.partition(EXIT_MARK)[0].rpartition("-")[2]
