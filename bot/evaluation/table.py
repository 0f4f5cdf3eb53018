"""The table of `earshot eval`: who finds the complaints of a labelled file, and how well."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from bot.evaluation.baselines import EXTRA, PRIORITY, SHOWN, STOCK, Guesses, System
from bot.evaluation.labelled import NEGATIVE, LabelledTexts
from bot.evaluation.metrics import DRAWS, SEED, Labelling, Ranked, Values, draws, interval

ORDER = {
    "pr_auc": "PR-AUC",
    "top_precision": "in top 10 %",
    "top_recall": "found there",
    "recall_when_sure": "found at 85 %",
    "ece": "ECE",
}  # of the ranking, as the columns are called
LABELS = {
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "macro_f1": "macro-F1",
    "macro_recall": "macro-recall",
}  # of the label
_MACRO = ("macro_f1", "macro_recall")
_WIDTH, _NAME = 15, 21
_FEWEST = 40  # draws that a conclusion needs: 95 of 100 of fewer are all of them
_LEGEND_ORDER = (
    "PR-AUC         how well complaints stand before everything else: 100 is perfect, a pure guess gets {base:.1f}",
    "in top 10 %    the share of complaints among the likeliest tenth: what a team sees that looks no further",
    "found there    the share of all complaints that stand in this tenth; more than {most:.1f} is not possible here",
    "found at 85 %  the share of all complaints that are found while 85 of 100 alerts are right",
    "ECE            how far a told likelihood is from what comes true, on average; 0 is best",
)
_LEGEND_LABELS = (
    "precision      of the texts that are called negative, the share that are complaints",
    "recall         of the complaints, the share that is called negative",
    "F1             both in one number: high only if both are",
    "macro-F1       the mean of F1 over {classes}",
    "macro-recall   the mean of recall over the same; {guess:.1f} is a pure guess",
)
_MORE_THAN_LABELS = (
    f"{PRIORITY} counts what gets a card, so also questions that need an answer, which are no complaints."
)


class Measured(NamedTuple):
    """A share, and between which values it lies in 95 of 100 draws."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured of one who judges. Without values it was not there to be measured."""

    name: str
    values: Mapping[str, Measured] = field(default_factory=dict)
    ahead: Measured | None = None  # PR-AUC more than VADER's, drawn together


@dataclass(frozen=True, slots=True)
class Table:
    """A measured file."""

    texts: int
    base: float  # the share of complaints
    classes: tuple[str, ...]
    times: int  # draws
    rows: tuple[Row, ...]


def measure(
    labelled: LabelledTexts,
    judges: Iterable[System],
    times: int = DRAWS,
    told: Callable[[str], None] = lambda _: None,
) -> Table:
    """Let each judge the texts, and measure it. The same file gives the same numbers. Takes about a minute for 15,000
    texts."""
    truths = [truth == NEGATIVE for truth in labelled.truths]
    runs: list[_Run] = []
    missing: list[Row] = []
    for judge in judges:
        if judge.judge is None:
            missing.append(Row(judge.name))
            continue
        told(f"{judge.name} reads {len(labelled.texts):,} texts")
        run = _Run(judge, judge.judge(labelled.texts, labelled.classes), truths, labelled.truths)
        run.take_from(next((one for one in runs if one.guesses == run.guesses), None))
        runs.append(run)
    if times:
        told(f"{times:,} draws for the intervals")
    for counts in draws(len(truths), times, SEED):
        for run in runs:
            run.draw(counts)
    vader = next((run for run in runs if run.name in (STOCK, SHOWN)), None)
    rows = [run.row(vader) for run in runs]
    return Table(len(truths), sum(truths) / len(truths), labelled.classes, times, (*rows, *missing))


def lines(table: Table) -> list[str]:
    """The table for people, in percent; ± is half the width of the interval."""
    others = [name for name in table.classes if name != NEGATIVE]
    of_classes = f"{len(table.classes)} classes: {', '.join(table.classes)}"
    places = {
        "base": 100 * table.base,
        "most": min(100.0, 10 / table.base),
        "classes": of_classes,
        "guess": 100 / len(table.classes),
    }
    return [
        "Which texts come first? (what the team sees)",
        *_block(table, ORDER),
        *(f"  {line.format(**places)}" for line in _LEGEND_ORDER),
        "",
        f"Which label do they get? ({NEGATIVE} against {' and '.join(others)})",
        *_block(table, LABELS),
        *(f"  {line.format(**places)}" for line in _LEGEND_LABELS),
        "",
        _about_chance(table),
        *_conclusions(table),
        *(_MORE_THAN_LABELS for row in table.rows if row.name == PRIORITY and row.values),
    ]


