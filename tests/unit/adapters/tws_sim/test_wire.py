"""Frames and scalars: what goes in comes out, and rubbish is refused in one way."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vst_desktop.adapters.tws_sim import wire
from vst_desktop.adapters.tws_sim.wire import Fields, FrameReader, WireError

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)


@given(st.lists(st.lists(texts, min_size=1, max_size=8), max_size=6), st.data())
def test_frames_survive_any_cutting_of_the_stream(
    messages: list[list[str]], data: st.DataObject
) -> None:
    stream = b"".join(wire.encode(fields) for fields in messages)
    reader, found = FrameReader(), []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        reader.feed(stream[:size])
        stream = stream[size:]
        found += [wire.split(payload) for payload in reader.payloads()]
    assert found == messages
    assert reader.pending == 0


@given(st.binary(max_size=200))
def test_rubbish_is_incomplete_split_or_refused_but_nothing_else(rubbish: bytes) -> None:
    reader = FrameReader()
    reader.feed(rubbish)
    try:
        for payload in reader.payloads():
            wire.split(payload)
    except WireError:
        return
    assert reader.pending <= len(rubbish)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_come_back_as_they_went(value: float) -> None:
    if abs(value) < 1e300:
        assert Fields([wire.text(value)]).number() == value


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-1e9, max_value=1e9))
def test_decimals_come_back_as_they_went_and_without_exponent(value: Decimal) -> None:
    assert Fields([wire.text(value)]).decimal() == value
    assert "E" not in wire.text(value)


@pytest.mark.parametrize(
    ("value", "on_wire"),
    [
        (None, ""),
        (True, "1"),
        (False, "0"),
        (100.0, "100"),
        (-2.0, "-2"),
        (0.1, "0.1"),
        (Decimal("1.50"), "1.5"),
        (Decimal("200"), "200"),
        (Decimal("2E+2"), "200"),
        (math.nan, ""),
        (math.inf, ""),
    ],
)
def test_integral_numbers_travel_without_a_fraction(value: wire.Field, on_wire: str) -> None:
    assert wire.text(value) == on_wire


@pytest.mark.parametrize(
    "unset",
    ["", "2147483647", "1.7976931348623157e+308", "1.7976931348623157E308", "Infinite", "None"],
)
def test_every_way_of_saying_unset_is_none(unset: str) -> None:
    assert Fields([unset]).number() is None
    assert Fields([unset]).decimal() is None


def test_nan_stays_nan_so_that_it_can_be_refused() -> None:
    price = Fields(["nan"]).decimal()
    assert price is not None and price.is_nan()


@pytest.mark.parametrize("read", [Fields.integer, Fields.number, Fields.decimal, Fields.count])
def test_words_are_no_numbers(read: object) -> None:
    with pytest.raises(WireError, match="'twelve' is not a"):
        read(Fields(["twelve"]))  # type: ignore[operator]


def test_reading_past_the_end_says_where_it_was() -> None:
    fields = Fields(["a"])
    fields.string()
    with pytest.raises(WireError, match="ends after 1 fields"):
        fields.string()


@pytest.mark.parametrize("header", [b"\0\0\0\0", b"\xff\xff\xff\xff"])
def test_impossible_lengths_are_refused_before_they_are_waited_for(header: bytes) -> None:
    reader = FrameReader()
    reader.feed(header)
    with pytest.raises(WireError, match="bytes"):
        reader.next_payload()


def test_a_message_over_the_limit_is_not_sent() -> None:
    with pytest.raises(WireError, match="over the limit"):
        wire.encode(["x" * (wire.MAX_PAYLOAD + 1)])


def test_names_travel_as_ascii_without_backslashes() -> None:
    assert wire.plain("Nestlé\\SA") == "Nestl\\xe9/SA"
