import json
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from bot import registry
from bot.fetch import Tools
from bot.sources import stackoverflow
from handlers.ports import (
    FREE,
    BadQuery,
    BadSource,
    Broken,
    ByLink,
    Page,
    RateLimited,
    SignInFailed,
    Tombstone,
    Transient,
)
from handlers.rules.policy import SourceEntry
from storage.errors import ConfigError
from storage.types import RawMention
from tests.bot.sources.engines import engine, read_all, stored, texts, wanting
from tests.bot.sources.feedserver import NOW
from tests.bot.sources.rigs import Fault
from tests.bot.sources.rigs.stackoverflow import StackOverflowRig

NOON = int(NOW.timestamp())
SEARCH = "search aurelia"


@pytest.fixture
async def rig() -> AsyncIterator[StackOverflowRig]:
    async with engine(StackOverflowRig) as made:
        yield made


def mentions(page: Page) -> list[RawMention]:
    return [item for item in page.items if isinstance(item, RawMention)]


async def test_queries_and_tags_are_asked_for(rig: StackOverflowRig) -> None:
    source = rig.made(tags=["aurelia-sdk"])
    assert source.plan(wanting('@aurelia "desk lamp" -x', "c# lamp*")) == (
        'search aurelia "desk lamp"',
        'search "c#"',
        "tagged aurelia-sdk",
    )
    for expression in ("refund*", "from:mia"):
        with pytest.raises(BadQuery, match="Stack Overflow"):
            source.plan(wanting(expression))


async def test_a_question_says_who_where_and_how_much(rig: StackOverflowRig) -> None:
    rig.publish(5, "Why <code>a &lt; b</code>?", title="aurelia &amp; co", score=-3, answer_count=0)
    (found,) = mentions(await rig.source.poll(None, 10, SEARCH))
    assert (found.text, found.title, found.author) == ("Why a < b?", "aurelia & co", "Mia")
    assert (found.likes, found.replies, found.lang) == (0, 0, "en")
    assert found.url == "https://stackoverflow.com/q/5"
    assert found.extra == {"tags": "lamp"}


async def test_another_site_has_its_own_address(rig: StackOverflowRig) -> None:
    rig.publish(5, "aurelia")
    for site, host in (("superuser", "superuser.com"), ("iot", "iot.stackexchange.com")):
        (found,) = mentions(await rig.made(site=site).poll(None, 10, SEARCH))
        assert found.url == f"https://{host}/q/5"
        assert rig.asked("/search/advanced")[-1].query["site"] == site
    (found,) = mentions(await rig.made(site="pt.stackoverflow", lang="pt").poll(None, 10, SEARCH))
    assert (found.url, found.lang) == ("https://pt.stackoverflow.com/q/5", "pt")


async def test_activity_is_given_once_oldest_first(rig: StackOverflowRig) -> None:
    rig.left = 10_000
    for number in range(230):
        rig.publish(number, f"aurelia {number}", NOON - 3_000 + 10 * number)
    found, cursor = await read_all(rig.source, SEARCH, limit=40)
    assert found == [f"aurelia {number}" for number in range(230)]
    assert (await read_all(rig.source, SEARCH, cursor))[0] == []


async def test_more_at_one_time_than_a_page_holds(rig: StackOverflowRig) -> None:
    for number in range(250):
        rig.publish(number, f"aurelia {number}", NOON - 300)
    found, _ = await read_all(rig.source, SEARCH, limit=40)
    assert sorted(found) == sorted(f"aurelia {number}" for number in range(250))


async def test_answers_that_concern_us_come_with_their_question(rig: StackOverflowRig) -> None:
    tools = Tools(rig.fetch, lambda: rig.now, {}, lambda raw: "aurelia" in raw.text)
    told = {**rig.addresses(), "allow_private": True, "account": "99"}
    source = registry.build(SourceEntry("one", "stackoverflow", settings=told), tools)
    rig.publish(1, "aurelia does not pair")
    rig.publish(2, "aurelia blinks")
    page = await source.poll(None, 10, SEARCH)
    rig.answer(10, 1, "Throw the aurelia away")
    rig.answer(11, 1, "Try again")
    rig.answer(12, 2, "We at aurelia are sorry", user=99)
    page = await source.poll(page.cursor, 10, SEARCH)
    assert texts(page) == ["aurelia does not pair", "Throw the aurelia away", "aurelia blinks"]
    answer = mentions(page)[1]
    assert (answer.native_id, answer.url) == ("answer-10", "https://stackoverflow.com/a/10")
    assert len([one for one in rig.server.seen if one.path.endswith("/answers")]) == 1
    assert (await source.poll(page.cursor, 10, SEARCH)).items == ()


