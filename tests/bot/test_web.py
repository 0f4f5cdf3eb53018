"""The server around the page: headers, guards, health, metrics, webhooks, the feedback form."""

import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser

import pytest
from aiohttp import ClientSession, TCPConnector
from prometheus_client import CollectorRegistry

from bot.chats.local.adapter import Bell
from bot.web import build_web, check_bind
from storage.errors import ConfigError
from tests.bot.chats import gallery
from tests.bot.chats.local.desk import FakeDesk, MemoryEngine
from tests.bot.chats.local.site import Clock, Site, open_site

POLICY_LINE = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with open_site() as opened:
        await opened.page()
        yield opened


@pytest.mark.parametrize(
    "path",
    ["/", "/c/alerts", "/c/nowhere", "/thread/1", "/sign-in?t=x", "/events?since=0", "/changes?since=0", "/healthz",
     "/metrics", "/feedback/feedback-form", "/feedback/feedback-form/thanks", "/feedback/x", "/nothing", "/hooks/x",
     "/act", "/static/x", f"/chart/{'0' * 32}.png"],
)  # fmt: skip
async def test_every_answer_carries_the_policy(site: Site, path: str) -> None:
    async with site.client.get(path) as response:
        assert response.headers["Content-Security-Policy"] == POLICY_LINE
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert response.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert response.headers["Server"] == "Earshot"
        assert response.headers["Cache-Control"] == "no-store"
        assert response.status < 500


async def test_every_route_is_in_the_list_above(site: Site) -> None:
    resources = {resource.canonical for resource in site.client.app.router.resources()} if site.client.app else set()
    known = {
        "/", "/c/{channel}", "/thread/{ref}", "/sign-in", "/sign-out", "/be", "/act", "/line", "/form", "/share",
        "/events", "/changes", "/healthz", "/metrics", "/hooks/{source}", "/feedback/{source}",
        "/feedback/{source}/thanks", "/chart/{name}.png",
    }  # fmt: skip
    assert {path for path in resources if not path.startswith("/static/")} == known


@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost.evil.example:8787", "127.0.0.1.evil.example", "chat.example.com", "", "[", "a:b:c"],
)
async def test_an_unknown_host_name_is_refused(site: Site, host: str) -> None:
    for path in ("/", "/healthz", "/hooks/reviews", "/feedback/feedback-form"):
        response = await site.client.get(path, headers={"Host": host})
        assert response.status in (400, 421), path
        assert "data-token" not in await response.text()


async def test_the_public_name_is_answered() -> None:
    async with open_site("signed-in", public_host="chat.example.com:443") as site:
        assert (await site.client.get("/healthz", headers={"Host": "Chat.Example.com"})).status == 200
        assert (await site.client.get("/healthz", headers={"Host": "evil.example"})).status == 421


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
     {"Origin": "http://["},
     {"Origin": "http://127.0.0.1.evil.example"},
     {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "http://127.0.0.1:1"}],
)  # fmt: skip
@pytest.mark.parametrize(
    "path", ["/act", "/line", "/form", "/share", "/be", "/sign-in", "/sign-out", "/feedback/feedback-form"]
)
async def test_other_pages_cannot_act(site: Site, path: str, headers: dict[str, str]) -> None:
    content = {"line": "/earshot queue", "channel": "#alerts", "key": "key-00000001"}
    response = await site.client.post(path, json=content, headers={**headers, "X-Earshot-Token": site.token})
    assert response.status == 403
    assert "did not come from a page of Earshot" in await response.text()
    assert site.desk.asked == []


@pytest.mark.parametrize("origin", ["", "null"])
async def test_our_own_page_can(site: Site, origin: str) -> None:
    content = {"line": "/earshot queue", "channel": "#alerts", "key": "key-00000001"}
    headers = {"Origin": origin or site.url, "Sec-Fetch-Site": "same-origin", "X-Earshot-Token": site.token}
    assert (await site.client.post("/line", json=content, headers=headers)).status == 200


