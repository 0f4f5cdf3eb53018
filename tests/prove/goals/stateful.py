"""Whatever people, customers and the clock do to a case, in any order, its promises hold.

Hypothesis draws the steps from the seed: acts of nine accounts in two chats (some of them one person, some perhaps),
edits and deletions of the post, copies, links made and ended, roles given and taken, the clock, and replies that are
posted, lost, refused or looked for. After each step the tables are read by SQL: the diary has no gap and leads to the
status, a yes is another person's and to exactly that text, a carded case is drawn anew, a story has one open case, and
nothing is posted twice or unapproved.
"""

import shutil
from pathlib import Path

from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from handlers.dispatch import load_commands
from storage.store import Store, open_storage
from tests.prove.case_life import Seen, machine
from tests.prove.trial import Trial

GOAL = "G14"
FAULTS = (21, 23, 25, 26, 33)
MINUTES = (5, 15)
STEPS, EXAMPLES = 80, 25  # of an example, and of them with one seed
MUST = (
    "claim",
    "approve",
    "send",
    "sent",
    "link",
    "halt",
    "posted outside",
    "deleted",
)  # must have been done for the rest to count


def run(trial: Trial) -> None:
    load_commands()
    seen, wanted = Seen(), trial.of(2_000, 50_000)
    new_store = stores(trial.folder)
    broken = ""
    # Hypothesis leaves rules out of whole examples, so that a short run may need some more.
    while not broken and (seen.steps < wanted or (not all(seen.done[one] for one in MUST) and seen.steps < 4 * wanted)):
        broken = _some(seen, new_store, trial.chance.getrandbits(32))
    trial.at_least("steps", seen.steps, wanted)
    trial.none("promises broken", int(bool(broken)))
    if broken:
        print(broken)
    for verb in MUST:
        trial.at_least(f"of them {verb}", seen.done[verb], 1)
    trial.tell("acts refused in words", seen.refused)
    trial.none("acts not answered", len(seen.wrong))


def _some(seen: Seen, new_store: object, number: int) -> str:
    chosen = settings(
        max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None, database=None, print_blob=False,
        phases=(Phase.generate,), verbosity=Verbosity.normal, suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    try:
        run_state_machine_as_test(seed(number)(machine(seen, new_store)), settings=chosen)
    except BaseException as error:
        return "\n".join([str(error), *getattr(error, "__notes__", ())])
    return ""


def stores(folder: Path) -> object:
    """A way to a new empty store; making the schema anew each time would take longer than most examples."""
    template, count = folder / "template.db", 0
    open_storage(template).close()

    def new_store() -> Store:
        nonlocal count
        count += 1
        path = folder / f"life-{count % 8}.db"
        for one in folder.glob(f"{path.name}*"):
            one.unlink()
        shutil.copy(template, path)
        store = open_storage(path, migrate=False)
        store.engine.run("pragma synchronous = off")
        return store

    return new_store
