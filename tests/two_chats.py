"""A team in Slack and in Discord at once: a strict fake of each, and the people who use them.

`Team` looks at both and at the file of the program, which runs beside it: in this process (`team`), or in another that
is killed (`tests/prove/killing.py`).
"""

import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from bot.app import utc_now
from bot.chats.discord import addresses
from bot.chats.discord.render import carries
from storage.store import open_storage
from tests.bot.fakes import until
from tests.bot.running import CONFIG, Running, add_calls, running
from tests.discord.fake import FakeDiscord, discord_server
from tests.discord.person import Person as InDiscord
from tests.discord.world import Message as DiscordMessage
from tests.prove.killing import Programs
from tests.prove.ledger import Ledger
from tests.slack.fake import FakeSlack, fake_slack
from tests.slack.person import Person as InSlack
from tests.slack.world import Message as SlackMessage

NAMES = ("ana", "bo", "mia")
ROUTES = '[[routes]]\nchannel = "slack:#alerts"\n[[routes]]\nchannel = "discord:#alerts"\n'
T = TypeVar("T")
PATIENCE = 20.0  # seconds


@dataclass
class Team:
    slack: FakeSlack
    discord: FakeDiscord
    home: Path

    def in_slack(self, name: str) -> InSlack:
        return self.slack.person(name)

    def in_discord(self, name: str) -> InDiscord:
        return self.discord.person(name)

    async def case(self, number: int, text: str) -> tuple[SlackMessage, DiscordMessage]:
        """A customer says something; its card in Slack and in Discord."""
        self.happens(number, text)
        return await self.slack_card(text), await self.discord_card(text)

    def happens(self, number: int, text: str) -> None:
        told = {"id": f"call-{number}", "text": text, "author": "jo", "date": utc_now().isoformat()}
        add_calls(self.home, f"{number}.jsonl", told | {"url": f"https://birds.example/post/{number}"})

    async def slack_card(self, text: str) -> SlackMessage:
        return await sees(lambda: next((one for one in self.slack_cards() if text in one.words), None))

    async def discord_card(self, text: str) -> DiscordMessage:
        return await sees(lambda: next((one for one in self.discord.cards("#alerts") if text in one.words), None))

    def slack_cards(self) -> list[SlackMessage]:
        return [one for one in self.slack.cards("#alerts") if not one.thread_ts]

    async def slack_message(self, words: str) -> SlackMessage:
        return await sees(lambda: next((one for one in self.slack.messages("#alerts") if words in one.words), None))

    async def discord_message(self, words: str) -> DiscordMessage:
        return await sees(lambda: next((one for one in self.discord.cards("#alerts") if words in one.words), None))

    async def slack_reply(self, card: SlackMessage, words: str) -> SlackMessage:
        return await sees(lambda: next((one for one in self.slack.replies(card) if words in one.words), None))

    async def discord_reply(self, card: DiscordMessage, words: str) -> DiscordMessage:
        return await sees(lambda: next((one for one in self.discord.replies(card) if words in one.words), None))

    def value(self, sql: str) -> Any:
        return next(iter(self.rows(sql)[0]))

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What the file of the program says."""
        store = open_storage(Ledger(self.home).path, read_only=True)
        try:
            return [tuple(row) for row in store.engine.rows(sql)]
        finally:
            store.close()

    async def quiet(self) -> None:
        """Nothing is on its way any more."""
        await sees(lambda: self.value("select count(*) from deliveries where state in ('pending', 'sending')") == 0)

    def check(self) -> None:
        """Nothing forbidden was sent, and each message that was to be posted stands once, by the fakes' own logs."""
        self.slack.check()
        self.discord.check()
        check_posts(self)


def check_posts(team: Team) -> None:
    wanted = {
        chat: {key for (key,) in team.rows(f"select key from deliveries where action = 'post' and chat = '{chat}'")}
        for chat in ("slack", "discord")
    }
    in_slack = Counter(slack_key(one) for one in posted_in_slack(team.slack))
    assert in_slack == Counter(wanted["slack"]), "each once, and nothing else"
    ours = [one.message for one in team.discord.posts if one.via == "api"]
    in_discord = Counter(key for one in ours for key in wanted["discord"] if carries(one.content, one.footers, key))
    assert in_discord == Counter(wanted["discord"]), "each once"
    others = [one for one in ours if not any(carries(one.content, one.footers, key) for key in wanted["discord"])]
    # An answer whose acknowledgement was cut goes to its asker directly.
    assert [one.words for one in others if one.guild] == [], "and in a channel nothing else"


