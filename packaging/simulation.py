"""Runs the simulation of tests/simulation outside of pytest: see ``--help``."""

from __future__ import annotations

import os
import sys
import types
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    """Play the seeds in an interpreter whose sets have one order."""
    if os.environ.get("PYTHONHASHSEED") != "0":
        os.execve(
            sys.executable, [sys.executable, *sys.argv], {**os.environ, "PYTHONHASHSEED": "0"}
        )
    # Our tests have no __init__, and eventkit ships a package of that name.
    tests = types.ModuleType("tests")
    tests.__path__ = [str(ROOT / "tests")]
    sys.modules["tests"] = tests
    from tests.simulation.runs import main as play

    return play()


if __name__ == "__main__":
    raise SystemExit(main())
