import difflib
import re
from dataclasses import replace
from datetime import time

from handlers import briefings, schedules
from handlers.cards import Button, Row, Screen
from handlers.context import Context
from handlers.forms import Field, Form
from handlers.links import place as chat_name
from handlers.requests import Carried, Reply, Words, command
from handlers.rules.policy import Member
from handlers.rules.roles import may, names_of, who_may
from handlers.rules.slots import EVERY
from handlers.rules.wishes import HOW, WEEKDAYS, Wish, read_fields, read_wish
from storage.errors import Conflict, InvalidInput, NotAllowed, NotFound
from storage.schedules import Schedule

PARTS = ("list", "now", "add", "remove")
AT = time(8, 30)  # when nobody says
_PLACE = re.compile(r"(?:([a-z]+):)?(#[\w.-]{1,80}|@[^\s:#@<>]{1,80})", re.IGNORECASE)
_SLACK_ID = re.compile(r"#[CG][A-Z0-9]{7,20}")
_CHANGE = "change briefings"


@command(
    example="briefing add daily 08:30 #leadership Europe/Berlin",
    typed="list, now, add daily 08:30 #leadership, or remove 2",
)
def briefing(
    ctx: Context,
    who: Member,
    words: Words | None = None,
    part: Carried | None = None,
    every: Carried | None = None,
    on: Carried | None = None,
    at: Carried | None = None,
    place: Carried | None = None,
    zone: Carried | None = None,
    language: Carried | None = None,
    brand: Carried | None = None,
) -> Reply:
    """Who gets a briefing when; a look at one now; more of them or fewer.

    Daily, working days, weekly, monthly, quarterly, annual. `briefing add weekly friday 16:00 me`,
    `briefing add monthly on 31 09:00 #board de brand:Acme`, `briefing now`, `briefing now 2`, `briefing remove 2`.
    For a channel that is up to a manager or an admin; for yourself it is up to you.
    """
    brands = [one.name for one in ctx.policy.brands]
    if every is not None:
        told = {"every": every, "on": on, "at": at, "place": place, "zone": zone, "language": language, "brand": brand}
        return _add(ctx, who, read_fields({name: value or "" for name, value in told.items()}, brands))
    act, _, rest = (words or part or "list").strip().partition(" ")
    act, rest = act.lower(), rest.strip()
    if act == "list" and not rest:
        return _list(ctx, who)
    if act == "now":
        return _now(ctx, who, rest)
    if act == "add":
        wish = read_wish(rest, brands)
        return _add(ctx, who, wish) if rest and _place_of(ctx, who, wish.place) else Reply(form=_form(ctx, who, wish))
    if act == "remove":
        return _remove(ctx, who, rest)
    close = difflib.get_close_matches(act, PARTS, n=1)
    guess = f"Did you mean `briefing {close[0]}`?" if close else f"`briefing list` shows them. {HOW}"
    raise InvalidInput(f'"{act[:40]}" is not a part of briefing.', guess)


def _list(ctx: Context, who: Member, told: str = "") -> Reply:
    rows = tuple(_row(ctx, who, one) for one in ctx.store.schedules.all())
    nothing = "" if rows else f"Nobody gets a briefing {'now' if told else 'yet'}. {HOW}"
    buttons = (Button("Add…", "briefing", values=(("part", "add"),)), _button("See one now", "now"))
    return Reply(screen=Screen("Briefings", f"{told} {nothing}".strip(), rows, buttons=buttons), can_share=True)


def _row(ctx: Context, who: Member, schedule: Schedule) -> Row:
    comes = schedules.next_at(ctx, schedule)
    paused = next(
        (f"{schedule.channel} is paused: {one.why}" for one in ctx.store.pauses.all()
         if (one.chat, one.channel) == (schedule.chat, schedule.channel)), ""
    )  # fmt: skip
    facts = (
        f"next on {schedules.when_in_words(comes, schedule, ctx.now)}" if comes else schedules.why_not(ctx, schedule),
        paused,
        schedule.brand,
        f"numbers in {schedule.language}" if schedule.language else "",
        f"added by {ctx.policy.label(schedule.created_by)}",
    )
    remove = (_button("Remove", f"remove {schedule.id}"),) if may_change(who, schedule) else ()
    buttons = (_button("See it now", f"now {schedule.id}"), *remove)
    heading = f"{schedule.id}. {_to(schedule)}: {schedules.in_words(schedule)}"
    return Row(heading, None, tuple(fact for fact in facts if fact), buttons)


