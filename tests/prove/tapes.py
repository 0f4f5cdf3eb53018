"""What the servers of the sources answer, taken down once from those on loopback, then answered from memory.

A source that is built on a tape polls as it always does; only the last step, the bytes of an answer, comes from the
tape. So tens of thousands of polls, each with another spoilt answer, take minutes.
"""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from atproto_client.request import Response

from bot.fetch import Answer, Fetch
from bot.sources import bluesky, feed, github, hackernews, mastodon, news, stackoverflow, x
from bot.sources.x.wire import Told, Wire
from handlers.ports import Source, Wanted
from handlers.rules.query import parse
from tests.bluesky import fake
from tests.bot.sources.feedserver import NOW, tools
from tests.bot.sources.mastodonserver import TOKENS
from tests.bot.sources.rigs import Rig, rigs
from tests.bot.sources.rigs.github import REPO
from tests.bot.sources.rigs.x import concerns
from tests.x.server import BEARER

ITEMS = 8  # on a page

Spoil = Callable[[bytes], bytes]


@dataclass
class Tape:
    """Answers by what was asked, in the order in which they came; the last one stays."""

    answers: dict[str, list[bytes]] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)  # their Content-Type
    target: tuple[str, int] = ("", 0)  # which answer is spoilt
    spoil: Spoil | None = None
    given: Counter[str] = field(default_factory=Counter)

    def take_down(self, asked: str, body: bytes, content_type: str = "") -> None:
        self.answers.setdefault(asked, []).append(body)
        self.types[asked] = content_type

    def places(self) -> list[tuple[str, int]]:
        """Every answer on it."""
        return [(asked, number) for asked, told in self.answers.items() for number in range(len(told))]

    def rewind(self, target: tuple[str, int] = ("", 0), spoil: Spoil | None = None) -> None:
        self.given.clear()
        self.target, self.spoil = target, spoil

    def answer(self, asked: str) -> bytes:
        if asked not in self.answers:  # ids in an address may be spoilt too
            asked = next((one for one in self.answers if one.split("/")[-1] == asked.split("/")[-1]), asked)
        number, told = self.given[asked], self.answers.get(asked, [b"{}"])
        self.given[asked] += 1
        body = told[min(number, len(told) - 1)]
        is_target = self.target == (asked, min(number, len(told) - 1))
        return self.spoil(body) if is_target and self.spoil else body


class TapedFetch:
    """Stands where a Fetch stands: takes down what that answers, or answers from the tape."""

    def __init__(self, tape: Tape, real: Fetch | None = None) -> None:
        self._tape = tape
        self._real = real

    async def get(self, url: str, **asked: Any) -> Answer:
        return await self._answered("GET", url, asked)

    async def post(self, url: str, **asked: Any) -> Answer:
        return await self._answered("POST", url, asked)

    async def _answered(self, method: str, url: str, asked: Mapping[str, Any]) -> Answer:
        name = f"{method} {urlsplit(url).path}"
        if self._real is not None:
            answer = await (self._real.get if method == "GET" else self._real.post)(url, **asked)
            self._tape.take_down(name, answer.body, answer.headers.get("Content-Type", ""))
            return answer
        return Answer(200, {"Content-Type": self._tape.types.get(name, "")}, self._tape.answer(name), url)


@dataclass
class Flow:
    """One native query of a source, and what it is answered."""

    name: str  # the kind of source
    query: str
    build: Callable[[Tape, bool], Source]
    tape: Tape
    in_one: int = 1  # mentions that one item of a page can hold


def _on_fetch(make: Callable[[Fetch], Source], real: Fetch | None) -> Callable[[Tape, bool], Source]:
    def build(tape: Tape, is_recording: bool) -> Source:
        fetch: Any = TapedFetch(tape, real if is_recording else None)
        return make(fetch)

    return build


