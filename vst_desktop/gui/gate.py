"""When a click on Approve counts."""

from __future__ import annotations

from collections.abc import Callable

DEAD_SECS = 0.7


class ApprovalGate:
    """Lets one approval of one shown revision through.

    Dead for ``DEAD_SECS`` after what is shown changed, so that a hand on its way to one trade
    never approves another. A revision once approved stays shut until the view shows that it can
    no longer be approved, or the command failed.

    Args:
        now: Monotonic seconds.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._shown: tuple[str, int, bool] | None = None
        self._since = now()
        self._spent: set[tuple[str, int]] = set()

    def show(self, candidate_id: str, revision: int, can_approve: bool) -> None:
        """The view shows this now."""
        shown = (candidate_id, revision, can_approve)
        if not can_approve:
            self._spent.discard((candidate_id, revision))
        if shown != self._shown:
            self._shown = shown
            self._since = self._now()

    def clear(self) -> None:
        """Nothing is shown."""
        self._shown = None

    def wait_secs(self) -> float:
        """How long the button stays dead, seconds; 0 when only the state forbids a click."""
        return max(0.0, self._since + DEAD_SECS - self._now())

    def is_open(self) -> bool:
        """Whether a click would approve now."""
        if self._shown is None or not self._shown[2] or self.wait_secs() > 0:
            return False
        return self._shown[:2] not in self._spent

    def take(self) -> tuple[str, int] | None:
        """Pass with what is shown, once; None when shut."""
        if self._shown is None or not self.is_open():
            return None
        passed = self._shown[:2]
        self._spent.add(passed)
        return passed

    def give_back(self, candidate_id: str, revision: int) -> None:
        """The approval was refused: the trader may try again, after the dead time."""
        self._spent.discard((candidate_id, revision))
        self._since = self._now()
