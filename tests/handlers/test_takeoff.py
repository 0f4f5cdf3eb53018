"""A post that spreads as its author's and its source's posts do not is seen, whoever wrote it."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from storage.speeds import bucket_of
from storage.store import open_storage
from storage.types import Priority
from tests.kit import NOW, Desk, raw

QUIET = "Heron has new planes with blue wings"


@pytest.fixture
def desk(db_path: Path) -> Iterator[Desk]:
    store = open_storage(db_path)
    store.engine.run("pragma synchronous = off")
    yield Desk(store)
    store.close()


def reasons(desk: Desk) -> str:
    return "; ".join(desk.mentions()[-1].reasons)


def grows(desk: Desk, author: str, gained: int, hours: float = 1, **fields: object) -> int:
    """A post is given again after a while, with so many likes more; how many cases that opened."""
    number = f"{author}{len(desk.mentions())}"
    told = {"author": author, "likes": 1, "published_at": desk.now} | fields
    desk.take(raw(number, f"{QUIET} {number}", **told))
    desk.later(hours=hours)
    return desk.take(raw(number, f"{QUIET} {number}", **(told | {"likes": 1 + gained}))).cases


def with_history(desk: Desk, author: str, gained: int, posts: int = 8) -> None:
    """Posts of an author that each gained so much in an hour; none of them was worth a case."""
    for number in range(posts):
        at = desk.now - timedelta(days=posts - number)
        told = raw(f"{author}-{number}", f"Heron {author} {number}", author=author, likes=gained, published_at=at)
        now, desk.now = desk.now, at + timedelta(hours=1)
        desk.take(told, with_cases=False)
        desk.now = now


def test_the_400_follower_account_is_caught(desk: Desk) -> None:
    """He had 400 followers, nobody knew him, and his post went around the world."""
    with_history(desk, "hvsvn", 3)
    assert grows(desk, "hvsvn", 340, followers=400) == 1
    assert "gaining 340 an hour; this author's posts usually gain 3" in reasons(desk)
    assert desk.cases()[0].priority >= Priority.NORMAL


def test_the_400_follower_account_is_caught_when_nothing_is_known_of_it(desk: Desk) -> None:
    assert grows(desk, "hvsvn", 45, followers=400) == 1
    assert "gaining 45 an hour" in reasons(desk)


def test_a_star_is_no_alarm_whatever_she_writes(desk: Desk) -> None:
    with_history(desk, "star", 10_000)
    assert grows(desk, "star", 12_000, followers=4_000_000) == 0
    assert "gaining" not in reasons(desk)
    assert grows(desk, "star", 45_000, followers=4_000_000) == 1


def test_a_post_that_gains_little_is_seen_where_posts_gain_less(desk: Desk) -> None:
    source_id = desk.store.sources.id_of("birds", "feed", desk.now)
    desk.store.speeds.add(source_id, {bucket_of(1.0): 199}, desk.now)
    with_history(desk, "jo", 0, posts=2)
    assert grows(desk, "jo", 12) == 0, "199 gains are too few to say what is rare"
    assert grows(desk, "kit", 12) == 1
    assert "gaining 12 an hour, as few posts here do" in reasons(desk)


def test_gains_are_counted_once_for_each_time_that_numbers_grew(desk: Desk) -> None:
    for gained in (0, 3, 3, 50):
        grows(desk, f"somebody{gained}", gained)
    rows = desk.store.engine.rows("select bucket, sum(n) as n from speeds group by bucket")
    assert {row["bucket"]: row["n"] for row in rows} == {bucket_of(3): 2, bucket_of(50): 1}


def test_speeds_are_kept_for_three_months(desk: Desk) -> None:
    speeds = desk.store.speeds
    source_id = desk.store.sources.id_of("birds", "feed", NOW)
    for back in range(12):
        speeds.add(source_id, {bucket_of(10.0 ** (back + 1)): 100}, NOW - timedelta(days=30.4 * back))
    assert speeds.quantile(source_id, 1.0, 300, NOW) == pytest.approx(1_000, rel=0.25)
    assert speeds.quantile(source_id, 0.3, 300, NOW) == pytest.approx(10, rel=0.25)
    assert speeds.quantile(source_id, 0.99, 301, NOW) is None
    other = desk.store.sources.id_of("reviews", "file", NOW)
    assert speeds.quantile(other, 0.99, 0, NOW) is None


def test_buckets_are_a_quarter_wide() -> None:
    speeds = [1.25**place for place in range(60)]
    assert Counter(map(bucket_of, speeds)) == Counter(range(60))
    assert bucket_of(0.0) == bucket_of(1.0) == 0


def test_what_an_author_usually_gains_is_told_by_the_first_half_day_of_her_posts(desk: Desk) -> None:
    ages = ((1 / 6, 60), (2, 60), (12, 60), (240, 60))
    for place, (hours, likes) in enumerate(ages):
        posted = desk.now
        desk.later(hours=hours)
        desk.take(raw(str(place), f"Heron {place}", author="Ann", likes=likes, published_at=posted))
    desk.take(raw("none", "Heron, untold", author="ann"))
    desk.take(raw("after", "Heron, after", author="ann", likes=1))
    assert desk.store.speeds.of_author("ann", 6, 20) == pytest.approx([5, 5, 30, 60])
    assert desk.store.speeds.of_author("ann", 6, 2) == pytest.approx([5])
    assert desk.store.speeds.of_author("", 6, 20) == []


def test_her_posts_are_found_by_the_index_of_authors(desk: Desk) -> None:
    rows = desk.store.engine.rows(
        "explain query plan select likes from mentions where author = ? and id < ? order by id desc limit ?",
        ("ann", 9, 20),
    )
    assert [row["detail"] for row in rows] == ["SEARCH mentions USING INDEX mentions_author (author=? AND id<?)"]
