"""Copies, neighbours and promotion: what is found of them, beside simpler ways.

    python bench/copies.py --data FOLDER [--count 4000]

Pairs: of the first --count texts of each set, all pairs with a Levenshtein ratio of 88 or more, when what is no word of
their own is stripped; how many of these each way finds (R), and how much of what it finds is such a pair (P). Ours also
joins texts that begin alike and go on with little else, which are no such pairs.
Copy noise: every mention is an alert, and goes through the whole intake as if all came in one week; the share of cases
whose first 50 bare characters are those of an earlier one of the brand. Texts of less than 4 words are left out: two
customers who say "thank you" are no copies.
Neighbours: complaints in the order of time; how many are told that others had the same in the last 24 h, and how many
of those named give the same reason. Promotion: what of comments that people called spam is said to look like promotion.
"""

import argparse
import csv
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rapidfuzz import fuzz, process

from handlers.context import Context, think
from handlers.intake import take_in
from handlers.ports import Page
from handlers.rules.neighbours import neighbours
from handlers.rules.policy import Brand, Policy, SourceEntry, Thresholds
from handlers.rules.severity import Kind, find
from handlers.rules.stories import begins_alike, compared, is_alike, story_of
from handlers.rules.text import comparable, copy_key
from handlers.weighing import weigh
from storage.store import Store, open_storage
from storage.types import Priority, RawMention

SETS = ("weps3_relevance", "pfizer_reach_unlabelled", "entity_brands", "airline", "tweeteval_sentiment")
NOISE = SETS[:4]
NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
START = 50  # characters

Pair = tuple[int, int]
Rows = list[dict[str, str]]


def rows(folder: Path, name: str) -> Rows:
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def sharing(keys: Iterable[Iterable[str]]) -> set[Pair]:
    """The pairs that share a key."""
    holders: dict[str, list[int]] = defaultdict(list)
    found: set[Pair] = set()
    for number, own in enumerate(keys):
        for key in own:
            found.update((other, number) for other in holders[key])
            holders[key].append(number)
    return found


def alike(bare: Sequence[str]) -> set[Pair]:
    """All pairs of nearly the same words, by comparing every text with every other."""
    return {
        (other, number)
        for number, words in enumerate(bare)
        if words
        for _, _, other in process.extract(words, bare[:number], scorer=fuzz.ratio, score_cutoff=88, limit=None)
    }


def rarest(bare: Sequence[str]) -> set[Pair]:
    said = Counter(word for words in bare for word in set(words.split()))
    keys = [sorted(set(words.split()), key=lambda word: (said[word], word))[:6] for words in bare]
    return {pair for pair in sharing(keys) if fuzz.ratio(bare[pair[0]], bare[pair[1]]) >= 88}


def ours(texts: Sequence[str]) -> set[Pair]:
    stories = [story_of("", RawMention("", text), is_weighty=True) for text in texts]
    words = [compared(text) for text in texts]
    near = {pair for pair in sharing(one.parts for one in stories) if is_alike(words[pair[0]], words[pair[1]])}
    begun = {
        pair
        for pair in sharing([one.beginning] if one.beginning else [] for one in stories)
        if begins_alike(words[pair[0]], words[pair[1]])
    }
    return sharing(one.whole for one in stories) | near | begun


def pairs(name: str, texts: list[str]) -> None:
    bare = [comparable(text) for text in texts]
    wanted = alike(bare)
    long = {pair for pair in wanted if min(bare[number].count(" ") for number in pair) >= 4}
    print(f"{name}: {len(texts):,} texts, {len(wanted):,} pairs, {len(long):,} of them of 5 words or more")
    ways: dict[str, Callable[[], set[Pair]]] = {
        "exact hash": lambda: sharing([key] if (key := copy_key(text)) else [] for text in texts),
        "first 50 characters": lambda: sharing([words[:START]] if len(words) >= START else [] for words in bare),
        "six rarest words": lambda: rarest(bare),
        "ours": lambda: ours(texts),
    }
    for way, find_pairs in ways.items():
        found = find_pairs()
        right, of = len(found & wanted), max(1, len(found))
        recall, recall_long = right / max(1, len(wanted)), len(found & long) / max(1, len(long))
        print(f"  {way:20} P {right / of:.3f}  R {recall:.3f}  R of long {recall_long:.3f}")


