"""Four eyes: nothing is sent that another person has not approved, word for word, for this target and account."""

from dataclasses import replace

import pytest

from handlers.drafts import hash_of
from handlers.rules.policy import Policy, SlackPolicy
from handlers.rules.roster import Person, with_people
from storage.types import DraftState, Role, Status
from tests.kit import Desk, answer

LINK = "https://birds.example/reply/1"


def drafted(desk: Desk, by: str = "ana") -> None:
    desk.open_case()
    assert not desk.do(by, "draft 1 We are so sorry.").is_error


def approved(desk: Desk) -> None:
    drafted(desk)
    assert not desk.do("bo", "approve 1").is_error


def test_the_main_road(desk: Desk) -> None:
    desk.open_case()
    assert desk.say("ana", "draft 1 We are so sorry.") == (
        "Draft saved for #1. It waits for another person's approval in the thread of the case. Nothing has been sent."
    )
    assert desk.case(1).assignee == "ana"
    assert desk.draft_card(1).state == "proposed by Ana"
    assert desk.say("bo", "approve 1") == "The draft for #1 is approved. `send 1` is next; nothing has been sent yet."
    screen = desk.do("ana", "send 1").screen
    assert screen is not None
    assert screen.rows[0].quote is not None
    assert screen.rows[0].quote.words == "We are so sorry."
    assert screen.rows[0].heading == "The approved text, from @heronair to author1"
    assert screen.rows[0].facts == ("approved by Bo",)
    (row,) = screen.rows
    assert row.is_to_copy
    assert row.link is not None
    assert row.link.url == "https://birds.example/post/1"
    assert desk.case(1).status is Status.CLAIMED  # handed over is not sent
    assert desk.say("ana", f"sent 1 {LINK}") == "#1 is answered. `resolve 1` closes it once it is put right."
    sent = desk.draft_of(1)
    assert (sent.state, sent.sent_by, sent.sent_url, sent.approved_by) == (DraftState.SENT, "ana", LINK, "bo")
    assert desk.kinds(1) == ["opened", "claimed", "drafted", "approved", "handed over to send", "answered"]


@pytest.mark.parametrize("way", ["line", "button", "after a detour", "as manager"])
def test_the_author_cannot_approve_on_any_way(desk: Desk, way: str) -> None:
    drafted(desk, "bo")
    if way == "as manager":
        desk.change_roles("bo", *Role)
    if way == "after a detour":
        desk.do("mia", "reject 1 warmer, please")
        desk.do("bo", "draft 1 We are so very sorry.")
    button = next(one for one in desk.draft_card(1).buttons if one.verb == "approve")
    before = desk.everything()
    reply = desk.press("bo", button) if way == "button" else desk.do("bo", "approve 1")
    assert reply.is_error
    assert reply.words == "You wrote this draft, so somebody else must approve it (four eyes). Ask Mia."
    assert desk.everything() == before


def test_another_name_is_no_other_person(desk: Desk) -> None:
    """Whom a user group adds is called by her handle, which she may change."""
    written = in_slack(replace(desk.policy, slack=SlackPolicy(groups={"leads": (Role.AGENT, Role.APPROVER)})), "bo")
    desk.policy = with_people(written, [Person("slack", "U0EVE", "eve", "Eve", ("leads",))])
    drafted(desk, by="eve")
    desk.policy = with_people(written, [Person("slack", "U0EVE", "eve.two", "Eve", ("leads",))])
    assert desk.say("eve.two", "approve 1").startswith("You wrote this draft")
    assert not desk.do("bo", "approve 1").is_error


