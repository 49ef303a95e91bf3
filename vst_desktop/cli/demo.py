"""``vst demo``: the main job on the simulator, by itself when headless."""

from __future__ import annotations

import argparse
import asyncio
import os
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from vst_desktop.cli.common import (
    add_json_option,
    add_settings_option,
    parse_moment,
    write_json,
)
from vst_desktop.cli.gui import require_display
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.orders import OrderState
from vst_desktop.runtime.heap import loading

if TYPE_CHECKING:
    from vst_desktop.bootstrap import DemoOptions
    from vst_desktop.domain.spreads import Candidate
    from vst_desktop.station.station import Station


def add_parser(subparsers: Any) -> None:
    """Add the command's arguments."""
    parser = subparsers.add_parser(
        "demo", help="the main job on the simulator, by itself when headless"
    )
    parser.add_argument("--headless", action="store_true", help="no window; the clock jumps")
    add_json_option(parser)
    parser.add_argument("--screenshot", metavar="FILE", help="PNG of the window at the end")
    parser.add_argument("--seed", type=int, default=0, help="seed of the built-in market")
    parser.add_argument("--bars", metavar="FILE", help="replay these bars (Parquet or CSV)")
    parser.add_argument("--chains", metavar="DIR", help="recorded chains for the replay")
    parser.add_argument("--at", metavar="TIME", help="start of the clock, ISO 8601 with offset")
    add_settings_option(parser)


def run(args: argparse.Namespace) -> int:
    """Run the demo; 0 when an order was filled and stands with its exit plan."""
    if args.chains and not args.bars:
        raise UserError("--chains needs --bars", remedy="name the bars file too", exit_code=2)
    at = parse_moment(args.at) if args.at else None
    if not args.headless:
        require_display()
    with loading():
        from vst_desktop.bootstrap import DemoOptions, open_window, profile_settings

        settings = profile_settings("demo", args.overrides)
    options = DemoOptions(
        bars=args.bars, chains=args.chains, at=at, seed=args.seed, held=args.headless
    )
    if not args.headless:
        if args.json:
            raise UserError("--json needs --headless", exit_code=2)
        return open_window(settings, options, screenshot=args.screenshot)
    return asyncio.run(_headless(settings, options, args.json, args.screenshot))


async def _headless(
    settings: Any, options: DemoOptions, json_file: str | None, screenshot: str | None
) -> int:
    from vst_desktop.bootstrap import demo_station
    from vst_desktop.station.report import demo_report

    async with demo_station(settings, options) as (station, time):
        started = station.engines.clock.now()
        _tell(station, f"{station.market_note}; account {station.account_id}")
        await station.scan()
        candidates = station.research.candidates()
        _tell_findings(station, candidates)
        ok = False
        if candidates:
            ok = await _trade(station, time, candidates)
        else:
            _tell(station, "no candidate: nothing to approve")
        write_json(json_file, demo_report(station, started=started, candidates=candidates, ok=ok))
        if screenshot:
            os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
            from vst_desktop.gui.shot import save_picture

            save_picture(station, screenshot)
            print(f"picture of the window: {screenshot}")
        return 0 if ok else 1


async def _trade(station: Station, time: Any, candidates: list[Candidate]) -> bool:
    """Approve the best candidate that is not denied and follow it to its position."""
    best = next((c for c in candidates if c.denied is None and c.contracts), None)
    if best is None:
        _tell(station, f"every candidate is denied: {candidates[0].denied}")
        return False
    spread = best.ranked.spread
    station.select(spread.symbol, best.candidate_id)
    intent_id = await station.approve(best.candidate_id, best.revision)
    _tell(
        station,
        f"approved: buy {best.contracts} x {spread.symbol} {spread.label()} "
        f"{spread.expiration:%d %b %Y} for {best.ranked.debit}",
    )
    terminal = (
        OrderState.FILLED,
        OrderState.CANCELLED,
        OrderState.REJECTED,
        OrderState.DENIED,
        OrderState.EXPIRED,
        OrderState.UNKNOWN,
    )

    def settled() -> bool:
        return station.intent(intent_id).state in terminal

    limit = station.intent(intent_id).expires_at + timedelta(minutes=1)
    if station.intent(intent_id).state is OrderState.QUEUED:
        _tell(station, f"queued: the entry window opens {_et(station, station.window()[0])}")
    await time.run_until(settled, limit)
    intent = station.intent(intent_id)
    if intent.state is not OrderState.FILLED:
        _tell(station, f"{intent.state}: {intent.reason}")
        return False
    _tell(
        station,
        f"filled: {intent.filled} x {spread.symbol} at {intent.average_fill_price} "
        f"(order {intent.order_id}, permId {intent.perm_id}, acknowledged in "
        f"{(intent.ack_latency_secs or 0) * 1000:.0f} ms)",
    )
    position = next((p for p in station.desk.positions() if p.intent_id == intent_id), None)
    if position is None:
        _tell(station, "the fill stands in no position")
        return False
    plan = position.plan
    target = f"{plan.target:.2f} ({plan.target_reason})" if plan.target else "none in reach"
    _tell(
        station,
        f"exit plan: stop {plan.stop:.2f}, target {target}, out by {plan.exit_by:%d %b %Y}",
    )
    return True


def _tell_findings(station: Station, candidates: list[Candidate]) -> None:
    findings, universe = station.research.findings, station.research.universe
    result = findings.result
    assert result is not None
    _tell(
        station,
        f"scanned {result.scanned} of {universe.size} symbols "
        f"in {result.seconds * 1000:.1f} ms ({result.engine}), {len(findings.errors)} reported, "
        f"{len(findings.signals)} signals",
    )
    for error in findings.chain_errors:
        _tell(station, f"{error.symbol}: {error.error}")
    _tell(station, f"{len(findings.chains)} chains, {len(candidates)} candidates; the first:")
    for candidate in candidates[:5]:
        ranked = candidate.ranked
        print(
            f"      {candidate.signal.symbol:<6}{candidate.signal.strategy:<14}"
            f"{ranked.spread.label():<18}{ranked.spread.expiration:%d %b}  "
            f"debit {ranked.debit:>5}  R/R {ranked.reward_risk:4.2f}  "
            f"delta {ranked.delta:4.2f}  x{candidate.contracts}"
            + (f"  denied: {candidate.denied}" if candidate.denied else "")
        )


def _tell(station: Station, text: str) -> None:
    print(f"{_et(station, station.engines.clock.now())}  {text}", flush=True)


def _et(station: Station, moment: Any) -> str:
    from vst_desktop.runtime.calendar import EASTERN

    return f"{moment.astimezone(EASTERN):%d %b %Y %H:%M:%S} ET"
