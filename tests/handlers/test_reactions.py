"""A reaction on a card does a verb; taking it off undoes what its owner did by it, and nobody else's work."""

import pytest

from handlers.dispatch import dispatch
from handlers.requests import Reply, Request
from handlers.rules.reactions import act_of
from storage.types import Resolution, Status
from tests.kit import TROUBLES, Desk, answer, put_in


def react(desk: Desk, who: str, emoji: str, *, is_added: bool = True, case: int = 1, key: str = "") -> Reply:
    act = act_of(emoji, is_added=is_added)
    assert act is not None
    values = {**act[1], "case": str(case)}
    return dispatch(desk.ctx, Request(desk.policy.member(who), act[0], values=values, key=key, can_repeat=True))


@pytest.mark.parametrize("emoji", ["tada", "", "x", "eyes2", "EYES", "heavy_check_mark"])
def test_other_reactions_mean_nothing(emoji: str) -> None:
    assert act_of(emoji, is_added=True) is None
    assert act_of(emoji, is_added=False) is None


def test_a_sign_means_the_same_as_its_name() -> None:
    for sign, name in (("👀", "eyes"), ("✅", "white_check_mark"), ("🔇", "mute")):
        for is_added in (True, False):
            assert act_of(sign, is_added=is_added) == act_of(name, is_added=is_added)


def test_eyes_claim_and_give_back(desk: Desk) -> None:
    desk.open_case()
    assert react(desk, "ana", "eyes").words == "#1 is yours."
    assert react(desk, "ana", "eyes", is_added=False).words == "#1 is open again."
    assert desk.case(1).status is Status.OPEN


def test_eyes_taken_off_release_nobody_elses_case(desk: Desk) -> None:
    put_in(desk, Status.CLAIMED)
    assert react(desk, "mia", "eyes").is_error  # she lost the race, and may take cases over
    assert react(desk, "mia", "eyes", is_added=False).words == "Ana claimed #1 just now. Nothing was changed."
    assert desk.case(1).assignee == "ana"


def test_a_check_mark_tells_the_truth_about_the_reason(desk: Desk) -> None:
    desk.open_case()
    desk.open_case("2", TROUBLES[1])
    answer(desk, 2)
    assert react(desk, "ana", "white_check_mark", case=1).words == "#1 is resolved: no action."
    assert react(desk, "ana", "white_check_mark", case=2).words == "#2 is resolved: replied."
    assert [desk.case(number).resolution for number in (1, 2)] == [Resolution.NO_ACTION, Resolution.REPLIED]
    assert not desk.case(2).is_fixed


def test_a_check_mark_taken_off_opens_what_she_closed(desk: Desk) -> None:
    desk.open_case()
    react(desk, "ana", "white_check_mark")
    assert react(desk, "ana", "white_check_mark", is_added=False).words == "#1 is open again."
    desk.do("bo", "resolve 1 fixed")
    assert react(desk, "ana", "white_check_mark").is_error
    told = react(desk, "ana", "white_check_mark", is_added=False)
    assert told.words == "#1 was resolved by Bo just now (fixed). Nothing was changed."
    assert desk.case(1).status is Status.RESOLVED


def test_a_muted_speaker_silences_the_author_for_a_day(desk: Desk) -> None:
    desk.open_case(author="Spam 90d")
    assert react(desk, "bo", "mute").screen is not None
    (made,) = desk.store.mutes.active(desk.now)
    assert (made.what, made.value, made.created_by) == ("author", "spam 90d", "bo")
    assert (made.until - made.created_at).total_seconds() == 24 * 3600
    again = react(desk, "mia", "mute")
    assert again.words == "Author spam 90d is muted until Tue 24 Nov 11:00 already. Nothing was changed."
    assert react(desk, "mia", "mute", is_added=False).is_error  # it is not hers
    assert react(desk, "bo", "mute", is_added=False).screen is not None
    assert desk.store.mutes.active(desk.now) == []


def test_a_mute_made_by_hand_outlives_the_reaction(desk: Desk) -> None:
    desk.open_case(author="spam")
    desk.mute("mia", "author:spam 7d")
    assert react(desk, "mia", "mute").is_error
    told = react(desk, "mia", "mute", is_added=False)
    assert told.words == "You have no mute for spam to take back. `mute list` shows them all."
    assert len(desk.store.mutes.active(desk.now)) == 1


def test_roles_hold_for_reactions_too(desk: Desk) -> None:
    desk.open_case()
    assert react(desk, "ana", "mute").words.startswith("Muting is for an approver")
    assert desk.store.mutes.active(desk.now) == []


def test_a_reaction_that_is_delivered_again_is_answered_once_though_it_failed(desk: Desk) -> None:
    put_in(desk, Status.CLAIMED)
    first, second = (react(desk, "bo", "eyes", key="event 1") for _ in range(2))
    assert first.is_error
    assert not first.is_repeat
    assert second.is_repeat
    react(desk, "ana", "eyes", is_added=False, key="event 2")
    assert react(desk, "ana", "eyes", is_added=False, key="event 2").is_repeat
    assert react(desk, "bo", "eyes", key="event 1").is_repeat  # though it could be done now
    assert desk.case(1).status is Status.OPEN
