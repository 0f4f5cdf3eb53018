"""All sources at once, with their servers killed and started again under them, and the program as well.

    python bench/together.py [--minutes 10] [--seed 1] [--quick] [--calm] [--only x,bsky,…]

The whole program runs as a process of its own, with a source of each kind, against servers on loopback that keep what
they hold. Before each stands a gate, which is shut at random for 5 to 40 s (some refuse, some hang, some at once) and
loses an answer now and then, most often that to a reply. Meanwhile people write everywhere, edit and delete; the team
claims, drafts, approves and sends on the page; the program is stopped once and killed (SIGKILL) once. In the end all is
up, nothing new is written, every mention is asked for again, and then it is counted, from what the servers hold and
from the database alone:

- every item that a server holds is stored once, with its newest words, also on its card; of what was deleted no word is
  left, in no table and not in the bytes of the file;
- every reply that counts as sent stands once, under its mention, letter for letter; none else stands anywhere;
- what X has billed is never more than what is counted (and the same with --calm, when nothing is killed);
- no mail was marked as read.

Latency is from the moment at which an item is there to be read until its card stands in the local chat, of items that
were written while their server and the program had been up for a while. Exit status 1 if anything is wrong.
"""

import argparse
import asyncio
import faulthandler
import json
import os
import random
import re
import signal
import sqlite3
import statistics
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT)]

import aiohttp  # noqa: E402
from gates import Gate, free_port  # noqa: E402
from servers import OPENED, Item, Server, all_servers, now  # noqa: E402

from storage.types import to_text  # noqa: E402

PROGRAM = "--program"
PATIENCE = 10.0  # seconds for a stop; whoever runs containers kills them then
KINDS = (*OPENED, "hook", "file")
EVERY = {"mail": 10, "imap": 10, "bsky": 10, "mast": 10, "so": 10}  # seconds; 5 for the others
MARKER = re.compile(r"kettle-([a-z]+)-(\d{6})-v(\d+)")
CONFIG = """
team = "Aurelia"

[[brands]]
name = "Aurelia"
reply_as = "@aurelia"
[brands.queries]
names = "aurelia"

[[routes]]
channel = "local:#alerts"
min_priority = "low"

[thresholds]
case_from = "low"

[storms]
false_alarms = 0
most_cards = 100000

[[members]]
name = "ana"

[[members]]
name = "bo"
roles = ["agent", "approver"]

[[members]]
name = "mia"
roles = ["manager", "admin"]
"""
WORDS = """
    suitcase refund voucher seat gate luggage crew delay ticket lounge website card phone queue meal blanket visa
    boarding upgrade invoice pet wheelchair stroller connection weather strike window aisle coffee toilet captain bridge
    bus train hotel taxi form letter promise apology price tax fee email password account number bonus miles status desk
    lamp cable bulb switch socket shade battery remote manual shop parcel courier garage kitchen ladder ceiling
""".split()  # noqa: SIM905


# The program, in a process of its own


def run_program(home: Path) -> None:
    """As `earshot run`, but for the demo's sign-in; what is to be asked for again is looked for every two seconds."""
    from bot import app, log, serving, sweep  # noqa: PLC0415
    from bot.policy_file import read_policy  # noqa: PLC0415
    from bot.registry import settings  # noqa: PLC0415
    from bot.settings import read_environment  # noqa: PLC0415

    class BenchApp(app.App):
        async def start(self) -> None:
            self.deliverer.most_posts = 1_000_000
            await super().start()

    def tell_all(*_: object) -> None:
        faulthandler.dump_traceback(all_threads=True)
        for task in asyncio.all_tasks():
            task.print_stack()

    serving.App = BenchApp  # type: ignore[misc]
    signal.signal(signal.SIGUSR1, tell_all)
    sweep._PACE = timedelta(seconds=2)
    log.set_up("info")
    environment = read_environment(home / ".env")
    policy = read_policy(home / "earshot.toml", settings())
    say = lambda line: print(line, flush=True)  # noqa: E731
    asyncio.run(serving.serve(environment, policy, mode="demo", config_path=home / "earshot.toml", say=say))


