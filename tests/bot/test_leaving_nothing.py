"""Writing the file anew after an erasure waits for room; it does not end, and nothing of the program with it."""

from collections.abc import Callable
from typing import Any, cast

import pytest

from bot import erasing
from bot.bridge import Bridge
from storage.errors import StorageError
from storage.store import Store


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
