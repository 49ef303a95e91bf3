"""What could be bought of a spread now, and which limit forbids it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from vst_desktop.domain.orders import Purpose
from vst_desktop.domain.spreads import RankedSpread
from vst_desktop.execution.ledger import market_orders
from vst_desktop.execution.states import TERMINAL
from vst_desktop.options.commissions import Commissions
from vst_desktop.risk.limits import Budget, DenialCode, check_budget, check_own_overlap
from vst_desktop.risk.sizing import RiskRules, size_position, worst_debit
from vst_desktop.runtime.settings import Settings
from vst_desktop.station.bounds import spread_bound
from vst_desktop.station.plans import event_verdict

if TYPE_CHECKING:
    from vst_desktop.station.station import Station


def entry_usd(settings: Settings, contracts: int) -> Decimal:
    """Estimated commission of an entry order for so many spreads."""
    return Commissions.of(settings.commissions.model_dump()).usual_order_usd(contracts)


class Sizer:
    """Answers from the station's account, limits and book; the desk checks again at the send."""

    def __init__(self, station: Station) -> None:
        self._station = station
        risk = station.settings.risk.model_dump(exclude={"stop_loss_atr_mult"})
        self._rules = RiskRules(**risk)

    def size(self, ranked: RankedSpread) -> tuple[int, str | None]:
        """Contracts, and ``CODE: sentence`` when the spread is denied now."""
        station, spread = self._station, ranked.spread
        bound = spread_bound(station.settings, ranked)
        market = market_orders(station.mode, station.settings.execution.paper_order_type)
        account, desk = station.account, station.desk
        size = size_position(
            worst=worst_debit(ranked.debit, bound, market_order=market),
            multiplier=spread.multiplier,
            entry_commission_usd=entry_usd(station.settings, 1),
            net_liquidation_usd=account.net_liquidation_usd if account else None,
            available_funds_usd=account.available_funds_usd if account else None,
            reserved_usd=desk.reserved_usd(),
            at_risk_usd=desk.at_risk_usd(),
            rules=self._rules,
        )
        if size.contracts == 0:
            return 0, f"SIZE 0: {size.reason}"
        engines = station.engines
        events = event_verdict(
            spread, station.settings, engines.market_data.events, engines.sessions
        )
        if events.denied is not None:
            return size.contracts, f"{DenialCode.EVENT}: {events.denied}"
        taken = [p.spread for p in desk.positions()]
        working = [
            i for i in desk.intents() if i.purpose is Purpose.ENTRY and i.state not in TERMINAL
        ]
        taken += [i.spread for i in working if i.spread != spread]
        denial = check_own_overlap(spread, taken)
        if denial is None and not any(i.spread == spread for i in working):
            denial = check_budget(size.worst_usd_each * size.contracts, self._budget(), self._rules)
        return size.contracts, f"{denial.code}: {denial.text}" if denial else None

    def _budget(self) -> Budget:
        desk, account = self._station.desk, self._station.account
        ids = {p.position_id for p in desk.positions()}
        ids |= {
            i.intent_id
            for i in desk.intents()
            if i.purpose is Purpose.ENTRY and i.state not in TERMINAL
        }
        return Budget(
            positions=len(ids),
            trades_today=desk.trades_today(),
            at_risk_usd=desk.at_risk_usd(),
            reserved_usd=desk.reserved_usd(),
            net_liquidation_usd=account.net_liquidation_usd if account else None,
            available_funds_usd=account.available_funds_usd if account else None,
            day_trades_remaining=account.day_trades_remaining if account else None,
        )
