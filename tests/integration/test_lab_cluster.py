"""A search on a real Dask scheduler with two workers, one of them killed on the way."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.lab_bars import signal_rows, walks
from vst_desktop.backtest.rules import Span
from vst_desktop.backtest.workbench import Workbench
from vst_desktop.backtest.workers import Here, Task, workers
from vst_desktop.domain.errors import UserError
from vst_desktop.runtime.settings import load_settings

distributed = pytest.importorskip("distributed", reason="Dask is not installed")

NAMES = ("BULL_PULLBACK", "BEAR_RALLY")
START_SECS = 60


def short_bench() -> Workbench:
    bars = walks(2)
    return Workbench(bars=bars, span=Span(start=bars[0].day(300), end=bars[0].day(700)))


def tasks(bench: Workbench) -> list[Task]:
    found = []
    for stop in ("1", "1.5", "2", "2.5", "3", "3.5", "4", "4.5"):
        settings = load_settings([f"risk.stop_loss_atr_mult={stop}"], environment={})
        found.append(
            Task(
                parameters={"risk.stop_loss_atr_mult": stop},
                settings=settings,
                rows=signal_rows(bench.bars, settings, NAMES),
                span=bench.span,
            )
        )
    return found


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """Address of a scheduler, and its two workers."""
    place = tmp_path / "scheduler.json"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": str(Path.cwd())}

    def start(module: str, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-m", module, *arguments], **quiet)  # type: ignore[call-overload,no-any-return]

    common = ("--host", "127.0.0.1", "--scheduler-file", str(place))
    running = [
        start("distributed.cli.dask_scheduler", *common, "--port", "0", "--no-dashboard"),
        *(
            start(
                "distributed.cli.dask_worker",
                *common,
                "--no-nanny",
                "--no-dashboard",
                "--nthreads",
                "1",
                "--local-directory",
                str(tmp_path / f"worker{n}"),
            )
            for n in range(2)
        ),
    ]
    try:
        with distributed.Client(
            scheduler_file=str(place), timeout=START_SECS, set_as_default=False
        ) as client:
            client.wait_for_workers(2, timeout=START_SECS)
            address = client.scheduler.address
        assert json.loads(place.read_text())["address"] == address
        yield address, running[1:]
    finally:
        for process in running:
            process.kill()
            process.wait()


# the dead worker may have held a result not fetched yet: Dask says that it computes it anew
@pytest.mark.allow_log(r"Couldn't gather \d+ keys, rescheduling")
def test_a_search_survives_the_death_of_a_worker_with_the_same_outcomes(
    cluster: tuple[str, list[subprocess.Popen[bytes]]],
) -> None:
    address, (first, _) = cluster
    bench = Workbench(
        bars=walks(2), span=Span(start=walks(2)[0].day(300), end=walks(2)[0].day(700))
    )
    wanted = list(Here(bench=bench).outcomes(tasks(bench)))

    with workers(bench, None, address) as place:
        coming = place.outcomes(tasks(bench))
        found = [next(coming)]
        first.kill()
        first.wait()
        found += list(coming)

    assert found == wanted


def test_a_scheduler_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vst_desktop.backtest.workers.CONNECT_SECS", 0.5)
    bench = Workbench(
        bars=walks(2), span=Span(start=walks(2)[0].day(300), end=walks(2)[0].day(700))
    )

    with (
        pytest.raises(UserError, match="no Dask scheduler answers"),
        workers(bench, None, "tcp://127.0.0.1:9"),
    ):
        pass
