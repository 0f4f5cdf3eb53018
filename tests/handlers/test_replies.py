"""A reply that Earshot posts by itself: who may send it off, what must still be so when it is posted, what is read."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from handlers import replies
from handlers.cards import Button
from handlers.dispatch import dispatch
from handlers.ports import ByApi, ByLink, NotPossible, Posted, Tombstone
from handlers.replies import Attempt
from handlers.requests import Request
from storage.types import Draft, DraftState, Role, Status
from tests.kit import Desk, approved, by_api, raw

LINK = "https://birds.example/reply/9"
SETTLE = timedelta(seconds=60)
THERE = Posted(LINK, "r9")
ON_ITS_WAY = "The reply to #1 is on its way as @heron. The thread says when it stands there."


@pytest.fixture
def ready(desk: Desk) -> Desk:
    desk.ways = by_api
    approved(desk)
    return desk


@pytest.fixture
def sent_off(ready: Desk) -> Desk:
    assert ready.say("ana", "send 1") == ON_ITS_WAY
    return ready


@pytest.fixture
def doubtful(sent_off: Desk) -> Desk:
    """It was tried, the answer was lost, and nobody can look."""
    begun(sent_off)
    replies.unseen(sent_off.ctx, sent_off.draft_of(1), "The history cannot be read.", is_final=True)
    return sent_off


def begun(desk: Desk) -> Attempt:
    attempt = replies.attempt(desk.ctx, desk.draft_of(1), SETTLE)
    assert attempt is not None
    return attempt


def last_notice(desk: Desk) -> tuple[str, str]:
    """What people read last, and who is pinged."""
    told = json.loads(desk.notices()[-1])
    return told["words"], told["ping"]


def button(desk: Desk, label: str) -> Button:
    return next(one for one in desk.draft_card(1).buttons if one.label == label)


# Sending it off


def test_the_main_road(ready: Desk) -> None:
    desk = ready
    assert [one.label for one in desk.draft_card(1).buttons] == ["Send as @heron", "Mark as sent", "Edit"]
    assert desk.press("ana", button(desk, "Send as @heron")).words == ON_ITS_WAY
    draft = desk.draft_of(1)
    assert (draft.state, draft.sent_by, draft.account) == (DraftState.SENDING, "ana", "@heron")
    assert desk.case(1).status is Status.CLAIMED  # nothing stands there yet
    assert "reply is being sent" in desk.card(1).facts
    card = desk.draft_card(1)
    assert (card.state, card.note, card.buttons) == (
        "sent off by Ana, approved by Bo",
        "It is being posted as @heron.",
        (),
    )
    attempt = begun(desk)
    assert attempt.key == f"reply:{draft.id}:{draft.text_hash[:16]}"
    assert attempt.mention.native_id == "1"
    desk.later(seconds=3)
    replies.posted(desk.ctx, attempt.draft, THERE)
    draft, case = desk.draft_of(1), desk.case(1)
    assert (draft.state, draft.sent_by, draft.sent_url, draft.sent_id) == (DraftState.SENT, "ana", LINK, "r9")
    assert (case.status, case.answered_at) == (Status.ANSWERED, desk.now)
    assert desk.events(1)[-1].actor == "ana"
    assert last_notice(desk) == (f"Ana's reply to #1 was posted as @heron: {LINK}", "")
    link = desk.draft_card(1).link
    assert link is not None
    assert (link.label, link.url) == ("See the reply", LINK)
    assert desk.kinds(1) == ["opened", "claimed", "drafted", "approved", "handed over to send", "answered"]


def test_a_second_press_and_a_second_person_are_told_and_change_nothing(sent_off: Desk) -> None:
    before = sent_off.everything()
    for who in ("ana", "mia"):
        told = sent_off.say(who, "send 1")
        assert told == "The reply to #1 is being sent: Ana sent it off. The thread says when it stands there."
    assert sent_off.everything() == before


def test_it_is_answered_by_who_sent_it_off(ready: Desk) -> None:
    ready.do("bo", "send 1")
    replies.posted(ready.ctx, begun(ready).draft, THERE)
    assert ready.draft_of(1).sent_by == "bo"
    assert last_notice(ready)[0].startswith("Bo's reply to #1")


def test_only_the_assignee_or_those_who_may_send_for_another(ready: Desk) -> None:
    assert "Only its assignee, or an approver or a manager, can send the reply." in ready.say("kim", "send 1")
    assert ready.draft_of(1).state is DraftState.APPROVED


@pytest.mark.parametrize(
    "line", ["draft 1 Another text.", "draft 1", "approve 1", "reject 1 no", "reject 1", "sent 1 " + LINK]
)
@pytest.mark.parametrize("state", ["sending", "doubtful"])
def test_what_may_stand_outside_stays_as_it_is(request: pytest.FixtureRequest, line: str, state: str) -> None:
    desk: Desk = request.getfixturevalue("sent_off" if state == "sending" else "doubtful")
    if state == "doubtful" and line.startswith("sent"):
        return
    before = desk.everything()
    told = desk.do("bo", line)
    assert told.is_error
    words = (
        "is being sent: Ana sent it off." if state == "sending" else "Nobody knows whether the reply to #1 was posted."
    )
    assert words in told.words
    assert desk.everything() == before


def test_words_can_be_saved_for_oneself_meanwhile(sent_off: Desk) -> None:
    values = {"case": "1", "text": "And one more thing.", "then": "save"}
    told = dispatch(sent_off.ctx, Request(sent_off.policy.member("ana"), "draft", values=values, is_form=True))
    assert told.words.startswith("Saved for you alone")
    assert sent_off.draft_of(1).text == "We are so sorry."


# What a mention allows


def test_what_earshot_cannot_post_is_given_to_copy_with_the_reason(ready: Desk) -> None:
    ready.ways = lambda _: ByLink("https://x.example/intent", "X lets an account reply only to whoever mentioned it.")
    ready.do("ana", "draft 1 We are so sorry.")
    ready.do("bo", "approve 1")
    assert [one.label for one in ready.draft_card(1).buttons] == ["Send", "Mark as sent", "Edit"]
    screen = ready.do("ana", "send 1").screen
    assert screen is not None
    assert screen.intro == (
        "X lets an account reply only to whoever mentioned it, so you do it by hand, in three steps."
    )
    assert screen.rows[0].link is not None
    assert screen.rows[0].link.url == "https://x.example/intent"
    assert ready.draft_of(1).state is DraftState.APPROVED


def test_a_mention_that_cannot_be_answered_says_why(ready: Desk) -> None:
    ready.ways = lambda _: NotPossible("It came from a list; nobody reads answers there.")
    ready.do("ana", "draft 1 We are so sorry.")
    ready.do("bo", "approve 1")
    screen = ready.do("ana", "send 1").screen
    assert screen is not None
    assert "2. It came from a list; nobody reads answers there." in screen.outro


def test_a_reply_is_as_long_as_the_network_allows(ready: Desk) -> None:
    told = ready.say("ana", f"draft 1 {'x' * 301}")
    assert told == "That is 301 characters; a reply has at most 300 there. Shorten it."
    form = ready.do("ana", "draft 1").form
    assert form is not None
    assert form.fields[0].max_length == 300


def test_the_approval_is_for_the_account_that_posts(ready: Desk) -> None:
    """Bo said yes to @heron; another account has nobody's yes."""
    ready.ways = lambda _: ByApi("@heron_help")
    told = ready.say("ana", "send 1")
    assert told.startswith("The draft for #1 was written to be sent from @heron; the account is @heron_help now.")
    assert ready.draft_of(1).state is DraftState.APPROVED


