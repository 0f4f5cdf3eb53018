from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from atproto_client.models.string_formats import validate_tid

from bot.sources.bluesky.replies import checked, record_key
from handlers.ports import (
    FREE,
    ByApi,
    ByLink,
    NotPossible,
    RateLimited,
    ReplyDoubtful,
    ReplyRefused,
    SignInFailed,
    Transient,
)
from storage.types import Mention, Priority, RawMention
from tests.bluesky.bench import Bench, bench, raws, read_all
from tests.bluesky.fake import OUR_DID, Post
from tests.bot.sources.feedserver import NOW
from tests.bot.sources.rigs import Fault

PUT = "com.atproto.repo.putRecord"


@pytest.fixture
async def at() -> AsyncIterator[Bench]:
    async with bench() as opened:
        yield opened


def stored(raw: RawMention) -> Mention:
    return Mention(
        id=1, source="bluesky", kind="bluesky", native_id=raw.native_id, brand="Aurelia", query="lamps", text=raw.text,
        title="", url=raw.url, author=raw.author, author_name=raw.author_name, followers=None, lang=raw.lang,
        published_at=None, seen_at=NOW, likes=None, shares=None, replies=None, stars=None, private=False, reach=None,
        sentiment=None, label="neutral", priority=Priority.NORMAL, reasons=(), case_id=1, reply_ref=raw.reply_ref,
    )  # fmt: skip


async def mention_of(at: Bench, **more: Any) -> Mention:
    at.server.mention("did:plc:ana", "@lamps.test my Aurelia hums", **more)
    items, _ = await read_all(at.start())
    return stored(raws(items)[-1])


def ours(at: Bench) -> list[Post]:
    return [post for post in at.server.posts.values() if post.did == OUR_DID]


async def test_a_reply_stands_below_the_post_in_its_thread(at: Bench) -> None:
    root = at.server.post("did:plc:bo", "What a lamp")
    mention = await mention_of(at, reply={"root": root.ref, "parent": root.ref})
    posted = await at.start().reply(mention, "Sorry! We will call you.", "case-142", FREE)
    (post,) = ours(at)
    assert post.record["text"] == "Sorry! We will call you."
    assert post.record["reply"] == {
        "root": root.ref,
        "parent": {"uri": mention.native_id, "cid": at.server.posts[mention.native_id].cid},
    }
    assert post.record["langs"] == ["en"]
    assert post.record["createdAt"] == "2026-11-21T12:00:00.000Z"
    assert posted.native_id == post.uri
    assert posted.url == f"https://bsky.app/profile/lamps.test/post/{post.rkey}"


async def test_below_a_post_that_begins_a_thread_it_is_the_root_too(at: Bench) -> None:
    mention = await mention_of(at)
    await at.start().reply(mention, "Hello", "k", FREE)
    reply = ours(at)[0].record["reply"]
    assert reply["root"] == reply["parent"]


async def test_links_tags_and_names_are_marked_by_their_bytes(at: Bench) -> None:
    mention = await mention_of(at)
    text = "Größe 💡: siehe https://lamps.example/größe, @bo.test, @nobody.test und #Lampe!"
    await at.start().reply(mention, text, "k", FREE)
    told = text.encode()
    marked = {
        told[facet["index"]["byteStart"] : facet["index"]["byteEnd"]].decode(): facet["features"][0]
        for facet in ours(at)[0].record["facets"]
    }
    assert marked == {
        "https://lamps.example/größe": {
            "$type": "app.bsky.richtext.facet#link",
            "uri": "https://lamps.example/größe",
        },
        "@bo.test": {"$type": "app.bsky.richtext.facet#mention", "did": "did:plc:bo"},
        "#Lampe": {"$type": "app.bsky.richtext.facet#tag", "tag": "Lampe"},
    }


@pytest.mark.parametrize("seconds", [0, 90])
async def test_a_second_attempt_with_the_same_key_posts_nothing(at: Bench, seconds: int) -> None:
    mention = await mention_of(at)
    first = await at.start().reply(mention, "Hello", "k", FREE)
    at.now += timedelta(seconds=seconds)
    assert await at.start().reply(mention, "Hello", "k", FREE) == first
    assert len(ours(at)) == 1
    assert ours(at)[0].record["createdAt"] == "2026-11-21T12:00:00.000Z"
    await at.start().reply(mention, "Hello again", "another key", FREE)
    assert len(ours(at)) == 2


