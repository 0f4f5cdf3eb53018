"""What the goals of killing rest on: places that are truly there, and a look from outside that is not blind.

The killing itself is `make prove`: tests/prove/goals/kill_*.py.
"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from storage.store import Store, open_storage
from tests.kit import NOW, POLICY, Desk, raw
from tests.prove.crash_points import POINTS, found
from tests.prove.ledger import Ledger, Post
from tests.prove.staff import Notes


@pytest.fixture
def home(tmp_path: Path) -> Iterator[tuple[Ledger, Store]]:
    """A file with one story of three, and its card asked for."""
    ledger = Ledger(tmp_path)
    store = open_storage(ledger.path)
    desk = Desk(store, POLICY, NOW)
    desk.take(*(raw(f"s0-{copy}", f"Heron lost my suitcase in Oslo, I am furious{'!' * copy}") for copy in range(3)))
    yield ledger, store
    store.close()


@pytest.mark.parametrize("point", POINTS, ids=lambda point: point.name)
def test_each_crash_point_names_functions_that_are_there(point: object) -> None:
    for place in (*point.spot, *point.since):  # type: ignore[attr-defined]
        assert callable(found(place)[2])


def test_each_crash_point_has_a_name_and_a_stake_of_its_own() -> None:
    assert len({point.name for point in POINTS}) == len({point.stake for point in POINTS}) == len(POINTS)


def test_a_card_that_stands_once_is_no_trouble(home: tuple[Ledger, Store]) -> None:
    ledger, store = home
    key = _send(store)
    assert not +ledger.posts("local", {key: [Post("1", "")]})
    assert not +ledger.troubles(["s0-0", "s0-1", "s0-2"])


def test_a_card_that_stands_nowhere_is_seen(home: tuple[Ledger, Store]) -> None:
    ledger, store = home
    _send(store)
    assert +ledger.posts("local", {}) == {"alerts lost": 1}


def test_a_card_that_stands_twice_is_seen(home: tuple[Ledger, Store]) -> None:
    ledger, store = home
    key = _send(store)
    assert +ledger.posts("local", {key: [Post("1", ""), Post("2", "")]}) == {"messages doubled": 1}


def test_a_mention_that_was_lost_is_seen(home: tuple[Ledger, Store]) -> None:
    ledger, _ = home
    assert +ledger.troubles(["s0-0", "s0-1", "s0-2", "s0-3"]) == {"mentions lost": 1}


def test_a_hole_in_a_diary_is_seen(home: tuple[Ledger, Store]) -> None:
    ledger, store = home
    store.engine.run("update cases set version = version + 1")
    assert +ledger.troubles(["s0-0", "s0-1", "s0-2"]) == {"holes in a diary": 1}


def test_an_act_that_was_answered_and_is_not_there_is_seen(home: tuple[Ledger, Store]) -> None:
    ledger, _ = home
    notes = Notes()
    notes.answered.append(notes.next())
    assert +notes.troubles(ledger) == {"acts answered and lost": 1}


def test_a_cursor_that_is_ahead_of_what_is_stored_is_seen(home: tuple[Ledger, Store]) -> None:
    ledger, store = home
    store.engine.run("update cursors set cursor = ?", ('{"0.jsonl": {"rows": 3}}',))
    assert ledger.is_read_too_far() == 0
    store.engine.run("update cursors set cursor = ?", ('{"0.jsonl": {"rows": 4}}',))
    assert ledger.is_read_too_far() == 1


def _send(store: Store) -> str:
    """As if the outbox had done its work; the key of the card."""
    with store.transaction():
        for delivery in store.deliveries.due(NOW + timedelta(days=1), 100):
            store.deliveries.sent(delivery, "1")
    return str(store.engine.value("select key from deliveries where action = 'post' and channel = '#alerts'"))
