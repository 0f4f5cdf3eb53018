"""The gateway of a fake Discord: sessions, heartbeats, compression, replay, and everything that breaks a line."""

import asyncio
import json
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType, web

from tests.discord.posting import GUILDS

try:
    import zstandard
except ImportError:  # then discord.py asks for zlib-stream
    zstandard = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from tests.discord.fake import FakeDiscord

DISPATCH, HEARTBEAT, IDENTIFY, RESUME, RECONNECT, INVALID, HELLO, ACK = 0, 1, 2, 6, 7, 9, 10, 11
PRIVILEGED = 1 << 1 | 1 << 8 | 1 << 15  # members, presences, message content
_KNOWN = (1 << 26) - 1


@dataclass(eq=False)
class Session:
    """What Discord remembers of a bot between two lines."""

    id: str
    intents: int
    seq: int = 0
    told: list[dict[str, Any]] = field(default_factory=list)  # all of it, for RESUME
    line: "Line | None" = None

    def tell(self, name: str, told: Mapping[str, Any]) -> None:
        self.seq += 1
        # As JSON at once: what is told is what was so at this moment.
        frame = {"op": DISPATCH, "t": name, "s": self.seq, "d": json.loads(json.dumps(told))}
        self.told.append(frame)
        if self.line is not None:
            self.line.send(frame)


@dataclass(eq=False)
class Line:
    """One WebSocket. Frames leave in order, through one compressor for its whole life."""

    socket: web.WebSocketResponse
    compress: str
    transport: asyncio.Transport | None
    session: Session | None = None
    is_deaf: bool = False
    beats: int = 0
    closed_with: int = 0  # by us
    _frames: "asyncio.Queue[dict[str, Any] | int]" = field(default_factory=asyncio.Queue)

    def send(self, frame: dict[str, Any]) -> None:
        if not self.is_deaf:
            self._frames.put_nowait(frame)

    def close(self, code: int) -> None:
        self.closed_with = code
        self._frames.put_nowait(code)

    async def write(self) -> None:
        """Until it is closed."""
        pack = _packer(self.compress)
        while not self.socket.closed:
            frame = await self._frames.get()
            try:
                if isinstance(frame, int):
                    await self.socket.close(code=frame)
                    return
                text = json.dumps(frame)
                await (self.socket.send_str(text) if pack is None else self.socket.send_bytes(pack(text.encode())))
            except ConnectionError:
                return


