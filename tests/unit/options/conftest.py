"""What is remembered from one test to the next would hide what the next one is about."""

from __future__ import annotations

import pytest

from vst_desktop.options.exits import simulated_exits


@pytest.fixture(autouse=True)
def simulated_anew() -> None:
    simulated_exits.cache_clear()
