import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.fetch import Fetch
from bot.pace import Pace
from bot.sources.news import NewsSource, Settings, build
from bot.sources.news.gdelt import MOST, PAUSE, gdelt_address, gdelt_lines, read_articles, say_to_gdelt
from bot.sources.news.google import google_address, google_lines, say_to_google
from handlers.ports import BadQuery, Broken, Page, RateLimited, SourceError, Transient, Wanted
from handlers.rules.query import parse
from handlers.rules.widening import alternatives
from storage.errors import ConfigError
from storage.types import RawMention
from tests.bot.sources.feedserver import ANYWHERE, NOW, FeedServer, fetching, serving, tools
from tests.bot.sources.rigs.news import PATH, NewsRig, article
from tests.bot.sources.test_links import news_link
from tests.bot.test_fetch import Names
from tests.bot.test_pace import Time

GOOGLE = "/rss/search"
QUERY = 'google "aurelia lamp"'


@pytest.fixture
async def server() -> AsyncIterator[FeedServer]:
    async with serving() as started:
        yield started


@pytest.fixture
async def fetch() -> AsyncIterator[Fetch]:
    async with fetching() as made:
        yield made


def source_at(server: FeedServer, fetch: Fetch, **more: Any) -> NewsSource:
    address = server.url("")
    told = Settings(google_server=address, gdelt_server=address, allow_private=True, **more)
    return NewsSource("news", told, tools(fetch))


def wanted(*expressions: str) -> list[Wanted]:
    return [Wanted("Aurelia", f"query {number}", parse(one)) for number, one in enumerate(expressions)]


def plan(*expressions: str, engines: tuple[Any, ...] = ("google", "gdelt")) -> tuple[str, ...]:
    return NewsSource("news", Settings(engines), tools(Fetch(lambda: NOW))).plan(wanted(*expressions))


def google_item(number: int, link: str = "", paper: str = "The Paper") -> str:
    link = link or f"https://news.google.com/rss/articles/CBMi{number:040}?oc=5"
    about = (
        f"&lt;a href=&quot;{link}&quot;&gt;Lamp {number} explodes&lt;/a&gt;&amp;nbsp;&lt;font&gt;{paper}&lt;/font&gt;"
    )
    return (
        f"<item><title>Lamp {number} explodes - {paper}</title><link>{link}</link><guid>CBMi{number}</guid>"
        f"<pubDate>Fri, 20 Nov 2026 09:{number % 60:02}:00 GMT</pubDate><description>{about}</description>"
        f'<source url="https://www.paper.example">{paper}</source></item>'
    )


def google_feed(*items: str) -> bytes:
    head = '<title>"aurelia lamp" when:7d - Google News</title><language>en-US</language>'
    return f'<rss version="2.0"><channel>{head}{"".join(items)}</channel></rss>'.encode()


def items(page: Page) -> list[RawMention]:
    return [item for item in page.items if isinstance(item, RawMention)]


def asked(address: str) -> dict[str, str]:
    return {key: values[0] for key, values in parse_qs(urlsplit(address).query).items()}


@pytest.mark.parametrize(
    ("expression", "native"),
    [
        ("aurelia", ("google aurelia", "gdelt aurelia")),
        ('aurelia OR "aurelia lamp"', ('google aurelia OR "aurelia lamp"', 'gdelt (aurelia OR "aurelia lamp")')),
        ("aurelia -jobs lang:en", ("google aurelia", "gdelt aurelia")),
        (
            '(aurelia lamp) OR "aurelia co"',
            ('google (aurelia lamp) OR "aurelia co"', "gdelt aurelia lamp", 'gdelt "aurelia co"'),
        ),
        ("#aurelia", ("google aurelia", "gdelt aurelia")),
        ('"OR" aurelia', ('google "OR" aurelia', "gdelt aurelia")),
        ("hp ink", ("google hp ink", "gdelt ink")),
        ("url:paper.example aurelia", ("google aurelia site:paper.example", "gdelt aurelia domain:paper.example")),
        ("aurelia OR from:nina", ("google aurelia", "gdelt aurelia")),
        ("from:paper.example", ("google site:paper.example", "gdelt domain:paper.example")),
        ('aurelia source:"hacker news"', ()),
        ("refund* aurelia", ("google aurelia", "gdelt aurelia")),
    ],
)
def test_a_query_is_asked_in_the_words_of_each_search(expression: str, native: tuple[str, ...]) -> None:
    assert plan(expression) == native


def test_one_search_may_be_left_out_and_the_same_is_asked_once() -> None:
    assert plan("aurelia", "aurelia lang:en", engines=("gdelt",)) == ("gdelt aurelia",)


def test_a_query_that_no_search_would_find_all_of_is_refused_by_its_name() -> None:
    with pytest.raises(BadQuery, match=r'"query 1" of Aurelia.*-source:"news"'):
        plan("aurelia", "aurelia OR url:/lamps/")


def test_many_alternatives_make_few_requests_of_a_bearable_length() -> None:
    native = plan(" OR ".join(f'"aurelia lamp number {number}"' for number in range(40)))
    assert len(native) <= 16
    assert max(map(len, native)) <= 310
    assert sum(line.count("aurelia lamp number") for line in native) == 80


