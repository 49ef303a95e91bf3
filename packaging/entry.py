"""Where the frozen programs begin: `vst-desktop` is the window, `vst` the command line."""

from __future__ import annotations

import multiprocessing
import os
import sys
from pathlib import Path


def main() -> int:
    # A worker of the backtest is this program again; it never comes back from here.
    multiprocessing.freeze_support()
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    if home := os.environ.get("VST_HOME"):  # else numba asks for the user's cache folder
        os.environ.setdefault("NUMBA_CACHE_DIR", str(Path(home) / "cache" / "numba"))
    from vst_desktop.cli.main import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())
