"""The Mastodon source against servers that are not as kind as they should be."""

import asyncio
import json
import traceback
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.fetch import Fetch
from bot.sessions import Sessions
from bot.sources.mastodon import MastodonSource, Settings, build
from bot.sources.mastodon.items import happened, loaded, notified, read_status, statuses
from bot.sources.mastodon.reply import room, target_of
from bot.sources.mastodon.stream import events, streaming_place
from handlers.ports import (
    FREE,
    BadSource,
    Broken,
    Mark,
    Posted,
    RateLimited,
    ReplyDoubtful,
    ReplyRefused,
    SignInFailed,
    SourceError,
    Tombstone,
    Transient,
)
from storage.types import RawMention
from tests.bot.sources.feedserver import NOW, FeedServer, fetching, serving, tools
from tests.bot.sources.test_mastodon import stored, wanted

ME: dict[str, Any] = {"id": "me1", "username": "aurelia", "acct": "aurelia"}
GRACE = {"id": "g7", "acct": "grace@tech.example", "display_name": "Grace", "followers_count": 12}


def post_of(native_id: str, words: str = "@aurelia hums", **told: Any) -> dict[str, Any]:
    usual = {"id": native_id, "created_at": "2026-11-21T11:00:00Z", "visibility": "public", "account": GRACE}
    return {**usual, "content": f"<p>{words}</p>", "url": f"https://tech.example/{native_id}", **told}


def note_of(native_id: str, **told: Any) -> dict[str, Any]:
    return {"id": f"n-{native_id}", "type": "mention", "status": post_of(native_id, **told)}


class Hard:
    """A server whose answers are told; posts that are sent to it are kept, whatever it says to that."""

    def __init__(self, server: FeedServer) -> None:
        self.server = server
        self.kept: list[dict[str, Any]] = []
        self.say("/api/v1/accounts/verify_credentials", ME)
        self.say("/api/v2/instance", {"domain": "m.example"})

    def say(self, path: str, told: object, status: int = 200, headers: dict[str, str] | None = None) -> None:
        body = told if isinstance(told, bytes) else json.dumps(told).encode()
        self.server.say(path, body, status, headers)

    def takes_posts(self, after: str = "drops") -> None:
        async def answer(request: web.BaseRequest) -> web.StreamResponse:
            told = await request.json()
            content = f"<p>{told['status'].replace('@tech.example', '')}</p>"
            self.kept.insert(0, post_of(f"own{len(self.kept)}", account=ME, **{**told, "content": content}))
            if after == "drops" and request.transport is not None:
                request.transport.close()
            return web.Response(status=502 if after == "fails" else 200, body=b"<html>done</html>")

        self.server.do("/api/v1/statuses", answer)

    def lists(self, own: bool = True, below: bool = True) -> None:
        async def mine(request: web.BaseRequest) -> web.StreamResponse:
            return web.json_response(self.kept if own else [])

        async def context(request: web.BaseRequest) -> web.StreamResponse:
            return web.json_response({"ancestors": [], "descendants": self.kept if below else []})

        self.server.do("/api/v1/accounts/me1/statuses", mine)
        self.server.do("/api/v1/statuses/p1/context", context)

    @property
    def asked(self) -> list[str]:
        return [request.path_qs for request in self.server.seen]


@pytest.fixture
async def hard() -> AsyncIterator[Hard]:
    async with serving() as server:
        yield Hard(server)


@pytest.fixture
async def source(hard: Hard) -> AsyncIterator[MastodonSource]:
    async with fetching() as fetch:
        yield source_of(hard, fetch)


def source_of(hard: Hard, fetch: Fetch, **told: Any) -> MastodonSource:
    secrets = {"MASTODON_TOKEN": "hush"}
    made = build("mastodon", Settings(hard.server.url(""), allow_private=True, **told), tools(fetch, secrets))
    assert isinstance(made, MastodonSource)
    return made