def test_whoever_is_called_as_the_author_was_is_not_the_author(desk: Desk) -> None:
    """Eve has a colleague take the handle that she had when she wrote it."""
    written = replace(desk.policy, slack=SlackPolicy(groups={"leads": (Role.AGENT, Role.APPROVER)}))
    eve = Person("slack", "U0EVE", "eve", "Eve", ("leads",))
    desk.policy = with_people(written, [eve])
    drafted(desk, by="eve")
    other = Person("slack", "U0ZED", "eve", "Zed", ("leads",))
    desk.policy = with_people(written, [replace(eve, handle="eve.two"), other])
    assert desk.say("eve.two", "approve 1").startswith("You wrote this draft")
    desk.policy = with_people(written, [replace(eve, groups=()), other])
    assert desk.say("eve", "approve 1").startswith("eve, who wrote this draft, is not known as a member now")
    desk.policy = with_people(written, [replace(eve, handle="eve.two"), other])
    assert not desk.do("eve", "approve 1").is_error
    assert not desk.do("mia", "send 1").is_error


def in_slack(policy: Policy, *names: str) -> Policy:
    """With ids for these members."""
    told = (replace(one, slack=f"U0{one.name.upper()}") if one.name in names else one for one in policy.members)
    return replace(policy, members=tuple(told))


@pytest.mark.parametrize(("author", "approver"), [("bo", "eve"), ("eve", "bo")])
def test_somebody_of_the_file_may_be_somebody_of_a_group(desk: Desk, author: str, approver: str) -> None:
    """Bo may be in the group too, as Eve: without his id nobody knows."""
    written = replace(desk.policy, slack=SlackPolicy(groups={"leads": (Role.AGENT, Role.APPROVER)}))
    eve = Person("slack", "U0EVE", "eve", "Eve", ("leads",))
    desk.policy = with_people(written, [eve])
    drafted(desk, by=author)
    told = desk.say(approver, "approve 1")
    assert told.startswith(
        "Nobody can tell whether Eve in Slack is Bo (four eyes). Type `link` in one chat and its code"
    )
    assert "have an admin write Bo's slack id into earshot.toml, or have another person approve it." in told
    assert desk.draft_of(1).state is DraftState.PROPOSED
    desk.policy = with_people(in_slack(written, "bo"), [eve])
    assert not desk.do(approver, "approve 1").is_error
    desk.policy = with_people(written, [eve])
    assert desk.say(desk.case(1).assignee or "", "send 1").startswith("This draft was perhaps approved by its author.")


def test_an_agent_cannot_approve(desk: Desk) -> None:
    drafted(desk)
    assert desk.say("kim", "approve 1") == "`approve` is for an approver or a manager. Ask Bo or Mia."
    assert desk.draft_of(1).state is DraftState.PROPOSED


@pytest.mark.parametrize("editor", ["ana", "kim", "bo"])
def test_an_edit_voids_the_approval(desk: Desk, editor: str) -> None:
    approved(desk)
    desk.do(editor, "draft 1 We are sorry. Here are 50 euros.")
    draft = desk.draft_of(1)
    assert (draft.state, draft.approved_by, draft.approved_hash, draft.author) == (
        DraftState.PROPOSED,
        None,
        None,
        editor,
    )
    for line in ("send 1", f"sent 1 {LINK}"):
        assert desk.say("mia", line) == "The draft for #1 is not approved. `approve 1` is for an approver or a manager."
    if editor == "bo":
        assert desk.do("bo", "approve 1").is_error  # his words now
    assert desk.case(1).status is Status.CLAIMED


def test_a_button_from_before_an_edit_is_refused(desk: Desk) -> None:
    drafted(desk)
    button = next(one for one in desk.draft_card(1).buttons if one.verb == "approve")
    desk.do("kim", "draft 1 Another text.")
    before = desk.everything()
    reply = desk.press("bo", button)
    assert reply.words == "The draft for #1 was changed since you saw it. Read it again first."
    assert desk.everything() == before
    assert not desk.press("bo", next(one for one in desk.draft_card(1).buttons if one.verb == "approve")).is_error


