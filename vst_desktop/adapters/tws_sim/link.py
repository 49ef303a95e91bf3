"""What the desks of a session share: the peer, its version, and the world behind it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from vst_desktop.adapters.tws_sim.codes import Refusal
from vst_desktop.adapters.tws_sim.conditions import Conditions
from vst_desktop.adapters.tws_sim.contracts import ContractBook
from vst_desktop.adapters.tws_sim.exchange import Exchange
from vst_desktop.adapters.tws_sim.messages import account
from vst_desktop.adapters.tws_sim.timing import Hours, SimTime
from vst_desktop.adapters.tws_sim.wire import Fields
from vst_desktop.adapters.tws_sim.world import Market

type Handler = Callable[[Fields], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Real seconds after which answers go out; 0 is at once.

    ``details_secs`` is for each expiration of a contract details request, ``quote_secs`` for the
    first prices of a line, ``greeks_secs`` for its first computed values.
    """

    details_secs: float = 0.0
    quote_secs: float = 0.0
    greeks_secs: float = 0.0


class Feed(StrEnum):
    """What the user's market data subscription gives."""

    LIVE = "live"
    DELAYED = "delayed"
    NONE = "none"
    COMPETING = "competing"
    """Live by right, but another session of the same user has it now."""


@dataclass(slots=True, kw_only=True)
class Subscription:
    """The market data subscription of the user, which may change while clients are connected."""

    feed: Feed = Feed.LIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything that all sessions of a server share."""

    market: Market
    clock: SimTime
    hours: Hours
    book: ContractBook
    exchange: Exchange
    pace: Pace
    subscription: Subscription
    conditions: Conditions
    master_client_id: int | None = None
    """This client hears of every order, as the one named in TWS's API settings does."""


class Link(Protocol):
    """The peer of a session, as its desks see it."""

    @property
    def server_version(self) -> int:
        """The agreed layout of messages."""

    @property
    def client_id(self) -> int:
        """The peer's client id; -1 before it said one."""

    def send(self, frame: bytes) -> None:
        """Queue one frame."""

    def later(self, secs: float, call: Callable[[], None]) -> None:
        """Call after that many real seconds unless the session has ended; at once when 0."""


def refuse(link: Link, req_id: int, refusal: Refusal) -> None:
    """Answer a request with an error."""
    error(link, req_id, refusal.code, refusal.text)


def error(link: Link, req_id: int, code: int, sentence: str) -> None:
    """Send message 4."""
    link.send(account.error(req_id, code, sentence, link.server_version))
