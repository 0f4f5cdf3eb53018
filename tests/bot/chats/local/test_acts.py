"""Lines, buttons, forms and sharing, over HTTP."""

import asyncio
import re

import pytest

from handlers.requests import Request
from tests.bot.chats import gallery
from tests.bot.chats.local.site import Site


async def test_a_line_reaches_the_desk_as_the_member(site: Site) -> None:
    answer = await (await site.post("/line", line="/earshot queue mine")).json()
    assert "Queue, page 1" in answer["answer"]
    assert "Share to channel" in answer["answer"]
    (asked,) = site.desk.asked
    assert (asked.member and asked.member.name, asked.verb, asked.words) == ("ana", "queue", "mine")
    assert (asked.chat, asked.channel, asked.is_form) == ("local", "#alerts", False)


async def test_a_button_sends_its_case_and_values(site: Site) -> None:
    await site.desk.open_case(gallery.card())
    answer = await (await site.post("/act", verb="claim", case=142, values={"why": "mine"})).json()
    assert answer["words"] == "You have #142 now."
    assert site.desk.asked[0] == Request(
        site.desk.policy().member("ana"), "claim", values={"case": "142", "why": "mine"}, channel="#alerts",
        key="key-00000001",
    )  # fmt: skip
    assert "claimed by Ana" in await site.page()


async def test_a_double_click_is_one_act(site: Site) -> None:
    await site.desk.open_case(gallery.card())
    both = await asyncio.gather(*(site.post("/act", verb="claim", case=142, key="the-same-key") for _ in range(2)))
    assert [response.status for response in both] == [200, 200]
    assert len(site.desk.asked) == 1


async def test_a_form_keeps_what_was_typed_until_it_is_right(site: Site) -> None:
    await site.desk.open_case(gallery.card())
    form = (await (await site.post("/act", verb="draft", case=142)).json())["form"]
    assert "Third broken kettle" in form
    typed = {"text": "A refund <b>today</b>", "tone": "plain", "asks": ""}
    again = (await (await site.post("/form", verb="draft", case=142, values=typed)).json())["form"]
    assert "Do not promise a refund" in again
    assert "A refund &lt;b&gt;today&lt;/b&gt;" in again
    assert 'value="plain" checked' in again
    done = await (await site.post("/form", verb="draft", case=142, values=typed | {"text": "Sorry!"})).json()
    assert done["form"] == ""
    assert site.desk.asked[-1].is_form
    assert "1 in thread" in await site.page()


async def test_a_file_comes_as_words_that_no_browser_runs(site: Site) -> None:
    answer = await (await site.post("/line", line="/earshot export")).json()
    assert answer["file"] == {"kind": "text/csv", "text": "what,now\r\nmentions,1021\r\n"}
    assert (
        '<a class="button" data-file download="week.csv">Download week.csv<span class="size">1 kB</span></a>'
        in answer["answer"]
    )
    assert "mentions,1021" not in answer["answer"]
    odd = await (await site.post("/line", line="/earshot export text/html")).json()
    assert odd["file"]["kind"] == "text/plain"
    assert (await (await site.post("/line", line="/earshot help")).json())["file"] is None


async def test_an_error_of_the_desk_is_a_marked_answer(site: Site) -> None:
    response = await site.post("/line", line="/earshot quue")
    answer = await response.json()
    assert response.status == 200
    assert answer["is_error"]
    assert "Did you mean queue?" in answer["answer"]


async def test_an_answer_is_shared_once_by_whom_it_was_given_to(site: Site) -> None:
    html = (await (await site.post("/line", line="/earshot queue")).json())["answer"]
    answer = html.partition('data-answer="')[2].partition('"')[0]
    assert (await site.post("/share", answer=answer)).status == 200
    assert (await site.post("/share", answer=answer)).status == 200
    page = await site.page("/c/alerts")
    assert page.count("shared by Ana") == 1
    assert re.search(r"· at \d\d:\d\d</h3>", page)  # it stays for hours, so it says when it was true
    assert "Queue, page 1" in page
    assert (await site.post("/share", answer=answer, channel="#nowhere")).status == 404


async def test_another_member_cannot_share_it(site: Site) -> None:
    html = (await (await site.post("/line", line="/earshot queue")).json())["answer"]
    answer = html.partition('data-answer="')[2].partition('"')[0]
    await site.client.post("/be", data={"token": site.token, "member": "bo", "channel": "alerts"})
    await site.page()
    assert (await site.post("/share", answer=answer)).status == 410
    assert (await site.post("/share", answer="never given")).status == 410


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b"[" * 100_000, b'{"verb": "claim"}',
        b'{"verb": "claim", "channel": "#a", "key": "short"}',
        b'{"verb": "claim", "channel": "#a", "key": "key-00000001", "more": 1}',
        b'{"verb": "\\ud800", "channel": "#a", "key": "key-00000001"}',
        b'{"verb": "claim", "case": "many", "channel": "#a", "key": "key-00000001"}',
        b'{"verb": "claim", "case": 1e400, "channel": "#a", "key": "key-00000001"}',
        b'{"verb": "claim", "values": {"a": {"b": 1}}, "channel": "#a", "key": "key-00000001"}',
    ],
)  # fmt: skip
async def test_what_cannot_be_read_is_refused_in_words(site: Site, body: bytes) -> None:
    for path in ("/act", "/line", "/form", "/share"):
        response = await site.client.post(path, data=body, headers={"X-Earshot-Token": site.token})
        assert response.status == 400
        assert "could not read" in await response.text()
    assert site.desk.asked == []


async def test_a_body_has_a_largest_size(site: Site) -> None:
    response = await site.client.post("/act", data=b"x" * 400_000, headers={"X-Earshot-Token": site.token})
    assert response.status == 413
    assert "too long" in await response.text()


@pytest.mark.parametrize("token", ["", "0" * 64, "ü"])
@pytest.mark.parametrize("path", ["/act", "/line", "/form", "/share"])
async def test_no_act_without_the_page_s_token(site: Site, path: str, token: str) -> None:
    site.token = token
    response = await site.post(path, line="/earshot queue")
    assert response.status == 403
    assert "Reload this page" in await response.text()
    assert site.desk.asked == []


async def test_a_tab_of_ana_cannot_act_as_bo(site: Site) -> None:
    old = site.token
    await site.client.post("/be", data={"token": old, "member": "bo", "channel": "alerts"})
    response = await site.post("/line", line="/earshot queue")
    assert response.status == 403
    assert "signed in as Bo" in await response.text()
    assert site.desk.asked == []


async def test_a_member_who_left_cannot_act(site: Site) -> None:
    site.desk.current = type(site.desk.current)(brands=(), members=site.desk.current.members[1:])
    assert (await site.post("/line", line="/earshot queue")).status == 403
    assert (await site.client.get("/changes?since=0")).status == 403
