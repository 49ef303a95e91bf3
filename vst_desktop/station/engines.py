"""What the composition root gives the station."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vst_desktop.alerts.center import AlertCenter
from vst_desktop.execution.services import DeskJournal
from vst_desktop.marketdata.data import MarketData
from vst_desktop.monitoring.incidents import Incidents
from vst_desktop.ports.broker import Broker
from vst_desktop.ports.clock import Clock
from vst_desktop.ports.faults import FaultControl
from vst_desktop.ports.notifier import Beacon
from vst_desktop.ports.scanner import Scanner
from vst_desktop.ports.store import PastEvents
from vst_desktop.runtime.calendar import Sessions


@dataclass(frozen=True, slots=True, kw_only=True)
class Engines:
    """The engines, made and not started."""

    broker: Broker
    scanner: Scanner
    market_data: MarketData
    journal: DeskJournal
    clock: Clock
    sessions: Sessions
    alerts: AlertCenter
    new_id: Callable[[], str]
    incidents: Incidents
    beacon: Beacon | None = None
    """Where the dead man's heartbeat goes."""
    faults: FaultControl | None = None
    """The fault panel of a demo's simulator."""
    past: PastEvents | None = None
    """Reads back what the journal holds."""
    keeps_bars: bool = False
    """Whole bars that the broker gave go into the scanner's bar store, and come from there."""
