"""The columns of positions and orders."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from vst_desktop.domain.orders import Side
from vst_desktop.gui import format as fmt
from vst_desktop.gui.models.cells import Cell, Column, Distance, Kind
from vst_desktop.station.book_view import OrderRow, PositionRow
from vst_desktop.station.desk_view import PositionDetail


def _pnl(row: PositionRow) -> Cell:
    sign = fmt.arrow(row.open_pnl_usd)
    text = fmt.usd(row.open_pnl_usd, 2, signed=True)
    return _aged(row, f"{sign} {text}".strip(), fmt.tone_of(row.open_pnl_usd))


def _distance(row: PositionRow) -> Cell:
    target = "none" if row.target is None else fmt.number(row.target)
    reason = f" ({row.target_reason})" if row.target_reason else ""
    return Cell(
        distance=Distance(stop=row.stop, entry=row.entry, target=row.target, spot=row.spot),
        text=fmt.number(row.spot),
        tooltip=f"Stop {fmt.number(row.stop)}, entry {fmt.number(row.entry)}, "
        f"target {target}{reason}, now {fmt.number(row.spot)}",
    )


def _more(
    title: str,
    value: Callable[[PositionDetail], Any],
    text: Callable[[Any], str],
    tooltip: str,
    *,
    toned: bool = False,
    right: bool = True,
) -> Column[PositionRow]:
    """A column that the trader may choose."""

    def of(row: PositionRow) -> Any:
        return None if row.detail is None else value(row.detail)

    def cell(row: PositionRow) -> Cell:
        found = of(row)
        if found is None:
            return Cell(text=fmt.NONE, tone="text2")
        return Cell(text=text(found), tone=fmt.tone_of(found) if toned else "text")

    return Column(
        title=title,
        sample="−$1,152",
        cell=cell,
        sort=of,
        right=right,
        tooltip=tooltip,
        optional=True,
    )


_PRICE: Callable[[Any], str] = fmt.number
_GAIN_USD = partial(fmt.usd, signed=True)
_PCT = partial(fmt.percent, signed=True)
_AWAY_PCT = partial(fmt.percent, decimals=1, signed=True)
_R = partial(fmt.number, signed=True)
_WHOLE = partial(fmt.number, decimals=0)


def _greeks_source(detail: PositionDetail) -> str | None:
    if detail.delta_usd is None:
        return None
    return "computed" if detail.greeks_computed else "broker"


_CHOSEN: tuple[Column[PositionRow], ...] = (
    _more("Strategy", lambda d: d.strategy, fmt.strategy, "The signal's strategy", right=False),
    _more("Opened", lambda d: d.opened, fmt.day, "Session of the first fill"),
    _more("Days", lambda d: d.days_held, str, "Calendar days held"),
    _more("Mark", lambda d: d.mark, _PRICE, "Middle of the spread's market, USD per share"),
    _more("% of max", lambda d: d.of_max_pct, _PCT, "Of the most it can gain", toned=True),
    _more("R", lambda d: d.r_multiple, _R, "Profit in multiples of the debit", toned=True),
    _more("R/R left", lambda d: d.remaining_reward_risk, _PRICE, "Would you enter it now?"),
    _more(
        "Delta $",
        lambda d: d.delta_usd,
        partial(fmt.number, decimals=0),
        "USD when the underlying moves by 1 USD",
    ),
    _more("Theta $/d", lambda d: d.theta_usd, _GAIN_USD, "A calendar day"),
    _more("Vega $", lambda d: d.vega_usd, _GAIN_USD, "A volatility point"),
    _more("Greeks", _greeks_source, str, "Whose delta, theta and vega are", right=False),
    _more("Stop ATR", lambda d: d.stop_away_atr, _R, "Stop from the price, in ATR"),
    _more("Stop %", lambda d: d.stop_away_pct, _AWAY_PCT, "Stop from the price"),
    _more("Target ATR", lambda d: d.target_away_atr, _R, "Target from the price, in ATR"),
    _more("Target %", lambda d: d.target_away_pct, _AWAY_PCT, "Target from the price"),
    _more("Next event", lambda d: d.next_event, str, "Earnings and ex-date", right=False),
)


def _aged(row: PositionRow, text: str, tone: str = "text") -> Cell:
    """A figure that rests on quotes: dimmed and then struck through as they age."""
    age = row.detail.quoted_secs if row.detail is not None else None
    old = age or 0
    return Cell(
        text=text,
        tone="text3" if old > fmt.DIM_SECS else tone,
        struck=old > fmt.STRIKE_SECS,
        tooltip="" if age is None else f"Quotes are {age} s old",
    )


_SHOWN: tuple[Column[PositionRow], ...] = (
    Column(
        title="Symbol",
        sample="GOOGL",
        cell=lambda r: Cell(text=r.symbol, strong=True),
        sort=lambda r: r.symbol,
    ),
    Column(
        title="Spread",
        sample="BULL CALL",
        cell=lambda r: Cell(text=r.spread_type.replace("_", " ")),
        sort=lambda r: r.spread_type,
        rank=9,
    ),
    Column(
        title="Strikes",
        sample="152.5 / 150 C",
        cell=lambda r: Cell(text=fmt.strikes(r.long_strike, r.short_strike, r.right)),
        sort=lambda r: r.long_strike,
    ),
    Column(
        title="Expires",
        sample="29 Dec  42 d",
        cell=lambda r: Cell(
            text=fmt.day(r.expiration), extra=f"{r.dte} d", tooltip=fmt.day_year(r.expiration)
        ),
        sort=lambda r: r.expiration,
        rank=5,
    ),
    Column(
        title="Qty",
        sample="Qty",
        right=True,
        cell=lambda r: Cell(text=fmt.number(r.quantity, 0)),
        sort=lambda r: r.quantity,
    ),
    Column(
        title="Paid",
        sample="12.34",
        right=True,
        cell=lambda r: Cell(text=fmt.number(r.average_debit)),
        sort=lambda r: r.average_debit,
        rank=6,
        tooltip="Average debit, USD per share",
    ),
    Column(
        title="Close at",
        sample="Close at",
        right=True,
        cell=lambda r: _aged(r, fmt.number(r.close_at)),
        sort=lambda r: r.close_at,
        tooltip="What closing now would give, USD per share",
    ),
    Column(
        title="Open P&L",
        sample="▲ +$1,153.00",
        right=True,
        cell=_pnl,
        sort=lambda r: r.open_pnl_usd,
    ),
    Column(
        title="Stop ▸ target",
        sample="Stop ▸ entry",
        kind=Kind.DISTANCE,
        stretch=3,
        cell=_distance,
        sort=lambda r: r.spot,
        rank=4,
        tooltip="Where the underlying stands between stop and target",
    ),
    Column(
        title="Exit by",
        sample="29 Dec",
        cell=lambda r: Cell(text=fmt.day(r.exit_by), tooltip=fmt.day_year(r.exit_by)),
        sort=lambda r: r.exit_by,
        rank=3,
    ),
    Column(
        title="At risk",
        sample="$1,672",
        right=True,
        cell=lambda r: Cell(text=fmt.usd(r.at_risk_usd)),
        sort=lambda r: r.at_risk_usd,
        rank=8,
    ),
    Column(
        title="Assignment",
        sample="ex-div 21 Nov",
        kind=Kind.DOT,
        stretch=2,
        cell=lambda r: Cell(text=r.assignment.text, tone=r.assignment.tone),
        sort=lambda r: r.assignment.text,
        rank=2,
        tooltip="Risk that the short leg is exercised early",
    ),
    Column(
        title="Exits",
        sample="unprotected",
        kind=Kind.DOT,
        stretch=2,
        cell=lambda r: Cell(text=r.protection.text, tone=r.protection.tone),
        sort=lambda r: r.protection.text,
        tooltip="Whether this station can close the position by its plan now",
    ),
)


POSITIONS: tuple[Column[PositionRow], ...] = (*_SHOWN, *_CHOSEN)


def _limit(row: OrderRow) -> Cell:
    if row.limit_price is not None:
        return Cell(text=fmt.number(row.limit_price), tooltip="Limit, USD per share")
    if row.max_debit is None:
        return Cell(text=fmt.NONE, tone="text2")
    return Cell(
        text=f"≤ {fmt.number(row.max_debit)}",
        tone="text2",
        tooltip=row.bounds
        or "No limit: the approval's maximum debit is checked when it is sent, USD per share",
    )


def _sent(row: OrderRow) -> Cell:
    if row.sent_at is None:
        return Cell(text=fmt.NONE, tone="text2")
    sent = fmt.eastern(row.sent_at)
    return Cell(
        text=fmt.clock(sent),
        tone="text2",
        tooltip=f"{fmt.day_year(sent.date())} {fmt.clock(sent)} ET",
    )


def _latency(row: OrderRow) -> Cell:
    secs = row.ack_latency_secs
    return Cell(text=fmt.NONE if secs is None else fmt.number(secs * 1000, 0), tone="text2")


def _forecast(row: OrderRow) -> Cell:
    """What will become of a waiting approval; a refusal stands out."""
    if not row.forecast:
        return Cell(text=fmt.NONE, tone="text2")
    goes = row.forecast.endswith("will go")
    told = (row.forecast, row.rehearsed and f"Rehearsed: {row.rehearsed}")
    return Cell(
        text=row.forecast,
        tone="text" if goes else "loss",
        tooltip="\n".join(part for part in told if part),
    )


def _ids(row: OrderRow) -> str:
    return f"{row.order_ref}\norder id {row.order_id}, perm id {row.perm_id}"


ORDERS: tuple[Column[OrderRow], ...] = (
    Column(
        title="Symbol",
        sample="GOOGL",
        cell=lambda r: Cell(text=r.symbol, strong=True, tooltip=_ids(r)),
        sort=lambda r: r.symbol,
    ),
    Column(
        title="Side",
        sample="SELL",
        cell=lambda r: Cell(text=r.side, tone="text" if r.side is Side.BUY else "text2"),
        sort=lambda r: r.side,
        rank=7,
    ),
    Column(
        title="Order",
        sample="BULL CALL 104 / 112 C  29 Dec",
        stretch=3,
        cell=lambda r: Cell(text=r.label, tooltip=_ids(r)),
        sort=lambda r: r.label,
    ),
    Column(
        title="Qty",
        sample="Qty",
        right=True,
        cell=lambda r: Cell(text=fmt.number(r.quantity, 0)),
        sort=lambda r: r.quantity,
    ),
    Column(
        title="Type",
        sample="MKT",
        cell=lambda r: Cell(text=r.order_type, tone="text2"),
        sort=lambda r: r.order_type,
        rank=6,
    ),
    Column(
        title="Limit",
        sample="≤ 12.34",
        right=True,
        cell=_limit,
        sort=lambda r: r.limit_price or r.max_debit,
    ),
    Column(
        title="Filled",
        sample="10 / 10",
        right=True,
        cell=lambda r: Cell(text=f"{r.filled} / {r.quantity}"),
        sort=lambda r: r.filled,
        rank=5,
    ),
    Column(
        title="Price",
        sample="12.345",
        right=True,
        cell=lambda r: Cell(text=fmt.number(r.average_fill_price)),
        sort=lambda r: r.average_fill_price,
        rank=1,
        tooltip="Average fill price, USD per share",
    ),
    Column(
        title="Sent (ET)",
        sample="14:45:00",
        right=True,
        cell=_sent,
        sort=lambda r: r.sent_at,
        rank=3,
    ),
    Column(
        title="Ack ms",
        sample="Ack ms",
        right=True,
        cell=_latency,
        sort=lambda r: r.ack_latency_secs,
        rank=8,
        tooltip="From release to the broker's acknowledgement, milliseconds",
    ),
    Column(
        title="Order id",
        sample="Order id",
        right=True,
        cell=lambda r: Cell(text=str(r.order_id) if r.order_id else fmt.NONE, tone="text2"),
        sort=lambda r: r.order_id,
        rank=4,
    ),
    Column(
        title="State",
        sample="PARTIALLY FILLED",
        kind=Kind.CHIP,
        stretch=2,
        cell=lambda r: Cell(text=r.chip.text, tone=r.chip.tone, tooltip=r.reason or ""),
        sort=lambda r: r.chip.text,
    ),
    Column(
        title="Forecast",
        sample="1st: will go, tomorrow",
        stretch=2,
        cell=_forecast,
        sort=lambda r: r.forecast,
        rank=2,
        tooltip="What will become of a waiting approval, and its place in the queue",
    ),
    Column(
        title="Bounds",
        sample="at most 2.60, DIS 103.10 – 104.30",
        stretch=2,
        cell=lambda r: Cell(text=r.bounds or fmt.NONE, tone="text2", tooltip=r.bounds),
        sort=lambda r: r.bounds,
        tooltip="What a waiting approval may be sent within",
        optional=True,
    ),
    Column(
        title="Rehearsal",
        sample="margin $1,672.00",
        stretch=2,
        cell=lambda r: Cell(text=r.rehearsed or fmt.NONE, tone="text2", tooltip=r.rehearsed),
        sort=lambda r: r.rehearsed,
        tooltip="What the broker's what-if said of a waiting approval (Ctrl+Shift+R asks again)",
        optional=True,
    ),
)
