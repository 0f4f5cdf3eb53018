"""Guests look, and do nothing."""

from dataclasses import replace

import pytest

from handlers.dispatch import dispatch
from handlers.requests import COMMANDS, Request
from handlers.rules.policy import Member
from handlers.rules.roles import GUESTS_MAY, MAY, may
from storage.types import Role, Status
from tests.kit import MEMBERS, Desk, put_in


@pytest.fixture
def guest(desk: Desk) -> Member:
    """Gil has every role, and is a guest all the same."""
    gil = Member("gil", "Gil", tuple(Role), is_guest=True)
    desk.change_policy(members=(*MEMBERS, gil))
    return gil


def test_the_table_of_guests_is_what_promises_to_read(guest: Member) -> None:
    reads = {verb for verb, found in COMMANDS.items() if found.is_read}
    assert reads - {"export"} == GUESTS_MAY  # what customers wrote leaves the chat with members only
    assert not any(may(guest, act) for act in MAY)
    assert not may(guest, "claim")
    assert not may(guest, "share")


@pytest.mark.parametrize("verb", sorted(COMMANDS))
def test_a_guest_changes_nothing(desk: Desk, guest: Member, verb: str) -> None:
    put_in(desk, Status.CLAIMED)
    before = desk.everything()
    words = {"mute": "list", "resolve": "", "track": "https://x.example/1 awful heron"}.get(verb, "1")
    for request in (
        Request(guest, verb, words, key="k"),
        Request(guest, verb, values={"case": "1", "text": "typed"}, is_form=True, key="f"),
        Request(guest, verb, values={"case": "1", "text": "typed"}, is_closed=True),
    ):
        reply = dispatch(desk.ctx, request)
        if verb not in GUESTS_MAY:
            assert reply.words == (
                "You are a guest here: you may look, and change nothing. Ask somebody of the team to do it."
            )
            assert reply.is_error
    assert desk.everything() == before
    assert desk.store.kept.get("gil", verb, 1) == {}


def test_a_guest_sees_what_she_may_do_and_shares_nothing(desk: Desk, guest: Member) -> None:
    desk.open_case()
    screen = desk.do("gil", "help").screen
    assert screen is not None
    assert {row.heading.split()[1] for row in screen.rows} == GUESTS_MAY
    assert desk.do("ana", "queue").can_share
    assert not desk.do("gil", "queue").can_share
    assert desk.say("gil", "settings reload") == "That is for an admin."


def test_nobody_is_sent_to_a_guest(desk: Desk, guest: Member) -> None:
    desk.open_case()
    assert desk.say("ana", "approve 1") == "`approve` is for an approver or a manager. Ask Bo or Mia."
    assert desk.say("ana", "assign 1 @gil") == "Gil may look, and cannot be given a case."
    form = desk.do("ana", "assign 1").form
    assert form is not None
    assert [name for name, _ in form.fields[0].choices] == ["ana", "bo", "mia", "kim"]


def test_who_became_a_guest_cannot_stand_behind_an_approval(desk: Desk) -> None:
    desk.open_case()
    desk.do("ana", "draft 1 Sorry.")
    desk.do("bo", "approve 1")
    desk.change_policy(members=tuple(replace(one, is_guest=one.name == "bo") for one in MEMBERS))
    assert desk.say("ana", "send 1").startswith("Bo may no longer approve.")
