"""What a frozen application is made of: Python distributions, Go modules, system libraries.

Read from PyInstaller's own record of what it collected, and from the scanner's build
information, so that nothing is listed that is not shipped and nothing shipped is left out.
"""

from __future__ import annotations

import ast
import json
import platform
import re
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions, version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RECORD = ROOT / "build" / "pyinstaller" / "vst"
SCANNER = (
    ROOT / "vst_desktop" / "_bin" / ("vst-scanner" + (".exe" if sys.platform == "win32" else ""))
)
NOTICES = re.compile(r"(licen[cs]e|copying|notice|authors|copyright)", re.IGNORECASE)
# Where the metadata name no licence that a machine can read: taken from the project's own file.
KNOWN = {
    "pandas-ta": "MIT",
    "pyinstaller": "GPL-2.0-or-later WITH Bootloader-exception",
}
# What their wheels leave out.
TEXTS = ROOT / "packaging" / "licences"
LEFT_OUT = dict.fromkeys(
    ("pyside6-essentials", "shiboken6"), (TEXTS / "LGPL-3.0.txt", TEXTS / "GPL-3.0.txt")
)
SPDX = {
    "MIT License": "MIT",
    "BSD License": "BSD-3-Clause",
    "Apache Software License": "Apache-2.0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "ISC License (ISCL)": "ISC",
    "3-Clause BSD License": "BSD-3-Clause",
}
SHIPPED_TOOLS = ("pyinstaller",)  # its loader begins both programs


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One component that is shipped. ``licence`` is an SPDX expression or the project's own
    words; ``texts`` its notices; ``purl`` its package URL."""

    kind: str
    name: str
    version: str
    licence: str
    purl: str
    texts: tuple[str, ...]


def parts() -> list[Part]:
    """Everything, ordered by kind and name."""
    found = [*python_parts(), *go_parts(), *system_parts(), *own_parts()]
    return sorted(found, key=lambda part: (part.kind, part.name.lower()))


def collected() -> set[Path]:
    """The files that PyInstaller took."""
    if not (RECORD / "COLLECT-00.toc").is_file():
        sys.exit("nothing is frozen yet: run 'make package' first")
    record = ast.literal_eval((RECORD / "COLLECT-00.toc").read_text(encoding="utf-8"))[0]
    packed = ast.literal_eval((RECORD / "PYZ-00.toc").read_text(encoding="utf-8"))[1]
    return {Path(source) for _, source, _ in [*record, *packed] if source}


def python_parts() -> list[Part]:
    taken = collected()
    owners: dict[Path, Distribution] = {}
    for each in distributions():
        for file in each.files or ():
            owners[Path(str(file.locate()))] = each
    shipped = {owners[path].name: owners[path] for path in taken if path in owners}
    shipped |= {each.name: each for each in distributions() if each.name in SHIPPED_TOOLS}
    shipped.pop("vst-desktop", None)
    return [_python_part(each) for each in shipped.values()]


def _python_part(found: Distribution) -> Part:
    name = re.sub(r"[-_.]+", "-", found.name).lower()
    files = [
        Path(str(file.locate()))
        for file in found.files or ()
        if NOTICES.search(file.name) and "info" in file.parts[0] and file.suffix != ".py"
    ]
    return Part(
        kind="python",
        name=name,
        version=found.version,
        licence=KNOWN.get(name) or _licence(found),
        purl=f"pkg:pypi/{name}@{found.version}",
        texts=_read([*files, *LEFT_OUT.get(name, ())]),
    )


def _licence(found: Distribution) -> str:
    fields = found.metadata
    if expression := fields.get("License-Expression"):
        return str(expression)
    classified = [
        value.rpartition(" :: ")[2]
        for value in fields.get_all("Classifier") or ()
        if value.startswith("License ::") and not value.endswith("OSI Approved")
    ]
    words = (fields.get("License") or "").strip()
    if not classified and words and len(words) < 60:
        classified = [words]
    return " AND ".join(SPDX.get(each, each) for each in classified) or "unknown"


def go_parts() -> list[Part]:
    """The modules linked into the scanner, and Go's own library."""
    lines = _output("go", "version", "-m", str(SCANNER)).splitlines()
    cache = Path(_output("go", "env", "GOMODCACHE").strip())
    release = lines[0].rpartition("go")[2]
    own = _read([Path(_output("go", "env", "GOROOT").strip()) / "LICENSE"])
    found = [
        Part(
            kind="go",
            name="go",
            version=release,
            licence="BSD-3-Clause",
            purl=f"pkg:golang/std@{release}",
            texts=own,
        )
    ]
    for line in lines[1:]:
        fields = line.split()
        if fields[0] != "dep":
            continue
        name, number = fields[1], fields[2]
        # The cache writes a capital letter as "!" and the small one.
        folder = cache / re.sub(r"[A-Z]", lambda m: "!" + m[0].lower(), f"{name}@{number}")
        texts = _read(path for path in sorted(folder.glob("*")) if NOTICES.match(path.name))
        found.append(
            Part(
                kind="go",
                name=name,
                version=number,
                licence=guessed(texts),
                purl=f"pkg:golang/{name}@{number}",
                texts=texts,
            )
        )
    return found