# What must still be so when it is posted


def change_account(desk: Desk) -> None:
    desk.ways = lambda _: ByApi("@heron_help")


def switch_off(desk: Desk) -> None:
    desk.ways = lambda _: ByLink("https://birds.example/post/1", "The token was refused.")


def change_words(desk: Desk) -> None:
    desk.take(raw("1", "Heron found my suitcase in Oslo, all is well, no need to answer, but what a day that was"))


def delete(desk: Desk) -> None:
    desk.take(Tombstone("1", "deleted"))


def resolve(desk: Desk) -> None:
    assert not desk.do("mia", "resolve 1 fixed").is_error


def demote_the_approver(desk: Desk) -> None:
    desk.change_roles("bo", Role.AGENT)


def dismiss_the_sender(desk: Desk) -> None:
    desk.change_policy(members=tuple(one for one in desk.policy.members if one.name != "ana"))


def stop_behind_its_back(desk: Desk) -> None:
    assert desk.store.halts.begin("mia", "", desk.now) is not None


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (stop_behind_its_back, "All replies are stopped since 11:00, by Mia."),
        (change_account, "was written to be sent from @heron; the account is @heron_help now."),
        (switch_off, "Earshot cannot post there by itself any more. The token was refused."),
        (change_words, "The customer's words in #1 were changed after this draft was written."),
        (delete, "What the draft for #1 answers was deleted by its author."),
        (resolve, "#1 was resolved before that."),
        (demote_the_approver, "Bo may no longer approve."),
        (dismiss_the_sender, "who sent it off, may not send any more."),
    ],
)
def test_it_is_asked_again_immediately_before_it_is_posted(sent_off: Desk, change: object, why: str) -> None:
    assert callable(change)
    change(sent_off)
    assert replies.attempt(sent_off.ctx, sent_off.draft_of(1), SETTLE) is None
    draft = sent_off.draft_of(1)
    assert (draft.state, draft.sent_by, draft.attempts) == (DraftState.APPROVED, None, 0)
    assert why in draft.error
    words, ping = last_notice(sent_off)
    assert words.startswith("The reply to #1 was not posted. ")
    assert why in words
    assert ping == "ana"
    assert sent_off.kinds(1)[-1] == "not posted"


