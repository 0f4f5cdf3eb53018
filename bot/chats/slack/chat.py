"""Slack as the program sees it: built from its keys, started, asked how it is, closed."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_sdk.signature import SignatureVerifier

from bot.chats.desk import Desk
from bot.chats.slack.adapter import SlackChat
from bot.chats.slack.directory import Directory
from bot.chats.slack.home import HomeKeeper
from bot.chats.slack.pictures import Pictures
from bot.chats.slack.render import Look
from bot.chats.slack.sockets import Sockets
from bot.chats.slack.surface import Surface
from bot.chats.slack.wire import Wire
from bot.secret import Secret
from bot.tasks import Tasks

log = logging.getLogger(__name__)

_SOCKETS, _ANSWERS = 1.5, 2.5  # seconds that finishing each may take


@dataclass(frozen=True, slots=True)
class Keys:
    """What one machine knows of Slack. With an app token it listens through Socket Mode, else through signed HTTP."""

    bot_token: Secret
    app_token: Secret
    signing_secret: Secret
    api_url: str


class Slack:
    """Use it as: `start()` from the loop, then `chat` to post; `close()` at the end."""

    def __init__(self, desk: Desk, keys: Keys, now: Callable[[], datetime], *, settle: float = 60.0) -> None:
        self._desk = desk
        self._wire = Wire(keys.bot_token.reveal(), keys.api_url)
        self._directory = Directory(self._wire, desk)
        pictures = Pictures(desk, self._wire, self._directory)
        self._home = HomeKeeper(desk, self._wire, look=self._look)
        secret = "" if keys.app_token else keys.signing_secret.reveal()
        self._verifier = SignatureVerifier(secret) if secret else None
        self._surface = Surface(
            desk, self._wire, self._directory, now=now, signing_secret=secret, home=self._home, pictures=pictures
        )
        self._sockets = Sockets(self._surface.app, keys.app_token.reveal(), keys.api_url) if keys.app_token else None
        expects = self._sockets.expect_echo if self._sockets else _expect_nothing
        self.chat = SlackChat(self._wire, self._directory, desk, pictures=pictures, settle=settle, expects=expects)
        self._tasks = Tasks()

    def start(self) -> None:
        """Begin to listen; what cannot be reached yet is tried again for ever."""
        self._tasks.begin("slack directory", self._directory.run())
        self._tasks.begin("slack home", self._home.run())
        if self._sockets is not None:
            self._tasks.begin("slack sockets", self._sockets.run())

    def policy_changed(self) -> None:
        """The file was read again: other people, groups or channels may concern us."""
        self._directory.hint()

    def changed(self) -> None:
        """Something happened that App Home may show."""
        self._home.changed()

    def health(self) -> tuple[bool, str]:
        """Whether people can reach us from Slack, in words."""
        if failed := self._tasks.failed():
            return False, f"ended: {', '.join(failed)}; start Earshot again"
        if not self._directory.team_id:
            return False, "not signed in yet; `earshot slack doctor` says why"
        if self._sockets is None:
            return True, "waits for Slack's requests at /slack/events"
        return self._sockets.health()

    async def handle_http(self, request: web.Request) -> web.StreamResponse:
        """One signed request of Slack. Its signature is checked before anything else."""
        if self._sockets is not None:
            raise web.HTTPNotFound(text="Earshot listens to Slack through Socket Mode.")
        if not is_signed(self._verifier, request.headers, await request.read()):
            return web.Response(status=401)
        try:
            asked = await to_bolt_request(request)
        except (ValueError, LookupError, AttributeError, RecursionError):
            return web.Response(status=400)
        return await to_aiohttp_response(await self._surface.app.async_dispatch(asked))

    async def finish(self) -> None:
        """Stop listening, then let the answers that are under way arrive; posts can still be sent."""
        if self._sockets is not None:
            await self._within("the sockets", self._sockets.close(), _SOCKETS)
        await self._within("the answers", self._surface.close(), _ANSWERS)

    async def close(self) -> None:
        """Give everything back; it has finished before."""
        await self._tasks.close()
        await self._wire.close()

    def _look(self) -> Look:
        return Look(is_classic=self._desk.policy().slack.classic, mention=self._directory.slack_id)

    async def _within(self, what: str, work: Coroutine[Any, Any, None], patience: float) -> None:
        try:
            async with asyncio.timeout(patience):
                await work
        except Exception as error:
            log.warning("%s of Slack did not close: %s", what, type(error).__name__)


def is_signed(verifier: SignatureVerifier | None, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether Slack has signed this, within the last five minutes. Whatever a stranger sends instead, it is a no."""
    timestamp = headers.get("X-Slack-Request-Timestamp", "")
    signature = headers.get("X-Slack-Signature", "")
    if verifier is None or not timestamp.isdecimal() or not signature.isascii():
        return False
    try:
        return verifier.is_valid(body, timestamp, signature)
    except (ValueError, TypeError, ArithmeticError):  # a body of no text, a timestamp of hundreds of digits
        return False


def _expect_nothing(_: str) -> None:
    """Over HTTP there is no socket that could be deaf."""
