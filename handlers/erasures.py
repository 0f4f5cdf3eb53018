"""Two admins erase a person: one asks, another agrees within a day. What each of them is told."""

import unicodedata
from datetime import timedelta

from handlers import alarms, cases, erasing
from handlers.cards import Button
from handlers.cases import notice_body
from handlers.context import Context
from handlers.erasing import Found
from handlers.rules.policy import Member
from handlers.rules.roles import may
from handlers.rules.text import clean, shown
from storage.erasures import Erasure
from storage.errors import Conflict, InvalidInput, NotAllowed, NotFound
from storage.tombstones import AUTHOR, Stone

EFFECT = "erased"  # of a reply: nothing of what was taken away may stay in a file
LASTS = timedelta(hours=24)


def ask(ctx: Context, who: Member, typed: str) -> tuple[int, Found]:
    """A request, and what it would take away. Raises InvalidInput, NotFound, and Conflict where nobody could agree."""
    author, sources = _named(ctx, typed)
    found = erasing.find(ctx.store, author, sources)
    second(ctx, who)
    for one in all_waiting(ctx):
        if one.author == author and one.sources == sources:
            return one.id, found
    number = ctx.store.erasures.ask(author, sources, who.name, who.accounts, ctx.now)
    _tell(ctx, who, number)
    return number, found


def confirm(ctx: Context, who: Member, number: int) -> str:
    """Erase her; what became of it, in words. Raises NotAllowed for whoever asked, over all her accounts."""
    asked, found = waiting(ctx, number)
    _refuse_same_person(ctx, who, asked)
    mentions = erasing.erase(ctx, found)
    ctx.store.erasures.done(number, who.name, mentions, len(found.cases), ctx.now)
    _tell_end(ctx, number, f"A person was erased: {ctx.policy.label(asked.asked_by)} asked for it, {who.label} agreed.")
    return (
        f"Erased: {'; '.join(in_words(found))}. Cards are drawn anew now, and a new backup has nothing of it."
        " Older backups still do, until they are deleted: they lie in the folder of the database, and wherever you"
        " copied them. Restored, they are erased again. What she says from now on is not stored;"
        " `erase lift` with her handle ends that."
    )


def cancel(ctx: Context, who: Member, number: int) -> None:
    """Take a request back: nothing was erased."""
    waiting(ctx, number)
    ctx.store.erasures.end(number, ctx.now)
    _tell_end(ctx, number, f"{who.label} took back a request to erase a person. Nothing was erased.")


def end_old(ctx: Context) -> int:
    """End the requests that nobody agreed to in time; how many."""
    ended = ctx.store.erasures.forget_before(ctx.now - LASTS, ctx.now)
    for number in ended:
        _tell_end(ctx, number, "Nobody agreed within 24 hours to erase a person. Nothing was erased.")
    return len(ended)


def lift(ctx: Context, typed: str) -> bool:
    """Whether somebody was kept out, who is not any more."""
    name, only = _read(typed)
    erasing.refuse_without_key(ctx.store)
    sources = [only] if only else [state.name for state in ctx.store.sources.all()]
    stones = [Stone(AUTHOR, source, form) for source in sources for form in _forms(name)]
    return sum(ctx.store.tombstones.lift(stone) for stone in stones) > 0


def may_agree(ctx: Context, who: Member, asked: Erasure) -> bool:
    """Whether she is certainly another person than whoever asked."""
    try:
        _refuse_same_person(ctx, who, asked)
    except (NotAllowed, Conflict):
        return False
    return True


def waiting(ctx: Context, number: int) -> tuple[Erasure, Found]:
    """A request that nobody has agreed to yet, and what it would take away now."""
    asked = ctx.store.erasures.get(number)
    if asked is None:
        raise NotFound(f"There is no request {number}.", "`erase` lists those that wait.")
    if asked.done_at is not None:
        raise Conflict(f"Request {number} is done already.", "Nothing was changed.")
    if asked.ended_at is not None or asked.asked_at <= ctx.now - LASTS:
        raise Conflict(f"Request {number} has ended.", "Ask for it anew: `erase @handle`.")
    return asked, erasing.find(ctx.store, asked.author, asked.sources)


def all_waiting(ctx: Context) -> list[Erasure]:
    return ctx.store.erasures.waiting(ctx.now - LASTS)


