"""``vst run``: the station without a window, for a server or a container."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from vst_desktop.cli.common import (
    add_json_option,
    add_settings_option,
    parse_moment,
    write_json,
)
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.orders import Mode

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from vst_desktop.runtime.settings import Settings
    from vst_desktop.station.auto_approve import AutoRule
    from vst_desktop.station.station import Station


EVERY_MINUTES = 15.0


def add_parser(subparsers: Any) -> None:
    """Add the command's arguments."""
    parser = subparsers.add_parser(
        "run", help="the station without a window: scans, queue, exits, alerts, armed rules"
    )
    parser.add_argument("--profile", choices=("demo", "paper", "live"))
    parser.add_argument(
        "--every",
        type=float,
        metavar="MINUTES",
        help="between scans (universe.scan_every_minutes, else 15)",
    )
    parser.add_argument(
        "--auto",
        action="append",
        default=[],
        metavar="STRATEGY:REWARD_RISK:MOST",
        help="arm a rule that approves by itself: HIGH_BASE:2:3 takes at most 3 from 2:1",
    )
    parser.add_argument("--arm", metavar="ACCOUNT", help="arm LIVE entries for this account")
    parser.add_argument("--for", dest="secs", type=float, metavar="SECS", help="end after so long")
    demo = parser.add_argument_group("in a demo")
    demo.add_argument("--bars", metavar="FILE", help="replay these bars (Parquet or CSV)")
    demo.add_argument("--chains", metavar="DIR", help="recorded chains for the replay")
    demo.add_argument("--at", metavar="TIME", help="start of the clock, ISO 8601 with offset")
    demo.add_argument("--speed", type=float, default=1.0, help="virtual seconds a second (1)")
    demo.add_argument("--seed", type=int, default=0, help="seed of the built-in market")
    add_json_option(parser)
    add_settings_option(parser)


def run(args: argparse.Namespace) -> int:
    """Run until SIGTERM, SIGINT or ``--for``; 0 when it ended as asked."""
    from vst_desktop.bootstrap import profile_settings

    if any(given is not None and not given > 0 for given in (args.every, args.secs)):
        raise UserError("--every and --for are above 0", exit_code=2)
    if not args.speed > 0:
        raise UserError(f"--speed {args.speed:g} is not above 0", exit_code=2)
    rules = [parse_rule(text) for text in args.auto]
    return asyncio.run(_run(args, profile_settings(args.profile, args.overrides), rules))


def parse_rule(text: str) -> AutoRule:
    """``STRATEGY:REWARD_RISK:MOST`` as a rule; a usage error otherwise."""
    from vst_desktop.station.auto_approve import AutoRule

    try:
        strategy, reward_risk, most = text.split(":")
        return AutoRule(
            strategy=strategy.strip().upper(), min_reward_risk=float(reward_risk), most=int(most)
        )
    except ValueError:
        raise UserError(
            f"{text!r} is no rule", where="--auto", remedy="write it as HIGH_BASE:2:3", exit_code=2
        ) from None


@contextlib.asynccontextmanager
async def _opened(args: argparse.Namespace, settings: Settings) -> AsyncIterator[Station]:
    from vst_desktop.bootstrap import DemoOptions, broker_station, demo_station, tell_crash
    from vst_desktop.runtime.last_words import keep_last_words
    from vst_desktop.runtime.paths import find_paths

    mode = settings.execution.trading_mode
    crash = keep_last_words(find_paths().logs, mode)
    if mode is not Mode.DEMO:
        async with broker_station(settings) as station:
            tell_crash(station, crash)
            yield station
        return
    options = DemoOptions(
        bars=args.bars,
        chains=args.chains,
        at=parse_moment(args.at) if args.at else None,
        speed=args.speed,
        seed=args.seed,
    )
    async with demo_station(settings, options) as (station, _):
        tell_crash(station, crash)
        yield station


async def _run(args: argparse.Namespace, settings: Settings, rules: list[AutoRule]) -> int:
    from vst_desktop.station.report import demo_report
    from vst_desktop.station.watch import performance_report

    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    with contextlib.suppress(NotImplementedError):  # Windows has Ctrl+C alone
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, ended.set)
    async with _opened(args, settings) as station:
        started = station.engines.clock.now()
        _tell(station, f"{station.mode}, account {station.account_id}")
        if args.arm is not None:
            await station.arm(args.arm)
        for rule in rules:
            await station.trading.arm_auto(rule.strategy, rule.min_reward_risk, rule.most)
            _tell(station, f"rule armed: {rule}")
        if not rules:
            _tell(station, "no rule is armed (--auto): nothing is approved; exits go on")
        station.on_alert(lambda alert: _tell(station, f"[{alert.severity}] {alert.message}"))
        station.requotes.start()
        working = asyncio.create_task(_scan(station, args.every), name="run")
        leaving = asyncio.create_task(ended.wait(), name="run:ended")
        await asyncio.wait(
            (working, leaving), timeout=args.secs, return_when=asyncio.FIRST_COMPLETED
        )
        for task in (working, leaving):
            if not task.done():
                task.cancel()
        outcome = await asyncio.gather(working, leaving, return_exceptions=True)
        _tell(station, "ends")
        if args.json:
            candidates = station.research.candidates()
            told = demo_report(station, started=started, candidates=candidates, ok=True)
            write_json(args.json, {**told, "performance": await performance_report(station)})
        if isinstance(outcome[0], Exception):
            raise outcome[0]
    return 0


async def _scan(station: Station, every_minutes: float | None) -> None:
    every = every_minutes or station.settings.universe.scan_every_minutes or EVERY_MINUTES
    station.schedule.tell = lambda line: _tell(station, line)
    await station.schedule.scan()
    scanning = station.schedule.use(timedelta(minutes=every))
    assert scanning is not None
    await scanning


def _tell(station: Station, text: str) -> None:
    from vst_desktop.runtime.calendar import EASTERN

    now = station.engines.clock.now().astimezone(EASTERN)
    print(f"{now:%d %b %Y %H:%M:%S} ET  {text}", flush=True)
