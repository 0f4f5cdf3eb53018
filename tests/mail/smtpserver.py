"""A server that takes mail on loopback, or refuses it at any step, or takes it and says nothing."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Taken:
    sender: str
    to: list[str]
    raw: bytes


@dataclass
class SmtpServer:
    """`answers` replaces the answer to a step (HELLO, AUTH, MAIL, RCPT, DATA, BODY); "" drops the connection there.

    At BODY the mail has been taken whatever is answered: only `is_taken` False says that it was not.
    """

    host: str = "127.0.0.1"
    port: int = 0
    password: str = "correct-horse"
    greeting: str = "220 lamp.example"
    answers: dict[str, str] = field(default_factory=dict)
    taken: list[Taken] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    is_taken: bool = True
    is_silent: bool = False  # it takes the mail and never says so

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await self._talk(reader, writer)
        finally:
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(f"{self.greeting}\r\n".encode())
        sender, to = "", list[str]()
        while line := (await reader.readline()).decode("utf-8", "replace").strip():
            step = {"EHLO": "HELLO"}.get(line[:4].upper(), line[:4].upper())
            self.steps.append(step)
            answer = self.answers.get(step, "250 OK")
            if step == "HELLO" and step not in self.answers:
                answer = "250-lamp.example\r\n250 AUTH PLAIN"
            elif step == "AUTH" and step not in self.answers:
                answer = "235 welcome"
            elif step == "MAIL":
                sender = re.findall("<(.*?)>", line)[0]
            elif step == "RCPT":
                to += re.findall("<(.*?)>", line)
            elif step == "QUIT":
                answer = "221 so long"
            elif step == "DATA" and step not in self.answers:
                writer.write(b"354 go on\r\n")
                raw = await reader.readuntil(b"\r\n.\r\n")
                if self.is_taken:
                    self.taken.append(Taken(sender, to, re.sub(rb"(?m)^\.\.", b".", raw[:-3])))
                if self.is_silent:
                    await asyncio.Event().wait()
                answer = self.answers.get("BODY", "250 taken")
            if not answer:
                writer.transport.abort()
                return
            writer.write(f"{answer}\r\n".encode())


@asynccontextmanager
async def smtp(tls: ssl.SSLContext | None = None) -> AsyncIterator[SmtpServer]:
    server = SmtpServer()
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        await server.serve(reader, writer)

    listening = await asyncio.start_server(serve, server.host, 0, ssl=tls)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await listening.wait_closed()
        await asyncio.sleep(0)  # the transports say good-bye one turn later
