"""The page answers whatever it is asked, and acts for nobody but its members.

The whole program runs in this process on a file of its own; requests are made from an OpenAPI document of the routes by
schemathesis, good ones and bad ones, with a session and without. A page with sign-in is asked with foreign hosts,
origins and methods, with forged cookies and links, and over raw sockets with requests that have two readings. Every
answer is checked: status, kind, headers, cookies, nothing inline; the desk behind the page tells who truly acted.
"""

import asyncio
import re
from collections import Counter
from typing import Any

import aiohttp
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import GenerationMode

from bot.chats.local.session import sign_in_link
from tests.bot.chats import gallery
from tests.bot.chats.local.site import SECRET, Site, open_site
from tests.bot.raw import answers, request
from tests.bot.running import add_calls, running
from tests.prove.page_checks import faults, inline
from tests.prove.page_plan import ROUTES, Route, document
from tests.prove.trial import Trial

GOAL = "G11"
FAULTS = ()
MINUTES = (6, 15)
_PUBLIC = "chat.example.com"
_HOSTS = (
    "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "127.0.0.1@evil.example", "evil.example:8787",
    "localhost.", "127.1", "0x7f000001", "2130706433", "0", "[::ffff:127.0.0.1]", "[::]", "169.254.169.254", "[",
    "a:b:c", "chat.example.com.evil.example", "evil-chat.example.com", "chat.example.com@evil.example",
)  # fmt: skip
_ORIGINS = (
    {"Origin": "https://evil.example"},
    {"Origin": "null"}, {"Origin": "http://["}, {"Origin": "file://"},
    {"Origin": "http://127.0.0.1.evil.example"}, {"Origin": f"https://{_PUBLIC}.evil.example"},
    {"Origin": "https://x@y"},
    {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "bogus"},
    {"Origin": "null", "Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example", "Sec-Fetch-Site": "none"},
)  # fmt: skip
_METHODS = ("PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "CONNECT")
_LONGEST_LINE = 8_000  # characters of an address; what is longer, the server library refuses itself (at 8,190 bytes)
_ANSWER = re.compile(rb"^HTTP/1\.[01] \d{3} ", re.MULTILINE)
_HIDDEN = b"GET /c/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def run(trial: Trial) -> None:
    seen: Counter[str] = Counter()
    wrong: list[str] = []
    await _asked_by_plan(trial, seen, wrong)
    async with open_site("signed-in", public_host=_PUBLIC) as site:
        await _strangers(trial, site, seen, wrong)
        await _forged(trial, site)
        await _smuggled(trial, site)
    print("\n".join(sorted(set(wrong))))
    trial.none("answers with something wrong (a 500, a kind not declared, a guard missing)", len(wrong))
    trial.exactly("bad pages noticed", sum(bool(inline(page)) for page in _BAD_PAGES), len(_BAD_PAGES))


_BAD_PAGES = (
    "<script>x</script>", "<p style='x'>", "<a href='javascript:x'>", "<img src=x onerror=y>", "<style>p{}</style>",
    "<script src='https://evil.example/x.js'></script>", "<base href='https://evil.example'>", "<iframe srcdoc=x>",
)  # fmt: skip


async def _asked_by_plan(trial: Trial, seen: Counter[str], wrong: list[str]) -> None:
    async with running(trial.folder) as opened:
        words = "Heron Air lost my suitcase, I am furious and nobody answers"
        add_calls(opened.home, "calls.jsonl", {"id": "1", "text": words}, {"id": "2", "text": "Heron is fine"})
        assert opened.client.app is not None
        routes = {
            (route.method.lower(), route.resource.canonical)
            for route in opened.client.app.router.routes()
            if route.resource is not None and route.method != "HEAD"
        }
        static = next(path for _, path in routes if path.startswith("/static/"))
        known = {(one.method, static if one.path.startswith("/static/") else one.path) for one in ROUTES}
        print(sorted(routes ^ known))
        trial.none("routes that the document does not have, or has alone", len(routes ^ known))
        told = document()
        told["paths"][static] = told["paths"].pop("/static/{name}")
        await opened.becomes("select count(*) > 0 from mentions")
        asker = _Asker(trial, opened.url, static, seen, wrong)
        await asyncio.to_thread(asker.ask_all, told)
        trial.at_least("routes asked", len({name for name in seen if name.startswith("route ")}), len(ROUTES))
        trial.tell("requests made from the document", asker.asked)
        trial.at_least("of them taken", asker.taken, trial.of(20, 100))
        trial.at_least("of them refused", asker.refused, trial.of(100, 500))
        sound = await opened.value("select count(*) from pragma_integrity_check where integrity_check <> 'ok'")
        trial.none("flaws of the database afterwards", int(sound))


class _Asker:
    """Asks as schemathesis draws it, in a thread; answers are judged and counted, never raised."""

    def __init__(self, trial: Trial, url: str, static: str, seen: Counter[str], wrong: list[str]) -> None:
        self._trial, self._url, self._static, self._seen, self._wrong = trial, url, static, seen, wrong
        self._session, self._token = requests.Session(), ""
        self.asked = self.taken = self.refused = 0

    def ask_all(self, told: dict[str, Any]) -> None:
        schema = schemathesis.openapi.from_dict(told)
        plan = {(one.method, self._static if one.path.startswith("/static/") else one.path): one for one in ROUTES}
        for found in schema.get_all_operations():
            operation = found.ok()
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                self._sign_in()
                self._draw(operation, mode, plan[(operation.method.lower(), operation.path)])

    def _draw(self, operation: Any, mode: GenerationMode, route: Route) -> None:
        has_input = bool(route.takes is not None or route.asks or "{" in route.path)
        if mode is GenerationMode.NEGATIVE and not has_input:
            return
        most = self._trial.of(8, 60) if has_input else 2

        @seed(self._trial.chance.getrandbits(32))
        @settings(
            max_examples=most, database=None, deadline=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: Any) -> None:
            self._ask(case, route)

        ask()

    def _ask(self, case: Any, route: Route) -> None:
        self.asked += 1
        headers = {"X-Earshot-Token": self._token, "Accept": "text/html" if self.asked % 2 else "*/*"}
        if route.is_form and isinstance(case.body, dict) and "token" in (route.takes or {}) and self.asked % 3:
            case.body["token"] = self._token
        is_stream = route.path == "/events"  # a stream for a member has no end
        session = requests.Session() if is_stream or not self.asked % 5 else self._session
        with session.request(**self._sent(case, headers), allow_redirects=False, timeout=60) as said:
            self._judge(route, said)

    def _sent(self, case: Any, headers: dict[str, str]) -> dict[str, Any]:
        told = dict(case.as_transport_kwargs(base_url=self._url, headers=headers))
        told.pop("cookies", None)
        return told

    def _judge(self, route: Route, said: requests.Response) -> None:
        name = f"route {route.method} {route.path}"
        self._seen[name] += 1
        if len(said.request.url or "") > _LONGEST_LINE and said.status_code == 400:
            self.refused += 1  # nobody of ours saw it, so it has none of our headers (docs/security.md, 13.4.6)
            return
        found = faults(said.status_code, said.headers, said.content)
        kind = said.headers.get("Content-Type", "").partition(";")[0]
        if said.status_code not in route.statuses | {400, 405, 404}:
            found.append(f"{said.status_code} is not declared")
        if said.content and kind not in route.kinds | {"text/html", "text/plain"}:
            found.append(f"{kind} is not declared")
        self._wrong += [f"{name}: {fault}" for fault in found]
        self.taken += said.status_code < 400
        self.refused += said.status_code >= 400

    def _sign_in(self) -> None:
        page = self._session.get(self._url, timeout=60).text
        self._token = page.partition('data-token="')[2].partition('"')[0]


async def _strangers(trial: Trial, site: Site, seen: Counter[str], wrong: list[str]) -> None:
    """Every host, origin and method that is none of ours, on every route, without and with a session."""
    await site.desk.open_case(gallery.card())
    paths = [(one.method, _path(one)) for one in ROUTES]
    tried = reached = 0
    for has_session in (False, True):
        if has_session:
            token = sign_in_link(SECRET, "bo", site.clock()).partition("?t=")[2]
            await site.client.post("/sign-in", data={"t": token})
            await site.page()
            trial.exactly("sessions begun by a link", int(bool(site.token)), 1)
        own = {"X-Earshot-Token": site.token}
        before = len(site.desk.asked) + len(site.desk.hooks) + len(site.desk.feedback)
        for method, path in paths:
            for host in _HOSTS:
                tried += 1
                reached += await _status(site, method, path, own | {"Host": host}, wrong) not in (400, 421)
            for origin in _ORIGINS if method == "post" and not path.startswith("/hooks") else ():
                tried += 1
                reached += await _status(site, method, path, own | origin, wrong) != 403
            for odd in _METHODS:
                tried += 1
                reached += await _status(site, odd, path, own | {"Connection": "close"}, wrong) not in (
                    400,
                    403,
                    404,
                    405,
                    421,
                )
        after = len(site.desk.asked) + len(site.desk.hooks) + len(site.desk.feedback)
        trial.none("things done for strangers" + (" in a member's browser" if has_session else ""), after - before)
    trial.at_least("requests of strangers", tried, 1_000)
    trial.none("requests of strangers that reached a page", reached)


def _path(route: Route) -> str:
    path = route.path.replace("{channel}", "alerts").replace("{ref}", "1").replace("{source}", "feedback-form")
    return path.replace("{name}.png", f"{0:032x}.png").replace("{name}", "x.js")


async def _status(site: Site, method: str, path: str, headers: dict[str, str], wrong: list[str]) -> int:
    body = {} if method == "get" else {"json": {"line": "/earshot queue", "channel": "#alerts", "key": "key-00000001"}}
    try:
        async with site.client.request(method.upper(), path, headers=headers, allow_redirects=False, **body) as said:
            if said.headers.get("Server") == "Earshot":  # else the request was not even one, and the library answered
                found = faults(said.status, said.headers, await said.read())
                wrong += [f"{method} {path}: {fault}" for fault in found]
            return said.status
    except aiohttp.ClientError:
        return 400


async def _forged(trial: Trial, site: Site) -> None:
    """Cookies, links and act tokens that are made up, changed by a character, or of another purpose."""
    link = sign_in_link(SECRET, "ana", site.clock()).partition("?t=")[2]
    cookie = next(one.value for one in site.client.session.cookie_jar if one.key == "earshot")
    count, taken = trial.of(200, 2_000), 0
    async with aiohttp.ClientSession(site.url) as stranger:
        for _ in range(count):
            forged = _changed(trial, trial.chance.choice((link, cookie)))
            async with stranger.post("/sign-in", data={"t": forged}, allow_redirects=False) as said:
                taken += said.status != 403
            async with stranger.get("/", headers={"Cookie": f"earshot={forged}"}) as said:
                taken += said.status != 401
            headers = {"Cookie": f"earshot={cookie}", "X-Earshot-Token": _changed(trial, site.token)}
            async with stranger.post("/line", json={"line": "/earshot queue"}, headers=headers) as said:
                taken += said.status != 403
        trial.tell("forged links, cookies and tokens", 3 * count)
        trial.none("forged ones taken", taken)
        async with stranger.post("/sign-in", data={"t": link}, allow_redirects=False) as said:
            trial.exactly("true links taken", int(said.status == 303), 1)
        async with stranger.post("/sign-in", data={"t": link}, allow_redirects=False) as said:
            trial.none("links that worked twice", int(said.status == 303))
        await stranger.post("/sign-out", data={"token": site.token}, headers={"Cookie": f"earshot={cookie}"})
        async with stranger.get("/", headers={"Cookie": f"earshot={cookie}"}) as said:
            trial.none("sessions alive after signing out", int(said.status == 200))


def _changed(trial: Trial, true: str) -> str:
    """The same with one character changed, left out, put in or moved."""
    place, letter = trial.chance.randrange(len(true)), trial.chance.choice("abcdefghijkmnopqrstuvwxyzABC0123456789-_.")
    drawn = trial.chance.randrange(4)
    if drawn == 0:
        made = true[:place] + letter + true[place + 1 :]
    elif drawn == 1:
        made = true[:place] + true[place + 1 :]
    elif drawn == 2:
        made = true[:place] + letter + true[place:]
    else:
        made = true[place:] + true[:place]
    return made if made != true else made + letter


async def _smuggled(trial: Trial, site: Site) -> None:
    """Two readings of one request: the hidden one must never be answered, and the first gets a refusal."""
    size = str(len(_HIDDEN) + 5)
    chunked = b"0\r\n\r\n" + _HIDDEN
    shapes = [request("POST", "/line", chunked, Content_Length=size, Transfer_Encoding=kind) for kind in (
        "chunked", "Chunked", " chunked", "chunked, identity", "identity, chunked", "xchunked", "chunked;q=1", "a",
    )]  # fmt: skip
    shapes += [
        request("POST", "/line", _HIDDEN, Content_Length="+5"),
        request("POST", "/line", _HIDDEN, Content_Length="5, 6"),
        request("POST", "/line", _HIDDEN, Content_Length="0x5"),
        request(
            "POST", "/line", b"5;x\r\nhello\r\n" + chunked, Content_Length="", Transfer_Encoding="chunked, chunked"
        ),
        request("POST", "/line", b"-5\r\nhello\r\n" + chunked, Content_Length="", Transfer_Encoding="chunked"),
        request("POST", "/line", b"5\nhello\n0\n\n" + _HIDDEN, Content_Length="", Transfer_Encoding="chunked"),
        request("GET", "/c/x", X="a\nTransfer-Encoding: chunked"),
        request("GET", "/c/x", X="a\r\n b", content_length="9"),
        b"GET /c/x HTTP/1.1\nHost: localhost\nContent-Length: 5\nContent-Length: 0\n\n" + _HIDDEN,
        b"GET /c/x HTTP/1.1\r\nHost : localhost\r\n\r\n",
        b"GET /c/x HTTP/1.1\r\nHost: localhost\r\nContent-Length\r\n : 5\r\n\r\n" + _HIDDEN,
    ]
    before = len(site.desk.asked)
    said = await asyncio.gather(*(answers(site.client.port, one) for one in shapes))
    trial.at_least("requests with two readings", len(shapes), 19)
    trial.none("hidden requests answered", sum(len(_ANSWER.findall(one)) > 1 for one in said))
    trial.none(
        "of them taken or broken", sum(one.split(b" ", 2)[1:2] not in ([b"400"], [b"403"], [b"401"]) for one in said)
    )
    trial.none("things done by them", len(site.desk.asked) - before)
