"""How well complaints are found, set by set, beside VADER and beside our goals.

    python bench/quality.py FOLDER [--only SET] [--leave-out CACHE] [--tried] [--json FILE]
    python bench/quality.py --kinds

FOLDER holds labelled texts as CSV with the columns text and label; the files named below are read if they are there,
and what is missing is said. Every set is unseen: those that the day-one words were trained on are measured with words
trained anew without them, which takes about two minutes a set; that is only done with --leave-out, and kept in the
folder CACHE. Without it these sets are left out. Where only a part of a set is at hand, its goals are told as points
ahead of VADER. Irrelevant, ambiguous and mixed texts are left out, as `earshot eval`
does. All in percent; ± is half of the interval in which 95 of 100 draws lie.

--tried shows what the parts of the words are worth, and ideas that did not help. --kinds tells how well the kind of a
mention (complaint, question, bug …) is found in our own sentences, theme by theme, with words that were trained on the
other themes alone.
"""

import argparse
import csv
import json
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))

from bot.evaluation.baselines import PRIORITY, STOCK, WORDS, Guess, Judge, System, label_of, systems, words_of
from bot.evaluation.labelled import CLASSES, NEGATIVE, LabelledTexts, read
from bot.evaluation.metrics import DRAWS, average_precision
from bot.evaluation.table import Measured, Table, as_plain, measure
from bot.training import sets
from bot.training.words import Labelled, train
from handlers.rules import day_one
from handlers.rules.day_one import FACTS, SHAPE, parse
from handlers.rules.scoring import DayOneScorer
from handlers.rules.vader import compound, scored_part
from storage.errors import EarshotError
from storage.types import RawMention

ROOT = Path(__file__).parents[1]


class Goal(NamedTuple):
    """What a set must never be below, and what a good release reaches, in percent; VADER's figure on the whole set."""

    metric: str
    floor: float
    goal: float
    vader: float


class Set(NamedTuple):
    """A set to be measured."""

    file: str
    part: str = ""  # of it: column=value
    goals: tuple[Goal, ...] = ()


# The goals are for the whole sets; of some only a part may be at hand, whose numbers differ.
SETS = (
    Set("airline", goals=(Goal("pr_auc", 88, 90, 82.8), Goal("f1", 67, 74, 59.1), Goal("macro_recall", 58, 68, 55.6))),
    Set("sanders", goals=(Goal("pr_auc", 50, 57, 43.2),)),
    Set("complaints", goals=(Goal("pr_auc", 64, 69, 50.4), Goal("top_precision", 75, 81, 61.3))),
    Set("apple_crowdflower", goals=(Goal("pr_auc", 68, 75, 52.7), Goal("top_precision", 85, 92, 55.0))),
    Set("brand_products", goals=(Goal("pr_auc", 20, 25, 14.3),)),
    Set("tweeteval_sentiment", goals=(Goal("macro_recall", 57, 59, 57.0), Goal("pr_auc", 57, 61, 56.9))),
    Set("sentiment140_test"),
    Set("umsab", "lang=english"),
    Set("entity_brands"),
    Set("goemotions_reddit"),
    Set("review_sentences"),
    Set("smile_museums"),
    Set("vader_amazon"),
    Set("vader_tweets"),
    Set("vader_movie"),
    Set("vader_nyt"),
)
COLUMNS = {"pr_auc": "PR-AUC", "top_precision": "P@10%", "f1": "neg F1", "macro_recall": "macro-R"}
OTHER_BENCHES = ("copies", "languages", "us", "spikes", "promotion")
SYSTEMS = {one.name: one for one in systems()}
VADER_NUMBERS = frozenset(f"= {name}" for name in SHAPE[:4])
KINDS = {"leaving": "threat to leave"}  # in our sentences' files -> as a score has it
_NAMES = re.compile(r"@\w+")
_FOLDS = 4


def load(folder: Path, one: Set) -> LabelledTexts:
    """The texts of a set. Raises EarshotError."""
    trained = {each.file: each for each in sets.SETS}.get(f"{one.file}.csv")
    means = {label: meaning for label, meaning in (trained.means if trained else ()) if label != "irrelevant"}
    path = folder / f"{one.file}.csv"
    whole = read(path, means=means)
    if not one.part:
        return whole
    column, _, value = one.part.partition("=")
    with path.open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row[column] == value and row["label"] in CLASSES]
    texts, truths = tuple(row["text"] for row in rows), tuple(row["label"] for row in rows)
    return replace(whole, name=f"{one.file} ({value})", texts=texts, truths=truths)


def without(folder: Path, one: Set, found: LabelledTexts, cache: Path) -> str:
    """The file of the day-one words, trained without this set and without copies of its texts."""
    copies = {_plain(text) for text in found.texts}
    others = [each for each in sets.SETS if each.file != f"{one.file}.csv"]
    labelled = [text for each in others for text in sets.read(folder, each)] + sets.own()
    return trained([text for text in labelled if _plain(text.text) not in copies], cache, one.file)


