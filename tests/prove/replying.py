"""People who write, approve and send replies, and do everything else that they should not, while the program is killed.

Each works on one case at a time: she looks into the database, tries something, and does not always hear what came of
it. `Ledger` is what was tried; what was done must follow from it.
"""

import asyncio
import itertools
import json
import random
import sqlite3
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.prove.replying_child import NOA, accounts_of, clock_since
from tests.prove.replying_line import Child, Line, Try
from tests.prove.sites import KINDS, Sites, Words

WRITERS = (*accounts_of("ana"), *accounts_of("bo"), NOA[0], *accounts_of("kim"))
APPROVERS = (*accounts_of("bo"), *accounts_of("mia"))
WORKERS = 6
MOST_MOVES = 60  # at one case; after half of them people only go on
_FIRST, _ALL = asyncio.FIRST_COMPLETED, asyncio.ALL_COMPLETED
GRACE = 0.2 * 60  # seconds of the program's clock between an act and its answer
ROLES = {"ana": ["agent"], "bo": ["agent", "approver"], "mia": ["manager", "admin"], "kim": ["agent"]}


@dataclass
class Job:
    """A mention, and how far people have come with it."""

    post: Words
    case: int = 0
    moves: int = 0
    texts: list[str] = field(default_factory=list)
    is_over: bool = False


@dataclass
class Ledger:
    tries: list[Try] = field(default_factory=list)
    rights: list[tuple[float, float, frozenset[str]]] = field(default_factory=list)  # since, until, who had lost hers
    counts: Counter[str] = field(default_factory=Counter)

    def note(self, one: Try) -> None:
        self.tries.append(one)
        if one.ok is False:
            self.counts[f"refused: {one.verb}"] += 1


