"""Requests of the control line about faults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vst_desktop.adapters.tws_sim.faults import script
from vst_desktop.adapters.tws_sim.faults.catalog import FAULTS
from vst_desktop.adapters.tws_sim.server import TwsServer
from vst_desktop.domain.errors import UserError

OPERATIONS = frozenset({"faults", "fault", "rule", "clear"})


def serve(server: TwsServer, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """Do one of :data:`OPERATIONS`.

    Raises:
        ValueError: It cannot be read, or there is no such fault.
    """
    panel = server.faults
    given = {key: value for key, value in request.items() if key != "op"}
    try:
        match operation:
            case "faults":
                return {"faults": [_described(name) for name in FAULTS], "on": panel.active}
            case "fault":
                name = given.pop("name", None)
                panel.start(str(name), **given)
            case "rule":
                (planned,) = script.script_of({"rule": [given]}, where="rule")
                assert planned.rule is not None
                return {"name": panel.add(planned.rule), "on": panel.active}
            case "clear":
                if "name" in given:
                    panel.clear(str(given["name"]))
                else:
                    panel.clear_all()
    except UserError as wrong:
        raise ValueError(str(wrong)) from None
    return {"on": panel.active}


def _described(name: str) -> dict[str, Any]:
    fault = FAULTS[name]
    return {
        "name": name,
        "group": fault.group,
        "meaning": fault.meaning,
        "switch": fault.make is not None,
        "parameters": {
            one.name: {"default": one.default, "meaning": one.meaning, "choices": one.choices}
            for one in fault.parameters
        },
    }
