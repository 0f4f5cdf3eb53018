import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.fetch import Fetch
from bot.sources.feed import FeedSource, Settings
from bot.sources.syndication.entries import MAX_ENTRIES, read_feed
from handlers.ports import BadSource, Broken, Gone, Page, RateLimited
from storage.types import RawMention
from tests.bot.sources.feedserver import NOW, FeedServer, bomb, fetching, serving, tools

HOME = "https://blog.example/feed.xml"


@pytest.fixture
async def server() -> AsyncIterator[FeedServer]:
    async with serving() as started:
        yield started


@pytest.fixture
async def fetch() -> AsyncIterator[Fetch]:
    async with fetching() as made:
        yield made


def rss(*items: str, head: str = "") -> bytes:
    whole = "".join(f"<item>{item}</item>" for item in items)
    return f'<rss version="2.0"><channel><title>Blog</title>{head}{whole}</channel></rss>'.encode()


def entry(guid: str, text: str) -> str:
    return f"<guid>{guid}</guid><description>{text}</description>"


def read(body: bytes, content_type: str = "application/xml", url: str = HOME) -> list[RawMention]:
    found = [entry.item for entry in read_feed(body, content_type, url, NOW).entries]
    return [item for item in found if isinstance(item, RawMention)]


def source_at(server: FeedServer, fetch: Fetch, path: str = "/feed") -> FeedSource:
    return FeedSource("one", Settings(server.url(path), allow_private=True), tools(fetch))


def words(page: Page) -> list[str]:
    return [item.text for item in page.items if isinstance(item, RawMention)]


async def test_an_unchanged_feed_is_asked_for_with_its_marks(server: FeedServer, fetch: Fetch) -> None:
    marks = {"ETag": '"7"', "Last-Modified": "Fri, 20 Nov 2026 09:00:00 GMT"}
    server.say("/feed", rss(entry("1", "one")), headers=marks)
    source = source_at(server, fetch)
    first = await source.poll(None, 50)
    server.say("/feed", status=304)
    second = await source.poll(first.cursor, 50)
    assert server.seen[1].headers["If-None-Match"] == '"7"'
    assert server.seen[1].headers["If-Modified-Since"] == marks["Last-Modified"]
    assert (words(first), second.items, second.cursor) == (["one"], (), first.cursor)


async def test_marks_are_kept_only_when_everything_was_given(server: FeedServer, fetch: Fetch) -> None:
    server.say("/feed", rss(*(entry(str(n), f"text {n}") for n in range(5))), headers={"ETag": '"7"'})
    source = source_at(server, fetch)
    page = await source.poll(None, 3)
    assert page.more
    assert json.loads(page.cursor or "")["etag"] == ""
    page = await source.poll(page.cursor, 3)
    assert "If-None-Match" not in server.seen[1].headers
    assert json.loads(page.cursor or "")["etag"] == '"7"'


async def test_an_edited_entry_is_given_again_as_the_same_mention(server: FeedServer, fetch: Fetch) -> None:
    server.say("/feed", rss(entry("1", "It works."), entry("2", "other")))
    source = source_at(server, fetch)
    first = await source.poll(None, 50)
    server.say("/feed", rss(entry("1", "It exploded."), entry("2", "other")))
    second = await source.poll(first.cursor, 50)
    assert words(second) == ["It exploded."]
    ids = [item.native_id for item in (*first.items, *second.items) if isinstance(item, RawMention)]
    assert ids[2] in ids[:2]


async def test_what_is_new_comes_before_edits_and_edits_ask_for_no_haste(server: FeedServer, fetch: Fetch) -> None:
    source = source_at(server, fetch)
    cursor, found, steps = None, set(), []
    for turn in range(4):
        server.say("/feed", rss(*(entry(f"tag:{n}", f"text {n}, read {turn} times") for n in range(15))))
        page = await source.poll(cursor, 10)
        cursor, found = page.cursor, found | {word.split(",")[0] for word in words(page)}
        steps.append((page.more, page.is_backlog, len(page.items)))
    assert found == {f"text {n}" for n in range(15)}
    assert steps == [(True, True, 10), (False, True, 10), (False, False, 10), (False, False, 10)]


