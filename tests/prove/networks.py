"""X, Bluesky, Mastodon, GitHub and a mail server on loopback, as far as a reply needs them (its record: `sites.py`)."""

import asyncio
import json
import random
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import datetime
from email import message_from_bytes, policy
from typing import Any

from aiohttp import web

from tests.mail.imapserver import imap
from tests.prove.sites import ACCOUNTS, POST, Reply, Sites

DID = "did:plc:care"


@asynccontextmanager
async def sites(now: Callable[[], datetime], chance: random.Random) -> AsyncIterator[Sites]:
    async with AsyncExitStack() as stack:
        at = Sites(now, chance)
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", lambda request: _answer(at, request))
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        at.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        at.mailbox = await stack.enter_async_context(imap())
        smtp = await asyncio.start_server(lambda *streams: _take_mail(at, *streams), "127.0.0.1", 0)
        stack.callback(smtp.close)
        at.smtp_port = smtp.sockets[0].getsockname()[1]
        yield at


async def _answer(at: Sites, request: web.Request) -> web.StreamResponse:
    body: dict[str, Any] = json.loads(await request.text() or "{}") if request.method == "POST" else {}
    for path, act in _ROUTES:
        if found := re.fullmatch(path, f"{request.method} {request.path}"):
            told = await act(at, request, body, found[1] if found.groups() else "")
            if told == "cut" and request.transport is not None:
                request.transport.abort()
            status, told = told if isinstance(told, tuple) else (200, told)
            return web.json_response(told, status=status)
    return web.json_response({"message": "Not Found", "error": "NotFound"}, status=404)


# X


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def _x_look(at: Sites, request: web.Request, body: Any, _: str) -> Any:
    data, errors = [], []
    for number in request.query["ids"].split(","):
        if post := at.seen("x", number):
            entities = {"mentions": [{"username": "heronair"}]}
            data.append({"id": number, "text": post.text, "author_id": "77", "lang": "en", "entities": entities})
        else:
            kind = "https://api.twitter.com/2/problems/resource-not-found"
            errors.append({"resource_id": number, "value": number, "title": "Not Found Error", "type": kind})
    return {name: value for name, value in (("data", data), ("errors", errors)) if value}


async def _x_people(at: Sites, request: web.Request, body: Any, _: str) -> Any:
    return {"data": [{"id": "77", "username": "nina", "name": "Nina"}]}


async def _x_own(at: Sites, request: web.Request, body: Any, _: str) -> Any:
    return {"data": {"id": "5", "username": "heronair", "name": "Heron"}}


async def _x_posts(at: Sites, request: web.Request, body: Any, _: str) -> Any:
    since, begin = request.query["start_time"], int(request.query.get("pagination_token", "0"))
    found = [one for one in at.shown("x") if _stamp(one.at)[:19] >= since[:19]]
    page = found[begin : begin + 50]
    data = [
        {"id": one.id, "text": f"@nina {one.text}", "referenced_tweets": [{"type": "replied_to", "id": one.target}]}
        for one in page
    ]
    meta: dict[str, Any] = {"result_count": len(page)}
    if begin + 50 < len(found):
        meta["next_token"] = str(begin + 50)
    return {"meta": meta} | ({"data": data} if data else {})


async def _x_say(at: Sites, request: web.Request, body: dict[str, Any], _: str) -> Any:
    token = re.search(r'oauth_token="(\w+)-', request.headers.get("Authorization", ""))
    post = at.posts.get(("x", str(body["reply"]["in_reply_to_tweet_id"])))
    if post is None or post.is_gone:
        return 400, {"title": "Invalid Request", "detail": "It was deleted.", "status": 400}
    native_id = at.new_id()
    done = await at.take("x", ACCOUNTS.get(f"x-{token[1]}" if token else "", "?"), post, body["text"], native_id)
    return done if done == "cut" else (201, {"data": {"id": native_id, "text": body["text"]}})


# Bluesky


async def _sky_session(at: Sites, request: web.Request, body: Any, _: str) -> Any:
    return {"did": DID, "handle": "care.test", "active": True, "accessJwt": "sky", "refreshJwt": "sky-again"}


async def _sky_posts(at: Sites, request: web.Request, body: Any, _: str) -> Any:
    views = []
    for uri in request.query.getall("uris"):
        number = int(uri.rpartition("/3l")[2])
        if post := at.seen("bluesky", str(number)):
            author = {"did": f"did:plc:p{number}", "handle": post.author}
            feature = {"$type": "app.bsky.richtext.facet#mention", "did": DID}
            facets = [{"index": {"byteStart": 0, "byteEnd": 1}, "features": [feature]}]
            record = {"$type": POST, "text": post.text, "createdAt": _stamp(at.now()), "facets": facets}
            views.append({"uri": uri, "cid": f"cid{number}", "author": author, "record": record})
    return {"posts": views}


