"""What is remembered of a source with many native queries, in the words that people read; and of what it costs."""

from datetime import timedelta

import pytest

from storage.sources import STREAM, VERIFY
from storage.store import Store
from tests.kit import NOW


@pytest.fixture
def many(store: Store) -> int:
    """A source with forty native queries."""
    source_id = store.sources.id_of("blogs", "feed", NOW)
    store.sources.plan(source_id, tuple(f"q{number:02}" for number in range(40)))
    return source_id


def told(store: Store) -> tuple[str, str]:
    found = store.sources.state("blogs")
    assert found is not None
    return found.status, found.error


def read(store: Store, source_id: int, query: str) -> None:
    store.sources.read_up_to(source_id, f"after {query}", 0, 0, NOW, query)


def test_it_is_new_until_the_first_is_read_and_well_from_then_on(store: Store, many: int) -> None:
    assert told(store) == ("new", "")
    read(store, many, "q03")
    assert told(store) == ("ok", "")


def test_a_few_of_many_are_told_and_a_tenth_is_trouble(store: Store, many: int) -> None:
    read(store, many, "q39")
    for number in range(3):
        store.sources.failed(many, f"https://blog{number}.example answers HTTP 500.", "failing", f"q{number:02}")
    assert told(store) == ("ok", "37 of 40 read well; https://blog0.example answers HTTP 500.")
    store.sources.failed(many, "https://blog3.example answers HTTP 500.", "failing", "q03")
    assert told(store)[0] == "failing"
    read(store, many, "q00")
    assert told(store) == ("ok", "37 of 40 read well; https://blog1.example answers HTTP 500.")


def test_the_worst_is_told_first(store: Store, many: int) -> None:
    store.sources.failed(many, "It asks for time.", "quota", "q01")
    store.sources.failed(many, "It is gone for good.", "off", "q30")
    assert told(store)[1] == "38 of 40 read well; It is gone for good."


def test_an_empty_budget_is_a_quota_until_the_time_it_ends(store: Store) -> None:
    source_id = store.sources.id_of("blogs", "x", NOW)
    store.sources.plan(source_id, ("mentions", "search", STREAM, VERIFY))
    midnight = NOW.replace(hour=0) + timedelta(days=1)
    for query in ("mentions", "search"):
        store.sources.poll_next(source_id, midnight, query)
        store.sources.failed(source_id, "The $5 that blogs may cost a day are spent.", "quota", query)
    assert told(store) == ("quota", "The $5 that blogs may cost a day are spent.")
    found = store.sources.state("blogs")
    assert found is not None
    assert found.next_poll_at == midnight


def test_a_stream_in_trouble_is_told_while_the_polls_are_well(store: Store) -> None:
    source_id = store.sources.id_of("blogs", "mastodon", NOW)
    store.sources.plan(source_id, ("", STREAM, VERIFY))
    store.sources.failed(source_id, "blogs.example closed it.", "failing", STREAM)
    assert told(store) == ("new", "Its stream cannot be followed: blogs.example closed it.")
    read(store, source_id, "")
    assert told(store)[0] == "ok"
    store.sources.failed(source_id, "blogs.example is down.", "failing", "")
    assert told(store) == (
        "failing", "blogs.example is down. Its stream cannot be followed: blogs.example closed it."
    )  # fmt: skip
    read(store, source_id, STREAM)
    read(store, source_id, "")
    assert told(store) == ("ok", "")


def test_a_plan_that_changes_keeps_cursors_and_ends_the_trouble_of_what_is_not_asked(store: Store, many: int) -> None:
    read(store, many, "q00")
    store.sources.failed(many, "It is down.", "off", "q01")
    store.sources.plan(many, ("q00", "new"))
    assert told(store) == ("ok", "")
    assert set(store.sources.cursors(many)) == {"q00", "new"}
    store.sources.plan(many, ("q00", "q01"))
    assert store.sources.cursor("blogs", "q00") == "after q00"
    assert "It is down." in told(store)[1]


def test_a_page_without_a_cursor_keeps_the_last_and_an_answer_about_stored_ones_is_no_hearing(
    store: Store, many: int
) -> None:
    read(store, many, "q00")
    store.sources.read_up_to(many, None, 0, 0, NOW + timedelta(hours=1), "q00")
    assert store.sources.cursor("blogs", "q00") == "after q00"
    store.sources.read_up_to(many, None, 0, 0, NOW + timedelta(hours=2), VERIFY)
    found = store.sources.state("blogs")
    assert found is not None
    assert found.last_ok_at == NOW + timedelta(hours=1)


def test_what_it_cost_is_kept_for_each_day_of_utc(store: Store) -> None:
    source_id = store.sources.id_of("blogs", "x", NOW)
    other = store.sources.id_of("free", "feed", NOW)
    late = NOW.replace(hour=23, minute=59)
    store.costs.spend(source_id, 500_000, late, 3)
    store.costs.spend(source_id, 20_000, late + timedelta(minutes=2), 1)
    store.costs.spend(other, 0, NOW, 50)
    assert store.costs.spent(source_id, NOW) == 500_000
    assert store.costs.by_source(NOW, NOW) == {"blogs": (500_000, 3)}
    assert store.costs.by_source(NOW, NOW + timedelta(days=1)) == {"blogs": (520_000, 4)}
    store.costs.spend(source_id, -600_000, late)
    assert store.costs.spent(source_id, NOW) == 0