def test_an_approver_who_lost_the_role_blocks_the_sending(desk: Desk) -> None:
    approved(desk)
    desk.change_roles("bo", Role.AGENT)
    for line in ("send 1", f"sent 1 {LINK}"):
        assert desk.say("ana", line) == "Bo may no longer approve. `reject 1` it, and have it approved anew."
    assert desk.draft_of(1).state is DraftState.APPROVED


def test_an_approver_who_left_blocks_the_sending(desk: Desk) -> None:
    approved(desk)
    desk.change_policy(members=tuple(one for one in desk.policy.members if one.name != "bo"))
    assert desk.say("ana", "send 1").startswith("bo may no longer approve.")


def test_another_account_voids_draft_and_approval(desk: Desk) -> None:
    approved(desk)
    heron, plover = desk.policy.brands
    desk.change_policy(brands=(replace(heron, reply_as="@heron_help"), plover))
    stale = "The draft for #1 was written to be sent from @heronair; the account is @heron_help now."
    for line in ("send 1", f"sent 1 {LINK}"):
        assert desk.say("ana", line).startswith(stale)
    desk.do("ana", "draft 1 We are so sorry.")
    assert desk.do("ana", "send 1").is_error
    desk.do("bo", "approve 1")
    assert desk.do("ana", f"sent 1 {LINK}").words.startswith("#1 is answered.")
    assert desk.draft_of(1).account == "@heron_help"


def test_what_cannot_be_sent_cannot_be_approved(desk: Desk) -> None:
    drafted(desk)
    heron, plover = desk.policy.brands
    desk.change_policy(brands=(replace(heron, reply_as="@heron_help"), plover))
    assert "written to be sent from @heronair" in desk.say("bo", "approve 1")
    assert desk.draft_of(1).state is DraftState.PROPOSED


def test_without_four_eyes_the_author_approves_but_approval_is_still_needed(desk: Desk) -> None:
    desk.change_policy(four_eyes=False)
    drafted(desk, "bo")
    assert desk.do("bo", f"sent 1 {LINK}").is_error
    assert desk.draft_card(1).note == "Waits for approval."
    assert not desk.do("bo", "approve 1").is_error
    assert not desk.do("bo", f"sent 1 {LINK}").is_error


def test_four_eyes_switched_on_later_stops_what_its_author_approved(desk: Desk) -> None:
    desk.change_policy(four_eyes=False)
    drafted(desk, "bo")
    desk.do("bo", "approve 1")
    desk.change_policy(four_eyes=True)
    assert desk.say("bo", "send 1").startswith("This draft was approved by its author.")
    assert desk.do("bo", f"sent 1 {LINK}").is_error


def test_only_the_assignee_or_those_who_may_send_for_another(desk: Desk) -> None:
    approved(desk)
    assert desk.say("kim", "send 1") == (
        "Ana claimed #1 just now. Only its assignee, or an approver or a manager, can send the reply."
    )
    assert desk.do("kim", f"sent 1 {LINK}").is_error
    assert not desk.do("bo", f"sent 1 {LINK}").is_error


def test_a_change_is_asked_for_and_its_author_told(desk: Desk) -> None:
    drafted(desk)
    assert desk.say("bo", "reject 1 offer a refund") == "Ana is asked to change the draft for #1."
    assert '"words": "Bo asks for a change in the draft for #1: offer a refund", "ping": "ana"' in desk.notices()[0]
    assert (desk.draft_card(1).state, desk.draft_card(1).note) == ("Bo asks for a change", "offer a refund")
    assert desk.say("mia", "approve 1") == "Bo asked for a change. `draft 1` changes it first."
    desk.do("ana", "draft 1 We are so sorry, and refund you.")
    assert desk.draft_card(1).state == "proposed by Ana"


