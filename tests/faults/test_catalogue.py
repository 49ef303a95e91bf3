"""Every fault of the field guide is in the catalogue, and every one in the catalogue is drilled."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.faults import test_connection_faults, test_data_faults, test_order_faults
from vst_desktop.adapters.tws_sim.faults.catalog import FAULTS, fault_named
from vst_desktop.domain.errors import UserError

NO_FAULTS = {"DU1"}  # a value of --accounts


def drilled() -> set[str]:
    found = set()
    for module in (test_connection_faults, test_data_faults, test_order_faults):
        for name, test in vars(module).items():
            if name.startswith("test_"):
                found |= {mark.args[0] for mark in test.pytestmark if mark.name == "fault"}
    return found


def test_every_fault_is_drilled_and_no_other() -> None:
    assert drilled() == set(FAULTS)


def test_every_name_of_the_guide_is_in_the_catalogue(data_dir: Path) -> None:
    guide = data_dir.parent / "reference" / "ib-field-guide.md"
    if not guide.exists():
        pytest.skip("the field guide is not here")
    names = set()
    for entry in re.findall(r"\*\*Sim\*\*:?(.*)", guide.read_text(encoding="utf-8")):
        for quoted in re.findall(r"`([^`]+)`", entry):
            name = re.split(r"[=(,]", quoted)[0]
            if re.fullmatch(r"[A-Za-z]\w+", name):
                names.add(name)
    assert len(names) > 50
    assert names - NO_FAULTS <= set(FAULTS)


def test_a_fault_that_is_misspelt_names_the_near_ones() -> None:
    with pytest.raises(UserError, match="drop_upstream"):
        fault_named("drop_upsteam")
