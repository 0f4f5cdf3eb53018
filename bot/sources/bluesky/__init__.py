"""Bluesky: what is said to your account, and the posts of the whole network that match your queries.

    [[sources]]
    name = "bluesky"
    kind = "bluesky"
    handle = "lamps.example.com"

In Bluesky, under Settings > Privacy and security > App passwords, add one (it need not read direct messages) and put it
into `.env` as BLUESKY_PASSWORD. Mentions, replies and quotes of the account come with its notifications. With
keywords = true (as it is unless you write otherwise) Earshot also follows the network's public stream, about 50 posts a
second at busy hours, and keeps what your queries want; deletions arrive within a second. search = true asks Bluesky's
own search too. It is off because Bluesky's developers ask programs not to search for monitoring.

Earshot posts a reply itself, as your account, only below posts that mention, answer or quote the account: programs are
expected to speak when they are spoken to. For all others it gives you the link. If your account is run mostly by
programs, mark it as automated in Bluesky's settings.

What this source can't see: direct messages, posts from before it was set up unless they are in your notifications,
posts whose authors your account has blocked or that block it, words inside pictures and videos, followers-only places
(there are none) and likes; and keywords of a time in which Earshot was off for longer than a day and a half. Who wrote
a post of the stream is looked up only when the post matches.
"""

import json
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.fetch import Tools, shown
from bot.sources.bluesky.items import ADDRESSED, POST, page_of, parts_of, read_views
from bot.sources.bluesky.lists import read_place, step, written
from bot.sources.bluesky.lookups import Lookups, batches
from bot.sources.bluesky.posts import Examiner, Remembered, condition, named
from bot.sources.bluesky.replies import LIMIT, checked, record, record_key
from bot.sources.bluesky.sample import EXPECTED, SAMPLE
from bot.sources.bluesky.session import Account, Lost, Refused
from bot.sources.bluesky.stream import Jetstream
from bot.sources.fieldmap import read_json
from handlers.ports import (
    FREE,
    BadQuery,
    BadSource,
    Broken,
    Budget,
    ByApi,
    ByLink,
    Can,
    Item,
    Mark,
    Page,
    Posted,
    ReplyDoubtful,
    ReplyRefused,
    ReplyWay,
    Source,
    SourceError,
    Tombstone,
    Transient,
    Wanted,
    reply_way,
)
from handlers.rules.terms import Author
from handlers.rules.widening import alternatives, phrases
from storage.errors import ConfigError
from storage.types import Mention, RawMention

KIND = "bluesky"
ASKED = (
    "password_env",
    "keywords",
)  # when one is added
NOTIFICATIONS = "notifications"
STREAMS = ("wss://jetstream.us-east.bsky.network", "wss://jetstream.us-west.bsky.network")

__all__ = ["EXPECTED", "KIND", "SAMPLE", "BlueskySource", "Settings", "build", "read_sample"]

log = logging.getLogger(__name__)

_SEARCH = "search "
_MANY = 10**9
_WHY_LINK = "On Bluesky a program answers only who mentioned, answered or quoted its account; post it by hand."


@dataclass(frozen=True)
class Settings:
    """What the team decides."""

    handle: str  # the account that is spoken to and that answers: lamps.example.com
    password_env: str = "BLUESKY_PASSWORD"  # noqa: S105  the name in .env of its app password
    keywords: bool = True  # follow all public posts and keep those that your queries want
    search: bool = False  # ask Bluesky's search too, which its developers ask programs not to do
    server: str = "https://bsky.social"  # where the account signs in
    jetstream: tuple[str, ...] = STREAMS  # servers of the public stream, asked in turn
    allow_private: bool = False  # the account's server and the stream's may be on your own network


def read_sample() -> list[RawMention | Broken]:
    """What SAMPLE gives to the account did:plc:lamps."""
    return read_views(read_json(SAMPLE)["notifications"][::-1], "did:plc:lamps")


