"""How fast mentions are taken in: real texts through the whole pipeline to cases and deliveries, beside two yardsticks.

    python bench/intake.py [--texts FILE ...] [--count 20000] [--million] [--rounds 3]

(a) bare: vaderSentiment on the same texts, nothing stored. (b) naive: score, insert, commit, one by one (WAL, NORMAL).
Store all: every text matches a brand; unique key, indexes, roll-up, full text, cases, deliveries. Queries: of a mixed
stream where about one text in a hundred names a brand, only matches are kept, with 100 and with 10,000 queries; its
yardstick is the naive loop over the same stream, which stores all of it.
"weigh" is the part of ours that runs on the computing thread (match, score, priority), "store" the rest.
Ours takes in pages of the size that `earshot import` uses (--page sets another; a listener's has 200 items).
All in one process on one core, interleaved; ratios are medians of the rounds. --million does the memory run instead.
"""

import argparse
import gc
import itertools
import random
import resource
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from bot.importing import IMPORT_PAGE
from handlers import intake
from handlers.context import Brain, Context, think
from handlers.ports import Page
from handlers.rules.policy import Brand, Member, Policy, Route, SourceEntry
from handlers.weighing import weigh
from storage.store import open_storage
from storage.types import RawMention
from tests.prove import crowd

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
ENTRY = SourceEntry("bench", "file")


def policy(queries: dict[str, str], members: tuple[Member, ...] = ()) -> Policy:
    routes = (Route("local:#alerts"),)
    return Policy(brands=(Brand("Brand", queries),), sources=(ENTRY,), routes=routes, members=members)


def pages(items: Iterable[RawMention], size: int = IMPORT_PAGE) -> Iterator[Page]:
    stream = iter(items)
    for number in itertools.count():
        page = tuple(itertools.islice(stream, size))
        if not page:
            return
        yield Page(page, str(number))


def ours(
    brain: Brain,
    items: Iterable[RawMention],
    folder: Path,
    size: int,
    each: Callable[[int], None] = lambda _: None,
    weighing: list[float] | None = None,
) -> intake.Taken:
    """`weighing` is told the CPU seconds that each page takes to be weighed."""
    store = open_storage(folder / "ours.db")
    sums = intake.Taken()
    for page in pages(items, size):
        started = time.process_time()
        weighed = weigh(brain, ENTRY, page)
        if weighing is not None:
            weighing.append(time.process_time() - started)
        taken = intake.take_in(Context(store, brain, NOW), weighed)
        sums.read += taken.read
        sums.stored += taken.stored
        sums.cases += taken.cases
        sums.joined += taken.joined
        each(sums.read)
    store.close()
    return sums


def bare(items: Iterable[RawMention]) -> int:
    score = SentimentIntensityAnalyzer().polarity_scores
    return sum(1 for item in items if score(item.text))


def naive(items: Iterable[RawMention], folder: Path, words: list[str] | None = None) -> int:
    """How many were stored. With `words`, only what holds one of them is scored and stored."""
    conn = sqlite3.connect(folder / "naive.db")
    conn.execute("pragma journal_mode = wal")
    conn.execute("pragma synchronous = normal")
    conn.execute("create table mentions (id text primary key, author text, text text, score real)")
    score = SentimentIntensityAnalyzer().polarity_scores
    kept = 0
    for item in items:
        if words is not None:
            lowered = item.text.lower()
            if not any(word in lowered for word in words):
                continue
        conn.execute(
            "insert into mentions values (?, ?, ?, ?)",
            (item.native_id, item.author, item.text, score(item.text)["compound"]),
        )
        conn.commit()
        kept += 1
    conn.close()
    return kept


def timed(work: Callable[[Path], object]) -> tuple[float, object]:
    gc.collect()
    with tempfile.TemporaryDirectory() as folder:
        started = time.process_time()
        result = work(Path(folder))
        return time.process_time() - started, result


def keywords(count: int) -> list[str]:
    chance = random.Random(7)
    letters = "bcdfghjklmnprstvz"
    return ["".join(chance.choice(letters) + chance.choice("aeiou") for _ in range(4)) for _ in range(count)]