MENTION = stored(read_status(post_of("p1")))
SORRY = "Dear @grace@tech.example, we are sorry. 🙏"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, SignInFailed),
        (403, SignInFailed),
        (429, RateLimited),
        (500, Transient),
        (404, BadSource),
        (301, BadSource),
    ],
)
async def test_a_refusal_is_a_typed_error_without_the_token(
    hard: Hard, source: MastodonSource, status: int, kind: type[SourceError]
) -> None:
    hard.say("/api/v1/notifications", {"error": "hush"}, status, {"Location": "/elsewhere?token=hush"})
    with pytest.raises(kind) as caught:
        await source.poll(None, 9)
    assert "hush" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("body", [b"<html>", b'[{"id": "1"', b'{"error": null}', b"[" * 99_999, b"null", b"\xff\xfe"])
async def test_nonsense_is_no_answer(hard: Hard, source: MastodonSource, body: bytes) -> None:
    for path in ("/api/v1/notifications", "/api/v1/timelines/tag/lamps", "/api/v2/search"):
        hard.say(path, body)
    for query in ("notifications", "tag lamps", "search lamps"):
        with pytest.raises(BadSource):
            await source.poll(None, 9, query)


async def test_the_token_of_an_app_without_a_person_is_refused(hard: Hard, source: MastodonSource) -> None:
    hard.say("/api/v1/accounts/verify_credentials", {"error": "This method requires an authenticated user"}, 422)
    with pytest.raises(SignInFailed):
        await source.poll(None, 9)


async def test_ids_are_text_that_only_the_server_understands(hard: Hard, source: MastodonSource) -> None:
    link = '<https://m.example/x?max_id=a>; rel="next", <https://other.example/y?min_id=Zz9-_x>; rel="prev"'
    hard.say("/api/v1/notifications", [note_of("AAA"), note_of("zzz")], headers={"Link": link})
    page = await source.poll(None, 9)
    assert [item.native_id for item in page.items if isinstance(item, RawMention)] == ["zzz", "AAA"]
    await source.poll(page.cursor, 9)
    assert "min_id=Zz9-_x" in hard.asked[-1]


async def test_a_server_that_gives_no_bookmark_is_followed_by_its_ids(hard: Hard, source: MastodonSource) -> None:
    hard.say("/api/v1/notifications", [note_of("2"), note_of("1")])
    page = await source.poll(None, 9)
    await source.poll(page.cursor, 9)
    assert "min_id=n-2" in hard.asked[-1]


async def test_a_page_that_never_moves_on_is_not_asked_for_ever(hard: Hard, source: MastodonSource) -> None:
    hard.say("/api/v1/notifications", [note_of("2"), note_of("1")])
    page = await source.poll(None, 2)
    assert not (await source.poll(page.cursor, 2)).more


async def test_a_broken_item_costs_itself_alone(hard: Hard, source: MastodonSource) -> None:
    broken: list[Any] = [None, "x", 7, [], {"type": "mention", "status": 4}, note_of("3", content=None)]
    hard.say("/api/v1/notifications", [note_of("2"), *broken, {"type": "poll", "status": post_of("8")}, note_of("1")])
    page = await source.poll(None, 99)
    assert [item.native_id for item in page.items if isinstance(item, RawMention)] == ["1", "2"]
    assert len([item for item in page.items if isinstance(item, Broken)]) == len(broken)


async def test_what_is_no_number_in_json_does_no_harm(hard: Hard, source: MastodonSource) -> None:
    told = json.dumps([note_of("1", favourites_count="NAN", replies_count="BIG", text="LONE")])
    body = told.replace('"NAN"', "NaN").replace('"BIG"', "9" * 5_000).replace("LONE", "\\ud800\\u0000")
    hard.say("/api/v1/notifications", body.encode())
    page = await source.poll(None, 9)
    assert isinstance(page.items[0], RawMention)
    assert (page.items[0].likes, page.items[0].replies) == (None, None)


