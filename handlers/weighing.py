"""What the rules say of a page of mentions, before anything is stored. Pure: it runs on the computing thread.

    clean what could harm > match > another thing of that name? > our own voice? > score > reach > priority > its story

Most of a stream ends after the match. A mention that breaks a rule's code is quarantined alone.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from handlers.context import Brain
from handlers.ports import Broken, Page, Tombstone
from handlers.rules.languages import code_of
from handlers.rules.lifting import lift_of
from handlers.rules.matching import Match
from handlers.rules.namesakes import Namesakes, is_surely_us, namesakes_of
from handlers.rules.opinions import is_open, speaks_to_machines, with_opinion
from handlers.rules.policy import Policy, SourceEntry
from handlers.rules.query import Subject
from handlers.rules.reach import estimate
from handlers.rules.scoring import Lift, Score, Verdict, prioritise
from handlers.rules.stories import Story, story_of
from handlers.rules.text import clean
from handlers.rules.us import Doubt, lowered, us_features
from storage.types import RawMention

_BLOCK = 32  # mentions that are weighed together; what `normalise` and others remember is meant for a few of these
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:[-_][a-z0-9]{2,8}){0,2}")
_LONG = 20_000  # characters; longer texts are cut before anything looks at them


class Weighed(NamedTuple):
    """A mention that matches, with all that the rules say of it alone."""

    raw: RawMention  # cleaned
    brand: str
    also: tuple[str, ...]
    query: str
    matched: str  # the reason in words
    score: Score
    verdict: Verdict
    reach: int | None
    story: Story
    team: Lift | None = None  # what the team's decisions teach of it
    doubt: Doubt | None = None  # that it is about another thing of that name


_Outcome = tuple[list[Weighed], list[Broken]]  # of some mentions: what concerns a brand, what could not be weighed
_Voices = Mapping[str, frozenset[str]]  # the brands of which an author is the own voice, by handle


@dataclass(frozen=True, slots=True)
class WeighedPage:
    """A page after the rules, ready to be stored."""

    entry: SourceEntry
    cursor: str | None
    is_backlog: bool
    items: tuple[Weighed, ...]
    tombstones: tuple[Tombstone, ...]
    broken: tuple[Broken, ...]
    read: int
    unmatched: int
    query: str | None = ""  # the native query that brought it; None: none did


def weigh(
    brain: Brain,
    entry: SourceEntry,
    page: Page,
    stored: Mapping[str, str] | None = None,
    opinions: Mapping[str, float] | None = None,
) -> WeighedPage:
    """Apply the rules to a page. Pure; an item that breaks a rule's code is quarantined alone.

    `stored` are mentions that we have, by native id, each with its brand: they concern it whatever they say now.
    `opinions` are a second opinion on some of them, by `words_of`.
    """
    raws = [item for item in page.items if isinstance(item, RawMention)]
    broken = [item for item in page.items if isinstance(item, Broken)]
    tombstones = tuple(item for item in page.items if isinstance(item, Tombstone))
    voices = _own_voices(brain.policy)
    items: list[Weighed] = []
    for start in range(0, len(raws), _BLOCK):
        some = raws[start : start + _BLOCK]
        weighed, failed = _weigh_safely(brain, entry, voices, some, stored or {}, opinions or {})
        items += weighed
        broken += failed
    unmatched = len(page.items) - len(tombstones) - len(broken) - len(items)
    return WeighedPage(
        entry, page.cursor, page.is_backlog, tuple(items), tombstones, tuple(broken), len(page.items), unmatched,
        page.query,
    )  # fmt: skip


def words_of(raw: RawMention) -> str:
    """The words that a second opinion is asked about, and goes by."""
    return f"{raw.title}\n{raw.text}" if raw.title else raw.text


def undecided(page: WeighedPage) -> tuple[RawMention, ...]:
    """Those of a page whose priority a second opinion could change."""
    return tuple(item.raw for item in page.items if is_open(item.score))


def may_be_asked_about(page: WeighedPage, raw: RawMention, now: datetime, *, with_private: bool) -> bool:
    """Whether somebody outside may be shown it for a second opinion: nothing that is too old for a card, that was there
    before we listened or that speaks to machines, and what was sent to us directly only `with_private`."""
    is_recent = raw.published_at is None or now - raw.published_at <= page.entry.alert_max_age
    is_allowed = with_private or not raw.private
    return is_recent and is_allowed and not page.is_backlog and not speaks_to_machines(words_of(raw))


def _weigh_safely(
    brain: Brain,
    entry: SourceEntry,
    voices: _Voices,
    raws: list[RawMention],
    stored: Mapping[str, str],
    opinions: Mapping[str, float],
) -> _Outcome:
    try:
        return _weigh_block(brain, entry, voices, raws, stored, opinions), []
    except Exception as error:  # one hostile text must not cost its neighbours
        if len(raws) > 1:
            each = [_weigh_safely(brain, entry, voices, [raw], stored, opinions) for raw in raws]
            return [item for items, _ in each for item in items], [item for _, failed in each for item in failed]
        reason = f"could not be weighed: {type(error).__name__}"
        return [], [Broken(raws[0].native_id, reason, clean(raws[0].text, 200))]


def _weigh_block(
    brain: Brain,
    entry: SourceEntry,
    voices: _Voices,
    raws: list[RawMention],
    stored: Mapping[str, str],
    opinions: Mapping[str, float],
) -> list[Weighed]:
    """Those that concern a brand and are not our own voice.

    Each step is taken for all before the next: its code and tables stay in the processor's cache, which saves a quarter
    of the time. Most of a stream ends after the second step.
    """
    raws = [replace(raw, text=clean(raw.text)) if len(raw.text) > _LONG else raw for raw in raws]
    subjects = [Subject.of(raw, entry.name) for raw in raws]
    matches = [brain.matcher.match(subject) for subject in subjects]
    if namesakes := _namesakes(brain.policy):
        matches = [_about_us(namesakes, subject, found) for subject, found in zip(subjects, matches, strict=True)]
    brands = [_brands(brain.policy, entry, voices, raw, found) for raw, found in zip(raws, matches, strict=True)]
    if stored:
        ids = [clean(raw.native_id, 300) for raw in raws]
        brands = [
            names or ([stored[native_id]] if native_id in stored else [])
            for names, native_id in zip(brands, ids, strict=True)
        ]
    matches = [found for found, names in zip(matches, brands, strict=True) if names]
    raws = [_cleaned(raw) for raw, names in zip(raws, brands, strict=True) if names]
    brands = [names for names in brands if names]
    thresholds = brain.policy.thresholds
    scores = brain.scorer.score_many(raws)
    if opinions:
        scores = [with_opinion(score, opinions.get(words_of(raw))) for raw, score in zip(raws, scores, strict=True)]
    raws = [_in_its_language(raw, score.language) for raw, score in zip(raws, scores, strict=True)]
    reaches = [estimate(raw, entry.weight) for raw in raws]
    lifts = _lifts(brain, entry, raws, scores)
    verdicts = [
        prioritise(score, reach=reach, velocity=None, thresholds=thresholds, team=lift)
        for score, reach, lift in zip(scores, reaches, lifts, strict=True)
    ]
    doubts = [doubt_of(brain, entry, raw, names) for raw, names in zip(raws, brands, strict=True)]
    verdicts = [lowered(verdict, score, doubt) for verdict, score, doubt in zip(verdicts, scores, doubts, strict=True)]
    stories = [
        story_of(names[0], raw, is_weighty=verdict.priority >= thresholds.case_from)
        for raw, names, verdict in zip(raws, brands, verdicts, strict=True)
    ]
    return [
        Weighed(
            raw, names[0], tuple(names[1:]), *_why(entry, names[0], found), score, verdict, reach, story, lift, doubt
        )
        for raw, names, found, score, verdict, reach, story, lift, doubt in zip(
            raws, brands, matches, scores, verdicts, reaches, stories, lifts, doubts, strict=True
        )
    ]


def _namesakes(policy: Policy) -> dict[str, Namesakes]:
    """What the brands with ambiguous names ask of a text, by brand."""
    return {brand.name: found for brand in policy.brands if (found := namesakes_of(brand)) is not None}


def _about_us(
    namesakes: Mapping[str, Namesakes], subject: Subject, matches: list[Match[tuple[str, str]]]
) -> list[Match[tuple[str, str]]]:
    """The matches without those of brands whose words say that another thing of that name is meant."""
    named = {match.key[0] for match in matches}
    others = {name for name in named if name in namesakes and namesakes[name].objection(subject, matches, name)}
    return [match for match in matches if match.key[0] not in others] if others else matches


def doubt_of(brain: Brain, entry: SourceEntry, raw: RawMention, brands: Sequence[str]) -> Doubt | None:
    """Whether "not us" has taught that it is about another thing. Where several brands match, nobody can say; what was
    sent to us or names what is ours is surely us."""
    model = brain.lessons.us.get(brands[0]) if brain.lessons is not None and len(brands) == 1 else None
    if model is None or not model.takes_part or raw.private or brands[0] == entry.brand:
        return None
    doubt = model.doubt(us_features(raw, brands[0]), brands[0])
    if doubt is None:
        return None
    brand = next((one for one in brain.policy.brands if one.name == brands[0]), None)
    return None if brand is not None and is_surely_us(brand, Subject.of(raw, entry.name)) else doubt


def _lifts(brain: Brain, entry: SourceEntry, raws: Sequence[RawMention], scores: Sequence[Score]) -> list[Lift | None]:
    """What the team's decisions teach of each; nothing while that is not switched on."""
    team = brain.lessons.team if brain.lessons is not None else None
    if team is None:
        return [None] * len(raws)
    return [lift_of(team, raw, score, entry.name) for raw, score in zip(raws, scores, strict=True)]


