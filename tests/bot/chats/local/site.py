"""The real web server over the fake desk, on a loopback port."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from aiohttp import ClientResponse, CookieJar
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry

from bot.chats.local.adapter import Bell
from bot.chats.local.pages import Mode
from bot.web import build_web
from tests.bot.chats.gallery import NOW
from tests.bot.chats.local.desk import FakeDesk, MemoryEngine

SECRET = "a secret of the tests, long enough"


@dataclass
class Clock:
    moment: datetime = NOW

    def __call__(self) -> datetime:
        return self.moment

    def pass_by(self, span: timedelta) -> None:
        self.moment += span


@dataclass
class Site:
    desk: FakeDesk
    client: TestClient[Any, Any]
    clock: Clock
    bell: Bell
    token: str = ""
    keys: int = 0
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return str(self.client.make_url("/")).rstrip("/")

    async def page(self, path: str = "/") -> str:
        """A page as a browser asks for it; remembers its token for the acts that follow."""
        response = await self.client.get(path, headers={"Accept": "text/html"})
        html = await response.text()
        found = re.search(r'data-token="([0-9a-f]+)"', html)
        self.token = found.group(1) if found else ""
        return html

    async def post(self, path: str, **content: Any) -> ClientResponse:
        """An act as the page's script sends it."""
        self.keys += 1
        body = {"channel": "#alerts", "key": f"key-{self.keys:08d}", **content}
        if path == "/share":
            del body["key"]
        return await self.client.post(path, json=body, headers={"X-Earshot-Token": self.token})


@asynccontextmanager
async def open_site(
    mode: Mode = "demo", public_host: str = "", heartbeat: float = 15.0, port: int | None = None
) -> AsyncIterator[Site]:
    clock, bell, engine = Clock(), Bell(), MemoryEngine()
    desk = FakeDesk(clock, engine, bell)
    app = build_web(
        desk, mode=mode, secret=SECRET, bell=bell, registry=CollectorRegistry(), now=clock, public_host=public_host,
        heartbeat=heartbeat,
    )  # fmt: skip
    client = TestClient(TestServer(app, host="127.0.0.1", port=port), cookie_jar=CookieJar(unsafe=True))
    await client.start_server()
    try:
        yield Site(desk, client, clock, bell)
    finally:
        await client.close()
        engine.close()
