"""Which mentions are alerted and which are kept quiet, and what makes a case more urgent than it was."""

from datetime import timedelta

from handlers.rules.policy import Route
from storage.types import Priority
from tests.kit import NOW, PRAISE, TROUBLES, Desk, raw


def test_a_mute_hides_and_counts_and_ends(desk: Desk) -> None:
    desk.mute("bo", "author:author1 4h")
    taken = desk.take(raw("1"), raw("2", TROUBLES[1]))
    assert (taken.stored, taken.cases) == (2, 1)
    assert desk.mentions()[0].case_id is None
    assert "muted (author author1)" in desk.mentions()[0].reasons
    assert [one.hidden for one in desk.store.mutes.active(desk.now)] == [1]
    desk.later(hours=5)
    assert desk.take(raw("3", TROUBLES[2], author="author1")).cases == 1


def test_a_muted_post_that_takes_off_stays_muted(desk: Desk) -> None:
    desk.mute("bo", "author:author1 4h")
    desk.take(raw("1", PRAISE, likes=0))
    desk.later(hours=1)
    assert desk.take(raw("1", PRAISE, likes=90_000)).cases == 0
    assert [one.hidden for one in desk.store.mutes.active(desk.now)] == [1]


def test_a_copy_of_a_case_is_counted_there_though_its_author_is_muted(desk: Desk) -> None:
    desk.open_case()
    desk.mute("bo", "author:author2 4h")
    assert desk.take(raw("2")).joined == 1


def test_our_own_voice_is_no_mention(desk: Desk) -> None:
    taken = desk.take(
        raw("1", author="HeronAir"), raw("2", TROUBLES[1], author="@heronair"), raw("3", PRAISE, author="heronair2")
    )
    assert (taken.unmatched, taken.stored) == (2, 1)


def test_what_is_old_is_stored_and_not_alerted(desk: Desk) -> None:
    day = timedelta(hours=24)
    taken = desk.take(
        raw("1", published_at=NOW - day - timedelta(seconds=1)), raw("2", TROUBLES[1], published_at=NOW - day)
    )
    assert (taken.stored, taken.cases) == (2, 1)
    assert desk.mentions()[0].case_id is None


def test_an_undated_backlog_is_not_alerted_and_undated_news_is(desk: Desk) -> None:
    assert desk.take(raw("1", published_at=None), is_backlog=True).cases == 0
    assert desk.take(raw("2", TROUBLES[1], published_at=None)).cases == 1
    assert desk.take(raw("3", TROUBLES[2]), is_backlog=True).cases == 1  # dated: its age decides


def test_an_import_may_ask_for_cases_or_for_none(desk: Desk) -> None:
    old = NOW - timedelta(days=900)
    assert desk.take(raw("1", published_at=old), with_cases=True).cases == 1
    assert desk.take(raw("2", TROUBLES[1]), with_cases=False).cases == 0


def test_a_replayed_delivery_stores_nothing(desk: Desk) -> None:
    desk.take(raw("1"), inbox_keys=["signature 1"])
    before = desk.everything()
    taken = desk.take(raw("2", TROUBLES[1]), inbox_keys=["signature 1"])
    assert taken.is_replay
    assert desk.everything() == before
    assert desk.take(raw("2", TROUBLES[1]), inbox_keys=["signature 1"], source="reviews").stored == 1


def test_a_source_of_a_brand_needs_no_query(desk: Desk) -> None:
    desk.take(raw("1", "They never called me back, this is awful, horrible service"), source="desk")
    (case,) = desk.cases()
    assert (case.brand, case.reasons[-1]) == ("Heron Air", "everything from desk is for us")


# Raised


def test_severity_never_averages(desk: Desk) -> None:
    good = [raw(f"g{number}", f"{PRAISE}, flight {number}, seat {number * 7}", stars=5.0) for number in range(100)]
    taken = desk.take(
        *good[:50], raw("bad", "Heron: the armrest exploded and my hand is burned", stars=1.0), *good[50:]
    )
    assert (taken.stored, taken.cases) == (101, 1)
    (case,) = desk.cases()
    assert case.priority is Priority.URGENT
    assert desk.mentions()[case.mention_id - 1].native_id == "bad"
    assert desk.keys("card:") == ["card:1:local:#alerts", "card:1:local:#urgent"]


def test_a_case_raised_by_a_worse_copy_goes_to_the_route_it_now_reaches_once(desk: Desk) -> None:
    case = desk.open_case(text=TROUBLES[3])
    assert (case.priority, desk.keys("card:")) == (Priority.NORMAL, ["card:1:local:#alerts"])
    desk.later(minutes=30)
    for number in range(2, 5):
        desk.take(raw(str(number), TROUBLES[3], followers=500_000, stars=1.0))
    raised = desk.case(case.id)
    assert raised.priority is Priority.URGENT
    assert desk.kinds(case.id) == ["opened", "raised"]
    assert desk.keys("card:") == ["card:1:local:#alerts", "card:1:local:#urgent"]
    assert raised.due_at == case.opened_at + timedelta(hours=1)
    assert any("1 star" in reason for reason in raised.reasons)


def test_a_case_raised_late_is_promised_nothing_in_the_past(desk: Desk) -> None:
    case = desk.open_case(text=TROUBLES[3])
    desk.later(hours=8)
    desk.take(raw("2", TROUBLES[3], followers=500_000, stars=1.0))
    assert desk.case(case.id).due_at == desk.now


def test_each_route_gets_what_it_asks_for(desk: Desk) -> None:
    desk.change_policy(
        routes=(
            Route("local:#plover", brands=("Plover Inn",)),
            Route("local:#reviews", sources=("reviews",)),
            Route("local:#bad", labels=("negative",)),
            Route("local:#bad", min_priority=Priority.HIGH),
        )
    )
    desk.open_case("1", TROUBLES[0])
    assert desk.keys("card:") == ["card:1:local:#bad"]
    desk.open_case("2", TROUBLES[1], source="reviews")
    assert desk.keys("card:2") == ["card:2:local:#reviews", "card:2:local:#bad"]
