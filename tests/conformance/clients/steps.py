"""What a client went through: each step once, in order, and the first one that did not hold."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager

WITHIN_SECS = 30.0


class Failed(Exception):
    """A step did not hold; the sentence says why."""


class Steps(logging.Handler):
    """Collects steps, and everything a library logs at or above a level: undecodable frames."""

    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.held: list[str] = []
        self.failed: str | None = None
        self.errors: list[str] = []
        self.server_version: int | None = None
        logging.getLogger().addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        # ib_async calls the confirmation of a cancel an error.
        if not record.getMessage().startswith("Error 202,"):
            self.errors.append(record.getMessage())

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """One step; a failure ends the run with what went wrong."""
        try:
            yield
        except Exception as error:
            self.failed = f"{name}: {type(error).__name__} {error}"
            raise Failed(self.failed) from error
        self.held.append(name)

    def report(self) -> None:
        """Print one line of JSON for the run's table."""
        found = {
            "server_version": self.server_version,
            "held": self.held,
            "failed": self.failed,
            "errors": self.errors,
        }
        print(json.dumps(found))


def near(prices: list[float], spot: float) -> tuple[float, float]:
    """Two neighbouring strikes, the lower one at or below the spot."""
    below = [one for one in sorted(prices) if one <= spot]
    above = [one for one in sorted(prices) if one > spot]
    return below[-1], above[0]


def check(holds: object, what: str) -> None:
    """Go on only when something holds."""
    if not holds:
        raise Failed(what)


def cents(price: float) -> float:
    """A price of a combination on its grid."""
    return round(price, 2)
