from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from bot.sources import hackernews
from handlers.ports import FREE, BadQuery, Broken, ByLink, Page, RateLimited, Tombstone, Transient
from storage.types import RawMention
from tests.bot.sources.engines import engine, read_all, stored, texts, wanting
from tests.bot.sources.feedserver import NOW
from tests.bot.sources.rigs import Fault
from tests.bot.sources.rigs.hackernews import HackerNewsRig

NOON = int(NOW.timestamp())


@pytest.fixture
async def rig() -> AsyncIterator[HackerNewsRig]:
    async with engine(HackerNewsRig) as made:
        yield made


def only(page: Page) -> RawMention:
    (item,) = page.items
    assert isinstance(item, RawMention)
    return item


@pytest.mark.parametrize(
    ("expression", "queries"),
    [
        ("aurelia -refund lang:en", ("aurelia",)),
        ('aurelia OR "desk lamp" OR l’oréal', ("aurelia", '"desk lamp"', '"l\'oréal"')),
        ("aurelia refund*", ("aurelia",)),
        ("refund*", ("refund",)),
        ('from:mia "-x"', ('mia "-x"',)),
        ("aurelia OR url:aurelia.example OR url:aurelia.example/shop", ("aurelia",)),
        ("aurelia source:news", ()),
    ],
)
async def test_queries_are_asked_in_its_own_words(
    rig: HackerNewsRig, expression: str, queries: tuple[str, ...]
) -> None:
    assert rig.source.plan(wanting(expression)) == queries


async def test_what_has_no_word_is_refused_by_name(rig: HackerNewsRig) -> None:
    with pytest.raises(BadQuery, match=r'"q1" of Aurelia.*word'):
        rig.source.plan(wanting("aurelia", "url:news.ycombinator.com"))


async def test_stories_and_comments_become_mentions(rig: HackerNewsRig) -> None:
    rig.publish(7, "My <b>Aurelia</b> broke", story_title="Lamps & co")
    story = {"comment_text": None, "parent_id": None, "story_title": None}
    rig.publish(8, "", **story, title="Aurelia is new", url="https://aurelia.example/", points=41, num_comments=3)
    rig.publish(9, "", **story, title="Ask HN: Aurelia?", story_text="Does it<p>work?", points=2)
    page = await rig.source.poll(None, 10, "aurelia")
    comment, link, ask = [item for item in page.items if isinstance(item, RawMention)]
    assert (comment.text, comment.title, comment.author) == ("My Aurelia broke", "Lamps & co", "mia")
    assert comment.url == "https://news.ycombinator.com/item?id=7"
    assert (link.text, link.title, link.likes, link.replies) == ("Aurelia is new", "", 41, 3)
    assert link.extra == {"link": "https://aurelia.example/"}
    assert (ask.title, ask.text) == ("Ask HN: Aurelia?", "Does it\nwork?")


