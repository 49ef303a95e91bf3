"""Runs in vectorbt's own environment and imports nothing of ours.

Reads ``close.npy``, ``high.npy`` and ``low.npy`` (bars by symbols) in the folder it is given. Says
its version, then for each line on stdin works out RSI, ATR and the two averages of all symbols
and says how many seconds that took.
"""

import sys
import time
from pathlib import Path

import numpy as np
import vectorbt as vbt  # type: ignore[import-not-found]


def main(folder: Path) -> None:
    """Answer until stdin ends."""
    close, high, low = (np.load(folder / f"{name}.npy") for name in ("close", "high", "low"))
    print(vbt.__version__, flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        vbt.RSI.run(close, window=14, ewm=True)
        vbt.ATR.run(high, low, close, window=14, ewm=True)
        vbt.MA.run(close, window=50)
        vbt.MA.run(close, window=200)
        print(time.perf_counter() - start, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