async def test_reading_stops_before_the_last_request_is_spent(hard: Hard, source: MastodonSource) -> None:
    theirs = datetime(2026, 11, 21, 9, tzinfo=UTC)  # their clock is three hours behind ours
    left = {"X-RateLimit-Limit": "300", "X-RateLimit-Remaining": "10", "Date": format_datetime(theirs, usegmt=True)}
    reset = {"X-RateLimit-Reset": (theirs + timedelta(minutes=4)).isoformat()}
    hard.say("/api/v1/notifications", [], headers={**left, **reset})
    await source.poll(None, 9)
    before = len(hard.asked)
    with pytest.raises(RateLimited) as caught:
        await source.poll(None, 9)
    assert caught.value.until == NOW + timedelta(minutes=4)
    assert len(hard.asked) == before


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"X-RateLimit-Reset": "2026-11-21T09:02:00Z"}, timedelta(minutes=2)),
        ({"X-RateLimit-Reset": str(int(datetime(2026, 11, 21, 9, 2, tzinfo=UTC).timestamp()))}, timedelta(minutes=2)),
        ({"X-RateLimit-Reset": "2026-11-20T09:02:00Z"}, timedelta(seconds=1)),
        ({"X-RateLimit-Reset": "2099-11-20T09:02:00Z"}, timedelta(hours=24)),
        ({"Retry-After": "30"}, timedelta(seconds=30)),
        ({}, timedelta(minutes=5)),
    ],
)
async def test_too_many_says_until_when(
    hard: Hard, source: MastodonSource, headers: dict[str, str], wait: timedelta
) -> None:
    theirs = format_datetime(datetime(2026, 11, 21, 9, tzinfo=UTC), usegmt=True)
    hard.say("/api/v1/notifications", {}, 429, {"Date": theirs, **headers})
    with pytest.raises(RateLimited) as caught:
        await source.poll(None, 9)
    assert caught.value.until == NOW + wait


async def test_after_too_many_no_other_query_asks(hard: Hard, source: MastodonSource) -> None:
    hard.say("/api/v1/timelines/tag/lamps", {}, 429, {"Retry-After": "30"})
    with pytest.raises(RateLimited):
        await source.poll(None, 9, "tag lamps")
    before = len(hard.asked)
    with pytest.raises(RateLimited) as caught:
        await source.poll(None, 9)
    assert (caught.value.until, len(hard.asked)) == (NOW + timedelta(seconds=30), before)


@pytest.mark.parametrize(
    ("body", "is_gone"), [(b"<html>default backend - 404</html>", False), (b'{"error": "Record not found"}', True)]
)
async def test_only_the_words_of_the_server_itself_say_that_a_post_is_gone(
    hard: Hard, source: MastodonSource, body: bytes, is_gone: bool
) -> None:
    for path in ("/api/v1/statuses", "/api/v1/statuses/p1"):
        hard.say(path, body, 404)
    assert [type(one) for one in await source.verify(["p1"], FREE)] == [Tombstone] * is_gone


def id_at(moment: datetime, number: int = 0) -> str:
    """An id as such a server makes it."""
    return str((int(moment.timestamp() * 1000) << 16) + number)


async def test_nothing_is_said_of_what_another_server_gave(hard: Hard, tmp_path: Path) -> None:
    hard.say("/api/v1/statuses", [])
    ids = ["115592", id_at(NOW - timedelta(hours=1)), id_at(NOW + timedelta(hours=1))]
    for one in ids:
        hard.say(f"/api/v1/statuses/{one}", {"error": "Record not found"}, 404)
    async with serving() as other, fetching() as fetch:
        before = Hard(other)
        kept = replace(tools(fetch, {"MASTODON_TOKEN": "hush"}), sessions=Sessions(tmp_path))
        for server, gone in ((before, 0), (hard, 1), (hard, 1)):
            server.say("/api/v1/notifications", [])
            there = build("mastodon", Settings(server.server.url(""), allow_private=True), kept)
            await there.check()
            if gone:
                assert [getattr(one, "native_id", "") for one in await there.verify(ids, FREE)] == ids[2:]
        later = replace(kept, now=lambda: NOW + timedelta(days=61), secrets={"MASTODON_TOKEN": "hush again"})
        there = build("mastodon", Settings(hard.server.url(""), allow_private=True), later)
        assert len(await there.verify(["115592"], FREE)) == 1


class Tagged:
    """A hashtag's posts, given as a server does: by id, from `min_id` on or the newest."""

    def __init__(self, hard: Hard, source: MastodonSource) -> None:
        self.posts: list[str] = []
        self._source, self._cursor = source, ""
        hard.server.do("/api/v1/timelines/tag/lamps", self._answer)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        size, after = int(request.query["limit"]), request.query.get("min_id")
        found = sorted(one for one in map(int, self.posts) if after is None or one > int(after))
        found = found[-size:] if after is None else found[:size]
        return web.json_response([post_of(str(one)) for one in reversed(found)])

    async def read(self, limit: int = 100) -> list[str]:
        """What polls give until there is no more."""
        seen: list[str] = []
        for _ in range(50):
            page = await self._source.poll(self._cursor or None, limit, "tag lamps")
            self._cursor = page.cursor or ""
            seen += [item.native_id for item in page.items if isinstance(item, RawMention)]
            if not page.more:
                return seen
        raise AssertionError("it never comes to an end")


