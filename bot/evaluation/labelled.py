"""A file of texts with labels, and what its labels are taken for: negative, neutral or positive.

CSV (comma, semicolon, tab or bar) with column names in the first line, or JSON Lines; UTF-8 or, with its mark, UTF-16;
also as .gz. A row that cannot be read costs itself alone.
"""

import io
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.sources.rows import BadRow, Row, csv_rows, encoding_of, format_of, json_rows, opened
from handlers.ports import BadSource
from handlers.rules.text import clean, shown
from storage.errors import InvalidInput

NEGATIVE, NEUTRAL, POSITIVE = "negative", "neutral", "positive"
CLASSES = (NEGATIVE, NEUTRAL, POSITIVE)
_WORDS = {
    NEGATIVE: """
        negative, neg, very negative, strongly negative, somewhat negative, complaint, complaints, complaining,
        complain, bad, angry, anger, annoyed, annoyance, frustrated, frustration, disappointed, disappointment, sad,
        hate, unhappy, sadness, disgust, disgusted, dissatisfied""",
    NEUTRAL: """
        neutral, neu, none, other, objective, no complaint, not complaint, non complaint, noncomplaint, not a complaint,
        not negative""",
    POSITIVE: """
        positive, pos, very positive, strongly positive, somewhat positive, praise, good, happy, joy, love, satisfied,
        gratitude, thanks, excited, excitement, admiration""",
}
MEANINGS = {word.strip(): meaning for meaning, words in _WORDS.items() for word in words.split(",")}
_SCALES = (  # from bad to good
    {"-1": NEGATIVE, "0": NEUTRAL, "1": POSITIVE},
    {"0": NEGATIVE, "1": NEUTRAL, "2": POSITIVE},
    {"0": NEGATIVE, "2": NEUTRAL, "4": POSITIVE},
    {"1": NEGATIVE, "2": NEGATIVE, "3": NEUTRAL, "4": POSITIVE, "5": POSITIVE},
)
_YES_NO = {"1": True, "true": True, "yes": True, "y": True, "0": False, "false": False, "no": False, "n": False}
_SAYS_COMPLAINT = ("complaint", "negative", "angry", "unhappy")  # a column of such a name has yes or no in it
_PARTS = re.compile(r"[\s_-]+")
_LISTED = 8


@dataclass(frozen=True, slots=True)
class LabelledTexts:
    """The texts of a file with what their labels were taken for, and what was left out."""

    name: str
    texts: tuple[str, ...]
    truths: tuple[str, ...]  # of CLASSES, one for each text
    meanings: Mapping[str, str]  # label as written -> of CLASSES
    unknown: Mapping[str, int]  # labels that were left out, with their rows
    broken: int = 0  # rows that could not be read
    empty: int = 0  # rows without words or without a label
    damaged: int = 0  # texts with �: characters that are not UTF-8, here or where the file comes from
    scale: tuple[str, str] | None = None  # numbers were taken for one from bad to good: its ends

    @property
    def classes(self) -> tuple[str, ...]:
        """Those of CLASSES that the texts have."""
        there = set(self.truths)
        return tuple(name for name in CLASSES if name in there)


def read(path: Path, text: str = "text", label: str = "label", means: Mapping[str, str] | None = None) -> LabelledTexts:
    """The labelled texts of a file. `means` says what labels mean, before all that is known of them.

    Raises InvalidInput when there is no such column, when no label is understood, or when all mean the same; BadSource
    when it is no such file.
    """
    found = _Found()
    for row in _rows(path, text, label):
        found.take(row, text, label)
    if not found.rows:
        raise InvalidInput(f"{path.name} has no row with words and a label.", "Is it the right file?")
    given = {_plain(told): _meaning(meaning) for told, meaning in (means or {}).items()}
    meanings = _meanings(found.labels(), label, given, path.name)
    kept = [(words, meanings[told]) for words, told in found.rows if told in meanings]
    unknown = Counter(told for _, told in found.rows if told not in meanings)
    read = LabelledTexts(
        path.name,
        tuple(words for words, _ in kept),
        tuple(truth for _, truth in kept),
        {told: meaning for told, meaning in meanings.items() if told in found.labels()},
        dict(unknown.most_common()),
        found.broken,
        found.empty,
        sum("\ufffd" in words for words, _ in kept),
        _ends(_scale(set(found.labels()) - set(given))),
    )
    if NEGATIVE not in read.classes or len(read.classes) < 2:
        raise InvalidInput(
            f"{path.name} needs complaints and others; its labels are {_listed(found.labels())}.",
            "Say what they mean: --means LABEL=negative --means LABEL=neutral, or name another column with --label.",
        )
    return read


