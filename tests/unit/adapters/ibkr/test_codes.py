"""What TWS's codes mean."""

from __future__ import annotations

import pytest

from vst_desktop.adapters.ibkr.codes import CODES, Kind, in_words, kind_of, remedy_of
from vst_desktop.adapters.ibkr.farms import Farms


@pytest.mark.parametrize("code", [2107, 2108, 2109, 2199, 399, 404, 10349, 10167])
def test_remarks_are_notes(code: int) -> None:
    assert kind_of(code) is Kind.NOTE


@pytest.mark.parametrize("code", [103, 109, 110, 201, 203, 321, 383, 435])
def test_refusals_of_orders_are_refusals(code: int) -> None:
    assert kind_of(code) is Kind.REJECTED


def test_a_cancel_is_no_refusal() -> None:
    assert kind_of(202) is Kind.CANCELLED


@pytest.mark.parametrize("code", [104, 135, 161, 10147, 10148])
def test_a_change_that_comes_too_late_leaves_the_order(code: int) -> None:
    assert kind_of(code) is Kind.UNCHANGED


def test_servers_lost_and_restored() -> None:
    assert kind_of(1100) is kind_of(2110) is Kind.LOST
    assert kind_of(1101) is kind_of(1102) is Kind.RESTORED


def test_everything_else_concerns_its_request() -> None:
    assert kind_of(162) is kind_of(200) is kind_of(99999) is Kind.REQUEST
    assert remedy_of(99999) is None


def test_the_usual_obstacles_have_a_remedy() -> None:
    assert "Read-Only API" in (remedy_of(321) or "")
    assert "broker.client_id" in (remedy_of(326) or "")


def test_every_code_has_a_sentence_and_refusals_have_a_remedy() -> None:
    assert len(CODES) > 150
    for number, code in CODES.items():
        assert code.number == number and code.sentence
        assert code.remedy or code.kind is not Kind.REJECTED


def test_a_code_is_told_in_our_words_and_in_those_of_tws() -> None:
    assert in_words(354, "nicht abonniert") == (
        "(354): the market data is not subscribed; TWS says: nicht abonniert"
    )
    assert in_words(99999, "new") == "(99999): new"


def test_farms_are_lamps_by_their_names_in_any_language() -> None:
    farms = Farms()
    farms.on_code(2103, "Market data farm connection is broken:usopt")
    farms.on_code(2105, "Verbindung getrennt:ushmds")
    farms.on_code(2108, "Market data farm connection is inactive:usfuture")
    farms.on_code(2106, "HMDS data farm connection is OK:ushmds")
    assert farms.down == ("usopt",)
    farms.clear()
    assert farms.down == ()