async def test_edits_that_were_too_many_come_with_the_next_poll(server: FeedServer, fetch: Fetch) -> None:
    source, marks = source_at(server, fetch), {"ETag": '"7"'}
    server.say("/feed", rss(*(entry(f"tag:{n}", "old") for n in range(15))), headers=marks)
    page = await source.poll(None, 15)
    server.say("/feed", rss(*(entry(f"tag:{n}", f"new {n}") for n in range(15))), headers=marks)
    first = await source.poll(page.cursor, 10)
    second = await source.poll(first.cursor, 10)
    assert len({*words(first), *words(second)}) == 15
    assert "If-None-Match" not in server.seen[-1].headers


async def test_a_feed_that_names_its_entries_anew_at_each_read_is_not_asked_in_a_rush(
    server: FeedServer, fetch: Fetch
) -> None:
    source, cursor, hastes = source_at(server, fetch), None, []
    for turn in range(4):
        server.say("/feed", rss(*(entry(f"tag:{turn}-{n}", "text") for n in range(15))))
        page = await source.poll(cursor, 10)
        cursor = page.cursor
        hastes.append(page.more)
    assert hastes == [True, False, False, False]


async def test_what_is_remembered_stays_small(server: FeedServer, fetch: Fetch) -> None:
    source, cursor = source_at(server, fetch), None
    for turn in range(3):
        server.say("/feed", rss(*(entry(f"{turn}-{n}", f"text {n}") for n in range(400))))
        cursor = (await source.poll(cursor, 500)).cursor
    assert cursor is not None
    assert len(cursor) < 6_500
    assert (await source.poll(cursor, 500)).items == ()


async def test_a_feed_of_any_length_gives_its_first_500(server: FeedServer, fetch: Fetch) -> None:
    server.say("/feed", rss(*(entry(str(n), f"text {n}") for n in range(MAX_ENTRIES + 100))))
    page = await source_at(server, fetch).poll(None, 10_000)
    assert len(page.items) == MAX_ENTRIES
    assert words(page)[-1] == "text 0"


async def test_a_permanent_move_is_remembered(server: FeedServer, fetch: Fetch) -> None:
    server.say("/feed", status=301, headers={"Location": "/new"})
    server.say("/new", rss(entry("1", "one")))
    source = source_at(server, fetch)
    page = await source.poll(None, 50)
    await source.poll(page.cursor, 50)
    assert [request.path for request in server.seen] == ["/feed", "/new", "/new"]


async def test_a_move_for_now_is_not_remembered(server: FeedServer, fetch: Fetch) -> None:
    server.say("/feed", status=302, headers={"Location": "/new"})
    server.say("/new", rss(entry("1", "one")))
    source = source_at(server, fetch)
    page = await source.poll(None, 50)
    await source.poll(page.cursor, 50)
    assert [request.path for request in server.seen] == ["/feed", "/new"] * 2


async def test_a_move_that_turns_out_wrong_is_taken_back(server: FeedServer, fetch: Fetch) -> None:
    server.say("/feed", status=308, headers={"Location": "/new"})
    server.say("/new", rss(entry("1", "one")), headers={"ETag": '"7"'})
    source = source_at(server, fetch)
    page = await source.poll(None, 50)
    server.say("/new", b"<html>Sign in to the hotel's network</html>")
    server.say("/feed", rss(entry("1", "one"), entry("2", "two")))
    page = await source.poll(page.cursor, 50)
    assert words(page) == ["two"]
    assert json.loads(page.cursor or "")["url"] == server.url("/feed")


