"""The money path under seeded faults (R3): no order lost, none sent twice, no limit broken."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.simulation import handclose
from tests.simulation.runs import play, play_quietly

SEEDS, AT_ONCE = 50, 5


@pytest.mark.parametrize("first", range(1, SEEDS + 1, AT_ONCE))
def test_every_approval_ends_in_one_order_or_none_whatever_goes_wrong(first: int) -> None:
    for seed in range(first, first + AT_ONCE):
        verdict = play_quietly(seed).verdict
        assert verdict.holds, (seed, verdict)


def test_a_seed_plays_the_same_each_time(tmp_path: Path) -> None:
    runs = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        runs.append(play(7, folder))
    assert runs[0].log == runs[1].log
    assert runs[0].digest == runs[1].digest
    assert runs[0].verdict.orders > 0


@pytest.mark.parametrize("first", range(1, 41, 10))
def test_a_close_by_hand_while_the_stop_fires_reverses_nothing(first: int) -> None:
    for seed in range(first, first + 10):
        assert handclose.play(seed) is None, seed
