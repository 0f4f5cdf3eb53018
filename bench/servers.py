"""The servers of `bench/together.py`: one for each kind of source, with people who write, edit and delete there.

All are those of the tests; here they keep the true time. Each says in the end what it holds, and which replies.
"""

import asyncio
import email
import json
import random
import re
import smtplib
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import policy
from email.utils import format_datetime
from html import escape, unescape
from pathlib import Path
from typing import Any, ClassVar

import aiohttp
from aiohttp import web
from gates import Gate, Loss, free_port
from imapclient import IMAPClient

from bot.sources.webhook import sign
from tests.bluesky import fake as bluesky_fake
from tests.bot.sources.feedserver import FeedServer
from tests.bot.sources.feedserver import serving as feed_serving
from tests.bot.sources.mastodonserver import TOKENS, mock
from tests.bot.sources.rigs.github import GitHubRig
from tests.bot.sources.rigs.hackernews import HackerNewsRig
from tests.bot.sources.rigs.stackoverflow import StackOverflowRig
from tests.mail.devel import PASSWORD, USER, mail_devel
from tests.mail.dovecot import dovecot
from tests.mail.imapserver import mail
from tests.x import server as x_server

ANY = re.compile(rb"")
HOOK_SECRET = "a secret that only the desk and this bench know"  # noqa: S105
FEEDS = 30


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(eq=False)
class Item:
    """What somebody wrote. `handle` is the server's own way to find it."""

    kind: str
    marker: str
    words: str
    handle: Any
    at: float  # of time.time
    is_answerable: bool = False
    version: int = 1
    is_deleted: bool = False
    edited_at: float = 0.0
    parent_ids: tuple[str, ...] = ()  # a reply to it stands below one of these
    is_asked: bool = False  # people have begun to answer it
    is_kept: bool = False  # others have answered it there: it is not deleted


@dataclass(frozen=True, slots=True)
class Stands:
    """A reply that stands at a server."""

    parent: str
    text: str


@dataclass
class Server:
    """One kind. `way` says how its items reach us, for the table of latencies."""

    gate: Gate
    items: list[Item] = field(default_factory=list)
    kind: ClassVar[str] = ""
    source: ClassVar[str] = ""
    way: ClassVar[str] = ""
    can_edit: ClassVar[bool] = False
    can_delete: ClassVar[bool] = False
    can_reply: ClassVar[bool] = False
    lead: ClassVar[str] = ""
    more_gates: tuple[Gate, ...] = ()

    def config(self) -> str:
        raise NotImplementedError

    def secrets(self) -> Mapping[str, str]:
        return {}

    async def write(self, words: str) -> Item:
        """Somebody writes."""
        raise NotImplementedError

    async def edit(self, item: Item, words: str) -> None:
        raise NotImplementedError

    async def delete(self, item: Item) -> None:
        raise NotImplementedError

    async def held(self) -> list[str]:
        """The words of each item that it holds now."""
        raise NotImplementedError

    async def replies(self) -> list[Stands]:
        return []

    async def audit(self) -> list[str]:
        """What else is wrong there."""
        return []

    async def close(self) -> None:
        """Nothing more is written."""

    def gates(self) -> tuple[Gate, ...]:
        return (self.gate, *self.more_gates)

    def to_answer(self, key: str) -> Item | None:
        """Now and then, somebody's item that has `key`, below which the next one is written."""
        there = [one for one in self.items if key in one.handle and not one.is_deleted]
        if not there or self.gate.chance.random() > 0.3:
            return None
        parent = self.gate.chance.choice(there)
        parent.is_kept = True
        return parent

    def new(self, words: str, handle: Any, **more: Any) -> Item:
        return Item(self.kind, "", words, handle, time.time(), **more)


# X


