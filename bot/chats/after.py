"""What is done after a chat has had its acknowledgement: opening forms, giving answers. It never holds an ack up."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any

from handlers.ports import ChatBusy

log = logging.getLogger(__name__)

_TRIES = 3
_LONGEST_WAIT = 20.0  # seconds that a chat may ask us to wait before an answer is given up


class FollowUps:
    """Tasks that nobody waits for. One that fails is handed to its `failed`, and no failure leaves this class."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, None], failed: Callable[[Exception], Awaitable[None]]) -> None:
        """Do it now, beside everything else."""
        self.hold(asyncio.create_task(_to_the_end(work, failed)))

    def hold(self, task: asyncio.Task[Any]) -> None:
        """A task that must not be forgotten, and that closing waits for."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self, patience: float) -> None:
        """Wait at most `patience` seconds for what was begun, then end it."""
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                while self._tasks:
                    await asyncio.wait(set(self._tasks))
        left = set(self._tasks)
        for task in left:
            task.cancel()
        if left:
            log.warning("%d answers were not given before the end", len(left))
            await asyncio.gather(*left, return_exceptions=True)


async def patiently(call: Callable[[], Awaitable[Any]]) -> Any:
    """Call it, and again when the chat asks to wait and not for long. For answers only: the outbox waits by itself."""
    for _ in range(_TRIES - 1):
        try:
            return await call()
        except ChatBusy as busy:
            if busy.retry_after > _LONGEST_WAIT:
                raise
            await asyncio.sleep(busy.retry_after)
    return await call()


async def _to_the_end(work: Coroutine[Any, Any, None], failed: Callable[[Exception], Awaitable[None]]) -> None:
    try:
        await work
    except Exception as error:
        try:
            await failed(error)
        except Exception as second:
            log.error("an answer failed, and so did saying so", exc_info=second)
