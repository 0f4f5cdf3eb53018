"""A file of an earlier Earshot becomes one of today's, and its reports tell what had happened before."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storage import migrations
from storage.sqlite import SqliteEngine
from storage.store import Store, open_storage
from storage.tallies import RESOLUTION, RESPONSE, Act, Mover, Sums
from storage.types import Window, to_text

SEEN = datetime(2026, 5, 4, 9, 20, tzinfo=UTC)
DAY = Window(datetime(2026, 5, 4, tzinfo=UTC), datetime(2026, 5, 5, tzinfo=UTC))
MAY = Window(datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC))
MENTIONS = (
    # native id, brand, also, published so many hours ago, label, shares, case
    ("fresh", "Heron Air", '["Plover Inn"]', 2, "negative", 40, 1),
    ("imported", "Heron Air", None, 24 * 10, "positive", None, None),
    ("of a month ago", "Plover Inn", "", 24 * 30, "not scored", 3, 2),
    ("without a date", "Plover Inn", "", None, "neutral", 9, 3),
)
CASES = (
    (1, "Heron Air", 1, "resolved", "replied"),
    (2, "Plover Inn", 3, "open", None),
    (3, "Plover Inn", 4, "open", None),
)
EVENTS = (
    (1, 1, 0, "earshot", "opened", {"priority": "high"}),
    (1, 2, 10, "ana", "claimed", {}),
    (1, 3, 60, "ana", "answered", {}),
    (1, 4, 240, "ana", "resolved", {"resolution": "replied", "note": "ok"}),
    (2, 1, 5, "earshot", "opened", {"priority": "urgent"}),
    (3, 1, 5, "earshot", "opened", {}),
)


def at(minutes: float) -> str:
    return to_text(SEEN + timedelta(minutes=minutes))


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A file as the release before left it, with a little of everything."""
    engine = SqliteEngine(tmp_path / "earshot.db")
    migrations.MIGRATIONS.apply(engine.db, stop_before="0003_reports_and_clocks")
    with engine.transaction():
        engine.run(
            "insert into sources (id, name, kind, status, error, first_seen_at, stored, quarantined)"
            " values (7, 'birds', 'feed', 'ok', '', ?, 4, 0)",
            (at(0),),
        )
        for number, (native_id, brand, also, ago, label, shares, case) in enumerate(MENTIONS, 1):
            published = to_text(SEEN - timedelta(hours=ago)) if ago is not None else None
            engine.run(
                "insert into mentions (id, source_id, native_id, brand, also, query, author, text, published_at,"
                " seen_at, changed_at, shares, label, priority, reasons, case_id)"
                " values (?, 7, ?, ?, ?, 'names', 'ben', 'words', ?, ?, ?, ?, ?, 1, '[]', ?)",
                (number, native_id, brand, also, published, at(0), at(0), shares, label, case),
            )
        for number, brand, mention, status, resolution in CASES:
            engine.run(
                "insert into cases (id, brand, status, priority, version, mention_id, mention_count, reasons,"
                " opened_at, updated_at, resolution, is_fixed) values (?, ?, ?, 2, 1, ?, 1, '[]', ?, ?, ?, 0)",
                (number, brand, status, mention, at(5 if number > 1 else 0), at(0), resolution),
            )
        for number, version, minutes, actor, kind, detail in EVENTS:
            engine.run(
                "insert into case_events (case_id, version, at, actor, kind, detail) values (?, ?, ?, ?, ?, ?)",
                (number, version, at(minutes), actor, kind, json.dumps(detail)),
            )
        for key, minutes in (("card:1:local:#a", 3), ("card:1:local:#b", 700)):
            engine.run(
                "insert into deliveries (key, action, subject, parent, chat, channel, lane, state, revision, attempts,"
                " not_before, remote_ref, error, body, created_at)"
                " values (?, 'post', 'case:1', '', 'local', '#a', 1, 'sent', 1, 1, '', '', '', '', ?)",
                (key, at(minutes)),
            )
        engine.run("insert into digests (id, chat, channel, due_at) values (1, 'local', '#a', ?)", (at(60),))
        engine.run("insert into digest_cases (digest_id, case_id) values (1, 2)")
    engine.close()
    return tmp_path / "earshot.db"


@pytest.fixture
def mended(old: Path) -> Iterator[Store]:
    store = open_storage(old)
    yield store
    store.close()


def test_what_came_late_counts_on_its_own_day(mended: Store) -> None:
    days = [mended.engine.value("select counted_at from mentions where native_id = ?", (one[0],)) for one in MENTIONS]
    assert days == [at(0), at(-60 * 24 * 10), at(-60 * 24 * 30), at(0)]
    assert mended.tallies.sums(DAY).mentions == 2
    assert mended.tallies.sums(MAY).mentions == 2
    assert mended.tallies.first_at() == datetime(2026, 4, 4, 9, tzinfo=UTC)


def test_mentions_and_cases_are_counted_by_brand_and_source(mended: Store) -> None:
    assert mended.tallies.by_source(DAY) == {7: Sums(2, negative=1, neutral=1, opened=3, alerted=2)}
    assert mended.tallies.sums(DAY, "Heron Air") == Sums(1, negative=1, opened=1, alerted=1)
    assert mended.tallies.sums(DAY, "Plover Inn") == Sums(2, negative=1, neutral=1, opened=2, alerted=1)


