"""Where an answer goes: back to the one who asked, privately, in the place where she asked. All of this is network.

A form opens as a modal, or is offered as a button when Slack's permission to open one has run out. What a card shows by
itself is not said as well.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from bot.chats.slack.after import patiently
from bot.chats.slack.codes import Pressed, Where
from bot.chats.slack.desk import Desk
from bot.chats.slack.home import HomeKeeper
from bot.chats.slack.incoming import Incoming
from bot.chats.slack.render import Look, answer, text_only
from bot.chats.slack.shares import INVALID, Shares
from bot.chats.slack.views import confirm_view
from bot.chats.slack.windows import Opened, Windows, opened_of, view_of, where_of
from bot.chats.slack.wire import SlackRefused, Wire
from handlers.cards import Notice
from handlers.ports import ChatClosed
from handlers.requests import Reply, Request

log = logging.getLogger(__name__)

# What a message of a kind shows by itself once it was done, so that words would say it twice.
_ON_CARD = frozenset({"assign", "claim", "escalate", "irrelevant", "release", "reopen", "resolve", "sent", "snooze"})
_SHOWN = {
    "case": _ON_CARD,
    "digest": _ON_CARD,
    "draft": frozenset({"approve", "draft", "reject", "send", "sent"}),
}
_PLAIN = {"parse": "none", "link_names": False}
_QUIET = {"unfurl_links": False, "unfurl_media": False}


class Answers:
    """Gives replies. Raises ChatError when Slack takes none of the ways there are. `look` says how to draw."""

    def __init__(
        self,
        desk: Desk,
        wire: Wire,
        windows: Windows,
        shares: Shares,
        home: HomeKeeper | None,
        look: Callable[[], Look],
    ) -> None:
        self._desk = desk
        self._wire = wire
        self._windows = windows
        self._shares = shares
        self._home = home
        self._look = look

    def body(self, incoming: Incoming, reply: Reply, look: Look | None = None) -> dict[str, Any]:
        """A reply as a private message: what an acknowledgement can carry too. It can be shared where others read."""
        answer_id = "" if incoming.is_direct else self._shares.hold(incoming.user, reply)
        return answer(reply, answer_id, look or self._look())

    def words_body(self, words: str) -> dict[str, Any]:
        """A sentence that says why not, as a private message."""
        return answer(Reply(words, is_error=True), "", self._look())

    async def give(self, incoming: Incoming, reply: Reply, request: Request, opened: Opened | None = None) -> None:
        """Show a reply where it was asked for; in the modal that was opened meanwhile, if one was."""
        if opened is not None:
            if await self._windows.fill(opened, view_of(reply, where_of(incoming))):
                return
            incoming = replace(incoming, trigger="")
        if reply.is_repeat and incoming.on != "command":
            return
        if incoming.on == "modal":
            await self._in_modal(incoming, reply, request)
        elif incoming.on == "home":
            await self._at_home(incoming, reply, request)
        else:
            await self._in_message(incoming, reply, request)

    async def tell(self, incoming: Incoming, words: str) -> None:
        """A sentence of ours, to her alone."""
        await self.give(incoming, Reply(words, is_error=True), Request(None, ""))

    async def ask(self, incoming: Incoming, pressed: Pressed) -> None:
        """Ask before doing what was pressed."""
        if not await self._windows.show(incoming, partial(confirm_view, pressed, where_of(incoming))):
            await self.tell(incoming, "Slack could not ask you to confirm this in time. Press it again.")

    async def share(self, incoming: Incoming, answer_id: str) -> None:
        """Show an answer to everybody; her own copy loses its button."""
        shared, why_not = await self._shares.share(incoming, answer_id)
        if why_not:
            await self.tell(incoming, why_not)
        elif shared is not None and incoming.on == "ephemeral":
            await self._send(incoming, answer(shared, "", self._look()), replaces=True)

    def is_shown_at_home(self, request: Request) -> bool:
        """Whether App Home looks different after it, so that words are not needed."""
        return request.verb in _ON_CARD

    async def home_opened(self, incoming: Incoming) -> None:
        """She looks at App Home."""
        if self._home is not None:
            await self._home.opened(incoming.user)

    async def redraw_home(self, incoming: Incoming) -> None:
        """She did something in App Home, and sees at once what came of it."""
        if self._home is not None:
            await self._home.opened(incoming.user, at_once=True)

    # Places

    async def _in_message(self, incoming: Incoming, reply: Reply, request: Request) -> None:
        """In a channel, a thread or a direct message; without any of them, in a modal."""
        is_nowhere = not incoming.channel and not incoming.response_url
        if (reply.form is not None or is_nowhere) and await self._windows.show(
            incoming, view_of(reply, where_of(incoming))
        ):
            return
        if await self._is_seen(incoming, reply, request):
            return
        await self._respond(incoming, reply, replaces=await self._turns(incoming, reply, request))

    async def _in_modal(self, incoming: Incoming, reply: Reply, request: Request) -> None:
        """A page turns in its place; everything else comes on top."""
        view = view_of(reply, where_of(incoming))
        is_page = reply.screen is not None and _is_paging(request)
        if not is_page and await self._windows.show(incoming, view):
            return
        if await self._windows.fill(opened_of(incoming), view):
            return
        where = where_of(incoming)
        if where.channel:
            elsewhere = replace(incoming, on="event", channel=where.channel, thread=where.thread)
            await self._respond(elsewhere, reply, replaces=False)

    async def _at_home(self, incoming: Incoming, reply: Reply, request: Request) -> None:
        is_home = reply.screen is not None and request.verb == "home"
        if not is_home and (reply.is_error or reply.form or reply.screen or not self.is_shown_at_home(request)):
            await self._windows.show(incoming, view_of(reply, Where()))
        if reply.form is None:
            await self.redraw_home(incoming)

    # Ways

    async def _is_seen(self, incoming: Incoming, reply: Reply, request: Request) -> bool:
        """Whether the message that was clicked says it: then words would say it twice."""
        if reply.is_error or reply.screen or reply.form or reply.is_hers_alone or incoming.on != "message":
            return False
        kind = (await self._subject(incoming)).partition(":")[0]
        return request.verb in _SHOWN.get(kind, ())

    async def _turns(self, incoming: Incoming, reply: Reply, request: Request) -> bool:
        """Whether the clicked answer is to be replaced: its own pages do that, a case's buttons do not."""
        if reply.screen is None or not _is_paging(request):
            return False
        if incoming.on == "ephemeral":
            return True
        return incoming.on == "message" and incoming.is_direct and not await self._subject(incoming)

    async def _subject(self, incoming: Incoming) -> str:
        return await self._desk.subject_at("slack", f"{incoming.channel}:{incoming.message}")

    async def _respond(self, incoming: Incoming, reply: Reply, *, replaces: bool) -> None:
        """With the newest kinds of blocks that Slack takes, at last as text alone."""
        look = self._look()
        for tried in dict.fromkeys((look.is_classic, True)):
            try:
                await self._send(incoming, self.body(incoming, reply, replace(look, is_classic=tried)), replaces)
                return
            except SlackRefused as error:
                if error.code not in INVALID:
                    raise
                log.warning("Slack refused the blocks of an answer: %s", error, extra=incoming.ids)
        await self._send(incoming, {"text": text_only(reply.screen or Notice(reply.words))}, replaces)

    async def _send(self, incoming: Incoming, body: Mapping[str, Any], replaces: bool) -> None:
        if incoming.response_url:
            thread = {"thread_ts": incoming.thread} if incoming.thread and not replaces else {}
            told = {"response_type": "ephemeral", "replace_original": replaces, **thread, **body}
            try:
                await patiently(lambda: self._wire.respond(incoming.response_url, told))
                return
            except (SlackRefused, ChatClosed) as error:
                if getattr(error, "code", "") in INVALID or not incoming.channel:
                    raise
                log.info("a response_url was refused: %s", error, extra=incoming.ids)
        await self._post(incoming, body)

    async def _post(self, incoming: Incoming, body: Mapping[str, Any]) -> None:
        """Without a response_url, or when it is used up: in the place itself, or directly where we are not let in."""
        thread = {"thread_ts": incoming.thread} if incoming.thread else {}
        told = {**body, **_PLAIN}
        if incoming.is_direct:
            await self._post_directly(incoming.channel, {**told, **thread})
            return
        try:
            await patiently(
                lambda: self._wire.call(
                    "chat.postEphemeral", channel=incoming.channel, user=incoming.user, **thread, **told
                )
            )
        except (SlackRefused, ChatClosed) as error:
            if getattr(error, "code", "") in INVALID:
                raise
            await self._post_directly(incoming.user, told)

    async def _post_directly(self, channel: str, told: Mapping[str, Any]) -> None:
        await patiently(lambda: self._wire.call("chat.postMessage", channel=channel, **_QUIET, **told))


def _is_paging(request: Request) -> bool:
    """A button of the list itself, not of a case in it."""
    return "case" not in request.values
