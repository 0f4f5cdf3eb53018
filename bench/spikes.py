"""How many storms are found that are none, and how soon one is found that is: two years of simulated hours, real rules.

    python bench/spikes.py [--years 2] [--brands 3] [--false-alarms 4] [--texts airline.csv]

Quarters of an hour are drawn for several kinds of brands, each with a rhythm of day and week: quiet to busy, clumped
(the mean of each hour is a Gamma variable, or a log-normal one that drifts for hours, with a longer tail than that of
the model), and growing. Two series a brand, all and negative ones. What the rules call a storm in such a history is a
false alarm. Then bursts of twice, three and five times the usual are planted, one in four weeks, for 2 to 12 hours:
which are found while they last, and how long after their beginning. Beside it: mean + 3 standard deviations of the hour
of the day over four weeks, and "the last hour against the past 12" (more than three times their mean). All have the
floor of ten mentions and six hours of silence after a storm.
--texts FILE with created_at (and its offset), brand and label replays the counts that were real.
"""

import argparse
import csv
import math
import random
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from handlers.rules.spikes import COOL_DOWN, FIRST, FLOOR, LOOKED_BACK, RISE, Usual, alpha_of, learn, slot_of

START = datetime(2025, 1, 6, tzinfo=UTC)  # a Monday
QUARTER = timedelta(minutes=15)
BACK = int(LOOKED_BACK.total_seconds() // 3600)  # hours
SILENT = int(COOL_DOWN / QUARTER)
BLOCK = 24  # quarters: the usual is worked out anew every six hours
STALE = 8  # blocks for which an older usual may say that a count is far from a storm: it saves nine tenths of the time


@dataclass(frozen=True)
class Kind:
    """A kind of brand. `rate` is mentions an hour; `spread` variance / mean of an hour at that rate."""

    name: str
    rate: float
    spread: float = 1.0
    drifts: bool = False  # log-normal, for hours; else each hour has its own Gamma variable
    growth: float = 1.0  # times in a year
    step: float = 1.0  # times, from the middle on


KINDS = (
    Kind("0.2/h, clumped 2", 0.2, 2),
    Kind("2/h", 2),
    Kind("2/h, clumped 3", 2, 3),
    Kind("20/h, clumped 2", 20, 2),
    Kind("20/h, clumped 5", 20, 5),
    Kind("20/h, clumped 10", 20, 10),
    Kind("20/h, drifting 5", 20, 5, drifts=True),
    Kind("20/h, drifting 10", 20, 10, drifts=True),
    Kind("10/h, grows x4 a year", 10, 4, growth=4),
    Kind("10/h, x3 at once", 10, 4, step=3),
    Kind("200/h, clumped 10", 200, 10),
)


def rhythm(slot: int) -> float:
    """The usual of an hour against the mean: quiet nights, two peaks, weekends a third lower."""
    hour = slot % 24
    day = 1 + 0.75 * math.sin((hour - 8) / 24 * 2 * math.pi) + 0.2 * math.sin((hour - 3) / 12 * 2 * math.pi)
    return max(day, 0.1) * (0.75 if slot >= 24 else 1.1)


def poisson(chance: random.Random, mean: float) -> int:
    if mean > 60:
        return max(0, round(chance.gauss(mean, math.sqrt(mean))))
    limit, number, product = math.exp(-mean), 0, chance.random()
    while product > limit:
        number += 1
        product *= chance.random()
    return number


def draw(kind: Kind, hours: int, chance: random.Random, boost: Sequence[float] = ()) -> tuple[list[int], list[int]]:
    """Mentions, and negative ones, of each quarter of an hour. `boost` multiplies quarters."""
    variance = (kind.spread - 1) / kind.rate  # of the ratio of an hour's mean to the usual
    sigma = math.sqrt(math.log1p(variance))
    keeps = 0.9  # from hour to hour, of what drifts
    drift, ratio = 0.0, 1.0
    everything, negative = [], []
    for hour in range(hours):
        slot = slot_of(START + timedelta(hours=hour))
        usual = kind.rate * rhythm(slot) * kind.growth ** (hour / 8766) * (kind.step if hour > hours / 2 else 1)
        if kind.drifts:
            drift = keeps * drift + math.sqrt(1 - keeps**2) * chance.gauss(0, 1)
            ratio = math.exp(sigma * drift - sigma**2 / 2)
        elif variance > 0:
            ratio = chance.gammavariate(1 / variance, variance)
        for quarter in range(4):
            more = boost[hour * 4 + quarter] if boost else 1.0
            count = poisson(chance, usual * ratio * more / 4)
            everything.append(count)
            negative.append(sum(1 for _ in range(count) if chance.random() < 0.4))
    return everything, negative


class Ours:
    """The rules, as the job uses them: the usual anew every six hours, from whole hours up to then."""

    name = "ours"

    def __init__(self, counts: Sequence[int], alpha: float) -> None:
        self.counts, self.alpha = counts, alpha
        self.slots = [slot_of(START + timedelta(hours=hour)) for hour in range(len(counts) // 4 + 1)]
        self.hourly = [sum(counts[at : at + 4]) for at in range(0, len(counts) - 3, 4)]
        self.block = -STALE
        self.usual: Usual | None = None

    def is_spike(self, at: int, count: int) -> bool:
        block, slots = (at - 3) // BLOCK, [self.slots[quarter // 4] for quarter in range(at - 3, at + 1)]
        if block - self.block >= (STALE if block * BLOCK > 21 * 96 else 1):
            self._learn(block)
        if self.usual is None or not self.usual.is_spike(count, slots, self.alpha * 100):
            return False
        if block != self.block:
            self._learn(block)
        return self.usual.is_spike(count, slots, self.alpha)

    def _learn(self, block: int) -> None:
        end = block * BLOCK // 4
        first = max(0, end - BACK)
        self.block = block
        self.usual = learn.__wrapped__(tuple(self.hourly[first:end]), tuple(self.slots[first:end]))


class ThreeDeviations:
    """Mean + 3 standard deviations of the same hour of the day over four weeks."""

    name = "mean + 3 sd"

    def __init__(self, counts: Sequence[int], _: float) -> None:
        self.hourly = [sum(counts[at : at + 4]) for at in range(0, len(counts) - 3, 4)]

    def is_spike(self, at: int, count: int) -> bool:
        hour = at // 4
        past = [self.hourly[hour - 24 * day] for day in range(1, 29) if hour >= 24 * day]
        if len(past) < 2:
            return False
        mean = sum(past) / len(past)
        return count > mean + 3 * math.sqrt(sum((one - mean) ** 2 for one in past) / (len(past) - 1))


class PastTwelve:
    """More than three times the mean of the twelve hours before."""

    name = "last hour against the past 12"

    def __init__(self, counts: Sequence[int], _: float) -> None:
        self.counts = counts

    def is_spike(self, at: int, count: int) -> bool:
        past = self.counts[max(0, at - 51) : at - 3]
        return len(past) == 48 and count > 3 * sum(past) / 12


METHODS = (Ours, ThreeDeviations, PastTwelve)


def storms(method: Callable, series: Sequence[Sequence[int]], alpha: float, quiet: int) -> Iterator[int]:
    """The quarters in which storms begin. After one, as long as it lasts and `quiet` quarters more, none begins."""
    tests = [method(counts, alpha) for counts in series]
    silent = 0
    for at in range(FIRST * 4, len(series[0])):
        counts = [sum(one[at - 3 : at + 1]) for one in series]
        found = any(count >= FLOOR and test.is_spike(at, count) for test, count in zip(tests, counts, strict=True))
        if found and at >= silent:
            yield at
        if found:
            silent = at + quiet


def false_alarms(kind: Kind, brands: int, hours: int, alpha: float) -> dict[str, float]:
    found: Counter[str] = Counter()
    for brand in range(brands):
        series = draw(kind, hours, random.Random(f"{kind.name} {brand}"))
        for method in METHODS:
            found[method.name] += len(list(storms(method, series, alpha, SILENT)))
    return {name: count / (brands * hours / 8766) for name, count in found.items()}


def planted(kind: Kind, times: float, brands: int, hours: int, alpha: float) -> dict[str, tuple[float, float | None]]:
    """Of one burst in four weeks: the share that is found while it lasts, and the median delay in minutes."""
    delays: dict[str, list[int]] = {method.name: [] for method in METHODS}
    planted = 0
    for brand in range(brands):
        chance = random.Random(f"{kind.name} x{times} {brand}")
        boost = [1.0] * (hours * 4)
        bursts = []
        for begins in range(24 * 28 * 4, len(boost) - 24 * 28 * 4, 24 * 28 * 4):
            first = begins + chance.randrange(24 * 26 * 4)
            length = chance.randrange(8, 49)
            bursts.append((first, first + length))
            boost[first : first + length] = [times] * length
        series = draw(kind, hours, chance, boost)
        planted += len(bursts)
        for method in METHODS:
            began = list(storms(method, series, alpha, SILENT))
            for first, end in bursts:
                if at := next((at for at in began if first <= at < end), None):
                    delays[method.name].append((at + 1 - first) * 15)
    return {name: (len(found) / planted, statistics.median(found) if found else None) for name, found in delays.items()}


def starts(kind: Kind, brands: int, alpha: float) -> dict[str, float]:
    """False alarms in the first week of a brand."""
    found = 0
    for brand in range(brands):
        series = draw(replace(kind, step=1.0), 168, random.Random(f"first {kind.name} {brand}"))
        found += len(list(storms(Ours, series, alpha, SILENT)))
    return {"ours": found / brands}


def replay(path: Path, rate: float) -> None:
    """Real counts; a day without any mention of a brand is a hole in the sample and is left out of its history."""
    rows: dict[str, list[tuple[datetime, bool]]] = {}
    with path.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            moment = datetime.strptime(row["created_at"], "%Y-%m-%d %H:%M:%S %z")
            rows.setdefault(row["brand"], []).append((moment, row["label"] == "negative"))
    alpha = alpha_of(rate, 2)
    print(f"\nreal counts of {path.name} (local hours; the chance that a look takes: {alpha:.1e})")
    for brand, told in sorted(rows.items()):
        told.sort()
        first = told[0][0].replace(minute=0, second=0)
        quarters = int((told[-1][0] - first) / QUARTER) + 1
        counts = [[0] * quarters, [0] * quarters]
        for moment, is_negative in told:
            at = int((moment - first) / QUARTER)
            counts[0][at] += 1
            counts[1][at] += is_negative
        hours = Counter(moment.replace(minute=0, second=0) for moment, _ in told)
        print(f"  {brand}: {len(told):,} mentions from {first:%d %b %H:%M}, busiest hour {max(hours.values())}")
        told_any = False
        for name, series in zip(("mentions", "negative mentions"), counts, strict=True):
            told_any |= _replay(name, series, first, alpha)
        if not told_any:
            print("    no storm")


def _replay(name: str, series: Sequence[int], first: datetime, alpha: float) -> bool:
    silent, best = -1, (1.0, 0, 0.0, first)
    found = False
    for at in range(FIRST * 4, len(series)):
        block = (at - 3) // BLOCK * BLOCK // 4
        hourly = tuple(sum(series[hour * 4 : hour * 4 + 4]) for hour in range(max(0, block - BACK), block))
        slots = tuple(slot_of(first + timedelta(hours=hour)) for hour in range(max(0, block - BACK), block))
        kept = [hour for hour in range(len(hourly)) if any(hourly[max(0, hour // 24 * 24) : hour // 24 * 24 + 24])]
        usual = learn(tuple(hourly[hour] for hour in kept), tuple(slots[hour] for hour in kept))
        if usual is None:
            continue
        count = sum(series[at - 3 : at + 1])
        now = [slot_of(first + quarter * QUARTER) for quarter in range(at - 3, at + 1)]
        chance, expected = usual.chance(count, now), usual.expected(now)
        if count >= FLOOR and chance < best[0]:
            best = (chance, count, expected, first + at * QUARTER)
        if count >= FLOOR and count >= RISE * expected and chance < alpha:
            if at > silent:
                moment = first + (at + 1) * QUARTER
                print(f"    {moment:%d %b %H:%M}: {count} {name} in an hour, usually about {expected:.0f}"
                      f" (chance {chance:.1e})")  # fmt: skip
                found = True
            silent = at + SILENT
    print(f"    least likely: {best[1]} {name} in an hour on {best[3]:%d %b %H:%M}, usually about {best[2]:.0f}"
          f" (chance {best[0]:.1e})")  # fmt: skip
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--years", type=float, default=2)
    parser.add_argument("--brands", type=int, default=3, help="simulated for each kind")
    parser.add_argument("--false-alarms", type=float, default=4, help="a year and brand, as in earshot.toml")
    parser.add_argument("--texts", type=Path)
    told = parser.parse_args()
    hours, alpha = int(told.years * 8766), alpha_of(told.false_alarms, 2)
    started = time.perf_counter()
    print(f"false alarms a year and brand (stated: at most {told.false_alarms:g}); {told.brands} brands of each kind,"
          f" {told.years:g} years each")  # fmt: skip
    print(f"  {'':24} {'ours':>8} {'mean+3sd':>10} {'past 12':>9}   first week, ours")
    for kind in KINDS:
        rates = false_alarms(kind, told.brands, hours, alpha)
        week = starts(kind, 40, alpha)
        print(f"  {kind.name:24} {rates['ours']:8.2f} {rates['mean + 3 sd']:10.1f}"
              f" {rates['last hour against the past 12']:9.1f}   {week['ours']:.3f}", flush=True)  # fmt: skip
    print("\nplanted bursts of 2 to 12 h: share found, median delay in minutes")
    print(f"  {'':24} {'':4} {'ours':>14} {'mean+3sd':>14} {'past 12':>14}")
    for kind in KINDS:
        for times in (2, 3, 5):
            found = planted(kind, times, told.brands, hours, alpha)
            cells = [
                f"{share:4.0%} {'-' if delay is None else f'{delay:.0f}':>5} min" for share, delay in found.values()
            ]
            print(f"  {kind.name:24} x{times:<3} " + " ".join(f"{cell:>14}" for cell in cells), flush=True)
    if told.texts:
        replay(told.texts, told.false_alarms)
    print(f"\n{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
