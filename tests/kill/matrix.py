"""R1: a station is killed at each of 25 points under each of 5 faults, and started again.

Every case has a TWS, which survives, in one process, and the station in a forked one that kills
itself; the second station is a new journal connection, adapter and desk in the surviving process.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import signal
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path

from tests.kill.bed import Bed, live_and_die
from tests.kill.points import POINTS, Point
from tests.simulation.check import judge
from tests.simulation.scene import CLIENT_ID
from vst_desktop.adapters.tws_sim.codes import Refusal
from vst_desktop.adapters.tws_sim.faults.rules import Action, Do, Rule, Trigger, Way

FAULTS = ("reply lost", "reply late", "partial fill", "fill while down", "TWS restarted")
RECOVERY_SECS = 5.0
LONGEST_LIFE_SECS = 40.0
AT_ONCE = 6
REST_SECS = 0.3
NEWS = (3, 5, 11)
"""Messages that answer an order: status, open order, execution."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one case came to; ``findings`` are sentences, none is good."""

    point: str
    fault: str
    findings: tuple[str, ...]
    orders: int
    unknown: int


def cases(count: int | None = None) -> list[tuple[int, int]]:
    """Pairs of point and fault; fewer ones have each point once, with the faults in turn."""
    every = list(product(range(len(POINTS)), range(len(FAULTS))))
    if count is None:
        return every
    return [(point, point % len(FAULTS)) for point in range(len(POINTS))][:count]


def play(case: tuple[int, int], recovery_secs: float = RECOVERY_SECS) -> Outcome:
    """One case, in this process and one forked from it."""
    logging.disable(logging.CRITICAL)
    point, fault = POINTS[case[0]], FAULTS[case[1]]
    with tempfile.TemporaryDirectory(prefix="vst-kill-", ignore_cleanup_errors=True) as folder:
        return _play(point, fault, Path(folder), recovery_secs)


def play_all(
    wanted: Sequence[tuple[int, int]], recovery_secs: float = RECOVERY_SECS
) -> list[Outcome]:
    """Every case, several at once: most of their time they wait.

    ``recovery_secs`` is how long the second station may take: more on a machine that is busy.
    """
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(AT_ONCE, mp_context=context) as pool:
        return list(pool.map(partial(play, recovery_secs=recovery_secs), wanted))


def _play(point: Point, fault: str, folder: Path, recovery_secs: float) -> Outcome:
    port_out, port_in = os.pipe()
    told_out, told_in = os.pipe()
    child = os.fork()
    if not child:
        _child(point, fault, folder, port_out, told_in)
    os.close(told_in)
    os.close(port_out)
    try:
        survive = _survive(point, fault, folder, child, port_in, told_out, recovery_secs)
        return asyncio.run(survive)
    finally:
        os.close(port_in)
        os.close(told_out)


def _child(point: Point, fault: str, folder: Path, port: int, told: int) -> None:
    code = 1
    try:
        bed = _bed(point, fault, folder)
        bed.port = int(os.read(port, 16))
        live_and_die(bed, point, told)
        code = 0
    finally:
        os._exit(code)


def _bed(point: Point, fault: str, folder: Path) -> Bed:
    seed = POINTS.index(point) * len(FAULTS) + FAULTS.index(fault) + 1
    loop = asyncio.new_event_loop()
    bed = Bed(seed=seed, folder=folder, loop=loop, mode=point.mode)  # type: ignore[arg-type]
    loop.close()
    return bed


