"""features/denials.feature."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal

import pytest
from pytest_bdd import given, parsers, scenarios, then, when

from tests.bdd.desk_world import DeskWorld
from tests.helpers.trades import APPROVAL, RISK
from tests.simulation.scene import ACCOUNT
from vst_desktop.adapters.tws_sim import accounts
from vst_desktop.adapters.tws_sim.contracts import ContractSpec
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.orders import Mode, OrderState
from vst_desktop.execution.services import Recheck
from vst_desktop.risk.limits import DenialCode

pytestmark = pytest.mark.allow_log("journal|book could not be read|could not be asked|watched yet")

scenarios("denials.feature")


def risk(money: DeskWorld, **changes: float) -> None:
    money.rules["risk"] = replace(RISK, **changes)  # type: ignore[arg-type]


# -- at the click


@given("one position at most, and one held")
def one_position(money: DeskWorld) -> None:
    risk(money, max_positions=1)
    money.hold("MSFT")


@given("one trade a day, and one done")
def one_trade(money: DeskWorld) -> None:
    risk(money, max_daily_trades=1)
    money.hold("MSFT")
    money.run(money.desk.flatten())
    money.wait(2.0)
    assert money.desk.positions() == ()


@given("the day's loss has reached its limit")
def day_lost(money: DeskWorld) -> None:
    risk(money, max_daily_loss=0.001)
    money.hold("MSFT")
    money.market.hand["MSFT"] = 96.5
    money.wait_until(lambda: money.desk.day_halt, "the halt", secs=400)


@given("total risk of 0.6 percent, and MSFT held")
def total_risk(money: DeskWorld) -> None:
    risk(money, max_total_risk=0.006)
    money.hold("MSFT")


@given("a position in AAPL is held")
def own_position(money: DeskWorld) -> None:
    money.hold("AAPL")


@given("the kill switch is on")
def killed(money: DeskWorld) -> None:
    money.run(money.desk.kill("something is wrong"))


@given("TWS is gone")
def gone(money: DeskWorld) -> None:
    scene = money.scene
    scene.network.faults.refuse = True
    scene.network.cut()
    money.wait(1.0)


@given("LIVE is not armed")
def not_armed(money: DeskWorld) -> None:
    money.arms = False
    assert money.scene is not None
    money.mode = Mode.LIVE


@given("another account is armed")
def other_armed(money: DeskWorld) -> None:
    money.arms = False
    money.rules["allowed_accounts"] = (ACCOUNT, "DU2")
    money.run(money.desk.arm("DU2"))
    money.mode = Mode.LIVE


@given("the journal's disk is full")
def disk_full(money: DeskWorld) -> None:
    assert money.desk and money.scene.station is not None
    journal = money.scene.station.journal

    def fill(connection: sqlite3.Connection) -> None:
        used = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {used}")

    async def write() -> None:
        await journal._database.run(fill)
        for _ in range(50):
            await journal.record("more", text="x" * 4_000)

    with suppress(UserError):
        money.run(write())


@given("a debit above the bound")
def dear(money: DeskWorld) -> None:
    money.rules["approval"] = replace(APPROVAL, min_reward_risk=9.0)


@given("earnings before the time exit")
def earnings(money: DeskWorld) -> None:
    money.denied = "EVENT: earnings on 2023-11-20"


@given("a risk of 0.1 percent a trade")
def small_risk(money: DeskWorld) -> None:
    risk(money, risk_per_trade=0.001)


# -- at the send


@when("a leg of AAPL is bought by hand")
def leg_by_hand(money: DeskWorld) -> None:
    money.hand_buys(money.legs("AAPL")[0], 1)


@when("another spread of AAPL is held by hand")
def other_by_hand(money: DeskWorld) -> None:
    other = money.market.chosen("AAPL", 105.0)
    spec = ContractSpec(con_id=other.con_id, exchange="SMART")
    money.scene.server.hands.position(spec, Decimal(1), Decimal(1))


@when("AAPL falls by 1.5")
def falls(money: DeskWorld) -> None:
    money.market.hand["AAPL"] = 98.5


@when("the spread becomes dearer by 0.40")
def dearer(money: DeskWorld) -> None:
    money.market.half_width = 0.25


@when("the signal is gone")
def signal_gone(money: DeskWorld) -> None:
    money.scene.recheck = Recheck(holds=False, reason="RSI 58 is under 60")


@when("earnings have become known")
def earnings_known(money: DeskWorld) -> None:
    money.scene.recheck = Recheck(holds=False, reason="earnings", code=DenialCode.EVENT)


@when("a leg of AAPL has no quote")
def dark(money: DeskWorld) -> None:
    money.market.dark.add(money.legs("AAPL")[0].con_id)


@when("the money is spent otherwise")
def spent(money: DeskWorld) -> None:
    """On options, which count as wealth and as no funds."""
    option = money.market.chosen("MSFT", 100.0)
    spec = ContractSpec(con_id=option.con_id, exchange="SMART")
    money.scene.server.hands.position(spec, Decimal(249), Decimal("4.01"))


@when("no day trades are left")
def no_day_trades(money: DeskWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "NO_DAY_TRADE_LIMIT", 0)
    money.scene.server.refresh()


@when("the data become delayed")
def delayed(money: DeskWorld) -> None:
    money.scene.server.faults.start("entitlement", data="delayed")


@when("AAPL trades again")
def trades_again(money: DeskWorld) -> None:
    money.market.halted.clear()


@given(parsers.parse("a LIVE desk, armed, at {moment}"))
def live_desk(money: DeskWorld, moment: str) -> None:
    money.at, money.mode = moment, Mode.LIVE


@then("TWS has seen no new order")
def no_new_order(money: DeskWorld) -> None:
    sent = [i for i in money.desk.intents() if i.sent_at is not None]
    assert money.sent() == len(sent)
    approved = money.approved.get("AAPL")
    assert all(i.intent_id != approved or money.refusal is not None for i in sent)


@then(parsers.parse("the approval of AAPL is denied with {code}"))
def denied_with(money: DeskWorld, code: str) -> None:
    intent = money.intent("AAPL")
    assert intent.state is OrderState.DENIED and intent.sent_at is None, intent
    assert money.desk.reserved_usd() == 0
    assert "HIGH" in money.told("Trade FAILED: AAPL")
    assert money.run(_denial(money, intent.intent_id)) == code


async def _denial(money: DeskWorld, intent_id: str) -> str:
    """The code that the journal holds of a refusal at the send, with its limit and value."""
    assert money.scene.station is not None
    told = [
        event["data"]
        for event in await money.scene.station.journal.events()
        if event["data"].get("intent_id") == intent_id
    ][-1]
    assert told["limit"] and told["value"] and told["by"] == "station"
    return str(told["code"])


@then("the approval of AAPL still waits")
def still_waits(money: DeskWorld) -> None:
    assert money.intent("AAPL").state is OrderState.QUEUED
