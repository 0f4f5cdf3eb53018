"""X (Twitter): posts that name our account, and posts that match the brands' queries. Every post read costs money.

    [[sources]]
    name = "x"
    kind = "x"
    account = "heronair"
    daily_budget = 2.00
    search = true

In console.x.com make an app, buy some credits and set a spending limit; put its bearer token into `.env` as
X_BEARER_TOKEN. To post replies, let the app read and write, sign in as the account, and put the four keys into
X_CONSUMER_KEY, X_CONSUMER_SECRET, X_ACCESS_KEY and X_ACCESS_SECRET. Make the app as the account itself: then posts that
name it cost a fifth. With nothing but the bearer token replies are given by a link, and a person posts them.

A post is paid for when X returns it, once a day (UTC); its author, who costs twice as much, only when the post concerns
a brand. When `daily_budget` is spent nothing is read until midnight UTC; what was posted meanwhile is read then, as far
back as X goes. What X bills after an outage may be a little more than what is counted here.

What this source can't see: with search, anything older than 7 days; protected accounts; posts in which a brand stands
only in a picture, in the words of a post that is quoted, or in the address of a link; beginnings* (X has no such
search). X lets a program answer only those who name its account or quote one of its posts: all others are answered by a
link that a person opens. A stream finds an accented word only as it is written; the search that goes on beside it finds
both.
"""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta

from yarl import URL

from bot.fetch import Tools
from bot.sources.x.authors import Account, Authors
from bot.sources.x.client import Keys, Refused, XClient, for_reading
from bot.sources.x.items import Post
from bot.sources.x.money import Meter, Prices
from bot.sources.x.pages import LONGEST, Asked, Pages
from bot.sources.x.query import RULE_LIMIT, SEARCH_LIMIT, needs_authors, translate
from bot.sources.x.replies import Replies
from bot.sources.x.sample import EXPECTED as EXPECTED
from bot.sources.x.sample import SAMPLE as SAMPLE
from bot.sources.x.sample import read_sample as read_sample
from bot.sources.x.stream import QUIET, follow, sync_rules
from bot.sources.x.verify import Verifier
from bot.sources.x.wire import Wire
from handlers.ports import (
    FREE,
    BadSource,
    Broken,
    Budget,
    Can,
    Cost,
    Item,
    Mark,
    Page,
    Posted,
    ReplyWay,
    Source,
    Transient,
    Wanted,
)
from handlers.rules.money import micro
from storage.errors import ConfigError
from storage.types import Mention

KIND = "x"
ASKED = (
    "search",
    "bearer_env",
    "consumer_key_env",
    "consumer_secret_env",
    "access_token_env",
    "access_secret_env",
)  # when one is added
COSTS_MONEY = True

_HANDLE = re.compile(r"@?[A-Za-z0-9_]{1,15}", re.ASCII)
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_LOOKS_A_WEEK = 9  # at a stored mention: three on its first day, then one a day
_MENTIONS, _SEARCH, _WITH_AUTHORS = "mentions", "search ", "+authors"


@dataclass(frozen=True)
class Settings:
    """What the team decides. The prices are those of docs.x.com, as of August 2026, in US dollars."""

    account: str  # our own account, without the @; what it writes is left out, replies are posted from it
    mentions: bool = True  # posts that name the account
    search: bool = False  # posts that match the brands' queries
    stream: bool = False  # the same within seconds, beside the search; one stream for an app
    look_back: timedelta = timedelta(days=1)  # how far the first poll of a query goes back, at most 7d; paid for
    most_per_poll: int = 500  # posts of one query that are read at a time; the rest comes right after
    server: str = "https://api.x.com"  # where X is
    bearer_env: str = "X_BEARER_TOKEN"  # the variable in .env with the app's bearer token, to read
    consumer_key_env: str = "X_CONSUMER_KEY"  # the variable with the app's key, to post
    consumer_secret_env: str = "X_CONSUMER_SECRET"  # noqa: S105  the variable with the app's secret, to post
    access_token_env: str = "X_ACCESS_KEY"  # noqa: S105  the variable with the account's access token, to post
    access_secret_env: str = "X_ACCESS_SECRET"  # noqa: S105  the variable with the account's access secret, to post
    price_post: float = 0.005  # of a post that is read
    price_owned: float = 0.001  # of a post that names the app's own account; if the app is another's, write 0.005
    price_user: float = 0.010  # of an author who is looked up
    price_reply: float = 0.010  # of a reply to somebody who has summoned the account
    price_reply_with_url: float = 0.200  # of a reply with an address in it