def mixed(found: list[tuple[str, str]], count: int, names: list[str]) -> list[RawMention]:
    """A stream in which one text in a hundred names one of the first hundred brands."""
    chance = random.Random(3)
    items = []
    for number, item in enumerate(crowd.mentions(found, count)):
        if number % 100 == 0:
            words = item.text.split()
            words.insert(len(words) // 2, chance.choice(names[:100]))
            item = replace(item, text=" ".join(words))
        items.append(item)
    return items


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=Path, nargs="*", default=[])
    parser.add_argument("--count", type=int)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--page", type=int, default=IMPORT_PAGE)
    parser.add_argument("--million", action="store_true", help="1,000,000 mentions, or --count if that is given")
    told = parser.parse_args()
    found = crowd.read(told.texts)
    files = ", ".join(path.name for path in told.texts) or "the sample day"
    count = told.count or (1_000_000 if told.million else 20_000)
    print(f"{len(found):,} texts from {files}; {count:,} mentions in pages of {told.page:,}; CPU time of one core")
    if told.million:
        memory(found, count, told.page)
        return
    store_all(found, count, told.rounds, told.page)
    queries(found, count, told.rounds, told.page)


def store_all(found: list[tuple[str, str]], count: int, rounds: int, size: int) -> None:
    items = list(crowd.mentions(found, count, "united"))
    brain = think(policy({"names": "united"}))
    rates: dict[str, list[float]] = {"bare": [], "naive": [], "ours": []}
    taken, weighing, all_of_ours = None, list[float](), 0.0
    for _ in range(rounds):
        rates["bare"].append(count / timed(lambda _: bare(items))[0])
        rates["naive"].append(count / timed(lambda folder: naive(items, folder))[0])
        seconds, taken = timed(lambda folder: ours(brain, items, folder, size, weighing=weighing))
        rates["ours"].append(count / seconds)
        all_of_ours += seconds
    assert isinstance(taken, intake.Taken)
    print(f"\nstore all ({taken.stored:,} stored, {taken.cases:,} cases, {taken.joined:,} joined one)")
    for name, values in rates.items():
        print(f"  {name:6} {statistics.median(values):>9,.0f} mentions/s")
    each = 1e6 / (count * rounds)
    weighed, all_us = sum(weighing) * each, all_of_ours * each
    print(f"  ours by stage: weigh {weighed:.0f}, store {all_us - weighed:.0f} us a mention")
    for other in ("naive", "bare"):
        ratios = [mine / theirs for mine, theirs in zip(rates["ours"], rates[other], strict=True)]
        print(f"  ours / {other:6} {statistics.median(ratios):.2f}   ({min(ratios):.2f} to {max(ratios):.2f})")


def queries(found: list[tuple[str, str]], count: int, rounds: int, size: int) -> None:
    names = keywords(10_000)
    items = mixed(found, count, names)
    brains = {number: think(policy({name: name for name in names[:number]})) for number in (100, 10_000)}
    rates: dict[int, list[float]] = {number: [] for number in brains}
    plain: list[float] = []
    kept = (0, 0)
    for _ in range(rounds):
        plain.append(count / timed(lambda folder: naive(items, folder))[0])
        for number, brain in brains.items():
            seconds, taken = timed(lambda folder, brain=brain: ours(brain, items, folder, size))
            rates[number].append(count / seconds)
            assert isinstance(taken, intake.Taken)
            kept = (taken.stored, taken.cases)
    print(f"\nqueries over a mixed stream, only matches kept ({kept[0]} stored, {kept[1]} cases)")
    print(f"  the naive loop stores all of it: {statistics.median(plain):,.0f} mentions/s")
    for number, values in rates.items():
        ratio = statistics.median(mine / theirs for mine, theirs in zip(values, plain, strict=True))
        print(f"  {number:>6,} queries {statistics.median(values):>9,.0f} mentions/s   ours / naive {ratio:.2f}")
    seconds, left = timed(lambda folder: naive(items, folder, names[:100]))
    print(
        f"  for comparison, naive with a substring loop over 100 words: {count / seconds:,.0f} mentions/s, kept {left}"
    )


def memory(found: list[tuple[str, str]], count: int, size: int) -> None:
    brain = think(policy({"names": "united"}))
    last, shown = time.process_time(), 0

    def each(read: int) -> None:
        nonlocal last, shown
        if read // 100_000 > shown:
            shown = read // 100_000
            spent, last = time.process_time() - last, time.process_time()
            rate = 100_000 / spent
            print(f"  {read:>9,} mentions  {rss():6.0f} MB  the last 100,000 at {rate:>7,.0f}/s", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        taken = ours(brain, crowd.mentions(found, count, "united"), Path(folder), size, each)
        stored = sum(path.stat().st_size for path in Path(folder).iterdir())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"  peak RSS {peak:.0f} MB; {taken.stored:,} stored, {taken.cases:,} cases, {stored / 1e9:.2f} GB on disk")


def rss() -> float:
    """MB now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6


if __name__ == "__main__":
    main()
