"""How often one host outside is asked: a line for each, first come, first served.

Who waits holds no connection and no deadline runs, so a thousand feeds on one host are read one after the other and
cost the feeds of other hosts nothing.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

AT_ONCE = 2  # requests to one host
_KEPT = 1_000  # lines that nobody stands in are forgotten when there are more


@dataclass
class _Line:
    room: asyncio.Semaphore
    free_at: float = 0.0  # when the next request may begin
    people: int = 0


class Pace:
    """`gap` is the least time between the beginnings of two requests to one host, in seconds."""

    def __init__(
        self,
        gap: float,
        *,
        clock: Callable[[], float] | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._gap = gap
        self._clock = clock
        self._sleep = sleep
        self._lines: dict[str, _Line] = {}
        self._most = _KEPT

    @asynccontextmanager
    async def turn(self, host: str, *, is_ours: bool = False) -> AsyncIterator[None]:
        """Wait for one's turn to ask a host, and hold it. A server of our own (`is_ours`) needs no gap."""
        line = self._line(host)
        line.people += 1
        try:
            async with line.room:
                if not is_ours:
                    now = self._now()
                    start = max(now, line.free_at)
                    line.free_at = start + self._gap
                    if start > now:
                        await self._sleep(start - now)
                yield
        finally:
            line.people -= 1

    def _line(self, host: str) -> _Line:
        if host not in self._lines:
            if len(self._lines) >= self._most:
                now = self._now()
                self._lines = {name: one for name, one in self._lines.items() if one.people or one.free_at > now}
                self._most = max(_KEPT, 2 * len(self._lines))
            self._lines[host] = _Line(asyncio.Semaphore(AT_ONCE))
        return self._lines[host]

    def _now(self) -> float:
        return self._clock() if self._clock else asyncio.get_running_loop().time()