@dataclass
class Program:
    home: Path
    port: int
    process: asyncio.subprocess.Process | None = None
    outages: list[tuple[float, float]] = field(default_factory=list)
    kills: int = 0
    wrong: list[str] = field(default_factory=list)

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            __file__,
            PROGRAM,
            str(self.home),
            cwd=self.home,
            stdout=asyncio.subprocess.PIPE,
            stderr=(self.home / "program.log").open("ab"),
            env=dict(os.environ, EARSHOT_PORT=str(self.port)),
        )
        assert self.process.stdout is not None
        line = await asyncio.wait_for(self.process.stdout.readline(), 60)
        assert line.startswith(b"Open"), (line, (self.home / "program.log").read_text()[-3000:])

    async def stop(self, *, kills: bool = False) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL if kills else signal.SIGTERM)
        self.kills += kills
        for seconds in (PATIENCE, 120.0):
            with suppress(TimeoutError):
                await asyncio.wait_for(self.process.wait(), seconds)
                return
            self.process.send_signal(signal.SIGUSR1)  # its log then has what every thread and task is at

    async def restart(self, *, kills: bool) -> None:
        began = time.time()
        await self.stop(kills=kills)
        ended = time.time()
        await self.start()
        self.outages.append((began, time.time()))
        how = "killed" if kills else f"stopped in {ended - began:.1f} s"
        print(f"the program was {how}, and started in {time.time() - ended:.1f} s", flush=True)
        if ended - began > PATIENCE:
            self.wrong.append(f"it took {ended - began:.1f} s to stop the program")


# The database, read beside the program


class Book:
    """Its reads and writes are short, and never on the event loop: the servers answer there."""

    def __init__(self, path: Path) -> None:
        self.path = path

    async def rows(self, sql: str, *params: Any) -> list[tuple[Any, ...]]:
        return await asyncio.to_thread(self.rows_now, sql, *params)

    async def value(self, sql: str, *params: Any) -> Any:
        return (await self.rows(sql, *params))[0][0]

    async def do(self, sql: str) -> None:
        await asyncio.to_thread(self._do, sql)

    def rows_now(self, sql: str, *params: Any) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=5)) as conn:
            return conn.execute(sql, params).fetchall()

    def _do(self, sql: str) -> None:
        with closing(sqlite3.connect(self.path, timeout=5)) as conn, conn:
            conn.execute(sql)


