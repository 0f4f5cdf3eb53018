"""The report of `earshot eval --team`: who would have alerted what, for a team that decides as the labels say."""

import math
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.evaluation.events import Happening, is_in_time, known_reasons, read, thinned
from bot.evaluation.team import LEARNING, POLL, SEEDS, SHARE, WAYS, WRONG, Figures, Known, Vader, know, mean, measure
from bot.evaluation.team import simulate as one_course
from storage.errors import InvalidInput

_LEGEND = (
    "P all, P late    of 100 alerts, how many the team wanted: all of them, those of the second half",
    "R late           of 100 that it wanted in the second half, how many were alerted",
    "PR-AUC           how well all mentions of the second half were ranked, alerted or not: 100 is perfect",
    "ECE, Brier       how far the likelihoods of the second half were from what came true: 0 is best",
    "blind spot       of 100 wanted that VADER calls positive, how many were alerted in the second half",
    "copies           of 100 alerts, how many begin as another one of the last seven days",
    "better after     decisions after which PR-AUC is ten points above VADER's, and stays there on average",
)


@dataclass(frozen=True, slots=True)
class Setting:
    """What the team is like."""

    negatives: float | None = None  # the share that negative mentions are thinned to
    reasons: tuple[str, ...] = ()  # only these are wanted
    change: tuple[tuple[str, ...], tuple[str, ...]] | None = None  # what is wanted before half time, and after
    seeds: int = SEEDS
    share: float = SHARE
    wrong: float = WRONG


def read_change(told: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """A,B->C,D. Raises InvalidInput for anything else."""
    before, arrow, after = told.partition("->")
    if not (arrow and read_reasons(before) and read_reasons(after)):
        raise InvalidInput(f'"{told}" does not say what is wanted before and after.', 'Write "A,B->C,D".')
    return read_reasons(before), read_reasons(after)


def read_reasons(told: str) -> tuple[str, ...]:
    """A,B as two reasons."""
    return tuple(reason.strip() for reason in told.split(",") if reason.strip())


def report(path: Path, setting: Setting, told: Callable[[str], None]) -> Iterator[str]:
    """The lines of the report. Raises InvalidInput for a file or setting that cannot be used."""
    happenings = read(path)
    reasons = known_reasons(happenings, setting.reasons)
    before, after = (known_reasons(happenings, some) for some in setting.change or ((), ()))
    told(f"scoring {len(happenings):,} mentions")
    known = {id(one.happening): one for one in know(happenings)}
    drawn = [_drawn(happenings, setting.negatives, seed) for seed in range(setting.seeds)]
    runs = [[known[id(one)] for one in some] for some in drawn]
    if setting.change is None:
        yield from _about(path, runs[0], [_is_wanted(one, reasons) for one in runs[0]], setting)
        yield from _table(runs, setting, told, lambda one, _: _is_wanted(one, reasons))
        yield from _one_a_story(runs, setting, told, lambda one, _: _is_wanted(one, reasons))
    else:
        truths = [_is_wanted(one, before if at < len(runs[0]) / 2 else after) for at, one in enumerate(runs[0])]
        yield from _about(path, runs[0], truths, setting)
        yield from ("", "The team changes what it wants at half time:")
        yield from _table(runs, setting, told, lambda one, is_late: _is_wanted(one, after if is_late else before))
        yield from ("", "The same without a change:")
        yield from _table(runs, setting, told, lambda one, _: _is_wanted(one, before))
    yield from ("", *_LEGEND)


def _drawn(happenings: Sequence[Happening], negatives: float | None, seed: int) -> Sequence[Happening]:
    return happenings if negatives is None else thinned(happenings, negatives, seed)


def _is_wanted(one: Known, reasons: Collection[str]) -> bool:
    return one.happening.reason in reasons if reasons else one.happening.is_negative


_Wanted = Callable[[Known, bool], bool]  # a mention, and whether it stands in the second half


def _about(path: Path, run: Sequence[Known], truths: Sequence[bool], setting: Setting) -> Iterator[str]:
    order = "in time order" if is_in_time([one.happening for one in run]) else "in the order of the file"
    yield f"{len(run):,} mentions of {path.name}, {order}; the team wants {sum(truths) / len(run):.1%} of them."
    yield (
        f"The best {max(1, round(setting.share * POLL))} of {POLL} are alerted, {setting.wrong:.0%} of the clicks are"
        f" wrong; the mean of {setting.seeds} runs."
    )


def _table(
    runs: Sequence[Sequence[Known]], setting: Setting, told: Callable[[str], None], is_wanted: _Wanted
) -> Iterator[str]:
    yield f"{'':25}  P all  P late  R late  PR-AUC    ECE  Brier  blind spot  copies  better after"
    for name in WAYS:
        told(name)
        figures = mean([_figures(run, setting, seed, name, is_wanted) for seed, run in enumerate(runs)])
        yield f"{name:25}{_row(figures)}"


def _one_a_story(
    runs: Sequence[Sequence[Known]], setting: Setting, told: Callable[[str], None], is_wanted: _Wanted
) -> Iterator[str]:
    told("one alert a story")
    figures = mean(
        [_figures(run, setting, seed, LEARNING, is_wanted, one_a_story=True) for seed, run in enumerate(runs)]
    )
    yield f"{'… with one alert a story':25}{_row(figures)}"


def _figures(
    run: Sequence[Known], setting: Setting, seed: int, name: str, is_wanted: _Wanted, *, one_a_story: bool = False
) -> Figures:
    wanted = [is_wanted(one, at >= len(run) // 2) for at, one in enumerate(run)]
    share, wrong = setting.share, setting.wrong
    vader = one_course(run, wanted, Vader(), seed, share=share, wrong=wrong)
    course = one_course(run, wanted, WAYS[name](), seed, share=share, wrong=wrong, one_a_story=one_a_story)
    return measure(run, wanted, course, vader)


def _row(found: Figures) -> str:
    shares = (f"{_share(each):>{width}}" for each, width in ((found.precision, 7), (found.late, 8), (found.recall, 8)))
    better = "never" if math.isinf(found.decisions) else f"{found.decisions:.0f}"
    return (
        f"{''.join(shares)}{_share(found.pr_auc):>8}{_fine(found.ece):>7}{_fine(found.brier):>7}"
        f"{_share(found.blind):>12}{_share(found.copies):>8}{better:>14}"
    )


def _share(value: float) -> str:
    return "-" if math.isnan(value) else f"{100 * value:.1f}"


def _fine(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}"
