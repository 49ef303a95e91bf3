"""R2: stations killed at random moments, one after the other, on one journal and one TWS.

A bed is a TWS in a process of its own, which survives, and a row of stations, each forked, each
killed with SIGKILL while it trades twenty symbols at once. The last station stands in TWS's own
process, so that its book can be compared with what TWS has.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import multiprocessing
import os
import random
import select
import signal
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import NoReturn

from tests.kill.bed import Bed
from tests.simulation.check import judge
from tests.simulation.market import SimulationMarket
from tests.simulation.scene import ACCOUNT, CALENDAR
from vst_desktop.adapters.tws_sim.clock import SimClock
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.orders import Mode, OrderState
from vst_desktop.execution.states import TERMINAL
from vst_desktop.ports.store import IntentRecord
from vst_desktop.risk.sizing import RiskRules
from vst_desktop.runtime.calendar import EASTERN

SYMBOLS = tuple(f"S{number:02}" for number in range(20))
START = datetime(2023, 11, 7, 11, 0, tzinfo=EASTERN)
WINDOW_MINUTES = 300
RISK = RiskRules(
    max_positions=10**6,
    max_daily_trades=10**6,
    risk_per_trade=1.0,
    max_total_risk=10.0**6,
    max_contracts_per_trade=2,
    max_daily_loss=1.0,
)
BEDS = 4
RECOVERY_SECS = 30.0
REST_SECS = 10
LONGEST_LIFE_SECS = 60.0
"""Without an approval for so long, a station has hung."""
ORDERS_A_LIFE = 55
IDS_A_LIFE = 10**6
FILLED = 0.1
"""Share of the entries that are left to the ladder; the others are cancelled as they work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Soaked:
    """What one bed came to; ``findings`` are sentences, none is good."""

    kills: int
    approved: int
    orders: int
    unknown: int
    slowest_secs: float
    findings: tuple[str, ...]


