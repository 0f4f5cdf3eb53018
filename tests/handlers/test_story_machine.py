"""Three people press everything in any order; whatever they do, the promises about cases and replies hold."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from handlers.drafts import hash_of
from storage.store import open_storage
from storage.types import DraftState, Role, Status
from tests.kit import TROUBLES, Desk, raw

PEOPLE = st.sampled_from(["ana", "bo", "mia"])
CASES = st.integers(1, 2)
VERBS = st.sampled_from(
    ["claim", "release", "assign", "approve", "send", "sent", "resolve", "irrelevant", "reopen", "snooze", "escalate",
     "note", "reject", "still"]
)  # fmt: skip
REST = {
    "assign": "@mia", "sent": "https://birds.example/r", "resolve": "fixed", "snooze": "1h", "note": "hm",
    "reject": "warmer",
}  # fmt: skip
TEXTS = st.sampled_from(["We are sorry.", "We are very sorry.", "Thank you."])


class Team(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.desk = Desk(open_storage(Path(self.folder.name) / "earshot.db"))
        self.desk.store.engine.run("pragma synchronous = off")

    @initialize()
    def two_cases(self) -> None:
        self.desk.take(raw("1", TROUBLES[0]), raw("2", TROUBLES[1]))
        self.said = {number: [f"\n{TROUBLES[number - 1]}"] for number in (1, 2)}  # a customer's words, newest last

    @rule(who=PEOPLE, verb=VERBS, case=CASES)
    def act(self, who: str, verb: str, case: int) -> None:
        reply = self.desk.do(who, f"{verb} {case} {REST.get(verb, '')}")
        assert reply.words or reply.screen

    @rule(who=PEOPLE, case=CASES, text=TEXTS)
    def draft(self, who: str, case: int, text: str) -> None:
        self.desk.do(who, f"draft {case} {text}")

    @rule(case=CASES, text=TEXTS, author=PEOPLE, approver=PEOPLE)
    def draft_and_approve(self, case: int, text: str, author: str, approver: str) -> None:
        self.desk.do(author, f"draft {case} {text}")
        self.desk.do(approver, f"approve {case}")

    @rule(case=CASES, who=PEOPLE)
    def note_as_sent(self, case: int, who: str) -> None:
        if not self.desk.do(who, f"sent {case} https://birds.example/r").is_error:
            draft = self.desk.draft_of(case)
            assert draft.state is DraftState.SENT
            assert draft.text_hash == hash_of(draft.text, draft.target, draft.account, self.said[case][-1])

    @rule(case=CASES, words=st.sampled_from(["Edit: my daughter was hurt.", "Edit: all is well now."]))
    def the_customer_edits(self, case: int, words: str) -> None:
        self.desk.take(raw(str(case), f"{TROUBLES[case - 1]} {words}"))
        self.said[case].append(f"\n{TROUBLES[case - 1]} {words}")

    @rule(is_approver=st.booleans())
    def promote(self, is_approver: bool) -> None:
        self.desk.change_roles("ana", *([Role.AGENT, Role.APPROVER] if is_approver else [Role.AGENT]))

    @rule(minutes=st.sampled_from([1, 50, 300]))
    def time_passes(self, minutes: int) -> None:
        self.desk.later(minutes=minutes)
        self.desk.tick()

    @rule(number=st.sampled_from(["3", "4"]))
    def a_copy_comes_in(self, number: str) -> None:
        self.desk.take(raw(number, TROUBLES[0], followers=200_000, stars=1.0))

    @invariant()
    def the_diary_has_no_gap(self) -> None:
        for case in self.desk.cases():
            events = self.desk.events(case.id)
            assert [event.version for event in events] == list(range(1, case.version + 1))
            assert [event.at for event in events] == sorted(event.at for event in events)

    @invariant()
    def what_is_sent_was_approved_by_another_person(self) -> None:
        for case in self.desk.cases():
            for draft in self.desk.store.drafts.of_case(case.id):
                hashes = {hash_of(draft.text, draft.target, draft.account, words) for words in self.said[case.id]}
                assert draft.text_hash in hashes
                if draft.state in (DraftState.APPROVED, DraftState.SENT):
                    assert draft.approved_by not in (None, draft.author)
                    assert draft.approved_hash == draft.text_hash
                else:
                    assert draft.approved_by is None

    @invariant()
    def each_draft_is_sent_once(self) -> None:
        for case in self.desk.cases():
            answered = [event.detail["draft"] for event in self.desk.events(case.id) if event.kind == "answered"]
            assert len(answered) == len(set(answered))
            sent = [str(one.id) for one in self.desk.store.drafts.of_case(case.id) if one.state is DraftState.SENT]
            assert sorted(answered) == sorted(sent)

    @invariant()
    def what_is_closed_says_why_and_what_is_claimed_says_whose(self) -> None:
        for case in self.desk.cases():
            assert (case.resolution is not None) == (case.resolved_at is not None) == (case.status is Status.RESOLVED)
            assert case.status is not Status.CLAIMED or case.assignee
            assert case.status is not Status.OPEN or not case.assignee
            assert case.status is not Status.RESOLVED or case.snoozed_until is None

    @invariant()
    def every_message_is_asked_for_once(self) -> None:
        keys = self.desk.keys()
        assert len(keys) == len(set(keys))
        for case in self.desk.cases():
            cards = [one.channel for one in self.desk.store.deliveries.posts(f"case:{case.id}")]
            assert len(cards) == len(set(cards))

    @invariant()
    def every_card_can_be_drawn(self) -> None:
        for case in self.desk.cases():
            assert len(self.desk.card(case.id).buttons) <= 4
            assert self.desk.card(case.id) == self.desk.card(case.id)

    def teardown(self) -> None:
        assert self.desk.store.engine.check() == []
        self.desk.store.close()
        self.folder.cleanup()


Team.TestCase.settings = settings(max_examples=20, stateful_step_count=30, deadline=None)
TestTeam = pytest.mark.long(Team.TestCase)
