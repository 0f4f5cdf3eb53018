import difflib

from handlers import erasures
from handlers.cards import Button, Row, Screen
from handlers.context import Context
from handlers.erasing import Found
from handlers.requests import Reply, Words, command
from handlers.rules.policy import Member
from handlers.rules.text import shown
from handlers.rules.when import clock
from storage.erasures import Erasure
from storage.errors import InvalidInput, NotFound

PARTS = ("confirm", "show", "cancel", "lift")
_HOW = "For example: `erase 142` for whoever wrote case 142, `erase @jo_doe source:birds`, `erase lift @jo_doe`."


@command(example="erase @jo_doe", typed="[142, @handle source:birds, show 3, confirm 3, cancel 3, or lift @handle]")
def erase(ctx: Context, who: Member, words: Words | None = None) -> Reply:
    """Erase a person who asks for it: all her words here, for good, once a second admin agrees.

    `erase 142` is whoever wrote case 142, by any name. What would go is told first. Her words go from mentions,
    cards, drafts, diaries, search and new backups; numbers stay. What she says later is not stored, until
    `erase lift @handle`. A request ends after 24 hours.
    """
    act, _, rest = (words or "").strip().partition(" ")
    if not act:
        return Reply(screen=_waiting(ctx))
    if act.lower() in PARTS:
        return _DO[act.lower()](ctx, who, rest.strip())
    if not act.startswith(("@", "#")) and (close := difflib.get_close_matches(act.lower(), PARTS, n=1)):
        raise InvalidInput(f'"{act[:40]}" is not a part of erase.', f"Did you mean `erase {close[0]}`?")
    request, found = erasures.ask(ctx, who, words or "")
    outro = (
        f"Nothing is erased yet. {erasures.second(ctx, who)} has to agree within 24 hours: `erase confirm {request}`."
    )
    return Reply(screen=_told(f"Erase @{shown(found.author.removeprefix('@'), 60).words}?", found, outro))


def _show(ctx: Context, who: Member, rest: str) -> Reply:
    request = _number(rest)
    asked, found = erasures.waiting(ctx, request)
    name = shown(found.author.removeprefix("@"), 60).words
    outro = f"{ctx.policy.label(asked.asked_by)} asked for it. What is erased cannot be brought back."
    no = Button("Do not erase", "erase", values=(("words", f"cancel {request}"),))
    may_agree = erasures.may_agree(ctx, who, asked)
    buttons = (_confirm(request), no) if may_agree else (no,)
    if not may_agree:
        outro += f" Another admin has to agree: `erase confirm {request}`."
    return Reply(screen=_told(f"Erase @{name}?", found, outro, buttons))


def _confirm(request: int) -> Button:
    values = (("words", f"confirm {request}"),)
    return Button(
        "Erase for good", "erase", values=values, style="danger", confirm="Erase all of it? Nobody can undo it."
    )


def _do_it(ctx: Context, who: Member, rest: str) -> Reply:
    told = erasures.confirm(ctx, who, _number(rest))
    return Reply(told, effect=erasures.EFFECT)


def _cancel(ctx: Context, who: Member, rest: str) -> Reply:
    request = _number(rest)
    erasures.cancel(ctx, who, request)
    return Reply(f"Request {request} is taken back; nothing was erased.")


def _lift(ctx: Context, who: Member, rest: str) -> Reply:
    if not erasures.lift(ctx, rest):
        raise NotFound("Nobody of that name is kept out.", "It has to be the handle, as it stood in the mentions.")
    return Reply("From now on what she says is stored again. What was erased stays erased.")


_DO = {"confirm": _do_it, "show": _show, "cancel": _cancel, "lift": _lift}


def _number(rest: str) -> int:
    number = rest.strip().removeprefix("#")
    if not number.isdecimal():
        raise InvalidInput("Say which request.", f"`erase` lists them with their numbers. {_HOW}")
    return int(number[:9])


def _waiting(ctx: Context) -> Screen:
    rows = tuple(_row(ctx, one) for one in erasures.all_waiting(ctx))
    return Screen("Requests to erase a person", "" if rows else f"No request waits. {_HOW}", rows)


def _row(ctx: Context, one: Erasure) -> Row:
    until = clock(one.asked_at + erasures.LASTS, ctx.now, ctx.zone)
    button = Button("Look at it", "erase", values=(("words", f"show {one.id}"),))
    return Row(f"{one.id}. asked by {ctx.policy.label(one.asked_by)}", None, (f"ends {until}",), (button,))


def _told(title: str, found: Found, outro: str, buttons: tuple[Button, ...] = ()) -> Screen:
    goes = "What would go: " + "; ".join(erasures.in_words(found)) + "."
    stays = (
        "Numbers of reports stay. Another handle of hers needs a request of its own."
        " What people shared, copied or saw elsewhere is not Earshot's to erase."
    )
    return Screen(title, f"{goes}\n{stays}", outro=outro, buttons=buttons)
