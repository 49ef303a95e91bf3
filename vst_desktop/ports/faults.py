"""Faults that the simulator of a demo can play."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultInfo:
    """A fault: its name, its place in the guide (``E1``), and what goes wrong."""

    name: str
    group: str
    meaning: str


class FaultControl(Protocol):
    """The simulator's fault panel. Methods raise ``UserError`` when it refuses or is gone."""

    async def faults(self) -> tuple[FaultInfo, ...]:
        """All that can be turned on."""

    async def faults_on(self) -> tuple[str, ...]:
        """Names of those that are on now; some end by themselves."""

    async def start_fault(self, name: str) -> None:
        """Turn one on, with its usual parameters."""

    async def clear_fault(self, name: str | None) -> None:
        """Turn one off, or all."""