@pytest.mark.parametrize("limit", [100, 7])
async def test_a_post_that_arrives_late_under_its_old_time_is_read_once(
    hard: Hard, source: MastodonSource, limit: int
) -> None:
    tag = Tagged(hard, source)
    tag.posts = [id_at(NOW - timedelta(seconds=number)) for number in range(60)]
    assert (await tag.read(limit))[-1] == tag.posts[0]
    await tag.read(limit)
    tag.posts += [late := id_at(NOW - timedelta(seconds=5), 1), new := id_at(NOW + timedelta(minutes=9))]
    assert await tag.read(limit) == [late, new]
    tag.posts.append(later := id_at(NOW, 2))
    assert await tag.read(limit) == [later]
    assert await tag.read(limit) == []
    tag.posts += (many := [id_at(NOW + timedelta(minutes=10), number) for number in range(300)])
    assert await tag.read(limit) == many
    assert await tag.read(limit) == []
    assert len(tag._cursor) < 5_000


async def test_nothing_comes_again_when_the_newest_is_deleted(hard: Hard, source: MastodonSource) -> None:
    tag = Tagged(hard, source)
    tag.posts = [id_at(NOW - timedelta(minutes=25)), id_at(NOW)]
    assert len(await tag.read()) == 2
    tag.posts.pop()
    assert [await tag.read() for _ in range(4)] == [[]] * 4


async def test_ids_that_are_no_times_are_followed_as_they_count(hard: Hard, source: MastodonSource) -> None:
    tag = Tagged(hard, source)
    tag.posts = [str(number) for number in range(1, 200)]
    assert len(await tag.read()) == 40
    tag.posts += ["200", "201"]
    assert await tag.read() == ["200", "201"]


async def test_all_that_comes_after_an_empty_page_is_read(hard: Hard, source: MastodonSource) -> None:
    tag = Tagged(hard, source)
    assert await tag.read() == []
    tag.posts = [id_at(NOW, number) for number in range(130)]
    assert await tag.read() == tag.posts
    assert await tag.read() == []


async def test_a_server_that_knows_no_first_bookmark_gives_its_newest(hard: Hard, source: MastodonSource) -> None:
    hard.say("/api/v1/notifications", [])
    cursor = (await source.poll(None, 9)).cursor

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        if "min_id" in request.query:
            return web.json_response({"error": "no such id"}, status=400)
        return web.json_response([note_of("1")])

    hard.server.do("/api/v1/notifications", answer)
    assert len((await source.poll(cursor, 9)).items) == 1


@pytest.mark.parametrize("after", ["drops", "fails", "mumbles"])
@pytest.mark.parametrize("place", ["own", "below"])
async def test_an_answer_whose_receipt_was_lost_is_found(
    hard: Hard, source: MastodonSource, after: str, place: str
) -> None:
    hard.say("/api/v1/statuses/p1", post_of("p1"))
    hard.takes_posts(after)
    hard.lists(own=place == "own", below=place == "below")
    since = NOW - timedelta(minutes=5)
    await source._server.me()
    with pytest.raises(ReplyDoubtful):
        await source.reply(MENTION, SORRY, "draft-7", FREE)
    assert len(hard.kept) == 1
    assert hard.server.seen[-1].headers["Idempotency-Key"] == "draft-7"
    found = await source.find_reply(MENTION, SORRY, "draft-7", since)
    assert found == Posted("https://tech.example/own0", "own0")
    assert await source.find_reply(MENTION, "🙏", "draft-8", since) is None


