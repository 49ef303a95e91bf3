"""The desk as the settings want it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from vst_desktop.execution.desk import Desk
from vst_desktop.execution.rules import ApprovalRules, ExecutionRules
from vst_desktop.execution.services import Recheck
from vst_desktop.ports.store import IntentRecord
from vst_desktop.risk.sizing import RiskRules
from vst_desktop.runtime.settings import Settings
from vst_desktop.station.sizing import entry_usd
from vst_desktop.strategy.exit import ExitRules

if TYPE_CHECKING:
    from vst_desktop.station.engines import Engines


def make_desk(
    settings: Settings,
    engines: Engines,
    recheck: Callable[[IntentRecord], Awaitable[Recheck]],
    on_change: Callable[[], None],
) -> Desk:
    """A desk on these engines, not started."""
    risk, exits = settings.risk.model_dump(), settings.exits.model_dump()
    stop = risk.pop("stop_loss_atr_mult")
    return Desk(
        broker=engines.broker,
        journal=engines.journal,
        clock=engines.clock,
        calendar=engines.sessions,
        execution=ExecutionRules(**settings.execution.model_dump(exclude={"trading_mode"})),
        approval=ApprovalRules(
            **settings.approval.model_dump(),
            min_reward_risk=settings.options.min_reward_risk,
            max_spread_cost=settings.options.max_spread_cost,
        ),
        risk=RiskRules(**risk),
        exits=ExitRules(
            **exits,
            stop_loss_atr_mult=stop,
            risk_free_rate=settings.options.risk_free_rate,
            earnings_policy=settings.options.earnings_policy,
        ),
        allowed_accounts=settings.broker.allowed_accounts,
        entry_commission_usd=entry_usd(settings, 1),
        alert=engines.alerts.raise_alert,
        on_change=on_change,
        new_id=engines.new_id,
        recheck=recheck,
        events=engines.market_data.events.of,
    )
