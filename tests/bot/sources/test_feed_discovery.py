import json
from collections.abc import AsyncIterator

import pytest

from bot.fetch import Fetch
from bot.sources.feed import FeedSource, Settings
from bot.sources.syndication.discovery import feeds_named
from handlers.ports import BadSource, Transient
from tests.bot.sources.feedserver import FeedServer, fetching, serving, tools
from tests.bot.sources.test_feed import entry, rss, words

PAGE = b"""<!DOCTYPE html><html><head><title>Blog</title>
<link rel="alternate" type="application/rss+xml" title="Comments" href="/comments/feed">
<link rel="alternate" type="application/rss+xml" title="Lamp &amp; light" href="/real?a=1&amp;b=2">
</head><body>words</body></html>"""


@pytest.fixture
async def server() -> AsyncIterator[FeedServer]:
    async with serving() as started:
        yield started


@pytest.fixture
async def fetch() -> AsyncIterator[Fetch]:
    async with fetching() as made:
        yield made


def site(server: FeedServer, fetch: Fetch) -> FeedSource:
    return FeedSource("one", Settings(server.url("/"), allow_private=True), tools(fetch))


def test_a_page_names_its_feeds_and_those_of_comments_come_last() -> None:
    assert feeds_named(PAGE.decode(), "https://blog.example/") == [
        ("Lamp & light", "https://blog.example/real?a=1&b=2"),
        ("Comments", "https://blog.example/comments/feed"),
    ]


def test_a_page_may_write_its_links_as_it_likes() -> None:
    html = "<LINK HREF='feed.json' TYPE='application/feed+json'><a type=application/atom+xml href=//b.example/atom>"
    assert feeds_named(html, "https://a.example/x/") == [
        ("", "https://a.example/x/feed.json"),
        ("", "https://b.example/atom"),
    ]


@pytest.mark.parametrize("attributes", ["a" * 1_990, "a " * 990, "a='a=\"" * 300, "a" + " " * 1_980, 'a="' * 600])
def test_a_page_that_is_made_to_stall_its_reader_names_no_feed(attributes: str) -> None:
    assert feeds_named(f"<link {attributes}>" * 100, "https://a.example/") == []


async def test_an_answer_that_is_made_to_stall_its_reader_is_passed_over(server: FeedServer, fetch: Fetch) -> None:
    server.say("/", b"<html>words</html>")
    server.say("/feed", b"<!---->" * 5_000 + b"<html>")
    server.say("/rss", b"<!DOCTYPE rss [<!ENTITY a 'b'>]><rss>")
    server.say("/feed.xml", b'<?xml version="1.0"?>' + b"<!-- x -->\n" * 50 + rss(entry("1", "one")))
    assert words(await site(server, fetch).poll(None, 50)) == ["one"]


async def test_the_feed_of_a_site_is_read_and_kept(server: FeedServer, fetch: Fetch) -> None:
    server.say("/", PAGE)
    server.say("/real", rss(entry("1", "one")), headers={"ETag": '"7"'})
    source = site(server, fetch)
    page = await source.poll(None, 50)
    assert words(page) == ["one"]
    server.say("/real", rss(entry("1", "one"), entry("2", "two")))
    page = await source.poll(page.cursor, 50)
    assert words(page) == ["two"]
    assert not page.is_backlog
    assert [request.path for request in server.seen] == ["/", "/real", "/real"]
    assert server.seen[2].headers["If-None-Match"] == '"7"'


async def test_when_a_site_has_another_feed_that_is_found(server: FeedServer, fetch: Fetch) -> None:
    server.say("/", PAGE)
    server.say("/real", rss(entry("1", "one")))
    source = site(server, fetch)
    page = await source.poll(None, 50)
    server.say("/real", status=404)
    server.say("/", PAGE.replace(b"/real", b"/other"))
    server.say("/other", rss(entry("1", "one"), entry("2", "two")))
    page = await source.poll(page.cursor, 50)
    assert words(page) == ["two"]
    assert "/other" in json.loads(page.cursor or "")["url"]


async def test_a_page_that_names_none_is_asked_at_the_usual_places(server: FeedServer, fetch: Fetch) -> None:
    server.say("/", b"<html>words</html>")
    server.say("/feed", b"<html>no feed</html>")
    server.say("/atom.xml", b'<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"></feed>')
    assert (await site(server, fetch).poll(None, 50)).items == ()
    assert server.seen[-1].path == "/atom.xml"


async def test_a_site_without_a_feed_says_so(server: FeedServer, fetch: Fetch) -> None:
    server.say("/", b"<html>words</html>")
    with pytest.raises(BadSource, match="web page, not a feed"):
        await site(server, fetch).poll(None, 50)


async def test_a_site_in_trouble_is_tried_again(server: FeedServer, fetch: Fetch) -> None:
    server.say("/", b"<html>words</html>")
    server.say("/feed", status=503)
    with pytest.raises(Transient):
        await site(server, fetch).poll(None, 50)


async def test_a_known_feed_that_becomes_a_page_is_not_swapped_for_what_the_page_names(
    server: FeedServer, fetch: Fetch
) -> None:
    server.say("/", rss(entry("1", "one")))
    source = site(server, fetch)
    page = await source.poll(None, 50)
    server.say("/", PAGE)
    server.say("/real", rss(entry("9", "of somebody else")))
    with pytest.raises(BadSource, match="web page"):
        await source.poll(page.cursor, 50)


async def test_a_page_on_our_network_cannot_send_us_to_another_private_host(server: FeedServer, fetch: Fetch) -> None:
    async with serving() as other:
        other.say("/secret", rss(entry("1", "a secret")))
        inner = other.url("/secret", "localhost")
        server.say("/", f'<html><link type="application/rss+xml" href="{inner}"></html>'.encode())
        with pytest.raises(BadSource):
            await site(server, fetch).poll(None, 50)
        assert other.seen == []


async def test_check_names_the_feed_of_a_page(server: FeedServer, fetch: Fetch) -> None:
    server.say("/", PAGE)
    server.say("/real", rss(entry("1", "one")))
    told = await site(server, fetch).check()
    assert "is a web page" in told
    assert server.url("/real") in told
    assert "Put that into the settings" in told
