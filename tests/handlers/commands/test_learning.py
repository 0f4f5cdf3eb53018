"""What people see of the learning, and how they switch it: `learning`, `teach`, `priority`."""

import json
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from handlers import lesson_files, lessons
from handlers.cards import Button, Screen
from handlers.previews import preview
from handlers.rules.learning import Learner
from storage.errors import Conflict, InvalidInput
from storage.lessons import OFF, ON, SHADOW, Lesson
from storage.store import open_storage
from storage.types import Priority
from tests.handlers.test_lessons import LOSS, OFFER, OFFERS, decided, dismiss, settle, state, tick, told, words
from tests.kit import NOW, TROUBLES, Desk, answer, raw


def screen_of(desk: Desk, who: str = "mia") -> Screen:
    screen = desk.do(who, "learning").screen
    assert screen is not None
    return screen


def button(screen: Screen, label: str) -> Button:
    (found,) = [one for one in screen.buttons if one.label == label]
    return found


def labels(screen: Screen) -> list[str]:
    return [one.label for one in screen.buttons]


def everything(screen: Screen) -> str:
    rows = [" ".join((row.heading, row.quote.words if row.quote else "", *row.facts)) for row in screen.rows]
    return "\n".join((screen.title, screen.intro, *rows, screen.outro))