async def test_what_certainly_was_not_posted_is_not_doubtful(hard: Hard, source: MastodonSource) -> None:
    hard.say("/api/v1/statuses/p1", post_of("p1"))
    await source._server.me()
    for status, kind in ((422, ReplyRefused), (404, ReplyRefused), (405, ReplyRefused), (429, RateLimited)):
        hard.say("/api/v1/statuses", {"error": "no"}, status)
        with pytest.raises(kind):
            await source.reply(MENTION, "We are sorry.", "draft-7", FREE)
    hard.say("/api/v1/statuses", {}, 409)
    with pytest.raises(ReplyDoubtful):
        await source.reply(MENTION, "We are sorry.", "draft-7", FREE)


async def test_a_look_that_fails_says_nothing(hard: Hard, source: MastodonSource) -> None:
    for path in ("/api/v1/accounts/me1/statuses", "/api/v1/statuses/p1/context"):
        hard.lists()
        hard.say(path, {}, 503)
        with pytest.raises(Transient):
            await source.find_reply(MENTION, "We are sorry.", "draft-7", NOW)


async def test_other_posts_of_ours_are_not_the_answer(hard: Hard, source: MastodonSource) -> None:
    said = {"account": ME, "content": "<p>@grace We are sorry.</p>"}
    hard.kept = [
        post_of("a", **said, in_reply_to_id="p2"),
        post_of("b", **said, in_reply_to_id=None),
        post_of("c", **{**said, "account": GRACE}, in_reply_to_id="p1"),
        post_of("d", **{**said, "content": "<p>@grace We are glad.</p>"}, in_reply_to_id="p1"),
    ]
    hard.lists()
    assert await source.find_reply(MENTION, "We are sorry.", "draft-7", NOW) is None
    hard.kept = [post_of("e", account=ME, content="<p>@grace 🎉</p>", in_reply_to_id="p1")]
    assert await source.find_reply(MENTION, "🙏", "draft-7", NOW) is None
    assert await source.find_reply(MENTION, "🎉", "draft-7", NOW) is not None


async def test_a_busy_account_is_looked_through_page_by_page(hard: Hard, source: MastodonSource) -> None:
    posts = [post_of(f"x{number}", account=ME, in_reply_to_id=None) for number in range(400)]
    posts[70] |= {"content": "<p>@grace We are sorry.</p>", "in_reply_to_id": "p1"}

    async def mine(request: web.BaseRequest) -> web.StreamResponse:
        last = request.query.get("max_id")
        start = 0 if last is None else int(last[1:]) + 1
        return web.json_response(posts[start : start + 40])

    hard.lists()
    hard.server.do("/api/v1/accounts/me1/statuses", mine)
    found = await source.find_reply(MENTION, "We are sorry.", "draft-7", NOW - timedelta(hours=3))
    assert found is not None
    assert found.native_id == "x70"
    with pytest.raises(Transient, match="too many"):
        await source.find_reply(MENTION, "Another.", "draft-8", NOW - timedelta(hours=3))
    assert await source.find_reply(MENTION, "Another.", "draft-8", NOW) is None


@pytest.mark.parametrize(
    ("noted", "now", "told"),
    [
        ("public", "public", "public"),
        ("public", "direct", "direct"),
        ("private", "public", "private"),
        ("unlisted", "unlisted", "unlisted"),
        ("mutuals_only", "mutuals_only", "direct"),
        ("public", None, "direct"),
    ],
)
async def test_an_answer_is_never_more_public_than_the_post(
    hard: Hard, source: MastodonSource, noted: str, now: object, told: str
) -> None:
    hard.say("/api/v1/statuses/p1", post_of("p1", visibility=now))
    hard.takes_posts()
    await source._server.me()
    with pytest.raises(ReplyDoubtful):
        await source.reply(stored(read_status(post_of("p1", visibility=noted))), "Sorry.", "k", FREE)
    assert hard.kept[0]["visibility"] == told


async def test_nothing_is_posted_as_an_account_that_nobody_knew_of(hard: Hard, source: MastodonSource) -> None:
    """Whoever approved it was shown no name; the next try is for the account that has one now."""
    hard.say("/api/v1/statuses/p1", post_of("p1"))
    hard.takes_posts()
    with pytest.raises(Transient, match="only now whose token"):
        await source.reply(MENTION, "Sorry.", "k", FREE)
    assert hard.kept == []
    assert source.can_reply(MENTION).account == "@aurelia@m.example"  # type: ignore[union-attr]


