"""A snapshot as rich as a busy afternoon, with made figures."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from tests.helpers.sample_book import NOW, alerts, orders, positions
from vst_desktop.domain.orders import Mode
from vst_desktop.domain.signals import Condition, Direction
from vst_desktop.domain.spreads import SpreadType
from vst_desktop.station.book_view import Chip
from vst_desktop.station.view import (
    CandidateRow,
    CandidatesView,
    ChartView,
    Figure,
    Light,
    LightView,
    PayoffView,
    RuleView,
    ScanView,
    SignalRow,
    StationView,
    StripView,
    TicketView,
)

OPENS = datetime(2017, 11, 17, 19, 45, tzinfo=UTC)
CLOSES = datetime(2017, 11, 17, 20, 55, tzinfo=UTC)
TODAY = date(2017, 11, 17)
EXPIRY = date(2017, 12, 29)
LONG, SHORT = Direction.LONG, Direction.SHORT


def strip(mode: Mode = Mode.DEMO) -> StripView:
    """The strip of a calm afternoon, two minutes before the window."""
    return StripView(
        mode=mode,
        account="DU1234567",
        armed=False,
        net_liquidation_usd=Decimal("101284.10"),
        available_usd=Decimal("98430.22"),
        day_pnl_usd=Decimal("318.40"),
        positions=2,
        max_positions=5,
        trades_today=1,
        max_trades=3,
        at_risk_usd=Decimal("3214"),
        max_risk_usd=Decimal("10128.41"),
        now=NOW,
        clock_speed=1.0,
        window_opens=OPENS,
        window_closes=CLOSES,
        lights=(
            LightView(name="IBKR", state=Light.OK, detail="ib_insync, server 176"),
            LightView(name="Quotes", state=Light.OK, detail="live, 24 lines"),
            LightView(name="Scanner", state=Light.OK, detail="Go scanner"),
            LightView(name="Clock +12 ms", state=Light.OK, detail="broker's clock less ours"),
        ),
        killed=None,
        unprotected=0,
        market_note="invented prices" if mode is Mode.DEMO else None,
    )


def walk(seed: int, count: int, start: float, drift: float = 0.0) -> tuple[float, ...]:
    """A random walk of closes, the same for the same seed."""
    dice = random.Random(seed)
    price, closes = start, []
    for _ in range(count):
        price *= 1 + drift + dice.gauss(0, 0.011)
        closes.append(round(price, 2))
    return tuple(closes)


def _signal(number: int, symbol: str, strategy: str, rsi: float, state: str) -> SignalRow:
    up = strategy in ("HIGH_BASE", "BULL_PULLBACK")
    closes = walk(number, 60, 100.0, 0.002 if up else -0.002)
    return SignalRow(
        key=f"{symbol}:{strategy}",
        symbol=symbol,
        strategy=strategy,
        direction=LONG if up else SHORT,
        date=TODAY,
        forming=state == "forming",
        close=closes[-1],
        rsi=rsi,
        spark=closes,
        chain_state=state,
    )


SIGNALS = tuple(
    _signal(number, *row)
    for number, row in enumerate(
        (
            ("SBUX", "HIGH_BASE", 63.5, "forming"),
            ("DIS", "HIGH_BASE", 61.8, "forming"),
            ("WMT", "BULL_PULLBACK", 47.0, "forming"),
            ("CVS", "LOW_BASE", 24.3, "forming"),
            ("NKE", "BEAR_RALLY", 54.6, "forming"),
            ("MRK", "BULL_PULLBACK", 46.4, "forming"),
            ("GE", "BEAR_RALLY", 54.6, "forming"),
            ("KO", "HIGH_BASE", 70.7, "1 d"),
            ("NVDA", "HIGH_BASE", 68.6, "needs $1,340"),
            ("LLY", "HIGH_BASE", 64.2, "needs $1,340"),
            ("HD", "BULL_PULLBACK", 46.5, "load chain"),
            ("INTC", "BEAR_RALLY", 53.8, "load chain"),
        )
    )
)


RULES = (
    RuleView(name="HIGH_BASE", direction=LONG, fired=68_400, bars=242_000),
    RuleView(
        name="LOW_BASE",
        direction=SHORT,
        fired=0,
        bars=242_000,
        note="LOW_BASE fired on 0 of 242,000 bars: with atr_ratio_base = zero it cannot; "
        "switch to range_low",
        can_switch=True,
    ),
    RuleView(name="BULL_PULLBACK", direction=LONG, fired=4_180, bars=242_000),
    RuleView(name="BEAR_RALLY", direction=SHORT, fired=2_890, bars=242_000),
)


def candidate(
    symbol: str,
    strikes: str,
    debit: str,
    figures: tuple[float, float, float, float],
    money: tuple[str, str],
    quantity: int,
    chip: Chip,
    **changes: object,
) -> CandidateRow:
    """One candidate; ``figures`` are reward/risk, delta, breakeven, probability of profit."""
    long, short, right = strikes.split()
    row = CandidateRow(
        candidate_id=f"{symbol}:HIGH_BASE",
        revision=3,
        symbol=symbol,
        strategy="HIGH_BASE",
        direction=LONG if right == "C" else SHORT,
        spread_type=SpreadType.BULL_CALL if right == "C" else SpreadType.BEAR_PUT,
        expiration=EXPIRY,
        dte=42,
        long_strike=Decimal(long),
        short_strike=Decimal(short),
        right=right,
        debit=Decimal(debit),
        width=abs(Decimal(short) - Decimal(long)),
        reward_risk=figures[0],
        delta=figures[1],
        breakeven=figures[2],
        probability_of_profit=figures[3],
        at_target_usd=Decimal(money[0]),
        at_stop_usd=Decimal(money[1]),
        quantity=quantity,
        chip=chip,
        dimmed=chip.tone == "loss",
        can_approve=chip.text == "NEW",
        can_withdraw=chip.text.startswith("FIRES"),
    )
    return replace(row, **changes)  # type: ignore[arg-type]


NEW = Chip(text="NEW", tone="info")
CANDIDATES = (
    candidate(
        "SBUX",
        "57 61.5 C",
        "1.53",
        (1.94, 0.34, 58.53, 0.40),
        ("1404", "-1152"),
        12,
        Chip(text="FIRES 14:45", tone="warn"),
    ),
    candidate("DIS", "104 112 C", "2.68", (1.99, 0.31, 106.68, 0.33), ("1211", "-1036"), 7, NEW),
    candidate("WMT", "98 105 C", "2.38", (1.94, 0.30, 100.38, 0.34), ("1408", "-1152"), 8, NEW),
    candidate("NKE", "60 52.5 P", "2.71", (1.77, 0.44, 57.29, 0.37), ("1372", "-959"), 7, NEW),
    candidate(
        "MRK",
        "55 59.5 C",
        "1.60",
        (1.81, 0.33, 56.60, 0.36),
        ("1308", "-1092"),
        12,
        Chip(text="STALE 14 s", tone="warn"),
    ),
    candidate(
        "CVS",
        "71 63 P",
        "2.56",
        (2.12, 0.33, 68.44, 0.32),
        ("1645", "-1071"),
        8,
        Chip(text="EARNINGS 6 DEC", tone="loss"),
    ),
    candidate(
        "KO",
        "46 48.5 C",
        "0.92",
        (1.72, 0.31, 46.92, 0.37),
        ("520", "-520"),
        0,
        Chip(text="SPREAD 16 %", tone="loss"),
    ),
)


def payoff() -> PayoffView:
    """Seven 104 / 112 calls for 2.68."""
    prices = tuple(94.0 + 0.25 * number for number in range(113))

    def expiry(price: float) -> float:
        return (min(max(price - 104, 0), 8) - 2.68) * 700

    def before(price: float) -> float:
        return (8 / (1 + math.exp(-(price - 107.5) / 3.4)) - 2.68) * 700

    return PayoffView(
        prices=prices,
        at_expiry_usd=tuple(expiry(price) for price in prices),
        at_date_usd=tuple(before(price) for price in prices),
        date_label="in 8 days",
    )


def ticket(**changes: object) -> TicketView:
    """The ticket of DIS."""
    made = TicketView(
        candidate_id="DIS:HIGH_BASE",
        revision=3,
        symbol="DIS",
        title="DIS bull call",
        subtitle="29 Dec 2017 · 42 days",
        headline="Buy 7 × 104 / 112 call for 2.68",
        worst_usd=Decimal("-1876"),
        worst_pct=-0.0185,
        crossing_usd=Decimal("63"),
        spot=103.44,
        breakeven=106.68,
        stop=100.36,
        target=108.06,
        target_reason="TARGET_ATR",
        at_target_usd=Decimal("1211"),
        at_stop_usd=Decimal("-1036"),
        exit_by=date(2017, 12, 15),
        payoff=payoff(),
        figures=tuple(
            Figure(caption=name, value=value)
            for name, value in (
                ("Bid / mid", "2.58 / 2.63"),
                ("Quote age", "1.2 s"),
                ("Reward/risk", "1.99"),
                ("Delta", "0.31"),
                ("POP", "33 %"),
                ("Exp. move", "± 9.12"),
                ("Legs", "1.6 / 2.4 %"),
                ("Open int.", "8.2k / 3.9k"),
                ("IV rank", "38"),
                ("Dividend", "7 Dec 0.84"),
            )
        ),
        why_title="Why: HIGH BASE, forming bar 14:42",
        why=(
            Condition(text="(close − 0) / ATR > 2", value=67.2, threshold=2.0, passed=True),
            Condition(text="RSI > 60", value=62.8, threshold=60.0, passed=True),
            Condition(
                text="Short strike within 1 expected move", value=0.94, threshold=1.0, passed=True
            ),
        ),
        terms_title="Approve (Ctrl+Enter): market order at 14:45, if still",
        terms=(
            Figure(caption="debit at most", value="2.73"),
            Figure(caption="underlying within 0.5 ATR", value="102.67 – 104.21"),
            Figure(caption="until", value="15:55 today"),
        ),
        approve_text="Approve 7 × ≤ 2.73 · DEMO",
        can_approve=True,
        blocked_reason=None,
        can_withdraw=False,
        alternatives=(
            "103 / 111 C  2.95   R/R 1.71   delta 0.33",
            "104 / 111 C  2.51   R/R 1.79   delta 0.30",
        ),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def chart(sessions: int = 252) -> ChartView:
    """DIS with its levels."""
    closes = list(walk(11, sessions, 99.0, -0.0001))
    scale = 103.44 / closes[-1]
    closes = [round(close * scale, 2) for close in closes]
    dice = random.Random(5)
    opens = [closes[0], *(close + dice.gauss(0, 0.35) for close in closes[:-1])]
    highs = [max(o, c) + abs(dice.gauss(0, 0.6)) for o, c in zip(opens, closes, strict=True)]
    lows = [min(o, c) - abs(dice.gauss(0, 0.6)) for o, c in zip(opens, closes, strict=True)]
    days: list[date] = []
    day = TODAY
    while len(days) < sessions:
        if day.weekday() < 5:
            days.append(day)
        day -= timedelta(days=1)

    def average(count: int) -> tuple[float | None, ...]:
        return tuple(
            None
            if n < count // 3
            else sum(closes[max(0, n - count) : n + 1]) / min(count + 1, n + 1)
            for n in range(sessions)
        )

    return ChartView(
        symbol="DIS",
        last=103.44,
        change_pct=0.0058,
        dates=tuple(reversed(days)),
        open=tuple(opens),
        high=tuple(highs),
        low=tuple(lows),
        close=tuple(closes),
        sma50=average(50),
        sma200=average(200),
        rsi=tuple(None if n < 14 else 50 + 14 * math.sin(n / 9) for n in range(sessions)),
        forming=True,
        levels=(
            (112.0, "short 112 C", "text"),
            (104.0, "long 104 C", "accent"),
            (106.68, "breakeven 106.68", "text"),
            (100.36, "stop 100.36", "loss"),
            (108.06, "target 108.06 (3 ATR)", "gain"),
        ),
        signal_dates=(TODAY,),
    )


def sample_view(mode: Mode = Mode.DEMO) -> StationView:
    """Everything."""
    return StationView(
        version=1,
        strip=strip(mode),
        scan=ScanView(
            rows=SIGNALS,
            scanned=500,
            symbols=500,
            errors=(("ZZZ", "no bars"),),
            seconds=0.002,
            engine="go",
            progress=None,
            stage=None,
            chains_loaded=18,
            chains_wanted=20,
            note=None,
            rules=RULES,
        ),
        candidates=CandidatesView(
            rows=CANDIDATES,
            summary="18 chains · 2,116 pairs · passed 41 · most failed: delta 1,204, "
            "reward/risk 388",
            note=None,
        ),
        ticket=ticket(),
        orders=orders(),
        positions=positions(),
        alerts=alerts(),
        unread_alerts=3,
        chart=chart(),
        selected_symbol="DIS",
    )


def empty_view() -> StationView:
    """A station that has just started."""
    return StationView(
        version=1,
        strip=replace(
            strip(), positions=0, trades_today=0, at_risk_usd=Decimal(0), day_pnl_usd=None
        ),
        scan=ScanView(
            rows=(),
            scanned=0,
            symbols=60,
            errors=(),
            seconds=None,
            engine="",
            progress=None,
            stage=None,
            chains_loaded=0,
            chains_wanted=0,
            note="No scan yet. Press F5 to scan.",
        ),
        candidates=CandidatesView(rows=(), summary="", note=None),
        ticket=None,
        orders=(),
        positions=(),
        alerts=(),
        unread_alerts=0,
        chart=None,
        selected_symbol=None,
    )