def test_four_eyes_switched_on_meanwhile_stops_what_its_author_approved(desk: Desk) -> None:
    desk.ways = by_api
    desk.change_policy(four_eyes=False)
    desk.open_case()
    for line in ("draft 1 We are so sorry.", "approve 1", "send 1"):
        assert not desk.do("bo", line).is_error
    desk.change_policy(four_eyes=True)
    assert replies.attempt(desk.ctx, desk.draft_of(1), SETTLE) is None
    assert "approved by its author" in desk.draft_of(1).error


def test_one_attempt_at_a_time(sent_off: Desk) -> None:
    draft = sent_off.draft_of(1)
    begun(sent_off)
    assert replies.attempt(sent_off.ctx, draft, SETTLE) is None
    assert replies.attempt(sent_off.ctx, sent_off.draft_of(1), SETTLE) is None
    assert sent_off.draft_of(1).attempts == 1


def test_what_is_being_posted_is_not_given_back_by_who_comes_second(sent_off: Desk) -> None:
    draft = begun(sent_off).draft
    resolve(sent_off)
    assert replies.attempt(sent_off.ctx, draft, SETTLE) is None
    assert sent_off.draft_of(1).state is DraftState.SENDING


# What came of it


def test_what_is_refused_is_approved_as_before_and_told(sent_off: Desk) -> None:
    replies.refused(sent_off.ctx, begun(sent_off).draft, "birds.example: the author has blocked @heron.")
    assert sent_off.draft_of(1).state is DraftState.APPROVED
    assert last_notice(sent_off) == (
        "The reply to #1 was not posted. birds.example: the author has blocked @heron.",
        "ana",
    )
    card = sent_off.draft_card(1)
    assert card.note.startswith("Not posted: birds.example: the author has blocked @heron.")
    assert "approved reply could not be posted" in sent_off.card(1).facts
    assert sent_off.say("ana", "send 1") == ON_ITS_WAY
    assert sent_off.draft_card(1).note == "It is being posted as @heron."


def test_an_edit_after_a_refusal_forgets_it(sent_off: Desk) -> None:
    replies.refused(sent_off.ctx, begun(sent_off).draft, "Too long.")
    sent_off.do("ana", "draft 1 Sorry.")
    assert sent_off.draft_card(1).note == "Waits for another person's approval."
    sent_off.do("bo", "approve 1")
    assert sent_off.draft_card(1).note == "Approved as it stands here; any edit voids the approval."


def test_a_short_wait_is_not_told_and_a_long_one_once(sent_off: Desk) -> None:
    replies.postpone(sent_off.ctx, begun(sent_off).draft, "birds.example is down.")
    assert sent_off.notices() == []
    assert sent_off.draft_of(1).not_before == sent_off.now + timedelta(seconds=5)
    for _ in range(3):
        until = sent_off.now + timedelta(hours=2)
        replies.postpone(sent_off.ctx, begun(sent_off).draft, "The $5 of today are spent.", until)
        sent_off.later(hours=2)
    assert [json.loads(one)["words"] for one in sent_off.notices()] == [
        "The reply to #1 is not posted yet; it is tried at 13:00. The $5 of today are spent."
    ]
    assert "reply waits to be posted" in sent_off.card(1).facts
    card = sent_off.draft_card(1)
    assert "Not posted yet" in card.note
    assert [one.label for one in card.buttons] == ["Take back"]


