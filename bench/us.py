"""How soon "not us" is understood: python bench/us.py weps3_relevance.csv

The file is a CSV with columns text, label (relevant or irrelevant; other rows are left out), brand, author. For each
brand its rows are drawn in a random order; after 10, 20, 40, 80 and 160 labels the rest is judged. Printed are means
over the brands with their bootstrap interval (1,000 draws of brands):

    accuracy   odds above 0 taken for "it is us"; `majority` is to say of all what holds for most
    lowered    share of the mentions about other things that would rank low because of it
    wrongly    share of the mentions about the brand that would rank low because of it

The last two are of the brands of which at least a tenth is about the brand and a tenth about other things.
"""

import csv
import random
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import NamedTuple

from handlers.rules.us import UsModel, us_features
from storage.types import RawMention

LABELS = (10, 20, 40, 80, 160)
SEEDS = 3
_DRAWS = 1_000


class Row(NamedTuple):
    """One labelled mention as the model sees it."""

    features: dict[str, float]
    is_us: bool


class Result(NamedTuple):
    """One brand after so many labels, shares from 0 to 1; None where there was nothing of the kind."""

    accuracy: float
    lowered: float | None
    wrongly: float | None


def is_mixed(rows: Sequence[Row]) -> bool:
    return 0.1 <= mean(row.is_us for row in rows) <= 0.9


def read_rows(path: Path) -> dict[str, list[Row]]:
    """The rows of each brand."""
    found = defaultdict(list)
    with path.open(encoding="utf-8", newline="") as stream:
        for number, row in enumerate(csv.DictReader(stream)):
            if row["label"] in ("relevant", "irrelevant"):
                raw = RawMention(str(number), row["text"], author=row.get("author", ""))
                name = row.get("query") or row["brand"]
                found[row["brand"]].append((raw, name, row["label"] == "relevant"))
    return {
        brand: [Row(us_features(raw, name), is_us) for raw, name, is_us in rows]
        for brand, rows in found.items()
        if len(rows) > LABELS[-1] + 40
    }


def majority(rows: Sequence[Row]) -> float:
    share = mean(row.is_us for row in rows)
    return max(share, 1 - share)


def learn(rows: Sequence[Row], seed: int) -> dict[int, Result]:
    """What is known after each number of labels."""
    order = random.Random(seed).sample(rows, len(rows))
    model, results = UsModel(), {}
    for number, row in enumerate(order[: LABELS[-1]], 1):
        model.learn(row.features, row.is_us)
        if number in LABELS:
            results[number] = judged(model, order[number:])
    return results


def judged(model: UsModel, rows: Sequence[Row]) -> Result:
    right = mean((model.odds(row.features) > 0) == row.is_us for row in rows)
    low = {True: [], False: []}  # type: dict[bool, list[bool]]
    for row in rows:
        doubt = model.doubt(row.features, "it")
        low[row.is_us].append(doubt is not None and doubt.is_likely)
    return Result(right, mean(low[False]) if low[False] else None, mean(low[True]) if low[True] else None)


def interval(values: Sequence[float]) -> str:
    """The mean in per cent with the 95 % interval of 1,000 bootstrap draws."""
    draw = random.Random(0)
    means = sorted(mean(draw.choices(values, k=len(values))) for _ in range(_DRAWS))
    return f"{100 * mean(values):.1f} ({100 * means[25]:.1f}-{100 * means[-26]:.1f})"


def main() -> None:
    brands = read_rows(Path(sys.argv[1]))
    begun = time.perf_counter()
    all_results = [[learn(rows, seed) for seed in range(SEEDS)] for rows in brands.values()]
    acts = len(brands) * SEEDS * LABELS[-1]
    print(f"{sum(map(len, brands.values())):,} mentions of {len(brands)} brands, {SEEDS} orders each;", end=" ")
    print(f"{sum(map(is_mixed, brands.values()))} brands are mixed")
    print(f"majority: {interval([majority(rows) for rows in brands.values()])}")
    print("labels   accuracy            lowered             wrongly")
    mixed = [results for results, rows in zip(all_results, brands.values(), strict=True) if is_mixed(rows)]
    for labels in LABELS:
        told = []
        for what, those in enumerate((all_results, mixed, mixed)):
            each = [[found for one in results if (found := one[labels][what]) is not None] for results in those]
            told.append(interval([mean(of_brand) for of_brand in each if of_brand]))
        print(f"{labels:6}   " + "   ".join(f"{words:17}" for words in told))
    print(f"{acts:,} acts and the judging between them took {time.perf_counter() - begun:.1f} s")


if __name__ == "__main__":
    main()
