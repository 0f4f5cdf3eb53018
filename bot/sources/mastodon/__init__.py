"""A Mastodon account, or one on a server that speaks like Mastodon: who mentions it, hashtags, and the server's search.

    [[sources]]
    name = "mastodon"
    kind = "mastodon"
    server = "https://mastodon.example"
    tags = ["aurelia"]

The key: sign in on the server as the account that shall answer; Preferences, Development, New application; the scopes
`read` and `write:statuses`; then copy "Your access token" into `.env` as MASTODON_TOKEN.

Mentions and quotes of the account come within a second or two (by the server's stream; every `every` they are asked for
too). Hashtags are those in `tags` and those that your queries name. With search = true the server's own search is asked
for your queries' words. With public = true everything that passes through the server is looked through as it comes.
Edits and deletions are followed. Earshot answers by itself, to the same people that could read the mention, never more.

What this source can't see: posts that never reached your server, so take a large one; in search and in the public
stream, posts whose authors have not agreed to be found; with public = true, what passed while the connection was down;
in search, word beginnings (refund*) and queries that name no word; hashtags after the 20th are read at each poll only.
Many servers have no search at all and answer that nothing was found. How many people read a post is nowhere told.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

from bot.fetch import Tools
from bot.sources.mastodon.items import NOTIFICATIONS, happened, is_indexable, loaded, notified, statuses
from bot.sources.mastodon.lists import is_surely_from_here, place_of, read_list, read_search
from bot.sources.mastodon.plan import SEARCH, TAG, named_tags, searches, tag_of
from bot.sources.mastodon.reply import look_for_reply, post_reply, room, target_of
from bot.sources.mastodon.server import MastodonServer
from bot.sources.mastodon.stream import OPEN, QUIET_FOR, followed
from handlers.ports import (
    FREE,
    Broken,
    Budget,
    ByApi,
    Can,
    Item,
    Mark,
    Page,
    Posted,
    ReplyRefused,
    ReplyWay,
    Source,
    Tombstone,
    Transient,
    Wanted,
    reply_way,
)
from storage.errors import ConfigError
from storage.types import Mention, RawMention

KIND = "mastodon"
ASKED = ("token_env",)  # when one is added

_MOST_STREAMS = 20  # of hashtags
_AT_ONCE = 20  # posts that a server tells of at once
_ONE_BY_ONE = 30  # posts that are asked for one by one, where the server knows no better
_ACCOUNT = "notifications"
_IN_ENV = "MASTODON_TOKEN"
_PUBLIC = "public"


@dataclass(frozen=True)
class Settings:
    """What the team decides."""

    server: str  # the address of the account's server, with https://
    token_env: str = _IN_ENV  # the name in .env of the account's access token
    account: str = ""  # @name@server, if you want to be sure that the token is of this account
    tags: tuple[str, ...] = ()  # hashtags to follow, beside those that the queries name
    search: bool = False  # whether the server's search is asked for the words of the queries
    stream: bool = True  # whether the server tells at once what happens; it is asked at each poll in any case
    public: bool = False  # whether all public posts that reach the server are looked through; needs the stream
    allow_private: bool = False  # for a server on your own network


SAMPLE = b"""[
{"id": "34975861", "type": "mention", "created_at": "2026-11-20T09:00:02.000Z",
 "account": {"id": "7", "acct": "grace@tech.example"},
 "status": {"id": "115592", "created_at": "2026-11-20T09:00:00.000Z", "visibility": "public", "language": "en",
  "url": "https://tech.example/@grace/115592", "spoiler_text": "", "in_reply_to_id": null,
  "content": "<p><a href=\\"https://m.example/@aurelia\\">@<b>aurelia</b></a> it hums &amp; flickers.<br>Why?</p>",
  "favourites_count": 3, "reblogs_count": 2, "replies_count": 1,
  "media_attachments": [{"type": "image", "description": "A dark room"}],
  "account": {"id": "7", "acct": "grace@tech.example", "display_name": "Grace", "followers_count": 1200}}},
{"id": "34975802", "type": "favourite", "account": {"id": "8", "acct": "alan"}, "status": {"id": "115001"}},
{"id": "34975801", "type": "mention", "account": {"id": "8", "acct": "alan"},
 "status": {"id": "115590", "created_at": "2026-11-20T08:00:00.000Z", "visibility": "direct", "language": "de",
  "url": "https://mastodon.example/@alan/115590", "spoiler_text": "Licht", "content": "<p>@aurelia Sie ist kaputt.</p>",
  "account": {"id": "8", "acct": "alan", "display_name": "", "followers_count": 0}}}
]"""
EXPECTED = [
    RawMention(
        native_id="115590",
        text="@aurelia Sie ist kaputt.",
        title="Licht",
        url="https://mastodon.example/@alan/115590",
        author="alan",
        followers=0,
        published_at=datetime(2026, 11, 20, 8, 0, tzinfo=UTC),
        lang="de",
        private=True,
        reply_ref='{"id": "115590", "acct": "alan", "visibility": "direct", "lang": "de"}',
    ),
    RawMention(
        native_id="115592",
        text="@aurelia it hums & flickers.\nWhy?",
        url="https://tech.example/@grace/115592",
        author="grace@tech.example",
        author_name="Grace",
        followers=1200,
        published_at=datetime(2026, 11, 20, 9, 0, tzinfo=UTC),
        lang="en",
        likes=3,
        shares=2,
        replies=1,
        extra={"picture 1": "A dark room"},
        reply_ref='{"id": "115592", "acct": "grace@tech.example", "visibility": "public", "lang": "en"}',
    ),
]


def read_sample() -> list[Item]:
    """What SAMPLE gives."""
    return notified(reversed(loaded(SAMPLE)), "", _ACCOUNT)


def build(name: str, settings: Settings, tools: Tools) -> Source:
    """An account on a server. Raises ConfigError for what cannot work."""
    at = f"sources.{name}"
    try:
        parts = urlsplit(settings.server)
    except ValueError:
        parts = urlsplit("")
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and settings.allow_private)
    if not is_safe or not parts.hostname or parts.path.strip("/") or parts.query or "@" in parts.netloc:
        raise ConfigError(f"{at}.server: not the address of a server;", 'write "https://mastodon.example".')
    for tag in settings.tags:
        if not tag_of(tag):
            raise ConfigError(f'{at}.tags: "{tag}" cannot be a hashtag;', "it has letters, digits and _ only.")
    if settings.public and not settings.stream:
        raise ConfigError(f"{at}.public: the public posts come by the stream alone;", "write stream = true too.")
    token = tools.secrets.get(settings.token_env, "").strip()
    if not token:
        raise ConfigError(
            f"{at}.token_env: {settings.token_env} is not in .env;",
            "make a token on the server under Preferences, Development, and put it there.",
        )
    return MastodonSource(name, settings, token, tools)


class MastodonSource(Source):
    """An account on a server. The cursor of each native query is a Place as JSON."""

    kind = KIND
    quiet_for = QUIET_FOR

    def __init__(self, name: str, settings: Settings, token: str, tools: Tools) -> None:
        self.name = name
        self.can = Can.VERIFY | Can.REPLY | (Can.STREAM if settings.stream else Can.NOTHING)
        self._settings = settings
        self._tools = tools
        self._server = MastodonServer(
            name,
            settings.server,
            token,
            settings.token_env,
            settings.account,
            tools,
            allow_private=settings.allow_private,
        )
        self._gives_many = True

    def plan(self, wanted: Sequence[Wanted]) -> tuple[str, ...]:
        """The account's notifications, each hashtag, each search."""
        found = searches(wanted, self.name) if self._settings.search else ()
        return (
            _ACCOUNT,
            *(TAG + tag for tag in self._tags(wanted)),
            *dict.fromkeys(SEARCH + one for one in found),
        )

    async def poll(self, cursor: str | None, limit: int, query: str = "", budget: Budget = FREE) -> Page:
        """At the beginning the newest page alone, as what was there before."""
        me, place, limit = await self._server.me(), place_of(cursor, self._server.url), max(1, limit)
        if query.startswith(SEARCH):
            return await read_search(self._server, place, limit, query.removeprefix(SEARCH), me.id, query)
        if query.startswith(TAG):
            path = f"/api/v1/timelines/tag/{quote(query.removeprefix(TAG), safe='')}"
            return await read_list(
                self._server, place, limit, path, (), lambda told: statuses(told, me.id, query), is_late=True
            )
        kinds = [("types[]", one) for one in NOTIFICATIONS]
        return await read_list(
            self._server, place, limit, "/api/v1/notifications", kinds, lambda told: notified(told, me.id, _ACCOUNT)
        )

    async def stream(self, wanted: Sequence[Wanted], cursor: str | None, budget: Budget) -> AsyncGenerator[Item | Mark]:
        """The account's stream, those of the hashtags, the public one. None can be taken up again where it broke."""
        me = await self._server.me()
        paths = {_ACCOUNT: "/api/v1/streaming/user"}
        for tag in self._tags(wanted)[:_MOST_STREAMS]:
            paths[TAG + tag] = f"/api/v1/streaming/hashtag?tag={quote(tag, safe='')}"
        if self._settings.public:
            paths[_PUBLIC] = "/api/v1/streaming/public"
        heard = followed(self._tools.fetch, self._server, me, paths, self.quiet_for)
        async with aclosing(heard):
            async for name, event, data in heard:
                if (name, event, data) == OPEN:
                    yield Mark(None)
                if name == _ACCOUNT and event == "update":
                    continue  # what the account follows, which no poll would bring
                for item in happened(event, data, me.id, f"stream {name}"):
                    if name != _PUBLIC or self._is_meant(item, data):
                        yield item

    async def verify(self, native_ids: Sequence[str], budget: Budget) -> tuple[Item, ...]:
        """Many at once where the server can; who is missing there is asked for alone before it counts as gone.

        Nothing is said of what another server may have given, before `server` was changed: its ids mean nothing here.
        """
        me = await self._server.me()
        native_ids = [one for one in native_ids if is_surely_from_here(one, me.moved_at, self._tools.now())]
        found: list[Item] = []
        for start in range(0, len(native_ids), _AT_ONCE):
            if self._gives_many:
                found += await self._look_at(native_ids[start : start + _AT_ONCE], me.id)
        seen = {item.native_id for item in found if isinstance(item, RawMention)}
        for native_id in [one for one in native_ids if one not in seen][:_ONE_BY_ONE]:
            said = await self._server.get(f"/api/v1/statuses/{quote(native_id, safe='')}", take={404, 410})
            if said.error:
                found.append(Tombstone(native_id, "deleted on Mastodon, or not shown to this account any more"))
            elif said.value is not None:
                found += statuses([said.value], me.id, "verify")
        return tuple(found)

    def can_reply(self, mention: Mention) -> ReplyWay:
        """By itself, to whatever it can see."""
        target, me = target_of(mention.reply_ref), self._server.known
        if target is None:
            return reply_way(mention)
        account = self._settings.account or (me.account if me else f"the account on {self._server.host}")
        return ByApi(account, room(target, me))

    async def reply(self, mention: Mention, text: str, key: str, budget: Budget) -> Posted:
        is_new = self._server.known is None
        await self._server.me()
        if is_new and not self._settings.account:  # another than nobody knew of when it was approved
            raise Transient("The server has said only now whose token it is.")
        target = target_of(mention.reply_ref)
        if target is None:
            raise ReplyRefused("It is not noted which post on Mastodon this mention is.")
        return await post_reply(self._server, target, text, key)

    async def find_reply(self, mention: Mention, text: str, key: str, since: datetime) -> Posted | None:
        me, target = await self._server.me(), target_of(mention.reply_ref)
        return None if target is None else await look_for_reply(self._server, me, target, text, since)

    async def check(self) -> str:
        me = await self._server.me(afresh=True)
        await self._server.get_list("/api/v1/notifications", [("limit", "1")])
        return f"{me.account} can be read on {self._server.host}."

    async def close(self) -> None:
        """Nothing is held."""

    async def _look_at(self, native_ids: Sequence[str], own_id: str) -> list[Item]:
        said = await self._server.get("/api/v1/statuses", [("id[]", one) for one in native_ids], take={404, 405, 422})
        self._gives_many = isinstance(said.value, list)
        return statuses(said.value, own_id, "verify") if isinstance(said.value, list) else []

    def _tags(self, wanted: Sequence[Wanted]) -> tuple[str, ...]:
        return tuple(dict.fromkeys([*map(tag_of, self._settings.tags), *named_tags(wanted, self.name)]))

    def _is_meant(self, item: Item, data: str) -> bool:
        """Of a whole network's posts, those that are wanted and may be looked for."""
        if not isinstance(item, RawMention):
            return not isinstance(item, Broken)
        return self._tools.concerns(item) and is_indexable(data)
