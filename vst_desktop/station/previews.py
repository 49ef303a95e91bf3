"""What the broker reckons the selected candidate's order would take: margin and commission."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING

from vst_desktop.domain.errors import UserError
from vst_desktop.domain.orders import OrderPreview
from vst_desktop.domain.spreads import Candidate, VerticalSpread
from vst_desktop.execution.ticket import entry_ticket
from vst_desktop.ports.broker import ConnectionState
from vst_desktop.runtime.tasks import TaskOwner
from vst_desktop.station.view import Figure

if TYPE_CHECKING:
    from vst_desktop.station.engines import Engines

Asked = tuple[VerticalSpread, int, Decimal]


class Previews:
    """Asks once for each order that is looked at; what the broker refuses is shown as that.

    Args:
        engines: Their broker is asked.
        tasks: Owns the questions.
        account: Whose order it would be, None while not known.
        on_change: Called with each answer.
    """

    def __init__(
        self,
        engines: Engines,
        tasks: TaskOwner,
        account: Callable[[], str | None],
        on_change: Callable[[], None],
    ) -> None:
        self._engines = engines
        self._tasks = tasks
        self._account = account
        self._on_change = on_change
        self._answers: dict[Asked, tuple[Figure, ...]] = {}

    def look(self, candidate: Candidate | None) -> None:
        """Ask for the candidate as it is now, unless that was asked or no order can be."""
        if candidate is None:
            return
        asked, account = _order_of(candidate), self._account()
        ready = self._engines.broker.state is ConnectionState.READY
        if ready and account is not None and candidate.contracts and asked not in self._answers:
            self._answers[asked] = ()
            self._tasks.spawn(self._ask(asked, account), "preview")

    def figures(self, candidate: Candidate) -> tuple[Figure, ...]:
        """The broker's answer; nothing before it came."""
        return self._answers.get(_order_of(candidate), ())

    async def _ask(self, asked: Asked, account: str) -> None:
        spread, quantity, debit = asked
        ticket = entry_ticket(
            order_ref="preview",
            account=account,
            spread=spread,
            quantity=quantity,
            limit_price=debit,
            tick=Decimal("0.01"),
        )
        with self._engines.clock.work("preview"):
            try:
                told = await self._engines.broker.preview(ticket)
            except UserError as error:
                self._answers[asked] = (Figure(caption="IBKR would refuse", value=error.what),)
            except TimeoutError:
                # not known, so it is asked for again when it is looked at again
                self._answers.pop(asked)
            else:
                self._answers[asked] = _figures(told)
        self._on_change()


def _order_of(candidate: Candidate) -> Asked:
    return candidate.ranked.spread, candidate.contracts, candidate.ranked.debit


def _figures(told: OrderPreview) -> tuple[Figure, ...]:
    margin, paid = told.initial_margin_change, told.commission_usd
    low, high = told.min_commission_usd, told.max_commission_usd
    commission = "–"
    if paid is not None:
        commission = f"${paid:,.2f}"
    elif low is not None and high is not None:
        commission = f"${low:,.2f} – ${high:,.2f}"
    return (
        Figure(caption="margin at IBKR", value="–" if margin is None else f"{margin:,.2f}"),
        Figure(caption="commission at IBKR", value=commission),
    )
