"""X as far as Earshot asks it, after its published OpenAPI. It bills what it answers, by X's price list."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web
from oauthlib.common import Request as Signed
from oauthlib.oauth1.rfc5849 import signature, utils

from tests.x.syntax import BadSyntax, View, compile_query

BEARER = "bearer-of-the-app"
OWN = "5"  # the id of the account that owns the app
KEYS = ("key-of-the-app", "secret-of-the-app", f"{OWN}-token-of-the-account", "secret-of-the-account")
PRICES = {"post": 5_000, "owned": 1_000, "user": 10_000, "reply": 10_000, "url": 200_000}
_START = 1_288_834_974_657
_WEEK = timedelta(days=7)
_JSON = "application/json"


@dataclass
class FakePost:
    """One version of a post."""

    id: str
    text: str
    author: str
    at: datetime
    history: list[str]
    lang: str = "en"
    extra: dict[str, Any] = field(default_factory=dict)
    gone: str = ""  # why it cannot be had


class FakeX:
    """`fault` is what every answer is; `faults` what the next ones are, each by itself."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now
        self.posts: dict[str, FakePost] = {}
        self.users = {OWN: "HeronAir"}
        self.rules: dict[str, tuple[str, str]] = {}
        self.fault = ""
        self.instead: dict[str, Any] | None = None  # what it says of posts that are looked up
        self.faults: list[str] = []
        self.seen: list[tuple[str, str, dict[str, str]]] = []
        self.bill: dict[str, int] = {}
        self.credit: int | None = None
        self.streams: list[web.StreamResponse] = []
        self.ghosts = 0  # connections of programs that died
        self.connected = asyncio.Event()
        self.repeats = True
        self.url = ""
        self._billed: set[tuple[str, str, str]] = set()
        self._count = 0
        self._is_again = False
        self._ended = asyncio.Event()
        self._spoiled: dict[str, Any] = {}

    # What happens on X

    def write(self, text: str, author: str = "nina", **kept: Any) -> FakePost:
        """Somebody posts."""
        if author not in self.users.values():
            self.users[str(1_000 + len(self.users))] = author
        author_id = next(number for number, name in self.users.items() if name == author)
        when = kept.pop("when", self.now())
        at, native_id = kept.pop("at", when), kept.pop("id", None) or self._new_id(when)
        post = FakePost(native_id, text, author_id, at, [native_id], **kept)
        self.posts[native_id] = post
        return post

    async def deliver(self, post: FakePost) -> None:
        """To the streams, if a rule matches."""
        hit = [number for number, (value, _) in self.rules.items() if compile_query(value, 1_024)(self._view(post))]
        for stream in self.streams if hit else ():
            self._charge("post", [post.id])
            line = {
                "data": self._shown(post),
                "matching_rules": [{"id": one, "tag": self.rules[one][1]} for one in hit],
            }
            await stream.write(json.dumps(line).encode() + b"\r\n")

    async def say(self, line: bytes) -> None:
        for stream in self.streams:
            await stream.write(line + b"\r\n")

    def edit(self, post: FakePost, text: str) -> FakePost:
        fresh = self._new_id(self.now())
        history = [*post.history, fresh]
        self.posts[fresh] = FakePost(fresh, text, post.author, self.now(), history, post.lang, post.extra)
        for one in post.history:
            self.posts[one].history = history
        return self.posts[fresh]

    def delete(self, post: FakePost, why: str = "not-found") -> None:
        for one in post.history:
            self.posts[one].gone = why

    def spoil(self, shown: dict[str, Any]) -> None:
        """A post of which X shows something unreadable."""
        post = self.write("heron spoiled")
        self._spoiled[post.id] = shown

    def end_streams(self) -> None:
        self._ended.set()
        self._ended = asyncio.Event()

    def billed_today(self) -> int:
        return self.bill.get(self._day(), 0)

    # How it answers

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.seen.append((request.method, request.path, dict(request.query)))
        fault = self.faults.pop(0) if self.faults else self.fault
        if fault in ("lost", "drop") and request.method == "GET" and not self._is_again:
            self.faults.insert(0, fault)  # a read is asked for once more by the client itself
        self._is_again = fault in ("lost", "drop") and not self._is_again
        if fault == "slow":
            await asyncio.sleep(3_600)
        if fault == "drop":
            return _cut(request)
        if early := self._failed(fault):
            return early
        if not self._is_signed(request, await request.text()):
            return _problem(401, "Unauthorized", "Unauthorized")
        if self.credit is not None and self.credit <= 0:
            return _problem(402, "CreditsDepleted", "Your enrolled account does not have any credits.")
        answer = await self._route(request)
        if fault == "lost":  # it is done and billed, and nobody hears of it
            return _cut(request)
        if fault == "broken":
            return web.Response(text="<html>oops</html>", content_type="text/html")
        return answer

    def _failed(self, fault: str) -> web.Response | None:
        reset = {"x-rate-limit-reset": str(int(self.now().timestamp()) + 600)}
        table = {
            "sign in": lambda: _problem(401, "Unauthorized", "Unauthorized"),
            "too many": lambda: _problem(429, "Too Many Requests", "Too Many Requests", reset),
            "too many, no word": lambda: web.Response(status=429, text="slow down"),
            "trouble": lambda: web.Response(status=503, text="<html>over capacity</html>", content_type="text/html"),
            "nonsense": lambda: web.Response(text="<html>hello</html>", content_type="text/html"),
            "credits": lambda: _problem(402, "CreditsDepleted", "Your account does not have any credits."),
            "credits, no word": lambda: web.Response(status=402, text="pay"),
            "forbidden": lambda: _problem(403, "Client Forbidden", "The app is not attached to a project."),
        }
        return table[fault]() if fault in table else None

    async def _route(self, request: web.Request) -> web.StreamResponse:
        method, path, query = request.method, request.path, request.query
        parts = path.strip("/").split("/")[1:]
        if (method, path) == ("GET", "/2/tweets/search/recent"):
            return self._search(query)
        if (method, path) == ("GET", "/2/tweets/search/stream"):
            return await self._stream(request)
        if path == "/2/tweets/search/stream/rules":
            return self._rules(method, await request.text())
        if (method, path) == ("DELETE", "/2/connections/all"):
            self.ghosts = 0
            return web.json_response({"data": {"successful_kills": 1}})
        if (method, path) == ("GET", "/2/tweets"):
            return self._look_up(query.get("ids", "").split(","))
        if (method, path) == ("POST", "/2/tweets"):
            return self._post(json.loads(await request.text()))
        if (method, path) == ("GET", "/2/users"):
            return self._people(query.get("ids", "").split(","))
        if parts[:3] == ["users", "by", "username"]:
            return self._person(parts[3])
        if parts[0] == "users" and parts[2:] == ["mentions"]:
            named = [post for post in self._there() if self._view(post).has_entity(f"@{self.users[parts[1]]}")]
            return self._paged([one for one in named if one.author != OWN], query, "owned", smallest=5)
        if parts[0] == "users" and parts[2:] == ["tweets"]:
            return self._paged([one for one in self._there() if one.author == parts[1]], query, "owned", smallest=5)
        return _problem(404, "Not Found", "Not Found")

    def _search(self, query: Any) -> web.Response:
        try:
            asking = compile_query(query.get("query", ""))
        except BadSyntax as error:
            return _problem(400, "Invalid Request", f"Ambiguous use of query: {error}")
        oldest = self.now() - _WEEK
        if "since_id" in query and query["since_id"].isdigit() and _time_of(int(query["since_id"])) < oldest:
            return _problem(400, "Invalid Request", f"'since_id' must be a tweet id created after [{oldest:%FT%RZ}].")
        if "start_time" in query and datetime.fromisoformat(query["start_time"]) < oldest:
            return _problem(400, "Invalid Request", f"'start_time' must be on or after {oldest:%FT%RZ}.")
        found = [post for post in self._there() if post.at >= oldest and asking(self._view(post))]
        return self._paged(found, query, "post", smallest=10)

    def _paged(self, found: list[FakePost], query: Any, kind: str, smallest: int) -> web.Response:
        size = query.get("max_results", "10")
        if not size.isdigit() or not smallest <= int(size) <= 100:
            return _problem(400, "Invalid Request", f"max_results must be between {smallest} and 100")
        for name in ("since_id", "until_id"):
            if name in query and not (query[name].isdigit() and int(query[name]) < 2**63):
                return _problem(400, "Invalid Request", f"The value '{query[name]}' for '{name}' is not a valid id")
        after, before = int(query.get("since_id", 0)), int(query.get("until_id", 2**63))
        start = datetime.fromisoformat(query["start_time"]) if "start_time" in query else None
        found = [one for one in found if after < int(one.id) < before and (start is None or one.at >= start)]
        found.sort(key=lambda one: int(one.id), reverse=True)
        token = query.get("next_token") or query.get("pagination_token") or "t0"
        at = int(token[1:])
        page = found[max(0, at - 1 if self.repeats and at else at) : at + int(size)]
        if not page:
            return web.json_response({"meta": {"result_count": 0}})
        self._charge(kind, [one.id for one in page])
        meta = {"result_count": len(page), "newest_id": page[0].id, "oldest_id": page[-1].id}
        if at + int(size) < len(found):
            meta["next_token"] = f"t{at + int(size)}"
        return web.json_response({"data": [self._shown(one) for one in page], "meta": meta})

    def _look_up(self, ids: list[str]) -> web.Response:
        if len(ids) > 100 or not all(one.isdigit() for one in ids):
            return _problem(400, "Invalid Request", "ids: between 1 and 100 numbers")
        if self.instead is not None:
            return web.json_response(self.instead)
        there = [self.posts[one] for one in ids if one in self.posts and not self.posts[one].gone]
        self._charge("post", [one.id for one in there])
        answer: dict[str, Any] = {"data": [self._shown(one) for one in there]} if there else {}
        errors = []
        for one in ids:
            why = self.posts[one].gone if one in self.posts else "not-found"
            if why and why != "silent":
                titles = {"not-found": "Not Found Error", "protected": "Authorization Error"}
                title = titles.get(why, "Service Unavailable")
                kind = {"protected": "not-authorized-for-resource", "not-found": "resource-not-found"}.get(why, why)
                problem = f"https://api.twitter.com/2/problems/{kind}"
                errors.append({"resource_id": one, "value": one, "parameter": "ids", "title": title, "type": problem})
        return web.json_response(answer | ({"errors": errors} if errors else {}))

    def _people(self, ids: list[str]) -> web.Response:
        there = [one for one in ids if one in self.users]
        self._charge("user", there)
        data = [self._person_shown(one) for one in there]
        return web.json_response({"data": data} if data else {"errors": [{"title": "Not Found Error"}]})

    def _person(self, name: str) -> web.Response:
        for number, handle in self.users.items():
            if handle.lower() == name.lower():
                self._charge("user", [number])
                return web.json_response({"data": self._person_shown(number)})
        return web.json_response({"errors": [{"title": "Not Found Error", "value": name}]})

    def _person_shown(self, number: str) -> dict[str, Any]:
        handle = self.users[number]
        metrics = {"followers_count": 100 * len(handle)}
        return {"id": number, "username": handle, "name": handle.title(), "public_metrics": metrics}

    def _post(self, body: dict[str, Any]) -> web.Response:
        text, target = body["text"], self.posts.get(body["reply"]["in_reply_to_tweet_id"])
        if target is None or target.gone:
            return _problem(400, "Invalid Request", "The post that you reply to was deleted or is not visible to you.")
        if not self._view(target).has_entity("@heronair") and "quoted" not in json.dumps(target.extra):
            return _problem(403, "Forbidden", "You are not allowed to reply to a post that does not mention you.")
        if any(one.author == OWN and one.extra.get("typed") == text for one in self.posts.values()):
            return _problem(403, "Forbidden", "You are not allowed to create a Tweet with duplicate content.")
        shown = f"@{self.users[target.author]} {text}".replace("&", "&amp;").replace(
            "https://heron.example", "https://t.co/x"
        )
        extra = {"typed": text, "referenced_tweets": [{"type": "replied_to", "id": target.id}]}
        post = self.write(shown, "HeronAir", extra=extra)
        self._charge_sum(PRICES["url" if "://" in text else "reply"])
        return web.json_response(
            {"data": {"id": post.id, "text": shown, "edit_history_tweet_ids": [post.id]}}, status=201
        )

    def _rules(self, method: str, text: str) -> web.Response:
        if method == "GET":
            data = [{"id": one, "value": value, "tag": tag} for one, (value, tag) in self.rules.items()]
            return web.json_response({"data": data, "meta": {}} if data else {"meta": {}})
        body, errors = json.loads(text), []
        for one in body.get("delete", {}).get("ids", []):
            self.rules.pop(one, None)
        for rule in body.get("add", []):
            try:
                compile_query(rule["value"], 1_024)
                self._count += 1
                self.rules[str(self._count)] = (rule["value"], rule.get("tag", ""))
            except BadSyntax as error:
                errors.append({"title": "Invalid Rule", "details": [str(error)]})
        return web.json_response({"meta": {}} | ({"errors": errors} if errors else {}), status=201)

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        if self.streams or self.ghosts:
            told = {"title": "ConnectionException", "connection_issue": "TooManyConnections", "detail": "one at a time"}
            return web.json_response(told, status=429)
        response = web.StreamResponse(headers={"Content-Type": _JSON})
        await response.prepare(request)
        await response.write(b"\r\n")
        self.streams.append(response)
        self.connected.set()
        try:
            await self._ended.wait()
        finally:
            self.streams.remove(response)
            self.connected.clear()
        return response

    # What it counts

    def _charge(self, kind: str, ids: list[str]) -> None:
        for one in ids:
            if (self._day(), kind, one) not in self._billed:
                self._billed.add((self._day(), kind, one))
                self._charge_sum(PRICES[kind])

    def _charge_sum(self, money: int) -> None:
        self.bill[self._day()] = self.billed_today() + money
        if self.credit is not None:
            self.credit -= money

    def _day(self) -> str:
        return self.now().date().isoformat()

    # The rest

    def _there(self) -> list[FakePost]:
        """What can be found: of an edited post only its newest version."""
        return [post for post in self.posts.values() if not post.gone and post.history[-1] == post.id]

    def _view(self, post: FakePost) -> View:
        return View(post.text, self.users[post.author], post.lang)

    def _shown(self, post: FakePost) -> Any:
        if post.id in self._spoiled:
            return self._spoiled[post.id]
        named = [name for name in self.users.values() if self._view(post).has_entity(f"@{name}")]
        return {
            "id": post.id,
            "text": post.text,
            "author_id": post.author,
            "created_at": f"{post.at:%Y-%m-%dT%H:%M:%S}.000Z",
            "lang": post.lang,
            "edit_history_tweet_ids": post.history,
            "public_metrics": {"like_count": 1, "retweet_count": 0, "quote_count": 0, "reply_count": 0},
            "entities": {"mentions": [{"username": name} for name in named]},
            **{key: value for key, value in post.extra.items() if key != "typed"},
        }

    def _new_id(self, at: datetime) -> str:
        self._count += 1
        return str(((int(at.timestamp() * 1000) - _START) << 22) + self._count)

    def _is_signed(self, request: web.Request, body: str) -> bool:
        told = request.headers.get("Authorization", "")
        if (request.method, request.path) != ("POST", "/2/tweets"):
            return told == f"Bearer {BEARER}"
        if not told.startswith("OAuth "):
            return False
        params = dict(utils.parse_authorization_header(told))
        signed = Signed(f"{self.url}{request.path}", request.method)
        signed.params = [(name, value) for name, value in params.items() if name != "oauth_signature"]
        signed.signature = _unquoted(params["oauth_signature"])
        signed.params = [(name, _unquoted(value)) for name, value in signed.params]
        is_known = (params["oauth_consumer_key"], params["oauth_token"]) == (KEYS[0], KEYS[2])
        return is_known and bool(signature.verify_hmac_sha1(signed, KEYS[1], KEYS[3]))


def _unquoted(text: str) -> str:
    return utils.unescape(text)


def _time_of(native_id: int) -> datetime:
    return datetime.fromtimestamp(((native_id >> 22) + _START) / 1000, UTC)


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _problem(status: int, title: str, detail: str, headers: dict[str, str] | None = None) -> web.Response:
    body = {"title": title, "detail": detail, "type": "about:blank", "status": status}
    if status == 400:
        body |= {"errors": [{"message": detail, "parameters": {}}], "detail": "One or more parameters was invalid."}
    return web.json_response(body, status=status, headers=headers)


@asynccontextmanager
async def serving(now: Callable[[], datetime]) -> AsyncIterator[FakeX]:
    """A fresh X on loopback."""
    fake = FakeX(now)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", fake.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    fake.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield fake
    finally:
        fake.end_streams()
        await runner.cleanup()