def in_words(read: LabelledTexts) -> list[str]:
    """What was taken for what, and what was left out."""
    counted = Counter(read.truths)
    lines = []
    for name in read.classes:
        labels = sorted(label for label, meaning in read.meanings.items() if meaning == name)
        lines.append(f"  {name:9}{counted[name]:>8,}   {_listed(labels)}")
    if read.scale is not None:
        bad, good = read.scale
        lines.append(f"  the numbers are read as a scale from bad ({bad}) to good ({good}); if not, use --means")
    if read.unknown:
        told = ", ".join(f'"{_short(label)}" {number:,}' for label, number in list(read.unknown.items())[:_LISTED])
        more = f" and {len(read.unknown) - _LISTED} more" if len(read.unknown) > _LISTED else ""
        lines.append(f"  left out {sum(read.unknown.values()):>8,}   {told}{more} (say what they mean with --means)")
    for number, what in (
        (read.broken, "rows that could not be read"),
        (read.empty, "rows without words or label"),
        (read.damaged, "texts with a �: there it is not UTF-8, or was no longer when the file was written"),
    ):
        if number:
            lines.append(f"  {number:>17,}   {what}")
    return lines


class _Found:
    """Rows as they are read."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, str]] = []
        self.broken = self.empty = 0

    def take(self, row: Row, text: str, label: str) -> None:
        if row is None:
            return
        if isinstance(row, BadRow):
            self.broken += 1
            return
        words, told = clean(_cell(row, text)), _cell(row, label)
        if words.strip() and told.strip():
            self.rows.append((words, _plain(told)))
        else:
            self.empty += 1

    def labels(self) -> list[str]:
        return sorted({told for _, told in self.rows})


def _rows(path: Path, text: str, label: str) -> Iterator[Row]:
    asked: list[Sequence[str]] = []

    def has_both(names: Sequence[str]) -> bool:
        asked.append(names)
        return {text.lower(), label.lower()} <= {name.lower() for name in names}

    with opened(path) as (_, stream):
        form = format_of(path, stream)
        with io.TextIOWrapper(stream, encoding=encoding_of(stream), errors="replace", newline="") as lines:
            try:
                yield from json_rows(lines, path.name) if form == "jsonl" else csv_rows(lines, path.name, has_both)
            except BadSource as error:
                if "columns" not in error.message:
                    raise
                raise InvalidInput(
                    f'{path.name} has no columns "{text}" and "{label}"; it has {_listed(asked[-1])}.',
                    "Name yours: --text COLUMN --label COLUMN. The first line must hold the names.",
                ) from None


def _cell(row: Mapping[str, object], name: str) -> str:
    value = row.get(name)
    if value is None:
        value = next((row[key] for key in row if key.lower() == name.lower()), None)
    return "" if value is None else str(value)


def _plain(label: str) -> str:
    """A label without what does not matter: case, the signs between words, and 1.0 for 1."""
    try:
        number = float(label)
    except ValueError:
        return " ".join(_PARTS.split(label.lower())).strip()
    return str(int(number)) if number.is_integer() else str(number)


def _meaning(word: str) -> str:
    try:
        return MEANINGS[_plain(word)]
    except KeyError:
        raise InvalidInput(f'A label can mean negative, neutral or positive, not "{_short(word)}".') from None


def _meanings(labels: Sequence[str], column: str, given: Mapping[str, str], name: str) -> dict[str, str]:
    """What each label means; those of which nothing is known are left out."""
    rest = {label for label in labels if label not in given}
    known = {label: MEANINGS[label] for label in rest if label in MEANINGS}
    scale = _scale(rest)
    if scale is not None:
        known |= {label: scale[label] for label in rest}
    elif rest and rest <= set(_YES_NO):
        if not any(word in column.lower() for word in _SAYS_COMPLAINT):
            two = sorted(rest)
            raise InvalidInput(
                f"{name} has the labels {_listed(two)}, which may mean either.",
                f'Say it: --means {two[-1]}=negative --means {two[0]}=positive, or the other way round; "neutral" if'
                " the others are just no complaints.",
            )
        known |= {label: NEGATIVE if _YES_NO[label] else NEUTRAL for label in rest}
    return {**known, **given}


def _scale(labels: Collection[str]) -> Mapping[str, str] | None:
    """The one that these are of; 0 and 1 alone may be any, or yes and no."""
    there = set(labels)
    return next((scale for scale in _SCALES if there - {"0", "1"} and there <= set(scale)), None)


def _ends(scale: Mapping[str, str] | None) -> tuple[str, str] | None:
    return None if scale is None else (next(iter(scale)), next(reversed(list(scale))))


def _listed(labels: Sequence[str]) -> str:
    more = f" and {len(labels) - _LISTED} more" if len(labels) > _LISTED else ""
    return ", ".join(f'"{_short(label)}"' for label in labels[:_LISTED]) + more


def _short(label: str) -> str:
    return shown(label, 40).words
