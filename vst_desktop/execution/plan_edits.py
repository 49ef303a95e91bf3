"""Exits of one position, changed by the trader: checked, committed, and only then in force."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.exit_edits import ExitEdit
from vst_desktop.domain.spreads import ExitPlan
from vst_desktop.execution.checks import spot_of
from vst_desktop.execution.decisions import TRADER
from vst_desktop.execution.ledger import Ledger
from vst_desktop.execution.services import Services
from vst_desktop.ports.store import PositionRecord
from vst_desktop.runtime.calendar import trading_day
from vst_desktop.strategy.exit import expiry_exit_day
from vst_desktop.strategy.exit_edit import edited


class PlanEdits:
    """Changes plans in force.

    Args:
        services: Dependencies.
        ledger: The book.
        closing: Whether a close of the position is under way.
        changed: Called with a position whose plan is another now.
    """

    def __init__(
        self,
        services: Services,
        ledger: Ledger,
        closing: Callable[[str], bool],
        changed: Callable[[PositionRecord], None],
    ) -> None:
        self._services = services
        self._ledger = ledger
        self._closing = closing
        self._changed = changed

    def check(self, position_id: str, edit: ExitEdit, spot: float) -> ExitPlan:
        """The plan that the edit would make at this price of the underlying.

        Raises:
            UserError: There is no such position, it is frozen or being closed, or the edit is not
                possible.
        """
        position = self._ledger.position(position_id)
        if position is None or position.closed_at is not None:
            raise UserError(f"there is no open position {position_id}")
        symbol, long = position.spread.symbol, position.spread.long
        if position.frozen is not None:
            raise UserError(
                f"the exits of {symbol} are frozen: {position.frozen}",
                remedy="let them go again first, when you have looked",
            )
        if self._closing(position_id):
            raise UserError(f"{symbol} is being closed already")
        return edited(
            position.plan,
            position.spread.direction,
            edit,
            spot=spot,
            today=trading_day(self._services.clock.now()),
            last_day=expiry_exit_day(long.expiration, long.last_trade, self._is_session),
            is_session=self._is_session,
        )

    async def edit(self, position_id: str, edit: ExitEdit) -> None:
        """Put the trader's exits in force, once they are durable.

        Raises:
            UserError: As ``check``; nothing is another; the underlying is not quoted; or the
                journal did not keep it: then the exits are as they were.
        """
        with self._services.clock.work("edit exits"):
            position = self._ledger.position(position_id)
            spot = None if position is None else await self._spot(position.spread.symbol)
            plan = self.check(position_id, edit, spot or 0.0)
            assert position is not None
            was = position.plan
            if plan == was:
                raise UserError("nothing of the exits was changed")
            changed = await self._ledger.replan(position_id, plan, "exits edited", by=TRADER)
            self._changed(changed)
            spread = changed.spread
            self._services.alert(
                Severity.INFO,
                f"Trade EXITS EDITED: {spread.symbol} {spread.direction} x{changed.quantity}",
                f"stop {_level(was.stop)} → {_level(plan.stop)}, "
                f"target {_level(was.target)} → {_level(plan.target)}, "
                f"out by {was.exit_by} → {plan.exit_by}",
            )

    async def _spot(self, symbol: str) -> float:
        try:
            stock = await self._services.broker.stock_quote(symbol)
        except TimeoutError:
            stock = None
        spot = spot_of(stock.quote) if stock is not None else None
        if spot is None:
            raise UserError(
                f"{symbol} is not quoted, so its exits cannot be checked",
                remedy="try again when the connection is well",
            )
        return spot

    def _is_session(self, day: date) -> bool:
        return self._services.calendar.session(day) is not None


def _level(level: float | None) -> str:
    return "none" if level is None else f"{level:.2f}"
