"""No form of an inner address is connected to, on any path by which addresses come in.

Some 500 writings of addresses of one's own network are given as settings (feeds, servers of every kind of source, mail
servers, the opinion's server), as redirects, as the feed that a web page names, and as the place of a stream that a
server tells. Names change their meaning between two look-ups. A watch stands at the sockets themselves.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

from bot import registry
from bot.fetch import Fetch, Guard
from bot.opinion_settings import DAILY, ENCODER, KEY, MODEL, PRIVATE, URL, OpinionKeys, read_opinions
from bot.opinions.endpoint import Endpoint
from bot.sources.bluesky.session import Account
from bot.sources.email.door import Door
from bot.sources.mastodon.stream import streaming_place
from handlers.ports import Source, Wanted
from handlers.rules.policy import SourceEntry
from handlers.rules.query import parse
from storage.errors import ConfigError, EarshotError
from tests.bot.sources.feedserver import NOW, FeedServer, serving, tools
from tests.prove.insides import OUTSIDE, OUTSIDE_TOO, Watch, forms
from tests.prove.trial import Trial

GOAL = "G10"
FAULTS = (49,)
MINUTES = (2, 4)

NAMES: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "outer.example": ((OUTSIDE,),),
    "outer2.example": ((OUTSIDE_TOO,),),
    "inner.example": (("10.1.2.3",),),
    "xn--inner-.example": (("127.0.0.1",),),
    "metadata.google.internal": (("169.254.169.254",),),
    "later.example": ((OUTSIDE,), ("127.0.0.1",)),
    "turns.example": ((OUTSIDE,), ("169.254.169.254",), (OUTSIDE_TOO,), ("::1",)),
    "both.example": ((OUTSIDE, "127.0.0.1"),),
    "many.example": ((*[f"93.184.216.{n}" for n in range(2, 40)], "fe80::1"),),
    "sixth.example": ((OUTSIDE, "::ffff:10.0.0.1"),),
    "alias.example": (("192.168.0.7",),),  # behind a chain of aliases
    "six.example": (("2002:7f00:1::1", "64:ff9b::a00:1"),),
}
NIP = {f"{address}.nip.example": ((address,),) for address in ("127.0.0.1", "10.0.0.1", "169.254.169.254", "0.0.0.0")}  # noqa: S104
_REBINDING = [name for name in NAMES if not name.startswith("outer")]
_WANTED = (Wanted("Aurelia", "lamps", parse("aurelia")),)
_FEED = b'<rss version="2.0"><channel><item><guid>1</guid><description>heron</description></item></channel></rss>'

Way = Callable[["Outside", str], Awaitable[object]]


class Outside:
    """A server of the internet that says what it is told to say; all of the internet is this server."""

    def __init__(self, server: FeedServer, fetch: Fetch) -> None:
        self.fetch = fetch
        self.location = ""
        self.page = b""
        self.status = 302
        self.heard = 0
        server.otherwise = self._answer

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.heard += 1
        if self.location and request.path.startswith("/go"):
            return web.Response(status=self.status, headers={"Location": self.location})
        if self.page and request.path.startswith("/page"):
            return web.Response(body=self.page, content_type="text/html")
        return web.Response(body=_FEED, content_type="application/rss+xml")

    def leads_to(self, form: str) -> None:
        self.location = "".join(sign for sign in form if sign not in "\r\n\0")
        self.location = self.location.encode("utf-8", "replace").decode("latin-1")

    async def poll(self, kind: str, secrets: Mapping[str, str] | None = None, **settings: Any) -> None:
        source: Source = registry.build(
            SourceEntry("one", kind, settings=settings, daily_budget=1_000_000), tools(self.fetch, secrets)
        )
        try:
            await source.poll(None, 10, (source.plan(_WANTED) or ("",))[0])
        finally:
            await source.close()


async def _get(outside: Outside, form: str) -> None:
    await outside.fetch.get(form, timeout=10)


async def _post(outside: Outside, form: str) -> None:
    await outside.fetch.post(form, json={"a": 1}, timeout=10)


async def _lines(outside: Outside, form: str) -> None:
    async for _ in outside.fetch.lines(form, quiet_for=5):
        break


async def _frames(outside: Outside, form: str) -> None:
    async for _ in outside.fetch.frames(form, protocol="xrpc", quiet_for=5):
        break


async def _redirected(outside: Outside, form: str) -> None:
    outside.leads_to(form)
    await outside.fetch.get("http://outer.example/go", headers={"Authorization": "Bearer x"}, timeout=10)


async def _redirected_stream(outside: Outside, form: str) -> None:
    outside.leads_to(form)
    async for _ in outside.fetch.frames("ws://outer.example/go", protocol="xrpc", quiet_for=5):
        break


async def _redirected_lines(outside: Outside, form: str) -> None:
    outside.leads_to(form)
    async for _ in outside.fetch.lines("http://outer.example/go", quiet_for=5):
        break


async def _redirected_account(outside: Outside, form: str) -> None:
    """The account's own server sends its questions elsewhere: its answers come by another library."""
    outside.leads_to(form)
    account = Account("b", "http://outer.example/go", "a.example", "word", tools(outside.fetch))
    try:
        await account.sign_in()
    finally:
        await account.close()


