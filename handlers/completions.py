"""What a chat may offer while an argument is typed: cases, members, and the words that a command knows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from handlers import picking
from handlers.context import Context
from handlers.offers import OFFERS, Asked, Slot
from handlers.requests import COMMANDS, Argument, Request
from handlers.rules.policy import Member
from handlers.rules.roles import may
from handlers.rules.text import clean, shown

MOST = 25  # choices; Discord shows no more
_LONGEST = 100  # characters of a label, and of a value
_LONGEST_TYPED = 200  # characters that are looked at


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that can be chosen: what is shown, and what is given to the command."""

    label: str  # at most 100 characters, on one line, nothing hidden in it
    value: str


def complete(ctx: Context, request: Request, argument: str, typed: str) -> Sequence[Choice]:
    """What fits to what is typed, the likeliest first, at most `MOST`. Nothing to somebody who may not do the verb."""
    found = COMMANDS.get(request.verb)
    kind = next((one.kind for one in found.arguments if one.name == argument), "") if found else ""
    if not kind or request.member is None or not may(request.member, request.verb):
        return ()
    typed = clean(typed, _LONGEST_TYPED)
    if kind == "case":
        return _cases(ctx, request.member, request.verb, typed)
    if kind == "member":
        return _members(ctx, request, typed.strip())
    offers = OFFERS.get((request.verb, argument))
    return _lines(offers(Asked(ctx, request.member, request.chat, typed)), typed) if offers else ()


def has_offers(verb: str, argument: Argument) -> bool:
    """Whether there is ever anything to offer for it."""
    return argument.kind in ("case", "member") or (verb, argument.name) in OFFERS


def _cases(ctx: Context, who: Member, verb: str, typed: str) -> list[Choice]:
    found = picking.likely(ctx, who, verb, typed, MOST)
    return [Choice(picking.label(ctx, case, verb), str(case.id)) for case in found]


# Members


def _members(ctx: Context, request: Request, typed: str) -> list[Choice]:
    """Those whose name or title begins so, then those in which a word does; the asker herself last of all."""
    if typed.startswith("<@") and typed.endswith(">"):
        member = ctx.policy.member_on(request.chat, typed.strip("<@!>").partition("|")[0])
        return [_choice_of(member)] if member else []
    wanted = typed.removeprefix("@").casefold()
    ranked = []
    for member in ctx.policy.members:
        is_possible = may(member, "claim") if request.verb == "assign" else bool(member.roles)
        place = _place(wanted, member)
        if is_possible and place is not None:
            ranked.append((place, member == request.member, member))
    return [_choice_of(member) for *_, member in sorted(ranked, key=lambda one: one[:2])][:MOST]


def _place(wanted: str, member: Member) -> int | None:
    """How well it fits, 0 best; None for not at all."""
    names = (member.name.casefold(), member.label.casefold())
    if any(name.startswith(wanted) for name in names):
        return 0
    return 1 if any(f" {wanted}" in name.replace(".", " ").replace("-", " ") for name in names) else None


def _choice_of(member: Member) -> Choice:
    is_same = member.label.casefold() == member.name.casefold()
    return _choice(member.label if is_same else f"{member.label} (@{member.name})", member.name)


# Words


def _lines(slots: Sequence[Slot], typed: str) -> list[Choice]:
    """Lines that go on from what is typed: the word that is half typed made whole, or another one after it."""
    words = typed.split()
    found: dict[str, Choice] = {}
    for at in range(len(words) + 1):
        done, half = words[:at], " ".join(words[at:])
        if half and typed[-1:].isspace():
            half += " "
        for slot in _left(slots, done):
            for offer in slot.offers:
                if offer.word.casefold().startswith(half.casefold()) or (at == 0 and offer.is_as_typed):
                    line = " ".join((*done, offer.word))
                    found.setdefault(line, _choice(f"{line} · {offer.told}" if offer.told else line, line))
    return [choice for choice in found.values() if len(choice.value) <= _LONGEST][:MOST]


def _left(slots: Sequence[Slot], done: Sequence[str]) -> Iterator[Slot]:
    """The slots that these words leave open; none when one of them is only half a word."""
    left, rest = list(slots), list(done)
    while rest:
        slot, count = _taken(left, rest)
        if slot is None:
            return
        left.remove(slot)
        del rest[:count]
    yield from left


def _taken(slots: Sequence[Slot], rest: Sequence[str]) -> tuple[Slot | None, int]:
    """The slot that the next words fill, and how many words that takes."""
    known = [
        (len(offer.word.split()), slot)
        for slot in slots
        for offer in slot.offers
        if [word.casefold() for word in rest[: len(offer.word.split())]] == offer.word.casefold().split()
    ]
    if known:
        count, slot = max(known, key=lambda one: one[0])
        return slot, count
    is_half = any(offer.word.casefold().startswith(rest[0].casefold()) for slot in slots for offer in slot.offers)
    return (None if is_half else next((slot for slot in slots if slot.takes_any), None)), 1


def _choice(label: str, value: str) -> Choice:
    """A label may hold names from outside: one line, nothing hidden, cut to fit."""
    line = " ".join(shown(label, 2 * _LONGEST).words.split())
    return Choice(line if len(line) <= _LONGEST else f"{shown(line, _LONGEST - 1).words}…", value)
