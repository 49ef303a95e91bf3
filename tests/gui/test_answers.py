"""Answers to UNKNOWN orders, as the trader types them."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from tests.helpers.recording_station import RecordingTrading
from vst_desktop.domain.errors import UserError
from vst_desktop.gui.answers import answer


def handed_over(typed: str) -> list[tuple[Any, ...]]:
    calls: list[tuple[Any, ...]] = []
    asyncio.run(answer(RecordingTrading(lambda *call: calls.append(call)), "7", typed))
    return calls


@pytest.mark.parametrize("typed", ["ABSENT", " absent "])
def test_absent_disowns(typed: str) -> None:
    assert handed_over(typed) == [("disown", "7")]


@pytest.mark.parametrize("typed", ["2 @ 2.66", "2@2.66", " 2 x 2.66 ", "2 at 2.66"])
def test_a_number_and_a_price_adopt(typed: str) -> None:
    assert handed_over(typed) == [("adopt", "7", 2, Decimal("2.66"))]


@pytest.mark.parametrize(
    "typed", ["", "2", "2.66", "-1 @ 2", "2 @ -1", "2 @ nan", "gone", "2 @ 1e9"]
)
def test_anything_else_is_refused_with_what_to_type(typed: str) -> None:
    with pytest.raises(UserError, match="type ABSENT"):
        handed_over(typed)
