"""What runs and listens on this machine, by the system's own tools: Linux, macOS and Windows."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def listeners(uid: int | None) -> set[str]:
    """Local addresses that listen for TCP; on Linux only this user's."""
    if sys.platform == "linux":
        tables = [Path(file).read_text("ascii") for file in ("/proc/net/tcp", "/proc/net/tcp6")]
        lines = (line.split() for table in tables for line in table.splitlines()[1:])
        # address, state (0A listens), owner: the fields that `man 5 proc` numbers 1, 3 and 7
        return {one[1] for one in lines if one[3] == "0A" and uid in (None, int(one[7]))}
    said = subprocess.run(["netstat", "-an"], capture_output=True, text=True).stdout
    lines = (line.split() for line in said.splitlines() if "LISTEN" in line)
    return {next(word for word in words if ":" in word or "." in word) for words in lines}


def processes_of(folder: Path) -> list[str]:
    """Programs that run from this folder."""
    if sys.platform == "linux":
        found = []
        for process in Path("/proc").iterdir():
            if not process.name.isdigit():
                continue
            try:
                program = (process / "exe").readlink()
            except OSError:
                continue
            if program.is_relative_to(folder):
                found.append(f"{program.name} ({process.name})")
        return found
    tool = ["tasklist"] if os.name == "nt" else ["ps", "-A", "-o", "comm="]
    said = subprocess.run(tool, capture_output=True, text=True).stdout
    return [line.strip() for line in said.splitlines() if "vst-scanner" in line]
