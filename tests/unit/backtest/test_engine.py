from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest

from tests.helpers.lab_bars import FIRST, signal_rows, walks
from vst_desktop.backtest.result import result
from vst_desktop.backtest.rules import LabRules, Span
from vst_desktop.backtest.shadow import ShadowBook, monthly
from vst_desktop.backtest.trades import Run
from vst_desktop.backtest.workbench import Workbench, only
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.events import CorporateEvent, EventBook, EventKind, SymbolEvents
from vst_desktop.ports.market_data import BarColumns
from vst_desktop.runtime.settings import Settings, load_settings

SPAN = Span(start=date(2019, 1, 2), end=date(2020, 6, 30))


def settings_of(*overrides: str) -> Settings:
    return load_settings(["bootstrap_samples=50", *overrides], environment={})


def run_of(
    *overrides: str,
    span: Span = SPAN,
    bars: tuple[BarColumns, ...] | None = None,
    pricing: str = "modelled",
    book: EventBook | None = None,
    shadow: ShadowBook | None = None,
) -> Run:
    settings = settings_of(*overrides)
    bars = bars or walks()
    bench = Workbench(
        bars=bars,
        span=span,
        pricing=pricing,  # type: ignore[arg-type]
        book=book or EventBook(),
    )
    refuse = None if shadow is None else shadow.refuse
    return bench.run(settings, signal_rows(bars, settings), refuse=refuse)


def test_a_run_trades_and_its_cash_adds_up() -> None:
    run = run_of()

    assert len(run.trades) > 20
    assert run.equity[-1] == pytest.approx(100_000 + sum(t.net_usd for t in run.trades))
    assert run.invested[-1] >= 0


def test_the_stations_limits_hold_on_every_day() -> None:
    run = run_of("max_positions=2", "max_daily_trades=1", "risk_per_trade=0.01")

    entries = Counter(t.entry_date for t in run.trades)
    assert max(entries.values()) == 1
    for day in entries:
        held = [t for t in run.trades if t.entry_date <= day < t.exit_date]
        assert len(held) <= 2
        assert len({t.symbol for t in held}) == len(held)
    assert all(t.risk_usd <= 0.0101 * max(run.equity.max(), 100_000) for t in run.trades)
    assert run.denied["MAX_POSITIONS"] + run.denied["DAILY_TRADES"] > 0


def test_every_spread_bought_is_within_the_limits_of_selection() -> None:
    for trade in run_of("max_spread_cost=350").trades:
        assert trade.long_strike is not None
        assert trade.short_strike is not None
        width = abs(trade.short_strike - trade.long_strike)
        assert trade.expiration is not None
        assert 0 < trade.debit <= 3.5
        assert (width - trade.debit) / trade.debit >= 1.5
        assert 30 <= (trade.expiration - trade.entry_date).days <= 45
        assert (trade.short_strike > trade.long_strike) == (trade.direction == "LONG")


@pytest.mark.parametrize("pricing", ["modelled", "fixed"])
@pytest.mark.parametrize("entry", ["close", "next_open"])
def test_what_comes_later_changes_nothing_before(pricing: str, entry: str) -> None:
    """The future is replaced, then cut off: trades that are over stay as they were."""
    turn = date(2019, 12, 31)
    whole = walks()
    other = tuple(
        replace(
            one,
            **{
                name: np.where(
                    one.time.astype("datetime64[D]").astype(object) > turn,
                    getattr(one, name) * 0.5,
                    getattr(one, name),
                )
                for name in ("open", "high", "low", "close")
            },
        )
        for one in whole
    )
    cut = tuple(one.between(None, turn) for one in whole)
    runs = [
        run_of(f"backtest.entry={entry}", pricing=pricing, bars=bars)
        for bars in (whole, other, cut)
    ]

    def before(run: Run) -> tuple[object, ...]:
        over = tuple(t for t in run.trades if t.exit_date < turn)
        count = int((run.days < (turn - date(1970, 1, 1)).days).sum())
        return over, run.equity[:count].tolist()

    assert len(before(runs[0])[0]) > 5  # type: ignore[arg-type]
    assert before(runs[0]) == before(runs[1]) == before(runs[2])


