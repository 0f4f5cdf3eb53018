import asyncio
import json
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web

from bot.fetch import Fetch
from bot.sources import feed
from bot.sources.feed import FeedSource, Settings, build
from bot.sources.fieldmap import content_id
from bot.sources.syndication.entries import read_feed
from handlers.ports import BadSource, RateLimited
from storage.errors import ConfigError
from storage.types import RawMention
from tests.bot.fakes import until
from tests.bot.running import CONFIG, running
from tests.bot.sources.feedserver import NOW, FeedServer, fetching, serving, tools
from tests.bot.sources.test_feed import HOME, entry, rss, words
from tests.bot.sources.test_feed_opml import opml

WEEK_OLD = "Sat, 14 Nov 2026 12:00:00 GMT"


@pytest.fixture
async def server() -> AsyncIterator[FeedServer]:
    async with serving() as started:
        yield started


@pytest.fixture
async def fetch() -> AsyncIterator[Fetch]:
    async with fetching() as made:
        yield made


def several(server: FeedServer, fetch: Fetch, *paths: str, url: str = "") -> FeedSource:
    addresses = tuple(map(server.url, paths))
    return FeedSource("one", Settings(url=url, urls=addresses, allow_private=True), tools(fetch))


def ids(body: bytes, scope: str = "") -> list[str]:
    items = [one.item for one in read_feed(body, "application/xml", HOME, NOW, scope).entries]
    return [item.native_id for item in items if isinstance(item, RawMention)]


async def test_each_feed_has_a_cursor_of_its_own(server: FeedServer, fetch: Fetch) -> None:
    server.say("/a", rss(entry("1", "of a")))
    server.say("/b", rss(entry("1", "of b")))
    source = several(server, fetch, "/a", "/b", "/a")
    assert source.plan(()) == (server.url("/a"), server.url("/b"))
    one, two = [await source.poll(None, 50, query) for query in source.plan(())]
    assert (words(one), words(two)) == (["of a"], ["of b"])
    assert (await source.poll(one.cursor, 50, server.url("/a"))).items == ()


async def test_entries_that_two_feeds_number_alike_are_two_mentions(server: FeedServer, fetch: Fetch) -> None:
    server.say("/a", rss(entry("1", "of a")))
    server.say("/b", rss(entry("1", "of b")))
    source = several(server, fetch, "/a", "/b")
    found = [item for query in source.plan(()) for item in (await source.poll(None, 50, query)).items]
    assert len({item.native_id for item in found if isinstance(item, RawMention)}) == 2


async def test_a_feed_that_moves_in_the_settings_keeps_the_ids_of_its_entries(server: FeedServer, fetch: Fetch) -> None:
    server.say("/a", rss(entry("1", "one")))
    alone = await several(server, fetch, url=server.url("/a")).poll(None, 50)
    (query,) = several(server, fetch, "/a").plan(())
    assert (await several(server, fetch, "/a").poll(None, 50, query)).items == alone.items


async def test_a_host_that_wants_to_be_left_alone_is_so_by_all_its_feeds(server: FeedServer, fetch: Fetch) -> None:
    paths = [f"/{number}" for number in range(5)]
    for path in paths:
        server.say(path, status=429, headers={"Retry-After": "3600"})
    source = several(server, fetch, *paths)
    told = await asyncio.gather(*(source.poll(None, 50, query) for query in source.plan(())), return_exceptions=True)
    assert [one.until for one in told if isinstance(one, RateLimited)] == [NOW + timedelta(hours=1)] * 5
    assert len(server.seen) == 1


async def test_a_host_is_asked_again_when_its_time_has_come(server: FeedServer, fetch: Fetch) -> None:
    clock = [NOW]
    server.say("/a", status=429, headers={"Retry-After": "3600"})
    source = FeedSource(
        "one", Settings(url=server.url("/a"), allow_private=True), replace(tools(fetch), now=lambda: clock[0])
    )
    with pytest.raises(RateLimited):
        await source.poll(None, 50)
    server.say("/a", rss(entry("1", "one")))
    clock[0] = NOW + timedelta(hours=1)
    assert words(await source.poll(None, 50)) == ["one"]


