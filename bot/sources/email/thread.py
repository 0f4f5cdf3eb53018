"""A thread of one's own for a library that blocks.

The shared pools must not be held by a call that waits for half an hour, and the thread of a pool would keep the program
from ending; this one does not.
"""

import asyncio
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")
Job = tuple[Callable[[], Any], asyncio.AbstractEventLoop, "asyncio.Future[Any]"]


class OwnThread:
    """Runs one job after the other. It starts with the first and ends with `stop`."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    async def run(self, job: Callable[[], T]) -> T:
        """What the job returns or raises. When its waiter is cancelled a job that has begun goes on alone."""
        if self._thread is None:
            self._thread = threading.Thread(target=_work, args=(self._jobs,), name=self._name, daemon=True)
            self._thread.start()
        return await self._put(job)

    async def stop(self, farewell: Callable[[], None], seconds: float = 5.0) -> None:
        """End it after the job at hand and the last one; when that takes longer it does both by itself, later."""
        if self._thread is None:
            return
        thread, self._thread = self._thread, None
        last = self._put(farewell)
        self._jobs.put(None)
        self._jobs = queue.SimpleQueue()  # who comes later gets another thread
        await asyncio.wait({last}, timeout=seconds)  # which cancels nothing, or the farewell would be left out
        if last.done():
            last.result()
            await asyncio.to_thread(thread.join, seconds)

    def _put(self, job: Callable[[], T]) -> "asyncio.Future[T]":
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._jobs.put((job, loop, future))
        return future


def _work(jobs: "queue.SimpleQueue[Job | None]") -> None:
    while (told := jobs.get()) is not None:
        job, loop, future = told
        if future.cancelled():
            continue
        try:
            result, error = job(), None
        except Exception as raised:
            result, error = None, raised
        with suppress(RuntimeError):  # the loop is over, nobody waits any more
            loop.call_soon_threadsafe(_settle, future, result, error)
        del job, loop, future, result, error, told


def _settle(future: "asyncio.Future[Any]", result: Any, error: Exception | None) -> None:
    if future.done():
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(result)
