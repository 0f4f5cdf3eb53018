"""A mailbox on loopback. Mail that is deleted or moved there stays a mention, and nobody edits a mail."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bot import registry
from handlers.ports import Source, Wanted
from handlers.rules.policy import SourceEntry
from handlers.rules.query import parse
from tests.bot.sources.feedserver import fetching, tools
from tests.bot.sources.rigs import Fault
from tests.mail.imapserver import ImapServer, imap, mail

ANSWERS: dict[Fault, dict[str, str]] = {
    Fault.SIGN_IN: {"LOGIN": "NO [AUTHENTICATIONFAILED] Invalid credentials"},
    Fault.TOO_MANY: {"LOGIN": "NO [LIMIT] Too many simultaneous connections"},
    Fault.TROUBLE: {"EXAMINE": "BYE"},
    Fault.NONSENSE: {},
}


class EmailRig:
    wanted = (Wanted("Aurelia", "lamps", parse("aurelia")),)
    faults = frozenset(ANSWERS)
    can_edit = can_delete = False
    can_spoil = True

    def __init__(self, server: ImapServer, source: Source) -> None:
        self.source = source
        self._server = server
        self._greeting = server.greeting

    def words_of(self, number: int) -> str:
        return f"My Aurelia lamp number {number} is broken"

    async def give(self, number: int) -> None:
        await self._server.arrive(mail(number, self.words_of(number)))

    async def edit(self, number: int, words: str) -> None:
        raise NotImplementedError

    async def delete(self, number: int) -> None:
        raise NotImplementedError

    async def spoil(self) -> None:
        await self._server.arrive(mail(1_000, "", Subject=""))

    def fail(self, fault: Fault | None) -> None:
        self._server.answers = ANSWERS[fault] if fault else {}
        self._server.greeting = b"<html>We are busy.</html>\r\n" if fault is Fault.NONSENSE else self._greeting
        self._server.drop_all()


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[EmailRig]:
    async with imap() as server, fetching() as fetch:
        settings = {
            "server": server.host,
            "port": server.port,
            "user": "care@lamp.example",
            "security": "none",
            "allow_private": True,
        }
        made = tools(fetch, {"EMAIL_PASSWORD": "correct-horse"})
        source = registry.build(SourceEntry("support", "email", settings=settings), made)
        try:
            yield EmailRig(server, source)
        finally:
            await source.close()
