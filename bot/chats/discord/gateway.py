"""Keeps Earshot connected to Discord, for as long as the program runs.

The library's own loop ends for good at the first thing that it does not expect, waits up to a quarter of an hour after
an outage, and takes a minute or two to notice a deaf socket. So this one opens the library's connections itself:
    each ends sooner or later, and is resumed where Discord allows it: what came meanwhile is then told again;
    one on which nothing came for `deaf_after` is deaf, as each `beat` asks for a sign of life, and is replaced;
    pauses grow with failures, and are longer before a new sign-in, of which Discord allows a thousand a day.
"""

import asyncio
import logging
import random
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import aiohttp
import discord
import yarl
from discord.gateway import ReconnectWebSocket
from discord.http import Route

from bot.chats.discord.addresses import is_private, point_at, use_gateway
from bot.chats.discord.client import EarshotClient
from bot.chats.discord.line import Line, lines
from bot.secret import Secret
from handlers.rules.when import length
from storage.errors import ConfigError

log = logging.getLogger(__name__)

_LET_IN = ("ready", "guild_available", "resumed")  # a server comes before "ready", which waits for more of them
_SPARED = 50  # sign-ins of a day that are left for a person who starts us again
_ABOUT_ACCESS = (
    "the token is refused; make a new one at discord.com/developers/applications, Bot, Reset Token, put it into"
    " EARSHOT_DISCORD_TOKEN and start Earshot again"
)
_REFUSED = {  # codes that Discord closes a connection with, where trying again at once cannot help
    4004: _ABOUT_ACCESS,
    4010: "Discord refuses the connection (invalid shard)",
    4011: "Discord wants the connection in parts: the bot is in too many servers; use a bot of your own",
    4012: "Discord does not take this version of its interface any more; install a newer Earshot",
    4013: "Discord refuses the connection (invalid intents); install a newer Earshot",
    4014: "Discord refuses the connection (intents that are not allowed); install a newer Earshot",
}
_BAD_TOKEN = 4004
_MENDED_LATER = 5  # times as long a rest
_TROUBLES = (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError)


@dataclass(frozen=True, slots=True)
class Bounds:
    """All in seconds."""

    beat: float = 15.0  # between two signs of life that we ask for
    deaf_after: float = 35.0  # without one
    opening: float = 30.0  # for a connection to open
    ready_within: float = 60.0  # for Discord to let us in on an open one
    pause: float = 1.0  # after the first failure; doubled by each that follows
    longest: float = 30.0  # before an old session is resumed
    longest_anew: float = 120.0  # before a new sign-in
    resumable: float = 180.0  # Discord forgets a session some minutes after it was lost
    refused: float = 60.0  # after a refused token
    steady: float = 60.0  # a connection that held for so long was none of the failures
    closing: float = 1.5  # for a connection to close


class _Refused(Exception):
    """Discord will not have us as we are; the words say why."""


@dataclass(frozen=True, slots=True)
class _Session:
    """What Discord resumes by."""

    id: str
    sequence: int
    gateway: yarl.URL