def moment(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


# The team


@dataclass
class Person:
    """Somebody at the page. What she presses she presses again until she is answered; it counts once."""

    url: str
    name: str
    session: aiohttp.ClientSession
    token: str = ""
    keys: int = 0

    async def say(self, line: str) -> dict[str, Any]:
        self.keys += 1
        body = {"channel": "#alerts", "key": f"{self.name}-bench-{self.keys:06d}", "line": line}
        while True:
            with suppress(aiohttp.ClientError, TimeoutError, OSError):
                if not self.token:
                    await self._come_in()
                headers = {"X-Earshot-Token": self.token}
                async with self.session.post(f"{self.url}/line", json=body, headers=headers) as answer:
                    if answer.status == 200:
                        return dict(await answer.json())
                self.token = ""
            await asyncio.sleep(0.5)

    async def _come_in(self) -> None:
        token = await self._page()
        fields = {"token": token, "member": self.name, "channel": "alerts"}
        async with self.session.post(f"{self.url}/be", data=fields):
            pass
        self.token = await self._page()

    async def _page(self) -> str:
        async with self.session.get(self.url, headers={"Accept": "text/html"}) as answer:
            found = re.search(r'data-token="([0-9a-f]+)"', await answer.text())
            return found[1] if found else ""


# The show


@dataclass
class Show:
    servers: list[Server]
    program: Program
    page: Gate
    book: Book
    chance: random.Random
    seconds: float
    is_calm: bool
    people: list[Person]
    warm: float  # seconds for which all must have been up before an item counts for the latency
    began: float = field(default_factory=time.time)
    number: int = 0
    wrong: list[str] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    restarts: list[asyncio.Task[None]] = field(default_factory=list)

    def words(self, server: Server, number: int, version: int) -> str:
        chosen = " ".join(self.chance.sample(WORDS, 14))
        return f"Awful aurelia kettle-{server.kind}-{number:06d}-v{version} broke: {chosen}"

    def passed(self) -> float:
        return (time.time() - self.began) / self.seconds

    # Those who write

    async def write_all(self, pause: float) -> None:
        async with asyncio.TaskGroup() as group:
            for server in self.servers:
                group.create_task(self._write_at(server, pause))

    async def _write_at(self, server: Server, pause: float) -> None:
        while self.passed() < 1:
            await asyncio.sleep(self.chance.expovariate(1 / pause))
            for _ in range(1 if self.chance.random() < 0.9 else 6):  # now and then many at once
                await self._write(server)
            if server.can_edit and self.chance.random() < 0.2:
                await self._edit(server)
            if server.can_delete and self.chance.random() < 0.15:
                await self._delete(server)

    async def _write(self, server: Server) -> None:
        self.number += 1
        number = self.number
        item = await server.write(self.words(server, number, 1))
        item.marker = f"kettle-{server.kind}-{number:06d}"
        server.items.append(item)

    def _choose(self, server: Server) -> Item | None:
        """Some of the newest, so that not all were seen."""
        there = [one for one in server.items if not one.is_deleted]
        return self.chance.choice(there[-3:] if self.chance.random() < 0.4 else there) if there else None

    async def _edit(self, server: Server) -> None:
        if item := self._choose(server):
            item.version += 1
            item.edited_at = time.time()
            await server.edit(item, self.words(server, int(item.marker.rpartition("-")[2]), item.version))

    async def _delete(self, server: Server) -> None:
        if (item := self._choose(server)) and not item.is_kept:
            item.is_deleted = True
            await server.delete(item)

    # What breaks

    async def break_things(self, shortest: float, longest: float, pause: float) -> None:
        gates = [gate for server in self.servers for gate in server.gates() if gate.port]
        for gate in gates:
            gate.is_lossy = True
        await asyncio.sleep(min(45, self.seconds / 5))
        while self.passed() < 0.8:
            many = self.chance.randint(2, min(5, len(gates))) if self.chance.random() < 0.25 and len(gates) > 1 else 1
            least = min(gate.kills for gate in gates)
            chosen = [gate for gate in gates if gate.is_up and gate.kills <= least + 2]
            for gate in self.chance.sample(chosen, min(many, len(chosen))):
                length = self.chance.uniform(shortest, longest)
                self.restarts.append(asyncio.create_task(self._break(gate, length)))
            await asyncio.sleep(self.chance.expovariate(1 / pause))
        await asyncio.gather(*self.restarts)
        for gate in gates:
            gate.is_lossy = False

    async def _break(self, gate: Gate, length: float) -> None:
        await gate.kill(hangs=self.chance.random() < 0.3)
        await asyncio.sleep(length)
        await gate.restart()

    async def restart_program(self) -> None:
        for share, kills in ((0.35, False), (0.6, True)):
            await asyncio.sleep(max(0.0, self.began + share * self.seconds - time.time()))
            await self.program.restart(kills=kills)

    async def ask_again(self) -> None:
        """Now and then some of what is stored is asked for again, also of servers that are down."""
        while self.passed() < 0.9:
            await asyncio.sleep(15)
            with suppress(sqlite3.OperationalError):
                await self.book.do("update verifications set due_at = '2026' where abs(random()) % 4 = 0")

    # The team

    async def answer(self, server: Server, count: int) -> None:
        for number in range(count):
            await asyncio.sleep(max(0.0, self.began + self.seconds * 0.85 * (number + 1) / count - time.time()))
            if case := await self._case_to_answer(server):
                await self._answer(server, number, case)

    async def _case_to_answer(self, server: Server) -> int | None:
        there = [one for one in server.items if one.is_answerable and not one.is_deleted and not one.is_asked]
        self.chance.shuffle(there)
        for item in there[:20]:
            found = await self.book.rows(
                "select m.case_id from mentions m join cases c on c.mention_id = m.id where m.text like ?",
                f"%{item.marker}-%",
            )
            if found and found[0][0]:
                item.is_asked = True
                return int(found[0][0])
        return None

    async def _answer(self, server: Server, number: int, case: int) -> None:
        ana, bo, _ = self.people
        words = " ".join(self.chance.sample(WORDS, 6))
        text = f"Sorry about that & thank you, “{server.kind}” {number:03d}: größer {words}."
        for person, line in (
            (ana, f"claim {case}"),
            (ana, f"draft {case} {text}"),
            (bo, f"approve {case}"),
            (ana, f"send {case}"),
        ):
            told = await person.say(line)
            if told["is_error"]:
                self.refused[f"{line.split()[0]}: {re.sub('[0-9]+', 'N', told['words'])[:90]}"] += 1
                return

    async def status(self, when: str) -> None:
        told = await self.people[2].say("status")
        html = re.sub(r"<(?:/p|/li|/h\d|br|/div|/section|/article)[^>]*>", "\n", told["answer"])
        text = unescape(re.sub(r"<[^>]+>", " ", html))
        lines = [" ".join(line.split()) for line in text.splitlines()]
        print(f"\n--- status {when}")
        for line in lines:
            if line and not line.startswith(("Share", "Team")):
                print(f"    {line[:150]}")

    # Until it is quiet

    async def settle(self, seconds: float) -> None:
        """Until every source reads well, what is there is stored, and nothing waits to be posted."""
        deadline, stored, since = time.time() + seconds, -1, time.time()
        while time.time() < deadline:
            await asyncio.sleep(1)
            busy = await self._busy()
            count = await self.book.value("select count(*) from mentions")
            if count != stored or busy:
                stored, since = count, time.time()
            if time.time() - since > 15:
                return
        print(f"still busy after {seconds:g} s: {await self._busy()}")

    async def _busy(self) -> list[str]:
        bad = await self.book.rows(
            "select s.name, c.query, c.status, c.error from cursors c join sources s on s.id = c.source_id"
            " where c.is_planned and c.status not in ('ok', 'new')"
        )
        told = [f"{name} {query[:30]} {status}: {error[:80]}" for name, query, status, error in bad]
        if waiting := await self.book.value("select count(*) from deliveries where state in ('pending', 'sending')"):
            told.append(f"{waiting} deliveries")
        soon, just_now = to_text(now() + timedelta(minutes=2)), to_text(now() - timedelta(seconds=80))
        if on_their_way := await self.book.value(
            "select count(*) from drafts where state = 'sending' and not_before < ?"
            " and (attempted_at is null or attempted_at > ?)",  # later nobody is likely to find out
            soon,
            just_now,
        ):
            told.append(f"{on_their_way} replies")
        return told

    async def verify_all(self) -> None:
        await self.book.do("update verifications set due_at = '2026'")
        deadline = time.time() + 120
        while left := await self.book.value("select count(*) from verifications where due_at <= '2026'"):
            if time.time() > deadline:
                who = await self.book.rows(
                    "select s.name, count(*) from verifications v join sources s on s.id = v.source_id"
                    " where due_at <= '2026' group by 1"
                )
                self.wrong.append(f"{left} mentions were not asked for again: {who}")
                return
            await asyncio.sleep(0.5)
        print("every mention was asked for again")


# What came of it


@dataclass
class Row:
    published: int = 0
    edited: int = 0
    deleted: int = 0
    once: int = 0
    missing: int = 0
    doubled: int = 0
    honoured: int = 0
    sent: int = 0
    sent_twice: int = 0
    doubtful: int = 0
    unsent: int = 0
    kills: int = 0
    lost: int = 0


class Audit:
    def __init__(self, show: Show) -> None:
        self.show = show
        self.book = show.book
        self.wrong = show.wrong
        self.table: dict[str, Row] = {server.kind: Row() for server in show.servers}

    async def run(self) -> None:
        stored: dict[str, list[int]] = defaultdict(list)
        for text, title in self.book.rows_now("select text, title from mentions"):
            for kind, number, version in MARKER.findall(f"{title} {text}")[:1]:
                stored[f"kettle-{kind}-{number}"].append(int(version))
        cards = self._cards()
        everything = self._everything()
        for server in self.show.servers:
            row = self.table[server.kind]
            row.kills = sum(gate.kills for gate in server.gates())
            row.lost = sum(gate.lost for gate in server.gates())
            held = await self._held(server)
            self._items(server, row, held, stored, cards, everything)
            if server.can_reply:
                await self._replies(server, row)
            self.wrong += [f"{server.kind}: {told}" for told in await server.audit()]

    async def _held(self, server: Server) -> dict[str, int]:
        found = [MARKER.search(words) for words in await server.held()]
        held = {f"kettle-{one[1]}-{one[2]}": int(one[3]) for one in found if one}
        there = {one.marker for one in server.items if not one.is_deleted}
        if set(held) != there:
            odd = sorted(set(held) ^ there)
            self.wrong.append(f"{server.kind}: the bench itself is wrong about {len(odd)} items, such as {odd[:3]}")
        return held

    def _items(
        self,
        server: Server,
        row: Row,
        held: dict[str, int],
        stored: dict[str, list[int]],
        cards: dict[str, set[int]],
        everything: dict[str, list[str]],
    ) -> None:
        row.published = len(server.items)
        row.edited = sum(one.version > 1 for one in server.items)
        for item in server.items:
            versions = stored.get(item.marker, [])
            if item.is_deleted:
                row.deleted += 1
                left = everything.get(item.marker, [])
                row.honoured += not left
                if left:
                    self.wrong.append(f"{item.marker} was deleted and is left in {sorted(set(left))}")
                continue
            row.once += len(versions) == 1
            row.missing += not versions
            row.doubled += len(versions) > 1
            if len(versions) != 1:
                self.wrong.append(f"{item.marker} is stored {len(versions)} times ({self._when(item)})")
            elif versions[0] != held.get(item.marker):
                self.wrong.append(f"{item.marker} has version {held.get(item.marker)}, stored is {versions[0]}")
            elif shown := cards.get(item.marker, set()) - {versions[0]}:
                self.wrong.append(f"{item.marker} has version {versions[0]}, a card shows {sorted(shown)}")

    def _when(self, item: Item) -> str:
        edited = f", edited {item.edited_at - self.show.began:.0f} s" if item.edited_at else ""
        return f"written {item.at - self.show.began:.0f} s after the start{edited}"

    def _cards(self) -> dict[str, set[int]]:
        """The versions of each item that stand in the local chat now."""
        found: dict[str, set[int]] = defaultdict(set)
        for (body,) in self.book.rows_now("select body from local_messages"):
            for kind, number, version in MARKER.findall(body):
                found[f"kettle-{kind}-{number}"].add(int(version))
        return found

    def _everything(self) -> dict[str, list[str]]:
        """Where each marker stands: columns of every table, the search index, and the bytes of the file."""
        found: dict[str, list[str]] = defaultdict(list)

        def note(text: str, where: str) -> None:
            for kind, number, _ in MARKER.findall(text):
                found[f"kettle-{kind}-{number}"].append(where)

        tables = [name for (name,) in self.book.rows_now("select name from sqlite_master where type = 'table'")]
        for table in tables:
            columns = [row[1] for row in self.book.rows_now(f"pragma table_info('{table}')")]
            with suppress(sqlite3.OperationalError):
                for row in self.book.rows_now(f'select * from "{table}"'):
                    for column, value in zip(columns, row, strict=False):
                        if isinstance(value, str | bytes):
                            note(value if isinstance(value, str) else value.decode("latin-1"), f"{table}.{column}")
        for path in self.book.path.parent.rglob("*"):
            if path.is_file():
                note(path.read_bytes().decode("latin-1"), f"the bytes of {path.name}")
        return found

    async def _replies(self, server: Server, row: Row) -> None:
        stand = await server.replies()
        texts = Counter(one.text for one in stand)
        under = {one.text: one.parent for one in stand}
        parents = {one.marker: one for one in server.items}
        drafts = self.book.rows_now(
            "select d.id, d.state, d.text, d.attempted_at, m.text, d.error, d.approved_hash, d.text_hash"
            " from drafts d join cases c on c.id = d.case_id join mentions m on m.id = c.mention_id"
            " join sources s on s.id = m.source_id where s.name = ?",
            server.source,
        )
        known = set()
        for id_, state, text, attempted, words, error, approved, hash_ in drafts:
            known.add(text)
            there = texts[text]
            is_open = state == "doubtful" or (state == "sending" and attempted)
            row.doubtful += bool(is_open)
            row.sent += state == "sent"
            row.unsent += state not in ("sent", "doubtful") and not is_open
            row.sent_twice += there > 1
            if there > 1:
                self.wrong.append(f"{server.kind}: draft {id_} ({state}) stands {there} times")
            elif state == "sent" and there == 0:
                self.wrong.append(f"{server.kind}: draft {id_} counts as sent and does not stand there")
            elif state != "sent" and not is_open and there:
                self.wrong.append(f"{server.kind}: draft {id_} is {state} and stands there. {error}")
            if there and approved != hash_:
                self.wrong.append(f"{server.kind}: draft {id_} stands there and was not approved")
            marker = MARKER.search(words or "")
            item = parents.get(f"kettle-{marker[1]}-{marker[2]}") if marker else None
            if there and item is not None and under[text] not in item.parent_ids and not item.is_deleted:
                self.wrong.append(f"{server.kind}: draft {id_} stands under {under[text]}, not {item.parent_ids}")
        if strange := [text for text in texts if text not in known]:
            self.wrong.append(f"{server.kind}: {len(strange)} replies stand there that nobody wrote: {strange[:2]}")

    def money(self) -> None:
        x = next((one for one in self.show.servers if one.kind == "x"), None)
        if x is None:
            return
        counted = self.book.rows_now(
            "select coalesce(sum(money), 0), coalesce(sum(requests), 0) from costs c"
            " join sources s on s.id = c.source_id where s.name = 'x'"
        )[0]
        billed = sum(x.fake.bill.values())  # type: ignore[attr-defined]
        asked = len(x.fake.seen)  # type: ignore[attr-defined]
        print(
            f"\nX: counted ${counted[0] / 1e6:.4f} in {counted[1]} requests, billed ${billed / 1e6:.4f} for {asked};"
            f" {(counted[0] - billed) / 1e6:+.4f}"
        )
        if counted[0] < billed:
            self.wrong.append(f"X has billed ${billed / 1e6:.4f}, more than is counted (${counted[0] / 1e6:.4f})")
        elif self.show.is_calm and counted[0] != billed:
            self.wrong.append(f"nothing was killed, and X has billed ${billed / 1e6:.4f}, not ${counted[0] / 1e6:.4f}")

    def latencies(self) -> dict[str, list[float]]:
        rows = self.book.rows_now(
            "select m.text, m.title, min(l.posted_at) from mentions m join cases c on c.mention_id = m.id"
            " join local_messages l on l.key = (select d.key from deliveries d where d.subject = 'case:' || c.id"
            " and d.action = 'post' and d.chat = 'local' and d.channel = '#alerts') group by m.id"
        )
        posted = {
            f"kettle-{one[1]}-{one[2]}": moment(at) for text, title, at in rows if (one := MARKER.search(title + text))
        }
        told: dict[str, list[float]] = {}
        for server in self.show.servers:
            outages = [*self.show.program.outages, *(one for gate in server.gates() for one in gate.outages)]
            warm = self.show.warm
            told[server.kind] = [
                posted[item.marker] - item.at
                for item in server.items
                if item.marker in posted
                and not any(start < posted[item.marker] and item.at < end + warm for start, end in outages)
            ]
        return told

    def print(self) -> None:
        names = list(Row.__dataclass_fields__)
        heads = [name.replace("_", " ") for name in names]
        print("\n" + " ".join(["kind  ", *(f"{head:>9}" for head in heads)]))
        for kind, row in self.table.items():
            print(" ".join([f"{kind:6}", *(f"{getattr(row, name):9}" for name in names)]))
        total = [sum(getattr(row, name) for row in self.table.values()) for name in names]
        print(" ".join(["all   ", *(f"{number:9}" for number in total)]))
        print("\nfrom published to the card in the local chat, all being up:")
        for server, values in zip(self.show.servers, self.latencies().values(), strict=True):
            every = f", every {EVERY.get(server.kind, 5)} s" if "poll" in server.way else ""
            if len(values) > 1:
                low, high = statistics.median(values), statistics.quantiles(values, n=100, method="inclusive")[98]
                print(f"    {server.way + every:45} p50 {low:7.2f} s   p99 {high:7.2f} s   ({len(values)} items)")
            else:
                print(f"    {server.way + every:45} too few items")


# All of it


async def perform(arguments: argparse.Namespace, home: Path) -> bool:
    chance = random.Random(arguments.seed)
    kinds = arguments.only.split(",") if arguments.only else list(KINDS)
    program = Program(home, free_port(chance))
    page = Gate("page", program.port, free_port(chance), chance)
    async with all_servers(kinds, home, page, chance) as servers, aiohttp.ClientSession() as _:
        write_home(home, servers)
        if not any(server.gate is page for server in servers):
            await page.start()
        await program.start()
        book = Book(home / "data" / "earshot.db")
        sessions = [
            aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True), timeout=aiohttp.ClientTimeout(total=20))
            for _ in range(3)
        ]
        url = f"http://127.0.0.1:{program.port}"
        people = [Person(url, name, session) for name, session in zip(("ana", "bo", "mia"), sessions, strict=True)]
        seconds = 60.0 if arguments.quick else max(60.0, arguments.minutes * 60 - 60)
        warm = 8.0 if arguments.quick else 30.0
        show = Show(servers, program, page, book, chance, seconds, arguments.calm, people, warm)
        try:
            await asyncio.sleep(3)
            await play(show, is_quick=arguments.quick)
            await program.stop()
            audit = Audit(show)
            await audit.run()
            audit.money()
            audit.print()
        finally:
            for session in sessions:
                await session.close()
            if program.process is not None and program.process.returncode is None:
                program.process.kill()
                await program.process.wait()
    if show.refused:
        print("\nthe team was told:")
        for words, count in show.refused.most_common(10):
            print(f"    {count} x {words}")
    failures = unexpected(home / "program.log")
    show.wrong += [*program.wrong, *failures]
    print(f"\n{len(show.wrong)} things are wrong." if show.wrong else "\nNothing is wrong.")
    for told in show.wrong[:60]:
        print(f"    {told}")
    return not show.wrong


