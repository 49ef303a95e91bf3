"""Which sets of settings a search tries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from vst_desktop.domain.errors import UserError

Values = Mapping[str, str]
MOST_VALUES = 1_000
"""Of one setting."""

STANDARD: Mapping[str, tuple[str, ...]] = {
    "HIGH_BASE": ("strategy.high_base_min_rsi=50,55,60,65,70",),
    "LOW_BASE": (
        "strategy.atr_ratio_base=range_low",
        "strategy.low_base_max_rsi=30,35,40,45,50",
    ),
    "BULL_PULLBACK": ("strategy.bull_pullback_rsi_threshold=35,40,45,50,55",),
    "BEAR_RALLY": ("strategy.bear_rally_rsi_threshold=45,50,55,60,65",),
}
"""What is tried of each strategy when nothing is named."""

STANDARD_EXITS = ("risk.stop_loss_atr_mult=1.5,2,2.5,3", "exits.atr_target_multiple=2,3,4")


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One setting and the values that are tried, as the settings take them."""

    key: str
    values: tuple[str, ...]


def parse_axis(text: str) -> Axis:
    """``key=a,b,c`` or ``key=low:high:step``, both ends inclusive.

    Raises:
        UserError: It is neither.
    """
    key, equals, said = text.partition("=")
    key, said = key.strip(), said.strip()
    if not equals or not key or not said:
        raise _bad(text)
    if ":" not in said:
        return Axis(key=key, values=tuple(part.strip() for part in said.split(",")))
    try:
        low, high, step = (float(part) for part in said.split(":"))
    except ValueError:
        raise _bad(text) from None
    if not step > 0 or high < low or (high - low) / step > MOST_VALUES:
        raise _bad(text)
    count = int((high - low) / step + 1e-9) + 1
    return Axis(key=key, values=tuple(f"{low + n * step:.10g}" for n in range(count)))


def standard_axes(names: Sequence[str]) -> tuple[Axis, ...]:
    """Thresholds of these strategies, the stop and the target."""
    texts = [text for name in names for text in STANDARD.get(name, ())]
    return tuple(parse_axis(text) for text in (*texts, *STANDARD_EXITS))


def grid(axes: Sequence[Axis]) -> list[Values]:
    """Every combination, the last axis fastest."""
    keys = [axis.key for axis in axes]
    return [dict(zip(keys, values, strict=True)) for values in product(*(a.values for a in axes))]


def _bad(text: str) -> UserError:
    return UserError(
        f"--vary {text!r} names no values",
        remedy=f"write key=1,2,3 or key=low:high:step, at most {MOST_VALUES} values",
        exit_code=2,
    )