async def test_answers_of_last_week_come_with_a_question_that_was_active_yesterday(rig: StackOverflowRig) -> None:
    rig.left = 10_000
    hour = 3_600
    for number in range(1, 81):
        rig.publish(number, "aurelia", NOON - 80 * hour + number)
        rig.answer(1_000 + number, number, f"answer {number}", at=NOON - 72 * hour + number)
        rig.questions[number]["last_activity_date"] = NOON - 60 * hour + number * 1_800
    found, cursor = await read_all(rig.source, SEARCH, limit=20)
    assert len({words for words in found if words != "aurelia"}) == 80
    assert (await read_all(rig.source, SEARCH, cursor))[0] == []


async def test_more_answers_than_one_page_or_one_step_takes(
    rig: StackOverflowRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.left = 10_000
    monkeypatch.setattr(stackoverflow, "_MAX_PAGES", 2)
    for number in (1, 2, 3):
        rig.publish(number, "aurelia", NOON - 9_000 + number)
    for number in range(390):
        rig.answer(1_000 + number, 1 + number % 3, f"answer {number}", at=NOON - 8_000 + number)
    cursor, found = None, []
    for _ in range(5):
        page = await rig.source.poll(cursor, 1_000, SEARCH)
        cursor, found = page.cursor, [*found, *texts(page)]
        if not page.more:
            break
    assert {words for words in found if words != "aurelia"} == {f"answer {number}" for number in range(390)}
    assert not page.more


async def test_a_site_that_knows_nothing_at_all_is_not_believed(rig: StackOverflowRig) -> None:
    ids = ["question-79000001", "answer-79000002"]
    assert all(isinstance(one, Tombstone) for one in await rig.source.verify(ids, FREE))
    rig.newest = 1_900_000
    with pytest.raises(Transient, match="site"):
        await rig.source.verify(ids, FREE)


async def test_what_we_ask_ourselves_never_comes_back(rig: StackOverflowRig) -> None:
    source = rig.made(account="7")
    rig.publish(1, "aurelia")
    assert (await source.poll(None, 10, SEARCH)).items == ()


async def test_a_broken_item_costs_itself_alone_and_once(rig: StackOverflowRig) -> None:
    rig.publish(1, "aurelia 1")
    await rig.spoil()
    rig.publish(3, "aurelia 3", owner=["x"], tags="lamp", score="many", creation_date="soon")
    page = await rig.source.poll(None, 10, SEARCH)
    assert [type(item) for item in page.items] == [RawMention, Broken, RawMention]
    assert (await rig.source.poll(page.cursor, 10, SEARCH)).items == ()


async def test_verify_asks_for_all_at_once(rig: StackOverflowRig) -> None:
    rig.publish(1, "aurelia")
    rig.publish(2, "aurelia")
    rig.answer(10, 1, "aurelia")
    before = mentions(await rig.source.poll(None, 10, SEARCH))
    del rig.questions[2]
    asked = len(rig.server.seen)
    found = await rig.source.verify(["question-1", "question-2", "answer-10", "answer-11", "other"], FREE)
    gone = [one.native_id for one in found if isinstance(one, Tombstone)]
    assert gone == ["question-2", "answer-11"]
    assert [one for one in found if isinstance(one, RawMention)] == [
        one for one in before if one.native_id in ("question-1", "answer-10")
    ]
    assert len(rig.server.seen) == asked + 2


async def test_a_person_answers_by_link(rig: StackOverflowRig) -> None:
    rig.publish(1, "aurelia")
    (raw,) = mentions(await rig.source.poll(None, 10, SEARCH))
    way = rig.source.can_reply(stored(raw))
    assert isinstance(way, ByLink)
    assert way.url == "https://stackoverflow.com/q/1"


async def test_the_requests_of_a_day_are_spread_over_it(rig: StackOverflowRig) -> None:
    rig.left = 300
    rig.source.plan(wanting("aurelia", "heron"))
    page = await rig.source.poll(None, 10, SEARCH)
    assert page.not_before is not None
    assert timedelta(minutes=9) < page.not_before - NOW < timedelta(minutes=12)
    rig.left = 10_000
    page = await rig.source.poll(None, 10, SEARCH)
    assert page.not_before is not None
    assert page.not_before - NOW < timedelta(seconds=30)


async def test_when_the_day_is_used_up_nothing_is_asked_before_midnight(rig: StackOverflowRig) -> None:
    rig.left = 1
    midnight = NOW.replace(hour=0) + timedelta(days=1)
    page = await rig.source.poll(None, 10, SEARCH)
    assert page.not_before == midnight
    asked = len(rig.server.seen)
    assert (await rig.source.poll(page.cursor, 10, SEARCH)).not_before == midnight
    with pytest.raises(RateLimited):
        await rig.source.verify(["question-1"], FREE)
    assert len(rig.server.seen) == asked


async def test_a_pause_that_it_asks_for_is_kept(rig: StackOverflowRig) -> None:
    rig.backoff = 1_200
    for number in range(3):
        rig.publish(number, f"aurelia {number}")
    page = await rig.source.poll(None, 2, SEARCH)
    assert (texts(page), page.more) == (["aurelia 0", "aurelia 1"], False)
    assert page.not_before == NOW + timedelta(seconds=1_200)
    asked = len(rig.server.seen)
    again = await rig.source.poll(page.cursor, 2, SEARCH)
    assert (again.items, again.not_before, again.cursor) == ((), page.not_before, page.cursor)
    assert len(rig.server.seen) == asked
    rig.now = NOW + timedelta(seconds=1_201)
    assert texts(await rig.source.poll(page.cursor, 2, SEARCH)) == ["aurelia 2"]


@pytest.mark.parametrize(
    ("number", "words", "error"),
    [
        (502, "too many requests from this IP, more requests available in 90 seconds", RateLimited),
        (400, "q", BadQuery),
        (400, "`key` doesn't match a known application", SignInFailed),
        (400, "No site found for name `x`", BadSource),
        (403, "access denied", SignInFailed),
        (404, "no method found with this name", BadSource),
        (500, "oops", Transient),
        (503, "simulating an outage", Transient),
    ],
)
async def test_errors_are_told_by_their_number(
    rig: StackOverflowRig, number: int, words: str, error: type[Exception]
) -> None:
    body = json.dumps({"error_id": number, "error_message": words}).encode()
    rig.server.say("/search/advanced", body, status=400)
    rig.secrets = {"STACKEXCHANGE_KEY": "k-1"}
    with pytest.raises(error) as caught:
        await rig.made().poll(None, 10, SEARCH)
    assert "k-1" not in str(caught.value)
    assert rig.server.seen[-1].query["key"] == "k-1"
    if isinstance(caught.value, RateLimited):
        assert caught.value.until == NOW + timedelta(seconds=90)


async def test_an_outage_and_nonsense_are_asked_again(rig: StackOverflowRig) -> None:
    for status, body in ((500, b""), (502, b"<html>"), (503, b""), (200, b"<html>"), (200, b'{"items": 5}')):
        rig.server.say("/search/advanced", body, status=status)
        with pytest.raises(Transient):
            await rig.source.poll(None, 10, SEARCH)
    rig.fail(Fault.SIGN_IN)
    with pytest.raises(SignInFailed):
        await rig.source.verify(["question-1"], FREE)


async def test_check_says_how_much_is_left(rig: StackOverflowRig) -> None:
    told = await rig.source.check()
    assert told.startswith("stackoverflow.com can be read without a key; STACKEXCHANGE_KEY in .env allows more;")
    assert told.endswith("299 requests are left today.")


@pytest.mark.parametrize("told", [{"site": "a b"}, {"tags": ["x;y"]}])
async def test_a_name_that_is_none_is_refused(rig: StackOverflowRig, told: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        rig.made(**told)