def trained(labelled: Sequence[Labelled], cache: Path, name: str) -> str:
    """The file of words trained on these texts, from the cache where nothing has changed since."""
    sign = sha256(repr(labelled).encode("utf-8", "replace"))
    for source in ("bot/training/words.py", "bot/training/regression.py", "handlers/rules/features.py"):
        sign.update((ROOT / source).read_bytes())
    path = cache / f"{name}-{sign.hexdigest()[:12]}.txt"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        path.write_text(train(labelled, lambda words: print(f"  {name}: {words}", file=sys.stderr)), "utf-8")
    return path.read_text("utf-8")


def measured(found: LabelledTexts, lines: str, times: int) -> Table:
    return measure(found, [SYSTEMS[STOCK], System(WORDS, words_of(parse(lines)))], times)


def print_header() -> None:
    titles = "".join(f"{title:>22}" for title in COLUMNS.values())
    print(f"{'':24}{'texts':>7}{'base':>6}{titles}{'ECE':>7}   goals (floor, goal)")
    print(f"{'':37}" + f"{'VADER -> ours':>22}" * len(COLUMNS))


def print_row(one: Set, found: LabelledTexts, table: Table) -> None:
    rows = {row.name: row.values for row in table.rows}
    cells = "".join(f"{_step(rows[STOCK][name], rows[WORDS][name]):>22}" for name in COLUMNS)
    ece = f"{100 * rows[WORDS]['ece'].value:7.1f}"
    before, after = rows[STOCK], rows[WORDS]
    goals = "; ".join(_goal(goal, before[goal.metric].value, after[goal.metric].value) for goal in one.goals)
    name = found.name.removesuffix(".csv")
    print(f"{name:24}{table.texts:7,}{100 * table.base:6.1f}{cells}{ece}   {goals}", flush=True)


def _step(before: Measured, after: Measured) -> str:
    return f"{100 * before.value:.1f} -> {100 * after.value:.1f} ±{50 * (after.high - after.low):.1f}"


def _goal(goal: Goal, before: float, value: float) -> str:
    """Whether it is reached. If VADER's figure says that other texts are at hand, the goal is told ahead of VADER."""
    is_whole = abs(100 * before - goal.vader) < 1
    floor, best = (goal.floor, goal.goal) if is_whole else (goal.floor - goal.vader, goal.goal - goal.vader)
    reached = 100 * (value if is_whole else value - before)
    state = "goal" if reached >= best else "floor" if reached >= floor else "BELOW"
    what = f"{floor:g}, {best:g}" if is_whole else f"VADER {floor:+.1f}, {best:+.1f}"
    return f"{COLUMNS[goal.metric]} {what}: {state}"


def _plain(text: str) -> str:
    return " ".join(text.lower().split())


def variants(lines: str) -> dict[str, Judge]:
    """What is worth looking at beside the words as they are. Weights are taken out, nothing is trained anew."""
    words = words_of(parse(lines))

    def leaving_out(is_out: Callable[[str], bool]) -> Judge:
        return words_of(parse("".join(line for line in lines.splitlines(True) if not is_out(line.partition("\t")[0]))))

    def without_names(texts: Sequence[str], classes: Collection[str]) -> list[Guess]:
        scores = [compound(_NAMES.sub("@x", scored_part(text))) for text in texts]
        return [Guess(label_of(score, classes), -score) for score in scores]

    def with_vader(texts: Sequence[str], classes: Collection[str]) -> list[Guess]:
        scores = [compound(scored_part(text)) for text in texts]
        return [
            one._replace(rank=one.rank - 2 * score) for one, score in zip(words(texts, classes), scores, strict=True)
        ]

    return {
        "VADER": _judge(STOCK),
        "VADER without @names": without_names,
        "the words as they are": words,
        "without pairs": leaving_out(lambda name: " " in name and name[0] != "="),
        "without single words": leaving_out(lambda name: " " not in name and name[0] != "#"),
        "without VADER's numbers": leaving_out(lambda name: name in VADER_NUMBERS),
        "without the shape": leaving_out(
            lambda name: name[:2] == "= " and name[2:] in SHAPE and name not in VADER_NUMBERS
        ),
        "without the severity table": leaving_out(lambda name: name[:2] == "= " and name[2:] in FACTS),
        "the words and 2 x VADER": with_vader,
        "priority (the card)": _judge(PRIORITY),
    }


def print_tried(found: Sequence[tuple[LabelledTexts, str]]) -> None:
    print(f"\nTried: PR-AUC{'':14}" + "".join(f"{texts.name.removesuffix('.csv')[:13]:>14}" for texts, _ in found))
    each = [(texts, variants(lines)) for texts, lines in found]
    for name in variants(day_one_file()):
        cells = []
        for texts, judges in each:
            guesses = judges[name](texts.texts, texts.classes)
            truths = [truth == NEGATIVE for truth in texts.truths]
            cells.append(f"{100 * average_precision(truths, [guess.rank for guess in guesses]):14.1f}")
        print(f"{name:27}" + "".join(cells), flush=True)


