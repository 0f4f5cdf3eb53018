"""How quickly Slack's people are answered, idle and while mentions arrive, and who wins when 200 claim at once.

    python bench/slack.py [--seconds 60] [--every 0.5] [--rate 10] [--people 200]

The whole program runs as a process of its own against the strict fake Slack of the tests, through Socket Mode and the
real client. People claim and release cards; each click is measured from the moment at which it was due:

- ack: until Slack had our acknowledgement (Slack shows a warning after 3,000 ms),
- drawn: until Slack had the card's new drawing that shows it.

Idle and loaded are measured in one run on the same cards; loaded, `--rate` mentions a second arrive for the same
channel and most become cards, which leave at one a second. Gaps between posts are Slack's own record of a channel.
"""

import argparse
import asyncio
import itertools
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT)]

from tests.slack.fake import FakeSlack, fake_slack  # noqa: E402
from tests.slack.world import Message  # noqa: E402

CARDS = 20
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
[[routes]]
channel = "slack:#alerts"
min_priority = "low"
[thresholds]
case_from = "low"
"""
MEMBER = """
[[members]]
name = "{name}"
slack = "{id}"
"""
WORDS = """
    suitcase refund voucher seat gate luggage crew delay ticket lounge website card phone queue meal blanket visa
    boarding upgrade invoice pet wheelchair stroller connection weather strike window aisle coffee toilet captain bridge
    bus train hotel taxi form letter promise apology price tax fee email password account number bonus miles status desk
""".split()  # noqa: SIM905


@dataclass
class Measured:
    acks: list[float] = field(default_factory=list)  # seconds
    drawn: list[float] = field(default_factory=list)
    lost: int = 0  # clicks whose ack or drawing did not come


def write_mentions(folder: Path, name: str, numbers: Sequence[int], chance: random.Random) -> None:
    """Complaints that no rule takes for copies of each other."""
    now = datetime.now(UTC).isoformat()
    lines = []
    for number in numbers:
        words = " ".join(chance.sample(WORDS, 9))
        told = {"id": str(number), "text": f"heron is a disgrace, awful: {words} {number}", "published_at": now}
        lines.append(json.dumps(told | {"author": f"a{number}"}))
    hidden = folder / f".{name}"
    hidden.write_text("\n".join(lines) + "\n")
    hidden.rename(folder / f"{name}.jsonl")


async def cards_in(slack: FakeSlack, count: int) -> list[Message]:
    async with asyncio.timeout(120 + count * 2):
        while len(found := [one for one in slack.messages("#alerts") if one.buttons]) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    return found


async def click(slack: FakeSlack, card: Message, who: str, due: float, into: Measured) -> None:
    """Claim an open card, release a claimed one, and wait for what Slack is told."""
    label, wanted = ("Claim", "claimed by") if "Claim" in card.buttons else ("Release", "open")
    edits = card.edits
    answer = await slack.person(who).click(card, label)
    into.acks.append(time.monotonic() - due)
    if answer.error:
        into.lost += 1
        return
    with suppress(TimeoutError):
        async with asyncio.timeout(10):
            while card.edits == edits or wanted not in card.words:  # noqa: ASYNC110 - as Slack sees it
                await asyncio.sleep(0.002)
        into.drawn.append(time.monotonic() - due)
        return
    into.lost += 1


async def clicks(slack: FakeSlack, cards: list[Message], seconds: float, every: float) -> Measured:
    """One click each `every` seconds, on one card after the other."""
    into, started, tasks = Measured(), time.monotonic(), []
    for number, card in enumerate(itertools.cycle(cards)):
        due = started + number * every
        if due > started + seconds:
            break
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        if len(tasks) >= len(cards):
            await tasks[len(tasks) - len(cards)]  # the same card's last click
        tasks.append(asyncio.create_task(click(slack, card, "u0", due, into)))
    await asyncio.gather(*tasks)
    return into


async def race(slack: FakeSlack, card: Message, people: int) -> None:
    """Everybody presses Claim on one card at once."""
    started = time.monotonic()
    done: list[float] = []

    async def claim(number: int) -> str:
        answer = await slack.person(f"u{number}").click(card, "Claim")
        done.append(time.monotonic() - started)
        return answer.error

    errors = await asyncio.gather(*(claim(number) for number in range(people)))
    with suppress(TimeoutError):
        async with asyncio.timeout(30):
            while len(told_in(slack, people)) < people - 1 or "claimed by" not in card.words:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    told = told_in(slack, people)
    print(f"{people} people claim one card at once:")
    print(f"  acknowledged {sum(not error for error in errors)}, slowest ack {max(done) * 1000:,.0f} ms")
    print(f"  told who won: {len(told)} (aim {people - 1}), all name the same person: {len(set(told)) == 1}")
    print(f"  the last was told after {(time.monotonic() - started) * 1000:,.0f} ms")


def told_in(slack: FakeSlack, people: int) -> list[str]:
    """The winner's name in every "U7 claimed #3 …" that somebody reads."""
    said = (one.words for number in range(people) for one in slack.ephemerals(f"u{number}"))
    return [words.partition(" claimed")[0] for words in said if " claimed #" in words]


