"""How many complaints are caught, at how much noise, and how fast, beside stock VADER.

    python bench/scoring.py FOLDER [--equal]

FOLDER holds labelled texts as CSV with the columns text and label (negative, neutral, positive); the files named below
are read if they are there. "Caught" is a negative text that reaches normal or above, "noise" a positive one that does.
VADER stands there twice: with its usual cut, and with the cut moved until it is as noisy as we are. The speed is CPU
time of score and priority together, in the same run and on the same texts as the stock analyzer's.

`--equal` compares our compound with the stock analyzer's instead, number for number, on every row of every CSV of the
folder that has a column `text`; it ends with an error where one differs.
"""

import csv
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from handlers.rules.policy import Thresholds
from handlers.rules.scoring import DayOneScorer, prioritise
from handlers.rules.vader import compound
from storage.types import Priority, RawMention

FILES = ("airline", "entity_brands", "sentiment140_test", "review_sentences", "tweeteval_sentiment", "vader_amazon")
THRESHOLDS = Thresholds()
SCORER = DayOneScorer()


def priority_of(text: str) -> Priority:
    score = SCORER.score(RawMention("1", text))
    return prioritise(score, reach=None, velocity=None, thresholds=THRESHOLDS).priority


def share(texts: list[str], test: Callable[[str], bool]) -> float:
    return 100 * sum(map(test, texts)) / max(1, len(texts))


def passes(do: Callable[[str], object], texts: list[str]) -> tuple[float, float]:
    """CPU seconds of a first and of a second pass."""
    took = []
    for _ in range(2):
        started = time.process_time()
        for text in texts:
            do(text)
        took.append(time.process_time() - started)
    return took[0], took[1]


def vader_cut(texts: list[str], noise: float) -> float:
    """The compound below which VADER lets at most `noise` percent of `texts` through."""
    compounds = sorted(map(compound, texts))
    return compounds[min(len(compounds) - 1, round(len(compounds) * noise / 100))]


def read(path: Path) -> dict[str, list[str]]:
    by_label: dict[str, list[str]] = {}
    with path.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            by_label.setdefault(row["label"], []).append(row["text"])
    return by_label


def print_quality(name: str, by_label: dict[str, list[str]]) -> None:
    positive = by_label.get("positive", [])
    cut = vader_cut(positive, share(positive, lambda text: priority_of(text) >= Priority.NORMAL))
    tests: dict[str, Callable[[str], bool]] = {
        "VADER <= -0.05": lambda text: compound(text) <= -0.05,
        f"VADER < {cut:+.4f}": lambda text: compound(text) < cut,
        "normal or above": lambda text: priority_of(text) >= Priority.NORMAL,
        "high or above": lambda text: priority_of(text) >= Priority.HIGH,
        "urgent": lambda text: priority_of(text) >= Priority.URGENT,
    }
    print(f"\n{name}: " + ", ".join(f"{len(texts)} {label}" for label, texts in by_label.items()))
    print(f"  {'':18}{'caught':>8}{'neutral':>9}{'noise':>8}   % of negative, neutral, positive texts")
    for title, test in tests.items():
        caught, neutral, noise = (share(by_label.get(label, []), test) for label in ("negative", "neutral", "positive"))
        print(f"  {title:18}{caught:8.1f}{neutral:9.1f}{noise:8.1f}")


def print_speed(texts: list[str]) -> None:
    stock = SentimentIntensityAnalyzer()
    slow = min(passes(stock.polarity_scores, texts))
    print(f"{len(texts)} texts, one core\n  {'stock VADER':20}{len(texts) / slow:10,.0f} texts/s   x1.0")
    for title, do in (("compound", compound), ("score + prioritise", priority_of)):
        for which, took in zip(("first pass", "second pass"), passes(do, texts), strict=True):
            print(f"  {title:20}{len(texts) / took:10,.0f} texts/s   x{slow / took:.1f}   {which}")


def print_equal(folder: Path) -> None:
    """Ends the program with an error where a number differs."""
    stock = SentimentIntensityAnalyzer()
    compared, different = 0, 0
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as lines:
            texts = [row["text"] or "" for row in csv.DictReader(lines) if "text" in row]
        wrong = [text for text in texts if compound(text) != stock.polarity_scores(text)["compound"]]
        compared, different = compared + len(texts), different + len(wrong)
        print(f"  {path.stem:28}{len(texts):8,} texts{len(wrong):6} differ", flush=True)
    print(f"{compared:,} texts, {different} compounds differ from the stock analyzer's")
    if different or not compared:
        sys.exit(1)


def main(folder: Path) -> None:
    sets = {name: read(folder / f"{name}.csv") for name in FILES if (folder / f"{name}.csv").exists()}
    if not sets:
        sys.exit(f"None of these is in {folder}: " + ", ".join(f"{name}.csv" for name in FILES))
    print_speed([text for by_label in sets.values() for texts in by_label.values() for text in texts])
    for name, by_label in sets.items():
        print_quality(name, by_label)


if __name__ == "__main__":
    is_equality = sys.argv[2:] == ["--equal"]
    if not (len(sys.argv) == 2 or is_equality) or not Path(sys.argv[1]).is_dir():
        sys.exit("Give the folder that holds the labelled files: python bench/scoring.py FOLDER [--equal]")
    (print_equal if is_equality else main)(Path(sys.argv[1]))