def _now(ctx: Context, who: Member, rest: str) -> Reply:
    """What one would say that came now; nothing is written."""
    number = rest.removeprefix("#")
    if number.isdecimal():
        schedule = _find(ctx, number)
    else:
        wish = read_wish(rest, [one.name for one in ctx.policy.brands])
        schedule = _schedule(ctx, who, wish, ("local", f"@{who.name}"))
    screen = briefings.preview(ctx, schedule)
    return Reply(screen=replace(screen, title=f"Preview · {screen.title}"), can_share=True)


def _add(ctx: Context, who: Member, wish: Wish) -> Reply:
    place = _place_of(ctx, who, wish.place or "here")
    if place is None:
        raise InvalidInput("Say who gets it.", "Write #leadership, @bo or me.", field="place")
    schedule = _schedule(ctx, who, wish, place)
    _refuse_who_may_not(ctx, who, schedule)
    for one in ctx.store.schedules.all():
        if replace(one, created_by=who.name, id=0, created_at=ctx.now) == schedule:
            raise Conflict(f"That is briefing {one.id} already.", "Nothing was changed.")
    made = ctx.store.schedules.add(schedule)
    comes = schedules.next_at(ctx, made)
    first = f"The first comes on {schedules.when_in_words(comes, made, ctx.now)}." if comes else "None comes yet."
    about = f" about {made.brand}" if made.brand else ""
    told = f"{_to(made)} gets a briefing{about} {schedules.in_words(made)}. {first}"
    if not (place == _place_of(ctx, who, "here") or _is_used(ctx, made)):
        told += " If I cannot post there, an admin is told."
    return Reply(f"{told} `briefing remove {made.id}` takes it back.", is_hers_alone=True)


def _is_used(ctx: Context, schedule: Schedule) -> bool:
    """Whether we post there already, or need nobody's leave to. Only the chat knows which channels there are."""
    where, policy = f"{schedule.chat}:{schedule.channel}".lower(), ctx.policy
    named = [route.channel for route in policy.routes] + [rule.channel for rule in policy.escalations]
    is_free = schedule.chat == "local" or schedule.channel.startswith("@")
    return is_free or where in (*named, policy.escalate_to)


def _schedule(ctx: Context, who: Member, wish: Wish, place: tuple[str, str]) -> Schedule:
    return Schedule(
        id=0,
        every=wish.every,
        day=wish.on,
        at=wish.at or AT,
        zone=wish.zone or ctx.policy.timezone,
        chat=place[0],
        channel=place[1],
        brand=wish.brand,
        language=wish.language,
        created_by=who.name,
        created_at=ctx.now,
    )


def _remove(ctx: Context, who: Member, rest: str) -> Reply:
    if not rest:
        raise InvalidInput("Say which briefing to remove.", "`briefing list` shows them with their numbers.")
    schedule = _find(ctx, rest.removeprefix("#"))
    _refuse_who_may_not(ctx, who, schedule)
    ctx.store.schedules.remove(schedule.id, who.name, ctx.now)
    others = [one for one in ctx.store.schedules.all() if (one.chat, one.channel) == (schedule.chat, schedule.channel)]
    left = "; ".join(f"{schedules.in_words(one)} ({one.id})" for one in others)
    still = f" {_to(schedule)} still gets one {left}." if left else ""
    told = f"Briefing {schedule.id} is removed: {_to(schedule)}, {schedules.in_words(schedule)}.{still}"
    return _list(ctx, who, told)


def _find(ctx: Context, number: str) -> Schedule:
    for one in ctx.store.schedules.all():
        if number.isdecimal() and one.id == int(number[:12]):
            return one
    raise NotFound(f"There is no briefing {number[:20]}.", "`briefing list` shows them with their numbers.")


# Who gets it


