"""Executions of one simulator: numbered, booked, and corrected."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from vst_desktop.adapters.tws_sim.accounts import Accounts
from vst_desktop.adapters.tws_sim.contracts import traded
from vst_desktop.adapters.tws_sim.ledger import Trade
from vst_desktop.adapters.tws_sim.orders import Execution, Order
from vst_desktop.adapters.tws_sim.pricing import PartFill

_STEM = 0xE0D5


class Trades:
    """Every trade of a run.

    Args:
        accounts: Where they are booked.
        first: Number of the first fill.
        seed: Stands in the execution ids.
    """

    def __init__(self, accounts: Accounts, *, first: int, seed: int) -> None:
        self._accounts = accounts
        self._executions: list[Execution] = []
        self._fills = itertools.count(first)
        self._seed = seed

    @property
    def executions(self) -> list[Execution]:
        """Every execution, oldest first."""
        return list(self._executions)

    def enter(
        self,
        order: Order,
        price: Decimal,
        quantity: Decimal,
        parts: Sequence[PartFill],
        fees: Sequence[Decimal],
        now: datetime,
    ) -> list[Execution]:
        """Book a fill; one execution for each part, before them one for a combination.

        Args:
            order: As it is after the fill.
            price: Of the whole, USD a share.
            quantity: Of the whole.
            parts: What each part traded at.
            fees: Commission of each part, USD.
            now: When.
        """
        stem = f"{(_STEM + self._seed) & 0xFFFFFFFF:08x}.{next(self._fills):08x}"
        numbers = itertools.count(1)
        found = []
        if order.instrument is None:
            found.append(
                Execution(
                    exec_id=f"{stem}.{next(numbers):02x}.01",
                    order=order,
                    contract=order.contract,
                    at=now,
                    bought=order.buys,
                    shares=quantity,
                    price=price,
                    cumulative=order.filled,
                )
            )
        for part, fee in zip(parts, fees, strict=True):
            realized = self._accounts.book(
                order.account,
                Trade(
                    instrument=part.instrument,
                    quantity=part.quantity if part.bought else -part.quantity,
                    price=part.price,
                    commission_usd=fee,
                ),
            )
            found.append(
                Execution(
                    exec_id=f"{stem}.{next(numbers):02x}.01",
                    order=order,
                    contract=traded(part.instrument, order.contract.exchange),
                    at=now,
                    bought=part.bought,
                    shares=part.quantity,
                    price=part.price,
                    cumulative=order.filled * part.quantity / quantity,
                    commission_usd=fee,
                    realized_usd=realized,
                )
            )
        self._executions += found
        return found

    def correct_newest(self, change: Decimal) -> Execution | None:
        """Correct the price of the newest execution: the last number of its id rises.

        Returns:
            The corrected execution; None when there is none.
        """
        if not self._executions:
            return None
        old = self._executions[-1]
        stem, _, number = old.exec_id.rpartition(".")
        new = replace(old, exec_id=f"{stem}.{int(number) + 1:02d}", price=old.price + change)
        self._executions[-1] = new
        for part in old.order.parts:
            if part.instrument.con_id == old.contract.con_id:
                signed = old.shares if old.bought else -old.shares
                for quantity, price in ((-signed, old.price), (signed, new.price)):
                    trade = Trade(
                        instrument=part.instrument,
                        quantity=quantity,
                        price=price,
                        commission_usd=Decimal(0),
                    )
                    self._accounts.book(old.order.account, trade)
        return new
