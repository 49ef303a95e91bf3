"""What the window may ask of the station: commands in, snapshots and alerts out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, Protocol

from vst_desktop.domain.alerts import Alert
from vst_desktop.domain.bounds import Bounds
from vst_desktop.domain.exit_edits import ExitEdit
from vst_desktop.domain.orders import ClosePace
from vst_desktop.runtime.settings import Settings
from vst_desktop.station.desk_view import ExitPreview, RepairView
from vst_desktop.station.journal_view import JournalPage, JournalQuery, StoryLine
from vst_desktop.station.view import FaultRow, StationView

if TYPE_CHECKING:
    from vst_desktop.station.auto_approve import AutoRule


class TradingApi(Protocol):
    """Commands about single orders and positions; they raise ``UserError`` with a sentence."""

    async def reorder(self, intent_ids: list[str]) -> None:
        """Put waiting approvals into this order."""

    async def hold(self) -> None:
        """Hold every waiting approval until it is released."""

    async def rehearse(self) -> None:
        """Rehearse the queue now: every check, the wire gate and the broker's what-if."""

    @property
    def auto_rules(self) -> tuple[AutoRule, ...]:
        """The rules that approve by themselves in this run; none until armed."""

    async def arm_auto(self, strategy: str, min_reward_risk: float, most: int) -> None:
        """Let candidates of a strategy approve themselves in this run: those with at least that
        reward/risk, at most so many."""

    async def disarm_auto(self, strategy: str) -> None:
        """Take a rule out of force."""

    async def disown(self, intent_id: str) -> None:
        """Answer an UNKNOWN order: the broker has none such. Nothing is sent again."""

    async def adopt(self, intent_id: str, quantity: int, price: Decimal) -> None:
        """Answer an UNKNOWN order: it was filled, so many spreads at that price a share."""

    async def cancel_orphan(self, order_ref: str) -> None:
        """Cancel an order at the broker that carries our mark and is not in the journal."""

    async def set_bounds(self, candidate_id: str, bounds: Bounds) -> None:
        """Let the candidate's spread be approved only within these bounds, tighter than the
        settings'; empty ones are the settings' again."""

    async def preview_exits(self, position_id: str, edit: ExitEdit) -> ExitPreview:
        """What the position would gain or lose at edited exits."""

    async def edit_exits(self, position_id: str, edit: ExitEdit) -> None:
        """Put other exits of a position in force, once they are durable."""

    async def repairs(self, position_id: str) -> tuple[RepairView, ...]:
        """The ways out of a broken or assigned spread by the broker's book and quotes of now;
        empty when its legs match."""

    async def thaw(self, position_id: str) -> None:
        """Let the exits of a frozen position run again, by its restated plan where there is one."""


class JournalApi(Protocol):
    """The journal, read on a worker thread; coroutines raise ``UserError``."""

    async def page(
        self,
        query: JournalQuery,
        *,
        before: int | None = None,
        after: int = 0,
        most: int = ...,
    ) -> JournalPage:
        """The newest events asked for, older than ``before`` and newer than ``after``."""

    async def story(self, ref: str) -> tuple[StoryLine, ...]:
        """The life of an order and of its exits, oldest first."""


class DrillApi(Protocol):
    """The fault drill of a demo; coroutines raise ``UserError``."""

    @property
    def faults(self) -> tuple[FaultRow, ...]:
        """All that can be turned on."""

    async def toggle(self, name: str) -> None:
        """Turn a fault on, or off when it is on."""

    async def clear(self) -> None:
        """Turn all off."""


class PreferencesApi(Protocol):
    """The trader's settings file."""

    @property
    def running(self) -> Settings:
        """The settings of this run."""

    def own(self) -> Mapping[str, Any]:
        """What the file sets itself, by ``group.key``; raises ``UserError`` when it is no TOML."""

    async def change(self, changes: Mapping[str, Any]) -> None:
        """Write these values, None for the default; they count from the next start on."""


class StationApi(Protocol):
    """The station as the window sees it. All calls are made on the loop's thread.

    Coroutine commands raise ``UserError`` with a sentence to show; plain calls do not raise.
    """

    @property
    def trading(self) -> TradingApi:
        """Commands about single orders and positions."""

    @property
    def preferences(self) -> PreferencesApi:
        """The settings file."""

    @property
    def journal(self) -> JournalApi:
        """What happened."""

    @property
    def drill(self) -> DrillApi | None:
        """The fault drill; None but in a demo."""

    def view(self) -> StationView:
        """The current snapshot. Unchanged parts are the same objects as before."""

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call the listener (cheaply, often) when the snapshot may have changed."""

    def on_alert(self, listener: Callable[[Alert], None]) -> None:
        """Call the listener with each new alert."""

    def select(self, symbol: str, candidate_id: str | None = None) -> None:
        """Make the symbol (and candidate) the selected one: chart and ticket follow."""

    async def scan(self) -> None:
        """Fetch bars, scan the universe, load chains, propose candidates."""

    async def use_ratio_base(self, base: Literal["zero", "range_low"]) -> None:
        """Measure the ATR ratio from this base until the program ends, and scan again."""

    async def schedule_scans(self, every_minutes: float) -> None:
        """Scan every so often while a session lasts, 0 = only when asked; kept for next time."""

    def cancel_scan(self) -> None:
        """Stop a running scan; what it found so far stays."""

    async def load_chain(self, symbol: str) -> None:
        """Load one symbol's chain and propose its candidate."""

    async def approve(self, candidate_id: str, revision: int) -> str:
        """Approve the shown revision; returns the intent id. Refused when it has changed."""

    async def reject(self, candidate_id: str) -> None:
        """Take the candidate off the list, recorded."""

    async def choose_alternative(self, candidate_id: str, index: int) -> None:
        """Make the index-th alternative the candidate's spread (a new revision)."""

    async def withdraw(self, intent_id: str) -> None:
        """Take back a waiting approval."""

    async def withdraw_candidate(self, candidate_id: str) -> None:
        """Take back the waiting approval of this candidate."""

    async def release(self, intent_id: str) -> None:
        """Let a HELD approval wait for its window again."""

    async def kill(self, reason: str) -> None:
        """Cancel working entries, void the queue, halt entries. Exits are untouched."""

    async def clear_kill(self, reason: str) -> None:
        """Allow entries again."""

    async def arm(self, typed_account: str) -> None:
        """Arm LIVE entries for this run by the account id, typed."""

    async def close_position(self, position_id: str, pace: ClosePace | None = None) -> None:
        """Close one position (MANUAL): by the ladder, now, or None as its mode does."""

    async def flatten(self, typed: str) -> None:
        """Close everything; ``typed`` must be FLATTEN."""

    def acknowledge_alerts(self, number: int | None = None) -> None:
        """Mark one alert read (``AlertRow.number``), or all."""

    def test_alerts(self) -> None:
        """Send a test message to every channel; its deliveries stand in the history."""
