"""``vst bench select``: from quotes to ranked spreads with Greeks; prices alone beside a peer."""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vst_desktop.cli.common import add_json_option, progress_line, write_json
from vst_desktop.domain.errors import UserError

if TYPE_CHECKING:
    from vst_desktop.domain.quotes import OptionChain

CALLS = 100
CHAINS = 500
OPTIONS = 10_000
PEER_OPTIONS = 1_000
OPTION_CALLS = 50
P50_LIMIT_MS, ALL_LIMIT_SECS, GREEKS_LIMIT_MS = 20.0, 10.0, 2.0
_WARM_UP = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """One engine: what it works on and how long each call took, ms of one core."""

    name: str
    contracts: int
    times_ms: Sequence[float]

    @property
    def p50_ms(self) -> float:
        """Median."""
        return statistics.median(self.times_ms)

    @property
    def p99_ms(self) -> float:
        """99th percentile."""
        return sorted(self.times_ms)[min(len(self.times_ms) - 1, int(0.99 * len(self.times_ms)))]


def add_parser(names: Any) -> None:
    """Add the benchmark's arguments."""
    parser = names.add_parser("select", help="chains to ranked spreads with Greeks")
    parser.add_argument(
        "--chain", metavar="FILE", help="a recorded chain, measured beside the made ones"
    )
    parser.add_argument(
        "--chains",
        type=int,
        default=CHAINS,
        metavar="N",
        help=f"how many different made chains are ranked one after another (default {CHAINS})",
    )
    add_json_option(parser)


def run(args: argparse.Namespace) -> int:
    """Measure; 0 when it could, whether or not the targets were met."""
    if args.chains < 1:
        raise UserError(f"--chains {args.chains} is below 1", exit_code=2)
    from vst_desktop.cli.bench.chains import CONTRACTS, daily_chain, made_chain

    timed = [
        _ranking("made chain, weekly expirations", made_chain(1)),
        _ranking("made chain, daily expirations, all in range", daily_chain(1)),
        _ranking("made chain, Greeks from the broker", made_chain(1, with_greeks=True)),
    ]
    if args.chain:
        from vst_desktop.adapters.files.chains import read_chain

        timed.append(_ranking("recorded chain", read_chain(args.chain)))
    for line in (_line(one) for one in timed):
        print(line)
    with progress_line("ranking", "chains") as tell:
        all_ms = _many((made_chain(n) for n in range(args.chains)), args.chains, tell)
    prices, missing = _prices()
    for one in prices:
        print(_line(one))
    total_secs = sum(all_ms) / 1_000
    targets = [
        _target("p50_ms", timed[0].p50_ms, P50_LIMIT_MS),
        _target("all_chains_secs", total_secs * CHAINS / args.chains, ALL_LIMIT_SECS),
        _target("greeks_ms", prices[0].p50_ms, GREEKS_LIMIT_MS),
    ]
    print(f"{args.chains} different chains one after another: {total_secs:.2f} s of one core")
    for target in targets:
        met = "holds" if target["met"] else "missed"
        print(f"  {target['name']:<16}{target['value']:>9.2f}  at most {target['limit']:g}: {met}")
    write_json(
        args.json,
        {
            "chains": args.chains,
            "contracts": CONTRACTS,
            "p50_ms": timed[0].p50_ms,
            "p99_ms": timed[0].p99_ms,
            "all_chains_secs": total_secs,
            "greeks_ms": prices[0].p50_ms,
            "engines": [_row(one) for one in (*timed, *prices)],
            "not_installed": missing,
            "targets": targets,
        },
    )
    return 0


def _ranking(name: str, chain: OptionChain) -> Timed:
    times = [_rank_ms(chain, call) for call in range(CALLS + _WARM_UP)]
    return Timed(name=name, contracts=len(chain.quotes), times_ms=times[_WARM_UP:])


def _rank_ms(chain: OptionChain, call: int) -> float:
    from vst_desktop.domain.signals import Direction
    from vst_desktop.options.rules import SelectionRules
    from vst_desktop.options.selection import select
    from vst_desktop.runtime.calendar import trading_day
    from vst_desktop.runtime.settings import Settings

    rules = SelectionRules.of(Settings().options.model_dump())
    direction = (Direction.LONG, Direction.SHORT)[call % 2]
    today = trading_day(chain.time)
    return _ms(
        lambda: select(chain, direction, rules, now=chain.time, today=today, check_age=False)
    )


def _many(
    chains: Iterable[OptionChain], count: int, tell: Callable[[int, int], None]
) -> list[float]:
    """Times of every chain once, without those of making it."""
    times = []
    for number, chain in enumerate(chains):
        times.append(_rank_ms(chain, number))
        tell(number + 1, count)
    return times


def _prices() -> tuple[list[Timed], list[str]]:
    """Black-Scholes with all Greeks, ours and a loop of vollib's; what is not installed."""
    import numpy as np

    from vst_desktop.options.pricing import greeks

    g = np.random.default_rng(7)
    terms: dict[str, Any] = {
        "is_call": g.random(OPTIONS) < 0.5,
        "spot": 100.0,
        "strike": g.uniform(60, 150, OPTIONS),
        "years": g.uniform(0.01, 2, OPTIONS),
        "volatility": g.uniform(0.1, 0.8, OPTIONS),
        "rate": 0.04,
    }
    ours = Timed(
        name="Black-Scholes with all Greeks",
        contracts=OPTIONS,
        times_ms=[_ms(lambda: greeks(**terms)) for _ in range(OPTION_CALLS)],
    )
    try:
        from vollib.black_scholes import black_scholes  # type: ignore[import-untyped]
        from vollib.black_scholes.greeks import analytical  # type: ignore[import-untyped]
    except ImportError:
        return [ours], ["vollib"]
    some = [
        ("c" if call else "p", 100.0, float(k), float(t), 0.04, float(v))
        for call, k, t, v in zip(
            terms["is_call"], terms["strike"], terms["years"], terms["volatility"], strict=True
        )
    ][:PEER_OPTIONS]
    functions = [black_scholes, *(getattr(analytical, n) for n in ("delta", "gamma", "vega"))]
    functions.append(analytical.theta)
    theirs = Timed(
        name="vollib, the same in a loop",
        contracts=PEER_OPTIONS,
        times_ms=[_ms(lambda: [f(*one) for one in some for f in functions])],
    )
    return [ours, theirs], []


def _ms(call: Callable[[], object]) -> float:
    """Processor time of this process: on one core, whatever else the machine has to do."""
    start = time.process_time()
    call()
    return 1_000 * (time.process_time() - start)


def _target(name: str, value: float, limit: float) -> dict[str, Any]:
    return {"name": name, "value": value, "limit": limit, "met": value <= limit}


def _row(one: Timed) -> dict[str, Any]:
    return {
        "name": one.name,
        "contracts": one.contracts,
        "calls": len(one.times_ms),
        "p50_ms": one.p50_ms,
        "p99_ms": one.p99_ms,
    }


def _line(one: Timed) -> str:
    return (
        f"{one.name:<46}{one.contracts:>7,} contracts  p50 {one.p50_ms:8.2f} ms  "
        f"p99 {one.p99_ms:8.2f} ms"
    )
