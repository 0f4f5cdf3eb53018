"""Signs of life for whoever watches from outside: systemd, which starts a program that hangs anew, and an address that
somebody else's clock misses when it is not asked any more.

systemd is told over the socket that it names in NOTIFY_SOCKET, at half of WATCHDOG_USEC
(https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html). A full disk or a chat that is down is no
reason to start anew, so those are no silence towards systemd; towards the address outside they are.
"""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

from bot.fetch import Fetch
from bot.secret import Secret
from handlers.ports import SourceError

log = logging.getLogger(__name__)

BEAT = 60.0  # seconds between two askings of the address outside
_PATIENCE = 15.0  # seconds that an answer from there may take

Look = Callable[[], Awaitable[tuple[bool, bool]]]


class Systemd:
    """The service manager's socket; without one nothing is told."""

    def __init__(self, variables: Mapping[str, str], pid: int) -> None:
        self._address = variables.get("NOTIFY_SOCKET", "")
        microseconds = variables.get("WATCHDOG_USEC", "")
        is_for_us = variables.get("WATCHDOG_PID", str(pid)) == str(pid)
        has_watchdog = bool(self._address) and is_for_us and microseconds.isdigit()
        self.every = int(microseconds) / 2_000_000 if has_watchdog else 0.0  # seconds; 0: nobody waits for us

    def tell(self, words: str) -> None:
        """READY=1, WATCHDOG=1, STOPPING=1 and their like. What cannot be told is left: we live on."""
        if not self._address:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sending:
            sending.setblocking(False)
            sending.sendto(words.encode(), address)


class Alive:
    """`look` answers whether the program lives, and whether all that matters is well."""

    def __init__(self, look: Look, systemd: Systemd, heartbeat: Secret, fetch: Fetch) -> None:
        self._look = look
        self._systemd = systemd
        self._heartbeat = heartbeat
        self._fetch = fetch

    async def run(self) -> None:
        """Until cancelled."""
        watched, told = self._systemd.every, bool(self._heartbeat)
        await asyncio.gather(
            *([self._for_ever(watched, self._beat)] if watched else []),
            *([self._for_ever(BEAT, self._ask)] if told else []),
        )

    async def _for_ever(self, every: float, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            await work()
            await asyncio.sleep(every)

    async def _beat(self) -> None:
        is_alive, _ = await self._look()
        if is_alive:
            self._systemd.tell("WATCHDOG=1")

    async def _ask(self) -> None:
        _, is_well = await self._look()
        if not is_well:
            return
        try:
            await self._fetch.get(self._heartbeat.reveal(), allow_private=True, max_bytes=100_000, timeout=_PATIENCE)
        except SourceError as error:  # its words could hold the address, which is a secret
            log.warning("EARSHOT_HEARTBEAT_URL could not be asked: %s", type(error).__name__)
