"""What the account holds that the station did not buy."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from tests.helpers.trades import bull_call, plan
from vst_desktop.domain.account import BrokerPosition
from vst_desktop.domain.quotes import OptionContract
from vst_desktop.ports.store import PositionRecord
from vst_desktop.station.foreign import SHOWN, ForeignHoldings

SPREAD = bull_call()
OWN = PositionRecord(
    position_id="1",
    intent_id="1",
    account="DU1",
    strategy="HIGH_BASE",
    spread=SPREAD,
    quantity=2,
    average_debit=Decimal("2.68"),
    plan=plan(),
    opened_at=datetime(2023, 11, 7, 20, tzinfo=UTC),
)


def leg(contract: OptionContract, quantity: int, account: str = "DU1") -> BrokerPosition:
    return BrokerPosition(
        account=account,
        symbol=contract.symbol,
        con_id=contract.con_id,
        option=contract,
        quantity=Decimal(quantity),
        average_cost_usd=Decimal(500),
    )


def shares(quantity: int, con_id: int = 1, symbol: str = "MSFT") -> BrokerPosition:
    return BrokerPosition(
        account="DU1",
        symbol=symbol,
        con_id=con_id,
        option=None,
        quantity=Decimal(quantity),
        average_cost_usd=Decimal(100),
    )


def holdings(*told: BrokerPosition) -> ForeignHoldings:
    found = ForeignHoldings()
    for one in told:
        found.hear(one)
    return found


def test_its_own_legs_are_not_foreign() -> None:
    found = holdings(leg(SPREAD.long, 2), leg(SPREAD.short, -2))
    assert found.held("DU1", [OWN]) == ()


def test_what_stands_beside_its_legs_is() -> None:
    found = holdings(leg(SPREAD.long, 3), leg(SPREAD.short, -2), shares(100))
    strike, day = f"{SPREAD.long.strike.normalize():f}", f"{SPREAD.long.expiration:%d %b}"
    assert found.held("DU1", [OWN]) == (f"AAPL 1 × {strike} C {day}", "MSFT 100 shares")


def test_a_leg_that_is_gone_stands_there_as_owed() -> None:
    found = holdings(leg(SPREAD.long, 2), leg(SPREAD.short, -1))
    ((line),) = found.held("DU1", [OWN])
    assert line.startswith("AAPL 1 × ")


def test_what_was_sold_and_other_accounts_are_not_told() -> None:
    found = holdings(shares(100), leg(SPREAD.long, 2, account="DU2"))
    found.hear(replace(shares(100), quantity=Decimal(0)))
    assert found.held("DU1", []) == ()


def test_many_are_counted() -> None:
    found = holdings(*(shares(1, con_id=n, symbol=f"S{n:02}") for n in range(SHOWN + 3)))
    told = found.held("DU1", [])
    assert len(told) == SHOWN + 1 and told[-1] == "and 3 more"