def test_the_same_run_twice_gives_the_same_result() -> None:
    rules = LabRules.of(settings_of())

    assert result(run_of(), rules) == result(run_of(), rules)


def test_fills_nearer_to_mid_bring_more() -> None:
    natural, mid = (
        run_of(f"fill_improvement={share}", "max_spread_cost=400") for share in (0, 0.5)
    )

    both = {(t.symbol, t.signal_date): t for t in natural.trades}
    shared = [(both[key], t) for t in mid.trades if (key := (t.symbol, t.signal_date)) in both]
    assert shared
    assert all(dear.debit > cheap.debit for dear, cheap in shared)


def test_next_open_entries_are_filled_a_session_later_at_its_open() -> None:
    bars = walks()
    run = run_of("backtest.entry=next_open")

    assert run.trades
    for trade in run.trades:
        one = next(b for b in bars if b.symbol == trade.symbol)
        days = one.time.astype("datetime64[D]").astype(object)
        at = int(np.flatnonzero(days == trade.entry_date)[0])
        assert days[at - 1] == trade.signal_date
        assert trade.underlying_entry == one.open[at]


def test_take_profit_and_stop_end_trades_as_their_rules_say() -> None:
    run = run_of("take_profit_pct_of_max=0.4")

    reasons = Counter(t.exit_reason for t in run.trades)
    assert reasons["TAKE_PROFIT"] > 0
    for trade in run.trades:
        if trade.exit_reason == "STOP":
            sign = trade.direction.sign
            assert sign * (trade.underlying_exit - trade.stop) <= 1e-9
            assert trade.mae_r >= 1 - 1e-9
        if trade.exit_reason == "TIME":
            assert trade.expiration is not None
            assert (trade.expiration - trade.exit_date).days <= 14


def dividends(*symbols: str) -> EventBook:
    days = [date(2019, 1, 2) + timedelta(weeks=n) for n in range(52)]
    return EventBook(
        symbols={
            symbol: SymbolEvents(
                symbol=symbol,
                events=tuple(
                    CorporateEvent(kind=EventKind.EX_DIVIDEND, day=day, amount_usd=Decimal("5.00"))
                    for day in days
                ),
            )
            for symbol in symbols
        }
    )


def test_a_short_call_that_a_dividend_endangers_is_closed_before_or_assigned() -> None:
    book = dividends("W0", "W1", "W2", "W3")
    far = ("use_fibo_targets=false", "use_r_multiple=false", "use_atr_target=false")
    closed = run_of(*far, book=book, span=of_2019())
    held = run_of(*far, "close_before_ex_dividend=false", book=book, span=of_2019())

    early = [t for t in closed.trades if t.exit_reason == "EX_DIV"]
    assigned = [t for t in held.trades if t.exit_reason == "ASSIGNED"]
    assert early
    assert assigned
    for trade in early + assigned:
        assert trade.direction == "LONG"
        assert trade.exit_date.weekday() in (0, 1)  # Wednesdays go ex
        assert trade.short_strike is not None
        assert trade.underlying_exit >= 0.99 * trade.short_strike
    same = {(t.symbol, t.entry_date): t for t in early}
    both = [(same[key], t) for t in assigned if (key := (t.symbol, t.entry_date)) in same]
    assert both
    assert all(was_assigned.net_usd < left.net_usd for left, was_assigned in both)


def test_a_known_announcement_of_earnings_denies_the_entry() -> None:
    book = EventBook(
        symbols={
            f"W{n}": SymbolEvents(
                symbol=f"W{n}",
                events=tuple(
                    CorporateEvent(kind=EventKind.EARNINGS, day=date(year, month, 10))
                    for year in (2019, 2020)
                    for month in range(1, 13)
                ),
                never=frozenset({EventKind.EX_DIVIDEND}),
            )
            for n in range(4)
        }
    )

    blocked = run_of(book=book, span=Span(start=SPAN.start, end=date(2019, 12, 31)))

    assert blocked.denied["EVENT"] > 0
    assert len(blocked.trades) < len(run_of(span=of_2019()).trades)


