-- The schema of Earshot's database as the release with the step 0007_under_fire wrote it. It never changes.
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE TABLE "sources" (
   "id" INTEGER PRIMARY KEY,
   "name" TEXT NOT NULL,
   "kind" TEXT NOT NULL,
   "status" TEXT NOT NULL,
   "error" TEXT NOT NULL,
   "first_seen_at" TEXT NOT NULL,
   "last_ok_at" TEXT,
   "next_poll_at" TEXT,
   "stored" INTEGER NOT NULL,
   "quarantined" INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX "idx_sources_name"
    ON "sources" ("name");
CREATE TABLE "mentions" (
   "id" INTEGER PRIMARY KEY,
   "source_id" INTEGER NOT NULL REFERENCES "sources"("id"),
   "native_id" TEXT NOT NULL,
   "brand" TEXT NOT NULL,
   "also" TEXT,
   "query" TEXT NOT NULL,
   "author" TEXT NOT NULL,
   "author_name" TEXT,
   "followers" INTEGER,
   "text" TEXT NOT NULL,
   "title" TEXT,
   "url" TEXT,
   "lang" TEXT,
   "published_at" TEXT,
   "seen_at" TEXT NOT NULL,
   "changed_at" TEXT,
   "likes" INTEGER,
   "shares" INTEGER,
   "replies" INTEGER,
   "stars" REAL,
   "private" INTEGER,
   "reach" INTEGER,
   "sentiment" REAL,
   "label" TEXT NOT NULL,
   "priority" INTEGER NOT NULL,
   "reasons" TEXT NOT NULL,
   "case_id" INTEGER,
   "gone_at" TEXT
, counted_at text not null default '', is_ours integer not null default 1, extra text not null default '', reply_ref text not null default '', gone_why text not null default '') STRICT;
CREATE UNIQUE INDEX mentions_identity on mentions (source_id, native_id);
CREATE INDEX mentions_author on mentions (author, id);
CREATE INDEX mentions_case on mentions (case_id, id) where case_id is not null;
CREATE VIRTUAL TABLE mentions_text using fts5 (title, text, content='mentions', content_rowid='id', columnsize=0, tokenize="unicode61 remove_diacritics 2");
CREATE TABLE "cases" (
   "id" INTEGER PRIMARY KEY,
   "brand" TEXT NOT NULL,
   "status" TEXT NOT NULL,
   "priority" INTEGER NOT NULL,
   "version" INTEGER NOT NULL,
   "mention_id" INTEGER NOT NULL,
   "mention_count" INTEGER NOT NULL,
   "reach" INTEGER,
   "reasons" TEXT,
   "opened_at" TEXT NOT NULL,
   "updated_at" TEXT,
   "due_at" TEXT,
   "assignee" TEXT,
   "claimed_at" TEXT,
   "answered_at" TEXT,
   "resolved_at" TEXT,
   "snoozed_until" TEXT,
   "escalated_at" TEXT,
   "resolution" TEXT,
   "is_fixed" INTEGER
, cause text not null default '', asks integer not null default 0, alerted_at text) STRICT;
CREATE INDEX cases_queue on cases (priority desc, opened_at, id, status, due_at, brand, snoozed_until) where status <> 'resolved' and snoozed_until is null;
CREATE INDEX cases_due on cases (due_at) where status <> 'resolved' and snoozed_until is null;
CREATE INDEX cases_snoozed on cases (snoozed_until) where snoozed_until is not null;
CREATE TABLE case_events (seq integer primary key, case_id integer not null references cases (id), version integer not null, at text not null, actor text not null, kind text not null, detail text not null, unique (case_id, version)) strict;
CREATE TRIGGER case_events_stay before delete on case_events begin select raise(abort, 'case events are never deleted'); end;
CREATE TABLE story_keys (key text not null, case_id integer not null references cases (id), primary key (key, case_id)) strict, without rowid;
CREATE TABLE drafts (id integer primary key, case_id integer not null references cases (id), revision integer not null, state text not null, text text not null, text_hash text not null, target text not null, account text not null, author text not null, created_at text not null, updated_at text not null, approved_by text, approved_at text, approved_hash text, rejected_by text, rejected_why text not null default '', sent_by text, sent_at text, sent_url text not null default '', attempts integer not null default 0, attempted_at text, not_before text, error text not null default '', sent_id text not null default '', author_accounts text not null default '', check (approved_by is null or approved_hash is not null)) strict;
CREATE INDEX drafts_case on drafts (case_id, id);
CREATE TABLE deliveries (id integer primary key, key text not null unique, action text not null, subject text not null, parent text not null, chat text not null, channel text not null, lane integer not null, state text not null, revision integer not null, attempts integer not null, not_before text not null, attempted_at text, remote_ref text not null, error text not null, body text not null, created_at text not null) strict;
CREATE INDEX deliveries_due on deliveries (lane, id) where state = 'pending';
CREATE INDEX deliveries_open on deliveries (state) where state in ('sending', 'dead');
CREATE INDEX deliveries_subject on deliveries (subject);
CREATE TABLE inbox (key text primary key, at text not null, what text not null) strict, without rowid;
CREATE INDEX inbox_at on inbox (at);
CREATE TABLE mutes (id integer primary key, what text not null, value text not null, brand text not null, until text not null, created_by text not null, created_at text not null, removed_at text, hidden integer not null default 0) strict;
CREATE TABLE quarantine (id integer primary key, source_id integer not null references sources (id), at text not null, place text not null, reason text not null, sample text not null, unique (source_id, place, sample)) strict;
CREATE TABLE digests (id integer primary key, chat text not null, channel text not null, due_at text not null, posted_at text, is_quiet integer not null default 0) strict;
CREATE TABLE digest_cases (digest_id integer not null references digests (id), case_id integer not null references cases (id), primary key (case_id, digest_id)) strict, without rowid;
CREATE INDEX digest_cases_of on digest_cases (digest_id, case_id);
CREATE TABLE local_messages (
        id integer primary key,
        seq integer not null unique,
        channel text not null,
        key text not null,
        parent integer references local_messages (id),
        body text not null,
        posted_at text not null,
        updated_at text not null,
        unique (channel, key)
    );
CREATE INDEX local_messages_channel on local_messages (channel, parent, id);
CREATE INDEX local_messages_parent on local_messages (parent, id);
CREATE TABLE kept (member text not null, verb text not null, case_id integer not null, "values" text not null, at text not null, primary key (member, verb, case_id)) strict, without rowid;
CREATE TABLE pauses (chat text not null, channel text not null, why text not null, since text not null, until text not null, primary key (chat, channel)) strict, without rowid;
CREATE INDEX deliveries_ref on deliveries (chat, remote_ref) where action = 'post' and remote_ref <> '';
CREATE TABLE tallies (grain integer not null, brand text not null, start text not null, source_id integer not null, mentions integer not null, negative integer not null, neutral integer not null, positive integer not null, unscored integer not null, opened integer not null, alerted integer not null, primary key (grain, brand, start, source_id)) strict, without rowid;
CREATE TABLE acts (grain integer not null, brand text not null, start text not null, kind text not null, actor text not null, detail text not null, n integer not null, primary key (grain, brand, start, kind, actor, detail)) strict, without rowid;
CREATE TABLE times (grain integer not null, brand text not null, start text not null, what text not null, bucket integer not null, n integer not null, primary key (grain, brand, what, start, bucket)) strict, without rowid;
CREATE TABLE movers (grain integer not null, brand text not null, start text not null, author text not null, moved integer not null, mentions integer not null, primary key (grain, brand, start, author)) strict, without rowid;
CREATE TABLE topics (brand text not null, query text not null, start text not null, mentions integer not null, negative integer not null, primary key (brand, query, start)) strict, without rowid;
CREATE INDEX mentions_counted on mentions (counted_at);
CREATE INDEX cases_opened on cases (opened_at, brand);
CREATE INDEX cases_alerted on cases (alerted_at, id, brand) where alerted_at is not null;
CREATE INDEX cases_worth on cases (priority, opened_at, brand, resolution);
CREATE INDEX cases_unresolved on cases (opened_at, brand, asks, status) where status <> 'resolved';
CREATE INDEX cases_not_fixed on cases (coalesce(resolved_at, answered_at), id, brand, is_fixed, status, resolution) where is_fixed = 0 and (status = 'answered' or (status = 'resolved' and resolution = 'replied'));
CREATE INDEX cases_assignee on cases (assignee, status, snoozed_until, due_at, brand) where status <> 'resolved';
CREATE INDEX case_events_at on case_events (kind, at, actor, case_id);
CREATE UNIQUE INDEX digests_open on digests (chat, channel, is_quiet) where posted_at is null;
CREATE TABLE schedules (id integer primary key, every text not null, day integer not null, at text not null, zone text not null, chat text not null, channel text not null, brand text not null, language text not null, created_by text not null, created_at text not null, removed_by text, removed_at text) strict;
CREATE TABLE slots (schedule_id integer not null references schedules (id), local_date text not null, status text not null, covers_from text, covers_to text, at text not null, primary key (schedule_id, local_date)) strict, without rowid;
CREATE TABLE storms (id integer primary key, brand text not null, started_at text not null, last_at text not null, ended_at text, count integer not null, calmed_by text not null default '', drawn_at text not null default '') strict;
CREATE UNIQUE INDEX storms_open on storms (brand) where ended_at is null;
CREATE TABLE storm_lines (storm_id integer not null references storms (id), place integer not null, series text not null, topic text not null, started_at text not null, count integer not null, expected real not null, peak integer not null, primary key (storm_id, place), unique (storm_id, series, topic)) strict, without rowid;
CREATE TABLE usuals (brand text not null, series text not null, topic text not null, until text not null, told text not null, primary key (brand, series, topic)) strict, without rowid;
CREATE INDEX topics_start on topics (brand, start);
CREATE INDEX deliveries_posted on deliveries (created_at) where action = 'post';
CREATE TABLE alarms (id integer primary key, source text not null, kind text not null, since text not null, noticed_at text not null, told_at text, ended_at text, ending text not null, words text not null, usual integer) strict;
CREATE UNIQUE INDEX alarms_open on alarms (source, kind) where ended_at is null;
CREATE INDEX alarms_told on alarms (source, kind, told_at);
CREATE TABLE arrivals (source_id integer not null references sources (id), hour text not null, quarters integer not null, mentions integer not null, last_at text not null, primary key (source_id, hour)) strict, without rowid;
CREATE TABLE watching (id integer primary key check (id = 1), since text not null, until text not null) strict;
CREATE TABLE sample_weeks (week text primary key, ended_at text not null, quiet integer not null, drawn_at text not null) strict, without rowid;
CREATE TABLE samples (week text not null references sample_weeks (week), place integer not null, mention_id integer not null references mentions (id), verdict text not null, judged_by text not null, judged_at text, primary key (week, place), unique (mention_id)) strict, without rowid;
CREATE TABLE speeds (source_id integer not null references sources (id), month text not null, bucket integer not null, n integer not null, primary key (source_id, month, bucket)) strict, without rowid;
CREATE TABLE cursors (source_id integer not null, query text not null, status text not null default 'new', error text not null default '', next_poll_at text, is_planned integer not null default 1, cursor text, primary key (source_id, query)) strict, without rowid;
CREATE TABLE costs (source_id integer not null, day text not null, requests integer not null default 0, money integer not null default 0, primary key (source_id, day)) strict, without rowid;
CREATE TABLE verifications (mention_id integer primary key, source_id integer not null, native_id text not null, has_case integer not null, due_at text not null, rounds integer not null default 0) strict;
CREATE INDEX verifications_due on verifications (source_id, due_at);
CREATE INDEX drafts_sending on drafts (not_before) where state = 'sending';
CREATE INDEX drafts_doubtful on drafts (case_id) where state = 'doubtful';
CREATE INDEX mentions_in_cases on mentions (author, source_id, changed_at, case_id) where case_id is not null;
CREATE INDEX mentions_unscored on mentions (counted_at, lang, is_ours) where label = 'not scored';
CREATE TABLE lessons (id integer primary key check (id = 1), mode text not null, begun_at text not null, base text not null, state text not null, before text, made_of text not null, events_read integer not null, verdicts_read integer not null, is_stale integer not null, is_behind integer not null, told_to text not null, version integer not null) strict;
CREATE TABLE lesson_switches (seq integer primary key, at text not null, by text not null, act text not null) strict;
CREATE TABLE lesson_decisions (mention_id integer primary key references mentions (id), case_id integer, at text not null, is_taken integer not null, moves_bias integer not null, is_learned integer not null default 0, prior real, odds real, lift real) strict;
CREATE INDEX lesson_decisions_at on lesson_decisions (at, mention_id);
CREATE INDEX lesson_decisions_new on lesson_decisions (at, mention_id) where is_learned = 0;
CREATE TABLE lesson_verdicts (seq integer primary key, at text not null, mention_id integer not null references mentions (id), verdict text not null, by text not null) strict;
CREATE INDEX lesson_verdicts_mention on lesson_verdicts (mention_id, seq);
CREATE TABLE opinions (key text primary key, odds real not null, at text not null) strict, without rowid;
CREATE INDEX opinions_at on opinions (at);
CREATE TABLE opinion_requests (day text primary key, requests integer not null) strict, without rowid;
CREATE TABLE us_reading (id integer primary key check (id = 1), events_read integer not null) strict;
CREATE TABLE us_acts (case_id integer primary key references cases (id), mention_id integer not null references mentions (id), brand text not null, at text not null, is_us integer not null, is_learned integer not null) strict;
CREATE INDEX us_acts_order on us_acts (brand, at, case_id);
CREATE INDEX us_acts_new on us_acts (brand) where is_learned = 0;
CREATE INDEX us_acts_mention on us_acts (mention_id);
CREATE TABLE us_models (brand text primary key, state text not null, is_stale integer not null) strict, without rowid;
CREATE TABLE acquaintances (chat text not null, user_id text not null, handle text not null, name text not null, groups text not null, at text not null, primary key (chat, user_id)) strict, without rowid;
CREATE TABLE carried (key text primary key, body text not null, at text not null) strict, without rowid;
CREATE TABLE links (id integer primary key, member text not null, slack text not null, discord text not null, name text not null, also text not null, first text not null, made_at text not null, ended_at text) strict;
CREATE UNIQUE INDEX links_member on links (member) where member <> '' and ended_at is null;
CREATE UNIQUE INDEX links_slack on links (slack) where slack <> '' and ended_at is null;
CREATE UNIQUE INDEX links_discord on links (discord) where discord <> '' and ended_at is null;
CREATE TABLE link_offers (id integer primary key, code_hash text not null unique, chat text not null, member text not null, slack text not null, discord text not null, made_at text not null, taken_by text not null) strict;
CREATE TABLE link_tries (id integer primary key, who text not null, at text not null) strict;
CREATE INDEX link_tries_who on link_tries (who, at);
CREATE INDEX drafts_waiting on drafts (state, case_id) where state <> 'sent';
CREATE TABLE outages (id integer primary key, chat text not null, since text not null, words text not null, back_at text, told_at text, told_to text not null, ended_at text) strict;
CREATE UNIQUE INDEX outages_open on outages (chat) where ended_at is null;
CREATE TABLE restores (id integer primary key, made_at text not null, restored_at text not null, looks_until text not null, first_case integer not null) strict;
CREATE TABLE erasures (id integer primary key, author text not null, sources text not null, asked_by text not null, asked_accounts text not null, asked_at text not null, done_by text, done_at text, ended_at text, mentions integer not null default 0, cases integer not null default 0) strict;
CREATE TABLE erasing (id integer primary key check (id = 1)) strict;
CREATE TRIGGER case_events_keep before update on case_events when not (exists (select 1 from erasing) and new.seq is old.seq and new.case_id is old.case_id and new.version is old.version and new.at is old.at and new.actor is old.actor and new.kind is old.kind) begin select raise(abort, 'case events are never changed'); end;
CREATE TABLE words_kept (source text primary key, up_to integer not null) strict, without rowid;
CREATE TABLE words_kept_longer (mention_id integer primary key) strict;
CREATE TABLE tombstones (digest text primary key, kind text not null, at text not null) strict, without rowid;
CREATE TABLE spent (nonce text primary key, until text not null) strict, without rowid;
insert into _sqlite_migrations (migration_set, name, applied_at) values ('earshot', '0001_the_house', '2026-01-01 00:00:00+00:00');
insert into _sqlite_migrations (migration_set, name, applied_at) values ('earshot', '0002_other_chats', '2026-01-01 00:00:00+00:00');
insert into _sqlite_migrations (migration_set, name, applied_at) values ('earshot', '0003_reports_and_clocks', '2026-01-01 00:00:00+00:00');
insert into _sqlite_migrations (migration_set, name, applied_at) values ('earshot', '0004_sources_of_all_kinds', '2026-01-01 00:00:00+00:00');
insert into _sqlite_migrations (migration_set, name, applied_at) values ('earshot', '0005_understanding', '2026-01-01 00:00:00+00:00');
insert into _sqlite_migrations (migration_set, name, applied_at) values ('earshot', '0006_both_chats', '2026-01-01 00:00:00+00:00');
insert into _sqlite_migrations (migration_set, name, applied_at) values ('earshot', '0007_under_fire', '2026-01-01 00:00:00+00:00');
insert into "lessons" ("id", "mode", "begun_at", "base", "state", "before", "made_of", "events_read", "verdicts_read", "is_stale", "is_behind", "told_to", "version") values (1, 'shadow', '', '', '', null, '', 0, 0, 0, 0, '', 0);
insert into "us_reading" ("id", "events_read") values (1, 0);
insert into mentions_text (mentions_text, rank) values ('automerge', 8);
