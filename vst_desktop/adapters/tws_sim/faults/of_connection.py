"""Faults of the connection, of the account's news and of the clock: groups E, F and G."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from vst_desktop.adapters.tws_sim.conditions import Accepts
from vst_desktop.adapters.tws_sim.faults.fault import Fault, Parameter, Recipe, Stage, Values
from vst_desktop.adapters.tws_sim.faults.of_data import late, on_answer, seconds
from vst_desktop.adapters.tws_sim.faults.rules import EXECUTION, Action, Do
from vst_desktop.adapters.tws_sim.link import Feed
from vst_desktop.adapters.tws_sim.wire import UNSET_DOUBLE

_LOST = (1100, "Connectivity between IB and Trader Workstation has been lost.")
_BACK_WITHOUT_DATA = (
    1101,
    "Connectivity between IB and Trader Workstation has been restored - data lost.",
)
_BACK_WITH_DATA = (
    1102,
    "Connectivity between IB and Trader Workstation has been restored - data maintained.",
)
_FARMS_BROKEN = (
    (2103, "Market data farm connection is broken:usfarm"),
    (2105, "HMDS data farm connection is broken:ushmds"),
)
_FARMS_BACK = (
    (2104, "Market data farm connection is OK:usfarm"),
    (2106, "HMDS data farm connection is OK:ushmds"),
)
_FARMS = (
    (_FARMS_BROKEN[0], _FARMS_BACK[0]),
    (_FARMS_BROKEN[1], _FARMS_BACK[1]),
    ((2108, "Market data farm connection is inactive but should be available:usopt"), None),
)
_ACCOUNT_VALUE, _PORTFOLIO, _PNL, _PNL_SINGLE = 6, 7, 94, 95


def _tell(stage: Stage, *notices: tuple[int, str]) -> None:
    for code, text in notices:
        stage.say(code, text)


def _upstream(values: Values, *, before: bool = False) -> Recipe:
    """Servers lost and back; the exchange goes on meanwhile, and nobody hears of it."""

    def play(stage: Stage) -> None:
        if before:
            _tell(stage, *_FARMS_BROKEN)
        _tell(stage, _LOST)
        stage.mute(True)
        stage.later(values["seconds"], stage.finish)

    def undo(stage: Stage) -> None:
        stage.mute(False)
        if before:
            _tell(stage, *_FARMS_BACK)
        if values.get("data_lost"):
            stage.forget_lines()
            _tell(stage, _BACK_WITHOUT_DATA)
        else:
            _tell(stage, _BACK_WITH_DATA)

    return Recipe(play=play, undo=undo)


def _gateway_restart(values: Values) -> Recipe:
    def play(stage: Stage) -> None:
        stage.listen(False)
        stage.cut()
        stage.later(values["seconds"], stage.finish)

    return Recipe(play=play, undo=lambda stage: stage.listen(True))


def _port_closed(_: Values) -> Recipe:
    def play(stage: Stage) -> None:
        stage.listen(False)
        stage.cut()

    return Recipe(play=play, undo=lambda stage: stage.listen(True))


def _flap(values: Values) -> Recipe:
    def play(stage: Stage) -> None:
        def cut(left: int) -> None:
            stage.cut()
            if left > 1:
                stage.later(values["seconds"], partial(cut, left - 1))
            else:
                stage.finish()

        cut(values["times"])

    return Recipe(play=play)


def _blackhole(_: Values) -> Recipe:
    return Recipe(play=lambda stage: stage.freeze(True), undo=lambda stage: stage.freeze(False))


def _farm_flaps(values: Values) -> Recipe:
    def play(stage: Stage) -> None:
        def flap(left: int) -> None:
            broken, back = stage.rng.choice(_FARMS)
            _tell(stage, broken)
            if back is not None:
                _tell(stage, back)
            if left > 1:
                stage.later(values["seconds"], partial(flap, left - 1))
            else:
                stage.finish()

        flap(values["times"])

    return Recipe(play=play)


def _accepts(kind: Accepts) -> Callable[[Values], Recipe]:
    return lambda _: Recipe(conditions={"accepts": kind})


def _unset_pnl(values: Values) -> Recipe:
    whole = Action(do=Do.CORRUPT, puts=tuple((at, UNSET_DOUBLE) for at in (2, 3, 4)))
    single = Action(do=Do.CORRUPT, puts=tuple((at, UNSET_DOUBLE) for at in (3, 4, 5)))
    return Recipe(
        rules=(
            on_answer(_PNL, action=whole, times=values["times"]),
            on_answer(_PNL_SINGLE, action=single, times=values["times"]),
        )
    )


def _zone(values: Values) -> Recipe:
    other = Action(do=Do.CORRUPT, replaces=("US/Eastern", values["zone"]))
    return Recipe(rules=(on_answer(EXECUTION, action=other),))


FAULTS = (
    Fault(
        name="drop_upstream",
        group="E1",
        meaning="TWS loses its servers (1100) and finds them again; orders trade meanwhile",
        parameters=(
            seconds(20.0, "how long"),
            Parameter(
                name="data_lost",
                default=False,
                meaning="whether subscriptions are gone afterwards: 1101 instead of 1102",
            ),
        ),
        make=_upstream,
    ),
    Fault(
        name="nightly_reset",
        group="E2",
        meaning="farms break, the servers are gone, then all is back with its data",
        parameters=(seconds(60.0, "how long"),),
        make=partial(_upstream, before=True),
    ),
    Fault(
        name="gateway_restart",
        group="E2",
        meaning="every connection ends and the port is closed for a while",
        parameters=(seconds(90.0, "how long"),),
        make=_gateway_restart,
    ),
    Fault(
        name="port_closed",
        group="E3",
        meaning="nobody listens on the port: the weekly login is missing",
        make=_port_closed,
    ),
    Fault(
        name="accept_silent",
        group="E4",
        meaning="connections are taken, and nothing is said",
        make=_accepts(Accepts.SILENT),
    ),
    Fault(
        name="accept_close",
        group="E4",
        meaning="connections are taken and closed before the handshake",
        make=_accepts(Accepts.CLOSES),
    ),
    Fault(
        name="dup_client_id",
        group="E5",
        meaning="another program has the client id: 326",
        parameters=(Parameter(name="client_id", default=1, meaning="the id that is taken"),),
        make=lambda values: Recipe(conditions={"taken_ids": frozenset({values["client_id"]})}),
    ),
    Fault(
        name="ghost_session",
        group="E5",
        meaning="a client id stays taken for a while after its connection was lost",
        parameters=(seconds(30.0, "how long"),),
        make=lambda values: Recipe(conditions={"ghost_secs": values["seconds"]}),
    ),
    Fault(
        name="readonly_api",
        group="E7",
        meaning="'Read-Only API' is ticked: everything about orders is refused with 321",
        make=lambda _: Recipe(conditions={"read_only": True}),
    ),
    Fault(
        name="flap",
        group="E8",
        meaning="the connection is reset again and again",
        parameters=(
            Parameter(name="times", default=5, meaning="how often"),
            seconds(1.0, "from one to the next"),
        ),
        make=_flap,
    ),
    Fault(
        name="blackhole",
        group="E9",
        meaning="open connections go dead without a word",
        make=_blackhole,
    ),
    Fault(
        name="farm_flaps",
        group="E10",
        meaning="data farms break, come back and fall asleep, at random",
        parameters=(
            Parameter(name="times", default=6, meaning="how often"),
            seconds(0.5, "from one to the next"),
        ),
        make=_farm_flaps,
    ),
    Fault(
        name="clock_skew",
        group="E12",
        meaning="TWS's clock runs ahead",
        parameters=(seconds(30.0, "how far"),),
        make=lambda values: Recipe(conditions={"clock_skew_secs": values["seconds"]}),
    ),
    Fault(
        name="legs_only",
        group="F1",
        meaning="holdings are told leg by leg; single legs and assignments by the control line",
    ),
    Fault(
        name="unset_pnl",
        group="F3",
        meaning="profit and loss come as 1.797E308 first",
        parameters=(Parameter(name="times", default=1, meaning="how often"),),
        make=_unset_pnl,
    ),
    Fault(
        name="foreign_base",
        group="F4",
        meaning="accounts in another base currency, several currencies: `--base`, `--cash`",
    ),
    Fault(
        name="slow_account",
        group="F6",
        meaning="account values and holdings come late",
        parameters=(seconds(180.0, "how late"),),
        make=lambda values: Recipe(
            rules=(on_answer(_ACCOUNT_VALUE, _PORTFOLIO, action=late(values)),)
        ),
    ),
    Fault(
        name="several_accounts",
        group="F7",
        meaning="orders must name one of several accounts: 435, `--accounts`",
    ),
    Fault(
        name="competing_session",
        group="F8",
        meaning="another session of the same user has the market data: 10197",
        make=lambda _: Recipe(feed=Feed.COMPETING),
    ),
    Fault(
        name="zero_position",
        group="F9",
        meaning="a holding that is gone is told once with quantity 0",
    ),
    Fault(
        name="tz",
        group="G1",
        meaning="executions carry another time zone",
        parameters=(Parameter(name="zone", default="China Standard Time", meaning="its name"),),
        make=_zone,
    ),
    Fault(
        name="dated_expiry",
        group="G2",
        meaning="last trading days come with a time and a zone",
        make=lambda _: Recipe(conditions={"dated_expirations": True}),
    ),
)