class Files(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag in ("script", "link"):
            self.found.append(str(values.get("src") or values.get("href")))


async def test_files_are_kept_by_browsers_and_lead_nowhere_else(site: Site) -> None:
    found = Files(await site.page()).found
    assert len(found) >= 4
    seen = set()
    while found:
        path = found.pop()
        seen.add(path)
        response = await site.client.get(path)
        assert response.status == 200, path
        assert "immutable" in response.headers["Cache-Control"]
        text = await response.text()
        assert "http://" not in text.replace("http://www.w3.org/2000/svg", "")
        assert "https://" not in text
        folder = path.rpartition("/")[0]
        names = re.findall(r'from "\./([a-z]+\.js)"|url\("(icons/[a-z]+\.svg)"\)', text)
        found += [full for one in names if (full := f"{folder}/{''.join(one)}") not in seen]
    assert len(seen) >= 20


@pytest.mark.parametrize(
    "name", ["../adapter.py", "..%2fadapter.py", "%2e%2e/adapter.py", "icons", "", "x.js", "/etc/passwd"]
)
async def test_only_the_page_s_own_files_are_given(site: Site, name: str) -> None:
    folder = Files(await site.page()).found[-1].rpartition("/")[0]
    response = await site.client.get(f"{folder}/{name}")
    assert response.status == 404


async def test_health_is_true(site: Site) -> None:
    response = await site.client.get("/healthz")
    assert response.status == 200
    site.desk.is_well = False
    response = await site.client.get("/healthz")
    assert response.status == 503
    assert (await response.json())["parts"][0]["words"] == "reviews has been silent for 3 h"


async def test_outsiders_learn_only_that_it_is_well() -> None:
    async with open_site("signed-in", public_host="chat.example.com") as site:
        response = await site.client.get("/healthz", headers={"Host": "chat.example.com"})
        assert await response.json() == {"ok": True}
        assert (await site.client.get("/metrics", headers={"Host": "chat.example.com"})).status == 403


async def test_another_machine_learns_nothing_more_by_calling_itself_this_one(site: Site) -> None:
    """127.0.0.2 stands for it: the Host header says what it likes, the connection does not."""
    elsewhere = TCPConnector(local_addr=("127.0.0.2", 0))
    async with ClientSession(connector=elsewhere) as stranger:
        for host in ("127.0.0.1", "localhost"):
            async with stranger.get(f"{site.url}/healthz", headers={"Host": host}) as response:
                assert (await response.json()).keys() == {"ok"}
            async with stranger.get(f"{site.url}/metrics", headers={"Host": host}) as response:
                assert response.status == 403


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded"])
async def test_whoever_comes_through_a_proxy_is_not_this_machine(site: Site, header: str) -> None:
    """Some proxies name 127.0.0.1 as the host, whoever asks."""
    response = await site.client.get("/healthz", headers={header: "for=9.9.9.9"})
    assert (await response.json()).keys() == {"ok"}
    assert (await site.client.get("/metrics", headers={header: "for=9.9.9.9"})).status == 403


async def test_metrics_count_open_tabs(site: Site) -> None:
    stream = await site.client.get("/events?since=0")
    await stream.content.readline()
    response = await site.client.get("/metrics")
    assert response.content_type == "text/plain"
    assert "earshot_open_tabs 1.0" in await response.text()
    stream.close()


async def test_a_webhook_goes_to_the_desk_whatever_its_origin(site: Site) -> None:
    headers = {"X-Earshot-Signature": "v1=00", "Origin": "https://form.example"}
    response = await site.client.post("/hooks/reviews", data=b"\xff\x00", headers=headers)
    assert (response.status, await response.json()) == (202, {"ok": True, "words": "Taken."})
    assert site.desk.hooks == [("reviews", b"\xff\x00")]
    refused = await site.client.post("/hooks/reviews", data=b"x")
    assert (refused.status, await refused.json()) == (401, {"ok": False, "words": "The signature is missing."})
    assert (await site.client.post("/hooks/reviews", data=b"x" * 400_000, headers=headers)).status == 413
    assert len(site.desk.hooks) == 1


async def feedback(site: Site, **fields: str) -> tuple[int, str]:
    page = await (await site.client.get("/feedback/feedback-form")).text()
    found = re.search(r'name="token" value="([^"]+)"', page)
    token = found.group(1) if found else ""
    data = {"token": token, "text": "It leaks.", "name": "", "email": "", "stars": "", "website": "", **fields}
    response = await site.client.post("/feedback/feedback-form", data=data)
    return response.status, await response.text()


async def test_feedback_reaches_the_desk(site: Site) -> None:
    status, html = await feedback(site, text=" It leaks.\r\nBadly. ", name="Kim", stars="1", email="kim@mail.example")
    assert status == 200
    assert "Thank you" in html
    (taken,) = site.desk.feedback
    assert len(taken.pop("id")) == 24
    assert taken == {"text": "It leaks.\r\nBadly.", "name": "Kim", "stars": "1", "email": "kim@mail.example"}


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"text": "   "}, 400, "Please write a few words."),
        ({"stars": "9"}, 400, "1 to 5 stars"),
        ({"email": "kim"}, 400, "whole e-mail address"),
        ({"text": "x" * 5_001}, 400, "Please shorten the text to 5000 characters."),
        ({"token": "forged"}, 403, "send it again"),
    ],
)
async def test_feedback_with_a_mistake_keeps_what_was_typed(
    site: Site, fields: dict[str, str], status: int, words: str
) -> None:
    answer, html = await feedback(site, **{"name": '"><b>Kim', **fields})
    assert answer == status
    assert words in html
    assert "&#34;&gt;&lt;b&gt;Kim" in html
    assert site.desk.feedback == []


