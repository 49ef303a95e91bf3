"""Every fault by name."""

from __future__ import annotations

import difflib

from vst_desktop.adapters.tws_sim.faults import of_connection, of_data, of_orders
from vst_desktop.adapters.tws_sim.faults.fault import Fault
from vst_desktop.domain.errors import UserError

FAULTS: dict[str, Fault] = {
    one.name: one
    for one in sorted(
        (*of_data.FAULTS, *of_orders.FAULTS, *of_connection.FAULTS),
        key=lambda one: (one.group[0], int(one.group[1:])),
    )
}


def fault_named(name: str) -> Fault:
    """The fault of that name.

    Raises:
        UserError: There is none.
    """
    if name in FAULTS:
        return FAULTS[name]
    near = difflib.get_close_matches(name, FAULTS, 3)
    raise UserError(
        f"there is no fault {name!r}",
        where="fault panel",
        remedy=f"did you mean {' or '.join(near)}?" if near else "see docs/faults.md for the names",
        exit_code=2,
    )
