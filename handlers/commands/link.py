import difflib

from handlers import links
from handlers.cards import Button, Row, Screen
from handlers.context import Context
from handlers.links import Side, place
from handlers.requests import Carried, Reply, Words, command, typed_in
from handlers.rules.policy import CHATS, Member
from handlers.rules.roles import may, who_may
from handlers.rules.when import clock
from storage.errors import InvalidInput, NotAllowed
from storage.links import Link


@command(example="link", typed="[the code, or remove]")
def link(
    ctx: Context,
    who: Member | None,
    words: Words | None = None,
    offer: Carried | None = None,
    sure: Carried | None = None,
) -> Reply:
    """Be one person with your account in the other chat.

    Without a code it shows what is linked, and makes a code to type in the other chat within 10 minutes. `link remove`
    takes it back.
    """
    me = links.asker(ctx, who)
    if offer is not None and sure == "yes":
        return _join(ctx, me, offer)
    act, _, rest = (words or "").strip().partition(" ")
    if code := links.read_code(words or ""):
        return _ask(ctx, me, code)
    if who is None:
        raise NotAllowed("You have no role here.", '"link", typed in the chat where you have one, makes a code.')
    if not act:
        return _show(ctx, who, me)
    if act.lower() == "remove":
        return _remove(ctx, who, rest.strip())
    is_close = difflib.get_close_matches(act.lower(), ["remove"], n=1)
    guess = "Did you mean `link remove`?" if is_close else "It has eight letters and digits, like K7QM-2XWD."
    raise InvalidInput(f'"{act[:40]}" is not a code.', guess)


def _show(ctx: Context, who: Member, me: Side) -> Reply:
    found = links.hers(ctx, who)
    rows = tuple(_row(ctx, who, found, chat) for chat in CHATS if who.id_on(chat))
    intro = [f"You are @{who.name}: {', '.join(who.roles)}."]
    missing = [chat for chat in _set_up(ctx) if not who.id_on(chat) and chat != me.chat]
    if who.joined and me.chat != "local" and not found:
        missing.append("local")
    if missing:
        code = links.make_code(ctx, who)
        ways = " or ".join(f'"{typed_in(chat, f"link {code}")}" {_in(chat)}' for chat in missing)
        intro.append(
            f"Have you an account {' or '.join(map(_in, missing))} too? Type {ways} within"
            f" {links.LASTS.seconds // 60} minutes, and both are one person."
        )
        intro.append("Show the code to nobody: whoever types it can act as you.")
    buttons = (_remove_button(),) if found else ()
    return Reply(screen=Screen("Your accounts", "\n".join(intro), rows, buttons=buttons))


def _in(chat: str) -> str:
    return f"{'on' if chat == 'local' else 'in'} {place(chat)}"


def _set_up(ctx: Context) -> list[str]:
    """The chats that there are; without word of them all that there could be."""
    told = [chat.name for chat in ctx.chats if chat.name in CHATS]
    return told or list(CHATS)


def _row(ctx: Context, who: Member, found: list[Link], chat: str) -> Row:
    link_of_it = next((one for one in found if who.id_on(chat) in (one.slack, one.discord)), None)
    if link_of_it is not None:
        why = f"linked on {clock(link_of_it.made_at, ctx.now, ctx.zone)}"
    else:
        by_group = "by your roles there" if chat == "discord" else "by your user groups there"
        why = by_group if who.joined else "as earshot.toml says"
    return Row(f"{place(chat)} · {who.id_on(chat)}", None, (why,))


def _remove_button() -> Button:
    question = "Make your accounts two people again? What you claimed stays with the first of them."
    return Button("Remove the link", "link", values=(("words", "remove"),), style="danger", confirm=question)


def _ask(ctx: Context, me: Side, code: str) -> Reply:
    """Who the other account is, before anything is joined. A wrong code is an answer, so that it is counted."""
    offer = links.take(ctx, me, code)
    if offer is None:
        return Reply(
            'This code is wrong, or older than 10 minutes. "link" in the other chat makes a new one.', is_error=True
        )
    other = links.other_side(ctx, offer)
    links.refuse_contradiction(ctx, me, other)
    name = f"{other.name} in {place(other.chat)}"
    roles = ", ".join(other.member.roles) if other.member else ""
    intro = (
        f"Are you {name} (@{other.member.name if other.member else ''}: {roles})?\n"
        f"From now on what {other.name} does in {place(other.chat)} counts as done by you, and what you do in"
        f" {place(me.chat)} counts as done by {other.name}.\n"
        "If somebody gave you this code, do not: nobody needs you to type theirs."
    )
    values = (("offer", str(offer.id)), ("sure", "yes"))
    button = Button(f"Yes, I am {other.name[:40]}", "link", values=values, style="danger")
    return Reply(screen=Screen("One person?", intro, outro="Nothing is linked yet.", buttons=(button,)))


def _join(ctx: Context, me: Side, offer_id: str) -> Reply:
    offer = links.taken(ctx, me, offer_id)
    other = links.other_side(ctx, offer)
    name = links.join(ctx, me, other, offer)
    return Reply(
        f"Linked: you are @{name} in {place(other.chat)} and in {place(me.chat)}, with the roles of both."
        " `link remove` takes it back.",
        is_hers_alone=True,
        effect=links.EFFECT,
    )


def _remove(ctx: Context, who: Member, typed: str) -> Reply:
    name = typed.removeprefix("@").lower()
    whose = next((one for one in ctx.policy.members if name in (one.name.lower(), one.label.lower())), None)
    whose = whose if name else who
    if whose is None:
        raise InvalidInput(f'"{typed[:40]}" is not a member.', "`status` lists the team.")
    if whose.name != who.name and not may(who, "unlink others"):
        raise NotAllowed(f"To end the link of somebody else is for {who_may('unlink others')}.")
    links.part(ctx, who, whose)
    of = "Your accounts" if whose.name == who.name else f"The accounts of {whose.label}"
    return Reply(
        f"{of} are two people again. What was claimed stays with @{whose.name}.",
        is_hers_alone=True,
        effect=links.EFFECT,
    )
