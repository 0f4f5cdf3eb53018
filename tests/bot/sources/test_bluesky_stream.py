import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bot.sources import bluesky
from bot.sources.bluesky import stream as bluesky_stream
from handlers.ports import FREE, BadSource, Broken, Item, Mark, Tombstone, Transient
from storage.types import RawMention
from tests.bluesky.bench import Bench, bench, raws, read_all, until, words
from tests.bluesky.fake import OUR_DID, SUBSCRIBE, FakeBluesky, frame
from tests.bluesky.fake import bluesky as another


@pytest.fixture
async def at(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    monkeypatch.setattr(bluesky_stream, "_MARK_AFTER", 0.01)
    monkeypatch.setattr(bluesky_stream, "_MARK_EVERY", 0.02)
    async with bench() as opened:
        yield opened


class Heard:
    """What a stream gave until now, and what it ended with."""

    def __init__(self) -> None:
        self.items: list[Item] = []
        self.marks: list[str] = []
        self.order: list[Item | Mark] = []
        self.error: Exception | None = None

    def count(self, number: int) -> bool:
        return len(self.items) >= number


@asynccontextmanager
async def hearing(
    at: Bench, source: bluesky.BlueskySource, cursor: str | None = None, server: FakeBluesky | None = None
) -> AsyncIterator[Heard]:
    """A stream that is open."""
    heard = Heard()

    async def listen() -> None:
        try:
            async for found in source.stream(at.wanted, cursor, FREE):
                heard.order.append(found)
                if isinstance(found, Mark):
                    heard.marks.append(found.cursor)
                else:
                    heard.items.append(found)
        except Exception as error:
            heard.error = error

    opened = server or at.server
    before = len(opened.opened)
    task = asyncio.create_task(listen())
    try:
        await until(lambda: (bool(opened.sockets) and len(opened.opened) > before) or heard.error is not None)
        yield heard
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def last_seq(heard: Heard) -> int:
    return int(json.loads(heard.marks[-1])["seq"]) if heard.marks else 0


async def test_of_the_whole_network_only_what_concerns_us_is_given(at: Bench) -> None:
    async with hearing(at, at.start()) as heard:
        for number in range(20):
            at.server.post("did:plc:bo", f"a nice day, number {number}")
        post = at.server.post("did:plc:ana", "My Aurelia hums", langs=["en-GB"])
        at.server.post(OUR_DID, "Buy the Aurelia")
        await until(lambda: last_seq(heard) == 22)
    (one,) = raws(heard.items)
    assert heard.items == [one]
    assert (one.native_id, one.text, one.lang) == (post.uri, "My Aurelia hums", "en")
    assert (one.author, one.author_name, one.followers) == ("ana.test", "Ana", 120)
    assert one.url == f"https://bsky.app/profile/ana.test/post/{post.rkey}"
    assert one.published_at is not None
    assert json.loads(one.reply_ref)["cid"] == post.cid
    assert at.server.opened[0] == {"collections": ["app.bsky.feed.post"], "kinds": ["commit", "account"]}


async def test_links_cards_pictures_and_tags_are_seen(at: Bench) -> None:
    card = {"external": {"uri": "https://blog.example/x", "title": "Why the Aurelia hums", "description": ""}}
    picture = {"media": {"images": [{"alt": "an Aurelia"}]}, "record": {"record": {"uri": "at://x", "cid": "y"}}}
    link = [{"features": [{"uri": "https://shop.example/aurelia"}]}]
    async with hearing(at, at.start()) as heard:
        for number, more in enumerate(({"embed": card}, {"embed": picture}, {"tags": ["Aurelia"]}, {"facets": link})):
            at.server.post("did:plc:ana", f"look {number}", **more)
        await until(lambda: heard.count(4))
    assert [dict(one.extra) for one in raws(heard.items)] == [
        {"card": "Why the Aurelia hums", "links": "https://blog.example/x"},
        {"pictures": "an Aurelia"},
        {"tags": "#Aurelia"},
        {"links": "https://shop.example/aurelia"},
    ]


async def test_a_mark_stands_behind_everything_it_counts(at: Bench) -> None:
    async with hearing(at, at.start()) as heard:
        for number in range(30):
            at.server.post("did:plc:ana", f"Aurelia {number}" if number % 3 == 0 else "other")
            if number % 7 == 0:
                await asyncio.sleep(0.015)
        await until(lambda: last_seq(heard) == 30)
    seen = 0
    for found in heard.order:
        if isinstance(found, RawMention):
            seen += 1
        elif isinstance(found, Mark):
            assert seen == (json.loads(found.cursor)["seq"] + 2) // 3


async def test_it_goes_on_where_it_was_left_without_a_gap_or_a_repeat(at: Bench) -> None:
    source = at.start()
    async with hearing(at, source) as heard:
        at.server.post("did:plc:ana", "Aurelia 1")
        await until(lambda: last_seq(heard) == 1)
    at.server.post("did:plc:ana", "Aurelia 2")
    at.server.post("did:plc:ana", "Aurelia 3")
    async with hearing(at, at.start(), heard.marks[-1]) as again:
        at.server.post("did:plc:ana", "Aurelia 4")
        await until(lambda: again.count(3))
    assert words(again.items) == ["Aurelia 2", "Aurelia 3", "Aurelia 4"]
    assert at.server.opened[1]["cursor"] == ["1"]


async def test_a_deleted_post_of_ours_is_told_and_no_other(at: Bench) -> None:
    notified = at.server.mention("did:plc:bo", "@lamps.test good day")
    source = at.start()
    await read_all(source)
    async with hearing(at, source) as heard:
        ours, other = at.server.post("did:plc:ana", "Aurelia"), at.server.post("did:plc:ana", "else")
        await until(lambda: heard.count(1))
        for post in (other, ours, notified):
            at.server.delete(post.uri)
        await until(lambda: heard.count(3))
        await until(lambda: last_seq(heard) == 6)
    assert heard.items[1:] == [Tombstone(ours.uri, "deleted"), Tombstone(notified.uri, "deleted")]


@pytest.mark.parametrize("status", ["takendown", "suspended", "deleted", "deactivated"])
async def test_with_an_account_go_its_posts(at: Bench, status: str) -> None:
    async with hearing(at, at.start()) as heard:
        posts = [at.server.post("did:plc:ana", f"Aurelia {number}") for number in range(2)]
        at.server.post("did:plc:bo", "Aurelia too")
        await until(lambda: heard.count(3))
        at.server.account("did:plc:ana", "throttled")
        at.server.account("did:plc:bo", "")
        at.server.account("did:plc:ana", status)
        await until(lambda: heard.count(5))
        await until(lambda: last_seq(heard) == 6)
    assert heard.items[3:] == [Tombstone(post.uri, f"account {status}") for post in posts]


async def test_authors_are_looked_up_many_at_once_and_once(at: Bench) -> None:
    gate = at.server.hold["app.bsky.actor.getProfiles"] = asyncio.Event()
    for number in range(30):
        at.server.join(f"did:plc:p{number}", f"p{number}.test")
    async with hearing(at, at.start()) as heard:
        at.server.post("did:plc:p0", "Aurelia")
        await until(lambda: at.server.requests["app.bsky.actor.getProfiles"] == 1)
        for number in range(30):
            at.server.post(f"did:plc:p{number}", "Aurelia")
        gate.set()
        await until(lambda: heard.count(31))
    assert {one.author for one in raws(heard.items)} == {f"p{number}.test" for number in range(30)}
    assert at.server.requests["app.bsky.actor.getProfiles"] <= 6


async def test_an_author_that_cannot_be_looked_up_costs_no_post(at: Bench) -> None:
    at.server.down = {"app.bsky.actor.getProfiles"}
    async with hearing(at, at.start()) as heard:
        at.server.post("did:plc:ana", "Aurelia")
        await until(lambda: heard.count(1))
        at.server.post("did:plc:nobody", "Aurelia")
        await until(lambda: heard.count(2))
    assert [one.author for one in raws(heard.items)] == ["did:plc:ana", "did:plc:nobody"]
    assert at.server.requests["app.bsky.actor.getProfiles"] == 1


async def test_queries_for_a_persons_posts_and_for_reach_are_met(at: Bench) -> None:
    at.queries = ("from:ana.test hums", "lamp min_reach:10k", "from:not.there x")
    async with hearing(at, at.start()) as heard:
        at.server.post("did:plc:ana", "it hums")
        at.server.post("did:plc:bo", "it hums")
        at.server.post("did:plc:bo", "a lamp")
        await until(lambda: last_seq(heard) == 3)
    assert [(one.author, one.text) for one in raws(heard.items)] == [("ana.test", "it hums"), ("bo.test", "a lamp")]


async def test_a_source_that_keeps_everything_takes_only_what_queries_want_from_a_network(
    at: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Bench, "concerns", lambda self, raw: True)
    async with hearing(at, at.start()) as heard:
        at.server.post("did:plc:ana", "a nice day")
        at.server.post("did:plc:ana", "Aurelia")
        await until(lambda: last_seq(heard) == 2)
    assert words(heard.items) == ["Aurelia"]


ODD: list[Any] = [
    "{",
    "[]",
    "null",
    '"x"',
    "\ud800",
    '{"$type": "message"}',
    '{"$type": "message", "payload": {"seq": "x"}}',
    '{"$type": "message", "payload": {"$type": "' + SUBSCRIBE + '#newest"}}',
    "[" * 5_000,
]


async def test_odd_messages_cost_nothing_and_are_told_only_if_they_speak_of_us(at: Bench) -> None:
    async with hearing(at, at.start()) as heard:
        for odd in ODD:
            at.server.say(odd.encode("utf-8", "replace").decode())
        at.server.post("did:plc:ana", 7)
        at.server.post("did:plc:ana", {"en": "my Aurelia"})
        at.server.post("did:plc:ana", "Aurelia", facets=7, embed=[1], langs="en", reply="x", tags={}, createdAt=5)
        await until(lambda: heard.count(2))
    broken, whole = heard.items
    assert isinstance(broken, Broken)
    assert "Aurelia" in broken.sample
    assert isinstance(whole, RawMention)
    assert whole.text == "Aurelia"


async def test_the_next_server_is_asked_after_the_first_and_by_the_clock(at: Bench) -> None:
    async with another() as second:
        source = at.start(jetstream=(at.server.jetstream, second.jetstream))
        for _ in range(12):
            second.emit("identity", "did:plc:x")  # its numbers are others
        async with hearing(at, source) as heard:
            at.server.post("did:plc:ana", "Aurelia 1")
            await until(lambda: last_seq(heard) == 1)
            await at.server.hang_up()
            await until(lambda: heard.error is not None)
        assert isinstance(heard.error, Transient)
        second.post("did:plc:ana", "Aurelia 2")
        async with hearing(at, source, heard.marks[-1], second) as again:
            await until(lambda: again.count(1))
        assert words(again.items) == ["Aurelia 2"]
        assert int(second.opened[0]["cursor"][0]) == json.loads(heard.marks[-1])["at"] - 10_000_000


async def test_a_cursor_that_is_too_old_goes_on_with_what_there_is(at: Bench, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(6):
        at.server.post("did:plc:ana", f"Aurelia {number}")
    at.server.floor = 5
    cursor = json.dumps({"host": at.server.jetstream, "seq": 2, "at": 1_795_251_601_000_000})
    with caplog.at_level(logging.WARNING):
        async with hearing(at, at.start(), cursor) as heard:
            await until(lambda: heard.count(2))
    assert words(heard.items) == ["Aurelia 4", "Aurelia 5"]
    assert "not kept by the stream any more" in caplog.text


async def test_numbers_of_another_archive_are_given_up(at: Bench) -> None:
    cursor = json.dumps({"host": at.server.jetstream, "seq": 900, "at": 0})
    async with hearing(at, at.start(), cursor) as heard:
        at.server.post("did:plc:ana", "Aurelia")
        await until(lambda: last_seq(heard) == 1)
    assert words(heard.items) == ["Aurelia"]


@pytest.mark.parametrize(
    "cursor", ["", "{", "null", "[]", '{"host": 1}', '{"host": "x", "seq": -1, "at": 5}', "[" * 9_999]
)
async def test_a_damaged_cursor_begins_now(at: Bench, cursor: str) -> None:
    at.server.post("did:plc:ana", "Aurelia before")
    async with hearing(at, at.start(), cursor) as heard:
        at.server.post("did:plc:ana", "Aurelia now")
        await until(lambda: heard.count(1))
    assert words(heard.items) == ["Aurelia now"]


async def test_a_stream_that_ends_says_why(at: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bluesky_stream, "_MARK_AFTER", 60.0)
    async with hearing(at, at.start()) as heard:
        at.server.post("did:plc:ana", "Aurelia")
        at.server.say('{"$type": "error", "error": "ConsumerTooSlow", "message": "no"}')
        await until(lambda: heard.error is not None)
    assert words(heard.items) == ["Aurelia"]
    assert last_seq(heard) == 1, "what was given before the end is marked"
    assert "ConsumerTooSlow" in str(heard.error)
    monkeypatch.setattr(bluesky_stream, "QUIET_FOR", 0.3)
    async with hearing(at, at.start()) as heard:
        await until(lambda: heard.error is not None)
    assert "was silent" in str(heard.error)
    assert isinstance(heard.error, Transient)
    at.server.down = {SUBSCRIBE}
    async with hearing(at, at.start()) as heard:
        pass
    assert isinstance(heard.error, Transient)
    async with hearing(at, at.start(jetstream=(f"{at.server.jetstream}/nothing/there",))) as heard:
        pass
    assert isinstance(heard.error, BadSource)


async def test_a_stream_that_is_closed_leaves_nothing_behind(at: Bench) -> None:
    before = asyncio.all_tasks()
    async with hearing(at, at.start()):
        pass
    await until(lambda: not at.server.sockets)
    assert {task for task in asyncio.all_tasks() - before if "bluesky" in repr(task.get_coro())} == set()


async def test_words_of_a_frame_reach_nobody_who_did_not_ask(at: Bench, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        async with hearing(at, at.start()) as heard:
            at.server.say(frame({"$type": f"{SUBSCRIBE}#info", "name": "Aurelia secret"}))
            at.server.post("did:plc:ana", "Aurelia secret")
            await until(lambda: heard.count(1))
    assert "secret" not in caplog.text
