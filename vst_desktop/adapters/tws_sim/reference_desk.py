"""Answers about contracts: details, chains, symbols, price rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from vst_desktop.adapters.tws_sim import codes
from vst_desktop.adapters.tws_sim.codes import Refusal
from vst_desktop.adapters.tws_sim.contracts import MARKET_RULES, ContractSpec, respelt
from vst_desktop.adapters.tws_sim.link import Handler, Link, World, error, refuse
from vst_desktop.adapters.tws_sim.messages import reference, requests
from vst_desktop.adapters.tws_sim.wire import Fields
from vst_desktop.adapters.tws_sim.world import Instrument

_MOST_SAMPLES = 16
_CHAIN_EXCHANGES = ("SMART", "CBOE")


class ReferenceDesk:
    """Contract questions of one session."""

    def __init__(self, link: Link, world: World) -> None:
        self._link = link
        self._world = world

    @property
    def handlers(self) -> Mapping[int, Handler]:
        """Requests answered here, by message id."""
        return {
            9: self._details,
            78: self._chain_parameters,
            81: self._matching_symbols,
            91: self._market_rule,
        }

    def _details(self, fields: Fields) -> None:
        fields.integer()
        req_id = fields.integer()
        spec = requests.contract(fields)
        try:
            found = self._world.book.find(spec)
        except Refusal as refusal:
            self._answer(spec, 1, partial(refuse, self._link, req_id, refusal))
            return
        expirations = len({one.expiration for one in found})
        self._answer(spec, expirations, partial(self._send_details, req_id, found))

    def _answer(self, spec: ContractSpec, expirations: int, call: partial[None]) -> None:
        secs = self._world.pace.details_secs * expirations if spec.sec_type == "OPT" else 0.0
        self._link.later(secs, call)

    def _send_details(self, req_id: int, found: Sequence[Instrument]) -> None:
        hours = self._world.hours.calendar(self._world.clock.now())
        for one in found:
            issuer = self._world.market.stock(one.symbol) or one
            self._link.send(
                reference.details(
                    req_id,
                    one,
                    issuer,
                    hours,
                    self._link.server_version,
                    dated=self._world.conditions.dated_expirations,
                )
            )
        self._link.send(reference.details_end(req_id))

    def _chain_parameters(self, fields: Fields) -> None:
        req_id, symbol = fields.integer(), respelt(fields.string())
        exchange, sec_type, con_id = fields.string(), fields.string(), fields.integer()
        stock = self._world.market.stock(symbol)
        if stock is None or stock.con_id != con_id or sec_type != "STK" or exchange:
            error(self._link, req_id, codes.VALIDATION, codes.invalid("Invalid contract id"))
            return
        classes: dict[tuple[str, int], tuple[set[str], set[float]]] = {}
        for option in self._world.book.options_of(symbol):
            kind = (option.trading_class, option.multiplier or 100)
            expirations, strikes = classes.setdefault(kind, (set(), set()))
            expirations.add(f"{option.expiration:%Y%m%d}")
            strikes.add(option.strike or 0.0)
        for (trading_class, multiplier), (expirations, strikes) in classes.items():
            for where in _CHAIN_EXCHANGES:
                self._link.send(
                    reference.chain_parameters(
                        req_id,
                        where,
                        con_id,
                        trading_class,
                        multiplier,
                        sorted(expirations),
                        sorted(strikes),
                    )
                )
        self._link.send(reference.chain_parameters_end(req_id))

    def _matching_symbols(self, fields: Fields) -> None:
        req_id, typed = fields.integer(), fields.string().upper()
        stocks = self._world.market.stocks()
        found = [one for one in stocks if one.symbol.startswith(respelt(typed))]
        found += [one for one in stocks if typed in one.long_name.upper() and one not in found]
        self._link.send(reference.samples(req_id, found[:_MOST_SAMPLES], self._link.server_version))

    def _market_rule(self, fields: Fields) -> None:
        rule_id = fields.integer()
        if rule_id in MARKET_RULES:
            self._link.send(reference.market_rule(rule_id))
        else:
            error(
                self._link, codes.NO_ID, codes.VALIDATION, codes.invalid("Invalid market rule id")
            )
