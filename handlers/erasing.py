"""A person is erased: every word of hers goes, wherever it was copied to; the numbers stay.

What she said goes from the mentions, the search, the cards, the drafts that answer her and the diaries; so do notes on
the cases that were hers alone, and whatever else names or quotes her. Her tombstone keeps her out afterwards: what she
says later is not stored, and an older backup brings nothing back (`apply_tombstones`).
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from handlers.context import Context
from handlers.rules.reasons import quotes
from handlers.rules.text import normalise
from handlers.rules.traces import RUN, Traces, traces_of
from handlers.unlearning import unlearn
from storage.erasures import ERASED, Place, Words
from storage.errors import Conflict
from storage.mentions import Known
from storage.store import Store
from storage.tombstones import AUTHOR, ITEM, KEY_BYTES, Stone

SAID = "erased on request"
_MOST_COPIES = 2_000  # of one text by others
_SHOWN = "Erased on request."
# What stands in a message of the page until it is drawn anew; its form is that of bot/chats/local/adapter.py.
_EMPTY_MESSAGE = json.dumps({"type": "notice", "drawing": {"words": _SHOWN}, "shared_by": ""})
_FREE = ("text", "why", "url")  # words of people in a line of a diary


@dataclass(frozen=True, slots=True)
class Found:
    """What there is of a person. `others` are mentions of other people that repeat her words or name her."""

    author: str
    sources: tuple[str, ...]
    hers: tuple[Words, ...]
    others: tuple[Words, ...]
    cases: tuple[int, ...]  # whose cards show what she said

    @property
    def traces(self) -> Traces:
        return traces_of(
            self.author,
            {one.author_name for one in self.hers},
            [text for one in self.hers for text in (one.text, one.title, *_values(one.extra))],
            {one.url for one in self.hers},
            {one.native_id for one in self.hers},
        )

    @property
    def all_cases(self) -> list[int]:
        """Also those that her words only joined."""
        joined = (one.case_id for one in (*self.hers, *self.others) if one.case_id is not None)
        return sorted({*self.cases, *joined})


def find(store: Store, author: str, sources: Sequence[str]) -> Found:
    """Everything that an author, as stored, said in these sources, and who repeats it."""
    hers = store.erasures.by(author, sources)
    return _found(store, author, tuple(sources), hers)


def erase(ctx: Context, found: Found) -> int:
    """Take it all away, in the caller's transaction; how many mentions. Raises Conflict while a reply is sent."""
    for case_id, text in ctx.store.erasures.sending():
        if case_id in found.cases or found.traces.are_in(text):
            raise Conflict(
                f"A reply to her, or about her, is on its way (#{case_id}).",
                "Nothing was erased; confirm it again soon.",
            )
    refuse_without_key(ctx.store)
    if not ctx.store.tombstones.has_key:
        ctx.store.tombstones.make_key(bytes(ctx.chance(256) for _ in range(KEY_BYTES)))
    stones = [Stone(AUTHOR, source, found.author) for source in found.sources]
    items = [Stone(ITEM, one.source, one.native_id) for one in (*found.hers, *found.others)]
    ctx.store.tombstones.block([*stones, *items], ctx.now)
    unlearn(ctx, [_known(ctx.store, one) for one in (*found.hers, *found.others)])
    _take_away(ctx.store, found, ctx.now)
    return len(found.hers) + len(found.others)


def refuse_without_key(store: Store) -> None:
    """A new key in place of a lost one would know nobody again. Raises Conflict."""
    if problem := store.tombstones.problem():
        raise Conflict(problem, "Nothing was changed. `earshot doctor` tells where it has to be.")


def apply_tombstones(store: Store, now: datetime) -> int:
    """Erase again whom a restored file brought back, in a transaction of its own; how many mentions.

    Cheap where the file beside the database holds nothing that the database does not know.
    """
    with store.transaction():
        erased = _erase_again(store, now)
    if erased:
        store.engine.scrub()
    return erased


def _erase_again(store: Store, now: datetime) -> int:
    if not store.tombstones.adopt(now) or not store.tombstones.has_key:
        return 0
    everybody = list(store.erasures.everybody())
    by_stone = [
        (Stone(AUTHOR, source, author), Stone(ITEM, source, native_id), number)
        for number, source, author, native_id in everybody
    ]
    out = store.tombstones.kept_out(list({stone for author, item, _ in by_stone for stone in (author, item)}))
    people = {author for author, _, _ in by_stone if author in out and author.value}
    erased = 0
    for author in sorted(people):
        found = find(store, author.value, [author.source])
        _take_away(store, found, now)
        erased += len(found.hers) + len(found.others)
    left = [number for author, item, number in by_stone if item in out and author not in people]
    loose = [one for one in store.erasures.with_words(left) if one.text or one.title or one.url]
    if loose:
        _take_away(store, _found(store, "", (), loose), now)
    if erased or loose:
        store.lessons.read_anew()
        store.lessons.begin_empty()
        store.us.read_anew()
    return erased + len(loose)


def _found(store: Store, author: str, sources: tuple[str, ...], hers: Sequence[Words]) -> Found:
    own = {one.id for one in hers}
    bare = Found(author, sources, tuple(hers), (), ())
    others = _others(store, bare.traces, author, hers, own)
    return Found(author, sources, tuple(hers), tuple(others), tuple(sorted(store.erasures.led_by(sorted(own)))))


