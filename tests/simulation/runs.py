"""Plays seeds and counts what came of them."""

from __future__ import annotations

import argparse
import asyncio
import logging
import multiprocessing
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tests.kill import matrix, soak
from tests.simulation import handclose
from tests.simulation.check import Verdict, judge
from tests.simulation.loop import VirtualLoop
from tests.simulation.scene import Scene
from tests.simulation.story import Story

SETTLED_SECS = 240


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one seed came to."""

    seed: int
    verdict: Verdict
    faults: Counter[str]
    approved: int
    refused: int
    crashes: int
    most_links: int
    digest: str
    log: Sequence[str] = field(repr=False)


def play(seed: int, folder: Path) -> Run:
    """One seed from its start to its verdict."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(_play(seed, folder))


async def _play(seed: int, folder: Path) -> Run:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    asyncio.set_event_loop(loop)  # ib_insync asks for it
    scene = Scene(seed, folder, loop)
    await scene.open()
    story = Story(scene)
    try:
        await story.play()
        await _rest(scene)
        verdict = await judge(scene)
    finally:
        await scene.close()
    return Run(
        seed=seed,
        verdict=verdict,
        faults=story.faults,
        approved=story.approved,
        refused=story.refused,
        crashes=scene.crashes,
        most_links=scene.network.most_links,
        digest=scene.log.digest(),
        log=scene.log.lines,
    )


async def _rest(scene: Scene) -> None:
    """Until the station has reconciled; the verdict says when it never does."""
    for _ in range(SETTLED_SECS):
        if scene.ready():
            return
        await asyncio.sleep(1)


def play_quietly(seed: int) -> Run:
    """In a process of its own, with a journal in a temporary folder."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with tempfile.TemporaryDirectory(prefix="vst-simulation-") as folder:
            return play(seed, Path(folder))
    finally:
        logging.disable(before)


def report(runs: Iterable[Run], seconds: float) -> bool:
    """Print the table; whether everything holds."""
    runs = list(runs)
    faults: Counter[str] = Counter()
    for run in runs:
        faults += run.faults
    for run in runs:
        if not run.verdict.holds:
            print(f"seed {run.seed}: replay with --seed {run.seed}")
            every = (*run.verdict.duplicates, *run.verdict.lost, *run.verdict.wrong)
            for finding in (*every, *run.verdict.breaches):
                print(f"  {finding}")
    print(f"seeds run            {len(runs)} in {seconds:.0f} s")
    for name, count in sorted(faults.items()):
        print(f"fault {name:<15}{count:>6}")
    sums = {
        "approvals taken": sum(r.approved for r in runs),
        "approvals refused": sum(r.refused for r in runs),
        "orders": sum(r.verdict.orders for r in runs),
        "stations killed": sum(r.crashes for r in runs),
        "duplicates": sum(len(r.verdict.duplicates) for r in runs),
        "lost": sum(len(r.verdict.lost) for r in runs),
        "wrong": sum(len(r.verdict.wrong) for r in runs),
        "limit breaches": sum(len(r.verdict.breaches) for r in runs),
        "unknown, explained": sum(r.verdict.unknown for r in runs),
    }
    for name, count in sums.items():
        print(f"{name:<21}{count}")
    return all(r.verdict.holds for r in runs)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=300, help="how many, from --first on")
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--seed", type=int, help="play this one alone and print its events")
    parser.add_argument(
        "--kills", type=int, default=-1, help="cases of the kill -9 matrix; all by default"
    )
    parser.add_argument(
        "--recovery", type=float, default=5.0, help="seconds that a second station may take"
    )
    parser.add_argument(
        "--hands", type=int, default=0, help="interleavings of a close by hand with the stop"
    )
    parser.add_argument(
        "--soak", type=int, default=0, help="stations killed at random while they trade"
    )
    parser.add_argument(
        "--life",
        type=int,
        default=soak.ORDERS_A_LIFE,
        help=f"orders until such a station is killed, on average (default {soak.ORDERS_A_LIFE})",
    )
    args = parser.parse_args()
    start = time.monotonic()
    if args.seed is not None:
        run = play_quietly(args.seed)
        print("\n".join(run.log))
        return 0 if report([run], time.monotonic() - start) else 1
    seeds = range(args.first, args.first + args.seeds)
    with ProcessPoolExecutor(mp_context=multiprocessing.get_context("fork")) as pool:
        runs = list(pool.map(play_quietly, seeds, chunksize=4))
    holds = report(runs, time.monotonic() - start)
    if args.kills:
        start = time.monotonic()
        wanted = matrix.cases(None if args.kills < 0 else args.kills)
        outcomes = matrix.play_all(wanted, args.recovery)
        holds = matrix.report(outcomes, time.monotonic() - start) and holds
    if args.hands:
        start = time.monotonic()
        wrong = handclose.play_all(range(args.first, args.first + args.hands))
        for seed, finding in wrong.items():
            print(f"closed by hand while the stop fires, seed {seed}: {finding}")
        secs = time.monotonic() - start
        print(
            f"closed by hand       {args.hands} interleavings in {secs:.0f} s, {len(wrong)} wrong"
        )
        holds = holds and not wrong
    if args.soak:
        start = time.monotonic()
        beds = soak.play_all(args.soak, args.first, life=args.life)
        holds = soak.report(beds, time.monotonic() - start) and holds
    print(f"simulation: {'every claim holds' if holds else 'SOMETHING DOES NOT HOLD'}")
    return 0 if holds else 1
