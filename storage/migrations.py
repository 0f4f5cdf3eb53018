"""The schema as numbered steps. Each is one function, one transaction together with its own record, and never changes.

An older program meets a record that it does not know and refuses the file before it writes (`refuse_newer`).
"""

import sqlite_utils

from storage.acquaintances import SCHEMA as ACQUAINTANCES
from storage.alarms import SCHEMA as ALARMS
from storage.authors import SCHEMA as AUTHORS
from storage.behind import SCHEMA as BEHIND
from storage.carried import SCHEMA as CARRIED
from storage.costs import SCHEMA as COSTS
from storage.counting import count_anew
from storage.digests import QUIET_HOURS
from storage.digests import SCHEMA as DIGESTS
from storage.drafts import AUTHORS as DRAFT_AUTHORS
from storage.erasures import SCHEMA as ERASURES
from storage.errors import NewerDatabase
from storage.finding import SCHEMA as FINDING
from storage.halts import SCHEMA as HALTS
from storage.kept import SCHEMA as KEPT
from storage.lessons import SCHEMA as LESSONS
from storage.links import SCHEMA as LINKS
from storage.local_chat import SCHEMA as LOCAL_CHAT
from storage.opinions import SCHEMA as OPINIONS
from storage.outages import SCHEMA as OUTAGES
from storage.pauses import SCHEMA as PAUSES
from storage.restores import SCHEMA as RESTORES
from storage.retention import SCHEMA as RETENTION
from storage.samples import SCHEMA as SAMPLES
from storage.schedules import SCHEMA as SCHEDULES
from storage.sources import SCHEMA as CURSORS
from storage.speeds import SCHEMA as SPEEDS
from storage.spent import SCHEMA as SPENT
from storage.storms import SCHEMA as STORMS
from storage.tallies import SCHEMA as TALLIES
from storage.tombstones import SCHEMA as TOMBSTONES
from storage.us import SCHEMA as US
from storage.verifications import SCHEMA as VERIFICATIONS

MIGRATIONS = sqlite_utils.Migrations("earshot")


def refuse_newer(db: sqlite_utils.Database) -> None:
    """Raises NewerDatabase when the file holds a step that this program does not know."""
    unknown = {step.name for step in MIGRATIONS.applied(db)} - set(known_steps())
    if unknown:
        raise NewerDatabase(
            f"The database was written by a newer Earshot (it has the step {max(unknown)}).",
            "Start that version, or put a backup from before the upgrade in its place. Nothing was changed.",
        )


def known_steps() -> list[str]:
    """The names of all steps of this program, in order."""
    fresh = sqlite_utils.Database(memory=True)
    with fresh:
        return [step.name for step in MIGRATIONS.pending(fresh)]


def missing(db: sqlite_utils.Database) -> list[str]:
    """The steps that the file has not, in order."""
    return [step.name for step in MIGRATIONS.pending(db)]


def apply(db: sqlite_utils.Database) -> list[str]:
    """Do the missing steps; their names. Raises NewerDatabase."""
    refuse_newer(db)
    steps = missing(db)
    _make_the_list_of_steps(db)
    MIGRATIONS.apply(db)
    return steps


def _make_the_list_of_steps(db: sqlite_utils.Database) -> None:
    """The library makes the table and its unique index one after the other, and the index never again: a program that
    was killed in between would leave a file that may note a step twice.
    """
    with db.atomic():
        MIGRATIONS.ensure_migrations_table(db)
        db.table(MIGRATIONS.migrations_table).create_index(["migration_set", "name"], unique=True, if_not_exists=True)


