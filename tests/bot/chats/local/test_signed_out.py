"""Once is once: a used link and an ended session stay so for whoever copied them, and after a restart."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from prometheus_client import CollectorRegistry

from bot.chats.local.adapter import Bell
from bot.chats.local.session import sign_in_link
from bot.web import build_web
from storage.errors import StorageError
from tests.bot.chats.local.desk import FakeDesk, MemoryEngine
from tests.bot.chats.local.site import SECRET, Clock

CLOCK = Clock()


@asynccontextmanager
async def program(engine: MemoryEngine) -> AsyncIterator[tuple[TestServer, FakeDesk]]:
    """A program that knows only what is in its file."""
    bell = Bell()
    desk = FakeDesk(CLOCK, engine, bell)
    registry = CollectorRegistry()
    async with TestServer(
        build_web(desk, mode="signed-in", secret=SECRET, bell=bell, registry=registry, now=CLOCK), host="127.0.0.1"
    ) as server:
        yield server, desk


async def post(server: TestServer, path: str, cookie: str = "", **fields: str) -> tuple[int, str]:
    """The status, and the session cookie that came."""
    async with (
        aiohttp.ClientSession(cookies={"earshot": cookie} if cookie else {}) as session,
        session.post(server.make_url(path), data=fields, allow_redirects=False) as answer,
    ):
        return answer.status, answer.cookies["earshot"].value if "earshot" in answer.cookies else ""


async def look(server: TestServer, cookie: str) -> tuple[int, str]:
    """What a browser with this cookie gets: the status and the page's token."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with (
        aiohttp.ClientSession(cookie_jar=jar) as session,
        session.get(server.make_url("/"), headers={"Cookie": f"earshot={cookie}"}) as answer,
    ):
        found = re.search(r'data-token="([0-9a-f]+)"', await answer.text())
        return answer.status, found[1] if found else ""


async def leave(server: TestServer, cookie: str, token: str) -> int:
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            server.make_url("/sign-out"), data={"token": token}, headers={"Cookie": f"earshot={cookie}"},
            allow_redirects=False,
        ) as answer,
    ):  # fmt: skip
        return answer.status


def link() -> str:
    return sign_in_link(SECRET, "bo", CLOCK()).partition("?t=")[2]


async def test_signing_out_ends_the_session_for_a_copied_cookie_too() -> None:
    engine = MemoryEngine()
    async with program(engine) as (server, _):
        _, cookie = await post(server, "/sign-in", t=link())
        status, token = await look(server, cookie)
        assert status == 200
        assert await leave(server, cookie, token) == 303
        assert (await look(server, cookie))[0] == 401
    async with program(engine) as (again, _):
        assert (await look(again, cookie))[0] == 401


async def test_a_used_link_is_used_up_after_a_restart() -> None:
    engine, token = MemoryEngine(), link()
    async with program(engine) as (server, _):
        assert (await post(server, "/sign-in", t=token))[0] == 303
    async with program(engine) as (again, _):
        assert await post(again, "/sign-in", t=token) == (403, "")


async def test_signing_in_again_ends_the_session_before() -> None:
    async with program(MemoryEngine()) as (server, _):
        _, first = await post(server, "/sign-in", t=link())
        async with (
            aiohttp.ClientSession() as session,
            session.post(
                server.make_url("/sign-in"), data={"t": link()}, headers={"Cookie": f"earshot={first}"},
                allow_redirects=False,
            ) as answer,
        ):  # fmt: skip
            second = answer.cookies["earshot"].value
        assert second != first
        assert (await look(server, first))[0] == 401
        assert (await look(server, second))[0] == 200


async def test_nobody_is_signed_in_while_the_link_cannot_be_noted_as_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with program(MemoryEngine()) as (server, desk):
        write, token = desk.write, link()

        async def full(work: object) -> None:
            raise StorageError("The disk is full.", "Make room.")

        monkeypatch.setattr(desk, "write", full)
        assert await post(server, "/sign-in", t=token) == (503, "")
        monkeypatch.setattr(desk, "write", write)
        assert await post(server, "/sign-in", t=token) == (403, "")