def second(ctx: Context, who: Member) -> str:
    """Who else may agree, in words. Raises Conflict when there is nobody."""
    others = [one.label for one in ctx.policy.members if may(one, "erase") and not one.may_be(who)]
    if not others:
        raise Conflict("Erasing needs two admins, and you are the only one.", "Make somebody else an admin for it.")
    return " or ".join(others)


def in_words(found: Found) -> list[str]:
    """What goes, counted."""
    told = [_several(len(found.hers), "mention of hers", "mentions of hers") + f" on {', '.join(found.sources)}"]
    if found.others:
        told.append(
            _several(
                len(found.others),
                "mention by others that repeats or names her",
                "mentions by others that repeat or name her",
            )
        )
    if found.cases:
        told.append(
            f"the words of {_several(len(found.cases), 'case', 'cases')}, with drafts and notes"
            f" ({', '.join(f'#{one}' for one in found.cases[:5])}{', …' if len(found.cases) > 5 else ''})"
        )
    return [*told, "notes and drafts elsewhere that quote her"]


def _several(count: int, one: str, more: str) -> str:
    return f"{count:,} {one if count == 1 else more}"


def _named(ctx: Context, typed: str) -> tuple[str, tuple[str, ...]]:
    """Whom, as stored, and on which sources she is known."""
    name, only = _read(typed)
    if only and only not in {state.name for state in ctx.store.sources.all()}:
        raise NotFound(f"There is no source {shown(only, 40).words}.", "`status` lists them.")
    if (number := name.removeprefix("#")).isdecimal() and not typed.strip().startswith(("@", "\uff20")):
        name = cases.author(ctx, int(number[:9])).casefold()
    for author in _forms(name):
        known = ctx.store.erasures.sources_of(author)
        if only:
            known = {source: count for source, count in known.items() if source == only}
        if known:
            return author, tuple(sorted(known))
    where = f" on {shown(only, 40).words}" if only else ""
    raise NotFound(
        f"We know of nothing that @{shown(name, 60).words} wrote about us{where}.",
        "A card may show her name in the place of her handle: `erase 142` is whoever wrote case 142.",
    )


def _read(typed: str) -> tuple[str, str]:
    before, _, source = typed.strip().partition("source:")
    name = clean(before, 100).strip().removeprefix("@").removeprefix("\uff20").casefold()
    if not name:
        raise InvalidInput(
            "This needs a handle or a case.", "For example: `erase @jo_doe`, or `erase 142` for its author."
        )
    return name, source.strip()


def _forms(name: str) -> list[str]:
    """How a handle may be stored; a keyboard of another script types wide letters."""
    narrow = unicodedata.normalize("NFKC", name).casefold()
    return list(dict.fromkeys((name, f"@{name}", narrow, f"@{narrow}")))


def _refuse_same_person(ctx: Context, who: Member, asked: Erasure) -> None:
    if who.is_called(asked.asked_by) or not set(asked.asked_accounts).isdisjoint(who.accounts):
        raise NotAllowed("You asked for it, so another admin must agree.", f"Ask {second(ctx, who)}.")
    asker = ctx.policy.member(asked.asked_by)
    if asker is None:
        raise Conflict(f"{asked.asked_by}, who asked for it, is not known as a member now.", "Ask for it anew.")
    if asker.may_be(who):
        raise NotAllowed(
            f"Nobody can tell whether {asker.label} and you are two people.",
            "Have an admin write both into earshot.toml.",
        )


def _tell(ctx: Context, who: Member, number: int) -> None:
    """The admins, where alarms are told. It names nobody: messages may be read by others."""
    words = f"{who.label} asks to erase a person. Another admin has to agree within 24 hours: `erase confirm {number}`."
    look = Button("Look at it", "erase", values=(("words", f"show {number}"),))
    alarms.announce(ctx, _subject(number), notice_body(words, "", None, buttons=(look,)))


def _tell_end(ctx: Context, number: int, words: str) -> None:
    """In the place of the message that asked for a second admin."""
    ctx.store.deliveries.redraw(_subject(number), ctx.now, ctx.now, notice_body(words, "", None))


def _subject(number: int) -> str:
    return f"notice:erase:{number}"
