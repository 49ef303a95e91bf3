"""The rig of ``vst bench orders``: a desk on the simulator, fed with approvals at a steady rate."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path

from vst_desktop.adapters.demo.control import SimControl
from vst_desktop.adapters.demo.process import SimProcess
from vst_desktop.adapters.ibkr.broker import IbkrBroker
from vst_desktop.adapters.sqlite.journal import SqliteJournal
from vst_desktop.cli.bench.relay import Relay, Sightings
from vst_desktop.domain.account import AccountSnapshot
from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.orders import Mode
from vst_desktop.domain.quotes import OptionQuote, Right, StockQuote
from vst_desktop.domain.signals import Direction, Signal
from vst_desktop.domain.spreads import Candidate, ExitPlan, VerticalSpread
from vst_desktop.execution.desk import Desk
from vst_desktop.execution.rules import ApprovalRules, ExecutionRules
from vst_desktop.execution.services import Recheck
from vst_desktop.execution.states import TERMINAL
from vst_desktop.options.analytics import commission_usd
from vst_desktop.options.rules import SelectionRules
from vst_desktop.options.selection import select
from vst_desktop.ports.broker import BrokerBook
from vst_desktop.ports.store import IntentRecord
from vst_desktop.risk.sizing import RiskRules
from vst_desktop.runtime.calendar import Sessions, trading_day
from vst_desktop.runtime.clock import RunningClock
from vst_desktop.runtime.heap import keep_for_life
from vst_desktop.runtime.paths import find_paths
from vst_desktop.runtime.settings import Settings
from vst_desktop.strategy.exit import ExitRules

ACCOUNT = "U7654321"
AT = datetime.fromisoformat("2024-01-17T15:00-05:00")
ASKING_FIRST = 40
MOST_SYMBOLS = 60
SETTLE_SECS = 20.0
MESSAGES_PER_SECOND = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """``paced_ms`` at the steady rate, ``checked_ms`` with every check asked of TWS first.

    ``lost``: approvals that are not one order at the broker, or whose end the journal does not
    know; ``twice``: references that passed the socket more than once.
    """

    orders: int
    paced_ms: list[float]
    checked_ms: list[float]
    lost: int
    twice: int
    commits: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What streaming lines would have at hand."""

    account: AccountSnapshot
    book: BrokerBook
    ticks: dict[str, Decimal]
    legs: dict[str, tuple[OptionQuote, OptionQuote]]
    stocks: dict[str, StockQuote]


class StandingBroker(IbkrBroker):
    """The real adapter; with ``standing`` it answers from that instead of asking TWS."""

    standing: Standing | None = None

    async def account(self) -> AccountSnapshot:
        """The account."""
        return self.standing.account if self.standing else await super().account()

    async def book(self) -> BrokerBook:
        """The book."""
        return self.standing.book if self.standing else await super().book()

    async def combo_tick(self, spread: VerticalSpread) -> Decimal:
        """The combo's price increment."""
        if self.standing is None:
            return await super().combo_tick(spread)
        return self.standing.ticks[spread.symbol]

    async def option_quotes(self, spread: VerticalSpread) -> tuple[OptionQuote, OptionQuote]:
        """Quotes of the legs, of this moment."""
        if self.standing is None:
            return await super().option_quotes(spread)
        long, short = self.standing.legs[spread.symbol]
        return self._now(long), self._now(short)

    async def stock_quote(self, symbol: str) -> StockQuote:
        """The stock's quote, of this moment."""
        if self.standing is None:
            return await super().stock_quote(symbol)
        stock = self.standing.stocks[symbol]
        return replace(stock, quote=replace(stock.quote, time=self._clock.now()))

    def now(self) -> datetime:
        """The station's time."""
        return self._clock.now()

    def _now(self, leg: OptionQuote) -> OptionQuote:
        assert leg.quote is not None
        return replace(leg, quote=replace(leg.quote, time=self._clock.now()))


