import json
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sources import bluesky
from bot.sources.bluesky import lists as bluesky_lists
from handlers.ports import BadQuery, Broken, RateLimited, Transient
from storage.errors import ConfigError
from storage.types import RawMention
from tests.bluesky.bench import Bench, bench, gone, raws, read_all, words
from tests.bluesky.fake import OUR_DID, START, Post
from tests.bot.sources.feedserver import NOW


@pytest.fixture
async def at() -> AsyncIterator[Bench]:
    async with bench() as opened:
        yield opened


async def test_notifications_come_oldest_first_with_counts_and_followers(at: Bench) -> None:
    first = at.server.mention("did:plc:ana", "@lamps.test my Aurelia hums")
    first.extra.update({"likeCount": 3, "repostCount": 2, "quoteCount": 1, "replyCount": 4})
    at.server.mention("did:plc:bo", "@lamps.test the Aurelia is great")
    items, _ = await read_all(at.start())
    one, two = raws(items)
    assert words(items) == ["@lamps.test my Aurelia hums", "@lamps.test the Aurelia is great"]
    assert (one.author, one.author_name, one.followers) == ("ana.test", "Ana", 120)
    assert (one.likes, one.shares, one.replies, one.lang) == (3, 3, 4, "en")
    assert one.url == f"https://bsky.app/profile/ana.test/post/{first.rkey}"
    assert one.published_at == first.at
    assert (two.followers, two.likes) == (40_000, None)


async def test_nobody_is_looked_up_for_what_does_not_concern_us(at: Bench) -> None:
    at.server.mention("did:plc:ana", "@lamps.test what a nice day")
    items, _ = await read_all(at.start())
    assert words(items) == ["@lamps.test what a nice day"]
    assert at.server.requests["app.bsky.actor.getProfiles"] == 0
    assert at.server.requests["app.bsky.feed.getPosts"] == 0


async def test_a_query_for_reach_is_met_by_followers_that_are_looked_up(at: Bench) -> None:
    at.queries = ("aurelia min_reach:10k",)
    at.server.mention("did:plc:bo", "@lamps.test Aurelia!")
    items, _ = await read_all(at.start())
    assert raws(items)[0].followers == 40_000
    assert at.concerns(raws(items)[0])


async def test_only_mentions_replies_and_quotes_are_read_and_never_our_own(at: Bench) -> None:
    mine = at.server.post(OUR_DID, "Our new lamp")
    at.server.post("did:plc:ana", "an answer", reply={"root": mine.ref, "parent": mine.ref})
    at.server.mention(OUR_DID, "we name ourselves")
    at.server.post("did:plc:bo", "someone liked it").extra["notify"] = "like"
    at.server.post("did:plc:bo", "look at this", embed={"record": mine.ref}).extra["notify"] = "quote"
    items, _ = await read_all(at.start())
    assert words(items) == ["an answer", "look at this"]
    assert [json.loads(one.reply_ref)["reason"] for one in raws(items)] == ["reply", "quote"]


async def test_many_pages_are_given_once_in_order_while_others_arrive(at: Bench) -> None:
    for number in range(23):
        at.server.mention("did:plc:ana", f"Aurelia {number}")
    source, cursor, seen, backlog = at.start(), None, [], []
    for turn in range(40):
        page = await source.poll(cursor, 4, "notifications")
        assert page.items == (await source.poll(cursor, 4, "notifications")).items
        cursor = page.cursor
        seen += words(page.items)
        backlog += [page.is_backlog] * len(page.items)
        if turn in (1, 3):
            for more in range(3):
                at.server.mention("did:plc:bo", f"Aurelia {23 + turn * 3 + more}", at=START + timedelta(hours=turn))
        if not page.more:
            break
    assert seen[:23] == [f"Aurelia {number}" for number in range(23)]
    assert len(seen) == len(set(seen)) == 29
    assert all(backlog[:19])
    at.server.mention("did:plc:ana", "Aurelia later", at=START + timedelta(hours=4))
    page = await source.poll(cursor, 4, "notifications")
    assert words(page.items) == ["Aurelia later"]
    assert not page.is_backlog