class X(Server):
    kind, source, way = "x", "x", "stream (X)"
    can_edit = can_delete = can_reply = True
    fake: x_server.FakeX
    again: int = 0  # replies that stood already and were posted once more; X itself refuses them

    def config(self) -> str:
        return f'account = "heronair"\nsearch = true\nstream = true\ndaily_budget = 500.0\nserver = "{self.gate.url}"'

    def secrets(self) -> Mapping[str, str]:
        names = ("X_CONSUMER_KEY", "X_CONSUMER_SECRET", "X_ACCESS_KEY", "X_ACCESS_SECRET")
        return {"X_BEARER_TOKEN": x_server.BEARER, **dict(zip(names, x_server.KEYS, strict=True))}

    async def write(self, words: str) -> Item:
        is_summons = self.gate.chance.random() < 0.8
        text = f"@heronair {words}" if is_summons else words
        post = self.fake.write(text, f"nina{self.gate.chance.randrange(40)}")
        item = self.new(text, post, is_answerable=is_summons, parent_ids=(post.id,))
        self._deliver(post)
        return item

    def _deliver(self, post: x_server.FakePost) -> None:
        async def deliver() -> None:
            with suppress(Exception):
                await self.fake.deliver(post)

        _keep(asyncio.create_task(deliver()))

    async def edit(self, item: Item, words: str) -> None:
        text = f"@heronair {words}" if item.is_answerable else words
        item.handle = self.fake.edit(item.handle, text)
        item.parent_ids = (*item.parent_ids, item.handle.id)
        self._deliver(item.handle)

    async def delete(self, item: Item) -> None:
        self.fake.delete(item.handle)

    async def held(self) -> list[str]:
        there = [post for post in self.fake.posts.values() if not post.gone and post.history[-1] == post.id]
        return [post.text for post in there if post.author != x_server.OWN]

    async def replies(self) -> list[Stands]:
        own = [post for post in self.fake.posts.values() if post.author == x_server.OWN]
        return [Stands(post.extra["referenced_tweets"][0]["id"], post.extra["typed"]) for post in own]

    async def audit(self) -> list[str]:
        return [f"{self.again} replies were posted again without a look"] if self.again else []

    def watch(self) -> None:
        """Count what X would have refused as a duplicate."""
        post = self.fake._post

        def watched(body: dict[str, Any]) -> web.Response:
            self.again += any(one.extra.get("typed") == body["text"] for one in self.fake.posts.values())
            return post(body)

        self.fake._post = watched  # type: ignore[method-assign]


async def _keep_x_alive(fake: x_server.FakeX) -> None:
    while True:
        await asyncio.sleep(10)
        with suppress(Exception):
            await fake.say(b"")


@asynccontextmanager
async def opened_x(chance: random.Random) -> AsyncIterator[X]:
    async with x_server.serving(now) as fake:
        port = int(fake.url.rpartition(":")[2])
        losses = [Loss(re.compile(rb"^POST /2/tweets "), 0.3), Loss(ANY, 0.01)]
        gate = Gate("x", port, free_port(chance), chance, losses)
        fake.url = gate.url  # what is signed is the address that was asked
        made = X(gate)
        made.fake = fake
        made.watch()
        alive = asyncio.create_task(_keep_x_alive(fake))
        yield made
        alive.cancel()


# Bluesky


class TimelyBluesky(bluesky_fake.FakeBluesky):
    """With the true time; nothing is lost between what is kept and what is sent."""

    def emit(self, kind: str, did: str, **payload: Any) -> None:
        moment = now().isoformat(timespec="microseconds").replace("+00:00", "Z")
        event = {"$type": f"{bluesky_fake.SUBSCRIBE}#{kind}", "did": did, "seq": len(self.events) + 1, "time": moment}
        self.events.append(event | {"witnessedAt": moment} | payload)
        self.happened.set()

    happened: asyncio.Event

    async def _subscribe(self, request: web.Request) -> web.StreamResponse:
        cursor = request.query.get("cursor")
        place = len(self.events)
        if cursor is not None:
            place = self._first_after(int(cursor)) - 1 if int(cursor) > 10**15 else int(cursor) - 1
        socket = web.WebSocketResponse(protocols=("xrpc.v1.json",))
        await socket.prepare(request)
        reader = asyncio.create_task(self._drain(socket))
        try:
            while not reader.done():
                while place < len(self.events):
                    place += 1
                    await socket.send_str(bluesky_fake.frame(self.events[place - 1]))
                self.happened.clear()
                waiting = asyncio.create_task(self.happened.wait())
                await asyncio.wait({waiting, reader}, return_when=asyncio.FIRST_COMPLETED, timeout=5)
                waiting.cancel()
                if place == len(self.events):  # somebody on the network always writes
                    self.emit("identity", "did:plc:somebody")
        except (ConnectionError, aiohttp.ClientError):
            pass
        finally:
            reader.cancel()
        return socket

    async def _drain(self, socket: web.WebSocketResponse) -> None:
        async for _ in socket:
            pass

    def _put_record(self, asked: dict[str, Any], did: str) -> dict[str, Any]:
        told = super()._put_record(asked, did)
        self.posts[told["uri"]].at = now()
        return told


