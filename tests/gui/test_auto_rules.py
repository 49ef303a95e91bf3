"""Rules that approve by themselves, armed and ended in the window."""

from __future__ import annotations

import asyncio

import pytest

from tests.gui.conftest import Stage
from tests.helpers.recording_station import RecordingTrading
from vst_desktop.domain.errors import UserError
from vst_desktop.gui.auto_rules import HINT, change_rules


def test_a_rule_is_armed_by_what_was_typed_and_confirmed(stage: Stage) -> None:
    stage.window.commands.actions["auto_rules"].trigger()
    assert "in this run: none." in stage.window.banner.text
    assert stage.station.calls == []
    stage.window.banner.answer("high_base 2.5 3")
    stage.settle()
    assert stage.station.calls == [("arm_auto", "HIGH_BASE", 2.5, 3)]


@pytest.mark.parametrize("typed", ["", "HIGH_BASE", "HIGH_BASE 2", "HIGH_BASE -2 3", "A nan 3"])
def test_anything_else_is_refused_with_what_to_type(typed: str) -> None:
    calls: list[object] = []
    trading = RecordingTrading(lambda *call: calls.append(call))
    with pytest.raises(UserError, match=HINT):
        asyncio.run(change_rules(trading, typed))
    assert calls == []


def test_a_rule_that_is_not_armed_cannot_be_ended() -> None:
    trading = RecordingTrading(lambda *call: None)
    with pytest.raises(UserError, match="no rule of HIGH_BASE is armed"):
        asyncio.run(change_rules(trading, "off HIGH_BASE"))