def at(values: list[float], part: float) -> float:
    return statistics.quantiles(values, n=1000, method="inclusive")[int(part * 1000) - 1] * 1000


def report(name: str, found: Measured) -> None:
    acks, drawn = found.acks, found.drawn
    print(
        f"{name:8} clicks {len(acks):4}  {spread('ack', acks)}   {spread('drawn', drawn)}   lost {found.lost}",
        flush=True,
    )


def spread(what: str, seconds: list[float]) -> str:
    return f"{what} p50 {at(seconds, 0.5):5.0f}  p99 {at(seconds, 0.99):5.0f}  max {max(seconds) * 1000:5.0f} ms"


def report_posts(slack: FakeSlack) -> None:
    posts = [one for one in slack.calls_of("chat.postMessage") if not one.error]
    moments = sorted(one.at for one in posts)
    gaps = [after - before for before, after in itertools.pairwise(moments)]
    limited = sum(one.status == 429 for one in slack.calls)
    fastest = 9 / tightest(moments, 10)
    print(f"posts to #alerts: {len(posts)}, shortest gap {min(gaps):.3f} s, fastest ten {fastest:.2f}/s")
    print(f"answers 429: {limited}")


def tightest(moments: list[float], count: int) -> float:
    """The shortest time in which `count` of them fell, in seconds."""
    return min(after - before for before, after in zip(moments, moments[count - 1 :], strict=False))


async def run(options: argparse.Namespace, home: Path) -> None:
    chance, numbers = random.Random(3), itertools.count(1)
    folder = home / "calls"
    folder.mkdir()
    async with fake_slack() as slack:
        slack.strict_rates = True
        names = [f"u{number}" for number in range(options.people)]
        users = [slack.add_user(name) for name in names]
        slack.add_channel("alerts", members=names)
        slack.rates.per_minute["chat.update"] = options.updates  # bursts are tolerated by Slack; how much is not told
        members = "".join(MEMBER.format(name=user.name, id=user.id) for user in users)
        (home / "earshot.toml").write_text(CONFIG.format(folder=folder) + members)
        write_mentions(folder, "first", list(itertools.islice(numbers, CARDS + 1)), chance)
        program = await start(home, slack)
        try:
            *cards, last = await cards_in(slack, CARDS + 1)
            idle = await clicks(slack, cards, options.seconds, options.every)
            report("idle", idle)
            pouring = asyncio.create_task(pour(folder, options.rate, numbers, chance))
            await asyncio.sleep(3)
            loaded = await clicks(slack, cards, options.seconds, options.every)
            report("loaded", loaded)
            pouring.cancel()
            ratio = at(loaded.acks, 0.99) / at(idle.acks, 0.99), at(loaded.drawn, 0.99) / at(idle.drawn, 0.99)
            print(f"loaded / idle, p99: ack {ratio[0]:.2f}, drawn {ratio[1]:.2f}")
            report_posts(slack)
            await race(slack, last, options.people)
        finally:
            program.terminate()
            await program.wait()


async def pour(folder: Path, rate: float, numbers: "itertools.count[int]", chance: random.Random) -> None:
    """Mentions at a steady rate, one file each second."""
    for second in itertools.count():
        write_mentions(folder, f"more{second}", list(itertools.islice(numbers, round(rate))), chance)
        await asyncio.sleep(1)


async def start(home: Path, slack: FakeSlack) -> asyncio.subprocess.Process:
    variables = os.environ | {
        "EARSHOT_DATA": str(home / "data"),
        "EARSHOT_CONFIG": str(home / "earshot.toml"),
        "EARSHOT_PORT": "0",
        "EARSHOT_WEB_SECRET": "only for this bench, thirty-two characters",
        "EARSHOT_LOG": "warning",
        "EARSHOT_SLACK_BOT_TOKEN": slack.bot_token,
        "EARSHOT_SLACK_APP_TOKEN": slack.app_token,
        "EARSHOT_SLACK_API_URL": slack.api_url,
    }
    return await asyncio.create_subprocess_exec(sys.executable, "-m", "bot", "run", cwd=ROOT, env=variables)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long each part clicks")
    parser.add_argument("--every", type=float, default=0.5, help="seconds between two clicks")
    parser.add_argument("--rate", type=float, default=10.0, help="mentions a second while loaded")
    parser.add_argument("--people", type=int, default=200, help="how many claim one card at once")
    parser.add_argument("--updates", type=float, default=600.0, help="chat.update a minute that the fake Slack takes")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(options, Path(folder)))


if __name__ == "__main__":
    main()
