"""The emergency brake: while a halt lasts, Earshot sends no reply and hands none out to be sent by hand.

Anybody in the team can begin one. What waits to be posted is given back, approved as before, so that nothing goes out
by itself when the halt ends. Lookups go on, and what stands outside already can be noted.
"""

from handlers import alarms
from handlers.cards import Button, Screen
from handlers.context import Context
from handlers.rules.policy import Member
from handlers.rules.roles import may, names_of, who_may
from handlers.rules.text import shown
from handlers.rules.when import clock, length
from storage.errors import Conflict, NotFound
from storage.halts import Halt

END = Button(
    "Let replies be sent again", "halt", values=(("words", "end"),), confirm="May replies be sent to customers again?"
)
ENDS = f"`halt end` is for {who_may('end a halt')}"
_LONGEST = 200  # characters of a reason


def begin(ctx: Context, who: Member, why: str) -> None:
    """From now on no reply is sent. Raises Conflict when that is so already."""
    halt = ctx.store.halts.begin(who.name, " ".join(shown(why, _LONGEST).words.split()), ctx.now)
    if halt is None:
        raise Conflict(lasting(ctx), "Nothing was changed.")
    alarms.announce(ctx, _subject(halt))


def end(ctx: Context, who: Member) -> None:
    """Replies can be sent again. Raises NotFound when no halt lasts."""
    halt = ctx.store.halts.end(who.name, ctx.now)
    if halt is None:
        raise NotFound("Replies are not stopped.", "Nothing was changed.")
    ctx.store.deliveries.redraw(_subject(halt), ctx.now, ctx.now)


def refuse(ctx: Context, who: Member | None = None) -> None:
    """Raises Conflict while a halt lasts; `who` is whoever would send."""
    if told := lasting(ctx):
        ask = "" if may(who, "end a halt") else f": ask {names_of(ctx.policy, 'end a halt')}"
        raise Conflict(told, f"{ENDS}{ask}.")


def lasting(ctx: Context) -> str:
    """One sentence while a halt lasts, else "": All replies are stopped since 14:02, by Bo: a false recall."""
    halt = ctx.store.halts.lasting()
    return _told(ctx, halt) if halt else ""


def _told(ctx: Context, halt: Halt) -> str:
    since, by = clock(halt.since, ctx.now, ctx.zone), ctx.policy.label(halt.begun_by)
    why = f": {halt.why.rstrip('.')}" if halt.why else ""
    return f"All replies are stopped since {since}, by {by}{why}."


def draw(ctx: Context, halt_id: int) -> Screen | None:
    """The card of a halt as it stands now."""
    halt = ctx.store.halts.get(halt_id)
    if halt is None:
        return None
    if halt.ended_at is None:
        return Screen("⛔ Replies are stopped", _told(ctx, halt), outro=f"{ENDS}.", buttons=(END,))
    by, at = ctx.policy.label(halt.ended_by), clock(halt.ended_at, ctx.now, ctx.zone)
    lasted = length(halt.ended_at - halt.since)
    return Screen("🟢 Replies can be sent again", f"Since {at}, by {by}; they were stopped for {lasted}.")


def _subject(halt: Halt) -> str:
    return f"halt:{halt.id}"
