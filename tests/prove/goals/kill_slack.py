"""Killed while cards go to Slack and people click there, nothing is lost or doubled.

The program is killed with -9 at random moments, while it starts, and within posts: after Slack did it and before it
answered, or before it did it, and then Slack does it after the death. Slack's own record is compared with the file.
"""

from tests.prove.deaths import kill_at_random
from tests.prove.trial import Trial

GOAL = "G1"
FAULTS = (1, 2, 3, 4, 6, 9, 11)
MINUTES = (4, 12)


async def run(trial: Trial) -> None:
    await kill_at_random(trial, "slack", trial.of(20, 330), homes=trial.of(1, 2))
