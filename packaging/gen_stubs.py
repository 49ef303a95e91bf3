"""Generate what is generated, or compare it (``--check``): gRPC stubs and the kernel's assembly.

Python stubs come from grpcio-tools; Go stubs from the pinned protoc plugins, built by Go into a
temporary folder; the assembly from the kernel's own generator.
"""

from __future__ import annotations

import argparse
import filecmp
import importlib.resources
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROTO = "vst/scanner/v1/scanner.proto"
PYTHON_OUT = Path("vst_desktop/adapters/scanner/_pb")
GO_OUT = Path("scanner_go/internal/gen/scannerv1")
KERNEL = Path("scanner_go/internal/kernel")
ASSEMBLY = KERNEL / "avx2_amd64.s"
PLUGINS = (
    "google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.11",
    "google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.6.0",
)


def find_go() -> str:
    """The go on PATH, else the one that set-up installs into the tree."""
    if on_path := shutil.which("go"):
        return on_path
    found = subprocess.run(
        ["bash", "-c", "source packaging/lib.sh && ensure_go"],
        check=True,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    return found.stdout.strip()


def generate(into: Path) -> None:
    """Write both sides' stubs under ``into``, laid out as in the repository."""
    from grpc_tools import protoc

    python_out, go_out = into / PYTHON_OUT, into / GO_OUT
    for folder in (python_out, go_out):
        folder.mkdir(parents=True, exist_ok=True)
    include = str(importlib.resources.files("grpc_tools") / "_proto")
    go = find_go()
    with tempfile.TemporaryDirectory() as scratch:
        plugins = Path(scratch) / "bin"
        environment = {**os.environ, "GOBIN": str(plugins)}
        for plugin in PLUGINS:
            subprocess.run([go, "install", plugin], check=True, env=environment)
        os.environ["PATH"] = f"{plugins}{os.pathsep}{os.environ['PATH']}"
        (Path(scratch) / "go").mkdir()
        code = protoc.main(
            [
                "protoc",
                f"-I{ROOT / 'proto'}",
                f"-I{include}",
                f"--python_out={scratch}",
                f"--pyi_out={scratch}",
                f"--grpc_python_out={scratch}",
                f"--go_out={scratch}/go",
                f"--go-grpc_out={scratch}/go",
                PROTO,
            ]
        )
        if code != 0:
            sys.exit(f"protoc ended with code {code}")
        for file in (Path(scratch) / "vst/scanner/v1").glob("scanner_pb2*"):
            # protoc writes an absolute import; the stubs live inside our package.
            text = file.read_text(encoding="utf-8").replace(
                "from vst.scanner.v1 import", "from vst_desktop.adapters.scanner._pb import"
            )
            (python_out / file.name).write_text(text, encoding="utf-8")
        for file in (Path(scratch) / "go").rglob("*.go"):
            shutil.copy(file, go_out / file.name)
    (python_out / "__init__.py").write_text(
        '"""Generated from proto/ by packaging/gen_stubs.py; do not edit."""\n', encoding="utf-8"
    )


def assemble(into: Path) -> None:
    """Write the kernel's assembly under ``into``, by the generator in its folder ``asm``."""
    target = into / ASSEMBLY
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        # The output's path stands in its first line: the same name, wherever it is written.
        subprocess.run(
            [find_go(), "run", ".", "-out", f"../{target.name}"],
            check=True,
            cwd=shutil.copytree(ROOT / KERNEL / "asm", Path(scratch) / "asm"),
        )
        shutil.copy(Path(scratch) / target.name, target)


def differences(fresh: Path) -> list[str]:
    """Files that differ from the repository's, or stand on one side only."""
    wrong = []
    if not filecmp.cmp(fresh / ASSEMBLY, ROOT / ASSEMBLY, shallow=False):
        wrong.append(str(ASSEMBLY))
    for folder in (PYTHON_OUT, GO_OUT):
        names = {
            f.name
            for side in (fresh / folder, ROOT / folder)
            if side.is_dir()
            for f in side.iterdir()
            if f.is_file()
        }
        for name in sorted(names):
            left, right = fresh / folder / name, ROOT / folder / name
            same = left.exists() and right.exists() and filecmp.cmp(left, right, shallow=False)
            if not same:
                wrong.append(str(folder / name))
    return wrong


def main() -> int:
    """Generate into the repository, or compare a fresh generation with it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    if not parser.parse_args().check:
        generate(ROOT)
        assemble(ROOT)
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        generate(Path(scratch))
        assemble(Path(scratch))
        wrong = differences(Path(scratch))
    for name in wrong:
        print(f"{name} is not what its source gives: run 'make stubs'")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
