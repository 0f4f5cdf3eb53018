"""The emergency brake: begun by anybody, ended by few, and nothing is sent in between."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from handlers import replies
from handlers.cards import Screen
from handlers.ports import ByLink, Posted
from storage.types import DraftState, Status
from tests.kit import Desk, approved, by_api

SETTLE = timedelta(seconds=60)
LINK = "https://birds.example/reply/9"
STOPPED = "All replies are stopped since 11:00, by Kim: a false recall is going round."
WHO_ENDS = "`halt end` is for a manager or an admin"


@pytest.fixture
def ready(desk: Desk) -> Desk:
    desk.ways = by_api
    approved(desk)
    return desk


def stop(desk: Desk) -> str:
    return desk.say("kim", "halt a false recall is going round.")


def card(desk: Desk) -> Screen:
    drawing = desk.drawn("halt:1")
    assert isinstance(drawing, Screen)
    return drawing


def told_last(desk: Desk) -> tuple[str, str]:
    told = json.loads(desk.notices()[-1])
    return told["words"], told["ping"]


def test_nothing_is_sent_off_while_it_lasts(ready: Desk) -> None:
    assert stop(ready) == f"From now on no reply is sent. {WHO_ENDS}."
    before = ready.everything()
    assert ready.say("ana", "send 1") == f"{STOPPED} {WHO_ENDS}: ask Mia."
    assert ready.say("mia", "send 1") == f"{STOPPED} {WHO_ENDS}."
    assert ready.everything() == before
    assert ready.say("mia", "halt end") == "Replies can be sent again. What was given back waits for a press of Send."
    assert "is on its way" in ready.say("ana", "send 1")


def test_no_text_is_handed_out_to_be_sent_by_hand_while_it_lasts(ready: Desk) -> None:
    ready.ways = lambda _: ByLink(LINK, "Only by hand.")
    for who, line in (("ana", "draft 1 We are so sorry."), ("bo", "approve 1")):
        assert not ready.do(who, line).is_error
    stop(ready)
    assert ready.say("ana", "send 1").startswith(STOPPED)
    assert "handed over to send" not in ready.kinds(1)


def test_work_up_to_sending_goes_on_and_what_stands_outside_can_be_noted(ready: Desk) -> None:
    stop(ready)
    approved(ready, 2)
    assert not ready.do("ana", f"sent 1 {LINK}").is_error
    assert ready.case(1).status is Status.ANSWERED


def test_what_waits_is_given_back_and_its_sender_hears_why(ready: Desk) -> None:
    approved(ready, 2)
    for number in (1, 2):
        ready.do("ana", f"send {number}")
    assert "2 that waited are approved as before, not sent." in stop(ready)
    assert [ready.draft_of(number).state for number in (1, 2)] == [DraftState.APPROVED] * 2
    assert told_last(ready) == (f"The reply to #2 was not posted. {STOPPED}", "ana")
    ready.do("mia", "halt end")
    assert ready.store.drafts.due(ready.now + timedelta(days=2)) == [], "nothing goes out by itself when it ends"


def test_one_that_is_being_posted_is_told_and_what_comes_of_it_noted(ready: Desk) -> None:
    ready.do("ana", "send 1")
    attempt = replies.attempt(ready.ctx, ready.draft_of(1), SETTLE)
    assert attempt is not None
    assert "1 may have been posted just now: the thread says what came of it." in stop(ready)
    replies.posted(ready.ctx, attempt.draft, Posted(LINK, "r9"))
    assert ready.case(1).status is Status.ANSWERED


def test_one_that_was_being_posted_and_was_not_is_not_tried_again(ready: Desk) -> None:
    for came_of_it in ("busy", "not there"):
        ready.do("ana", "send 1")
        attempt = replies.attempt(ready.ctx, ready.draft_of(1), SETTLE)
        assert attempt is not None
        stop(ready)
        if came_of_it == "busy":
            replies.postpone(ready.ctx, attempt.draft, "Busy.", ready.now + timedelta(minutes=5))
        else:
            replies.not_there(ready.ctx, attempt.draft)
        assert ready.draft_of(1).state is DraftState.APPROVED
        assert told_last(ready) == (f"The reply to #1 was not posted. {STOPPED}", "ana")
        ready.do("mia", "halt end")


def test_a_doubt_can_be_ended_while_it_lasts_but_not_by_sending_again(ready: Desk) -> None:
    ready.do("ana", "send 1")
    attempt = replies.attempt(ready.ctx, ready.draft_of(1), SETTLE)
    assert attempt is not None
    replies.unseen(ready.ctx, attempt.draft, "It cannot be read.", is_final=True)
    stop(ready)
    screen = ready.do("ana", "send 1").screen
    assert screen is not None
    again, absent = (one for one in (*screen.rows[0].buttons, *screen.buttons) if dict(one.values).get("then"))
    assert ready.press("ana", again).words.startswith(STOPPED)
    assert ready.draft_of(1).state is DraftState.DOUBTFUL
    assert not ready.press("ana", absent).is_error
    assert ready.draft_of(1).state is DraftState.APPROVED


def test_it_is_told_once_where_alarms_are_and_its_card_says_how_it_ended(ready: Desk) -> None:
    ready.change_policy(alarms_to="local:#ops")
    stop(ready)
    assert ready.keys("halt") == ["halt:1:local:#ops"]
    assert (card(ready).title, card(ready).intro) == ("⛔ Replies are stopped", STOPPED)
    assert "Nothing was changed." in ready.say("ana", "halt again")
    ready.later(minutes=20)
    assert not ready.press("mia", card(ready).buttons[0]).is_error
    assert ready.keys("redraw:halt") == ["redraw:halt:1:local:#ops"]
    over = card(ready)
    assert over.title == "🟢 Replies can be sent again"
    assert over.intro == "Since 11:20, by Mia; they were stopped for 20 min."
    assert not over.buttons


def test_only_a_manager_or_an_admin_ends_it(ready: Desk) -> None:
    stop(ready)
    for who in ("ana", "bo", "kim"):
        assert ready.say(who, "halt end") == f"{WHO_ENDS}. Ask Mia."
        assert ready.press(who, card(ready).buttons[0]).is_error
    assert ready.store.halts.lasting() is not None
    assert not ready.do("mia", "halt end").is_error
    assert ready.say("mia", "halt end") == "Replies are not stopped. Nothing was changed."


@pytest.mark.parametrize("line", ["halt", "halt status", "halt HELP", "halt ?"])
def test_a_look_stops_nothing_and_its_button_does(ready: Desk, line: str) -> None:
    screen = ready.do("kim", line).screen
    assert screen is not None
    assert screen.title == "Stop all replies?"
    assert ready.store.halts.lasting() is None
    assert ready.press("kim", screen.buttons[0]).words.startswith("From now on no reply is sent.")
    for who, buttons in (("kim", 0), ("mia", 1)):
        screen = ready.do(who, line).screen
        assert screen is not None
        assert screen.intro == "All replies are stopped since 11:00, by Kim."
        assert len(screen.buttons) == buttons


@pytest.mark.parametrize("line", ["halt off", "halt Lift", "halt resume"])
def test_another_word_for_its_end_begins_none(ready: Desk, line: str) -> None:
    assert "Did you mean `halt end`?" in ready.say("mia", line)
    assert ready.store.halts.lasting() is None


def test_status_and_home_say_so(ready: Desk) -> None:
    for is_stopped in (False, True):
        for line in ("status", "home"):
            screen = ready.do("ana", line).screen
            assert screen is not None
            assert ("replies are stopped" in f"{screen.rows[0].heading} {screen.outro}") == is_stopped
        stop(ready)


def test_a_reason_is_short_and_on_one_line(ready: Desk) -> None:
    ready.do("kim", f"halt fire\n\u202e{'x' * 900}")
    halt = ready.store.halts.lasting()
    assert halt is not None
    assert halt.why.startswith("fire xxx")
    assert len(halt.why) <= 200


def test_a_guest_cannot_begin_one(ready: Desk) -> None:
    ready.change_policy(members=tuple(replace(one, is_guest=one.name == "kim") for one in ready.policy.members))
    assert ready.do("kim", "halt fire").is_error
    assert ready.store.halts.lasting() is None
