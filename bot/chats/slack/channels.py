"""The channels that Earshot is in, and which of them may be used."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from bot.chats.desk import Desk
from bot.chats.slack.refusals import SlackClosed, SlackRefused, channel_closed
from bot.chats.slack.wire import Wire
from handlers.ports import ChatBusy, ChatClosed, ChatDoubtful

T = TypeVar("T")

MOST_PAGES = 50
LOOK_AGAIN = 10.0  # seconds; a name that is not there makes us look at most this often
TRY_AGAIN = 5.0  # seconds
_RAW_ID = re.compile(r"[CG][A-Z0-9]{2,}")  # Slack's names have no capital letters
_DIRECT_ID = re.compile(r"D[A-Z0-9]{2,}")  # somebody's direct messages with us: always ours


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel as Slack describes it. `is_shared`: people of another company are in it, or are asked to come."""

    id: str
    name: str
    is_archived: bool = False
    is_shared: bool = False
    is_joined: bool = True


class Channels:
    """Keeps what Slack told last; `clock` counts seconds."""

    def __init__(self, wire: Wire, desk: Desk, clock: Callable[[], float]) -> None:
        self._wire = wire
        self._desk = desk
        self._clock = clock
        self._ours: dict[str, Channel] = {}  # by id
        self._asked: dict[str, Channel] = {}  # by id: those that a route names by id, and that we are not in
        self._closed: set[str] = set()  # names that Slack refused though we took them for usable
        self._freed: set[str] = set()  # those of them that a reading showed to be usable all the same
        self._looked_at: float | None = None
        self._one_looks = asyncio.Lock()
        self.are_known = False

    def __len__(self) -> int:
        return sum(1 for channel in self._ours.values() if not channel.is_archived)

    async def read(self) -> frozenset[str]:
        """Ask Slack for all of them; the names (#alerts and #C0123) of those that have become usable since the last
        time. Raises ChatError.
        """
        before = self._usable() if self.are_known else None
        self._looked_at = self._clock()
        self._ours = {channel.id: channel for channel in await self._ask()}
        self._asked.clear()
        self.are_known = True
        usable = self._usable()
        freed = usable & self._closed
        self._closed -= freed
        self._freed |= freed
        return freed if before is None else freed | (usable - before)

    def found_closed(self, name: str) -> None:
        """Slack refused a post to this channel: what we know of it is old, and the next reading says how it is. Where
        that was wrong before, it is not believed again at once: else the two would chase each other.
        """
        if name in self._freed:
            self._freed.discard(name)
        else:
            self._closed.add(name)

    async def find(self, name: str, bot: str) -> Channel:
        """A channel that may be posted to. Raises ChatClosed with what to do, ChatBusy when Slack cannot be asked."""
        bare = name.removeprefix("#")
        if _DIRECT_ID.fullmatch(bare):
            return Channel(bare, "")
        channel = await (self._by_id(bare) if _RAW_ID.fullmatch(bare) else self._by_name(bare))
        if channel is None:
            raise channel_closed("channel_not_found", name, bot)
        if channel.is_archived:
            raise channel_closed("is_archived", name, bot)
        if not channel.is_joined:
            raise channel_closed("not_in_channel", name, bot)
        self.mind(channel.id)
        return channel

    def mind(self, channel_id: str) -> None:
        """Raises ChatClosed when a channel is shared and not allowed."""
        if why := self.why_refused(channel_id):
            raise ChatClosed(
                why, "If that is meant to be so, name it in shared_channels under [slack] in earshot.toml."
            )

    def name_of(self, channel_id: str) -> str:
        """#alerts, or the id of a channel that is not known by name."""
        channel = self._known(channel_id)
        return f"#{channel.name}" if channel and channel.name else channel_id

    def why_refused(self, channel_id: str) -> str:
        """Why nothing of ours may be said there, in a sentence; "" when it may."""
        channel = self._known(channel_id)
        if channel is None or not channel.is_shared:
            return ""
        allowed = {name.strip().removeprefix("#") for name in self._desk.policy().slack.shared_channels}
        if {channel.name, channel.id} & allowed:
            return ""
        return f"{self.name_of(channel_id)} is shared with another company, so Earshot does not speak there."

    def _known(self, channel_id: str) -> Channel | None:
        return self._ours.get(channel_id) or self._asked.get(channel_id)

    def _usable(self) -> frozenset[str]:
        usable = [one for one in self._ours.values() if not one.is_archived and not self.why_refused(one.id)]
        return frozenset(f"#{word}" for channel in usable for word in (channel.name, channel.id))

    async def _by_name(self, name: str) -> Channel | None:
        async with self._one_looks:
            if self._named(name) is None and self._may_look():
                await _calmly(self.read())
        return self._named(name)

    def _named(self, name: str) -> Channel | None:
        """An archived channel's name may have been given to another."""
        named = [channel for channel in self._ours.values() if channel.name == name]
        return min(named, key=lambda channel: channel.is_archived, default=None)

    async def _by_id(self, channel_id: str) -> Channel | None:
        async with self._one_looks:
            if not self.are_known:
                await _calmly(self.read())
        if self._known(channel_id) is None:
            try:
                told = await _calmly(self._wire.call("conversations.info", channel=channel_id))
            except SlackClosed as error:
                if error.code == "channel_not_found":
                    return None
                raise
            self._asked[channel_id] = _channel(told["channel"])
        return self._known(channel_id)

    def _may_look(self) -> bool:
        if self._looked_at is None or not self.are_known:
            return True
        return self._clock() - self._looked_at >= LOOK_AGAIN

    async def _ask(self) -> list[Channel]:
        found: list[Channel] = []
        cursor = ""
        for _ in range(MOST_PAGES):
            told = await self._wire.call(
                "users.conversations",
                types="public_channel,private_channel",
                exclude_archived=False,
                limit=200,
                cursor=cursor or None,
            )
            found += [_channel(one) for one in told.get("channels", ())]
            cursor = next_cursor(told)
            if not cursor:
                break
        return found


def next_cursor(told: Mapping[str, Any]) -> str:
    """Where the next page of an answer begins, "" on the last."""
    return str((told.get("response_metadata") or {}).get("next_cursor") or "")


def _channel(told: Mapping[str, Any]) -> Channel:
    return Channel(
        id=str(told["id"]),
        name=str(told.get("name") or ""),
        is_archived=bool(told.get("is_archived")),
        is_shared=bool(told.get("is_ext_shared") or told.get("is_pending_ext_shared")),
        is_joined=bool(told.get("is_member", True)),
    )


async def _calmly(asking: Awaitable[T]) -> T:
    """Nothing was posted when only a question failed: it is asked again soon, or a person is told."""
    try:
        return await asking
    except ChatDoubtful as error:
        raise ChatBusy(error.message, TRY_AGAIN) from None
    except SlackRefused as error:
        raise ChatClosed("Slack does not tell Earshot about its channels.", error.message) from None