class Bluesky(Server):
    kind, source, way = "bsky", "bluesky", "stream (Jetstream)"
    can_delete = can_reply = True
    fake: TimelyBluesky

    def config(self) -> str:
        stream = self.more_gates[0].port
        return (
            f'handle = "{bluesky_fake.OUR_HANDLE}"\nserver = "{self.gate.url}"\n'
            f'jetstream = ["ws://127.0.0.1:{stream}"]\nallow_private = true'
        )

    def secrets(self) -> Mapping[str, str]:
        return {"BLUESKY_PASSWORD": bluesky_fake.PASSWORD}

    async def write(self, words: str) -> Item:
        did = f"did:plc:p{self.gate.chance.randrange(20)}"
        is_mention = self.gate.chance.random() < 0.6
        post = (self.fake.mention if is_mention else self.fake.post)(did, words, at=now())
        return self.new(words, post, is_answerable=is_mention, parent_ids=(post.uri,))

    async def delete(self, item: Item) -> None:
        self.fake.delete(item.handle.uri)

    async def held(self) -> list[str]:
        return [str(post.record["text"]) for post in self.fake.posts.values() if post.did != bluesky_fake.OUR_DID]

    async def replies(self) -> list[Stands]:
        own = [post for post in self.fake.posts.values() if post.did == bluesky_fake.OUR_DID]
        return [Stands(post.record["reply"]["parent"]["uri"], post.record["text"]) for post in own]


@asynccontextmanager
async def opened_bluesky(chance: random.Random) -> AsyncIterator[Bluesky]:
    fake = TimelyBluesky()
    fake.happened = asyncio.Event()
    for number in range(20):
        fake.join(f"did:plc:p{number}", f"p{number}.test", name=f"P{number}", followers=number)
    async with _serving_app(fake.answer, "/xrpc/{method}") as port:
        losses = [Loss(re.compile(rb"^POST /xrpc/com.atproto.repo"), 0.3), Loss(ANY, 0.01)]
        gate = Gate("bluesky", port, free_port(chance), chance, losses)
        stream = Gate("jetstream", port, free_port(chance), chance)
        made = Bluesky(gate, more_gates=(stream,))
        made.fake = fake
        yield made


# Mastodon


class Mastodon(Server):
    kind, source, way = "mast", "mastodon", "stream (Mastodon)"
    can_edit = can_delete = can_reply = True

    def config(self) -> str:
        return f'server = "{self.gate.url}"\nallow_private = true'

    def secrets(self) -> Mapping[str, str]:
        return {"MASTODON_TOKEN": TOKENS["aurelia"]}

    async def write(self, words: str) -> Item:
        who = self.gate.chance.choice(("grace", "alan"))
        text = f"@aurelia {words}"
        id_ = await asyncio.to_thread(mock().write, who, text)
        return self.new(text, (who, id_), is_answerable=True, parent_ids=(id_,))

    async def edit(self, item: Item, words: str) -> None:
        await asyncio.to_thread(mock().edit, *item.handle, f"@aurelia {words}")

    async def delete(self, item: Item) -> None:
        await asyncio.to_thread(mock().delete, *item.handle)

    async def held(self) -> list[str]:
        return [_bare(post["content"]) for post in self._posts("grace", "alan")]

    async def replies(self) -> list[Stands]:
        own = self._posts("aurelia")
        return [Stands(str(post["in_reply_to_id"]), re.sub(r"^@\w+\s+", "", _bare(post["content"]))) for post in own]

    def _posts(self, *names: str) -> list[dict[str, Any]]:
        from mastodon_mock.db.models import Account, Status  # noqa: PLC0415

        with mock()._app.state.session_factory() as session:
            ids = {one.id: one.username for one in session.query(Account)}
            found = [one for one in session.query(Status) if ids.get(one.account_id) in names]
            return [
                {"id": one.id, "content": one.content or one.text, "in_reply_to_id": one.in_reply_to_id}
                for one in found
                if not getattr(one, "deleted", False)
            ]


