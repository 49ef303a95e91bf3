"""How long the ranking of one real option chain takes: p50 and p99 of repeated calls, in ms."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import numpy as np

from vst_desktop.adapters.files.chains import read_chain
from vst_desktop.domain.signals import Direction
from vst_desktop.options.rules import SelectionRules
from vst_desktop.options.selection import select
from vst_desktop.runtime.calendar import trading_day
from vst_desktop.runtime.settings import Settings

CALLS = 100


def main() -> int:
    named = os.environ.get("VST_TEST_DATA")
    data = Path(named) if named else Path(__file__).resolve().parents[3] / "shared" / "data"
    files = sorted((data / "chains").glob("*.parquet"))
    if not files:
        print("no recorded chains: set VST_TEST_DATA to the shared data")
        return 0
    rules = SelectionRules.of(Settings().options.model_dump())
    for path in files:
        chain = read_chain(path)
        today = trading_day(chain.time)
        times_ms = []
        for call in range(CALLS):
            direction = (Direction.LONG, Direction.SHORT)[call % 2]
            start = time.perf_counter()
            found = select(chain, direction, rules, now=chain.time, today=today, check_age=False)
            times_ms.append(1_000 * (time.perf_counter() - start))
        p50, p99 = np.percentile(times_ms, [50, 99])
        print(
            f"{path.stem}: {found.considered} pairs considered, "
            f"p50 {p50:.2f} ms, p99 {p99:.2f} ms over {CALLS} calls"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
