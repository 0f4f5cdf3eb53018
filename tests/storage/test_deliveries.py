"""The outbox: what is asked for once, what is merged, in which order it leaves, and what becomes of what fails."""

from datetime import timedelta

import pytest

from storage.deliveries import NewPost
from storage.store import Store
from storage.types import Delivery, DeliveryState, Lane
from tests.kit import NOW

SOON = timedelta(seconds=2)
LATER = NOW + timedelta(hours=1)


def ask(store: Store, name: str, lane: Lane = Lane.NORMAL, channel: str = "#alerts", subject: str = "") -> None:
    store.deliveries.post(name, subject=subject or name, chat="local", channel=channel, lane=lane, now=NOW)


def row(store: Store, key: str) -> Delivery:
    """A row that waits, by its key."""
    (found,) = [one for one in store.deliveries.due(LATER, 99) if one.key == key]
    return found


def send(store: Store, key: str) -> None:
    (one,) = [one for one in store.deliveries.due(LATER, 99) if one.key == key]
    if one.action == "post":
        assert store.deliveries.sending(one, NOW)
    store.deliveries.sent(one, f"ref of {key}")


def test_a_message_is_asked_for_once(store: Store) -> None:
    ask(store, "card:1")
    assert not store.deliveries.post("card:1", subject="x", chat="local", channel="#x", lane=Lane.URGENT, now=LATER)
    store.deliveries.post_many([NewPost("card:1", "x", "local", "#x", Lane.URGENT)] * 2, LATER)
    (one,) = store.deliveries.due(LATER, 99)
    assert (one.subject, one.channel, one.created_at) == ("card:1", "#alerts", NOW)


def test_lanes_decide_the_order_and_busy_channels_are_passed_over(store: Store) -> None:
    for name, lane in (
        ("digest", Lane.DIGEST),
        ("first", Lane.NORMAL),
        ("second", Lane.NORMAL),
        ("urgent", Lane.URGENT),
    ):
        ask(store, name, lane)
    ask(store, "elsewhere", Lane.DIGEST, "#quiet")
    ask(store, "state", Lane.STATE)
    keys = [one.key for one in store.deliveries.due(NOW, 99)]
    assert keys == ["state", "urgent", "first", "second", "digest", "elsewhere"]
    assert [one.key for one in store.deliveries.due(NOW, 99, busy=[("local", "#alerts", "post")])] == ["elsewhere"]
    assert [one.key for one in store.deliveries.due(NOW, 2)] == ["state", "urgent"]
    assert store.deliveries.due(NOW - SOON, 99) == []


def test_posts_of_a_lane_are_left_out_of_a_channel_that_is_full_for_it(store: Store) -> None:
    for name, lane in (("card", Lane.NORMAL), ("digest", Lane.DIGEST)):
        ask(store, name, lane)
        ask(store, f"{name} elsewhere", lane, "#quiet")
    full = [("local", "#alerts", Lane.NORMAL)]
    assert [one.key for one in store.deliveries.due(NOW, 99, full=full)] == [
        "card elsewhere",
        "digest",
        "digest elsewhere",
    ]


@pytest.mark.parametrize("end", ["sent", "dropped", "dead", "missing"])
def test_what_belongs_to_a_card_is_due_when_that_is_settled(store: Store, end: str) -> None:
    if end != "missing":
        ask(store, "card:1", subject="case:1")
    ask(store, "card:1 elsewhere", channel="#quiet", subject="case:1")
    for number in range(9):
        store.deliveries.post(
            f"note:{number}", subject=f"note:{number}", parent="case:1", chat="local", channel="#alerts",
            lane=Lane.STATE, now=NOW,
        )  # fmt: skip
    if end != "missing":
        (card,) = store.deliveries.due(NOW, 1)
        assert (card.key, store.deliveries.waiting(LATER)) == ("card:1", (11, NOW))
        assert store.deliveries.sending(card, NOW)
        assert [one.key for one in store.deliveries.due(NOW, 99)] == ["card:1 elsewhere"]
        getattr(store.deliveries, end)(card, "ref, or why")
    assert [one.key for one in store.deliveries.due(NOW, 9)] == [f"note:{number}" for number in range(9)]


@pytest.mark.parametrize("is_on_its_way", [False, True])
def test_a_card_that_waits_leaves_in_the_lane_it_is_hastened_to(store: Store, *, is_on_its_way: bool) -> None:
    ask(store, "card:1", subject="case:1")
    card = row(store, "card:1")
    if is_on_its_way:
        store.deliveries.sending(card, NOW)
    for lane in (Lane.URGENT, Lane.NORMAL):
        store.deliveries.hasten("case:1", NOW, lane)
    if is_on_its_way:
        store.deliveries.later(card, NOW, "it is busy")
    store.deliveries.hasten("case:1", NOW)
    assert row(store, "card:1").lane is Lane.URGENT


