"""What refuses an entry is told with its code, its limit and the value, and so it is journalled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from tests.helpers.desk import BEFORE, OPENS, World, approve, in_world, the
from tests.helpers.trades import APPROVAL, RISK, bull_call
from vst_desktop.domain.orders import Mode, OrderState
from vst_desktop.domain.quotes import DataType
from vst_desktop.execution.services import Recheck
from vst_desktop.execution.switches import EntryDeniedError
from vst_desktop.risk.limits import DenialCode

Change = Callable[[World], None]


def account(world: World) -> None:
    world.broker.snapshot = replace(world.broker.snapshot, account="DU2")


def signal(world: World) -> None:
    world.signal = Recheck(holds=False, reason="RSI 44 of 60")


def event(world: World) -> None:
    world.signal = Recheck(holds=False, reason="earnings tomorrow", code=DenialCode.EVENT)


def no_bid(world: World) -> None:
    world.broker.options[bull_call().short.con_id] = (-1.0, 5.0)


def old_quote(world: World) -> None:
    world.broker.quote_age_secs = 6.5


def wide(world: World) -> None:
    world.quote(bull_call(), "10.00", "9.90")


def dear(world: World) -> None:
    world.quote(bull_call(), "2.75", "2.60")


def far(world: World) -> None:
    world.quote(bull_call(), "2.68", "2.60", spot=105.5)


def poor(world: World) -> None:
    world.broker.snapshot = replace(
        world.broker.snapshot,
        net_liquidation_usd=Decimal(10_000),
        available_funds_usd=Decimal(10_000),
    )


@pytest.mark.parametrize(
    ("change", "code", "limit", "value"),
    [
        (account, "ACCOUNT", "DU1", "DU2"),
        (signal, "SIGNAL", "as approved", "RSI 44 of 60"),
        (event, "EVENT", "as approved", "earnings tomorrow"),
        (no_bid, "STALE_DATA", "four quotes", "missing"),
        (old_quote, "STALE_DATA", "5 s", "6.5 s"),
        (wide, "DEBIT_BOUND", "0 to 10", "10.00"),
        (dear, "DEBIT_BOUND", "2.73", "2.75"),
        (far, "DRIFT", "1.00", "1.50"),
        (poor, "SIZE", "1", "0"),
    ],
)
def test_a_denial_at_the_send_has_code_limit_and_value(
    tmp_path: Path, change: Change, code: str, limit: str, value: str
) -> None:
    async def story(world: World) -> None:
        intent = await approve(world)
        change(world)
        await world.until(OPENS)
        assert the(world, intent).state is OrderState.DENIED
        assert world.broker.placed == []
        (told,) = [e["data"] for e in await world.journal.events() if e["name"] == "DENY"]
        assert (told["code"], told["limit"], told["value"]) == (code, limit, value)
        assert told["by"] == "station"
        assert told["reason"]

    in_world(tmp_path, BEFORE, story)


def test_delayed_data_and_a_market_past_the_bound_refuse_live_entries(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.desk.arm("U1")
        late = await approve(world, mode=Mode.LIVE, account="U1")
        world.quote(bull_call(), "2.90", "2.80")
        await world.until(OPENS)
        assert the(world, late).state is OrderState.DENIED
        world.quote(bull_call("MSFT"), "2.68", "2.60")
        world.broker.data_type = DataType.DELAYED
        delayed = await approve(world, "MSFT", mode=Mode.LIVE, account="U1")
        await world.settle()
        assert the(world, delayed).state is OrderState.DENIED
        told = [e["data"] for e in await world.journal.events() if e["name"] == "DENY"]
        assert [(e["code"], e["limit"], e["value"]) for e in told] == [
            ("DEBIT_BOUND", "2.73", "2.80"),
            ("DATA_NOT_LIVE", "LIVE", "delayed or frozen"),
        ]

    in_world(tmp_path, BEFORE, story, account="U1", allowed_accounts=("U1",))


def denied_click(
    tmp_path: Path, change: Change, code: str, limit: str, value: str, **rules: object
) -> None:
    async def story(world: World) -> None:
        change(world)
        with pytest.raises(EntryDeniedError) as refused:
            await approve(world)
        denial = refused.value.denial
        assert (str(denial.code), denial.limit, denial.value) == (code, limit, value)
        (told,) = [e["data"] for e in await world.journal.events() if e["name"] == "denied"]
        assert (told["code"], told["limit"], told["value"]) == (code, limit, value)
        assert (told["symbol"], told["by"]) == ("AAPL", "station")
        assert world.desk.intents() == ()

    in_world(tmp_path, BEFORE, story, **rules)  # type: ignore[arg-type]


def test_a_click_on_another_account_is_denied(tmp_path: Path) -> None:
    denied_click(tmp_path, account, "ACCOUNT", "DU1", "DU2")


def test_a_click_that_a_small_account_cannot_afford_is_denied(tmp_path: Path) -> None:
    denied_click(tmp_path, poor, "SIZE", "1", "0")


def test_a_click_whose_debit_is_past_its_own_bound_is_denied(tmp_path: Path) -> None:
    dear_rules = replace(APPROVAL, max_spread_cost=200)
    denied_click(tmp_path, lambda world: None, "DEBIT_BOUND", "2.00", "2.68", approval=dear_rules)


def test_a_click_above_the_sessions_trades_is_denied(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await approve(world)
        with pytest.raises(EntryDeniedError) as refused:
            await approve(world, "MSFT")
        denial = refused.value.denial
        assert (denial.code, denial.limit, denial.value) == (DenialCode.DAILY_TRADES, "1", "1")

    in_world(tmp_path, BEFORE, story, risk=replace(RISK, max_daily_trades=1))
