"""Redraws of our own that come after the outbox's, and never over a newer one."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

_REMEMBERED = 200  # messages


@dataclass(slots=True, eq=False)
class _Turn:
    """A redraw that is to come. The lock is held while it is called."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    is_over: bool = False


class Late:
    """Messages are known by their refs."""

    def __init__(self) -> None:
        self._turns: OrderedDict[str, _Turn] = OrderedDict()

    def unless_changed(self, ref: str, show: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        """The same redraw, which does nothing once the message was drawn in another way."""
        turn = self._turns[ref] = _Turn()
        self._turns.move_to_end(ref)
        while len(self._turns) > _REMEMBERED:
            self._turns.popitem(last=False)[1].is_over = True

        async def once() -> None:
            async with turn.lock:
                if not turn.is_over:
                    await show()

        return once

    @asynccontextmanager
    async def instead_of(self, ref: str) -> AsyncIterator[None]:
        """Draw the message anew: what was to come is not done, and what is on its way ends before."""
        if (turn := self._turns.pop(ref, None)) is not None:
            turn.is_over = True
            async with turn.lock:
                pass
        yield
