"""Bytes that stand nowhere else, and everywhere that they could have come to: files, chats, the page, the log."""

import json
import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bot.running import Person
from tests.two_chats import Team

_SYLLABLES = ("ba", "ko", "mi", "tu", "re", "zo", "vi", "na", "pe", "su", "ly", "qa", "xo", "fe", "gi", "hu")


@dataclass(frozen=True)
class Canary:
    """A person who says one thing. Every part of her has a word that stands nowhere else."""

    number: int
    handle: str
    name: str
    word: str
    url: str
    native_id: str
    more: str  # words of nobody else, so that no two texts are copies

    @property
    def text(self) -> str:
        return f"Heron lost my {self.word} suitcase, {self.more}, and nobody answers the telephone, I am furious"

    @property
    def marks(self) -> tuple[str, ...]:
        """What must not be found, in lower case."""
        first, last = self.name.casefold().split()
        return (self.handle, first, last, self.word, self.native_id, *self.more.split()[:1])

    def said(self, at: str) -> dict[str, Any]:
        return {
            "id": self.native_id, "text": self.text, "author": self.handle, "author_name": self.name, "url": self.url,
            "date": at, "tier": self.word,
        }  # fmt: skip


def canaries(count: int, chance: random.Random) -> list[Canary]:
    return [_canary(number, chance) for number in range(1, count + 1)]


def _canary(number: int, chance: random.Random) -> Canary:
    handle, first, last, word, native_id = (_new(chance) for _ in range(5))
    return Canary(
        number, f"{handle}_{number}", f"{first.title()} {last.title()}", word,
        f"https://birds.example/{handle}_{number}/{native_id}", native_id, " ".join(_new(chance) for _ in range(6)),
    )  # fmt: skip


def _new(chance: random.Random) -> str:
    """Seven syllables: no two of some thousands are alike."""
    return "zq" + "".join(chance.choice(_SYLLABLES) for _ in range(7))


def hits(where: bytes | str, marks: Iterable[str]) -> int:
    """How many of the marks stand there, in any case of letters, plain or as JSON."""
    told = (where if isinstance(where, bytes) else where.encode("utf-8", "replace")).lower()
    return sum(mark.lower().encode() in told for mark in marks)


def files(folder: Path, but: Iterable[Path] = ()) -> Iterator[tuple[Path, bytes]]:
    """Every file below a folder with what is in it."""
    left_out = set(but)
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path not in left_out:
            yield path, path.read_bytes()


def in_chats(team: Team) -> dict[str, str]:
    """All that stands in Slack and in Discord now, private answers left out: nobody can take those back."""
    slack = [
        message.as_slack(with_metadata=True)
        for channel in team.slack.channels.values()
        for message in channel.messages
        if not message.is_deleted and not message.ephemeral_to
    ]
    discord = [
        [channel.name, [message.as_discord() for message in channel.standing]]
        for channel in team.discord.channels.values()
        if not channel.is_dm
    ]
    return {"slack": json.dumps(slack, default=str), "discord": json.dumps(discord, default=str)}


async def on_page(person: Person, channels: Iterable[str], threads: Iterable[str]) -> str:
    """All that the page shows in these channels and threads."""
    told = [await person.page(f"/c/{channel}") for channel in channels]
    told += [await person.page(f"/thread/{thread}") for thread in threads]
    return "\n".join(told)


def counted(told: Mapping[str, str | bytes], marks: Iterable[str]) -> int:
    wanted = list(marks)
    return sum(hits(text, wanted) for text in told.values())
