"""Rules that approve for the trader: off in every run until armed, gone with the kill switch."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.spreads import Candidate
from vst_desktop.execution.decisions import TRADER
from vst_desktop.ports.store import Journal
from vst_desktop.strategy.registry import get_strategy


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoRule:
    """Approves candidates of one strategy by themselves.

    ``min_reward_risk``: only those that pay at least so much; ``most``: so many in this run.
    """

    strategy: str
    min_reward_risk: float
    most: int

    @property
    def who(self) -> str:
        """Who approves, as the journal names it."""
        return f"rule {self.strategy}"


class AutoApprove:
    """The armed rules of this run. Each candidate is tried once: a refusal is not asked again.

    Args:
        journal: Records arming and disarming.
        candidates: What is proposed now, the best first.
        approve: Approves a candidate in the name of a rule; UserError refuses.
        alert: Tells the trader.
    """

    def __init__(
        self,
        *,
        journal: Journal,
        candidates: Callable[[], Sequence[Candidate]],
        approve: Callable[[Candidate, str], Awaitable[Any]],
        alert: Callable[[Severity, str, str], None],
    ) -> None:
        self._journal = journal
        self._candidates = candidates
        self._approve = approve
        self._alert = alert
        self._armed: dict[str, AutoRule] = {}
        self._used: dict[str, int] = {}
        self._tried: set[str] = set()

    def armed(self) -> tuple[AutoRule, ...]:
        """The rules in force."""
        return tuple(self._armed.values())

    async def arm(self, rule: AutoRule) -> None:
        """Put a rule in force until the run ends, it is disarmed, or the kill switch is pressed.

        Raises:
            UserError: No such strategy, or limits that admit nothing or everything.
        """
        get_strategy(rule.strategy)
        if not rule.min_reward_risk > 0 or rule.most < 1:
            raise UserError(
                f"a rule with reward/risk {rule.min_reward_risk:g} and {rule.most} approvals "
                "is none",
                remedy="give a reward/risk above 0 and at least 1 approval",
            )
        told = {"min_reward_risk": rule.min_reward_risk, "most": rule.most}
        await self._journal.record("auto-approve armed", by=TRADER, rule=rule.strategy, **told)
        self._armed[rule.strategy] = rule
        self._alert(
            Severity.WARNING,
            f"System: AUTO-APPROVE {rule.strategy} armed for this run",
            f"reward/risk from {rule.min_reward_risk:g}, at most {rule.most} approvals",
        )
        await self.run()

    async def disarm(self, reason: str, *strategies: str) -> None:
        """Take rules out of force, all of them when none is named."""
        for name in strategies or tuple(self._armed):
            if self._armed.pop(name, None) is not None:
                await self._journal.record(
                    "auto-approve disarmed", by=TRADER, rule=name, reason=reason
                )

    async def run(self) -> None:
        """Approve what the armed rules admit, the best candidate first."""
        for candidate in tuple(self._candidates()):
            rule = self._armed.get(candidate.signal.strategy)
            if rule is None or not self._admits(rule, candidate):
                continue
            self._tried.add(candidate.candidate_id)
            try:
                await self._approve(candidate, rule.who)
            except UserError as refusal:
                self._alert(
                    Severity.INFO,
                    f"{candidate.signal.symbol} was not approved by the rule {rule.strategy}",
                    str(refusal),
                )
            else:
                self._used[rule.strategy] = self._used.get(rule.strategy, 0) + 1

    def _admits(self, rule: AutoRule, candidate: Candidate) -> bool:
        return (
            candidate.candidate_id not in self._tried
            and candidate.denied is None
            and candidate.contracts > 0
            and candidate.ranked.reward_risk >= rule.min_reward_risk
            and self._used.get(rule.strategy, 0) < rule.most
        )
