"""Which verb works in which status and for which role: both tables, written a second time by hand."""

import pytest

from handlers.dispatch import dispatch
from handlers.requests import COMMANDS, Request
from handlers.rules.lifecycle import TRANSITIONS
from handlers.rules.roles import may
from storage.types import Role, Status
from tests.kit import Desk, put_in

OPEN, CLAIMED, ANSWERED, RESOLVED = Status

# The table, written a second time by hand: verb, who types it, the line, and what each status becomes ("" is refused).
LINES = [
    ("claim", "ana", "claim 1", ("claimed", "", "", "")),
    ("release", "ana", "release 1", ("", "open", "", "")),
    ("assign", "ana", "assign 1 @kim", ("claimed", "claimed", "", "")),
    ("draft", "ana", "draft 1 We are sorry.", ("claimed", "claimed", "answered", "")),
    ("approve", "bo", "approve 1", ("open", "claimed", "answered", "")),
    ("reject", "bo", "reject 1 warmer, please", ("open", "claimed", "answered", "")),
    ("send", "mia", "send 1", ("open", "claimed", "answered", "")),
    ("sent", "mia", "sent 1 https://birds.example/r", ("answered", "answered", "answered", "")),
    ("resolve", "ana", "resolve 1 fixed", ("resolved", "resolved", "resolved", "")),
    ("irrelevant", "ana", "irrelevant 1", ("resolved", "resolved", "resolved", "")),
    ("reopen", "ana", "reopen 1", ("", "", "", "open")),
    ("snooze", "ana", "snooze 1 2h", ("open", "claimed", "answered", "")),
    ("escalate", "ana", "escalate 1 press", ("open", "claimed", "answered", "")),
    ("note", "ana", "note 1 called her", ("open", "claimed", "answered", "resolved")),
    ("correct", "ana", "priority 1 low", ("open", "claimed", "answered", "")),
    ("still", "ana", "still 1", ("", "claimed", "", "")),
]
CELLS = [
    (verb, who, line, status, becomes)
    for verb, who, line, row in LINES
    for status, becomes in zip(Status, row, strict=True)
]


def ready_for(desk: Desk, verb: str, status: Status) -> None:
    """Case 1 in this status, with the draft that the verb needs."""
    put_in(desk, status)
    if verb not in ("approve", "reject", "send", "sent") or status is RESOLVED:
        return
    desk.do("ana", "draft 1 A second thought.")
    if verb in ("send", "sent"):
        desk.do("bo", "approve 1")
    if status is OPEN:
        desk.do("ana", "release 1")
    assert desk.case(1).status is status


@pytest.mark.parametrize(("verb", "who", "line", "status", "becomes"), CELLS, ids=[f"{c[0]}-{c[3]}" for c in CELLS])
def test_the_transition_table(desk: Desk, verb: str, who: str, line: str, status: Status, becomes: str) -> None:
    ready_for(desk, verb, status)
    before, case = desk.everything(), desk.case(1)
    reply = desk.do(who, line)
    if becomes:
        assert not reply.is_error, reply.words
        after = desk.case(1)
        assert after.status == becomes
        assert after.version > case.version
        assert desk.events(1)[-1].kind == TRANSITIONS[verb].event
        assert desk.events(1)[-1].actor == who
    else:
        assert reply.is_error
        assert reply.words.endswith(".")
        assert "#1" in reply.words
        assert desk.everything() == before


def test_the_table_has_a_line_for_every_verb() -> None:
    by_clock = {"wake", "raise", "overdue", "remind"}
    of_replies = {"take back", "hold", "fail", "doubt", "post"}  # see test_replies.py
    assert {row[0] for row in LINES} == TRANSITIONS.keys() - by_clock - of_replies


# Roles

OPEN_TO_ALL = {
    "help", "queue", "show", "claim", "release", "assign", "draft", "send", "sent", "resolve", "reopen", "snooze",
    "escalate", "note", "irrelevant", "search", "who", "mute", "query", "status", "settings", "home", "track", "judge",
    "briefing", "still", "summary", "export", "learning", "priority", "link", "halt",
}  # fmt: skip
ROLES = {
    "approve": {Role.APPROVER, Role.MANAGER},
    "reject": {Role.APPROVER, Role.MANAGER},
    "calm": {Role.APPROVER, Role.MANAGER},
    "change mutes": {Role.APPROVER, Role.MANAGER, Role.ADMIN},
    "take over": {Role.APPROVER, Role.MANAGER, Role.ADMIN},
    "send for another": {Role.APPROVER, Role.MANAGER},
    "mute for long": {Role.MANAGER, Role.ADMIN},
    "change briefings": {Role.MANAGER, Role.ADMIN},
    "teach": {Role.MANAGER, Role.ADMIN},
    "end a halt": {Role.MANAGER, Role.ADMIN},
    "reload": {Role.ADMIN},
    "erase": {Role.ADMIN},
    "retry": {Role.MANAGER, Role.ADMIN},
}


def test_the_table_of_roles_names_every_verb() -> None:
    assert COMMANDS.keys() == OPEN_TO_ALL | (ROLES.keys() & COMMANDS.keys())


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("act", sorted(OPEN_TO_ALL | ROLES.keys()))
def test_the_table_of_roles(desk: Desk, act: str, role: Role) -> None:
    desk.change_roles("kim", role)
    kim = desk.policy.member("kim")
    is_allowed = act in OPEN_TO_ALL or role in ROLES[act]
    assert may(kim, act) == is_allowed
    assert may(None, act) == (act in ("help", "link"))
    if act in COMMANDS:
        put_in(desk, OPEN)
        reply = dispatch(desk.ctx, Request(kim, act, "1"))
        assert (f"`{act}` is for " in reply.words) == (not is_allowed)


def test_a_member_without_any_role_may_do_nothing(desk: Desk) -> None:
    desk.open_case()
    desk.change_roles("kim")
    assert "is for" in desk.say("kim", "claim 1")
    assert desk.case(1).status is OPEN
