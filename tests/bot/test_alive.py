"""Whoever watches from outside hears of us while we live, and only then."""

import asyncio
import os
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
from aiohttp import web

from bot import alive, app
from bot.alive import Alive, Systemd
from bot.app import utc_now
from bot.fetch import Fetch
from bot.secret import Secret
from bot.tasks import Tasks
from storage.store import Store
from tests.bot.fakes import until
from tests.bot.running import running


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    """systemd's end of the socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(tmp_path / "notify"))
        heard.setblocking(False)
        yield heard


def words(heard: socket.socket) -> list[str]:
    found = []
    while True:
        try:
            found.append(heard.recv(200).decode())
        except BlockingIOError:
            return found


def variables(heard: socket.socket, **more: str) -> dict[str, str]:
    return {"NOTIFY_SOCKET": heard.getsockname(), "WATCHDOG_USEC": "20000", **more}


@asynccontextmanager
async def fetching() -> AsyncIterator[Fetch]:
    fetch = Fetch(utc_now)
    try:
        yield fetch
    finally:
        await fetch.close()


async def becomes(is_so: Callable[[], bool]) -> None:
    async def asked() -> bool:
        return is_so()

    await until(asked)


async def lives() -> tuple[bool, bool]:
    return True, True


async def hangs() -> tuple[bool, bool]:
    return False, False


async def has_no_room() -> tuple[bool, bool]:
    return True, False


@pytest.mark.parametrize(("look", "is_told"), [(lives, True), (has_no_room, True), (hangs, False)])
async def test_systemd_hears_a_beat_while_the_program_lives(
    manager: socket.socket, look: alive.Look, is_told: bool
) -> None:
    asked = 0

    async def counted() -> tuple[bool, bool]:
        nonlocal asked
        asked += 1
        return await look()

    async with fetching() as fetch:
        tasks = Tasks()
        tasks.begin("alive", Alive(counted, Systemd(variables(manager), os.getpid()), Secret(), fetch).run())
        await becomes(lambda: asked > 3)
        await tasks.close()
    assert set(words(manager)) == ({"WATCHDOG=1"} if is_told else set())


def test_a_watchdog_that_is_another_process_is_left_alone(manager: socket.socket) -> None:
    assert Systemd(variables(manager, WATCHDOG_PID="1"), 2).every == 0
    assert Systemd(variables(manager, WATCHDOG_PID="2"), 2).every == 0.01
    assert Systemd({}, 2).every == 0


def test_nobody_there_is_no_error(tmp_path: Path) -> None:
    Systemd({"NOTIFY_SOCKET": str(tmp_path / "nobody")}, 1).tell("READY=1")
    Systemd({}, 1).tell("READY=1")


@pytest.mark.parametrize(("look", "is_asked"), [(lives, True), (has_no_room, False)])
async def test_the_address_outside_is_asked_while_all_is_well(
    monkeypatch: pytest.MonkeyPatch, look: alive.Look, is_asked: bool
) -> None:
    monkeypatch.setattr(alive, "BEAT", 0.01)
    asked, looked = 0, 0

    async def note(_: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        return web.Response(text="OK")

    async def counted() -> tuple[bool, bool]:
        nonlocal looked
        looked += 1
        return await look()

    site = web.Application()
    site.add_routes([web.get("/ping/0123", note)])
    runner = web.AppRunner(site)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = Secret(f"http://127.0.0.1:{runner.addresses[0][1]}/ping/0123")
    try:
        async with fetching() as fetch:
            tasks = Tasks()
            tasks.begin("alive", Alive(counted, Systemd({}, 1), url, fetch).run())
            await becomes(lambda: asked > 0 if is_asked else looked > 3)
            await tasks.close()
    finally:
        await runner.cleanup()
    assert (asked > 0) is is_asked


async def test_an_address_that_does_not_answer_is_a_line_in_the_log_without_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with fetching() as fetch:
        tasks = Tasks()
        tasks.begin("alive", Alive(lives, Systemd({}, 1), Secret("http://127.0.0.1:9/key"), fetch).run())
        await becomes(lambda: "EARSHOT_HEARTBEAT_URL" in caplog.text)
        await tasks.close()
    assert "127.0.0.1" not in caplog.text


async def test_a_full_disk_is_life_for_systemd_and_silence_outside(tmp_path: Path) -> None:
    async with running(tmp_path) as opened:
        await opened.becomes("select count(*) from sources where status = 'ok'")
        assert await opened.app._look() == (True, True)

        def fill_the_disk(store: Store) -> None:
            store.engine.run(
                "create trigger full before insert on inbox begin select raise(abort, 'database or disk is full'); end"
            )

        await opened.app.bridge.write(fill_the_disk)
        assert await opened.app._look() == (True, False)


async def test_writing_the_file_anew_is_no_hang(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may take longer than systemd waits; a program that is ended in its midst would begin it again, for ever."""
    monkeypatch.setattr(app, "_ANSWER", 0.05)
    async with running(tmp_path) as opened:
        await opened.becomes("select count(*) from sources where status = 'ok'")
        for hold, is_alive in ((opened.app.bridge.rewrite, True), (opened.app.bridge.write, False)):
            begun, is_over = threading.Event(), threading.Event()
            held = asyncio.create_task(hold(partial(_hold, begun, is_over)))
            await becomes(begun.is_set)
            assert await opened.app._look() == (is_alive, is_alive)
            is_over.set()
            await held


def _hold(begun: threading.Event, is_over: threading.Event, store: Store) -> None:
    begun.set()
    is_over.wait(20)