async def play(show: Show, *, is_quick: bool) -> None:
    await show.status("before")
    show.began = time.time()
    tasks = [asyncio.create_task(show.write_all(2.0 if is_quick else 3.0)), asyncio.create_task(show.ask_again())]
    tasks += [
        asyncio.create_task(show.answer(server, 8 if is_quick else 20)) for server in show.servers if server.can_reply
    ]
    if not show.is_calm:
        shortest, longest, pause = (3.0, 12.0, 4.0) if is_quick else (5.0, 40.0, 6.0)
        tasks.append(asyncio.create_task(show.break_things(shortest, longest, pause)))
        tasks.append(asyncio.create_task(show.restart_program()))
        await asyncio.sleep(show.seconds * 0.7)
        gates = [gate for server in show.servers for gate in server.gates() if gate.port]
        while all(gate.is_up for gate in gates) and show.passed() < 0.8:  # noqa: ASYNC110 - they do not tell
            await asyncio.sleep(0.2)
        await asyncio.sleep(2)
        await show.status("while some are down")
    await asyncio.gather(*tasks)
    for server in show.servers:
        await server.close()
    print(f"\n{show.number} items are written; now it has to become quiet")
    await show.settle(240)
    await show.verify_all()
    await show.settle(120)
    await show.status("after")


