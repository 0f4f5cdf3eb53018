"""What would be different with what was learned: the team's own last month, weighed with it and without.

Judged honestly: a mention that the team has decided about is weighed by what was known before that decision.
"""

from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

from handlers.context import Context
from handlers.lessons import raw_of
from handlers.rules.learning import Learner, features_of
from handlers.rules.lifting import lift_in_words, prior_of
from handlers.rules.policy import SourceEntry
from handlers.rules.scoring import Lift, Score, Verdict, prioritise
from handlers.rules.us import Doubt, lowered
from handlers.tracking import STAFF
from handlers.weighing import doubt_of
from storage.lessons import Lesson
from storage.types import Mention

DAYS = 30
_MOST = 3_000  # mentions, the newest


@dataclass(frozen=True, slots=True)
class Difference:
    """A mention that would be a card with what was learned and is none without, or the other way round."""

    mention: Mention
    reason: str
    is_taken: bool | None  # what the team decided, or that somebody holds it; None for neither


@dataclass(frozen=True, slots=True)
class Preview:
    """Both kinds of difference, the newest first; `is_whole` false where there was too much to look at it all."""

    fewer: tuple[Difference, ...]
    more: tuple[Difference, ...]
    is_whole: bool

    @property
    def missed(self) -> int:
        """How many of the cards that would not have been the team had taken."""
        return sum(1 for one in self.fewer if one.is_taken)


def preview(ctx: Context, learner: Learner) -> Preview:
    """The last thirty days, of some thousand mentions at most. It reads, and changes nothing."""
    since = ctx.now - timedelta(days=DAYS)
    decided = {one.mention_id: one for one in ctx.store.lessons.since(since)}
    newest = list(islice(ctx.store.mentions.recent(since), _MOST))
    fewer: list[Difference] = []
    more: list[Difference] = []
    for mention in newest:
        if not _counts(ctx, mention):
            continue
        was, would_be, reason = _weighed(ctx, learner, mention, decided.get(mention.id))
        if was != would_be:
            is_taken = _is_taken(ctx, mention, decided.get(mention.id))
            (fewer if was else more).append(Difference(mention, reason, is_taken))
    return Preview(tuple(fewer), tuple(more), len(newest) < _MOST)


def _counts(ctx: Context, mention: Mention) -> bool:
    """Whether it could be a card of its own: not what is deleted, muted, a copy, a competitor's or brought by hand."""
    if not (mention.text or mention.title) or mention.source == STAFF or not ctx.policy.has_ours([mention.brand]):
        return False
    if any(reason.startswith("muted (") for reason in mention.reasons):
        return False
    case = ctx.store.cases.get(mention.case_id) if mention.case_id is not None else None
    return case is None or case.mention_id == mention.id


def _is_taken(ctx: Context, mention: Mention, lesson: Lesson | None) -> bool | None:
    """What was decided last. An open claim teaches nothing, and yet nobody may be told that nobody took it."""
    case = ctx.store.cases.get(mention.case_id) if mention.case_id is not None else None
    if case is not None and case.assignee is not None and case.resolved_at is None:
        return True
    return lesson.is_taken if lesson is not None else None


def _weighed(ctx: Context, learner: Learner, mention: Mention, lesson: Lesson | None) -> tuple[bool, bool, str]:
    """Whether it is a card without what was learned, and with it, and why; where it says nothing, neither is asked."""
    raw = raw_of(mention)
    score = ctx.brain.scorer.score(raw)
    features, prior = features_of(raw, score, mention.source), prior_of(score)
    odds = learner.lift(features, prior) if lesson is None or lesson.lift is None else lesson.lift
    lift = lift_in_words(odds, learner.evidence(features, prior))
    if lift is None:
        return False, False, ""
    entry = ctx.policy.source(mention.source) or SourceEntry(mention.source, mention.kind)
    doubt = doubt_of(ctx.brain, entry, raw, [mention.brand])
    before, after = (_verdict(ctx, score, mention, team, doubt) for team in (None, lift))
    was, would_be = (one.priority >= ctx.policy.thresholds.case_from for one in (before, after))
    return was, would_be, next((reason for reason in after.reasons if reason.startswith(lift.reason)), lift.reason)


def _verdict(ctx: Context, score: Score, mention: Mention, lift: Lift | None, doubt: Doubt | None) -> Verdict:
    """As it was when it came: what it gained in speed since is another matter."""
    thresholds = ctx.policy.thresholds
    verdict = prioritise(score, reach=mention.reach, velocity=None, thresholds=thresholds, team=lift)
    return lowered(verdict, score, doubt)
