"""Rules that approve by themselves: off until armed, bounded, gone with the kill switch."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from tests.helpers.trades import candidate
from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.spreads import Candidate
from vst_desktop.station.auto_approve import AutoApprove, AutoRule

RULE = AutoRule(strategy="HIGH_BASE", min_reward_risk=1.5, most=2)


def proposed(symbol: str, reward_risk: float = 2.0, **changes: Any) -> Candidate:
    made = candidate(symbol)
    return replace(made, ranked=replace(made.ranked, reward_risk=reward_risk), **changes)


@dataclass
class Stage:
    """What a rule works on; its journal keeps names and data."""

    candidates: list[Candidate] = field(default_factory=list)
    approved: list[tuple[str, str]] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    alerts: list[tuple[Severity, str]] = field(default_factory=list)

    async def record(self, event: str, **data: Any) -> None:
        self.events.append((event, data))

    async def approve(self, made: Candidate, by: str) -> None:
        if made.signal.symbol in self.refused:
            raise UserError("it is taken")
        self.approved.append((made.signal.symbol, by))

    def auto(self) -> AutoApprove:
        return AutoApprove(
            journal=self,  # type: ignore[arg-type]
            candidates=lambda: self.candidates,
            approve=self.approve,
            alert=lambda severity, message, details: self.alerts.append((severity, message)),
        )


def test_nothing_is_approved_before_a_rule_is_armed() -> None:
    stage = Stage(candidates=[proposed("AAPL")])
    auto = stage.auto()
    asyncio.run(auto.run())
    assert stage.approved == [] and auto.armed() == ()


def test_an_armed_rule_approves_what_it_admits_in_their_order_up_to_its_limit() -> None:
    stage = Stage(
        candidates=[
            proposed("AAPL", denied="EVENT: earnings"),
            proposed("MSFT", 1.49),
            proposed("NFLX", contracts=0),
            proposed("GOOGL"),
            proposed("SPY", 1.5),
            proposed("QQQ", 3.0),
        ]
    )
    asyncio.run(stage.auto().arm(RULE))
    assert stage.approved == [("GOOGL", "rule HIGH_BASE"), ("SPY", "rule HIGH_BASE")]
    assert [name for name, _ in stage.events] == ["auto-approve armed"]
    assert stage.alerts[0][0] is Severity.WARNING


def test_candidates_of_other_strategies_are_left_alone() -> None:
    made = proposed("AAPL")
    stage = Stage(candidates=[replace(made, signal=replace(made.signal, strategy="LOW_BASE"))])
    asyncio.run(stage.auto().arm(RULE))
    assert stage.approved == []


def test_a_refusal_is_told_and_not_asked_again_and_counts_for_nothing() -> None:
    async def story() -> None:
        stage = Stage(candidates=[proposed("AAPL"), proposed("MSFT")], refused={"AAPL"})
        auto = stage.auto()
        await auto.arm(replace(RULE, most=2))
        stage.refused.clear()
        stage.candidates.append(proposed("NFLX"))
        await auto.run()
        assert [symbol for symbol, _ in stage.approved] == ["MSFT", "NFLX"]
        assert any("AAPL was not approved" in message for _, message in stage.alerts)

    asyncio.run(story())


def test_a_disarmed_rule_approves_no_more() -> None:
    async def story() -> None:
        stage = Stage()
        auto = stage.auto()
        await auto.arm(RULE)
        await auto.disarm("kill switch: panic")
        stage.candidates.append(proposed("AAPL"))
        await auto.run()
        assert stage.approved == [] and auto.armed() == ()
        assert stage.events[-1][1]["reason"] == "kill switch: panic"

    asyncio.run(story())


@pytest.mark.parametrize(
    "rule",
    [
        replace(RULE, strategy="NO_SUCH"),
        replace(RULE, min_reward_risk=0.0),
        replace(RULE, min_reward_risk=float("nan")),
        replace(RULE, most=0),
    ],
)
def test_a_rule_that_is_none_is_refused(rule: AutoRule) -> None:
    stage = Stage(candidates=[proposed("AAPL")])
    with pytest.raises(UserError):
        asyncio.run(stage.auto().arm(rule))
    assert stage.approved == [] and stage.events == []