WORDS = st.sampled_from(["aurelia", '"aurelia lamp"', "#lamp", "@aurelia", "ab", "l'oréal", "c++", "东京", "refund*"])
NODES = st.recursive(
    WORDS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"({' '.join(parts)})"),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"({' OR '.join(parts)})"),
    ),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(NODES)
def test_every_alternative_of_a_query_is_asked(expression: str) -> None:
    told = alternatives(parse(expression))
    for say, lines in ((say_to_google, google_lines), (say_to_gdelt, gdelt_lines)):
        parts = [say(leaves) for leaves in told]
        whole = "\n".join(lines(parts))
        assert all(part and part in whole for part in parts)
        assert whole.count('"') % 2 == 0
        assert whole.count("(") == whole.count(")")


def test_google_is_asked_for_the_week_in_the_edition_of_the_team() -> None:
    told = asked(google_address("https://news.example/", '"a b" OR c', "de", "AT"))
    assert told == {"q": '"a b" OR c when:7d', "hl": "de-AT", "gl": "AT", "ceid": "AT:de"}


async def test_an_entry_of_google_news_is_an_article_of_its_paper(server: FeedServer, fetch: Fetch) -> None:
    server.say(
        GOOGLE, google_feed(google_item(1), google_item(0, news_link("https://paper.example/lamp?utm_source=g")))
    )
    first, second = items(await source_at(server, fetch).poll(None, 50, QUERY))
    assert (first.text, first.title, first.lang) == ("Lamp 0 explodes", "", "en")
    assert (first.author, first.author_name) == ("paper.example", "The Paper")
    assert first.url == "https://paper.example/lamp"
    assert second.url.startswith("https://news.google.com/rss/articles/")
    assert second.published_at == datetime(2026, 11, 20, 9, 1, tzinfo=UTC)
    assert "when:7d" not in str((first, second))


async def test_a_headline_keeps_its_own_dashes(server: FeedServer, fetch: Fetch) -> None:
    server.say(GOOGLE, google_feed(google_item(1).replace("explodes -", "explodes - again -")))
    (one,) = items(await source_at(server, fetch).poll(None, 50, QUERY))
    assert one.text == "Lamp 1 explodes - again"


async def test_google_gives_only_what_is_new(server: FeedServer, fetch: Fetch) -> None:
    server.say(GOOGLE, google_feed(google_item(2), google_item(1)))
    source = source_at(server, fetch)
    page = await source.poll(None, 1, QUERY)
    assert (page.more, page.is_backlog) == (True, True)
    page = await source.poll(page.cursor, 1, QUERY)
    assert not page.more
    assert (await source.poll(page.cursor, 1, QUERY)).items == ()
    server.say(GOOGLE, google_feed(google_item(3), google_item(2), google_item(1)))
    page = await source.poll(page.cursor, 5, QUERY)
    assert [one.text for one in items(page)] == ["Lamp 3 explodes"]
    assert not page.is_backlog


async def test_a_page_that_asks_for_consent_is_no_news(server: FeedServer, fetch: Fetch) -> None:
    server.say(GOOGLE, b"<html>Before you continue</html>")
    with pytest.raises(Transient, match="did not answer with news"):
        await source_at(server, fetch).poll(None, 50, QUERY)


async def test_both_searches_know_an_article_by_its_own_address(server: FeedServer, fetch: Fetch) -> None:
    link = news_link("https://paper.example/story-1?utm_medium=rss")
    server.say(GOOGLE, google_feed(google_item(1, link)))
    server.say(PATH, json.dumps({"articles": [article(1, "Lamp")]}).encode())
    source = source_at(server, fetch)
    found = [items(await source.poll(None, 50, query))[0].native_id for query in ("google lamp", "gdelt lamp")]
    assert found[0] == found[1]


def test_gdelt_is_asked_for_the_oldest_since() -> None:
    told = asked(gdelt_address("https://gdelt.example", '"a b"', int(NOW.timestamp()), NOW))
    assert told == {
        "query": '"a b"',
        "mode": "artlist",
        "format": "json",
        "maxrecords": "250",
        "sort": "dateasc",
        "startdatetime": "20261121120000",
        "enddatetime": "20261122120000",
    }


async def test_gdelt_is_read_on_from_where_it_was(server: FeedServer, fetch: Fetch) -> None:
    source = source_at(server, fetch)
    rig = NewsRig(server, source)
    for number in range(300):
        await rig.give(number)
    cursor, seen, more = None, [], True
    while more:
        page = await source.poll(cursor, 100, "gdelt aurelia")
        assert page.is_backlog
        cursor, more, seen = page.cursor, page.more, [*seen, *items(page)]
    assert [one.text for one in seen] == [rig.words_of(number) for number in range(300)]
    await rig.give(1_300)
    page = await source.poll(cursor, 100, "gdelt aurelia")
    assert [one.text for one in items(page)] == [rig.words_of(1_300)]
    assert not page.is_backlog


