"""Finds the scanner binary and verifies it against the stamp of its build."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

from vst_desktop.domain.errors import UserError

FOLDER = Path(__file__).resolve().parents[2] / "_bin"
REMEDY = "run 'make setup' (or reinstall the package) to build it again"


def binary_path(folder: Path = FOLDER) -> Path:
    """Where the scanner binary stands."""
    return folder / ("vst-scanner.exe" if sys.platform == "win32" else "vst-scanner")


def verified_binary(folder: Path = FOLDER) -> Path:
    """The scanner binary, its checksum compared with the one stamped at build.

    Raises:
        UserError: No binary, no stamp, or a checksum that differs.
    """
    binary, stamp = binary_path(folder), folder / "scanner.json"
    if not binary.is_file():
        raise UserError("no scanner binary was found", where=str(binary), remedy=REMEDY)
    try:
        expected = str(json.loads(stamp.read_text(encoding="utf-8"))["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        raise UserError(
            "the scanner's build stamp is missing or unreadable", where=str(stamp), remedy=REMEDY
        ) from None
    with binary.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != expected:
        raise UserError(
            f"the scanner binary has a wrong checksum ({found[:12]}, built as {expected[:12]})",
            where=str(binary),
            remedy=REMEDY,
        )
    return binary
