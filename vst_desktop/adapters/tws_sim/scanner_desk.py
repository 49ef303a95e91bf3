"""The broker's market scanner, as far as prices and volumes answer it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from vst_desktop.adapters.tws_sim import codes
from vst_desktop.adapters.tws_sim.contracts import respelt
from vst_desktop.adapters.tws_sim.link import Handler, Link, World, error
from vst_desktop.adapters.tws_sim.wire import Field, Fields, encode
from vst_desktop.adapters.tws_sim.world import Instrument, MarketQuote

_MOST_ROWS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    stock: Instrument
    quote: MarketQuote


def _change(row: _Row) -> float:
    last, close = row.quote.last, row.quote.close
    return last / close - 1 if last and close else 0.0


_SCANS: Mapping[str, Callable[[_Row], float]] = {
    "HOT_BY_VOLUME": lambda row: -row.quote.volume,
    "MOST_ACTIVE": lambda row: -row.quote.volume,
    "MOST_ACTIVE_USD": lambda row: -row.quote.volume * (row.quote.last or 0.0),
    "TOP_PERC_GAIN": lambda row: -_change(row),
    "TOP_PERC_LOSE": _change,
}
_PARAMETERS = (
    '<?xml version="1.0" encoding="UTF-8"?><ScanParameterResponse><InstrumentList><Instrument>'
    "<name>US Stocks</name><type>STK</type></Instrument></InstrumentList><ScanTypeList>"
    + "".join(f"<ScanType><scanCode>{code}</scanCode></ScanType>" for code in _SCANS)
    + "</ScanTypeList></ScanParameterResponse>"
)


class ScannerDesk:
    """Scanner subscriptions of one session: each is answered once."""

    def __init__(self, link: Link, world: World) -> None:
        self._link = link
        self._world = world

    @property
    def handlers(self) -> Mapping[int, Handler]:
        """Requests answered here, by message id."""
        return {22: self._scan, 23: self._cancel, 24: self._parameters}

    def _parameters(self, _fields: Fields) -> None:
        self._link.send(encode((19, 1, _PARAMETERS)))

    def _cancel(self, _fields: Fields) -> None:
        """Nothing is repeated, so nothing is left to end."""

    def _scan(self, fields: Fields) -> None:
        if self._link.server_version < 143:
            fields.integer()
        req_id, rows = fields.integer(), fields.integer()
        fields.strings(2)  # instrument, location
        code = fields.string()
        above, below = fields.number(), fields.number()
        volume_above = fields.number()
        market_cap_above, market_cap_below = fields.number(), fields.number()
        if code not in _SCANS:
            text = codes.no_history(f"scan code {code} is not available in this simulator")
            error(self._link, req_id, codes.HISTORICAL_DATA, text)
            return
        if market_cap_above or market_cap_below:
            text = codes.no_history("this simulator knows no market capitalisation")
            error(self._link, req_id, codes.HISTORICAL_DATA, text)
            return
        now = self._world.clock.now()
        found = []
        for stock in self._world.market.stocks():
            quote = self._world.market.quote(stock, now)
            if quote is None or quote.last is None:
                continue
            if (
                (above is None or quote.last >= above)
                and (below is None or quote.last <= below)
                and (volume_above is None or quote.volume >= volume_above)
            ):
                found.append(_Row(stock=stock, quote=quote))
        most = min(rows, _MOST_ROWS) if rows > 0 else _MOST_ROWS
        self._send(req_id, sorted(found, key=_SCANS[code])[:most])

    def _send(self, req_id: int, rows: list[_Row]) -> None:
        fields: list[Field] = [20, 3, req_id, len(rows)]
        for rank, row in enumerate(rows):
            stock = row.stock
            fields += [rank, stock.con_id, respelt(stock.symbol), "STK", "", 0, "", "SMART"]
            fields += [stock.currency, stock.local_symbol, stock.trading_class]
            fields += [stock.trading_class, "", "", "", ""]
        self._link.send(encode(fields))
