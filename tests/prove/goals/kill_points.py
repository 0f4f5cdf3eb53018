"""Killed at each named place where two things must happen together, nothing is lost or doubled.

The places and what is at stake are the table in tests/prove/crash_points.py. Each is passed while mentions arrive and
people work; a life that ends at its place counts, one that never comes by is lived again.
"""

import asyncio

from tests.prove.crash_points import POINTS
from tests.prove.deaths import judge
from tests.prove.places import at_the_clock, at_the_first_start, at_work
from tests.prove.trial import Trial

GOAL = "G1"
FAULTS = (1, 2, 3, 9, 11, 17, 18)
MINUTES = (5, 30)


async def run(trial: Trial) -> None:
    times = trial.of(1, 25)
    homes = await asyncio.gather(
        at_work(trial, "far", ("alerts", "end"), times),
        at_work(trial, "discord", ("threads",), times),
        at_the_clock(trial, times),
        at_the_first_start(trial, times),
    )
    deaths = {point.name: sum(home.seen.pop(point.name, 0) for home in homes) for point in POINTS}
    print(deaths)
    trial.exactly("named places where it died", sum(count > 0 for count in deaths.values()), len(POINTS))
    trial.at_least("deaths at the rarest of them", min(deaths.values()), times)
    judge(trial, homes)
