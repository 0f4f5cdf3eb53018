"""Slack's side of the program: what people do there comes in here, is read, checked, and handed on.

`app` is Slack's own framework for Python without its network: it is told who we are, answers nothing before the effect
is committed, and its log never repeats a payload. Everything that fails comes out in one place, with a reference.
"""

import logging
import re
import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import Any

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.error import BoltUnhandledRequestError
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.chats.after import FollowUps
from bot.chats.desk import Desk
from bot.chats.slack.acts import Ack, Acts, Knobs
from bot.chats.slack.answers import Answers
from bot.chats.slack.codes import ACT, OPENED
from bot.chats.slack.directory import Directory
from bot.chats.slack.files import Files
from bot.chats.slack.home import HomeKeeper
from bot.chats.slack.incoming import (
    CHANGED,
    PICKED,
    SURFACE,
    TYPED,
    Body,
    Clicked,
    Incoming,
    is_for_us,
    read_click,
    read_command,
    read_event,
    read_shortcut,
    read_view,
)  # fmt: skip
from bot.chats.slack.modals import Modals
from bot.chats.slack.pictures import Pictures
from bot.chats.slack.render import Look
from bot.chats.slack.shares import Shares
from bot.chats.slack.views import words_view
from bot.chats.slack.windows import Opened, Windows, where_of
from bot.chats.slack.wire import Wire
from handlers.ports import ChatError

log = logging.getLogger(__name__)

Handle = Callable[[Incoming, Body], Awaitable[Ack]]
Listener = Callable[..., Awaitable[BoltResponse | None]]

_quiet = logging.getLogger("bot.chats.slack.bolt")
_quiet.setLevel(logging.ERROR)  # below that the framework logs whole payloads

_STRANGER = "You belong to another company, and Earshot answers only its own team here."
_STARTING = "Earshot is only just starting. Try again in a moment."
_REPEAT = "x-slack-retry-num"