async def _sky_profiles(at: Sites, request: web.Request, body: Any, _: str) -> Any:
    asked = request.query.getall("actors")
    return {"profiles": [{"did": did, "handle": f"{did.rpartition(':')[2]}.test"} for did in asked]}


async def _sky_put(at: Sites, request: web.Request, body: dict[str, Any], _: str) -> Any:
    native_id = body["rkey"]
    is_there = any(one.id == native_id for one in at.record if one.kind == "bluesky")
    if is_there and "swapRecord" in body:
        return 400, {"error": "InvalidSwap", "message": "Record was at another place"}
    number = body["record"]["reply"]["parent"]["uri"].rpartition("/3l")[2]
    post = at.posts["bluesky", str(int(number))]
    done = await at.take("bluesky", "@care.test", post, body["record"]["text"], native_id)
    return done if done == "cut" else {"uri": f"at://{DID}/{POST}/{native_id}", "cid": "c"}


async def _sky_record(at: Sites, request: web.Request, body: Any, _: str) -> Any:
    rkey = request.query["rkey"]
    if not any(one.id == rkey for one in at.record if one.kind == "bluesky"):
        return 400, {"error": "RecordNotFound", "message": "Could not locate record"}
    return {"uri": f"at://{DID}/{POST}/{rkey}", "cid": "c", "value": {}}


# Mastodon


def _token(request: web.Request) -> str:
    return request.headers.get("Authorization", "").split(" ")[-1]


def _toot(at: Sites, native_id: str, words: str, who: dict[str, Any], under: str | None = None) -> dict[str, Any]:
    told = {"id": native_id, "created_at": _stamp(at.now()), "visibility": "public", "language": "en", "account": who}
    return {**told, "content": f"<p>{words}</p>", "url": f"https://m.example/{native_id}", "in_reply_to_id": under}


_NINA = {"id": "n7", "acct": "nina@tech.example", "display_name": "Nina"}


def _me(account: str) -> dict[str, Any]:
    name = account.split("@")[1]
    return {"id": f"me-{name}", "username": name, "acct": name}


async def _toot_me(at: Sites, request: web.Request, body: Any, _: str) -> Any:
    return _me(ACCOUNTS[_token(request)])


async def _toot_server(at: Sites, request: web.Request, body: Any, _: str) -> Any:
    return {"domain": "m.example"}


async def _toot_many(at: Sites, request: web.Request, body: Any, _: str) -> Any:
    asked = [(number, at.seen("mastodon", number)) for number in request.query.getall("id[]")]
    return [_toot(at, number, post.text, _NINA) for number, post in asked if post]


async def _toot_one(at: Sites, request: web.Request, body: Any, number: str) -> Any:
    post = at.posts.get(("mastodon", number))
    if post is None or post.is_gone:
        at.seen("mastodon", number)
        return 404, {"error": "Record not found"}
    return _toot(at, number, post.text, _NINA)


async def _toot_own(at: Sites, request: web.Request, body: Any, who: str) -> Any:
    last, most = request.query.get("max_id", ""), int(request.query["limit"])
    own = [one for one in at.shown("mastodon") if _me(one.account)["id"] == who and (not last or one.id < last)]
    return [_toot(at, one.id, one.text, _me(one.account), one.target) | {"created_at": _stamp(one.at)} for one in own][
        :most
    ]


async def _toot_below(at: Sites, request: web.Request, body: Any, number: str) -> Any:
    told = [_toot(at, one.id, one.text, _me(one.account), number) for one in at.standing("mastodon", number)]
    return {"ancestors": [], "descendants": told}


async def _toot_say(at: Sites, request: web.Request, body: dict[str, Any], _: str) -> Any:
    post, native_id, account = at.posts["mastodon", body["in_reply_to_id"]], at.new_id(), ACCOUNTS[_token(request)]
    words = body["status"].removeprefix("@nina@tech.example ")
    done = await at.take("mastodon", account, post, words, native_id)
    return done if done == "cut" else _toot(at, native_id, words, _me(account), post.id)


# GitHub


async def _git_me(at: Sites, request: web.Request, body: Any, _: str) -> Any:
    return {"login": ACCOUNTS[_token(request)]}


