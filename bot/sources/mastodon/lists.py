"""Reading the lists of a Mastodon server page by page: notifications, hashtags, what a search finds."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from pydantic import TypeAdapter

from bot.sources.mastodon.items import id_of, statuses
from bot.sources.mastodon.server import MastodonServer, Said
from handlers.ports import Item, Page

_PAGE = 40  # the most that a server gives at once
_MOST_PAGES = 5  # of a search
_MOST_KNOWN = 400  # found by a search before
_OVERLAP = (10 * 60_000) << 16  # ten minutes, as they count in ids that are made of the time: milliseconds << 16
_MOST_OVERLAP = 120  # posts
_TIMES = range(1_200_000_000_000, 4_000_000_000_000)  # milliseconds; other numbers as ids are no time
_LONGEST_VERIFIED = timedelta(days=60)
_START = "0"  # a bookmark before everything


@dataclass(frozen=True)
class Place:
    """How far a list is read: the cursor. `known` are the ids that were given and may come again: all of a search,
    whose order cannot be relied on; of a hashtag those of the last minutes, among which others still arrive."""

    server: str
    since: str = ""  # the server's own bookmark
    is_caught_up: bool = False  # what was there at first has been given
    known: tuple[str, ...] = ()
    reached: str = ""  # the bookmark within a round that is not at its end

    def text(self) -> str:
        return json.dumps(asdict(self))


_PLACE = TypeAdapter(Place)


def place_of(cursor: str | None, server: str) -> Place:
    """The cursor; one that is damaged, or of another server, counts as none, which repeats and loses nothing."""
    fresh = Place(server)
    try:
        told = json.loads(cursor) if cursor else None
        place = _PLACE.validate_python(told) if told else fresh
    except (ValueError, RecursionError):
        return fresh
    return place if place.server == server else fresh


def is_surely_from_here(native_id: str, moved_at: datetime | None, now: datetime) -> bool:
    """Whether an id was given by this server: it is younger than the change from another one, or that is long ago."""
    number = _timed(native_id)
    if moved_at is None or number is None:
        return moved_at is None or now - moved_at > _LONGEST_VERIFIED
    return number >> 16 > moved_at.timestamp() * 1000


async def read_list(
    server: MastodonServer,
    place: Place,
    limit: int,
    path: str,
    asked: Sequence[tuple[str, str]],
    read: Callable[[Iterable[object]], list[Item]],
    *,
    is_late: bool = False,
) -> Page:
    """From the bookmark on, oldest first; without one the newest page, as much of it as may be given.

    A list that `is_late` has posts of other servers, which arrive seconds or minutes after the time that their ids
    tell: each round begins a little below the bookmark.
    """
    size = min(limit, _PAGE) if place.since and not is_late else _PAGE
    bookmark = place.reached or (_below(place) if is_late else place.since)
    said = await _asked(server, path, [*asked, ("limit", str(size))], bookmark)
    told = said.value[::-1]
    new = [one for one in told if id_of(one) not in place.known]
    given = new if place.since and not is_late else _oldest(new, limit)
    is_all = len(given) == len(new)
    last = next(filter(None, map(id_of, reversed(told if is_all else given))), bookmark)
    reached = (said.newest if is_all else "") or last
    more = not is_all or (bool(place.since) and len(told) >= size and reached != bookmark)
    after = replace(
        place,
        since=_later(place.since, reached) or ("" if told else _START),
        is_caught_up=place.is_caught_up or not more,
        reached=reached if more else "",
    )
    if is_late:
        after = replace(after, known=_recent([*place.known, *map(id_of, given)], after.since))
    return Page(tuple(read(given)), after.text(), more=more, is_backlog=not place.is_caught_up)


async def read_search(server: MastodonServer, place: Place, limit: int, words: str, own_id: str, where: str) -> Page:
    """What was not given before among the newest results. A post may be found late, below others that are known."""
    found = await _found(server, place, words)
    new = [(id_, post) for id_, post in found.items() if id_ not in place.known][::-1]
    given = dict(new[:limit])
    is_all = len(given) == len(new)
    known = (*(id_ for id_ in place.known if id_ not in given), *given)[-_MOST_KNOWN:]
    after = replace(place, is_caught_up=place.is_caught_up or is_all, known=known)
    items = statuses(given.values(), own_id, where)
    return Page(tuple(items), after.text(), more=not is_all, is_backlog=not place.is_caught_up)


async def _found(server: MastodonServer, place: Place, words: str) -> dict[str, object]:
    """The results by id, newest first, back to a page on which something is known; at first one page."""
    found: dict[str, object] = {}
    for number in range(_MOST_PAGES if place.known else 1):
        asked = [("q", words), ("type", "statuses"), ("limit", str(_PAGE)), ("offset", str(number * _PAGE))]
        said = (await server.get("/api/v2/search", asked)).value
        posts = said.get("statuses") if isinstance(said, dict) else None
        if not isinstance(posts, list):
            raise server.nonsense()
        page = {id_of(post) or str(post)[:100]: post for post in posts}
        is_news = any(id_ not in found for id_ in page)  # some servers take no offset
        found |= {id_: post for id_, post in page.items() if id_ not in found}
        if len(posts) < _PAGE or not is_news or not set(page).isdisjoint(place.known):
            break
    return found


async def _asked(server: MastodonServer, path: str, asked: Sequence[tuple[str, str]], bookmark: str) -> Said:
    """A page after the bookmark. A server that does not know the first of all bookmarks gives its newest page."""
    if bookmark == _START:
        said = await server.get_list(path, [*asked, ("min_id", bookmark)], take={400, 404, 422})
        if said.value is not None:
            return said
        bookmark = ""
    return await server.get_list(path, [*asked, *([("min_id", bookmark)] if bookmark else [])])


def _below(place: Place) -> str:
    """Where a round begins: ten minutes before the newest, or before as many posts as are remembered."""
    newest = _timed(place.since)
    if newest is None:
        return place.since
    oldest = _timed(place.known[0]) if len(place.known) >= _MOST_OVERLAP else None
    return str(max(newest - _OVERLAP, oldest or 0))


def _recent(ids: Iterable[str], since: str) -> tuple[str, ...]:
    """Those of the last ten minutes, oldest first."""
    newest = _timed(since)
    found = {number for one in ids if (number := _timed(one)) and newest is not None and number > newest - _OVERLAP}
    return tuple(map(str, sorted(found)[-_MOST_OVERLAP:]))


def _later(before: str, reached: str) -> str:
    old, new = _timed(before), _timed(reached)
    return before if old is not None and new is not None and old > new else reached


def _timed(id_: str) -> int | None:
    """An id as a number, if it is made of a time."""
    number = int(id_) if id_.isdecimal() and len(id_) < 20 else 0
    return number if number >> 16 in _TIMES else None


def _oldest(told: list[object], limit: int) -> list[object]:
    """As many as may be given; all when none of those has an id to go on from."""
    return told[:limit] if any(map(id_of, told[:limit])) else told