def guessed(texts: tuple[str, ...]) -> str:
    """The SPDX name of a licence text, by the words that only it has."""
    text = " ".join(" ".join(texts).split())
    for words, name in (
        ("Apache License", "Apache-2.0"),
        ("Mozilla Public License", "MPL-2.0"),
        ("Permission is hereby granted, free of charge", "MIT"),
        ("Neither the name of", "BSD-3-Clause"),
        ("Redistributions in binary form must reproduce", "BSD-2-Clause"),
    ):
        if words in text:
            return name
    return "unknown"


def system_parts() -> list[Part]:
    """Libraries of the building system that the folder brings along (Debian, Ubuntu)."""
    if sys.platform != "linux":
        return []
    environment = (Path(sys.prefix), Path(sys.base_prefix), ROOT)
    packages: dict[str, str] = {}
    for path in collected():
        if ".so" not in path.name or any(path.is_relative_to(folder) for folder in environment):
            continue
        name = _owner(path)
        packages[name] = _output("dpkg-query", "-W", "-f=${Version}", name) if name else ""
    return [
        Part(
            kind="system",
            name=name.split(":")[0],
            version=number,
            licence="see notice",
            purl=f"pkg:deb/debian/{name.split(':')[0]}@{number}",
            texts=_read([Path("/usr/share/doc") / name.split(":")[0] / "copyright"]),
        )
        for name, number in packages.items()
        if name
    ]


def _owner(path: Path) -> str:
    real = path.resolve()
    for each in (path, real, Path(str(real).removeprefix("/usr"))):
        done = subprocess.run(["dpkg", "-S", str(each)], capture_output=True, text=True)
        if done.returncode == 0:
            return done.stdout.split(": ")[0].split(",")[0]
    return ""


def own_parts() -> list[Part]:
    """Python itself and the typeface."""
    number = platform.python_version()
    licence = Path(sys.base_prefix) / "lib" / f"python{number.rpartition('.')[0]}" / "LICENSE.txt"
    return [
        Part(
            kind="other",
            name="CPython",
            version=number,
            licence="PSF-2.0",
            purl=f"pkg:generic/python@{number}",
            texts=_read([licence, Path(sys.base_prefix) / "LICENSE.txt"]),
        ),
        Part(
            kind="other",
            name="Inter",
            version="4",
            licence="OFL-1.1",
            purl="pkg:generic/inter",
            texts=_read([ROOT / "resources" / "fonts" / "OFL.txt"]),
        ),
    ]


def scanner_stamp() -> dict[str, str]:
    """What hatch_build.py says of the scanner it built."""
    stamp: dict[str, str] = json.loads((SCANNER.parent / "scanner.json").read_text("utf-8"))
    return stamp


def own_version() -> str:
    return version("vst-desktop")


def _read(paths: object) -> tuple[str, ...]:
    texts = []
    for path in paths:  # type: ignore[attr-defined]
        if path.is_file():
            text = path.read_text(encoding="utf-8", errors="replace").strip()
            if text and text not in texts:
                texts.append(text)
    return tuple(texts)


def _output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout
