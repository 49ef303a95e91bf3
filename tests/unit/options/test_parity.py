from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers.chains import NOW, chain_of, listed
from vst_desktop.adapters.files.chains import read_chain
from vst_desktop.domain.quotes import OptionChain, Right
from vst_desktop.options.american import american_price
from vst_desktop.options.parity import (
    chain_notes,
    implied_underlying,
    price_note,
    split_ratio,
    strikes_note,
)

RATES = {"rate": 0.04, "dividend_yield": 0.0}


def _chain(
    spot: float = 100.0, half: float = 0.04, days: tuple[int, ...] = (10, 31)
) -> OptionChain:
    quotes = []
    strikes = np.arange(0.8, 1.21, 0.02) * spot
    for span in days:
        day = NOW.date() + timedelta(days=span)
        for right in Right:
            values = american_price(
                is_call=right is Right.CALL,
                spot=spot,
                strike=strikes,
                years=span / 365,
                volatility=0.3,
                rate=0.04,
            )
            quotes += [
                listed(
                    f"{k:.2f}",
                    round(v - half, 2),
                    round(v + half, 2),
                    right=right,
                    expiration=day,
                )
                for k, v in zip(strikes, values, strict=True)
            ]
    return chain_of(quotes, underlying=spot)


@settings(max_examples=20)
@given(spot=st.floats(20, 900), factor=st.floats(0.2, 5))
def test_the_price_is_found_from_the_quotes_alone(spot, factor):
    chain = replace(_chain(spot), underlying=spot * factor)
    found = implied_underlying(chain, now=NOW, **RATES)
    assert found is not None
    assert abs(found.price - spot) <= found.error_usd
    assert found.error_usd < 0.01 * spot + 0.1


def test_a_few_absurd_quotes_do_not_move_it():
    chain = _chain()
    quotes = list(chain.quotes)
    for n, listed_ in enumerate(quotes):
        if listed_.contract.strike in (Decimal(100), Decimal(102)):
            quotes[n] = replace(listed_, quote=replace(listed_.quote, bid=25.0, ask=25.1))
            if listed_.contract.right is Right.PUT:
                quotes[n] = replace(listed_, quote=replace(listed_.quote, bid=0.01, ask=0.02))
    found = implied_underlying(replace(chain, quotes=tuple(quotes)), now=NOW, **RATES)
    assert found.price == pytest.approx(100, abs=0.5)


def test_one_side_of_the_chain_says_nothing():
    chain = _chain()
    calls = tuple(q for q in chain.quotes if q.contract.right is Right.CALL)
    assert implied_underlying(replace(chain, quotes=calls), now=NOW, **RATES) is None


def test_adjusted_contracts_expired_ones_and_bad_quotes_are_left_out():
    chain = _chain()
    spoiled = [replace(q, contract=replace(q.contract, trading_class="XYZ1")) for q in chain.quotes]
    assert implied_underlying(chain_of(spoiled), now=NOW, **RATES) is None
    after = NOW + timedelta(days=60)
    assert implied_underlying(chain, now=after, **RATES) is None
    crossed = [replace(q, quote=replace(q.quote, ask=-1.0)) for q in chain.quotes]
    assert implied_underlying(chain_of(crossed), now=NOW, **RATES) is None


def test_a_wrong_price_is_told_in_percent_and_a_split_as_its_ratio():
    chain = _chain()
    assert chain_notes(chain, now=NOW, **RATES) == ()
    (note,) = chain_notes(replace(chain, underlying=95.0), now=NOW, **RATES)
    assert "its source says 95.00: +5." in note
    (note,) = chain_notes(replace(chain, underlying=700.0), now=NOW, **RATES)
    assert note.endswith("its source says 700.00: ratio 1/7 looks like a split")


@pytest.mark.parametrize(
    ("ratio", "split"),
    [(1 / 7.02, Fraction(1, 7)), (28.0, Fraction(28)), (1.495, Fraction(3, 2)), (6.5, None)],
)
def test_usual_split_ratios_are_known(ratio, split):
    assert split_ratio(ratio, 0.01) == split


def test_strikes_off_the_grid_tell_the_split_that_made_them():
    before = [Decimal(k) for k in range(400, 700, 5)]
    assert strikes_note(before) is None
    after = [round(k / 7, 2) for k in before]
    assert strikes_note(after) == (
        "52 of 60 strikes are off the usual grid: a 7:1 split (57.14 was 400)"
    )
    odd = [Decimal("101.13"), Decimal("102.29"), Decimal("103.41"), Decimal("104.37")]
    assert strikes_note(odd).endswith("adjusted by a split or a special dividend")


def test_the_recorded_chains_agree_with_their_own_price_and_show_the_split(data_dir):
    before, after = (
        read_chain(data_dir / "chains" / f"AAPL_{day}.parquet") for day in ("20140606", "20140609")
    )
    assert chain_notes(before, now=before.time, **RATES) == ()
    (note,) = chain_notes(after, now=after.time, **RATES)
    assert note == "152 of 177 strikes are off the usual grid: a 7:1 split (27.86 was 195)"
    implied = implied_underlying(after, now=after.time, **RATES)
    assert implied.price == pytest.approx(93.70, abs=0.3)
    told = price_note(implied, before.underlying, "the bars say", 0.15)
    assert told.endswith("the bars say 645.57: ratio 1/7 looks like a split")
