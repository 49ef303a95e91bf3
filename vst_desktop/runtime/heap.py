"""What the collector looks at while the station runs."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


def keep_for_life() -> None:
    """Take everything that lives now out of the collector's sight.

    Called once the station stands: modules, calendar and settings live as long as it does, and a
    full collection over them would hold the loop, and an order, for tens of milliseconds.
    """
    gc.collect()
    gc.freeze()


@contextmanager
def loading() -> Iterator[None]:
    """Much that stays is loaded inside: no collection runs over it meanwhile, which would make a
    start longer and hold the loop of a station at work, and none afterwards."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
