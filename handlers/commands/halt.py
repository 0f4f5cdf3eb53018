from handlers import halts, replies
from handlers.cards import Button, Screen
from handlers.context import Context
from handlers.requests import Carried, Reply, Words, command
from handlers.rules.policy import Member
from handlers.rules.roles import may, names_of, who_may
from storage.errors import InvalidInput, NotAllowed

_END, _LOOK = "end", ("help", "list", "show", "status", "?")
_LIKE_END = ("ended", "lift", "off", "over", "remove", "resume", "undo")


@command(example="halt a false recall is going round", typed="[why, or end]")
def halt(ctx: Context, who: Member, words: Words | None = None, sure: Carried | None = None) -> Reply:
    """Stop all replies at once, in an emergency: nothing is sent to anybody outside until it is ended.

    `halt` and a reason does it and says so where alarms are told; `halt` alone says how things stand. What waits to be
    posted is given back, approved as before. `halt end` is for a manager or an admin.
    """
    act = (words or "").strip()
    if act.lower() == _END:
        return _end(ctx, who)
    if act.lower() in _LIKE_END:
        raise InvalidInput(f'"{act}" is not a part of halt.', "Did you mean `halt end`?")
    if (not act and sure != "yes") or act.lower() in _LOOK:
        return Reply(screen=_state(ctx, who))
    back, posting = replies.stop_all(ctx, who, act)
    told = ["From now on no reply is sent."]
    if back:
        told.append(f"{'1 that waited is' if back == 1 else f'{back:,} that waited are'} approved as before, not sent.")
    if posting:
        told.append(f"{posting:,} may have been posted just now: the thread says what came of it.")
    return Reply(" ".join((*told, f"{halts.ENDS}.")))


def _end(ctx: Context, who: Member) -> Reply:
    if not may(who, "end a halt"):
        raise NotAllowed(f"{halts.ENDS}.", f"Ask {names_of(ctx.policy, 'end a halt')}.")
    halts.end(ctx, who)
    return Reply("Replies can be sent again. What was given back waits for a press of Send.")


def _state(ctx: Context, who: Member) -> Screen:
    if told := halts.lasting(ctx):
        buttons = (halts.END,) if may(who, "end a halt") else ()
        return Screen("Replies are stopped", told, outro=f"{halts.ENDS}.", buttons=buttons)
    stop = Button(
        "Stop all replies", "halt", values=(("sure", "yes"),), style="danger",
        confirm="Stop all replies, of everybody?",
    )  # fmt: skip
    return Screen(
        "Stop all replies?",
        "Replies are sent as always. In an emergency they are stopped here, all at once, until"
        f" {who_may('end a halt')} ends that.",
        outro="`halt` and a reason does it at once, for example: `halt a false recall is going round`.",
        buttons=(stop,),
    )
