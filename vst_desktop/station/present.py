"""Makes the window's snapshot from the station's state. Reads only; decides nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from vst_desktop.domain.orders import OrderState, Side
from vst_desktop.domain.quotes import DataType
from vst_desktop.domain.spreads import Candidate
from vst_desktop.ports.broker import ConnectionState
from vst_desktop.ports.store import IntentRecord
from vst_desktop.runtime.calendar import trading_day
from vst_desktop.runtime.tasks import TaskOwner
from vst_desktop.station.book_view import PositionRow
from vst_desktop.station.candidate_rows import CandidateRows
from vst_desktop.station.chain_rows import chain_view
from vst_desktop.station.charts import ChartMaker, spread_levels
from vst_desktop.station.figures_rows import account_figures, performance_rows
from vst_desktop.station.held_greeks import HeldGreeks
from vst_desktop.station.holdings import position_row
from vst_desktop.station.orders import STANDING, WAITING, order_rows
from vst_desktop.station.outlook import Outlook, outlook, payoff_view
from vst_desktop.station.previews import Previews
from vst_desktop.station.scans import ScanPresenter
from vst_desktop.station.ticket import make_ticket
from vst_desktop.station.view import (
    AlertRow,
    CandidatesView,
    ChartView,
    Light,
    LightView,
    PayoffView,
    StationView,
    StripView,
    TicketView,
)

if TYPE_CHECKING:
    from vst_desktop.station.station import Station


class Presenter:
    """Makes snapshots; keeps what is dear to make until its inputs change."""

    def __init__(self, station: Station, tasks: TaskOwner) -> None:
        self._station = station
        self._charts = ChartMaker()
        self._scans = ScanPresenter(station, self._charts)
        self._rows = CandidateRows(station)
        self.previews = Previews(
            station.engines, tasks, lambda: station.account_id, station.changed
        )
        self._version = 0
        self._greeks = HeldGreeks(station)
        self._outlooks: dict[tuple[str, int], Outlook] = {}
        self._drawn: tuple[tuple[str, int], PayoffView] | None = None

    def view(self) -> StationView:
        """The present snapshot."""
        station = self._station
        self._version += 1
        history = station.engines.alerts.history
        return StationView(
            version=self._version,
            strip=self._strip(),
            scan=self._scans.view(),
            candidates=self._candidates(),
            ticket=self._ticket(),
            orders=order_rows(station),
            positions=self._positions(),
            alerts=tuple(
                AlertRow(
                    number=entry.number,
                    time=entry.alert.time,
                    severity=entry.alert.severity,
                    message=entry.alert.message,
                    details=entry.alert.details,
                    symbol=entry.alert.symbol,
                    count=entry.count,
                    read=entry.read,
                    sent=", ".join(one.text() for one in entry.deliveries.values()),
                )
                for entry in history
            ),
            unread_alerts=sum(not entry.read for entry in history),
            chart=self._chart(),
            selected_symbol=station.selected_symbol,
            chain=chain_view(station, station.selected()),
            account=account_figures(station),
            performance=performance_rows(station),
        )

    def _positions(self) -> tuple[PositionRow, ...]:
        held = self._station.desk.positions()
        greeks = self._greeks.of(held)
        return tuple(position_row(self._station, position, greeks) for position in held)

    def waiting_intent(self, candidate_id: str) -> IntentRecord | None:
        """The approval of this candidate that has not been sent yet."""
        return self._intent(candidate_id, WAITING)

    def _intent(self, candidate_id: str, states: Collection[OrderState]) -> IntentRecord | None:
        symbol, _, strategy = candidate_id.partition(":")
        for intent in self._station.desk.intents():
            same = (intent.spread.symbol, intent.strategy) == (symbol, strategy)
            if same and intent.side is Side.BUY and intent.state in states:
                return intent
        return None

    def outlook(self, candidate: Candidate) -> Outlook:
        """Modelled profits of the candidate at its target and stop."""
        key = (candidate.candidate_id, candidate.revision)
        if key not in self._outlooks:
            today = trading_day(self._station.engines.clock.now())
            self._outlooks[key] = outlook(candidate, today=today)
        return self._outlooks[key]

    def _payoff(self, candidate: Candidate) -> PayoffView:
        key = (candidate.candidate_id, candidate.revision)
        if self._drawn is None or self._drawn[0] != key:
            station = self._station
            events = station.engines.market_data.events
            view = payoff_view(
                candidate,
                days_ahead=self.outlook(candidate).days_ahead,
                rules=station.research.rules,
                dividends=events.dividends(candidate.signal.symbol),
            )
            self._drawn = (key, view)
        return self._drawn[1]

    # -- parts

    def _strip(self) -> StripView:
        station = self._station
        risk, account, desk = station.settings.risk, station.account, station.desk
        opens, closes = station.window()
        nlv = account.net_liquidation_usd if account else None
        return StripView(
            mode=station.mode,
            account=station.account_id,
            armed=desk.armed_account is not None and desk.armed_account == station.account_id,
            net_liquidation_usd=nlv,
            available_usd=account.available_funds_usd if account else None,
            day_pnl_usd=account.day_pnl_usd if account else None,
            positions=len(desk.positions()),
            max_positions=risk.max_positions,
            trades_today=desk.trades_today(),
            max_trades=risk.max_daily_trades,
            at_risk_usd=desk.at_risk_usd(),
            max_risk_usd=nlv * Decimal(str(risk.max_total_risk)) if nlv is not None else None,
            now=station.engines.clock.now(),
            clock_speed=station.clock_speed,
            window_opens=opens,
            window_closes=closes,
            lights=self._lights(),
            killed=desk.killed,
            unprotected=station.desk.unprotected(),
            market_note=station.market_note,
            faults_on=station.drill.on if station.drill is not None else (),
        )

    def _lights(self) -> tuple[LightView, ...]:
        station, broker = self._station, self._station.engines.broker
        by_state = {
            ConnectionState.READY: Light.OK,
            ConnectionState.READ_ONLY: Light.DOWN,
            ConnectionState.CONNECTING: Light.BUSY,
            ConnectionState.UPSTREAM_LOST: Light.DOWN,
            ConnectionState.DISCONNECTED: Light.DOWN,
        }
        offset = broker.clock_offset_secs
        clock = Light.OK if offset is None or abs(offset) < 2 else Light.DOWN
        scanner = station.engines.scanner
        return (
            LightView(
                name="IBKR",
                state=by_state[broker.state],
                detail=f"{broker.state}; {broker.client_name}, server {broker.server_version}"
                + "".join(f"; data farm {name} is lost" for name in broker.farms_down),
            ),
            self._quotes_light(),
            LightView(
                name="Scanner",
                state=Light.OK if scanner.healthy else Light.DOWN,
                detail="Go scanner" if scanner.healthy else "scans run in-process, slower",
            ),
            LightView(
                name="Clock" if offset is None else f"Clock {offset * 1000:+.0f} ms",
                state=clock,
                detail="broker's clock less ours",
            ),
        )

    def _quotes_light(self) -> LightView:
        """Whether what is shown is live: orders need market data type 1."""
        station = self._station
        seen = [each.quote for each in station.stocks.values()]
        seen += [each.quote for each in station.options.values() if each.quote is not None]
        for chain in station.research.findings.chains.values():
            seen += [q.quote for q in chain.quotes if q.quote is not None][:1]
        other = {q.data_type for q in seen if q.data_type is not DataType.LIVE}
        if other:
            kinds = ", ".join(sorted(kind.name.lower().replace("_", " ") for kind in other))
            return LightView(name="Quotes", state=Light.DOWN, detail=f"{kinds}: not for orders")
        state = Light.OK if seen else Light.BUSY
        return LightView(name="Quotes", state=state, detail="live" if seen else "none yet")

    def _candidates(self) -> CandidatesView:
        station = self._station
        findings = station.research.findings
        rows = tuple(
            self._rows.row(c, self._intent(c.candidate_id, STANDING), self.outlook(c))
            for c in station.research.candidates()
        )
        failed: Counter[str] = Counter()
        considered = passed = 0
        for selection in findings.selections.values():
            failed.update(selection.rejected)
            considered += selection.considered
            passed += len(selection.spreads)
        parts = [
            f"{len(findings.selections)} chains",
            f"{considered:,} pairs",
            f"passed {passed:,}",
        ]
        if failed:
            worst = ", ".join(f"{k.replace('_', ' ')} {v:,}" for k, v in failed.most_common(2))
            parts.append(f"most failed: {worst}")
        note = None
        if not rows:
            note = (
                "No candidates yet: scan first (F5)."
                if not findings.selections
                else "No spread passes every filter. The counts above say which rule refused most."
            )
            note += "".join(
                f"\n{key.partition(':')[0]}: {asked.changes[0].text()}"
                for key, asked in findings.what_ifs.items()
                if asked.changes
            )
        return CandidatesView(
            rows=rows, summary=" · ".join(parts) if findings.selections else "", note=note
        )

    def _ticket(self) -> TicketView | None:
        station = self._station
        candidate = station.selected()
        if candidate is None:
            return None
        bars = station.research.bars(candidate.signal.symbol)
        assert bars is not None
        ticket = make_ticket(
            station,
            candidate,
            self.outlook(candidate),
            self._payoff(candidate),
            self._charts.indicators(bars),
            self.waiting_intent(candidate.candidate_id),
        )
        told = self.previews.figures(candidate)
        return replace(ticket, figures=(*ticket.figures, *told))

    def _chart(self) -> ChartView | None:
        station = self._station
        symbol = station.selected_symbol
        bars = station.research.bars(symbol) if symbol else None
        if bars is None:
            return None
        signals = [s for s in station.research.findings.signals if s.symbol == symbol]
        candidate = station.selected()
        position = next((p for p in station.desk.positions() if p.spread.symbol == symbol), None)
        if candidate is not None and candidate.signal.symbol == symbol:
            levels = spread_levels(
                candidate.ranked.spread, candidate.plan, candidate.ranked.breakeven
            )
        elif position is not None:
            sign = position.spread.direction.sign
            breakeven = float(position.spread.long.strike + sign * position.average_debit)
            levels = spread_levels(position.spread, position.plan, breakeven)
        else:
            levels = ()
        quote = station.stocks.get(bars.symbol)
        now = station.engines.clock.now()
        return self._charts.chart(bars, signals, levels, quote, now)
