"""A Mastodon account whose mentions are read."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from bot.sources import mastodon
from handlers.ports import Source, Wanted
from handlers.rules.query import parse
from tests.bot.sources.feedserver import NOW, fetching, tools
from tests.bot.sources.mastodonserver import TOKENS, Mock, mock
from tests.bot.sources.rigs import Fault, Rig

_EFFECTS = {
    Fault.SIGN_IN: {"type": "status", "status": 401},
    Fault.TOO_MANY: {"type": "ratelimit"},
    Fault.TROUBLE: {"type": "status", "status": 500},
    Fault.NONSENSE: {"type": "malformed"},
}


class MastodonRig:
    """People who write to the account."""

    wanted = (Wanted("aurelia", "name", parse("@aurelia")),)
    faults = frozenset(_EFFECTS)
    can_edit = True
    can_delete = True
    can_spoil = True

    def __init__(self, server: Mock, source: Source) -> None:
        self.source = source
        self.now = NOW
        self._server = server
        self._ids: dict[int, str] = {}

    def words_of(self, number: int) -> str:
        return f"@aurelia lamp number {number} hums"

    async def give(self, number: int) -> None:
        self._ids[number] = self._server.write("grace", self.words_of(number))

    async def edit(self, number: int, words: str) -> None:
        self._server.edit("grace", self._ids[number], words)

    async def delete(self, number: int) -> None:
        self._server.delete("grace", self._ids[number])

    async def spoil(self) -> None:
        self._server.write("nameless", "@aurelia these words have no author")
        self._server.forget_name("nameless")

    def fail(self, fault: Fault | None) -> None:
        self._server.fail(None if fault is None else _EFFECTS[fault])


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Rig]:
    server = mock()
    server.reset()
    async with fetching() as fetch:
        settings = mastodon.Settings(server.url, allow_private=True)
        rigs: list[MastodonRig] = []
        at = replace(tools(fetch, {"MASTODON_TOKEN": TOKENS["aurelia"]}), now=lambda: rigs[0].now if rigs else NOW)
        source = mastodon.build("mastodon", settings, at)
        rigs.append(MastodonRig(server, source))
        try:
            yield rigs[0]
        finally:
            server.fail(None)
            await source.close()
