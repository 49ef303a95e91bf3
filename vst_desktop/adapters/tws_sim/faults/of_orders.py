"""Faults of combinations and orders: groups C and D of the field guide."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from vst_desktop.adapters.tws_sim.conditions import ComboMarket, WhatIf
from vst_desktop.adapters.tws_sim.faults.fault import Fault, Parameter, Recipe, Stage, Values
from vst_desktop.adapters.tws_sim.faults.of_data import DROP, late, on_answer, on_request, seconds
from vst_desktop.adapters.tws_sim.faults.rules import (
    ERROR,
    EXECUTION,
    OPEN_ORDER,
    ORDER_STATUS,
    PLACE_ORDER,
    Action,
    Do,
)
from vst_desktop.domain.errors import UserError

_DETAILS, _COMMISSION = 9, 59
_BAD_TICK = "The price does not conform to the minimum price variation for this contract."
_LATE_SECS = 0.5
_CENT = Decimal("0.01")
_FOREIGN = {"zh": "\u670d\u52a1\u5668\u6d88\u606f", "de": "Meldung des Servers"}
_SILENT, _REFUSED = "silent", "321"


def _refused(code: int, text: str, *, change: bool) -> Callable[[Values], Recipe]:
    action = Action(do=Do.ERROR, code=code, text=text)
    return lambda _: Recipe(rules=(on_request(PLACE_ORDER, action=action, change=change),))


def _noted(code: int, text: str) -> Callable[[Values], Recipe]:
    """An error that carries the order's id, while the order works on."""
    action = Action(do=Do.ERROR, code=code, text=text)
    return lambda _: Recipe(rules=(on_answer(OPEN_ORDER, action=action, times=1),))


def _what_if(kind: WhatIf) -> Callable[[Values], Recipe]:
    return lambda _: Recipe(conditions={"what_if": kind})


def _combo_market(kind: ComboMarket) -> Callable[[Values], Recipe]:
    return lambda _: Recipe(conditions={"combo_market": kind})


def _combo_tick(values: Values) -> Recipe:
    tick = Decimal(repr(values["tick"]))
    if tick <= 0:
        raise UserError(
            "tick of the fault combo_tick is 0",
            where="fault panel",
            remedy="give a number over 0, USD",
            exit_code=2,
        )
    return Recipe(conditions={"combo_tick": tick})


def _bag_details(values: Values) -> Recipe:
    if values["answer"] == _REFUSED:
        return Recipe()  # as always
    bags = ((4, frozenset({"BAG"})),)
    return Recipe(rules=(on_request(_DETAILS, action=DROP, fields=bags),))


def _bust_correct(values: Values) -> Recipe:
    def play(stage: Stage) -> None:
        change = Decimal(values["cents"]) * _CENT

        def look() -> None:
            stage.exchange.correct_newest(change)

        stage.exchange.after_fill = lambda: stage.later(values["seconds"], look)

    def undo(stage: Stage) -> None:
        stage.exchange.after_fill = None

    return Recipe(play=play, undo=undo)


