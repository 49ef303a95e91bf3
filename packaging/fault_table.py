"""Writes the table of faults into docs/faults.md from the catalogue itself."""

from __future__ import annotations

from pathlib import Path

from vst_desktop.adapters.tws_sim.faults.catalog import FAULTS

HEADING = "## The names\n"


def table() -> str:
    """One row for each fault, by its place in the field guide."""
    rows = ["| guide | name | what goes wrong | parameters |", "|---|---|---|---|"]
    for fault in FAULTS.values():
        given = ", ".join(f"`{one.name} = {one.default}`" for one in fault.parameters)
        if fault.make is None:
            given = "always so"
        rows.append(f"| {fault.group} | `{fault.name}` | {fault.meaning} | {given} |")
    return "\n".join(rows) + "\n"


def written(text: str) -> str:
    """The page with today's table."""
    return text[: text.index(HEADING)] + HEADING + "\n" + table()


if __name__ == "__main__":
    page = Path("docs/faults.md")
    page.write_text(written(page.read_text(encoding="utf-8")), encoding="utf-8")