async def _told_endpoint(outside: Outside, form: str) -> None:
    """Where the account's identity says that its own server is."""
    account: Any = Account("b", "http://outer.example", "a.example", "word", tools(outside.fetch))
    document = {"service": [{"id": "#atproto_pds", "serviceEndpoint": form.replace("http:", "https:", 1)}]}
    told = {"did": "did:plc:a", "handle": "a", "accessJwt": "t", "refreshJwt": "r", "didDoc": document}
    account._keep(account._read(told))
    try:
        await account.ask("app.bsky.notification.listNotifications")
    finally:
        await account.close()


async def _feed(outside: Outside, form: str) -> None:
    await outside.poll("feed", url=form)


async def _feed_of_page(outside: Outside, form: str) -> None:
    link = form.replace("&", "&amp;").replace('"', "&quot;")
    page = f'<html><head><link rel="alternate" type="application/rss+xml" href="{link}"></head></html>'
    outside.page = page.encode("utf-8", "replace")
    await outside.poll("feed", url="http://outer.example/page")


async def _mastodon(outside: Outside, form: str) -> None:
    await outside.poll("mastodon", {"MASTODON_TOKEN": "t"}, server=form)


async def _mastodon_stream(outside: Outside, form: str) -> None:
    place = streaming_place("http://outer.example", form)
    async for _ in outside.fetch.lines(f"{place}/api/v1/streaming/user", quiet_for=5):
        break


async def _engine(outside: Outside, form: str) -> None:
    for kind in ("hackernews", "stackoverflow", "github"):
        await _quietly(outside.poll(kind, {}, server=form))
    await outside.poll("news", {}, google_server=form, gdelt_server=form)


async def _mail(outside: Outside, form: str) -> None:
    host = form.partition("://")[2].strip("/[]").partition("/")[0]
    Door(host, 993, "tls", allow_private=False).opened(2).close()


async def _opinion(outside: Outside, form: str) -> None:
    told = {URL: form, MODEL: "m", KEY: "", DAILY: "", PRIVATE: "", ENCODER: ""}
    mistakes: list[str] = []
    keys: OpinionKeys = read_opinions(told, mistakes)["opinion"]
    if mistakes:
        raise ConfigError(mistakes[0])
    if not keys.is_own:  # the team's own server may be asked, where it says so
        await Endpoint(keys, outside.fetch).judge(["a"], 5)


async def _quietly(trying: Awaitable[object]) -> None:
    try:
        await trying
    except EarshotError:
        return


WAYS: tuple[Way, ...] = (
    *(_get, _post, _lines, _frames, _redirected, _redirected_lines, _redirected_stream, _redirected_account),
    *(_told_endpoint, _feed, _feed_of_page, _mastodon, _mastodon_stream, _engine, _mail, _opinion),
)


async def run(trial: Trial) -> None:
    tried = forms(trial.chance)
    async with serving() as server:
        watch = Watch({**NAMES, **NIP}, server.port)
        fetch = Fetch(lambda: NOW, guard=Guard(pace=0.0))
        outside = Outside(server, fetch)
        crashes: list[str] = []
        refused = 0
        with watch.on():
            for way in WAYS:
                some = tried if way in (_get, _redirected) else trial.chance.sample(tried, trial.of(25, 250))
                for form in (*some, *(f"http://{name}/" for name in _REBINDING)):
                    refused += await _one(way, form, outside, watch, crashes)
            for name in _REBINDING:  # look-ups that change from one to the next
                for _ in range(trial.of(10, 50)):
                    refused += await _one(_get, f"http://{name}/", outside, watch, crashes)
            await fetch.close()
    for told in (*dict.fromkeys(watch.inner[:30]), *crashes[:20]):
        print(told)
    print(Counter(told.split(" by ")[1].split(" ")[0] for told in watch.inner))
    trial.at_least("forms of inner addresses", len(tried), 200)
    trial.tell("paths that they came in by", len(WAYS))
    trial.at_least("refused in words", refused, len(tried))
    trial.at_least("connections to the outside, which stood for the internet", sum(watch.outer.values()), 30)
    trial.at_least("names looked up that change or lead inside", sum(watch.looked_up[name] for name in _REBINDING), 50)
    trial.none("connections to an inner address", len(watch.inner))
    trial.none("errors that are no words", len(crashes))
    trial.not_run("webhooks, avatars and charts", "they fetch nothing by an address from outside")


async def _one(way: Way, form: str, outside: Outside, watch: Watch, crashes: list[str]) -> int:
    """1 when it was refused, or came to nothing, in words."""
    watch.label, outside.location, outside.page = f"{way.__name__} {form!r}", "", b""
    try:
        await way(outside, form)
    except EarshotError:
        return 1
    except Exception as error:
        crashes.append(f"{type(error).__name__} {str(error)[:100]} by {way.__name__} {form!r}")
    return 0