class Rig:
    """Approves candidates and cancels each order once it works, so that its symbol is free."""

    def __init__(self, desk: Desk, broker: StandingBroker, candidates: list[Candidate]) -> None:
        self._desk = desk
        self._broker = broker
        self._free = deque(candidates)
        self._busy: dict[str, Candidate] = {}
        self._asked: set[str] = set()
        self._clicks: set[asyncio.Task[None]] = set()
        self.clicked: dict[str, float] = {}
        """By order reference: when Approve was clicked, monotonic seconds."""

    async def pace(self, orders: int, per_second: float) -> None:
        """Click at a steady rate, whether or not the last one is through.

        The rig's own cancels go half-way between two clicks: they are not what is measured.
        """
        started = asyncio.get_running_loop().time()
        for number in range(orders):
            await _until(started + (number - 0.5) / per_second)
            await self._free_what_ended()
            async with asyncio.timeout(SETTLE_SECS):
                while not self._free:
                    await asyncio.sleep(0.005)
                    await self._free_what_ended()
            await _until(started + number / per_second)
            self._click()
        await self.settle()

    async def one_by_one(self, orders: int) -> None:
        """Click when the last one has ended."""
        for _ in range(orders):
            self._click()
            await self.settle()

    async def settle(self) -> None:
        """Wait until every order has ended."""
        async with asyncio.timeout(SETTLE_SECS):
            while self._clicks or self._busy:
                await asyncio.sleep(0.01)
                await self._free_what_ended()

    def _click(self) -> None:
        task = asyncio.create_task(self._approve(self._free.popleft()), name="bench:click")
        self._clicks.add(task)
        task.add_done_callback(self._clicks.discard)

    async def _approve(self, candidate: Candidate) -> None:
        clicked = time.monotonic()
        intent = await self._desk.approve(candidate, mode=Mode.LIVE, account=ACCOUNT)
        self.clicked[intent.order_ref] = clicked
        self._busy[intent.intent_id] = candidate

    async def _free_what_ended(self) -> None:
        for intent in self._desk.intents()[-2 * MOST_SYMBOLS :]:
            if intent.intent_id not in self._busy:
                continue
            if intent.state in TERMINAL:
                candidate = self._busy.pop(intent.intent_id)
                if not intent.filled:
                    self._free.append(candidate)
            elif intent.acknowledged_at is not None and intent.intent_id not in self._asked:
                self._asked.add(intent.intent_id)
                await self._broker.cancel(intent.order_id)


async def _until(moment: float) -> None:
    await asyncio.sleep(max(0.0, moment - asyncio.get_running_loop().time()))


async def measure(orders: int, per_second: float) -> Measured:
    """Run it all.

    Raises:
        UserError: The simulator, the relay or the journal does not work.
    """
    folder = find_paths().make().data
    with tempfile.TemporaryDirectory(dir=folder, prefix="bench-") as name:
        async with _opened(Path(name)) as (relay, broker, desk, journal):
            candidates, standing = await _candidates(broker)
            rig = Rig(desk, broker, candidates)
            keep_for_life()
            await rig.one_by_one(ASKING_FIRST)
            first = set(rig.clicked)
            broker.standing = standing
            started = time.monotonic()
            await rig.pace(orders, per_second)
            seconds = time.monotonic() - started
            broker.standing = None
            seen = relay.sightings()
            lost = await _lost(rig, seen, desk, broker)
            commits = len(await journal.events())
    waits = {ref: 1000 * (seen[ref][1] - clicked) for ref, clicked in rig.clicked.items()}
    return Measured(
        orders=len(rig.clicked) - len(first),
        paced_ms=[wait for ref, wait in waits.items() if ref not in first],
        checked_ms=[wait for ref, wait in waits.items() if ref in first],
        lost=lost,
        twice=sum(1 for count_, _ in seen.values() if count_ > 1),
        commits=commits,
        seconds=seconds,
    )


async def _lost(rig: Rig, seen: Sightings, desk: Desk, broker: StandingBroker) -> int:
    book = await broker.book()
    at_broker = {order.order_ref for order in (*book.completed_orders, *book.open_orders)}
    ended = {intent.order_ref for intent in desk.intents() if intent.state in TERMINAL}
    return len(rig.clicked.keys() - (at_broker & ended & seen.keys()))


@asynccontextmanager
async def _opened(
    folder: Path,
) -> AsyncIterator[tuple[Relay, StandingBroker, Desk, SqliteJournal]]:
    async with AsyncExitStack() as stack:
        process = SimProcess(["--at", AT.isoformat(), "--speed", "1", "--accounts", ACCOUNT])
        stack.push_async_callback(process.stop)
        await asyncio.gather(process.start(), asyncio.to_thread(Sessions().load))
        relay = await asyncio.to_thread(stack.enter_context, Relay(process.port))
        control = await SimControl.connect(process.control_port)
        clock = RunningClock((await control.read()).now, 1.0)
        await control.close()
        broker = StandingBroker(
            host="127.0.0.1",
            port=relay.port,
            client_id=17,
            account=ACCOUNT,
            allowed_accounts=(ACCOUNT,),
            messages_per_second=MESSAGES_PER_SECOND,
            clock=clock,
        )
        stack.push_async_callback(broker.close)
        journal = await SqliteJournal.open(folder / "journal.sqlite", clock.now)
        stack.push_async_callback(journal.close)
        desk = _desk(broker, journal, clock)
        broker.subscribe(desk.on_broker_event)
        await broker.connect()
        await desk.start()
        stack.push_async_callback(desk.stop)
        await desk.arm(ACCOUNT)
        yield relay, broker, desk, journal


