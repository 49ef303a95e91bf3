"""What a benchmark ran on, and what the system says of a process. Linux tells most."""

from __future__ import annotations

import os
import platform
from pathlib import Path

_BUILD_INFO = b"\xff Go buildinf:"
_VERSION_AT = 32


def describe(binary: Path) -> dict[str, object]:
    """Processor, cores, versions, and how busy the machine was already."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {
        "cpu": _processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "go": go_version(binary),
        "load_average_before": None if load is None else round(load, 2),
    }


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def go_version(binary: Path) -> str | None:
    """The Go that compiled it, as it stands in every Go program."""
    content = binary.read_bytes()
    at = content.find(_BUILD_INFO)
    if at < 0:
        return None
    length = content[at + _VERSION_AT]
    start = at + _VERSION_AT + 1
    return content[start : start + length].decode("ascii", "replace")


def anonymous_mb(pid: int) -> float | None:
    """Resident memory of a process that belongs to no file, MB; None where that is not told."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    except OSError:
        return None
    return sum(
        int(line.split()[1]) / 1024 for line in text.splitlines() if line.startswith("Anonymous:")
    )


def cpu_secs(pid: int) -> float | None:
    """Processor time that all threads of a process have had, s; None where that is not told."""
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9
    except OSError:
        return None
