from dataclasses import replace
from datetime import timedelta

from handlers import samples
from handlers.cards import Button, Row, Screen
from handlers.context import Context
from handlers.drawings import author_of, gone_words
from handlers.requests import Carried, Reply, command
from handlers.rules.deciding import MISSED, QUIET
from handlers.rules.policy import Member
from handlers.rules.text import shown
from handlers.rules.when import clock
from storage.errors import Conflict, InvalidInput, NotFound
from storage.samples import Sample
from storage.types import Mention

_CASE = "case"
_FRESH = timedelta(days=7)  # an older one is not worth a case any more
_QUOTE = 300  # characters
_WHY = 3  # reasons
_LABELS = {MISSED: "Should be a card", QUIET: "Rightly quiet"}
_SAID = {MISSED: "should have been a card", QUIET: "rightly quiet"}


@command(example="judge")
def judge(ctx: Context, who: Member, mention: Carried | None = None, verdict: Carried | None = None) -> Reply:
    """Ten mentions of last week that became no card: was that right? Two clicks tell how much is missed.

    They are drawn by chance, each week anew; the last verdict on each counts. The weekly briefing adds them up.
    """
    if mention is None:
        return Reply(screen=_screen(ctx))
    found = _find(ctx, mention)
    if verdict == _CASE:
        return Reply(screen=_screen(ctx, _make_case(ctx, who, found)))
    if verdict not in _LABELS:
        raise InvalidInput("That is no verdict.", "`judge` shows the mentions with their buttons.")
    ctx.store.samples.judge(found.id, verdict, who.name, ctx.now)
    ctx.store.lessons.judged(found.id, verdict, who.name, ctx.now)
    return Reply(screen=_screen(ctx, f"Noted: {_SAID[verdict]}."))


def _find(ctx: Context, number: str) -> Mention:
    sample = ctx.store.samples.of_mention(int(number[:18])) if number.isdecimal() else None
    found = ctx.store.mentions.get(sample.mention_id) if sample else None
    if found is None:
        raise NotFound("This mention is in no sample.", "`judge` shows the newest one.")
    return found


def _make_case(ctx: Context, who: Member, mention: Mention) -> str:
    if mention.case_id is not None:
        raise Conflict(f"It is in case #{mention.case_id} already.", f"`show {mention.case_id}` shows it.")
    number = samples.make_case(ctx, who, mention)
    ctx.store.lessons.judged(mention.id, MISSED, who.name, ctx.now)
    return f"It is in case #{number} now. `claim {number}` takes it."


def _screen(ctx: Context, told: str = "") -> Screen:
    sample = ctx.store.samples.newest()
    if not sample:
        intro = "There is nothing to judge yet: each Monday ten mentions of the week before are drawn by chance."
        return Screen("Quiet mentions", intro)
    rows = tuple(_row(ctx, one, found) for one in sample if (found := ctx.store.mentions.get(one.mention_id)))
    left = sum(1 for row in rows if {button.label for button in row.buttons} == set(_LABELS.values()))
    asked = "These became no card. Should one of them have been one?"
    done = "All of them are judged. Thank you." if rows else ""
    return Screen(f"Quiet mentions of {sample[0].week}", f"{told} {asked if left else done}".strip(), rows, _known(ctx))


def _row(ctx: Context, sample: Sample, mention: Mention) -> Row:
    when = clock(mention.published_at or mention.seen_at, ctx.now, ctx.zone)
    judged = f" · {_SAID[sample.verdict]}: {ctx.policy.label(sample.judged_by)}" if sample.verdict else ""
    return Row(
        f"{author_of(mention)} · {mention.source} · {when}{judged}",
        shown(_words(mention) or gone_words(mention), _QUOTE),
        tuple(mention.reasons[:_WHY]),
        _buttons(ctx, sample, mention),
        {MISSED: "orange", QUIET: "green"}.get(sample.verdict, "grey"),
    )


def _buttons(ctx: Context, sample: Sample, mention: Mention) -> tuple[Button, ...]:
    show = (Button("Show", "show", mention.case_id),) if mention.case_id is not None else ()
    if not sample.verdict and (show or not _words(mention)):  # louder by now, or deleted
        return show
    verdicts = [_verdict(mention, verdict, label) for verdict, label in _LABELS.items() if verdict != sample.verdict]
    if sample.verdict == MISSED and not show and _words(mention) and ctx.now - mention.seen_at < _FRESH:
        return _verdict(mention, _CASE, "Make it a case"), *verdicts
    return *show, *verdicts


def _words(mention: Mention) -> str:
    return mention.text or mention.title


def _verdict(mention: Mention, verdict: str, label: str) -> Button:
    return Button(label, "judge", values=(("mention", str(mention.id)), ("verdict", verdict)))


def _known(ctx: Context) -> str:
    measured = samples.measured(ctx, samples.last_week(ctx))
    return " ".join(replace(measured, waiting=0).words()) if measured else ""
