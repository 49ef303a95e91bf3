"""ARCHITECTURE's import rules, as contracts in pyproject.toml."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def test_every_import_contract_is_kept() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run(
        [program, "--no-cache"], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_help_is_answered_without_the_heavy_libraries() -> None:
    heavy = ("PySide6", "pandas", "pandas_ta", "numba", "ib_insync", "grpc", "pyarrow")
    script = (
        "import sys, contextlib, io\n"
        "from vst_desktop.cli.main import build_parser\n"
        "build_parser().format_help()\n"
        f"print([name for name in {heavy!r} if name in sys.modules])\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert run.stdout.strip() == "[]", run.stdout + run.stderr