class Office:
    """All people, the networks, and the program that lives and dies between them."""

    def __init__(self, home: Path, at: Sites, chance: random.Random, replies: int, began: float) -> None:
        self.home, self.at, self.chance = home, at, chance
        self.jobs = [self._job(number, KINDS[number % len(KINDS)]) for number in range(replies)]
        self.ledger = Ledger()
        self.told: dict[str, Any] = {
            "url": at.url, "mail": [at.mailbox.port, at.smtp_port], "began": began, "roles": dict(ROLES),
            "is_linked": True, "signs_in": "care",
        }  # fmt: skip
        self.now = clock_since(began)
        self.is_dying = asyncio.Event()
        self.inside = 0  # what happens to the next reply that comes in: 1 and 2 as in Sites
        self.died_inside: Counter[int] = Counter()
        at.inside = self._fall_inside
        self._acts_left = self._step = 0
        self._keys = itertools.count(1)
        self._waiting = list(reversed(self.jobs))
        self._open: list[Job] = []
        self._write_told()

    @property
    def left(self) -> int:
        return sum(1 for one in self.jobs if not one.is_over)

    async def live(self, child: Child, acts: int = 0, step: int = 0) -> None:
        """One life of the program. After so many acts it is killed: at once (`step` 0), or inside the next reply that
        comes in, as in Sites. Without a number it ends when everything is done.
        """
        await child.start()
        self.is_dying.clear()
        self._acts_left, self._step = acts, step
        workers = [asyncio.create_task(self._work(child.port)) for _ in range(WORKERS)]
        dying = asyncio.create_task(self.is_dying.wait())
        await asyncio.wait([dying, *workers] if acts else workers, return_when=_FIRST if acts else _ALL)
        await child.kill()
        dying.cancel()
        for one in workers:
            one.cancel()
        for outcome in await asyncio.gather(*workers, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome
        self.inside = 0

    # People

    async def _work(self, port: int) -> None:
        chance, database = random.Random(self.chance.random()), _reading(self.home)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        line = Line(reader, writer, self._moment, self._note, self._new_key)
        job: Job | None = None
        try:
            while (job := self._next()) is not None:
                await self._move(line, chance, database, job)
                self._put_back(job)
                job = None
        except (ConnectionError, asyncio.IncompleteReadError, json.JSONDecodeError):
            pass
        finally:
            if job is not None:
                self._put_back(job)
            database.close()
            writer.close()

    def _next(self) -> Job | None:
        if self._waiting and len(self._open) < 3 * WORKERS:
            return self._waiting.pop()
        return self._open.pop(0) if self._open else (self._waiting.pop() if self._waiting else None)

    def _put_back(self, job: Job) -> None:
        if not job.is_over:
            self._open.append(job)

    async def _move(self, line: Line, chance: random.Random, database: sqlite3.Connection, job: Job) -> None:
        post = job.post
        found = database.execute(
            "select case_id from mentions m join sources s on s.id = m.source_id where s.name = ? and native_id = ?",
            (post.kind, post.id),
        ).fetchone()
        if found is None:
            await line.open(post)
            return
        job.case, job.moves = int(found[0]), job.moves + 1
        await self._act(line, chance, database, job)

    async def _act(self, line: Line, chance: random.Random, database: sqlite3.Connection, job: Job) -> None:
        row = database.execute(
            "select * from drafts where case_id = ? order by id desc limit 1", (job.case,)
        ).fetchone()
        state, digest = (row["state"], row["text_hash"][:16]) if row else ("", "")
        is_plain = job.moves > MOST_MOVES / 2
        if job.moves > MOST_MOVES or state == "sent" or (job.post.is_gone and state not in ("sending", "doubtful")):
            job.is_over = job.is_over or state != "sending"
            if job.is_over:
                return
        if state in ("", "rejected") or (state == "proposed" and chance.random() < 0.06):
            await self._write(line, chance, job)
        elif state == "proposed":
            await self._approve(line, chance, job, digest, is_plain=is_plain)
        elif state == "approved":
            await self._send(line, chance, job, row, is_plain=is_plain)
        elif state == "sending":
            await self._meddle(line, chance, job, digest, is_plain=is_plain)
        elif state == "doubtful":
            await self._look(line, job, row)

    async def _write(self, line: Line, chance: random.Random, job: Job) -> None:
        text = f"Reply {job.case}.{len(job.texts)}: we are sorry, {chance.getrandbits(40):x}."
        job.texts.append(text)
        await line.do(chance.choice(WRITERS), "draft", job.case, words=f"{job.case} {text}")

    async def _approve(self, line: Line, chance: random.Random, job: Job, digest: str, *, is_plain: bool) -> None:
        who, dice = chance.choice(APPROVERS), 1.0 if is_plain else chance.random()
        if dice < 0.05:  # not allowed to: an agent, or whoever wrote it by her other account
            who = chance.choice((*accounts_of("kim"), *NOA, *accounts_of("bo")))
        elif dice < 0.08:  # the button of another text
            digest = f"{chance.getrandbits(64):016x}"
        elif dice < 0.10:
            await line.do(who, "reject", job.case, words=f"{job.case} Another word, please.")
            return
        elif dice < 0.12:  # she approves what her colleague changes at this moment
            await asyncio.gather(self._write(line, chance, job), line.do(who, "approve", job.case, hash=digest))
            return
        if dice < 0.14 and job.moves < 4:
            who = NOA[1]
        await line.do(who, "approve", job.case, hash=digest)

    async def _send(self, line: Line, chance: random.Random, job: Job, row: sqlite3.Row, *, is_plain: bool) -> None:
        digest, dice = row["text_hash"][:16], 1.0 if is_plain else chance.random()
        if (row["error"] and not is_plain and chance.random() < 0.5) or (is_plain and row["error"]):
            await self._write(line, chance, job)  # it came back: another text, another yes
        elif dice < 0.02:
            await self._write(line, chance, job)
        elif dice < 0.03:
            await line.do(chance.choice(APPROVERS), "reject", job.case, words=f"{job.case} Not like this.")
        elif dice < 0.05 and job.post.kind != "email":
            job.post.text = f"{job.post.text} And now this {chance.getrandbits(24):x}."
            self.ledger.counts["posts edited"] += 1
            await line.do("slack:U3", "send", job.case, hash=digest)
        elif dice < 0.06 and job.post.kind != "email":
            job.post.is_gone = True
            self.ledger.counts["posts deleted"] += 1
            await line.do("slack:U3", "send", job.case, hash=digest)
        elif dice < 0.08:  # not hers, or an old button
            await line.do("discord:4", "send", job.case, hash=digest)
            await line.do("slack:U3", "send", job.case, hash=f"{chance.getrandbits(64):016x}")
        elif dice < 0.12:
            await asyncio.gather(*(line.do(who, "send", job.case, hash=digest) for who in APPROVERS))
        elif dice < 0.13:
            await self._take_rights_away(line, chance, job, digest)
        elif dice < 0.135:
            await self._sign_in_as(line, "help" if self.told["signs_in"] == "care" else "care")
            await line.do("slack:U3", "send", job.case, hash=digest)
        else:
            await line.do("discord:3", "send", job.case, hash=digest)
        if self.told["signs_in"] != "care" and chance.random() < 0.2:
            await self._sign_in_as(line, "care")

    async def _meddle(self, line: Line, chance: random.Random, job: Job, digest: str, *, is_plain: bool) -> None:
        dice = 1.0 if is_plain else chance.random()
        if dice < 0.02:
            await line.do("slack:U3", "send", job.case, hash=digest, then="back")
        elif dice < 0.04:
            await self._write(line, chance, job)
        elif dice < 0.06:
            await line.do("slack:U3", "send", job.case, hash=digest)
        elif dice < 0.07:
            await line.do("slack:U3", "reject", job.case, words=f"{job.case} Stop it.")
        else:
            await asyncio.sleep(0.03)
        if is_plain or dice > 0.07:
            job.moves -= 1  # to wait is no move

    async def _look(self, line: Line, job: Job, row: sqlite3.Row) -> None:
        """Nobody knows: she looks there, and says what she sees."""
        self.ledger.counts["decided by a person"] += 1
        digest = row["text_hash"][:16]
        stands = [one for one in self.at.standing(job.post.kind, job.post.id) if one.text == row["text"]]
        if stands:
            link = "" if job.post.kind == "email" else "https://example.org/it-is-there"
            await line.do("slack:U3", "sent", job.case, hash=digest, url=link)
        else:
            word = "absent" if job.post.is_gone or job.moves > MOST_MOVES / 2 else "again"
            await line.do("slack:U3", "send", job.case, hash=digest, then=f"{word}:{row['revision']}")

    async def _take_rights_away(self, line: Line, chance: random.Random, job: Job, digest: str) -> None:
        """At the moment of sending, whoever may approve or send loses that; a while later, or with the program's end,
        it is given back.
        """
        if self.told["roles"] != ROLES:
            return
        who = chance.choice(("bo", "mia"))
        self.told["roles"] = {**ROLES, who: ["agent"]}
        self.told["is_linked"] = not self.told["is_linked"]
        since = float("inf")
        try:
            sending = line.do("slack:U3" if who == "bo" else "slack:U2", "send", job.case, hash=digest)
            await asyncio.gather(sending, self._reload(line))
            since = self._moment()
            await asyncio.sleep(chance.uniform(0.0, 0.3))
        finally:
            self.told["roles"] = dict(ROLES)
            self._write_told()
            self.ledger.rights.append((since, self._moment(), frozenset({who})))
        await self._reload(line)

    async def _sign_in_as(self, line: Line, who: str) -> None:
        self.told["signs_in"] = who
        self.ledger.counts["accounts changed"] += 1
        await self._reload(line)

    async def _reload(self, line: Line) -> None:
        self._write_told()
        await line.ask({"reload": True})

    def _write_told(self) -> None:
        hidden = self.home / ".told.json"
        hidden.write_text(json.dumps(self.told))
        hidden.rename(self.home / "told.json")

    def _moment(self) -> float:
        return self.now().timestamp()

    def _note(self, one: Try) -> None:
        self.ledger.note(one)
        self._acts_left -= 1
        if self._acts_left == 0 and self._step:
            self.inside = self._step
            asyncio.get_running_loop().call_later(5, self.is_dying.set)  # if no reply comes in
        elif self._acts_left == 0:
            self.is_dying.set()

    def _new_key(self) -> str:
        return f"key-{next(self._keys)}"

    def _fall_inside(self) -> int:
        step, self.inside = self.inside, 0
        if step:
            self.died_inside[step] += 1
            asyncio.get_running_loop().call_later(0.002, self.is_dying.set)
        return step

    def _job(self, number: int, kind: str) -> Job:
        words = " ".join("".join(self.chance.choices("abcdefghijklmnopqrstuvwxyz", k=7)) for _ in range(10))
        return Job(self.at.write(kind, 1_000_000 + number, f"@heronair Heron is terrible, I am furious: {words}"))


def _reading(home: Path) -> sqlite3.Connection:
    """A read-only connection; it waits for the file at the very first start."""
    database = sqlite3.connect(f"file:{home / 'earshot.db'}?mode=ro", uri=True, isolation_level=None)
    database.row_factory = sqlite3.Row
    return database
