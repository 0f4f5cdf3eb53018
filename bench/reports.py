"""How quickly reports answer over a year of mentions, and whether they stay as quick while it fills.

    python bench/reports.py [--count 1000000] [--months 1,6,12] [--rounds 60] [--keep FILE]

A file is filled with a year of three brands and a competitor from eight sources: a rhythm of days and weeks, shares
with a heavy tail, three cases to a hundred mentions with four lines of a diary each. The rows are inserted in bulk and
the roll-ups counted anew from them (`storage/counting.py`, whose time is shown). Then each report of
`handlers/reports.py` is asked for at many moments of what has been filled so far, without its chart: p50 and p99. The
same numbers are also counted from the mentions themselves, in the same run: how many times longer that takes, and
whether it says the same. Times are the thread's own unless they are called wall.
"""

import argparse
import gc
import json
import random
import shutil
import statistics
import tempfile
import time
from bisect import bisect
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from handlers.context import Context, think
from handlers.reports import report
from handlers.rules.periods import Period, read_period
from handlers.rules.policy import Brand, Member, Policy, Route
from storage.counting import count_anew
from storage.store import Store, open_storage
from storage.tallies import Sums
from storage.types import Window, to_text
from tests.prove import crowd

YEAR = 2025
ZONE = ZoneInfo("Europe/Berlin")
BRANDS = (("Heron Air", 0.5), ("Plover Inn", 0.2), ("Wren Rail", 0.06), ("Rival Air", 0.24))
RIVAL, SHARE_OF_OURS = "Rival Air", 0.76  # a competitor has no cases
SOURCES = ("birds", "reviews", "news", "blogs", "forum", "mail", "videos", "calls")
SHARES_OF_SOURCES = (0.55, 0.15, 0.05, 0.03, 0.1, 0.04, 0.06, 0.02)
LABELS = (("neutral", 0.45), ("negative", 0.33), ("positive", 0.2), ("not scored", 0.02))
CAUSES = ("complaint", "question", "bug", "safety", "praise", "other")
PEOPLE = tuple(f"member{number}" for number in range(12))
RESOLUTIONS = ("replied", "replied", "fixed", "fixed", "no action", "irrelevant", "spam", "duplicate")
QUARTERS = 4 * 24 * 366
CASES = 0.03
PERIODS = ("yesterday", "24h", "last week", "last month", "last quarter", "last year")
PAGE = 50_000
POLICY = Policy(
    brands=tuple(Brand(name, {"names": name.split()[0].lower()}, is_competitor=name == RIVAL) for name, _ in BRANDS),
    members=tuple(Member(name, name.title()) for name in PEOPLE),
    routes=(Route("local:#alerts"),),
    team="Heron & Plover",
    timezone=ZONE.key,
)


# Filling


def quarters(count: int, chance: random.Random) -> list[int]:
    """How many mentions fall into each quarter of an hour of the year: more by day, fewer at weekends, some storms."""
    start = datetime(YEAR, 1, 1, tzinfo=UTC)
    weights = []
    for number in range(QUARTERS):
        at = start + timedelta(minutes=15 * number)
        day = (1.0, 0.6)[at.weekday() >= 5] * (1 + 0.9 * (1 if 7 <= at.hour < 21 else -0.7))
        weights.append(day * chance.lognormvariate(0, 0.4) * (8 if chance.random() < 0.001 else 1))
    reached = [round(count * part / sum(weights)) for part in accumulate(weights)]
    return [now - before for before, now in zip([0, *reached], reached, strict=False)]


