"""How this program's own command line is started as a child."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def console() -> list[str]:
    """The command and its first arguments. Frozen, it is the program beside the window's, which
    has no standard streams on Windows."""
    if getattr(sys, "frozen", False):
        return [str(Path(sys.executable).with_name("vst.exe" if os.name == "nt" else "vst"))]
    return [sys.executable, "-m", "vst_desktop.cli.main"]
