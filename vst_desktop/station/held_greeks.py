"""Greeks of the legs that are held, own ones where the broker tells none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from vst_desktop.execution.checks import spot_of
from vst_desktop.options.leg_greeks import LegGreeks, own_leg_greeks, told_greeks
from vst_desktop.ports.store import PositionRecord

if TYPE_CHECKING:
    from vst_desktop.station.station import Station

KEPT_SECS = 5.0
"""Own Greeks are reckoned again after so long, not at every tick: they are dear."""


class HeldGreeks:
    """By contract id; own Greeks are kept for ``KEPT_SECS``, or until other legs want them."""

    def __init__(self, station: Station) -> None:
        self._station = station
        self._own: dict[int, LegGreeks | None] = {}
        self._reckoned_at = 0.0

    def of(self, positions: Sequence[PositionRecord]) -> Mapping[int, LegGreeks]:
        """Those that are known of the positions' legs."""
        station = self._station
        known: dict[int, LegGreeks] = {}
        wanted = {}
        for position in positions:
            stock = station.stocks.get(position.spread.symbol)
            spot = spot_of(stock.quote) if stock is not None else None
            for contract in (position.spread.long, position.spread.short):
                leg = station.options.get(contract.con_id)
                if leg is None:
                    continue
                told = told_greeks(leg)
                if told is not None:
                    known[contract.con_id] = told
                elif spot is not None and leg.quote is not None:
                    wanted[contract.con_id] = (leg, spot)
        now = station.engines.clock.monotonic()
        if wanted.keys() != self._own.keys() or now - self._reckoned_at >= KEPT_SECS:
            rules = station.settings.options
            own = own_leg_greeks(
                [leg for leg, _ in wanted.values()],
                [spot for _, spot in wanted.values()],
                rules.risk_free_rate,
                rules.dividend_yield,
            )
            self._own = dict(zip(wanted, own, strict=True))
            self._reckoned_at = now
        known.update((con_id, own) for con_id, own in self._own.items() if own is not None)
        return known
