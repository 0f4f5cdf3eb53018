import difflib
import itertools
from datetime import timedelta

from handlers import cases
from handlers.cards import Button, Row, Screen
from handlers.context import Context
from handlers.drawings import author_of
from handlers.requests import Carried, Reply, Words, command
from handlers.rules.muting import KINDS, covers, known_values
from handlers.rules.policy import Member
from handlers.rules.roles import may, names_of, who_may
from handlers.rules.text import normalise, shown
from handlers.rules.when import clock, duration, length
from storage.errors import Conflict, InvalidInput, NotAllowed, NotFound
from storage.types import Mention, Mute, RawMention

PARTS = ("list", "add", "remove")
SPANS = ("24h", "7d", "30d", "90d")  # what is offered; any length of time is taken
_HOW = 'For example: `mute add author:@spammer 7d`, `mute add words:"free iphone" 24h`, `mute list`, `mute remove 3`.'
DAY = timedelta(hours=24)
_LONGEST = timedelta(days=90)
_LONGEST_VALUE = 500  # characters
_LOOKED_BACK = timedelta(days=7)
_MOST = 20_000  # mentions looked at for the preview, newest first


@command(button="Mute author…", example="mute add author:@spammer 7d", typed="list, add author:@x 7d, or remove 3")
def mute(
    ctx: Context,
    who: Member,
    words: Words | None = None,
    sure: Carried | None = None,
    case: Carried | None = None,
    own: Carried | None = None,
) -> Reply:
    """Silence an author, source, query or words for a time, after a look at what it would have hidden.

    Muted mentions are stored and counted, but open no case. `mute add author:@x 7d`, `mute add source:blog 24h`,
    `mute add query:names 24h`, `mute add words:"free iphone" 7d`. Over 24 hours is for a manager or an admin.
    """
    act, _, rest = (words or "list").strip().partition(" ")
    if act == "list":
        return _list(ctx)
    if act in ("add", "remove") and not may(who, "change mutes"):
        raise NotAllowed(f"Muting is for {who_may('change mutes')}.", f"Ask {names_of(ctx.policy, 'change mutes')}.")
    if case and case.isdecimal() and rest.strip() == "author":  # of a card, by a reaction
        rest = f"author:#{case}"
        return _take_back(ctx, who, rest) if own else _add_once(ctx, who, rest)
    if act == "remove":
        return _remove(ctx, rest)
    if act == "add":
        return _add(ctx, who, rest.strip(), is_sure=sure == "yes")
    close = difflib.get_close_matches(act, PARTS, n=1)
    raise InvalidInput(f'"{act[:40]}" is not a part of mute.', f"Did you mean `mute {close[0]}`?" if close else _HOW)


def _list(ctx: Context, told: str = "") -> Reply:
    rows = tuple(_row(ctx, item) for item in ctx.store.mutes.active(ctx.now))
    now_true = "" if rows else "Nothing is muted." if told else f"Nothing is muted. {_HOW}"
    return Reply(screen=Screen("Muted", f"{told} {now_true}".strip(), rows), can_share=True)


def _row(ctx: Context, item: Mute) -> Row:
    until = f"until {clock(item.until, ctx.now, ctx.zone)} by {ctx.policy.label(item.created_by)}"
    button = Button("Remove", "mute", values=(("words", f"remove {item.id}"),))
    return Row(
        f"{item.id}. {item.what} {shown(item.value, 100).words}",
        None,
        (until, f"{item.hidden} hidden so far"),
        (button,),
    )


def _remove(ctx: Context, rest: str) -> Reply:
    number = rest.strip().removeprefix("#")
    if not number:
        raise InvalidInput("Say which mute to remove.", "`mute list` shows them with their numbers.")
    if not number.isdecimal() or not ctx.store.mutes.remove(int(number[:9]), ctx.now):
        raise NotFound(f"There is no mute {rest.strip()[:20]}.", "`mute list` shows them with their numbers.")
    return _list(ctx, f"Mute {number} is removed.")


def _add(ctx: Context, who: Member, rest: str, *, is_sure: bool) -> Reply:
    what, value, span = _read(ctx, rest)
    if span > _LONGEST:
        raise InvalidInput("A mute lasts at most 90 days.", "It can be renewed.")
    if span > DAY and not may(who, "mute for long"):
        raise NotAllowed("You can mute for up to 24 hours.", f"Longer is for {who_may('mute for long')}.")
    until = ctx.now + span
    if not is_sure:
        return _preview(ctx, what, value, span, rest)
    made = ctx.store.mutes.add(what, value, "", until, who.name, ctx.now)
    told = f"{what.capitalize()} {shown(value, 100).words} is muted until {clock(until, ctx.now, ctx.zone)}."
    return _list(ctx, f"{told} `mute remove {made.id}` takes it back.")


