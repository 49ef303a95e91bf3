"""The trader closes a spread by hand in TWS while the station's stop fires, at any moment of it.

Each seed draws the mode, the moment, how much is sold by hand, the network's delays and whether
orders trade in parts. Whatever the order of events, no leg may end on its other side.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import random
import tempfile
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from tests.simulation.loop import VirtualLoop
from tests.simulation.market import SimulationMarket
from tests.simulation.scene import ACCOUNT, START, Scene
from vst_desktop.adapters.tws_sim.codes import Refusal
from vst_desktop.adapters.tws_sim.contracts import ContractSpec
from vst_desktop.adapters.tws_sim.manual import HandLeg
from vst_desktop.adapters.tws_sim.matching import Matching
from vst_desktop.domain.orders import Mode
from vst_desktop.domain.spreads import VerticalSpread

OPENED_SECS, FALL_SECS, REST_SECS = 30, 40, 60
FALL = 0.93


class FallingMarket(SimulationMarket):
    """Still until it falls below every stop, at once."""

    def spot(self, symbol: str, at: datetime) -> float:
        """The stock's price."""
        still = self._walk(symbol)[0]
        return still if at < START + timedelta(seconds=FALL_SECS) else round(still * FALL, 2)


class HandScene(Scene):
    """A scene on the falling market."""

    def make_market(self) -> SimulationMarket:
        """The market of this seed."""
        return FallingMarket(self.seed, START)


def play(seed: int) -> str | None:
    """One interleaving; what is wrong in the end, None when nothing is."""
    logging.disable(logging.CRITICAL)
    try:
        with (
            tempfile.TemporaryDirectory(prefix="vst-hand-") as folder,
            asyncio.Runner(loop_factory=VirtualLoop) as runner,
        ):
            return runner.run(_play(seed, Path(folder)))
    finally:
        logging.disable(logging.NOTSET)


def play_all(seeds: Iterable[int]) -> dict[int, str]:
    """Every seed; those with a finding."""
    with ProcessPoolExecutor(mp_context=multiprocessing.get_context("fork")) as pool:
        wanted = list(seeds)
        found = pool.map(play, wanted, chunksize=8)
        return {seed: wrong for seed, wrong in zip(wanted, found, strict=True) if wrong}


async def _play(seed: int, folder: Path) -> str | None:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    asyncio.set_event_loop(loop)
    rng = random.Random(f"hand {seed}")
    scene = HandScene(
        seed=seed,
        folder=folder,
        loop=loop,
        mode=rng.choice([Mode.DEMO, Mode.LIVE]),
        matching=Matching(improvement=rng.choice([0.0, 0.5]), partial=rng.choice([0.0, 0.5])),
    )
    await scene.open()
    scene.network.faults.latency_secs = (0.0, rng.choice([0.001, 0.005, 0.02]))
    assert scene.station is not None
    desk = scene.station.desk
    try:
        made = replace(scene.candidate("AAPL"), contracts=rng.randint(1, 5))
        await desk.approve(made, mode=scene.mode or Mode.DEMO, account=ACCOUNT)
        begin = loop.time()
        await asyncio.sleep(OPENED_SECS)
        hand_at = begin + FALL_SECS + rng.uniform(-1, 40)
        await asyncio.sleep(hand_at - loop.time())
        _sell(scene, made.ranked.spread, rng)
        await asyncio.sleep(REST_SECS)
        return _reversed(scene, made.ranked.spread)
    finally:
        await scene.close()


def _held(scene: Scene, spread: VerticalSpread) -> tuple[int, int]:
    held = {
        one.position.instrument.con_id: int(one.position.quantity)
        for one in scene.server.exchange.accounts.held(ACCOUNT)
    }
    return held.get(spread.long.con_id, 0), held.get(spread.short.con_id, 0)


def _sell(scene: Scene, spread: VerticalSpread, rng: random.Random) -> None:
    """Sell what is held and not about to be sold: TWS shows a hand the station's orders too."""
    long, short = _held(scene, spread)
    under_way = sum(
        int(one.quantity - one.filled) for one in scene.server.exchange.working if not one.buys
    )
    left = min(long, -short) - under_way
    if left <= 0:
        return
    quantity = left if rng.random() < 0.7 else rng.randint(1, left)
    legs = [
        HandLeg(spec=ContractSpec(con_id=leg.con_id), action=action)
        for leg, action in ((spread.long, "BUY"), (spread.short, "SELL"))
    ]
    spec = ContractSpec(symbol=spread.symbol, sec_type="BAG", exchange="SMART", currency="USD")
    try:
        scene.server.hands.order(spec, "SELL", Decimal(quantity), legs=legs, account=ACCOUNT)
    except Refusal as refusal:
        raise AssertionError(f"the hand is refused: {refusal}") from None


def _reversed(scene: Scene, spread: VerticalSpread) -> str | None:
    long, short = _held(scene, spread)
    if long < 0 or short > 0:
        return f"reversed: {long} of the long leg, {short} of the short leg"
    assert scene.station is not None
    if long and not scene.alerts:
        return f"{long} are left and nobody was told"
    return None