def _x(rig: Any, _: Fetch) -> Callable[[Tape, bool], Source]:
    settings = x.Settings("heronair", search=True, server=rig._fake.url)

    def build(tape: Tape, is_recording: bool) -> Source:
        made: Any = x.build("x", settings, replace(tools(None, {"X_BEARER_TOKEN": BEARER}), concerns=concerns))  # type: ignore[arg-type]
        wire: Wire = made._client._wire
        real = wire.ask

        async def ask(method: str, route: str, *asked: Any) -> Told:
            if is_recording:
                told = await real(method, route, *asked)
                tape.take_down(route, told.body)
                return told
            return Told(200, {}, tape.answer(route))

        wire.ask = ask  # type: ignore[method-assign,assignment]
        return made  # type: ignore[no-any-return]

    return build


def _bluesky(rig: Any, _: Fetch) -> Callable[[Tape, bool], Source]:
    settings = bluesky.Settings(fake.OUR_HANDLE, server=rig._server.url, allow_private=True)

    def build(tape: Tape, is_recording: bool) -> Source:
        made: Any = bluesky.build("bluesky", settings, tools(None, {"BLUESKY_PASSWORD": fake.PASSWORD}))  # type: ignore[arg-type]
        made._account._request = _TapedRequest(tape, made._account._request if is_recording else None)
        return made  # type: ignore[no-any-return]

    return build


class _TapedRequest:
    def __init__(self, tape: Tape, real: Any) -> None:
        self._tape = tape
        self._real = real

    async def get(self, url: str, **asked: Any) -> Response:
        return await self._answered("get", url, asked)

    async def post(self, url: str, **asked: Any) -> Response:
        return await self._answered("post", url, asked)

    async def _answered(self, method: str, url: str, asked: Mapping[str, Any]) -> Response:
        name = urlsplit(url).path
        if self._real is not None:
            answer = await getattr(self._real, method)(url, **asked)
            self._tape.take_down(name, answer.content)
            return answer
        return Response(success=True, status_code=200, content=self._tape.answer(name), headers={})

    async def close(self) -> None:
        if self._real is not None:
            await self._real.close()


def _engine(module: Any, **more: Any) -> Callable[[Any, Fetch], Callable[[Tape, bool], Source]]:
    def made(rig: Any, fetch: Fetch) -> Callable[[Tape, bool], Source]:
        settings = module.Settings(allow_private=True, **rig.addresses(), **more)
        return _on_fetch(lambda given: module.build("one", settings, tools(given, rig.secrets)), rig.fetch)

    return made


def _mastodon(rig: Any, _: Fetch) -> Callable[[Tape, bool], Source]:
    settings = mastodon.Settings(rig._server.url, allow_private=True)
    own = {"MASTODON_TOKEN": TOKENS["aurelia"]}
    return _on_fetch(lambda given: mastodon.build("mastodon", settings, tools(given, own)), rig.source._tools.fetch)


def _news(rig: Any, _: Fetch) -> Callable[[Tape, bool], Source]:
    settings = replace(rig.source._settings)
    return _on_fetch(lambda given: news.build("news", settings, tools(given)), rig.source._tools.fetch)


_BUILDERS: Mapping[str, Callable[[Any, Any], Callable[[Tape, bool], Source]]] = {
    "x": _x,
    "bluesky": _bluesky,
    "mastodon": _mastodon,
    "hackernews": _engine(hackernews),
    "github": _engine(github, repos=(REPO,)),
    "stackoverflow": _engine(stackoverflow),
    "news": _news,
}


@asynccontextmanager
async def recorded(kind: str, folder: Path) -> AsyncIterator[list[Flow]]:
    """The flows of a kind of source: each native query polled once at its server on loopback, with ITEMS items."""
    if kind in MARKUP:
        yield [markup_flow(kind)]
        return
    async with rigs()[kind](folder) as rig:
        for number in range(ITEMS):
            await rig.give(number)
        _give_more(kind, rig)
        build, flows = _BUILDERS[kind](rig, None), []
        wanted = rig.wanted
        for query in rig.source.plan(wanted) or ("",):
            tape = Tape()
            source = build(tape, True)
            await source.poll(None, 100, query)
            await source.close()
            flows.append(Flow(kind, query, build, tape, _MORE.get(query.split(" ")[0], 1)))
        for query in _ALSO.get(kind, ()):
            tape = Tape()
            source = build(tape, True)
            await source.poll(None, 100, query)
            await source.close()
            flows.append(Flow(kind, query, build, tape))
        yield flows


