"""Commands about single orders and positions, beside those of every day."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from vst_desktop.domain.bounds import Bounds
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.exit_edits import ExitEdit
from vst_desktop.station.auto_approve import AutoApprove, AutoRule
from vst_desktop.station.desk_view import ExitPreview, RepairView
from vst_desktop.station.exit_preview import exit_preview

if TYPE_CHECKING:
    from vst_desktop.station.station import Station


class Trading:
    """Implements :class:`vst_desktop.station.api.TradingApi`."""

    def __init__(self, station: Station, auto: AutoApprove) -> None:
        self._station = station
        self._desk = station.desk
        self._auto = auto

    async def kill(self, reason: str) -> None:
        """Halt entries, and take every rule out of force."""
        try:
            await self._desk.kill(reason)
        finally:
            await self._auto.disarm(f"kill switch: {reason}")

    @property
    def auto_rules(self) -> tuple[AutoRule, ...]:
        """The rules that approve in this run."""
        return self._auto.armed()

    async def arm_auto(self, strategy: str, min_reward_risk: float, most: int) -> None:
        """Let a rule approve candidates of a strategy in this run."""
        await self._auto.arm(
            AutoRule(strategy=strategy, min_reward_risk=min_reward_risk, most=most)
        )

    async def disarm_auto(self, strategy: str) -> None:
        """Take a rule out of force."""
        await self._auto.disarm("disarmed", strategy)

    async def auto_approve(self) -> None:
        """Approve what the armed rules admit."""
        await self._auto.run()

    async def reorder(self, intent_ids: list[str]) -> None:
        """Put waiting approvals into this order."""
        await self._desk.reorder(intent_ids)

    async def hold(self) -> None:
        """Hold everything that waits."""
        await self._desk.hold()

    async def rehearse(self) -> None:
        """Rehearse the queue now."""
        await self._desk.rehearse()

    async def disown(self, intent_id: str) -> None:
        """The broker has no such UNKNOWN order, the trader says."""
        await self._desk.answers.disown(intent_id)

    async def adopt(self, intent_id: str, quantity: int, price: Decimal) -> None:
        """The UNKNOWN order was filled so, the trader says."""
        await self._desk.answers.adopt(intent_id, quantity, price)

    async def cancel_orphan(self, order_ref: str) -> None:
        """Cancel an order that the journal does not know."""
        await self._desk.answers.cancel_orphan(order_ref)

    async def set_bounds(self, candidate_id: str, bounds: Bounds) -> None:
        """Approve a candidate only within these bounds."""
        self._station.bounds.set(candidate_id, bounds)

    async def preview_exits(self, position_id: str, edit: ExitEdit) -> ExitPreview:
        """What edited exits of a position would pay."""
        position = next((p for p in self._desk.positions() if p.position_id == position_id), None)
        if position is None:
            raise UserError(f"there is no open position {position_id}")
        return await exit_preview(self._station, position, edit)

    async def edit_exits(self, position_id: str, edit: ExitEdit) -> None:
        """Other exits of a position."""
        await self._desk.plans.edit(position_id, edit)

    async def repairs(self, position_id: str) -> tuple[RepairView, ...]:
        """The ways out of a broken spread, priced now."""
        ways = await self._desk.answers.repairs(position_id)
        return tuple(RepairView(action=way.action, pnl_usd=way.pnl_usd) for way in ways)

    async def thaw(self, position_id: str) -> None:
        """The trader has looked at a frozen position."""
        await self._desk.answers.thaw(position_id)
