"""A small Bluesky on loopback: accounts with sessions, posts, notifications, search, records, and a Jetstream v2.

It is hard where life is hard: tokens expire, signing in is limited, a deleted post is simply missing from an answer.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from aiohttp import web

from tests.bot.sources.rigs import Fault

START = datetime(2026, 11, 21, 9, tzinfo=UTC)
POST = "app.bsky.feed.post"
SUBSCRIBE = "network.bsky.jetstream.subscribeEvents"
OUR_HANDLE, OUR_DID, PASSWORD = "lamps.test", "did:plc:lamps", "abcd-efgh-ijkl-mnop"

Json = dict[str, Any]


def stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass
class Person:
    did: str
    handle: str
    password: str = ""
    name: str = ""
    followers: int = 0

    @property
    def profile(self) -> Json:
        return {"did": self.did, "handle": self.handle, "displayName": self.name, "followersCount": self.followers}


@dataclass
class Post:
    did: str
    rkey: str
    record: Any
    at: datetime
    extra: Json = field(default_factory=dict)

    @property
    def uri(self) -> str:
        return f"at://{self.did}/{POST}/{self.rkey}"

    @property
    def cid(self) -> str:
        return f"bafyrei{self.rkey}"

    @cached_property
    def order(self) -> str:
        """Where it stands in a list, and the cursor that means it."""
        return f"{stamp(self.at)}::{self.cid}"

    @property
    def ref(self) -> Json:
        return {"uri": self.uri, "cid": self.cid}


class Refusal(Exception):
    def __init__(self, name: str, status: int = 400) -> None:
        self.name, self.status = name, status


class FakeBluesky:
    """`requests` counts the calls by method; `down` holds methods that answer 502, `hold` those that wait."""

    def __init__(self) -> None:
        self.people: dict[str, Person] = {}
        self.posts: dict[str, Post] = {}
        self.requests: Counter[str] = Counter()
        self.asked: list[tuple[str, Json]] = []
        self.bodies: list[Json] = []
        self.fault: Fault | None = None
        self.down: set[str] = set()
        self.silent_about_posts: set[int] = set()  # which requests for posts, counted from 1, are answered with none
        self.swallowed: set[str] = set()  # methods that do their work and never answer
        self.hold: dict[str, asyncio.Event] = {}
        self.logins_left = 30
        self.host, self.port = "", 0
        self.events: list[Json] = []
        self.floor = 1  # events before it are not kept any more
        self.is_closed_to = ""  # a status that the stream refuses with
        self.sockets: set[web.WebSocketResponse] = set()
        self.opened: list[Json] = []  # what each stream was asked with
        self._tokens: dict[str, tuple[str, str]] = {}  # token to kind and account
        self._count = 0
        self.join(OUR_DID, OUR_HANDLE, PASSWORD, "Lamps", 900)

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def jetstream(self) -> str:
        return f"ws://{self.host}:{self.port}"

    def join(self, did: str, handle: str, password: str = "", name: str = "", followers: int = 0) -> Person:
        person = self.people[did] = Person(did, handle, password, name, followers)
        return person

    def post(self, did: str, text: Any, at: datetime | None = None, rkey: str = "", **more: Any) -> Post:
        """Somebody writes. `more` goes into the record."""
        self._count += 1
        moment = at or START + timedelta(seconds=self._count)
        record = {"$type": POST, "text": text, "createdAt": stamp(moment), "langs": ["en"], **more}
        return self.publish(Post(did, rkey or f"3l{self._count:011d}", record, moment))

    def publish(self, post: Post) -> Post:
        self.posts[post.uri] = post
        self.emit("commit", post.did, **self._commit(post, "create"), cid=post.cid, record=post.record)
        return post

    def mention(self, did: str, text: str, **more: Any) -> Post:
        """A post that names our account."""
        facet = {
            "index": {"byteStart": 0, "byteEnd": 1},
            "features": [{"$type": "app.bsky.richtext.facet#mention", "did": OUR_DID}],
        }
        return self.post(did, text, facets=[facet], **more)

    def delete(self, uri: str) -> None:
        post = self.posts.pop(uri)
        self.emit("commit", post.did, **self._commit(post, "delete"))

    def account(self, did: str, status: str) -> None:
        self.emit("account", did, account={"did": did, "active": not status, "status": status, "seq": 1})

    def emit(self, kind: str, did: str, **payload: Any) -> None:
        moment = START + timedelta(seconds=len(self.events))
        time = moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
        event = {"$type": f"{SUBSCRIBE}#{kind}", "did": did, "seq": len(self.events) + 1, "time": time}
        self.events.append(event | {"witnessedAt": time} | payload)
        self._send_all(frame(self.events[-1]))

    def say(self, text: str) -> None:
        """Any frame to everybody who listens."""
        self._send_all(text)

    async def hang_up(self) -> None:
        for socket in list(self.sockets):
            await socket.close()

    def expire(self, *kinds: str) -> None:
        """Tokens of these kinds (access, refresh) are not accepted any more."""
        self._tokens = {token: told for token, told in self._tokens.items() if told[0] not in kinds}

    def routes(self) -> dict[tuple[str, str], Callable[[Json, str], Any]]:
        return {
            ("POST", "com.atproto.server.createSession"): self._create_session,
            ("POST", "com.atproto.repo.putRecord"): self._put_record,
            ("GET", "com.atproto.repo.getRecord"): self._get_record,
            ("GET", "com.atproto.repo.listRecords"): self._list_records,
            ("GET", "com.atproto.identity.resolveHandle"): self._resolve,
            ("GET", "app.bsky.notification.listNotifications"): self._notifications,
            ("GET", "app.bsky.feed.getPosts"): self._get_posts,
            ("GET", "app.bsky.feed.searchPosts"): self._search,
            ("GET", "app.bsky.actor.getProfiles"): self._profiles,
        }

    async def answer(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        self.requests[method] += 1
        if self.fault is not None or method in self.down:
            return _faulty(self.fault)
        if method == SUBSCRIBE:
            return await self._subscribe(request)
        try:
            told = await self._told(method, request)
        except Refusal as refusal:
            return web.json_response({"error": refusal.name, "message": "no"}, status=refusal.status)
        if method in self.swallowed:
            assert request.transport is not None
            request.transport.abort()
        return web.json_response(told)

    async def _told(self, method: str, request: web.Request) -> Any:
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if method == "com.atproto.server.refreshSession":
            return self._refresh(bearer)
        asked: Json = {name: request.query.getall(name) for name in request.query}
        if request.method == "POST":
            asked = json.loads(await request.text())
            self.bodies.append(asked)
        self.asked.append((method, asked))
        if method in self.hold:
            await self.hold[method].wait()
        did = ""
        if method != "com.atproto.server.createSession":
            kind, did = self._tokens.get(bearer, ("", ""))
            if kind != "access":
                raise Refusal("ExpiredToken" if bearer else "AuthMissing", 400 if bearer else 401)
        act = self.routes().get((request.method, method))
        if act is None:
            raise Refusal("MethodNotImplemented", 501)
        return act(asked, did)

    def _session(self, did: str) -> Json:
        self._count += 1
        tokens = {f"{kind}Jwt": f"{kind}-{self._count}" for kind in ("access", "refresh")}
        for kind in ("access", "refresh"):
            self._tokens[tokens[f"{kind}Jwt"]] = (kind, did)
        return {"did": did, "handle": self.people[did].handle, "active": True, **tokens}

    def _create_session(self, asked: Json, _: str) -> Json:
        if self.logins_left == 0:
            raise Refusal("RateLimitExceeded", 429)
        self.logins_left -= 1
        for person in self.people.values():
            if person.handle == asked["identifier"] and person.password == asked["password"] != "":
                return self._session(person.did)
        raise Refusal("AuthenticationRequired", 401)

    def _refresh(self, bearer: str) -> Json:
        kind, did = self._tokens.get(bearer, ("", ""))
        if kind != "refresh":
            raise Refusal("ExpiredToken")
        return self._session(did)

    def _view(self, post: Post) -> Json:
        author = self.people[post.did].profile if post.did in self.people else None
        told = {"author": author, "record": post.record, "indexedAt": stamp(post.at), **post.ref}
        return told | post.extra

    def _reason(self, post: Post) -> str:
        record = post.record if isinstance(post.record, dict) else {}
        if "notify" in post.extra:
            return str(post.extra["notify"])
        if any(OUR_DID in str(facet) for facet in record.get("facets") or ()):
            return "mention"
        words = str(record.get("reply", ""))
        return "reply" if f"at://{OUR_DID}/" in words else ""

    def _paged(self, found: list[Post], asked: Json) -> tuple[list[Post], Json]:
        """Newest first, from a cursor that names a moment and a post."""
        limit, before = int(asked.get("limit", ["50"])[0]), asked.get("cursor", [""])[0]
        rest = sorted((post for post in found if not before or post.order < before), key=lambda post: post.order)[::-1]
        page = rest[:limit]
        return page, {"cursor": page[-1].order} if len(rest) > limit else {}

    def _notifications(self, asked: Json, did: str) -> Json:
        reasons = asked.get("reasons", [])
        found = [post for post in self.posts.values() if self._reason(post) in reasons]
        page, more = self._paged(found, asked)
        views = [
            {name: value for name, value in self._view(post).items() if not name.endswith("Count")}
            | {"reason": self._reason(post)}
            for post in page
        ]
        return {"notifications": views, **more}

    def _search(self, asked: Json, did: str) -> Json:
        words = asked["q"][0].replace('"', "").lower()
        if "!!" in words:
            raise Refusal("BadQueryString")
        found = [post for post in self.posts.values() if words in str(post.record["text"]).lower()]
        page, more = self._paged(found, asked)
        return {"posts": [self._view(post) for post in page], **more}

    def _get_posts(self, asked: Json, did: str) -> Json:
        if len(asked["uris"]) > 25:
            raise Refusal("InvalidRequest")
        if self.requests["app.bsky.feed.getPosts"] in self.silent_about_posts:
            return {"posts": []}
        return {"posts": [self._view(self.posts[uri]) for uri in asked["uris"] if uri in self.posts]}

    def _profiles(self, asked: Json, did: str) -> Json:
        if len(asked["actors"]) > 25:
            raise Refusal("InvalidRequest")
        return {"profiles": [self.people[did].profile for did in asked["actors"] if did in self.people]}

    def _resolve(self, asked: Json, did: str) -> Json:
        for person in self.people.values():
            if person.handle == asked["handle"][0]:
                return {"did": person.did}
        raise Refusal("HandleNotFound")

    def _put_record(self, asked: Json, did: str) -> Json:
        if asked["repo"] != did:
            raise Refusal("AuthMissing", 401)
        post = Post(did, asked["rkey"], asked["record"], START)
        if asked.get("swapRecord", "") is None and post.uri in self.posts:
            raise Refusal("InvalidSwap")
        if "forbidden" in post.record["text"]:
            raise Refusal("InvalidRecord")
        return self.publish(post).ref

    def _list_records(self, asked: Json, did: str) -> Json:
        own = [post for post in self.posts.values() if post.did == asked["repo"][0]]
        return {"records": [{"uri": post.uri, "cid": post.cid, "value": post.record} for post in own]}

    def _get_record(self, asked: Json, did: str) -> Json:
        post = self.posts.get(f"at://{asked['repo'][0]}/{asked['collection'][0]}/{asked['rkey'][0]}")
        if post is None:
            raise Refusal("RecordNotFound")
        return {**post.ref, "value": post.record}

    def _commit(self, post: Post, operation: str) -> Json:
        return {"operation": operation, "collection": POST, "rkey": post.rkey, "rev": "3l"}

    async def _subscribe(self, request: web.Request) -> web.StreamResponse:
        asked = {name: request.query.getall(name) for name in request.query}
        self.opened.append(asked)
        cursor = int(asked["cursor"][0]) if "cursor" in asked else None
        if cursor is not None and cursor < min(self.floor, 10**15):
            return web.json_response({"error": "CursorTooOld", "message": "no"}, status=400)
        socket = web.WebSocketResponse(protocols=("xrpc.v1.json",))
        await socket.prepare(request)
        start = len(self.events) + 1
        if cursor is not None and cursor > 10**15:
            start = self._first_after(cursor)
            if start <= self.floor:
                start = self.floor
                await socket.send_str(frame({"$type": f"{SUBSCRIBE}#info", "name": "OutdatedCursor"}))
        elif cursor is not None and cursor > start:
            await socket.send_str(frame({"$type": f"{SUBSCRIBE}#info", "name": "FutureCursor"}))
        elif cursor is not None:
            start = cursor
        for event in self.events[start - 1 :]:
            await socket.send_str(frame(event))
        self.sockets.add(socket)
        async for _ in socket:
            break
        self.sockets.discard(socket)
        return socket

    def _first_after(self, microseconds: int) -> int:
        moment = datetime.fromtimestamp(microseconds / 1_000_000, UTC)
        later = [event["seq"] for event in self.events if datetime.fromisoformat(event["time"]) >= moment]
        return later[0] if later else len(self.events) + 1

    def _send_all(self, text: str) -> None:
        for socket in list(self.sockets):
            self._sending = asyncio.ensure_future(socket.send_str(text))


def frame(payload: Json) -> str:
    return json.dumps({"$type": "message", "payload": payload})


def _faulty(fault: Fault | None) -> web.Response:
    if fault is Fault.SIGN_IN:
        return web.json_response({"error": "AuthenticationRequired"}, status=401)
    if fault is Fault.TOO_MANY:
        return web.json_response({"error": "RateLimitExceeded"}, status=429, headers={"Retry-After": "60"})
    if fault is Fault.NONSENSE:
        return web.Response(text="<html>We are busy.</html>", content_type="text/html")
    return web.json_response({"error": "UpstreamFailure"}, status=502)


@asynccontextmanager
async def bluesky() -> AsyncIterator[FakeBluesky]:
    fake = FakeBluesky()
    app = web.Application()
    app.router.add_route("*", "/xrpc/{method}", fake.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    fake.host, fake.port = runner.addresses[0][:2]
    try:
        yield fake
    finally:
        await fake.hang_up()
        await runner.cleanup()