async def test_everything_in_a_long_backlog_is_given_once_oldest_first(
    rig: HackerNewsRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hackernews, "MOST", 20)
    moments = [NOON - 6 * 86_400 + n // 3 for n in range(45)] + [NOON - 2_000 + 30 * n for n in range(45)]
    for number, moment in enumerate(moments):
        rig.publish(number, f"aurelia {number}", moment)
    found, cursor = await read_all(rig.source, "aurelia", limit=15)
    assert found == [f"aurelia {number}" for number in range(90)]
    assert len(cursor) < 2_000
    assert (await read_all(rig.source, "aurelia", cursor))[0] == []


async def test_more_than_one_answer_holds_within_a_second_does_not_stop_it(
    rig: HackerNewsRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hackernews, "MOST", 5)
    for number in range(9):
        rig.publish(number, f"aurelia {number}", NOON - 50)
    rig.publish(10, "aurelia 10", NOON - 40)
    found, _ = await read_all(rig.source, "aurelia", limit=2)
    assert len(found) == 6
    assert found[-1] == "aurelia 10"


async def test_what_is_indexed_late_is_given_all_the_same(rig: HackerNewsRig) -> None:
    rig.publish(1, "aurelia now", NOON - 30)
    page = await rig.source.poll(None, 10, "aurelia")
    rig.publish(2, "aurelia late", NOON - 500)
    assert texts(await rig.source.poll(page.cursor, 10, "aurelia")) == ["aurelia late"]


async def test_a_wrong_clock_on_either_side_hides_nothing(rig: HackerNewsRig) -> None:
    rig.publish(1, "aurelia from the future", NOON + 9 * 86_400)
    rig.now = NOW + timedelta(days=3)
    page = await rig.source.poll(None, 10, "aurelia")
    rig.now = NOW
    rig.publish(2, "aurelia today", NOON + 3 * 86_400 - 60)
    assert texts(await rig.source.poll(page.cursor, 10, "aurelia")) == ["aurelia today"]
    quiet = await rig.source.poll(None, 10, "plover")
    rig.now = NOW + timedelta(days=30)
    page = await rig.source.poll(quiet.cursor, 10, "plover")
    rig.publish(3, "plover", NOON + 60)
    assert texts(await rig.source.poll(page.cursor, 10, "plover")) == ["plover"]


async def test_an_edit_is_given_again_as_the_same_mention(rig: HackerNewsRig) -> None:
    await rig.give(1)
    first = await rig.source.poll(None, 10, "aurelia")
    await rig.edit(1, "The Aurelia lamp burns.")
    again = await rig.source.poll(first.cursor, 10, "aurelia")
    assert (only(again).text, only(again).native_id) == ("The Aurelia lamp burns.", only(first).native_id)


@pytest.mark.parametrize("hit", [{"objectID": None}, {"objectID": "x"}, {"comment_text": 5, "story_title": None}])
async def test_a_broken_hit_costs_itself_alone_and_once(rig: HackerNewsRig, hit: dict[str, object]) -> None:
    await rig.give(1)
    rig.publish(2, "aurelia", **hit)  # type: ignore[arg-type]
    rig.hits[-1]["title"] = "aurelia" if "comment_text" in hit else None
    await rig.give(3)
    page = await rig.source.poll(None, 10, "aurelia")
    assert [type(item) for item in page.items] == [RawMention, Broken, RawMention]
    assert (await rig.source.poll(page.cursor, 10, "aurelia")).items == ()


async def test_hostile_values_do_no_harm(rig: HackerNewsRig) -> None:
    rig.publish(1, "aurelia \ud800\x00", points=10**30, author={"a": 1}, story_title=["x"])
    mention = only(await rig.source.poll(None, 10, "aurelia"))
    assert (mention.text, mention.likes, mention.author) == ("aurelia", None, "")


async def test_a_hit_without_a_time_is_given_with_its_neighbour(rig: HackerNewsRig) -> None:
    assert hackernews._dated({"objectID": "5", "comment_text": "aurelia", "created_at_i": "soon"}, "en").at == 0


async def test_what_the_team_writes_itself_is_left_out() -> None:
    async with engine(HackerNewsRig, account="@AureliaHQ") as rig:
        rig.publish(1, "aurelia here, sorry", author="aureliahq")
        rig.publish(2, "aurelia is down")
        page = await rig.source.poll(None, 10, "aurelia")
        assert texts(page) == ["aurelia is down"]
        assert (await rig.source.poll(page.cursor, 10, "aurelia")).items == ()


async def test_verify_tells_what_is_gone_and_how_the_rest_is_now(rig: HackerNewsRig) -> None:
    story = {"comment_text": None, "parent_id": None, "story_title": None}
    rig.publish(1, "aurelia", story_title="Lamps")
    rig.publish(2, "", **story, title="Aurelia", points=9, num_comments=4)
    for id_, answer in ((3, None), (4, {"id": 4, "deleted": True}), (5, {"id": 5, "dead": True, "text": "x"})):
        rig.publish(id_, "aurelia")
        rig.dead[id_] = answer
    rig.publish(6, "aurelia")
    rig.hits.pop()
    rig.dead[6] = {"id": 6, "type": "comment", "by": "mia", "time": NOON}
    before = [item for item in (await rig.source.poll(None, 10, "aurelia")).items if item.native_id in ("1", "2")]
    rig.hits[1]["points"] = 120
    found = await rig.source.verify(["1", "2", "3", "4", "5", "6", "no id"], FREE)
    assert found[0] == before[0]
    assert isinstance(found[1], RawMention)
    assert (found[1].text, found[1].likes, found[1].replies) == ("Aurelia", 120, 4)
    assert [item.native_id for item in found[2:] if isinstance(item, Tombstone)] == ["3", "4", "5"]
    assert len(found) == 5


@pytest.mark.parametrize("newest", [b"null", b"900", b"[", b'"x"'])
async def test_a_server_that_knows_nothing_at_all_is_not_believed(rig: HackerNewsRig, newest: bytes) -> None:
    for number in range(1_000, 1_005):
        rig.server.say(f"/v0/item/{number}.json", b"null")
    ids = [str(number) for number in range(1_000, 1_005)]
    assert all(isinstance(one, Tombstone) for one in await rig.source.verify(ids, FREE))
    rig.server.say("/v0/maxitem.json", newest)
    with pytest.raises(Transient, match="item_server"):
        await rig.source.verify(ids, FREE)


async def test_a_comment_whose_words_were_taken_away_is_gone(rig: HackerNewsRig) -> None:
    rig.publish(1, "[flagged]", story_title="aurelia")
    page = await rig.source.poll(None, 10, "aurelia")
    assert [type(item) for item in page.items] == [Tombstone]


async def test_a_person_answers_by_link(rig: HackerNewsRig) -> None:
    await rig.give(1)
    way = rig.source.can_reply(stored(only(await rig.source.poll(None, 10, "aurelia"))))
    assert isinstance(way, ByLink)
    assert way.url == "https://news.ycombinator.com/item?id=1001"


async def test_trouble_has_its_own_words(rig: HackerNewsRig) -> None:
    await rig.give(1)
    for fault, error in ((Fault.TOO_MANY, RateLimited), (Fault.TROUBLE, Transient), (Fault.NONSENSE, Transient)):
        rig.fail(fault)
        with pytest.raises(error):
            await rig.source.poll(None, 10, "aurelia")
        with pytest.raises(error):
            await rig.source.verify(["1001"], FREE)
    rig.fail(None)
    rig.server.say("/api/search_by_date", b'{"message": "hits are out"}')
    with pytest.raises(Transient):
        await rig.source.poll(None, 10, "aurelia")


async def test_check_says_that_it_can_be_read(rig: HackerNewsRig) -> None:
    assert "can be read" in await rig.source.check()