def _desk(broker: StandingBroker, journal: SqliteJournal, clock: RunningClock) -> Desk:
    """A desk whose limits stand in no order's way."""
    settings = Settings()
    numbers = count(1)

    async def holds(intent: IntentRecord) -> Recheck:
        return Recheck(holds=True)

    def quiet(severity: Severity, message: str, details: str) -> None:
        """A thousand cancelled orders are a thousand alerts."""

    rules = settings.execution.model_dump(exclude={"trading_mode"})
    exits = settings.exits.model_dump()
    return Desk(
        broker=broker,
        journal=journal,
        clock=clock,
        calendar=Sessions(),
        execution=ExecutionRules(**{**rules, "reprice_step_seconds": 600}),
        approval=ApprovalRules(
            max_debit_over=0.5, max_drift_atr=100.0, min_reward_risk=0.05, max_spread_cost=100_000
        ),
        risk=RiskRules(
            max_positions=10**6,
            max_daily_trades=10**6,
            risk_per_trade=1.0,
            max_total_risk=10.0**6,
            max_contracts_per_trade=1,
            max_daily_loss=1.0,
        ),
        exits=ExitRules(**exits, stop_loss_atr_mult=settings.risk.stop_loss_atr_mult),
        allowed_accounts=(ACCOUNT,),
        entry_commission_usd=commission_usd(1),
        alert=quiet,
        on_change=lambda: None,
        new_id=lambda: f"{next(numbers):026d}",
        recheck=holds,
    )


async def _candidates(broker: StandingBroker) -> tuple[list[Candidate], Standing]:
    """One spread of each of the simulator's symbols, and what is at hand of them."""
    from vst_desktop.adapters.tws_sim.market_builtin import BuiltinMarket

    account, book = await broker.account(), await broker.book()
    standing = Standing(account=account, book=book, ticks={}, legs={}, stocks={})
    found = []
    for symbol in [stock.symbol for stock in BuiltinMarket(0).stocks()][:MOST_SYMBOLS]:
        candidate = await _candidate(broker, symbol)
        if candidate is None:
            continue
        spread = candidate.ranked.spread
        standing.ticks[symbol] = await broker.combo_tick(spread)
        standing.legs[symbol] = await broker.option_quotes(spread)
        standing.stocks[symbol] = await broker.stock_quote(symbol)
        if all(leg.quote for leg in standing.legs[symbol]):
            found.append(candidate)
    return found, standing


async def _candidate(broker: StandingBroker, symbol: str) -> Candidate | None:
    now = broker.now()
    today = trading_day(now)
    chain = await broker.option_chain(
        symbol, right=Right.CALL, dte=(28, 45), today=today, reach=1.0, max_contracts=24
    )
    options = Settings().options.model_copy(
        update={
            "min_delta": 0.1,
            "max_delta": 0.9,
            "max_spread_cost": 5_000,
            "min_reward_risk": 0.5,
        }
    )
    selection = select(
        chain, Direction.LONG, SelectionRules.of(options.model_dump()), now=now, today=today
    )
    if not selection.spreads:
        return None
    ranked, spot = selection.spreads[0], chain.underlying
    return Candidate(
        candidate_id=f"{symbol}:bench",
        revision=1,
        signal=Signal(
            symbol=symbol,
            strategy="HIGH_BASE",
            direction=Direction.LONG,
            date=today,
            close=spot,
            atr=1.0,
            rsi=65.0,
        ),
        ranked=ranked,
        alternatives=(),
        selection=selection,
        contracts=1,
        plan=_far_plan(spot, ranked.spread),
        spot=spot,
    )


def _far_plan(spot: float, spread: VerticalSpread) -> ExitPlan:
    """Levels that nothing reaches while this runs."""
    return ExitPlan(
        entry=spot,
        atr=1.0,
        stop=0.0,
        fibo_target=None,
        r_target=None,
        atr_target=None,
        target=None,
        target_reason=None,
        exit_by=spread.expiration - timedelta(days=14),
    )
