"""Discord's REST interface through discord.py: each request once, in bounded time, and every answer in our words."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import discord
import pytest
from aiohttp import web
from discord.http import Route

from bot.chats.discord import addresses, wire
from bot.chats.discord.refusals import DiscordClosed, DiscordRefused
from bot.chats.discord.wire import Wire
from handlers.ports import ChatBusy, ChatClosed, ChatDoubtful, ChatError, ChatLater, ChatMessageGone
from tests.bot.chats.slack.quiet import Seconds

TOKEN = "bot-token-that-nobody-may-read"
TEXT = "words of a customer"
ME: dict[str, Any] = {"id": "7", "username": "earshot", "discriminator": "0", "avatar": None, "bot": True}
APPLICATION: dict[str, Any] = {
    "name": "",
    "description": "",
    "icon": None,
    "bot_public": False,
    "bot_require_code_grant": False,
}
APPLICATION |= {"owner": ME, "verify_key": ""}

Answer = Callable[[web.Request], web.StreamResponse]


@dataclass
class Far:
    """A server that says what it is told to, and once that is said, {"id": "1"}."""

    answers: deque[Answer] = field(default_factory=deque)
    asked: list[tuple[str, str]] = field(default_factory=list)
    gate: asyncio.Event | None = None
    entered: asyncio.Event = field(default_factory=asyncio.Event)

    async def hear(self, request: web.Request) -> web.StreamResponse:
        if request.path.endswith("/@me") and request.method == "GET":  # who signs in, and for which application
            return said(ME | APPLICATION)(request)
        self.asked.append((request.method, request.path))
        await request.read()
        self.entered.set()
        if self.gate is not None:
            await self.gate.wait()
        return (self.answers.popleft() if self.answers else said({"id": "1"}))(request)


def said(body: Any, status: int = 200, **headers: Any) -> Answer:
    """discord.py reads JSON of exactly this type, and takes a 429 without Via for a ban."""
    marks = {"Content-Type": "application/json", "Via": "1.1 google"}
    marks |= {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: web.Response(body=json.dumps(body).encode(), status=status, headers=marks)


def refused(code: int, status: int = 400, **more: Any) -> Answer:
    return said({"code": code, "message": TEXT, **more}, status)


def dropped(request: web.Request) -> web.StreamResponse:
    """The line drops before an answer."""
    assert request.transport is not None
    request.transport.close()
    return web.Response()


def banned(_: web.Request) -> web.StreamResponse:
    return web.Response(text="<h1>Access denied</h1>", status=429, content_type="text/html")


@dataclass
class Line:
    """The real library against the server."""

    far: Far
    client: discord.Client
    clock: Seconds = field(default_factory=Seconds)
    slept: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.wire = Wire(self.client, timeout=5.0, clock=self.clock, sleep=self.sleep)

    async def post(self, place: int = 5, **more: Any) -> Any:
        route = Route("POST", "/channels/{channel_id}/messages", channel_id=place)
        body = {"content": TEXT}
        return await self.wire.answer(
            lambda: self.client.http.request(route, json=body), what="a message", place=str(place), **more
        )

    async def sleep(self, seconds: float) -> None:
        """Sleeping moves the clock and takes no time."""
        self.slept.append(seconds)
        self.clock.now += seconds


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    far = Far()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", far.hear)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    Route.BASE = f"http://127.0.0.1:{runner.addresses[0][1]}/api/v10"
    opened = Line(far, discord.Client(intents=discord.Intents(guilds=True), max_ratelimit_timeout=60.0))
    try:
        async with opened.client:
            await opened.client.login(TOKEN)
            yield opened
            await opened.wire.close()
    finally:
        addresses.reset()
        await runner.cleanup()


async def fails(line: Line, **more: Any) -> ChatError:
    with pytest.raises(ChatError) as caught:
        await line.post(**more)
    return caught.value


async def test_what_discord_says_comes_back_as_it_is(line: Line) -> None:
    assert await line.post() == {"id": "1"}
    assert await line.wire.call(lambda: line.client.http.request(Route("GET", "/gateway"))) == {"id": "1"}


async def test_what_other_work_comes_to_is_returned(line: Line) -> None:
    line.far.answers.append(said(ME))
    user = await line.wire.call(lambda: line.client.fetch_user(7))
    assert user.name == "earshot"


# Each request once


@pytest.mark.parametrize("status", [500, 502, 503, 504, 524])
async def test_a_server_in_trouble_leaves_a_doubt_and_is_not_asked_again(line: Line, status: int) -> None:
    line.far.answers.append(said({}, status))
    assert isinstance(await fails(line), ChatDoubtful)
    assert len(line.far.asked) == 1


async def test_a_lost_answer_is_a_doubt(line: Line) -> None:
    line.far.answers.append(dropped)
    assert isinstance(await fails(line), ChatDoubtful)
    assert len(line.far.asked) == 1


async def test_an_answer_that_takes_too_long_is_a_doubt(line: Line) -> None:
    line.far.gate = asyncio.Event()
    assert isinstance(await fails(line, within=0.4), ChatDoubtful)
    line.far.gate.set()


async def test_a_call_that_is_given_up_ends(line: Line) -> None:
    line.far.gate = asyncio.Event()
    posting = asyncio.create_task(line.post())
    await line.far.entered.wait()
    posting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await posting
    line.far.gate.set()
    line.far.gate = None
    assert await line.post() == {"id": "1"}


async def test_a_server_that_cannot_be_reached_was_certainly_not_asked(line: Line) -> None:
    Route.BASE = "http://127.0.0.1:1/api/v10"
    error = await fails(line)
    assert isinstance(error, ChatBusy)
    assert error.is_everywhere


async def test_before_it_has_signed_in_nothing_is_called() -> None:
    client = discord.Client(intents=discord.Intents.none())
    error = await fails(Line(Far(), client))
    assert isinstance(error, ChatBusy)


async def test_at_the_end_nothing_more_is_called(line: Line) -> None:
    await line.wire.close()
    assert isinstance(await fails(line), ChatBusy)
    assert line.far.asked == []


# Too many


async def test_a_channel_that_asks_to_wait_is_left_alone_for_so_long(line: Line) -> None:
    line.far.answers.append(refused(0, 429, retry_after=40.0))
    error = await fails(line)
    assert isinstance(error, ChatBusy)
    assert (error.retry_after, error.is_everywhere) == (40.0, False)
    line.clock.now += 30
    error = await fails(line)
    assert isinstance(error, ChatBusy)
    assert error.retry_after == pytest.approx(10.0)
    assert len(line.far.asked) == 1
    assert await line.post(place=6) == {"id": "1"}
    line.clock.now += 11
    assert await line.post() == {"id": "1"}


@pytest.mark.parametrize("answer", [refused(0, 429, retry_after=3.0, **{"global": True}), banned])
async def test_when_all_of_it_asks_to_wait_no_channel_is_called_and_the_library_does_not_hang(
    line: Line, answer: Answer
) -> None:
    line.far.answers.append(answer)
    for place in (5, 6):
        error = await fails(line, place=place)
        assert isinstance(error, ChatBusy)
        assert error.is_everywhere
    assert len(line.far.asked) == 1
    line.clock.now += wire.USUAL_WAIT + 1
    assert await line.post() == {"id": "1"}


async def test_old_messages_that_cannot_be_changed_now_hold_nothing_else(line: Line) -> None:
    line.far.answers.append(refused(30046, 429, retry_after=7.5))
    error = await fails(line)
    assert isinstance(error, ChatLater)
    assert error.retry_after == 7.5
    assert await line.post() == {"id": "1"}


async def test_an_answer_is_there_before_the_library_has_slept_out_its_limit(line: Line) -> None:
    spent: dict[str, Any] = {"X_RateLimit_Remaining": "0", "X_RateLimit_Limit": "5", "X_RateLimit_Bucket": "b"}
    line.far.answers.append(said({"id": "2"}, X_RateLimit_Reset_After="50.0", **spent))
    assert await line.post() == {"id": "2"}
    error = await fails(line)
    assert isinstance(error, ChatBusy)
    assert error.retry_after == pytest.approx(50.0)
    assert len(line.far.asked) == 1


async def test_a_short_wait_is_waited_out(line: Line) -> None:
    spent: dict[str, Any] = {"X_RateLimit_Remaining": "0", "X_RateLimit_Limit": "5"}
    line.far.answers.append(said({"id": "2"}, X_RateLimit_Reset_After="0.02", **spent))
    await line.post()
    assert await line.post() == {"id": "1"}
    assert line.slept == [pytest.approx(0.02)]


async def test_a_call_that_only_waits_for_the_librarys_limit_was_not_made(line: Line) -> None:
    spent: dict[str, Any] = {"X_RateLimit_Remaining": "0", "X_RateLimit_Limit": "1", "X_RateLimit_Reset_After": "30.0"}
    line.far.answers.append(said({"id": "2"}, **spent))
    await line.post()
    line.clock.now += 31  # ours is over, and the library's is not
    assert isinstance(await fails(line, within=0.05), ChatBusy)
    assert len(line.far.asked) == 1


async def test_it_holds_still_long_before_discord_shuts_it_out(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MOST_INVALID", 3)
    line.far.answers.extend([refused(50013, 403), refused(0, 401), refused(50001, 403), refused(50035)])
    for _ in range(2):
        await fails(line)
    with pytest.raises(discord.HTTPException):  # of the library's own calls too
        await line.client.http.request(Route("GET", "/somewhere"))
    error = await fails(line)
    assert isinstance(error, ChatBusy)
    assert (error.is_everywhere, len(line.far.asked)) == (True, 3)
    line.clock.now += 601
    assert isinstance(await fails(line), DiscordRefused)
    assert line.wire.invalid == 0


async def test_what_is_shared_with_others_is_no_fault_of_ours(line: Line) -> None:
    line.far.answers.append(said({"retry_after": 1.0}, 429, X_RateLimit_Scope="shared"))
    error = await fails(line)
    assert isinstance(error, ChatBusy)
    assert (error.is_everywhere, line.wire.invalid) == (False, 0)


async def test_other_calls_of_the_library_are_its_own(line: Line) -> None:
    line.far.answers.append(refused(0, 429, retry_after=0.01))
    assert await line.client.http.request(Route("GET", "/somewhere")) == {"id": "1"}
    assert len(line.far.asked) == 2


# What an answer means


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (401, 0, r"bot token.*EARSHOT_DISCORD_TOKEN"),
        (403, 50001, r"Discord does not let Earshot do that in this channel"),
        (403, 50013, r"Discord does not let Earshot do that in this channel"),
        (404, 10003, r"Discord has no channel this channel any more"),
        (403, 50007, r"direct messages"),
        (403, 160005, r"The thread in this channel is locked"),
    ],
)
async def test_what_a_person_has_to_put_right_is_said(line: Line, status: int, code: int, words: str) -> None:
    line.far.answers.append(refused(code, status))
    with pytest.raises(ChatClosed, match=words):
        await line.post()


def test_a_missing_right_is_named_with_its_channel() -> None:
    error = DiscordClosed(50013, "", "").at("#alerts", ["Send Messages", "Embed Links"])
    assert error.message == "Earshot lacks Send Messages and Embed Links in #alerts."
    assert "#alerts" in error.hint


async def test_a_deleted_message_is_gone(line: Line) -> None:
    line.far.answers.append(refused(10008, 404))
    assert isinstance(await fails(line), ChatMessageGone)


async def test_a_click_that_is_over_says_nothing_of_our_own_token(line: Line) -> None:
    line.far.answers.append(refused(50027, 401))
    assert isinstance(await fails(line), DiscordRefused)


async def test_a_refusal_names_the_field_and_never_what_was_in_it(line: Line) -> None:
    wrong = {"embeds": {"0": {"title": {"_errors": [{"code": "BASE_TYPE_MAX_LENGTH", "message": TEXT}]}}}}
    line.far.answers.append(refused(50035, 400, errors=wrong))
    error = await fails(line)
    assert isinstance(error, DiscordRefused)
    assert (error.code, str(error)) == (50035, "Discord refused a message: error 50035 (embeds.0.title).")


async def test_no_log_and_no_error_tells_the_token_or_the_words(line: Line, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    line.far.answers.extend([said({}, 500), refused(0, 429, retry_after=0.1), refused(0, 401), refused(50035), dropped])
    told = ""
    for _ in range(5):
        told += repr(await fails(line))
        line.clock.now += 60
    await line.post()
    assert TOKEN not in caplog.text + told
    assert TEXT not in caplog.text + told
