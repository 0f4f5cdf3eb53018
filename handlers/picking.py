"""Which case is meant while its number or words of it are typed: those that fit the verb, the likeliest first."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from handlers.context import Context
from handlers.drawings import author_of, status_in_words
from handlers.rules.lifecycle import EVER, TRANSITIONS
from handlers.rules.policy import Member
from handlers.rules.text import normalise, shown
from storage.types import Case, DraftState, Mention, Status

_LOOKED_AT = 100  # cases at the head of a list, when words are typed
_LONGEST = 100  # characters of a label
_AS = {"priority": "correct"}  # verbs that the table of the lifecycle calls otherwise
_NAME = 30  # characters of an author


@dataclass(frozen=True, slots=True)
class _Wish:
    """A verb's idea of a likely case. `is_all`: no other case fits it."""

    heads: Callable[[Context, Member, int], Iterable[Case]]
    fits: Callable[[Context, Member, Case], bool] = lambda ctx, who, case: True  # noqa: ARG005
    is_all: bool = False


def likely(ctx: Context, who: Member, verb: str, typed: str, limit: int) -> list[Case]:
    """Cases for a verb. A number that is typed whole is found in whatever state it is."""
    wish, words = _WISHES.get(verb, _ANY), typed.strip()
    number = words.removeprefix("#")
    if number.isdecimal():
        found = ctx.store.finding.numbered(int(number[:9]), _LOOKED_AT)
        kept = [case for case in found if case.id == int(number[:9]) or _fits(ctx, who, verb, wish, case)]
        return kept[:limit]
    heads = [case for case in wish.heads(ctx, who, _LOOKED_AT if words else limit) if _fits(ctx, who, verb, wish, case)]
    if not words:
        return list(_once(heads))[:limit]
    found = [case for case in heads if _tells(ctx, case, words)]
    if not wish.is_all and len(found) < limit:
        found += [case for case in _elsewhere(ctx, words, limit) if _fits(ctx, who, verb, wish, case)]
    return list(_once(found))[:limit]


def label(ctx: Context, case: Case, verb: str) -> str:
    """#142 urgent · Author: Delayed flight…; where the verb is not possible, how it stands in place of its words."""
    mention = ctx.store.mentions.get(case.mention_id)
    author = _line(author_of(mention), _NAME) if mention else "somebody"
    gist = _line(mention.title or mention.text, _LONGEST) if mention else ""
    if case.status not in _allowed(verb):
        gist = status_in_words(ctx, case)
    return _line(f"#{case.id} {case.priority.word} · {author}" + (f": {gist}" if gist else ""), _LONGEST)


def _line(words: str, limit: int) -> str:
    """A foreign text on one line, nothing hidden in it; what is left out is marked."""
    seen = shown(words, 2 * limit)
    line = " ".join(seen.words.split())
    if len(line) <= limit and not seen.is_cut:
        return line
    return f"{shown(line, limit - 1).words}…"


def _fits(ctx: Context, who: Member, verb: str, wish: _Wish, case: Case) -> bool:
    return case.status in _allowed(verb) and wish.fits(ctx, who, case)


def _allowed(verb: str) -> tuple[Status, ...]:
    transition = TRANSITIONS.get(_AS.get(verb, verb))
    return transition.allowed if transition is not None else EVER


def _once(cases: Iterable[Case]) -> Iterator[Case]:
    seen: set[int] = set()
    for case in cases:
        if case.id not in seen:
            seen.add(case.id)
            yield case


def _tells(ctx: Context, case: Case, typed: str) -> bool:
    """Whether each typed word begins a word of its author, title, text or brand."""
    mention = ctx.store.mentions.get(case.mention_id)
    told = f" {normalise(_told(case, mention))}"
    return all(f" {word}" in told for word in normalise(typed).removeprefix("@").split())


def _told(case: Case, mention: Mention | None) -> str:
    if mention is None:
        return case.brand
    return f"{case.brand} {mention.author} {mention.author_name} {mention.title} {mention.text}"


def _elsewhere(ctx: Context, typed: str, limit: int) -> Iterator[Case]:
    words = typed.split()
    if len(words) == 1:
        yield from ctx.store.finding.written_by(words[0].removeprefix("@").casefold(), limit)
    yield from ctx.store.finding.said(words, limit)


# What is likely


def _open(ctx: Context, who: Member, limit: int) -> list[Case]:
    return ctx.store.cases.best("open", member=who.name, now=ctx.now, limit=limit)


def _unclaimed(ctx: Context, who: Member, limit: int) -> list[Case]:
    return ctx.store.cases.best("unclaimed", member=who.name, now=ctx.now, limit=limit)


def _hers(ctx: Context, who: Member, limit: int) -> list[Case]:
    return ctx.store.cases.best("mine", member=who.name, now=ctx.now, limit=limit)


def _hers_first(ctx: Context, who: Member, limit: int) -> list[Case]:
    return [*_hers(ctx, who, limit), *_open(ctx, who, limit)]


def _unclaimed_first(ctx: Context, who: Member, limit: int) -> list[Case]:
    return [*_unclaimed(ctx, who, limit), *_open(ctx, who, limit)]


def _resolved(ctx: Context, who: Member, limit: int) -> list[Case]:  # noqa: ARG001 - one of a table
    return ctx.store.finding.resolved(limit)


def _drafted(*states: DraftState, is_anothers: bool = False) -> Callable[[Context, Member, int], list[Case]]:
    """Cases whose reply is so, hers first. `is_anothers`: but not those that she may not decide about."""

    def heads(ctx: Context, who: Member, limit: int) -> list[Case]:
        found = ctx.store.finding.drafted(states, limit)
        hidden = is_anothers and ctx.policy.four_eyes
        kept = [case for case, author in found if not (hidden and author == who.name)]
        return sorted(kept, key=lambda case: (case.assignee != who.name, -case.priority))

    return heads


def _is_hers(ctx: Context, who: Member, case: Case) -> bool:  # noqa: ARG001 - one of a table
    return case.assignee == who.name


def _is_not_escalated(ctx: Context, who: Member, case: Case) -> bool:  # noqa: ARG001 - one of a table
    return case.escalated_at is None


_APPROVED = (DraftState.APPROVED, DraftState.DOUBTFUL)
_ANY = _Wish(_hers_first)
_WISHES = {
    "claim": _Wish(_unclaimed),
    "assign": _Wish(_unclaimed_first),
    "approve": _Wish(_drafted(DraftState.PROPOSED, is_anothers=True), is_all=True),
    "reject": _Wish(_drafted(DraftState.PROPOSED, DraftState.APPROVED), is_all=True),
    "send": _Wish(_drafted(*_APPROVED, DraftState.SENDING), is_all=True),
    "sent": _Wish(_drafted(*_APPROVED, DraftState.SENDING), is_all=True),
    "still": _Wish(_hers, _is_hers, is_all=True),
    "escalate": _Wish(_open, _is_not_escalated),
    "reopen": _Wish(_resolved),
}
