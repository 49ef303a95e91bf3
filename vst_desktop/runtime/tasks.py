"""Named asyncio tasks with an owner that joins them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from vst_desktop.domain.errors import UserError

log = logging.getLogger(__name__)


class TaskOwner:
    """Owns tasks: names them, reports those that fail, cancels and joins all on ``close``.

    Args:
        name: Prefix of the task names.
        on_failure: Called with the task's name and error when one fails, once.
    """

    def __init__(
        self, name: str, on_failure: Callable[[str, BaseException], None] | None = None
    ) -> None:
        self._name = name
        self._on_failure = on_failure
        self._tasks: set[asyncio.Task[Any]] = set()

    def spawn(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """Start a task on the running loop."""
        task = asyncio.get_running_loop().create_task(work, name=f"{self._name}:{name}")
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        if isinstance(error, UserError):  # for whoever awaits the task to show
            log.info("task %s ended: %s", task.get_name(), error)
        else:
            log.error("task %s failed", task.get_name(), exc_info=error)
        if self._on_failure is not None:
            self._on_failure(task.get_name(), error)

    async def close(self) -> None:
        """Cancel and join everything that still runs."""
        tasks = [t for t in self._tasks if t is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
