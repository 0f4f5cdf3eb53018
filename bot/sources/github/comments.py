"""The comments on GitHub's issues, which come with an issue that changed, and whether all of it is private."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from bot.sources.github.api import SHUT, Api, listed_in
from bot.sources.github.items import WHERE, Found, discussion_comments, read_comment
from bot.sources.github.lists import Listing, timestamp
from bot.sources.timeline import Timeline
from handlers.ports import Item
from storage.types import RawMention

LOOKS = 20  # pages of comments, and as many repositories, that are looked at in one step

_PER_PAGE = 100


@dataclass
class Step:
    """What one step gives of a list: `given` of its items are whole. `looks` and `repos` are what was asked for.

    `within` is an issue that is not whole, and how many pages of its comments are given.
    """

    within: tuple[str, int] | None = None
    items: list[Item] = field(default_factory=list)
    given: int = 0
    looks: int = 0
    repos: int = 0

    @property
    def asked(self) -> int:
        """Requests."""
        return self.looks + self.repos


async def with_comments(
    api: Api, concerns: Callable[[RawMention], bool], listing: Listing, place: Timeline, limit: int
) -> Step:
    """The items with the comments that concern us, as far as one step goes. Raises a SourceError."""
    step = Step(within=place.within)
    for one in listing.fresh:
        repo = one.dated.id.partition("/issues/")[0] if WHERE.fullmatch(one.dated.id) else ""
        if repo and not api.knows(repo):
            if step.repos >= LOOKS or api.rests_until("core"):
                return step
            step.repos += 1
        is_private = bool(repo) and await api.is_private(repo)
        said, within = await _comments(api, one, place, step, limit)
        items = [one.dated.item, *(item for item in said if concerns(item))]
        if step.given and (within or len(step.items) + len(items) > limit):
            return step
        step.items += [_of_private(item) if is_private else item for item in items]
        if within:
            step.within = within
            return step
        step.given += 1
    return step


async def _comments(
    api: Api, one: Found, place: Timeline, step: Step, limit: int
) -> tuple[list[RawMention], tuple[str, int] | None]:
    """What was said there, or edited, since all was read; and how far, when that is more than a step takes."""
    if not (one.has_comments and api.has_token):
        return discussion_comments(one.said), None
    page = place.within[1] if place.within and place.within[0] == one.dated.id else 0
    found: list[RawMention] = []
    while step.looks < LOOKS and not api.rests_until("core") and len(step.items) + len(found) < limit:
        page, step.looks = page + 1, step.looks + 1
        wanted = {"since": timestamp(place.look_start), "per_page": str(_PER_PAGE), "page": str(page)}
        answer = await api.get(f"/repos/{one.path}/comments", wanted, take=SHUT)
        told = listed_in(answer) if answer.status == 200 else []
        found += [item for item in (read_comment(each).item for each in told) if isinstance(item, RawMention)]
        if len(told) < _PER_PAGE:
            return found, None
    return found, (one.dated.id, page)


def _of_private(item: Item) -> Item:
    return replace(item, private=True) if isinstance(item, RawMention) else item
