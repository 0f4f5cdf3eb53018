"""Killed while mentions arrive and people work at the page, nothing is lost or doubled.

The program is killed with -9 at random moments, and now and then while it starts. Beside the page there is a chat far
away, whose own record of posts is compared with the file of the program; one of its answers in ten is lost.
"""

from tests.prove.deaths import kill_at_random
from tests.prove.trial import Trial

GOAL = "G1"
FAULTS = (1, 2, 3, 4, 6, 9, 11)
MINUTES = (4, 10)


async def run(trial: Trial) -> None:
    await kill_at_random(trial, "far", trial.of(20, 340), homes=trial.of(1, 2))