def test_redraws_of_a_message_are_merged_into_one_row_that_is_due_at_the_earliest_time(store: Store) -> None:
    ask(store, "card:1", subject="case:1")
    send(store, "card:1")
    for wait in (SOON, SOON * 9, timedelta(), SOON):
        store.deliveries.redraw("case:1", NOW, NOW + wait)
    (one,) = store.deliveries.due(NOW, 99)
    assert (one.action, one.revision, one.not_before) == ("update", 4, NOW)


def test_a_redraw_asked_for_while_one_is_on_its_way_is_not_forgotten(store: Store) -> None:
    ask(store, "card:1", subject="case:1")
    send(store, "card:1")
    store.deliveries.redraw("case:1", NOW, NOW)
    (drawn_before,) = store.deliveries.due(NOW, 99)
    store.deliveries.redraw("case:1", NOW, NOW)
    store.deliveries.sent(drawn_before, "ref")
    (again,) = store.deliveries.due(NOW, 99)
    assert again.revision == drawn_before.revision + 1
    store.deliveries.sent(again, "ref")
    assert store.deliveries.due(LATER, 99) == []


def test_only_one_may_take_a_row(store: Store) -> None:
    ask(store, "card:1")
    (one,) = store.deliveries.due(NOW, 99)
    assert store.deliveries.sending(one, NOW)
    assert not store.deliveries.sending(one, NOW)
    assert store.deliveries.due(LATER, 99) == []
    assert store.deliveries.ambiguous(NOW - SOON) == []
    assert [found.key for found in store.deliveries.ambiguous(NOW)] == ["card:1"]


@pytest.mark.parametrize("action", ["post", "update"])
def test_attempts_are_counted_and_a_wish_to_wait_is_none(store: Store, action: str) -> None:
    ask(store, "card:1", subject="case:1")
    key = "card:1"
    if action == "update":
        send(store, "card:1")
        store.deliveries.redraw("case:1", NOW, NOW)
        key = "redraw:case:1:local:#alerts"
    for attempts, counts in ((1, True), (1, False), (2, True), (3, True)):
        (one,) = store.deliveries.due(LATER, 99)
        if action == "post":
            store.deliveries.sending(one, NOW)
        store.deliveries.later(one, NOW + SOON, "it is down", counts=counts)
        found = row(store, key)
        assert (found.attempts, found.state, found.error) == (attempts, DeliveryState.PENDING, "it is down")
    assert row(store, key).not_before == NOW + SOON


def test_the_dead_are_listed_until_somebody_tries_them_again(store: Store) -> None:
    ask(store, "card:1", subject="case:1")
    store.deliveries.dead(row(store, "card:1"), "no such channel" * 99)
    assert store.deliveries.due(LATER, 99) == []
    assert [len(one.error) for one in store.deliveries.all_dead()] == [300]
    assert [one.key for one in store.deliveries.posts("case:1")] == ["card:1"]
    assert store.deliveries.revive(LATER) == 1
    (one,) = store.deliveries.due(LATER, 99)
    assert (one.attempts, one.error, one.not_before) == (0, "", LATER)


def test_what_is_dropped_is_neither_due_nor_dead(store: Store) -> None:
    ask(store, "card:1")
    store.deliveries.dropped(row(store, "card:1"), "the message was deleted")
    assert (store.deliveries.due(LATER, 99), store.deliveries.all_dead()) == ([], [])


@pytest.mark.parametrize("end", ["dropped", "dead"])
def test_a_redraw_asked_for_while_another_is_given_up_is_not_forgotten(store: Store, end: str) -> None:
    ask(store, "card:1", subject="case:1")
    send(store, "card:1")
    store.deliveries.redraw("case:1", NOW, NOW)
    (planned_before,) = store.deliveries.due(NOW, 99)
    store.deliveries.redraw("case:1", NOW, NOW)
    getattr(store.deliveries, end)(planned_before, "its message is not there yet")
    (again,) = store.deliveries.due(NOW, 99)
    assert (again.revision, again.error) == (planned_before.revision + 1, "")
    getattr(store.deliveries, end)(again, "it is gone")
    assert store.deliveries.due(LATER, 99) == []


def test_a_message_is_found_by_what_and_where_it_is(store: Store) -> None:
    ask(store, "card:1", subject="case:1")
    send(store, "card:1")
    found = store.deliveries.post_in("case:1", "local", "#alerts")
    assert found is not None
    assert found.remote_ref == "ref of card:1"
    assert store.deliveries.post_in("case:1", "local", "#other") is None
    assert store.deliveries.post_in("case:2", "local", "#alerts") is None


def test_waiting_tells_since_when(store: Store) -> None:
    assert store.deliveries.waiting(NOW) == (0, None)
    ask(store, "card:1")
    ask(store, "card:2")
    store.deliveries.later(row(store, "card:2"), LATER, "busy", counts=False)
    assert store.deliveries.waiting(NOW + SOON) == (2, NOW)
