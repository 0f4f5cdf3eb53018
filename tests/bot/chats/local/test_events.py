"""What open tabs hear."""

import json
from typing import Any

import pytest
from aiohttp import ClientResponse

from tests.bot.chats import gallery
from tests.bot.chats.local.site import Site, open_site


async def heard(stream: ClientResponse) -> dict[str, Any]:
    """The next event of a stream, comments and `retry` left out."""
    event: dict[str, Any] = {}
    async for raw in stream.content:
        line = raw.decode().rstrip("\n")
        name, _, value = line.partition(": ")
        if not line and "data" in event:
            return event
        if line and name in ("id", "event", "data"):
            event[name] = json.loads(value) if name == "data" else value
    raise AssertionError("the stream ended")


async def test_a_change_reaches_every_open_tab(site: Site) -> None:
    streams = [await site.client.get("/events?since=0&channel=%23alerts") for _ in range(2)]
    await site.desk.open_case(gallery.card(words="<b>Hot</b> handle"))
    for stream in streams:
        assert stream.content_type == "text/event-stream"
        event = await heard(stream)
        assert (event["event"], event["id"]) == ("news", "1")
        (message,) = event["data"]["messages"]
        assert "&lt;b&gt;Hot&lt;/b&gt; handle" in message["html"]
        stream.close()


async def test_a_broken_connection_catches_up(site: Site) -> None:
    await site.desk.open_case(gallery.card(case=1))
    await site.desk.open_case(gallery.card(case=2))
    stream = await site.client.get("/events?since=0&channel=%23alerts", headers={"Last-Event-ID": "1"})
    event = await heard(stream)
    assert [message["ref"] for message in event["data"]["messages"]] == ["2"]
    stream.close()


async def test_other_channels_are_only_named(site: Site) -> None:
    await site.desk.open_case(gallery.card(), "#urgent")
    news = await (await site.client.get("/changes?since=0&channel=%23alerts")).json()
    assert news["messages"] == [{"ref": "1", "channel": "#urgent", "parent": "", "html": ""}]


async def test_a_reply_comes_with_its_parent(site: Site) -> None:
    ref = await site.desk.open_case(gallery.card())
    await site.desk.chat.post("#alerts", gallery.DRAFT, "draft:7", ref)
    news = await (await site.client.get("/changes?since=1&channel=%23alerts")).json()
    assert [(message["ref"], message["parent"]) for message in news["messages"]] == [("2", "1"), ("1", "")]
    assert "1 in thread" in news["messages"][1]["html"]


async def test_a_tab_too_far_behind_or_from_another_database_reloads(site: Site) -> None:
    assert (await (await site.client.get("/changes?since=7")).json())["is_lost"]
    for number in range(301):
        await site.desk.chat.post("#alerts", gallery.NOTICE, f"notice:{number}", "")
    assert (await (await site.client.get("/changes?since=0")).json())["is_lost"]
    assert not (await (await site.client.get("/changes?since=1")).json())["is_lost"]


@pytest.mark.parametrize("since", ["", "-1", "x", "1.5", "9" * 30, "٣"])
async def test_a_bad_since_is_a_sentence(site: Site, since: str) -> None:
    for path in ("/events", "/changes"):
        response = await site.client.get(path, params={"since": since})
        assert response.status == 400
        assert "since" in await response.text()


async def test_a_quiet_stream_still_beats() -> None:
    async with open_site(heartbeat=0.02) as site:
        await site.page()
        stream = await site.client.get("/events?since=0&channel=%23alerts")
        assert await stream.content.readline() == b"retry: 1500\n"
        await stream.content.readline()
        assert await stream.content.readline() == b": still here\n"
        stream.close()


async def test_streams_end_when_the_server_stops(site: Site) -> None:
    stream = await site.client.get("/events?since=0")
    site.bell.close()
    assert (await stream.read()).endswith(b"\n\n")
