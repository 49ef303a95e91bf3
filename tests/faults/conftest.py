"""The table of faults and duties: ``pytest tests/faults --fault-table``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import pytest

from vst_desktop.adapters.tws_sim.faults.catalog import FAULTS


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fault-table", action="store_true", help="print faults and duties")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = yield
    for mark in item.iter_markers("fault"):
        report.user_properties.append(("fault", tuple(mark.args)))  # type: ignore[attr-defined]
    return report


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if not config.getoption("--fault-table"):
        return
    found: dict[str, list[tuple[str, bool]]] = defaultdict(list)
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for key, value in report.user_properties:
                if key == "fault" and report.when == "call":
                    found[value[0]].append((value[1], outcome == "passed"))
    write = terminalreporter.write_line
    write("")
    bad = 0
    for name, fault in FAULTS.items():
        for duty, holds in found.get(name) or [("NO DRILL", False)]:
            bad += not holds
            write(f"{fault.group:<4} {name:<20} {'pass' if holds else 'FAIL'}  {duty}")
    drilled = sum(name in found for name in FAULTS)
    duties = sum(map(len, found.values()))
    write(
        f"faults: {len(FAULTS)} of the guide, {drilled} drilled, "
        f"{len(FAULTS) - drilled} missing; {duties} duties, {bad} failed"
    )
