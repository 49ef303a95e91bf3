"""What may not stand in the repository, and how long a file may be."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGE = REPOSITORY / "vst_desktop"
GENERATED = PACKAGE / "adapters" / "scanner" / "_pb"
MAX_LINES = 400
BINARY = {".png", ".ttf", ".ico", ".parquet", ".wav", ".arrow"}

# Written with brackets, so that this file does not match itself.
FORBIDDEN = {
    "a path of one machine": r"(?<![\w.])/(?:[r]oot|[w]ork|[h]ome/\w+|[U]sers/\w+)/",
    "a package index's host": (
        r"(?i)[p]ypi\.org|[p]ythonhosted|[p]roxy\.golang|[s]um\.golang|[r]egistry\.npmjs"
    ),
    "a private key": r"-----[B]EGIN [A-Z ]*PRIVATE KEY",
    "an access key": r"\b[A]KIA[0-9A-Z]{16}\b|\b[g]h[pousr]_[A-Za-z0-9]{36}\b",
    "a chat token or hook": r"\b[x]ox[abprs]-[0-9A-Za-z-]{10,}|[h]ooks\.slack\.com/services/T\w+/",
}


def tracked_files() -> list[Path]:
    """The files of the repository; skips outside a git clone (a source archive has no history)."""
    git = shutil.which("git")
    if git is None or not (REPOSITORY / ".git").exists():
        pytest.skip("not a git clone")
    listed = subprocess.run(
        [git, "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    found = [REPOSITORY / name for name in listed.stdout.split("\0") if name]
    return [path for path in found if path.is_file()]


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_holds(what: str) -> None:
    pattern = re.compile(FORBIDDEN[what])
    hits = []
    for path in tracked_files():
        if path.suffix in BINARY or path.suffix == ".lock":
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if pattern.search(line):
                hits.append(f"{path.relative_to(REPOSITORY)}:{number}: {line.strip()[:80]}")
    assert not hits, f"{what}:\n" + "\n".join(hits)


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("a path of one machine", "open('/" + "home/anna/bars.csv')"),
        ("a package index's host", "https://files.python" + "hosted.org/x"),
        ("a private key", "-----" + "BEGIN EC PRIVATE KEY-----"),
        ("an access key", "AK" + "IA" + "ABCDEFGHIJKLMNOP"),
        ("a chat token or hook", "xo" + "xb-123456789012"),
    ],
)
def test_the_search_finds_what_it_looks_for(what: str, text: str) -> None:
    assert re.search(FORBIDDEN[what], text)


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_every_locked_requirement_has_a_hash_and_no_address(name: str) -> None:
    text = (REPOSITORY / name).read_text(encoding="utf-8")
    requirements = re.split(r"\n(?=[a-z0-9])", text)
    assert len(requirements) > 20
    assert [entry.split()[0] for entry in requirements if "--hash=sha256:" not in entry] == []
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links", text)


def test_no_file_of_the_package_is_too_long() -> None:
    long = {
        str(path.relative_to(REPOSITORY)): lines
        for path in PACKAGE.rglob("*.py")
        if GENERATED not in path.parents
        and (lines := len(path.read_text(encoding="utf-8").splitlines())) > MAX_LINES
    }
    assert not long, f"over {MAX_LINES} lines: {long}"
