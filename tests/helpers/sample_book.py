"""Orders, positions and alerts of the sample snapshot."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.orders import OrderState, Side
from vst_desktop.domain.spreads import SpreadType
from vst_desktop.station.book_view import Chip, OrderRow, PositionRow
from vst_desktop.station.view import AlertRow

NOW = datetime(2017, 11, 17, 19, 42, 46, tzinfo=UTC)


def order(**changes: object) -> OrderRow:
    """A waiting approval."""
    made = OrderRow(
        intent_id="i-sbux",
        order_ref="TT-DEMO-0001",
        symbol="SBUX",
        side=Side.BUY,
        label="BULL CALL 57 / 61.5 C  29 Dec",
        quantity=12,
        order_type="MKT",
        limit_price=None,
        max_debit=Decimal("1.56"),
        state=OrderState.QUEUED,
        chip=Chip(text="FIRES 14:45", tone="warn"),
        filled=0,
        average_fill_price=None,
        order_id=0,
        perm_id=0,
        approved_at=NOW - timedelta(minutes=3),
        sent_at=None,
        filled_at=None,
        ack_latency_secs=None,
        reason=None,
        can_withdraw=True,
        can_release=False,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def orders() -> tuple[OrderRow, ...]:
    """One waiting, one filled, one refused."""
    return (
        order(),
        order(
            intent_id="i-pfe",
            order_ref="TT-DEMO-0000",
            symbol="PFE",
            label="BULL CALL 35 / 37 C  15 Dec",
            quantity=9,
            state=OrderState.FILLED,
            chip=Chip(text="FILLED", tone="gain"),
            filled=9,
            average_fill_price=Decimal("0.74"),
            order_id=17,
            perm_id=1840001,
            sent_at=NOW - timedelta(days=4),
            max_debit=Decimal("0.79"),
            filled_at=NOW - timedelta(days=4),
            ack_latency_secs=0.041,
            can_withdraw=False,
        ),
        order(
            intent_id="i-ko",
            order_ref="TT-DEMO-0002",
            symbol="KO",
            label="BULL CALL 46 / 48.5 C  29 Dec",
            quantity=10,
            state=OrderState.DENIED,
            chip=Chip(text="DENIED", tone="loss"),
            can_withdraw=False,
            reason="debit 0.99 is above the approved 0.97",
        ),
    )


def positions() -> tuple[PositionRow, ...]:
    """One ahead, one behind."""
    return (
        PositionRow(
            position_id="p-pfe",
            symbol="PFE",
            spread_type=SpreadType.BULL_CALL,
            long_strike=Decimal(35),
            short_strike=Decimal(37),
            right="C",
            expiration=date(2017, 12, 15),
            dte=28,
            quantity=9,
            average_debit=Decimal("0.74"),
            close_at=Decimal("0.91"),
            open_pnl_usd=Decimal("153"),
            entry=35.4,
            stop=34.3,
            target=37.05,
            target_reason="TARGET_ATR",
            spot=35.82,
            exit_by=date(2017, 12, 1),
            at_risk_usd=Decimal("666"),
            assignment=Chip(text="clear", tone="gain"),
            protection=Chip(text="protected", tone="gain"),
        ),
        PositionRow(
            position_id="p-ibm",
            symbol="IBM",
            spread_type=SpreadType.BEAR_PUT,
            long_strike=Decimal(150),
            short_strike=Decimal(145),
            right="P",
            expiration=date(2017, 12, 15),
            dte=28,
            quantity=3,
            average_debit=Decimal("2.24"),
            close_at=Decimal("1.98"),
            open_pnl_usd=Decimal("-78"),
            entry=148.9,
            stop=152.3,
            target=143.8,
            target_reason="TARGET_FIBO",
            spot=149.9,
            exit_by=date(2017, 12, 1),
            at_risk_usd=Decimal("672"),
            assignment=Chip(text="ex-div 21 Nov", tone="warn"),
            protection=Chip(text="protected", tone="gain"),
        ),
    )


def alerts() -> tuple[AlertRow, ...]:
    """The afternoon's news."""
    told = (
        (0, Severity.INFO, "Trade QUEUED: SBUX LONG x12", "SBUX", 1),
        (44, Severity.WARNING, "MRK: 14 of 62 quotes stale", "MRK", 3),
        (466, Severity.INFO, "Rehearsal: 1 order passes what-if", None, 1),
        (6006, Severity.HIGH, "IBKR lost for 4 s, 0 orders open", None, 1),
        (18699, Severity.INFO, "Scan: 12 signals from 500", None, 1),
    )
    return tuple(
        AlertRow(
            number=number,
            time=NOW - timedelta(seconds=5 + ago),
            severity=severity,
            message=text,
            details="",
            symbol=symbol,
            count=count,
        )
        for number, (ago, severity, text, symbol, count) in enumerate(told)
    )
