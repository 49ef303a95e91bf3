"""The fault panel: what a rule touches, what a file plans, how faults end, and the frame log."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.helpers.raw_client import RawClient
from tests.helpers.tiny_market import TinyClock, TinyMarket
from vst_desktop.adapters.tws_sim.clock import SimClock
from vst_desktop.adapters.tws_sim.faults.catalog import FAULTS
from vst_desktop.adapters.tws_sim.faults.rules import Action, Do, Rule, Trigger, Way, as_table
from vst_desktop.adapters.tws_sim.faults.script import read_script, script_of
from vst_desktop.adapters.tws_sim.framelog import FrameLog
from vst_desktop.adapters.tws_sim.link import Feed
from vst_desktop.adapters.tws_sim.market_builtin import DEFAULT_START, BuiltinMarket
from vst_desktop.adapters.tws_sim.replay import read_log, replay
from vst_desktop.adapters.tws_sim.server import TwsServer
from vst_desktop.domain.errors import UserError

TIME = "49"


def run(story: Callable[[TwsServer, RawClient], Awaitable[None]]) -> None:
    async def main() -> None:
        server = TwsServer(TinyMarket(), TinyClock(), seed=5)
        client = await RawClient.connect(await server.start(), 7)
        try:
            await asyncio.wait_for(story(server, client), 20)
        finally:
            await client.close()
            await server.stop()

    asyncio.run(main())


def rule(way: Way, message: int, action: Action, **trigger: object) -> Rule:
    made = Trigger(way=way, messages=frozenset({message}), **trigger)  # type: ignore[arg-type]
    return Rule(trigger=made, action=action)


async def answers(client: RawClient, count: int) -> list[list[str]]:
    """What comes of so many questions for matching symbols, up to the time asked for last."""
    for number in range(1, count + 1):
        client.say(81, number, "AAPL")
    client.say(49, 1)
    found = []
    while (fields := await client.hear())[0] != TIME:
        if fields[0] == "79" or (fields[0] == "4" and fields[2] != "-1"):
            found.append(fields)
    return found


def ids(found: list[list[str]]) -> list[str]:
    return [fields[1] for fields in found if fields[0] == "79"]


def test_a_rule_drops_only_the_frames_that_it_counts() -> None:
    async def story(server: TwsServer, client: RawClient) -> None:
        server.faults.add(rule(Way.REQUEST, 81, Action(do=Do.DROP), first=2, times=2))
        assert ids(await answers(client, 5)) == ["1", "4", "5"]

    run(story)


def test_answers_are_doubled_reordered_and_corrupted() -> None:
    async def story(server: TwsServer, client: RawClient) -> None:
        double = server.faults.add(rule(Way.ANSWER, 79, Action(do=Do.DUPLICATE), times=1))
        assert ids(await answers(client, 2)) == ["1", "1", "2"]
        server.faults.clear(double)
        behind = server.faults.add(rule(Way.ANSWER, 79, Action(do=Do.REORDER), times=1))
        assert ids(await answers(client, 2)) == ["2", "1"]
        server.faults.clear(behind)
        server.faults.add(rule(Way.ANSWER, 79, Action(do=Do.CORRUPT, puts=((1, "77"),))))
        assert ids(await answers(client, 1)) == ["77"]

    run(story)


def test_an_error_takes_the_place_of_an_answer_and_carries_its_id() -> None:
    async def story(server: TwsServer, client: RawClient) -> None:
        refuse = Action(do=Do.ERROR, code=162, text="no")
        server.faults.add(rule(Way.REQUEST, 81, refuse, first=2))
        found = await answers(client, 2)
        assert [one[:5] for one in found if one[0] == "4"] == [["4", "2", "2", "162", "no"]]
        assert ids(found) == ["1"]

    run(story)


def test_a_freeze_holds_everything_back_and_loses_nothing() -> None:
    async def story(server: TwsServer, client: RawClient) -> None:
        server.faults.add(rule(Way.REQUEST, 81, Action(do=Do.FREEZE, secs=0.1), times=1))
        began = asyncio.get_running_loop().time()
        assert ids(await answers(client, 3)) == ["1", "2", "3"]
        assert asyncio.get_running_loop().time() - began >= 0.1

    run(story)


def test_a_close_ends_the_connection() -> None:
    async def story(server: TwsServer, client: RawClient) -> None:
        server.faults.add(rule(Way.REQUEST, 81, Action(do=Do.CLOSE)))
        with pytest.raises(asyncio.IncompleteReadError):
            await answers(client, 1)
        assert server.wire_state()["connections"] == 0

    run(story)


def test_chance_is_seeded() -> None:
    found = []

    async def story(server: TwsServer, client: RawClient) -> None:
        server.faults.add(rule(Way.REQUEST, 81, Action(do=Do.DROP), chance=0.5))
        found.append(ids(await answers(client, 20)))

    run(story)
    run(story)
    assert found[0] == found[1] and 3 < len(found[0]) < 17


def test_faults_end_in_any_order_and_leave_tws_as_it_was() -> None:
    async def story(server: TwsServer, client: RawClient) -> None:
        panel, usual = server.faults, server.conditions.most_lines
        panel.start("md_lines", lines=5)
        panel.start("entitlement", data="none")
        panel.start("competing_session")
        assert server.conditions.most_lines == 5
        assert server.subscription.feed is Feed.COMPETING
        panel.clear("entitlement")
        assert server.subscription.feed is Feed.COMPETING
        panel.clear("md_lines")
        panel.clear("competing_session")
        assert server.conditions.most_lines == usual
        assert server.subscription.feed is Feed.LIVE and panel.active == {}

    run(story)


@pytest.mark.parametrize("name", [name for name, one in FAULTS.items() if one.make is not None])
def test_every_fault_starts_with_its_defaults_and_clears(name: str) -> None:
    async def story(server: TwsServer, client: RawClient) -> None:
        usual = repr(server.conditions)
        server.faults.start(name)
        server.faults.clear(name)
        assert repr(server.conditions) == usual and server.faults.active == {}

    run(story)


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ({"fault": [{"name": "drop_upsteam"}]}, "fault 1: there is no fault 'drop_upsteam'"),
        ({"fault": [{}]}, "fault 1: the name of the fault is missing"),
        ({"fault": [{"name": "md_lines", "lines": "many"}]}, "lines of the fault md_lines"),
        ({"fault": [{"name": "md_lines", "lines": -1}]}, "lines of the fault md_lines"),
        ({"fault": [{"name": "md_lines", "slots": 3}]}, "no parameter 'slots'"),
        ({"fault": [{"name": "entitlement", "data": "fast"}]}, "choose one of delayed, none"),
        ({"fault": [{"name": "sparse_grid"}]}, "needs no switch"),
        ({"fault": [{"name": "flap", "after": -1}]}, "below 0"),
        ({"fault": {"name": "flap"}}, r"write \[\[fault\]\]"),
        ({"foult": []}, "unknown key 'foult'"),
        ({"rule": [{"way": "sideways", "do": "drop"}]}, "way is 'sideways'"),
        ({"rule": [{"way": "answer", "do": "explode"}]}, "do is 'explode'"),
        ({"rule": [{"way": "answer", "do": "delay"}]}, "a delay needs secs"),
        ({"rule": [{"way": "answer", "do": "error"}]}, "an error needs its code"),
        ({"rule": [{"way": "answer", "do": "corrupt"}]}, "needs puts or replaces"),
        ({"rule": [{"way": "answer", "do": "drop", "first": 0}]}, "counts from 1"),
        ({"rule": [{"way": "answer", "do": "drop", "chance": 2}]}, "from 0 to 1"),
        ({"rule": [{"way": "answer", "do": "drop", "messages": "3"}]}, "messages is '3'"),
        ({"rule": [{"way": "answer", "do": "corrupt", "puts": {"x": "1"}}]}, "position 'x'"),
        ({"rule": [{"way": "answer", "do": "drop", "message": 3}]}, "unknown key 'message'"),
    ],
)
def test_a_script_that_cannot_be_played_says_where_and_why(
    entry: dict[str, object], told: str
) -> None:
    with pytest.raises(UserError, match=told):
        script_of(entry, where="faults.toml")


def test_a_file_plans_faults_and_rules(tmp_path: Path) -> None:
    file = tmp_path / "faults.toml"
    file.write_text(
        """
        [[fault]]
        name = "drop_upstream"
        at = 2024-01-17T15:45:00-05:00
        seconds = 20
        data_lost = true

        [[rule]]
        way = "answer"
        messages = [3, 5]
        order_ref = "VST-*"
        first = 2
        do = "delay"
        secs = 1.5
        after = 3
        lasts = 10
        """
    )
    fault, own = read_script(file)
    assert fault.name == "drop_upstream" and fault.at is not None
    assert own.rule is not None and (own.after_secs, own.lasts_secs) == (3, 10)
    assert own.rule.trigger.messages == {3, 5} and own.rule.action.secs == 1.5
    again = script_of({"rule": [as_table(own.rule)]}, where="log")
    assert again[0].rule == own.rule


def test_a_file_that_is_missing_or_no_toml_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        read_script(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("fault = [")
    with pytest.raises(UserError, match="no TOML"):
        read_script(tmp_path / "bad.toml")


def logged(file: Path, *faults: str) -> tuple[int, Callable[[], tuple[TwsServer, SimClock]]]:
    """A session of a client with its frames written down; how many frames it was sent."""

    def make() -> tuple[TwsServer, SimClock]:
        clock = SimClock(DEFAULT_START, 0)
        return TwsServer(BuiltinMarket(3), clock, seed=3, first_perm_id=1000), clock

    async def main() -> None:
        server, clock = make()
        server.frames = FrameLog.create(file, clock, {"seed": 3})
        port = await server.start()
        for name in faults:
            server.faults.start(name)
        client = await RawClient.connect(port, 7)
        client.say(81, 1, "AAPL")
        await client.until("79")
        client.say(
            1, 11, 5, 0, "AAPL", "STK", "", 0.0, "", "", "SMART", "", "USD", "", "", 0, "", 0, 0, ""
        )
        client.say(49, 1)
        await client.until("49")
        await client.close()
        await server.stop()
        server.frames.close()

    asyncio.run(main())
    lines = map(json.loads, file.read_text(encoding="utf-8").splitlines())
    return sum(line.get("way") == "out" for line in lines), make


def test_a_log_has_every_frame_of_both_ways_and_replays_the_same(tmp_path: Path) -> None:
    file = tmp_path / "frames.jsonl"
    sent, make = logged(file, "dup_status")
    head, lines = read_log(file)
    assert head["seed"] == 3
    received = [line for line in lines if line.get("way") == "in"]
    assert bytes.fromhex(received[0]["hex"]) == b"v157..176"
    assert [line["fields"][0] for line in received[1:]] == ["71", "81", "1", "49"]
    outcome = replay(lines, make)
    assert outcome.sent == sent > 10 and outcome.difference is None


def test_a_replay_names_the_first_frame_that_comes_out_otherwise(tmp_path: Path) -> None:
    file = tmp_path / "frames.jsonl"
    _, make = logged(file)
    _, lines = read_log(file)
    changed = [
        {**line, "fields": ["79", "1", "9"]} if line.get("fields", [""])[0] == "79" else line
        for line in lines
    ]
    found = replay(changed, make).difference
    assert found is not None and found.connection == 1
    assert found.recorded == ["79", "1", "9"] and found.replayed != found.recorded


def test_a_log_is_never_written_over_and_a_foreign_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "frames.jsonl"
    file.write_text("mine\n")
    with pytest.raises(UserError, match="cannot be written"):
        FrameLog.create(file, TinyClock(), {})
    with pytest.raises(UserError, match="no log of frames"):
        read_log(file)