async def test_a_crash_between_pages_repeats_and_never_skips(at: Bench) -> None:
    for number in range(9):
        at.server.mention("did:plc:ana", f"Aurelia {number}")
    source, cursor, seen = at.start(), None, []
    for turn in range(40):
        page = await source.poll(cursor, 2, "notifications")
        seen += words(page.items)
        if turn % 2:
            continue
        cursor = page.cursor
        if not page.more:
            break
    assert set(seen) == {f"Aurelia {number}" for number in range(9)}


async def test_one_request_is_enough_when_nothing_is_new(at: Bench) -> None:
    for number in range(30):
        at.server.mention("did:plc:ana", f"Aurelia {number}")
    source = at.start()
    _, cursor = await read_all(source)
    at.server.requests.clear()
    assert await read_all(source, cursor) == ([], cursor)
    assert at.server.requests == {"app.bsky.notification.listNotifications": 1}
    at.server.mention("did:plc:ana", "one more Aurelia")
    at.server.requests.clear()
    items, _ = await read_all(source, cursor)
    assert words(items) == ["one more Aurelia"]
    assert at.server.requests["app.bsky.notification.listNotifications"] == 1


async def test_what_the_server_heard_of_late_is_given_too(at: Bench) -> None:
    at.server.mention("did:plc:ana", "Aurelia now", at=START + timedelta(hours=2))
    source = at.start()
    _, cursor = await read_all(source)
    at.server.mention("did:plc:bo", "Aurelia half an hour before", at=START + timedelta(hours=1.5))
    items, _ = await read_all(source, cursor)
    assert words(items) == ["Aurelia half an hour before"]


async def test_of_an_old_account_only_the_newest_are_read_at_first(at: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bluesky_lists, "BACKLOG", 30)
    for number in range(42):
        at.server.mention("did:plc:ana", f"Aurelia {number}", at=START - timedelta(hours=2 * (84 - number)))
    source = at.start()
    items, cursor = await read_all(source, limit=10)
    assert words(items) == [f"Aurelia {number}" for number in range(12, 42)]
    for number in range(42, 84):
        at.server.mention("did:plc:ana", f"Aurelia {number}", at=START - timedelta(hours=2 * (84 - number)))
    items, cursor = await read_all(source, cursor, limit=10)
    assert words(items) == [f"Aurelia {number}" for number in range(42, 84)]
    assert await read_all(source, cursor) == ([], cursor)


async def test_a_handle_that_the_network_cannot_verify_is_no_name(at: Bench) -> None:
    at.server.join("did:plc:eve", "handle.invalid")
    post = at.server.mention("did:plc:eve", "Aurelia")
    items, _ = await read_all(at.start())
    assert raws(items)[0].author == "did:plc:eve"
    assert raws(items)[0].url == f"https://bsky.app/profile/did:plc:eve/post/{post.rkey}"


async def test_a_long_walk_goes_on_with_the_next_poll_and_skips_nothing(at: Bench) -> None:
    at.server.mention("did:plc:ana", "Aurelia first")
    source = at.start()
    _, cursor = await read_all(source)
    for number in range(42):
        at.server.mention("did:plc:ana", f"Aurelia {number}", at=START + timedelta(hours=2 + number))
    page = await source.poll(cursor, 2, "notifications")
    assert (page.items, page.more) == ((), True)
    items, _ = await read_all(source, page.cursor, limit=2)
    assert words(items) == [f"Aurelia {number}" for number in range(42)]


@pytest.mark.parametrize("record", [None, 7, {}, {"text": None}, {"text": ["x"]}, []])
async def test_a_post_that_cannot_be_read_is_broken_alone_and_once(at: Bench, record: object) -> None:
    at.server.mention("did:plc:ana", "good Aurelia")
    bad = at.server.post("did:plc:ana", "x")
    bad.record = record
    bad.extra["notify"] = "mention"
    at.server.mention("did:plc:bo", "another good Aurelia")
    items, cursor = await read_all(at.start())
    broken = [item for item in items if isinstance(item, Broken)]
    assert words(items) == ["good Aurelia", "another good Aurelia"]
    assert [one.where for one in broken] == [bad.uri]
    assert broken[0].reason
    assert (await read_all(at.start(), cursor))[0] == []


