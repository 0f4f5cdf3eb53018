"""Learning from the team as a service: from the diaries of the cases to the weights, and to what is in force.

    note      which decisions stand, by the diaries and verdicts that came since    (handlers/rules/deciding.py)
    learn     them in their order, each scored before it is learned                 (handlers/rules/learning.py)
    in_force  what weighs mentions now: nothing, unless somebody switched it on

The order of the decisions is that of their times. Whatever comes later than all that was learned is one more step;
whatever changes what was learned (a change of mind, a deletion, other day-one words) has all of it learned again. So
the state is always what the diaries give, read at once. That takes a while where much was decided: what was in force
stays so until all is learned, without the words that are gone (handlers/unlearning.py).
"""

import json
import math
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from hashlib import blake2b
from importlib.resources import files

from handlers import alarms, us
from handlers.cases import notice_body
from handlers.context import Brain, Context
from handlers.rules.day_one import FILE
from handlers.rules.deciding import GRACE, MISSED, Decided, of_case, of_verdicts
from handlers.rules.learning import Decision, Learner, Lessons, features_of
from handlers.rules.lifting import prior_of
from handlers.tracking import STAFF
from storage.lessons import OFF, ON, Lesson, Status
from storage.store import Store
from storage.types import Mention, RawMention

READY = 30  # decisions after which it is worth a look
_AT_ONCE = 500  # decisions in one go: a claim may have to wait for it
_READ = 1_000  # lines of the diaries in one go
_FORMAT = 2  # of what is learned from a mention
_RELEARNING = "My suggestions stopped fitting what you take: I am relearning. `learning` shows it."


def learn(ctx: Context, at_once: int = _AT_ONCE, read: int = _READ) -> int:
    """Learn what was decided since, in the caller's transaction; how many decisions, and no more than `at_once`.

    Where more than `read` lines of the diaries wait, so many are read and nothing is learned yet. 0 means that nothing
    is left to do. Cheap when there is nothing.
    """
    status = ctx.store.lessons.status()
    made_of = _made_of(ctx.brain)
    is_same = status.made_of == made_of and not status.is_stale  # a state of another program is made of another thing
    has_news = status.has_news and status.mode != OFF
    if is_same and not has_news and not status.is_behind:
        return 0
    more = _note(ctx, status, read) if status.mode != OFF else 0
    if more:
        return more
    now = ctx.store.lessons.status()
    if now.made_of != made_of or (now.is_stale and not now.is_partial):
        ctx.store.lessons.learn_anew(made_of)
    elif not now.is_behind:
        return 0
    return _catch_up(ctx, status, at_once)  # what began is ended first: else one deletion after the other holds it up


def learner(store: Store) -> Learner | None:
    """What was learned, whether it is in force or not; None for nothing yet, or for what this program cannot read."""
    return _readable(store.lessons.state())


def _readable(state: str) -> Learner | None:
    try:
        return _read(state)
    except ValueError:
        return None


def _read(state: str) -> Learner | None:
    return Learner.from_plain(json.loads(state)) if state else None


def in_force(store: Store) -> Lessons:
    """What weighs mentions now: what is us, and of what the team takes nothing where that is not switched on. While it
    is learned in parts, what was in force before stays so."""
    team = _readable(store.lessons.whole_state()) if store.lessons.status().mode == ON else None
    return Lessons(team, us.models(store))


def waiting(ctx: Context) -> int:
    """How many decisions were made that do not count yet, since they can still be taken back."""
    status = ctx.store.lessons.status()
    if status.mode == OFF:
        return 0
    later = replace(ctx, now=ctx.now + GRACE)
    touched = ctx.store.lessons.touched(status.events_read, status.verdicts_read, ctx.now)
    made = ((ctx.store.lessons.decision(mention), _lesson(later, status, mention, case)) for mention, case in touched)
    return sum(1 for known, lesson in made if lesson is not None and not _is_same(known, lesson))


# What was decided


def _note(ctx: Context, status: Status, most: int) -> int:
    """Keep the decisions that came or changed since, of so many lines of the diaries. What was learned is outdated
    where not all are later. How many, where more are to be read; else 0."""
    until = ctx.now - GRACE
    up_to = ctx.store.lessons.part(status.events_read, most)
    touched = ctx.store.lessons.touched(status.events_read, status.verdicts_read, until, up_to)
    newest = ctx.store.lessons.newest_learned()
    is_longer = True
    for mention_id, case_id in touched:
        known, lesson = ctx.store.lessons.decision(mention_id), _lesson(ctx, status, mention_id, case_id)
        if _is_same(known, lesson):
            continue
        if known is not None:
            is_longer = False
            ctx.store.lessons.drop(mention_id)
        if lesson is not None:
            is_longer = is_longer and (newest is None or lesson.order > newest)
            ctx.store.lessons.keep(lesson)
    if not is_longer:
        ctx.store.lessons.outdate()
    events, verdicts = ctx.store.lessons.settled(status, until, ctx.now)
    ctx.store.lessons.read_to(events if up_to is None else min(events, up_to), verdicts)
    return max(1, len(touched)) if up_to is not None and events > up_to else 0


