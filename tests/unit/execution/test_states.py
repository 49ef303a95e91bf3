from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vst_desktop.domain.orders import OrderState as S
from vst_desktop.execution.states import (
    AT_BROKER,
    TERMINAL,
    TRANSITIONS,
    WAITING,
    IllegalTransitionError,
    Trigger,
    after,
    legal,
)


def reachable(start: S) -> set[S]:
    found, edge = {start}, [start]
    while edge:
        state = edge.pop()
        for (source, _), target in TRANSITIONS.items():
            if source is state and target not in found:
                found.add(target)
                edge.append(target)
    return found


def test_every_state_can_be_reached() -> None:
    assert reachable(S.DRAFT) == set(S)


def test_an_orphan_is_only_ever_found_and_ends_as_the_broker_says() -> None:
    assert {pair for pair, target in TRANSITIONS.items() if target is S.ORPHAN} == {
        (S.DRAFT, Trigger.FIND)
    }
    assert reachable(S.ORPHAN) >= {S.FILLED, S.CANCELLED, S.REJECTED}


@pytest.mark.parametrize("state", [s for s in S if s not in TERMINAL])
def test_every_living_state_can_end(state: S) -> None:
    assert reachable(state) & TERMINAL


def test_every_state_is_of_one_kind() -> None:
    kinds = [WAITING, AT_BROKER, TERMINAL, {S.DRAFT, S.INTENT}]
    assert sorted(s for kind in kinds for s in kind) == sorted(S)


@given(st.sampled_from(S), st.sampled_from(Trigger))
def test_a_pair_is_in_the_table_or_raises(state: S, trigger: Trigger) -> None:
    if legal(state, trigger):
        assert isinstance(after(state, trigger), S)
    else:
        with pytest.raises(IllegalTransitionError, match=trigger):
            after(state, trigger)


@pytest.mark.parametrize("state", [*sorted(AT_BROKER), S.CANCELLED, S.REJECTED])
def test_a_fill_is_heard_in_every_state_the_broker_may_be_in(state: S) -> None:
    assert after(state, Trigger.FILL) is S.FILLED


@pytest.mark.parametrize("state", sorted(WAITING | {S.DENIED, S.EXPIRED, S.INTENT, S.DRAFT}))
def test_what_was_never_sent_cannot_fill(state: S) -> None:
    assert not legal(state, Trigger.FILL) and not legal(state, Trigger.ACK)


def test_nothing_is_sent_but_through_intent_and_sending() -> None:
    assert {s for (s, t), _ in TRANSITIONS.items() if t is Trigger.SEND} == {S.INTENT}
    into_broker = {
        s for (s, _), target in TRANSITIONS.items() if target in AT_BROKER and s not in AT_BROKER
    }
    assert into_broker == {S.INTENT, S.CANCELLED, S.REJECTED}
    assert not [s for (s, t), _ in TRANSITIONS.items() if t is Trigger.SEND and s is S.UNKNOWN]
