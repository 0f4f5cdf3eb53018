"""Each guard taken out by itself is missed by the test that is named for it.

A copy of the project; every named test passes on it as it is; then one guard after another is taken out, its test is
run, and the guard put back.
"""

from tests.prove.guards import GUARDS
from tests.prove.sabotage import PASSED, copy_to, load, tested, without
from tests.prove.trial import Trial

GOAL = "G2"
FAULTS = ()
MINUTES = (4, 40)


def run(trial: Trial) -> None:
    load()
    copy = copy_to(trial.folder / "copy")
    chosen = trial.chance.sample(GUARDS, min(len(GUARDS), trial.of(6, len(GUARDS))))
    whole = tested(copy, sorted({one.test for one in chosen}))
    trial.exactly("is what pytest answers while all guards stand", whole, PASSED)
    wrong = [told for guard in chosen if (told := without(guard, copy))]
    print("\n".join(wrong))
    trial.tell("guards taken out", len(chosen))
    trial.none("that no test missed", len(wrong))
    if not trial.is_quick:
        trial.at_least("guards in all", len(GUARDS), 25)
