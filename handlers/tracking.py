"""What staff have seen somewhere and bring themselves: a mention like any other, and always a case."""

import re
from dataclasses import dataclass, replace
from hashlib import blake2b
from urllib.parse import parse_qsl, urlencode, urlsplit

from handlers import intake
from handlers.context import Context
from handlers.ports import Page
from handlers.rules.deciding import MISSED
from handlers.rules.policy import Member, SourceEntry
from handlers.rules.stories import story_of
from handlers.rules.text import clean, normalise, safe_url
from handlers.weighing import Weighed, WeighedPage, weigh
from storage.errors import Conflict, InvalidInput
from storage.types import Priority, RawMention

STAFF = "staff"  # the source of what the team brings
_KIND = "chat"
_SOUGHT, _LOOKED_AT = 8, 5  # words to find it by, mentions that hold them
_CAMPAIGN = re.compile(r"utm_\w+|fbclid|gclid|igshid|mc_[ce]id|ref_src", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Seen:
    """What somebody saw. `url` and `author` may be empty."""

    text: str
    url: str = ""
    author: str = ""


@dataclass(frozen=True, slots=True)
class Tracked:
    """Which case it is in. `is_new`: it has been opened for it; `is_known`: it was tracked before."""

    case: int
    is_new: bool
    is_known: bool = False


def brand_of(ctx: Context, seen: Seen) -> str:
    """The brand that it concerns by itself; "" when its words do not tell."""
    if len(ctx.policy.brands) == 1:
        return ctx.policy.brands[0].name
    items = _weighed(ctx, seen, "").items
    return items[0].brand if items else ""


def track(ctx: Context, who: Member, seen: Seen, brand: str) -> Tracked:
    """Take it in, in the caller's transaction. Raises InvalidInput for what is no link, Conflict for our post."""
    if seen.url and not safe_url(seen.url):
        raise InvalidInput(
            "That is not a link that can be opened.", "It begins with https:// and has no spaces.", field="url"
        )
    source_id = ctx.store.sources.id_of(STAFF, _KIND, ctx.now)
    native_id = _native_id(seen)
    before = ctx.store.mentions.known(source_id, [native_id]).get(native_id)
    if before is not None and before.case_id is not None:
        return Tracked(before.case_id, is_new=False, is_known=True)
    page = _weighed(ctx, seen, brand)
    if page.broken:
        raise InvalidInput("These words cannot be read.", "Try it with fewer of them.", field="text")
    if not page.items:
        raise Conflict(f"{seen.author} is an account of ours.", "Its posts are never mentions.")
    asked = replace(page, items=tuple(_asked_for(who, item) for item in page.items))
    _note_missed(ctx, who, seen)
    taken = intake.take_in(ctx, asked, with_cases=True, is_asked=True)
    after = ctx.store.mentions.known(source_id, [native_id]).get(native_id)
    if after is None or after.case_id is None:
        raise Conflict("This could not be tracked.", "Try it with fewer words.")
    return Tracked(after.case_id, is_new=taken.cases > 0)


def _note_missed(ctx: Context, who: Member, seen: Seen) -> None:
    """Where we had it already and made nothing of it, that is something to learn from."""
    words = normalise(clean(seen.text))
    for mention in ctx.store.mentions.search(words.split()[:_SOUGHT], _LOOKED_AT):
        if mention.source != STAFF and mention.case_id is None and normalise(mention.text) == words:
            ctx.store.lessons.judged(mention.id, MISSED, who.name, ctx.now)


def _weighed(ctx: Context, seen: Seen, brand: str) -> WeighedPage:
    raw = RawMention(_native_id(seen), seen.text, url=seen.url, author=seen.author)
    return weigh(ctx.brain, SourceEntry(STAFF, _KIND, brand=brand), Page((raw,), None))


def _asked_for(who: Member, item: Weighed) -> Weighed:
    """As weighed, but worth a case: normal at least, and searched for copies as thoroughly as any case."""
    verdict = item.verdict
    priority = max(verdict.priority, Priority.NORMAL)
    verdict = verdict._replace(priority=priority, reasons=(f"tracked by {who.label}", *verdict.reasons))
    linked = replace(item.raw, text=f"{item.raw.text}\n{item.raw.url}")  # what it links to tells the story too
    story = story_of(item.brand, linked, is_weighty=True)
    matched = item.matched if item.query else "no query matches it"
    return item._replace(verdict=verdict, story=story, matched=matched)


def _native_id(seen: Seen) -> str:
    """Equal for the same link, or without one for the same words of the same author."""
    link = safe_url(seen.url)
    what = _bare_link(link) if link else f"{normalise(seen.author)}\n{normalise(clean(seen.text))}"
    return f"{'link' if link else 'text'}:{blake2b(what.encode('utf-8', 'replace'), digest_size=16).hexdigest()}"


def _bare_link(url: str) -> str:
    """An address without what says only where it was found."""
    parts = urlsplit(url)
    kept = [(name, value) for name, value in parse_qsl(parts.query, True) if not _CAMPAIGN.fullmatch(name)]
    host = parts.netloc.lower().removeprefix("www.")
    return f"{host}{parts.path.rstrip('/')}?{urlencode(kept)}#{parts.fragment}"
