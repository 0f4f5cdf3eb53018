"""Are briefings posted exactly once, whatever the clocks do? Three years of them, beside plain APScheduler cron jobs.

    python bench/clock.py [--years 3] [--outages 200] [--seed 1]

Fourteen zones whose clocks change (one by half an hour, one by two hours, some at midnight) and at least 90,000 slots.
Two processes share one file: two stores in this process that take turns, each with its own clock, up to 90 s off and
off by something else after each restart. Both are down in each outage (up to 72 h), and each alone is down as often.
A tick is the job as the program runs it (`handlers/jobs/briefing.py`, one transaction); those in which nothing can be
due are left out. What is true is computed here in another way than by the rules: the first quarter of an hour at which
the wall clock has reached the time.

Beside it: a CronTrigger job for each schedule as it comes (in memory, misfire_grace_time 1 s), on the same calendar and
through the same outages, with one process and a right clock.
"""

import argparse
import bisect
import random
import statistics
import tempfile
import time as stopwatch
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger

from storage.schedules import Schedule
from tests.prove.years import QUARTER, ZONES, Counts, Slot, Stretch, all_kinds, calendar, is_down, ours, outages

GRACE = timedelta(seconds=60)  # what is off by less is not told as shifted


# Plain cron jobs


def trigger(one: Schedule) -> CronTrigger:
    days = {
        "daily": {}, "working days": {"day_of_week": "mon-fri"}, "weekly": {"day_of_week": one.day},
        "monthly": {"day": "last" if one.day == 31 else one.day}, "quarterly": {"month": "1,4,7,10", "day": 1},
        "annual": {"month": 1, "day": 1},
    }[one.every]  # fmt: skip
    return CronTrigger(hour=one.at.hour, minute=one.at.minute, timezone=ZoneInfo(one.zone), **days)


def plain(schedules: list[Schedule], truth: dict[Slot, datetime], down: list[Stretch]) -> Counts:
    """A job is run when its time comes; one that is more than a second late is not. After a start it is added anew."""
    first, end = min(truth.values()), max(truth.values())
    ends = [ended for _, ended in down]
    fired: dict[Slot, list[datetime]] = {}
    for one in schedules:
        cron, zone, before = trigger(one), ZoneInfo(one.zone), None
        now = first - QUARTER
        while (at := cron.get_next_fire_time(before, now)) is not None and at <= end + QUARTER:
            if is_down(down, at):
                now, before = ends[bisect.bisect_right(ends, at)], None
                continue
            fired.setdefault((one.id, at.astimezone(zone).date()), []).append(at.astimezone(UTC))
            now = before = at
    counts = Counts()
    counts.posted = sum(1 for slot in truth if slot in fired)
    missing = [slot for slot in truth if slot not in fired]
    counts.missing, counts.missing_up = len(missing), sum(1 for slot in missing if not is_down(down, truth[slot]))
    counts.doubled = sum(1 for times in fired.values() if len(times) > 1)
    counts.shifted = sum(1 for slot, times in fired.items() if slot in truth and abs(times[0] - truth[slot]) > GRACE)
    return counts


def show(name: str, counts: Counts, *rows: tuple[str, str]) -> None:
    print(f"\n{name}")
    for label, value in (
        ("posted on their own", f"{counts.posted:,}"),
        ("covered by a later one", f"{counts.merged:,}"),
        ("missing", f"{counts.missing:,}"),
        ("posted twice", f"{counts.doubled:,}"),
        *rows,
    ):
        print(f"  {label:<44}{value:>10}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--years", type=int, default=3)
    parser.add_argument("--outages", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    began = stopwatch.monotonic()
    first, end = datetime(2025, 1, 1, tzinfo=UTC), datetime(2025 + args.years, 1, 1, tzinfo=UTC)
    schedules = all_kinds(first)
    truth = calendar(schedules, first, end)
    down = outages(args.outages, first, end, random.Random(args.seed))
    hours = [(ended - start) / timedelta(hours=1) for start, ended in down]
    print(
        f"{len(schedules)} schedules in {len(ZONES)} zones, {len(truth):,} slots in {args.years} years;"
        f" {len(down)} outages of both, {statistics.median(hours):.0f} h in the middle, {max(hours):.0f} h the longest"
    )
    with tempfile.TemporaryDirectory() as folder:
        found = ours(schedules, truth, down, args.seed, Path(folder))
    print(f"{found.ticks:,} ticks of two processes with {found.lives:,} lives")
    late = sorted(found.late)
    show(
        "Rows of slots, two processes with clocks up to 90 s off", found,
        ("posted more than 90 s early", f"{found.early:,}"),
        ("told twice or never: seams torn", f"{found.shifted:,}"),
        ("after the moment, s: first", f"{late[0]:.0f}"),
        ("  half of them", f"{late[len(late) // 2]:.0f}"),
        ("  99 in 100", f"{late[len(late) * 99 // 100]:.0f}"),
        ("  all", f"{late[-1]:.0f}"),
    )  # fmt: skip
    beside = plain(schedules, truth, down)
    show(
        "Plain cron jobs, one process with a right clock", beside,
        ("  of those missing: while it ran", f"{beside.missing_up:,}"),
        ("at another time than asked for", f"{beside.shifted:,}"),
    )  # fmt: skip
    print(f"\n{stopwatch.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