def print_kinds(cache: Path) -> None:
    """Each sentence is judged by words that were trained on the other themes alone."""
    sentences = list(_by_theme())
    themes = sorted({theme for theme, *_ in sentences})
    met: Counter[tuple[str, str]] = Counter()
    for fold in (themes[at::_FOLDS] for at in range(min(_FOLDS, len(themes)))):
        others = [Labelled(text, label, sets.OWN) for theme, _, label, text in sentences if theme not in fold]
        scorer = DayOneScorer()
        scorer._words = parse(trained(others, cache, f"without-{'-'.join(fold)}"))
        for theme, kind, _, text in sentences:
            if theme in fold:
                met[KINDS.get(kind, kind), scorer.score(RawMention("1", text)).kind] += 1
    told = sorted({kind for pair in met for kind in pair}, key=lambda kind: -sum(_of(met, kind, 0)))
    print(f"kind of {sum(met.values()):,} own sentences: a row for each true kind, a column for what was told")
    print(f"{'':16}" + "".join(f"{kind[:9]:>10}" for kind in told) + f"{'recall':>9}{'precision':>11}")
    for kind in told:
        right, there, given = met[kind, kind], sum(_of(met, kind, 0)), sum(_of(met, kind, 1))
        shares = f"{_percent(right, there):>9}{_percent(right, given):>11}"
        print(f"{kind:16}" + "".join(f"{met[kind, other] or '':>10}" for other in told) + shares)
    print(
        f"right: {_percent(sum(number for (true, given), number in met.items() if true == given), sum(met.values()))} %"
    )


def _of(met: Counter[tuple[str, str]], kind: str, side: int) -> list[int]:
    return [number for pair, number in met.items() if pair[side] == kind]


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}" if whole else "-"


def _by_theme() -> Iterator[tuple[str, str, str, str]]:
    """(theme, kind, sentiment, text) of our own sentences."""
    for path in sorted(Path(sets.__file__).parent.glob("*.tsv")):
        for line in path.read_text("utf-8").splitlines():
            kind, label, text = line.split("\t")
            yield path.stem, kind, label, text


def _judge(name: str) -> Judge:
    judge = SYSTEMS[name].judge
    assert judge is not None
    return judge


def day_one_file() -> str:
    return Path(day_one.__file__).with_name(day_one.FILE).read_text("utf-8")


def quality(
    folder: Path, cache: Path | None, times: int, only: Collection[str] = ()
) -> list[tuple[Set, LabelledTexts, str, Table]]:
    """Print a row for each set that is there, and say which are not."""
    found, missing, seen = [], [], []
    print_header()
    for one in SETS:
        if only and one.file not in only:
            continue
        if not (folder / f"{one.file}.csv").exists():
            missing.append(one.file)
            continue
        is_seen = f"{one.file}.csv" in {each.file for each in sets.SETS}
        if is_seen and cache is None:
            seen.append(one.file)
            continue
        try:
            texts = load(folder, one)
            lines = without(folder, one, texts, cache) if is_seen and cache else day_one_file()
        except EarshotError as error:
            print(f"{one.file:24}{error}")
            continue
        table = measured(texts, lines, times)
        print_row(one, texts, table)
        found.append((one, texts, lines, table))
    if seen:
        print(f"Seen in training, so only with --leave-out: {', '.join(seen)}.")
    if missing:
        print(f"Not in {folder}: {', '.join(missing)}.")
    return found


def print_ahead(tables: Sequence[Table]) -> None:
    ahead = [row.ahead for table in tables for row in table.rows if row.ahead is not None]
    better = sum(one.value > 0 for one in ahead)
    by_five = sum(one.value >= 0.05 for one in ahead)
    print(f"PR-AUC: ahead of VADER on {better} of {len(ahead)} sets, by 5 points or more on {by_five}.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--leave-out", type=Path, metavar="CACHE", help="train anew for the sets seen in training")
    parser.add_argument("--only", action="append", default=[], metavar="SET", help="of the sets; may be repeated")
    parser.add_argument("--tried", action="store_true", help="what the parts are worth")
    parser.add_argument("--kinds", action="store_true", help="how well kinds are told in our own sentences")
    parser.add_argument("--draws", type=int, default=DRAWS)
    parser.add_argument("--json", type=Path, metavar="FILE")
    given = parser.parse_args()
    if given.kinds:
        print_kinds(given.leave_out or Path(tempfile.mkdtemp()))
    if given.folder is None:
        if not given.kinds:
            parser.error("Give the folder that holds the labelled files.")
        return
    found = quality(given.folder, given.leave_out, given.draws, given.only)
    print_ahead([table for *_, table in found])
    if given.tried:
        print_tried([(texts, lines) for _, texts, lines, _ in found])
    if given.json:
        given.json.write_text(
            json.dumps({texts.name: as_plain(table) for _, texts, _, table in found}, indent=2) + "\n"
        )
    others = [name for name in OTHER_BENCHES if (ROOT / "bench" / f"{name}.py").exists()]
    print(f"Benches of their own: {', '.join(f'bench/{one}.py' for one in others)}.")


if __name__ == "__main__":
    main()
