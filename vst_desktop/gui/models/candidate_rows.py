"""The columns of the candidates pane; those after the first ones are chosen in its menu."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from vst_desktop.gui import format as fmt
from vst_desktop.gui.models.cells import Cell, Column, Kind
from vst_desktop.station.candidate_detail import CandidateDetail
from vst_desktop.station.view import CandidateRow


def _figure(row: CandidateRow, text: str, tone: str = "text") -> Cell:
    return Cell(text=text, tone="text3" if row.dimmed else tone)


def _price(row: CandidateRow, text: str, tone: str = "text") -> Cell:
    """A figure that rests on quotes: dimmed and then struck through as they age."""
    old = row.quoted_secs or 0
    return Cell(
        text=text,
        tone="text3" if row.dimmed or old > fmt.DIM_SECS else tone,
        struck=old > fmt.STRIKE_SECS,
        tooltip="" if row.quoted_secs is None else f"Quotes are {row.quoted_secs} s old",
    )


_SHOWN: tuple[Column[CandidateRow], ...] = (
    Column(
        title="Symbol",
        sample="GOOGL",
        cell=lambda r: Cell(text=r.symbol, strong=True, tone="text3" if r.dimmed else "text"),
        sort=lambda r: r.symbol,
    ),
    Column(
        title="Expires",
        sample="29 Dec  42 d",
        cell=lambda r: Cell(
            text=fmt.day(r.expiration),
            extra=f"{r.dte} d",
            tone="text3" if r.dimmed else "text",
            tooltip=fmt.day_year(r.expiration),
        ),
        sort=lambda r: r.expiration,
        rank=5,
    ),
    Column(
        title="Strikes",
        sample="152.5 / 157.5 C",
        cell=lambda r: _figure(r, fmt.strikes(r.long_strike, r.short_strike, r.right)),
        sort=lambda r: r.long_strike,
    ),
    Column(
        title="Debit",
        sample="12.34",
        right=True,
        cell=lambda r: _price(r, fmt.number(r.debit)),
        sort=lambda r: r.debit,
        tooltip="Natural price to open, USD per share: long ask less short bid",
    ),
    Column(
        title="Width",
        sample="Width",
        right=True,
        cell=lambda r: _figure(r, fmt.number(r.width, 1)),
        sort=lambda r: r.width,
        rank=9,
        tooltip="Distance of the strikes, USD per share",
    ),
    Column(
        title="R/R",
        sample="1.94",
        right=True,
        cell=lambda r: _price(r, fmt.number(r.reward_risk)),
        sort=lambda r: r.reward_risk,
        tooltip="Reward to risk at expiration: (width less debit) / debit",
    ),
    Column(
        title="Delta",
        sample="0.34",
        right=True,
        cell=lambda r: _price(r, fmt.number(r.delta)),
        sort=lambda r: r.delta,
        rank=6,
        tooltip="Delta of one spread per share, absolute",
    ),
    Column(
        title="B/E",
        sample="1,106.68",
        right=True,
        cell=lambda r: _price(r, fmt.number(r.breakeven)),
        sort=lambda r: r.breakeven,
        rank=7,
        tooltip="Price of the underlying at which the spread breaks even at expiration",
    ),
    Column(
        title="POP",
        sample="40 %",
        right=True,
        cell=lambda r: _price(r, fmt.percent(r.probability_of_profit)),
        sort=lambda r: r.probability_of_profit,
        rank=8,
        tooltip="Probability of any profit at expiration, implied",
    ),
    Column(
        title="At target",
        sample="+$1,404",
        right=True,
        cell=lambda r: _price(
            r, fmt.usd(r.at_target_usd, signed=True), fmt.tone_of(r.at_target_usd)
        ),
        sort=lambda r: r.at_target_usd,
        rank=3,
        tooltip="Profit of the whole position at the target, at the modelled value then",
    ),
    Column(
        title="At stop",
        sample="−$1,152",
        right=True,
        cell=lambda r: _price(r, fmt.usd(r.at_stop_usd, signed=True), fmt.tone_of(r.at_stop_usd)),
        sort=lambda r: r.at_stop_usd,
        rank=4,
        tooltip="Loss of the whole position at the stop, at the modelled value then",
    ),
    Column(
        title="Age",
        sample="100",
        right=True,
        cell=lambda r: _price(r, fmt.age(r.quoted_secs), "text2"),
        sort=lambda r: r.quoted_secs,
        rank=2,
        tooltip="Age of the quotes, seconds: dimmed from 5, struck through from 30",
    ),
    Column(
        title="Qty",
        sample="Qty",
        right=True,
        cell=lambda r: _figure(r, fmt.number(r.quantity, 0)),
        sort=lambda r: r.quantity,
        tooltip="Spreads by the risk limits; 0 means no trade, its chip says why",
    ),
    Column(
        title="State",
        sample="EARNINGS 16 DEC",
        kind=Kind.CHIP,
        stretch=2,
        cell=lambda r: Cell(text=r.chip.text, tone=r.chip.tone, tooltip=r.blocked or ""),
        sort=lambda r: r.chip.text,
    ),
)


def _more(
    title: str,
    value: Callable[[CandidateDetail], Any],
    text: Callable[[Any], str],
    tooltip: str,
    *,
    sample: str = "−$1,152",
    toned: bool = False,
    right: bool = True,
) -> Column[CandidateRow]:
    """A column that the trader may choose."""

    def of(row: CandidateRow) -> Any:
        return None if row.detail is None else value(row.detail)

    def cell(row: CandidateRow) -> Cell:
        found = of(row)
        shown = fmt.NONE if found is None else text(found)
        return _figure(row, shown, fmt.tone_of(found) if toned and found is not None else "text")

    return Column(
        title=title,
        sample=sample,
        cell=cell,
        sort=of,
        right=right,
        tooltip=tooltip,
        optional=True,
    )


_PRICE: Callable[[Any], str] = fmt.number
_USD: Callable[[Any], str] = fmt.usd
_GAIN_USD = partial(fmt.usd, signed=True)
_PCT = partial(fmt.percent, decimals=1)
_CHANGE_PCT = partial(fmt.percent, decimals=1, signed=True)
_ONE = partial(fmt.number, decimals=1)
_WHOLE = partial(fmt.number, decimals=0)

_CHOSEN: tuple[Column[CandidateRow], ...] = (
    _more("Last", lambda d: d.spot, _PRICE, "Price of the underlying, USD"),
    _more("Chg", lambda d: d.change_pct, _CHANGE_PCT, "Change since the prior close", toned=True),
    _more("ATR", lambda d: d.atr, _PRICE, "ATR(14) of the signal's bar, USD"),
    _more("RSI", lambda d: d.rsi, _ONE, "RSI(14) of the signal's bar"),
    _more("vs SMA50", lambda d: d.above_sma50_pct, _CHANGE_PCT, "Price above SMA(50)"),
    _more("vs SMA200", lambda d: d.above_sma200_pct, _CHANGE_PCT, "Price above SMA(200)"),
    _more("Signal", lambda d: d.signal_day, fmt.day, "The signal's bar", sample="29 Dec"),
    _more("Bid", lambda d: d.bid, _PRICE, "Best close: long bid less short ask, USD per share"),
    _more("Mid", lambda d: d.mid, _PRICE, "Middle of the spread's market, USD per share"),
    _more("Limit cap", lambda d: d.limit_cap, _PRICE, "The most an approval lets the order pay"),
    _more("Max loss", lambda d: d.max_loss_usd, _GAIN_USD, "The whole debit", toned=True),
    _more("Max profit", lambda d: d.max_profit_usd, _GAIN_USD, "Width less debit", toned=True),
    _more("Net R/R", lambda d: d.net_reward_risk, _PRICE, "Reward to risk after commissions"),
    _more("B/E away", lambda d: d.breakeven_pct, _CHANGE_PCT, "Breakeven from the price, costs in"),
    _more("Exp. move", lambda d: d.expected_move, _PRICE, "One deviation to expiration, USD"),
    _more("B/E in EM", lambda d: d.breakeven_em, _PRICE, "Breakeven in expected moves"),
    _more("Theta $/d", lambda d: d.theta_usd, _GAIN_USD, "Of the position, a calendar day"),
    _more("Vega $", lambda d: d.vega_usd, _GAIN_USD, "Of the position, a volatility point"),
    _more("Delta $", lambda d: d.delta_usd, _WHOLE, "USD when the underlying moves by 1 USD"),
    _more("IV/HV", lambda d: d.iv_over_realised, _PRICE, "Implied over realised volatility"),
    _more("HV rank", lambda d: d.realised_rank, fmt.percent, "Realised volatility in its year"),
    _more("HV pct.", lambda d: d.realised_percentile, fmt.percent, "Share of days below"),
    _more("Mkt width", lambda d: d.market_width_pct, _PCT, "The spread's own market over its mid"),
    _more("Min OI", lambda d: d.open_interest, _WHOLE, "Smaller open interest of the legs"),
    _more("EV signal", lambda d: d.history_usd, _GAIN_USD, "Mean of past plays", toned=True),
    _more("n", lambda d: d.history_plays, _WHOLE, "Past plays after the same signal"),
    _more("Fees $", lambda d: d.commission_usd, _USD, "Commissions of entry and exit"),
    _more("% of NLV", lambda d: d.risk_pct, _PCT, "Debit of the position over net liquidation"),
    _more("Max R", lambda d: d.max_r, _PRICE, "The most in multiples of the debit"),
    _more("Stop", lambda d: d.stop, _PRICE, "Stop on the underlying, USD"),
    _more("Target", lambda d: d.target, _PRICE, "Target on the underlying, USD"),
    _more("Earnings", lambda d: d.earnings, str, "Next earnings", sample="6 Dec BMO", right=False),
    _more("Ex-div", lambda d: d.dividend, str, "Next ex-date", sample="7 Dec 0.84", right=False),
)

CANDIDATES: tuple[Column[CandidateRow], ...] = (*_SHOWN[:-1], *_CHOSEN, _SHOWN[-1])