def test_a_source_that_asks_to_wait_until_yesterday_is_not_called_in_a_circle(sent_off: Desk) -> None:
    replies.postpone(sent_off.ctx, begun(sent_off).draft, "Busy.", sent_off.now - timedelta(days=1))
    assert sent_off.store.drafts.due(sent_off.now) == []
    assert len(sent_off.store.drafts.due(sent_off.now + timedelta(seconds=5))) == 1


def test_after_a_day_it_is_given_back(sent_off: Desk) -> None:
    for _ in range(10):
        if sent_off.draft_of(1).state is not DraftState.SENDING:
            break
        replies.postpone(sent_off.ctx, begun(sent_off).draft, "Busy.", sent_off.now + timedelta(hours=5))
        sent_off.later(hours=5)
    assert sent_off.draft_of(1).state is DraftState.APPROVED
    assert last_notice(sent_off) == ("The reply to #1 was not posted. It could not be posted for a day. Busy.", "ana")
    assert sent_off.now <= sent_off.events(1)[4].at + timedelta(hours=26)


def test_what_waits_can_be_taken_back(sent_off: Desk) -> None:
    replies.postpone(sent_off.ctx, begun(sent_off).draft, "Spent.", sent_off.now + timedelta(hours=9))
    screen = sent_off.do("ana", "send 1").screen
    assert screen is not None
    assert screen.rows[0].heading == "The reply as @heron is not posted yet"
    assert sent_off.press("kim", screen.rows[0].buttons[0]).is_error
    told = sent_off.press("ana", screen.rows[0].buttons[0])
    assert told.words.startswith("The reply to #1 is not being sent any more. It is approved as before")
    assert sent_off.draft_of(1).state is DraftState.APPROVED
    assert not sent_off.do("ana", "draft 1 By hand, then.").is_error


def test_what_is_being_posted_cannot_be_taken_back(sent_off: Desk) -> None:
    replies.postpone(sent_off.ctx, begun(sent_off).draft, "Spent.", sent_off.now + timedelta(hours=9))
    pressed = button(sent_off, "Take back")
    begun(sent_off)
    before = sent_off.everything()
    assert "is being sent" in sent_off.press("ana", pressed).words
    assert sent_off.everything() == before


def test_a_reply_that_comes_to_stand_after_the_case_was_resolved_is_noted(sent_off: Desk) -> None:
    attempt = begun(sent_off)
    resolve(sent_off)
    replies.posted(sent_off.ctx, attempt.draft, THERE)
    assert sent_off.draft_of(1).state is DraftState.SENT
    assert sent_off.case(1).status is Status.RESOLVED
    assert sent_off.kinds(1)[-1] == "posted"


def test_a_reply_without_a_link_is_told_without_one(sent_off: Desk) -> None:
    replies.posted(sent_off.ctx, begun(sent_off).draft, Posted("", "<m1@heron.example>"))
    assert last_notice(sent_off)[0] == "Ana's reply to #1 was sent from @heron."


def test_a_link_that_cannot_be_opened_is_none(sent_off: Desk) -> None:
    replies.posted(sent_off.ctx, begun(sent_off).draft, Posted("javascript:alert(1)", "r1"))
    assert (sent_off.draft_of(1).state, sent_off.draft_of(1).sent_url) == (DraftState.SENT, "")
    assert "javascript" not in last_notice(sent_off)[0]


# Doubt


def test_while_the_answer_is_lost_people_see_that_it_is_looked_for(sent_off: Desk) -> None:
    attempt = begun(sent_off)
    replies.lost(sent_off.ctx, attempt.draft, "No answer.", sent_off.now + SETTLE)
    assert sent_off.draft_card(1).note == "The answer was lost. It is looked for before anything is posted again."
    assert sent_off.draft_card(1).buttons == ()
    assert "reply is looked for: the answer was lost" in sent_off.card(1).facts
    found = replies.sought(sent_off.ctx, sent_off.draft_of(1))
    assert found is not None
    assert found.key == attempt.key
    assert found.since == sent_off.events(1)[-1].at - timedelta(minutes=1)