@pytest.mark.parametrize("guid", ["https://blog.example/1", "tag:blog.example,2026:1", "urn:uuid:1"])
def test_an_article_in_two_feeds_of_a_blog_is_one_mention(guid: str) -> None:
    assert ids(rss(entry(guid, "x")), "https://a.example") == ids(rss(entry(guid, "x")), "https://b.example")


async def test_the_single_address_keeps_its_cursor_when_others_join_it(server: FeedServer, fetch: Fetch) -> None:
    server.say("/a", rss(entry("1", "one")))
    alone = FeedSource("one", Settings(url=server.url("/a"), allow_private=True), tools(fetch))
    page = await alone.poll(None, 50)
    both = several(server, fetch, "/b", "/a", url=server.url("/a"))
    assert both.plan(()) == ("", server.url("/b"))
    assert (await both.poll(page.cursor, 50, "")).items == ()


def test_the_name_of_a_native_query_tells_no_secret() -> None:
    secret = ("https://ana:hush@blog.example/feed", "https://blog.example/feed?key=hush", "https://blog.example/feed")
    source = FeedSource("one", Settings(urls=secret), tools(Fetch(lambda: NOW)))
    assert len(set(source.plan(()))) == 3
    assert "hush" not in "".join(source.plan(()))


async def test_a_feed_that_is_not_listed_any_more_is_not_asked(server: FeedServer, fetch: Fetch) -> None:
    with pytest.raises(BadSource, match="not in the settings"):
        await several(server, fetch, "/a").poll(None, 50, server.url("/gone"))
    assert server.seen == []


async def test_a_list_of_feeds_is_read_and_a_change_of_it_is_noticed(
    server: FeedServer, fetch: Fetch, tmp_path: Path
) -> None:
    file = tmp_path / "blogs.opml"

    def save(*paths: str) -> None:
        file.write_bytes(opml(*(f'<outline xmlUrl="{server.url(path)}"/>' for path in paths)))
        os.utime(file, ns=(0, len(paths) * 1_000_000_000))

    save("/a", "/b")
    settings = Settings(opml=str(file), allow_private=True)
    source = build("one", settings, tools(fetch))
    assert source.plan(()) == (server.url("/a"), server.url("/b"))
    assert not source.is_outdated()
    save("/a", "/b", "/c")
    assert source.is_outdated()
    assert len(build("one", settings, tools(fetch)).plan(())) == 3


def test_what_cannot_be_built_says_what_to_do(tmp_path: Path) -> None:
    kit = tools(Fetch(lambda: NOW))
    with pytest.raises(ConfigError, match="several as urls, or opml"):
        build("one", Settings(), kit)
    with pytest.raises(ConfigError, match=r"sources\.one\.opml: .* cannot be read"):
        build("one", Settings(opml=str(tmp_path / "none.opml")), kit)
    (tmp_path / "page.opml").write_bytes(b"<html/>")
    with pytest.raises(ConfigError, match=r"sources\.one\.opml: This is no list"):
        build("one", Settings(opml=str(tmp_path / "page.opml")), kit)


async def test_a_thousand_feeds_on_a_slow_host_do_not_keep_the_others_waiting(server: FeedServer, fetch: Fetch) -> None:
    door = asyncio.Event()

    async def slow(request: web.BaseRequest) -> web.StreamResponse:
        await door.wait()
        return web.Response(body=rss())

    async def asked() -> bool:
        return bool(server.seen)

    paths = [f"/slow{number}" for number in range(200)]
    for path in paths:
        server.do(path, slow)
    async with serving() as other:
        other.say("/quick", rss(entry("1", "one")))
        addresses = (*map(server.url, paths), other.url("/quick"))
        source = FeedSource("one", Settings(urls=addresses, allow_private=True), tools(fetch))
        assert source.side_by_side > len(paths)
        waiting = [asyncio.create_task(source.poll(None, 50, server.url(path))) for path in paths]
        await until(asked)
        async with asyncio.timeout(10):
            assert words(await source.poll(None, 50, other.url("/quick"))) == ["one"]
            door.set()
            assert len(await asyncio.gather(*waiting)) == 200


