"""A chat far away behind plain HTTP: it shows a message in its history only after a while, and its answers may be lost.

What was posted there is kept here, outside of the program that is killed.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import aiohttp
from aiohttp import web

from bot.chats.local.adapter import Stored, to_body
from handlers.cards import Drawing
from handlers.ports import ChatBusy, ChatDoubtful
from tests.prove.ledger import Post
from tests.prove.weather import DONE, PAUSE, Weather

SHOWN_AFTER = 0.3  # seconds until a message can be found in the history
SETTLE = 2.0  # seconds after which the program looks: a busy machine may carry a request for long after it was noted


@dataclass
class FarServer:
    """`messages` has everything that was ever posted, in its newest form; a ref is a place in it, from 1."""

    weather: Weather
    messages: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""

    async def post(self, request: web.Request) -> web.Response:
        content = await request.json()

        def do() -> str:
            ref = str(len(self.messages) + 1)
            self.messages.append(content | {"ref": ref, "at": asyncio.get_running_loop().time()})
            return ref

        return self._under_weather(request, do)

    async def update(self, request: web.Request) -> web.Response:
        content = await request.json()

        def do() -> str:
            self.messages[int(content["ref"]) - 1]["body"] = content["body"]
            return str(content["ref"])

        return self._under_weather(request, do)

    async def find(self, request: web.Request) -> web.Response:
        content = await request.json()
        before = asyncio.get_running_loop().time() - SHOWN_AFTER
        found = (
            one["ref"]
            for one in self.messages
            if (one["channel"], one["key"]) == (content["channel"], content["key"]) and one["at"] <= before
        )
        return web.json_response({"ref": next(found, None)})

    def posted(self) -> dict[str, list[Post]]:
        """What stands there, by key."""
        found: dict[str, list[Post]] = defaultdict(list)
        for one in self.messages:
            found[one["key"]].append(Post(one["ref"], one["parent"]))
        return found

    def _under_weather(self, request: web.Request, do: Any) -> web.Response:
        kind = self.weather.next()
        if kind == "wait":
            return web.Response(status=429, headers={"Retry-After": str(PAUSE)})
        ref = do() if kind in ("", *DONE) else ""
        if kind.startswith("cut") and request.transport is not None:
            request.transport.abort()
        if kind in ("page", "garbage"):
            return web.Response(status=503 if kind == "page" else 200, text="<html><h1>Sorry", content_type="text/html")
        return web.json_response({"ref": ref})


@asynccontextmanager
async def far_chat(weather: Weather) -> AsyncIterator[FarServer]:
    server = FarServer(weather)
    site = web.Application()
    site.add_routes([web.post(f"/{name}", getattr(server, name)) for name in ("post", "update", "find")])
    runner = web.AppRunner(site, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await runner.cleanup()


class FarChat:
    """handlers.ports.Chat on it."""

    name = "far"
    pace = 0.0
    settle = SETTLE

    def __init__(self, url: str) -> None:
        self._url = url

    async def post(self, channel: str, drawing: Drawing, key: str, parent_ref: str) -> str:
        content = {"channel": channel, "key": key, "parent": parent_ref, "body": to_body(Stored(drawing))}
        return str((await self._call("/post", content))["ref"])

    async def update(self, channel: str, ref: str, drawing: Drawing, key: str) -> None:
        await self._call("/update", {"ref": ref, "body": to_body(Stored(drawing))})

    async def find(self, channel: str, key: str, since: datetime, parent_ref: str) -> str | None:
        ref = (await self._call("/find", {"channel": channel, "key": key}))["ref"]
        return None if ref is None else str(ref)

    async def check(self) -> str:
        return "It is far away."

    async def _call(self, path: str, content: dict[str, str]) -> dict[str, str | None]:
        try:
            async with aiohttp.ClientSession() as session, session.post(self._url + path, json=content) as answer:
                if answer.status == 429:
                    raise ChatBusy("It asks to wait.", float(answer.headers["Retry-After"]))
                return dict(await answer.json())
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ChatDoubtful("No answer came.") from error
