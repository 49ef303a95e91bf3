"""What happens at TWS itself, without an API client: orders by hand, holdings, assignments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import count

from vst_desktop.adapters.tws_sim import checks
from vst_desktop.adapters.tws_sim.codes import Refusal
from vst_desktop.adapters.tws_sim.contracts import ContractBook, ContractSpec, Leg
from vst_desktop.adapters.tws_sim.exchange import Exchange
from vst_desktop.adapters.tws_sim.ledger import Trade, multiplier
from vst_desktop.adapters.tws_sim.orders import Order, Ticket
from vst_desktop.adapters.tws_sim.world import Instrument, Market

_CLIENT = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HandLeg:
    """One leg of a combination that is placed by hand."""

    spec: ContractSpec
    action: str


class Hands:
    """A person at TWS's own window.

    Everything raises :class:`Refusal` for what TWS would not take, and a contract that is not found
    or not one.
    """

    def __init__(self, exchange: Exchange, book: ContractBook, market: Market) -> None:
        self._exchange = exchange
        self._book = book
        self._market = market
        self._ids = count(-1, -1)

    def order(
        self,
        spec: ContractSpec,
        action: str,
        quantity: Decimal,
        *,
        limit_price: Decimal | None = None,
        legs: Sequence[HandLeg] = (),
        account: str = "",
        tif: str = "DAY",
    ) -> Order:
        """Place an order; a market order without ``limit_price`` (USD a share)."""
        order_id = next(self._ids)
        ticket = Ticket(
            order_id=order_id,
            spec=replace(spec, sec_type="BAG") if legs else spec,
            action=action,
            quantity=quantity,
            order_type="MKT" if limit_price is None else "LMT",
            limit_price=limit_price,
            tif=tif,
            account=account,
            legs=tuple(
                Leg(
                    con_id=self._book.one(leg.spec).con_id,
                    ratio=1,
                    action=leg.action,
                    exchange="SMART",
                )
                for leg in legs
            ),
            manual=True,
        )
        self._exchange.submit(_CLIENT, ticket)
        return next(one for one in self._exchange.orders if one.key == (_CLIENT, order_id))

    def cancel(self, perm_id: int) -> None:
        """Cancel an order, whoever placed it."""
        found = next((one for one in self._exchange.orders if one.perm_id == perm_id), None)
        if found is None:
            raise Refusal(0, f"no order has the permanent id {perm_id}")
        self._exchange.cancel(found.client_id, found.order_id)

    def position(
        self, spec: ContractSpec, quantity: Decimal, price: Decimal, *, account: str = ""
    ) -> Instrument:
        """Move a holding in, or out when negative, at that price (USD a share), cash with it."""
        instrument = self._book.one(spec)
        name = checks.account_named(account, self._exchange.accounts.names)
        self._book_trade(name, instrument, quantity, price)
        return instrument

    def assign(self, spec: ContractSpec, contracts: int, *, account: str = "") -> Instrument:
        """Assign short options: they vanish, and the stock changes hands at the strike.

        Returns:
            The stock that was delivered or taken.
        """
        option = self._book.one(spec)
        name = checks.account_named(account, self._exchange.accounts.names)
        held = self._exchange.accounts.ledger(name).position(option).quantity
        stock = self._market.stock(option.symbol)
        if option.strike is None or stock is None:
            raise Refusal(0, f"{option.local_symbol} is no option")
        if not 1 <= contracts <= -held:
            raise Refusal(0, f"{-held} of {option.local_symbol} are short, not {contracts}")
        shares = contracts * multiplier(option)
        self._book_trade(name, option, Decimal(contracts), Decimal(0))
        delivered = -shares if option.right == "C" else shares
        self._book_trade(name, stock, delivered, Decimal(repr(option.strike)))
        return stock

    def _book_trade(
        self, account: str, instrument: Instrument, quantity: Decimal, price: Decimal
    ) -> None:
        if not quantity.is_finite() or not quantity or quantity != quantity.to_integral_value():
            raise Refusal(0, f"{quantity} is no number of contracts or shares")
        if not price.is_finite() or price < 0:
            raise Refusal(0, f"{price} is no price")
        trade = Trade(
            instrument=instrument, quantity=quantity, price=price, commission_usd=Decimal(0)
        )
        self._exchange.book(account, trade)
