"""Which bars may be scanned in this process (SPEC 10), as the scanner's own door decides."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from vst_desktop.domain.bars import BarSeries
from vst_desktop.ports.scanner import DoorPolicy

RULES = "prices must be above 0, high >= low, dates ascending"


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """What the door lets in. ``series`` None: refused, for the reason in ``error``."""

    series: BarSeries | None
    error: str | None = None
    warnings: tuple[str, ...] = ()


def admit(bars: BarSeries, policy: DoorPolicy) -> Admission:
    """Let the bars in, refuse their symbol, or leave the bad ones out; each is named by its day."""
    if not len(bars):
        return Admission(series=None, error="no bars")
    bad = _bad(bars)
    if not bad.any():
        return Admission(series=bars)
    days = [bars.dates[place] for place in np.flatnonzero(bad)]
    if policy == "reject":
        return Admission(series=None, error=f"bad bar on {days[0]}: {RULES}")
    if bad.all():
        return Admission(series=None, error=f"no bar may be scanned: {RULES}")
    good = np.flatnonzero(~bad).tolist()
    return Admission(
        series=replace(
            bars,
            dates=tuple(bars.dates[place] for place in good),
            open=tuple(bars.open[place] for place in good),
            high=tuple(bars.high[place] for place in good),
            low=tuple(bars.low[place] for place in good),
            close=tuple(bars.close[place] for place in good),
            volume=tuple(bars.volume[place] for place in good),
        ),
        warnings=tuple(f"bad bar on {day} left out: {RULES}" for day in days),
    )


def _bad(bars: BarSeries) -> npt.NDArray[np.bool_]:
    prices = np.array((bars.open, bars.high, bars.low, bars.close), dtype=np.float64)
    volume = np.array(bars.volume, dtype=np.float64)
    bad = (~np.isfinite(prices) | (prices <= 0)).any(axis=0)
    bad |= (prices[1] < prices[2]) | ~np.isfinite(volume) | (volume < 0)
    days = np.fromiter((d.toordinal() for d in bars.dates), dtype=np.int64, count=len(bars))
    good = np.flatnonzero(~bad)
    latest = np.maximum.accumulate(days[good])
    bad[good[1:][days[good][1:] <= latest[:-1]]] = True
    return np.asarray(bad)
