"""A team lives through real days in a few minutes: a file of dated texts, a virtual clock, the program, four people.

    python bench/replay.py FILE.csv --brands United Southwest --zone America/Los_Angeles [--serve 8790]

The file needs the columns id, text, brand, author and created_at (with an offset). The first brand is the team's own,
the others are competitors. Every five virtual minutes: what was written meanwhile is taken in, the jobs run, the people
on shift claim, draft, approve, send and resolve, and all is delivered to the page. Printed at the end: the storms
that were found, the last briefings as they stood in the channel, the week's summary, and how it adds up.
--serve shows the page afterwards, with the clock where the file ended.
"""

import argparse
import asyncio
import csv
import random
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from aiohttp import web

from bot.app import App
from bot.scheduler import find_jobs
from bot.settings import for_demo, read_environment
from bot.web import build_web
from handlers.cards import Screen
from handlers.context import Context
from handlers.dispatch import dispatch, load_commands
from handlers.intake import take_in
from handlers.messages import draw
from handlers.ports import Page
from handlers.requests import Reply, Request
from handlers.rules.policy import Brand, Member, Policy, Route, SourceEntry
from handlers.weighing import weigh
from storage.store import Store
from storage.types import Priority, RawMention, Role, Status, to_text

STEP = timedelta(minutes=5)
SHIFT = range(7, 21)  # hours of the local day in which people work
BUSY = timedelta(minutes=20)  # with one case
TEAM = (
    Member("ana", "Ana"),
    Member("bo", "Bo", (Role.AGENT, Role.APPROVER)),
    Member("kim", "Kim"),
    Member("mia", "Mia", (Role.MANAGER, Role.APPROVER, Role.ADMIN)),
)


@dataclass
class Life:
    """The program and its people. `now` stands where the replay has come to."""

    policy: Policy
    now: datetime
    folder: Path
    chance: random.Random = field(default_factory=lambda: random.Random(4))
    next: dict[str, datetime] = field(default_factory=dict)  # when each job runs again
    jobs: Sequence[object] = field(default_factory=find_jobs)

    def __post_init__(self) -> None:
        load_commands()
        environment = for_demo(read_environment(self.folder / ".env", {"EARSHOT_DATA": str(self.folder)}), 0)
        environment.database.parent.mkdir(parents=True, exist_ok=True)
        self.app = App(environment, self.policy, config_path=None, now=lambda: self.now)

    def context(self, store: Store) -> Context:
        return Context(store, self.app.brain, self.now)

    async def take(self, items: Sequence[RawMention]) -> None:
        page = weigh(self.app.brain, self.policy.sources[0], Page(tuple(items), None))
        await self.app.bridge.write(lambda store: take_in(self.context(store), page))

    async def tick(self) -> None:
        """Every job whose time has come."""
        due = [job for job in self.jobs if self.now >= self.next.get(job.__name__, self.now)]
        self.next |= {job.__name__: self.now + timedelta(seconds=job.EVERY) for job in due}
        await self.app.bridge.write(lambda store: [_run(store, self.context(store), job) for job in due])

    async def do(self, who: str, verb: str, words: str = "", **values: str) -> Reply:
        request = Request(self.policy.member(who), verb, words, values)
        return await self.app.bridge.write(lambda store: dispatch(self.context(store), request))

    async def work(self) -> None:
        """What each person on shift does: bring the case that she has to its end, or take the next one."""
        if self.now.astimezone(ZoneInfo(self.policy.timezone)).hour not in SHIFT:
            return
        for who in (member.name for member in self.policy.members if Role.AGENT in member.roles):
            mine = await self.app.bridge.read(lambda store, who=who: store.cases.claimed_by(who))
            waiting = [case for case in mine if case.status is Status.CLAIMED]
            if not waiting:
                best = await self.app.bridge.read(
                    lambda store: store.cases.best("unclaimed", member="", now=self.now, limit=1)
                )
                if best:
                    await self.do(who, "claim", str(best[0].id))
                continue
            case = waiting[-1]
            if self.now - (case.claimed_at or self.now) < BUSY * self.chance.uniform(0.3, 2.5):
                continue
            dice = self.chance.random()
            if dice < 0.15:
                await self.do(who, "irrelevant", str(case.id))
                continue
            if dice < 0.8:
                await self.do(who, "draft", f"{case.id} We are sorry, and look into it now.")
                await self.do("mia" if who == "bo" else "bo", "approve", str(case.id))
                await self.do(who, "sent", f"{case.id} https://social.example/reply/{case.id}")
            reason = self.chance.choice(("fixed", "replied", "replied")) if dice < 0.8 else "no action"
            await self.do(who, "resolve", f"{case.id} {reason}")


def _run(store: Store, ctx: Context, job: object) -> None:
    with store.transaction():
        job.run(ctx)  # type: ignore[attr-defined]


def read(path: Path, brands: Sequence[str]) -> list[RawMention]:
    """The rows of the brands, oldest first."""
    with path.open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["brand"] in brands]
    return sorted(
        (
            RawMention(
                native_id=row["id"],
                text=row["text"],
                author=row["author"],
                url=f"https://social.example/{row['id']}",
                shares=int(row.get("retweet_count") or 0),
                published_at=datetime.fromisoformat(_iso(row["created_at"])).astimezone(UTC),
            )
            for row in rows
        ),
        key=lambda item: to_text(item.published_at) if item.published_at else "",
    )


