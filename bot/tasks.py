"""Tasks that run beside everything else, by name: begun here, watched for their end, stopped together."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

log = logging.getLogger(__name__)


class Tasks:
    """Holds on to its tasks, so that none is collected while it runs, and logs the one that fails."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def __len__(self) -> int:
        return len(self._tasks)

    def begin(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Run it from now on; another of the same name is forgotten, not stopped."""
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(_note_end)
        self._tasks[name] = task

    def has_ended(self, name: str) -> bool:
        """Whether it was begun and runs no more."""
        return name in self._tasks and self._tasks[name].done()

    def failed(self) -> list[str]:
        """The names of those that ended by an error."""
        done = ((name, task) for name, task in self._tasks.items() if task.done() and not task.cancelled())
        return [name for name, task in done if task.exception() is not None]

    def end(self, name: str) -> "asyncio.Task[None] | None":
        """Stop it, if it was begun; the task, which may take a moment to end."""
        task = self._tasks.pop(name, None)
        if task is not None:
            task.cancel()
        return task

    async def close(self) -> None:
        """Stop them all, and wait until they have."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)


def _note_end(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("the task %s ended", task.get_name(), exc_info=error)
