"""What an order would cost: previews, and orders that an account cannot pay for."""

from __future__ import annotations

from decimal import Decimal

from vst_desktop.adapters.tws_sim import codes, pricing
from vst_desktop.adapters.tws_sim.accounts import Accounts
from vst_desktop.adapters.tws_sim.codes import Refusal
from vst_desktop.adapters.tws_sim.ledger import Trade
from vst_desktop.adapters.tws_sim.orders import Order, Preview
from vst_desktop.adapters.tws_sim.timing import SimTime
from vst_desktop.adapters.tws_sim.world import Market


class Funds:
    """Holds orders against the accounts that would pay for them."""

    def __init__(self, market: Market, accounts: Accounts, clock: SimTime) -> None:
        self._market = market
        self._accounts = accounts
        self._clock = clock

    def _expected(self, order: Order) -> tuple[list[Trade], Decimal]:
        """What an order would book at the natural price of now, and its commission."""
        now = self._clock.now()
        net = pricing.net_quote(self._market, order.parts, now)
        natural = net.ask if order.buys else net.bid
        if natural is None:
            return [], Decimal(0)
        parts = pricing.part_fills(
            self._market, order.parts, order.quantity - order.filled, order.buys, now
        )
        fees = pricing.commissions(parts)
        trades = [
            Trade(
                instrument=part.instrument,
                quantity=part.quantity if part.bought else -part.quantity,
                price=part.price,
                commission_usd=fee,
            )
            for part, fee in zip(parts, fees, strict=True)
        ]
        return trades, sum(fees, Decimal(0))

    def preview(self, order: Order) -> Preview:
        """What-if figures, at the natural price of now."""
        trades, commission = self._expected(order)
        before, after = self._accounts.tried(order.account, trades)
        return Preview(
            order=order,
            init_before=before.margin,
            init_after=after.margin,
            equity_before=before.equity_with_loan,
            equity_after=after.equity_with_loan,
            commission=commission,
        )

    def check(self, order: Order) -> None:
        """Refuse what binds more than the account has.

        Raises:
            Refusal: The initial margin would exceed the equity with loan value (201).
        """
        trades, _ = self._expected(order)
        before, after = self._accounts.tried(order.account, trades)
        if after.available < 0 and after.available < before.available:
            raise Refusal(
                codes.ORDER_REJECTED,
                codes.rejected(
                    "YOUR ORDER IS NOT ACCEPTED. IN ORDER TO OBTAIN THE DESIRED POSITION YOUR "
                    f"EQUITY WITH LOAN VALUE [{after.equity_with_loan} USD] MUST EXCEED THE "
                    f"INITIAL MARGIN [{after.margin} USD]"
                ),
            )