def taken(found: Rows, folder: Path) -> Store:
    """All of it taken in, each mention worth a case."""
    brands = sorted({row.get("brand") or "Brand" for row in found})
    entries = {name: SourceEntry(f"s{number}", "file", brand=name) for number, name in enumerate(brands)}
    policy = Policy(
        brands=tuple(Brand(name, {"name": "zzzzzzzz"}) for name in brands),
        sources=tuple(entries.values()),
        thresholds=replace(Thresholds(), case_from=Priority.LOW),
    )
    brain, store = think(policy), open_storage(folder / "noise.db")
    for name, entry in entries.items():
        own = [row for row in found if (row.get("brand") or "Brand") == name]
        items = tuple(
            RawMention(str(number), row["text"], author=row.get("author", "")) for number, row in enumerate(own)
        )
        for start in range(0, len(items), 200):
            page = weigh(brain, entry, Page(items[start : start + 200], None))
            take_in(Context(store, brain, NOW), page)
    return store


def noise(name: str, found: Rows) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = taken(found, Path(folder))
        query = "select c.brand, m.text from cases c join mentions m on m.id = c.mention_id order by c.id"
        opened = [(row["brand"], row["text"]) for row in store.engine.rows(query)]
        store.close()
    each = [(row.get("brand") or "Brand", row["text"]) for row in found]
    exact = {(brand, copy_key(text) or text): (brand, text) for brand, text in reversed(each)}
    told = ((cases, share(cases)) for cases in (each, list(exact.values()), opened))
    words = [f"{100 * part:.2f} % of {len(cases):,}" for cases, part in told]
    print(f"  {name:24} each alone {words[0]:18} exact hash {words[1]:18} ours {words[2]}")


def share(cases: Sequence[tuple[str, str]]) -> float:
    bare = [(brand, comparable(text)) for brand, text in cases]
    beginnings = [(brand, words[:START]) for brand, words in bare if words.count(" ") >= 3]
    return 1 - len(set(beginnings)) / max(1, len(beginnings))


def near(found: Rows) -> None:
    told = [
        (datetime.strptime(row["created_at"], "%Y-%m-%d %H:%M:%S %z"), row)
        for row in found
        if row["label"] == "negative"
    ]
    complaints = sorted(told, key=lambda one: one[0])
    with_some = named = same = by_chance = of = 0
    for number, (at, row) in enumerate(complaints):
        before = [
            (place, other["text"])
            for place, (when, other) in enumerate(complaints[max(0, number - 1_000) : number], max(0, number - 1_000))
            if other["brand"] == row["brand"] and when >= at - timedelta(days=1)
        ][-500:]
        hits = neighbours(row["text"], before)
        with_some += bool(hits)
        named += len(hits)
        same += sum(complaints[place][1]["reason"] == row["reason"] for place in hits)
        by_chance += sum(complaints[place][1]["reason"] == row["reason"] for place, _ in before)
        of += len(before)
    part = f"{with_some:,} of {len(complaints):,} complaints ({100 * with_some / len(complaints):.1f} %)"
    print(
        f"  {part} have neighbours,"
        f" {named:,} in all; same reason {same / max(1, named):.2f} (chance {by_chance / max(1, of):.2f})"
    )


def is_promotion(text: str) -> bool:
    return any(hit.kind is Kind.PROMOTION for hit in find(text))


def promotion(folder: Path) -> None:
    spam = rows(folder, "youtube_spam")
    hits = [row for row in spam if is_promotion(row["text"])]
    right = sum(row["label"] == "spam" for row in hits)
    of = sum(row["label"] == "spam" for row in spam)
    precision, recall = right / len(hits), right / of
    f1 = 2 * precision * recall / (precision + recall)
    print(f"  youtube_spam: P {precision:.3f} R {recall:.3f} F1 {f1:.3f} of {len(spam):,}")
    worded = [row for row in spam if row["label"] == "spam" and comparable(row["text"]).count(" ") >= 3]
    hit = sum(is_promotion(row["text"]) for row in worded)
    print(f"    of the {len(worded):,} that say 4 words or more beside their links: R {hit / len(worded):.3f}")
    for name in ("airline", "entity_brands", "vader_amazon"):
        negative = [row for row in rows(folder, name) if row["label"] == "negative"]
        wrong = sum(is_promotion(row["text"]) for row in negative)
        print(f"  true complaints of {name}: {wrong} of {len(negative):,} ({100 * wrong / len(negative):.2f} %)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder with the labelled sets")
    parser.add_argument("--count", type=int, default=4_000, help="texts of each set whose pairs are all compared")
    options = parser.parse_args()
    for name in SETS:
        pairs(name, [row["text"] for row in rows(options.data, name)][: options.count])
    print("copy noise, if every mention were an alert")
    for name in NOISE:
        noise(name, rows(options.data, name))
    print("neighbours among the complaints to airlines")
    near(rows(options.data, "airline"))
    print("promotion")
    promotion(options.data)


if __name__ == "__main__":
    main()