async def test_a_lost_answer_is_doubtful_and_the_reply_is_found(at: Bench) -> None:
    mention = await mention_of(at)
    source = at.start()
    at.server.swallowed = {PUT}
    with pytest.raises(ReplyDoubtful):
        await source.reply(mention, "Hello", "k", FREE)
    found = await source.find_reply(mention, "Hello", "k", NOW)
    assert found is not None
    assert found.native_id == ours(at)[0].uri
    assert await source.find_reply(mention, "Hello", "other", NOW) is None


async def test_an_answer_that_says_nothing_is_doubtful(at: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    mention = await mention_of(at)
    at.server.down = {PUT}
    with pytest.raises(ReplyDoubtful, match="HTTP 502"):
        await at.start().reply(mention, "Hello", "k", FREE)
    at.server.down = set()
    monkeypatch.setattr(at.server, "_put_record", lambda told, did: ["no object"])
    with pytest.raises(ReplyDoubtful, match="cannot be read"):
        await at.start().reply(mention, "Hello", "k", FREE)


async def test_what_certainly_was_not_posted_says_so(at: Bench) -> None:
    mention = await mention_of(at)
    source = at.start()
    at.server.fault = Fault.TOO_MANY
    with pytest.raises(RateLimited):
        await source.reply(mention, "Hello", "k", FREE)
    at.server.fault = Fault.TROUBLE
    with pytest.raises(Transient) as raised:
        await source.reply(mention, "Hello", "k", FREE)
    assert not isinstance(raised.value, ReplyDoubtful)
    at.server.fault = Fault.NONSENSE
    with pytest.raises(Transient):
        await source.reply(mention, "Hello", "k", FREE)
    at.server.fault = Fault.SIGN_IN
    with pytest.raises(SignInFailed):
        await source.reply(mention, "Hello", "k", FREE)
    at.server.fault = None
    with pytest.raises(ReplyRefused, match="InvalidRecord"):
        await source.reply(mention, "forbidden words", "k", FREE)
    assert ours(at) == []


async def test_an_expired_token_costs_no_reply_and_doubles_none(at: Bench) -> None:
    mention = await mention_of(at)
    at.server.expire("access")
    await at.start().reply(mention, "Hello", "k", FREE)
    assert len(ours(at)) == 1


async def test_nothing_is_posted_below_a_post_that_is_gone_or_closed(at: Bench) -> None:
    mention = await mention_of(at)
    at.server.posts[mention.native_id].extra["viewer"] = {"replyDisabled": True}
    with pytest.raises(ReplyRefused, match="closed"):
        await at.start().reply(mention, "Hello", "k", FREE)
    at.server.delete(mention.native_id)
    with pytest.raises(ReplyRefused, match="not there any more"):
        await at.start().reply(mention, "Hello", "k", FREE)
    assert ours(at) == []


async def test_only_who_spoke_to_us_is_answered_by_itself(at: Bench) -> None:
    mention = await mention_of(at)
    source = at.start(search=True)
    assert source.can_reply(mention) == ByApi("@lamps.test", 300)
    at.server.post("did:plc:bo", "the Aurelia lamp")
    items, _ = await read_all(source, query='search "aurelia lamp"')
    way = source.can_reply(stored(raws(items)[0]))
    assert isinstance(way, ByLink)
    assert way.url == raws(items)[0].url
    assert way.why
    for broken in ("", "{", "[1]", "7", "[" * 9_999):
        other = source.can_reply(stored(RawMention("x", "x", reply_ref=broken)))
        assert isinstance(other, NotPossible)
        with pytest.raises(ReplyRefused):
            await source.reply(stored(RawMention("x", "x", reply_ref=broken)), "Hello", "k", FREE)


def test_length_is_counted_as_people_count() -> None:
    family = "👨‍👩‍👧‍👦"
    assert checked(family * 100) == family * 100
    assert checked("é" * 300) == "é" * 300
    for text in ("x" * 301, family * 121, " \n", "\0"):
        with pytest.raises(ReplyRefused):
            checked(text)


def test_keys_are_valid_and_never_the_same() -> None:
    keys = [record_key(f"case-{number}") for number in range(2_000)]
    assert len(set(keys)) == 2_000
    assert record_key("case-7") == keys[7]
    for key in keys:
        validate_tid(key, None)
