import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vst_desktop.options.pricing import price
from vst_desktop.options.surface import contradicting

STRIKES = np.arange(80.0, 121.0, 2.5)


def _mids(call: bool) -> np.ndarray:
    return price(is_call=call, spot=100, strike=STRIKES, years=0.1, volatility=0.3, rate=0.02)


@pytest.mark.parametrize("call", [True, False])
def test_a_sound_curve_has_no_contradiction(call):
    mids = _mids(call)
    assert not contradicting(STRIKES, mids - 0.02, mids + 0.02, falling=call).any()


@pytest.mark.parametrize("call", [True, False])
@pytest.mark.parametrize("shift", [1.5, -1.5])
@pytest.mark.parametrize("at", [3, 7, 8, 12])
def test_only_the_quote_that_lies_is_refused(call, shift, at):
    mids = _mids(call) + 2.0
    mids[at] += shift
    refused = contradicting(STRIKES, mids - 0.02, mids + 0.02, falling=call)
    assert np.flatnonzero(refused).tolist() == [at]


def test_a_fault_within_the_quotes_own_widths_is_none():
    mids = _mids(True)
    mids[8] += 0.30
    assert contradicting(STRIKES, mids - 0.02, mids + 0.02, falling=True).any()
    assert not contradicting(STRIKES, mids - 0.30, mids + 0.30, falling=True).any()


def test_two_quotes_that_cannot_be_told_apart_are_both_refused():
    refused = contradicting(
        np.array([95.0, 105.0]), np.array([2.0, 3.0]), np.array([2.1, 3.1]), falling=True
    )
    assert refused.all()


def test_the_touching_bid_and_ask_are_no_contradiction():
    bid, ask = np.array([2.0, 2.1]), np.array([2.1, 2.3])
    assert not contradicting(np.array([95.0, 100.0]), bid, ask, falling=True).any()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 400), st.integers(0, 60)), min_size=0, max_size=14),
    st.booleans(),
)
def test_what_is_left_never_contradicts_and_order_of_sides_does_not_matter(quotes, call):
    strike = np.arange(len(quotes)) * 5.0 + 50
    bid = np.array([b for b, _ in quotes], dtype=float) / 100
    ask = bid + np.array([w for _, w in quotes], dtype=float) / 100
    refused = contradicting(strike, bid, ask, falling=call)
    k, b, a = strike[~refused], bid[~refused], ask[~refused]
    for n in range(len(k) - 1):
        worse, better = (n + 1, n) if call else (n, n + 1)
        assert b[worse] <= a[better] + 1e-9
    for n in range(1, len(k) - 1):
        share = (k[n + 1] - k[n]) / (k[n + 1] - k[n - 1])
        assert b[n] <= share * a[n - 1] + (1 - share) * a[n + 1] + 1.1e-6
    mirrored = contradicting(200 - strike[::-1], bid[::-1], ask[::-1], falling=not call)
    assert np.array_equal(mirrored[::-1], refused)
