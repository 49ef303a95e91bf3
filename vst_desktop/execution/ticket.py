"""Bounds of an approval, order tickets, and the gate every order passes last (SPEC 6, 7)."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal

from vst_desktop.domain.money import floor_to_tick
from vst_desktop.domain.orders import Mode, OrderTicket, OrderType, Purpose, Side
from vst_desktop.domain.quotes import OptionContract, Right
from vst_desktop.domain.spreads import VerticalSpread
from vst_desktop.execution.rules import ApprovalRules

MIN_DEBIT_OVER = Decimal("0.05")
LONGEST_REF = 40


class WireGateError(Exception):
    """An order that must not be sent; the text names the broken rule."""


def approval_bound(
    debit_seen: Decimal, spread: VerticalSpread, tick: Decimal, rules: ApprovalRules
) -> Decimal:
    """Maximum debit per share of an approval (SPEC 6), on the tick grid.

    min(debit seen x (1 + max_debit_over), at least 0.05 over; width / (1 + min_reward_risk);
    max_spread_cost / multiplier), rounded down.
    """
    over = max(debit_seen * _exact(rules.max_debit_over), MIN_DEBIT_OVER)
    return floor_to_tick(
        min(
            debit_seen + over,
            spread.width / (1 + _exact(rules.min_reward_risk)),
            _exact(rules.max_spread_cost) / spread.multiplier,
        ),
        tick,
    )


def entry_ticket(
    *,
    order_ref: str,
    account: str,
    spread: VerticalSpread,
    quantity: int,
    limit_price: Decimal | None,
    tick: Decimal,
) -> OrderTicket:
    """BUY the spread; a market order when there is no limit."""
    return OrderTicket(
        order_ref=order_ref,
        account=account,
        purpose=Purpose.ENTRY,
        side=Side.BUY,
        order_type=OrderType.MARKET if limit_price is None else OrderType.LIMIT,
        spread=spread,
        quantity=quantity,
        limit_price=limit_price,
        tick=tick,
    )


def exit_ticket(
    *,
    order_ref: str,
    account: str,
    spread: VerticalSpread,
    quantity: int,
    limit_price: Decimal | None,
    tick: Decimal,
) -> OrderTicket:
    """SELL the same legs; a market order when there is no limit."""
    return OrderTicket(
        order_ref=order_ref,
        account=account,
        purpose=Purpose.EXIT,
        side=Side.SELL,
        order_type=OrderType.MARKET if limit_price is None else OrderType.LIMIT,
        spread=spread,
        quantity=quantity,
        limit_price=limit_price,
        tick=tick,
    )


def check_ticket(
    ticket: OrderTicket, mode: Mode, account: str | None, allowed: Collection[str]
) -> None:
    """The wire gate: return silently or raise.

    Args:
        ticket: What is about to be sent.
        mode: Trading mode of the run.
        account: The account the station trades.
        allowed: Accounts on the allow-list. LIVE needs the account on it; DEMO and PAPER need a
            paper account, and the list only binds them when it is not empty.

    Raises:
        WireGateError: Any rule of SPEC 7 is broken.
    """
    _check_account(ticket, mode, account, allowed)
    _check_legs(ticket.spread)
    _check_price(ticket, mode)
    if (ticket.purpose, ticket.side) not in (
        (Purpose.ENTRY, Side.BUY),
        (Purpose.EXIT, Side.SELL),
    ):
        _refuse(f"{ticket.purpose} as {ticket.side}")
    if type(ticket.quantity) is not int or ticket.quantity < 1:
        _refuse(f"quantity {ticket.quantity!r}")
    if ticket.tif != "DAY":
        _refuse(f"time in force {ticket.tif!r}")
    if ticket.outside_rth:
        _refuse("outside regular hours")
    if ticket.non_guaranteed:
        _refuse("non-guaranteed routing")
    if not 0 < len(ticket.order_ref) <= LONGEST_REF:
        _refuse(f"order reference {ticket.order_ref!r}")


def _check_account(
    ticket: OrderTicket, mode: Mode, account: str | None, allowed: Collection[str]
) -> None:
    if not ticket.account:
        _refuse("no account")
    if ticket.account != account:
        _refuse(f"account {ticket.account} while {account} is traded")
    listed = ticket.account in allowed
    if mode is Mode.LIVE and not listed:
        _refuse(f"account {ticket.account} is not on the allow-list")
    if mode is not Mode.LIVE and not ticket.account.upper().startswith("D"):
        _refuse(f"{mode} order for account {ticket.account}, which is not a paper account")
    if allowed and not listed:
        _refuse(f"account {ticket.account} is not on the allow-list")


def _check_legs(spread: VerticalSpread) -> None:
    long, short = spread.long, spread.short
    for name in ("symbol", "expiration", "right", "multiplier", "trading_class"):
        if getattr(long, name) != getattr(short, name):
            _refuse(f"legs differ in {name}")
    for leg in (long, short):
        _check_leg(leg)
    if long.con_id == short.con_id:
        _refuse("both legs are one contract")
    debit = long.strike < short.strike if long.right is Right.CALL else long.strike > short.strike
    if not debit:
        _refuse(f"{spread.label()} is not a debit spread")


def _check_leg(leg: OptionContract) -> None:
    if not leg.symbol or leg.con_id <= 0:
        _refuse(f"leg {leg.symbol} {leg.strike} is not known to the broker")
    if not leg.strike.is_finite() or leg.strike <= 0:
        _refuse(f"strike {leg.strike}")
    if leg.multiplier <= 0:
        _refuse(f"multiplier {leg.multiplier}")


def _check_price(ticket: OrderTicket, mode: Mode) -> None:
    if not ticket.tick.is_finite() or ticket.tick <= 0:
        _refuse(f"tick {ticket.tick}")
    if ticket.order_type is OrderType.MARKET:
        if mode is Mode.LIVE:
            _refuse("market order in LIVE")
        if ticket.limit_price is not None:
            _refuse("market order with a limit price")
        return
    limit = ticket.limit_price
    if limit is None or not limit.is_finite():
        _refuse(f"limit price {limit}")
        return
    if not ticket.tick <= limit < ticket.spread.width:
        _refuse(f"limit {limit} outside {ticket.tick} to {ticket.spread.width}")
    if limit % ticket.tick:
        _refuse(f"limit {limit} is not on the tick {ticket.tick}")


def _refuse(why: str) -> None:
    raise WireGateError(f"order refused at the wire: {why}")


def _exact(value: float) -> Decimal:
    return Decimal(str(value))
