"""From bars to candidates: fetch, scan, rank the signals, load chains, select spreads.

Holds what the last scan found. Knows neither window nor orders: sizing and denials are asked for
through ``size``, so that every candidate shows what could be bought now.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import date

from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.bars import BarSeries, SymbolError
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.quotes import OptionChain, OptionContract
from vst_desktop.domain.signals import Signal
from vst_desktop.domain.spreads import Candidate, ExitPlan, RankedSpread, Selection
from vst_desktop.execution.decisions import STATION, proposal
from vst_desktop.options.plan_odds import PlanRanking
from vst_desktop.options.rules import SelectionRules
from vst_desktop.options.selection import select
from vst_desktop.ports.clock import Clock
from vst_desktop.ports.scanner import Scanner, ScanRequest
from vst_desktop.ports.store import Journal
from vst_desktop.ports.universe import Universe, UniverseSource
from vst_desktop.runtime.calendar import Sessions, trading_day
from vst_desktop.runtime.settings import Settings
from vst_desktop.station.chains import Chains
from vst_desktop.station.findings import Findings, Progress
from vst_desktop.station.odds import Odds
from vst_desktop.station.ranking import LOAD_CHAIN, Judge, by_turnover, next_chain, standing
from vst_desktop.station.study import ask_what_if, fire_rates, nearest, strategy_errors
from vst_desktop.station.supply import Supply

log = logging.getLogger(__name__)

CHAINS_AT_ONCE = 2


class Research:
    """Runs scans and keeps their findings.

    Args:
        size: Contracts for a ranked spread now and the denial, if any.
        plan: The exit plan for a signal's spread entered now at a price of the underlying.
        held: Symbols of the open positions now.
        alert: Raises an alert.
        on_change: Called when the findings changed.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        universe: UniverseSource,
        chains: Chains,
        supply: Supply,
        scanner: Scanner,
        journal: Journal,
        clock: Clock,
        sessions: Sessions,
        size: Callable[[RankedSpread], tuple[int, str | None]],
        plan: Callable[[Signal, OptionContract, float], ExitPlan],
        held: Callable[[], Collection[str]],
        alert: Callable[[Severity, str, str], None],
        on_change: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._source = universe
        self._supply = supply
        self.chains = chains
        self._scanner = scanner
        self._journal = journal
        self._clock = clock
        self._sessions = sessions
        self._size = size
        self._plan = plan
        self._odds = Odds(settings)
        self._alert = alert
        self._on_change = on_change
        self._held = held
        self._opened: dict[str, None] = {}
        self._revisions: dict[str, int] = {}
        self._rejected: set[str] = set()
        self._lock = asyncio.Lock()
        self.universe = Universe()
        """What the last scan was of."""
        self.findings = Findings()
        self.progress: Progress | None = None

    def use(self, settings: Settings) -> None:
        """Take these settings from the next scan on."""
        self._settings = settings
        self._odds = Odds(settings)

    def bars(self, symbol: str) -> BarSeries | None:
        """The symbol's daily bars as last fetched."""
        return self._supply.bars.get(symbol)

    def opened(self, symbol: str) -> None:
        """The trader looks at this symbol: its chain goes before others that wait."""
        self._opened.pop(symbol, None)
        self._opened[symbol] = None

    async def scan(self) -> None:
        """One whole scan. A scan that is cancelled keeps what it found.

        Raises:
            UserError: The broker or the scanner cannot serve.
        """
        async with self._lock:
            with self._clock.work("scan"):
                try:
                    await self._scan()
                finally:
                    self.progress = None
                    self._on_change()

    async def _scan(self) -> None:
        await self.chains.market_data.events.refresh(self._alert)
        self.universe = universe = await self._source()
        found = Findings(errors=[SymbolError(symbol=s, error=e) for s, e in universe.unserved])
        self.progress = Progress(stage="bars", done=0, total=len(universe.symbols))
        fetched, failed = await self._supply.fetch(universe.symbols, self._tell_progress)
        held, told, lost = self._supply.held_for(failed)
        fetched, found.errors, found.warnings = [*fetched, *held], [*found.errors, *lost], told
        found.from_cache = tuple(series.symbol for series in held)
        self.progress = Progress(stage="scan", done=0, total=len(fetched))
        settings = self._settings.strategy
        put = await self._supply.hand_over(fetched, self._settings.bars.door_policy)
        found.errors += put.errors
        found.warnings += put.warnings
        bad = {error.symbol for error in put.errors}
        request = ScanRequest(
            symbols=tuple(s.symbol for s in fetched if s.symbol not in bad),
            strategies=settings.enabled,
            parameters=settings.model_dump(),
            resume=True,
        )
        found.result = await self._scanner.scan(request, self._tell_progress)
        found.errors += found.result.errors
        found.strategy_errors = await strategy_errors(found.result)
        self._judge([self._dated(s) for s in found.result.signals], found)
        self.findings = found
        await self._journal.record(
            "SCAN",
            by=STATION,
            symbols=universe.size,
            scanned=found.result.scanned,
            seconds=round(found.result.seconds, 6),
            errors=len(found.errors),
            signals=[(s.symbol, s.strategy, s.date.isoformat()) for s in found.signals],
        )
        self._on_change()
        found.fire_rates = await fire_rates(self._scanner, request)
        scanned = [self._supply.bars[symbol] for symbol in request.symbols]
        found.near_misses = await nearest(scanned, settings)
        self._on_change()
        await self._load_first_chains(found)

    def _tell_progress(self, done: int, total: int) -> None:
        if self.progress is not None:
            self.progress.done, self.progress.total = done, total
        self._on_change()

    def _dated(self, signal: Signal) -> Signal:
        series = self._supply.bars[signal.symbol]
        return replace(signal, forming=series.forming and signal.date == series.dates[-1])

    def _judge(self, signals: list[Signal], found: Findings) -> None:
        """Put signals in order, each with what is said of its chain."""
        bars = self._supply.bars
        today = trading_day(self._clock.now())
        last = today if self._sessions.is_session(today) else self._sessions.previous_session(today)
        judge = Judge(
            universe=self._settings.universe,
            rules=self.rules,
            oldest=self._sessions.previous_session(last),
        )
        found.signals = by_turnover(signals, bars)
        found.states = {s.symbol: judge.state(s, bars[s.symbol]) for s in signals}

    @property
    def rules(self) -> SelectionRules:
        """The selection rules of the present settings."""
        return SelectionRules.of(self._settings.options.model_dump())

    async def _load_first_chains(self, found: Findings) -> None:
        ready = {s.symbol for s in found.signals if found.states[s.symbol] == LOAD_CHAIN}
        found.chains_wanted = min(len(ready), self._settings.universe.max_chains)
        self.progress = Progress(stage="chains", done=0, total=found.chains_wanted)
        turns = iter(range(found.chains_wanted))

        async def load() -> None:
            for _ in turns:
                symbol = next_chain(
                    found.signals, found.states, held=self._held(), opened=tuple(self._opened)
                )
                if symbol is None:  # the trader loaded it meanwhile
                    return
                await self._load(symbol)
                assert self.progress is not None
                self.progress.done += 1
                self._on_change()

        async with asyncio.TaskGroup() as group:
            for number in range(CHAINS_AT_ONCE):
                group.create_task(load(), name=f"chains:{number}")

    async def load_chain(self, symbol: str) -> None:
        """Load one symbol's chain now; a failure is shown in its row."""
        with self._clock.work("chain"):
            await self._load(symbol)
            dividends = self.chains.market_data.events.dividends(symbol)
            await ask_what_if(self.findings, symbol, self.rules, self._clock.now(), dividends)
        self._on_change()

    async def _load(self, symbol: str) -> None:
        found = self.findings
        found.states[symbol] = "loading"
        self._on_change()
        for signal in [s for s in found.signals if s.symbol == symbol]:
            try:
                chain = await self.chains.fresh(symbol, signal.direction)
            except (UserError, TimeoutError) as error:
                text = str(error) or "the broker did not answer in time"
                found.states[symbol] = "no chain"
                found.chain_errors.append(SymbolError(symbol=symbol, error=text))
                self._alert(Severity.WARNING, f"{symbol}: option chain not loaded", text)
                return
            self._propose(signal, chain)
            await self._record_proposal(signal)
        self._on_change()

    async def _record_proposal(self, signal: Signal) -> None:
        candidate = self.findings.candidates.get(f"{signal.symbol}:{signal.strategy}")
        if candidate is None:
            return
        try:
            await self._journal.record("CANDIDATE", by=STATION, **proposal(candidate))
        except UserError as error:  # it is shown all the same; an approval has its own record
            log.warning("a candidate could not be journalled: %s", error)

    def _propose(self, signal: Signal, chain: OptionChain) -> None:
        found, now = self.findings, self._clock.now()
        selection = select(
            chain,
            signal.direction,
            self.rules,
            now=now,
            today=trading_day(now),
            dividends=self.chains.market_data.events.dividends(signal.symbol),
            plan=self._ranking(signal, chain),
        )
        key = f"{signal.symbol}:{signal.strategy}"
        found.chains[key] = chain
        found.selections[key] = selection
        found.states[signal.symbol] = (
            "forming" if signal.forming else self._age(signal.date, trading_day(now))
        )
        if not selection.spreads:
            found.candidates.pop(key, None)
            found.states[signal.symbol] = "no spread"
            return
        if key in self._rejected:
            return
        self.put(signal, selection, selection.spreads[0], selection.spreads[1:6], chain.underlying)

    def _ranking(self, signal: Signal, chain: OptionChain) -> PlanRanking | None:
        """What ``plan_value`` ranks by; None when another ranking is asked for."""
        if self.rules.rank_by != "plan_value":
            return None
        legs = {quote.contract.expiration: quote.contract for quote in chain.quotes}
        spot = chain.underlying
        return self._odds.ranking(
            {day: self._plan(signal, leg, spot) for day, leg in legs.items()},
            spot=spot,
            today=trading_day(self._clock.now()),
            bars=self.bars(signal.symbol),
            strategy=signal.strategy,
        )

    def _with_odds(self, candidate: Candidate) -> Candidate:
        odds = self._odds.of(
            candidate.ranked,
            candidate.plan,
            spot=candidate.spot,
            quantity=candidate.contracts,
            today=trading_day(self._clock.now()),
            bars=self.bars(candidate.signal.symbol),
            strategy=candidate.signal.strategy,
        )
        return replace(candidate, odds=odds)

    def put(
        self,
        signal: Signal,
        selection: Selection,
        ranked: RankedSpread,
        alternatives: tuple[RankedSpread, ...],
        spot: float,
    ) -> None:
        """Propose this spread for a signal, as a new revision."""
        key = f"{signal.symbol}:{signal.strategy}"
        contracts, denied = self._size(ranked)
        self._revisions[key] = self._revisions.get(key, 0) + 1
        candidate = Candidate(
            candidate_id=key,
            revision=self._revisions[key],
            signal=signal,
            ranked=ranked,
            alternatives=alternatives,
            selection=selection,
            contracts=contracts,
            plan=self._plan(signal, ranked.spread.long, spot),
            spot=spot,
            denied=denied,
            recorded=signal.symbol in self.universe.recorded,
        )
        self.findings.candidates[key] = self._with_odds(candidate)

    def confirm(self, candidate: Candidate) -> None:
        """Take a candidate whose quotes were looked at again."""
        self._revisions[candidate.candidate_id] = candidate.revision
        self.findings.candidates[candidate.candidate_id] = candidate

    def _age(self, day: date, today: date) -> str:
        age = 0
        while day < today:
            day = self._sessions.next_session(day)
            age += 1
        return f"{age} d" if age else "close"

    def candidates(self) -> list[Candidate]:
        """All candidates: recorded chains before modelled ones, then by the ranking of spreads."""
        rank_by = self.rules.rank_by
        return sorted(self.findings.candidates.values(), key=lambda c: standing(c, rank_by))

    def candidate(self, candidate_id: str, revision: int | None = None) -> Candidate:
        """One candidate.

        Raises:
            UserError: It is gone, or its revision is not the one that was shown.
        """
        candidate = self.findings.candidates.get(candidate_id)
        if candidate is None:
            raise UserError(f"{candidate_id} is no longer proposed", remedy="scan again")
        if revision is not None and candidate.revision != revision:
            raise UserError(
                f"{candidate.signal.symbol} changed since it was shown",
                remedy="look at the new figures and approve again",
            )
        return candidate

    def resize(self) -> None:
        """Work out sizes and denials again; a candidate whose figures changed gets a revision."""
        for key, candidate in self.findings.candidates.items():
            contracts, denied = self._size(candidate.ranked)
            if (contracts, denied) != (candidate.contracts, candidate.denied):
                self._revisions[key] += 1
                sized = replace(
                    candidate,
                    contracts=contracts,
                    denied=denied,
                    revision=self._revisions[key],
                )
                self.findings.candidates[key] = self._with_odds(sized)

    def choose(self, candidate_id: str, index: int) -> None:
        """Swap the candidate's spread with one of its alternatives."""
        candidate = self.candidate(candidate_id)
        if not 0 <= index < len(candidate.alternatives):
            raise UserError(f"there is no alternative {index + 1} for {candidate.signal.symbol}")
        rest = list(candidate.alternatives)
        chosen = rest.pop(index)
        self.put(
            candidate.signal,
            candidate.selection,
            chosen,
            (candidate.ranked, *rest),
            candidate.spot,
        )
        self._on_change()

    def reject(self, candidate_id: str) -> Candidate:
        """Take a candidate off the list until the next program start."""
        candidate = self.candidate(candidate_id)
        self._rejected.add(candidate_id)
        del self.findings.candidates[candidate_id]
        self._on_change()
        return candidate

    def take_off(self, candidate_id: str) -> None:
        """Take an approved candidate off the list."""
        self.findings.candidates.pop(candidate_id, None)