def _iso(told: str) -> str:
    """2015-02-16 23:48:48 -0800 as fromisoformat wants it."""
    day, clock, offset = told.split()
    return f"{day}T{clock}{offset[:3]}:{offset[3:]}"


def policy(brands: Sequence[str], zone: str) -> Policy:
    return Policy(
        brands=tuple(
            Brand(name, {"names": f"{name.lower()} OR {name.lower()}air"}, is_competitor=name != brands[0])
            for name in brands
        ),
        sources=(SourceEntry("social", "file"),),
        routes=(
            Route("local:#care", brands=(brands[0],)),
            Route("local:#urgent", brands=(brands[0],), min_priority=Priority.URGENT),
        ),
        members=TEAM,
        team=f"{brands[0]} care",
        timezone=zone,
        escalate_to="local:#urgent",
    )


def printed(screen: Screen) -> Iterator[str]:
    """A screen as lines of text; customers' words are left out."""
    yield f"== {screen.title}"
    if screen.intro:
        yield screen.intro
    for row in screen.rows:
        quote = f' "({len(row.quote.words)} characters of a customer)"' if row.quote else ""
        acts = f"  [{'] ['.join(button.label for button in row.buttons)}]" if row.buttons else ""
        yield f"  {row.heading}{quote}" + (f" · {' · '.join(row.facts)}" if row.facts else "") + acts
    if screen.outro:
        yield screen.outro
    if screen.chart:
        yield f"(picture) {screen.chart.alt}"
    if screen.buttons:
        yield f"[{'] ['.join(button.label for button in screen.buttons)}]"


async def replay(life: Life, items: list[RawMention], end: datetime) -> None:
    at = 0
    while life.now < end:
        life.now += STEP
        first = at
        while at < len(items) and (items[at].published_at or life.now) <= life.now:
            at += 1
        if at > first:
            await life.take(items[first:at])
        await life.tick()
        await life.work()
        await life.app.deliverer.do_all()


async def tell(life: Life) -> None:
    def drawn(store: Store) -> list[str]:
        rows = store.engine.rows("select * from deliveries where action = 'post' order by id")
        told = []
        for row in rows:
            if row["subject"].startswith(("storm:", "alarm:", "briefing:", "digest:")):
                drawing = draw(life.context(store), row["subject"], row["body"])
                told.append(f"\n{row['created_at'][:16]} {row['chat']}:{row['channel']} {row['subject']}")
                told += printed(drawing) if isinstance(drawing, Screen) else [str(drawing)]
        return told

    print("\n".join(await life.app.bridge.read(drawn)))
    for line in ("week", "week by:person", "yesterday"):
        reply = await life.do("mia", "summary", line)
        print("\n$ /earshot summary", line)
        print("\n".join(printed(reply.screen)) if reply.screen else reply.words)

    def sums(store: Store) -> str:
        one = store.engine.value
        stored, cases = one("select count(*) from mentions"), one("select count(*) from cases")
        cards = one("select count(distinct subject) from deliveries where subject like 'case:%' and action = 'post'")
        lines = one("select count(distinct case_id) from digest_cases")
        return f"\n{stored} mentions, {cases} cases; {cards} with a card of their own, {lines} in a digest"

    print(await life.app.bridge.read(sums))


@asynccontextmanager
async def page(life: Life, port: int = 0) -> AsyncIterator[str]:
    """The address of the page, with the clock going on from where the file ended."""
    began, ended = time.monotonic(), life.now
    app = life.app

    def now() -> datetime:
        return ended + timedelta(seconds=time.monotonic() - began)

    site = build_web(app, mode="demo", secret="", bell=app.bell, registry=app.registry, now=now)
    runner = web.AppRunner(site, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    life.app.deliverer.ring()
    delivering = asyncio.create_task(_deliver(life, now))
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    delivering.cancel()
    await runner.cleanup()


async def _deliver(life: Life, now: Callable[[], datetime]) -> None:
    while True:
        life.now = now()
        await life.app.deliverer.do_all()
        await asyncio.sleep(0.2)


async def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("file", type=Path)
    arguments.add_argument("--brands", nargs="+", required=True)
    arguments.add_argument("--zone", default="UTC")
    arguments.add_argument("--serve", type=int, metavar="PORT")
    told = arguments.parse_args()
    items = read(told.file, told.brands)
    with tempfile.TemporaryDirectory() as folder:
        zone = ZoneInfo(told.zone)
        first = (items[0].published_at or datetime.now(UTC)).astimezone(zone).replace(hour=0, minute=0, second=0)
        life = Life(policy(told.brands, told.zone), first.replace(microsecond=0).astimezone(UTC), Path(folder))
        await life.app.bridge.start()
        await life.app.bridge.write(lambda store: store.engine.run("pragma synchronous = off"))  # no disk is measured
        for line in ("daily 08:30 #leadership", "weekly monday 08:30 #leadership"):
            print((await life.do("mia", "briefing", f"add {line} {told.zone}")).words)
        began = time.monotonic()
        await replay(life, items, (items[-1].published_at or life.now) + timedelta(hours=1))
        print(f"{len(items)} mentions over {(life.now - first).days} days in {time.monotonic() - began:.0f} s")
        await tell(life)
        if told.serve:
            async with page(life, told.serve) as url:
                print(f"{url}/c/care until Ctrl-C", flush=True)
                await asyncio.Event().wait()
        await life.app.stop()


if __name__ == "__main__":
    asyncio.run(main())
