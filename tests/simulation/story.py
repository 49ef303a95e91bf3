"""What one seed plays: approvals and commands of a trader, and what goes wrong meanwhile."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal

from tests.simulation.market import SYMBOLS
from tests.simulation.network import Faults
from tests.simulation.scene import ACCOUNT, Scene
from vst_desktop.adapters.tws_sim.codes import Refusal
from vst_desktop.adapters.tws_sim.contracts import ContractSpec, Leg
from vst_desktop.adapters.tws_sim.orders import Ticket
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.orders import Purpose
from vst_desktop.ports.store import PositionRecord

MINUTES = 32
CALM_MINUTES = 5
"""At the end nothing goes wrong any more, so that everything can come to rest."""

AIMED = 0.7
"""Of the faults: they come about when an order goes."""

type Step = Callable[[Scene], Awaitable[None]]


class Story:
    """Draws from the scene's seed what happens when, and lets it happen."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.faults: Counter[str] = Counter()
        self.approved = self.refused = 0

    async def play(self) -> None:
        """All of it; returns when the calm minutes are over."""
        scene, rng = self.scene, self.scene.rng
        steps: list[tuple[float, str, Step]] = [
            (rng.uniform(5, 60 * (MINUTES - 8)), "approve", self._approve)
            for _ in range(rng.randint(2, 8))
        ]
        for name, step in COMMANDS.items():
            if rng.random() < 0.25:
                steps.append((rng.uniform(120, 60 * MINUTES), name, step))
        for _ in range(rng.randint(2, 8)):
            name = rng.choice(list(FAULTS))
            due = rng.uniform(1, 60 * MINUTES)
            if rng.random() < AIMED:  # at an order that is on its way
                due = rng.choice([at for at, what, _ in steps if what == "approve"])
                due += rng.uniform(-1.0, 1.0) * rng.choice([0.1, 1.0, 20.0])
            steps.append((max(1.0, due), name, self._faulty(name)))
        steps.sort(key=lambda one: one[:2])
        start = scene.loop.time()
        running = []
        for due, name, step in steps:
            await asyncio.sleep(max(0.0, start + due - scene.loop.time()))
            scene.log.add(f"step {name}")
            running.append(asyncio.ensure_future(self._run(step)))
        await asyncio.gather(*running)
        await asyncio.sleep(max(0.0, start + 60 * MINUTES - scene.loop.time()))
        scene.network.faults = Faults()
        _thaw(scene)
        if scene.station is None:
            await scene.boot()
        await asyncio.sleep(60 * CALM_MINUTES)

    async def _run(self, step: Step) -> None:
        try:
            await step(self.scene)
        except UserError as error:
            self.scene.log.add(f"refused: {error}")

    async def _approve(self, scene: Scene) -> None:
        if scene.station is None:
            return
        made = scene.candidate(scene.rng.choice(SYMBOLS))
        # A double click is two approvals of the same row in one turn.
        clicks = 2 if scene.rng.random() < 0.3 else 1
        desk = scene.station.desk
        results = await asyncio.gather(
            *(desk.approve(made, mode=scene.mode, account=ACCOUNT) for _ in range(clicks)),
            return_exceptions=True,
        )
        for result in results:
            if isinstance(result, BaseException) and not isinstance(result, UserError):
                raise result
            taken = not isinstance(result, BaseException)
            self.approved += taken
            self.refused += not taken
            scene.log.add(f"approval {'taken' if taken else f'refused: {result}'}")

    def _faulty(self, name: str) -> Step:
        async def step(scene: Scene) -> None:
            self.faults[name] += 1
            await FAULTS[name](scene)

        return step


# -- what a trader does


async def _withdraw(scene: Scene) -> None:
    if scene.station is not None:
        for intent in scene.station.desk.intents()[-1:]:
            await scene.station.desk.withdraw(intent.intent_id)


async def _close_position(scene: Scene) -> None:
    if scene.station is not None:
        for position in scene.station.desk.positions()[:1]:
            await scene.station.desk.close_position(position.position_id)


async def _flatten(scene: Scene) -> None:
    if scene.station is not None:
        await scene.station.desk.flatten()


async def _kill_switch(scene: Scene) -> None:
    if scene.station is None:
        return
    await scene.station.desk.kill("simulation")
    sent_before = _sent(scene)
    await asyncio.sleep(scene.rng.uniform(30, 240))
    # What was on the wire at that moment may arrive; nothing is sent after it.
    scene.breaches += [f"{ref} sent under the kill switch" for ref in _sent(scene) - sent_before]
    if scene.station is not None:
        await scene.station.desk.clear_kill("simulation")


