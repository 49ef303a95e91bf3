"""Mutation check of execution, risk and exits with mutmut, in a copy of the tree.

Mutants that change only a sentence for people (a message, a reason) are left out of the count: a
test that pins every sentence would pin nothing that matters. The others must be noticed by the
tests below: at least 85 in 100.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import json
import random
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from pathlib import Path

MUTATED = (
    "vst_desktop/execution/*.py",
    "vst_desktop/risk/*.py",
    "vst_desktop/strategy/exit.py",
    "vst_desktop/options/exits.py",
)
TESTS = (
    "tests/unit/execution",
    "tests/unit/risk",
    "tests/unit/strategy",
    "tests/unit/options/test_exits.py",
    "tests/unit/options/test_plan_odds.py",
    "tests/unit/station/test_auto_approve.py",
    "tests/contract/test_journal.py",
    "tests/bdd/test_denials.py",
    "tests/bdd/test_execution_timing.py",
    "tests/bdd/test_exits.py",
    "tests/bdd/test_kill_switch.py",
    "tests/bdd/test_partial_fills.py",
    "tests/bdd/test_reconcile.py",
)
LEAST_KILLED = 0.85
KILLED, SURVIVED, NO_TESTS = (1, 3, -24, 24, 36, 152, 255, -11, -9), 0, 33
SETTINGS = f"""
[tool.mutmut]
source_paths = ["vst_desktop"]
also_copy = ["features"]
only_mutate = {list(MUTATED)!r}
pytest_add_cli_args = ["-q", "-x", "-p", "no:cacheprovider"]
pytest_add_cli_args_test_selection = {[one for one in TESTS if Path(one).exists()]!r}
"""


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, help="so many mutants, drawn by --seed; else all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="", help="mutants whose name contains this")
    args = parser.parse_args()
    with Path("pyproject.toml").open("a", encoding="utf-8") as file:
        file.write(SETTINGS)
    _mutmut(["vst_desktop.risk.limits.x_check_budget__mutmut_1"], args.jobs)
    every = [name for name in sorted(_verdicts()) if args.only in name and not _is_text(name)]
    chosen = every
    if args.sample and args.sample < len(every):
        chosen = sorted(random.Random(args.seed).sample(every, args.sample))
    _mutmut(chosen, args.jobs)
    return report(chosen, len(every))


def report(chosen: Sequence[str], of: int) -> int:
    """Print the table and the survivors; 0 when enough were killed."""
    verdicts = _verdicts()
    by_module: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    survivors = []
    for name in chosen:
        is_killed = verdicts[name] not in (None, SURVIVED, NO_TESTS)
        module = name.split(".x")[0].removeprefix("vst_desktop.")
        by_module[module][not is_killed] += 1
        if not is_killed:
            survivors.append(name)
    print(f"\n{'module':<28}{'killed':>8}{'survived':>10}")
    for module, (killed, survived) in sorted(by_module.items()):
        print(f"{module:<28}{killed:>8}{survived:>10}")
    for name in survivors:
        print(f"\n{name}")
        print("\n".join(f"  {line}" for line in _changed(name)))
    killed = len(chosen) - len(survivors)
    share = killed / max(1, len(chosen))
    print(f"\nmutation: {killed} of {len(chosen)} killed ({share:.1%}); {of} mutants in all")
    return 0 if share >= LEAST_KILLED else 1


def _mutmut(names: Sequence[str], jobs: int) -> None:
    command = [sys.executable, "-m", "mutmut", "run", "--max-children", str(jobs), *names]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"mutmut failed:\n{done.stdout[-3000:]}\n{done.stderr[-2000:]}")


def _verdicts() -> dict[str, int | None]:
    found: dict[str, int | None] = {}
    for file in Path("mutants").rglob("*.py.meta"):
        found |= json.loads(file.read_text(encoding="utf-8"))["exit_code_by_key"]
    return found


def _changed(name: str) -> list[str]:
    """The lines that a mutant takes away and adds, from the file in which all of them stand."""
    module, _, function = name.rpartition(".")
    file = Path("mutants", *module.split(".")).with_suffix(".py")
    lines, spans = _mutated(file)
    original = spans[f"{function.rpartition('__mutmut_')[0]}__mutmut_orig"]
    versions = [lines[first : last + 1] for first, last in (original, spans[function])]
    return [
        one
        for one in difflib.unified_diff(*versions, lineterm="", n=0)
        if one[0] in "+-" and "__mutmut_" not in one and one[:3] not in ("+++", "---")
    ]


@cache
def _mutated(file: Path) -> tuple[list[str], dict[str, list[int]]]:
    spans = json.loads(file.with_suffix(".py.spans").read_text(encoding="utf-8"))["spans"]
    return ["", *file.read_text(encoding="utf-8").splitlines()], spans


def _is_text(name: str) -> bool:
    """Whether a mutant changes nothing but a sentence: a string with a space in it."""
    changed = _changed(name)
    old, new = (
        _without_sentences("\n".join(one[1:] for one in changed if one[0] == sign)) for sign in "-+"
    )
    return _placeless(old) == _placeless(new)


def _placeless(code: str) -> str:
    """Without the places of sentences, and what a mutant put there."""
    return re.sub(r"(\w+=)?(''|None)(, )?", "", code)


def _without_sentences(code: str) -> str:
    """The code with every sentence emptied; as it is where it cannot be read alone."""
    text = code.strip()
    for candidate in (text, f"f({text.rstrip(',')})", f"{text}\n    pass", f"({text}"):
        try:
            tree = ast.parse(candidate)
        except SyntaxError:
            continue
        return ast.unparse(_Emptied().visit(tree))
    return text


class _Emptied(ast.NodeTransformer):
    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        """Sentences and logger formats say nothing here."""
        if isinstance(node.value, str) and " " in node.value:
            return ast.Constant("")
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        """A sentence with figures in it."""
        return ast.Constant("")


if __name__ == "__main__":
    raise SystemExit(main())
