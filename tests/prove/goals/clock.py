"""Briefings over three years of changing clocks, outages and skewed processes: each slot once.

84 daily schedules and seven others (quick: a fifth of them) in 14 zones whose clocks change; two processes on one
file with clocks up to 90 s off; outages of up to 72 h. The slots that there must be are computed beside the program;
what was posted is read from the deliveries, what was covered from the slots.
"""

import random
from datetime import UTC, datetime

from tests.prove.trial import Trial
from tests.prove.years import all_kinds, calendar, ours, outages

GOAL = "G6"
FAULTS = (60, 61, 62, 64, 65, 75)
MINUTES = (3, 8)


def run(trial: Trial) -> None:
    first, end = datetime(2025, 1, 1, tzinfo=UTC), datetime(trial.of(2026, 2028), 1, 1, tzinfo=UTC)
    schedules = all_kinds(first, trial.of(5, 1))
    truth = calendar(schedules, first, end)
    down = outages(trial.of(70, 210), first, end, random.Random(trial.seed))
    found = ours(schedules, truth, down, trial.seed, trial.folder)
    late = sorted(found.late)
    trial.tell("slots", len(truth))
    trial.tell("outages", len(down))
    trial.tell("starts of a process", found.lives)
    trial.tell("posted on their own", found.posted)
    trial.tell("covered by a later one", found.merged)
    trial.none("missing", found.missing)
    trial.none("posted twice", found.doubled)
    trial.none("posted early", found.early)
    trial.none("stretches told twice or never", found.shifted)
    trial.at_most("s after the moment at most, where a process was up", late[-1], 120)