async def test_a_new_kind_of_embed_costs_nothing(at: Bench) -> None:
    embed = {"$type": "app.bsky.embed.hologram", "frames": [{"alt": "A lamp in 3D", "beams": 10**400}], "next": {}}
    at.server.mention("did:plc:ana", "look", embed=embed)
    items, _ = await read_all(at.start())
    assert raws(items)[0].extra["pictures"] == "A lamp in 3D"


async def test_counts_that_cannot_be_had_now_cost_no_post(at: Bench) -> None:
    at.server.mention("did:plc:ana", "Aurelia")
    at.server.down = {"app.bsky.feed.getPosts", "app.bsky.actor.getProfiles"}
    items, _ = await read_all(at.start())
    assert words(items) == ["Aurelia"]
    assert raws(items)[0].followers is None


async def test_a_limit_is_obeyed_until_it_ends(at: Bench) -> None:
    source = at.start()
    at.server.logins_left = 0
    with pytest.raises(RateLimited) as raised:
        await source.poll(None, 10, "notifications")
    assert raised.value.until == NOW + timedelta(minutes=15)


async def test_search_is_asked_only_on_request_and_widely(at: Bench) -> None:
    at.queries = ('"aurelia lamp" OR (@lamps.test -refund)', "from:ana.test hum*", "url:lamps.example")
    assert at.start().plan(at.wanted) == ("notifications",)
    assert at.start(search=True).plan(at.wanted) == (
        "notifications",
        'search "aurelia lamp"',
        "search lamps.test",
        "search from:ana.test",
    )


async def test_search_gives_what_others_say_oldest_first(at: Bench) -> None:
    for number in range(5):
        at.server.post("did:plc:ana", f"the Aurelia lamp {number}").extra["likeCount"] = number
    source = at.start(search=True)
    items, cursor = await read_all(source, query='search "aurelia lamp"', limit=2)
    assert words(items) == [f"the Aurelia lamp {number}" for number in range(5)]
    assert (raws(items)[4].likes, raws(items)[4].followers) == (4, 120)
    assert at.server.requests["app.bsky.feed.getPosts"] <= 1
    assert (await read_all(source, cursor, query='search "aurelia lamp"'))[0] == []


async def test_a_search_that_is_not_understood_says_so(at: Bench) -> None:
    with pytest.raises(BadQuery, match="does not take"):
        await at.start(search=True).poll(None, 10, "search !!")


async def test_verify_tells_what_is_gone_and_how_the_rest_does(at: Bench) -> None:
    posts = [at.server.mention("did:plc:ana", f"Aurelia {number}") for number in range(60)]
    posts[7].extra["likeCount"] = 70
    at.server.delete(posts[3].uri)
    items = await at.start().verify([post.uri for post in posts], bluesky.FREE)
    assert gone(items) == [posts[3].uri]
    assert len(raws(items)) == 59
    assert {one.native_id: one.likes for one in raws(items)}[posts[7].uri] == 70
    assert at.server.requests["app.bsky.feed.getPosts"] == 3


async def test_verify_erases_nothing_on_the_word_of_a_server_that_knows_nothing(at: Bench) -> None:
    posts = [at.server.mention("did:plc:ana", f"Aurelia {number}") for number in range(5)]
    source = at.start()
    at.server.posts = {}
    with pytest.raises(Transient, match="tells nothing of 5 posts"):
        await source.verify([post.uri for post in posts], bluesky.FREE)
    at.server.down = {"app.bsky.feed.getPosts"}
    with pytest.raises(Transient):
        await source.verify([posts[0].uri], bluesky.FREE)


@pytest.mark.parametrize(("asked", "empty"), [(60, {2}), (30, {1, 2}), (1, {1}), (3, {1})])
async def test_verify_asks_again_what_a_whole_request_said_nothing_of(at: Bench, asked: int, empty: set[int]) -> None:
    posts = [at.server.mention("did:plc:ana", f"Aurelia {number}") for number in range(asked)]
    at.server.silent_about_posts = empty
    items = await at.start().verify([post.uri for post in posts], bluesky.FREE)
    assert len(raws(items)) == asked
    assert gone(items) == []


