"""How quickly Discord's people are answered, how soon one chat shows what was done in the other, and what cards cost.

    python bench/in_discord.py [--full] [--people 200] [--clicks 200] [--burst 12] [--cards 2000]

The whole program runs as a process of its own, between the strict fake Slack and the strict loopback Discord of the
tests, through the real clients. Each act is measured from the moment at which it was due:

- ack: until the chat had our answer (Discord gives up after 3,000 ms, Slack warns after as many),
- shown: from a click in one chat until the OTHER chat had the card's new drawing.

What is compared stands in one run: Discord's acks and acts a second with Slack's, on the same cards, at the same rate;
the bytes that a card of ours leaves in memory with those of the same card sent in the library's own way. The program
posts here without its pauses, so that there are cards soon; the burst is posted as it does for a team, one a second,
only without the outbox's limit of 30 a minute. `--full` takes about eight minutes.

(It is not called discord.py: that is the library's name, and the other files of this folder would find this one.)
"""

import argparse
import asyncio
import gc
import itertools
import json
import os
import random
import re
import resource
import statistics
import sys
import tempfile
import time
import tracemalloc
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT)]

import discord  # noqa: E402

from bot import app, registry, serving  # noqa: E402
from bot.chats.discord.chat import Discord, Keys  # noqa: E402
from bot.policy_file import read_policy  # noqa: E402
from bot.secret import Secret  # noqa: E402
from bot.settings import read_environment  # noqa: E402
from handlers.requests import Reply, Request  # noqa: E402
from storage.store import open_storage  # noqa: E402
from tests.bot.chats.gallery import card as card_of  # noqa: E402
from tests.bot.chats.slack.quiet import QuietDesk  # noqa: E402
from tests.discord.fake import FakeDiscord, discord_server  # noqa: E402
from tests.kit import POLICY  # noqa: E402
from tests.slack.fake import FakeSlack, fake_slack  # noqa: E402

CARDS = 20
AIM = 2_000.0  # milliseconds from a click in one chat to the card in the other
CONFIG = """
team = "Bench"
[[brands]]
name = "Heron Air"
queries = {{ names = "heron" }}
[[sources]]
name = "calls"
kind = "file"
folder = "{folder}"
every = "1s"
[storms]
false_alarms = 0
most_cards = 100000
[thresholds]
case_from = "low"
"""
ROUTE = """
[[routes]]
channel = "{chat}:#alerts"
min_priority = "low"
"""
MEMBER = """
[[members]]
name = "{name}"
{chat} = "{id}"
"""
WORDS = """
    suitcase refund voucher seat gate luggage crew delay ticket lounge website card phone queue meal blanket visa
    boarding upgrade invoice pet wheelchair stroller connection weather strike window aisle coffee toilet captain bridge
    bus train hotel taxi form letter promise apology price tax fee email password account number bonus miles status desk
""".split()  # noqa: SIM905
Answered = Callable[[], Awaitable[str]]  # an act; what the person saw in the place of an answer


class Hasty(app.App):
    """The program without its pauses between posts, or (EARSHOT_BENCH=paced) without its limit a minute alone."""

    async def start(self) -> None:
        self.deliverer.most_posts = 100_000
        for room in (self.slack, self.discord):
            if room is not None and os.environ["EARSHOT_BENCH"] == "hasty":
                room.chat.pace = 0.0
        await super().start()


def run_program() -> None:
    serving.App = Hasty  # type: ignore[misc]
    environment = read_environment(Path(os.devnull), dict(os.environ))
    policy = read_policy(environment.config, registry.settings())
    asyncio.run(serving.serve(environment, policy, mode="run", config_path=environment.config, say=lambda words: None))


@dataclass
class Case:
    """One case, as both chats show it."""

    number: int
    slack: Any
    discord: Any

    def card(self, chat: str) -> Any:
        return self.slack if chat == "slack" else self.discord