async def test_a_key_that_no_header_can_carry_stays_the_same(hard: Hard, source: MastodonSource) -> None:
    hard.say("/api/v1/statuses/p1", post_of("p1"))
    hard.takes_posts()
    await source._server.me()
    for _ in range(2):
        with pytest.raises(ReplyDoubtful):
            await source.reply(MENTION, "Sorry.", "draft\r\nX: 7\N{SNOWMAN}", FREE)
    posts = [request.headers["Idempotency-Key"] for request in hard.server.seen if request.method == "POST"]
    assert len(posts) == 2
    assert len(set(posts)) == 1


def test_the_addressee_takes_room() -> None:
    target = target_of(read_status(post_of("p1")).reply_ref)
    assert target is not None
    assert room(target, None) == 500 - len("@grace ")


async def test_a_search_looks_back_to_what_it_knows(hard: Hard, source: MastodonSource) -> None:
    posts = [post_of(f"s{number:03}") for number in range(300)]

    async def search(request: web.BaseRequest) -> web.StreamResponse:
        newest, start = posts[::-1], int(request.query.get("offset", 0))
        return web.json_response({"statuses": newest[start : start + 40]})

    hard.server.do("/api/v2/search", search)
    cursor = (await source.poll(None, 100, "search lamp")).cursor
    posts += [post_of(f"s{number:03}") for number in range(300, 400)]
    posts.insert(290, post_of("late"))
    seen: list[str] = []
    is_more = True
    while is_more:
        page = await source.poll(cursor, 50, "search lamp")
        cursor, is_more = page.cursor, page.more
        seen += [item.native_id for item in page.items if isinstance(item, RawMention)]
    assert sorted(seen) == sorted(["late", *(f"s{number}" for number in range(300, 400))])


@pytest.mark.parametrize("query", [f"tag {'ü' * 3}", "tag a/../../v1/accounts", "search x&type=accounts#"])
async def test_words_of_a_query_stay_words(hard: Hard, source: MastodonSource, query: str) -> None:
    with pytest.raises(BadSource):
        await source.poll(None, 9, query)
    assert quote(query.partition(" ")[2], safe="") in hard.asked[-1]


async def test_many_are_verified_with_few_requests(hard: Hard, source: MastodonSource) -> None:
    async def many(request: web.BaseRequest) -> web.StreamResponse:
        asked = request.query.getall("id[]")
        return web.json_response([post_of(one) for one in asked] if len(asked) <= 20 else [], status=200)

    hard.server.do("/api/v1/statuses", many)
    assert len(await source.verify([f"p{number}" for number in range(50)], FREE)) == 50
    assert len([one for one in hard.asked if "/statuses" in one]) == 3


STREAMS = ("/api/v1/streaming/user", "/api/v1/streaming/hashtag")


def dripping(hard: Hard, path: str, told: bytes, *, hangs: bool = True) -> None:
    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(told)
        await asyncio.sleep(30 if hangs else 0)
        return response

    hard.server.do(path, answer)


def event(name: str, told: object) -> bytes:
    return f"event: {name}\ndata: {told if isinstance(told, str) else json.dumps(told)}\n\n".encode()


async def test_a_stream_gives_all_it_said_before_it_broke_off(hard: Hard) -> None:
    said = [
        *(event("notification", note_of("1")), event("update", post_of("home")), event("notification", "{nonsense")),
        *(event("status.update", post_of("1", "new words")), event("filters_changed", "{}"), b":thump\n\n"),
        *(event("delete", "1"), event("delete", 115592), event("delete", "../1"), event("notification", note_of("9"))),
    ]
    dripping(hard, STREAMS[0], b"".join(said), hangs=False)
    dripping(hard, STREAMS[1], event("update", post_of("tagged")))
    heard: list[Any] = []
    async with fetching() as fetch:
        source = source_of(hard, fetch, tags=("lamps",))

        async def listen() -> None:
            async for item in source.stream((), None, FREE):
                heard.append(item)
                await asyncio.sleep(0.01)  # it has broken off before all was taken

        with pytest.raises(Transient, match="ended"):
            await listen()
    assert Mark(None) in heard
    mine = [item for item in heard if item != Mark(None) and getattr(item, "native_id", "") != "tagged"]
    assert [type(item) for item in mine] == [
        *(RawMention, Broken, RawMention, Tombstone, Tombstone, Broken, RawMention),
    ]
    assert [item.native_id for item in mine if not isinstance(item, Broken)] == ["1", "1", "1", "115592", "9"]


