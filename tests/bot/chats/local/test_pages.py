"""What the page shows to whom, without its script."""

from datetime import timedelta

import pytest

from bot import charts
from bot.chats.local.pages import is_loopback, policy_channels
from bot.chats.local.session import sign_in_link
from handlers.rules.policy import Policy
from tests.bot.chats import gallery
from tests.bot.chats.local.desk import POLICY
from tests.bot.chats.local.site import SECRET, Site, open_site


def test_channels_come_from_routes_and_escalation() -> None:
    assert policy_channels(POLICY) == ["#alerts", "#praise", "#urgent"]
    assert policy_channels(Policy(brands=())) == ["#alerts"]


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True), ("LOCALHOST:8787", True), ("127.0.0.1:8787", True), ("[::1]:8787", True), ("[::1]", True),
        ("evil.example", False), ("localhost.evil.example", False), ("127.0.0.1.evil.example:80", False), ("", False),
        ("evil.example:localhost", False),
    ],
)  # fmt: skip
def test_which_host_names_are_this_machine(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


async def test_the_channel_reads_without_a_script(site: Site) -> None:
    for number in (1, 2):
        await site.desk.open_case(gallery.card(case=number, words=f"Words number {number}"))
    html = await site.page("/c/alerts")
    assert html.index("Words number 1") < html.index("Words number 2")
    assert "Kettle &amp; Co" in html
    assert "manager, approver, admin" in html
    assert "<script>" not in html


async def test_earlier_messages_are_a_link_away(site: Site) -> None:
    for number in range(60):
        await site.desk.chat.post("#alerts", gallery.card(case=number), f"case:{number}", "")
    newest = await site.page("/c/alerts")
    assert 'aria-label="Case 59, ' in newest
    assert 'aria-label="Case 9, ' not in newest
    assert 'href="/c/alerts?before=11"' in newest
    earlier = await site.page("/c/alerts?before=11")
    assert 'aria-label="Case 9, ' in earlier
    assert 'aria-label="Case 10, ' not in earlier
    assert "?before=" not in earlier


async def test_a_thread_is_a_page_and_a_fragment(site: Site) -> None:
    ref = await site.desk.open_case(gallery.card())
    await site.desk.chat.post("#alerts", gallery.DRAFT, "draft:7", ref)
    for html in (await site.page(f"/c/alerts?thread={ref}"), await site.page(f"/thread/{ref}")):
        assert "proposed by Ana" in html
        assert "Answers kim_w on reviews" in html
    assert (await site.client.get("/thread/999")).status == 404
    assert "data-token" in await site.page("/c/alerts?thread=999")  # a dead link shows the channel


async def test_an_unknown_channel_is_a_sentence(site: Site) -> None:
    response = await site.client.get("/c/%3Cscript%3E")
    assert response.status == 404
    assert "No route names it" in await response.text()


async def test_the_demo_lets_you_be_somebody_else(site: Site) -> None:
    fields = {"token": site.token, "member": "mia", "channel": "urgent"}
    response = await site.client.post("/be", data=fields, allow_redirects=False)
    assert (response.status, response.headers["Location"]) == (303, "/c/urgent")
    assert 'data-me="mia"' in await site.page("/c/urgent")
    assert (await site.client.post("/be", data={**fields, "token": "x"})).status == 403
    assert (await site.client.post("/be", data={**fields, "token": site.token, "member": "eve"})).status == 400


async def test_the_switch_leads_nowhere_else(site: Site) -> None:
    fields = {"token": site.token, "member": "bo", "channel": "//evil.example/\r\nSet-Cookie: a=b"}
    response = await site.client.post("/be", data=fields, allow_redirects=False)
    assert response.headers["Location"].startswith("/c/%2F%2Fevil.example%2F%0D%0A")


async def test_the_theme_is_remembered_in_a_cookie(site: Site) -> None:
    site.client.session.cookie_jar.update_cookies({"theme": "dark"}, site.client.make_url("/"))
    assert 'data-theme="dark"' in await site.page()
    site.client.session.cookie_jar.update_cookies({"theme": '"><b'}, site.client.make_url("/"))
    assert "data-theme" not in (await site.page()).partition("<head>")[0]


async def test_without_a_session_the_page_says_how_to_get_one() -> None:
    async with open_site("signed-in") as site:
        for path in ("/", "/c/alerts"):
            response = await site.client.get(path)
            assert response.status == 401
            assert "earshot web link ana" in await response.text()
        for path in ("/events?since=0", "/changes?since=0", "/thread/1"):
            assert (await site.client.get(path)).status == 403
        assert (await site.post("/line", line="/earshot queue")).status == 403


async def test_a_sign_in_link_needs_a_press_and_works_once() -> None:
    async with open_site("signed-in") as site:
        link = sign_in_link(SECRET, "bo", site.clock())
        token = link.partition("?t=")[2]
        for _ in range(2):  # a preview visits the link too
            assert "Sign in as Bo" in await (await site.client.get(link)).text()
        response = await site.client.post("/sign-in", data={"t": token}, allow_redirects=False)
        assert response.status == 303
        cookie = response.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert 'data-me="bo"' in await site.page()
        assert (await site.client.post("/sign-in", data={"t": token})).status == 403
        assert (await site.client.get(link)).status == 403
        assert (await site.client.post("/be", data={"token": site.token, "member": "mia"})).status == 403
        out = await site.client.post("/sign-out", data={"token": site.token}, allow_redirects=False)
        assert out.status == 303
        assert (await site.client.get("/")).status == 401


async def test_an_old_link_says_so() -> None:
    async with open_site("signed-in") as site:
        link = sign_in_link(SECRET, "bo", site.clock())
        site.clock.pass_by(timedelta(minutes=16))
        response = await site.client.get(link, headers={"Accept": "text/html"})
        assert response.status == 403
        assert "too old. Ask for a new one." in await response.text()


async def test_the_cookie_is_secure_on_a_public_name() -> None:
    async with open_site("signed-in", public_host="chat.example.com") as site:
        token = sign_in_link(SECRET, "bo", site.clock()).partition("?t=")[2]
        response = await site.client.post(
            "/sign-in", data={"t": token}, headers={"Host": "chat.example.com"}, allow_redirects=False
        )
        assert response.headers["Set-Cookie"].startswith("__Host-earshot=")
        assert "Secure" in response.headers["Set-Cookie"]


async def test_a_personal_channel_is_its_members_alone(site: Site) -> None:
    ref = await site.desk.chat.post("@bo", gallery.SUMMARY, "briefing:1:2026-11-23", "")
    picture = f"/chart/{charts.identity(gallery.CHARTS['stacked'])}.png?of={ref}"
    assert "/c/%40bo" not in await site.page()
    assert (await site.client.get("/c/@bo")).status == 404
    assert (await site.client.get(f"/thread/{ref}")).status == 403
    beside = await site.client.get(f"/c/alerts?thread={ref}", allow_redirects=False)
    assert (beside.status, beside.headers["Location"]) == (302, "/c/alerts")
    assert (await site.client.get(picture)).status == 404
    changes = "/changes?since=0&channel=@bo"
    assert await (await site.client.get(changes)).json() == {"seq": 1, "is_lost": False, "messages": []}
    await site.client.post("/be", data={"token": site.token, "member": "bo", "channel": "@bo"})
    assert "/c/%40bo" in await site.page()
    assert "/chart/" in await site.page("/c/@bo")
    assert (await site.client.get(f"/thread/{ref}")).status == 200
    assert (await site.client.get(picture)).status == 200
    assert len((await (await site.client.get(changes)).json())["messages"]) == 1


async def test_nothing_is_shared_to_the_personal_channel_of_another(site: Site) -> None:
    await site.desk.chat.post("@bo", gallery.SUMMARY, "briefing:1:2026-11-23", "")
    html = (await (await site.post("/line", line="queue")).json())["answer"]
    answer = html.split('data-answer="')[1].split('"')[0]
    assert (await site.post("/share", answer=answer, channel="@bo")).status == 404
