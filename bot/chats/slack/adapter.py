"""Slack as a chat like any other: posts, redraws and finds messages. The outbox decides when, and what after a failure.

A message's ref is "C0123:1712345.000100". The key of its delivery travels in its metadata and as the id of its first
block, so that a message whose answer was lost is found again.
"""

import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bot.chats.desk import Desk
from bot.chats.slack import render
from bot.chats.slack.channels import next_cursor
from bot.chats.slack.directory import Directory
from bot.chats.slack.late import Late
from bot.chats.slack.mirror import Mirror
from bot.chats.slack.pictures import FOR_POSTS, Pictures
from bot.chats.slack.wire import SlackClosed, SlackRefused, Wire
from handlers.cards import Card, Chart, Drawing, Screen
from handlers.ports import ChatBusy, ChatDoubtful, ChatError, ChatMessageGone

log = logging.getLogger(__name__)

EVENT_TYPE = "earshot"
CLOCKS_APART = timedelta(seconds=60)  # Slack's and ours
MOST_PAGES = 20
_PAGE = 200  # messages
_TOO_MUCH = (  # a plainer drawing may do
    "invalid_blocks",
    "invalid_blocks_format",
    "block_mismatch",
    "msg_blocks_too_long",
    "msg_too_long",
    "invalid_arguments",
)