def test_what_is_not_there_is_tried_three_times_altogether(sent_off: Desk) -> None:
    for _ in range(3):
        replies.lost(sent_off.ctx, begun(sent_off).draft, "No answer.", sent_off.now)
        replies.not_there(sent_off.ctx, sent_off.draft_of(1))
    assert sent_off.draft_of(1).state is DraftState.APPROVED
    assert last_notice(sent_off)[0].startswith(
        "The reply to #1 was not posted. It was tried 3 times, and is not there."
    )


def test_what_cannot_be_looked_for_is_a_persons_affair_after_an_hour(sent_off: Desk) -> None:
    begun(sent_off)
    looks = 0
    while (draft := sent_off.draft_of(1)).state is DraftState.SENDING:
        assert draft.not_before is not None
        sent_off.now = max(sent_off.now, draft.not_before)
        replies.unseen(sent_off.ctx, draft, "birds.example is down.")
        looks += 1
    assert sent_off.draft_of(1).state is DraftState.DOUBTFUL
    assert 5 < looks < 25
    words, ping = last_notice(sent_off)
    assert words.startswith("Nobody knows whether the reply to #1 was posted")
    assert "It will not be posted again unless you say so." in words
    assert ping == "ana"
    assert json.loads(sent_off.notices()[-1])["buttons"] == [["It is there", "sent"], ["It is not there…", "send"]]


def test_the_assignee_is_asked_when_in_doubt(sent_off: Desk) -> None:
    begun(sent_off)
    sent_off.do("mia", "assign 1 @kim")
    replies.unseen(sent_off.ctx, sent_off.draft_of(1), "", is_final=True)
    assert last_notice(sent_off)[1] == "kim"


def test_a_doubtful_reply_is_drawn_with_what_can_be_done(doubtful: Desk) -> None:
    card = doubtful.draft_card(1)
    assert card.state == "in doubt: perhaps it was posted, perhaps not"
    assert card.note == "It was not found out whether it was posted. The history cannot be read. Look there first."
    assert [one.label for one in card.buttons] == ["It is there", "Send again", "Not there, do not send"]
    assert card.link is not None
    assert card.link.url == "https://birds.example/post/1"
    assert "reply in doubt: nobody knows whether it was posted" in doubtful.card(1).facts
    assert doubtful.store.drafts.due(doubtful.now + timedelta(days=9)) == []


def test_send_asks_before_anything_doubtful_is_sent_again(doubtful: Desk) -> None:
    before = doubtful.everything()
    screen = doubtful.do("ana", "send 1").screen
    assert screen is not None
    assert screen.rows[0].heading == "The reply as @heron may have been posted"
    assert [one.label for one in (*screen.rows[0].buttons, *screen.buttons)] == [
        "It is there",
        "Send again",
        "Not there, do not send",
    ]
    assert "If it stands there already, it will be twice." in screen.rows[0].buttons[1].confirm
    assert doubtful.everything() == before


def test_it_is_there(doubtful: Desk) -> None:
    form = doubtful.press("ana", button(doubtful, "It is there")).form
    assert form is not None
    assert doubtful.submit("ana", form, url=LINK).words.startswith("#1 is answered.")
    assert (doubtful.draft_of(1).state, doubtful.draft_of(1).sent_url) == (DraftState.SENT, LINK)


def test_it_is_there_though_its_approval_would_not_do_any_more(doubtful: Desk) -> None:
    """Nobody can call it back: that it stands there is a fact to be noted."""
    delete(doubtful)
    demote_the_approver(doubtful)
    assert not doubtful.do("ana", f"sent 1 {LINK}").is_error
    assert doubtful.draft_of(1).state is DraftState.SENT


def test_somebody_elses_doubt_is_not_hers_to_end(doubtful: Desk) -> None:
    before = doubtful.everything()
    for line in ("send 1", "sent 1", f"sent 1 {LINK}"):
        assert "Only its assignee" in doubtful.say("kim", line)
    assert doubtful.everything() == before