def _others(store: Store, traces: Traces, author: str, hers: Sequence[Words], own: set[int]) -> list[Words]:
    """Copies and quotations by others: those of the same cases, and those that the search finds."""
    numbers = set(store.erasures.in_cases(sorted({one.case_id for one in hers if one.case_id is not None})))
    for one in hers:
        words = normalise(one.text).split()
        if len(words) >= RUN:
            numbers.update(store.erasures.matching(words[:RUN], _MOST_COPIES))
    if handle := normalise(author.removeprefix("@")):
        numbers.update(store.erasures.matching([handle], _MOST_COPIES))
    candidates = store.erasures.with_words(sorted(numbers - own))
    return [one for one in candidates if traces.are_in(f"{one.text}\n{one.title}\n{one.url}\n{one.extra}")]


def _take_away(store: Store, found: Found, now: datetime) -> None:
    traces = found.traces
    for one in (*found.hers, *found.others):
        store.us.text_changed(one.id)
        store.erasures.give_reasons(one.id, _without(one.reasons, traces))
    store.us.begin_anew()
    store.erasures.blank([one.id for one in found.hers], ERASED, now, is_hers=True)
    store.erasures.blank([one.id for one in found.others], ERASED, now)
    store.mentions.clean_index()
    if found.author:
        store.erasures.forget_mover(found.author)
    for number in found.all_cases:
        if (case := store.cases.get(number)) is not None:
            store.cases.give_reasons(number, _without(case.reasons, traces))
    for number in found.cases:
        store.erasures.forget_story(number)
        for draft in store.drafts.of_case(number):
            store.erasures.blank_draft(draft.id, SAID, now)
    _take_from_places(store, found, traces, now)
    _redraw(store, found, now)


def _without(reasons: Iterable[str], traces: Traces) -> tuple[str, ...]:
    """The reasons that repeat nothing of hers; that there were others is said."""
    told = tuple(reasons)
    kept = tuple(one for one in told if not quotes(one) and not traces.are_in(one))
    return kept if len(kept) == len(told) else (SAID, *kept)


# Beside the mentions


def _take_from_places(store: Store, found: Found, traces: Traces, now: datetime) -> None:
    """Diaries, messages, forms half filled in, buttons of old messages, what could not be read, and the like."""
    lines = list(store.erasures.places())
    with store.erasures.open_diaries():
        for place in lines:
            if place.table == "case_events":
                _take_from_line(store, found, traces, place)
    for place in lines:
        if place.table == "deliveries":
            _take_from_notice(store, found, traces, place, now)
        elif place.table == "drafts" and traces.are_in(place.text):
            store.erasures.blank_draft(int(place.key), SAID, now)
        elif place.table == "local_messages" and traces.are_in(place.text):
            store.erasures.rewrite(place, _EMPTY_MESSAGE)
        elif (place.table == "kept" and _is_of(place, found)) or (
            place.table != "case_events" and traces.are_in(place.text)
        ):
            store.erasures.drop(place)


def _take_from_line(store: Store, found: Found, traces: Traces, place: Place) -> None:
    """On a case that was hers every word that people wrote goes: it was about her."""
    case_id, _, detail = store.erasures.line(place.key)
    is_hers = case_id in found.cases
    kept = {
        key: SAID if value and ((is_hers and key in _FREE) or traces.are_in(value)) else value
        for key, value in detail.items()
    }
    if kept != detail:
        store.erasures.reword(place.key, kept)


def _take_from_notice(store: Store, found: Found, traces: Traces, place: Place, now: datetime) -> None:
    told = json.loads(place.text)
    if traces.are_in(place.text) or told.get("case") in found.cases:
        body = json.dumps({"words": _SHOWN, "ping": "", "case": told.get("case")})
        store.erasures.rewrite(place, body)
        store.deliveries.redraw(store.erasures.subject(place.key), now, now, body)


def _is_of(place: Place, found: Found) -> bool:
    """Whether a form half filled in is about a case of hers."""
    return str(place.key).rpartition("\x1f")[2] in {str(number) for number in found.cases}


def _redraw(store: Store, found: Found, now: datetime) -> None:
    """Every message that may show her words."""
    subjects = [f"case:{number}" for number in found.all_cases]
    for number in found.all_cases:
        subjects += [f"draft:{draft.id}" for draft in store.drafts.of_case(number)]
        subjects += [f"digest:{digest.id}" for digest in store.digests.of_case(number)]
    moments = {one.seen_at for one in (*found.hers, *found.others)}
    briefings = {one for moment in moments for one in store.schedules.covering(moment)}
    subjects += [f"briefing:{number}:{day.isoformat()}" for number, day in sorted(briefings)]
    subjects += [f"storm:{number}" for number in store.erasures.storms_at(sorted(moments))]
    for subject in dict.fromkeys(subjects):
        store.deliveries.redraw(subject, now, now)


def _values(extra: str) -> list[str]:
    return [str(value) for value in json.loads(extra).values()] if extra else []


def _known(store: Store, one: Words) -> Known:
    """As `unlearn` wants it."""
    known = store.mentions.known_as(one.id)
    if known is None:
        raise LookupError(one.id)
    return known
