"""A mailbox as the event loop sees it: an inbox in a thread of its own, with a deadline on everything."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from bot.sources.email.inbox import Account, Inbox
from bot.sources.email.mentions import mentions
from bot.sources.email.place import Place, read_place
from bot.sources.email.thread import OwnThread
from handlers.ports import Item, Page, SourceError, Transient

log = logging.getLogger(__name__)

DEADLINE = 120.0  # seconds; one answer has 30, a page needs several
T = TypeVar("T")


class Mailbox:
    """One connection. Every call but `close` raises SignInFailed, RateLimited, Transient or BadSource."""

    def __init__(self, name: str, account: Account, own: frozenset[str], now: Callable[[], datetime]) -> None:
        self._account = account
        self._own = own
        self._inbox = Inbox(account, now)
        self._thread = OwnThread(f"mail {name}")
        self._lingering: set[asyncio.Task[None]] = set()

    async def page(self, cursor: str | None, most: int, backlog: timedelta) -> Page:
        """At most so many items after a cursor, without one those of the last days."""
        place = read_place(cursor, self._account.of)
        return await self._ask(lambda: self._page(place, most, backlog))

    async def wait(self, length: timedelta) -> None:
        """Until the server tells of something, at most so long; without end when it never does so by itself."""
        if not await self._ask(self._inbox.can_wait):
            await self._ask(self._inbox.leave)
            await asyncio.Event().wait()
        seconds = length.total_seconds()
        await self._ask(lambda: self._inbox.wait(seconds), beyond=seconds)

    async def count(self) -> int:
        return await self._ask(self._inbox.count)

    async def find_sent(self, message_id: str, folder: str, since: datetime) -> bool | None:
        """Whether a mail of ours lies in the folder of sent mail; None when there is no such folder."""
        return await self._ask(lambda: self._inbox.find_sent(message_id, folder, since))

    def after_sending(self, copy: bytes | None, folder: str, answered: str) -> None:
        """Keep a copy and mark what was answered, beside everything else: the reply stands whether it works or not."""
        task = asyncio.create_task(self._after_sending(copy, folder, answered))
        self._lingering.add(task)
        task.add_done_callback(self._lingering.discard)

    async def close(self) -> None:
        """Break off whatever waits, then give back the connection."""
        try:
            if self._lingering:
                await asyncio.wait(self._lingering, timeout=5)
        finally:
            self._inbox.hang_up()
            await self._thread.stop(self._inbox.leave)

    async def _after_sending(self, copy: bytes | None, folder: str, answered: str) -> None:
        try:
            if copy is not None:
                await self._ask(lambda: self._inbox.keep_sent(copy, folder))
            if answered:
                await self._ask(lambda: self._inbox.mark_answered(answered))
        except SourceError as error:
            log.warning("a reply was sent, but noting that in the mailbox failed: %s", error)

    async def _ask(self, job: Callable[[], T], beyond: float = 0.0) -> T:
        seconds = DEADLINE + beyond
        try:
            async with asyncio.timeout(seconds):
                return await self._thread.run(job)
        except TimeoutError:
            self._inbox.hang_up()
            raise Transient(
                f"{self._account.door.host} did not answer within {seconds:g} seconds; it will be tried again."
            ) from None

    def _page(self, place: Place | None, most: int, backlog: timedelta) -> Page:
        found = self._inbox.find(place, most, backlog)
        here, items = found.place, list[Item]()
        for mail in found.mails:
            told = mentions(mail, self._own)
            given = here.given if here.begun == mail.uid else 0
            room = most - len(items)
            items += told[given : given + room]
            if len(told) > given + room:
                here = here.within(mail.uid, given + room)
                return Page(tuple(items), here.written(), more=True, is_backlog=here.is_old)
            here = here.after(mail.uid)
        here = here.after(found.up_to)  # past those that were deleted just now
        return Page(tuple(items), here.written(), more=found.has_more, is_backlog=here.is_old)