def _lesson(ctx: Context, status: Status, mention_id: int, case_id: int | None) -> Lesson | None:
    """The one decision on a mention: of the case that it leads, else of those who were asked about it."""
    verdicts = ctx.store.lessons.verdicts(mention_id)
    decided = of_case(ctx.store.cases.events(case_id), ctx.now) if case_id is not None else None
    is_biased = any(one.verdict == MISSED for one in verdicts)  # only what was wanted is brought to us
    if decided is None:
        case_id, decided = None, of_verdicts(verdicts, ctx.now)
        is_biased = decided is not None and decided.is_taken
    elif not is_biased:
        mention = ctx.store.mentions.get(mention_id)
        is_biased = mention is not None and mention.source == STAFF
    if decided is None or _is_forgotten(decided, status):
        return None
    return Lesson(mention_id, case_id, decided.at, decided.is_taken, moves_bias=not (is_biased and decided.is_taken))


def _is_forgotten(decided: Decided, status: Status) -> bool:
    return status.begun_at is not None and decided.at <= status.begun_at


def _is_same(known: Lesson | None, lesson: Lesson | None) -> bool:
    """Whether nothing changed but what was found out while it was learned."""
    if known is None or lesson is None:
        return known is lesson
    return replace(known, prior=None, odds=None, lift=None) == lesson


# Learning


def _catch_up(ctx: Context, status: Status, at_once: int) -> int:
    """Learn some of the decisions that wait."""
    taught = _read(ctx.store.lessons.state()) or Learner()
    some = ctx.store.lessons.unlearned(at_once + 1)
    waiting, is_behind = some[:at_once], len(some) > at_once
    done, told_to = [], status.told_to
    for lesson in waiting:
        seen, is_anew = _step(ctx, taught, lesson)
        done.append(seen)
        is_news = status.told_to is None or lesson.at > status.told_to
        if is_anew and is_news and status.mode == ON:
            _tell(ctx, lesson)
        told_to = lesson.at if is_news else told_to
    ctx.store.lessons.learned(done)
    ctx.store.lessons.save(json.dumps(taught.to_plain()), is_behind=is_behind, told_to=told_to)
    return len(done)


def _step(ctx: Context, taught: Learner, lesson: Lesson) -> tuple[Lesson, bool]:
    """One decision: what was said of it before, then the step. Nothing is learned where the words are gone."""
    mention = ctx.store.mentions.get(lesson.mention_id)
    if mention is None or not (mention.text or mention.title):
        return lesson, False
    raw = raw_of(mention)
    score = ctx.brain.scorer.score(raw)
    features, prior = features_of(raw, score, mention.source), prior_of(score)
    seen = replace(lesson, prior=prior, odds=taught.odds(features, prior), lift=taught.lift(features, prior))
    return seen, taught.learn(Decision(features, prior, lesson.is_taken, lesson.moves_bias))


def raw_of(mention: Mention) -> RawMention:
    """A stored mention as the rules read it."""
    return RawMention(
        mention.native_id, mention.text, title=mention.title, url=mention.url, author=mention.author,
        author_name=mention.author_name, followers=mention.followers, published_at=mention.published_at,
        lang=mention.lang, likes=mention.likes, shares=mention.shares, replies=mention.replies, stars=mention.stars,
        private=mention.private, extra=mention.extra,
    )  # fmt: skip


def _tell(ctx: Context, lesson: Lesson) -> None:
    """A change of taste is said once, where alarms are told."""
    alarms.announce(ctx, f"notice:relearning:{lesson.mention_id}", notice_body(_RELEARNING, "", None))


def _made_of(brain: Brain) -> str:
    """What scores mentions: where that is another than before, all is learned again."""
    return f"{_FORMAT} {brain.scorer.name} {' '.join(brain.policy.languages)} {_day_one()}"


@cache
def _day_one() -> str:
    return blake2b(files("handlers.rules").joinpath(FILE).read_bytes(), digest_size=8).hexdigest()


# How good it is


def foreseen(lessons: Iterable[Lesson]) -> tuple[int, int, bool]:
    """Of how many decisions, how many it foresaw better than the day-one words, and whether it did better on the whole
    (log-loss, each scored before it was learned)."""
    told = [one for one in lessons if one.odds is not None and one.prior is not None]
    losses = [(_loss(one.odds or 0.0, one), _loss(one.prior or 0.0, one)) for one in told]
    better = sum(1 for team, prior in losses if team < prior)
    return len(told), better, sum(team - prior for team, prior in losses) < 0


def _loss(odds: float, lesson: Lesson) -> float:
    """Log-loss of a prediction, in nats; the odds kept within what can be said."""
    odds = max(-30.0, min(30.0, odds))
    return math.log1p(math.exp(-odds if lesson.is_taken else odds))
