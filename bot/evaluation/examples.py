"""The texts that tell most: complaints that VADER takes for praise and Earshot raises, and what is raised wrongly."""

from collections.abc import Callable, Iterator

from bot.evaluation.baselines import CUT, verdicts
from bot.evaluation.labelled import NEGATIVE, LabelledTexts
from handlers.rules.scoring import Score, Verdict
from handlers.rules.text import comparable, shown
from storage.types import Priority

_LENGTH = 160
_REASONS = 3

Judged = tuple[str, str, Score, Verdict]  # a text, its true label, and what Earshot says


def lines(labelled: LabelledTexts, number: int) -> Iterator[str]:
    """At most `number` of each kind, the clearest first; of copies one."""
    judged = [(text, truth, *said) for text, truth, said in _with_verdicts(labelled)]
    yield "Complaints that VADER takes for praise, and Earshot raises:"
    yield from _told(judged, number, _is_caught)
    yield ""
    yield "What Earshot raised though it is no complaint:"
    yield from _told(judged, number, _is_wrong)


def _with_verdicts(labelled: LabelledTexts) -> Iterator[tuple[str, str, tuple[Score, Verdict]]]:
    return zip(labelled.texts, labelled.truths, verdicts(labelled.texts), strict=True)


def _is_caught(one: Judged) -> bool:
    _, truth, score, verdict = one
    return truth == NEGATIVE and (score.sentiment or 0.0) >= CUT and verdict.priority >= Priority.NORMAL


def _is_wrong(one: Judged) -> bool:
    _, truth, _, verdict = one
    return truth != NEGATIVE and verdict.priority >= Priority.NORMAL


def _told(judged: list[Judged], number: int, is_one: Callable[[Judged], bool]) -> Iterator[str]:
    found = sorted(filter(is_one, judged), key=lambda one: (-one[3].priority, -one[3].points, one[0]))
    each = list({comparable(one[0])[:50]: one for one in reversed(found)}.values())[::-1]
    for text, truth, score, verdict in each[:number]:
        words = " ".join(shown(text, _LENGTH).words.split())
        yield f"  {verdict.priority.name.lower():7} VADER {score.sentiment or 0.0:+.2f}, labelled {truth}: {words}"
        yield f"          because: {'; '.join(verdict.reasons[:_REASONS])}"
    if not each:
        yield "  none"
    elif len(each) > number:
        yield f"  … and {len(each) - number:,} more"
