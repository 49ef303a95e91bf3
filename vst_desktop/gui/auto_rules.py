"""Rules that approve by themselves, as the trader types them."""

from __future__ import annotations

import re

from vst_desktop.domain.errors import UserError
from vst_desktop.station.api import TradingApi

HINT = "HIGH_BASE 2 3 or OFF HIGH_BASE"
_ARM = re.compile(r"(\w{1,60})[\s:]+(\d{1,4}(?:\.\d{1,4})?)[\s:]+(\d{1,4})")
_OFF = re.compile(r"OFF\s+(\w{1,60})", re.IGNORECASE)


def question(trading: TradingApi) -> str:
    """What is armed, and what can be typed."""
    armed = "; ".join(
        f"{rule.strategy} from reward/risk {rule.min_reward_risk:g}, at most {rule.most}"
        for rule in trading.auto_rules
    )
    return (
        f"Rules that approve by themselves in this run: {armed or 'none'}. Arm one by strategy, "
        "least reward/risk and how many at most, or end one."
    )


async def change_rules(trading: TradingApi, typed: str) -> None:
    """Arm (``HIGH_BASE 2 3``) or end (``OFF HIGH_BASE``) a rule.

    Raises:
        UserError: It is neither, there is no such strategy, or a number is out of range.
    """
    text = typed.strip()
    if (off := _OFF.fullmatch(text)) is not None:
        strategy = off[1].upper()
        if strategy not in {rule.strategy for rule in trading.auto_rules}:
            raise UserError(f"no rule of {strategy} is armed")
        await trading.disarm_auto(strategy)
    elif (arm := _ARM.fullmatch(text)) is not None:
        await trading.arm_auto(arm[1].upper(), float(arm[2]), int(arm[3]))
    else:
        raise UserError(f"{text!r} is no rule", remedy=f"type {HINT}")
