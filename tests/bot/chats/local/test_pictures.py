"""Charts on the page: where their pictures are, who may see them, and for how long they are found."""

import io
import re
from dataclasses import replace

import pytest
from PIL import Image

from bot import charts
from bot.chats.local import pictures
from bot.chats.local.adapter import Stored, to_body
from handlers.cards import Chart, Screen
from tests.bot.chats import gallery
from tests.bot.chats.local.site import Site, open_site


@pytest.fixture
async def posted(site: Site) -> tuple[Site, str]:
    """A screen with a chart in the channel, and its message's ref."""
    return site, await site.desk.chat.post("#alerts", gallery.SUMMARY, "briefing:1", "")


def addresses(html: str) -> list[str]:
    return [found.replace("&amp;", "&") for found in re.findall(r'<img [^>]*src="([^"]+)"', html)]


async def test_a_posted_chart_is_shown_in_both_looks(posted: tuple[Site, str]) -> None:
    site, ref = posted
    html = await site.page("/c/alerts")
    light, dark = addresses(html)
    assert light == f"/chart/{charts.identity(gallery.CHARTS['stacked'])}.png?of={ref}"
    assert dark == f"{light}&look=dark"
    assert html.count('alt="Mentions per day, 16–22 Feb: 4,310 in all') == 2
    assert html.count('width="1000" height="560"') == 2
    assert site.desk.painted == []  # the page does not wait for pictures
    for address, is_dark in ((light, False), (dark, True)):
        response = await site.client.get(address)
        assert response.status == 200
        assert response.content_type == "image/png"
        assert Image.open(io.BytesIO(await response.read())).size == (1000, 560)
        assert site.desk.painted[-1] == (gallery.CHARTS["stacked"], is_dark)


async def test_a_thread_and_the_news_show_it_too(posted: tuple[Site, str]) -> None:
    site, ref = posted
    await site.desk.chat.post("#alerts", gallery.SUMMARY, "briefing:2", ref)
    assert len(addresses(await site.page(f"/thread/{ref}"))) == 4
    news = await (await site.client.get("/changes?since=0&channel=%23alerts")).json()
    shown = addresses("".join(message["html"] for message in news["messages"]))
    assert len(shown) == 4
    for address in shown:
        assert (await site.client.get(address)).status == 200


async def test_browsers_keep_a_picture_for_good(posted: tuple[Site, str]) -> None:
    site, _ = posted
    light, dark = addresses(await site.page("/c/alerts"))
    first = await site.client.get(light)
    assert first.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    again = await site.client.get(light, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status == 304
    assert len(site.desk.painted) == 1
    other = await site.client.get(dark, headers={"If-None-Match": first.headers["ETag"]})
    assert other.status == 200


async def test_an_answer_s_chart_is_for_its_asker_alone(site: Site) -> None:
    answer = (await (await site.post("/line", line="/earshot summary")).json())["answer"]
    light, dark = addresses(answer)
    assert "?of=" not in light
    assert (await site.client.get(light)).status == 200
    assert (await site.client.get(dark)).status == 200
    await site.client.post("/be", data={"token": site.token, "member": "bo", "channel": "alerts"})
    response = await site.client.get(light)
    assert response.status == 404
    assert "Give the command again" in await response.text()


async def test_a_shared_answer_takes_its_chart_along(site: Site) -> None:
    answer = (await (await site.post("/line", line="/earshot summary")).json())["answer"]
    name = answer.partition('data-answer="')[2].partition('"')[0]
    assert (await site.post("/share", answer=name)).status == 200
    await site.client.post("/be", data={"token": site.token, "member": "bo", "channel": "alerts"})
    light, _ = addresses(await site.page("/c/alerts"))
    assert (await site.client.get(light)).status == 200


async def test_after_a_restart_a_message_s_chart_is_still_there(posted: tuple[Site, str]) -> None:
    site, _ = posted
    light, _ = addresses(await site.page("/c/alerts"))
    async with open_site() as other:
        await other.page()
        assert (await other.client.get(light)).status == 404
        await other.desk.chat.post("#alerts", gallery.SUMMARY, "briefing:1", "")
        assert (await other.client.get(light)).status == 200


async def test_only_the_chart_that_was_shown_is_painted(posted: tuple[Site, str]) -> None:
    site, ref = posted
    name = charts.identity(gallery.CHARTS["bars"])
    for address in (f"/chart/{name}.png?of={ref}", f"/chart/{name}.png", f"/chart/{name}.png?of=99",
                    f"/chart/{name}.png?of=%00", f"/chart/{name[:-1]}.png?of={ref}", "/chart/../acts.py"):  # fmt: skip
        assert (await site.client.get(address)).status == 404, address
    case = await site.desk.open_case(gallery.card())
    assert (await site.client.get(f"/chart/{name}.png?of={case}")).status == 404
    assert site.desk.painted == []


async def test_a_redrawn_chart_has_another_address(posted: tuple[Site, str]) -> None:
    site, ref = posted
    old, _ = addresses(await site.page("/c/alerts"))
    changed = replace(gallery.SUMMARY, chart=gallery.CHARTS["bars"])
    await site.desk.chat.update("#alerts", ref, changed, "briefing:1")
    new, _ = addresses(await site.page("/c/alerts"))
    assert new != old
    assert (await site.client.get(new)).status == 200
    assert (await site.client.get(old)).status == 404


async def test_pictures_are_for_members_only() -> None:
    async with open_site("signed-in") as site:
        ref = await site.desk.chat.post("#alerts", gallery.SUMMARY, "briefing:1", "")
        response = await site.client.get(f"/chart/{charts.identity(gallery.CHARTS['stacked'])}.png?of={ref}")
        assert response.status == 403
        assert "not signed in" in await response.text()
        assert site.desk.painted == []


async def test_what_a_picture_cannot_say_stands_below_it(site: Site) -> None:
    await site.desk.chat.post("#alerts", Screen("By source", chart=gallery.CHARTS["bars"]), "1", "")
    html = await site.page("/c/alerts")
    assert '<figcaption dir="auto">[1] is 東京ブログ</figcaption>' in html
    assert html.count("call centre notes 12. [1] is 東京ブログ") == 2  # in the alt texts


async def test_few_answers_are_remembered(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "_KEPT", 2)
    kept = pictures.Pictures(site.desk, lambda _: site.desk.policy().members[0])
    ana = site.desk.policy().members[0]
    for chart in list(gallery.CHARTS.values())[:3]:
        kept.remember(ana, chart)
    assert [chart for _, chart in kept._answered.items()] == list(gallery.CHARTS.values())[1:3]


async def test_a_chart_of_odd_numbers_comes_back(site: Site) -> None:
    odd: Chart = replace(
        gallery.CHARTS["minutes"],
        series=(
            replace(gallery.CHARTS["minutes"].series[0], values=(None, 0.1, 3, float("inf"), float("nan"), 1e300)),
        ),
    )
    body = to_body(Stored(Screen("Odd", chart=odd)))
    await site.desk.write(lambda chat: chat.post("#alerts", "odd", body, "", gallery.NOW))
    for address in addresses(await site.page("/c/alerts")):
        assert (await site.client.get(address)).status == 200
