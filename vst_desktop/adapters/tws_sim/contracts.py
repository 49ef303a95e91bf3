"""What clients mean by a contract, and which of the market's instruments it names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from vst_desktop.adapters.tws_sim import codes
from vst_desktop.adapters.tws_sim.codes import Refusal
from vst_desktop.adapters.tws_sim.world import Instrument, Market

BAG_CON_ID = 28812380
"""TWS gives every combination this contract id; its identity is the list of legs."""

OPTION_EXCHANGES = ("SMART", "CBOE", "ISE", "PHLX", "BOX")
STOCK_EXCHANGES = ("SMART", "NYSE", "NASDAQ", "ARCA", "BATS", "IEX")
COMBO_TICK = 0.01
"""Combinations of equity options trade in cents whatever their legs do."""
_STOCK_RULE, _FLAT_RULE, _PENNY_RULE, _NICKEL_RULE = 26, 32, 109, 110
MARKET_RULES: dict[int, tuple[tuple[float, float], ...]] = {
    _STOCK_RULE: ((0.0, 0.01),),
    _FLAT_RULE: ((0.0, 0.01),),
    _PENNY_RULE: ((0.0, 0.01), (3.0, 0.05)),
    _NICKEL_RULE: ((0.0, 0.05), (3.0, 0.10)),
}
_PENNY_THROUGHOUT = frozenset({"SPY", "QQQ", "IWM"})
_OCC = re.compile(r"^(?P<root>\S{1,6})\s*(?P<day>\d{6})(?P<right>[CP])(?P<strike>\d{8})$")


_RESPELT = str.maketrans({".": " ", " ": "."})


def respelt(symbol: str) -> str:
    """A symbol of the market as TWS writes it, and back: ``BRK.B`` there is ``BRK B`` here."""
    return symbol.translate(_RESPELT)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractSpec:
    """The twelve fields by which a client names a contract; empty or None means not said.

    ``symbol`` is the market's, no longer as TWS writes it.
    """

    con_id: int = 0
    symbol: str = ""
    sec_type: str = ""
    expiry: str = ""
    strike: float | None = None
    right: Literal["C", "P", ""] = ""
    multiplier: str = ""
    exchange: str = ""
    primary_exchange: str = ""
    currency: str = ""
    local_symbol: str = ""
    trading_class: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One leg of a combination as the client wrote it."""

    con_id: int
    ratio: int
    action: str
    exchange: str
    open_close: int = 0
    short_sale_slot: int = 0
    designated_location: str = ""
    exempt_code: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Traded:
    """A stock, an option or a combination as messages show it, in the spelling of TWS."""

    con_id: int
    symbol: str
    sec_type: str
    expiry: str = ""
    strike: float = 0.0
    right: str = ""
    multiplier: str = ""
    exchange: str = "SMART"
    primary_exchange: str = ""
    currency: str = "USD"
    local_symbol: str = ""
    trading_class: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComboLeg:
    """A leg whose contract is known. ``sign`` is 1 where the combination buys it, else -1."""

    instrument: Instrument
    ratio: int
    sign: Literal[1, -1]


class NowSource(Protocol):
    """Anything that knows the moment."""

    def now(self) -> datetime:
        """Now, aware UTC."""


def traded(instrument: Instrument, exchange: str = "SMART") -> Traded:
    """How an instrument stands in messages."""
    return Traded(
        con_id=instrument.con_id,
        symbol=respelt(instrument.symbol),
        sec_type=instrument.sec_type,
        expiry=f"{instrument.expiration:%Y%m%d}" if instrument.expiration else "",
        strike=instrument.strike or 0.0,
        right=instrument.right or "",
        multiplier=str(instrument.multiplier) if instrument.multiplier else "",
        exchange=exchange,
        primary_exchange=instrument.primary_exchange,
        currency=instrument.currency,
        local_symbol=instrument.local_symbol,
        trading_class=instrument.trading_class,
    )


def combo(symbol: str, exchange: str) -> Traded:
    """How a combination stands in messages."""
    return Traded(
        con_id=BAG_CON_ID,
        symbol=respelt(symbol),
        sec_type="BAG",
        exchange=exchange or "SMART",
        local_symbol=respelt(symbol),
        trading_class="COMB",
    )


def rule_of(instrument: Instrument) -> int:
    """Which price-increment rule an instrument follows."""
    if instrument.sec_type == "STK":
        return _STOCK_RULE
    if instrument.symbol in _PENNY_THROUGHOUT:
        return _FLAT_RULE
    return _PENNY_RULE if instrument.min_tick < 0.05 else _NICKEL_RULE


def tick_at(instrument: Instrument, price: float) -> float:
    """The price increment at a price, USD a share."""
    bands = MARKET_RULES[rule_of(instrument)]
    return next(step for edge, step in reversed(bands) if abs(price) >= edge)


