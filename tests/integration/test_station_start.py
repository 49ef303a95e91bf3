"""What the trader is told when the station cannot start."""

from __future__ import annotations

import asyncio
import socket
from datetime import UTC, datetime

import pytest

from vst_desktop.bootstrap import DemoOptions, broker_station, demo_station
from vst_desktop.domain.errors import UserError
from vst_desktop.runtime.settings import load_settings


def test_a_broker_that_is_not_there_is_one_sentence() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound, not listening: nobody else gets the port
        port = held.getsockname()[1]
        settings = load_settings(["trading_mode=PAPER", f"broker.port={port}"])

        async def start() -> None:
            async with broker_station(settings):
                pytest.fail("it started")

        with pytest.raises(UserError, match=str(port)):
            asyncio.run(start())


def test_an_account_that_the_broker_does_not_have_is_one_sentence() -> None:
    settings = load_settings(["broker.account=DU9999999"])

    async def start() -> None:
        async with demo_station(settings, DemoOptions(held=True, accounts=("DU1234567",))):
            pytest.fail("it started")

    with pytest.raises(UserError, match="DU9999999"):
        asyncio.run(start())


def test_a_start_outside_the_built_in_market_is_one_sentence() -> None:
    options = DemoOptions(held=True, at=datetime(2030, 1, 2, 19, 0, tzinfo=UTC))

    async def start() -> None:
        async with demo_station(load_settings([]), options):
            pytest.fail("it started")

    with pytest.raises(UserError, match="no prices on 2030-01-02"):
        asyncio.run(start())
