"""Whether what stands on the networks is what another person approved, once, there, from that account."""

import hashlib
import json
import sqlite3
from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.prove.replying import GRACE, Job, Ledger, Office
from tests.prove.replying_child import MEMBERS, NOA, accounts_of
from tests.prove.replying_line import Try
from tests.prove.sites import VERIFIED, Reply

PEOPLE = {name: accounts_of(name) for name in MEMBERS} | {"noa": NOA}


class Check:
    """Counts what is wrong. `why` says of each what it is."""

    def __init__(self, office: Office, home: Path) -> None:
        self.office, self.ledger = office, office.ledger
        self.wrong: Counter[str] = Counter()
        self.why: list[str] = []
        self.database = sqlite3.connect(f"file:{home / 'earshot.db'}?mode=ro", uri=True)
        self.database.row_factory = sqlite3.Row
        self.drafts: dict[int, list[sqlite3.Row]] = defaultdict(list)
        for row in self.database.execute("select * from drafts order by id"):
            self.drafts[row["case_id"]].append(row)
        self.events: dict[int, list[sqlite3.Row]] = defaultdict(list)
        for row in self.database.execute("select * from case_events order by case_id, version"):
            self.events[row["case_id"]].append(row)
        self.tries: dict[int, list[Try]] = defaultdict(list)
        for one in self.ledger.tries:
            self.tries[one.case].append(one)

    def all(self) -> None:
        for job in self.office.jobs:
            stands = self.office.at.standing(job.post.kind, job.post.id)
            self._once(job, stands)
            for reply in stands:
                self._as_approved(job, reply)
            self._known(job, stands)
            self._not_after_taking_back(job, stands)
        self._rights()
        self._strangers()

    def _note(self, what: str, job: Job | None, reply: object = "") -> None:
        self.wrong[what] += 1
        self.why.append(f"{what}: case {job.case if job else ''} {job.post.kind if job else ''} {reply}")

    def _once(self, job: Job, stands: list[Reply]) -> None:
        for text, count in Counter(one.text for one in stands).items():
            for _ in range(count - 1):
                self._note("sent twice", job, text)

    def _as_approved(self, job: Job, reply: Reply) -> None:
        """Its digest, made here of what stands there, is what was approved last before it was sent off.

        Of a post that was edited between the last look at it and the reply, both ways in which it read.
        """
        title = {"github": "Help", "email": "Question"}.get(reply.kind, "")
        digests = {
            _digest(reply.text, f"{reply.kind}:{reply.target}", reply.account, f"{title}\n{words}")
            for words in reply.answered
        }
        if reply.text not in job.texts:
            self._note("texts that nobody wrote", job, reply)
            return
        found = [(row["kind"], row["actor"], json.loads(row["detail"] or "{}")) for row in self.events[job.case]]
        sent_off = [place for place, (kind, _, told) in enumerate(found) if kind == "handed over to send"]
        covered = [place for place in sent_off if found[place][2].get("hash") in digests]
        if not covered:
            self._note("sent as nobody had sent it off (other words, target, account or post)", job, reply)
            return
        if not any(self._was_approved(found[:place], found[place][2]["hash"]) for place in covered):
            self._note("sent without another person's yes to it", job, reply)
        if not any(one.verb == "approve" and one.ok is not False for one in self.tries[job.case]):
            self._note("sent and nobody had tried to approve it", job, reply)

    def _was_approved(self, before: list[tuple[str, str, dict[str, Any]]], digest: str) -> bool:
        """Whether the last word on it was a yes to this text, by somebody else than who wrote it."""
        last = next((one for one in reversed(before) if one[0] in ("drafted", "approved", "rejected")), None)
        author = next((one[1] for one in reversed(before) if one[0] == "drafted"), "")
        if last is None or last[0] != "approved" or last[2].get("hash") != digest:
            return False
        return _person(last[1]) != _person(author)

    def _known(self, job: Job, stands: list[Reply]) -> None:
        """What stands there is known to, and what is doubted was asked; nothing is on its way for ever."""
        for row in self.drafts[job.case]:
            is_there, state = any(one.text == row["text"] for one in stands), row["state"]
            if state == "sending":
                self._note("on its way for ever", job)
            if is_there and state not in ("sent", "doubtful"):
                self._note("standing there and not known to", job, state)
            if state == "sent" and not is_there:
                self._note("called sent and not there", job)
        doubts = sum(1 for one in self.events[job.case] if one["kind"] == "in doubt")
        told = (
            self.database.execute(
                "select count(*) from deliveries where subject like ? and body like '%Nobody knows whether the reply%'",
                ("%",),
            ).fetchone()[0]
            if doubts
            else 1
        )
        if not told:
            self._note("doubts that no human was shown", job)

    def _not_after_taking_back(self, job: Job, stands: list[Reply]) -> None:
        for back in self.tries[job.case]:
            if back.verb != "send" or back.values.get("then") != "back" or not back.ok:
                continue
            for reply in stands:
                at = reply.at.timestamp()
                again = [one for one in self.tries[job.case] if one.verb == "send" and one is not back]
                if at > back.ended and not any(back.begun <= one.ended and one.begun <= at for one in again):
                    self._note("sent after it was taken back", job, reply)

    def _rights(self) -> None:
        """An attempt while whoever had approved it, or sent it off, had no right to."""
        for row in (one for rows in self.drafts.values() for one in rows):
            if row["state"] != "sent" or not row["attempted_at"]:
                continue
            at = datetime.fromisoformat(row["attempted_at"]).timestamp()
            for since, until, lost in self.ledger.rights:
                if since + GRACE < at < until and row["approved_by"] in lost:
                    self.wrong["sent when its approver had lost the right"] += 1
                    self.why.append(f"rights: case {row['case_id']} {row['approved_by']} {since} {at} {until}")

    def _strangers(self) -> None:
        known = {(job.post.kind, job.post.id) for job in self.office.jobs}
        for reply in self.office.at.record:
            if (reply.kind, reply.target) not in known:
                self._note("under somebody else's post", None, reply)
            if reply.kind in VERIFIED and not reply.answered:
                self._note("sent though the network had said that the post is gone", None, reply)


def ledger_counts(ledger: Ledger) -> dict[str, int]:
    """What was tried and refused, by what it was."""
    told = dict(ledger.counts)
    told["acts"] = len(ledger.tries)
    told["acts without an answer"] = sum(1 for one in ledger.tries if one.ok is None)
    return told


def self_approvals_tried(ledger: Ledger, events: dict[int, list[sqlite3.Row]]) -> int:
    """How often whoever wrote the text tried to approve it, by any account of hers."""
    count = 0
    for one in ledger.tries:
        if one.verb != "approve":
            continue
        author = next((row["actor"] for row in events[one.case] if row["kind"] == "drafted"), "")
        count += one.who in PEOPLE.get(_person(author), ())
    return count


def _person(name: str) -> str:
    """Who it is, whatever she is called: noa.d.discord is Noa too."""
    return name.partition(".")[0]


def _digest(*parts: str) -> str:
    return hashlib.sha256("".join(f"{len(one)}:{one}" for one in parts).encode()).hexdigest()[:12]