class Surface:
    """Use it as: `app` takes what Slack sends; `close()` at the end. `home` redraws App Home; None: there is none."""

    def __init__(
        self,
        desk: Desk,
        wire: Wire,
        directory: Directory,
        *,
        now: Callable[[], datetime],
        signing_secret: str = "",
        home: HomeKeeper | None,
        pictures: Pictures | None = None,
        knobs: Knobs | None = None,
    ) -> None:
        self._desk = desk
        self._directory = directory
        self._knobs = knobs or Knobs()
        self._signing_secret = signing_secret
        self._bot_token = wire.client.token
        self._after = FollowUps()
        self._windows = Windows(wire, self._look)
        self.pictures = pictures or Pictures(desk, wire, directory)
        self._shares = Shares(desk, wire, directory, self.pictures, self._look, now)
        files = Files(wire, directory)
        self._answers = Answers(desk, wire, self._windows, self._shares, self.pictures, files, home, self._look)
        self._acts = Acts(desk, directory, self._windows, self._answers, self._after, self._knobs, self._failed)
        self._modals = Modals(desk, self._acts, self._windows, self._answers, self._knobs)
        self._unknown: set[str] = set()
        self.app = AsyncApp(
            name="earshot",
            logger=_quiet,
            process_before_response=True,
            raise_error_for_unhandled_request=True,
            signing_secret=signing_secret,
            request_verification_enabled=bool(signing_secret),
            before_authorize=self._refuse_unsigned,
            authorize=self._authorizer(),
            client=wire.client,
            attaching_function_token_enabled=False,
            attaching_conversation_kwargs_enabled=False,
        )
        self.app.error(self._unhandled)
        self._listen()

    async def close(self) -> None:
        """Write what was typed, then let the answers that are under way arrive, within a few seconds."""
        await self._modals.close()
        await self._after.close(self._knobs.close_within)
        await self.pictures.close()

    def _look(self, user: str = "") -> Look:
        """How to draw for this user alone."""
        return Look(
            is_classic=self._desk.policy().slack.classic,
            mention=self._directory.slack_id,
            group=self._directory.group_id,
            picture=partial(self.pictures.seen_by, user),
            is_coming=partial(self.pictures.is_coming, user),
        )

    # Who we are

    def _authorizer(self) -> Callable[[], Awaitable[AuthorizeResult]]:
        """Says who we are, without the network; who may do what is asked where the verb is done."""

        async def authorize() -> AuthorizeResult:
            return AuthorizeResult(
                enterprise_id=self._directory.enterprise_id or None,
                team_id=self._directory.team_id or None,
                bot_user_id=self._directory.bot_user_id or None,
                bot_id=self._directory.bot_id or None,
                bot_token=self._bot_token,
            )

        return authorize

    async def _refuse_unsigned(
        self, request: AsyncBoltRequest, next_: Callable[[], Awaitable[None]]
    ) -> BoltResponse | None:
        """Without a signing secret nothing that comes by HTTP can be believed."""
        if request.mode != "socket_mode" and not self._signing_secret:
            return BoltResponse(status=401, body="")
        await next_()
        return None

    # What we listen to

    def _listen(self) -> None:
        app, acts = self.app, self._acts
        for command in SURFACE.commands:
            app.command(command)(self._listener(read_command, acts.command))
        does: dict[str, Handle] = {"track": acts.track, "note": acts.note, "queue": acts.queue}
        for shortcut in SURFACE.shortcuts:
            kind = "message_action" if shortcut.kind == "message" else "shortcut"
            listener = self._listener(read_shortcut, does[shortcut.callback_id])
            app.shortcut({"type": kind, "callback_id": shortcut.callback_id})(listener)
        for pattern in SURFACE.actions:
            app.action(re.compile(pattern))(self._listener(_read_action, self._acted))
        for view in SURFACE.views:
            app.view_submission(view)(self._listener(read_view, self._modals.submit))
            app.view_closed(view)(self._listener(read_view, self._modals.closed))
        for event in SURFACE.events:
            app.event(event.partition(".")[0])(self._event_listener(event))

    def _event_listener(self, event: str) -> Listener:
        acts = self._acts
        does: dict[str, Handle] = {
            "app_mention": acts.said,
            "message.im": acts.said,
            "reaction_added": acts.react,
            "reaction_removed": acts.react,
            "app_home_opened": self._home_opened,
        }
        if event in CHANGED:
            return self._changed
        return self._listener(read_event, does[event])

    async def _acted(self, incoming: Incoming, body: Body) -> Ack:
        """Something in a message or modal was used."""
        clicked = read_click(body)[1]
        does: dict[str, Callable[[Incoming, Clicked], Awaitable[Ack]]] = {
            ACT: self._acts.click,
            PICKED: self._modals.picked,
            TYPED: self._modals.typed,
            OPENED: _opened,
        }
        return await does[clicked.action_id.partition(":")[0]](incoming, clicked)

    async def _home_opened(self, incoming: Incoming, body: Body) -> Ack:  # noqa: ARG002 - it is hers
        self._acts.later(incoming, self._answers.home_opened(incoming))
        return {}

    async def _changed(self, event: dict[str, Any]) -> None:
        """Who or what is there has changed. The directory looks again, and with it what waits for a channel."""
        if event["type"] != "member_joined_channel" or event.get("user") == self._directory.bot_user_id:
            self._directory.hint()

    # From a payload to its acknowledgement

    def _listener(self, read: Callable[[Body], Incoming], handle: Handle) -> Listener:
        async def listener(request: AsyncBoltRequest, body: dict[str, Any], ack: AsyncAck) -> BoltResponse | None:
            incoming = read(body)
            try:
                told = await self._handled(incoming, body, handle)
            except Exception as error:
                told = self._in_words(incoming, body, error, is_repeat=_is_repeat(request))
            if told is None:
                return _not_now()
            await (ack(told) if told else ack())
            return None

        return listener

    async def _handled(self, incoming: Incoming, body: Body, handle: Handle) -> Ack:
        if incoming.on == "event" and not is_for_us(body["event"]):
            return {}
        why = self._why_not(incoming)
        if not why:
            return await handle(incoming, body)
        if why == _STARTING and incoming.on == "event":
            return None  # it comes again in a moment
        log.warning("an act in Slack was refused", extra={**incoming.ids, "teams": ",".join(incoming.teams)})
        return self._said(incoming, body, why)

    def _why_not(self, incoming: Incoming) -> str:
        """Why nothing of what she does here may have an effect; "" when it may."""
        if not self._directory.team_id:
            return _STARTING
        if not incoming.user or incoming.user == self._directory.bot_user_id:
            return _STRANGER
        if self._directory.is_stranger(incoming.user, incoming.teams):
            return _STRANGER
        if not self._directory.is_known(incoming.user):
            return _STARTING
        channel = where_of(incoming).channel
        return self._directory.is_refused_channel(channel) if channel else ""

    def _said(self, incoming: Incoming, body: Body, words: str) -> dict[str, Any]:
        """The acknowledgement that says it, or an empty one and the words after it."""
        if incoming.on == "command":
            return {"response_type": "ephemeral", **self._answers.words_body(words)}
        if body.get("type") == "view_submission":
            return self._modals.refuse(incoming, words)
        if _waits_for_words(incoming, body):
            self._acts.later(incoming, self._answers.tell(incoming, words))
        return {}

    # What fails

    def _in_words(self, incoming: Incoming, body: Body, error: Exception, *, is_repeat: bool) -> Ack:
        """It failed before Slack was answered. An event comes again; she is told of it once."""
        words = self._noted(incoming, error)
        if incoming.on != "event":
            return self._said(incoming, body, words)
        if not is_repeat:
            self._said(incoming, body, words)
        return None

    async def _failed(self, incoming: Incoming, error: Exception, opened: Opened | None) -> None:
        """It failed after Slack was answered; perhaps a modal waits for it."""
        if isinstance(error, ChatError):
            log.warning("an answer was not given in Slack: %s", error, extra=incoming.ids)
            return
        words = self._noted(incoming, error)
        view = partial(words_view, "Not done", words, where_of(incoming))
        if opened is None or not await self._windows.fill(opened, view):
            await self._answers.tell(incoming, words)

    def _noted(self, incoming: Incoming, error: Exception) -> str:
        """What the person reads, and what the log keeps: the reference is in both."""
        reference = secrets.token_hex(3)
        log.error("something failed in Slack", exc_info=error, extra={**incoming.ids, "reference": reference})
        return f"Something in Earshot failed. Try again; if it fails again, tell an admin the reference {reference}."

    async def _unhandled(self, error: Exception, body: dict[str, Any]) -> BoltResponse:
        """What nobody here listens to is acknowledged, else Slack sends it again; it is logged once by its type."""
        if not isinstance(error, BoltUnhandledRequestError):
            log.error("a payload of Slack could not be taken", exc_info=error)
            return _not_now()
        event = body.get("event")
        kind = str((event if isinstance(event, dict) else body).get("type") or body.get("command") or "unknown")[:80]
        if kind not in self._unknown and len(self._unknown) < 100:
            self._unknown.add(kind)
            log.info("Slack sends what nobody listens to: %s", kind)
        return BoltResponse(status=200, body="")


def _waits_for_words(incoming: Incoming, body: Body) -> bool:
    """Whether she asked for something: not by typing, closing a form, or looking."""
    if incoming.on == "event":
        return body["event"].get("type") in ("app_mention", "message")
    if body.get("type") == "block_actions":
        return not read_click(body)[1].action_id.startswith(f"{TYPED}:")
    return body.get("type") != "view_closed"


def _is_repeat(request: AsyncBoltRequest) -> bool:
    return request.headers.get(_REPEAT, ["0"])[0] not in ("", "0")


def _not_now() -> BoltResponse:
    """Not acknowledged: Slack tells the person, or delivers an event again."""
    return BoltResponse(status=503, body="")


def _read_action(body: Body) -> Incoming:
    return read_click(body)[0]


async def _opened(incoming: Incoming, clicked: Clicked) -> Ack:  # noqa: ARG001 - her browser has opened the link
    return {}
