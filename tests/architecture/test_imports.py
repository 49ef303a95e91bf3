"""ARCHITECTURE's import rules, as contracts in pyproject.toml."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

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


@pytest.mark.parametrize(
    ("contract", "seen"),
    [
        ("adapters-see-ports", {"ports", "runtime", "strategy", "options", "risk", "domain"}),
        ("window-sees-station", {"station", "runtime", "domain"}),
    ],
)
def test_a_new_engine_is_named_where_it_must_not_be_seen(contract: str, seen: set[str]) -> None:
    # import-linter cannot say "all but these", so the lists have to keep up with the packages.
    config = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = {entry["id"]: entry for entry in config["tool"]["importlinter"]["contracts"]}
    above = {"cli", "bootstrap", "gui", "adapters"}  # the layers contract forbids these
    package = REPOSITORY / "vst_desktop"
    present = {path.parent.name for path in package.glob("*/__init__.py")}
    named = {name.removeprefix("vst_desktop.") for name in contracts[contract]["forbidden_modules"]}
    assert named == present - above - seen
