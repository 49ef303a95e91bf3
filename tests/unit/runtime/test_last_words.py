"""A run that crashes leaves its stacks, and the next start finds them."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from vst_desktop.runtime import last_words
from vst_desktop.runtime.last_words import KEPT, keep_last_words

CRASH = """
import faulthandler, sys
from pathlib import Path
from vst_desktop.runtime.last_words import keep_last_words

def trading():
    faulthandler._sigsegv()

print(keep_last_words(Path(sys.argv[1]), "PAPER"))
if sys.argv[2] == "crash":
    trading()
"""


def run(folder: Path, how: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-c", CRASH, str(folder), how], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout.strip()


def test_the_stacks_of_a_crash_are_kept_for_the_next_start(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    code, found = run(folder, "crash")
    assert code != 0 and found == "None"
    code, found = run(folder, "well")
    assert code == 0
    text = Path(found).read_text()
    assert "Fatal Python error" in text and "in trading" in text
    assert run(folder, "well") == (0, "None")
    assert Path(found).exists()


def test_only_some_crashes_are_kept(tmp_path: Path) -> None:
    for number in range(KEPT + 2):
        old = tmp_path / f"crash-live-{number}.txt"
        old.write_text("x")
        os.utime(old, (number, number))
    (tmp_path / "fatal-live.txt").write_text("y")
    code, found = run(tmp_path, "well")
    assert (code, found) == (0, "None")  # another profile's is not its own
    assert last_words._put_aside(tmp_path / "fatal-live.txt", "LIVE") is not None
    left = sorted(tmp_path.glob("crash-*"))
    assert len(left) == KEPT and tmp_path / "crash-live-0.txt" not in left


@pytest.fixture
def hooks() -> Iterator[None]:
    before = threading.excepthook, sys.unraisablehook
    yield
    threading.excepthook, sys.unraisablehook = before


@pytest.mark.allow_log("unexpected error in worker|would leave no trace")
def test_an_error_in_a_thread_is_logged(
    tmp_path: Path, hooks: None, caplog: pytest.LogCaptureFixture
) -> None:
    in_the_way = tmp_path / "logs"
    in_the_way.write_text("a file")
    assert keep_last_words(in_the_way, "DEMO") is None
    assert "would leave no trace" in caplog.text

    def work() -> None:
        raise ValueError("no such quote")

    thread = threading.Thread(target=work, name="worker")
    thread.start()
    thread.join()
    (record,) = [r for r in caplog.records if r.levelno == logging.ERROR]
    assert record.getMessage() == "unexpected error in worker"
    assert record.exc_info is not None and "no such quote" in str(record.exc_info[1])