@dataclass
class Team:
    slack: FakeSlack
    discord: FakeDiscord
    home: Path
    people: Mapping[str, int]  # how many have an account in this chat alone
    cases: list[Case] = field(default_factory=list)
    count: int = 0  # of mentions

    def person(self, chat: str, number: int) -> Any:
        """The people of a chat by number, round and round."""
        fake: Any = self.slack if chat == "slack" else self.discord
        return fake.person(f"{chat[0]}{number % self.people[chat]}")

    def both(self, chat: str) -> Any:
        """The one who has an account in each."""
        fake: Any = self.slack if chat == "slack" else self.discord
        return fake.person("both")

    async def happen(self, count: int) -> None:
        """So many complaints come in, and have their cards in both chats."""
        marks = write_mentions(self.home / "calls", self.count, count)
        self.count += count
        async with asyncio.timeout(60 + count):
            while len(self.cards("slack")) < self.count or len(self.cards("discord")) < self.count:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        for mark in marks:
            (in_slack,), (in_discord,) = ([one for one in self.cards(chat) if mark in one.words] for chat in CHATS)
            found = re.search(r"#(\d+)", in_discord.words)
            assert found, in_discord.words
            self.cases.append(Case(int(found[1]), in_slack, in_discord))

    def cards(self, chat: str) -> list[Any]:
        if chat == "discord":
            return [one for one in self.discord.cards("#alerts") if one.buttons]
        return [one for one in self.slack.messages("#alerts") if one.buttons and not one.thread_ts]

    def told(self, chat: str, case: int) -> list[str]:
        """The winner's name in every "S7 claimed #3 …" that somebody reads."""
        fake: Any = self.slack if chat == "slack" else self.discord
        every = (one.words for number in range(self.people[chat]) for one in fake.ephemerals(f"{chat[0]}{number}"))
        return [found[1] for words in every if (found := re.search(rf"(\w+) claimed #{case}\b", words))]

    def value(self, sql: str) -> Any:
        store = open_storage(self.home / "data" / "earshot.db", read_only=True)
        try:
            return next(iter(store.engine.rows(sql)))[0]
        finally:
            store.close()


CHATS = ("slack", "discord")


def write_mentions(folder: Path, first: int, count: int) -> list[str]:
    """Complaints that no rule takes for copies of each other; a mark in each."""
    chance, now = random.Random(first), datetime.now(UTC).isoformat()
    lines, marks = [], [f"mark{first + number}x" for number in range(count)]
    for mark in marks:
        words = " ".join(chance.sample(WORDS, 9))
        told = {"id": mark, "text": f"heron is a disgrace, awful: {words} {mark}", "published_at": now}
        lines.append(json.dumps(told | {"author": f"a{mark}"}))
    hidden = folder / f".{first}"
    hidden.write_text("\n".join(lines) + "\n")
    hidden.rename(folder / f"{first}.jsonl")
    return marks


# How long an act takes until it is answered


async def acknowledgements(team: Team, count: int, every: float) -> None:
    """Acts of all kinds in turn, at a steady rate."""
    took: dict[str, list[float]] = {}
    lost: Counter[str] = Counter()
    tasks, started = [], time.monotonic()

    async def one(kind: str, act: Answered, due: float) -> None:
        error = await act()
        took.setdefault(kind, []).append(time.monotonic() - due)
        lost[kind] += bool(error)

    for number in range(count):
        case = team.cases[number % CARDS]
        kinds = kinds_of(team, case, number)
        for place, (kind, act) in enumerate(kinds.items()):
            due = started + (number * len(kinds) + place) * every
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            tasks.append(asyncio.create_task(one(kind, act, due)))
    await asyncio.gather(*tasks)
    print(f"time to acknowledgement, {1 / every:.0f} acts a second, compared with Slack's on the same cards:")
    for kind, seconds in took.items():
        print(f"  {kind:22} {spread(seconds)}   lost {lost[kind]} of {len(seconds)}")
    for what in ("button", "command"):
        ratio = at(took[f"{what} in discord"], 0.5) / at(took[f"{what} in slack"], 0.5)
        print(f"  discord / slack, {what}, p50: {ratio:.2f}", flush=True)


