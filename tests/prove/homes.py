"""A home is a program that dies often, the chats it talks to, the people there, and what is counted at the end."""

import asyncio
import json
import random
import signal
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from tests.prove import staff, standing
from tests.prove.far_chat import FarServer, far_chat
from tests.prove.killing import Programs, Stories, programs, quiet, read_all
from tests.prove.ledger import Ledger
from tests.prove.staff import Notes, Working
from tests.prove.weather import InDiscord, InSlack, Weather
from tests.slack.fake import FakeSlack, fake_slack
from tests.two_chats import Team, outside, two_chats

ACK_WITHIN, RETRIES = 0.5, (0.2, 0.5, 1.0)  # seconds


class Home(ABC):
    """`seen` is what was tried, `wrong` what must not be, both by words."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        (folder / "calls").mkdir(parents=True, exist_ok=True)
        self.folder, self.chance = folder, chance
        self.weather = Weather(random.Random(chance.getrandbits(64)))
        self.stories = Stories(folder, random.Random(chance.getrandbits(64)))
        self.ledger, self.notes = Ledger(folder), Notes()
        self.hours: int | None = None  # that the clock is ahead, where it is
        self.seen, self.wrong = Counter[str](), Counter[str]()

    @abstractmethod
    def chats(self) -> list[str]:
        """What `tests/killable.py` is told of the chats outside."""

    @abstractmethod
    def standing(self) -> Mapping[str, standing.Standing]:
        """What stands in each chat now."""

    @abstractmethod
    def begin(self, url: str) -> None:
        """The program is up: people can use it."""

    async def rest(self) -> None:  # noqa: B027 - where people need no page nobody is held up
        """The program is dead: whoever depends on its page gives up."""

    async def evening(self) -> None:  # noqa: B027
        """People finish what they have begun."""

    def hold_a_post(self) -> Any:
        """The next post is done and not answered, or neither; a fault of the chat, None where there is none."""
        return None

    def let_go(self) -> None:  # noqa: B027
        """What is held goes on."""

    def breaches(self) -> int:
        """What a chat itself has to complain of."""
        return 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Programs]:
        async with programs(self.folder, *self.chats()) as opened:
            await opened.start()
            await opened.url()  # once whole: the file is there
            await opened.kill()
            yield opened
            await opened.start(hours=self.hours)
            await opened.url()
            await read_all(self.folder, len(self.stories.ids))
            await self.evening()
            await quiet(self.folder, len(self.stories.ids))
            await opened.kill(signal.SIGTERM)
            self.reckon()

    async def dies(self, program: Programs, at: Callable[[], Awaitable[None]]) -> None:
        """One death: `at` waits for the moment."""
        await at()
        await program.kill()
        await self.rest()
        self.has_died()

    def has_died(self) -> None:
        """Look at what it left behind."""
        self.seen["kills"] += 1
        self.seen["kills while a message was on its way"] += self.ledger.count("deliveries", "state = 'sending'") > 0
        self.wrong["cursors beyond what is stored"] += self.ledger.is_read_too_far()

    async def stirs(self) -> None:
        """Wait until the program has called a chat outside, but not for ever."""
        before = self.weather.seen["calls"]
        with suppress(TimeoutError):
            async with asyncio.timeout(5):
                while self.weather.seen["calls"] == before:  # noqa: ASYNC110 - a server's handlers count
                    await asyncio.sleep(0.005)

    def reckon(self) -> None:
        """Count what is there, once nothing moves any more."""
        self.wrong += self.ledger.troubles(self.stories.ids) + self.notes.troubles(self.ledger)
        for chat, stands in self.standing().items():
            self.wrong += self.ledger.posts(chat, stands.posts)
            for key, posts in stands.posts.items():
                if len(posts) > 1:
                    print(f"doubled in {chat}: {key}, {posts}")
            for key, status in self.ledger.cards(chat).values():
                is_shown = "claimed by" in stands.words.get(key, "")
                self.wrong["cards that show an old state"] += is_shown != (status == "claimed")
            self.seen["messages"] += sum(map(len, stands.posts.values()))
        self.wrong["rules of a chat broken"] += self.breaches()
        self.seen["mentions"] += len(self.stories.ids)
        self.seen["acts answered"] += len(self.notes.answered) + self.notes.clicks
        self.seen["calls in bad weather"] += self.weather.seen["calls"]
        self.seen["answers lost"] += self.weather.lost


class FarHome(Home):
    """The page, and a chat far away."""

    def __init__(self, folder: Path, chance: random.Random, server: FarServer) -> None:
        super().__init__(folder, chance)
        self._server = server
        server.weather = self.weather
        self._person: asyncio.Task[None] | None = None

    def chats(self) -> list[str]:
        return [self._server.url]

    def standing(self) -> Mapping[str, standing.Standing]:
        return {"far": standing.far_away(self._server), "local": standing.on_the_page(self.ledger)}

    def begin(self, url: str) -> None:
        chance = random.Random(self.chance.getrandbits(64))
        self._person = asyncio.create_task(staff.at_the_page(url, self.notes, chance, lambda: self.stories.told))

    async def rest(self) -> None:
        if self._person is not None:
            await self._person
        self._person = None


class SlackHome(Home):
    """The page, and Slack."""

    def __init__(self, folder: Path, chance: random.Random, slack: FakeSlack) -> None:
        super().__init__(folder, chance)
        self._slack = slack
        self._ids = {name: slack.add_user(name).id for name in (*staff.NAMES, "kim")}
        slack.add_channel("alerts", members=list(self._ids))
        slack.faults = InSlack(self.weather)
        hand = random.Random(chance.getrandbits(64))
        self._working = Working([staff.in_slack(slack, self.notes, hand)] * 2)

    def chats(self) -> list[str]:
        return [self._slack.api_url, json.dumps(self._ids)]

    def standing(self) -> Mapping[str, standing.Standing]:
        return {"slack": standing.in_slack(self._slack), "local": standing.on_the_page(self.ledger)}

    def begin(self, url: str) -> None:
        pass

    async def evening(self) -> None:
        await self._working.end()

    def hold_a_post(self) -> Any:
        return _held(self._slack.faults, "chat.postMessage", self.chance)

    def let_go(self) -> None:
        self._slack.faults.clear()

    def breaches(self) -> int:
        return _complaints(self._slack.check)


class DiscordHome(Home):
    """The page, Slack and Discord at once."""

    def __init__(self, chance: random.Random, team: Team) -> None:
        super().__init__(team.home, chance)
        self.team = team
        team.discord.ack_within = ACK_WITHIN
        team.slack.faults, team.discord.faults = InSlack(self.weather), InDiscord(self.weather)
        hand = random.Random(chance.getrandbits(64))
        slack, discord = staff.in_slack(team.slack, self.notes, hand), staff.in_discord(team, self.notes, hand)
        self._working = Working([slack, discord, discord])

    def chats(self) -> list[str]:
        return outside(self.team)

    def standing(self) -> Mapping[str, standing.Standing]:
        there = {"slack": standing.in_slack(self.team.slack)}
        there["discord"] = standing.in_discord(self.team.discord, self.ledger)
        return there | {"local": standing.on_the_page(self.ledger)}

    def begin(self, url: str) -> None:
        pass

    async def evening(self) -> None:
        await self._working.end()

    def hold_a_post(self) -> Any:
        return _held(self.team.discord.faults, "post", self.chance)

    def let_go(self) -> None:
        self.team.discord.faults.clear()

    def breaches(self) -> int:
        return _complaints(self.team.slack.check) + _complaints(self.team.discord.check)


def _held(faults: Any, post: str, chance: random.Random) -> Any:
    return faults.hold(post) if chance.random() < 0.5 else faults.slow(post, 30.0)


def _complaints(check: Callable[[], None]) -> int:
    try:
        check()
    except AssertionError as error:
        print(error)
        return 1
    return 0


@asynccontextmanager
async def a_home(kind: str, folder: Path, chance: random.Random) -> AsyncIterator[Home]:
    """Of far, slack or discord, with its chats."""
    async with AsyncExitStack() as stack:
        if kind == "far":
            server = await stack.enter_async_context(far_chat(Weather(chance)))
            yield FarHome(folder, chance, server)
        elif kind == "slack":
            slack = await stack.enter_async_context(fake_slack(ack_within=ACK_WITHIN, retries=RETRIES))
            yield SlackHome(folder, chance, slack)
        else:
            await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
            team = await stack.enter_async_context(two_chats(folder, ack_within=ACK_WITHIN, retries=RETRIES))
            yield DiscordHome(chance, team)
