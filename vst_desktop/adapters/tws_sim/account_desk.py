"""Accounts of one session: values, summaries, positions, profit and loss, and their updates."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from vst_desktop.adapters.tws_sim import codes
from vst_desktop.adapters.tws_sim.contracts import traded
from vst_desktop.adapters.tws_sim.events import ExchangeEvent, PositionChanged
from vst_desktop.adapters.tws_sim.link import Handler, Link, World, error
from vst_desktop.adapters.tws_sim.messages import account as messages
from vst_desktop.adapters.tws_sim.timing import EASTERN
from vst_desktop.adapters.tws_sim.wire import Fields

_EVERY = timedelta(minutes=3)
"""How often TWS repeats account values that nothing but quotes changed."""

type Value = tuple[str, str, str]
"""Tag, value, currency."""


@dataclass(slots=True, kw_only=True)
class _Feed:
    """A subscription to values: how to read them, how to send one, and what was sent."""

    read: Callable[[], Iterator[tuple[str, Value]]]
    send: Callable[[str, Value], None]
    sent: dict[tuple[str, str, str], str] = field(default_factory=dict)

    def update(self) -> bool:
        """Send what changed; whether anything did."""
        changed = False
        for account, (tag, value, currency) in self.read():
            if self.sent.get((account, tag, currency)) != value:
                self.sent[account, tag, currency] = value
                self.send(account, (tag, value, currency))
                changed = True
        return changed


class AccountDesk:
    """Account questions of one session."""

    def __init__(self, link: Link, world: World) -> None:
        self._link = link
        self._world = world
        self._accounts = world.exchange.accounts
        self._updates: tuple[str, _Feed] | None = None
        self._summaries: dict[int, _Feed] = {}
        self._multi: dict[int, _Feed] = {}
        self._positions = False
        self._positions_multi: dict[int, str] = {}
        self._pnl: dict[int, tuple[str, int | None]] = {}
        self._pnl_sent: dict[int, bytes] = {}
        self._repeated_at: datetime = world.clock.now()

    @property
    def handlers(self) -> Mapping[int, Handler]:
        """Requests answered here, by message id."""
        return {
            6: self._account_updates,
            17: self._managed_accounts,
            61: self._subscribe_positions,
            62: self._subscribe_summary,
            63: self._cancel_summary,
            64: self._cancel_positions,
            74: self._subscribe_positions_multi,
            75: self._cancel_positions_multi,
            76: self._subscribe_multi,
            77: self._cancel_multi,
            92: self._subscribe_pnl,
            93: self._cancel_pnl,
            94: self._subscribe_pnl_single,
            95: self._cancel_pnl,
        }

    @property
    def open_lines(self) -> int:
        """How many subscriptions move with the quotes."""
        return len(self._pnl) + len(self._summaries) + (self._updates is not None)

    def refresh(self) -> None:
        """Send profit and loss that changed; account values every three minutes."""
        for req_id in tuple(self._pnl):
            self._send_pnl(req_id)
        now = self._world.clock.now()
        if now - self._repeated_at >= _EVERY:
            self._repeated_at = now
            self._send_values()

    def on_event(self, event: ExchangeEvent) -> None:
        """Tell the client of positions that changed, and of the money behind them."""
        if not isinstance(event, PositionChanged):
            return
        contract = traded(event.instrument, "")
        if self._positions:
            self._link.send(
                messages.position(event.account, contract, event.quantity, event.average_cost)
            )
        for req_id, account in self._positions_multi.items():
            if account in ("", event.account):
                self._link.send(
                    messages.position_multi(
                        req_id, event.account, contract, event.quantity, event.average_cost
                    )
                )
        if self._updates is not None and self._updates[0] == event.account:
            self._send_portfolio(event.account, event.instrument.con_id)
        self._send_values()
        for req_id in tuple(self._pnl):
            self._send_pnl(req_id)

    def _send_values(self) -> None:
        for feed in (*self._summaries.values(), *self._multi.values()):
            feed.update()
        if self._updates is not None and self._updates[1].update():
            self._send_clock()

    # -- account updates -------------------------------------------------------------------

    def _managed_accounts(self, _fields: Fields) -> None:
        self._link.send(messages.managed_accounts(self._accounts.names))

    def _account_updates(self, fields: Fields) -> None:
        fields.integer()
        wanted, account = fields.flag(), fields.string() or self._accounts.names[0]
        if not wanted:
            self._updates = None
            return
        if account not in self._accounts.names:
            text = codes.invalid(f"Invalid account code '{account}'")
            error(self._link, codes.NO_ID, codes.VALIDATION, text)
            return
        feed = _Feed(
            read=lambda: ((account, value) for value in self._all_values(account)),
            send=lambda name, value: self._link.send(messages.account_value(name, *value)),
        )
        self._updates = (account, feed)
        feed.update()
        self._send_portfolio(account, None)
        self._send_clock()
        self._link.send(messages.account_download_end(account))

    def _send_portfolio(self, account: str, con_id: int | None) -> None:
        ledger = self._accounts.ledger(account)
        for position in ledger.touched if con_id is not None else ledger.held:
            if con_id not in (None, position.instrument.con_id):
                continue
            held = self._accounts.marked(position)
            self._link.send(
                messages.portfolio_value(
                    account,
                    traded(position.instrument, ""),
                    position.quantity,
                    held.price,
                    held.value,
                    position.average_cost,
                    held.unrealized,
                    position.realized_usd,
                )
            )

    def _send_clock(self) -> None:
        local = self._world.clock.now().astimezone(EASTERN)
        self._link.send(messages.account_time(f"{local:%H:%M}"))

    def _all_values(self, account: str) -> Iterator[Value]:
        for tag, value in self._accounts.facts(account).items():
            yield tag, value, ""
        figures = self._accounts.figures(account)
        for tag, value in figures.items():
            yield tag, value, self._accounts.currencies.base
        yield from self._accounts.ledger_lines(account)

    # -- summary and multi -----------------------------------------------------------------

    def _subscribe_summary(self, fields: Fields) -> None:
        fields.integer()
        req_id, group = fields.integer(), fields.string()
        tags = [tag.strip() for tag in fields.string().split(",") if tag.strip()]
        names = self._accounts.names if group in ("All", "") else (group,)
        if any(name not in self._accounts.names for name in names):
            text = codes.invalid(f"Invalid account group '{group}'")
            error(self._link, req_id, codes.VALIDATION, text)
            return
        feed = _Feed(
            read=lambda: (
                (name, value) for name in names for value in self._summary_values(name, tags)
            ),
            send=lambda name, value: self._link.send(messages.summary(req_id, name, *value)),
        )
        self._summaries[req_id] = feed
        feed.update()
        self._link.send(messages.summary_end(req_id))

    def _summary_values(self, account: str, tags: list[str]) -> Iterator[Value]:
        figures, facts = self._accounts.figures(account), self._accounts.facts(account)
        base = self._accounts.currencies.base
        for tag in tags:
            if tag.startswith("$LEDGER"):
                # $LEDGER is the base currency, $LEDGER:EUR one, $LEDGER:ALL every one.
                wanted = tag.partition(":")[2] or base
                for line in self._accounts.ledger_lines(account):
                    if wanted in ("ALL", line[2]):
                        yield line
            elif tag in figures:
                yield tag, figures[tag], base if tag != "Cushion" else ""
            elif tag in facts:
                yield tag, facts[tag], ""

    def _cancel_summary(self, fields: Fields) -> None:
        fields.integer()
        self._summaries.pop(fields.integer(), None)

    def _subscribe_multi(self, fields: Fields) -> None:
        fields.integer()
        req_id, account, model = fields.integer(), fields.string(), fields.string()
        if not self._is_known(req_id, account):
            return
        names = (account,) if account else self._accounts.names
        feed = _Feed(
            read=lambda: ((name, value) for name in names for value in self._all_values(name)),
            send=lambda name, value: self._link.send(
                messages.account_multi(req_id, name, model, *value)
            ),
        )
        self._multi[req_id] = feed
        feed.update()
        self._link.send(messages.account_multi_end(req_id))

    def _cancel_multi(self, fields: Fields) -> None:
        fields.integer()
        self._multi.pop(fields.integer(), None)

    def _is_known(self, req_id: int, account: str) -> bool:
        if account in ("", *self._accounts.names):
            return True
        text = codes.invalid(f"Invalid account code '{account}'")
        error(self._link, req_id, codes.VALIDATION, text)
        return False

    # -- positions -------------------------------------------------------------------------

    def _subscribe_positions(self, _fields: Fields) -> None:
        self._positions = True
        for account in self._accounts.names:
            for one in self._accounts.ledger(account).held:
                self._link.send(
                    messages.position(
                        account, traded(one.instrument, ""), one.quantity, one.average_cost
                    )
                )
        self._link.send(messages.position_end())

    def _cancel_positions(self, _fields: Fields) -> None:
        self._positions = False

    def _subscribe_positions_multi(self, fields: Fields) -> None:
        fields.integer()
        req_id, account = fields.integer(), fields.string()
        if not self._is_known(req_id, account):
            return
        self._positions_multi[req_id] = account
        for name in (account,) if account else self._accounts.names:
            for one in self._accounts.ledger(name).held:
                self._link.send(
                    messages.position_multi(
                        req_id, name, traded(one.instrument, ""), one.quantity, one.average_cost
                    )
                )
        self._link.send(messages.position_multi_end(req_id))

    def _cancel_positions_multi(self, fields: Fields) -> None:
        fields.integer()
        self._positions_multi.pop(fields.integer(), None)

    # -- profit and loss -------------------------------------------------------------------

    def _subscribe_pnl(self, fields: Fields) -> None:
        req_id, account = fields.integer(), fields.string()
        if self._is_known(req_id, account):
            self._pnl[req_id] = (account or self._accounts.names[0], None)
            self._send_pnl(req_id)

    def _subscribe_pnl_single(self, fields: Fields) -> None:
        req_id, account = fields.integer(), fields.string()
        fields.string()  # model
        con_id = fields.integer()
        if self._is_known(req_id, account):
            self._pnl[req_id] = (account or self._accounts.names[0], con_id)
            self._send_pnl(req_id)

    def _cancel_pnl(self, fields: Fields) -> None:
        req_id = fields.integer()
        self._pnl.pop(req_id, None)
        self._pnl_sent.pop(req_id, None)

    def _send_pnl(self, req_id: int) -> None:
        account, con_id = self._pnl[req_id]
        frame = self._pnl_frame(req_id, account, con_id)
        if self._pnl_sent.get(req_id) != frame:
            self._pnl_sent[req_id] = frame
            self._link.send(frame)

    def _pnl_frame(self, req_id: int, account: str, con_id: int | None) -> bytes:
        version = self._link.server_version
        if con_id is None:
            day = self._accounts.day(account)
            return messages.pnl(req_id, day.daily, day.unrealized, day.realized, version)
        known = self._accounts.day_of_position(account, con_id)
        if known is None:
            return messages.pnl_single(req_id, Decimal(0), None, None, None, None, version)
        held, daily = known
        return messages.pnl_single(
            req_id,
            held.position.quantity,
            daily,
            held.unrealized,
            held.position.realized_usd,
            held.value,
            version,
        )
