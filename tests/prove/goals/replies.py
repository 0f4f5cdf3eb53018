"""Each reply goes out once, as another person approved it, or a human is asked.

The commands, the store, the replier and the sources of X, Bluesky, Mastodon, GitHub and e-mail run in a process that is
killed with -9, some of the time while a reply is being taken in. Their networks stand outside (`networks.py`): they
lose one answer in ten, half of them with nothing done, and their record is what is counted. Meanwhile people edit,
reject, send twice, take back, approve their own words by another account, lose their roles, change the account that
signs in, and the posts that are answered are edited and deleted. All clocks run 60 times as fast as ours.
"""

import time

from tests.prove.networks import sites
from tests.prove.replies_check import Check, ledger_counts, self_approvals_tried
from tests.prove.replying import Office
from tests.prove.replying_child import SCALE, clock_since
from tests.prove.replying_line import programs
from tests.prove.trial import Trial

GOAL = "G4"
FAULTS = (8, 21, 23, 24, 25, 26, 36, 37, 89, 90)
MINUTES = (6, 60)


async def run(trial: Trial) -> None:
    replies, kills = trial.of(300, 10_000), trial.of(12, 500)
    began = time.time()
    async with sites(clock_since(began), trial.chance) as at:
        office = Office(trial.folder, at, trial.chance, replies, began)
        async with programs(trial.folder) as child:
            for number, step in enumerate(_steps(trial, kills)):
                usual = 5 * office.left // (kills - number + 1) + 2
                await office.live(child, trial.chance.randint(1, 2 * usual), step)
            await office.live(child)
        _judge(trial, office, kills)


def _steps(trial: Trial, kills: int) -> list[int]:
    """Where each life ends, in any order: half of them anywhere, half inside a post."""
    steps = [(0, 1, 0, 2)[number % 4] for number in range(kills)]
    trial.chance.shuffle(steps)
    return steps


def _judge(trial: Trial, office: Office, kills: int) -> None:
    check = Check(office, trial.folder)
    check.all()
    print("\n".join(check.why[:60]))
    told, at = ledger_counts(office.ledger), office.at
    print(told)
    approved = sum(1 for events in check.events.values() if any(row["kind"] == "approved" for row in events))
    trial.tell("replies approved", approved)
    trial.tell("standing on five networks", len(at.record))
    trial.tell("kills", kills)
    inside = sum(office.died_inside.values())
    trial.at_least("of them inside a post", inside, kills // 6)
    trial.at_least("answers lost though it was done", at.lost_done, len(office.jobs) // 100)
    trial.at_least("answers lost and nothing done", at.lost_undone, len(office.jobs) // 100)
    trial.at_least("posts edited or deleted before sending", told["posts edited"] + told["posts deleted"], 1)
    trial.at_least("own texts tried to approve", self_approvals_tried(office.ledger, check.events), 1)
    trial.at_least("decided by a person", told.get("decided by a person", 0), 1)
    for what in ("sent twice", "sent without another person's yes to it"):
        trial.none(what, check.wrong[what])
    others = {what: count for what, count in check.wrong.items() if not what.startswith(("sent twice", "sent without"))}
    trial.none("sent otherwise than approved, unknown, or lost", sum(others.values()))
    trial.tell("times that somebody lost a right", len(office.ledger.rights))
    trial.tell("times as fast as real clocks", SCALE)
