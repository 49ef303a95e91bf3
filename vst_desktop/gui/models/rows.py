"""The columns of scanner, candidates and alerts."""

from __future__ import annotations

from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.signals import Direction
from vst_desktop.gui import format as fmt
from vst_desktop.gui.models.cells import Cell, Column, Kind
from vst_desktop.station.view import AlertRow, CandidateRow, SignalRow

_SEVERITY_TONES = {
    Severity.INFO: "muted",
    Severity.WARNING: "warn",
    Severity.HIGH: "loss",
    Severity.CRITICAL: "loss",
}


def _signal_chip(row: SignalRow) -> Cell:
    up = row.direction is Direction.LONG
    name = fmt.strategy(row.strategy)
    return Cell(
        text=f"{fmt.UP if up else fmt.DOWN} {name}",
        tone="gain" if up else "loss",
        tooltip=f"{row.strategy}, {row.direction}, bar of {fmt.day_year(row.date)}"
        + (" (forming)" if row.forming else ""),
    )


SIGNALS: tuple[Column[SignalRow], ...] = (
    Column(
        title="Symbol",
        sample="GOOGL",
        cell=lambda r: Cell(text=r.symbol, strong=True),
        sort=lambda r: r.symbol,
    ),
    Column(
        title="Signal",
        sample="▲ HIGH BASE",
        kind=Kind.CHIP,
        cell=_signal_chip,
        sort=lambda r: (r.strategy, r.symbol),
    ),
    Column(
        title="60 days",
        sample="60 days",
        kind=Kind.SPARK,
        cell=lambda r: Cell(
            spark=r.spark,
            tone="gain" if r.direction is Direction.LONG else "loss",
            tooltip=f"Closes of the last {len(r.spark)} sessions, last {fmt.number(r.close)}",
        ),
        sort=lambda r: r.spark[-1] / r.spark[0] if r.spark and r.spark[0] else None,
        rank=1,
    ),
    Column(
        title="RSI",
        sample="00.0",
        right=True,
        cell=lambda r: Cell(text=fmt.number(r.rsi, 1)),
        sort=lambda r: r.rsi,
    ),
    Column(
        title="Age",
        sample="needs $810",
        right=True,
        stretch=3,
        cell=lambda r: Cell(text=r.chain_state, tone="text2"),
        sort=lambda r: r.chain_state,
        tooltip="Age of the signal, or the state of the symbol's option chain",
    ),
)


def _figure(row: CandidateRow, text: str, tone: str = "text") -> Cell:
    return Cell(text=text, tone="text3" if row.dimmed else tone)


CANDIDATES: tuple[Column[CandidateRow], ...] = (
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
        cell=lambda r: _figure(r, fmt.number(r.debit)),
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
        cell=lambda r: _figure(r, fmt.number(r.reward_risk)),
        sort=lambda r: r.reward_risk,
        tooltip="Reward to risk at expiration: (width less debit) / debit",
    ),
    Column(
        title="Delta",
        sample="0.34",
        right=True,
        cell=lambda r: _figure(r, fmt.number(r.delta)),
        sort=lambda r: r.delta,
        rank=6,
        tooltip="Delta of one spread per share, absolute",
    ),
    Column(
        title="B/E",
        sample="1,106.68",
        right=True,
        cell=lambda r: _figure(r, fmt.number(r.breakeven)),
        sort=lambda r: r.breakeven,
        rank=7,
        tooltip="Price of the underlying at which the spread breaks even at expiration",
    ),
    Column(
        title="POP",
        sample="40 %",
        right=True,
        cell=lambda r: _figure(r, fmt.percent(r.probability_of_profit)),
        sort=lambda r: r.probability_of_profit,
        rank=8,
        tooltip="Probability of any profit at expiration, implied",
    ),
    Column(
        title="At target",
        sample="+$1,404",
        right=True,
        cell=lambda r: _figure(
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
        cell=lambda r: _figure(r, fmt.usd(r.at_stop_usd, signed=True), fmt.tone_of(r.at_stop_usd)),
        sort=lambda r: r.at_stop_usd,
        rank=4,
        tooltip="Loss of the whole position at the stop, at the modelled value then",
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
        cell=lambda r: Cell(text=r.chip.text, tone=r.chip.tone),
        sort=lambda r: r.chip.text,
    ),
)


def _alert_text(row: AlertRow) -> str:
    return f"{row.message}  × {row.count}" if row.count > 1 else row.message


ALERTS: tuple[Column[AlertRow], ...] = (
    Column(
        title="Time (ET)",
        sample="14:42:41",
        cell=lambda r: Cell(
            text=fmt.clock(r.time),
            tone="text2",
            tooltip=f"{fmt.day_year(fmt.eastern(r.time).date())} {fmt.clock(r.time)} ET",
        ),
        sort=lambda r: r.time,
    ),
    Column(
        title="Level",
        sample="WARNING",
        kind=Kind.CHIP,
        cell=lambda r: Cell(text=str(r.severity), tone=_SEVERITY_TONES[r.severity]),
        sort=lambda r: tuple(Severity).index(r.severity),
    ),
    Column(
        title="Message",
        sample="Message text",
        stretch=20,
        cell=lambda r: Cell(
            text=_alert_text(r),
            tooltip=f"{_alert_text(r)}\n{r.details}" if r.details else _alert_text(r),
        ),
        sort=lambda r: r.message,
    ),
)


def alert_key(row: AlertRow) -> str:
    """What makes an alert the same row: folded ones only count up."""
    return f"{row.time.isoformat()}|{row.severity}|{row.message}"