@MIGRATIONS(name="0001_the_house")
def the_house(db: sqlite_utils.Database) -> None:
    db.create_table(
        "sources",
        {
            "id": int, "name": str, "kind": str, "cursor": str, "status": str, "error": str, "first_seen_at": str,
            "last_ok_at": str, "next_poll_at": str, "stored": int, "quarantined": int,
        },
        pk="id",
        not_null={"name", "kind", "status", "error", "first_seen_at", "stored", "quarantined"},
        strict=True,
    ).create_index(["name"], unique=True)  # fmt: skip
    db.create_table(
        "mentions",
        {
            "id": int, "source_id": int, "native_id": str, "brand": str, "also": str, "query": str, "author": str,
            "author_name": str, "followers": int, "text": str, "title": str, "url": str, "lang": str,
            "published_at": str, "seen_at": str, "changed_at": str, "likes": int, "shares": int, "replies": int,
            "stars": float, "private": int, "reach": int, "sentiment": float, "label": str, "priority": int,
            "reasons": str, "case_id": int, "gone_at": str,
        },
        pk="id",
        not_null={
            "source_id", "native_id", "brand", "query", "author", "text", "seen_at", "label", "priority", "reasons",
        },
        foreign_keys=[("source_id", "sources", "id")],
        strict=True,
    )  # fmt: skip
    for statement in _MENTION_INDEXES:
        db.execute(statement)
    db.create_table(
        "cases",
        {
            "id": int, "brand": str, "status": str, "priority": int, "version": int, "mention_id": int,
            "mention_count": int, "reach": int, "reasons": str, "opened_at": str, "updated_at": str, "due_at": str,
            "assignee": str, "claimed_at": str, "answered_at": str, "resolved_at": str, "snoozed_until": str,
            "escalated_at": str, "resolution": str, "is_fixed": int,
        },
        pk="id",
        not_null={"brand", "status", "priority", "version", "mention_id", "mention_count", "opened_at"},
        strict=True,
    )  # fmt: skip
    for statement in _CASE_TABLES:
        db.execute(statement)
    for statement in (*DIGESTS, *LOCAL_CHAT):
        db.execute(statement)


@MIGRATIONS(name="0002_other_chats")
def other_chats(db: sqlite_utils.Database) -> None:
    for statement in (*KEPT, *PAUSES):
        db.execute(statement)


@MIGRATIONS(name="0003_reports_and_clocks")
def reports_and_clocks(db: sqlite_utils.Database) -> None:
    for statement in (*TALLIES, *_TOLD_IN_REPORTS, *QUIET_HOURS, *SCHEDULES, *STORMS, *ALARMS, *SAMPLES, *SPEEDS):
        db.execute(statement)
    count_anew(db.conn)
    db.execute("drop table counts")


@MIGRATIONS(name="0004_sources_of_all_kinds")
def sources_of_all_kinds(db: sqlite_utils.Database) -> None:
    for statement in (*CURSORS, *COSTS, *VERIFICATIONS, *_ANSWERED_THERE):
        db.execute(statement)


@MIGRATIONS(name="0005_understanding")
def understanding(db: sqlite_utils.Database) -> None:
    for statement in (*AUTHORS, *BEHIND, *LESSONS, *OPINIONS, *US):
        db.execute(statement)


@MIGRATIONS(name="0006_both_chats")
def both_chats(db: sqlite_utils.Database) -> None:
    for statement in (*ACQUAINTANCES, *CARRIED, *LINKS, *FINDING, *OUTAGES, *DRAFT_AUTHORS):
        db.execute(statement)


@MIGRATIONS(name="0007_under_fire")
def under_fire(db: sqlite_utils.Database) -> None:
    for statement in (*RESTORES, *ERASURES, *RETENTION, *TOMBSTONES, *SPENT):
        db.execute(statement)


@MIGRATIONS(name="0008_halts")
def halts(db: sqlite_utils.Database) -> None:
    for statement in HALTS:
        db.execute(statement)


_ANSWERED_THERE = (
    "alter table mentions add column extra text not null default ''",
    "alter table mentions add column reply_ref text not null default ''",
    "alter table drafts add column attempts integer not null default 0",
    "alter table drafts add column attempted_at text",
    "alter table drafts add column not_before text",
    "alter table drafts add column error text not null default ''",
    "alter table drafts add column sent_id text not null default ''",
    "create index drafts_sending on drafts (not_before) where state = 'sending'",
    "create index drafts_doubtful on drafts (case_id) where state = 'doubtful'",
)

_TOLD_IN_REPORTS = (
    "alter table mentions add column counted_at text not null default ''",
    # What came more than a day late, such as an import, counts on its own day.
    "update mentions set counted_at = case when published_at < strftime('%Y-%m-%dT%H:%M:%S', seen_at, '-1 day')"
    " then published_at else seen_at end",
    "alter table mentions add column is_ours integer not null default 1",
    "create index mentions_counted on mentions (counted_at)",
    "alter table cases add column cause text not null default ''",
    "alter table cases add column asks integer not null default 0",
    "alter table cases add column alerted_at text",
    # A line of a digest was asked for when the case was opened; when else is written nowhere.
    "update cases set alerted_at = case when exists (select 1 from digest_cases where case_id = cases.id)"
    " then opened_at else (select min(created_at) from deliveries where subject = 'case:' || cases.id"
    " and action = 'post') end",
    "create index cases_opened on cases (opened_at, brand)",
    "create index cases_alerted on cases (alerted_at, id, brand) where alerted_at is not null",
    "create index cases_worth on cases (priority, opened_at, brand, resolution)",
    "create index cases_unresolved on cases (opened_at, brand, asks, status) where status <> 'resolved'",
    "create index cases_not_fixed on cases (coalesce(resolved_at, answered_at), id, brand, is_fixed, status,"
    " resolution) where is_fixed = 0 and (status = 'answered' or (status = 'resolved' and resolution = 'replied'))",
    "drop index cases_assignee",
    "create index cases_assignee on cases (assignee, status, snoozed_until, due_at, brand) where status <> 'resolved'",
    "create index case_events_at on case_events (kind, at, actor, case_id)",
)