@pytest.mark.parametrize("asked", [1, 3, 25])
async def test_verify_erases_nothing_while_no_post_is_told(at: Bench, asked: int) -> None:
    posts = [at.server.mention("did:plc:ana", f"Aurelia {number}") for number in range(asked)]
    at.server.silent_about_posts = set(range(1, 9))
    with pytest.raises(Transient, match="asked again"):
        await at.start().verify([post.uri for post in posts], bluesky.FREE)


async def test_verify_erases_nothing_when_a_post_that_was_told_is_not_told_again(at: Bench) -> None:
    posts = [at.server.mention("did:plc:ana", f"Aurelia {number}") for number in range(30)]
    at.server.silent_about_posts = {2, 3}
    with pytest.raises(Transient, match="nothing of 5 posts"):
        await at.start().verify([post.uri for post in posts], bluesky.FREE)


async def test_verify_believes_that_many_are_gone_when_others_are_there(at: Bench) -> None:
    posts = [at.server.mention("did:plc:ana", f"Aurelia {number}") for number in range(6)]
    for post in posts[:5]:
        at.server.delete(post.uri)
    items = await at.start().verify([post.uri for post in posts[:5]], bluesky.FREE)
    assert gone(items) == [post.uri for post in posts[:5]]


async def test_verify_says_nothing_of_what_is_no_post(at: Bench) -> None:
    assert await at.start().verify(["at://did:plc:x/app.bsky.feed.like/1", "https://x.example"], bluesky.FREE) == ()


async def test_check_is_a_sentence_with_the_account(at: Bench) -> None:
    told = await at.start().check()
    assert "@lamps.test and the public stream" in told
    assert "can be read" in told


@pytest.mark.parametrize(
    ("told", "secrets", "words"),
    [
        ({"handle": " @ "}, {"BLUESKY_PASSWORD": "x"}, "sources.sky.handle: missing"),
        ({"handle": "a.test"}, {}, "sources.sky.password_env: BLUESKY_PASSWORD is not in .env"),
        ({"handle": "a.test", "jetstream": ()}, {"BLUESKY_PASSWORD": "x"}, "sources.sky.jetstream: empty"),
    ],
)
async def test_what_is_missing_is_named(at: Bench, told: dict, secrets: dict, words: str) -> None:  # type: ignore[type-arg]
    tools = bluesky.Tools(at.fetch, lambda: NOW, secrets)
    with pytest.raises(ConfigError, match=words):
        bluesky.build("sky", bluesky.Settings(**told), tools)


async def test_dates_of_the_author_count_only_as_far_as_they_are_past(at: Bench) -> None:
    for claimed in ("2036-01-01T00:00:00Z", "yesterday", "2026-11-01T00:00:00Z"):
        at.server.mention("did:plc:ana", "Aurelia", createdAt=claimed)
    items, _ = await read_all(at.start())
    days = [one.published_at.strftime("%m-%d") for one in raws(items) if one.published_at]
    assert days == ["11-21", "11-21", "11-01"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
FIELDS = st.sampled_from(
    ["uri", "cid", "author", "record", "indexedAt", "text", "facets", "embed", "reply", "langs", "createdAt", "tags"]
)


@settings(max_examples=60)
@given(FIELDS, JSON)
def test_any_field_of_any_kind_breaks_its_own_post_at_most(name: str, value: object) -> None:
    post = Post("did:plc:ana", "3l1", {"text": "Aurelia", "createdAt": "2026-11-20T09:00:00Z"}, START)
    view = {"author": {"did": "did:plc:ana", "handle": "ana.test"}, "record": dict(post.record), **post.ref}
    (view if name in ("uri", "cid", "author", "record", "indexedAt") else view["record"])[name] = value  # type: ignore[index]
    (read,) = bluesky.read_views([view], OUR_DID)
    assert isinstance(read, RawMention | Broken)
    json.dumps(read.extra if isinstance(read, RawMention) else read.sample).encode()