async def test_check_asks_a_few_of_many_and_names_what_fails(server: FeedServer, fetch: Fetch) -> None:
    paths = [f"/{number}" for number in range(30)]
    for path in paths[1:]:
        server.say(path, rss(entry("1", "one")))
    told = await several(server, fetch, *paths).check()
    assert told.startswith("30 feeds; 9 of 10 that were asked can be read.")
    assert server.url("/0") in told
    assert len(server.seen) == 10
    with pytest.raises(BadSource):
        await several(server, fetch, "/none", "/nowhere").check()


async def test_the_same_bytes_again_are_not_read_again(
    server: FeedServer, fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.say("/a", rss(entry("1", "one")))
    source = several(server, fetch, "/a")
    page = await source.poll(None, 50, server.url("/a"))

    def unread(*args: object) -> None:
        raise AssertionError("it was read")

    monkeypatch.setattr(feed, "read_feed", unread)
    again = await source.poll(page.cursor, 50, server.url("/a"))
    assert (again.items, again.cursor) == ((), page.cursor)


async def test_what_was_left_over_is_read_though_the_bytes_are_the_same(server: FeedServer, fetch: Fetch) -> None:
    server.say("/a", rss(*(entry(str(number), f"text {number}") for number in range(5))))
    source = several(server, fetch, "/a")
    page = await source.poll(None, 3, server.url("/a"))
    assert page.more
    assert len((await source.poll(page.cursor, 3, server.url("/a"))).items) == 2


async def test_an_entry_that_comes_back_is_no_news_and_what_is_remembered_fits_the_feed(
    server: FeedServer, fetch: Fetch
) -> None:
    source, cursor = FeedSource("one", Settings(server.url("/a"), allow_private=True), tools(fetch)), None
    for number in range(70):
        server.say("/a", rss(entry(str(number), f"text {number}")))
        cursor = (await source.poll(cursor, 50)).cursor
    server.say("/a", rss(*(entry(str(number), f"text {number}") for number in range(60, 71))))
    page = await source.poll(cursor, 50)
    assert words(page) == ["text 70"]
    assert len(page.cursor or "") < 1_200


async def test_a_feed_that_seldom_has_news_is_asked_less_often(server: FeedServer, fetch: Fetch) -> None:
    server.say("/a", rss(f"{entry('1', 'one')}<pubDate>{WEEK_OLD}</pubDate>"), headers={"ETag": '"7"'})
    source = several(server, fetch, "/a")
    page = await source.poll(None, 50, server.url("/a"))
    assert page.not_before == NOW + timedelta(hours=2)
    server.say("/a", status=304)
    assert (await source.poll(page.cursor, 50, server.url("/a"))).not_before == NOW + timedelta(hours=2)


async def test_a_search_that_is_seldom_answered_is_asked_as_often_as_ever(server: FeedServer, fetch: Fetch) -> None:
    server.say("/a", rss(f"{entry('1', 'one')}<pubDate>{WEEK_OLD}</pubDate>"))
    page = await several(server, fetch, "/a?q=lamp").poll(None, 50, *several(server, fetch, "/a?q=lamp").plan(()))
    assert page.not_before is None


async def test_a_move_to_the_metadata_of_a_cloud_is_neither_followed_nor_remembered(
    server: FeedServer, fetch: Fetch
) -> None:
    server.say("/a", status=301, headers={"Location": "http://169.254.169.254/latest"})
    with pytest.raises(BadSource, match=r"169\.254\.169\.254"):
        await several(server, fetch, "/a").poll(None, 50, server.url("/a"))


def test_a_header_that_lies_about_the_letters_does_not_spoil_them() -> None:
    body = rss(entry("1", "café “x”")).decode().encode("windows-1252")
    for lie in ("text/xml; charset=utf-8", "text/xml; charset=us-ascii", "text/xml; charset=no-such"):
        (item,) = (one.item for one in read_feed(body, lie, HOME, NOW).entries)
        assert isinstance(item, RawMention)
        assert item.text == "café “x”"


async def test_a_cursor_of_an_earlier_version_is_understood(server: FeedServer, fetch: Fetch) -> None:
    link = "https://www.google.com/url?url=https://paper.example/lamp%3Futm_source%3Da&amp;ct=ga"
    guid = "tag:google.com,2013:googlealerts/feed:123"
    server.say("/a", rss(entry("1", "one"), f"{entry(guid, 'alert')}<link>{link}</link>", "<guid>broken</guid>"))
    home = server.url("/a")
    old = {
        "home": home,
        "url": home,
        "etag": "",
        "last_modified": "",
        "ttl": 0,
        "is_caught_up": True,
        "known": {
            content_id(["1"])[:16]: content_id(["", "one"])[:8],
            content_id([guid])[:16]: content_id(["", "alert"])[:8],
            content_id(["broken"])[:16]: "broken",
        },
    }
    source = FeedSource("one", Settings(home, allow_private=True), tools(fetch))
    page = await source.poll(json.dumps(old), 50)
    assert page.items == ()
    assert (await source.poll(page.cursor, 50)).items == ()
    server.say("/a", rss(entry("1", "one changed"), entry("2", "two")))
    assert words(await source.poll(page.cursor, 50)) == ["two", "one changed"]


def test_an_article_that_two_alerts_find_is_one_mention() -> None:
    def alert(number: int, campaign: str) -> bytes:
        link = f"https://www.google.com/url?rct=j&amp;url=https://paper.example/lamp%3Fa%3D1{campaign}&amp;usg={number}"
        guid = f"tag:google.com,2013:googlealerts/feed:{number}"
        return rss(f"<guid>{guid}</guid><link>{link}</link><description>words {number}</description>")

    assert ids(alert(1, "")) == ids(alert(2, "%26utm_source%3Dalert"))
    (item,) = (one.item for one in read_feed(alert(1, "%26utm_source%3Dalert"), "", HOME, NOW).entries)
    assert isinstance(item, RawMention)
    assert item.url == "https://paper.example/lamp?a=1"


def test_the_paper_that_a_collection_names_is_the_author() -> None:
    body = rss(f'{entry("1", "one")}<source url="https://www.paper.example">The Paper</source>')
    (item,) = (one.item for one in read_feed(body, "", HOME, NOW).entries)
    assert isinstance(item, RawMention)
    assert (item.author, item.author_name) == ("paper.example", "The Paper")


@pytest.mark.parametrize("body", [rss(entry("1", "one"), entry("2", "two"))[:-50], b"<rss><channel><item><title>one"])
async def test_half_a_feed_gives_what_is_there_and_later_the_rest(
    body: bytes, server: FeedServer, fetch: Fetch
) -> None:
    server.say("/a", body)
    source = several(server, fetch, "/a")
    page = await source.poll(None, 50, server.url("/a"))
    assert page.items
    server.say("/a", rss(entry("1", "one"), entry("2", "two"), entry("3", "three")))
    assert "three" in words(await source.poll(page.cursor, 50, server.url("/a")))


async def test_a_list_that_grew_is_read_on_reload(server: FeedServer, tmp_path: Path) -> None:
    for path in ("/a", "/b"):
        server.say(path, rss(entry(path, f"Heron of {path}")))
    file = tmp_path / "blogs.opml"
    file.write_bytes(opml(f'<outline xmlUrl="{server.url("/a")}"/>'))
    table = f'[[sources]]\nname = "blogs"\nkind = "feed"\nopml = "{file}"\nallow_private = true\n'
    async with running(tmp_path, config=f"{CONFIG}\n{table}") as opened:
        await opened.becomes("select count(*) from mentions where text = 'Heron of /a'")
        file.write_bytes(opml(*(f'<outline xmlUrl="{server.url(path)}"/>' for path in ("/a", "/b"))))
        opened.app.reload()
        await opened.becomes("select count(*) from mentions where text = 'Heron of /b'")
        assert [request.path for request in server.seen].count("/a") == 1