def build(name: str, settings: Settings, tools: Tools) -> Source:
    """An account's notifications and the public stream. Raises ConfigError without the app password."""
    at = f"sources.{name}"
    if not settings.handle.strip(" @"):
        raise ConfigError(f"{at}.handle: missing;", "write the account's handle, as lamps.example.com.")
    if not tools.secrets.get(settings.password_env):
        make = "make an app password in Bluesky's settings and put it there."
        raise ConfigError(f"{at}.password_env: {settings.password_env} is not in .env;", make)
    if settings.keywords and not settings.jetstream:
        raise ConfigError(f"{at}.jetstream: empty;", "leave it out, or set keywords = false.")
    return BlueskySource(name, settings, tools)


class BlueskySource(Source):
    """An account on Bluesky. The cursor of a list is a Place as JSON, that of the stream a Position."""

    kind = KIND
    settle = 15.0  # seconds; a server knows its own accounts' records at once

    def __init__(self, name: str, settings: Settings, tools: Tools) -> None:
        self.name = name
        self.can = Can.VERIFY | Can.REPLY | (Can.STREAM if settings.keywords else Can.NOTHING)
        self._settings = settings
        self._tools = tools
        self._handle = settings.handle.strip(" @").lower()
        password = tools.secrets.get(settings.password_env, "")
        self._account = Account(
            name, settings.server, self._handle, password, tools, allow_private=settings.allow_private
        )
        self._lookups = Lookups(self._account)
        self._remembered = Remembered()
        self._jetstream = Jetstream(tools.fetch, settings.jetstream, allow_private=settings.allow_private)

    def plan(self, wanted: Sequence[Wanted]) -> tuple[str, ...]:
        """The notifications; with `search`, a search for each way in which a query can be met that has words in it."""
        if not self._settings.search:
            return (NOTIFICATIONS,)
        asked = (_searched(one) for query in wanted for one in alternatives(query.query))
        return (NOTIFICATIONS, *dict.fromkeys(f"{_SEARCH}{words}" for words in asked if words))

    async def poll(self, cursor: str | None, limit: int, query: str = "", budget: Budget = FREE) -> Page:
        """Newest first on their side, oldest first on ours. Counts and followers are asked for what may concern us."""
        await self._account.sign_in()
        place = read_place(cursor)
        asked = self._found(query.removeprefix(_SEARCH)) if query.startswith(_SEARCH) else self._notified
        done = await step(place, limit, asked, self._tools.now())
        items = [one for one in read_views(done.items, self._account.did) if not self._is_own(one)]
        given = await self._completed(items)
        return Page(given, written(done.place), more=done.more, is_backlog=not place.is_caught_up)

    async def stream(self, wanted: Sequence[Wanted], cursor: str | None, budget: Budget) -> AsyncIterator[Item | Mark]:
        """Posts of the whole network that may concern us, as they are written, and deletions of what was given."""
        await self._account.sign_in()
        concerns = condition(wanted, self._tools.concerns, self.name)
        handles = await self._lookups.ids_of(named(wanted))
        examiner = Examiner(self._account.did, concerns, self._remembered, handles)
        async with aclosing(self._jetstream.follow(examiner, cursor, self._authored)) as follow:
            async for found in follow:
                yield found

    async def _authored(self, items: list[Item]) -> list[Item]:
        raws = [one for one in items if isinstance(one, RawMention)]
        told = iter(await self._lookups.with_authors(raws))
        return [next(told) if isinstance(one, RawMention) else one for one in items]

    async def verify(self, native_ids: Sequence[str], budget: Budget) -> tuple[Item, ...]:
        """The posts with their counts now. Raises Transient when a whole request found nothing and may be wrong."""
        uris = [uri for uri in dict.fromkeys(native_ids) if _is_post(uri)]
        views = await self._lookups.posts(uris)
        missing = [uri for uri in uris if uri not in views]
        if any(not set(some) & set(views) for some in batches(uris)):
            views |= await self._asked_again(missing, views)
            missing = [uri for uri in missing if uri not in views]
        read = read_views(list(views.values()), self._account.did)
        alive = await self._lookups.with_authors([one for one in read if isinstance(one, RawMention)])
        for one in alive:
            self._remembered.add(one.native_id)
        gone = [Tombstone(uri, "deleted, or not to be seen by our account") for uri in missing]
        return (*alive, *gone)

    def can_reply(self, mention: Mention) -> ReplyWay:
        told = _told(mention)
        if told.get("reason") in ADDRESSED:
            return ByApi(f"@{self._handle}", LIMIT)
        way = reply_way(mention)
        return ByLink(way.url, _WHY_LINK) if isinstance(way, ByLink) else way

    async def reply(self, mention: Mention, text: str, key: str, budget: Budget) -> Posted:
        """Put the reply under the key that belongs to it, unless something stands there already."""
        words, told = checked(text), _told(mention)
        parent = await self._parent(told)
        root = told.get("root") or parent
        post = await record(words, parent, root, mention.lang, self._tools.now(), self._lookups.id_of)
        rkey = record_key(key)
        body = {"repo": self._account.did, "collection": POST, "rkey": rkey, "record": post, "swapRecord": None}
        try:
            await self._account.do("com.atproto.repo.putRecord", body)
        except Lost as error:
            raise ReplyDoubtful(str(error)) from None
        except Refused as error:
            if error.name != "InvalidSwap":  # which says that an earlier attempt has put it there
                raise ReplyRefused(error.message, "Change the reply, or answer in Bluesky itself.") from None
        except BadSource:
            raise ReplyDoubtful("The server's answer cannot be read; the reply may have been posted.") from None
        return self._posted(rkey)

    async def find_reply(self, mention: Mention, text: str, key: str, since: datetime) -> Posted | None:
        await self._account.sign_in()
        rkey = record_key(key)
        asked = [("repo", self._account.did), ("collection", POST), ("rkey", rkey)]
        try:
            await self._account.ask("com.atproto.repo.getRecord", asked)
        except Refused as error:
            if error.name == "RecordNotFound":
                return None
            raise
        return self._posted(rkey)

    async def check(self) -> str:
        await self._notified("", 1)
        stream = " and the public stream" if self._settings.keywords else ""
        return f"The notifications of @{self._account.handle}{stream} on {shown(self._settings.server)} can be read."

    async def close(self) -> None:
        await self._account.close()

    async def _notified(self, cursor: str, limit: int) -> tuple[list[Any], str]:
        reasons = [("reasons", reason) for reason in ADDRESSED]
        found, following = await self._listed(
            "app.bsky.notification.listNotifications", "notifications", reasons, cursor, limit
        )
        return [one for one in found if not isinstance(one, Mapping) or one.get("reason") in ADDRESSED], following

    def _found(self, words: str) -> Callable[[str, int], Any]:
        async def ask(cursor: str, limit: int) -> tuple[list[Any], str]:
            asked = [("q", words), ("sort", "latest")]
            try:
                return await self._listed("app.bsky.feed.searchPosts", "posts", asked, cursor, limit)
            except Refused as error:
                if error.name != "BadQueryString":
                    raise
                raise BadQuery(f'Bluesky\'s search does not take "{words}".', "Set search = false.") from None

        return ask

    async def _listed(
        self, method: str, name: str, asked: list[tuple[str, str]], cursor: str, limit: int
    ) -> tuple[list[Any], str]:
        """One page of a list and the cursor of the next. Raises BadSource when it is none."""
        told = await self._account.ask(
            method, [*asked, ("limit", str(limit)), *([("cursor", cursor)] if cursor else [])]
        )
        found, following = told.get(name), told.get("cursor")
        if not isinstance(found, list):
            raise BadSource(f"{shown(self._settings.server)} does not answer as a Bluesky server.")
        return found, following if isinstance(following, str) else ""

    def _is_own(self, item: RawMention | Broken) -> bool:
        return isinstance(item, RawMention) and parts_of(item.native_id)[0] == self._account.did

    async def _completed(self, items: Sequence[RawMention | Broken]) -> tuple[Item, ...]:
        """The items; those that may concern us with counts and followers, if the server tells them now."""
        raws = {one.native_id: one for one in items if isinstance(one, RawMention)}
        for uri in raws:
            self._remembered.add(uri)
        asked = [raw for raw in raws.values() if self._may_concern(raw)]
        try:
            known = await self._lookups.with_counts(asked)
        except SourceError as error:
            log.info("source %s gives posts without their counts: %s", self.name, error)
            known = asked
        told = {raw.native_id: raw for raw in await self._lookups.with_authors(known)}
        return tuple(told.get(one.native_id, one) if isinstance(one, RawMention) else one for one in items)

    def _may_concern(self, raw: RawMention) -> bool:
        """Whether it does as it is, or would if many people read its author."""
        return self._tools.concerns(raw) or self._tools.concerns(replace(raw, followers=_MANY))

    async def _asked_again(self, missing: Sequence[str], known: Mapping[str, Any]) -> dict[str, Any]:
        """Those of the posts that are there after all. Each request also asks for one that the server must know.

        Raises Transient when it does not tell that one, or none is known: then nothing can be said of the others.
        """
        witness = next(iter(known), None) or await self._witness()
        found: dict[str, Any] = {}
        for some in batches(missing, room=1) if witness else ():
            told = await self._lookups.posts([witness, *some])
            if witness not in told:
                witness = ""
                break
            found |= told
        if not witness:
            server = shown(self._settings.server)
            raise Transient(f"{server} tells nothing of {len(missing)} posts; it will be asked again.")
        return {uri: view for uri, view in found.items() if uri in missing}

    async def _witness(self) -> str:
        """A post that the server tells now, of the last notifications or our own; "" when there is none."""
        found, _ = await self._notified("", 25)
        own = [("repo", self._account.did), ("collection", POST), ("limit", "25")]
        records = (await self._account.ask("com.atproto.repo.listRecords", own)).get("records")
        found += records if isinstance(records, list) else []
        uris = [str(one["uri"]) for one in found if isinstance(one, Mapping) and _is_post(one.get("uri"))]
        return next(iter(await self._lookups.posts(uris)), "")

    async def _parent(self, told: Mapping[str, Any]) -> dict[str, str]:
        """The post to be answered, as it is now. Raises ReplyRefused when it is gone or takes no answer."""
        uri, cid = told.get("uri"), told.get("cid")
        if not (_is_post(uri) and isinstance(cid, str)):
            raise ReplyRefused("It is not known which post this answers.", "Answer in Bluesky itself.")
        await self._account.sign_in()
        try:
            view = (await self._lookups.posts([str(uri)])).get(str(uri))
        except BadSource as error:
            raise Transient(str(error)) from None
        if view is None:
            raise ReplyRefused("The post is not there any more, or not to be seen by our account.")
        viewer = view.get("viewer")
        if isinstance(viewer, Mapping) and viewer.get("replyDisabled") is True:
            raise ReplyRefused("The author has closed this post for answers from our account.")
        now = view.get("cid")
        return {"uri": str(uri), "cid": now if isinstance(now, str) and now else cid}

    def _posted(self, rkey: str) -> Posted:
        return Posted(page_of(self._account.handle, rkey), f"at://{self._account.did}/{POST}/{rkey}")


def _told(mention: Mention) -> Mapping[str, Any]:
    """What we noted for a reply when the mention came."""
    try:
        told = json.loads(mention.reply_ref) if mention.reply_ref else {}
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _searched(alternative: Sequence[Any]) -> str:
    """One way to meet a query, in the words of Bluesky's search; "" when it has none of them."""
    words = [f'"{words}"' if " " in words else words.lstrip("@") for words in phrases(tuple(alternative))]
    authors = [f"from:{leaf.handle}" for leaf in alternative if isinstance(leaf, Author) and "." in leaf.handle]
    return " ".join([*words, *authors])


def _is_post(uri: object) -> bool:
    try:
        parts_of(uri)
    except ValueError:
        return False
    return True
