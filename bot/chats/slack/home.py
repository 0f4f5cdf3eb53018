"""App Home: redrawn for the people who opened it lately, when something changed, and no oftener than is of use."""

import asyncio
import hashlib
import json
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from bot.chats.desk import Desk
from bot.chats.slack.render import Look
from bot.chats.slack.views import home_view
from bot.chats.slack.wire import SlackRefused, Wire
from handlers.cards import Screen
from handlers.ports import ChatBusy, ChatError
from handlers.requests import Request

log = logging.getLogger(__name__)

_MOST_VISITORS = 200
_BAD_BLOCKS = ("invalid_blocks", "invalid_blocks_format", "invalid_arguments")
_GONE = ("user_not_found", "invalid_user_id")


@dataclass(slots=True)
class _Visitor:
    """Somebody who opened App Home. The moments are the clock's."""

    user_id: str
    opened_at: float = 0.0
    tried_at: float = float("-inf")
    is_stale: bool = False  # what stands there may be old
    is_wanted: bool = False  # she has just opened it: it is shown even if we believe that it stands there already
    shown: str = ""  # a print of what stands there, to compare
    hash: str = ""  # Slack's mark of what stands there
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class HomeKeeper:
    """`every` seconds at most once per person, for `lately` seconds after she opened it; `clock` counts seconds."""

    def __init__(
        self,
        desk: Desk,
        wire: Wire,
        *,
        look: Callable[[], Look],
        every: float = 15.0,
        lately: float = 600.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._desk = desk
        self._wire = wire
        self._look = look
        self._every = every
        self._lately = lately
        self._clock = clock
        self._visitors: OrderedDict[str, _Visitor] = OrderedDict()  # who opened it last stands last
        self._bell = asyncio.Event()
        self._quiet_until = float("-inf")  # Slack asked to wait
        self._is_off = False  # the app has no Home

    async def opened(self, user_id: str, *, at_once: bool = False) -> None:
        """She looks at it now; `at_once`: she has done something there and waits to see what came of it.

        Calls the network, so not before an acknowledgement; what Slack refuses is logged.
        """
        if self._is_off or not user_id:
            return
        visitor = self._visitors.setdefault(user_id, _Visitor(user_id))
        self._visitors.move_to_end(user_id)
        while len(self._visitors) > _MOST_VISITORS:
            self._visitors.popitem(last=False)
        visitor.opened_at = self._clock()
        visitor.is_stale = visitor.is_wanted = True
        if at_once:
            visitor.tried_at = float("-inf")
        if self._due_at(visitor) <= self._clock():
            await self._show(visitor)
        self._bell.set()

    def changed(self) -> None:
        """Something happened that may stand there."""
        for visitor in self._visitors.values():
            visitor.is_stale = True
        self._bell.set()

    async def run(self) -> None:
        """Redraw what is old, until cancelled."""
        while True:
            self._bell.clear()
            waiting = sorted(self._waiting(), key=lambda visitor: visitor.tried_at)
            due = [visitor for visitor in waiting if self._due_at(visitor) <= self._clock()]
            for visitor in due:
                await self._show(visitor)
            if not due:
                next_at = min((self._due_at(visitor) for visitor in waiting), default=None)
                with suppress(TimeoutError):
                    async with asyncio.timeout(None if next_at is None else max(0.0, next_at - self._clock())):
                        await self._bell.wait()

    def _waiting(self) -> list[_Visitor]:
        since = self._clock() - self._lately
        return [one for one in self._visitors.values() if one.is_stale and one.opened_at >= since and not self._is_off]

    def _due_at(self, visitor: _Visitor) -> float:
        return max(visitor.tried_at + self._every, self._quiet_until)

    async def _show(self, visitor: _Visitor) -> None:
        async with visitor.lock:
            if not visitor.is_stale or self._is_off or self._due_at(visitor) > self._clock():
                return
            visitor.tried_at = self._clock()
            try:
                await self._publish(visitor)
            except ChatBusy as error:
                visitor.is_stale = True
                self._quiet_until = self._clock() + error.retry_after
            except SlackRefused as error:
                self._give_up(visitor, error.code)
            except ChatError as error:
                visitor.is_stale = True
                log.warning("the Home of %s is not redrawn: %s", visitor.user_id, error)
            except Exception:
                log.exception("the Home of %s is not redrawn", visitor.user_id)

    async def _publish(self, visitor: _Visitor) -> None:
        view, drawn = await self._read(visitor)
        if drawn == visitor.shown and not visitor.is_wanted:
            return
        mark = {"hash": visitor.hash} if visitor.hash else {}
        try:
            answer = await self._wire.call("views.publish", user_id=visitor.user_id, view=view, **mark)
        except SlackRefused as error:
            if error.code in _BAD_BLOCKS:
                view, drawn = await self._read(visitor, is_classic=True)
            elif error.code == "hash_conflict":
                view, drawn = await self._read(visitor)
            else:
                raise
            answer = await self._wire.call("views.publish", user_id=visitor.user_id, view=view)
        visitor.shown, visitor.hash, visitor.is_wanted = drawn, _hash_of(answer), False

    async def _read(self, visitor: _Visitor, *, is_classic: bool = False) -> tuple[dict[str, Any], str]:
        """Her Home as it is now, and a print of it to compare. What changes from here on makes it old again."""
        visitor.is_stale = False
        member = self._desk.policy().member_on("slack", visitor.user_id)
        reply = await self._desk.act(Request(member, "home", chat="slack"))
        screen = reply.screen or Screen("Earshot", reply.words)
        look = replace(self._look(), is_classic=True) if is_classic else self._look()
        view = home_view(screen, look)
        return view, hashlib.sha256(json.dumps(view, sort_keys=True).encode()).hexdigest()

    def _give_up(self, visitor: _Visitor, code: str) -> None:
        """Slack will not take it, however often."""
        if code == "not_enabled":
            self._is_off = True
            self._visitors.clear()
            log.warning("Slack shows no Home of Earshot: switch on the Home Tab under App Home at api.slack.com/apps")
            return
        if code in _GONE:
            self._visitors.pop(visitor.user_id, None)
        log.warning("the Home of %s is not redrawn: Slack says %s", visitor.user_id, code)


def _hash_of(answer: Mapping[str, Any]) -> str:
    view = answer.get("view")
    return str(view.get("hash") or "") if isinstance(view, Mapping) else ""
