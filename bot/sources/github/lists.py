"""GitHub's lists of what changed since a moment: searches, discussions, and what a repository holds."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.sources.github.api import Api, listed_in
from bot.sources.github.items import DISCUSSION, Found, read_comment, read_discussion, read_issue
from bot.sources.searching import answered, line, listed
from bot.sources.timeline import OVERLAP, Dated, Timeline, beside
from handlers.ports import Transient

LIMITS = {"issues": "search", "discussions": "graphql", "repo-issues": "core", "repo-comments": "core"}

_MAX_PAGES = 10  # GitHub shows at most 1,000 results
_PER_PAGE = 100
_PER_PAGE_OF_DISCUSSIONS = 25
_IN = "in:title,body,comments"
_SEARCH = f"""query($q: String!, $after: String) {{
 search(type: DISCUSSION, query: $q, first: {_PER_PAGE_OF_DISCUSSIONS}, after: $after) {{
 pageInfo {{ hasNextPage endCursor }} nodes {{ {DISCUSSION} }} }} }}"""


@dataclass(frozen=True, slots=True)
class Listing:
    """What is not known of a list, oldest change first. `is_whole`: nothing is left out up to `newest`.

    `is_sure` is false when GitHub gave up in the middle: anything may be missing, also older changes.
    """

    fresh: tuple[Found, ...]
    is_whole: bool
    newest: int
    asked: int
    is_sure: bool = True


async def changes(api: Api, what: str, words: str, place: Timeline) -> Listing:
    """What changed in a list since a moment. `what` is one of LIMITS, `words` the search or the repository."""
    since = timestamp(place.start)
    if what == "discussions":
        return await _discussions(api, f"{words} {_IN} updated:>={since} sort:updated-asc", place)
    if what == "issues":
        searched = {"q": f"{words} {_IN} updated:>={since}", "sort": "updated", "order": "asc"}
        return await _paged(lambda page: _search(api, {**searched, **_page(page)}), place)
    kept = {"state": "all", "sort": "updated", "direction": "asc", "since": since}
    path = f"/repos/{words}/issues" + ("" if what == "repo-issues" else "/comments")
    read = _issue if what == "repo-issues" else _comment
    return await _paged(lambda page: _kept(api, path, {**kept, **_page(page)}, read), place)


def timestamp(moment: int) -> str:
    """Seconds since 1970 as GitHub writes a time."""
    return datetime.fromtimestamp(max(0, moment), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _page(number: int) -> dict[str, str]:
    return {"per_page": str(_PER_PAGE), "page": str(number)}


def _issue(told: object) -> Found:
    """Of a list whose comments have a list of their own."""
    return Found(read_issue(told).dated)


def _comment(told: object) -> Found:
    return Found(read_comment(told))


async def _search(api: Api, parameters: dict[str, str]) -> tuple[list[Found], bool]:
    told = answered(await api.get("/search/issues", parameters))
    if not isinstance(told.get("items"), list):
        raise Transient("The search of GitHub gives no list of items; it will be asked again.")
    return [read_issue(one) for one in told["items"]], told.get("incomplete_results") is not True


async def _kept(
    api: Api, path: str, parameters: dict[str, str], read: Callable[[object], Found]
) -> tuple[list[Found], bool]:
    return [read(one) for one in listed_in(await api.get(path, parameters))], True


async def _paged(ask: Callable[[int], Awaitable[tuple[list[Found], bool]]], place: Timeline) -> Listing:
    """The first page that has something new; a page is only left behind when all of it is known."""
    for page in range(1, _MAX_PAGES + 1):
        found, is_sure = await ask(page)
        fresh, newest = _fresh(found, place)
        is_last = len(found) < _PER_PAGE
        if fresh or is_last:
            return Listing(fresh, is_last and is_sure, newest, page, is_sure)
    return Listing((), True, newest + OVERLAP, _MAX_PAGES)  # so many at one time: the rest of them cannot be seen


async def _discussions(api: Api, words: str, place: Timeline) -> Listing:
    """All that match: the order of this search is not promised."""
    found: list[Found] = []
    after, asked, is_last = None, 0, False
    while not is_last and asked < _MAX_PAGES:
        told = await api.ask(_SEARCH, {"q": words, "after": after})
        search = told["data"].get("search")
        if not isinstance(search, dict):
            raise Transient("The search of GitHub's discussions gives nothing; it will be asked again.")
        found += [_discussion(node) for node in listed(search, "nodes")]
        info = search.get("pageInfo")
        after = line(info.get("endCursor")) if isinstance(info, dict) and info.get("hasNextPage") is True else ""
        asked, is_last = asked + 1, not after
    fresh, newest = _fresh(found, place)
    return Listing(fresh, True, newest, asked)


def _discussion(told: object) -> Found:
    return Found(read_discussion(told), said=told)


def _fresh(found: Sequence[Found], place: Timeline) -> tuple[tuple[Found, ...], int]:
    """What is not known, and the time of the newest, known or not."""
    dated = beside([one.dated for one in found], place.since)
    by_id: dict[str, Found] = {one.dated.id: one for one in found}
    newest = max((one.at for one in dated), default=0)
    return tuple(_with(by_id[one.id], one) for one in place.fresh(dated)), newest


def _with(found: Found, dated: Dated) -> Found:
    return Found(dated, found.path, found.has_comments, found.said)
