"""How this TWS behaves where behaviour can change while clients are connected."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum

from vst_desktop.adapters.tws_sim.contracts import COMBO_TICK
from vst_desktop.adapters.tws_sim.pricing import NetQuote

MOST_LINES = 100
MOST_LIVE_BARS = 50
_WIDER = Decimal(1)


class Accepts(StrEnum):
    """What a new connection meets."""

    ALL = "all"
    SILENT = "silent"
    """It is taken, and nothing is ever said."""
    CLOSES = "closes"
    """It is taken and closed before the handshake."""


class ComboMarket(StrEnum):
    """What is quoted for combinations."""

    LEGS = "legs"
    """What the legs add up to."""
    WIDE = "wide"
    """A dollar worse on both sides: also what orders trade at."""
    INVERTED = "inverted"
    """The bid over the ask, in quotes only."""
    NONE = "none"
    """Nothing, in quotes only."""


class WhatIf(StrEnum):
    """What a preview is answered with."""

    FIGURES = "figures"
    EARLY = "early"
    """First an answer without figures, then the figures."""
    ERROR = "error"
    NEVER = "never"


@dataclass(slots=True, kw_only=True)
class Conditions:
    """The usual TWS; a fault changes single ones and puts them back. Seconds are real ones."""

    accepts: Accepts = Accepts.ALL
    messages_a_second: int | None = None
    """More in any second draw code 100; after three such seconds the connection is closed."""
    most_lines: int = MOST_LINES
    most_live_bars: int = MOST_LIVE_BARS
    history_again_secs: float = 0.0
    """The same bars asked for again within that time are a pacing violation; 0: never."""
    history_empty: bool = False
    combo_tick: Decimal = Decimal(repr(COMBO_TICK))
    combo_market: ComboMarket = ComboMarket.LEGS
    what_if: WhatIf = WhatIf.FIGURES
    first_part: int = 0
    """The first trade of an order is of so many; 0: of as many as there are."""
    cancels_late: bool = False
    fills_after_cancel: bool = False
    legs_alone: bool = False
    """Whether orders that are not guaranteed trade one leg only."""
    change_twins: bool = False
    """Whether a change leaves the old order and adds a new one."""
    perm_id_late: bool = False
    """Whether the first news of an order come without its permanent id."""
    read_only: bool = False
    taken_ids: frozenset[int] = field(default_factory=frozenset)
    ghost_secs: float = 0.0
    """How long a client id stays taken after its connection is gone."""
    stale_next_id: bool = False
    dated_expirations: bool = False
    """Whether contract details tell the last trading day with a time and a zone."""
    clock_skew_secs: float = 0.0

    def quoted(self, net: NetQuote) -> NetQuote:
        """What is shown of a combination."""
        match self.combo_market:
            case ComboMarket.NONE:
                return NetQuote(bid=None, ask=None, bid_size=0, ask_size=0)
            case ComboMarket.INVERTED:
                return replace(net, bid=net.ask, ask=net.bid)
            case _:
                return self.traded(net)

    def traded(self, net: NetQuote) -> NetQuote:
        """What orders for a combination meet."""
        if self.combo_market is not ComboMarket.WIDE:
            return net
        return replace(
            net,
            bid=None if net.bid is None else net.bid - _WIDER,
            ask=None if net.ask is None else net.ask + _WIDER,
        )
