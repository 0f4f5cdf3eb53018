"""What must be true of cases, their diaries and their replies, read from the tables by SQL of its own."""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from storage.store import Store
from storage.types import to_text

Row = Mapping[str, Any]

# What a line of the diary makes of the status, by hand; what is not named leaves it as it is.
LEADS_TO = {
    "opened": "open", "claimed": "claimed", "released": "open", "assigned": "claimed", "answered": "answered",
    "resolved": "resolved", "reopened": "open",
}  # fmt: skip
APPROVED = ("approved", "sending", "doubtful", "sent")


class Broken(AssertionError):
    """A promise does not hold."""


class Judge:
    """Looks after each step at what that step has changed, and at the end at everything.

    `file` are the accounts of each member whom the file names now. `acted` is the account of whoever acted last, "" for
    nobody; it is set from outside before each look.
    """

    def __init__(self, store: Store, file: Sequence[frozenset[str]]) -> None:
        self._store = store
        self.file = file
        self.acted = ""
        self.hashes: dict[int, list[str]] = defaultdict(list)  # of the texts that the drafts of a case ever had
        self.outside: Counter[int] = Counter()  # posts by draft
        self.allowed: Counter[int] = Counter()  # further posts of a draft that a person has asked for
        self._authors: dict[tuple[int, str], str] = {}  # who wrote a text of a draft, by account
        self._cases: dict[int, Row] = {}
        self._drafts: dict[int, Row] = {}
        self._seq = 0
        self._families: dict[str, set[str]] = {}
        self._said: dict[str, set[str]] = {}  # by target: its words, ever

    # Asked by the machine

    def rows(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        return [dict(row) for row in self._store.engine.rows(sql, values)]

    def fail(self, words: str) -> None:
        raise Broken(words)

    def draft_of(self, case: int) -> Row | None:
        found = self.rows("select * from drafts where case_id = ? and state <> 'sent' order by id desc limit 1", case)
        return found[0] if found else None

    def standing(self, case: int) -> list[dict[str, Any]]:
        """A case and its drafts as they are."""
        return [
            *self.rows("select version, status from cases where id = ?", case),
            *self.rows("select id, revision, state from drafts where case_id = ? order by id", case),
        ]

    def posts_outside(self, draft_id: int) -> None:
        """A reply is being posted by the program now."""
        (draft,) = self.rows("select * from drafts where id = ?", draft_id)
        _hold(draft["state"] == "sending" and draft["attempted_at"], "a reply was posted without a note of the attempt")
        _hold(draft["approved_hash"] == draft["text_hash"], "a text was posted that nobody approved")
        self._is_about_its_target(draft, now_only=True)
        _hold(not self.rows(_HALT), "a reply was posted while all were stopped")
        self.outside[draft_id] += 1
        _hold(self.outside[draft_id] <= 1 + self.allowed[draft_id], f"draft {draft_id} was posted twice")

    def stands_outside(self, draft_id: int) -> bool:
        return self.outside[draft_id] > 0

    def open_stories(self, since: datetime) -> dict[str, int]:
        """How many unresolved cases have the same words; copies join none that is older."""
        return {
            row["key"]: row["n"]
            for row in self.rows(
                "select key, count(*) as n from story_keys join cases on cases.id = case_id"
                " where status <> 'resolved' and opened_at > ? and key like '%|text|%' group by key",
                to_text(since),
            )
        }

    def no_second_case(self, before: Mapping[str, int], since: datetime) -> None:
        """What came in has opened none beside an open one of the same story."""
        more = [key for key, n in self.open_stories(since).items() if n > max(1, before.get(key, 0))]
        _hold(not more, f"a second case for the story {more[:1]}")

    # After each step

    def look(self) -> None:
        events = self.rows("select * from case_events where seq > ? order by seq", self._seq)
        self._seq = max((row["seq"] for row in events), default=self._seq)
        for row in self.rows("select * from cases"):
            self._look_at_case(row, [one for one in events if one["case_id"] == row["id"]])
        self._learn_links()
        for row in self.rows("select * from drafts"):
            self._look_at_draft(row)
        _hold(not self.rows(_WAITS_IN_HALT), "a reply waits to be posted while all are stopped")
        self._deliver()

    def _look_at_case(self, row: Row, events: Sequence[Row]) -> None:
        before, number = self._cases.get(row["id"]), row["id"]
        self._cases[number] = row
        first = before["version"] if before else 0
        versions = [one["version"] for one in events]
        _hold(
            versions == list(range(first + 1, row["version"] + 1)), f"#{number}: the diary has a gap, or a line twice"
        )
        status = before["status"] if before else ""
        for one in events:
            status = LEADS_TO.get(one["kind"], status)
        _hold(status == row["status"], f"#{number} is {row['status']}, and its diary says {status}")
        is_closed = row["status"] == "resolved"
        _hold(
            is_closed == (row["resolved_at"] is not None) == (row["resolution"] is not None), f"#{number}: why closed"
        )
        _hold(row["status"] != "claimed" or row["assignee"], f"#{number} is claimed by nobody")
        _hold(row["status"] != "open" or not row["assignee"], f"#{number} is open and somebody's")
        _hold(not (is_closed and row["snoozed_until"]), f"#{number} is closed and sleeps")
        if events and before:
            self._is_redrawn(number)

    def _is_redrawn(self, number: int) -> None:
        """Each of its cards that stands somewhere is due to be drawn anew."""
        late = self.rows(
            "select chat, channel from deliveries as post where subject = ? and action = 'post' and state = 'sent'"
            " and not exists (select 1 from deliveries where subject = post.subject and chat = post.chat"
            " and channel = post.channel and action = 'update' and state = 'pending')",
            f"case:{number}",
        )
        _hold(not late, f"#{number} changed, and its card in {late[:1]} is not drawn anew")

    def _deliver(self) -> None:
        """All that is due stands there: what is asked for from now on is asked for by what happens from now on."""
        with self._store.transaction():
            self._store.engine.run(
                "update deliveries set state = 'sent',"
                " remote_ref = case action when 'post' then cast(id as text) else '' end where state = 'pending'"
            )

    def _look_at_draft(self, row: Row) -> None:
        before = self._drafts.get(row["id"])
        if before == row:
            return
        self._drafts[row["id"]] = row
        is_new_text = before is None or before["text_hash"] != row["text_hash"] or row["state"] == "proposed"
        if is_new_text and row["state"] == "proposed":
            self._authors[row["id"], row["text_hash"]] = self.acted
            self.hashes[row["case_id"]].append(row["text_hash"])
        self._is_about_its_target(row, now_only=False)
        if row["state"] not in APPROVED:
            _hold(row["approved_by"] is None and row["approved_hash"] is None, f"draft {row['id']}: a yes that is void")
            return
        _hold(row["approved_hash"] == row["text_hash"], f"draft {row['id']}: approved is another text")
        if before is None or before["state"] == "proposed":
            author = self._authors[row["id"], row["text_hash"]]
            _hold(not self._may_be_one(author, self.acted), f"{self.acted} approved what {author} wrote")

    def _is_about_its_target(self, row: Row, *, now_only: bool) -> None:
        """Its hash is that of text, target and account, and of words that stand there (not `now_only`: or stood)."""
        source, _, native = row["target"].partition(":")
        said = self.rows(
            "select title, text from mentions join sources on sources.id = source_id where name = ? and native_id = ?",
            source, native,
        )  # fmt: skip
        words = {f"{one['title']}\n{one['text']}" for one in said}
        if not now_only:
            words = self._said.setdefault(row["target"], words) | words
            self._said[row["target"]] = words
        hashes = {_hash(row["text"], row["target"], row["account"], one) for one in words}
        _hold(row["text_hash"] in hashes, f"draft {row['id']}: its hash is of something else")

    # Who is who

    def _learn_links(self) -> None:
        """Accounts that were ever linked are one person for good, as far as can be known."""
        for row in self.rows("select slack, discord, member from links"):
            told = {f"{chat}:{row[chat]}" for chat in ("slack", "discord") if row[chat]}
            told |= {f"member:{row['member']}"} if row["member"] else set()
            self._join(told)

    def _join(self, accounts: Collection[str]) -> None:
        family = set(accounts).union(*(self._families.get(one, set()) for one in accounts))
        for one in family:
            self._families[one] = family

    def _may_be_one(self, one: str, other: str) -> bool:
        """Certainly two are only two members of the file, or two accounts in one chat, unless a link ever said no."""
        ours, theirs = self._whole(one), self._whole(other)
        if ours & theirs:
            return True
        if self._is_of_file(ours) and self._is_of_file(theirs):
            return False
        return not any(
            any(each.startswith(f"{chat}:") for each in ours) and any(each.startswith(f"{chat}:") for each in theirs)
            for chat in ("slack", "discord")
        )

    def _whole(self, account: str) -> set[str]:
        found = {account} | self._families.get(account, set())
        for member in self.file:
            if found & member:
                found |= member
                found = found.union(*(self._families.get(one, set()) for one in member))
        return found

    def _is_of_file(self, accounts: set[str]) -> bool:
        return any(accounts & member for member in self.file)

    # At the end

    def look_at_all(self) -> None:
        """The whole diary, the counts, and each answer once."""
        for row in self.rows("select * from cases"):
            versions = [one["version"] for one in self.rows(_DIARY, row["id"])]
            _hold(versions == list(range(1, row["version"] + 1)), f"#{row['id']}: its diary was changed afterwards")
            answered = [
                json.loads(one["detail"]).get("draft")
                for one in self.rows(_DIARY, row["id"])
                if one["kind"] in ("answered", "posted")
            ]
            sent = [str(one["id"]) for one in self.rows(_SENT, row["id"])]
            _hold(sorted(answered) == sorted(sent), f"#{row['id']}: answers {answered}, sent {sent}")
        (doubled,) = self.rows("select count(*) - count(distinct key) as n from deliveries")
        _hold(doubled["n"] == 0, "a message was asked for twice")
        wrong = self.rows(
            "select id from cases where mention_count <> (select count(*) from mentions where case_id = cases.id)"
        )
        _hold(not wrong, f"#{wrong[0]['id'] if wrong else ''}: its mentions are counted wrongly")
        _hold(self._store.engine.check() == [], "the file is damaged")


_HALT = "select 1 from halts where ended_at is null"
_WAITS_IN_HALT = f"select 1 from drafts where state = 'sending' and attempted_at is null and exists ({_HALT})"
_DIARY = "select version, kind, detail from case_events where case_id = ? order by version"
_SENT = "select id from drafts where case_id = ? and state = 'sent'"


def _hash(*parts: str) -> str:
    told = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()


def _hold(is_so: object, words: str) -> None:
    if not is_so:
        raise Broken(words)
