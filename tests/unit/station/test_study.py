"""What would pass, for the signals of one symbol that have no spread."""

import asyncio

from tests.helpers.chains import NOW, TODAY, model_chain, rules
from vst_desktop.domain.signals import Direction
from vst_desktop.options.american import NO_DIVIDENDS
from vst_desktop.options.selection import select
from vst_desktop.station.findings import Findings
from vst_desktop.station.study import ask_what_if


def _found(**changes):
    chain = model_chain()
    selection = select(chain, Direction.LONG, rules(**changes), now=NOW, today=TODAY)
    return Findings(selections={"XYZ:HIGH_BASE": selection}, chains={"XYZ:HIGH_BASE": chain})


def test_a_signal_without_a_spread_is_told_the_setting_that_keeps_it_out():
    found = _found(max_spread_cost=20)
    asyncio.run(ask_what_if(found, "XYZ", rules(max_spread_cost=20), NOW, NO_DIVIDENDS))
    assert found.what_ifs["XYZ:HIGH_BASE"].changes[0].setting == "max_spread_cost"


def test_other_symbols_and_signals_with_spreads_are_left_alone():
    with_spreads, other = _found(), _found(max_spread_cost=20)
    asyncio.run(ask_what_if(with_spreads, "XYZ", rules(), NOW, NO_DIVIDENDS))
    asyncio.run(ask_what_if(other, "ABC", rules(max_spread_cost=20), NOW, NO_DIVIDENDS))
    assert not with_spreads.what_ifs and not other.what_ifs
