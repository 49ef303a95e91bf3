"""Adds tonight's benchmarks to a history, a line of JSON a night, and shows both as a table.

bench_history.py HISTORY.jsonl COMMIT REPORT.json...

The reports are those that `vst bench NAME --json FILE` writes; a figure is named after the file
and its target. The table (Markdown) goes to stdout: tonight beside the median of the nights before.
"""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path
from typing import Any

NIGHTS = 14
"""How many nights before are looked back on."""
NOTABLE = 0.2
"""A change from their median by this part is marked: shared machines swing by less than that."""

Figures = dict[str, dict[str, Any]]


def figures(reports: list[Path]) -> Figures:
    """Value and verdict of every target of the reports, by ``report/target``."""
    return {
        f"{report.stem}/{target['name']}": {"value": target["value"], "met": target["met"]}
        for report in reports
        for target in json.loads(report.read_text("utf-8"))["targets"]
    }


def table(history: list[Figures], tonight: Figures) -> str:
    """Tonight's figures beside the median of the last nights."""
    lines = [
        f"| target | tonight | median of {min(len(history), NIGHTS)} nights before | change | |",
        "|---|---:|---:|---:|---|",
    ]
    for name, found in tonight.items():
        value, verdict = found["value"], "holds" if found["met"] else "**missed**"
        before = [
            night[name]["value"]
            for night in history[-NIGHTS:]
            if name in night and night[name]["value"] is not None
        ]
        usual = statistics.median(before) if before else None
        change = value / usual - 1 if usual and value is not None else None
        marked = "" if change is None else f"{change:+.0%}"
        if change is not None and abs(change) >= NOTABLE:
            marked = f"**{marked}**"
        lines.append(f"| {name} | {_text(value)} | {_text(usual)} | {marked} | {verdict} |")
    return "\n".join(lines)


def _text(value: float | None) -> str:
    return "" if value is None else f"{value:,.4g}"


def main(file: str, commit: str, *reports: str) -> None:
    history_file, found = Path(file), [Path(report) for report in reports]
    if missing := [str(report) for report in found if not report.is_file()]:
        sys.exit(f"bench_history: no report at {', '.join(missing)}: did its benchmark fail?")
    lines = history_file.read_text("utf-8").splitlines() if history_file.exists() else []
    history = [json.loads(line)["figures"] for line in lines]
    tonight = figures(found)
    with history_file.open("a", encoding="utf-8") as out:
        out.write(json.dumps({"commit": commit, "figures": tonight}) + "\n")
    print(table(history, tonight))


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