def _why(entry: SourceEntry, brand: str, matches: Sequence[Match[tuple[str, str]]]) -> tuple[str, str]:
    """The query that says so, and how in words."""
    match = next((found for found in matches if found.key[0] == brand), None)
    if match is None:
        return "", f"everything from {entry.name} is for us" if brand == entry.brand else "it named us before"
    return match.key[1], _matched_in_words(match.key[1], match.phrases)


def _cleaned(raw: RawMention) -> RawMention:
    """The mention with nothing in it that could harm what comes after. Its link is made safe where it is shown."""
    title, lang = raw.title and clean(raw.title, 300), raw.lang and _language(raw.lang)
    words = (clean(raw.text), title, clean(raw.url, 2_000).strip(), lang)
    author_name = raw.author_name and clean(raw.author_name, 100)
    repost_of = raw.repost_of and clean(raw.repost_of, 300)
    names = (clean(raw.native_id, 300), _handle(raw), author_name, repost_of)
    extra = _extra(raw.extra) if raw.extra else raw.extra
    counts = (_number(raw.followers), _number(raw.likes), _number(raw.shares), _number(raw.replies))
    published_at = _sane(raw.published_at)
    if (
        words == (raw.text, raw.title, raw.url, raw.lang)
        and names == (raw.native_id, raw.author, raw.author_name, raw.repost_of)
        and counts == (raw.followers, raw.likes, raw.shares, raw.replies)
        and published_at is raw.published_at
        and extra == raw.extra
    ):
        return raw  # as most are
    text, _, url, _ = words
    native_id, author, _, _ = names
    followers, likes, shares, replies = counts
    return replace(
        raw, text=text, title=title, url=url, lang=lang, native_id=native_id, author=author, author_name=author_name,
        repost_of=repost_of, followers=followers, likes=likes, shares=shares, replies=replies,
        published_at=published_at, extra=extra,
    )  # fmt: skip