async def _git_repo(at: Sites, request: web.Request, body: Any, _: str) -> Any:
    return {"private": False}


async def _git_issue(at: Sites, request: web.Request, body: Any, number: str) -> Any:
    post = at.seen("github", number)
    if post is None:
        return 404, {"message": "Not Found"}
    told = {"number": int(number), "title": "Help", "body": post.text, "user": {"login": "nina", "type": "User"}}
    where = {"url": f"https://api.github.com/repos/{post.id}", "html_url": f"https://github.com/{post.id}"}
    return {**told, **where, "comments": 0, "created_at": _stamp(at.now()), "updated_at": _stamp(at.now())}


def _comment(one: Reply | None, native_id: str, number: str, text: str, account: str, when: datetime) -> dict[str, Any]:
    repo, moment = "https://api.github.com/repos/jo/home/issues", when.strftime("%Y-%m-%dT%H:%M:%SZ")
    told = {"url": f"{repo}/comments/{native_id}", "issue_url": f"{repo}/{number}", "body": text}
    told |= {"html_url": f"https://github.com/jo/home/issues/{number}#issuecomment-{native_id}"}
    return {**told, "user": {"login": account, "type": "User"}, "created_at": moment, "updated_at": moment}


async def _git_comments(at: Sites, request: web.Request, body: Any, number: str) -> Any:
    own = [one for one in at.shown("github") if one.target == f"jo/home/issues/{number}"]
    return [_comment(one, one.id, number, one.text, one.account, one.at) for one in own]


async def _git_say(at: Sites, request: web.Request, body: dict[str, Any], number: str) -> Any:
    post, native_id, account = at.posts["github", number], at.new_id(), ACCOUNTS[_token(request)]
    done = await at.take("github", account, post, body["body"], native_id)
    return done if done == "cut" else (201, _comment(None, native_id, number, body["body"], account, at.now()))


_ROUTES: tuple[tuple[str, Any], ...] = (
    ("GET /2/tweets", _x_look),
    ("GET /2/users", _x_people),
    ("GET /2/users/by/username/.*", _x_own),
    ("GET /2/users/5/tweets", _x_posts),
    ("POST /2/tweets", _x_say),
    ("POST /xrpc/com.atproto.server.(?:create|refresh)Session", _sky_session),
    ("GET /xrpc/app.bsky.feed.getPosts", _sky_posts),
    ("GET /xrpc/app.bsky.actor.getProfiles", _sky_profiles),
    ("POST /xrpc/com.atproto.repo.putRecord", _sky_put),
    ("GET /xrpc/com.atproto.repo.getRecord", _sky_record),
    ("GET /api/v1/accounts/verify_credentials", _toot_me),
    ("GET /api/v2/instance", _toot_server),
    ("GET /api/v1/statuses", _toot_many),
    (r"GET /api/v1/statuses/(\d+)", _toot_one),
    (r"GET /api/v1/statuses/(\d+)/context", _toot_below),
    ("GET /api/v1/accounts/(.*)/statuses", _toot_own),
    ("POST /api/v1/statuses", _toot_say),
    ("GET /user", _git_me),
    ("GET /repos/jo/home", _git_repo),
    (r"GET /repos/jo/home/issues/(\d+)", _git_issue),
    (r"GET /repos/jo/home/issues/(\d+)/comments", _git_comments),
    (r"POST /repos/jo/home/issues/(\d+)/comments", _git_say),
)


# Mail


async def _take_mail(at: Sites, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError, asyncio.IncompleteReadError):
        writer.write(b"220 lamp.example\r\n")
        while line := (await reader.readline()).decode("utf-8", "replace").strip().upper():
            answer = {"EHLO": "250-lamp.example\r\n250 AUTH PLAIN", "AUTH": "235 welcome", "QUIT": "221 so long"}.get(
                line[:4], "250 OK"
            )
            if line.startswith("DATA"):
                writer.write(b"354 go on\r\n")
                if await _file_mail(at, await reader.readuntil(b"\r\n.\r\n")) == "cut":
                    writer.transport.abort()
                    return
            writer.write(f"{answer}\r\n".encode())
    writer.close()


async def _file_mail(at: Sites, raw: bytes) -> str:
    said = message_from_bytes(raw[:-5] + b"\r\n", policy=policy.default)
    to, native_id = str(said["To"]), str(said["Message-ID"])
    post = at.posts["email", to.partition("@")[0].removeprefix("jo")]
    sender = str(said["From"].addresses[0].addr_spec)
    return await at.take("email", sender, post, said.get_content().strip(), native_id)
