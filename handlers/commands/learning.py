from collections.abc import Iterable

from handlers import lessons, us
from handlers.cards import Button, Row, Screen
from handlers.context import Context
from handlers.drawings import author_of
from handlers.previews import DAYS, Difference, Preview, preview
from handlers.requests import Reply, Words, command
from handlers.rules.learning import EACH, Learner
from handlers.rules.lifting import named
from handlers.rules.policy import Member
from handlers.rules.roles import may, who_may
from handlers.rules.text import shown
from handlers.rules.when import clock
from storage.lessons import OFF, ON, Status

_LAST = 100  # decisions that it is judged by
_WORDS = 10  # that are shown on either side
_TRUSTED = 0.5  # the share of it that is used; below that it hardly takes part
_HELD = ", so I hold it back"
_NAMES = 'what "not us" taught'
_SHOWN = 3  # cards more, and fewer
_MODES = {
    OFF: "I learn nothing: that was stopped.",
    "shadow": "I learn from what you take and what you set aside, and change nothing.",
    ON: "I learn from what you take and what you set aside, and go by it: the one ranks higher, the other lower.",
}
_DONE = {
    "off": "stopped",
    "shadow": "switched off",
    "on": "switched on",
    "forgot": "made to forget everything",
    "brought": "given what was learned elsewhere",
}


@command(is_read=True, example="learning")
def learning(ctx: Context, who: Member, words: Words | None = None) -> Reply:
    """What I have learned from the team's decisions, and what would be different if I went by it.

    A case that somebody works on was worth it; one that is closed as irrelevant or spam was not. Learning changes
    nothing until a manager or an admin switches it on, and whatever is urgent or grave is shown in any case.

    Each decision counts ten minutes after it was made, so that it can be taken back.
    """
    status, learner = ctx.store.lessons.status(), lessons.learner(ctx.store)
    count = ctx.store.lessons.count()
    seen = preview(ctx, learner) if learner is not None and learner.is_ready else None
    lessons_told = _counted(count, lessons.waiting(ctx), learner)
    told = (_MODES[status.mode], lessons_told, _judged(ctx, learner), _one_sided(learner), _different(seen))
    rows = [*_learned(learner), *_rows(ctx, seen)]
    intro = " ".join(sentence for sentence in told if sentence)
    buttons = _buttons(status, count, learner, ctx.store.us.count()) if may(who, "teach") else ()
    return Reply(
        screen=Screen("What I learned from you", intro, tuple(rows), _outro(ctx, who), buttons), can_share=True
    )


def _counted(count: int, waiting: int, learner: Learner | None) -> str:
    told = _so_far(count, learner)
    if not waiting:
        return told or "There is nothing yet to learn from: answer cards, or close them as irrelevant."
    one = waiting == 1
    soon = f"{_decisions(waiting)} wait{'s' if one else ''}: {'it' if one else 'each'} counts after ten minutes"
    return f"{told} {soon}, so that it can be taken back.".lstrip()


def _so_far(count: int, learner: Learner | None) -> str:
    brought = learner.decisions - count if learner is not None else 0
    more = f", and from {_decisions(brought)} elsewhere" if brought > 0 else ""
    if not count:
        if more:
            return f"So far that is what {_decisions(brought)} elsewhere have taught."
        return ""
    soon = f"; after {lessons.READY} it is worth a look" if count < lessons.READY and not more else ""
    return f"So far from {_decisions(count)}{more}{soon}."


def _decisions(count: int) -> str:
    return f"{count:,} decision{'' if count == 1 else 's'}"


def _judged(ctx: Context, learner: Learner | None) -> str:
    """Whether it beats the day-one words, on decisions that it had not seen."""
    count, better, is_better = lessons.foreseen(ctx.store.lessons.newest(_LAST))
    if count < lessons.READY:
        return ""
    if not is_better:
        held = _HELD if learner is not None and learner.trust < _TRUSTED else ""
        return f"On your last {count} it was no better than the words that I began with{held}."
    return f"Of your last {count} it foresaw {better} better than the words that I began with."