def figures(rows: Sequence[Row]) -> dict[str, dict[str, tuple[float, float, float]]]:
    """For the model card: by name and metric the value with its interval, in percent with one place."""
    return {
        row.name: {name: _rounded(value) for name, value in row.values.items() if not math.isnan(value.value)}
        for row in rows
    }


def as_plain(table: Table) -> dict[str, Any]:
    """The table for machines: shares from 0 to 1, null where something is not defined."""
    return {
        "texts": table.texts,
        "complaints": table.base,
        "classes": list(table.classes),
        "draws": table.times,
        "systems": {
            row.name: {name: _plain(value) for name, value in row.values.items()}
            | ({"pr_auc_ahead_of_vader": _plain(row.ahead)} if row.ahead else {})
            for row in table.rows
        },
    }


class _Run:
    """One who judges, measured again and again."""

    def __init__(self, judge: System, guesses: Guesses, truths: Sequence[bool], labels: Sequence[str]) -> None:
        self.name = judge.name
        self.has_classes = judge.has_classes
        self.guesses = guesses
        odds_on = [guess.probability for guess in guesses if guess.probability is not None]
        self._ranked = Ranked(truths, [guess.rank for guess in guesses], odds_on)
        self._labelling = Labelling(labels, [guess.label for guess in guesses], NEGATIVE)
        self.whole = self._measure([1] * len(truths))
        self.drawn: list[Values] = []
        self._is_own = True

    def take_from(self, twin: "_Run | None") -> None:
        """Another who judges every text the same has the same draws."""
        if twin is not None and twin.has_classes == self.has_classes:
            self.drawn, self._is_own = twin.drawn, False

    def draw(self, counts: Sequence[int]) -> None:
        if self._is_own:
            self.drawn.append(self._measure(counts))

    def row(self, other: "_Run | None") -> Row:
        values = {
            name: Measured(value, *interval([one[name] for one in self.drawn])) for name, value in self.whole.items()
        }
        if other is None or other.guesses == self.guesses:
            return Row(self.name, values)
        ahead = [mine["pr_auc"] - its["pr_auc"] for mine, its in zip(self.drawn, other.drawn, strict=True)]
        return Row(self.name, values, Measured(self.whole["pr_auc"] - other.whole["pr_auc"], *interval(ahead)))

    def _measure(self, counts: Sequence[int]) -> Values:
        values = self._ranked.measure(counts) | self._labelling.measure(counts)
        return values if self.has_classes else {name: value for name, value in values.items() if name not in _MACRO}


def _block(table: Table, columns: Mapping[str, str]) -> list[str]:
    found = [f"{'':{_NAME}}" + "".join(f"{title:>{_WIDTH}}" for title in columns.values())]
    for row in table.rows:
        if row.values:
            cells = "".join(f"{_cell(row.values.get(name)):>{_WIDTH}}" for name in columns)
            found.append(f"{row.name:{_NAME}}{cells}")
        else:
            found.append(
                f"{row.name:{_NAME}}  not installed: pip install {row.name.lower()} (the extra `{EXTRA}` has it)"
            )
    return found


def _cell(value: Measured | None) -> str:
    if value is None or math.isnan(value.value):
        return "-"
    if math.isnan(value.low):
        return f"{100 * value.value:.1f}"
    return f"{100 * value.value:.1f} ±{50 * (value.high - value.low):.1f}"


def _about_chance(table: Table) -> str:
    if not table.times:
        return "All in percent. Without draws nothing is known of chance, so nobody is called better than another."
    few = f"; fewer than {_FEWEST} draws, so nobody is called better than another" if table.times < _FEWEST else ""
    return f"All in percent. ± is where the value lies in 95 of 100 draws of {table.texts:,} texts from these{few}."


def _conclusions(table: Table) -> list[str]:
    if table.times < _FEWEST:
        return []
    return [
        _conclusion(row.name, row.ahead)
        for row in table.rows
        if row.ahead is not None and not math.isnan(row.ahead.low)
    ]


def _conclusion(name: str, ahead: Measured) -> str:
    low, high = sorted((100 * ahead.low, 100 * ahead.high), key=abs)
    between = f"{abs(low):.1f} to {abs(high):.1f}"
    if ahead.low > 0:
        return f"{name}: {100 * ahead.value:.1f} points of PR-AUC ahead of VADER ({between})."
    if ahead.high < 0:
        return f"{name}: {-100 * ahead.value:.1f} points of PR-AUC behind VADER ({between})."
    return f"{name}: not told from VADER by PR-AUC on these texts ({100 * ahead.value:+.1f} points)."


def _rounded(value: Measured) -> tuple[float, float, float]:
    one, low, high = (round(100 * share, 1) for share in value)
    return one, low, high


def _plain(value: Measured) -> list[float | None]:
    return [None if math.isnan(share) else round(share, 6) for share in value]
