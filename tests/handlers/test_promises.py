"""Attacks on the promises: what must not be lost, doubled, sent unapproved, or shown as something it is not."""

import dataclasses
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from handlers.cards import Button, Screen
from handlers.dispatch import dispatch
from handlers.ports import Broken, Tombstone
from handlers.requests import Request
from handlers.rules.policy import Route
from storage.types import DeliveryState, DraftState, Priority, Status
from tests.kit import TROUBLES, Desk, raw

QUESTION = "@heron how do I get into the lounge in Lyon on Sundays?"
ARTICLE = "https://news.example/2026/11/heron-strands-400-people"
WORSE = f"The Heron engine exploded and a passenger was injured, my lawyer will call {ARTICLE}"
HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069\ufeff]")
HOSTILE = "e\u202evil\u2066 \u200b\x1b[31mname"


# 1 Nothing is lost


def test_every_broken_item_is_kept_with_its_reason_though_places_repeat(desk: Desk) -> None:
    assert desk.take(Broken("desk: item 1", "no words", "{'a': 1}"), source="desk").quarantined == 1
    assert desk.take(Broken("desk: item 1", "no words", "{'b': 2}"), source="desk").quarantined == 1
    assert desk.take(Broken("desk: item 1", "no words", "{'b': 2}"), source="desk").quarantined == 0
    assert len(desk.store.sources.quarantined()) == 2


# 2 Every alert once


def _digest_route(desk: Desk, **fields: Priority) -> None:
    desk.change_policy(routes=(Route("local:#alerts", digest=timedelta(hours=1), **fields),))


def _in_digests(desk: Desk) -> list[list[int]]:
    numbers = desk.store.engine.rows("select id from digests order by id")
    return [cases for row in numbers if (cases := desk.store.digests.cases(row["id"]))]


def test_a_case_that_got_its_card_is_not_told_again_in_the_digest(desk: Desk) -> None:
    _digest_route(desk)
    desk.take(raw("1", QUESTION))
    desk.take(raw("2", "@heron can you take a folded bicycle on a night flight?"))
    desk.do("ana", "claim 1")
    assert desk.keys("card:") == ["card:1:local:#alerts"]
    assert _in_digests(desk) == [[2]]


def test_a_worse_copy_gives_a_card_instead_of_a_place_in_the_digest(desk: Desk) -> None:
    _digest_route(desk)
    desk.take(raw("1", QUESTION))
    desk.take(raw("2", QUESTION, followers=5_000_000))
    assert desk.keys("card:") == ["card:1:local:#alerts"]
    assert _in_digests(desk) == []


def test_a_case_stands_in_one_digest_of_a_channel_only(desk: Desk) -> None:
    _digest_route(desk, min_priority=Priority.LOW)
    desk.change_policy(thresholds=replace(desk.policy.thresholds, case_from=Priority.LOW))
    desk.take(raw("1", "The new planes of Heron have blue wings and three doors"))
    desk.later(hours=2)
    desk.tick()
    assert desk.case(1).priority is Priority.LOW
    desk.take(raw("2", "The new planes of Heron have blue wings and three doors", stars=2.0))
    assert desk.case(1).priority is Priority.NORMAL
    assert _in_digests(desk) == [[1]]


def test_a_case_with_a_card_of_its_own_is_not_put_into_a_digest_when_it_gets_worse(desk: Desk) -> None:
    _digest_route(desk, min_priority=Priority.LOW)
    desk.change_policy(thresholds=replace(desk.policy.thresholds, case_from=Priority.LOW))
    desk.take(raw("1", "The new planes of Heron have blue wings and three doors"))
    desk.do("ana", "claim 1")
    desk.take(raw("2", "The new planes of Heron have blue wings and three doors", stars=2.0))
    assert desk.case(1).priority is Priority.NORMAL
    assert _in_digests(desk) == []


def test_both_brands_of_a_mention_hear_of_it(desk: Desk) -> None:
    desk.change_policy(
        routes=(Route("local:#heron", brands=("Heron Air",)), Route("local:#plover", brands=("Plover Inn",)))
    )
    desk.take(raw("1", f"{TROUBLES[0]}, and the Plover is no better"))
    assert sorted(desk.keys("card:")) == ["card:1:local:#heron", "card:1:local:#plover"]