async def _survive(
    point: Point,
    fault: str,
    folder: Path,
    child: int,
    port: int,
    told: int,
    recovery_secs: float,
) -> Outcome:
    bed = _bed(point, fault, folder)
    bed.loop = asyncio.get_running_loop()  # type: ignore[assignment]
    bed.time._monotonic = bed.loop.time
    bed.time.set_speed(1.0)
    asyncio.set_event_loop(bed.loop)
    await bed.serve()
    _before(bed, fault)
    os.write(port, str(bed.port).encode())
    os.set_blocking(told, False)
    findings: list[str] = []
    approved: set[str] = set()
    if not await bed.until(lambda: _is_gone(bed, child, told, approved), LONGEST_LIFE_SECS):
        os.kill(child, signal.SIGKILL)
        await bed.until(lambda: _is_gone(bed, child, told, approved), 5)
        findings.append("the point was never reached")
    _after(bed, fault)
    began = bed.loop.time()
    orders = unknown = 0
    try:
        async with asyncio.timeout(recovery_secs):
            await bed.boot()
            await bed.until(bed.ready, recovery_secs)
        await asyncio.sleep(REST_SECS)
        assert bed.station is not None
        known = {one.order_ref for one in bed.station.desk.intents()}
        findings += [f"{ref} was approved and is not known" for ref in sorted(approved - known)]
        verdict = await judge(bed)
        orders, unknown = verdict.orders, verdict.unknown
        for found in (verdict.duplicates, verdict.lost, verdict.wrong, verdict.breaches):
            findings += found
    except TimeoutError:
        findings.append(f"not recovered after {bed.loop.time() - began:.1f} s")
    except Exception as error:
        findings.append(f"the second station failed: {error!r}")
    finally:
        await bed.close()
    return Outcome(
        point=point.name,
        fault=fault,
        findings=tuple(findings),
        orders=orders,
        unknown=unknown,
    )


def _is_gone(bed: Bed, child: int, told: int, approved: set[str]) -> bool:
    """Hear what the station told its trader, and whether it has been killed."""
    approved |= _heard(bed, told)
    died, status = os.waitpid(child, os.WNOHANG)
    if died and not os.WIFSIGNALED(status):
        raise AssertionError("the station ended by itself")
    return bool(died)


def _heard(bed: Bed, told: int) -> set[str]:
    found = set()
    with suppress(BlockingIOError):
        for line in os.read(told, 4096).decode().splitlines():
            what, _, ref = line.partition(" ")
            if what == "cut":
                bed.server.faults.start("flap", times=1)
            elif ref:
                found.add(ref)
    return found


def _before(bed: Bed, fault: str) -> None:
    """What goes wrong while the first station lives."""
    panel = bed.server.faults
    if fault == "reply lost":
        lost = Action(do=Do.DROP)
        status = Trigger(way=Way.ANSWER, messages=frozenset({3}))
        panel.add(Rule(trigger=status, action=lost))
    elif fault == "reply late":
        late = Action(do=Do.DELAY, secs=0.2)
        panel.add(Rule(trigger=Trigger(way=Way.ANSWER, messages=frozenset(NEWS)), action=late))
    elif fault in ("partial fill", "fill while down"):
        panel.start("partial", quantity=1)


def _after(bed: Bed, fault: str) -> None:
    """What happens while no station lives."""
    panel, exchange = bed.server.faults, bed.server.exchange
    panel.clear_all()
    if fault == "fill while down":
        for order in exchange.working:
            bed.server.conditions.cancels_late = True
            with suppress(Refusal):
                exchange.cancel(CLIENT_ID, order.order_id)  # it comes too late: all is filled
            bed.server.conditions.cancels_late = False
    elif fault == "TWS restarted":
        panel.start("flap", times=1)
        panel.start("stale_next_id")


def report(outcomes: Sequence[Outcome], seconds: float) -> bool:
    """Print the matrix; whether everything holds."""
    by_case = {(one.point, one.fault): one for one in outcomes}
    print(f"kill -9: {len(outcomes)} of {len(POINTS) * len(FAULTS)} cases in {seconds:.0f} s")
    print(f"{'':<43}" + "".join(f"{name:<17}" for name in FAULTS))
    for point in POINTS:
        row = [by_case.get((point.name, fault)) for fault in FAULTS]
        if any(row):
            words = ("" if one is None else "BAD" if one.findings else "holds" for one in row)
            print(f"{point.name:<43}" + "".join(f"{word:<17}" for word in words))
    for one in outcomes:
        for finding in one.findings:
            print(f"  {one.point} / {one.fault}: {finding}")
    bad = sum(bool(one.findings) for one in outcomes)
    orders = sum(one.orders for one in outcomes)
    unknown = sum(one.unknown for one in outcomes)
    print(f"kill -9: {orders} orders, {unknown} unknown and explained, {bad} cases failed")
    return not bad
