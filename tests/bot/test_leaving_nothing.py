"""Writing the file anew waits for room, and for a moment in which nobody works; it does not end, and nothing of the
program with it.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

import pytest

from bot import erasing
from bot.bridge import Bridge
from handlers.ports import Tombstone
from storage.errors import StorageError
from storage.store import Store
from tests.kit import TROUBLES, Desk, raw


class FullAtFirst:
    """A bridge to a disk on which there is room at the third try."""

    def __init__(self) -> None:
        self.tries = 0

    async def rewrite(self, work: Callable[[Store], Any]) -> bool:
        self.tries += 1
        if self.tries < 3:
            raise StorageError("The disk is full.", "Make room.")
        return True


async def test_a_full_disk_is_waited_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasing, "_EVERY", 0.0)
    bridge = FullAtFirst()
    await erasing.leave_nothing(cast(Bridge, bridge))
    assert bridge.tries == 3


@dataclass
class Days:
    """A bridge, and a clock that goes on by a look. For the first so many hours somebody works."""

    desk: Desk
    hours_of_work: float
    hour: float = 0.0
    done: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return self.desk.now

    async def sleep(self, seconds: float) -> None:
        self.desk.later(minutes=seconds / 60)
        self.hour += seconds / 3600
        if self.hour > 44:
            raise asyncio.CancelledError
        if self.hour <= self.hours_of_work:
            assert self.desk.store.inbox.take(f"act:{self.hour}", "claim", self.desk.now)
        assert self.desk.store.inbox.take(f"call:{self.hour}", "delivery", self.desk.now)
        if self.hour == 8:
            self.desk.take(Tombstone("2", "deleted"))

    async def read(self, work: Callable[[Store], Any]) -> Any:
        return work(self.desk.store)

    async def rewrite(self, work: Callable[[Store], Any]) -> Any:
        self.done.append(self.hour)
        return work(self.desk.store)


@pytest.mark.parametrize(
    ("works", "done"),
    [
        (0, [0.25, 18.25]),
        (2, [2.5, 20.5]),
        (7, [6, 24]),  # a day after what may have been the last time
        (99, [6, 30]),
    ],
)
async def test_what_was_deleted_leaves_no_byte_once_nobody_works_or_after_a_day(
    desk: Desk, works: float, done: list[float]
) -> None:
    desk.take(raw("1", TROUBLES[0]), raw("2", TROUBLES[1]))
    desk.take(Tombstone("1", "deleted"))
    days = Days(desk, works)
    with pytest.raises(asyncio.CancelledError):
        await erasing.leave_little(cast(Bridge, days), days.now, days.sleep)
    assert days.done == done
