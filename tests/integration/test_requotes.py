"""While a window stands, prices of candidates are kept fresh, and stale ones cannot be approved."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from vst_desktop.bootstrap import DemoOptions, demo_station, profile_settings
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.spreads import Candidate
from vst_desktop.station.station import Station

SETTINGS = ("universe.max_chains=4",)


def _aged(station: Station, candidate: Candidate, secs: int) -> Candidate:
    """The candidate with quotes of so long ago."""
    old = station.engines.clock.now() - timedelta(seconds=secs)
    market = replace(candidate.ranked.market, time=old)
    aged = replace(candidate, ranked=replace(candidate.ranked, market=market))
    station.research.confirm(aged)
    return aged


def test_stale_quotes_block_an_approval_until_they_are_asked_for_again() -> None:
    async def play() -> None:
        settings = profile_settings("demo", list(SETTINGS))
        async with demo_station(settings, DemoOptions()) as (station, _):
            await station.scan()
            first = next(c for c in station.research.candidates() if not c.denied)
            station.select(first.signal.symbol, first.candidate_id)
            aged = _aged(station, first, 60)
            assert station.block_reason(aged) is None  # nobody looks: the desk asks by itself
            station.requotes.start()
            blocked = station.block_reason(aged)
            assert blocked is not None and blocked.startswith("STALE 60 s")
            with pytest.raises(UserError, match="older than 10 s"):
                await station.approve(aged.candidate_id, aged.revision)
            row = next(
                r for r in station.view().candidates.rows if r.candidate_id == aged.candidate_id
            )
            assert (row.chip.text, row.can_approve, row.quoted_secs) == ("STALE 60 s", False, 60)
            async with asyncio.timeout(20):
                while station.block_reason(  # noqa: ASYNC110
                    station.research.candidate(aged.candidate_id)
                ):
                    await asyncio.sleep(0.05)
            fresh = station.research.candidate(aged.candidate_id)
            assert await station.approve(fresh.candidate_id, fresh.revision)

    asyncio.run(play())