class SoakBed(Bed):
    """Twenty symbols, and limits that stand in no order's way."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.market = SimulationMarket(self.seed, START, SYMBOLS)
        self.time = SimClock(START, 1.0, time.monotonic)
        self.risk = RISK
        self.execution = replace(self.execution, entry_window_minutes=WINDOW_MINUTES)


def play_all(kills: int, first: int, beds: int = BEDS, life: int = ORDERS_A_LIFE) -> list[Soaked]:
    """So many kills over several beds at once; a station lives for ``life`` orders on average."""
    context = multiprocessing.get_context("fork")
    shares = [kills // beds + (number < kills % beds) for number in range(beds)]
    with ProcessPoolExecutor(beds, mp_context=context) as pool:
        return list(pool.map(play, range(first, first + beds), shares, [life] * beds))


def play(seed: int, kills: int, life: int) -> Soaked:
    """One bed."""
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory(prefix="vst-soak-") as name:
        return _Driver(seed, Path(name), life).drive(kills)


class _Driver:
    """Starts stations and kills them; it has no loop and no threads, so that it may fork."""

    def __init__(self, seed: int, folder: Path, life: int) -> None:
        self._orders_a_life = life
        loop = asyncio.new_event_loop()
        self._bed = SoakBed(seed=seed, folder=folder, loop=loop, mode=Mode.LIVE)  # type: ignore[arg-type]
        loop.close()
        self._rng = random.Random(f"kills {seed}")
        self._approved: set[str] = set()
        self._slowest = 0.0
        self._findings: list[str] = []

    def drive(self, kills: int) -> Soaked:
        CALENDAR.load()  # once, not in every fork
        heard, said = os.pipe()
        asked, asks = os.pipe()
        tws = _forked(lambda: _tws(self._bed, said, asked))
        os.close(said)
        os.close(asked)
        with os.fdopen(heard) as answers:
            port = int(answers.readline())
            for life in range(1, kills + 1):
                self._live(port, life)
            os.write(asks, b"judge\n")
            verdict = json.loads(answers.readline())
        os.close(asks)
        os.waitpid(tws, 0)
        unheard = sorted(self._approved - set(verdict["known"]))
        self._findings += [f"{ref} was approved and is not known" for ref in unheard]
        return Soaked(
            kills=kills,
            approved=len(self._approved),
            orders=verdict["orders"],
            unknown=verdict["unknown"],
            slowest_secs=max(self._slowest, verdict["secs"]),
            findings=(*self._findings, *verdict["findings"]),
        )

    def _live(self, port: int, life: int) -> None:
        """One station, from its start to its death."""
        hears, tells = os.pipe()
        station = _forked(lambda: _station(self._bed, port, life, tells))
        os.close(tells)
        left = self._rng.randint(1, 2 * self._orders_a_life)
        with os.fdopen(hears) as lines:
            while left:
                ready, _, _ = select.select([lines], [], [], LONGEST_LIFE_SECS)
                if not ready or not (line := lines.readline()):
                    self._findings.append(f"station {life} hung or ended by itself")
                    break
                left -= self._take(life, line)
            time.sleep(self._rng.uniform(0, 0.05))
            os.kill(station, signal.SIGKILL)
            os.waitpid(station, 0)
            for line in lines:
                self._take(life, line)

    def _take(self, life: int, line: str) -> bool:
        """Hear one line; whether it was an order."""
        what, _, rest = line.strip().partition(" ")
        if what == "up":
            self._slowest = max(self._slowest, float(rest))
        elif what == "failed":
            self._findings.append(f"station {life}: {rest}")
        elif what == "approved" and rest:
            self._approved.add(rest)
        return what == "approved" or what == "closed"


def _forked(run: Callable[[], None]) -> int:
    child = os.fork()
    if not child:
        _end_after(run)
    return child


def _end_after(run: Callable[[], None]) -> NoReturn:
    code = 1
    try:
        run()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _tws(bed: SoakBed, said: int, asked: int) -> None:
    """The surviving half: TWS, and in the end a last station to be judged."""

    async def serve() -> None:
        _adopt_loop(bed)
        bed.numbers = itertools.count(10**12)
        await bed.serve()
        os.write(said, f"{bed.port}\n".encode())
        question = asyncio.Event()
        bed.loop.add_reader(asked, question.set)
        await question.wait()
        bed.loop.remove_reader(asked)
        began = time.monotonic()
        findings: list[str] = []
        await bed.boot()
        if not await bed.until(bed.ready, RECOVERY_SECS):
            findings.append("the last station did not recover")
        secs = time.monotonic() - began
        assert bed.station is not None
        verdict = await judge(bed)
        for _ in range(REST_SECS):  # its exits may be trading
            if verdict.holds:
                break
            await asyncio.sleep(1)
            verdict = await judge(bed)
        answer = {
            "orders": verdict.orders,
            "unknown": verdict.unknown,
            "secs": secs,
            "known": [one.order_ref for one in bed.station.desk.intents()],
            "findings": [
                *findings,
                *verdict.duplicates,
                *verdict.lost,
                *verdict.wrong,
                *verdict.breaches,
            ],
        }
        with os.fdopen(said, "w") as out:
            print(json.dumps(answer), file=out, flush=True)
        await bed.close()

    asyncio.run(serve())


def _adopt_loop(bed: SoakBed) -> None:
    bed.loop = asyncio.get_running_loop()  # type: ignore[assignment]
    asyncio.set_event_loop(bed.loop)


def _station(bed: SoakBed, port: int, life: int, tells: int) -> None:
    """The half that is killed."""

    def tell(text: str) -> None:
        os.write(tells, f"{text}\n".encode())

    async def live() -> None:
        _adopt_loop(bed)
        bed.port = port
        bed.numbers = itertools.count(life * IDS_A_LIFE)
        began = time.monotonic()
        await bed.boot()
        if not await bed.until(bed.ready, LONGEST_LIFE_SECS):
            tell("failed not reconciled")
        tell(f"up {time.monotonic() - began:.2f}")
        try:
            await asyncio.gather(*(_Trader(bed, symbol, life, tell).trade() for symbol in SYMBOLS))
        except Exception as error:
            tell(f"failed {error!r}")
            raise

    asyncio.run(live())


class _Trader:
    """Trades one symbol for ever, and answers what the station asks."""

    def __init__(self, bed: SoakBed, symbol: str, life: int, tell: Callable[[str], None]) -> None:
        assert bed.station is not None
        self._bed = bed
        self._desk = bed.station.desk
        self._broker = bed.station.broker
        self._symbol = symbol
        self._tell = tell
        self._rng = random.Random(f"{bed.seed} {life} {symbol}")
        self._left: set[str] = set()
        """Entries that may trade."""

    async def trade(self) -> None:
        while True:
            with suppress(UserError):  # what moved meanwhile is looked at again
                await self._step()
            await asyncio.sleep(self._rng.uniform(0.005, 0.05))

    async def _step(self) -> None:
        open_ones = [one for one in self._orders() if one.state not in TERMINAL]
        for intent in open_ones:
            if intent.state is OrderState.UNKNOWN:
                await self._desk.answers.disown(intent.intent_id)
            elif intent.state in (OrderState.QUEUED, OrderState.HELD):
                await self._desk.withdraw(intent.intent_id)
            elif intent.acknowledged_at and intent.order_ref not in self._left:
                self._left.add(intent.order_ref)
                await self._broker.cancel(intent.order_id)
        if open_ones:
            return
        held = [p for p in self._desk.positions() if p.spread.symbol == self._symbol]
        if held:
            await self._desk.close_position(held[0].position_id)
            self._tell("closed")
            return
        made = replace(self._bed.candidate(self._symbol), contracts=self._rng.randint(1, 2))
        intent = await self._desk.approve(made, mode=Mode.LIVE, account=ACCOUNT)
        self._tell(f"approved {intent.order_ref}")
        if self._rng.random() < FILLED:
            self._left.add(intent.order_ref)

    def _orders(self) -> list[IntentRecord]:
        return [one for one in self._desk.intents() if one.spread.symbol == self._symbol]


def report(beds: Sequence[Soaked], seconds: float) -> bool:
    """Print what came of it; whether everything holds."""
    for one in beds:
        for finding in one.findings:
            print(f"  {finding}")
    kills, orders = sum(one.kills for one in beds), sum(one.orders for one in beds)
    findings = sum(len(one.findings) for one in beds)
    print(f"kills                {kills} in {seconds:.0f} s")
    print(f"approvals            {sum(one.approved for one in beds)}")
    print(f"orders               {orders}")
    print(f"unknown, explained   {sum(one.unknown for one in beds)}")
    print(f"slowest recovery     {max(one.slowest_secs for one in beds):.1f} s")
    print(f"soak: {f'{findings} findings' if findings else 'every claim holds'}")
    return not findings
