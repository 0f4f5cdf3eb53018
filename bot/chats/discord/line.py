"""One connection to Discord's gateway: the library's own, which also says when it was last heard and survives what the
library cannot read.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import aiohttp
from discord.errors import ConnectionClosed
from discord.gateway import DiscordWebSocket, ReconnectWebSocket

log = logging.getLogger(__name__)

_NOT_OF_ONE_EVENT = (ReconnectWebSocket, ConnectionClosed, aiohttp.ClientError, OSError, TimeoutError)


class Line(DiscordWebSocket):
    """`heard_at` is when the last frame came, on the clock that counts seconds."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, *, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(socket, loop=loop)
        self.heard_at = time.monotonic()

    async def received_message(self, msg: Any, /) -> None:
        """Called by the library with each frame.

        An error in what it does with an event would end its connection for good: here it costs this event alone.
        """
        self.heard_at, before = time.monotonic(), self.sequence
        try:
            await super().received_message(msg)
        except _NOT_OF_ONE_EVENT:
            raise
        except Exception as error:
            if self.sequence == before:  # it was not even read: what follows could not be either
                raise
            # Its words may hold those of a customer, or the token of a click.
            log.error("event %s of Discord's was left out: %s", self.sequence, type(error).__name__)

    async def beat(self) -> None:
        """Ask for a sign of life, between those that the library asks for every 41 s or so."""
        if self._keep_alive is not None:
            await self.send_heartbeat(self._keep_alive.beat())

    async def hang_up(self, code: int, patience: float) -> None:
        """Close it. A peer that does not answer is not waited for longer than `patience` seconds. With 1000 Discord
        forgets the session; with 4000 it can be resumed.
        """
        with suppress(Exception):
            async with asyncio.timeout(patience):
                await self.close(code)
        if self._keep_alive is not None:
            self._keep_alive.stop()


def lines(made: Callable[[Line], None]) -> type[Line]:
    """A class of lines that says so of each as soon as it is there: the library makes them inside a longer call, and
    one that is given up in its middle must be hung up all the same.
    """

    class Told(Line):
        def __init__(self, socket: aiohttp.ClientWebSocketResponse, *, loop: asyncio.AbstractEventLoop) -> None:
            super().__init__(socket, loop=loop)
            made(self)

    return Told