def of_2019() -> Span:
    return Span(start=SPAN.start, end=date(2019, 12, 31))


def test_a_loss_of_the_day_beyond_its_limit_halts_entries() -> None:
    run = run_of("max_daily_loss=0.001", "risk_per_trade=0.05", "max_total_risk=0.5")

    assert run.denied["DAILY_LOSS"] > 0


def test_a_symbol_that_stops_trading_ends_its_position_at_its_last_bar() -> None:
    bars = tuple(one.between(None, date(2019, 3, 15)) for one in walks())
    longer = (*bars[:3], walks()[3])
    run = run_of(bars=longer)

    ended = [t for t in run.trades if t.exit_reason == "END" and t.symbol != "W3"]
    assert all(t.exit_date == date(2019, 3, 15) for t in ended)
    assert run.equity[-1] == pytest.approx(100_000 + sum(t.net_usd for t in run.trades))


def test_fixed_pricing_wins_and_loses_flat_amounts() -> None:
    run = run_of(pricing="fixed")

    for trade in run.trades:
        size = 100 * trade.contracts
        if trade.exit_reason == "STOP":
            assert trade.net_usd == pytest.approx(-300 * trade.contracts - trade.commissions_usd)
        if trade.exit_reason.startswith("TARGET"):
            assert trade.exit_value * size == pytest.approx(840 * trade.contracts)
        assert trade.long_strike is None


def test_the_shadow_book_follows_every_offer_that_was_refused() -> None:
    shadow = ShadowBook()
    settings = settings_of("max_positions=1")
    bars = walks()
    bench = Workbench(bars=bars, span=SPAN)
    rows = signal_rows(bars, settings)
    run = bench.run(settings, rows, refuse=shadow.refuse)
    rules = LabRules.of(settings)

    refused = shadow.follow(bench.panel, bench.model(rules), rules, rows.names)
    said = monthly(refused)

    offered = sum(n for code, n in run.denied.items() if code != "DUPLICATE_UNDERLYING")
    assert len(refused) >= offered > 0
    assert all(one.mid_usd >= one.natural_usd for one in refused)
    assert said["lines"][-1].startswith("in all: ")
    assert sum(month["refused"] for month in said["months"]) == len(refused)


def test_the_shadow_of_what_was_bought_is_what_was_earned() -> None:
    """The same offers, refused and bought: at natural one contract brings the same."""
    taken = run_of("max_contracts_per_trade=1", "fill_improvement=0", "max_positions=4")
    shadow = ShadowBook()
    settings = settings_of("max_total_risk=0.0001")
    bars = walks()
    bench = Workbench(bars=bars, span=SPAN)
    rows = signal_rows(bars, settings)
    bench.run(settings, rows, refuse=shadow.refuse)
    rules = LabRules.of(settings)
    refused = shadow.follow(bench.panel, bench.model(rules), rules, rows.names)

    by_signal = {(r.symbol, r.day, r.strategy): r for r in refused}
    shared = [
        (t, by_signal[key])
        for t in taken.trades
        if (key := (t.symbol, t.signal_date, t.strategy)) in by_signal
    ]
    assert len(shared) > 10
    for trade, refusal in shared:
        assert trade.net_usd == pytest.approx(refusal.natural_usd)


def test_signals_of_other_strategies_do_not_trade() -> None:
    settings = settings_of()
    bars = walks()
    rows = signal_rows(bars, settings)
    run = Workbench(bars=bars, span=SPAN).run(settings, only(rows, ("BULL_PULLBACK",)))

    assert {t.strategy for t in run.trades} == {"BULL_PULLBACK"}


def test_nothing_is_entered_outside_the_span() -> None:
    run = run_of(span=Span(start=FIRST, end=date(2018, 12, 31)))

    assert all(t.entry_date <= date(2018, 12, 31) for t in run.trades)
    assert all(t.exit_date <= date(2018, 12, 31) for t in run.trades)


def test_a_ranking_that_the_lab_does_not_know_is_refused() -> None:
    with pytest.raises(UserError, match="plan_value"):
        run_of("rank_by=plan_value")