def _bare(html: str) -> str:
    return unescape(re.sub(r"<[^>]+>", "", re.sub(r"<br\s*/?>", "\n", html))).strip()


@asynccontextmanager
async def opened_mastodon(chance: random.Random) -> AsyncIterator[Mastodon]:
    server = await asyncio.to_thread(mock)
    losses = [Loss(re.compile(rb"^POST /api/v1/statuses"), 0.3), Loss(ANY, 0.01)]
    yield Mastodon(Gate("mastodon", server.server.port, free_port(chance), chance, losses))


# E-mail


class Mail(Server):
    """mail-devel, which pushes only the first mail of a connection; the poll brings the others."""

    kind, source, way = "mail", "mail", "IDLE once, then poll (mail-devel)"
    can_reply = True
    smtp: int
    imap: int
    count: int = 0

    def config(self) -> str:
        return (
            f'server = "127.0.0.1"\nport = {self.gate.port}\nsecurity = "none"\nuser = "{USER}"\nallow_private = true\n'
            f'smtp_server = "127.0.0.1"\nsmtp_port = {self.more_gates[0].port}\nsmtp_security = "none"'
        )

    def secrets(self) -> Mapping[str, str]:
        return {"EMAIL_PASSWORD": PASSWORD}

    def letter(self, words: str) -> tuple[str, bytes]:
        self.count += 1
        id_ = f"<{self.kind}-{self.count}@post.example>"
        who = f"jo{self.count}@post.example"
        heads = {"From": f"Jo <{who}>", "Date": format_datetime(now()), "Message_ID": id_, "Subject": "My lamp"}
        return id_, mail(self.count, words, **heads)

    async def write(self, words: str) -> Item:
        id_, raw = self.letter(words)

        def send() -> None:
            with smtplib.SMTP("127.0.0.1", self.smtp, timeout=20) as server:
                server.sendmail("jo@post.example", [USER], raw)

        await asyncio.to_thread(send)
        return self.new(words, id_, is_answerable=True, parent_ids=(id_,))

    async def held(self) -> list[str]:
        return [one.get_body().get_content() for one, _ in await self._mails() if USER not in str(one["From"])]

    async def replies(self) -> list[Stands]:
        own = [one for one, _ in await self._mails() if USER in str(one["From"])]
        return [Stands(str(one["In-Reply-To"]), one.get_body().get_content().strip()) for one in own]

    async def audit(self) -> list[str]:
        seen = [str(one["Message-ID"]) for one, flags in await self._mails() if rb"\Seen" in flags]
        return [f"{len(seen)} mails are marked as seen, such as {seen[0]}"] if seen else []

    async def _mails(self) -> list[tuple[Any, tuple[bytes, ...]]]:
        def read() -> list[tuple[Any, tuple[bytes, ...]]]:
            with IMAPClient("127.0.0.1", self.imap, ssl=False, timeout=60) as client:
                client.login(USER, PASSWORD)
                client.select_folder("INBOX", readonly=True)
                found = client.fetch(client.search("ALL"), ["FLAGS", "BODY.PEEK[]"])
                return [
                    (email.message_from_bytes(one[b"BODY[]"], policy=policy.default), one[b"FLAGS"])
                    for one in found.values()
                ]

        return await asyncio.to_thread(read)


@asynccontextmanager
async def opened_mail(chance: random.Random) -> AsyncIterator[Mail]:
    with mail_devel() as ports:
        with IMAPClient("127.0.0.1", ports.imap, ssl=False, timeout=10) as other:
            other.login(USER, PASSWORD)
            other.create_folder("Sent")
        imap = Gate("imap", ports.imap, free_port(chance), chance, [Loss(ANY, 0.005)])
        smtp = Gate("smtp", ports.smtp, free_port(chance), chance, [Loss(re.compile(rb"\r\n\.\r\n$"), 0.2)])
        made = Mail(imap, more_gates=(smtp,))
        made.smtp, made.imap = ports.smtp, ports.imap
        yield made