def write_home(home: Path, servers: Sequence[Server]) -> None:
    """`earshot.toml` and `.env`."""
    tables = [
        f'\n[[sources]]\nname = "{server.source}"\nkind = "{KIND_OF.get(server.kind, server.source)}"\n'
        + server.config()
        + "\n"
        + ("" if "every" in server.config() else f'every = "{EVERY.get(server.kind, 5)}s"\n')
        for server in servers
    ]
    (home / "earshot.toml").write_text(CONFIG + "".join(tables))
    secrets = {name: value for server in servers for name, value in server.secrets().items()}
    told = {
        "EARSHOT_DATA": str(home / "data"),
        "EARSHOT_CONFIG": str(home / "earshot.toml"),
        "EARSHOT_WEB_SECRET": "signs the cookies of the bench, long enough",
        **secrets,
    }
    path = home / ".env"
    path.write_text("".join(f'{name}="{value}"\n' for name, value in told.items()))
    path.chmod(0o600)


KIND_OF = {"mail": "email", "imap": "email", "feed": "feed", "hook": "webhook", "file": "file"}


def unexpected(path: Path) -> list[str]:
    """Errors in the program's log; what servers do is a warning."""
    found: Counter[str] = Counter()
    for line in path.read_text("utf-8", "replace").splitlines():
        with suppress(ValueError):
            told = json.loads(line)
            if isinstance(told, dict) and told.get("level") in ("error", "critical", "ERROR", "CRITICAL"):
                found[f"{told.get('message')}: {str(told.get('error') or told.get('exception') or '')[-400:]}"] += 1
    return [f"the log has {count} x {words}" for words, count in found.most_common(8)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="about two minutes")
    parser.add_argument("--calm", action="store_true", help="nothing is killed and no answer lost")
    parser.add_argument("--only", default="", help=f"some of {','.join(KINDS)}")
    parser.add_argument("--keep", default="", help="a folder for the files, which stay")
    arguments = parser.parse_args()
    if arguments.keep:
        Path(arguments.keep).mkdir(parents=True)
        is_well = asyncio.run(perform(arguments, Path(arguments.keep)))
    else:
        with tempfile.TemporaryDirectory() as folder:
            is_well = asyncio.run(perform(arguments, Path(folder)))
    sys.exit(0 if is_well else 1)


if __name__ == "__main__":
    if sys.argv[1:2] == [PROGRAM]:
        run_program(Path(sys.argv[2]))
    else:
        main()
