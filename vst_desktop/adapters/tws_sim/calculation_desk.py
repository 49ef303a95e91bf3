"""An option's volatility at a price and its price at a volatility, for a client that asks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time

from vst_desktop.adapters.tws_sim import codes
from vst_desktop.adapters.tws_sim.codes import Refusal
from vst_desktop.adapters.tws_sim.link import Handler, Link, World, refuse
from vst_desktop.adapters.tws_sim.messages import quotes, requests
from vst_desktop.adapters.tws_sim.timing import EASTERN
from vst_desktop.adapters.tws_sim.wire import Fields
from vst_desktop.adapters.tws_sim.world import Instrument
from vst_desktop.options import pricing

_CLOSE = time(16)
_YEAR_SECS = 365 * 86_400


class CalculationDesk:
    """Computations of one session: European values without interest and dividends."""

    def __init__(self, link: Link, world: World) -> None:
        self._link = link
        self._world = world

    @property
    def handlers(self) -> Mapping[int, Handler]:
        """Requests answered here, by message id."""
        return {
            54: lambda fields: self._compute(fields, from_price=True),
            55: lambda fields: self._compute(fields, from_price=False),
            56: self._ignore,
            57: self._ignore,
        }

    def _compute(self, fields: Fields, *, from_price: bool) -> None:
        fields.integer()
        req_id = fields.integer()
        spec = requests.contract(fields)
        given, spot = fields.number(), fields.number()
        try:
            option = self._world.book.one(spec)
            if option.sec_type != "OPT" or not given or not spot or given < 0 or spot < 0:
                text = codes.invalid("an option, a value and the underlying's price are needed")
                raise Refusal(codes.VALIDATION, text)
            volatility = self._implied(option, given, spot) if from_price else given
        except Refusal as refusal:
            refuse(self._link, req_id, refusal)
            return
        figures = pricing.greeks(
            is_call=option.right == "C",
            spot=spot,
            strike=option.strike or 0.0,
            years=self._years(option),
            volatility=[volatility],
        )
        self._link.send(
            quotes.greeks(
                req_id,
                quotes.CUSTOM_COMPUTATION,
                implied_volatility=volatility,
                delta=float(figures.delta[0]),
                option_price=given if from_price else float(figures.price[0]),
                gamma=float(figures.gamma[0]),
                vega=float(figures.vega[0]),
                theta=float(figures.theta[0]),
                underlying_price=spot,
                server_version=self._link.server_version,
            )
        )

    def _implied(self, option: Instrument, price: float, spot: float) -> float:
        found = pricing.implied_volatility(
            [price],
            is_call=option.right == "C",
            spot=spot,
            strike=option.strike or 0.0,
            years=self._years(option),
        )
        fault = pricing.Fault(int(found.fault[0]))
        if fault is not pricing.Fault.NONE:
            text = codes.invalid(f"no volatility gives that price: {fault.text()}")
            raise Refusal(codes.VALIDATION, text)
        return float(found.volatility[0])

    def _years(self, option: Instrument) -> float:
        now = self._world.clock.now()
        if option.expiration is None:
            return 0.0
        ends = datetime.combine(option.expiration, _CLOSE, tzinfo=EASTERN)
        return max(0.0, (ends - now).total_seconds() / _YEAR_SECS)

    def _ignore(self, _fields: Fields) -> None:
        """What these cancel has been answered already."""