def test_send_again_is_a_persons_word_and_one_more_attempt(doubtful: Desk) -> None:
    again = button(doubtful, "Send again")
    assert doubtful.press("kim", again).is_error
    assert doubtful.press("ana", again).words == "The reply to #1 is on its way again as @heron."
    assert doubtful.events(1)[-1].kind == "handed over to send"
    assert doubtful.press("ana", again).is_error
    assert begun(doubtful).draft.attempts == 1


def test_send_again_needs_an_approval_that_still_holds(doubtful: Desk) -> None:
    change_words(doubtful)
    assert "were changed after" in doubtful.press("ana", button(doubtful, "Send again")).words
    assert doubtful.draft_of(1).state is DraftState.DOUBTFUL


def test_not_there_and_not_wanted_any_more(doubtful: Desk) -> None:
    doubtful.press("ana", button(doubtful, "Not there, do not send"))
    assert doubtful.draft_of(1).state is DraftState.APPROVED
    assert not doubtful.do("ana", "draft 1 Other words.").is_error


def test_a_late_take_back_is_no_word_that_it_is_not_there(sent_off: Desk) -> None:
    """Pressed while it waited, and heard after it was tried and its answer was lost."""
    replies.postpone(sent_off.ctx, sent_off.draft_of(1), "It is busy.")
    back = button(sent_off, "Take back")
    sent_off.later(minutes=1)
    begun(sent_off)
    replies.unseen(sent_off.ctx, sent_off.draft_of(1), "", is_final=True)
    told = sent_off.press("ana", back)
    assert told.is_error
    assert "Look there first" in told.words
    assert sent_off.draft_of(1).state is DraftState.DOUBTFUL


@pytest.mark.parametrize("label", ["Send again", "Not there, do not send"])
def test_a_button_of_an_earlier_doubt_says_nothing_of_a_later_one(doubtful: Desk, label: str) -> None:
    """What she saw then was before the attempt that is in doubt now."""
    old = button(doubtful, label)
    doubtful.press("ana", button(doubtful, "Send again"))
    begun(doubtful)
    replies.unseen(doubtful.ctx, doubtful.draft_of(1), "", is_final=True)
    told = doubtful.press("ana", old)
    assert told.is_error
    assert "was tried again since you saw that" in told.words
    assert doubtful.draft_of(1).state is DraftState.DOUBTFUL
    assert not doubtful.press("ana", button(doubtful, label)).is_error


def test_an_old_button_does_nothing_once_it_is_decided(doubtful: Desk) -> None:
    again = button(doubtful, "Send again")
    doubtful.do("ana", f"sent 1 {LINK}")
    before = doubtful.everything()
    assert doubtful.press("ana", again).is_error
    assert doubtful.everything() == before


def test_what_carries_no_known_word_changes_nothing(doubtful: Desk) -> None:
    pressed = replace(button(doubtful, "Send again"), values=(("then", "twice"),))
    assert "shows what can be done" in doubtful.press("ana", pressed).words
    assert doubtful.draft_of(1).state is DraftState.DOUBTFUL


def test_a_deleted_mention_is_not_looked_under(sent_off: Desk) -> None:
    """Its link went with it, so that a source would find nothing and say that nothing is there."""
    begun(sent_off)
    delete(sent_off)
    assert replies.sought(sent_off.ctx, sent_off.draft_of(1)) is None


@pytest.mark.parametrize("was_tried", [False, True])
def test_without_its_source_only_what_was_never_tried_is_certainly_not_posted(sent_off: Desk, was_tried: bool) -> None:
    draft: Draft = begun(sent_off).draft if was_tried else sent_off.draft_of(1)
    replies.unreachable(sent_off.ctx, draft, "There is no source called birds any more.")
    assert sent_off.draft_of(1).state is (DraftState.DOUBTFUL if was_tried else DraftState.APPROVED)
    assert "There is no source called birds any more." in last_notice(sent_off)[0]


def test_words_of_a_server_hide_nothing(sent_off: Desk) -> None:
    replies.refused(sent_off.ctx, begun(sent_off).draft, f"no\u202e\n\x1b[31m {'x' * 9_000}")
    assert sent_off.draft_of(1).error.startswith("no")
    assert len(sent_off.draft_of(1).error) <= 501
    assert not set(sent_off.draft_of(1).error) & set("\u202e\n\x1b")
