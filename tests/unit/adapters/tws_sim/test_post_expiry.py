"""What TWS foresees of an account after the coming expiration."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from tests.helpers.sim_peer import SimPeer
from tests.helpers.tiny_market import EASTERN, TinyClock, TinyMarket
from vst_desktop.adapters.tws_sim.contracts import ContractSpec
from vst_desktop.adapters.tws_sim.server import TwsServer

ACCOUNT = "DU1234567"
TWO_WEEKS_BEFORE = datetime(2022, 6, 15, 14, 0, tzinfo=EASTERN)
THE_EVE = datetime(2022, 6, 30, 14, 0, tzinfo=EASTERN)


def foreseen(at: datetime, *held: tuple[float, int]) -> tuple[str, str]:
    """After expiration: margin and excess. Held: calls of 1 July by (strike, quantity), bought at
    10 each; the spot is 100."""
    server = TwsServer(TinyMarket(), TinyClock(at))
    peer = SimPeer(server)
    for strike, quantity in held:
        call = ContractSpec(
            symbol="AAPL",
            sec_type="OPT",
            exchange="SMART",
            currency="USD",
            expiry="20220701",
            strike=strike,
            right="C",
        )
        server.hands.position(call, Decimal(quantity), Decimal(10))
    found = {said[2]: said[3] for said in peer.say(6, 2, 1, ACCOUNT) if said[0] == "6"}
    return found["PostExpirationMargin"], found["PostExpirationExcess"]


def test_nothing_is_foreseen_before_the_last_three_days() -> None:
    assert foreseen(TWO_WEEKS_BEFORE, (95.0, 4)) == ("0.00", "0.00")


def test_calls_in_the_money_become_shares_that_need_margin() -> None:
    # 4 000 shares at 100, half of it margin; 60 000 left in cash, less the strikes' 380 000
    assert foreseen(THE_EVE, (95.0, 40)) == ("200000.00", "-120000.00")


def test_a_spread_in_the_money_ends_in_cash() -> None:
    assert foreseen(THE_EVE, (90.0, 4), (95.0, -4)) == ("0.00", "102000.00")


def test_calls_out_of_the_money_leave_nothing() -> None:
    assert foreseen(THE_EVE, (105.0, 4)) == ("0.00", "96000.00")
