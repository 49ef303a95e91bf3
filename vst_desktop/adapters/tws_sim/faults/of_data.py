"""Faults of limits, chains and market data: groups A and B of the field guide."""

from __future__ import annotations

from vst_desktop.adapters.tws_sim.faults.fault import Fault, Parameter, Recipe, Values
from vst_desktop.adapters.tws_sim.faults.rules import Action, Do, Rule, Trigger, Way
from vst_desktop.adapters.tws_sim.link import Feed
from vst_desktop.adapters.tws_sim.wire import UNSET_DOUBLE

_REQUESTS = {"details": 9, "history": 20}
_PRICE, _GREEKS, _SNAPSHOT_END, _HISTORY, _BAR_UPDATE, _BAR_TICK = 1, 21, 57, 17, 90, 108
_BIDS_AND_ASKS = frozenset({"1", "2", "66", "67"})
_DEFAULT_LATE = 4.0


def on_request(*messages: int, action: Action, **trigger: object) -> Rule:
    """A rule on requests."""
    found = Trigger(way=Way.REQUEST, messages=frozenset(messages), **trigger)  # type: ignore[arg-type]
    return Rule(trigger=found, action=action)


def on_answer(*messages: int, action: Action, **trigger: object) -> Rule:
    """A rule on answers."""
    found = Trigger(way=Way.ANSWER, messages=frozenset(messages), **trigger)  # type: ignore[arg-type]
    return Rule(trigger=found, action=action)


def late(values: Values) -> Action:
    """A delay by the parameter ``seconds``."""
    return Action(do=Do.DELAY, secs=values["seconds"])


def seconds(default: float, meaning: str) -> Parameter:
    """The parameter ``seconds``."""
    return Parameter(name="seconds", default=default, meaning=f"{meaning}, real seconds")


DROP = Action(do=Do.DROP)


def _entitlement(values: Values) -> Recipe:
    return Recipe(feed=Feed(values["data"]))


def _greeks_sentinel(_: Values) -> Recipe:
    # From the end: underlying, theta, vega, gamma, dividend, option price, delta, volatility.
    sentinels = ((-2, "-2"), (-3, "-2"), (-4, "-2"), (-7, "-2"), (-8, "-1"))
    return Recipe(rules=(on_answer(_GREEKS, action=Action(do=Do.CORRUPT, puts=sentinels)),))


def _no_quote(_: Values) -> Recipe:
    nothing = Action(do=Do.CORRUPT, puts=((4, "-1"), (5, "0")))
    return Recipe(rules=(on_answer(_PRICE, action=nothing, fields=((3, _BIDS_AND_ASKS),)),))


def _unset_price(_: Values) -> Recipe:
    unset = Action(do=Do.CORRUPT, puts=((-6, UNSET_DOUBLE),))
    return Recipe(rules=(on_answer(7, action=unset),))


def _live_bars_lost(_: Values) -> Recipe:
    lost = Action(
        do=Do.ERROR, code=10182, text="Failed to request live updates (disconnected).", passes=True
    )
    return Recipe(
        rules=(
            on_answer(_BAR_UPDATE, action=lost, times=1),
            on_answer(_BAR_UPDATE, _BAR_TICK, action=DROP),
        )
    )