@pytest.fixture(scope="session")
def month(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Awful job offers, each set aside, and lost suitcases, each put right: thirty decisions in two weeks."""
    path = Path(shutil.copy(template, tmp_path_factory.mktemp("month") / "earshot.db"))
    store = open_storage(path)
    desk = Desk(store)
    for number in range(15):
        dismiss(desk, told(number, OFFER), f"offer{number}")
        case = desk.open_case(f"lost{number}", told(number + 100, LOSS), published_at=desk.now)
        assert not desk.do("ana", f"resolve {case.id} fixed").is_error
        desk.later(hours=26)
        settle(desk)
    store.close()
    return path


@pytest.fixture
def taught(month: Path, tmp_path: Path) -> Iterator[Desk]:
    """The day after those two weeks."""
    store = open_storage(Path(shutil.copy(month, tmp_path / "month.db")))
    yield Desk(store, now=NOW + timedelta(days=17))
    store.close()


# learning


def test_who_has_decided_nothing_is_told_how_it_learns(desk: Desk) -> None:
    screen = screen_of(desk)
    assert "change nothing" in screen.intro
    assert "nothing yet to learn from" in screen.intro
    assert labels(screen) == []


def test_a_few_decisions_cannot_be_switched_on_yet(desk: Desk) -> None:
    dismiss(desk, OFFERS[0], "1")
    settle(desk)
    screen = screen_of(desk)
    assert "So far from 1 decision; after 30 it is worth a look." in screen.intro
    assert labels(screen) == ["Forget what I learned"]
    assert "After 30" in desk.press("mia", Button("", "teach", values=(("what", "on"), ("sure", "yes")))).words


def test_it_shows_what_it_learned_and_what_would_be_different(taught: Desk) -> None:
    screen = screen_of(taught)
    assert "So far from 30 decisions." in screen.intro
    assert "With it on, the last 30 days would have brought" in screen.intro
    assert "%" not in everything(screen)
    rows = {row.heading: row.facts for row in screen.rows}
    assert any('"suitcase' in fact or 'suitcase"' in fact for fact in rows["You take what says"])
    assert any("offer" in fact for fact in rows["You set aside what says"])
    assert any(
        row.heading.startswith("No card any more: ") and row.heading.endswith("you set it aside") for row in screen.rows
    )
    assert labels(screen) == ["Switch on", "Forget what I learned"]


def test_the_preview_counts_what_you_took_of_what_would_be_gone(taught: Desk) -> None:
    learner = lessons.learner(taught.store)
    assert learner is not None
    seen = preview(taught.ctx, learner)
    assert 0 < len(seen.fewer) <= 15
    assert seen.missed == 0
    case = taught.open_case("taken", told(300, OFFER), published_at=taught.now)
    answer(taught, case.id)
    settle(taught)
    learner = lessons.learner(taught.store)
    assert learner is not None
    again = preview(taught.ctx, learner)
    assert [one.mention.native_id for one in again.fewer if one.is_taken] == ["taken"]
    assert again.missed == 1
    assert f"; you took 1 of the {len(again.fewer)}." in screen_of(taught).intro


def test_an_open_claim_counts_as_taken(taught: Desk) -> None:
    case = taught.open_case("held", told(300, OFFER), published_at=taught.now)
    assert not taught.do("ana", f"claim {case.id}").is_error
    settle(taught)
    learner = lessons.learner(taught.store)
    assert learner is not None
    seen = preview(taught.ctx, learner)
    assert [one.mention.native_id for one in seen.fewer if one.is_taken] == ["held"]
    assert f"; you took 1 of the {len(seen.fewer)}." in screen_of(taught).intro


def test_one_sided_decisions_cannot_be_switched_on_and_it_says_so(desk: Desk) -> None:
    for number in range(lessons.READY):
        dismiss(desk, told(number, OFFER), str(number))
    settle(desk)
    screen = screen_of(desk)
    assert "once you have taken 10 and set aside 10: so far you took 0 and set aside 30." in screen.intro
    assert "With it on" not in screen.intro
    assert labels(screen) == ["Forget what I learned"]
    press = desk.press("mia", Button("", "teach", values=(("what", "on"), ("sure", "yes"))))
    assert "0 cards were taken and 30 were set aside" in press.words


def test_decisions_that_can_still_be_taken_back_are_told(desk: Desk) -> None:
    dismiss(desk, told(0, OFFER), "0")
    tick(desk)
    assert "1 decision waits: it counts after ten minutes, so that it can be taken back." in screen_of(desk).intro
    dismiss(desk, told(1, OFFER), "1")
    intro = screen_of(desk).intro
    assert "2 decisions wait: each counts after ten minutes" in intro
    assert "nothing yet to learn from" not in intro
    settle(desk)
    assert "wait" not in screen_of(desk).intro
    helped = desk.do("mia", "help learning").screen
    assert helped is not None
    assert "ten minutes" in everything(helped)


def test_a_decided_mention_is_weighed_by_what_was_known_before(taught: Desk) -> None:
    """The very first offer was set aside when nothing was known: it would have been a card all the same."""
    learner = lessons.learner(taught.store)
    assert learner is not None
    assert "offer0" not in [one.mention.native_id for one in preview(taught.ctx, learner).fewer]


def test_looking_changes_nothing(taught: Desk) -> None:
    before, all_rows = state(taught), taught.everything()
    screen_of(taught)
    assert (state(taught), taught.everything()) == (before, all_rows)


def test_whether_it_foresaw_more_is_judged_by_loss() -> None:
    def lesson(odds: float, prior: float, *, is_taken: bool) -> Lesson:
        return Lesson(1, 1, NOW, is_taken, moves_bias=True, prior=prior, odds=odds, lift=0.0)

    assert lessons.foreseen([lesson(1, 0, is_taken=True), lesson(1, 0, is_taken=False)]) == (2, 1, False)
    assert lessons.foreseen([lesson(1, 0, is_taken=True), lesson(-1, 0, is_taken=False)]) == (2, 2, True)
    assert lessons.foreseen([Lesson(1, 1, NOW, True, True)]) == (0, 0, False)


# teach


def test_switching_is_for_managers_and_admins_and_looking_for_everybody(taught: Desk) -> None:
    screen = screen_of(taught, "ana")
    assert labels(screen) == []
    assert "Switching it is for a manager or an admin." in screen.outro
    reply = taught.do("ana", "teach off")
    assert reply.is_error
    assert "`teach` is for a manager or an admin." in reply.words
    assert taught.store.lessons.status().mode == SHADOW


def test_it_is_switched_on_after_a_look_and_off_again(taught: Desk) -> None:
    assert "Look first" in taught.say("mia", "teach on")
    reply = taught.press("mia", button(screen_of(taught), "Switch on"))
    assert reply.effect == "lessons"
    assert taught.store.lessons.status().mode == ON
    screen = screen_of(taught)
    assert "go by it" in screen.intro
    assert "Mia: switched on" in screen.outro
    assert labels(screen) == ["Switch off", "Forget what I learned"]
    assert "already" in taught.press("mia", Button("", "teach", values=(("what", "on"), ("sure", "yes")))).words
    taught.press("mia", button(screen, "Switch off"))
    assert taught.store.lessons.status().mode == SHADOW
    assert "Stopped" in taught.say("mia", "teach stop")
    assert taught.store.lessons.status().mode == OFF
    assert labels(screen_of(taught)) == ["Learn again", "Forget what I learned"]


def test_a_typing_slip_is_met_with_a_guess(desk: Desk) -> None:
    assert "Did you mean `teach stop`?" in desk.say("mia", "teach stopp")
    assert "`learning` shows" in desk.say("mia", "teach xyzzy")


def test_forgetting_begins_anew_and_stays_so(taught: Desk) -> None:
    taught.press("mia", button(screen_of(taught), "Switch on"))
    forget = button(screen_of(taught), "Forget what I learned")
    assert "30 decisions" in forget.confirm
    assert "Forgotten" in taught.press("mia", forget).words
    assert taught.store.lessons.status().mode == SHADOW
    assert words(taught) == set()
    taught.store.lessons.read_anew()
    settle(taught)
    assert decided(taught) == []
    dismiss(taught, told(301, OFFER), "new")
    settle(taught)
    assert len(decided(taught)) == 1


def test_the_weekly_briefing_says_that_there_is_something_to_look_at(taught: Desk) -> None:
    wish = "briefing now weekly"
    seen = everything(taught.do("mia", wish).screen)  # type: ignore[arg-type]
    assert "I have learned from 30 of your decisions: `learning` shows" in seen
    taught.store.lessons.switch(ON, "mia", taught.now)
    assert "I have learned" not in everything(taught.do("mia", wish).screen)  # type: ignore[arg-type]


# priority


def test_a_priority_is_set_by_hand_and_the_promise_follows(desk: Desk) -> None:
    number = desk.open_case("1", TROUBLES[2]).id
    before = desk.case(number)
    words_told = desk.say("ana", f"priority {number} urgent")
    after = desk.case(number)
    assert f"#{number} is urgent now; it was {before.priority.word}." in words_told
    assert after.reasons[0] == "Ana set it to urgent"
    assert after.due_at is not None
    assert before.due_at is not None
    assert after.due_at < before.due_at
    assert desk.events(number)[-1].kind == "corrected"
    assert dict(desk.events(number)[-1].detail) == {"from": before.priority.word, "to": "urgent"}
    assert desk.card(number).priority == "urgent"
    assert desk.keys(f"card:{number}:local:#urgent")
    desk.do("bo", f"priority {number} low")
    assert [reason for reason in desk.case(number).reasons if " set it to " in reason] == ["Bo set it to low"]
    assert desk.case(number).due_at > after.due_at  # type: ignore[operator]


def test_what_cannot_be_set_is_said(desk: Desk) -> None:
    number = desk.open_case().id
    word = desk.case(number).priority.word
    assert f"is {word} already" in desk.say("ana", f"priority {number} {word}")
    assert "Did you mean urgent?" in desk.say("ana", f"priority {number} urgnt")
    assert "There is no case #99" in desk.say("ana", "priority 99 high")
    form = desk.do("ana", f"priority {number}").form
    assert form is not None
    assert [value for value, _ in form.fields[0].choices] == ["urgent", "high", "normal", "low"]
    assert not desk.submit("ana", form, level="low").is_error
    assert desk.case(number).priority is Priority.LOW
    desk.do("ana", f"resolve {number} fixed")
    assert "was resolved" in desk.say("ana", f"priority {number} high")


def test_copies_do_not_raise_what_was_lowered_by_hand_unless_they_are_urgent(desk: Desk) -> None:
    number = desk.open_case("1", TROUBLES[0]).id
    desk.do("ana", f"priority {number} low")
    desk.take(raw("2", f"RT @author1: {TROUBLES[0]}"))
    assert desk.case(number).mention_count == 2
    assert desk.case(number).priority is Priority.LOW
    desk.take(raw("3", f"RT @author1: {TROUBLES[0]}", followers=900_000))
    assert desk.case(number).mention_count == 3
    assert desk.case(number).priority in (Priority.LOW, Priority.URGENT)


# As a file


def test_what_was_learned_is_carried_to_another_team(taught: Desk, other: Desk) -> None:
    text = lesson_files.written(taught.ctx)
    lesson_files.take_over(other.ctx, text, "operator")
    assert state(other) == state(taught)
    screen = screen_of(other)
    assert "30 decisions elsewhere" in screen.intro
    other.press("mia", button(screen, "Switch on"))
    other.go_by_lessons()
    other.take(raw("1", told(302, OFFER)))
    assert other.mentions()[-1].priority is Priority.LOW
    dismiss(other, TROUBLES[0], "2")
    settle(other)
    assert {"offer", "suitcase"} <= words(other)


@pytest.fixture
def other(tmp_path: Path, template: Path) -> Iterator[Desk]:
    store = open_storage(Path(shutil.copy(template, tmp_path / "other.db")))
    yield Desk(store)
    store.close()


def test_nothing_learned_cannot_be_written(desk: Desk) -> None:
    with pytest.raises(Conflict, match="Nothing has been learned yet"):
        lesson_files.written(desk.ctx)


BROKEN = {**Learner().watch.to_plain(), "bias_square": -1.0}
GOOD = {"earshot": "team lessons", "version": 1, "decisions": 3, "learner": {**Learner().to_plain(), "decisions": 3}}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("no JSON", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ([], "holds nothing"),
        ({"earshot": "cases"}, "holds nothing"),
        ({**GOOD, "learner": 3}, "holds nothing"),
        ({**GOOD, "version": 2}, "another version"),
        ({**GOOD, "learner": {"strange": 1}}, "cannot be used"),
        ({**GOOD, "learner": {**GOOD["learner"], "weights": {"a": "b"}}}, "no number"),  # type: ignore[dict-item]
        ({**GOOD, "learner": {**GOOD["learner"], "weights": {"a": float("nan")}}}, "no number"),  # type: ignore[dict-item]
        ({**GOOD, "learner": {**GOOD["learner"], "weights": {"a": 1e300}}}, "no number"),  # type: ignore[dict-item]
        ({**GOOD, "learner": {**GOOD["learner"], "weights": {"a" * 9_000: 1}}}, "too long"),  # type: ignore[dict-item]
        ({**GOOD, "learner": {**GOOD["learner"], "slope": [[]]}}, "cannot be used"),  # type: ignore[dict-item]
        ({**GOOD, "learner": {**GOOD["learner"], "squares": {"a": -1.0}}}, "less than nothing"),  # type: ignore[dict-item]
        ({**GOOD, "learner": {**GOOD["learner"], "slope_square": -5}}, "less than nothing"),  # type: ignore[dict-item]
        ({**GOOD, "learner": {**GOOD["learner"], "watch": BROKEN}}, "less than nothing"),  # type: ignore[dict-item]
        ({**GOOD, "learner": {**GOOD["learner"], "decisions": 0}}, "learned nothing"),  # type: ignore[dict-item]
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_a_sentence(change: object, told: str) -> None:
    text = change if isinstance(change, str) else json.dumps(change)
    with pytest.raises(InvalidInput, match=told):
        lesson_files.read(text)
