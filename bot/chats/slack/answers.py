"""Where an answer goes: back to the one who asked, privately, in the place where she asked. All of this is network.

A form opens as a modal, or is offered as a button when Slack's permission to open one has run out. What a card shows by
itself is not said as well.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from bot.chats.after import patiently
from bot.chats.desk import Desk
from bot.chats.slack.codes import Pressed, Where
from bot.chats.slack.files import Files
from bot.chats.slack.home import HomeKeeper
from bot.chats.slack.incoming import Incoming
from bot.chats.slack.pictures import FOR_ANSWERS, Pictures
from bot.chats.slack.render import Look, answer, nothing, text_only
from bot.chats.slack.shares import INVALID, Shares
from bot.chats.slack.views import confirm_view
from bot.chats.slack.windows import Opened, Windows, opened_of, view_of, where_of
from bot.chats.slack.wire import SlackRefused, Wire
from handlers.cards import Chart, Notice
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
    """Gives replies. Raises ChatError when Slack takes none of the ways there are. `look` is how to draw for a user."""

    def __init__(
        self,
        desk: Desk,
        wire: Wire,
        windows: Windows,
        shares: Shares,
        pictures: Pictures,
        files: Files,
        home: HomeKeeper | None,
        look: Callable[[str], Look],
    ) -> None:
        self._desk = desk
        self._wire = wire
        self._windows = windows
        self._shares = shares
        self._pictures = pictures
        self._files = files
        self._home = home
        self._look = look

    def body(self, incoming: Incoming, reply: Reply, look: Look | None = None) -> dict[str, Any]:
        """A reply as a private message: what an acknowledgement can carry too. It can be shared where others read."""
        answer_id = "" if incoming.is_direct else self._shares.hold(incoming.user, reply)
        return answer(reply, answer_id, look or self._look(incoming.user))

    def takes_time(self, incoming: Incoming, reply: Reply) -> bool:
        """Whether there is something to upload first, so that it cannot be given as the acknowledgement."""
        chart = _chart_of(reply)
        is_missing = chart is not None and not self._pictures.seen_by(incoming.user, chart)
        return is_missing or reply.file is not None

    def words_body(self, words: str) -> dict[str, Any]:
        """A sentence that says why not, as a private message."""
        return answer(Reply(words, is_error=True), "", self._look(""))

    async def give(self, incoming: Incoming, reply: Reply, request: Request, opened: Opened | None = None) -> None:
        """Show a reply where it was asked for; in the modal that was opened meanwhile, if one was."""
        if reply.file is not None:
            if opened is None and incoming.on in ("modal", "home"):  # her permission to open one will have run out
                opened = await self._windows.load(incoming)
            reply = await self.with_file(incoming, reply)
        if opened is not None:
            await self._begin_picture(incoming, reply)
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

    async def with_file(self, incoming: Incoming, reply: Reply) -> Reply:
        """Hand over the file of a reply; the reply that says where it is, or what to do."""
        if reply.file is None:
            return reply
        handed = await self._files.hand_over(incoming.user, reply.file)
        words = f"{reply.words} {handed.words}".strip()
        return replace(reply, words=words, is_error=reply.is_error or handed.is_error, file=None)

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
            await self._send(incoming, answer(shared, "", self._look(incoming.user)), replaces=True)

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
        if (reply.form is not None or is_nowhere) and await self._open(incoming, reply, where_of(incoming)):
            return
        if await self._is_seen(incoming, reply, request):
            return
        await self._respond(incoming, reply, replaces=await self._turns(incoming, reply, request))

    async def _in_modal(self, incoming: Incoming, reply: Reply, request: Request) -> None:
        """A page turns in its place; everything else comes on top."""
        is_page = reply.screen is not None and _is_paging(request)
        if not is_page and await self._open(incoming, reply, where_of(incoming)):
            return
        await self._begin_picture(incoming, reply)
        if await self._windows.fill(opened_of(incoming), view_of(reply, where_of(incoming))):
            return
        where = where_of(incoming)
        if where.channel:
            elsewhere = replace(incoming, on="event", channel=where.channel, thread=where.thread)
            await self._respond(elsewhere, reply, replaces=False)

    async def _at_home(self, incoming: Incoming, reply: Reply, request: Request) -> None:
        is_home = reply.screen is not None and request.verb == "home"
        if not is_home and (reply.is_error or reply.form or reply.screen or not self.is_shown_at_home(request)):
            await self._open(incoming, reply, Where())
        if reply.form is None:
            await self.redraw_home(incoming)

    # Ways

    async def _open(self, incoming: Incoming, reply: Reply, where: Where) -> bool:
        """Whether it stands in a modal of its own. A picture that she has not seen yet comes into it later."""
        view = view_of(reply, where)
        await self._begin_picture(incoming, reply)
        opened = await self._windows.show(incoming, view)
        chart = _chart_of(reply)
        if opened is not None and chart is not None and not self._pictures.seen_by(incoming.user, chart):
            self._pictures.when_hers(chart, incoming.user, lambda: self._windows.fill(opened, view))
        return opened is not None

    async def _begin_picture(self, incoming: Incoming, reply: Reply) -> None:
        if (chart := _chart_of(reply)) is not None:
            await self._pictures.give(chart, incoming.user, 0.0)

    async def _looks(self, incoming: Incoming, chart: Chart | None) -> list[Look]:
        """The ways to draw an answer, the best first. In her direct messages it is a message like any other; elsewhere
        she sees only what she has.
        """
        look = self._look(incoming.user)
        if chart is not None and _is_message(incoming):
            await self._pictures.upload(chart, FOR_ANSWERS)
            return list(self._pictures.looks(look, chart))
        if chart is not None:
            await self._pictures.give(chart, incoming.user, FOR_ANSWERS)
        older = replace(look, is_classic=True)
        return list(dict.fromkeys((look, older, replace(older, picture=nothing) if chart else older)))

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
        chart = _chart_of(reply)
        for look in await self._looks(incoming, chart):
            try:
                await self._send(incoming, self.body(incoming, reply, look), replaces)
            except SlackRefused as error:
                if error.code not in INVALID:
                    raise
                log.warning("Slack refused the blocks of an answer: %s", error, extra=incoming.ids)
            else:
                await self._mind_picture(incoming, chart, has_it=bool(chart and look.picture(chart)))
                return
        await self._send(incoming, {"text": text_only(reply.screen or Notice(reply.words))}, replaces)

    async def _mind_picture(self, incoming: Incoming, chart: Chart | None, *, has_it: bool) -> None:
        if chart is not None and _is_message(incoming):
            if has_it:
                self._pictures.was_taken(chart)
            else:
                await self._pictures.give(chart, incoming.user, 0.0)

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


def _chart_of(reply: Reply) -> Chart | None:
    return reply.screen.chart if reply.screen is not None else None


def _is_message(incoming: Incoming) -> bool:
    """Whether the answer is a message, and not one that only she sees and that is gone tomorrow."""
    return incoming.is_direct and not incoming.response_url


def _is_paging(request: Request) -> bool:
    """A button of the list itself, not of a case in it."""
    return "case" not in request.values
