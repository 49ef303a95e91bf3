"""``vst sim``: the TWS simulator alone, for any TWS API client."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

from vst_desktop.cli.common import parse_moment
from vst_desktop.domain.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vst_desktop.adapters.tws_sim.clock import SimClock
    from vst_desktop.adapters.tws_sim.faults.script import Planned
    from vst_desktop.adapters.tws_sim.server import TwsServer
    from vst_desktop.adapters.tws_sim.world import Market

DEFAULT_PORT = 7497
CHANCES = {
    "improvement": "chance that an order trades at the middle of the quote",
    "partial": "chance that only a part of an order trades",
    "race": "chance that a cancel comes after the fill",
}
REPLAYED = (
    *("bars", "chains", "speed", "seed", "accounts", "pace", "data", "strict"),
    *("cash", "base", "master", *CHANCES),
)
"""Arguments that a log of frames keeps, so that it can be played again."""
REALISTIC = {"details_secs": 0.2, "quote_secs": 0.15, "greeks_secs": 0.3}


def add_parser(subparsers: Any) -> None:
    """Add the command's arguments."""
    parser = subparsers.add_parser("sim", help="the TWS simulator alone, for any TWS API client")
    parser.add_argument("--port", type=int, help=f"default {DEFAULT_PORT}; 0: any free one")
    parser.add_argument("--bars", metavar="FILE", help="replay these bars (Parquet or CSV)")
    parser.add_argument("--chains", metavar="DIR", help="recorded chains for the replay")
    parser.add_argument("--at", metavar="TIME", help="start of the clock, ISO 8601 with offset")
    parser.add_argument("--speed", type=float, default=1.0, help="virtual seconds a second; 0 held")
    parser.add_argument("--seed", type=int, default=0, help="seed of the market")
    parser.add_argument("--accounts", default="DU1234567", help="DU… paper, U… live; A,B")
    parser.add_argument("--pace", choices=("none", "realistic"), default="none")
    parser.add_argument(
        "--data",
        choices=("live", "delayed", "none", "competing"),
        default="live",
        help="what the market data subscription gives",
    )
    parser.add_argument(
        "--strict", action="store_true", help="refuse what today's TWS refuses of old clients too"
    )
    parser.add_argument(
        "--cash",
        action="append",
        default=[],
        metavar="EUR=N@RATE",
        help="foreign cash of every account, at USD a unit; may be given again",
    )
    parser.add_argument("--base", default="USD", help="base currency of the accounts")
    parser.add_argument("--master", type=int, metavar="ID", help="client that hears of all orders")
    parser.add_argument("--control-port", type=int, help="port of the control line (loopback)")
    parser.add_argument("--faults", metavar="FILE", help="what goes wrong and when, TOML")
    parser.add_argument("--frames", metavar="FILE", help="write every frame down, JSON lines")
    parser.add_argument(
        "--ticks",
        type=float,
        metavar="N",
        help="let all quotes move to and fro by a tick, N ticks a second together",
    )
    parser.add_argument("--replay", metavar="FILE", help="play such a file again, compare, and end")
    for name, what in CHANCES.items():
        parser.add_argument(f"--{name}", type=float, default=0.0, metavar="P", help=what)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    """Serve until interrupted, or play a log of frames again."""
    if args.replay:
        return _replay(args.replay)
    for name, port in (("--port", args.port), ("--control-port", args.control_port)):
        if port is not None and not 0 <= port <= 65535:
            raise UserError(
                f"{name} {port} is no port", remedy="choose one from 0 to 65535", exit_code=2
            )
    from vst_desktop.adapters.tws_sim.clock import FASTEST

    if not 0 <= args.speed <= FASTEST:
        raise UserError(
            f"--speed {args.speed:g} is not from 0 to {FASTEST:g}",
            remedy="1 is real time, 0 holds the clock",
            exit_code=2,
        )
    if args.seed < 0:
        raise UserError(f"--seed {args.seed} is below 0", exit_code=2)
    if args.ticks is not None and not 0 < args.ticks <= 100_000:
        raise UserError(f"--ticks {args.ticks:g} is not above 0 and up to 100000", exit_code=2)
    if args.chains and not args.bars:
        raise UserError("--chains needs --bars", remedy="name the bars file too", exit_code=2)
    at = parse_moment(args.at) if args.at else None
    from pathlib import Path

    from vst_desktop.adapters.tws_sim.faults.script import read_script

    script = read_script(Path(args.faults)) if args.faults else ()
    market, start, recorded = make_market(args.bars, args.chains, at, args.seed)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(args, market, start, recorded, script))
    return 0


def _replay(file: str) -> int:
    from pathlib import Path

    from vst_desktop.adapters.tws_sim.clock import SimClock
    from vst_desktop.adapters.tws_sim.replay import read_log, replay

    head, lines = read_log(Path(file))
    given = argparse.Namespace(**head)
    start = datetime.fromisoformat(given.at)
    market, _, _ = make_market(given.bars, given.chains, start, given.seed)

    def make() -> tuple[TwsServer, SimClock]:
        clock = SimClock(start, 0)
        return make_server(given, market, clock, given.first_perm_id), clock

    outcome = replay(lines, make)
    print(f"{outcome.received} frames of clients, {outcome.sent} answers", end="; ")
    found = outcome.difference
    if found is None:
        print("all the same")
        return 0
    print(f"connection {found.connection}, answer {found.number} differs:")
    print(f"  recorded {found.recorded}\n  replayed {found.replayed}")
    return 1