async def test_the_trap_catches_programs_without_telling_them(site: Site) -> None:
    status, html = await feedback(site, website="https://spam.example")
    assert status == 200
    assert "Thank you" in html
    assert site.desk.feedback == []


async def test_feedback_takes_only_its_own_form(site: Site) -> None:
    response = await site.client.post("/feedback/feedback-form", json={"text": "x"})
    assert response.status == 415
    assert (await site.client.get("/feedback/unknown")).status == 404
    assert (await site.client.post("/feedback/unknown", data={"text": "x"})).status == 404


async def test_the_same_page_sent_twice_is_one_mention(site: Site) -> None:
    page = await (await site.client.get("/feedback/feedback-form")).text()
    token = re.findall(r'name="token" value="([^"]+)"', page)[0]
    for _ in range(2):
        await site.client.post("/feedback/feedback-form", data={"token": token, "text": "It leaks."})
    assert site.desk.feedback[0]["id"] == site.desk.feedback[1]["id"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "[::1]", "127.0.0.53"])
def test_loopback_needs_no_sign_in(host: str) -> None:
    check_bind(host, has_sign_in=False)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.168.1.4", "chat.example.com"])  # noqa: S104
def test_any_other_address_needs_sign_in(host: str) -> None:
    check_bind(host, has_sign_in=True)
    with pytest.raises(ConfigError, match="EARSHOT_HOST"):
        check_bind(host, has_sign_in=False)


def test_sign_in_needs_a_secret() -> None:
    bell, clock = Bell(), Clock()
    desk = FakeDesk(clock, MemoryEngine(), bell)
    with pytest.raises(ConfigError, match="EARSHOT_WEB_SECRET"):
        build_web(desk, mode="signed-in", secret="", bell=bell, registry=CollectorRegistry(), now=clock)


async def test_what_breaks_inside_is_logged_and_not_shown(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("a secret detail")

    site.desk.read = broken  # type: ignore[method-assign,assignment]
    response = await site.client.get("/c/alerts", headers={"Accept": "text/html"})
    assert response.status == 500
    text = await response.text()
    assert "the log says more" in text
    assert "a secret detail" not in text
    assert "a request failed" in caplog.text


async def test_the_page_shows_what_was_posted(site: Site) -> None:
    await site.desk.open_case(gallery.card())
    assert "Third broken kettle" in await site.page()