def test_what_is_told_while_a_card_could_not_be_posted_is_told_with_it(desk: Desk) -> None:
    desk.open_case()
    (card,) = desk.store.deliveries.posts("case:1")
    desk.store.deliveries.dead(card, "no such channel")
    desk.do("ana", "draft 1 We are sorry.")
    desk.do("mia", "assign 1 @bo")
    wanted = {"draft:1:local:#alerts", "notice:1:4:local:#alerts"}
    assert wanted <= set(desk.keys())


# 3 Only what was approved


def test_a_form_with_a_mistake_in_it_changes_nothing(desk: Desk) -> None:
    desk.open_case(url="")
    desk.do("ana", "draft 1 We are sorry.")
    desk.do("bo", "approve 1")
    before = desk.everything()
    told = {"case": "1", "url": "no link"}
    reply = dispatch(desk.ctx, Request(desk.policy.member("ana"), "sent", values=told, is_form=True))
    assert reply.is_error
    assert desk.everything() == before


@pytest.mark.parametrize("is_approved", [False, True])
def test_an_approval_does_not_outlive_the_words_that_it_answers(desk: Desk, is_approved: bool) -> None:
    desk.open_case()
    desk.do("ana", "draft 1 Glad that you liked it!")
    if is_approved:
        desk.do("bo", "approve 1")
    desk.take(raw("1", f"{TROUBLES[0]}. Edit: my daughter was hurt"))
    line = "sent 1 https://birds.example/reply" if is_approved else "approve 1"
    reply = desk.do("bo", line)
    assert reply.is_error
    assert "changed" in reply.words
    assert desk.draft_of(1).state is not DraftState.SENT
    desk.do("ana", "draft 1 We are so sorry.")
    assert not desk.do("bo", "approve 1").is_error
    assert not desk.do("ana", "sent 1 https://birds.example/reply").is_error


def test_nothing_is_sent_to_what_its_author_deleted(desk: Desk) -> None:
    desk.open_case()
    desk.do("ana", "draft 1 We are sorry.")
    desk.do("bo", "approve 1")
    desk.take(Tombstone("1", "deleted"))
    assert "deleted" in desk.say("ana", "send 1")


def test_marking_as_sent_is_about_the_text_that_was_seen(desk: Desk) -> None:
    """Ana copies text A; meanwhile B is written and approved; her button must not record B as what she published."""
    desk.open_case()
    desk.do("ana", "draft 1 Text A.")
    desk.do("bo", "approve 1")
    screen = desk.do("ana", "send 1").screen
    assert screen is not None
    (button,) = screen.rows[0].buttons
    form = desk.press("ana", button).form
    assert form is not None
    wrong = desk.submit("ana", form, url="not a link")
    assert wrong.form is not None
    desk.do("kim", "draft 1 Text B.")
    desk.do("bo", "approve 1")
    for reply in (
        desk.submit("ana", form, url="https://birds.example/reply"),
        desk.submit("ana", wrong.form, url="https://birds.example/reply"),
        desk.press("ana", button),
    ):
        assert reply.is_error
        assert "changed" in reply.words
    assert desk.draft_of(1).state is DraftState.APPROVED
    sending = next(one for one in desk.draft_card(1).buttons if one.verb == "send")
    assert not desk.press("ana", sending).is_error
    desk.do("kim", "draft 1 Text C.")
    desk.do("bo", "approve 1")
    assert desk.press("ana", sending).is_error


@pytest.mark.parametrize("before", ["", "draft 1 Text A."])
def test_of_two_who_write_at_once_nobody_replaces_what_she_has_not_seen(desk: Desk, before: str) -> None:
    desk.open_case()
    if before:
        desk.do("ana", before)
    form = desk.do("ana", "draft 1").form
    assert form is not None
    desk.do("kim", "draft 1 Text of Kim.")
    refused = desk.submit("ana", form, text="Text of Ana.")
    assert refused.is_error
    assert "Kim changed this draft while you wrote" in refused.words
    assert desk.draft_of(1).text == "Text of Kim."
    assert refused.form is not None
    assert refused.form.fields[0].value == "Text of Ana."
    assert not desk.submit("ana", refused.form).is_error
    assert desk.draft_of(1).text == "Text of Ana."