async def test_another_address_in_the_settings_begins_anew(server: FeedServer, fetch: Fetch) -> None:
    for path in ("/feed", "/other"):
        server.say(path, rss(entry("1", path)), headers={"ETag": '"7"'})
    page = await source_at(server, fetch).poll(None, 50)
    page = await source_at(server, fetch, "/other").poll(page.cursor, 50)
    assert words(page) == ["/other"]
    assert "If-None-Match" not in server.seen[1].headers


async def test_a_feed_that_is_gone_or_busy_says_so(server: FeedServer, fetch: Fetch) -> None:
    source = source_at(server, fetch)
    server.say("/feed", status=410)
    with pytest.raises(Gone):
        await source.poll(None, 50)
    server.say("/feed", status=429, headers={"Retry-After": "120"})
    with pytest.raises(RateLimited) as caught:
        await source.poll(None, 50)
    assert caught.value.until == NOW + timedelta(minutes=2)


@pytest.mark.parametrize(
    ("headers", "head", "wait"),
    [
        ({}, "", None),
        ({"Retry-After": "7200"}, "", timedelta(hours=2)),
        ({"Retry-After": "9999999"}, "", timedelta(hours=24)),
        ({"Cache-Control": "public, max-age=1800"}, "", timedelta(minutes=30)),
        ({"Cache-Control": "max-age=31536000"}, "", timedelta(hours=4)),
        ({}, "<ttl>60</ttl>", timedelta(hours=1)),
        ({"Cache-Control": "max-age=60"}, "<ttl>60</ttl>", timedelta(hours=1)),
        ({}, "<ttl>999999999999</ttl>", timedelta(hours=4)),
        ({}, "<ttl>soon</ttl>", None),
    ],
)
async def test_a_feed_is_left_alone_as_long_as_it_asks(
    server: FeedServer, fetch: Fetch, headers: dict[str, str], head: str, wait: timedelta | None
) -> None:
    server.say("/feed", rss(entry("1", "one"), head=head), headers={**headers, "ETag": '"7"'})
    source = source_at(server, fetch)
    page = await source.poll(None, 50)
    assert page.not_before == (NOW + wait if wait else None)
    server.say("/feed", status=304, headers=headers)
    assert (await source.poll(page.cursor, 50)).not_before == page.not_before


async def test_a_bomb_is_refused(server: FeedServer, fetch: Fetch) -> None:
    server.say("/feed", bomb(20), headers={"Content-Encoding": "gzip"})
    with pytest.raises(BadSource, match="larger than"):
        await source_at(server, fetch).poll(None, 50)


async def test_a_web_page_without_a_feed_that_can_be_read_says_where_it_should_be(
    server: FeedServer, fetch: Fetch
) -> None:
    page = b"""<!DOCTYPE html><html><head><link rel=stylesheet href=/a.css>
        <link rel="alternate" type="application/rss+xml" href="/news?feed=rss2&amp;lang=en"></head></html>"""
    server.say("/feed", page)
    with pytest.raises(BadSource) as caught:
        await source_at(server, fetch).poll(None, 50)
    assert "web page, not a feed" in str(caught.value)
    assert server.url("/news?feed=rss2&lang=en") in str(caught.value)


@pytest.mark.parametrize("href", ["javascript:alert(1)", "http://[", "data:x", "file:///etc/passwd"])
def test_a_page_cannot_name_anything_but_a_web_address_as_its_feed(href: str) -> None:
    with pytest.raises(BadSource) as caught:
        read(f'<html><link type="application/rss+xml" href="{href}">'.encode())
    assert href not in str(caught.value)


HEAD = '<rss version="2.0"><channel><item><title>'


@pytest.mark.parametrize(
    "body",
    [
        HEAD + "<" * 1_000_000,
        HEAD + "<a>" * 200_000,
        HEAD + "<![CDATA[" * 200_000,
        HEAD + "&" * 1_000_000,
        HEAD + "<a " + "b='c' " * 200_000 + ">",
        (HEAD + "</title></item>" + "<item/>" * 110_000 + "</channel></rss>"),
    ],
)
def test_a_body_that_would_stall_the_parser_is_refused(body: str) -> None:
    with pytest.raises(BadSource, match="too much markup"):
        read(body.encode())


