"""What a spoilt or hostile answer of a server costs: never more than itself."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web

from bot.sources.bluesky import lists
from bot.sources.bluesky.session import Account
from bot.sources.fieldmap import read_count
from bot.sources.mastodon.items import loaded
from bot.sources.mastodon.server import _offers
from bot.sources.partial import read_what_can_be, reason_against
from bot.sources.syndication.entries import read_feed
from bot.sources.x.wire import read_object
from handlers.ports import BadSource, SourceError
from tests.bot.sources.engines import engine, texts
from tests.bot.sources.feedserver import ANYWHERE, NOW, fetching, serving, tools
from tests.bot.sources.rigs.hackernews import HackerNewsRig

DEEP = "[" * 1_500 + "]" * 1_500


@pytest.mark.parametrize("value", ["NaN", "9" * 5_000, "[" * 60 + "]" * 60, "1e999"])
async def test_a_value_that_cannot_be_read_costs_its_own_item_alone(value: str) -> None:
    async with engine(HackerNewsRig) as rig:
        for number in range(3):
            await rig.give(number)
        rig.hits[1]["points"] = "@@"
        body = json.dumps({"hits": rig.hits}).replace('"@@"', value)

        async def answer(request: web.BaseRequest) -> web.Response:
            return web.Response(text=body, content_type="application/json")

        rig.serve("/api/search_by_date", answer)
        assert {rig.words_of(0), rig.words_of(2)} <= set(texts(await rig.source.poll(None, 10, "aurelia")))


def test_what_is_nested_too_deep_costs_itself_alone() -> None:
    assert loaded(f'[{{"id": "1"}}, {{"id": {DEEP}}}]')[0] == {"id": "1"}
    found = read_object(f'{{"data": [{{"id": "1"}}, {{"id": {DEEP}}}]}}'.encode())
    assert found is not None
    assert found["data"][0] == {"id": "1"}
    told = read_what_can_be(b'[{"id": "1"}, {"text": "\xff"}]')
    assert told[0] == {"id": "1"}


def test_no_number_is_too_large_to_be_no_count() -> None:
    assert read_count(-(10**400)) is None
    assert read_count(10**400) is None
    assert read_count(float("nan")) is None
    assert read_count(float("inf")) is None


def test_half_a_character_in_what_a_server_offers_can_be_kept() -> None:
    _, place = _offers({"configuration": {"urls": {"streaming": "wss://a\ud800.example"}}})
    place.encode()


@pytest.mark.parametrize(
    "body",
    [
        b"<rss " + b"".join(b'a%d="b" ' % n for n in range(90_000)) + b"><channel/></rss>",
        b"<rss><channel>" + b"<item>" * 12_000,
    ],
)
def test_markup_that_takes_quadratic_time_is_refused(body: bytes) -> None:
    with pytest.raises(BadSource, match="too much markup"):
        read_feed(body, "application/rss+xml", "https://a.example/", NOW)


async def test_a_date_of_the_future_hides_nothing_that_comes_later() -> None:
    def told(number: int, at: datetime) -> dict[str, Any]:
        return {"uri": f"at://{number}", "indexedAt": at.isoformat()}

    shelf = [told(1, datetime(2099, 1, 1, tzinfo=UTC))]

    async def ask(cursor: str, limit: int) -> tuple[list[Any], str]:
        return shelf[::-1], ""

    first = await lists.step(lists.Place(), 10, ask, NOW)
    shelf.append(told(2, NOW + timedelta(minutes=1)))
    later = await lists.step(first.place, 10, ask, NOW + timedelta(minutes=2))
    assert [one["uri"] for one in later.items] == ["at://2"]


async def test_a_stream_is_not_opened_where_its_server_redirects_to() -> None:
    async with serving() as server, fetching(guard=ANYWHERE) as fetch:
        there = server.url("/inside")
        server.say("/stream", status=302, headers={"Location": there})
        with pytest.raises(BadSource, match="has moved"):
            await anext(fetch.frames(server.url("/stream"), protocol="x", quiet_for=5))
        assert [request.path for request in server.seen] == ["/stream"]


@pytest.mark.parametrize(("value", "is_deep"), [("[" * 60 + "]" * 60, True), ("-Infinity", False)])
def test_the_reason_names_what_is_wrong_and_nothing_else(value: str, is_deep: bool) -> None:
    reason = reason_against(read_what_can_be(f'[1, {{"text": {value}}}]'))
    assert ("nested" in reason) is is_deep
    assert ("Infinity" in reason) is not is_deep


async def test_an_account_is_not_asked_where_its_server_redirects_to() -> None:
    async with serving() as server, fetching() as fetch:
        server.say("/xrpc/com.atproto.server.createSession", status=307, headers={"Location": server.url("/inside")})
        account = Account("b", server.url(""), "a.example", "word", tools(fetch), allow_private=True)
        with pytest.raises(SourceError):
            await account.sign_in()
        await account.close()
        assert len(server.seen) == 1


async def test_a_token_goes_to_no_inner_address_that_an_account_names() -> None:
    async with serving() as server, fetching() as fetch:
        place = {"id": "#atproto_pds", "serviceEndpoint": f"https://localhost:{server.port}"}
        told = {"did": "did:plc:a", "handle": "a", "accessJwt": "t", "refreshJwt": "r", "didDoc": {"service": [place]}}
        server.say("/xrpc/com.atproto.server.createSession", json.dumps(told).encode())
        account = Account("b", server.url(""), "a.example", "word", tools(fetch), allow_private=True)
        with pytest.raises(BadSource, match="not an address of the public internet") as refused:
            await account.ask("app.bsky.notification.listNotifications")
        assert "server to localhost" in str(refused.value)  # allow_private is said already
        await account.close()


async def test_a_bomb_of_an_accounts_server_is_never_whole_in_memory() -> None:
    async with serving() as server, fetching() as fetch:
        told = json.dumps({"did": "did:plc:a", "handle": "a", "accessJwt": "t", "refreshJwt": "r"}).encode()
        body, packed = gzip.compress(told + b" " * 20_000_000), {"Content-Encoding": "gzip"}
        server.say("/xrpc/com.atproto.server.createSession", body, headers=packed)
        account = Account("b", server.url(""), "a.example", "word", tools(fetch), allow_private=True)
        with pytest.raises(SourceError):
            await account.sign_in()
        await account.close()