class ContractBook:
    """Finds instruments of a market by what clients say of them."""

    def __init__(self, market: Market, clock: NowSource) -> None:
        self._market = market
        self._clock = clock

    def find(self, spec: ContractSpec) -> list[Instrument]:
        """Every instrument that fits, stocks before options.

        Raises:
            Refusal: The kind of contract has no details (321), or nothing fits (200).
        """
        if spec.sec_type == "BAG":
            raise Refusal(codes.VALIDATION, codes.bag_details())
        found = [one for one in self._candidates(spec) if _fits(one, spec)]
        if not found:
            raise Refusal(codes.NO_DEFINITION, codes.no_definition())
        return found

    def one(self, spec: ContractSpec) -> Instrument:
        """The only instrument that fits.

        Raises:
            Refusal: None fits, or several do (200).
        """
        found = self.find(spec)
        if len(found) > 1:
            raise Refusal(codes.NO_DEFINITION, codes.ambiguous(spec.symbol or spec.local_symbol))
        return found[0]

    def legs(self, spec: ContractSpec, legs: Sequence[Leg]) -> tuple[ComboLeg, ...]:
        """The legs of a combination.

        Raises:
            Refusal: There are none, one is unknown, or they do not belong together.
        """
        if not legs:
            raise Refusal(codes.VALIDATION, codes.invalid("BAG requires combo leg details"))
        resolved = []
        for leg in legs:
            if leg.con_id <= 0:
                raise Refusal(codes.VALIDATION, codes.invalid("a combo leg has no contract id"))
            if leg.action not in ("BUY", "SELL") or leg.ratio < 1:
                raise Refusal(codes.VALIDATION, codes.invalid("invalid combo leg action or ratio"))
            instrument = self._market.by_con_id(leg.con_id)
            if instrument is None:
                raise Refusal(codes.NO_DEFINITION, codes.no_definition())
            resolved.append(
                ComboLeg(
                    instrument=instrument, ratio=leg.ratio, sign=1 if leg.action == "BUY" else -1
                )
            )
        _belong_together(spec, resolved)
        return tuple(resolved)

    def options_of(self, symbol: str) -> Iterator[Instrument]:
        """Every listed option of a symbol now."""
        now = self._clock.now()
        for expiration in self._market.expirations(symbol, now):
            yield from self._market.options(symbol, expiration, now)

    def _candidates(self, spec: ContractSpec) -> Iterator[Instrument]:
        if spec.con_id:
            known = self._market.by_con_id(spec.con_id)
            if known is not None:
                yield known
        elif spec.sec_type in ("STK", ""):
            stock = self._market.stock(spec.symbol or respelt(spec.local_symbol))
            if stock is not None:
                yield stock
        elif spec.sec_type == "OPT":
            yield from self._option_candidates(spec)

    def _listed(self, root: str) -> str:
        """The symbol whose options have that root."""
        every = (stock.symbol for stock in self._market.stocks())
        return next((one for one in every if one.replace(".", "") == root), root)

    def _option_candidates(self, spec: ContractSpec) -> Iterator[Instrument]:
        now = self._clock.now()
        symbol, expiry = spec.symbol, spec.expiry[:8]
        if (named := _OCC.match(spec.local_symbol)) is not None:
            symbol, expiry = symbol or self._listed(named["root"]), "20" + named["day"]
        for expiration in self._market.expirations(symbol, now):
            if f"{expiration:%Y%m%d}".startswith(expiry):
                yield from self._market.options(symbol, expiration, now, spec.right or None)


def _fits(one: Instrument, spec: ContractSpec) -> bool:
    if spec.currency not in ("", one.currency):
        return False
    exchanges = STOCK_EXCHANGES if one.sec_type == "STK" else OPTION_EXCHANGES
    if spec.exchange not in ("", one.primary_exchange, *exchanges):
        return False
    if spec.con_id:
        return True
    if spec.local_symbol and " ".join(spec.local_symbol.split()) != " ".join(
        one.local_symbol.split()
    ):
        return False
    if spec.trading_class not in ("", one.trading_class):
        return False
    if one.sec_type == "STK":
        return spec.primary_exchange in ("", one.primary_exchange)
    return (
        (not spec.strike or one.strike == spec.strike)
        and spec.right in ("", one.right)
        and spec.multiplier in ("", str(one.multiplier))
    )


def _belong_together(spec: ContractSpec, legs: Sequence[ComboLeg]) -> None:
    ids = {leg.instrument.con_id for leg in legs}
    if len(ids) < len(legs):
        raise Refusal(codes.VALIDATION, codes.invalid("the same contract in two combo legs"))
    symbols = {leg.instrument.symbol for leg in legs}
    multipliers = {leg.instrument.multiplier for leg in legs if leg.instrument.sec_type == "OPT"}
    if len(symbols) > 1 or len(multipliers) > 1 or spec.symbol not in symbols:
        raise Refusal(
            codes.VALIDATION,
            codes.invalid("combo legs must share the combo's underlying and multiplier"),
        )
    if spec.currency not in ("", *{leg.instrument.currency for leg in legs}):
        raise Refusal(codes.VALIDATION, codes.invalid("combo currency differs from its legs"))
