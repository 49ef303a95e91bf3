from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from vst_desktop.gui.chart_items import spread_out
from vst_desktop.gui.widgets.payoff_drawing import ticks

HEIGHT = 15.0


@given(st.lists(st.floats(0, 385), min_size=1, max_size=12))
def test_labels_never_overlap_and_stay_inside(tops: list[float]) -> None:
    placed = spread_out(sorted(tops), HEIGHT, 0.0, 400.0)
    assert len(placed) == len(tops)
    for above, below in itertools.pairwise(placed):
        assert below - above >= HEIGHT - 1e-6
    assert placed[0] >= -1e-6
    assert placed[-1] + HEIGHT <= 400.0 + 1e-6


def test_labels_with_room_stay_where_their_lines_are() -> None:
    assert spread_out([10.0, 100.0, 300.0], HEIGHT, 0.0, 400.0) == [10.0, 100.0, 300.0]


def test_ticks_are_round_and_inside() -> None:
    assert ticks(-2100.0, 4000.0, 4) == [-2000.0, 0.0, 2000.0, 4000.0]
    assert ticks(5.0, 5.0, 4) == [5.0]