def make_market(
    bars: str | None, chains: str | None, at: datetime | None, seed: int
) -> tuple[Market, datetime, frozenset[str]]:
    """The market, the clock's start, and the symbols whose chain was recorded.

    Raises:
        UserError: A file cannot be used, or the market has nothing at that time.
    """
    if bars is None:
        from vst_desktop.adapters.tws_sim.market_builtin import (
            DEFAULT_START,
            BuiltinMarket,
            check_start,
        )

        return BuiltinMarket(seed), check_start(at or DEFAULT_START), frozenset()
    if at is None:
        raise UserError(
            "--bars needs --at", remedy="say when, as --at 2014-06-09T14:43-04:00", exit_code=2
        )
    from pathlib import Path

    from vst_desktop.adapters.files.bars import read_bars
    from vst_desktop.adapters.files.chains import chain_files, read_chain
    from vst_desktop.adapters.tws_sim.market_replay import ReplayMarket
    from vst_desktop.runtime.calendar import Sessions, trading_day

    file = read_bars(bars)
    day = trading_day(at)
    if not Sessions().is_session(day):
        raise UserError(
            f"the exchange is closed on {day}", where="--at", remedy="choose a session day"
        )
    found = {}
    if chains is not None:
        for each in chain_files(chains):
            if each.day == day:
                found[each.symbol] = read_chain(each.path)
    market = ReplayMarket(
        {symbol: file.series.columns(symbol) for symbol in file.series},
        {error.symbol: error.error for error in file.errors},
        found,
        at,
        seed=seed,
        title=Path(bars).name,
    )
    if not market.stocks():
        raise UserError(
            f"no symbol has a bar on {day}", where=bars, remedy="choose another day with --at"
        )
    return market, at, market.recorded


async def _serve(
    args: argparse.Namespace,
    market: Market,
    start: datetime,
    recorded: frozenset[str],
    script: Sequence[Planned],
) -> None:
    from vst_desktop.adapters.tws_sim.clock import SimClock
    from vst_desktop.adapters.tws_sim.control import ControlLine
    from vst_desktop.adapters.tws_sim.faults.script import play

    clock = SimClock(start, args.speed)
    accounts = _accounts(args)
    server = make_server(args, market, clock)
    if args.frames:
        from pathlib import Path

        from vst_desktop.adapters.tws_sim.framelog import FrameLog

        head = {name: getattr(args, name) for name in REPLAYED} | {"at": start.isoformat()}
        server.frames = FrameLog.create(
            Path(args.frames), clock, {**head, "first_perm_id": server.first_perm_id}
        )
    ended = asyncio.Event()
    control = ControlLine(clock, market, server, recorded=recorded, shutdown=ended.set)
    default = 0 if args.child else DEFAULT_PORT
    port = await server.start(port=default if args.port is None else args.port)
    control_port = None
    if args.child or args.control_port is not None:
        try:
            control_port = await control.start(args.control_port or 0)
        except UserError:
            await server.stop()
            raise
    play(script, server.faults, clock)
    loop = asyncio.get_running_loop()
    with contextlib.suppress(NotImplementedError):  # not on Windows
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, ended.set)
    if args.child:
        print(f"VST-SIM|1|{port}|{control_port}", flush=True)
        loop.run_in_executor(None, _wait_for_parent, loop, ended)
    else:
        _tell(market, start, args.speed, port, control_port, accounts)
    quiver = None
    if args.ticks is not None:
        quiver = asyncio.create_task(server.quiver(args.ticks), name="sim:quiver")
    try:
        await ended.wait()
    finally:
        if quiver is not None:
            quiver.cancel()
        await control.stop()
        await server.stop()
        if server.frames is not None:
            server.frames.close()


def make_server(
    args: argparse.Namespace, market: Market, clock: SimClock, first_perm_id: int | None = None
) -> TwsServer:
    """The simulator that the arguments describe.

    Raises:
        UserError: They contradict each other or name what there is not.
    """
    from vst_desktop.adapters.tws_sim.currencies import Currencies, read_cash
    from vst_desktop.adapters.tws_sim.link import Feed, Pace
    from vst_desktop.adapters.tws_sim.matching import Matching
    from vst_desktop.adapters.tws_sim.server import TwsServer

    return TwsServer(
        market,
        clock,
        accounts=_accounts(args),
        seed=args.seed,
        pace=Pace(**REALISTIC) if args.pace == "realistic" else Pace(),
        matching=Matching(**{name: getattr(args, name) for name in CHANCES}),
        currencies=Currencies(base=args.base, foreign=dict(map(read_cash, args.cash))),
        strict=args.strict,
        feed=Feed(args.data),
        master_client_id=args.master,
        first_perm_id=first_perm_id,
    )


def _accounts(args: argparse.Namespace) -> list[str]:
    return [name.strip() for name in args.accounts.split(",") if name.strip()]


def _wait_for_parent(loop: asyncio.AbstractEventLoop, ended: asyncio.Event) -> None:
    """The end of stdin means that the parent is gone."""
    while sys.stdin.buffer.read(65536):
        pass
    with contextlib.suppress(RuntimeError):  # the loop has closed already
        loop.call_soon_threadsafe(ended.set)


def _tell(
    market: Market,
    start: datetime,
    speed: float,
    port: int,
    control_port: int | None,
    accounts: list[str],
) -> None:
    print(f"TWS simulator on 127.0.0.1:{port}, accounts {', '.join(accounts)}")
    print(f"{market.name}: {len(market.stocks())} symbols, {len(market.unserved)} not served")
    for symbol, reason in list(market.unserved.items())[:10]:
        print(f"  {symbol}: {reason}")
    print(f"clock {start.isoformat()}, {'held' if speed == 0 else f'{speed:g} x real time'}")
    if control_port is not None:
        print(f"control line on 127.0.0.1:{control_port}")
    print("Ctrl-C ends it.", flush=True)
