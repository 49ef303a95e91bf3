"""The money path of a scenario: real desk, journal, adapter and simulator on virtual time.

Only the sockets and the clock are virtual, so that a scenario may take days and costs no time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.helpers.trades import APPROVAL, EXECUTION, EXITS, RISK, plan
from tests.simulation.loop import VirtualLoop
from tests.simulation.market import SimulationMarket
from tests.simulation.scene import ACCOUNT, CALENDAR, Scene
from vst_desktop.adapters.ibkr.broker import IbkrBroker
from vst_desktop.adapters.sqlite.journal import SqliteJournal
from vst_desktop.adapters.tws_sim.clock import SimClock
from vst_desktop.adapters.tws_sim.contracts import ContractSpec
from vst_desktop.adapters.tws_sim.manual import HandLeg
from vst_desktop.adapters.tws_sim.matching import Matching
from vst_desktop.adapters.tws_sim.orders import Order
from vst_desktop.adapters.tws_sim.server import TwsServer
from vst_desktop.adapters.tws_sim.world import Instrument, MarketQuote
from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.events import CorporateEvent, SymbolEvents
from vst_desktop.domain.orders import Mode, OrderState, Purpose
from vst_desktop.domain.quotes import OptionContract
from vst_desktop.domain.spreads import Candidate, ExitPlan, VerticalSpread
from vst_desktop.execution.desk import Desk
from vst_desktop.execution.services import Recheck
from vst_desktop.ports.store import IntentRecord, PositionRecord
from vst_desktop.runtime.calendar import EASTERN
from vst_desktop.runtime.clock import RunningClock

LOOK_SECS = 0.1


class HandMarket(SimulationMarket):
    """Stocks stand where the scenario puts them; sizes, halts and widths by its hand."""

    def __init__(self, start: datetime) -> None:
        super().__init__(0, start)
        self.hand: dict[str, float] = {}
        self.halted: set[str] = set()
        self.size = 50
        self.half_width = 0.05
        self.dark: set[int] = set()

    def spot(self, symbol: str, at: datetime) -> float:
        """The stock's price."""
        return self.hand.get(symbol, 100.0)

    def quote(self, instrument: Instrument, at: datetime) -> MarketQuote | None:
        """Quotes of this moment."""
        told = super().quote(instrument, at)
        if told is None or instrument.con_id in self.dark:
            return None if told is None else replace(told, bid=None, ask=None)
        told = replace(told, halted=instrument.symbol in self.halted)
        if instrument.sec_type == "STK" or told.bid is None or told.ask is None:
            return told
        middle = (told.bid + told.ask) / 2
        return replace(
            told,
            bid=round(max(middle - self.half_width, 0.0), 2),
            ask=round(middle + self.half_width, 2),
            bid_size=self.size,
            ask_size=self.size,
        )


@dataclass
class DeskScene(Scene):
    """A scene whose market and rules a scenario sets; ``start`` is New York's time."""

    start: datetime = field(default_factory=lambda: eastern("2023-11-07 15:20"))
    rules: dict[str, Any] = field(default_factory=dict)
    recheck: Recheck = field(default_factory=lambda: Recheck(holds=True))
    known: tuple[CorporateEvent, ...] = ()
    freezes_at_send: bool = False
    """Nothing more arrives from the moment an order is about to go."""

    async def open(self, *, boots: bool = True) -> None:
        """Start TWS and the station."""
        self.market = HandMarket(self.start)
        self.time = SimClock(self.start, 1.0, self.loop.time)
        self.server = TwsServer(
            self.market, self.time, accounts=self.accounts, seed=self.seed, matching=self.matching
        )
        self.port = await self.server.start()
        if boots:
            await self.boot()

    def _desk(self, clock: RunningClock, journal: SqliteJournal, broker: IbkrBroker) -> Desk:
        async def recheck(intent: IntentRecord) -> Recheck:
            return self.recheck

        return Desk(
            broker=broker,
            journal=journal,
            clock=clock,
            calendar=CALENDAR,
            **{
                "execution": EXECUTION,
                "approval": APPROVAL,
                "risk": RISK,
                "exits": EXITS,
                "allowed_accounts": (ACCOUNT,),
                **self.rules,
            },
            entry_commission_usd=Decimal("1.30"),
            alert=self._alert,
            on_change=self._changed,
            new_id=lambda: f"{next(self.numbers):026d}",
            recheck=recheck,
            events=lambda symbol: SymbolEvents(symbol=symbol, events=self.known),
        )

    def _changed(self) -> None:
        if self.station is None or not self.freezes_at_send:
            return
        if any(i.state is OrderState.SENDING for i in self.station.desk.intents()):
            self.network.faults.frozen = True


