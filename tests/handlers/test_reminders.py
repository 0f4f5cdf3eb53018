"""A claimed case that sleeps asks its assignee: Still on it, or Release."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from handlers.cards import Notice
from handlers.jobs import remind
from handlers.messages import draw
from handlers.rules.policy import Duty, Route, Sla
from storage.types import Lane, Priority, Status
from tests.kit import TROUBLES, Desk, put_in, raw

BERLIN = ZoneInfo("Europe/Berlin")
DAY = timedelta(days=1)
PATIENT = Sla(high=timedelta(days=90), normal=timedelta(days=90), low=timedelta(days=90))  # nothing is overdue here


def claimed(desk: Desk) -> None:
    desk.change_policy(sla=PATIENT)
    put_in(desk, Status.CLAIMED)


def asked(desk: Desk) -> int:
    return desk.kinds(1).count("reminded")


def notice(desk: Desk) -> Notice | None:
    """The newest, as it is drawn now."""
    row = desk.store.engine.rows("select subject, body from deliveries where body <> '' order by id desc limit 1")[0]
    drawing = draw(desk.ctx, row["subject"], row["body"])
    assert drawing is None or isinstance(drawing, Notice)
    return drawing


def test_the_assignee_is_asked_once_and_again_after_the_same_time(desk: Desk) -> None:
    claimed(desk)
    desk.later(hours=23.9)
    desk.tick()
    assert asked(desk) == 0
    desk.later(hours=0.1)
    for _ in range(3):
        desk.tick()
    assert asked(desk) == 1
    told = notice(desk)
    assert told is not None
    assert (told.words, told.ping) == ("Ana has #1, and nothing has happened for 1 d. Still on it?", "ana")
    assert [(one.label, one.verb, one.case) for one in told.buttons] == [
        ("Still on it", "still", 1),
        ("Release", "release", 1),
    ]
    desk.later(hours=23.9)
    desk.tick()
    assert asked(desk) == 1
    desk.later(hours=0.1)
    desk.tick()
    assert asked(desk) == 2


def test_both_buttons_do_what_they_say(desk: Desk) -> None:
    claimed(desk)
    desk.later(days=1)
    desk.tick()
    told = notice(desk)
    assert told is not None
    still, release = told.buttons
    assert desk.press("ana", still).words == "Good, #1 stays yours."
    assert desk.kinds(1)[-1] == "still on it"
    desk.later(hours=23)
    desk.tick()
    assert asked(desk) == 1
    desk.later(hours=1)
    desk.tick()
    assert asked(desk) == 2
    assert desk.press("ana", release).words == "#1 is open again."
    desk.later(days=2)
    desk.tick()
    assert asked(desk) == 2


@pytest.mark.parametrize("who", ["kim", "mia"])
def test_only_who_has_it_can_say_that_she_is_still_on_it(desk: Desk, who: str) -> None:
    claimed(desk)
    before = desk.everything()
    assert desk.say(who, "still 1").startswith("Ana claimed #1")
    assert desk.everything() == before


@pytest.mark.parametrize(
    ("who", "line"),
    [("ana", "note 1 called her"), ("kim", "note 1 saw her"), ("ana", "draft 1 Sorry."), ("mia", "escalate 1 press")],
)
def test_whatever_a_person_does_wakes_it(desk: Desk, who: str, line: str) -> None:
    claimed(desk)
    desk.later(hours=20)
    assert not desk.do(who, line).is_error
    desk.later(hours=20)
    desk.tick()
    assert asked(desk) == 0
    desk.later(hours=4)
    desk.tick()
    assert asked(desk) == 1


def test_what_only_the_clock_and_the_customers_do_leaves_it_asleep(desk: Desk) -> None:
    desk.change_policy(sla=Sla(high=timedelta(hours=4)))
    put_in(desk, Status.CLAIMED)
    desk.later(hours=20)
    desk.tick()
    assert "overdue" in desk.kinds(1)
    desk.take(raw("2", TROUBLES[0]))
    assert desk.case(1).mention_count == 2
    desk.later(hours=4)
    desk.tick()
    assert asked(desk) == 1


@pytest.mark.parametrize("line", ["snooze 1 5d", "sent 1 https://birds.example/r", "resolve 1 fixed", "release 1"])
def test_it_is_not_asked_while_it_sleeps_on_purpose_or_is_done(desk: Desk, line: str) -> None:
    claimed(desk)
    if line.startswith("sent"):
        desk.do("ana", "draft 1 Sorry.")
        desk.do("bo", "approve 1")
    assert not desk.do("ana", line).is_error
    desk.later(days=3)
    desk.tick()
    assert asked(desk) == 0


def test_a_woken_case_is_not_asked_about_in_the_same_breath(desk: Desk) -> None:
    claimed(desk)
    desk.do("ana", "snooze 1 3d")
    desk.later(days=3)
    desk.tick()
    desk.later(hours=23)
    desk.tick()
    assert asked(desk) == 0
    desk.later(hours=1)
    desk.tick()
    assert asked(desk) == 1


def test_a_new_assignee_has_her_own_time(desk: Desk) -> None:
    claimed(desk)
    desk.later(hours=20)
    desk.do("mia", "assign 1 @kim")
    desk.later(hours=20)
    desk.tick()
    assert asked(desk) == 0
    desk.later(hours=4)
    desk.tick()
    told = notice(desk)
    assert told is not None
    assert told.ping == "kim"


def test_a_question_that_is_overtaken_on_its_way_is_not_asked(desk: Desk) -> None:
    claimed(desk)
    desk.later(days=1)
    desk.tick()
    desk.store.engine.run("update deliveries set state = 'pending'")
    subject = desk.store.engine.value("select subject from deliveries where body like '%Still on it%'")
    body = desk.store.engine.value("select body from deliveries where subject = ?", (subject,))
    desk.do("mia", "assign 1 @kim")
    assert draw(desk.ctx, subject, body) is None


def test_a_team_can_do_without(desk: Desk) -> None:
    desk.change_policy(sla=replace(PATIENT, remind_after=timedelta()))
    put_in(desk, Status.CLAIMED)
    desk.later(days=9)
    desk.tick()
    assert asked(desk) == 0


def test_on_the_business_clock(desk: Desk) -> None:
    desk.change_policy(sla=replace(PATIENT, business=tuple(Priority)))
    desk.now = datetime(2026, 11, 20, 10, 0, tzinfo=BERLIN).astimezone(UTC)  # a Friday
    put_in(desk, Status.CLAIMED)
    desk.now = datetime(2026, 11, 25, 9, 59, tzinfo=BERLIN).astimezone(UTC)
    desk.tick()
    assert asked(desk) == 0
    desk.later(minutes=1)
    desk.tick()
    assert asked(desk) == 1, "7 h on Friday, 8 h on Monday, 8 h on Tuesday, 1 h on Wednesday"
    told = notice(desk)
    assert told is not None
    assert "nothing has happened for 24 h in business hours" in told.words


def test_nobody_is_asked_in_quiet_hours(desk: Desk) -> None:
    desk.change_policy(sla=PATIENT, routes=(Route("local:#alerts", quiet="20:00-08:00"),))
    desk.now = datetime(2026, 11, 20, 19, 30, tzinfo=BERLIN).astimezone(UTC)
    put_in(desk, Status.CLAIMED)
    desk.do("ana", "note 1 calls again at night")
    desk.later(hours=25)
    desk.tick()
    assert asked(desk) == 0
    desk.now = datetime(2026, 11, 22, 8, 0, tzinfo=BERLIN).astimezone(UTC)
    desk.tick()
    assert asked(desk) == 1


def _sleep(desk: Desk, days: int) -> None:
    for _ in range(days):
        desk.later(days=1)
        desk.tick()


def test_after_three_questions_without_an_answer_it_is_left_to_the_queue(desk: Desk) -> None:
    claimed(desk)
    _sleep(desk, 6)
    assert asked(desk) == 3
    told = notice(desk)
    assert told is not None
    assert "nothing has happened for 3 d." in told.words, "the questions themselves are nothing"
    desk.do("ana", "still 1")
    _sleep(desk, 2)
    assert asked(desk) == 5


def test_what_slept_long_before_is_left_to_the_queue(desk: Desk) -> None:
    claimed(desk)
    desk.later(days=8, minutes=1)
    desk.tick()
    assert asked(desk) == 0


def test_of_many_a_few_are_asked_about_at_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remind, "_MOST", 2)
    desk.change_policy(sla=PATIENT)
    for number in range(3):
        put_in(desk, Status.CLAIMED, text=TROUBLES[number], native_id=str(number))
    desk.later(days=1)
    found = []
    for _ in range(2):
        desk.tick()
        found.append([desk.kinds(number).count("reminded") for number in (1, 2, 3)])
    assert found == [[1, 1, 0], [1, 1, 1]]


@pytest.mark.parametrize("is_in_file", [True, False])
def test_of_who_has_left_whoever_is_on_duty_is_told_once(desk: Desk, is_in_file: bool) -> None:
    claimed(desk)
    desk.change_policy(duty=Duty(("bo",), "2026-11-02 09:00"))
    if is_in_file:
        desk.change_roles("ana")
    else:
        desk.change_policy(members=tuple(one for one in desk.policy.members if one.name != "ana"))
    _sleep(desk, 4)
    assert asked(desk) == 1
    told = notice(desk)
    assert told is not None
    assert told.ping == "bo"
    assert "is no longer here, and nothing has happened for 1 d." in told.words


def test_the_questions_of_the_clock_let_people_s_acts_pass(desk: Desk) -> None:
    claimed(desk)
    desk.later(days=1)
    desk.tick()
    row = desk.store.engine.rows("select lane from deliveries where body like '%Still on it%'")[0]
    assert row["lane"] == Lane.NORMAL
