"""The governor: never more than the limit in any second, and orders first."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vst_desktop.adapters.ibkr.pacing import Governor, Urgency, urgency_of

ORDER, CANCEL, QUOTE, DETAILS, HISTORY = (f"{head}\x00rest" for head in (3, 4, 1, 9, 20))


class Time:
    """Seconds that pass when told."""

    def __init__(self) -> None:
        self.now = 0.0
        self.timers: list[tuple[float, Callable[[], None]]] = []

    def call_later(self, secs: float, call: Callable[[], None]) -> None:
        self.timers.append((self.now + secs, call))

    def run(self) -> None:
        """Until no timer is left."""
        while self.timers:
            self.timers.sort(key=lambda one: one[0])
            self.now, call = self.timers.pop(0)
            call()


def governor(per_second: int) -> tuple[Governor, Time, list[tuple[float, str]]]:
    time, sent = Time(), []
    made = Governor(
        lambda message: sent.append((time.now, message)),
        per_second,
        now=lambda: time.now,
        call_later=time.call_later,
    )
    return made, time, sent


def test_below_the_limit_nothing_waits() -> None:
    made, _, sent = governor(10)
    for _ in range(9):
        made.submit(HISTORY)
    assert len(sent) == 9 and len(made) == 0


def test_an_order_goes_at_once_while_history_has_used_up_its_share() -> None:
    made, _, sent = governor(10)
    for _ in range(100):
        made.submit(HISTORY)
    made.submit(ORDER)
    assert sent[-1] == (0.0, ORDER) and len(sent) == 10


def test_what_waits_goes_by_urgency_and_then_in_its_order() -> None:
    made, time, sent = governor(10)
    for _ in range(9):
        made.submit(HISTORY)
    waiting = [HISTORY + "a", QUOTE + "a", DETAILS, HISTORY + "b", QUOTE + "b"]
    for message in waiting:
        made.submit(message)
    time.run()
    assert [message for _, message in sent[9:]] == [
        QUOTE + "a",
        QUOTE + "b",
        DETAILS,
        HISTORY + "a",
        HISTORY + "b",
    ]


def test_a_cancel_goes_before_orders_that_wait() -> None:
    made, time, sent = governor(10)
    for _ in range(10):
        made.submit(ORDER)
    for message in (ORDER, CANCEL):
        made.submit(message)
    time.run()
    assert [message for _, message in sent[10:]] == [CANCEL, ORDER]


def test_what_waits_about_an_order_is_withdrawn_and_nothing_else() -> None:
    made, time, sent = governor(4)
    for number in range(12):
        made.submit(f"{ORDER}{number}", number % 6)
    assert [made.withdraw(number) for number in (5, 5, 7)] == [True, False, False]
    made.submit(QUOTE)
    time.run()
    kept = [number for number in range(12) if number % 6 != 5]
    assert [message for _, message in sent] == [*(f"{ORDER}{one}" for one in kept), QUOTE]


def test_what_waits_is_forgotten_with_its_connection() -> None:
    made, time, sent = governor(2)
    for _ in range(5):
        made.submit(QUOTE)
    made.clear()
    time.run()
    assert len(sent) == 1


def test_a_limit_that_leaves_nothing_beside_orders_is_refused() -> None:
    with pytest.raises(ValueError, match="1 messages"):
        governor(1)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(2, 30),
    st.lists(st.sampled_from([ORDER, QUOTE, DETAILS, HISTORY]), max_size=120),
)
def test_no_second_has_more_than_the_limit_and_nothing_is_lost(
    limit: int, messages: list[str]
) -> None:
    made, time, sent = governor(limit)
    for message in messages:
        made.submit(message)
    time.run()
    assert sorted(message for _, message in sent) == sorted(messages)
    moments = [moment for moment, _ in sent]
    for first, last in zip(moments, moments[limit:], strict=False):
        assert last - first >= 1.0


@pytest.mark.parametrize(
    ("message", "urgency"),
    [
        ("3\x00", Urgency.ORDERS),
        ("4\x001\x00", Urgency.CANCELS),
        ("49\x001\x00", Urgency.ORDERS),
        ("1\x0011\x00", Urgency.QUOTES),
        ("2\x002\x00", Urgency.QUOTES),
        ("78\x00", Urgency.CHAINS),
        ("20\x00", Urgency.HISTORY),
        ("25\x00", Urgency.HISTORY),
    ],
)
def test_messages_are_told_apart_by_their_id(message: str, urgency: Urgency) -> None:
    assert urgency_of(message) is urgency