def kinds_of(team: Team, case: Case, number: int) -> Mapping[str, Answered]:
    ana, bo = team.person("discord", number), team.person("slack", number)

    async def press(chat: str) -> str:
        card = case.card(chat)
        label = "Claim" if "Claim" in card.buttons else "Release"
        return str((await team.both(chat).click(card, label)).error)

    async def opens() -> str:
        return str((await ana.slash("#alerts", "earshot note", case=case.number)).error)

    async def submits() -> str:
        with suppress(TimeoutError):
            async with asyncio.timeout(5):
                while ana.modal is None:  # noqa: ASYNC110 - it opens where another act is answered
                    await asyncio.sleep(0.001)
        if ana.modal is None:
            return "no form"
        return str((await ana.submit({"Note": f"She called back ({number})."})).error)

    return {
        "button in discord": lambda: press("discord"),
        "command in discord": lambda: said(ana.slash("#alerts", "earshot show", case=case.number)),
        "form opens in discord": opens,
        "button in slack": lambda: press("slack"),
        "command in slack": lambda: said(bo.command(f"/earshot show {case.number}", channel="#alerts")),
        "form sent in discord": submits,
    }


async def said(act: Awaitable[Any]) -> str:
    return str((await act).error)


# How many acts are answered in a second


async def throughput(team: Team, seconds: float, workers: int) -> None:
    rates = {}
    for chat in CHATS:
        for what in ("show", "claim or release"):
            rates[chat, what] = await together(team, chat, what, seconds, workers)
    print(f"acts a second, {workers} people who each wait for the answer to their last, both fakes on this machine:")
    for what in ("show", "claim or release"):
        ours, theirs = rates["discord", what], rates["slack", what]
        print(f"  /earshot {what:17} discord {ours:5.0f}, slack {theirs:5.0f}, ratio {ours / theirs:.2f}", flush=True)


async def together(team: Team, chat: str, what: str, seconds: float, workers: int) -> float:
    done, started = 0, time.monotonic()

    async def work(number: int) -> None:
        nonlocal done
        person, case = team.person(chat, number), team.cases[number % CARDS].number
        for turn in itertools.count():
            verb = what if what == "show" else ("claim", "release")[turn % 2]
            if time.monotonic() - started > seconds:
                return
            if chat == "slack":
                answer = await person.command(f"/earshot {verb} {case}", channel="#alerts")
            else:
                answer = await person.slash("#alerts", f"earshot {verb}", case=case)
            await answer.arrives()
            done += not answer.error

    await asyncio.gather(*(work(number) for number in range(workers)))
    return done / (time.monotonic() - started)


# From one chat to the other


