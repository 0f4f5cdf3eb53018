"""Stack Overflow, or another site of Stack Exchange: questions that mention you, and the answers to them.

    [[sources]]
    name = "Stack Overflow"
    kind = "stackoverflow"
    every = "10m"
    tags = ["aurelia-sdk"]

Without a key there are 300 requests a day, which are spread over it; with a free one 10,000: register an application at
stackapps.com/apps/oauth/register and put its key into `.env` as STACKEXCHANGE_KEY. `tags` are read whole beside your
queries. `site` is the first part of the site's address: superuser, serverfault, pt.stackoverflow. Replies are written
there by a person; the card has the link.

What this source can't see: comments; answers that mention you below a question that does not, unless its tag is read;
what was deleted before the next look; how many people read it. It cannot be searched for an author (from:) alone, nor
for the beginning of a word (refund*) alone.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.fetch import Tools
from bot.sources.fieldmap import content_id, read_count, read_date, read_json, read_lang, storable
from bot.sources.searching import Place, in_words, line, listed, searches, unread
from bot.sources.stackoverflow.api import Api
from bot.sources.timeline import OVERLAP, Dated, Timeline, beside, read_timeline
from handlers.ports import (
    FREE,
    Budget,
    ByLink,
    Can,
    Cost,
    Item,
    Page,
    RateLimited,
    ReplyWay,
    Source,
    Tombstone,
    Transient,
    Wanted,
    reply_way,
)
from handlers.rules.terms import Leaf
from handlers.rules.text import from_html
from storage.errors import ConfigError
from storage.types import Mention, RawMention

KIND = "stackoverflow"

_MAX_PAGES = 10
_NEAR = 1.1  # the newest post may be one that was deleted: on a quiet site the one before it is some numbers back
_NAME = re.compile(r"[A-Za-z0-9.+#-]{1,60}")
_SIGN = re.compile(r"(?<!\S)[#@]")
_ID = re.compile(r"(question|answer)-(\d{1,15})")
_WITH_ADDRESS_OF_ITS_OWN = ("stackoverflow", "superuser", "serverfault", "askubuntu", "stackapps")


@dataclass(frozen=True)
class Settings:
    """What the team decides."""

    site: str = "stackoverflow"  # the first part of the site's address
    tags: tuple[str, ...] = ()  # tags of your own whose questions are all read
    key_env: str = "STACKEXCHANGE_KEY"  # the name of the variable in .env that holds a key; it may be missing
    account: str = ""  # the number of the team's own user there; what it writes is left out
    back: timedelta = timedelta(days=7)  # how far back the first look goes
    lang: str = "en"  # the language of the site
    server: str = "https://api.stackexchange.com/2.3"  # where it is asked
    allow_private: bool = False  # for a server on your own network


SAMPLE = b"""{"items": [{
 "question_id": 79000001, "title": "Aurelia lamp won&#39;t connect &amp; blinks", "tags": ["bluetooth", "aurelia-sdk"],
 "body": "<p>After the update my lamp</p>\\n<pre><code>pair()</code></pre>\\n<p>fails.</p>", "score": 3,
 "answer_count": 1, "owner": {"user_id": 7, "display_name": "Mia &amp; Jo", "reputation": 120},
 "link": "https://stackoverflow.com/questions/79000001/aurelia-lamp-wont-connect-blinks",
 "creation_date": 1795161600, "last_activity_date": 1795165200
}], "has_more": false, "quota_max": 300, "quota_remaining": 299}
"""
EXPECTED = [
    RawMention(
        native_id="question-79000001",
        text="After the update my lamp\n\npair()\n\nfails.",
        title="Aurelia lamp won't connect & blinks",
        url="https://stackoverflow.com/q/79000001",
        author="Mia & Jo",
        published_at=datetime(2026, 11, 20, 8, 0, tzinfo=UTC),
        lang="en",
        likes=3,
        replies=1,
        extra={"tags": "bluetooth, aurelia-sdk"},
    ),
]


def read_sample() -> list[Item]:
    """What SAMPLE gives."""
    return [_dated(told, Settings()).item for told in read_json(SAMPLE)["items"]]


def build(name: str, settings: Settings, tools: Tools) -> Source:
    """One site. Raises ConfigError for a site or a tag that is none."""
    wrong = next((one for one in (settings.site, *settings.tags) if not _NAME.fullmatch(one)), None)
    if wrong is not None:
        raise ConfigError(f'sources.{name}: "{wrong}" is no name of a site or tag;', "write it as the site does.")
    return StackOverflowSource(name, settings, tools)


class StackOverflowSource(Source):
    """Questions by their last activity. A native query is `search` and words, or `tagged` and a tag."""

    kind = KIND
    can = Can.VERIFY

    def __init__(self, name: str, settings: Settings, tools: Tools) -> None:
        self.name = name
        self._settings = settings
        self._tools = tools
        key = tools.secrets.get(settings.key_env, "")
        self._api = Api(
            tools, settings.server, settings.site, key, settings.key_env, allow_private=settings.allow_private
        )
        self._queries = 1

    def plan(self, wanted: Sequence[Wanted]) -> tuple[str, ...]:
        place = Place("Stack Overflow", _host(self._settings.site))
        found = (
            *(f"search {words}" for words in searches(wanted, self.name, place, _say)),
            *(f"tagged {tag}" for tag in self._settings.tags),
        )
        self._queries = max(1, len(found))
        return found

    async def poll(self, cursor: str | None, limit: int, query: str = "", budget: Budget = FREE) -> Page:
        """The oldest activity that is not known."""
        place = read_timeline(cursor, self._tools.now() - self._settings.back)
        if until := self._api.rests_until():
            return Page((), cursor, not_before=until)
        asked_before = self._api.asked
        fresh, is_whole, newest = await self._questions(query, place)
        items, given = await self._with_answers(fresh, place, max(1, limit))
        is_all = is_whole and given == len(fresh)
        after = place.after(fresh[:given], self._tools.now(), is_all=is_all, newest=newest)
        rests = self._api.rests_until()
        more = given > 0 and not is_all and rests is None
        return Page(
            tuple(items),
            after.written(),
            more=more,
            is_backlog=not place.is_caught_up,
            not_before=None if more else self._api.next_turn(self._queries),
            cost=Cost(requests=self._api.asked - asked_before),
        )

    async def verify(self, native_ids: Sequence[str], budget: Budget) -> tuple[Item, ...]:
        """All questions in one request, all answers in another."""
        if until := self._api.rests_until():
            raise RateLimited("Stack Exchange asks to be left alone for a while.", until)
        known = [found for one in native_ids if (found := _ID.fullmatch(one))]
        items: list[Item] = []
        is_any_here = not known
        for what in ("question", "answer"):
            ids = [found[2] for found in known if found[1] == what]
            if ids:
                told = await self._api.ask(f"/{what}s/{';'.join(ids)}", {"pagesize": "100"})
                here = {one.id: one.item for one in (_dated(one, self._settings) for one in listed(told, "items"))}
                is_any_here = is_any_here or bool(here)
                items += [
                    here.get(f"{what}-{id_}") or Tombstone(f"{what}-{id_}", "it was deleted there") for id_ in ids
                ]
        if not is_any_here:
            await self._must_know(max(int(found[2]) for found in known))
        return tuple(items)

    def can_reply(self, mention: Mention) -> ReplyWay:
        way = reply_way(mention)
        return ByLink(way.url, "Stack Overflow wants answers written by a person.") if isinstance(way, ByLink) else way

    async def check(self) -> str:
        told = await self._api.ask("/info", {})
        quota = read_count(told.get("quota_remaining"))
        left = "" if quota is None else f"; {quota} requests are left today"
        return f"{_host(self._settings.site)} can be read {self._api.in_words}{left}."

    async def close(self) -> None:
        """Nothing is held."""

    async def _must_know(self, id_: int) -> None:
        """Nothing is there any more: that is believed of a site that has come about as far as this id."""
        told = await self._api.ask("/posts", {"sort": "creation", "order": "desc", "pagesize": "1"})
        ids = [read_count(one.get("post_id")) for one in listed(told, "items") if isinstance(one, dict)]
        if id_ > max((one or 0 for one in ids), default=0) * _NEAR:
            raise Transient(f"{_host(self._settings.site)} does not know its own posts; look at `site` and `server`.")

    async def _questions(self, query: str, place: Timeline) -> tuple[list[Dated], bool, int]:
        """Those of the first page that has something new, whether it was the last, and the time of its newest."""
        what, _, words = query.partition(" ")
        asked = {"tagged": words} if what == "tagged" else {"q": words}
        newest = 0
        for page in range(1, _MAX_PAGES + 1):
            told = await self._api.ask(
                "/search/advanced",
                {**asked, "sort": "activity", "order": "asc", "min": str(place.start), **_page(page)},
            )
            found = beside([_dated(one, self._settings) for one in listed(told, "items")], place.since)
            newest = max((one.at for one in found), default=newest)
            fresh, is_last = place.fresh(found), told.get("has_more") is not True
            if fresh or is_last:
                return fresh, is_last, newest
        return [], True, newest + OVERLAP  # so many at one time: the rest of them cannot be seen

    async def _with_answers(self, fresh: Sequence[Dated], place: Timeline, limit: int) -> tuple[list[Item], int]:
        """The questions with the answers that concern us, and how many of the questions they are."""
        answers = await self._answers(fresh[:limit], place)
        while answers is None:  # more than a step takes: those of fewer questions
            limit = max(1, min(limit, len(fresh)) // 2)
            answers = await self._answers(fresh[:limit], place)
        items: list[Item] = []
        for number, one in enumerate(fresh):
            told = [*(() if one.is_own else (one.item,)), *answers.get(one.id, ())]
            if number >= limit or (items and len(items) + len(told) > limit):
                return items, number
            items += told
        return items, len(fresh)

    async def _answers(self, questions: Sequence[Dated], place: Timeline) -> dict[str, list[RawMention]] | None:
        """Those since all was read to all of the questions, by question; None when they are too many at one time."""
        ids = [one.id.partition("-")[2] for one in questions if isinstance(one.item, RawMention) and one.item.replies]
        if not ids:
            return {}
        since = {"sort": "activity", "order": "asc", "min": str(place.look_start)}
        found: dict[str, list[RawMention]] = {}
        for page in range(1, _MAX_PAGES + 1):
            told = await self._api.ask(f"/questions/{';'.join(ids)}/answers", {**since, **_page(page)})
            for one in listed(told, "items"):
                dated = _dated(one, self._settings)
                if isinstance(dated.item, RawMention) and not dated.is_own and self._tools.concerns(dated.item):
                    found.setdefault(f"question-{one.get('question_id')}", []).append(dated.item)
            if told.get("has_more") is not True:
                return found
        return None if len(ids) > 1 else found


def _say(leaves: tuple[Leaf, ...]) -> str:
    return _SIGN.sub("", in_words(leaves))


def _host(site: str) -> str:
    """The address of a site by its short name."""
    last = site.rpartition(".")[2]
    return f"{site}.com" if last in _WITH_ADDRESS_OF_ITS_OWN else f"{site}.stackexchange.com"


def _page(number: int) -> dict[str, str]:
    return {"page": str(number), "pagesize": "100"}


def _dated(told: object, settings: Settings) -> Dated:
    """A question or an answer, by what its id is called."""
    if not isinstance(told, dict):
        return _unreadable(told, "It is no JSON object.")
    what = "answer" if "answer_id" in told else "question"
    number = told.get(f"{what}_id")
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        return _unreadable(told, "It has no id.")
    made, active = read_date(told.get("creation_date")), read_date(told.get("last_activity_date"))
    item = _item(told, what, number, made, settings)
    moment, words = active or made, item.text if isinstance(item, RawMention) else ""
    mark = content_id([str(told.get("last_activity_date")), words])[:8]
    owner = told.get("owner")
    is_own = isinstance(owner, dict) and str(owner.get("user_id")) == settings.account.strip()
    return Dated(f"{what}-{number}", int(moment.timestamp()) if moment else 0, mark, item, is_own)


def _item(told: Mapping[str, Any], what: str, number: int, made: datetime | None, settings: Settings) -> Item:
    title = line(from_html(line(told.get("title"))))
    text = from_html(storable(told["body"])) if isinstance(told.get("body"), str) else ""
    if not text:
        text, title = title, ""
    if not text:
        return unread(f"{what}-{number}", "It has neither a text nor a title.", told)
    owner = told.get("owner")
    name = owner.get("display_name") if isinstance(owner, dict) else ""
    tags = ", ".join(line(tag) for tag in listed(told, "tags") if line(tag))
    score = told.get("score")
    return RawMention(
        native_id=f"{what}-{number}",
        text=text,
        title=title,
        url=f"https://{_host(settings.site)}/{what[0]}/{number}",
        author=line(from_html(line(name))),
        published_at=made,
        lang=read_lang(settings.lang),
        likes=max(0, score) if isinstance(score, int) else None,
        replies=read_count(told.get("answer_count")),
        extra={"tags": tags} if tags else {},
    )


def _unreadable(told: object, reason: str) -> Dated:
    return Dated(content_id([repr(told)[:2_000]]), 0, "broken", unread("a question", reason, told))
