"""The build hook compiles when something changed, and says in a sentence why it cannot."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]

FAKE_GO = """\
#!/bin/sh
if [ "$1" = env ]; then
  if [ "$2" = GOVERSION ]; then echo {version}; else echo plan9; echo mips; fi
  exit 0
fi
while [ $# -gt 0 ]; do
  if [ "$1" = -o ]; then echo built >>"$LOG"; echo program >"$2"; fi
  shift
done
exit {code}
"""

posix = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for go is a shell script")


@pytest.fixture(scope="module")
def hook() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hatch_build", REPOSITORY / "hatch_build.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    sources = tmp_path / "tree" / "scanner_go"
    (sources / "cmd").mkdir(parents=True)
    (sources / "go.mod").write_text("module m\n\ngo 1.26.0\n")
    (sources / "cmd" / "main.go").write_text("package main\n")
    return sources.parent


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "log"
    monkeypatch.setenv("LOG", str(path))
    return path


def install_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str = "go1.26.1", code: int = 0
) -> None:
    folder = tmp_path / "bin"
    folder.mkdir(exist_ok=True)
    go = folder / "go"
    go.write_text(FAKE_GO.format(version=version, code=code))
    go.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


@posix
def test_the_stamp_names_version_checksum_and_platform(
    hook: ModuleType, tree: Path, log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_go(tmp_path, monkeypatch)
    assert hook.build(tree, "1.2.3")
    stamp = json.loads((tree / "vst_desktop/_bin/scanner.json").read_text())
    assert (stamp["version"], stamp["os"], stamp["arch"]) == ("1.2.3", "plan9", "mips")
    assert stamp["sha256"] == hook._sha256(tree / "vst_desktop/_bin/vst-scanner")
    assert sorted(p.name for p in (tree / "vst_desktop/_bin").iterdir()) == [
        "scanner.json",
        "vst-scanner",
    ]


@posix
@pytest.mark.parametrize(
    ("change", "again"),
    [
        ("nothing", False),
        ("scanner_go/cmd/main_test.go", False),
        ("scanner_go/cmd/main.go", True),
        ("scanner_go/go.sum", True),
        ("vst_desktop/_bin/vst-scanner", True),
        ("vst_desktop/_bin/scanner.json", True),
    ],
)
def test_it_compiles_again_only_when_the_binary_would_differ(
    hook: ModuleType,
    tree: Path,
    log: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: str,
    again: bool,
) -> None:
    install_go(tmp_path, monkeypatch)
    hook.build(tree, "1")
    if change != "nothing":
        (tree / change).write_text("changed\n")
    assert hook.build(tree, "1") is again
    assert log.read_text().count("built") == 1 + again
    assert not hook.build(tree, "1")


@posix
def test_another_version_is_compiled_again(
    hook: ModuleType, tree: Path, log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_go(tmp_path, monkeypatch)
    assert hook.build(tree, "1")
    assert hook.build(tree, "2")


@posix
def test_a_go_that_is_too_old_counts_as_none(
    hook: ModuleType, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_go(tmp_path, monkeypatch, version="go1.24.4")
    assert hook.go_on_path(tree) is None
    install_go(tmp_path, monkeypatch, version="go1.27rc1")
    assert hook.go_on_path(tree) is not None


def test_without_any_go_it_says_what_to_do(
    hook: ModuleType, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(hook.BuildError, match=r"needs Go 1\.26\.0 or later.*put 'go' on PATH"):
        hook.build(tree, "1")


@posix
def test_a_compiler_that_fails_leaves_the_old_binary(
    hook: ModuleType, tree: Path, log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_go(tmp_path, monkeypatch)
    hook.build(tree, "1")
    old = (tree / "vst_desktop/_bin/scanner.json").read_text()
    install_go(tmp_path, monkeypatch, code=1)
    with pytest.raises(hook.BuildError, match="the scanner was not built"):
        hook.build(tree, "2")
    assert (tree / "vst_desktop/_bin/scanner.json").read_text() == old
