import difflib

from handlers import lessons, us
from handlers.context import Context
from handlers.requests import Carried, Reply, Word, command
from handlers.rules.learning import EACH
from handlers.rules.policy import Member
from storage.errors import Conflict, InvalidInput
from storage.lessons import OFF, ON, SHADOW

PARTS = ("on", "off", "stop", "forget")
_MODES = {"on": ON, "off": SHADOW, "stop": OFF}
_EFFECT = "lessons"
_SAID = {
    ON: "Switched on: from now on what you take ranks higher, and what you set aside lower. `teach off` takes it back.",
    SHADOW: "I learn from what you decide, and change nothing. `learning` shows what I learned.",
    OFF: "Stopped: I learn nothing any more, and change nothing. `teach off` has me learn again.",
}
_ANEW = "From now on I learn anew, and change nothing until somebody switches it on."


@command(example="teach off", typed="on, off, stop, or forget")
def teach(ctx: Context, who: Member, what: Word, sure: Carried | None = None) -> Reply:
    """Whether I go by what I learned from you (on, off), learn at all (stop), or begin anew (forget).

    `learning` shows first what would be different, with the buttons for it.
    """
    act = what.strip().lower()
    if act not in PARTS:
        close = difflib.get_close_matches(act, PARTS, n=1)
        guess = f"Did you mean `teach {close[0]}`?" if close else "`learning` shows what there is."
        raise InvalidInput(f'"{what[:40]}" is not a part of teach.', guess, field="what")
    if act in ("on", "forget") and sure != "yes":
        return Reply("Look first: `learning` shows what would be different, and has the button.")
    if act == "forget":
        ctx.store.lessons.forget(who.name, ctx.now)
        return Reply(f"Forgotten{us.forget(ctx.store)}. {_ANEW}", effect=_EFFECT)
    mode = _MODES[act]
    _refuse(ctx, mode)
    ctx.store.lessons.switch(mode, who.name, ctx.now)
    return Reply(_SAID[mode], effect=_EFFECT)


def _refuse(ctx: Context, mode: str) -> None:
    status, count = ctx.store.lessons.status(), ctx.store.lessons.count()
    if status.mode == mode:
        raise Conflict("It is so already.", "`learning` shows how it stands.")
    if mode == ON and status.is_behind:
        raise Conflict("I am reading what you decided, all of it again.", "Try it again in a minute.")
    if mode == ON and count < lessons.READY and not status.is_brought:
        soon = f"After {lessons.READY} it can be switched on."
        raise Conflict(f"I have learned from {count} of your decisions.", soon)
    learner = lessons.learner(ctx.store)
    if mode == ON and (learner is None or not learner.is_ready):
        taken, aside = (learner.taken, learner.aside) if learner is not None else (0, 0)
        soon = f"With {EACH} of either it can be switched on."
        raise Conflict(f"So far {taken} cards were taken and {aside} were set aside.", soon)