def posted_in_slack(slack: FakeSlack) -> list[SlackMessage]:
    every = (one for channel in slack.channels.values() for one in channel.messages)
    return [one for one in every if one.metadata and not one.ephemeral_to]


def slack_key(message: SlackMessage) -> str:
    told: dict[str, Any] = message.metadata or {}
    return str(told.get("event_payload", {}).get("key", ""))


async def sees(look: Callable[[], T | None], seconds: float = PATIENCE) -> T:
    """Wait until there is something to see."""

    async def seen() -> T | None:
        return look()

    found = await until(seen, seconds)
    assert found is not None
    return found


async def becomes(message: SlackMessage | DiscordMessage, words: str) -> None:
    """Wait until a message says it."""
    await sees(lambda: words in message.words)


@asynccontextmanager
async def two_chats(home: Path, **settings: Any) -> AsyncIterator[Team]:
    """Slack and Discord with the same three people, and no program yet. `settings` are those of Slack's fake."""
    (home / "calls").mkdir(exist_ok=True)
    async with fake_slack(**settings) as slack, discord_server() as discord:
        for name in NAMES:
            slack.add_user(name)
            discord.add_user(name, roles=["Support"])
        slack.add_channel("alerts", members=list(NAMES))
        discord.add_channel("alerts")
        try:
            yield Team(slack, discord, home)
        finally:
            addresses.reset()


def config(team: Team, linked: Mapping[str, str] | None = None, more: str = "") -> str:
    """earshot.toml with everybody's two ids, but for those in `linked`, who have the id of one chat alone."""
    told = CONFIG + ROUTES + more
    for name in NAMES:
        only = (linked or {}).get(name, "")
        ids = {"slack": team.slack.user(name).id, "discord": team.discord.user(name).id}
        lines = "\n".join(f'{chat} = "{user}"' for chat, user in ids.items() if only in ("", chat))
        told = told.replace(f'name = "{name}"', f'name = "{name}"\n{lines}')
    return told


def keys(team: Team) -> dict[str, str]:
    """What stands in the environment."""
    return {
        "EARSHOT_SLACK_BOT_TOKEN": team.slack.bot_token,
        "EARSHOT_SLACK_APP_TOKEN": team.slack.app_token,
        "EARSHOT_SLACK_API_URL": team.slack.api_url,
        "EARSHOT_DISCORD_TOKEN": team.discord.token,
        "EARSHOT_DISCORD_API_URL": team.discord.url,
    }


@asynccontextmanager
async def working(
    home: Path, linked: Mapping[str, str] | None = None, more: str = "", change: tuple[str, str] = ("", "")
) -> AsyncIterator[tuple[Team, Running]]:
    """Both chats and the whole program, ready."""
    async with two_chats(home) as team:
        text = config(team, linked, more)
        async with running(home, config=text.replace(*change) if change[0] else text, more=keys(team)) as opened:
            app = opened.app
            await sees(lambda: app.slack and app.slack.health()[0] and app.discord and app.discord.health()[0])
            await sees(lambda: team.discord.syncs)
            await opened.becomes("select count(*) from sources where status = 'ok'")
            yield team, opened
        team.check()


def outside(team: Team) -> list[str]:
    """Both chats as `tests/killable.py` is told of them."""
    told = []
    for chat, url in (("slack", team.slack.api_url), ("discord", team.discord.url)):
        fake: Any = getattr(team, chat)
        told += [url, json.dumps({name: fake.user(name).id for name in NAMES})]
    return told


async def start(team: Team, program: Programs) -> None:
    """The program runs (again), and both chats reach it."""
    sockets, signed_in = team.slack.hub.opened, team.discord.hub.identifies
    await program.start()
    await program.url()
    await sees(lambda: team.slack.hub.opened > sockets and team.discord.hub.identifies > signed_in)
    await team.discord.hub.is_ready()
    await sees(lambda: team.discord.syncs)