def test_a_change_is_asked_for_in_the_words_that_the_approver_has_read(desk: Desk) -> None:
    drafted(desk)
    form = desk.do("bo", "reject 1").form
    assert form is not None
    desk.do("ana", "draft 1 We are so sorry, and refund you.")
    again = desk.submit("bo", form, why="offer a refund")
    assert again.words.startswith(
        "Ana changed this draft while you wrote. It says now: We are so sorry, and refund you."
    )
    assert desk.draft_card(1).state == "proposed by Ana"
    assert again.form is not None
    assert (again.form.fields[0].value, again.form.quote) == ("offer a refund", "We are so sorry, and refund you.")
    assert not desk.submit("bo", again.form).is_error
    assert desk.draft_card(1).state == "Bo asks for a change"


def test_an_approval_can_be_taken_back_before_it_is_sent(desk: Desk) -> None:
    approved(desk)
    assert desk.say("bo", "approve 1") == "Bo has already approved it. `send 1` is next."
    assert not desk.do("mia", "reject 1 wait for legal").is_error
    assert desk.do("ana", f"sent 1 {LINK}").is_error


def test_a_sent_draft_is_sent_once(desk: Desk) -> None:
    desk.open_case()
    answer(desk, 1)
    before = desk.everything()
    assert desk.say("ana", f"sent 1 {LINK}") == "#1 has no draft. `draft 1` writes one."
    assert desk.do("bo", "approve 1").is_error
    assert desk.everything() == before
    desk.do("ana", "draft 1 One more thing.")
    assert [one.state for one in desk.store.drafts.of_case(1)] == [DraftState.SENT, DraftState.PROPOSED]


@pytest.mark.parametrize("link", ["javascript:alert(1)", "ftp://x.example", "not a link", "https://a b"])
def test_where_it_was_sent_must_be_a_link(desk: Desk, link: str) -> None:
    approved(desk)
    assert desk.say("ana", f"sent 1 {link}").startswith("That is not a link that can be opened.")
    assert desk.draft_of(1).state is DraftState.APPROVED


def test_a_mention_without_a_link_can_be_answered_without_one(desk: Desk) -> None:
    desk.open_case(url="")
    desk.do("ana", "draft 1 Sorry.")
    desk.do("bo", "approve 1")
    screen = desk.do("ana", "send 1").screen
    assert screen is not None
    assert "This mention has no link." in screen.outro
    assert not desk.do("ana", "sent 1").is_error


def test_a_draft_needs_words_and_not_too_many(desk: Desk) -> None:
    desk.open_case()
    form = desk.do("ana", "draft 1").form
    assert form is not None
    empty = desk.submit("ana", form, text=" \n ")
    assert empty.form is not None
    assert empty.form.errors == (("text", "A draft needs words. Type the reply."),)
    assert (
        desk.say("ana", f"draft 1 {'x' * 3_001}")
        == "That is 3,001 characters; a reply has at most 3,000 there. Shorten it."
    )
    assert desk.case(1).status is Status.OPEN


def test_the_hash_covers_text_target_account_and_what_is_answered_each_for_itself() -> None:
    told = [
        ("a", "b", "c", "e"),
        ("ab", "", "c", "e"),
        ("a", "bc", "", "e"),
        ("a", "b", "ce", ""),
        ("a", "b", "c", "f"),
        ("a", "b", "d", "e"),
        ("a", "x", "c", "e"),
        ("x", "b", "c", "e"),
        ("1:a", "b", "c", "e"),
    ]
    assert len({hash_of(*parts) for parts in told}) == len(told)


def test_the_draft_stands_in_the_thread_of_every_card(desk: Desk) -> None:
    desk.open_case()
    desk.do("ana", "escalate 1")
    desk.do("ana", "draft 1 Sorry.")
    desk.do("ana", "draft 1 Very sorry.")
    posts = desk.store.deliveries.posts("draft:1")
    assert [(one.parent, one.channel) for one in posts] == [("case:1", "#alerts"), ("case:1", "#leads")]


def test_a_draft_follows_its_case_into_the_channel_of_an_escalation(desk: Desk) -> None:
    desk.open_case()
    desk.do("ana", "draft 1 We are sorry.")
    desk.do("ana", "escalate 1")
    assert "draft:1:local:#leads" in desk.keys("draft:")
