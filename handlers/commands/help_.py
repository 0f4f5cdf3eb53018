from handlers.cards import Row, Screen
from handlers.context import Context
from handlers.dispatch import unknown
from handlers.requests import COMMANDS, TYPED, Command, Reply, Words, command
from handlers.rules.policy import Member
from handlers.rules.roles import may, who_may
from storage.errors import InvalidInput

_NO_ROLE = "You have no role here, so you may read the cards. An admin can add you as a member in earshot.toml."
_ELSEWHERE = 'If you have one in another chat, "link" there makes a code to type here.'


@command(is_read=True, example="help draft")
def help_(ctx: Context, who: Member | None, verb: Words | None = None) -> Reply:
    """What you can do here."""
    if verb is None:
        listed = (found for found in COMMANDS.values() if may(who, found.verb))
        rows = tuple(
            Row(_usage(ctx, found), None, (found.help,)) for found in sorted(listed, key=lambda found: found.verb)
        )
        intro = (
            f"{_NO_ROLE} {_ELSEWHERE}"
            if who is None
            else "The buttons on cards do the same. Answers are seen by you alone."
        )
        return Reply(screen=Screen("What you can do here", intro, rows))
    found = COMMANDS.get(verb.strip().lower().removeprefix("/earshot").strip())
    if found is None:
        raise InvalidInput(unknown(verb.strip()))
    allowed = "" if may(who, found.verb) else f"For {who_may(found.verb)}."
    details = tuple(
        part
        for part in (
            found.help,
            " ".join(found.details.split()),
            f"For example: /earshot {found.example}" if found.example and not _has_own_way(ctx) else "",
            allowed,
        )
        if part
    )
    return Reply(screen=Screen(_usage(ctx, found), "\n".join(details)))


def _usage(ctx: Context, found: Command) -> str:
    """How it is typed where she asks."""
    return TYPED[_chat(ctx)](found) if _has_own_way(ctx) else f"/earshot {found.usage}"


def _has_own_way(ctx: Context) -> bool:
    return _chat(ctx) in TYPED


def _chat(ctx: Context) -> str:
    return ctx.here.partition(":")[0]
