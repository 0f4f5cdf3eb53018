from datetime import timedelta

import pytest

from bot.sources import timeline
from bot.sources.timeline import OVERLAP, Dated, Timeline, beside, read_timeline
from handlers.ports import Broken
from storage.types import RawMention
from tests.bot.sources.feedserver import NOW

NOON = int(NOW.timestamp())


def dated(id_: str, at: int, mark: str = "m") -> Dated:
    return Dated(id_, at, mark, RawMention(id_, "x"))


def test_what_was_given_of_the_overlap_is_not_given_again_unless_it_changed() -> None:
    place = Timeline(NOON).after([dated("a", NOON + 5), dated("b", NOON + 9)], NOW + timedelta(hours=1), is_all=True)
    assert (place.since, place.start, place.is_caught_up) == (NOON + 9, NOON + 9 - OVERLAP, True)
    found = [dated("b", NOON + 20, "edited"), dated("a", NOON + 5), dated("c", NOON + 7)]
    assert [one.id for one in place.fresh(found)] == ["c", "b"]
    assert read_timeline(place.written(), NOW) == place


def test_what_is_older_than_the_overlap_is_forgotten() -> None:
    place = Timeline(NOON).after([dated("a", NOON + 5)], NOW + timedelta(hours=1), is_all=True)
    later = place.after([dated("b", NOON + 10 + OVERLAP)], NOW + timedelta(hours=1), is_all=True)
    assert list(later.known) == ["b"]


def test_a_crowd_in_the_overlap_ends_and_does_not_go_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline, "MAX_KNOWN", 20)
    found = [dated(str(number), NOON + number) for number in range(100)]
    place, given = Timeline(NOON), []
    for _ in range(40):
        fresh = place.fresh(found)[:7]
        given += [one.id for one in fresh]
        place = place.after(fresh, NOW + timedelta(hours=1), is_all=False)
    assert given == [str(number) for number in range(100)]


def test_what_has_no_time_stands_beside_its_neighbour() -> None:
    broken = Dated("x", 0, "broken", Broken("x", "no", ""))
    assert [one.at for one in beside([broken, dated("a", 50), broken], 40)] == [40, 50, 50]


@pytest.mark.parametrize("cursor", [None, "", "null", "[]", "{", '{"since": "x"}', '{"since": 1, "known": {"a": 1}}'])
def test_a_damaged_cursor_counts_as_none(cursor: str | None) -> None:
    assert read_timeline(cursor, NOW) == Timeline(NOON)