_MORE = {"discussions": 2, "issues": 2, "search": 2}  # a discussion and what was said there, a question and its answers
_ALSO = {"github": (f"repo-issues {REPO}", f"repo-comments {REPO}")}


def _give_more(kind: str, rig: Rig) -> None:
    """What a page of that kind has beside its items."""
    told: Any = rig
    if kind == "github":
        for number in range(4):
            told.comment(800 + number, number, f"My aurelia lamp too, number {number}")
            told.discuss(f"D_{number}", f"The aurelia hums {number}", (f"C_{number}", "mine too"))
    if kind == "stackoverflow":
        for number in range(4):
            told.answer(5_000 + number, 1_000 + number, f"Turn the aurelia off, number {number}")


# Feeds have no server here: these are their bodies.

_ENTRY = {
    "rss": "<item><title>About lamp {n}</title><link>https://blog.example/{n}</link><guid>tag:blog.example,2026:{n}"
    "</guid><pubDate>Fri, 20 Nov 2026 09:0{n}:00 GMT</pubDate><author>jo@blog.example (Jo)</author><dc:creator>Jo"
    "</dc:creator><slash:comments>{n}</slash:comments><category>lamps</category><source url='https://p.example'>Paper"
    "</source><description><![CDATA[<p>My <b>Aurelia</b> lamp {n} flickers.</p>]]></description></item>",
    "atom": "<entry><title type='html'>About lamp {n}</title><link href='https://blog.example/a{n}'/><id>tag:blog.example"
    ",2026:a{n}</id><published>2026-11-20T09:0{n}:00Z</published><updated>2026-11-20T09:1{n}:00Z</updated><author><name>"
    "Jo</name></author><summary>short {n}</summary><content type='html'>My &lt;b&gt;Aurelia&lt;/b&gt; lamp {n} hums."
    "</content></entry>",
    "rdf": "<item rdf:about='https://blog.example/r{n}'><title>About lamp {n}</title><link>https://blog.example/r{n}"
    "</link><description>My Aurelia lamp {n} is cold.</description><dc:date>2026-11-20T09:0{n}:00Z</dc:date></item>",
}
_AROUND = {
    "rss": '<?xml version="1.0"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:slash='
    '"http://purl.org/rss/1.0/modules/slash/"><channel><title>Lamps</title><ttl>5</ttl>{}</channel></rss>',
    "atom": '<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>Lamps</title>{}</feed>',
    "rdf": '<?xml version="1.0"?><rdf:RDF xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><channel><title>Lamps</title></channel>{}</rdf:RDF>',
}
_JSON_FEED = '{"version": "https://jsonfeed.org/version/1.1", "title": "Lamps", "items": [' + (
    ", ".join(
        f'{{"id": "j{n}", "url": "https://blog.example/j{n}", "title": "About lamp {n}", "content_html": "<p>My Aurelia'
        f' {n}</p>", "date_published": "2026-11-20T09:0{n}:00Z", "authors": [{{"name": "Jo"}}], "tags": ["a"]}}'
        for n in range(ITEMS)
    )
    + "]}"
)
MARKUP = {"feed rss": "item", "feed atom": "entry", "feed rdf": "item", "news google": "item", "feed json": ""}


def markup_flow(kind: str) -> Flow:
    source, shape = kind.split(" ")
    if shape == "json":
        body, told = _JSON_FEED.encode(), "application/feed+json"
    else:
        shape = "rss" if shape == "google" else shape
        entries = "".join(_ENTRY[shape].format(n=number) for number in reversed(range(ITEMS)))
        body, told = _AROUND[shape].format(entries).encode(), "application/xml"
    if source == "feed":
        query, path = "", "GET /feed"
        settings = feed.Settings("https://blog.example/feed")
        build = _on_fetch(lambda given: feed.build("blog", settings, tools(given)), None)
    else:
        query, path = 'google "aurelia"', "GET /rss/search"
        build = _on_fetch(lambda given: news.build("news", news.Settings(), tools(given)), None)
    tape = Tape({path: [body]}, {path: told})
    return Flow(source, query, build, tape)


WANTED = (Wanted("Aurelia", "lamps", parse("aurelia OR lamp OR heron")),)
AT = NOW
