"""A margin that would not do after expiration is told before IBKR acts on it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from tests.helpers.desk import INSIDE, World, in_world
from vst_desktop.domain.alerts import Severity
from vst_desktop.ports.broker import AccountChanged


def foreseen(world: World, excess_usd: str | None) -> None:
    """TWS tells what it foresees."""
    told = None if excess_usd is None else Decimal(excess_usd)
    account = replace(world.broker.snapshot, post_expiration_excess_usd=told)
    world.desk.on_broker_event(AccountChanged(account=account))


def test_a_shortfall_is_told_once_until_it_is_over_and_comes_again(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        for excess in ("500", "-1250.5", "-1300", None, "0", "-1"):
            foreseen(world, excess)
        assert [(severity, text) for severity, text, _ in world.told("post-expiry margin")] == [
            (Severity.CRITICAL, "DU1: post-expiry margin is short by 1,250.50 USD"),
            (Severity.INFO, "DU1: post-expiry margin is enough again"),
            (Severity.CRITICAL, "DU1: post-expiry margin is short by 1.00 USD"),
        ]

    in_world(tmp_path, INSIDE, story)


def test_what_tws_does_not_foresee_is_no_alert(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        foreseen(world, None)
        assert not world.told("post-expiry")

    in_world(tmp_path, INSIDE, story)