async def across(team: Team, count: int, every: float, words: str) -> None:
    """Clicks in both chats in turn, on one card after the other."""
    shown: dict[str, list[float]] = {chat: [] for chat in CHATS}
    lost, tasks, started = Counter[str](), [], time.monotonic()

    async def one(here: str, case: Case, due: float) -> None:
        there = case.card(next(chat for chat in CHATS if chat != here))
        card, edits = case.card(here), there.edits
        label, wanted = ("Claim", "claimed by") if "Claim" in card.buttons else ("Release", "open")
        answer = await team.both(here).click(card, label)
        if not answer.error:
            with suppress(TimeoutError):
                async with asyncio.timeout(10):
                    while there.edits == edits or wanted not in there.words:  # noqa: ASYNC110 - as the chat sees it
                        await asyncio.sleep(0.005)
                shown[here].append(time.monotonic() - due)
                return
        lost[here] += 1

    for number in range(count):
        due = started + number * every
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        if len(tasks) >= CARDS:
            await tasks[len(tasks) - CARDS]  # the same card's last click
        here = CHATS[(number + number // CARDS) % 2]  # each card from both sides
        tasks.append(asyncio.create_task(one(here, team.cases[number % CARDS], due)))
    await asyncio.gather(*tasks)
    print(f"from a click in one chat to the card in the other, {1 / every:.1f} clicks a second, {words}:")
    for here, there in (CHATS, CHATS[::-1]):
        p99 = at(shown[here], 0.99)
        verdict = "met" if p99 < AIM and not lost[here] else "MISSED"
        print(
            f"  {here} to {there:8} {spread(shown[here])}   lost {lost[here]} of {len(shown[here]) + lost[here]}",
            end="",
        )
        print(f"   aim p99 < {AIM:,.0f} ms: {verdict}")
    print(f"  to discord / to slack, p50: {at(shown['slack'], 0.5) / at(shown['discord'], 0.5):.2f}", flush=True)


# Who wins


async def race(team: Team, case: Case) -> None:
    """Everybody presses Claim on one case at once, in both chats."""
    started = time.monotonic()
    done: dict[str, list[float]] = {chat: [] for chat in CHATS}

    async def claim(chat: str, number: int) -> str:
        answer = await team.person(chat, number).click(case.card(chat), "Claim")
        done[chat].append(time.monotonic() - started)
        return str(answer.error)

    people = sum(team.people.values())
    both = zip(range(people), itertools.cycle(CHATS))
    errors = await asyncio.gather(*(claim(chat, number // 2) for number, chat in both))
    with suppress(TimeoutError):
        async with asyncio.timeout(30):
            while len(told := told_in(team, case)) < people - 1:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    everybody = time.monotonic() - started
    with suppress(TimeoutError):
        async with asyncio.timeout(10):
            while not all("claimed by" in case.card(chat).words for chat in CHATS):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    claims = team.value(f"select count(*) from case_events where case_id = {case.number} and kind = 'claimed'")
    slowest = ", ".join(f"{chat} {max(done[chat]) * 1000:,.0f} ms" for chat in CHATS)
    winner = team.value(f"select assignee from cases where id = {case.number}")
    is_one = {name.lower() for name in told} == {winner} and claims == 1
    on_cards = [winner in case.card(chat).words.lower() for chat in CHATS]
    print(f"{people} people claim one case at once, half of them in each chat:")
    print(f"  acknowledged {sum(not error for error in errors)}, slowest ack: {slowest}")
    print(f"  claims in the store: {claims}; told who won: {len(told)} (aim {people - 1}), all name {winner}: {is_one}")
    print(
        f"  the last was told after {everybody * 1000:,.0f} ms; both cards show the winner: {all(on_cards)}", flush=True
    )


def told_in(team: Team, case: Case) -> list[str]:
    return [name for chat in CHATS for name in team.told(chat, case.number)]


# Many cards at once


async def burst(count: int) -> None:
    """Into one channel of Discord, with Discord's limits on."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        async with discord_server() as fake:
            fake.strict_rates = True
            fake.add_channel("alerts")
            ana = MEMBER.format(name="ana", chat="discord", id=fake.add_user("ana").id)
            prepare(home, CONFIG + ROUTE.format(chat="discord") + ana)
            async with program(home, keys_of(fake), "paced"):
                await fake.hub.is_ready(60)
                write_mentions(home / "calls", 0, count)
                started = time.monotonic()
                async with asyncio.timeout(60 + count * 2):
                    while len(fake.cards("#alerts")) < count:  # noqa: ASYNC110
                        await asyncio.sleep(0.05)
        moments = sorted(one.at for one in fake.posts)
        gaps = [after - before for before, after in itertools.pairwise(moments)]
        fastest = min(after - before for before, after in zip(moments, moments[5:], strict=False))
        limited = sum(one.status == 429 for one in fake.calls)
        print(f"a burst of {count} cards into one Discord channel (Discord takes 5 in 5 s; not held to 30 a minute):")
        print(f"  all stood after {time.monotonic() - started:.0f} s, each once: {len(moments) == count}")
        print(f"  shortest gap {min(gaps):.3f} s, fastest five {5 / fastest:.2f}/s; answers 429: {limited}", flush=True)


# What a card leaves in memory


class Quiet(QuietDesk):
    """A program that says yes to everything."""

    async def act(self, request: Request) -> Reply:
        return Reply("Done.")

    def commands(self) -> Sequence[Any]:
        return ()

    async def subject_at(self, chat: str, ref: str) -> str:
        return "case:1"  # so a claim is seen on the card, which is redrawn through the click

    async def remember(self, chat: str, people: Sequence[Any]) -> None: ...

    async def remembered(self, chat: str) -> Sequence[Any]:
        return ()

    async def carry(self, told: Mapping[str, str]) -> None: ...

    async def carried(self, key: str) -> str:
        return ""


async def keep_room(url: str, user: str) -> None:
    """A process with nothing but Discord's room: each line on its input is done, and answered with its memory."""
    policy = replace(POLICY, members=(replace(POLICY.members[0], discord=user),))
    room = Discord(Quiet(policy), Keys(Secret(os.environ["EARSHOT_DISCORD_TOKEN"]), url), app.utc_now, ready_after=0.1)
    room.chat.pace = 0.0
    room.start()
    async with asyncio.timeout(60):
        while not room.health()[0]:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    tracemalloc.start(1)
    number = 0
    while line := (await lines.readline()).decode().split():
        for number in range(number + 1, number + 1 + int(line[1]) if line[0] != "look" else number + 1):  # noqa: B020
            if line[0] == "post":
                await room.chat.post("#alerts", replace(card_of(), case=number), f"card:{number}", "")
            else:
                await send_as_the_library_does(room._client, int(line[2]))
        print(json.dumps(memory_of(room._client)), flush=True)
    await room.close()


async def send_as_the_library_does(client: discord.Client, channel: int) -> None:
    view = discord.ui.View(timeout=None)
    for label in ("Claim", "Assign to…", "Draft reply", "Resolve"):
        view.add_item(discord.ui.Button(label=label, custom_id=f"plain|{label}"))
    await client.get_partial_messageable(channel).send("A card", view=view)


def memory_of(client: Any) -> dict[str, int]:
    gc.collect()
    store = client._connection._view_store
    views = sum(len(one) for one in (store._views, store._synced_message_views, store._modals))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "bytes": tracemalloc.get_traced_memory()[0],
        "views": views,
        "peak": peak,
        "tasks": len(asyncio.all_tasks()),
    }


async def memory(count: int, clicks: int) -> None:
    async with discord_server() as fake:
        user, channel = fake.add_user("ana"), fake.add_channel("alerts")
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, __file__, "--room", fake.url, user.id),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=os.environ | keys_of(fake),
        )

        async def ask(line: str) -> dict[str, int]:
            assert child.stdin is not None
            assert child.stdout is not None
            child.stdin.write(f"{line}\n".encode())
            return dict(json.loads(await child.stdout.readline()))

        try:
            ana, plain = fake.person("ana"), count // 10
            await ask("post 200")  # what is kept for the latest few is there now
            before = await ask("look 0")
            posted = await ask(f"post {count}")
            cards = fake.cards("#alerts")[-clicks:]
            for card in cards:
                await ana.click(card, "Claim")
            clicked = await ask("look 0")
            theirs = await ask(f"plain {plain} {channel.id}")
        finally:
            child.terminate()
            await child.wait()

    def grown(after: Mapping[str, int], since: Mapping[str, int], by: int) -> float:
        return (after["bytes"] - since["bytes"]) / by

    print(
        f"memory of Discord's room alone after {count:,} posted cards, compared with {plain} in the library's own way:"
    )
    print(f"  a card {grown(posted, before, count):,.0f} bytes, views kept {posted['views']}, tasks {posted['tasks']}")
    print(f"  the library's own way {grown(theirs, clicked, plain):,.0f} bytes, views kept {theirs['views']}")
    print(f"  each of {clicks} cards that were clicked {grown(clicked, posted, clicks):,.0f} bytes more", end="")
    print(f"; at most {theirs['peak'] / 1024:.0f} MB in all", flush=True)


# All of it


def at(values: list[float], part: float) -> float:
    """In milliseconds."""
    return statistics.quantiles(values, n=1000, method="inclusive")[int(part * 1000) - 1] * 1000


def spread(seconds: list[float]) -> str:
    return f"p50 {at(seconds, 0.5):5.0f}  p99 {at(seconds, 0.99):5.0f}  max {max(seconds) * 1000:5.0f} ms"


def prepare(home: Path, text: str) -> None:
    (home / "calls").mkdir()
    (home / "earshot.toml").write_text(text.format(folder=home / "calls"))


def keys_of(fake: FakeDiscord) -> dict[str, str]:
    return {"EARSHOT_DISCORD_TOKEN": fake.token, "EARSHOT_DISCORD_API_URL": fake.url}


@asynccontextmanager
async def program(home: Path, keys: Mapping[str, str], pace: str) -> AsyncIterator[None]:
    variables = os.environ | {
        "EARSHOT_DATA": str(home / "data"),
        "EARSHOT_CONFIG": str(home / "earshot.toml"),
        "EARSHOT_PORT": "0",
        "EARSHOT_WEB_SECRET": "only for this bench, thirty-two characters",
        "EARSHOT_LOG": "error",
        "EARSHOT_BENCH": pace,
    }
    child = await asyncio.create_subprocess_exec(
        sys.executable, __file__, "--program", cwd=ROOT, env=variables | dict(keys)
    )
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            child.terminate()
        await child.wait()


@asynccontextmanager
async def both_chats(people: int) -> AsyncIterator[Team]:
    """The program between the two, and nobody has said anything yet."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        async with fake_slack() as slack, discord_server() as fake:
            fake.add_channel("alerts")
            names = [f"s{number}" for number in range(people // 2)]
            told = [MEMBER.format(name=name, chat="slack", id=slack.add_user(name).id) for name in names]
            told.append(MEMBER.format(name="both", chat="slack", id=slack.add_user("both").id))
            told.append(f'discord = "{fake.add_user("both").id}"\n')
            slack.add_channel("alerts", members=[*names, "both"])
            others = [f"d{number}" for number in range(people - people // 2)]
            told += [MEMBER.format(name=name, chat="discord", id=fake.add_user(name).id) for name in others]
            routes = [ROUTE.format(chat=chat) for chat in CHATS]
            prepare(home, CONFIG + "".join([*routes, *told]))
            keys = {"EARSHOT_SLACK_BOT_TOKEN": slack.bot_token, "EARSHOT_SLACK_APP_TOKEN": slack.app_token}
            keys |= {"EARSHOT_SLACK_API_URL": slack.api_url} | keys_of(fake)
            async with program(home, keys, "hasty"):
                await fake.hub.is_ready(60)
                async with asyncio.timeout(30):
                    while not fake.syncs or not slack.sockets:  # noqa: ASYNC110
                        await asyncio.sleep(0.05)
                yield Team(slack, fake, home, {"slack": len(names), "discord": len(others)})
            slack.check()
            fake.check()


async def run(options: argparse.Namespace) -> None:
    async with both_chats(options.people) as team:
        await team.happen(CARDS + 1)
        last = team.cases.pop()
        await acknowledgements(team, options.acts, 0.03)
        await across(team, options.clicks, 0.08, "without limits")
        if options.full:
            team.discord.strict_rates = True
            await across(team, options.clicks, 1.1, "Discord takes 5 changes in 5 s")
            team.discord.strict_rates = False
        await race(team, last)
        await throughput(team, options.seconds, 16)
    await asyncio.gather(memory(options.cards, 300), burst(options.burst))


def main() -> None:
    if sys.argv[1:] == ["--program"]:
        run_program()
        return
    if sys.argv[1:2] == ["--room"]:
        asyncio.run(keep_room(sys.argv[2], sys.argv[3]))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--full", action="store_true", help="more of each, a burst of 200, and clicks at Discord's pace"
    )
    parser.add_argument("--people", type=int, default=200, help="how many claim one case at once, half in each chat")
    parser.add_argument("--acts", type=int, help="of each kind, for the acknowledgements (50; full: 400)")
    parser.add_argument("--seconds", type=float, help="of each throughput (1.5; full: 10)")
    parser.add_argument("--clicks", type=int, help="in both chats, to be seen in the other (150; full: 300)")
    parser.add_argument("--burst", type=int, help="cards at once (10; full: 200)")
    parser.add_argument("--cards", type=int, default=2_000, help="posted, for the memory")
    options = parser.parse_args()
    usual = {"acts": (50, 400), "seconds": (1.5, 10.0), "clicks": (150, 300), "burst": (10, 200)}
    for name, (short, full) in usual.items():
        if getattr(options, name) is None:
            setattr(options, name, full if options.full else short)
    asyncio.run(run(options))


if __name__ == "__main__":
    main()
