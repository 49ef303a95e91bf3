"""Accounts with several currencies, and a base currency that is not the dollar."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.helpers.sim_peer import SimPeer
from tests.helpers.tiny_market import TinyClock, TinyMarket
from vst_desktop.adapters.tws_sim.contracts import ContractSpec
from vst_desktop.adapters.tws_sim.currencies import Currencies, ForeignCash, read_cash
from vst_desktop.adapters.tws_sim.server import TwsServer
from vst_desktop.domain.errors import UserError

ACCOUNT = "DU1234567"
EUR = {"EUR": ForeignCash(amount=Decimal(5000), rate_usd=Decimal("1.10"))}


def values(said: list[list[str]]) -> dict[tuple[str, str], str]:
    return {(fields[2], fields[4]): fields[3] for fields in said if fields[0] == "6"}


def account(**currencies: object) -> tuple[TwsServer, SimPeer]:
    server = TwsServer(TinyMarket(), TinyClock(), currencies=Currencies(**currencies))  # type: ignore[arg-type]
    return server, SimPeer(server)


def test_every_currency_has_its_ledger_lines_and_the_base_adds_them_up() -> None:
    _, peer = account(foreign=EUR)
    found = values(peer.say(6, 2, 1, ACCOUNT))
    assert found["CashBalance", "USD"] == "100000.00"
    assert found["CashBalance", "EUR"] == "5000.00"
    assert found["CashBalance", "BASE"] == "105500.00"
    assert found["ExchangeRate", "EUR"] == "1.1000"
    assert found["NetLiquidation", "USD"] == "105500.00"
    assert ("NetLiquidation", "EUR") not in found


def test_with_another_base_currency_totals_are_in_it_and_lines_are_not() -> None:
    _, peer = account(base="EUR", foreign=EUR)
    found = values(peer.say(6, 2, 1, ACCOUNT))
    total = f"{Decimal(105500) / Decimal('1.10'):.2f}"
    assert found["NetLiquidation", "EUR"] == found["CashBalance", "BASE"] == total
    assert found["CashBalance", "USD"] == "100000.00"
    assert found["CashBalance", "EUR"] == "5000.00"
    assert ("NetLiquidation", "USD") not in found


def test_profit_of_the_account_is_in_the_base_currency() -> None:
    server, peer = account(base="EUR", foreign=EUR)
    stock = ContractSpec(symbol="AAPL", sec_type="STK", exchange="SMART", currency="USD")
    server.hands.position(stock, Decimal(110), Decimal(99))
    unrealized = next(fields for fields in peer.say(92, 3, ACCOUNT, "") if fields[0] == "94")[3]
    assert float(unrealized) == pytest.approx(100)


def test_a_summary_gives_one_currency_or_all() -> None:
    _, peer = account(foreign=EUR)

    def currencies(tag: str) -> list[str]:
        said = peer.say(62, 1, 3, "All", tag)
        peer.say(63, 1, 3)
        return sorted({fields[6] for fields in said if fields[0] == "63"})

    assert currencies("$LEDGER:EUR") == ["EUR"]
    assert currencies("$LEDGER") == ["USD"]
    assert currencies("$LEDGER:ALL") == ["BASE", "EUR", "USD"]


def test_foreign_cash_counts_for_what_an_order_needs() -> None:
    rich = {"EUR": ForeignCash(amount=Decimal(1_000_000), rate_usd=Decimal("1.10"))}
    stock = ContractSpec(symbol="AAPL", sec_type="STK", exchange="SMART", currency="USD")
    server, _ = account(foreign=rich)
    assert server.hands.order(stock, "BUY", Decimal(5000)).filled == 5000


def test_foreign_cash_is_read_from_text() -> None:
    assert read_cash("eur=5000@1.10") == ("EUR", EUR["EUR"])


@pytest.mark.parametrize("text", ["EUR", "EUR=1", "EUR=x@1", "EUR=1@2@3"])
def test_what_is_no_foreign_cash_is_said(text: str) -> None:
    with pytest.raises(UserError, match="is no foreign cash"):
        read_cash(text)


@pytest.mark.parametrize(
    ("base", "rate", "sentence"),
    [
        ("GBP", "1.1", "GBP has no exchange rate"),
        ("EUR", "0", "is no exchange rate"),
        ("EUR", "NaN", "is no exchange rate"),
    ],
)
def test_currencies_that_cannot_be_are_said(base: str, rate: str, sentence: str) -> None:
    foreign = {"EUR": ForeignCash(amount=Decimal(1), rate_usd=Decimal(rate))}
    with pytest.raises(UserError, match=sentence):
        Currencies(base=base, foreign=foreign)
