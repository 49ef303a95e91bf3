"""What can be done about a spread whose legs no longer match, each way with its profit or loss.

Nothing here is sent by itself: the trader chooses (SPEC 7, 9).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from vst_desktop.domain.money import price
from vst_desktop.domain.quotes import OptionQuote, Quote, Right
from vst_desktop.domain.spreads import VerticalSpread


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A spread at the broker: legs held and owed, and shares of the underlying that came with an
    assignment (negative: owed)."""

    long_leg: int
    short_leg: int
    shares: int = 0

    @property
    def assigned(self) -> bool:
        """Whether shares stand where a short option stood."""
        return self.shares != 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """One way out: what to do, and the result of the spreads concerned in USD, debit included and
    commissions not; None where a quote is missing."""

    action: str
    pnl_usd: Decimal | None

    def __str__(self) -> str:
        result = "no quote" if self.pnl_usd is None else f"{self.pnl_usd:+,.0f} USD"
        return f"{self.action}: {result}"


def repairs(
    spread: VerticalSpread,
    debit: Decimal,
    broken: Broken,
    legs: tuple[OptionQuote, OptionQuote] | None,
    stock: Quote | None,
) -> tuple[Repair, Repair]:
    """The two ways, side by side.

    Args:
        spread: The spread as it was bought.
        debit: Paid per share.
        broken: What the broker holds of it.
        legs: Quotes of the long and the short leg.
        stock: The underlying's quote.
    """
    long, short = (leg.quote for leg in legs) if legs else (None, None)
    if broken.assigned:
        return _assigned(spread, debit, broken, long, stock)
    excess = broken.long_leg - broken.short_leg
    count, size = abs(excess), spread.multiplier
    long_name, short_name = _name(spread, "long"), _name(spread, "short")
    if excess > 0:
        sold, rebuilt = _bid(long), _bid(short)
        return (
            Repair(
                action=f"sell {count} {long_name}",
                pnl_usd=None if sold is None else (sold - debit) * size * count,
            ),
            Repair(
                action=f"sell {count} {short_name} again, which restores the spread",
                pnl_usd=None if rebuilt is None else rebuilt * size * count,
            ),
        )
    bought, rebuilt = _ask(short), _ask(long)
    return (
        Repair(
            action=f"buy {count} {short_name} back",
            pnl_usd=None if bought is None else -bought * size * count,
        ),
        Repair(
            action=f"buy {count} {long_name}, which restores the spread",
            pnl_usd=None if rebuilt is None else -rebuilt * size * count,
        ),
    )


def _assigned(
    spread: VerticalSpread,
    debit: Decimal,
    broken: Broken,
    long: Quote | None,
    stock: Quote | None,
) -> tuple[Repair, Repair]:
    """Exercise the long leg against the shares, or trade both away."""
    size = abs(broken.shares)
    count = size // spread.multiplier
    option = _bid(long)
    is_call = spread.right is Right.CALL
    trade = _ask(stock) if is_call else _bid(stock)
    at_market = None
    if option is not None and trade is not None:
        strike = spread.short.strike
        shares = strike - trade if is_call else trade - strike
        at_market = (shares + option - debit) * size
    verb = "buy" if is_call else "sell"
    return (
        Repair(
            action=f"exercise {count} {_name(spread, 'long')} against the {size} shares",
            pnl_usd=(spread.width - debit) * size,
        ),
        Repair(
            action=f"{verb} {size} {spread.symbol} and sell {count} {_name(spread, 'long')}",
            pnl_usd=at_market,
        ),
    )


def _name(spread: VerticalSpread, which: str) -> str:
    leg = spread.long if which == "long" else spread.short
    return f"{leg.strike.normalize():f} {leg.right}"


def _bid(quote: Quote | None) -> Decimal | None:
    return None if quote is None or quote.bid is None or quote.bid < 0 else price(quote.bid)


def _ask(quote: Quote | None) -> Decimal | None:
    return None if quote is None or not quote.ask or quote.ask < 0 else price(quote.ask)
