"""The chats outside, as the program sees them: each is started, told of changes, asked how it is, and closed."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Protocol

from bot.chats.desk import Desk
from bot.chats.discord.chat import Discord
from bot.chats.discord.chat import Keys as DiscordKeys
from bot.chats.discord.desk import DiscordDesk
from bot.chats.slack.chat import Keys as SlackKeys
from bot.chats.slack.chat import Slack
from bot.settings import Environment
from handlers.context import ChatState
from handlers.ports import Chat


class Room(Protocol):
    """One chat outside."""

    @property
    def chat(self) -> Chat:
        """Where the outbox posts."""

    def start(self) -> None:
        """Begin to listen, from the loop; what cannot be reached yet is tried again for ever."""

    def policy_changed(self) -> None:
        """The file was read again."""

    def changed(self) -> None:
        """Something happened that it may show."""

    def health(self) -> tuple[bool, str]:
        """Whether people can reach us from there, in words."""

    async def finish(self) -> None:
        """Stop listening and let the answers that are under way arrive, within a few seconds; posts go on."""

    async def close(self) -> None:
        """Give everything back, within a few seconds; it has finished before."""


def slack_of(environment: Environment, desk: Desk, now: Callable[[], datetime]) -> Slack | None:
    """Slack, where it is set up."""
    if not environment.has_slack:
        return None
    keys = SlackKeys(
        environment.slack_bot_token,
        environment.slack_app_token,
        environment.slack_signing_secret,
        environment.slack_api_url,
    )
    return Slack(desk, keys, now)


def discord_of(environment: Environment, desk: DiscordDesk, now: Callable[[], datetime]) -> Discord | None:
    """Discord, where it is set up."""
    if not environment.has_discord:
        return None
    return Discord(desk, DiscordKeys(environment.discord_token, environment.discord_api_url), now)


def states_of(rooms: Iterable[Room]) -> tuple[ChatState, ...]:
    """How each of them is now."""
    return tuple(ChatState(room.chat.name, *room.health()) for room in rooms)