class Filler:
    """Writes mentions, cases and diaries from the first quarter on, as far as it is asked to."""

    def __init__(self, store: Store, count: int) -> None:
        self.store = store
        self.chance = random.Random(20)
        self.counts = quarters(count, self.chance)
        self.words = [text for _, text in crowd.read([])]
        self.done = 0  # quarters
        self.counting = 0.0  # seconds that counting anew took at last
        self.mention = self.case = 0
        self.brands, self.of_brands = [name for name, _ in BRANDS], list(accumulate(share for _, share in BRANDS))
        self.labels, self.of_labels = [name for name, _ in LABELS], list(accumulate(share for _, share in LABELS))
        self.of_sources = list(accumulate(SHARES_OF_SOURCES))
        with store.transaction():
            for name in SOURCES:
                store.sources.id_of(name, "file", datetime(YEAR, 1, 1, tzinfo=UTC))

    def fill(self, months: int) -> None:
        """Up to the end of that month of the year."""
        end = datetime(YEAR + months // 12, months % 12 + 1, 1, tzinfo=UTC)
        last = int((end - datetime(YEAR, 1, 1, tzinfo=UTC)) / timedelta(minutes=15))
        engine = self.store.engine
        engine.run("pragma synchronous = off")
        mentions, cases, events = [], [], []
        for number in range(self.done, last):
            for row, case in self.rows(number):
                mentions.append(row)
                if case is not None:
                    cases.append(case[0])
                    events += case[1]
            if len(mentions) >= PAGE or number == last - 1:
                with self.store.transaction():
                    engine.run_many(_MENTION, mentions)
                    engine.run_many(_CASE, cases)
                    engine.run_many(_EVENT, events)
                mentions, cases, events = [], [], []
        self.done = last
        with self.store.transaction():
            began = time.thread_time()
            count_anew(engine.db.conn)  # type: ignore[attr-defined]
            self.counting = time.thread_time() - began
            engine.run("delete from times where what like '%, business'")
            engine.run("insert into times select grain, brand, start, what || ', business', bucket, n from times")

    def rows(self, quarter: int) -> Iterator[tuple[tuple[Any, ...], Any]]:
        chance = self.chance
        start = datetime(YEAR, 1, 1, tzinfo=UTC) + timedelta(minutes=15 * quarter)
        for second in sorted(chance.uniform(0, 899) for _ in range(self.counts[quarter])):
            moment = start + timedelta(seconds=second)
            self.mention += 1
            brand = self.brands[bisect(self.of_brands, chance.random() * self.of_brands[-1])]
            also = json.dumps([chance.choice(self.brands)]) if chance.random() < 0.03 else ""
            label = self.labels[bisect(self.of_labels, chance.random() * self.of_labels[-1])]
            source = bisect(self.of_sources, chance.random() * self.of_sources[-1]) + 1
            at = to_text(moment)
            shares = int(chance.paretovariate(0.9)) - 1
            is_ours = brand != RIVAL or also not in ("", json.dumps([RIVAL]))
            case = self.a_case(brand, moment, at) if is_ours and chance.random() < CASES / SHARE_OF_OURS else None
            author = f"user{int(chance.paretovariate(0.35)) % 400_000}"
            yield (
                self.mention, source, str(self.mention), brand, "" if also == json.dumps([brand]) else also, "names",
                author, author, chance.randrange(9_000), self.words[self.mention % len(self.words)], "", "", "en", at,
                at, at, 0, min(shares, 200_000), 0, 900, 0.1, label, 1, "[]", self.case if case else None, at,
                int(is_ours),
            ), case  # fmt: skip

    def a_case(self, brand: str, moment: datetime, at: str) -> tuple[tuple[Any, ...], list[tuple[Any, ...]]]:
        """A case and its diary: opened, claimed, answered, resolved. Those of the last days are not through."""
        chance = self.chance
        self.case += 1
        person, resolution = chance.choice(PEOPLE), chance.choice(RESOLUTIONS)
        priority = min(3, int(chance.expovariate(1.6)))
        steps = [moment + timedelta(minutes=chance.lognormvariate(mean, 1.2)) for mean in (2.5, 4, 6)]
        claimed, answered, resolved = sorted(steps)
        is_resolved = chance.random() > 0.004
        told = (
            self.case, brand, "resolved" if is_resolved else chance.choice(("open", "claimed")), priority, 4,
            self.mention, 1, chance.randrange(90_000), "[]", at, at, to_text(moment + timedelta(hours=4)), person,
            to_text(claimed), to_text(answered), to_text(resolved) if is_resolved else None, resolution if is_resolved
            else None, int(resolution == "fixed"), chance.choice(CAUSES), int(chance.random() < 0.3),
            at if chance.random() < 0.8 else None,
        )  # fmt: skip
        word = ("low", "normal", "high", "urgent")[priority]
        events = [
            (self.case, 1, at, "earshot", "opened", json.dumps({"priority": word})),
            (self.case, 2, to_text(claimed), person, "claimed", "{}"),
            (self.case, 3, to_text(answered), person, "answered", "{}"),
            (self.case, 4, to_text(resolved), person, "resolved", json.dumps({"resolution": resolution})),
        ]
        return told, events if is_resolved else events[:2]


_MENTION = (
    "insert into mentions (id, source_id, native_id, brand, also, query, author, author_name, followers, text, title,"
    " url, lang, published_at, seen_at, changed_at, likes, shares, replies, reach, sentiment, label, priority, reasons,"
    f" case_id, counted_at, is_ours, private) values ({', '.join('?' * 27)}, 0)"
)
_CASE = (
    "insert into cases (id, brand, status, priority, version, mention_id, mention_count, reach, reasons, opened_at,"
    " updated_at, due_at, assignee, claimed_at, answered_at, resolved_at, resolution, is_fixed, cause, asks,"
    f" alerted_at) values ({', '.join('?' * 21)})"
)
_EVENT = "insert into case_events (case_id, version, at, actor, kind, detail) values (?, ?, ?, ?, ?, ?)"


# Measuring


def end_of(months: int) -> datetime:
    """The last morning that is filled."""
    return datetime(YEAR + months // 12, months % 12 + 1, 1, 9, 7, tzinfo=UTC)


def timed(work: Callable[[], Any]) -> float:
    """Milliseconds of this thread's own time: what else the machine does is no part of it."""
    started = time.thread_time()
    work()
    return (time.thread_time() - started) * 1000


def ask(store: Store, brain: Any, now: datetime, name: str) -> tuple[Period, Callable[[], Any]]:
    period = read_period(name, now, ZONE)
    ctx = Context(store, brain, now)
    return period, lambda: report(ctx, period.window, before=period.before, usual=period.usual)


def quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def measure(store: Store, months: int, rounds: int) -> None:
    """Each report, at many moments of the time that is filled."""
    brain, chance = think(POLICY), random.Random(7)
    print(f"  {'report':14}{'p50':>10}{'p99':>10}{'wall p50':>12}{'p99':>10}")
    for name in PERIODS:
        late, wall = [], []
        for _ in range(rounds):
            is_long = name.endswith(("month", "quarter", "year"))
            back = timedelta() if is_long else timedelta(minutes=chance.randrange(60 * 24 * 14))
            asked = ask(store, brain, end_of(months) - back, name)[1]
            started = time.perf_counter()
            late.append(timed(asked))
            wall.append((time.perf_counter() - started) * 1000)
        told = (statistics.median(late), quantile(late, 0.99), statistics.median(wall), quantile(wall, 0.99))
        print("  {:14}{:>8.1f}ms{:>8.1f}ms{:>10.1f}ms{:>8.1f}ms".format(name, *told))


def same_week(files: dict[int, Path], rounds: int) -> None:
    """One week of the first month, however much has come since: each file in turn, so that none has a better hour."""
    stores = {months: open_storage(file, read_only=True) for months, file in files.items()}
    brain, took = think(POLICY), {months: list[float]() for months in files}
    for number in range(rounds + 3):
        for months, store in stores.items():
            asked = ask(store, brain, datetime(YEAR, 1, 27, 9, tzinfo=UTC), "last week")[1]
            took[months] += [timed(asked)][: number >= 3]
    print("\nthe same week in January, with so many months filled (ratio to the first):")
    for months, late in took.items():
        ratio = statistics.median(late) / statistics.median(took[min(took)])
        print(f"  {months:>2}: {statistics.median(late):.1f} ms  {ratio:.2f}")
        stores[months].close()


def from_the_rows(store: Store, window: Window) -> Sums:
    row = store.engine.rows(
        "select count(*) as n, sum(label = 'negative') as a, sum(label = 'neutral') as b, sum(label = 'positive') as c,"
        " sum(label = 'not scored') as d from mentions where counted_at >= ? and counted_at < ? and is_ours = 1",
        (to_text(window.start), to_text(window.end)),
    )[0]
    opened, alerted = (
        store.engine.value(
            f"select count(*) from cases where {what} >= ? and {what} < ?", (to_text(window.start), to_text(window.end))
        )
        for what in ("opened_at", "alerted_at")
    )
    return Sums(row["n"], *(row[name] or 0 for name in "abcd"), opened, alerted)


def beside_the_rows(store: Store, months: int) -> None:
    """The roll-ups and the rows that they count, for the same windows in the same run."""
    print("  sums of        roll-ups      the rows     ratio")
    for name in PERIODS:
        if "year" in name and months < 12:
            continue
        window = read_period(name, end_of(months), ZONE).window
        assert store.tallies.sums(window) == from_the_rows(store, window), f"{name}: the roll-ups are wrong"
        ours = statistics.median([timed(lambda window=window: store.tallies.sums(window)) for _ in range(9)])
        rows = statistics.median([timed(lambda window=window: from_the_rows(store, window)) for _ in range(3)])
        print(f"  {name:14}{ours:>7.2f}ms{rows:>12.1f}ms{rows / ours:>10,.0f}")
    print("  and they say the same")


def behind(store: Store, months: int) -> None:
    """What a press on a number costs, at its worst: the year."""
    now = end_of(months)
    window = read_period("last year" if months == 12 else "last month", now, ZONE).window
    cases: Any = store.behind.cases
    for name, work in {
        "standing": lambda: store.behind.standing(now),
        "load": lambda: store.behind.load(now),
        "worth a word": lambda: store.behind.worth(window),
        "… of a small brand": lambda: store.behind.worth(window, "Wren Rail"),
        "movers": lambda: store.tallies.movers(window),
        "cases opened": lambda: cases("opened", window, now=now, limit=8),
        "cases resolved by one": lambda: cases("resolved", window, person=PEOPLE[0], now=now, limit=8),
        "… fixed, small brand": lambda: cases("fixed", window, brand="Wren Rail", now=now, limit=8),
        "not fixed": lambda: cases("not fixed", None, now=now, limit=8),
        "overdue": lambda: cases("overdue", None, now=now, limit=8),
        "mentions, page 1": lambda: store.behind.mentions(window, limit=8),
        "mentions, rare": lambda: store.behind.mentions(
            window, brand="Wren Rail", source="calls", label="not scored", limit=8
        ),
        "mentions, far back": lambda: store.behind.mentions(window, brand="Heron Air", limit=8, offset=100_000),
    }.items():
        work()
        print(f"  {name:24}{statistics.median([timed(work) for _ in range(7)]):>8.2f}ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--months", default="1,6,12")
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--keep", type=Path, help="a new file that is left behind")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = told.keep or Path(folder) / "bench.db"
        store = open_storage(path)
        filler = Filler(store, told.count)
        files: dict[int, Path] = {}
        for months in sorted(map(int, told.months.split(","))):
            began = time.thread_time()
            filler.fill(months)
            filled = time.thread_time() - began
            store.engine.run("pragma optimize")
            store.close()
            store = filler.store = open_storage(path)
            gc.collect()
            size, anew = path.stat().st_size >> 20, filler.counting
            print(f"\n{months} months: {filler.mention:,} mentions, {filler.case:,} cases, {size:,} MB")
            print(f"  filled in {filled:,.0f} s of its own time, {anew:,.0f} s of which counted the roll-ups anew")
            measure(store, months, told.rounds)
            files[months] = Path(shutil.copy(path, Path(folder) / f"{months}.db"))
        beside_the_rows(store, months)
        behind(store, months)
        same_week(files, told.rounds)
        store.close()


if __name__ == "__main__":
    main()
