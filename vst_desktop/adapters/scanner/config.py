"""What a scanner child is told when it starts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vst_desktop.adapters.scanner.handshake import APP_PROTOCOL
from vst_desktop.domain.errors import UserError

KERNELS = ("auto", "scalar")
MAX_PORT = 65535


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannerConfig:
    """Settings of one scanner child; they reach it on stdin only.

    Args:
        max_concurrency: Symbols passed over, or asked of a provider, at once, at most.
        store: Folder of the bar store; None for a scanner that keeps nothing.
        kernel: ``auto`` takes the fastest code the processor has, ``scalar`` the plain one.
        providers: Settings of each provider by its name, keys included.
        metrics_port: Port of the Prometheus endpoint on loopback; None for none, 0 for any free.
        pprof: Also serve Go's profiles there.

    Raises:
        UserError: A value out of its range.
    """

    max_concurrency: int = 50
    store: Path | None = None
    kernel: str = "auto"
    providers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)
    metrics_port: int | None = None
    pprof: bool = False

    def __post_init__(self) -> None:
        if self.max_concurrency < 1:
            raise UserError(f"scanner max_concurrency {self.max_concurrency} is below 1")
        if self.kernel not in KERNELS:
            raise UserError(
                f"the scanner has no kernel {self.kernel!r}",
                remedy=f"choose one of {', '.join(KERNELS)}",
            )
        if self.metrics_port is not None and not 0 <= self.metrics_port <= MAX_PORT:
            raise UserError(f"scanner metrics_port {self.metrics_port} is not in 0..{MAX_PORT}")
        if self.pprof and self.metrics_port is None:
            raise UserError(
                "pprof is served beside the metrics, which are off",
                remedy="set scanner.metrics_port too",
            )

    def bootstrap_line(self, *, token: str, client_ca_pem: bytes) -> bytes:
        """The line a child reads first: one JSON object, secrets included."""
        line = {
            "app_protocol": APP_PROTOCOL,
            "token": token,
            "client_ca_pem": client_ca_pem.decode(),
            "max_concurrency": self.max_concurrency,
            "store": "" if self.store is None else str(self.store),
            "kernel": self.kernel,
            "providers": {name: dict(values) for name, values in self.providers.items()},
            "metrics_port": self.metrics_port,
            "pprof": self.pprof,
        }
        return json.dumps(line).encode() + b"\n"