def _extra(told: Mapping[str, str]) -> dict[str, str]:
    """A few short words beside the text."""
    return {clean(key, 40): clean(value, 300) for key, value in list(told.items())[:10]}


def _language(told: str) -> str:
    """A language as networks name it (en, pt-BR); what is none says nothing."""
    lang = told.strip().lower()
    return lang if _LANGUAGE.fullmatch(lang) else ""


def _in_its_language(raw: RawMention, language: str) -> RawMention:
    """With the language that its words are in, if that is known better than its source does."""
    return raw if raw.lang == language or not language or code_of(raw.lang) == language else replace(raw, lang=language)


def _handle(raw: RawMention) -> str:
    return clean(raw.author, 100).removeprefix("@")


def _sane(moment: datetime | None) -> datetime | None:
    """A date that no network can have given says nothing."""
    return moment.astimezone(UTC) if moment is not None and 1971 <= moment.year <= 2200 else None


def _number(value: int | None) -> int | None:
    return None if value is None else max(0, min(int(value), 10**12))


def _own_voices(policy: Policy) -> _Voices:
    brands: dict[str, set[str]] = {}
    for brand in policy.brands:
        for name in brand.own_accounts:
            brands.setdefault(name.removeprefix("@").casefold(), set()).add(brand.name)
    return {handle: frozenset(names) for handle, names in brands.items() if handle}


def _brands(
    policy: Policy, entry: SourceEntry, voices: _Voices, raw: RawMention, matches: Sequence[Match[tuple[str, str]]]
) -> list[str]:
    names = dict.fromkeys([match.key[0] for match in matches])
    if len(names) > 1:  # a case is our own brand's, whoever else is named
        names = dict.fromkeys(sorted(names, key=lambda name: not policy.has_ours([name])))
    if entry.brand:
        names = {entry.brand: None, **names}
    if not (names and voices):
        return list(names)
    ours = voices.get(_handle(raw).casefold(), frozenset())
    return [name for name in names if name not in ours]


@lru_cache(maxsize=1024)
def _matched_in_words(query: str, phrases: tuple[str, ...]) -> str:
    said = ", ".join(f'"{phrase}"' for phrase in phrases)
    return f"query {query}: {said}" if said else f"query {query}"