def _add_once(ctx: Context, who: Member, rest: str) -> Reply:
    _, author, _ = _read(ctx, rest)
    for item in ctx.store.mutes.active(ctx.now):
        if item.what == "author" and item.value.casefold() == author.casefold():
            until = clock(item.until, ctx.now, ctx.zone)
            raise Conflict(f"Author {shown(author, 100).words} is muted until {until} already.", "Nothing was changed.")
    return _add(ctx, who, rest, is_sure=True)


def _take_back(ctx: Context, who: Member, rest: str) -> Reply:
    """End what her reaction began. A mute that she made by hand for another time stays."""
    _, author, _ = _read(ctx, rest)
    for item in reversed(ctx.store.mutes.active(ctx.now)):
        is_it = item.what == "author" and item.value.casefold() == author.casefold()
        if is_it and item.created_by == who.name and item.until - item.created_at == DAY:
            return _remove(ctx, str(item.id))
    raise NotFound(f"You have no mute for {shown(author, 100).words} to take back.", "`mute list` shows them all.")


def _read(ctx: Context, rest: str) -> tuple[str, str, timedelta]:
    what, colon, tail = rest.partition(":")
    what = what.strip().lower()
    if not colon or what not in KINDS:
        close = difflib.get_close_matches(what, KINDS, n=1)
        raise InvalidInput(
            f'"{rest[:40]}" is not something to mute.', (f"Did you mean {close[0]}:? " if close else "") + _HOW
        )
    value, span = _value_and_span(tail.strip())
    if what == "author":
        value = _author(ctx, value)
    if not value or (what == "words" and not normalise(value)):
        raise InvalidInput(f"Say which {what} to mute.", _HOW)
    if len(value) > _LONGEST_VALUE:
        raise InvalidInput(f"That is {len(value):,} characters; {_LONGEST_VALUE} are enough to mute by.", _HOW)
    known = known_values(ctx.policy, what) if what in ("source", "query") else [value]
    if value not in known:
        close = difflib.get_close_matches(value, known, n=1)
        raise InvalidInput(
            f'There is no {what} "{value[:40]}".',
            f"Did you mean {close[0]}?" if close else f"Known: {', '.join(known)}.",
        )
    return what, value, span


def _author(ctx: Context, value: str) -> str:
    """A handle, or who wrote the mention of a case (#142): buttons name the case, never a customer's own words."""
    number = value.removeprefix("#")
    if number == value or not number.isdecimal():
        return value.removeprefix("@")
    return cases.author(ctx, int(number[:9]))


def _value_and_span(tail: str) -> tuple[str, timedelta]:
    if tail[:1] in ('"', "“"):
        value, _, rest = tail[1:].replace("”", '"').partition('"')
        return value.strip(), duration(rest) if rest.strip() else DAY
    value, _, last = tail.rpartition(" ")
    if value:
        try:
            return value.strip(), duration(last)
        except InvalidInput:
            pass
    return tail, DAY


def _preview(ctx: Context, what: str, value: str, span: timedelta, rest: str) -> Reply:
    trial = Mute(0, what, value, "", ctx.now + span, "", ctx.now, 0)
    newest = itertools.islice(ctx.store.mentions.recent(ctx.now - _LOOKED_BACK), _MOST)
    hidden = [mention for mention in newest if _covers(trial, mention)]
    with_case = sum(1 for mention in hidden if mention.case_id)
    samples = tuple(
        Row(f"{author_of(mention)} · {mention.source}", shown(mention.text, 140), ()) for mention in hidden[:3]
    )
    count = f"{len(hidden)} mention{'' if len(hidden) == 1 else 's'}"
    cases_too = f", {with_case} of them with a case" if with_case else ""
    intro = f"In the last 7 days it would have hidden {count if hidden else 'nothing'}{cases_too}."
    values = (("words", f"add {rest}"), ("sure", "yes"))
    confirm = Button(f"Mute for {length(span)}", "mute", values=values, style="primary")
    return Reply(
        screen=Screen(f"Mute {what} {shown(value, 100).words}?", intro, samples, "Nothing is muted yet.", (confirm,))
    )


def _covers(trial: Mute, mention: Mention) -> bool:
    raw = RawMention(native_id="", text=mention.text, title=mention.title, author=mention.author)
    return covers(trial, raw, mention.source, (mention.brand, mention.query))
