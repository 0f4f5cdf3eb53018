"""docs/proof.md says of every fault what holds it, and what it names is there."""

import re
from pathlib import Path

import pytest

from tests.prove.goal import Goal, all_goals
from tests.prove.guards import GUARDS
from tests.prove.sabotage import Guard

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "proof.md").read_text("utf-8")
ROWS = {int(number): held for number, held in re.findall(r"^\| (\d+) \| [^|]+ \| (.+) \|$", PAGE, re.MULTILINE)}


def test_every_fault_is_held_or_said_not_to_be() -> None:
    assert sorted(ROWS) == list(range(1, 91))
    assert all(held.strip() for held in ROWS.values())


@pytest.mark.parametrize("goal", all_goals(), ids=lambda goal: goal.name)
def test_the_page_and_the_goal_agree_on_what_it_holds(goal: Goal) -> None:
    named = {number for number, held in ROWS.items() if re.search(rf"\b{goal.key}\b", held)}
    assert set(goal.faults) <= named
    assert len(goal.title) <= 120


def test_what_the_page_names_is_there() -> None:
    keys = {goal.key for goal in all_goals()}
    for held in ROWS.values():
        assert set(re.findall(r"\bG\d+\b", held)) <= keys
        assert [path for path in re.findall(r"`([^`]+\.py)`", held) if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_every_guard_is_still_there(guard: Guard) -> None:
    """That its test misses it is for `make prove` to show; here only that the list is kept."""
    assert (ROOT / guard.file).read_text("utf-8").count(guard.old) == 1
    path, _, name = guard.test.partition("::")
    assert f"def {name.partition('[')[0]}(" in (ROOT / path).read_text("utf-8")
    assert guard.old != guard.new


def test_the_guards_are_many_and_each_has_a_name_of_its_own() -> None:
    assert len(GUARDS) >= 25
    assert len({guard.name for guard in GUARDS}) == len(GUARDS)
