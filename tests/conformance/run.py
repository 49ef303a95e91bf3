"""Clients that this project did not write, against ``vst sim``: the table of docs/conformance.md.

usage: run.py HOME [DOCUMENT]

HOME holds one environment for each client, as packaging/conformance.sh makes them. With DOCUMENT
the table is written there too. The exit code is 1 when any step of any client did not hold.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

CLIENTS = Path(__file__).with_name("clients")
STEPS = (
    "connect",
    "chain",
    "details",
    "bars",
    "quotes",
    "bag filled",
    "modify",
    "cancel",
    "reconnect",
)
NEWEST = 176
_LONGEST_SECS = 150
_AT_A_TIME = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One client and the versions it says it speaks."""

    client: str
    lowest: int
    highest: int

    @property
    def range(self) -> str:
        """As the client writes it on the wire."""
        return f"v{self.lowest}..{self.highest}"

    @property
    def served(self) -> int:
        """The highest version that both sides know."""
        return min(self.highest, NEWEST)


CASES = (
    Case(client="ib_insync 0.9.86", lowest=157, highest=176),
    Case(client="ib_insync 0.9.86", lowest=100, highest=173),
    Case(client="ib_insync 0.9.86", lowest=157, highest=165),
    Case(client="ib_async 2.1.0", lowest=157, highest=178),
    Case(client="ib_async 2.1.0", lowest=100, highest=173),
    Case(client="ibapi 9.81.1", lowest=100, highest=157),
    Case(client="ibapi 9.81.1", lowest=100, highest=151),
    Case(client="ibapi 9.81.1", lowest=100, highest=135),
    Case(client="ibapi 9.81.1", lowest=100, highest=120),
    Case(client="@stoqey/ib 1.6", lowest=100, highest=193),
    Case(client="@stoqey/ib 1.6", lowest=100, highest=173),
    Case(client="@stoqey/ib 1.6", lowest=100, highest=145),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one client went through; ``problem`` is None when all of it held."""

    case: Case
    server_version: int | None
    held: Sequence[str]
    errors: int
    problem: str | None

    @property
    def row(self) -> list[str]:
        """Its line of the table."""
        steps = ["yes" if step in self.held else "NO" for step in STEPS]
        version = str(self.server_version or "none")
        return [self.case.client, self.case.range, version, *steps, str(self.errors)]


def command(case: Case, home: Path, port: int) -> list[str]:
    """How a client is started, in its own environment."""
    name = case.client.split()[0]
    if name == "@stoqey/ib":
        return ["node", str(CLIENTS / "stoqey_client.cjs"), str(port), str(case.highest)]
    inside = "Scripts/python.exe" if os.name == "nt" else "bin/python"
    versions = [str(case.lowest), str(case.highest)]
    if name == "ibapi":
        return [str(home / name / inside), str(CLIENTS / "ibapi_client.py"), str(port), *versions]
    return [str(home / name / inside), str(CLIENTS / "ib_client.py"), name, str(port), *versions]


def converse(case: Case, home: Path) -> Outcome:
    """One client against a simulator of its own."""
    simulator = subprocess.Popen(
        [sys.executable, "-m", "vst_desktop.cli.main", "sim", "--port", "0", "--speed", "20"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert simulator.stdout is not None
        port = int(simulator.stdout.readline().split("127.0.0.1:")[1].split(",")[0])
        client = subprocess.run(
            command(case, home, port),
            capture_output=True,
            text=True,
            timeout=_LONGEST_SECS,
            check=False,
            env={**os.environ, "NODE_PATH": str(home / "node" / "node_modules")},
        )
        return judged(case, client)
    except subprocess.TimeoutExpired:
        return Outcome(case=case, server_version=None, held=(), errors=0, problem="never ended")
    finally:
        simulator.terminate()
        simulator.communicate()


def judged(case: Case, client: subprocess.CompletedProcess[str]) -> Outcome:
    """Read what a client printed."""
    try:
        said: dict[str, Any] = json.loads(client.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        end = client.stderr.strip()[-400:] or "it printed nothing"
        return Outcome(case=case, server_version=None, held=(), errors=0, problem=end)
    problem = said["failed"]
    if problem is None and client.stderr.strip():
        problem = f"standard error: {client.stderr.strip()[-400:]}"
    if problem is None and said["errors"]:
        problem = f"errors: {said['errors'][:3]}"
    if problem is None and said["held"] != list(STEPS):
        problem = f"steps {said['held']}"
    if problem is None and said["server_version"] != case.served:
        problem = f"served version {said['server_version']}, not {case.served}"
    return Outcome(
        case=case,
        server_version=said["server_version"],
        held=said["held"],
        errors=len(said["errors"]),
        problem=problem,
    )


def table(outcomes: Sequence[Outcome]) -> str:
    """All outcomes in Markdown."""
    head = ["client", "asks", "served", *STEPS, "decoder errors"]
    rows = [head, *(one.row for one in outcomes)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(head))]
    lines = [
        "| " + " | ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])


def write(document: Path, found: str) -> None:
    """Put the table between the document's two marks."""
    start, end = "<!-- table -->\n", "<!-- end of table -->"
    text = document.read_text(encoding="utf-8")
    before, rest = text.split(start, 1)
    after = rest.split(end, 1)[1]
    document.write_text(f"{before}{start}{found}\n{end}{after}", encoding="utf-8")


def main() -> int:
    """Run every case."""
    home = Path(sys.argv[1]).resolve()
    outcomes = []
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        for outcome in pool.map(partial(converse, home=home), CASES):
            outcomes.append(outcome)
            said = "holds" if outcome.problem is None else outcome.problem
            print(f"{outcome.case.client} {outcome.case.range}: {said}", flush=True)
    found = table(outcomes)
    print(f"\n{found}\n")
    failed = [one for one in outcomes if one.problem is not None]
    if not failed and len(sys.argv) > 2:
        write(Path(sys.argv[2]), found)
    clients = len({one.case.client for one in outcomes})
    if failed:
        print(f"conformance: {len(failed)} of {len(outcomes)} runs failed.")
        return 1
    print(
        f"conformance: {clients} foreign clients in {len(outcomes)} version ranges did every "
        f"step against vst sim without a decoder error."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