async def test_a_stream_that_falls_silent_breaks_off(hard: Hard) -> None:
    dripping(hard, STREAMS[0], b":connected\n\n")
    async with fetching() as fetch:
        source = source_of(hard, fetch)
        source.quiet_for = 0.1
        stream = aiter(source.stream((), None, FREE))
        assert await anext(stream) == Mark(None)
        with pytest.raises(Transient, match="silent"):
            await anext(stream)


async def test_one_stream_that_is_refused_is_told(hard: Hard) -> None:
    dripping(hard, STREAMS[0], b":connected\n\n")
    hard.say(STREAMS[1], {}, 401)
    async with fetching() as fetch:
        with pytest.raises(SignInFailed) as caught:
            await anext(aiter(source_of(hard, fetch).stream(wanted("#lamps"), None, FREE)))
    assert "hush" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("server", "told", "place"),
    [
        ("https://m.example", "wss://streaming.m.example", "https://streaming.m.example"),
        ("https://m.example", "wss://streaming.m.example:8443/x?y", "https://streaming.m.example:8443"),
        ("https://m.example", "https://m.example", "https://m.example"),
        ("http://127.0.0.1:1", "ws://127.0.0.1:2", "http://127.0.0.1:2"),
        ("https://m.example", "ws://m.example", "https://m.example"),
        ("https://m.example", "wss://ana:hush@evil.example", "https://m.example"),
        ("https://m.example", "file:///etc", "https://m.example"),
        ("https://m.example", "wss://[", "https://m.example"),
        ("https://m.example", "wss://x:99999", "https://m.example"),
        ("https://m.example", "", "https://m.example"),
    ],
)
def test_the_token_goes_where_the_server_says_but_never_in_the_open(server: str, told: str, place: str) -> None:
    assert streaming_place(server, told) == place


async def test_events_are_cut_where_they_end() -> None:
    async def lines() -> AsyncIterator[str]:
        for line in (
            "event: a",
            "data: 1",
            "data:2",
            "id: 4",
            "",
            "data: lost",
            "",
            "event: b",
            "",
            "event:c",
            "data: 3",
            "",
        ):
            yield line

    assert [pair async for pair in events(lines())] == [("a", "1\n2"), ("c", "3")]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
FIELDS = (
    *("id", "account", "content", "reblog", "visibility", "language", "spoiler_text", "url", "uri", "created_at"),
    *("favourites_count", "reblogs_count", "replies_count", "quotes_count", "media_attachments", "poll", "card"),
)


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=4), st.sampled_from(["acct", "display_name", "id"]), JSON
)
def test_whatever_a_field_holds_it_is_a_mention_or_broken(told: dict[str, Any], part: str, value: Any) -> None:
    post = post_of("1", **told)
    if isinstance(post["account"], dict):
        post["account"] = {**post["account"], part: value}
    for items in (statuses([post], "me", "x"), notified([{"type": "mention", "status": post}], "me", "x")):
        for item in items:
            assert isinstance(item, RawMention | Broken)
            json.dumps(repr(item)).encode()
            if isinstance(item, RawMention):
                written = [item.native_id, item.text, item.title, item.url, item.author, *item.extra.values()]
                "".join(written).encode()
                assert "\0" not in "".join(written)


@settings(max_examples=50, deadline=None)
@given(
    st.sampled_from(["update", "delete", "notification", "status.update", "other"]), st.text() | JSON.map(json.dumps)
)
def test_whatever_an_event_says_it_costs_itself_alone(name: str, data: str) -> None:
    for item in happened(name, data, "me", "x"):
        assert isinstance(item, RawMention | Broken | Tombstone)


def test_a_post_of_a_server_that_says_little_is_read() -> None:
    found = read_status(
        {"id": 7, "content": "", "account": {"acct": "grace"}, "media_attachments": [{"description": "A"}]}
    )
    assert (found.native_id, found.author, found.private, found.likes) == ("7", "grace", True, None)
    assert dict(found.extra) == {"picture 1": "A"}
    assert loaded('{"a": NaN, "b": 1}') == {"a": None, "b": 1}