def test_a_long_feed_full_of_html_is_no_bomb() -> None:
    html = "<p class='a'>words <b>more</b></p>" * 100
    escaped = html.replace("<", "&lt;")
    body = rss(
        *(entry(str(n), f"<![CDATA[{html}]]>") for n in range(260)), *(entry(f"e{n}", escaped) for n in range(20))
    )
    assert len(read(body)) == 280


ENTITY = '<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">'
REST = '<rss version="2.0"><channel><item><title>&b;</title></item></channel></rss>'


@pytest.mark.parametrize(
    "body",
    [
        f"<!DOCTYPE rss [{ENTITY}]>{REST}",
        f'<?xml version="1.0"?>\n<!doctype rss [{ENTITY}]>{REST}',
        f'<!DOCTYPE rss SYSTEM "<a" [{ENTITY}]>{REST}',
        f'<!DOCTYPE rss SYSTEM "<!--" [{ENTITY.replace(">", "-->", 1)}]>{REST}',
        f'<!-- <rss> --><?x <rss> ?> <!DOCTYPE rss PUBLIC "a>" "b" [{ENTITY}]>{REST}',
        f'<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>{REST}',
        f'<!DOCTYPE rss [<!ENTITY % x SYSTEM "http://169.254.169.254/"> %x;]>{REST}',
        "<!-- " + "x" * 200_000 + f" --><!DOCTYPE rss [{ENTITY}]>{REST}",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_declared_entities_are_refused_before_parsing(body: str, encoding: str) -> None:
    with pytest.raises(BadSource, match="declares entities"):
        read(body.encode(encoding))


@pytest.mark.parametrize("encoding", ["utf-7", "punycode", "idna", "unicode_escape", "no-such", "zlib", "rot13"])
def test_an_encoding_that_hides_or_stalls_is_not_used(encoding: str) -> None:
    body = f'<?xml version="1.0" encoding="{encoding}"?><rss version="2.0"><channel>{{}}</channel></rss>'
    hidden = body.format("<item><title>+ADw-b+AD4- \\u003cb\\u003e</title></item>").encode()
    (one,) = read(hidden)
    assert one.text == "+ADw-b+AD4- \\u003cb\\u003e"


@pytest.mark.parametrize("content_type", ["text/xml; charset=windows-1252", "application/xml", "text/html", ""])
def test_letters_are_read_in_the_declared_encoding(content_type: str) -> None:
    body = b'<?xml version="1.0" encoding="windows-1252"?>' + rss("<title>café “x”</title>").decode().encode(
        "windows-1252"
    )
    assert read(body, content_type)[0].text == "café “x”"


def test_a_doctype_without_entities_is_read() -> None:
    doctype = '<!DOCTYPE rss PUBLIC "-//Netscape//DTD RSS 0.91//EN" "http://my.netscape.com/rss-0.91.dtd">'
    assert read(doctype.encode() + rss(entry("1", "one")))[0].text == "one"


def test_words_about_doctypes_are_words() -> None:
    body = rss("<guid>1</guid><description><![CDATA[<!DOCTYPE a [ <!ENTITY b 'c'> explained]]></description>")
    assert "explained" in read(body)[0].text


@pytest.mark.parametrize("make", [str, lambda path: f"file://{path}", lambda path: f"../..{path}"])
def test_a_body_that_is_the_name_of_a_file_opens_nothing(make: Any, tmp_path: Path) -> None:
    path = tmp_path / "inner.xml"
    path.write_bytes(rss(entry("1", "a secret of the machine")))
    with pytest.raises(BadSource, match="no feed"):
        read(make(path).encode())


@pytest.mark.parametrize("body", [b"", b"\n", b"\0" * 99, b"{", b'{"a": 1}', b"[1]", b"words", b"<a/>", b"\xff\xfe"])
def test_what_is_no_feed_is_said_to_be_none(body: bytes) -> None:
    with pytest.raises(BadSource):
        read(body)


def test_an_entry_is_known_by_its_id_else_its_link_else_its_title_and_date() -> None:
    link, title = "<link>https://blog.example/a</link>", "<title>t</title>"
    date = "<pubDate>Fri, 20 Nov 2026 09:00:00 GMT</pubDate>"
    bodies = [[f"<guid>g</guid>{link}"], [link], [title + date], [title], [title + date.replace("20", "19", 1)]]
    ids = [
        read(rss(*(f"{one}<description>{n}</description>" for one in body)))[0].native_id
        for n, body in enumerate(bodies)
    ]
    assert len(set(ids)) == len(bodies)
    again = read(rss(f"<guid>g</guid>{title}<description>else</description>"))[0].native_id
    assert again == ids[0]


def test_of_two_entries_with_one_id_the_newer_counts() -> None:
    assert [one.text for one in read(rss(entry("1", "new"), entry("2", "x"), entry("1", "old")))] == ["x", "new"]


@pytest.mark.parametrize(
    ("date", "told"),
    [
        ("Fri, 20 Nov 2026 09:00:00 GMT", "2026-11-20T09:00:00+00:00"),
        ("Fri, 20 Nov 2026 09:00:00 -0500", "2026-11-20T14:00:00+00:00"),
        ("2026-11-20", "2026-11-20T00:00:00+00:00"),
        ("Sun, 22 Nov 2026 11:00:00 GMT", "2026-11-22T11:00:00+00:00"),
        ("Mon, 23 Nov 2026 09:00:00 GMT", None),
        ("Thu, 01 Jan 1970 00:00:00 GMT", None),
        ("9999-12-31T23:59:59Z", None),
        ("0000-00-00", None),
        ("yesterday", None),
        ("99999999999999999999", None),
    ],
)
def test_a_date_is_utc_and_an_absurd_one_is_none(date: str, told: str | None) -> None:
    (one,) = read(rss(f"<guid>1</guid><title>t</title><pubDate>{date}</pubDate>"))
    assert (one.published_at.isoformat() if one.published_at else None) == told


def test_atom_is_read_with_author_language_and_its_own_links() -> None:
    atom = b"""<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de"><title>T</title><entry><id>urn:1</id>
      <title type="html">&lt;b&gt;Lampe&lt;/b&gt; &amp;amp; Licht</title>
      <link href="/a"/><author><name>@zoe</name></author>
      <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Eins</p><p>Zwei &lt;3</p></div></content>
      <published>2026-11-19T09:00:00Z</published><updated>2026-11-20T09:00:00Z</updated></entry></feed>"""
    (one,) = read(atom)
    assert (one.title, one.text, one.author) == ("Lampe & Licht", "Eins\n\nZwei <3", "zoe")
    assert one.url == "https://blog.example/a"
    assert one.published_at is not None
    assert one.published_at.day == 19


def test_json_feed_is_read_with_words_people_and_dates() -> None:
    body = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "T",
        "language": "en-GB",
        "items": [
            {"id": 2, "content_html": "<p>Two</p>", "url": "/2", "date_published": "2026-11-20T10:00:00+01:00"},
            {
                "id": "1",
                "title": "t",
                "content_text": "One",
                "authors": [{"name": "Jo"}],
                "date_published": "2026-11-19",
            },
        ],
    }
    one, two = read(json.dumps(body).encode(), "application/feed+json")
    assert (one.text, one.title, one.author, one.lang) == ("One", "t", "Jo", "en")
    assert (two.text, two.url) == ("Two", "https://blog.example/2")


DEEP = "[" * 2_000 + '"]{"' + "]" * 2_000


@pytest.mark.parametrize(
    "bad",
    [
        *('{"content_text": {"a": 1}}', '{"content_text": ["a"], "summary": 5}', '{"id": "x", "content_text": NaN}'),
        *('{"id": "x", "n": ' + "9" * 5_000 + "}", '{"id": "x", "n": ' + "[" * 40 + "]" * 40 + "}", "9" * 5_000),
        *('{"id": "x", "content_text": "y", "n": ' + DEEP + "}", DEEP, "-Infinity", "null", "7"),
    ],
)
def test_an_entry_of_a_json_feed_that_makes_no_sense_costs_itself_alone(bad: str) -> None:
    body = f'{{"items": [{{"id": "1", "content_text": "one"}}, {bad}, {{"id": 2, "content_text": "two \\" ["}}]}}'
    items = [one.item for one in read_feed(body.encode(), "", HOME, NOW).entries]
    assert [one.text for one in items if isinstance(one, RawMention)] == ['two " [', "one"]
    (broken,) = (one for one in items if isinstance(one, Broken))
    assert broken.reason


def test_a_json_feed_of_any_length_gives_its_first_500() -> None:
    items = [{"id": number, "content_text": f"text {number}"} for number in range(MAX_ENTRIES + 9)]
    found = read(json.dumps({"items": items}).encode())
    assert len(found) == MAX_ENTRIES
    assert found[-1].text == "text 0"


@pytest.mark.parametrize(
    "body", ['{"items": NaN}', '{"items": 5}', '{"items":' + "[" * 99_999, '{"items": [' + "9" * 5_000]
)
def test_a_json_bomb_is_no_feed(body: str) -> None:
    with pytest.raises(BadSource):
        read(body.encode())


def test_a_search_alert_leads_to_the_page_itself() -> None:
    link = "https://www.google.com/url?rct=j&amp;sa=t&amp;url=https://news.example/a%3Fb%3D1&amp;ct=ga"
    (one,) = read(rss(f"<guid>1</guid><title>t</title><link>{link}</link>"))
    assert one.url == "https://news.example/a?b=1"


@pytest.mark.parametrize("link", ["javascript:alert(1)", "http://[::1", "data:x,y", "file:///etc/passwd"])
def test_a_link_that_nobody_should_follow_is_left_out(link: str) -> None:
    (one,) = read(rss(f"<guid>1</guid><title>t</title><link>{link}</link>"))
    assert one.url == ""


@pytest.mark.parametrize(
    ("told", "author"),
    [("jo@x.example (Jo)", "Jo"), ("Jo &lt;jo@x.example&gt;", "Jo"), ("Jo", "Jo"), ("jo@x.example", "jo@x.example")],
)
def test_an_author_is_a_name(told: str, author: str) -> None:
    assert read(rss(f"<guid>1</guid><title>t</title><author>{told}</author>"))[0].author == author


def test_html_becomes_words_without_markup_or_script() -> None:
    (one,) = read(rss(entry("1", "&lt;p&gt;a &amp;amp; b&lt;/p&gt;&lt;script&gt;evil()&lt;/script&gt;")))
    assert one.text == "a & b"


PIECES = (
    *('<rss version="2.0">', "<channel>", "<item>", "</item>", "</rss>", "<guid>1</guid>", "<link>http://[</link>"),
    *("<title>", "</title>", "<content:encoded>", "<pubDate>99</pubDate>", "&#xD800;", "&amp;", "<![CDATA[", "]]>"),
    *("<!--", "\0", "é", '<a b="', "<ttl>"),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=25))
def test_no_body_makes_any_other_error_than_a_bad_source(pieces: list[str]) -> None:
    try:
        feed = read_feed("".join(pieces).encode(), "text/xml", HOME, NOW)
    except BadSource:
        return
    assert all(isinstance(one.item, Broken) or one.item.native_id for one in feed.entries)
