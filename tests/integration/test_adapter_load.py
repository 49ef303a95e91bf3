"""The IBKR adapter under load; its share of a core: tests/benchmarks/bench_adapter.py."""

from __future__ import annotations

import asyncio

from tests.helpers.adapter_load import SPREADS, load_chain, stream


def test_a_chain_of_two_thousand_contracts_is_ranked_within_lines_and_messages() -> None:
    found = asyncio.run(load_chain())
    assert (found.listed, found.quoted) == (2000, 60)
    assert found.ranked > 0
    assert found.secs < 5
    assert 0 < found.most_lines <= 100
    assert 0 < found.most_messages <= 45


def test_ticks_of_ninety_lines_are_told_together_and_nothing_piles_up() -> None:
    found = asyncio.run(stream(2.0))
    assert found.lines == 2 * SPREADS
    assert found.per_second > 4 * found.events_per_second > 0
    assert found.unread < 65536
    assert found.lag_ms < 2000