class Gateway:
    """Use it as: `run()` as a task; `close()` at the end. `clock` counts seconds."""

    def __init__(
        self,
        client: EarshotClient,
        token: Secret,
        api_url: str,
        *,
        bounds: Bounds | None = None,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], float] = lambda longest: random.uniform(longest / 2, longest),  # noqa: S311
    ) -> None:
        self._client = client
        self._token = token
        self._api_url = api_url
        self._bounds = bounds or Bounds()
        self._clock = clock
        self._jitter = pause
        self._made: list[Line] = []  # those that were opened, and not hung up yet
        self._lines = lines(self._made.append)
        self._session: _Session | None = None
        self._failures = 0  # in a row
        self._let_in = asyncio.Event()  # the connection that is open may be used
        self._since = clock()  # when what is now began: connected, or not
        self._trouble = ""
        client.watch(self._told)

    @property
    def is_connected(self) -> bool:
        """Whether what people do in Discord reaches us."""
        return self._let_in.is_set()

    def health(self) -> tuple[bool, str]:
        """Whether people can reach us from Discord, in words."""
        lasted = length(timedelta(seconds=self._clock() - self._since))
        if self.is_connected:
            return True, f"connected for {lasted}"
        if self._trouble in _REFUSED.values():
            return False, self._trouble
        return False, f"connecting for {lasted}{f': {self._trouble}' if self._trouble else ''}"

    async def run(self) -> None:
        """Sign in, connect and stay connected, until cancelled."""
        try:
            await self._sign_in()
            while True:
                try:
                    if self._is_cut_off():
                        await self._forget_session()
                        await self._sign_in()
                    await self._connect()
                except Exception as error:  # whatever it is, Discord is not given up
                    await self._fail(error)
        finally:
            self._lost()

    async def close(self) -> None:
        """End the connection and the client, within a few seconds. The task of `run` has ended before."""
        await self._hang_up(1000)
        with suppress(Exception):
            async with asyncio.timeout(self._bounds.closing):
                await self._client.close()
        with suppress(Exception):
            await self._client.http.close()

    # Signing in: the token, once

    async def _sign_in(self) -> None:
        while not self._client.is_signed_in:
            try:
                await self._sign_in_once()
            except _Refused as refusal:
                await self._rest(str(refusal), self._bounds.refused)
            except Exception as error:
                await self._forget_session()
                await self._fail(error)
        self._failures = 0
        self._trouble = ""

    async def _sign_in_once(self) -> None:
        point_at(self._api_url)
        try:
            async with asyncio.timeout(self._bounds.opening):
                await self._client.login(self._token.reveal())
        except discord.LoginFailure:
            await self._forget_session()
            raise _Refused(_ABOUT_ACCESS) from None

    def _is_cut_off(self) -> bool:
        """Whether the library's HTTP session was closed: it never opens another by itself, and every call fails."""
        session = getattr(self._client.http, "_HTTPClient__session", None)
        return isinstance(session, aiohttp.ClientSession) and session.closed

    async def _forget_session(self) -> None:
        """The library makes a new HTTP session at each try, over a connector that the old one closes."""
        with suppress(Exception):
            await self._client.http.close()
        self._client.http.connector = discord.utils.MISSING
        self._client.http.token = None
        self._client._connection.user = None

    # Connections, one after another

    async def _connect(self) -> None:
        """One connection, from its opening to its end, and the pause after it."""
        opened_at = self._clock()
        trouble = await self._until_it_ends()
        has_held = self._let_in.is_set() and self._clock() - opened_at >= self._bounds.steady
        self._lost()
        await self._hang_up(4000)
        self._client.dispatch("disconnect")
        if has_held:
            self._failures = 0
        if isinstance(trouble, discord.ConnectionClosed) and (words := _REFUSED.get(trouble.code)):
            self._session = None
            await self._rest(words, self._bounds.refused * (1 if trouble.code == _BAD_TOKEN else _MENDED_LATER))
        elif isinstance(trouble, _Refused):
            await self._rest(str(trouble), self._bounds.refused)
        elif has_held and self._session is not None:
            log.info("the connection to Discord ended (%s); it is resumed", _named(trouble))
        else:
            await self._fail(trouble)

    async def _until_it_ends(self) -> Exception | None:
        """Why it ended; None when Discord asked for another. What is needed to resume it is kept."""
        can_resume, trouble = True, None
        try:
            await self._use(await self._open())
        except asyncio.CancelledError:
            self._lost()
            await self._hang_up(1000)
            raise
        except ReconnectWebSocket as asked:
            can_resume = asked.resume
        except Exception as error:
            trouble = error
        self._keep_session(can_resume=can_resume)
        return trouble

    async def _open(self) -> Line:
        session = self._session
        if session is None:
            await self._ask_leave()
        is_told_where = session is not None and self._failures % 3 != 2  # perhaps it is only that address
        async with asyncio.timeout(self._bounds.opening):
            line = await self._lines.from_client(
                self._client,
                initial=True,  # the library would wait before others; our pauses are ours
                gateway=session.gateway if session and is_told_where else None,
                session=session.id if session else None,
                sequence=session.sequence if session else None,
                resume=session is not None,
            )
        self._client.ws = line
        return line

    async def _use(self, line: Line) -> None:
        """Hear what comes until it ends, by an error."""
        hearing = asyncio.create_task(_hear(line), name="discord hearing")
        tending = asyncio.create_task(self._tend(line), name="discord tending")
        both = (hearing, tending)
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            first = next(one for one in both if one.done())
            await first
        finally:
            for one in both:
                one.cancel()
            await asyncio.gather(*both, return_exceptions=True)

    async def _tend(self, line: Line) -> None:
        """Ask for signs of life; raises TimeoutError when there is none, or when Discord does not let us in."""
        opened_at = self._clock()
        while True:
            await asyncio.sleep(self._bounds.beat)
            if time.monotonic() - line.heard_at > self._bounds.deaf_after:
                raise TimeoutError("Discord was silent")
            if not self._let_in.is_set() and self._clock() - opened_at > self._bounds.ready_within:
                line.session_id = self._session = None
                raise TimeoutError("Discord did not let us in")
            self._client.assert_items()
            with suppress(Exception):  # whoever hears finds out better why
                async with asyncio.timeout(self._bounds.beat):
                    await line.beat()

    async def _ask_leave(self) -> None:
        """Before a new sign-in, which is counted: where, and whether the token is good and there are any left today.

        Raises _Refused when it has to wait.
        """
        try:
            async with asyncio.timeout(self._bounds.opening):
                told = await self._client.http.request(Route("GET", "/gateway/bot"))
        except discord.HTTPException as error:
            if error.status == 401:
                raise _Refused(_ABOUT_ACCESS) from None
            raise
        if not use_gateway(str(told.get("url", ""))):
            raise _Refused("Discord named a connection that is not private")
        limit = told.get("session_start_limit") or {}
        left, wait = int(limit.get("remaining", _SPARED + 1)), int(limit.get("reset_after", 0)) / 1000
        if left <= min(_SPARED, int(limit.get("total", _SPARED)) // 2):
            again = length(timedelta(seconds=wait))
            raise _Refused(f"Discord allows hardly any more sign-ins for {again}, as there were too many")

    # What is remembered from one to the next

    def _keep_session(self, *, can_resume: bool) -> None:
        line = self._made[-1] if self._made else None
        if not can_resume:
            self._session = None
        elif line is not None and line.session_id and line.sequence is not None and is_private(str(line.gateway)):
            self._session = _Session(line.session_id, line.sequence, line.gateway)

    async def _hang_up(self, code: int) -> None:
        made, self._made[:] = list(self._made), []
        for line in made:
            await line.hang_up(code, self._bounds.closing)

    def _told(self, event: str) -> None:
        if event in _LET_IN and self._made and not self._let_in.is_set():
            self._let_in.set()
            self._since, self._trouble = self._clock(), ""
            log.info("connected to Discord")

    def _lost(self) -> None:
        if self._let_in.is_set():
            self._let_in.clear()
            self._since = self._clock()

    async def _fail(self, error: Exception | None) -> None:
        """It did not work, or not for long: said once for each kind, and a pause that grows."""
        words = _named(error)
        if words != self._trouble:
            is_strange = error is not None and not isinstance(error, (*_TROUBLES, ConfigError))
            level = logging.INFO if error is None else logging.WARNING
            log.log(level, "Earshot is not connected to Discord: %s", words, exc_info=error if is_strange else None)
        self._trouble = words
        if self._clock() - self._since > self._bounds.resumable:
            self._session = None
        longest = self._bounds.longest if self._session else self._bounds.longest_anew
        wait = min(longest, self._bounds.pause * 2 ** min(self._failures, 20))
        self._failures += 1
        await asyncio.sleep(self._jitter(wait))

    async def _rest(self, words: str, seconds: float) -> None:
        if words != self._trouble:
            log.error("Earshot is not connected to Discord: %s", words)
        self._trouble = words
        await asyncio.sleep(seconds)


async def _hear(line: Line) -> None:
    while True:
        await line.poll_event()


def _named(error: Exception | None) -> str:
    """What ended it, in a few words that hold no secret and nothing of what was sent."""
    if error is None:
        return "Discord asked to connect again"
    if isinstance(error, discord.ConnectionClosed):
        return f"Discord closed the connection ({error.code})"
    if isinstance(error, discord.HTTPException):
        return f"Discord answers with {error.status}"
    if isinstance(error, TimeoutError):
        return str(error) or "no answer in time"
    if isinstance(error, ConfigError):
        return str(error)
    if isinstance(error, aiohttp.ClientError | OSError):
        return "Discord cannot be reached"
    return type(error).__name__