FAULTS = (
    Fault(
        name="rate_limit",
        group="A1",
        meaning="more messages in a second than allowed draw code 100; the third such second ends "
        "the connection",
        parameters=(Parameter(name="messages", default=50, meaning="allowed in a second"),),
        make=lambda values: Recipe(conditions={"messages_a_second": values["messages"]}),
    ),
    Fault(
        name="hist_pacing",
        group="A2",
        meaning="the same bars asked for again too soon are refused with 162, pacing violation",
        parameters=(seconds(15.0, "how soon is too soon"),),
        make=lambda values: Recipe(conditions={"history_again_secs": values["seconds"]}),
    ),
    Fault(
        name="hist_slots",
        group="A3",
        meaning="only so many requests may be kept up to date; the next is refused with 322",
        parameters=(Parameter(name="slots", default=50, meaning="allowed at a time"),),
        make=lambda values: Recipe(conditions={"most_live_bars": values["slots"]}),
    ),
    Fault(
        name="hist_delay",
        group="A4",
        meaning="bars come late",
        parameters=(seconds(8.0, "how late"),),
        make=lambda values: Recipe(rules=(on_answer(_HISTORY, action=late(values)),)),
    ),
    Fault(
        name="hist_never",
        group="A4",
        meaning="requests for bars are not answered",
        make=lambda _: Recipe(rules=(on_request(_REQUESTS["history"], action=DROP),)),
    ),
    Fault(
        name="md_lines",
        group="A5",
        meaning="so many market data lines for each client; the next is refused with 101",
        parameters=(Parameter(name="lines", default=100, meaning="allowed at a time"),),
        make=lambda values: Recipe(conditions={"most_lines": values["lines"]}),
    ),
    Fault(
        name="details_throttle",
        group="B1",
        meaning="contract details come slowly",
        parameters=(seconds(1.0, "for each request"),),
        make=lambda values: Recipe(
            rules=(on_request(_REQUESTS["details"], action=late(values)),),
        ),
    ),
    Fault(
        name="sparse_grid",
        group="B2",
        meaning="chains name dates and strikes that do not exist together; asking draws 200",
    ),
    Fault(
        name="trading_classes",
        group="B3",
        meaning="chains come once for each exchange, class and multiplier, adjusted ones too",
    ),
    Fault(
        name="snapshot_slow",
        group="B4",
        meaning="the end of a snapshot comes late",
        parameters=(seconds(11.0, "how late"),),
        make=lambda values: Recipe(rules=(on_answer(_SNAPSHOT_END, action=late(values)),)),
    ),
    Fault(
        name="snapshot_no_end",
        group="B4",
        meaning="the end of a snapshot never comes",
        make=lambda _: Recipe(rules=(on_answer(_SNAPSHOT_END, action=DROP),)),
    ),
    Fault(
        name="greeks_late",
        group="B5",
        meaning="computed values of options come late",
        parameters=(seconds(_DEFAULT_LATE, "how late"),),
        make=lambda values: Recipe(rules=(on_answer(_GREEKS, action=late(values)),)),
    ),
    Fault(
        name="greeks_never",
        group="B5",
        meaning="computed values of options never come",
        make=lambda _: Recipe(rules=(on_answer(_GREEKS, action=DROP),)),
    ),
    Fault(
        name="greeks_sentinel",
        group="B5",
        meaning="computed values of options are -1 and -2: not known",
        make=_greeks_sentinel,
    ),
    Fault(
        name="no_quote",
        group="B6",
        meaning="bid and ask are -1 with size 0",
        make=_no_quote,
    ),
    Fault(
        name="entitlement",
        group="B7",
        meaning="what the market data subscription gives",
        parameters=(
            Parameter(
                name="data",
                default="delayed",
                meaning="delayed data only, or none at all",
                choices=("delayed", "none"),
            ),
        ),
        make=_entitlement,
    ),
    Fault(
        name="other_side_interest",
        group="B8",
        meaning="open interest of the other right comes as 0",
    ),
    Fault(
        name="unset_price",
        group="F2",
        meaning="holdings are valued at 1.797E308: not known",
        make=_unset_price,
    ),
    Fault(
        name="hist_empty",
        group="H7",
        meaning="bars are answered with none",
        make=lambda _: Recipe(conditions={"history_empty": True}),
    ),
    Fault(
        name="bars_stall",
        group="H7",
        meaning="bars that are kept up to date stop without a word",
        make=lambda _: Recipe(rules=(on_answer(_BAR_UPDATE, _BAR_TICK, action=DROP),)),
    ),
    Fault(
        name="live_bars_lost",
        group="H7",
        meaning="bars that are kept up to date end with 10182",
        make=_live_bars_lost,
    ),
    Fault(
        name="no_reply",
        group="H5",
        meaning="requests of one message id are not answered",
        parameters=(Parameter(name="message", default=99, meaning="the request's message id"),),
        make=lambda values: Recipe(rules=(on_request(values["message"], action=DROP),)),
    ),
)
