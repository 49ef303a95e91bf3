"""The journal's events in words: what a trader reads after a bad day."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from vst_desktop.execution.story import clock, in_words, story
from vst_desktop.ports.store import JournalEvent

AT = datetime(2023, 11, 7, 19, 45, 3, 120_999, tzinfo=UTC)
QUOTES = {"natural": "1.87", "close": "1.735", "spot": 104.256}
APPROVED = {
    "by": "the trader",
    "mode": "LIVE",
    "account": "U1",
    "quantity": 2,
    "symbol": "AAPL",
    "spread": "105/110 C 15 Dec",
    "debit": "1.87",
    "quotes": QUOTES,
    "revision": 3,
    "signal": {"strategy": "HIGH_BASE", "date": "2023-11-06"},
    "bounds": {
        "max_debit": "1.965",
        "max_drift_usd": 1.256,
        "until": "2023-11-07T20:00:00+00:00",
    },
    "reserved_usd": "395.6",
    "plan": {"stop": 99.5, "target": 110.256, "target_reason": "TARGET_R", "exit_by": "2023-12-01"},
}
APPROVAL = (
    "the trader approved in LIVE on U1: buy 2 x AAPL 105/110 C 15 Dec, seen at 1.87 "
    "(market 1.735 / 1.87, underlying 104.26), revision 3; signal HIGH_BASE of 2023-11-06; "
    "bounds: at most 1.965, underlying within 1.26, until 2023-11-07 15:00:00.000 ET; "
    "risk reserved 395.60 USD; plan: stop 99.50, target {target}, out by 2023-12-01"
)


def event(name: str, /, **data: Any) -> JournalEvent:
    return JournalEvent(seq=1, time=AT, name=name, data=data, hash="")


def test_a_moment_is_told_in_new_york_to_the_millisecond() -> None:
    assert clock(AT) == clock("2023-11-07T19:45:03.120999+00:00") == "2023-11-07 14:45:03.120 ET"


def test_an_approval_tells_what_was_seen_and_what_bounds_it() -> None:
    assert in_words(event("approved", **APPROVED)) == APPROVAL.format(target="110.26 (TARGET_R)")
    no_target = {**APPROVED["plan"], "target": None}
    told = in_words(event("approved", **{**APPROVED, "plan": no_target}))
    assert told == APPROVAL.format(target="none")


@pytest.mark.parametrize(
    ("quotes", "told"),
    [
        ({}, ""),
        ({"spot": 104.256}, " (underlying 104.26)"),
        ({"natural": "1.8", "close": "1.7"}, " (market 1.70 / 1.80)"),
        ({"last": 99.5, "mid": 99.25}, " (underlying's last 99.50, underlying's mid 99.25)"),
        ({"mid": 99.25}, " (underlying's mid 99.25)"),
        ({"spot": 104.0, "live": True}, " (underlying 104.00)"),
        ({"live": False}, " (not live)"),
    ],
)
def test_the_quotes_that_decided_stand_beside_the_decision(
    quotes: dict[str, Any], told: str
) -> None:
    words = in_words(event("repriced", limit_price="1.25", quotes=quotes))
    assert words == f"limit moved to 1.25{told}"


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("exit", {"by": "the station", "reason": "STOP"}, "the station starts an exit: STOP"),
        ("QUEUE", {"by": "the trader"}, "the trader queued it"),
        ("HOLD", {"reason": "a restart"}, "held: a restart"),
        ("HOLD", {"reason": ""}, "held"),
        ("WITHDRAW", {"by": "the trader", "reason": "changed"}, "the trader took it back: changed"),
        ("EXPIRE", {"reason": "the window ended"}, "failed: the window ended"),
        ("DENY", {"reason": "wire"}, "denied by the station: wire"),
        (
            "DENY",
            {"code": "DRIFT", "reason": "too far", "limit": "1.00", "value": "1.20"},
            "denied by the station, DRIFT: too far (limit 1.00, value 1.20)",
        ),
        (
            "COMMIT",
            {"side": "BUY", "quantity": 2, "symbol": "AAPL", "limit_price": None},
            "intent committed: BUY 2 x AAPL, market",
        ),
        (
            "COMMIT",
            {"side": "BUY", "quantity": 2, "symbol": "AAPL", "limit_price": "1.8"},
            "intent committed: BUY 2 x AAPL, limit 1.80",
        ),
        ("SEND", {}, "being sent: from here on it may be at the broker"),
        ("ABORT", {"reason": "killed"}, "stopped before it was sent: killed"),
        (
            "ACK",
            {"order_id": 7, "perm_id": 99, "ack_latency_secs": 0.0123},
            "the broker acknowledged it after 12 ms: order 7, permId 99",
        ),
        ("ACK", {}, "the broker acknowledged it: order ?, permId ?"),
        ("WORK", {}, "working at the broker"),
        ("PARTIAL", {"filled": 1, "average_fill_price": "1.8"}, "partly filled: 1 at 1.80"),
        ("FILL", {"filled": 2, "average_fill_price": "1.80125"}, "filled: 2 at 1.8012"),
        ("CANCEL", {"reason": "asked"}, "cancelled: asked"),
        ("REJECT", {"reason": "201"}, "refused: 201"),
        ("LOSE", {"reason": "no answer"}, "fate UNKNOWN: no answer"),
        ("ids", {"order_id": 7, "perm_id": 99}, "the broker knows it as order 7, permId 99"),
        ("rank", {"by": "the trader", "rank": 2}, "the trader put it at place 2 of the queue"),
        ("cancel asked", {"reason": "kill"}, "the broker was asked to cancel: kill"),
        (
            "execution",
            {"exec_id": "a.1", "quantity": "2.0", "price": "1.85", "is_combo": True},
            "execution a.1: 2 at 1.85 (combo)",
        ),
        (
            "execution",
            {"exec_id": "a.2", "quantity": "20", "price": "9", "is_combo": False, "con_id": 5},
            "execution a.2: 20 at 9.00 (leg 5)",
        ),
        ("position opened", {"quantity": 2}, "position opened: 2 held"),
        ("position", {"quantity": 1}, "position now 1"),
        ("position closed", {}, "position closed"),
        ("changed outside", {"details": "1 gone"}, "changed outside the station: 1 gone"),
        ("rehearsed", {"reason": None, "cost": "", "moved": ""}, "rehearsed: it would go"),
        (
            "rehearsed",
            {"reason": "drift", "cost": "margin 200", "moved": "debit +0.05"},
            "rehearsed: drift, margin 200, debit +0.05",
        ),
        (
            "exit urgent",
            {"reason": "STOP", "before": "TIME"},
            "the exit became urgent: STOP, was TIME",
        ),
        ("BUST", {"reason": "a.1"}, "the exchange took its fills back: a.1"),
        ("DISOWN", {"by": "the trader"}, "the trader looked in TWS"),
        (
            "adopted",
            {"by": "the trader", "quantity": 2, "price": "1.9"},
            "the trader found it filled in TWS: 2 at 1.90",
        ),
        ("exits frozen", {"reason": "a split"}, "its exits are frozen: a split"),
        (
            "exits go again",
            {"by": "the trader", "was": "a split"},
            "the trader let its exits go again, was: a split",
        ),
        ("session's close", {"close": 104.256}, "the underlying stood at 104.26 at the close"),
        ("salvaged", {}, "taken over from a damaged journal"),
        (
            "broken",
            {"long_leg": 2, "short_leg": 0},
            "BROKEN: long leg 2, short leg 0 filled",
        ),
    ],
)
def test_an_event_is_a_sentence(name: str, data: dict[str, Any], words: str) -> None:
    assert in_words(event(name, **data)) == words


def test_what_has_no_words_or_too_little_data_is_told_as_it_stands() -> None:
    data = {
        "row": {"table": "intents"},
        "intent_id": "i",
        "order_ref": "r",
        "note": {"a": 1, "b": 2},
    }
    assert in_words(event("weather", **data)) == "weather: note (a 1, b 2)"
    assert in_words(event("FILL", intent_id="i", filled=2)) == "FILL: filled 2"


def test_a_story_follows_the_order_its_executions_its_position_and_its_exits() -> None:
    events = [
        event("approved", intent_id="i1", order_ref="TT-1"),
        event("approved", intent_id="i10", order_ref="TT-10"),
        event("execution", order_ref="TT-1"),
        event("execution", order_ref="TT-10"),
        event("position opened", position_id="i1", quantity=1),
        event("position opened", position_id="i10", quantity=1),
        event("exit", intent_id="i1.x1", order_ref="TT-1.x1"),
        event("execution", order_ref="TT-1.x1"),
        event("alert", text="of nothing"),
    ]

    def told(ref: str) -> list[tuple[str, str]]:
        return [(line.order, line.text.split(":")[0]) for line in story(events, ref)]

    whole = [
        ("TT-1", "approved"),
        ("TT-1", "execution"),
        ("TT-1", "position opened"),
        ("TT-1.x1", "exit"),
        ("TT-1.x1", "execution"),
    ]
    assert told("TT-1") == told("i1") == whole
    assert told("TT-1.x1") == whole[3:]
    assert told("TT-2") == []
    assert all(line.time == AT for line in story(events, "TT-1"))
