"""The life of an order as one table.

DENIED is our refusal, REJECTED the broker's. A broker's "cancelled" is provisional: fills may
follow it, and an order reported dead may turn out to be working.
"""

from __future__ import annotations

from enum import StrEnum

from vst_desktop.domain.orders import OrderState as S


class Trigger(StrEnum):
    """What moves an order from state to state."""

    APPROVE = "APPROVE"
    QUEUE = "QUEUE"
    HOLD = "HOLD"
    WITHDRAW = "WITHDRAW"
    EXPIRE = "EXPIRE"
    DENY = "DENY"
    COMMIT = "COMMIT"
    SEND = "SEND"
    ABORT = "ABORT"
    """Stopped by us before anything reached the broker."""
    ACK = "ACK"
    WORK = "WORK"
    PARTIAL = "PARTIAL"
    FILL = "FILL"
    CANCEL = "CANCEL"
    REJECT = "REJECT"
    LOSE = "LOSE"
    """The broker did not say what became of it."""
    BUST = "BUST"
    """The exchange took back every fill of it."""
    FIND = "FIND"
    """The broker has it, with our mark, and the journal does not."""
    DISOWN = "DISOWN"
    """The trader looked in TWS: nothing more of it is there."""


T = Trigger

TRANSITIONS: dict[tuple[S, Trigger], S] = {
    (S.DRAFT, T.APPROVE): S.APPROVED,
    (S.DRAFT, T.DENY): S.DENIED,
    (S.DRAFT, T.FIND): S.ORPHAN,
    (S.ORPHAN, T.FILL): S.FILLED,
    (S.ORPHAN, T.CANCEL): S.CANCELLED,
    (S.ORPHAN, T.REJECT): S.REJECTED,
    (S.APPROVED, T.QUEUE): S.QUEUED,
    (S.APPROVED, T.HOLD): S.HELD,
    (S.APPROVED, T.COMMIT): S.INTENT,
    (S.APPROVED, T.WITHDRAW): S.CANCELLED,
    (S.APPROVED, T.EXPIRE): S.EXPIRED,
    (S.APPROVED, T.DENY): S.DENIED,
    (S.QUEUED, T.HOLD): S.HELD,
    (S.QUEUED, T.COMMIT): S.INTENT,
    (S.QUEUED, T.WITHDRAW): S.CANCELLED,
    (S.QUEUED, T.EXPIRE): S.EXPIRED,
    (S.QUEUED, T.DENY): S.DENIED,
    (S.HELD, T.QUEUE): S.QUEUED,
    (S.HELD, T.WITHDRAW): S.CANCELLED,
    (S.HELD, T.EXPIRE): S.EXPIRED,
    (S.HELD, T.DENY): S.DENIED,
    (S.INTENT, T.SEND): S.SENDING,
    (S.INTENT, T.HOLD): S.HELD,
    (S.INTENT, T.ABORT): S.CANCELLED,
    (S.INTENT, T.DENY): S.DENIED,
    (S.INTENT, T.EXPIRE): S.EXPIRED,
    (S.SENDING, T.ACK): S.ACKNOWLEDGED,
    (S.SENDING, T.WORK): S.WORKING,
    (S.SENDING, T.PARTIAL): S.PARTIALLY_FILLED,
    (S.SENDING, T.FILL): S.FILLED,
    (S.SENDING, T.CANCEL): S.CANCELLED,
    (S.SENDING, T.REJECT): S.REJECTED,
    (S.SENDING, T.LOSE): S.UNKNOWN,
    (S.SENDING, T.ABORT): S.CANCELLED,
    (S.SENDING, T.DENY): S.DENIED,
    (S.ACKNOWLEDGED, T.ACK): S.ACKNOWLEDGED,
    (S.ACKNOWLEDGED, T.WORK): S.WORKING,
    (S.ACKNOWLEDGED, T.PARTIAL): S.PARTIALLY_FILLED,
    (S.ACKNOWLEDGED, T.FILL): S.FILLED,
    (S.ACKNOWLEDGED, T.CANCEL): S.CANCELLED,
    (S.ACKNOWLEDGED, T.REJECT): S.REJECTED,
    (S.ACKNOWLEDGED, T.LOSE): S.UNKNOWN,
    (S.WORKING, T.ACK): S.WORKING,
    (S.WORKING, T.WORK): S.WORKING,
    (S.WORKING, T.PARTIAL): S.PARTIALLY_FILLED,
    (S.WORKING, T.FILL): S.FILLED,
    (S.WORKING, T.CANCEL): S.CANCELLED,
    (S.WORKING, T.REJECT): S.REJECTED,
    (S.WORKING, T.LOSE): S.UNKNOWN,
    (S.PARTIALLY_FILLED, T.ACK): S.PARTIALLY_FILLED,
    (S.PARTIALLY_FILLED, T.WORK): S.PARTIALLY_FILLED,
    (S.PARTIALLY_FILLED, T.PARTIAL): S.PARTIALLY_FILLED,
    (S.PARTIALLY_FILLED, T.FILL): S.FILLED,
    (S.PARTIALLY_FILLED, T.CANCEL): S.CANCELLED,
    (S.PARTIALLY_FILLED, T.REJECT): S.CANCELLED,
    (S.PARTIALLY_FILLED, T.LOSE): S.UNKNOWN,
    (S.UNKNOWN, T.ACK): S.ACKNOWLEDGED,
    (S.UNKNOWN, T.WORK): S.WORKING,
    (S.UNKNOWN, T.PARTIAL): S.PARTIALLY_FILLED,
    (S.UNKNOWN, T.FILL): S.FILLED,
    (S.UNKNOWN, T.CANCEL): S.CANCELLED,
    (S.UNKNOWN, T.REJECT): S.REJECTED,
    (S.UNKNOWN, T.LOSE): S.UNKNOWN,
    (S.UNKNOWN, T.DISOWN): S.CANCELLED,
    (S.PARTIALLY_FILLED, T.DISOWN): S.CANCELLED,
    (S.CANCELLED, T.ACK): S.CANCELLED,
    (S.CANCELLED, T.WORK): S.WORKING,
    (S.CANCELLED, T.PARTIAL): S.CANCELLED,
    (S.CANCELLED, T.FILL): S.FILLED,
    (S.CANCELLED, T.CANCEL): S.CANCELLED,
    (S.CANCELLED, T.REJECT): S.CANCELLED,
    (S.REJECTED, T.ACK): S.REJECTED,
    (S.REJECTED, T.WORK): S.WORKING,
    (S.REJECTED, T.PARTIAL): S.PARTIALLY_FILLED,
    (S.REJECTED, T.FILL): S.FILLED,
    (S.REJECTED, T.CANCEL): S.REJECTED,
    (S.REJECTED, T.REJECT): S.REJECTED,
    (S.FILLED, T.ACK): S.FILLED,
    (S.FILLED, T.WORK): S.FILLED,
    (S.FILLED, T.PARTIAL): S.FILLED,
    (S.FILLED, T.FILL): S.FILLED,
    (S.FILLED, T.CANCEL): S.FILLED,
    (S.FILLED, T.BUST): S.CANCELLED,
    (S.PARTIALLY_FILLED, T.BUST): S.WORKING,
    (S.UNKNOWN, T.BUST): S.UNKNOWN,
    (S.CANCELLED, T.BUST): S.CANCELLED,
    (S.REJECTED, T.BUST): S.REJECTED,
}

WAITING = frozenset({S.APPROVED, S.QUEUED, S.HELD})
"""Approved and not yet on its way."""

AT_BROKER = frozenset({S.SENDING, S.ACKNOWLEDGED, S.WORKING, S.PARTIALLY_FILLED, S.UNKNOWN})
"""The broker has it, or may have it."""

TERMINAL = frozenset({S.FILLED, S.CANCELLED, S.REJECTED, S.DENIED, S.EXPIRED, S.ORPHAN})
"""No risk is reserved any more; late news from the broker is still heard."""


class IllegalTransitionError(Exception):
    """A trigger that the table does not know in this state: a bug."""


def legal(state: S, trigger: Trigger) -> bool:
    """Whether the table knows the pair."""
    return (state, trigger) in TRANSITIONS


def after(state: S, trigger: Trigger) -> S:
    """The next state.

    Raises:
        IllegalTransitionError: The pair is not in the table.
    """
    try:
        return TRANSITIONS[state, trigger]
    except KeyError:
        raise IllegalTransitionError(f"{trigger} is not possible in state {state}") from None
