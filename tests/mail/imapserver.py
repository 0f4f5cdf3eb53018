"""A mail server on loopback that does as a test tells it to: it can lie, refuse, fall silent and break off."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
CAPABILITIES = "IMAP4rev1 LITERAL+ IDLE UIDPLUS AUTH=PLAIN AUTH=XOAUTH2"
REFUSED = "NO [AUTHENTICATIONFAILED] Invalid credentials"


@dataclass
class Kept:
    uid: int
    raw: bytes
    at: datetime
    flags: set[str] = field(default_factory=set)


@dataclass
class Folder:
    validity: int = 7
    mails: list[Kept] = field(default_factory=list)
    next_uid: int = 1
    attributes: str = r"\HasNoChildren"

    def add(self, raw: bytes, at: datetime = AT) -> Kept:
        kept = Kept(self.next_uid, raw, at)
        self.mails.append(kept)
        self.next_uid += 1
        return kept


class ImapServer:
    """`seen` are the commands. `answers` replaces what is said to one: "NO …", "BAD …", "BYE", or "" for silence."""

    def __init__(self) -> None:
        self.folders = {"INBOX": Folder(), "Sent": Folder(attributes=r"\Sent")}
        self.users = {"care@lamp.example": "correct-horse"}
        self.tokens: set[str] = set()
        self.capabilities = CAPABILITIES
        self.greeting = b"* OK ready\r\n"
        self.answers: dict[str, str] = {}
        self.seen: list[str] = []
        self.spoilt: set[int] = set()  # mails whose answer is no protocol
        self.vanished: set[int] = set()  # mails that are there and not given
        self.connections = 0
        self.waiting = 0  # connections in IDLE now
        self.meanwhile: list[bytes] = []  # mails that arrive while others are fetched
        self.is_mute = False  # new mail is told of to nobody
        self.tells_at_once = False  # what came before a wait is told of together with its beginning
        self.host, self.port = "127.0.0.1", 0
        self._happened = asyncio.Condition()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def inbox(self) -> Folder:
        return self.folders["INBOX"]

    async def arrive(self, raw: bytes, at: datetime = AT) -> Kept:
        kept = self.inbox.add(raw, at)
        if not self.is_mute:
            await self.tell()
        return kept

    async def tell(self) -> None:
        """Whoever waits is told that something happened."""
        async with self._happened:
            self._happened.notify_all()

    def drop_all(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    def called(self, word: str) -> list[str]:
        return [one for one in self.seen if word in one]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            writer.write(self.greeting)
            if self.greeting.startswith(b"*"):
                await _Talk(self, reader, writer).run()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._writers.discard(writer)
            self._tasks.discard(task)
            writer.close()

    async def grown(self, folder: Folder, known: int) -> None:
        """Until the folder holds another number of mails, and that is told."""
        async with self._happened:
            await self._happened.wait_for(lambda: len(folder.mails) != known and not self.is_mute)

    async def end(self) -> None:
        self.drop_all()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


class _Talk:
    def __init__(self, server: ImapServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.server, self.reader, self.writer = server, reader, writer
        self.folder = Folder()
        self.known = 0  # mails that the other side was told of

    async def run(self) -> None:
        while command := await self._command():
            tag, _, rest = command.partition(b" ")
            words = rest.decode("utf-8", "replace")
            self.server.seen.append(words)
            name = words.split(" ", 2)[1 if words.upper().startswith("UID ") else 0].upper()
            ordered = self.server.answers.get(name)
            if ordered == "BYE":
                self.writer.transport.abort()
                return
            if ordered == "":
                await asyncio.Event().wait()
            answer = ordered or await self._answer(name, words, rest)
            self.writer.write(tag + b" " + answer.encode() + b"\r\n")
            if name == "LOGOUT":
                return

    async def _command(self) -> bytes:
        line = (await self.reader.readline()).rstrip(b"\r\n")
        while literal := re.search(rb"\{(\d+)(\+?)\}$", line):
            if not literal[2]:
                self.writer.write(b"+ go on\r\n")
            line = line[: literal.start()] + await self.reader.readexactly(int(literal[1]))
            line += (await self.reader.readline()).rstrip(b"\r\n")
        return line

    async def _answer(self, name: str, words: str, raw: bytes) -> str:
        known = {
            "CAPABILITY": lambda: self._say(f"CAPABILITY {self.server.capabilities}"),
            "LOGIN": lambda: self._login(words),
            "SELECT": lambda: self._select(words),
            "EXAMINE": lambda: self._select(words),
            "SEARCH": lambda: self._search(words),
            "FETCH": lambda: self._fetch(words),
            "STORE": lambda: self._store(words),
            "LIST": lambda: self._list(words),
            "APPEND": lambda: self._append(raw),
            "LOGOUT": lambda: self._say("BYE so long"),
        }
        if name == "AUTHENTICATE":
            return await self._authenticate()
        if name == "IDLE":
            return await self._idle()
        return known[name]() if name in known else "BAD what?"

    def _say(self, words: str, answer: str = "OK done") -> str:
        self.writer.write(f"* {words}\r\n".encode())
        return answer

    def _login(self, words: str) -> str:
        _, user, password = (one.strip('"') for one in words.split(" "))
        return "OK welcome" if self.server.users.get(user) == password else REFUSED

    async def _authenticate(self) -> str:
        self.writer.write(b"+ \r\n")
        told = (await self.reader.readline()).strip().decode()
        self.server.seen.append(told)
        return "OK welcome" if told in self.server.tokens else REFUSED

    def _select(self, words: str) -> str:
        name = words.split(" ", 1)[1].strip('"')
        if name not in self.server.folders:
            return "NO [NONEXISTENT] no such folder"
        self.folder = self.server.folders[name]
        self.known = len(self.folder.mails)
        for line in (
            f"{len(self.folder.mails)} EXISTS",
            f"OK [UIDVALIDITY {self.folder.validity}] so",
            f"OK [UIDNEXT {self.folder.next_uid}] so",
        ):
            self._say(line)
        return "OK [READ-ONLY] done" if words.startswith("EXAMINE") else "OK [READ-WRITE] done"

    def _search(self, words: str) -> str:
        mails = self.folder.mails
        if found := re.search(r"UID (\d+):\*", words):
            first = int(found[1])
            newest = [one.uid for one in mails[-1:]]
            uids = [one.uid for one in mails if one.uid >= first] or newest  # as the protocol wants it
        elif found := re.search(r"HEADER Message-ID \"?([^\s\"]+)", words):
            uids = [one.uid for one in mails if found[1].encode() in one.raw]
        else:
            found = re.search(r"SINCE (\S+)", words)
            assert found is not None, words
            since = datetime.strptime(found[1], "%d-%b-%Y").replace(tzinfo=UTC)
            uids = [one.uid for one in mails if one.at >= since]
        return self._say(" ".join(["SEARCH", *map(str, uids)]))

    def _fetch(self, words: str) -> str:
        _, _, chosen, items = words.split(" ", 3)
        uids = {int(one) for one in chosen.split(",")}
        for place, mail in enumerate(self.folder.mails, 1):
            if mail.uid not in uids or mail.uid in self.server.vanished:
                continue
            if mail.uid in self.server.spoilt:
                self.writer.write(b"* %d FETCH (UID %d RFC822.SIZE (()\r\n" % (place, mail.uid))
                continue
            told = [b"UID %d" % mail.uid]
            if "RFC822.SIZE" in items:
                told.append(b"RFC822.SIZE %d" % len(mail.raw))
                told.append(b'INTERNALDATE "%s"' % mail.at.strftime("%d-%b-%Y %H:%M:%S +0000").encode())
            if "BODY" in items:
                told.append(b"BODY[] {%d}\r\n%s" % (len(mail.raw), mail.raw))
                if "PEEK" not in items:
                    mail.flags.add(r"\Seen")
            self.writer.write(b"* %d FETCH (%s)\r\n" % (place, b" ".join(told)))
        if self.server.meanwhile:  # told of here, so a wait that follows does not tell of it again
            self.folder.add(self.server.meanwhile.pop())
            self._tell()
        return "OK done"

    def _store(self, words: str) -> str:
        _, _, chosen, _, flags = words.split(" ", 4)
        for mail in self.folder.mails:
            if str(mail.uid) in chosen.split(","):
                mail.flags |= set(flags.strip("()").split())
        return "OK done"

    def _list(self, words: str) -> str:
        wanted = words.rpartition(" ")[2].strip('"')
        for name, folder in self.server.folders.items():
            if fnmatchcase(name, wanted):
                self._say(f'LIST ({folder.attributes}) "/" "{name}"')
        return "OK done"

    def _append(self, raw: bytes) -> str:
        name = raw.split(b" ")[1].strip(b'"').decode()
        self.server.folders[name].add(raw.partition(b") ")[2])
        return "OK done"

    async def _idle(self) -> str:
        at_once = b"* 1 EXISTS\r\n" if self.server.tells_at_once else b""
        self.writer.write(b"+ idling\r\n" + at_once)
        self.server.waiting += 1
        done = asyncio.create_task(self.reader.readline())
        grown = asyncio.create_task(self._tell_of_more())
        try:
            return "OK done" if await done else "BAD nobody there"
        finally:
            self.server.waiting -= 1
            for task in (done, grown):
                task.cancel()

    async def _tell_of_more(self) -> None:
        while True:
            await self.server.grown(self.folder, self.known)
            self._tell()

    def _tell(self) -> None:
        self.known = len(self.folder.mails)
        self._say(f"{self.known} EXISTS")


@asynccontextmanager
async def imap(tls: ssl.SSLContext | None = None) -> AsyncIterator[ImapServer]:
    server = ImapServer()
    listening = await asyncio.start_server(server.serve, server.host, 0, ssl=tls)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        await server.end()
        with suppress(TimeoutError):
            await asyncio.wait_for(listening.wait_closed(), 2)
        await asyncio.sleep(0)  # the transports say good-bye one turn later


def mail(number: int, text: str = "", **heads: str) -> bytes:
    """A person's mail; `heads` are other or further headers, their `_` for `-`."""
    told = {
        "From": "Jo Meier <jo@post.example>",
        "To": "care@lamp.example",
        "Subject": f"Question {number}",
        "Date": "Sat, 21 Nov 2026 11:59:00 +0000",
        "Message-ID": f"<{number}@post.example>",
        "Content-Type": "text/plain; charset=utf-8",
    } | {key.replace("_", "-"): value for key, value in heads.items()}
    head = "".join(f"{key}: {value}\r\n" for key, value in told.items() if value)
    return f"{head}\r\n{text}\r\n".encode()