class Hub:
    """How the bot is reached. Its troubles are methods: drop, close, cut, go_deaf, forget."""

    def __init__(self, discord: "FakeDiscord") -> None:
        self._discord = discord
        self.sessions: dict[str, Session] = {}
        self.lines: list[Line] = []  # that are open
        self.history: list[tuple[str, dict[str, Any]]] = []  # identify, resume and close, with what they said
        self.beat_every = 41.25  # seconds between heartbeats, as HELLO asks for
        self.allowed = 0  # privileged intents that are switched on in the portal
        self.is_down = False  # new lines are refused with 503
        self.no_hello = False  # new lines are open and never greeted
        self.knows_resume = True

    @property
    def is_reachable(self) -> bool:
        """Whether the bot has a session: what happens without a line is kept for it. A client of discord.py that is
        closed in good order keeps it, as its last word is 4000 [run].
        """
        return bool(self.sessions)

    @property
    def identifies(self) -> int:
        return len([one for one, _ in self.history if one == "identify"])

    @property
    def resumes(self) -> int:
        return len([one for one, _ in self.history if one == "resume"])

    async def is_ready(self, seconds: float = 10.0) -> None:
        """Wait until a bot has a line, has identified (or resumed) and was told of the servers."""
        async with asyncio.timeout(seconds):
            while not [one for one in self.sessions.values() if one.line is not None]:  # noqa: ASYNC110
                await asyncio.sleep(0.005)

    def has_intent(self, intent: int) -> bool:
        return any(one.intents & intent for one in self.sessions.values())

    def tell(self, name: str, told: Mapping[str, Any], intent: int = 0) -> None:
        """An event, to every session that wants it (0: to all)."""
        for one in list(self.sessions.values()):
            if not intent or one.intents & intent:
                one.tell(name, told)

    # Troubles

    def drop(self, op: int = RECONNECT, *, is_resumable: bool = False) -> None:
        """Op 7, please come again; op 9, your session is no good (or is, when resumable)."""
        for one in self.lines:
            one.send({"op": op, "d": is_resumable if op == INVALID else None})
        if op == INVALID and not is_resumable:
            self.forget()

    def close(self, code: int = 4000) -> None:
        """Close every line in good order; 4004, 4010 to 4014 say never to come again."""
        for one in self.lines:
            one.close(code)

    def cut(self) -> None:
        """The network is gone: lines end without a word."""
        for one in self.lines:
            if one.transport is not None:
                one.transport.abort()

    def go_deaf(self) -> None:
        """Lines stay open, but nothing is sent any more, acks of heartbeats included. What happens is kept."""
        for one in self.lines:
            one.is_deaf = True

    def forget(self) -> None:
        """All sessions are gone: RESUME gets op 9."""
        self.sessions.clear()

    async def stop(self) -> None:
        """Close every line; whoever comes again is refused."""
        self.is_down = True
        self.close(1001)
        with suppress(TimeoutError):
            async with asyncio.timeout(1):
                while self.lines:  # noqa: ASYNC110 - emptied by the server's handlers
                    await asyncio.sleep(0.005)

    # One line

    async def connect(self, request: web.Request) -> web.StreamResponse:
        if self.is_down:
            return web.Response(status=503, text="upstream connect error")
        socket = web.WebSocketResponse(timeout=1.0)
        await socket.prepare(request)
        line = Line(socket, request.query.get("compress", ""), request.transport)
        self.lines.append(line)
        writer = asyncio.create_task(line.write())
        if not self.no_hello:
            line.send({"op": HELLO, "s": None, "t": None, "d": {"heartbeat_interval": int(self.beat_every * 1000)}})
        try:
            async for frame in socket:
                if frame.type == WSMsgType.TEXT and not line.is_deaf:
                    self._heard(line, json.loads(frame.data))
        finally:
            writer.cancel()
            self.lines.remove(line)
            self._ended(line, line.closed_with or int(socket.close_code or 1006))
        return socket

    def _heard(self, line: Line, frame: Mapping[str, Any]) -> None:
        op, told = frame["op"], frame.get("d")
        if op == HEARTBEAT:
            line.beats += 1
            line.send({"op": ACK, "d": None})
        elif op == IDENTIFY:
            self._identify(line, told or {})
        elif op == RESUME:
            self._resume(line, told or {})
        elif line.session is None:
            line.close(4003)

    def _identify(self, line: Line, told: Mapping[str, Any]) -> None:
        intents = int(told.get("intents", 0))
        self.history.append(("identify", {"intents": intents}))
        if told.get("token") != self._discord.token or self._discord.is_revoked:
            line.close(4004)
        elif intents & ~_KNOWN:
            line.close(4013)
        elif intents & PRIVILEGED & ~self.allowed:
            line.close(4014)
        elif line.session is not None:
            line.close(4005)
        else:
            self._greet(line, intents)

    def _greet(self, line: Line, intents: int) -> None:
        session = Session(f"session-{self._discord.new_id()}", intents, line=line)
        self.sessions[session.id] = line.session = session
        guilds = [one for one in self._discord.guilds.values() if one.has_bot]
        told: dict[str, Any] = {"v": 10, "user": self._discord.bot.as_discord() | {"verified": True, "email": None}}
        told |= {"guilds": [{"id": one.id, "unavailable": True} for one in guilds], "session_type": "normal"}
        told |= {"session_id": session.id, "application": {"id": self._discord.application, "flags": 0}}
        # Without this address discord.py would RESUME at the real Discord.
        session.tell("READY", told | {"resume_gateway_url": self._discord.gateway_url})
        for one in guilds if intents & GUILDS else ():
            session.tell("GUILD_CREATE", self._discord.guild_payload(one))

    def _resume(self, line: Line, told: Mapping[str, Any]) -> None:
        session = self.sessions.get(str(told.get("session_id")))
        seq = int(told.get("seq") or 0)
        self.history.append(("resume", {"seq": seq, "is_known": session is not None}))
        if told.get("token") != self._discord.token or self._discord.is_revoked:
            line.close(4004)
        elif session is None or not self.knows_resume:
            line.send({"op": INVALID, "d": False})
        elif seq > session.seq:
            line.close(4007)
        else:
            session.line, line.session = line, session
            for frame in session.told[seq:]:
                line.send(frame)
            session.tell("RESUMED", {"_trace": []})

    def _ended(self, line: Line, code: int) -> None:
        self.history.append(("close", {"code": code}))
        session = line.session
        if session is None or session.line is not line:
            return
        session.line = None
        if code in (1000, 1001, 4004):  # a bot that leaves in good order leaves its session [doc]
            self.sessions.pop(session.id, None)


def _packer(compress: str) -> Callable[[bytes], bytes] | None:
    """One stream over all frames of a line, flushed after each."""
    if compress == "zlib-stream":
        squeeze = zlib.compressobj()
        return lambda raw: squeeze.compress(raw) + squeeze.flush(zlib.Z_SYNC_FLUSH)
    if compress == "zstd-stream":
        dense = zstandard.ZstdCompressor().compressobj()
        return lambda raw: dense.compress(raw) + dense.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
    return None