@pytest.mark.parametrize("line", ["approve 1 abc", "send 1 abc"])
def test_what_buttons_carry_cannot_be_typed(desk: Desk, line: str) -> None:
    desk.open_case()
    desk.do("ana", "draft 1 Text A.")
    assert "I do not know what to do with" in desk.say("mia", line)
    assert "[" not in desk.say("mia", line)


# 6 Severity never averages


def test_a_worse_copy_wakes_a_snoozed_case(desk: Desk) -> None:
    desk.take(raw("1", QUESTION))
    desk.do("ana", "snooze 1 3d")
    desk.take(raw("2", QUESTION))
    assert desk.case(1).snoozed_until is not None
    desk.take(raw("3", QUESTION, followers=5_000_000))
    assert desk.case(1).snoozed_until is None
    assert "1 case" in str(desk.do("ana", "queue").screen)


@pytest.mark.parametrize("end", ["resolve 1 fixed", "irrelevant 1"])
def test_a_worse_post_about_the_article_of_a_closed_case_is_heard(desk: Desk, end: str) -> None:
    desk.take(raw("a", "An awful night, a disgrace.", title="Heron strands 400 people", url=ARTICLE), source="reviews")
    desk.do("ana", end)
    assert desk.take(raw("1", f"so that is Heron, terrible {ARTICLE}")).joined == 1
    desk.take(raw("2", WORSE))
    assert [case.status for case in desk.cases()] == [Status.RESOLVED, Status.OPEN]
    assert desk.case(2).priority is Priority.URGENT
    assert "card:2:local:#urgent" in desk.keys("card:2")


# 9 Hostile text


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for one in dataclasses.fields(value):
            yield from _strings(getattr(value, one.name))
    elif isinstance(value, tuple | list):
        for item in value:
            yield from _strings(item)


def test_no_sentence_of_ours_hides_what_a_customer_put_into_it(desk: Desk) -> None:
    desk.take(raw("1", f"{TROUBLES[0]} {HOSTILE}", author=HOSTILE, author_name=HOSTILE, title=HOSTILE))
    desk.take(Broken(f"file {HOSTILE}:7", f"no column {HOSTILE}", HOSTILE), source="reviews")
    lines = (
        f"note 1 {HOSTILE}", f"escalate 1 {HOSTILE}", f"draft 1 {HOSTILE}", f"reject 1 {HOSTILE}", "show 1", "status",
        "queue", f"search {HOSTILE}", f"who {HOSTILE}", "mute list", f"bogus{HOSTILE}", f"query test {HOSTILE}",
        f"snooze 1 {HOSTILE}", f"assign 1 @{HOSTILE}", f"queue {HOSTILE}", f"resolve 1 {HOSTILE}",
    )  # fmt: skip
    replies = [desk.do("mia", line) for line in lines]
    preview = desk.do("mia", "mute add author:#1 7d")
    assert isinstance(preview.screen, Screen)
    replies += [preview, desk.press("mia", preview.screen.buttons[0]), desk.do("mia", "mute list")]
    desk.take(raw("2", TROUBLES[1], author=HOSTILE))
    replies += [desk.do("mia", "search Heron"), desk.do("mia", "who evil")]
    drawn = [desk.card(1), desk.draft_card(1), *(desk.drawn("notice:1:2", body) for body in desk.notices())]
    for shown in (*replies, *drawn):
        assert not [one for one in _strings(_without_buttons(shown)) if HIDDEN.search(one)], shown


def _without_buttons(value: object) -> object:
    """What a button carries is not shown."""
    if isinstance(value, Button):
        return replace(value, values=())
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        changed = {
            one.name: tuple(map(_without_buttons, inner))
            for one in dataclasses.fields(value)
            if isinstance(inner := getattr(value, one.name), tuple)
        }
        inner = {name: _without_buttons(getattr(value, name)) for name in ("screen",) if hasattr(value, name)}
        return replace(value, **changed, **inner)
    return value


def test_deleted_words_go_from_the_digest_too(desk: Desk) -> None:
    _digest_route(desk)
    desk.take(raw("1", QUESTION))
    desk.later(hours=1)
    desk.tick()
    digest = desk.store.deliveries.post_in("digest:1", "local", "#alerts")
    assert digest is not None
    desk.store.deliveries.sent(digest, "ref")
    assert digest.state is DeliveryState.PENDING
    desk.take(Tombstone("1", "deleted"))
    assert desk.keys("redraw:digest:") == ["redraw:digest:1:local:#alerts"]
