"""No process outlives the one it works for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

POOL = """
import os, time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from vst_desktop.runtime.children import end_with_parent

if __name__ == "__main__":
    pool = ProcessPoolExecutor(2, mp_context=get_context("spawn"), initializer=end_with_parent)
    pool.submit(time.sleep, 3600)
    print(pool.submit(os.getpid).result(), flush=True)
    time.sleep(3600)
"""
LONGEST_SECS = 20


def test_workers_end_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    script = tmp_path / "pool.py"
    script.write_text(POOL)
    parent = subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert parent.stdout is not None
    try:
        worker = int(parent.stdout.readline())
        os.kill(worker, 0)  # it lives
        parent.kill()
        # The workers hold the pipe's other end: it closes with the last of them.
        parent.communicate(timeout=LONGEST_SECS)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(parent.pid, signal.SIGKILL)
