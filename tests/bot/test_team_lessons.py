"""What was learned is in force in the running program, and is moved about by the command line."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli import earshot
from bot.team import Team
from handlers import lesson_files, lessons
from handlers.context import think
from handlers.rules.learning import EACH, Learner, Lessons
from storage.lessons import OFF, ON, SHADOW
from storage.store import lock, open_storage
from tests.bot.running import environment, running, write_config
from tests.handlers.test_lessons import OFFER, dismiss, settle, take_others, told, words
from tests.kit import POLICY, Desk


def learned(count: int = 40) -> Learner:
    sides = {"decisions": count, "taken": count // 2}
    return Learner.from_plain({**Learner().to_plain(), "weights": {"offer": -3.0}, **sides})


@contextmanager
def desk_at(path: Path) -> Iterator[Desk]:
    with closing(open_storage(path)) as store:
        yield Desk(store)


# In the running program


def test_what_was_learned_outlives_a_reload() -> None:
    team = Team(POLICY)
    team.go_by_lessons(Lessons(learned(7)))
    team.go_by(POLICY, think(POLICY))
    team.meet("slack", (), groups_are_known=True)
    assert team.brain.lessons is not None
    assert team.brain.lessons.team == learned(7)


async def test_a_switch_is_in_force_at_once_and_after_a_restart(template: Path, tmp_path: Path) -> None:
    write_config(tmp_path)
    database = environment(tmp_path).database
    database.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(template, database)
    with desk_at(database) as desk:
        desk.store.lessons.forget("mia", desk.now, json.dumps(learned().to_plain()))
    async with running(tmp_path) as site:
        mia = await site.person("mia")
        assert site.app.brain.lessons == Lessons(None, {})
        await mia.press("teach", what="on", sure="yes")
        assert site.app.brain.lessons == Lessons(learned(), {})
        await mia.press("teach", what="off")
        assert site.app.brain.lessons == Lessons(None, {})
        await mia.press("teach", what="on", sure="yes")
    async with running(tmp_path) as site:
        assert site.app.brain.lessons == Lessons(learned(), {})


# On the command line


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("EARSHOT_"):
            monkeypatch.delenv(name)
    monkeypatch.setattr("bot.log.set_up", lambda *told: None)
    type_in("init", "--yes", "--brand", "Heron", "--members", "ana, mia=admin")
    return tmp_path


@pytest.fixture
def database(home: Path, template: Path) -> Path:
    """Where two job offers were set aside."""
    path = home / "data" / "earshot.db"
    path.parent.mkdir(exist_ok=True)
    shutil.copy(template, path)
    with desk_at(path) as desk:
        desk.now -= timedelta(days=365)
        for number in range(2):
            dismiss(desk, told(number, OFFER), f"offer{number}")
        settle(desk)
    return path


def type_in(*typed: str, answers: str | None = None) -> Result:
    result = CliRunner().invoke(earshot, list(typed), answers, prog_name="earshot")
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_what_was_learned_is_shown(database: Path) -> None:
    with desk_at(database) as desk:
        for number in range(2, EACH):
            dismiss(desk, told(number, OFFER), f"offer{number}")
        take_others(desk)
        settle(desk)
    output = type_in("model", "show").output
    assert "Learning: it learns, and changes nothing." in output
    assert "Decisions: 20\n" in output
    assert "You set aside: " in output
    assert "offer" in output


def test_what_was_learned_is_carried_over_and_forgotten_only_when_asked(database: Path, home: Path) -> None:
    told_to = type_in("model", "export", "lessons.json")
    assert told_to.output == "Written to lessons.json.\n"
    assert (home / "lessons.json").stat().st_mode & 0o077 == 0
    assert type_in("model", "reset", answers="n\n").exit_code != 0
    with desk_at(database) as desk:
        assert "offer" in words(desk)
    assert "Forgotten." in type_in("model", "reset", "--yes").output
    with desk_at(database) as desk:
        assert words(desk) == set()
    assert "what 2 decisions taught" in type_in("model", "import", "lessons.json").output
    with desk_at(database) as desk:
        assert "offer" in words(desk)
        assert desk.store.lessons.status().mode == SHADOW
    assert "Decisions: 0, and 2 elsewhere" in type_in("model", "show").output


def test_an_import_over_what_was_learned_asks_first(database: Path, home: Path) -> None:
    type_in("model", "export", "lessons.json")
    asked = type_in("model", "import", "lessons.json", answers="n\n")
    assert "What 2 decisions taught here will be forgotten." in asked.output
    assert asked.exit_code != 0
    (home / "bad.json").write_bytes(b"\xff\xfe\x00")
    refused = type_in("model", "import", "bad.json")
    assert refused.exit_code == 2
    assert "The file is no text." in refused.output


def test_learning_all_of_it_again_gives_the_same(database: Path) -> None:
    assert type_in("model", "rebuild").output == "Learned again from 2 decisions. The weights are the same.\n"
    with desk_at(database) as desk:
        desk.store.lessons.switch(OFF, "mia", desk.now)
    assert "Learning is stopped." in type_in("model", "rebuild").output


def test_without_a_decision_nothing_is_learned_again(database: Path) -> None:
    with desk_at(database) as desk:
        desk.store.lessons.forget("mia", desk.now)
    told = type_in("model", "rebuild").output
    assert told == "There is no decision yet to learn from. One counts ten minutes after it was made.\n"


def test_nothing_is_moved_under_a_running_program(database: Path) -> None:
    held = lock(database)
    try:
        for line, has_button in ((("model", "reset", "--yes"), True), (("model", "rebuild"), False)):
            refused = type_in(*line)
            assert refused.exit_code == 75
            assert "Stop it first" in refused.output
            assert ("`learning` has a button for it too" in refused.output) is has_button
        assert type_in("model", "show").exit_code == 0
    finally:
        held.release()


def test_a_state_that_cannot_be_read_weighs_nothing_and_is_learned_again(desk: Desk) -> None:
    dismiss(desk, told(1, OFFER), "1")
    settle(desk)
    desk.store.lessons.switch(ON, "mia", desk.now)
    desk.store.engine.run("update lessons set state = '{\"strange\": 1}', made_of = 'another Earshot'")
    assert lessons.in_force(desk.store).team is None
    settle(desk)
    assert "offer" in words(desk)
    assert lesson_files.written(desk.ctx)


# What "not us" taught


@pytest.fixture
def named(database: Path) -> Path:
    """Where two mentions were said to be about another thing of the brand's name, a year ago."""
    with desk_at(database) as desk:
        desk.now -= timedelta(days=365)
        for number in range(2):
            case = desk.open_case(f"bird{number}", told(number + 50, OFFER), author=f"bird{number}")
            assert not desk.do("ana", f"resolve {case.id} not us").is_error
        settle(desk)
        desk.tick()
        assert desk.store.us.count() == 2
    return database


def test_rebuild_learns_what_is_us_again_too(named: Path) -> None:
    with desk_at(named) as desk:
        before = desk.store.us.states()
        desk.store.us.save("Heron Air", "{}")
    assert "What is about you was learned again from 2 cases.\n" in type_in("model", "rebuild").output
    with desk_at(named) as desk:
        assert desk.store.us.states() == before


def test_reset_forgets_what_is_us_too(named: Path) -> None:
    assert 'Forgotten, also what "not us" taught. ' in type_in("model", "reset", "--yes").output
    with desk_at(named) as desk:
        assert (desk.store.us.count(), desk.store.us.states()) == (0, {})
    assert "about you" not in type_in("model", "rebuild").output
    assert type_in("model", "reset", "--yes").output.startswith("Forgotten. ")


def test_an_export_says_that_what_is_us_is_not_in_it(named: Path) -> None:
    assert 'What "not us" taught is not in it' in type_in("model", "export", "lessons.json").output
    type_in("model", "import", "lessons.json", "--yes")
    with desk_at(named) as desk:
        assert desk.store.us.count() == 2