def test_a_case_was_put_before_people_with_its_first_card_or_its_line_of_a_digest(mended: Store) -> None:
    alerted = [row["alerted_at"] for row in mended.engine.rows("select alerted_at from cases order by id")]
    assert alerted == [at(3), at(5), None]


def test_what_people_did_and_how_long_it_took_is_counted(mended: Store) -> None:
    acts = mended.tallies.acts(DAY, "Heron Air")
    assert sorted(acts) == [
        Act("answered", "ana", "", 1),
        Act("claimed", "ana", "", 1),
        Act("opened", "earshot", "high", 1),
        Act("resolved", "ana", "replied", 1),
    ]
    assert sorted(one.detail for one in mended.tallies.acts(DAY, "Plover Inn")) == ["", "urgent"]
    for what, minutes in ((RESPONSE, 60), (RESOLUTION, 240)):
        told = mended.tallies.lengths(DAY, "", what)
        assert told.count == 1
        assert told.median == pytest.approx(minutes * 60, rel=0.02)
    assert mended.tallies.movers(DAY, "Plover Inn") == [Mover("ben", 40, 1)]


def test_the_old_counts_are_gone_and_every_number_opens_to_its_rows(mended: Store) -> None:
    names = {row["name"] for row in mended.engine.rows("select name from sqlite_master where type = 'table'")}
    assert "counts" not in names
    assert [one.native_id for one in mended.behind.mentions(DAY, brand="Plover Inn", limit=9)] == [
        "without a date",
        "fresh",
    ]
    assert [case.id for case in mended.behind.cases("alerted", DAY, now=SEEN, limit=9)[0]] == [2, 1]
    assert mended.behind.standing(SEEN).not_fixed == 1


@pytest.fixture
def before_all_kinds(tmp_path: Path) -> Path:
    """A file as the release before the sources of all kinds left it: a feed half read, one that failed, a draft."""
    engine = SqliteEngine(tmp_path / "earshot.db")
    migrations.MIGRATIONS.apply(engine.db, stop_before="0004_sources_of_all_kinds")
    with engine.transaction():
        for number, name, cursor, status, error, due in (
            (7, "birds", '{"home": "https://b.example"}', "ok", "", at(15)),
            (8, "shop", None, "failing", "shop.example is down.", at(30)),
            (9, "desk", None, "ok", "", None),
        ):
            engine.run(
                "insert into sources (id, name, kind, cursor, status, error, first_seen_at, last_ok_at, next_poll_at,"
                " stored, quarantined) values (?, ?, 'feed', ?, ?, ?, ?, ?, ?, 4, 1)",
                (number, name, cursor, status, error, at(0), at(0), due),
            )
        engine.run(
            "insert into mentions (id, source_id, native_id, brand, query, author, text, seen_at, changed_at, label,"
            " priority, reasons, case_id, counted_at) values (1, 7, 'one', 'Heron Air', 'names', 'ben', 'words', ?, ?,"
            " 'negative', 1, '[]', 1, ?)",
            (at(0), at(0), at(0)),
        )
        engine.run(
            "insert into cases (id, brand, status, priority, version, mention_id, mention_count, reasons, opened_at,"
            " updated_at, is_fixed) values (1, 'Heron Air', 'claimed', 2, 1, 1, 1, '[]', ?, ?, 0)",
            (at(0), at(0)),
        )
        engine.run(
            "insert into drafts (id, case_id, revision, state, text, text_hash, target, account, author, created_at,"
            " updated_at, approved_by, approved_at, approved_hash) values (1, 1, 2, 'approved', 'Sorry.', 'h',"
            " 'birds:one', '@heron', 'ana', ?, ?, 'bo', ?, 'h')",
            (at(1), at(2), at(2)),
        )
    engine.close()
    return tmp_path / "earshot.db"


def test_each_source_goes_on_where_it_was_read_up_to(before_all_kinds: Path) -> None:
    store = open_storage(before_all_kinds)
    assert store.sources.cursor("birds") == '{"home": "https://b.example"}'
    assert store.sources.cursor("shop") is None
    birds = store.sources.cursors(7)
    assert list(birds) == [""]
    assert (birds[""].status, birds[""].next_poll_at) == ("ok", SEEN + timedelta(minutes=15))
    shop = store.sources.state("shop")
    assert shop is not None
    assert (shop.status, shop.error, shop.stored, shop.quarantined) == ("failing", "shop.example is down.", 4, 1)
    assert store.sources.cursors(8)[""].error == "shop.example is down."
    store.close()


def test_what_was_stored_and_approved_is_as_it_was_and_nothing_was_spent(before_all_kinds: Path) -> None:
    store = open_storage(before_all_kinds)
    mention, draft = store.mentions.get(1), store.drafts.current(1)
    assert mention is not None
    assert (mention.text, mention.native_id, mention.extra, mention.reply_ref) == ("words", "one", {}, "")
    assert draft is not None
    assert (draft.state.value, draft.text, draft.approved_by, draft.approved_hash) == ("approved", "Sorry.", "bo", "h")
    assert store.costs.by_source(SEEN, SEEN) == {}
    assert store.verifications.due("birds", SEEN + timedelta(days=30), 10) == [], "older mentions are not asked for"
    assert store.engine.check() == []
    store.close()