def build(name: str, settings: Settings, tools: Tools) -> Source:
    """X, as the team uses it. Raises ConfigError."""
    return XSource(name, settings, tools)


class XSource(Source):
    """Its queries are `mentions` and one for each search, in X's words; `+authors` when who wrote it decides."""

    kind = KIND
    quiet_for = QUIET

    def __init__(self, name: str, settings: Settings, tools: Tools) -> None:
        self.name = name
        self._settings = _checked(name, settings)
        self._handle = settings.account.removeprefix("@")
        keys = _keys(name, settings, tools)
        bearer = tools.secrets.get(settings.bearer_env, "")
        if not bearer:
            at = f"sources.{name}.bearer_env"
            raise ConfigError(f"{at}: {settings.bearer_env} is not in .env;", "put the app's bearer token there.")
        self.can = Can.VERIFY | (Can.STREAM if settings.stream else Can.NOTHING) | (Can.REPLY if keys else Can.NOTHING)
        self._tools = tools
        self._prices = _prices(settings)
        self._client = XClient(Wire(settings.server), bearer, keys, tools.now)
        self._meter = Meter(tools.now)
        price = self._prices.user
        self._authors = Authors(self._client, self._meter, price, self._handle, tools.concerns, tools.now)
        self._own = Account(name, self._handle, self._client, self._meter, price, tools.sessions)
        self._pages = Pages(
            self._meter, price, self._handle, tools.now, look_back=settings.look_back, most=settings.most_per_poll
        )
        self._verifier = Verifier(self._client, self._meter, self._prices.post, self._authors, self._handle, tools)
        self._replies = Replies(
            self._client, self._meter, self._prices, self._handle, self._own, tools.now, can_post=bool(keys)
        )
        self._budget: Budget | None = None

    def plan(self, wanted: Sequence[Wanted]) -> tuple[str, ...]:
        queries: list[str] = []
        by_author = [one for one in wanted if needs_authors(one.query.node)]
        if self._settings.mentions:
            queries.append(f"{_MENTIONS}{_WITH_AUTHORS if by_author else ''}")
        if self._settings.search or self._settings.stream:
            others = [one for one in wanted if one not in by_author]
            queries += [f"{_SEARCH}{query}" for query in self._translated(others, SEARCH_LIMIT)]
            queries += [
                f"{_SEARCH.strip()}{_WITH_AUTHORS} {query}" for query in self._translated(by_author, SEARCH_LIMIT)
            ]
        return tuple(queries)

    async def poll(self, cursor: str | None, limit: int, query: str = "", budget: Budget = FREE) -> Page:
        self._budget = budget
        spent, requests = self._meter.spent, self._meter.requests
        asked = await self._asked(query or _MENTIONS, budget)
        given = await self._pages.step(cursor, limit, asked, budget)
        items = await self._items(given.found, budget, looks_first=_WITH_AUTHORS in query.partition(" ")[0])
        cost = Cost(self._meter.requests - requests, self._meter.spent - spent)
        return Page(tuple(items), given.cursor, given.more, given.is_backlog, cost=cost)

    async def stream(self, wanted: Sequence[Wanted], cursor: str | None, budget: Budget) -> AsyncIterator[Item | Mark]:
        self._budget = budget
        await sync_rules(self._client, self._translated(wanted, RULE_LIMIT))
        looks_first = any(needs_authors(one.query.node) for one in wanted)
        posts = follow(
            self._client, self._meter, budget, self._prices.post, self._handle, self._tools.now, self.quiet_for
        )
        async with aclosing(posts):
            async for post in posts:
                items = await self._items([post], budget, looks_first=looks_first)
                for item in items:
                    yield item
                if items and isinstance(post, Post):
                    yield Mark(str(post.id))

    async def verify(self, native_ids: Sequence[str], budget: Budget) -> tuple[Item, ...]:
        self._budget = budget
        return await self._verifier.verify(native_ids, budget)

    async def affordable(self, count: int, budget: Budget) -> int:
        return await self._verifier.affordable(count, budget)

    def weekly(self, items: int) -> Cost:
        """Each is read and its author looked up, and it is asked for again as often as falls into a week."""
        post = self._prices.post if self._settings.search or self._settings.stream else self._prices.owned
        pages = -(-items // 100)
        money = items * (post + self._prices.user + _LOOKS_A_WEEK * self._prices.post)
        return Cost(requests=(2 + _LOOKS_A_WEEK) * pages, money=money)

    def can_reply(self, mention: Mention) -> ReplyWay:
        return self._replies.way(mention)

    async def reply(self, mention: Mention, text: str, key: str, budget: Budget) -> Posted:
        self._budget = budget
        return await self._replies.post(mention, text, budget)

    async def find_reply(self, mention: Mention, text: str, key: str, since: datetime) -> Posted | None:
        if self._budget is None:  # to look costs money, and nobody has said yet how much may be spent
            raise Transient("X was not read yet since the start; it will be looked for after that.")
        return await self._replies.find(mention, text, since, self._budget)

    async def check(self) -> str:
        try:
            await self._client.rules()  # the one call that returns nothing that is billed
        except Refused as error:
            raise for_reading(error) from None
        if own_id := self._own.known_id():
            self._client.refuse_strangers_keys(own_id)
        what = [
            word
            for word, is_on in (
                ("posts that name it", self._settings.mentions),
                ("search", self._settings.search or self._settings.stream),
                ("a stream", self._settings.stream),
            )
            if is_on
        ]
        how = "replies are posted where X allows it" if self.can & Can.REPLY else "replies are given by a link"
        return f"X can be read for @{self._handle}: {', '.join(what) or 'nothing is switched on'}; {how}."

    async def close(self) -> None:
        await self._client.close()

    async def _asked(self, query: str, budget: Budget) -> Asked:
        word, _, native = query.partition(" ")
        if word.removesuffix(_WITH_AUTHORS) == _MENTIONS:
            own_id = await self._own.id(budget)
            return Asked(
                query,
                lambda page, token: self._client.mentions(own_id, page, token),
                "owned",
                self._prices.owned,
                smallest=5,
                forgets=False,
            )
        if word.removesuffix(_WITH_AUTHORS) != _SEARCH.strip() or not native:
            raise BadSource("There is no such query on X.", "Start Earshot again: its plan has changed.")
        return Asked(
            query,
            lambda page, token: self._client.search(native, page, token),
            "post",
            self._prices.post,
            smallest=10,
            forgets=True,
        )

    async def _items(self, found: Sequence[Post | Broken], budget: Budget, *, looks_first: bool) -> list[Item]:
        own_id = self._own.known_id()
        others = [one for one in found if isinstance(one, Broken) or not own_id or one.author_id != own_id]
        return await self._authors.items(others, budget, looks_first=looks_first)

    def _translated(self, wanted: Sequence[Wanted], limit: int) -> tuple[str, ...]:
        return translate(wanted, self.name, self._handle, limit)


def _prices(settings: Settings) -> Prices:
    return Prices(
        micro(settings.price_post),
        micro(settings.price_owned),
        micro(settings.price_user),
        micro(settings.price_reply),
        micro(settings.price_reply_with_url),
    )


def _checked(name: str, settings: Settings) -> Settings:
    at = f"sources.{name}"
    server = URL(settings.server)
    if not _HANDLE.fullmatch(settings.account):
        raise ConfigError(f'{at}.account: "{settings.account}" is no account on X;', "write it as in x.com/heronair.")
    if server.scheme != "https" and not (server.scheme == "http" and server.host in _LOOPBACK):
        raise ConfigError(f"{at}.server: the keys travel with every call;", "write an address with https://.")
    if not timedelta() < settings.look_back <= LONGEST:
        raise ConfigError(f"{at}.look_back: X goes back seven days;", 'write between "1m" and "7d".')
    if settings.most_per_poll < 100:
        raise ConfigError(f"{at}.most_per_poll: a page has 100 posts;", "write 100 or more.")
    if min(value for key, value in vars(settings).items() if key.startswith("price_")) < 0:
        raise ConfigError(f"{at}: a price is negative;", "write what X's console says.")
    return settings


def _keys(name: str, settings: Settings, tools: Tools) -> Keys | None:
    """All four, or none: with some of them somebody believes that replies will be posted."""
    names = (
        settings.consumer_key_env,
        settings.consumer_secret_env,
        settings.access_token_env,
        settings.access_secret_env,
    )
    values = [tools.secrets.get(one, "") for one in names]
    missing = [one for one, value in zip(names, values, strict=True) if not value]
    if len(missing) == len(names):
        return None
    if missing:
        raise ConfigError(
            f"sources.{name}: {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not in .env;",
            "to post replies all four keys are needed.",
        )
    return Keys(*values)
