"""Requests that no browser of ours sends: damaged, ambiguous, half of them smuggling. A sentence each, and no 500."""

import logging
from collections.abc import AsyncIterator

import pytest

from tests.bot.chats.local.site import Site, open_site
from tests.bot.raw import answers, request

FORM = "application/x-www-form-urlencoded"
FORMS = ["/sign-in", "/sign-out", "/be", "/feedback/feedback-form"]


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with open_site() as opened:
        yield opened


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize(
    "kind",
    [f"{FORM}; charset=bogus", f"{FORM}; charset=utf-16", "multipart/form-data", "application/json", "text/plain"],
)
async def test_a_form_of_another_kind_is_refused_in_words(site: Site, path: str, kind: str) -> None:
    response = await site.client.post(path, data=b"t=a", headers={"Content-Type": kind})
    assert (response.status, await response.text()) == (415, "Send this form from its page.")


@pytest.mark.parametrize("path", [*FORMS, "/line", "/hooks/reviews"])
async def test_a_damaged_body_is_the_sender_s_mistake(site: Site, path: str) -> None:
    headers = {"Content-Type": FORM, "Content-Encoding": "gzip", "X-Earshot-Signature": "v1=00"}
    await site.page()
    response = await site.client.post(path, data=b"t=a", headers=headers | {"X-Earshot-Token": site.token})
    assert response.status == 400
    assert "damaged" in await response.text()


@pytest.mark.parametrize("body", [b"t=%ff", b"t=\xff", b"&".join(b"a%d=1" % number for number in range(5_000))])
async def test_a_form_of_other_bytes_is_answered(site: Site, body: bytes) -> None:
    response = await site.client.post("/sign-in", data=body, headers={"Content-Type": FORM})
    assert response.status in (400, 403, 413)


async def test_a_request_without_a_host_is_refused(site: Site) -> None:
    """HTTP/1.0 may leave it out; then the machine's own name would stand in, and that is often localhost."""
    said = await answers(site.client.port, b"GET /healthz HTTP/1.0\r\n\r\n")
    assert said.startswith(b"HTTP/1.0 421")


@pytest.mark.parametrize(
    "sent",
    [
        request("POST", "/line", b"0\r\n\r\nGET /healthz HTTP/1.1\r\n\r\n", Transfer_Encoding="chunked"),
        request("POST", "/line", b"0\r\n\r\nGET /healthz HTTP/1.1\r\n\r\n", Transfer_Encoding="xchunked"),
        request("POST", "/line", b"GET / HTTP/1.1\r\n\r\n", content_length="1"),
        request("GET", "/healthz", host="evil.example"),
    ],
)
async def test_a_request_with_two_readings_is_not_read(site: Site, sent: bytes) -> None:
    said = await answers(site.client.port, sent)
    assert said.count(b"HTTP/1.") == 1
    assert said.split(b" ", 2)[1] == b"400"


async def test_what_could_not_be_read_is_logged_without_its_words(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    """The error of the library repeats the header that was wrong, and that may be a cookie."""
    with caplog.at_level(logging.DEBUG, logger="earshot.web"):
        said = await answers(
            site.client.port, b"GET / HTTP/1.1\r\nHost: localhost\r\nCookie: earshot=c4nary\x01\r\n\r\n"
        )
        assert said.startswith(b"HTTP/1.0 400")
        assert "c4nary" not in caplog.text
    assert "a request could not be read: BadHttpMessage" in caplog.text


async def test_only_the_head_of_the_news_is_no_open_tab(site: Site) -> None:
    await site.page()
    assert (await site.client.head("/events?since=0")).status == 405


async def test_a_public_name_is_remembered_as_https_only() -> None:
    async with open_site("signed-in", public_host="chat.example.com") as site:
        public = await site.client.get("/healthz", headers={"Host": "chat.example.com"})
        assert public.headers["Strict-Transport-Security"] == "max-age=31536000"
        assert "Strict-Transport-Security" not in (await site.client.get("/healthz")).headers