class DeskWorld:
    """What the steps of a scenario hold in their hands; opened at its first use."""

    def __init__(self, folder: Path) -> None:
        self.at = "2023-11-07 15:20"
        self.mode = Mode.DEMO
        self.rules: dict[str, Any] = {}
        self.matching = Matching(within_sizes=True)
        self.plan_changes: dict[str, Any] = {}
        self.arms = True
        self.denied: str | None = None
        self.approved: dict[str, str] = {}
        self.spreads: dict[str, VerticalSpread] = {}
        self.refusal: UserError | None = None
        self.known: list[CorporateEvent] = []
        self._folder = folder
        self._runner = asyncio.Runner(loop_factory=VirtualLoop)
        self._scene: DeskScene | None = None

    def run[T](self, work: Coroutine[Any, Any, T]) -> T:
        """Run to its end on the scenario's loop."""
        return self._runner.run(work)

    @property
    def scene(self) -> DeskScene:
        """The scene; opens it when it is not open."""
        if self._scene is None:
            self.run(self._open())
        assert self._scene is not None
        return self._scene

    async def _open(self) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        asyncio.set_event_loop(loop)  # ib_insync asks for it
        self._scene = DeskScene(
            seed=1,
            folder=self._folder,
            loop=loop,
            mode=self.mode if self.arms else Mode.DEMO,
            matching=self.matching,
            start=eastern(self.at),
            rules=self.rules,
            known=tuple(self.known),
        )
        await self._scene.open()

    def close(self) -> None:
        """End everything."""
        try:
            if self._scene is not None:
                self.run(self._scene.close())
        finally:
            self._runner.close()

    @property
    def market(self) -> HandMarket:
        """The market, for the scenario's hand."""
        assert isinstance(self.scene.market, HandMarket)
        return self.scene.market

    @property
    def desk(self) -> Desk:
        """The running desk; opens the scene when it is not open."""
        assert self.scene.station is not None
        return self.scene.station.desk

    def wait(self, secs: float) -> None:
        """Let so much of the clock pass."""
        assert self.scene is not None
        self.run(asyncio.sleep(secs))

    def wait_to(self, moment: str) -> None:
        """Let the clock reach a moment of New York's time. Over night the station is off."""
        end = eastern(moment)
        morning = end.replace(hour=9, minute=25)
        if self.scene.time.now() < morning - timedelta(hours=1):
            self.run(self._over_night(morning))
        self.wait(max(0.0, (end - self.scene.time.now()) / timedelta(seconds=1)))

    async def _over_night(self, morning: datetime) -> None:
        await self.scene.shut()
        await asyncio.sleep((morning - self.scene.time.now()) / timedelta(seconds=1))
        await self.scene.boot()

    def wait_until(self, holds: Callable[[], Any], what: str, secs: float = 120.0) -> None:
        """Let the clock run until it holds."""
        for _ in range(int(secs / LOOK_SECS)):
            if holds():
                return
            self.wait(LOOK_SECS)
        raise AssertionError(f"never: {what}\n" + "\n".join(self.scene.log.lines[-15:]))

    # -- what the trader does

    def candidate(self, symbol: str, contracts: int = 2) -> Candidate:
        """A 100/110 call spread as it would be shown now."""
        made = self.scene.candidate(symbol)
        spot = self.market.spot(symbol, self.scene.time.now())
        return replace(
            made,
            contracts=contracts,
            denied=self.denied,
            spot=spot,
            signal=replace(made.signal, atr=2.0, close=spot),
            plan=self._plan(spot),
        )

    def _plan(self, spot: float) -> ExitPlan:
        return replace(plan(entry=spot, atr=2.0), **self.plan_changes)

    def approve(self, symbol: str = "AAPL", contracts: int = 2) -> None:
        """Approve; a refusal is kept for the next steps."""
        self.refusal = None
        made = self.candidate(symbol, contracts)
        self.spreads[symbol] = made.ranked.spread
        try:
            intent = self.run(self.desk.approve(made, mode=self.mode, account=ACCOUNT))
        except UserError as refusal:
            self.refusal = refusal
            return
        self.approved[symbol] = intent.intent_id
        self.wait(0.2)

    def hold(self, symbol: str = "AAPL", contracts: int = 2) -> PositionRecord:
        """A position opened just now."""
        self.approve(symbol, contracts)
        assert self.refusal is None, self.refusal
        self.wait_until(lambda: self.intent(symbol).state is OrderState.FILLED, f"{symbol} filled")
        return self.position(symbol)

    # -- what somebody does in TWS

    def rest(self, *symbols: str, contracts: int = 2) -> None:
        """Limit orders that work and are not filled."""
        self.mode = Mode.LIVE
        self.rules["execution"] = replace(EXECUTION, reprice_step_seconds=3600)
        for symbol in symbols:
            self.approve(symbol, contracts)
            assert self.refusal is None, self.refusal
        for symbol in symbols:
            self.wait_until(lambda s=symbol: self.intent(s).state is OrderState.WORKING, symbol)

    def hand(self, symbol: str, action: str, spreads: int) -> None:
        """Trade the symbol's approved spread in TWS itself."""
        spread = self.spreads[symbol]
        bag = ContractSpec(symbol=symbol, sec_type="BAG", exchange="SMART", currency="USD")
        self.scene.server.hands.order(
            bag,
            action,
            Decimal(spreads),
            legs=tuple(
                HandLeg(spec=_spec(leg), action=side)
                for leg, side in ((spread.long, "BUY"), (spread.short, "SELL"))
            ),
        )

    def hand_buys(self, contract: OptionContract, quantity: int) -> None:
        """Move a leg in (out when negative) in TWS itself."""
        self.scene.server.hands.position(_spec(contract), Decimal(quantity), Decimal(1))

    # -- what came of it

    def intent(self, symbol: str) -> IntentRecord:
        """The symbol's approval."""
        return next(i for i in self.desk.intents() if i.intent_id == self.approved[symbol])

    def position(self, symbol: str) -> PositionRecord:
        """The symbol's position, open or closed."""
        return next(p for p in self.desk.positions(open_only=False) if p.spread.symbol == symbol)

    def legs(self, symbol: str) -> tuple[OptionContract, OptionContract]:
        """The legs of the symbol's approved spread."""
        spread = self.spreads[symbol]
        return spread.long, spread.short

    def exits(self) -> list[IntentRecord]:
        """Closing orders."""
        return [i for i in self.desk.intents() if i.purpose is Purpose.EXIT]

    def told(self, part: str) -> list[Severity]:
        """Severities of the alerts that hold the text."""
        return [s for s, message, details in self.scene.alerts if part in message + details]

    def working(self) -> list[Order]:
        """Orders of this station that work at TWS."""
        return [o for o in self.scene.server.exchange.working if o.client_id > 0]

    def sent(self) -> int:
        """Orders of this station that ever reached TWS."""
        return len([o for o in self.scene.server.exchange.orders if o.client_id > 0])

    def held(self, contract: OptionContract) -> int:
        """How many of a contract TWS holds."""
        return sum(
            int(one.position.quantity)
            for one in self.scene.server.exchange.accounts.held(ACCOUNT)
            if one.position.instrument.con_id == contract.con_id
        )


def eastern(text: str) -> datetime:
    """``2023-11-07 14:00`` in New York."""
    return datetime.fromisoformat(text).replace(tzinfo=EASTERN)


def _spec(contract: OptionContract) -> ContractSpec:
    return ContractSpec(con_id=contract.con_id, exchange="SMART")