class PushedMail(Mail):
    """Dovecot, whose IDLE tells of every mail."""

    kind, source, way, can_reply = "imap", "dovecot", "IDLE (Dovecot)", False

    def config(self) -> str:
        return (
            f'server = "127.0.0.1"\nport = {self.gate.port}\nsecurity = "none"\nuser = "{USER}"\nallow_private = true'
        )

    async def write(self, words: str) -> Item:
        id_, raw = self.letter(words)

        def append() -> None:
            with IMAPClient("127.0.0.1", self.imap, ssl=False, timeout=20) as client:
                client.login(USER, PASSWORD)
                client.append("INBOX", raw)

        await asyncio.to_thread(append)
        return self.new(words, id_)


@asynccontextmanager
async def opened_dovecot(chance: random.Random) -> AsyncIterator[PushedMail]:
    with _quiet_dovecot() as running:
        made = PushedMail(Gate("dovecot", running.port, free_port(chance), chance, [Loss(ANY, 0.005)]))
        made.imap = running.port
        yield made


@contextmanager
def _quiet_dovecot() -> Any:
    with dovecot() as running:
        yield running


# Feeds


class Feeds(Server):
    kind, source, way = "feed", "blogs", "poll (30 feeds)"
    can_edit = True
    web: FeedServer
    entries: list[list[list[str]]]  # of each feed: id, words, date

    def config(self) -> str:
        urls = ", ".join(f'"{self.gate.url}/feed/{number}"' for number in range(FEEDS))
        return f'urls = [{urls}]\nslowest = "5s"\nallow_private = true'

    async def write(self, words: str) -> Item:
        number = self.gate.chance.randrange(FEEDS)
        entry = [f"tag:blog.example,2026:{time.time_ns()}", words, format_datetime(now())]
        self.entries[number].append(entry)
        return self.new(words, entry)

    async def edit(self, item: Item, words: str) -> None:
        item.handle[1] = words

    async def held(self) -> list[str]:
        return [entry[1] for feed in self.entries for entry in feed]

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        number = int(request.path.rpartition("/")[2])
        items = [
            f"<item><guid isPermaLink='false'>{id_}</guid><title>Note</title><pubDate>{at}</pubDate>"
            f"<description>{escape(words)}</description></item>"
            for id_, words, at in reversed(self.entries[number][-200:])
        ]
        body = f'<rss version="2.0"><channel><title>Blog {number}</title>{"".join(items)}</channel></rss>'
        tag = f'"{hash(body)}"' if number % 5 else ""
        if tag and request.headers.get("If-None-Match") == tag:
            return web.Response(status=304)
        return web.Response(
            body=body.encode(), content_type="application/rss+xml", headers={"ETag": tag} if tag else None
        )


@asynccontextmanager
async def opened_feeds(chance: random.Random) -> AsyncIterator[Feeds]:
    async with feed_serving() as server:
        made = Feeds(Gate("feeds", server.port, free_port(chance), chance, [Loss(ANY, 0.01)]))
        made.entries = [[] for _ in range(FEEDS)]
        server.otherwise = made.answer
        yield made


# News


class News(Server):
    """GDELT: an article shows in the search some seconds after its date."""

    kind, source, way = "news", "news", "poll (GDELT)"
    articles: list[dict[str, Any]]

    def config(self) -> str:
        return f'engines = ["gdelt"]\ngdelt_server = "{self.gate.url}"\nallow_private = true'

    async def write(self, words: str) -> Item:
        seen = now() - timedelta(seconds=self.gate.chance.random() * 30)
        number = len(self.articles)
        told = {"url": f"https://paper.example/story-{number}", "domain": "paper.example", "language": "English"}
        self.articles.append({**told, "title": words, "seendate": f"{seen:%Y%m%dT%H%M%SZ}"})
        return self.new(words, number)

    async def held(self) -> list[str]:
        return [one["title"] for one in self.articles]

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        start = request.query["startdatetime"]
        found = [one for one in self.articles if one["seendate"].replace("T", "").rstrip("Z") >= start]
        found = sorted(found, key=lambda one: one["seendate"])[: int(request.query["maxrecords"])]
        return web.Response(text=json.dumps({"articles": found}), content_type="application/json")


@asynccontextmanager
async def opened_news(chance: random.Random) -> AsyncIterator[News]:
    async with feed_serving() as server:
        made = News(Gate("news", server.port, free_port(chance), chance, [Loss(ANY, 0.02)]))
        made.articles = []
        server.otherwise = made.answer
        yield made


# Search engines