FAULTS = (
    Fault(
        name="leg_details",
        group="C1",
        meaning="a combination without legs, or with ones that are not qualified, is refused: 321",
    ),
    Fault(
        name="wrong_sign",
        group="C2",
        meaning="a limit of the wrong sign trades at once at a terrible price, or is refused: 201",
    ),
    Fault(
        name="combo_tick",
        group="C3",
        meaning="combinations have a price step of their own; other limits are refused: 110",
        parameters=(Parameter(name="tick", default=0.05, meaning="the step, USD"),),
        make=_combo_tick,
    ),
    Fault(
        name="E110",
        group="C4",
        meaning="new orders are refused for their price step, and no status follows",
        make=_refused(110, _BAD_TICK, change=False),
    ),
    Fault(
        name="E110_on_modify",
        group="C5",
        meaning="changes are refused for their price step; the order works on as it was",
        make=_refused(110, _BAD_TICK, change=True),
    ),
    Fault(
        name="partial_leg",
        group="C6",
        meaning="combinations that are not guaranteed trade one leg only",
        make=lambda _: Recipe(conditions={"legs_alone": True}),
    ),
    Fault(
        name="leg_prices",
        group="C7",
        meaning="prices of single legs are refused: 10058",
    ),
    Fault(
        name="wide_combo",
        group="C8",
        meaning="combinations are quoted, and trade, a dollar worse on both sides",
        make=_combo_market(ComboMarket.WIDE),
    ),
    Fault(
        name="inverted_combo",
        group="C8",
        meaning="the bid of combinations stands over the ask",
        make=_combo_market(ComboMarket.INVERTED),
    ),
    Fault(
        name="algo_stripped",
        group="C9",
        meaning="an algorithm on a combination is dropped, with a note: 399",
    ),
    Fault(
        name="outside_hours",
        group="C10",
        meaning="the outside-hours flag is dropped (2109); orders wait for the open (399)",
    ),
    Fault(
        name="no_combo_quote",
        group="C11",
        meaning="combinations are not quoted",
        make=_combo_market(ComboMarket.NONE),
    ),
    Fault(
        name="nan_limit",
        group="C12",
        meaning="a limit that is no number is refused: 321",
    ),
    Fault(
        name="whatif_twice",
        group="C13",
        meaning="a preview is answered without figures first, then with them",
        make=_what_if(WhatIf.EARLY),
    ),
    Fault(
        name="whatif_error",
        group="C13",
        meaning="previews are refused: 201",
        make=_what_if(WhatIf.ERROR),
    ),
    Fault(
        name="whatif_never",
        group="C13",
        meaning="previews are not answered",
        make=_what_if(WhatIf.NEVER),
    ),
    Fault(
        name="E383",
        group="C14",
        meaning="new orders are refused by the size limit of the precautions",
        make=_refused(
            383,
            "The following order size exceeds the Size Limit of your precautions.",
            change=False,
        ),
    ),
    Fault(
        name="E451",
        group="C14",
        meaning="new orders are refused by the value limit of the precautions",
        make=_refused(
            451,
            "The following order value exceeds the Value Limit of your precautions.",
            change=False,
        ),
    ),
    Fault(
        name="E109",
        group="C14",
        meaning="new orders are refused by the price limit of the precautions",
        make=_refused(
            109, "Price is out of the range defined by the Percentage setting.", change=False
        ),
    ),
    Fault(
        name="outdated_attribute",
        group="C15",
        meaning="in strict mode attributes that TWS takes no more are refused: 10268",
    ),
    Fault(
        name="bag_details",
        group="C16",
        meaning="contract details of a combination are not answered, or refused",
        parameters=(
            Parameter(
                name="answer",
                default=_SILENT,
                meaning="what comes",
                choices=(_SILENT, _REFUSED),
            ),
        ),
        make=_bag_details,
    ),
    Fault(
        name="stale_next_id",
        group="D2",
        meaning="the next valid order id is one that was used before; it is refused: 103",
        make=lambda _: Recipe(conditions={"stale_next_id": True}),
    ),
    Fault(
        name="perm_zero",
        group="D1",
        meaning="the first news of an order come without its permanent id",
        make=lambda _: Recipe(conditions={"perm_id_late": True}),
    ),
    Fault(
        name="manual_order",
        group="D3",
        meaning="orders placed by hand in TWS, and of other clients, are listed and cannot be "
        "changed",
    ),
    Fault(
        name="E10349",
        group="D4",
        meaning="a note about the time in force carries the order's id; the order works",
        make=_noted(10349, "Order TIF was set to DAY based on order preset."),
    ),
    Fault(
        name="E404",
        group="D4",
        meaning="a note that shares are being located carries the order's id; the order works",
        make=_noted(404, "Order held while securities are located."),
    ),
    Fault(
        name="E399",
        group="D4",
        meaning="an order message carries the order's id; the order works",
        make=_noted(399, "Order Message: Warning: repriced so as not to cross the market."),
    ),
    Fault(
        name="E10311",
        group="D4",
        meaning="a note about fees of direct routing carries the order's id; the order works",
        make=_noted(10311, "This order will be directly routed; higher fees may apply."),
    ),
    Fault(
        name="fill_after_cancel",
        group="D5",
        meaning="a cancelled order trades after its cancel was confirmed",
        make=lambda _: Recipe(conditions={"fills_after_cancel": True}),
    ),
    Fault(
        name="no_status",
        group="D6",
        meaning="statuses of orders never come",
        make=lambda _: Recipe(rules=(on_answer(ORDER_STATUS, action=DROP),)),
    ),
    Fault(
        name="dup_status",
        group="D6",
        meaning="statuses of orders come twice",
        make=lambda _: Recipe(rules=(on_answer(ORDER_STATUS, action=Action(do=Do.DUPLICATE)),)),
    ),
    Fault(
        name="exec_first",
        group="D7",
        meaning="executions come before the order's news",
        parameters=(seconds(_LATE_SECS, "how much later the news come"),),
        make=lambda values: Recipe(
            rules=(on_answer(OPEN_ORDER, ORDER_STATUS, action=late(values)),)
        ),
    ),
    Fault(
        name="status_first",
        group="D7",
        meaning="the order is called filled before its executions come",
        parameters=(seconds(_LATE_SECS, "how much later the executions come"),),
        make=lambda values: Recipe(rules=(on_answer(EXECUTION, action=late(values)),)),
    ),
    Fault(
        name="commission_late",
        group="D7",
        meaning="commissions come late",
        parameters=(seconds(5.0, "how late"),),
        make=lambda values: Recipe(rules=(on_answer(_COMMISSION, action=late(values)),)),
    ),
    Fault(
        name="commission_never",
        group="D7",
        meaning="commissions never come",
        make=lambda _: Recipe(rules=(on_answer(_COMMISSION, action=DROP),)),
    ),
    Fault(
        name="partial",
        group="D8",
        meaning="an order trades a part first, then the rest",
        parameters=(Parameter(name="quantity", default=1, meaning="how many trade first"),),
        make=lambda values: Recipe(conditions={"first_part": values["quantity"]}),
    ),
    Fault(
        name="same_bag",
        group="D9",
        meaning="all combinations carry one contract id; two of one underlying may fill together",
    ),
    Fault(
        name="bust_correct",
        group="D10",
        meaning="an execution is corrected: the same id with a higher last number, another price",
        parameters=(
            seconds(0.2, "how long after the trade"),
            Parameter(name="cents", default=5, meaning="how much the price rises, cents a share"),
        ),
        make=_bust_correct,
    ),
    Fault(
        name="cancel_race",
        group="D11",
        meaning="cancels come after the fill: 10148",
        make=lambda _: Recipe(conditions={"cancels_late": True}),
    ),
    Fault(
        name="thin_completed",
        group="D12",
        meaning="completed orders have no order id, no client id and no fills",
    ),
    Fault(
        name="exec_window",
        group="D13",
        meaning="only executions since midnight are told",
    ),
    Fault(
        name="global_cancel",
        group="D14",
        meaning="a global cancel ends everybody's orders, those placed by hand too",
    ),
    Fault(
        name="attached_stop",
        group="D15",
        meaning="stops attached to a combination are refused",
    ),
    Fault(
        name="dup_after_modify",
        group="E8",
        meaning="a change leaves the old order working and adds a new one",
        make=lambda _: Recipe(conditions={"change_twins": True}),
    ),
    Fault(
        name="lang",
        group="G4",
        meaning="errors are told in another language; the codes stay",
        parameters=(
            Parameter(name="language", default="zh", meaning="which one", choices=("zh", "de")),
        ),
        make=lambda values: Recipe(
            rules=(
                on_answer(
                    ERROR,
                    action=Action(do=Do.CORRUPT, puts=((4, _FOREIGN[values["language"]]),)),
                ),
            )
        ),
    ),
)