class SlackChat:
    """handlers.ports.Chat on Slack. `settle` and `pace` are in seconds; `expects(ref)` is called after a reaction of
    ours was added, of which Slack will tell us.
    """

    name = "slack"

    def __init__(
        self,
        wire: Wire,
        directory: Directory,
        desk: Desk,
        *,
        pictures: Pictures | None = None,
        settle: float = 60.0,
        pace: float = 1.0,
        expects: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.settle = settle
        self.pace = pace
        self._wire = wire
        self._directory = directory
        self._desk = desk
        self.pictures = pictures or Pictures(desk, wire, directory)
        self.mirror = Mirror(wire, expects)
        self._late = Late()

    async def post(self, channel: str, drawing: Drawing, key: str, parent_ref: str) -> str:
        place, thread = await self._place(channel, parent_ref)
        told, has_picture = await self._say(
            "chat.postMessage",
            channel,
            drawing,
            key,
            channel=place,
            thread_ts=thread or None,
            unfurl_links=False,
            unfurl_media=False,
        )
        if not told.get("ts"):
            raise ChatDoubtful("Slack did not say where the message stands.")
        ref = f"{told.get('channel') or place}:{told['ts']}"
        if thread and "thread_ts" not in (told.get("message") or {"thread_ts": ""}):
            await self._mind_stray(ref, place, thread)
        self.mirror.is_new(ref)
        self._reflect(ref, drawing)
        self._mind_picture(ref, drawing, key, has_it=has_picture)
        return ref

    async def update(self, channel: str, ref: str, drawing: Drawing, key: str) -> None:
        place, ts = read_ref(ref)
        await self._mind(place)
        async with self._late.instead_of(ref):
            _, has_picture = await self._say("chat.update", channel, drawing, key, channel=place, ts=ts)
        self._reflect(ref, drawing)
        self._mind_picture(ref, drawing, key, has_it=has_picture)

    async def find(self, channel: str, key: str, since: datetime, parent_ref: str) -> str | None:
        if not self._directory.bot_user_id:
            await self._directory.introduce()
        place, thread = await self._place(channel, parent_ref)
        oldest = f"{(since - CLOCKS_APART).timestamp():.6f}"
        try:
            async for message in self._messages(place, thread, oldest):
                if self._is_ours(message) and carries(message, key):
                    return f"{place}:{message['ts']}"
        except ChatMessageGone:
            await self._take_back(place, key, oldest)
            return None  # with its thread
        except SlackClosed as error:
            raise self._closed(error, channel) from None
        return None

    async def check(self) -> str:
        await self._directory.introduce()
        count = await self._directory.count_channels()
        channels = f"{count} channel{'' if count == 1 else 's'}"
        return f"Slack works: {self._directory.bot_name} in {self._directory.team_name}, {channels}."

    async def _place(self, channel: str, parent_ref: str) -> tuple[str, str]:
        """The channel's id and the thread's ts. A thread is where its parent stands, whatever that is called by now."""
        if not parent_ref:
            return await self._directory.channel_id(channel), ""
        place, thread = read_ref(parent_ref)
        await self._mind(place)
        return place, thread

    async def _mind_stray(self, ref: str, place: str, thread: str) -> None:
        """Slack posts to the channel, and says nothing, when the message that a thread hangs on was deleted. What
        landed there is taken back. Raises ChatMessageGone.
        """
        try:
            await self._wire.call("conversations.replies", channel=place, ts=thread, limit=1)
        except ChatMessageGone:
            _, ts = read_ref(ref)
            with suppress(ChatError):
                await self._wire.call("chat.delete", channel=place, ts=ts)
            raise
        except ChatError as error:
            log.warning("a thread cannot be looked at: %s", error)

    async def _take_back(self, place: str, key: str, oldest: str) -> None:
        """The same for a message whose answer was lost: it may stand in the channel. Raises ChatError."""
        async for message in self._messages(place, "", oldest):
            if self._is_ours(message) and carries(message, key):
                with suppress(ChatMessageGone):
                    await self._wire.call("chat.delete", channel=place, ts=message["ts"])

    async def _mind(self, place: str) -> None:
        try:
            await self._directory.mind(place)
        except ChatDoubtful as error:
            raise ChatBusy(error.message, 5.0) from None  # nothing was said yet

    async def _say(
        self, method: str, name: str, drawing: Drawing, key: str, **where: Any
    ) -> tuple[dict[str, Any], bool]:
        """Call with the drawing as it is meant, and with plainer ones if Slack does not take it; what Slack says, and
        whether the picture was taken too.
        """
        refused: SlackRefused | None = None
        if (chart := _chart_of(drawing)) is not None:
            await self.pictures.upload(chart, FOR_POSTS)
        for said, has_picture in self._forms(drawing, key):
            try:
                return await self._wire.call(method, **where, **_settled(key), **said), has_picture
            except SlackRefused as error:
                if error.code not in _TOO_MUCH:
                    raise
                log.warning("%s: %s, a plainer drawing is tried", method, error.code)
                refused = error
            except SlackClosed as error:
                raise self._closed(error, name) from None
        assert refused is not None  # noqa: S101 - there are always forms
        raise refused

    def _forms(self, drawing: Drawing, key: str) -> Iterator[tuple[Mapping[str, Any], bool]]:
        """From the best to the last resort, each with whether its picture is in it."""
        chart = _chart_of(drawing)
        for look in self.pictures.looks(self._look(), chart):
            yield render.message(drawing, key, look), bool(chart and look.picture(chart))
        yield {"text": render.text_only(drawing), "blocks": []}, False

    def _look(self) -> render.Look:
        is_classic, directory = self._desk.policy().slack.classic, self._directory
        return render.Look(is_classic=is_classic, mention=directory.slack_id, group=directory.group_id)

    def _mind_picture(self, ref: str, drawing: Drawing, key: str, *, has_it: bool) -> None:
        """When the message had to go without its picture, it is drawn once more with it, unless it changes before."""
        if (chart := _chart_of(drawing)) is None:
            return
        if has_it:
            self.pictures.was_taken(chart)
            return
        place, ts = read_ref(ref)

        async def show() -> None:
            look = replace(self._look(), picture=self.pictures.id_of)
            drawn = render.message(drawing, key, look)
            await self._wire.call("chat.update", channel=place, ts=ts, **_settled(key), **drawn)

        self.pictures.bring_later(chart, self._late.unless_changed(ref, show))

    def _closed(self, error: SlackClosed, name: str) -> SlackClosed:
        self._directory.found_closed(name, error.code)
        return error.at(name, self._directory.bot_handle)

    def _reflect(self, ref: str, drawing: Drawing) -> None:
        if isinstance(drawing, Card):
            self.mirror.want(ref, drawing.mark)

    async def _messages(self, place: str, thread: str, oldest: str) -> AsyncIterator[Mapping[str, Any]]:
        method, more = ("conversations.replies", {"ts": thread}) if thread else ("conversations.history", {})
        cursor = ""
        for _ in range(MOST_PAGES):
            told = await self._wire.call(
                method,
                channel=place,
                oldest=oldest,
                include_all_metadata=True,
                limit=_PAGE,
                cursor=cursor or None,
                **more,
            )
            for message in told.get("messages", ()):
                yield message
            cursor = next_cursor(told)
            if not cursor:
                return
        raise ChatDoubtful("There are too many messages since then to look through.")

    def _is_ours(self, message: Mapping[str, Any]) -> bool:
        """What a person pasted is not ours, whatever it says; nor is the stone that stands for a deleted message."""
        if message.get("subtype") == "tombstone":
            return False
        bot_id, user_id = self._directory.bot_id, self._directory.bot_user_id
        return bool((bot_id and message.get("bot_id") == bot_id) or (user_id and message.get("user") == user_id))


def _chart_of(drawing: Drawing) -> Chart | None:
    return drawing.chart if isinstance(drawing, Screen) else None


def _settled(key: str) -> dict[str, Any]:
    """What every message says: how it is found again, and that nothing in it is to be looked up."""
    metadata = {"event_type": EVENT_TYPE, "event_payload": {"key": key}}
    return {"metadata": metadata, "parse": "none", "link_names": False}


def carries(message: Mapping[str, Any], key: str) -> bool:
    """Whether a message was posted with this key."""
    metadata = message.get("metadata") or {}
    if metadata.get("event_type") == EVENT_TYPE:
        return bool((metadata.get("event_payload") or {}).get("key") == key)
    blocks = message.get("blocks") or [{}]
    return bool(blocks[0].get("block_id") == f"key:{key}"[:255])


def read_ref(ref: str) -> tuple[str, str]:
    """A message's channel id and ts."""
    channel, _, ts = ref.partition(":")
    return channel, ts
