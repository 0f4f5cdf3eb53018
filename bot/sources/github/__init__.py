"""GitHub: issues, pull requests, discussions and comments that mention you, anywhere in public or in your repositories.

    [[sources]]
    name = "GitHub"
    kind = "github"
    every = "5m"
    repos = ["aurelia/app"]

Without a token the search of issues works, ten requests a minute. With one it is thirty, and discussions, the comments
that mention you, later deletions and replies are there too. The token: github.com, Settings, Developer settings,
Fine-grained tokens, access to public repositories (or to your own, with Issues: read), then GITHUB_TOKEN=… into `.env`.
With reply = true (and Issues: write) an approved reply becomes a comment by the token's owner; otherwise a person posts
it by the link. `repos` are read whole, and your queries decide what counts.

What this source can't see: code, commits, releases, and review comments on lines of code; comments without a token,
and of a discussion all but the newest 30; private repositories that the token may not read; the beginning of a word
(refund*) alone; how many people read it; more than 1,000 changes of one search within ten minutes.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.fetch import Tools
from bot.sources.fieldmap import read_json
from bot.sources.github.api import GONE, SHUT, Api, listed_in, message_of
from bot.sources.github.comments import with_comments
from bot.sources.github.items import (
    DISCUSSION,
    DISCUSSION_COMMENT,
    WHERE,
    read_comment,
    read_discussion,
    read_issue,
)
from bot.sources.github.lists import LIMITS, changes, timestamp
from bot.sources.searching import Place, answered, author_in, line, listed, searches
from bot.sources.timeline import read_timeline
from handlers.ports import (
    FREE,
    Budget,
    ByApi,
    ByLink,
    Can,
    Cost,
    Item,
    Page,
    Posted,
    RateLimited,
    ReplyDoubtful,
    ReplyWay,
    Source,
    Tombstone,
    Transient,
    Wanted,
    reply_way,
)
from handlers.rules.terms import Leaf
from handlers.rules.widening import phrases
from storage.errors import ConfigError
from storage.types import Mention, RawMention

KIND = "github"
ASKED = ("token_env",)  # when one is added

_PLACE = Place("GitHub", "github.com")
_LONGEST_SEARCH = 240  # characters; GitHub takes 256
_LONGEST_REPLY = 60_000
_REPOSITORY = re.compile(r"[\w.-]{1,100}/[\w.-]{1,100}")
_NODES = f"query($ids: [ID!]!) {{ nodes(ids: $ids) {{ {DISCUSSION} {DISCUSSION_COMMENT} }} }}"


@dataclass(frozen=True)
class Settings:
    """What the team decides."""

    repos: tuple[str, ...] = ()  # your own repositories as owner/name: everything in them is read
    token_env: str = "GITHUB_TOKEN"  # noqa: S105  the variable in .env that holds a token; it may be missing
    discussions: bool = True  # search discussions too, where there is a token
    reply: bool = False  # post approved replies as comments by the token's owner
    back: timedelta = timedelta(days=7)  # how far back the first look goes
    server: str = "https://api.github.com"  # the REST address; of a server of your own, with /api/v3
    allow_private: bool = False  # for a server on your own network


SAMPLE = b"""{"total_count": 1, "incomplete_results": false, "items": [{
 "url": "https://api.github.com/repos/jo/home/issues/12", "html_url": "https://github.com/jo/home/issues/12",
 "number": 12, "title": "Lamp goes dark", "user": {"login": "mia", "type": "User"}, "state": "open", "locked": false,
 "body": "<!-- Describe the bug -->\\r\\nMy Aurelia goes dark after an hour.", "comments": 3,
 "reactions": {"total_count": 5, "+1": 5}, "created_at": "2026-11-20T08:00:00Z", "updated_at": "2026-11-20T09:00:00Z"
}]}
"""
EXPECTED = [
    RawMention(
        native_id="jo/home/issues/12",
        text="My Aurelia goes dark after an hour.",
        title="Lamp goes dark",
        url="https://github.com/jo/home/issues/12",
        author="mia",
        published_at=datetime(2026, 11, 20, 8, 0, tzinfo=UTC),
        likes=5,
        replies=3,
        reply_ref='{"issue": "jo/home/issues/12"}',
    ),
]


def read_sample() -> list[Item]:
    """What SAMPLE gives."""
    return [read_issue(told).dated.item for told in read_json(SAMPLE)["items"]]


def build(name: str, settings: Settings, tools: Tools) -> Source:
    """GitHub as a whole. Raises ConfigError for a repository that is none, or replies without a token."""
    wrong = next((repo for repo in settings.repos if not _REPOSITORY.fullmatch(repo)), None)
    if wrong is not None:
        raise ConfigError(f'sources.{name}.repos: "{wrong}" is no repository;', "write owner/name.")
    if settings.reply and not tools.secrets.get(settings.token_env):
        raise ConfigError(f"sources.{name}.reply: {settings.token_env} is not set in .env;", "replies need a token.")
    return GitHubSource(name, settings, tools)


class GitHubSource(Source):
    """GitHub's lists, oldest change first. A native query is the kind of list and its words; its cursor a Timeline."""

    kind = KIND
    settle = 30.0

    def __init__(self, name: str, settings: Settings, tools: Tools) -> None:
        self.name = name
        self._settings = settings
        self._tools = tools
        token = tools.secrets.get(settings.token_env, "")
        self._api = Api(tools, settings.server, token, settings.token_env, allow_private=settings.allow_private)
        self.can = (Can.VERIFY if token else Can.NOTHING) | (Can.REPLY if token and settings.reply else Can.NOTHING)

    def plan(self, wanted: Sequence[Wanted]) -> tuple[str, ...]:
        found = searches(wanted, self.name, _PLACE, _say)
        with_discussions = found if self._settings.discussions and self._api.has_token else ()
        return (
            *(f"issues {words}" for words in found),
            *(f"discussions {words}" for words in with_discussions),
            *(f"{what} {repo}" for repo in self._settings.repos for what in ("repo-issues", "repo-comments")),
        )

    async def poll(self, cursor: str | None, limit: int, query: str = "", budget: Budget = FREE) -> Page:
        """The oldest changes that are not known."""
        what, _, words = query.partition(" ")
        place = read_timeline(cursor, self._tools.now() - self._settings.back)
        if until := self._api.rests_until(LIMITS[what]):
            return Page((), cursor, not_before=until)
        own = await self._api.login()
        listing = await changes(self._api, what, words, place)
        step = await with_comments(self._api, self._tools.concerns, listing, place, max(1, limit))
        given = step.given
        is_all = listing.is_whole and given == len(listing.fresh)
        dated = [one.dated for one in listing.fresh[:given]]
        after = place.after(dated, self._tools.now(), is_all=is_all, newest=listing.newest)
        after = replace(after, within=None if is_all else step.within)
        if not listing.is_sure:  # it is asked again from the same moment
            after = replace(after, since=place.since, known=place.known | {one.id: (one.at, one.mark) for one in dated})
        wait = self._api.rests_until(LIMITS[what])
        return Page(
            tuple(item for item in step.items if not (own and isinstance(item, RawMention) and item.author == own)),
            after.written(),
            more=(given > 0 or step.asked > 0) and not is_all and listing.is_sure and not wait,
            is_backlog=not place.is_caught_up,
            not_before=wait,
            cost=Cost(requests=listing.asked + step.asked),
        )

    async def verify(self, native_ids: Sequence[str], budget: Budget) -> tuple[Item, ...]:
        if until := self._api.rests_until("core"):
            raise RateLimited("GitHub asks to be left alone for a while.", until)
        paths = [one for one in native_ids if WHERE.fullmatch(one)]
        found = [await self._as_it_is(path) for path in paths]
        nodes = [one for one in native_ids if not WHERE.fullmatch(one)]
        return (*(item for item in found if item is not None), *(await self._nodes(nodes) if nodes else ()))

    def can_reply(self, mention: Mention) -> ReplyWay:
        if Can.REPLY not in self.can:
            return reply_way(mention)
        if not _issue_of(mention):
            return ByLink(mention.url, "GitHub lets nobody comment there by this way: it is locked, or a discussion.")
        return ByApi(self._api.known_login or f"the owner of {self._settings.token_env}", _LONGEST_REPLY)

    async def reply(self, mention: Mention, text: str, key: str, budget: Budget) -> Posted:
        if not self._api.known_login and await self._api.login():  # another than nobody knew of when it was approved
            raise Transient("GitHub has said only now whose token it is.")
        told = await self._api.say(f"/repos/{_issue_of(mention)}/comments", text)
        dated = read_comment(told)
        if not isinstance(dated.item, RawMention):
            raise ReplyDoubtful("GitHub took the comment and did not say where it stands.")
        return Posted(dated.item.url, dated.id)

    async def find_reply(self, mention: Mention, text: str, key: str, since: datetime) -> Posted | None:
        """Its own comment with the same words; GitHub knows no key."""
        own = await self._api.login()
        wanted = {"since": timestamp(int(since.timestamp())), "per_page": "100"}
        for page in range(1, 11):
            told = listed_in(
                await self._api.get(f"/repos/{_issue_of(mention)}/comments", {**wanted, "page": str(page)})
            )
            found = next((one for one in told if _says(one, own, text)), None)
            item = read_comment(found).item if found is not None else None
            if isinstance(item, RawMention):
                return Posted(item.url, item.native_id)
            if len(told) < 100:
                break
        return None

    async def check(self) -> str:
        for repo in self._settings.repos:
            await self._api.get(f"/repos/{repo}/issues", {"per_page": "1"})
        if not self._api.has_token:
            await self._api.get("/search/issues", {"q": "lamp", "per_page": "1"})
            name = self._settings.token_env
            return f"GitHub's issues can be read without a token; comments and discussions need {name} in .env."
        login = await self._api.login()
        return f"GitHub can be read with the token of {login or 'an app'}."

    async def close(self) -> None:
        """Nothing is held."""

    async def _as_it_is(self, path: str) -> Item | None:
        """None when GitHub does not say: not to this token, or something in between answers for it."""
        answer = await self._api.get(f"/repos/{path}", take=SHUT)
        if answer.status in GONE and message_of(answer):
            return Tombstone(path, "it was deleted there, or is private now")
        if answer.status != 200:
            return None
        told = answered(answer)
        dated = read_comment(told) if "/comments/" in path else read_issue(told).dated
        if not isinstance(dated.item, RawMention):
            return None
        is_private = await self._api.is_private(path.partition("/issues/")[0])
        return replace(dated.item, native_id=path, private=is_private)

    async def _nodes(self, ids: Sequence[str]) -> list[Item]:
        """Discussions and what was said there, all in one question."""
        told = await self._api.ask(_NODES, {"ids": list(ids)})
        missing = [error for error in listed(told, "errors") if isinstance(error, dict)]
        gone = {str(error.get("path")) for error in missing if error.get("type") == "NOT_FOUND"}
        items: list[Item] = []
        for number, (id_, node) in enumerate(zip(ids, listed(told["data"], "nodes"), strict=False)):
            if node is None and str(["nodes", number]) in gone:
                items.append(Tombstone(id_, "it was deleted there"))
            elif isinstance(item := read_discussion(node).item, RawMention):
                items.append(replace(item, native_id=id_))
        return items


def _say(leaves: tuple[Leaf, ...]) -> str:
    """Phrases alone: to GitHub a bare word may be an operator. As many as it takes; fewer find more."""
    author, told = author_in(leaves), ""
    for phrase in phrases(leaves):
        longer = f'{told} "{phrase.lstrip("#@")[:_LONGEST_SEARCH]}"'.strip()
        told = longer if len(longer) <= _LONGEST_SEARCH + 2 else told
    return " ".join(filter(None, (told, f"involves:{author}" if author else "")))


def _issue_of(mention: Mention) -> str:
    """The path of the issue at which a mention can be answered; "" when there is none."""
    try:
        told = json.loads(mention.reply_ref or "{}")
    except ValueError:
        return ""
    path = line(told.get("issue")) if isinstance(told, dict) else ""
    return path if WHERE.fullmatch(path) else ""


def _says(told: Any, own: str, text: str) -> bool:
    if not isinstance(told, dict) or not isinstance(told.get("body"), str):
        return False
    by = told.get("user")
    is_ours = not own or (isinstance(by, dict) and by.get("login") == own)
    return is_ours and told["body"].replace("\r\n", "\n").strip() == text.replace("\r\n", "\n").strip()
