"""A station for the window's tests: shows given views and records the commands it gets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from vst_desktop.domain.alerts import Alert
from vst_desktop.domain.bounds import Bounds
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.exit_edits import ExitEdit
from vst_desktop.domain.orders import ClosePace
from vst_desktop.runtime.settings import Settings
from vst_desktop.station.auto_approve import AutoRule
from vst_desktop.station.desk_view import ExitPreview, RepairView
from vst_desktop.station.journal_view import JournalPage, JournalQuery, JournalRow, StoryLine
from vst_desktop.station.view import FaultRow, StationView


class RecordingStation:
    """Implements StationApi. ``calls`` holds (command, arguments); ``refuse`` is raised next."""

    def __init__(self, view: StationView) -> None:
        self.current = view
        self.calls: list[tuple[Any, ...]] = []
        self.refuse: Exception | None = None
        self.views_asked = 0
        self._changed: Callable[[], None] = lambda: None
        self._alerted: Callable[[Alert], None] = lambda alert: None
        self.trading = RecordingTrading(self._take)
        self.preferences = RecordingPreferences(self._take)
        self.journal = RecordingJournal(self._take)
        self.drill: RecordingDrill | None = RecordingDrill(self._take)

    def show(self, **changes: Any) -> None:
        """Change parts of the view and tell the window."""
        self.current = replace(self.current, version=self.current.version + 1, **changes)
        self._changed()

    def alert(self, alert: Alert) -> None:
        self._alerted(alert)

    def named(self, command: str) -> list[tuple[Any, ...]]:
        """The arguments of each call of a command."""
        return [call[1:] for call in self.calls if call[0] == command]

    def view(self) -> StationView:
        self.views_asked += 1
        return self.current

    def on_change(self, listener: Callable[[], None]) -> None:
        self._changed = listener

    def on_alert(self, listener: Callable[[Alert], None]) -> None:
        self._alerted = listener

    def select(self, symbol: str, candidate_id: str | None = None) -> None:
        self.calls.append(("select", symbol, candidate_id))

    async def schedule_scans(self, every_minutes: float) -> None:
        self._take("schedule_scans", every_minutes)

    def cancel_scan(self) -> None:
        self.calls.append(("cancel_scan",))

    def acknowledge_alerts(self, number: int | None = None) -> None:
        self.calls.append(("acknowledge_alerts", *(() if number is None else (number,))))

    def test_alerts(self) -> None:
        self.calls.append(("test_alerts",))

    async def scan(self) -> None:
        self._take("scan")

    async def use_ratio_base(self, base: str) -> None:
        self._take("use_ratio_base", base)

    async def load_chain(self, symbol: str) -> None:
        self._take("load_chain", symbol)

    async def approve(self, candidate_id: str, revision: int) -> str:
        self._take("approve", candidate_id, revision)
        return "intent-1"

    async def reject(self, candidate_id: str) -> None:
        self._take("reject", candidate_id)

    async def choose_alternative(self, candidate_id: str, index: int) -> None:
        self._take("choose_alternative", candidate_id, index)

    async def withdraw(self, intent_id: str) -> None:
        self._take("withdraw", intent_id)

    async def withdraw_candidate(self, candidate_id: str) -> None:
        self._take("withdraw_candidate", candidate_id)

    async def release(self, intent_id: str) -> None:
        self._take("release", intent_id)

    async def kill(self, reason: str) -> None:
        self._take("kill", reason)

    async def clear_kill(self, reason: str) -> None:
        self._take("clear_kill", reason)

    async def arm(self, typed_account: str) -> None:
        self._take("arm", typed_account)

    async def close_position(self, position_id: str, pace: ClosePace | None = None) -> None:
        self._take("close_position", position_id, pace)

    async def flatten(self, typed: str) -> None:
        self._take("flatten", typed)

    def _take(self, *call: Any) -> None:
        self.calls.append(call)
        if self.refuse is not None:
            error, self.refuse = self.refuse, None
            raise error


def refusal(text: str) -> UserError:
    """What a station says when it refuses."""
    return UserError(text, remedy="look again")


class RecordingTrading:
    """Implements TradingApi by telling each command."""

    def __init__(self, take: Callable[..., None]) -> None:
        self._take = take

    async def reorder(self, intent_ids: list[str]) -> None:
        self._take("reorder", intent_ids)

    async def hold(self) -> None:
        self._take("hold")

    async def rehearse(self) -> None:
        self._take("rehearse")

    async def disown(self, intent_id: str) -> None:
        self._take("disown", intent_id)

    async def adopt(self, intent_id: str, quantity: int, price: Decimal) -> None:
        self._take("adopt", intent_id, quantity, price)

    async def cancel_orphan(self, order_ref: str) -> None:
        self._take("cancel_orphan", order_ref)

    async def set_bounds(self, candidate_id: str, bounds: Bounds) -> None:
        self._take("set_bounds", candidate_id, bounds)

    preview: ExitPreview | UserError | None = None

    async def preview_exits(self, position_id: str, edit: ExitEdit) -> ExitPreview:
        if not isinstance(self.preview, ExitPreview):
            raise self.preview or UserError("no preview was given")
        return self.preview

    async def edit_exits(self, position_id: str, edit: ExitEdit) -> None:
        self._take("edit_exits", position_id, edit)

    ways: tuple[RepairView, ...] = ()

    async def repairs(self, position_id: str) -> tuple[RepairView, ...]:
        self._take("repairs", position_id)
        return self.ways

    async def thaw(self, position_id: str) -> None:
        self._take("thaw", position_id)

    @property
    def auto_rules(self) -> tuple[AutoRule, ...]:
        return ()

    async def arm_auto(self, strategy: str, min_reward_risk: float, most: int) -> None:
        self._take("arm_auto", strategy, min_reward_risk, most)

    async def disarm_auto(self, strategy: str) -> None:
        self._take("disarm_auto", strategy)


class RecordingJournal:
    """Implements JournalApi over rows that a test gives, newest first."""

    def __init__(self, take: Callable[..., None]) -> None:
        self._take = take
        self.rows: tuple[JournalRow, ...] = ()
        self.lines: tuple[StoryLine, ...] = ()
        self.size = 200

    async def page(
        self,
        query: JournalQuery,
        *,
        before: int | None = None,
        after: int = 0,
        most: int = 200,
    ) -> JournalPage:
        self._take("journal_page", query, before, after, most)
        asked = [r for r in self.rows if r.seq > after and (before is None or r.seq < before)]
        found = [r for r in asked if query.admits(r)]
        shown = found[: min(most, self.size)]
        return JournalPage(
            rows=tuple(shown),
            head=max((r.seq for r in asked), default=after),
            before=shown[-1].seq if len(shown) < len(found) else None,
        )

    async def story(self, ref: str) -> tuple[StoryLine, ...]:
        self._take("story", ref)
        return self.lines


class RecordingDrill:
    """Records what is asked of the fault drill."""

    faults = (
        FaultRow(name="md_lines", group="A5", meaning="few market data lines"),
        FaultRow(name="drop_upstream", group="E1", meaning="TWS loses its servers"),
    )

    def __init__(self, take: Callable[..., None]) -> None:
        self._take = take

    async def toggle(self, name: str) -> None:
        self._take("toggle_fault", name)

    async def clear(self) -> None:
        self._take("clear_faults")


class RecordingPreferences:
    """Records what is written; ``file`` is what the trader's file sets."""

    running = Settings()

    def __init__(self, take: Callable[..., None]) -> None:
        self._take = take
        self.file: dict[str, Any] = {}

    def own(self) -> dict[str, Any]:
        return dict(self.file)

    async def change(self, changes: Mapping[str, Any]) -> None:
        self._take("change_settings", dict(changes))