def _place_of(ctx: Context, who: Member, text: str) -> tuple[str, str] | None:
    """The chat and its channel or person; None when nobody said and it cannot be told. Raises InvalidInput."""
    chat, _, channel = ctx.here.partition(":")
    chat = chat or "local"
    if text in ("", "here"):
        if channel.startswith("#") or _SLACK_ID.fullmatch(f"#{channel}"):
            return chat, f"#{channel.removeprefix('#')}"
        return (chat, f"@{who.name}") if channel else None
    if text.lower() in ("me", "@me"):
        return chat, f"@{who.name}"
    found = _PLACE.fullmatch(text)
    if found is None:
        hint = "Write #leadership, @bo or me."
        raise InvalidInput(f'"{text[:40]}" is neither a channel nor a person.', hint, field="place")
    chat = _chat(ctx, found[1].lower(), found[2]) if found[1] else chat
    if found[2].startswith("@"):
        return chat, _person(ctx, chat, found[2])
    is_id = _SLACK_ID.fullmatch(found[2])
    return chat, found[2].lower() if chat == "slack" and not is_id else found[2]


def _chat(ctx: Context, chat: str, channel: str) -> str:
    known = {"local", ctx.here.partition(":")[0], *(one.name for one in ctx.chats)}
    known |= {route.channel.partition(":")[0] for route in ctx.policy.routes}
    if chat not in known:
        raise InvalidInput(f'There is no chat called "{chat[:20]}" here.', f"Write local:{channel}.", field="place")
    return chat


def _person(ctx: Context, chat: str, typed: str) -> str:
    name = typed.removeprefix("@").lower()
    for member in ctx.policy.members:
        if name in (member.name.lower(), member.label.lower()):
            if chat != "local" and not member.id_on(chat):
                hint = "Write it under her name in earshot.toml."
                raise InvalidInput(f"{member.label} has no id on {chat}.", hint, field="place")
            return f"@{member.name}"
    close = difflib.get_close_matches(name, [member.name for member in ctx.policy.members], n=1)
    guess = f"Did you mean @{close[0]}?" if close else "`status` lists the team."
    raise InvalidInput(f'"{typed[:40]}" is not a member.', guess, field="place")


def may_change(who: Member, schedule: Schedule) -> bool:
    return schedule.channel == f"@{who.name}" or may(who, _CHANGE)


def _refuse_who_may_not(ctx: Context, who: Member, schedule: Schedule) -> None:
    if not may_change(who, schedule):
        raise NotAllowed(
            f"A briefing for {_to(schedule)} is up to {who_may(_CHANGE)}.",
            f"Ask {names_of(ctx.policy, _CHANGE)}; one for yourself is up to you: `briefing add daily 08:30 me`.",
        )


def _to(schedule: Schedule) -> str:
    """#alerts; #alerts in Discord."""
    return schedule.channel if schedule.chat == "local" else f"{schedule.channel} in {chat_name(schedule.chat)}"


def _button(label: str, words: str) -> Button:
    return Button(label, "briefing", values=(("words", words),))


def _form(ctx: Context, who: Member, wish: Wish) -> Form:
    """What is asked, filled with what was said."""
    place = _place_of(ctx, who, "here")
    day = "" if wish.weekday is None else WEEKDAYS[wish.weekday]
    brands = tuple((one.name, one.name) for one in ctx.policy.brands)
    fields = [
        Field("every", "How often", "choice", wish.every, choices=tuple((one, one.capitalize()) for one in EVERY)),
        Field("on", "On", value=day or str(wish.day or ""), is_required=False, max_length=20,
              hint="Weekly: a weekday, else Monday. Monthly and longer: a day, else the 1st; 31 is the last."),
        Field("at", "At", value=f"{wish.at or AT:%H:%M}", max_length=10),
        Field("place", "For", value=wish.place or (place[1] if place else "me"), max_length=100,
              hint="A channel such as #leadership, a person such as @bo, or me."),
        Field("zone", "Time zone", value=wish.zone or ctx.policy.timezone, max_length=60),
        Field("language", "Language of numbers and dates", value=wish.language, is_required=False, max_length=20,
              hint="de, fr, pt-BR; English when empty."),
    ]  # fmt: skip
    if len(brands) > 1:
        every = (("", "All brands"), *brands)
        fields.append(Field("brand", "Brand", "choice", wish.brand, is_required=False, choices=every))
    return Form("A new briefing", "briefing", None, tuple(fields), "Add", hidden=(("part", "add"),))
