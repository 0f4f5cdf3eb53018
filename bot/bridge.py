"""The only crossing from the event loop to synchronous work.

One writing thread owns the writing store, two reading threads each own a read-only one, one thread computes. Work for
the writing thread waits in two lines: what a person waits for goes before what a source brought.
"""

import asyncio
import itertools
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from storage.errors import StorageError
from storage.store import Store, lock, open_sound, open_storage

T = TypeVar("T")

_PERSON, _SOURCE, _STOP = 0, 1, 2
_READERS = 2
_LONGEST = 900.0  # seconds that writing the file anew may take


class Bridge:
    """Use it as: `await start()`, then `write`, `read`, `compute` from the loop, then `await close()`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = lock(path)
        self._is_closed = False
        self._rewriting_until = 0.0  # on the clock that counts seconds
        self._work: queue.PriorityQueue[tuple[int, int, Callable[[Store], Any] | None, asyncio.Future[Any] | None]]
        self._work = queue.PriorityQueue()
        self._order = itertools.count()
        self._local = threading.local()
        self._reading_stores: list[Store] = []
        self._readers = ThreadPoolExecutor(_READERS, "earshot-read")
        self._computer = ThreadPoolExecutor(1, "earshot-compute")
        self._writer = threading.Thread(target=self._write_all, name="earshot-write", daemon=True)
        self._store: Store | None = None
        self._loop = asyncio.get_running_loop()

    async def start(self) -> None:
        """Look whether the file is sound, open it and bring its schema up to date.

        Raises DamagedDatabase, StorageError; the file is given back then.
        """
        try:
            self._store = await asyncio.to_thread(open_sound, self._path)
        except BaseException:
            await self.close()
            raise
        self._writer.start()

    async def write(self, work: Callable[[Store], T], *, is_urgent: bool = True) -> T:
        """Run work, which makes its own transaction, on the writing thread. `is_urgent`: a person waits for it.

        Raises StorageError when the bridge is closed already.
        """
        if self._is_closed:
            raise StorageError("Earshot is stopping; nothing was changed.", "Try again when it is back.")
        future: asyncio.Future[T] = self._loop.create_future()
        self._work.put((_PERSON if is_urgent else _SOURCE, next(self._order), work, future))
        return await future

    async def rewrite(self, work: Callable[[Store], T]) -> T:
        """The same for work that writes the file anew, which may take minutes in which nothing else is written."""

        def rewriting(store: Store) -> T:
            self._rewriting_until = time.monotonic() + _LONGEST
            try:
                return work(store)
            finally:
                self._rewriting_until = 0.0

        return await self.write(rewriting, is_urgent=False)

    @property
    def is_rewriting(self) -> bool:
        """Whether the writing thread is expected not to answer now."""
        return time.monotonic() < self._rewriting_until

    async def read(self, work: Callable[[Store], T]) -> T:
        """Run work on a reading thread; it sees what was committed before."""
        return await self._loop.run_in_executor(self._readers, self._read_one, work)

    async def compute(self, work: Callable[[], T]) -> T:
        """Run work that needs no store."""
        return await self._loop.run_in_executor(self._computer, work)

    def waiting(self) -> int:
        """How much waits for the writing thread."""
        return self._work.qsize()

    async def close(self) -> None:
        """Finish what was asked for, then give everything back. Closing it again does nothing."""
        if self._is_closed:
            return
        self._is_closed = True
        self._work.put((_STOP, next(self._order), None, None))
        if self._writer.is_alive():
            await asyncio.to_thread(self._writer.join)
        self._computer.shutdown()
        await asyncio.to_thread(self._readers.shutdown)
        for store in self._reading_stores:
            store.close()
        if self._store is not None:
            self._store.close()
        self._lock.release()

    def _read_one(self, work: Callable[[Store], T]) -> T:
        store: Store | None = getattr(self._local, "store", None)
        if store is None:
            store = self._local.store = open_storage(self._path, read_only=True)
            self._reading_stores.append(store)
        return work(store)

    def _write_all(self) -> None:
        while True:
            _, _, work, future = self._work.get()
            if work is None or future is None or self._store is None:
                return
            if future.cancelled():
                continue
            try:
                result = work(self._store)
            except BaseException as error:  # handed to the one who waits for it
                self._tell(future, error=error)
            else:
                self._tell(future, result)

    def _tell(self, future: asyncio.Future[Any], result: Any = None, error: BaseException | None = None) -> None:
        def tell() -> None:
            if future.cancelled():
                return
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)

        self._loop.call_soon_threadsafe(tell)
