"""Where runs of a search are made: in this process, in several, or on a Dask cluster.

The place changes nothing in what comes out: each set's outcome depends on the bars, the settings
and the signals alone, and they are given back in the order in which they were asked for.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any, Protocol

from vst_desktop.backtest.metrics import account, figures
from vst_desktop.backtest.outcomes import Outcome, outcome
from vst_desktop.backtest.result import metric_keys
from vst_desktop.backtest.rules import LabRules, Span
from vst_desktop.backtest.workbench import Workbench
from vst_desktop.domain.errors import UserError
from vst_desktop.ports.scanner import SignalRows
from vst_desktop.runtime.children import end_with_parent
from vst_desktop.runtime.settings import Settings

CONNECT_SECS = 10
RETRIES = 3
_bench: Workbench | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Task:
    """One set to play: its settings, their signals, and the span."""

    parameters: dict[str, str]
    settings: Settings
    rows: SignalRows
    span: Span


class Workers(Protocol):
    """Plays tasks."""

    def outcomes(self, tasks: Sequence[Task]) -> Iterator[Outcome]:
        """One for each task, in their order, as they are done."""


def play_task(bench: Workbench, task: Task) -> Outcome:
    """One set played: what ``vst backtest`` with these settings gives."""
    rules = LabRules.of(task.settings)
    span_bench = bench if task.span == bench.span else bench.within(task.span)
    run = span_bench.run(task.settings, task.rows)
    of_account = account(run.days, run.equity, run.invested, rules.initial_equity)
    return outcome(task.parameters, run, metric_keys(figures(run.trades), of_account))


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """In this process, one after another."""

    bench: Workbench

    def outcomes(self, tasks: Sequence[Task]) -> Iterator[Outcome]:
        """As ``Workers``."""
        return (play_task(self.bench, task) for task in tasks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Processes:
    """In processes of this machine."""

    pool: ProcessPoolExecutor

    def outcomes(self, tasks: Sequence[Task]) -> Iterator[Outcome]:
        """As ``Workers``."""
        return self.pool.map(_play_here, tasks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """On a Dask cluster; the bars are sent once, and a task whose worker dies goes to another."""

    client: Any
    bench: Any

    def outcomes(self, tasks: Sequence[Task]) -> Iterator[Outcome]:
        """As ``Workers``."""
        play: Callable[..., Any] = play_task
        futures = [
            self.client.submit(play, self.bench, task, retries=RETRIES, pure=False)
            for task in tasks
        ]
        return (future.result() for future in futures)


def workers(
    bench: Workbench, count: int | None, scheduler: str | None
) -> AbstractContextManager[Workers]:
    """Where to play.

    Args:
        bench: The bars.
        count: Processes; None: a core each; 1: this one.
        scheduler: Address of a Dask scheduler, which is used instead.

    Raises:
        UserError: Dask is not installed, or the scheduler does not answer.
    """
    if scheduler is not None:
        return _cluster(bench, scheduler)
    number = (os.cpu_count() or 1) if count is None else count
    return _here(bench) if number <= 1 else _processes(bench, number)


@contextmanager
def _here(bench: Workbench) -> Iterator[Workers]:
    yield Here(bench=bench)


@contextmanager
def _processes(bench: Workbench, count: int) -> Iterator[Workers]:
    # Not forked: the scanner's connection has threads of its own.
    with ProcessPoolExecutor(
        count, mp_context=get_context("spawn"), initializer=_hold, initargs=(bench,)
    ) as pool:
        try:
            yield Processes(pool=pool)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _cluster(bench: Workbench, address: str) -> Iterator[Workers]:
    try:
        from distributed import Client
    except ImportError:
        raise UserError(
            "a scheduler needs Dask, which is not installed",
            remedy="install vst-desktop[cluster]",
            exit_code=2,
        ) from None
    connect: Callable[..., Any] = Client
    try:
        client = connect(address, timeout=CONNECT_SECS, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise UserError(
            f"no Dask scheduler answers: {error}",
            where=address,
            remedy="start one (dask scheduler) and name its address as tcp://host:8786",
        ) from None
    with client:
        yield Cluster(client=client, bench=client.scatter(bench, broadcast=True))


def _hold(bench: Workbench) -> None:
    global _bench
    _bench = bench
    end_with_parent()


def _play_here(task: Task) -> Outcome:
    assert _bench is not None, "the initializer has run"
    return play_task(_bench, task)
