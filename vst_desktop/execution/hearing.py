"""The broker's news, applied to the desk's parts one after the other."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractContextManager

from vst_desktop.domain.account import BrokerPosition
from vst_desktop.domain.orders import BrokerOrder, Execution, OrderRejected
from vst_desktop.domain.quotes import OptionQuote, StockQuote
from vst_desktop.execution.approvals import Approvals
from vst_desktop.execution.daily_loss import DailyLoss
from vst_desktop.execution.fills import Fills
from vst_desktop.execution.monitor import ExitMonitor
from vst_desktop.execution.post_expiry import PostExpiry
from vst_desktop.execution.protection import Protection
from vst_desktop.execution.reconcile import Reconciler
from vst_desktop.execution.services import Services
from vst_desktop.execution.switches import Switches
from vst_desktop.ports.broker import AccountChanged, BrokerEvent, ConnectionChanged, ConnectionState
from vst_desktop.ports.clock import Timer

log = logging.getLogger(__name__)

HOLD_AFTER_SECS = 120.0


class Hearing:
    """Quotes are judged at once; news of orders and of the connection wait for those before them.

    Args:
        services: Dependencies.
        switches: Entries are refused until reconciled.
        fills: Applies news of orders.
        monitor: Judges quotes.
        reconciler: Compares books after each connect.
        approvals: Held after some time without the broker.
        protection: Counts while exits cannot run.
        daily_loss: Takes readings of the account.
        failed: Told of a bug in applying an event.
    """

    def __init__(
        self,
        services: Services,
        switches: Switches,
        fills: Fills,
        monitor: ExitMonitor,
        reconciler: Reconciler,
        approvals: Approvals,
        protection: Protection,
        daily_loss: DailyLoss,
        failed: Callable[[str, BaseException], None],
    ) -> None:
        self._services = services
        self._switches = switches
        self._fills = fills
        self._monitor = monitor
        self._reconciler = reconciler
        self._approvals = approvals
        self._protection = protection
        self._daily_loss = daily_loss
        self._post_expiry = PostExpiry(services)
        self._failed = failed
        self._events: asyncio.Queue[tuple[BrokerEvent, AbstractContextManager[None]]] = (
            asyncio.Queue()
        )
        self._hold_timer: Timer | None = None
        self._was_ready = False
        self._stopped = False

    async def start(self) -> None:
        """Apply events from now on, and reconcile when the broker is there."""
        self._services.tasks.spawn(self._pump(), "broker events")
        if self._services.broker.state is ConnectionState.READY:
            self._was_ready = True
            await self._reconciler.reconcile()

    def stop(self) -> None:
        """Take no more events."""
        self._stopped = True

    def forget(self) -> None:
        """Drop what was not applied; the next start asks the broker again."""
        while not self._events.empty():
            self._events.get_nowait()[1].__exit__(None, None, None)

    def on_event(self, event: BrokerEvent) -> None:
        """Take an event."""
        if self._stopped:
            return
        if isinstance(event, StockQuote):
            self._monitor.on_stock(event)
        elif isinstance(event, OptionQuote):
            self._monitor.on_option(event)
        elif isinstance(event, BrokerPosition):
            self._reconciler.look_soon()
        elif isinstance(event, AccountChanged):
            self._daily_loss.read(event.account)
            self._post_expiry.read(event.account)
        elif isinstance(event, BrokerOrder | Execution | OrderRejected | ConnectionChanged):
            in_flight = self._services.clock.work("broker event")
            in_flight.__enter__()
            self._events.put_nowait((event, in_flight))

    async def _pump(self) -> None:
        while True:
            event, in_flight = await self._events.get()
            try:
                await self._apply(event)
            except asyncio.CancelledError:
                raise
            except Exception as error:  # one bad event must not stop those behind it
                log.exception("broker event failed: %r", event)
                self._failed("broker event", error)
            finally:
                in_flight.__exit__(None, None, None)

    async def _apply(self, event: BrokerEvent) -> None:
        if isinstance(event, Execution):
            await self._fills.on_execution(event)
        elif isinstance(event, BrokerOrder):
            await self._reconciler.on_order(event)
        elif isinstance(event, OrderRejected):
            await self._fills.on_rejected(event)
        elif isinstance(event, ConnectionChanged):
            await self._connection(event.state)

    async def _connection(self, state: ConnectionState) -> None:
        if state is ConnectionState.READY:
            if self._hold_timer is not None:
                self._hold_timer.cancel()
                self._hold_timer = None
            if not self._switches.reconciled:
                self._was_ready = True
                await self._reconciler.reconcile()
                await self._monitor.resubscribe()
            return
        self._switches.reconciled = False
        self._protection.look()
        self._services.on_change()
        if self._was_ready and self._hold_timer is None:
            self._hold_timer = self._services.after(
                HOLD_AFTER_SECS, self._hold, "hold without broker"
            )

    async def _hold(self) -> None:
        self._hold_timer = None
        if self._services.broker.state is not ConnectionState.READY:
            await self._approvals.hold_all(f"{HOLD_AFTER_SECS:g} s without the broker")