_MENTION_INDEXES = (
    "create unique index mentions_identity on mentions (source_id, native_id)",
    "create index mentions_author on mentions (author, id)",
    "create index mentions_case on mentions (case_id, id) where case_id is not null",
    # The texts are indexed in bulk, in the transaction that stores them: a trigger for each row costs almost five times
    # as much.
    # Sizes of columns serve a ranking that nobody asks for (newest first). Merging eight runs at once writes less.
    "create virtual table mentions_text using fts5 (title, text, content='mentions', content_rowid='id', columnsize=0,"
    ' tokenize="unicode61 remove_diacritics 2")',
    "insert into mentions_text (mentions_text, rank) values ('automerge', 8)",
    "create table counts (hour text not null, brand text not null, source_id integer not null, label text not null,"
    " mentions integer not null, cases integer not null, primary key (hour, brand, source_id, label)) strict,"
    " without rowid",
)

_CASE_TABLES = (
    # The queue's pages in their order, and all that its usual filters ask, so that counting them reads nothing else.
    "create index cases_queue on cases (priority desc, opened_at, id, status, due_at, brand, snoozed_until)"
    " where status <> 'resolved' and snoozed_until is null",
    "create index cases_due on cases (due_at) where status <> 'resolved' and snoozed_until is null",
    "create index cases_assignee on cases (assignee, status) where status <> 'resolved'",
    "create index cases_snoozed on cases (snoozed_until) where snoozed_until is not null",
    "create table case_events (seq integer primary key, case_id integer not null references cases (id),"
    " version integer not null, at text not null, actor text not null, kind text not null, detail text not null,"
    " unique (case_id, version)) strict",
    "create trigger case_events_keep before update on case_events begin"
    " select raise(abort, 'case events are never changed'); end",
    "create trigger case_events_stay before delete on case_events begin"
    " select raise(abort, 'case events are never deleted'); end",
    "create table story_keys (key text not null, case_id integer not null references cases (id),"
    " primary key (key, case_id)) strict, without rowid",
    "create table drafts (id integer primary key, case_id integer not null references cases (id),"
    " revision integer not null,"
    " state text not null, text text not null, text_hash text not null, target text not null, account text not null,"
    " author text not null, created_at text not null, updated_at text not null, approved_by text, approved_at text,"
    " approved_hash text, rejected_by text, rejected_why text not null default '', sent_by text, sent_at text,"
    " sent_url text not null default '', check (approved_by is null or approved_hash is not null)) strict",
    "create index drafts_case on drafts (case_id, id)",
    "create table deliveries (id integer primary key, key text not null unique, action text not null,"
    " subject text not null,"
    " parent text not null, chat text not null, channel text not null, lane integer not null, state text not null,"
    " revision integer not null, attempts integer not null, not_before text not null, attempted_at text,"
    " remote_ref text not null,"
    " error text not null, body text not null, created_at text not null) strict",
    "create index deliveries_due on deliveries (lane, id) where state = 'pending'",
    "create index deliveries_open on deliveries (state) where state in ('sending', 'dead')",
    "create index deliveries_subject on deliveries (subject)",
    "create table inbox (key text primary key, at text not null, what text not null) strict, without rowid",
    "create index inbox_at on inbox (at)",
    "create table mutes (id integer primary key, what text not null, value text not null, brand text not null,"
    " until text not null,"
    " created_by text not null, created_at text not null, removed_at text, hidden integer not null default 0) strict",
    "create table quarantine (id integer primary key, source_id integer not null references sources (id),"
    " at text not null,"
    " place text not null, reason text not null, sample text not null, unique (source_id, place, sample)) strict",
)
