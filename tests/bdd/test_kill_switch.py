"""features/kill_switch.feature."""

from __future__ import annotations

import pytest
from pytest_bdd import parsers, scenarios, then, when

from tests.bdd.desk_world import DeskWorld
from vst_desktop.domain.errors import UserError

scenarios("kill_switch.feature")


@then(parsers.parse("within {secs:g} seconds no order of the station works at TWS"))
def none_works(money: DeskWorld, secs: float) -> None:
    money.wait(secs)
    assert money.working() == []


@then("clearing it without a reason is refused")
def no_clear(money: DeskWorld) -> None:
    assert money.desk.killed is not None
    with pytest.raises(UserError, match="with a reason"):
        money.run(money.desk.clear_kill(" "))


@when(parsers.parse('the trader clears it because "{reason}"'))
def clear(money: DeskWorld, reason: str) -> None:
    money.run(money.desk.clear_kill(reason))
