"""Reading X: nothing is lost, nothing is asked for twice, and each trouble has its name."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from bot import registry
from bot.sources.x.wire import Wire
from handlers.ports import (
    BadQuery,
    BadSource,
    Broken,
    Can,
    RateLimited,
    SignInFailed,
    SourceError,
    Tombstone,
    Transient,
)
from handlers.rules.policy import SourceEntry
from storage.errors import ConfigError
from storage.types import RawMention
from tests.bot.sources.feedserver import fetching, tools
from tests.x.kit import NOON, SECRETS, Desk, desk, texts, wanted


def write_many(at: Desk, count: int, words: str = "heron") -> list[str]:
    """One a second, the last of them now."""
    for number in range(count):
        at.fake.write(f"{words} {number}", f"user{number % 3}", when=at.clock() - timedelta(seconds=count - number))
    return [f"{words} {number}" for number in range(count)]


async def test_a_search_gives_everything_once_oldest_first_over_many_pages() -> None:
    async with desk() as at:
        told = write_many(at, 250)
        items, cursor = await at.read(at.search())
        assert texts(items) == told
        assert (await at.read(at.search(), cursor))[0] == []
        at.fake.write("heron, later")
        assert texts((await at.read(at.search(), cursor))[0]) == ["heron, later"]


@pytest.mark.parametrize("limit", [1, 7, 100])
async def test_a_lost_cursor_repeats_and_never_skips(limit: int) -> None:
    async with desk() as at:
        told = write_many(at, 130)
        first = await at.source.poll(None, limit, at.search(), at.till)
        again = await at.source.poll(None, limit, at.search(), at.till)
        assert first.items == again.items
        at.source._pages._held.clear()  # the program was started anew
        rest, _ = await at.read(at.search(), first.cursor, limit)
        assert texts([*first.items, *rest]) == told


async def test_more_than_may_be_read_at_once_comes_in_turns_and_all_of_it() -> None:
    async with desk(most_per_poll=100) as at:
        told = write_many(at, 330)
        items, cursor = await at.read(at.search())
        assert sorted(texts(items)) == sorted(told)
        assert (await at.read(at.search(), cursor))[0] == []


async def test_a_walk_that_breaks_off_gives_what_it_has_and_reads_the_rest_later() -> None:
    async with desk() as at:
        told = write_many(at, 250)
        at.fake.faults = ["", "too many"]
        page = await at.source.poll(None, 500, at.search(), at.till)
        assert texts(list(page.items)) == told[150:]
        assert page.more
        at.source._pages._held.clear()
        rest, cursor = await at.read(at.search(), page.cursor)
        assert sorted(texts([*page.items, *rest])) == sorted(told)
        assert (await at.read(at.search(), cursor))[0] == []


async def test_what_x_finds_late_is_read_all_the_same_and_nothing_twice() -> None:
    async with desk() as at:
        cursor, found, told = None, [], []
        for number in range(30):
            now = at.clock()
            for ago in (100, 5) if number else (5,):  # the first of them was not there to be found a minute ago
                told.append(f"heron {number}, {ago} s ago")
                at.fake.write(told[-1], when=now - timedelta(seconds=ago))
            items, cursor = await at.read(at.search(), cursor, limit=1 + number % 3)
            found += texts(items)
            at.source._pages._held.clear()
            at.clock.pass_by(seconds=60)
        assert sorted(found) == sorted(told)
        assert at.till.today == at.fake.billed_today() == len(told) * 5_000 + 10_000
        assert cursor is not None
        assert len(cursor) < 500


async def test_what_is_late_at_the_foot_of_a_gap_is_read_with_it() -> None:
    async with desk(most_per_poll=100) as at:
        told = write_many(at, 30)
        _, cursor = await at.read(at.search())
        at.fake.write("heron, late", when=at.clock() - timedelta(seconds=10, milliseconds=500))
        at.clock.pass_by(minutes=5)
        told += write_many(at, 250, "heron then")
        items, cursor = await at.read(at.search(), cursor)
        assert sorted(texts(items)) == sorted(["heron, late", *told[30:]])
        assert (await at.read(at.search(), cursor))[0] == []


async def test_of_a_flood_nothing_is_given_twice() -> None:
    async with desk() as at:
        for number in range(900):
            at.fake.write(f"heron {number}", when=at.clock() - timedelta(milliseconds=100 * (900 - number)))
        items, cursor = await at.read(at.search())
        assert len(set(texts(items))) == len(items) == 900
        assert (await at.read(at.search(), cursor))[0] == []


async def test_an_old_post_is_not_paid_for_each_day_anew() -> None:
    async with desk() as at:
        at.fake.write("heron")
        _, cursor = await at.read(at.search())
        at.clock.pass_by(minutes=10)
        _, cursor = await at.read(at.search(), cursor)
        at.clock.pass_by(days=1)
        assert (await at.read(at.search(), cursor))[0] == []
        assert at.till.today == at.fake.billed_today() == 0


async def test_mentions_are_read_from_their_own_timeline() -> None:
    async with desk("@heronair", search=False) as at:
        at.fake.write("@HeronAir where is my bag?", "nina")
        at.fake.write("nothing for us", "nina")
        assert at.source.plan(at.wanted) == ("mentions",)
        (item,), _ = await at.read("mentions")
        assert isinstance(item, RawMention)
        assert (item.author, item.author_name, item.followers) == ("nina", "Nina", 400)
        assert item.url == f"https://x.com/nina/status/{item.native_id}"
        assert [path for _, path, _ in at.fake.seen].count("/2/users/by/username/heronair") == 1


async def test_the_account_is_looked_up_once_even_over_a_restart() -> None:
    async with desk("@heronair") as at:
        at.fake.write("@heronair hello")
        await at.read("mentions")
        again = registry.build(
            SourceEntry("x", "x", settings={"account": "heronair", "server": at.fake.url}, daily_budget=1.0),
            replace(at.source._tools),
        )
        try:
            await again.poll(None, 10, "mentions", at.till)
        finally:
            await again.close()
        assert [path for _, path, _ in at.fake.seen].count("/2/users/by/username/heronair") == 1


async def test_an_account_that_is_not_there_is_told() -> None:
    async with desk(account="nobodyhere") as at:
        with pytest.raises(BadSource, match="no account @nobodyhere"):
            await at.source.poll(None, 10, "mentions", at.till)


async def test_what_does_not_concern_a_brand_is_not_given_and_its_author_not_looked_up() -> None:
    async with desk('heron "lost bag"', "refund* heron") as at:
        at.fake.write("a heron at the lake", "birder")
        at.fake.write("heron lost bag", "nina")
        items, _ = await at.read(at.search())
        assert texts(items) == ["heron lost bag"]
        asked = [query["ids"] for _, path, query in at.fake.seen if path == "/2/users"]
        assert [at.fake.users[one] for one in asked] == ["nina"]


async def test_an_author_is_looked_up_once_a_day() -> None:
    async with desk() as at:
        at.fake.write("heron one")
        _, cursor = await at.read(at.search())
        at.fake.write("heron two")
        _, cursor = await at.read(at.search(), cursor)
        assert [path for _, path, _ in at.fake.seen].count("/2/users") == 1
        at.clock.pass_by(hours=25)
        at.fake.write("heron three")
        (item,), _ = await at.read(at.search(), cursor)
        assert isinstance(item, RawMention)
        assert item.author == "nina"
        assert [path for _, path, _ in at.fake.seen].count("/2/users") == 2


@pytest.mark.parametrize("asked", ["from:nina", "heron from:nina", "heron min_reach:300", "heron (from:nina OR z)"])
async def test_where_the_author_decides_the_author_is_looked_up_first(asked: str) -> None:
    async with desk(asked) as at:
        at.fake.write("heron from nina", "nina")
        at.fake.write("heron from bo", "bo")
        assert at.source.plan(at.wanted)[0] == "mentions+authors"
        assert texts((await at.read(at.search()))[0]) == ["heron from nina"]


async def test_what_our_own_account_writes_is_left_out() -> None:
    async with desk("heron", "from:heronair") as at:
        at.fake.write("heron says hello", "HeronAir")
        at.fake.write("@heronair heron", "nina")
        for query in at.source.plan(at.wanted):
            assert "heron says hello" not in texts((await at.read(query))[0])


async def test_our_own_posts_are_known_by_their_author_too() -> None:
    async with desk(mentions=False) as at:
        at.fake.write("heron says hello", "HeronAir")
        at.fake.write("heron says nothing", "nina")
        items, cursor = await at.read("search heron")
        assert texts(items) == ["heron says nothing"]
        await at.read("mentions")
        at.clock.pass_by(hours=25)
        at.fake.seen.clear()
        at.fake.write("heron says hello again", "HeronAir")
        assert (await at.read("search heron", cursor))[0] == []
        assert "/2/users" not in [path for _, path, _ in at.fake.seen], "nobody need be asked for"


async def test_broken_posts_cost_themselves_alone() -> None:
    shown = [{"id": "7" * 40, "text": "heron"}, {"text": "heron"}, "no object", {"id": "77", "text": None}, 7]
    async with desk() as at:
        at.fake.write("heron first")
        for one in shown:
            at.fake.spoil(one)  # type: ignore[arg-type]
        at.fake.write("heron last")
        items, cursor = await at.read(at.search())
        assert texts(items) == ["heron first", "heron last"]
        broken = [item for item in items if isinstance(item, Broken)]
        assert len(broken) == len(shown)
        assert all(item.where and item.reason for item in broken)
        assert (await at.read(at.search(), cursor))[0] == []


async def test_a_post_with_unknown_and_senseless_fields_is_read() -> None:
    async with desk() as at:
        odd = {"public_metrics": {"like_count": -1, "retweet_count": 10**30, "reply_count": True}, "lang": "und",
               "entities": [], "referenced_tweets": "x", "new": {"a": [None]}, "created_at": "yesterday"}  # fmt: skip
        at.fake.write("heron &lt;3 \ud800\x00 &amp; more", extra=odd)
        (item,), _ = await at.read(at.search())
        assert isinstance(item, RawMention)
        assert item.text == "heron <3  & more"
        assert (item.likes, item.shares, item.replies, item.lang, item.published_at) == (None, None, None, "", None)


async def test_a_long_post_is_read_whole_and_its_links_are_written_out() -> None:
    note = {"text": f"{'long ' * 80} heron https://t.co/a", "entities": {
        "urls": [{"url": "https://t.co/a", "expanded_url": "https://news.example/heron"}]}}  # fmt: skip
    async with desk() as at:
        at.fake.write("heron, and then it is cut…", extra={"note_tweet": note})
        (item,), _ = await at.read(at.search())
        assert isinstance(item, RawMention)
        assert item.text.endswith("heron https://news.example/heron")


async def test_an_edited_post_is_the_same_mention_with_its_newest_words() -> None:
    async with desk() as at:
        post = at.fake.write("heron befor")
        (before,), cursor = await at.read(at.search())
        newest = at.fake.edit(post, "heron before")
        (after,), _ = await at.read(at.search(), cursor)
        assert isinstance(before, RawMention)
        assert isinstance(after, RawMention)
        assert after.native_id == before.native_id == post.id
        assert after.text == "heron before"
        assert newest.id in after.reply_ref


async def test_since_is_never_sent_empty_and_a_week_old_cursor_starts_anew() -> None:
    async with desk() as at:
        assert (await at.read(at.search()))[0] == []
        at.fake.write("heron one")
        _, cursor = await at.read(at.search())
        at.clock.pass_by(days=9)
        at.fake.write("heron nine days later")
        assert texts((await at.read(at.search(), cursor))[0]) == ["heron nine days later"]
        assert all(query.get("since_id", "1").isdigit() for _, _, query in at.fake.seen)


async def test_after_a_long_pause_everything_that_x_still_has_is_read() -> None:
    async with desk() as at:
        at.fake.write("heron one")
        _, cursor = await at.read(at.search())
        at.clock.pass_by(days=9)
        for days in (6, 3, 0):
            moment = at.clock() - timedelta(days=days)
            at.fake.write(f"heron {days} days ago", when=moment, at=moment)
        told = ["heron 6 days ago", "heron 3 days ago", "heron 0 days ago"]
        assert texts((await at.read(at.search(), cursor))[0]) == told


async def test_x_may_find_a_cursor_too_old_that_we_do_not() -> None:
    async with desk() as at:
        at.fake.write("heron one", when=NOON - timedelta(hours=2))
        _, cursor = await at.read(at.search())
        at.clock.pass_by(days=6, hours=23)
        at.fake.write("heron later")
        at.fake.now = lambda: at.clock() + timedelta(hours=12)  # its clock is ahead of ours
        assert texts((await at.read(at.search(), cursor))[0]) == ["heron later"]


async def test_the_first_poll_looks_back_only_as_far_as_the_team_wants() -> None:
    async with desk(look_back="2h") as at:
        at.fake.write("heron old", when=NOON - timedelta(hours=3), at=NOON - timedelta(hours=3))
        at.fake.write("heron young", when=NOON - timedelta(hours=1), at=NOON - timedelta(hours=1))
        page = await at.source.poll(None, 100, at.search(), at.till)
        assert texts(list(page.items)) == ["heron young"]
        assert page.is_backlog


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        ("sign in", SignInFailed, "key"),
        ("forbidden", SignInFailed, "not attached"),
        ("too many", RateLimited, "left alone"),
        ("too many, no word", RateLimited, "left alone"),
        ("credits", RateLimited, "credits are used up"),
        ("credits, no word", RateLimited, "credits are used up"),
        ("trouble", Transient, "503"),
        ("nonsense", Transient, "cannot be read"),
        ("drop", Transient, "broke off"),
    ],
)
async def test_each_trouble_has_its_error(fault: str, error: type[SourceError], words: str) -> None:
    async with desk() as at:
        at.fake.fault = fault
        with pytest.raises(error, match=words) as raised:
            await at.source.poll(None, 10, at.search(), at.till)
        assert "bearer" not in str(raised.value)
        if isinstance(raised.value, RateLimited):
            assert raised.value.until > at.clock()
        if fault == "too many":
            assert raised.value.until == NOON + timedelta(minutes=10, seconds=1)  # type: ignore[attr-defined]
        if fault == "credits":
            assert raised.value.until > NOON + timedelta(hours=1)  # type: ignore[attr-defined]
        at.fake.fault = ""
        at.fake.write("heron after all")
        assert texts((await at.read(at.search()))[0]) == ["heron after all"]


async def test_a_slow_x_is_given_up() -> None:
    async with desk() as at:
        at.source._client._wire._timeout = Wire("https://x.example", timeout=0.05)._timeout
        at.fake.fault = "slow"
        with pytest.raises(Transient, match="in time"):
            await at.source.poll(None, 10, at.search(), at.till)


async def test_nobody_listens_there() -> None:
    async with desk(server="http://127.0.0.1:9") as at:
        with pytest.raises(Transient, match="cannot be reached"):
            await at.source.poll(None, 10, at.search(), at.till)
        assert at.till.today == 0


async def test_a_query_that_x_refuses_is_a_bad_query() -> None:
    async with desk() as at:
        with pytest.raises(BadQuery, match="does not take this query"):
            await at.source.poll(None, 10, "search (heron OR", at.till)
        with pytest.raises(BadSource):
            await at.source.poll(None, 10, "sarch heron", at.till)


async def test_verify_tells_what_is_gone_hidden_edited_and_there() -> None:
    async with desk() as at:
        there, gone, hidden, silent, flaky, edited, withheld = (at.fake.write(f"heron {n}") for n in range(7))
        ids = [one.id for one in (there, gone, hidden, silent, flaky, edited, withheld)]
        at.fake.delete(gone)
        at.fake.delete(hidden, "protected")
        at.fake.delete(silent, "silent")
        at.fake.delete(flaky, "unavailable")
        at.fake.edit(edited, "heron 5, edited")
        withheld.extra["withheld"] = {"country_codes": ["XX"], "copyright": False}
        told = await at.source.verify([*ids, "no id"], at.till)
        tombs = {item.native_id: item.reason for item in told if isinstance(item, Tombstone)}
        assert set(tombs) == {gone.id, hidden.id, withheld.id}, "what X says nothing of may be there"
        assert "deleted" in tombs[gone.id]
        assert "protected" in tombs[hidden.id]
        assert "withheld" in tombs[withheld.id]
        alive = {item.native_id: item for item in told if isinstance(item, RawMention)}
        assert {one: item.text for one, item in alive.items()} == {there.id: "heron 0", edited.id: "heron 5, edited"}
        assert alive[edited.id].author == "nina", "an edited mention is weighed anew"


async def test_an_answer_that_says_nothing_buries_nobody() -> None:
    async with desk() as at:
        post = at.fake.write("heron")
        at.fake.delete(post, "silent")
        with pytest.raises(Transient):
            await at.source.verify([post.id], at.till)


@pytest.mark.parametrize(
    "told",
    [
        {"errors": [{"title": "Internal Server Error", "type": "about:blank", "status": 500}]},
        {"errors": [{"title": "Forbidden", "type": "https://api.twitter.com/2/problems/client-forbidden"}]},
        {"data": []},
        {"data": None, "errors": []},
        {"data": [{"id": "999", "text": "another"}]},
        {"errors": [{"title": "Not Found Error", "resource_type": "user", "resource_id": "{id}"}]},
    ],
)
async def test_only_what_x_says_of_a_post_itself_is_a_deletion(told: dict[str, object]) -> None:
    async with desk() as at:
        posts = [at.fake.write(f"heron {number}") for number in range(3)]
        at.fake.instead = json.loads(json.dumps(told).replace("{id}", posts[0].id))
        with pytest.raises(Transient):
            await at.source.verify([post.id for post in posts], at.till)


async def test_a_field_that_the_app_may_not_see_is_no_deletion() -> None:
    async with desk() as at:
        post, gone = at.fake.write("heron"), at.fake.write("heron")
        kind = "https://api.twitter.com/2/problems/not-authorized-for-field"
        field = {"title": "Field Authorization Error", "type": kind, "resource_id": post.id, "resource_type": "tweet"}
        missing = {"title": "Not Found Error", "value": gone.id}
        at.fake.instead = {"errors": [field, missing]}
        (tombstone,) = await at.source.verify([post.id, gone.id], at.till)
        assert tombstone == Tombstone(gone.id, "deleted on X")


async def test_after_it_was_closed_nothing_is_asked_any_more() -> None:
    async with desk() as at:
        await at.source.close()
        with pytest.raises(Transient, match="closed"):
            await at.source.poll(None, 10, at.search(), at.till)
        with pytest.raises(Transient, match="closed"):
            await anext(aiter(at.source.stream(at.wanted, None, at.till)))
        assert (at.fake.seen, at.till.today, at.source._client._wire._session) == ([], 0, None)


async def test_check_says_what_is_read_and_costs_nothing() -> None:
    async with desk() as at:
        assert "can be read" in await at.source.check()
        assert at.fake.bill == {}
        at.fake.fault = "forbidden"
        with pytest.raises(SignInFailed):
            await at.source.check()


@pytest.mark.parametrize(
    ("settings", "secrets", "words"),
    [
        ({"account": "not a handle"}, SECRETS, "account"),
        ({}, {}, "X_BEARER_TOKEN is not in .env"),
        ({}, {one: value for one, value in SECRETS.items() if one != "X_ACCESS_SECRET"}, "X_ACCESS_SECRET is not"),
        ({"server": "http://api.x.example"}, SECRETS, "https"),
        ({"look_back": "8d"}, SECRETS, "look_back"),
        ({"most_per_poll": 5}, SECRETS, "most_per_poll"),
        ({"price_user": -1.0}, SECRETS, "negative"),
    ],
)
async def test_mistakes_in_the_file_are_told(settings: dict[str, object], secrets: dict[str, str], words: str) -> None:
    async with fetching() as fetch:
        entry = SourceEntry("x", "x", settings={"account": "heronair", **settings}, daily_budget=1.0)
        with pytest.raises(ConfigError, match=words):
            registry.build(entry, tools(fetch, secrets))


async def test_it_does_not_run_without_a_budget() -> None:
    async with fetching() as fetch:
        with pytest.raises(ConfigError, match="daily_budget"):
            registry.build(SourceEntry("x", "x", settings={"account": "heronair"}), tools(fetch, SECRETS))


async def test_what_it_can_do_follows_from_how_it_is_set_up() -> None:
    async with desk(keys=False) as plain, desk(stream=True) as full:
        assert plain.source.can == Can.VERIFY
        assert full.source.can == Can.VERIFY | Can.REPLY | Can.STREAM
        assert plain.source.weekly(1_000).money == 15_000_000 + 9 * 5_000_000, "nine looks at each"
        await asyncio.sleep(0)


async def test_a_stream_alone_has_its_search_too() -> None:
    async with desk(search=False, stream=True, mentions=False) as at:
        assert at.source.plan(wanted("heron")) == ("search heron -is:retweet -from:heronair",)