def _one_sided(learner: Learner | None) -> str:
    """Why nothing would be different yet."""
    if learner is None or not learner.decisions or learner.is_ready:
        return ""
    sides = f"so far you took {learner.taken} and set aside {learner.aside}"
    return f"It can change something once you have taken {EACH} and set aside {EACH}: {sides}."


def _different(seen: Preview | None) -> str:
    if seen is None:
        return ""
    days = f"the last {DAYS} days" if seen.is_whole else f"the newest mentions of the last {DAYS} days"
    fewer, more = len(seen.fewer), len(seen.more)
    if not fewer and not more:
        return f"With it on, {days} would have brought the same cards."
    cards = [f"{fewer} card{'' if fewer == 1 else 's'} fewer"] if fewer else []
    cards += [f"{more} more" if cards else f"{more} card{'' if more == 1 else 's'} more"] if more else []
    took = f"; you took {seen.missed or 'none'} of the {fewer}" if fewer > 1 else ""
    took = f"; you {'took it' if seen.missed else 'did not take it'}" if fewer == 1 else took
    return f"With it on, {days} would have brought {', '.join(cards)}{took}."


def _learned(learner: Learner | None) -> list[Row]:
    """The words that weigh most, on either side."""
    if learner is None:
        return []
    takes, leaves = named(learner, _WORDS)
    rows = [Row("You take what says", None, takes, colour="green")] if takes else []
    return rows + ([Row("You set aside what says", None, leaves)] if leaves else [])


def _rows(ctx: Context, seen: Preview | None) -> list[Row]:
    """The first of each: what would not have been a card, those that were taken first; what would have been one."""
    if seen is None:
        return []
    fewer = sorted(seen.fewer, key=lambda one: not one.is_taken)[:_SHOWN]
    return [*_several(ctx, "No card any more", fewer), *_several(ctx, "A card then", seen.more[:_SHOWN])]


def _several(ctx: Context, what: str, some: Iterable[Difference]) -> list[Row]:
    return [_row(ctx, what, one) for one in some]


def _row(ctx: Context, what: str, one: Difference) -> Row:
    mention = one.mention
    decided = {True: " · you took it", False: " · you set it aside", None: ""}[one.is_taken]
    when = clock(mention.published_at or mention.seen_at, ctx.now, ctx.zone)
    return Row(
        f"{what}: {author_of(mention)} · {mention.source} · {when}{decided}",
        shown(mention.text or mention.title, 180),
        (one.reason,),
        (Button("Show", "show", mention.case_id),) if mention.case_id is not None else (),
        "orange" if one.is_taken else "grey",
    )


def _outro(ctx: Context, who: Member) -> str:
    last = [
        f"{ctx.policy.label(by)}: {_DONE.get(act, act)}, {clock(at, ctx.now, ctx.zone)}"
        for at, by, act in ctx.store.lessons.switches(3)
    ]
    who_else = "" if may(who, "teach") else f"Switching it is for {who_may('teach')}."
    told = " ".join(part for part in (f"{'; '.join(last)}." if last else "", who_else) if part)
    return "\n".join(part for part in (*us.suggestions(ctx), told) if part)


def _buttons(status: Status, count: int, learner: Learner | None, names: int) -> tuple[Button, ...]:
    """What can be switched now."""
    found = []
    if status.mode == ON:
        found.append(_button("Switch off", "off"))
    elif status.mode == OFF:
        found.append(_button("Learn again", "off"))
    elif learner is not None and learner.is_ready and (count >= lessons.READY or status.is_brought):
        found.append(_button("Switch on", "on", style="primary"))
    if count or status.is_brought or names:
        brought = "what was taught elsewhere" if status.is_brought else ""
        told = (f"what {_decisions(count)} taught" if count else brought, _NAMES if names else "")
        asked = f"Forget {' and '.join(filter(None, told))}?"
        found.append(_button("Forget what I learned", "forget", style="danger", confirm=asked))
    return tuple(found)


def _button(label: str, what: str, *, style: str = "", confirm: str = "") -> Button:
    return Button(label, "teach", values=(("what", what), ("sure", "yes")), style=style, confirm=confirm)