class Timely:
    """What the rigs of the tests share, with the true time and without a source."""

    def made(self, **_: Any) -> Any:
        return None

    def next_moment(self) -> datetime:
        return now()


class TimelyHackerNews(Timely, HackerNewsRig):
    pass


class TimelyGitHub(Timely, GitHubRig):
    pass


class TimelyStackOverflow(Timely, StackOverflowRig):
    pass


class HackerNews(Server):
    kind, source, way = "hn", "hackernews", "poll (Hacker News)"
    can_edit = can_delete = True
    rig: TimelyHackerNews
    count: int = 0

    def config(self) -> str:
        return f'server = "{self.gate.url}/api"\nitem_server = "{self.gate.url}/v0"\nallow_private = true'

    async def write(self, words: str) -> Item:
        self.count += 1
        at = int(time.time() - self.gate.chance.random() * 30)  # it shows in the search later
        hit = self.rig.publish(1000 + self.count, words, at)
        return self.new(words, hit)

    async def edit(self, item: Item, words: str) -> None:
        item.handle["comment_text"] = words

    async def delete(self, item: Item) -> None:
        await self.rig.delete(int(item.handle["objectID"]) - 1000)

    async def held(self) -> list[str]:
        return [hit["comment_text"] for hit in self.rig.hits]


class GitHub(Server):
    kind, source, way = "gh", "github", "poll (GitHub)"
    can_edit = can_delete = True
    rig: TimelyGitHub
    count: int = 0

    def config(self) -> str:
        return f'server = "{self.gate.url}"\nrepos = ["jo/home"]\nallow_private = true'

    def secrets(self) -> Mapping[str, str]:
        return {"GITHUB_TOKEN": "t-1-long-enough"}

    async def write(self, words: str) -> Item:
        self.count += 1
        if parent := self.to_answer("number"):
            self.rig.comment(5000 + self.count, parent.handle["number"], words)
            return self.new(words, self.rig.comments[5000 + self.count])
        return self.new(words, self.rig.publish(self.count, words))

    async def edit(self, item: Item, words: str) -> None:
        item.handle |= {"body": words, "updated_at": self.rig.when()}

    async def delete(self, item: Item) -> None:
        id_ = int(re.findall(r"\d+", item.handle["url"])[-1])
        del (self.rig.comments if "/comments/" in item.handle["url"] else self.rig.issues)[id_]

    async def held(self) -> list[str]:
        issues = [one["body"] for one in self.rig.issues.values()]
        return issues + [one["body"] for one in self.rig.comments.values()]


class StackOverflow(Server):
    kind, source, way = "so", "stackoverflow", "poll (Stack Overflow)"
    can_edit = can_delete = True
    rig: TimelyStackOverflow
    count: int = 0

    def config(self) -> str:
        return f'server = "{self.gate.url}"\nallow_private = true'

    def secrets(self) -> Mapping[str, str]:
        return {"STACKEXCHANGE_KEY": "a-key-of-the-bench"}

    async def write(self, words: str) -> Item:
        self.count += 1
        if parent := self.to_answer("title"):
            self.rig.answer(500_000 + self.count, parent.handle["question_id"], words)
            return self.new(words, self.rig.answers[500_000 + self.count])
        return self.new(words, self.rig.publish(1000 + self.count, words))

    async def edit(self, item: Item, words: str) -> None:
        moment = int(time.time())
        item.handle |= {"body": f"<p>{words}</p>", "last_activity_date": moment}
        if "answer_id" in item.handle:
            self.rig.questions[item.handle["question_id"]]["last_activity_date"] = moment

    async def delete(self, item: Item) -> None:
        if "answer_id" in item.handle:
            del self.rig.answers[item.handle["answer_id"]]
        else:
            del self.rig.questions[item.handle["question_id"]]

    async def held(self) -> list[str]:
        return [one["body"] for one in (*self.rig.questions.values(), *self.rig.answers.values())]


def _opened_engine(made: type[Any], rig: type[Any]) -> Callable[[random.Random], Any]:
    @asynccontextmanager
    async def opened(chance: random.Random) -> AsyncIterator[Any]:
        async with feed_serving() as server:
            one = made(Gate(made.source, server.port, free_port(chance), chance, [Loss(ANY, 0.01)]))
            one.rig = rig(server, None)
            one.rig.left = 1_000_000  # requests of a day
            yield one

    return opened