def _sent(scene: Scene) -> set[str]:
    if scene.station is None:
        return set()
    intents = scene.station.desk.intents()
    return {i.order_ref for i in intents if i.purpose is Purpose.ENTRY and i.sent_at}


COMMANDS: dict[str, Step] = {
    "withdraw": _withdraw,
    "close": _close_position,
    "flatten": _flatten,
    "kill": _kill_switch,
}


# -- what goes wrong


def _for_a_while(longest_secs: float, **changes: object) -> Step:
    async def step(scene: Scene) -> None:
        before = scene.network.faults
        scene.network.faults = replace(before, **changes)  # type: ignore[arg-type]
        await asyncio.sleep(scene.rng.uniform(0.5, longest_secs))
        ended = {name: getattr(Faults(), name) for name in changes}
        scene.network.faults = replace(scene.network.faults, **ended)
        _thaw(scene)

    return step


def _thaw(scene: Scene) -> None:
    for link in tuple(scene.network.links):
        for end in (link.client, link.server):
            end.thaw()


async def _reset(scene: Scene) -> None:
    scene.network.cut()


async def _down(scene: Scene) -> None:
    scene.network.cut()
    await _for_a_while(200, refuse=True)(scene)


async def _upstream(scene: Scene) -> None:
    scene.network.say(1100, "Connectivity between IBKR and Trader Workstation has been lost.")
    await asyncio.sleep(scene.rng.uniform(1, 150))
    code = scene.rng.choice([1101, 1102])
    lost = "data lost" if code == 1101 else "data maintained"
    scene.network.say(code, f"Connectivity has been restored - {lost}.")


async def _farm(scene: Scene) -> None:
    scene.network.say(2103, "Market data farm connection is broken:usopt")
    await asyncio.sleep(scene.rng.uniform(1, 60))
    scene.network.say(2104, "Market data farm connection is OK:usopt")


async def _restart_tws(scene: Scene) -> None:
    """TWS comes back with the next order id rolled back to 1 (field guide)."""
    scene.network.cut()
    scene.server.exchange._highest_id.clear()
    await _for_a_while(60, refuse=True)(scene)


async def _crash(scene: Scene) -> None:
    if scene.station is None:
        return
    await scene.crash()
    await asyncio.sleep(scene.rng.uniform(1, 90))
    await scene.boot()


async def _closed_by_hand(scene: Scene) -> None:
    """The trader sells a spread of the book in TWS."""
    if scene.station is None:
        return
    for position in scene.station.desk.positions()[:1]:
        if not position.quantity:
            continue
        scene.log.add(f"closed by hand: {position.position_id}")
        _sell_by_hand(scene, position)


def _sell_by_hand(scene: Scene, position: PositionRecord) -> None:
    exchange, spread = scene.server.exchange, position.spread
    if any(order.client_id == 0 for order in exchange.working):
        return  # the last one is still at work
    held = {
        one.position.instrument.con_id: int(one.position.quantity)
        for one in exchange.accounts.held(ACCOUNT)
    }
    quantity = min(
        position.quantity, held.get(spread.long.con_id, 0), -held.get(spread.short.con_id, 0)
    )
    if quantity <= 0:
        return
    legs = tuple(
        Leg(con_id=leg.con_id, ratio=1, action=action, exchange="SMART")
        for leg, action in ((spread.long, "BUY"), (spread.short, "SELL"))
    )
    ticket = Ticket(
        order_id=exchange.next_order_id(),
        spec=ContractSpec(symbol=spread.symbol, sec_type="BAG", exchange="SMART", currency="USD"),
        action="SELL",
        quantity=Decimal(quantity),
        order_type="MKT",
        limit_price=None,
        account=ACCOUNT,
        legs=legs,
    )
    try:
        exchange.submit(0, ticket)
    except Refusal as refusal:
        scene.log.add(f"TWS refuses the hand order: {refusal.text}")


FAULTS: dict[str, Step] = {
    "reset": _reset,
    "tws down": _down,
    "frozen": _for_a_while(90, frozen=True),
    "slow": _for_a_while(120, latency_secs=(0.1, 6.0)),
    "duplicated": _for_a_while(300, duplicate=0.7),
    "swapped": _for_a_while(300, swap=0.5),
    "status lost": _for_a_while(120, lose_status=0.6),
    "1100": _upstream,
    "farm": _farm,
    "tws restart": _restart_tws,
    "crash": _crash,
    "closed by hand": _closed_by_hand,
}
