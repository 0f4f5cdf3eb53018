"""What keeps open tabs fresh: Server-Sent Events, and the same news at once for tabs in the background.

A tab names the last seq it has seen (`Last-Event-ID` after a broken connection, else `since`) and gets what changed
after it. Only the messages of the tab's own channel are drawn; of other channels it learns that there is something new.
"""

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from aiohttp import web

from bot.chats.local import render
from bot.chats.local.adapter import Bell, Desk
from bot.chats.local.pages import Pages, may_read, thread_url
from storage.errors import EarshotError
from storage.local_chat import LocalChat, LocalMessage

log = logging.getLogger("earshot.web")

MOST_TABS = 200
_MOST_CHANGES = 300  # behind by more, a tab is told to reload
_LINGER = 0.05  # seconds; what comes in a burst goes out together


@dataclass(frozen=True, slots=True)
class News:
    """What changed. `is_lost` tells the tab to reload: it is too far behind, or its seq is none of ours."""

    seq: int
    messages: list[LocalMessage]
    is_lost: bool = False


class Events:
    """The routes that tell tabs what changed. `heartbeat` is in seconds."""

    def __init__(
        self, desk: Desk, pages: Pages, bell: Bell, now: Callable[[], datetime], heartbeat: float = 15.0
    ) -> None:
        self._desk = desk
        self._pages = pages
        self._bell = bell
        self._heartbeat = heartbeat
        self.open_tabs = 0

        # Many tabs show the same message; a seq never stands for two bodies.
        @lru_cache(maxsize=1_000)
        def drawn(message: LocalMessage) -> str:
            url = "" if message.parent else thread_url(message)
            return render.message_html(message, now(), url)

        self._drawn = drawn

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/events", self._stream, allow_head=False), web.get("/changes", self._changes)]

    async def _changes(self, request: web.Request) -> web.Response:
        """What changed, once."""
        member = self._pages.looking_member(request).name
        news = await self._desk.read(lambda chat: _news(chat, _since(request)))
        return web.json_response(self._payload(news, request.query.get("channel", ""), member))

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        member = self._pages.looking_member(request).name
        since, channel = _since(request), request.query.get("channel", "")
        if self.open_tabs >= MOST_TABS:
            raise web.HTTPTooManyRequests(text="Too many open tabs. Close some, then reload this page.")
        self.open_tabs += 1
        try:
            response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
            await response.prepare(request)
            await response.write(b"retry: 1500\n\n")
            await self._tell(response, since, channel, member)
        except (ConnectionResetError, EarshotError) as error:
            log.debug("a tab's stream ended: %s", type(error).__name__)  # the tab comes back and catches up
        finally:
            self.open_tabs -= 1
        return response

    async def _tell(self, response: web.StreamResponse, since: int, channel: str, member: str) -> None:
        while not self._bell.closed:
            rung = self._bell.listen()
            seen = since
            news = await self._desk.read(lambda chat: _news(chat, seen))  # noqa: B023 - awaited before seen changes
            if news.is_lost or news.messages:
                data = json.dumps(self._payload(news, channel, member))
                await response.write(f"event: news\nid: {news.seq}\ndata: {data}\n\n".encode())
                since = news.seq
            if not await _heard(rung, self._heartbeat):
                await response.write(b": still here\n\n")
            else:
                await asyncio.sleep(_LINGER)

    def _payload(self, news: News, channel: str, member: str) -> dict[str, Any]:
        messages = [
            {
                "ref": message.ref,
                "channel": message.channel,
                "parent": message.parent,
                "html": self._drawn(message) if message.channel == channel else "",
            }
            for message in news.messages
            if may_read(member, message.channel)
        ]
        return {"seq": news.seq, "is_lost": news.is_lost, "messages": messages}


def _news(chat: LocalChat, since: int) -> News:
    last = chat.last_seq()
    if since > last:  # another database stands behind the page now
        return News(last, [], is_lost=True)
    messages = chat.changed_since(since, _MOST_CHANGES + 1)
    if len(messages) > _MOST_CHANGES:
        return News(last, [], is_lost=True)
    return News(messages[-1].seq if messages else since, messages)


def _since(request: web.Request) -> int:
    text = request.headers.get("Last-Event-ID") or request.query.get("since", "")
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise web.HTTPBadRequest(text="`since` must be the number of the last change that the tab has seen.")
    return int(text)


async def _heard(rung: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await rung.wait()
    except TimeoutError:
        return False
    return True