# What is sent to us


class Webhook(Server):
    """Senders that send again, with the same id, until they hear that it was taken."""

    kind, source, way = "hook", "desk", "webhook"
    taken: list[str]
    tasks: set[asyncio.Task[None]]

    def config(self) -> str:
        return 'secret_env = "DESK_SECRET"'

    def secrets(self) -> Mapping[str, str]:
        return {"DESK_SECRET": HOOK_SECRET}

    async def write(self, words: str) -> Item:
        item = self.new(words, f"delivery-{time.time_ns()}")
        task = asyncio.create_task(self._send(item))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return item

    async def _send(self, item: Item) -> None:
        body = json.dumps({"text": item.words, "author": "Mia", "id": item.handle}).encode()
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
            while True:
                moment = str(int(time.time()))
                headers = {
                    "Content-Type": "application/json",
                    "X-Earshot-Timestamp": moment,
                    "X-Earshot-Signature": sign(HOOK_SECRET, moment, body),
                    "X-Earshot-Delivery": item.handle,
                }
                with suppress(aiohttp.ClientError, TimeoutError, OSError):
                    async with session.post(f"{self.gate.url}/hooks/desk", data=body, headers=headers) as answer:
                        if answer.status < 300:
                            self.taken.append(item.words)
                            return
                await asyncio.sleep(1)

    async def held(self) -> list[str]:
        return self.taken

    async def close(self) -> None:
        if self.tasks:
            await asyncio.wait(self.tasks, timeout=30)


class Files(Server):
    """Call notes: whole new files, and files that grow."""

    kind, source, way = "file", "calls", "file (1 s)"
    folder: Path
    lines: list[str]

    def config(self) -> str:
        return f'folder = "{self.folder}"\nevery = "1s"'

    async def write(self, words: str) -> Item:
        line = json.dumps({"text": words, "author": "caller", "id": f"call-{time.time_ns()}"}) + "\n"
        self.lines.append(words)
        if self.gate.chance.random() < 0.5:
            with (self.folder / f"growing-{len(self.lines) // 20}.jsonl").open("a") as stream:
                stream.write(line)
        else:
            hidden = self.folder / f".{len(self.lines)}"
            hidden.write_text(line)
            hidden.rename(self.folder / f"notes-{len(self.lines)}.jsonl")
        return self.new(words, None)

    async def held(self) -> list[str]:
        return self.lines


@asynccontextmanager
async def _serving_app(answer: Any, path: str) -> AsyncIterator[int]:
    app = web.Application()
    app.router.add_route("*", path, answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


_kept: set[asyncio.Task[Any]] = set()


def _keep(task: asyncio.Task[Any]) -> None:
    _kept.add(task)
    task.add_done_callback(_kept.discard)


OPENED: dict[str, Callable[[random.Random], Any]] = {
    "x": opened_x,
    "bsky": opened_bluesky,
    "mast": opened_mastodon,
    "mail": opened_mail,
    "imap": opened_dovecot,
    "feed": opened_feeds,
    "news": opened_news,
    "hn": _opened_engine(HackerNews, TimelyHackerNews),
    "gh": _opened_engine(GitHub, TimelyGitHub),
    "so": _opened_engine(StackOverflow, TimelyStackOverflow),
}


@asynccontextmanager
async def all_servers(kinds: list[str], home: Path, page: Gate, chance: random.Random) -> AsyncIterator[list[Server]]:
    """Each with its gate open; `page` is the gate before the program's own page."""
    async with AsyncExitStack() as stack:
        opened = [OPENED[kind](chance) for kind in kinds if kind in OPENED]
        servers: list[Server] = [await stack.enter_async_context(one) for one in opened]
        if "hook" in kinds:
            hook = Webhook(page)
            hook.taken, hook.tasks = [], set()
            servers.append(hook)
        if "file" in kinds:
            files = Files(Gate("none", 0, 0, chance))
            files.folder, files.lines = home / "calls", []
            files.folder.mkdir()
            servers.append(files)
        for server in servers:
            for gate in server.gates():
                if gate.port:
                    await gate.start()
        try:
            yield servers
        finally:
            for server in servers:
                for gate in server.gates():
                    if gate.port:
                        await gate.close()