async def test_more_articles_of_one_moment_than_an_answer_holds_do_not_stop_it(
    server: FeedServer, fetch: Fetch
) -> None:
    source = source_at(server, fetch)
    rig = NewsRig(server, source)
    rig.articles = [article(number, f"Lamp {number}") | {"seendate": "20261121T070000Z"} for number in range(MOST + 50)]
    rig.articles.append(article(9_000, "later"))
    cursor, seen = None, []
    for _ in range(9):
        page = await source.poll(cursor, 100, "gdelt lamp")
        cursor, seen = page.cursor, [*seen, *items(page)]
    assert seen[-1].text == "later"


@pytest.mark.parametrize(
    ("told", "error"),
    [
        ("The specified phrase is too short.", BadQuery),
        ("Your query was too short or too long.\n", BadQuery),
        ("Please limit requests to one every 5 seconds or contact …", RateLimited),
        ("", Transient),
        ("<!DOCTYPE html><html>Sorry</html>", Transient),
        ("x" * 5_000, Transient),
        ('{"articles": [{"url": "https://a.example/b", "title": "x"}', Transient),
        ('{"articles": [{"url": "https://a.example/b", "title": "x"', Transient),
        ('{"articles": [}', Transient),
    ],
)
def test_a_refusal_that_comes_as_an_answer_is_understood(told: str, error: type[SourceError]) -> None:
    with pytest.raises(error):
        read_articles(told.encode(), 0, NOW)


def test_nothing_found_is_no_trouble() -> None:
    assert read_articles(b"{}", 0, NOW) == []
    assert read_articles(b'{"articles": []}', 0, NOW) == []


def test_one_badly_written_title_costs_that_article_alone() -> None:
    good, bad = json.dumps(article(1, "Lamp")), json.dumps(article(2, "Lamp QQ")).replace("QQ", "\\'s")
    found = [one.item for one in read_articles(f'{{"articles": [{good}, {bad}, {good[:-1]}}}]}}'.encode(), 0, NOW)]
    assert [type(item) for item in found] == [RawMention, Broken, RawMention]


@pytest.mark.parametrize(
    "told", [5, None, "x", [], {}, {"url": "javascript:x", "title": "a"}, {"url": "https://a.example/b", "title": 5}]
)
def test_an_article_without_title_or_address_is_broken(told: object) -> None:
    first, second = read_articles(json.dumps({"articles": [told, article(1, "Lamp")]}).encode(), 0, NOW)
    assert {type(first.item), type(second.item)} == {Broken, RawMention}


async def test_an_article_of_no_known_time_is_given_once(server: FeedServer, fetch: Fetch) -> None:
    told = [article(1, "Lamp"), article(2, "Bulb") | {"seendate": "soon"}, {"url": 5}]
    server.say(PATH, json.dumps({"articles": told}).encode())
    source = source_at(server, fetch)
    page = await source.poll(None, 50, "gdelt lamp")
    assert len(page.items) == 3
    assert (await source.poll(page.cursor, 50, "gdelt lamp")).items == ()


def test_the_words_of_a_refusal_are_told_in_short() -> None:
    with pytest.raises(BadQuery) as caught:
        read_articles(b"Too\x07 common: " + b"a" * 200, 0, NOW)
    assert "\x07" not in str(caught.value)
    assert len(str(caught.value)) < 300


async def test_check_asks_each_search(server: FeedServer, fetch: Fetch) -> None:
    server.say(GOOGLE, google_feed())
    server.say(PATH, b"{}")
    assert await source_at(server, fetch).check() == "Google News and GDELT can be read."
    assert await source_at(server, fetch, engines=("gdelt",)).check() == "GDELT can be read."
    server.say(PATH, status=500)
    with pytest.raises(Transient):
        await source_at(server, fetch).check()


@pytest.mark.parametrize("told", [{"engines": ()}, {"lang": "eng"}, {"country": "Ü"}, {"lang": ""}])
def test_settings_that_cannot_be_are_refused(told: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(told))):
        build("news", Settings(**told), tools(Fetch(lambda: NOW)))


async def test_gdelt_is_left_alone_between_two_requests(server: FeedServer) -> None:
    server.say(PATH, b"{}")
    time = Time()
    async with fetching(resolver=Names(("127.0.0.1",)), guard=ANYWHERE) as fetch:
        source = NewsSource("news", Settings(gdelt_server=server.url("", "gdelt.example")), tools(fetch))
        source._pause = Pace(PAUSE, clock=time.clock, sleep=time.sleep)
        for _ in range(3):
            await source.poll(None, 50, "gdelt lamp")
    assert time.now == 100 + 2 * 5


async def test_a_first_look_goes_back_a_day(server: FeedServer, fetch: Fetch) -> None:
    server.say(PATH, b"{}")
    await source_at(server, fetch).poll(None, 50, "gdelt lamp")
    start = datetime.strptime(server.seen[0].query["startdatetime"] + "Z", "%Y%m%d%H%M%S%z")
    assert timedelta(days=1) <= NOW - start < timedelta(days=1, hours=1)
