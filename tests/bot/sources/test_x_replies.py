"""Replies: posted where X allows it, at most once, found again when the answer was lost; else a link."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from handlers.ports import (
    BudgetSpent,
    ByApi,
    ByLink,
    RateLimited,
    ReplyDoubtful,
    ReplyRefused,
    SignInFailed,
    SourceError,
    Transient,
)
from storage.types import Mention, Priority, RawMention
from tests.x.kit import Desk, desk
from tests.x.server import OWN, FakePost

TEXT = "We are sorry & looking for it. Please see https://heron.example/bags"


def stored(raw: RawMention) -> Mention:
    return Mention(
        1, "x", "x", raw.native_id, "Heron Air", "names", raw.text, "", raw.url, raw.author, raw.author_name,
        raw.followers, raw.lang, raw.published_at, datetime(2026, 11, 21, tzinfo=UTC), None, None, None, None, False,
        None, None, "not scored", Priority.NORMAL, (), 1, {}, raw.reply_ref,
    )  # fmt: skip


async def mention_of(at: Desk, post: FakePost) -> Mention:
    at.source._pages._held.clear()
    for query in at.source.plan(at.wanted):
        for item in (await at.read(query))[0]:
            if isinstance(item, RawMention) and item.native_id == post.history[0]:
                return stored(item)
    raise AssertionError("it was not found")


def own_posts(at: Desk) -> list[str]:
    return [post.id for post in at.fake.posts.values() if post.author == OWN]


async def test_who_names_the_account_is_answered_by_us() -> None:
    async with desk() as at:
        mention = await mention_of(at, at.fake.write("@HeronAir my heron bag is lost"))
        assert at.source.can_reply(mention) == ByApi("@heronair", 280)
        before = at.till.today
        posted = await at.source.reply(mention, TEXT, "k", at.till)
        assert own_posts(at) == [posted.native_id]
        assert posted.url == f"https://x.com/heronair/status/{posted.native_id}"
        assert at.till.today - before == 200_000, "an address in it"
        assert at.till.today == at.fake.billed_today()


async def test_a_plain_reply_costs_little() -> None:
    async with desk() as at:
        mention = await mention_of(at, at.fake.write("@heronair my heron bag is lost"))
        before = at.till.today
        await at.source.reply(mention, "We look for it", "k", at.till)
        assert at.till.today - before == 10_000


async def test_who_quotes_us_is_answered_by_us_and_who_quotes_others_is_not() -> None:
    def quoting(handle: str) -> dict[str, object]:
        url = {"url": "https://t.co/q", "expanded_url": f"https://twitter.com/{handle}/status/7"}
        return {"referenced_tweets": [{"type": "quoted", "id": "7"}], "entities": {"urls": [url]}}

    async with desk() as at:
        ours = await mention_of(at, at.fake.write("heron! https://t.co/q", extra=quoting("HeronAir")))
        others = await mention_of(at, at.fake.write("heron? https://t.co/q", extra=quoting("plover")))
        assert isinstance(at.source.can_reply(ours), ByApi)
        assert isinstance(at.source.can_reply(others), ByLink)


async def test_all_others_are_answered_by_a_link() -> None:
    async with desk() as at, desk(keys=False) as without:
        post = at.fake.write("heron is late")
        mention = await mention_of(at, post)
        way = at.source.can_reply(mention)
        assert isinstance(way, ByLink)
        assert way.url == f"https://x.com/intent/post?in_reply_to={post.id}"
        assert "name its account" in way.why
        summoned = await mention_of(without, without.fake.write("@heronair heron is late"))
        way = without.source.can_reply(summoned)
        assert isinstance(way, ByLink)
        assert "keys" in way.why


async def test_the_newest_version_of_an_edited_post_is_answered() -> None:
    async with desk() as at:
        newest = at.fake.edit(at.fake.write("@heronair heron"), "@heronair heron, edited")
        mention = await mention_of(at, newest)
        await at.source.reply(mention, "We look for it", "k", at.till)
        (own,) = own_posts(at)
        assert at.fake.posts[own].extra["referenced_tweets"][0]["id"] == newest.id


@pytest.mark.parametrize("fault", ["lost", "broken", "trouble", "drop"])
async def test_a_lost_answer_is_in_doubt_and_the_reply_is_found_if_it_stands(fault: str) -> None:
    async with desk() as at:
        mention = await mention_of(at, at.fake.write("@heronair my heron bag is lost"))
        at.fake.faults = [fault]
        with pytest.raises(ReplyDoubtful):
            await at.source.reply(mention, TEXT, "k", at.till)
        found = await at.source.find_reply(mention, TEXT, "k", at.clock())
        assert [found.native_id] if found else own_posts(at) == []
        assert bool(found) == (fault in ("lost", "broken"))
        assert at.till.today >= at.fake.billed_today()


async def test_another_reply_of_ours_is_not_taken_for_it() -> None:
    async with desk() as at:
        mention = await mention_of(at, at.fake.write("@heronair my heron bag is lost"))
        other = await mention_of(at, at.fake.write("@heronair my heron bag too", "bo"))
        await at.source.reply(mention, "We look for it", "a", at.till)
        assert await at.source.find_reply(mention, "We are sorry", "b", at.clock()) is None
        assert await at.source.find_reply(other, "We look for it", "c", at.clock()) is None


@pytest.mark.parametrize(
    ("text", "told", "is_it"),
    [
        ("Look at https://heron.example/1", "https://heron.example/1", True),
        ("Look at https://heron.example/1", "https://heron.example/2", False),
        ("Look at https://heron.example/12", "https://heron.example/1", False),
        ("Look at https://Heron.example/.", "https://heron.example", True),
        ("Look at heron.example/1?a=b", "http://heron.example/1?a=b", True),
        ("Look at https://heron.example/caf\xe9", "https://heron.example/caf%C3%A9", True),
    ],
)
async def test_a_reply_with_another_address_is_another_reply(text: str, told: str, is_it: bool) -> None:
    async with desk() as at:
        mention = await mention_of(at, at.fake.write("@heronair my heron bag is lost"))
        posted = await at.source.reply(mention, text, "a", at.till)
        assert posted.native_id is not None
        own = at.fake.posts[posted.native_id]
        own.extra["entities"] = {"urls": [{"url": "https://t.co/x", "expanded_url": told}]}
        own.text = re.sub(r"(?:https?://|heron\.)\S+", "https://t.co/x", own.text)
        found = await at.source.find_reply(mention, text, "a", at.clock())
        assert (found == posted) == is_it


async def test_it_is_found_behind_many_posts_of_ours() -> None:
    async with desk() as at:
        mention = await mention_of(at, at.fake.write("@heronair my heron bag is lost"))
        since = at.clock()
        posted = await at.source.reply(mention, TEXT, "k", at.till)
        for number in range(120):
            at.fake.write(f"offer {number}", "HeronAir")
        assert await at.source.find_reply(mention, TEXT, "k", since) == posted


async def test_too_many_posts_to_be_sure_is_not_none() -> None:
    async with desk() as at:
        mention = await mention_of(at, at.fake.write("@heronair my heron bag is lost"))
        for number in range(500):
            at.fake.write(f"offer {number}", "HeronAir")
        with pytest.raises(Transient):
            await at.source.find_reply(mention, TEXT, "k", at.clock())


async def test_what_x_calls_a_repetition_is_looked_for() -> None:
    async with desk() as at:
        mention = await mention_of(at, at.fake.write("@heronair my heron bag is lost"))
        other = await mention_of(at, at.fake.write("@heronair my heron bag too", "bo"))
        posted = await at.source.reply(mention, TEXT, "k", at.till)
        assert await at.source.reply(mention, TEXT, "k", at.till) == posted, "the attempt before has posted it"
        with pytest.raises(ReplyRefused, match="repetition"):
            await at.source.reply(other, TEXT, "l", at.till)
        assert own_posts(at) == [posted.native_id]


async def test_x_says_no_to_who_did_not_summon_and_to_what_is_gone() -> None:
    async with desk() as at:
        post = at.fake.write("@heronair my heron bag")
        mention = await mention_of(at, post)
        post.text = "my heron bag"
        with pytest.raises(ReplyRefused, match=r"x\.com/intent/post"):
            await at.source.reply(mention, TEXT, "k", at.till)
        at.fake.delete(post)
        with pytest.raises(ReplyRefused, match="deleted"):
            await at.source.reply(mention, TEXT, "k", at.till)
        assert at.till.today == at.fake.billed_today()


@pytest.mark.parametrize(
    ("fault", "error"), [("too many", RateLimited), ("credits", RateLimited), ("sign in", SignInFailed)]
)
async def test_what_was_certainly_not_posted_has_its_error(fault: str, error: type[SourceError]) -> None:
    async with desk() as at:
        mention = await mention_of(at, at.fake.write("@heronair my heron bag"))
        at.fake.fault = fault
        with pytest.raises(error):
            await at.source.reply(mention, TEXT, "k", at.till)
        assert own_posts(at) == []


async def test_keys_that_do_not_fit_are_told() -> None:
    async with desk() as at:
        mention = await mention_of(at, at.fake.write("@heronair my heron bag"))
        calls = at.source._client._calls
        calls.keys = type(calls.keys)("key-of-the-app", "another", f"{OWN}-token-of-the-account", "another")
        with pytest.raises(SignInFailed) as raised:
            await at.source.reply(mention, TEXT, "k", at.till)
        assert "another" not in str(raised.value)


@pytest.mark.parametrize(("token", "words"), [("77-token", "account 77"), ("token", "name no account")])
async def test_with_the_keys_of_another_account_nothing_is_posted(token: str, words: str) -> None:
    async with desk(access_key=token) as at:
        mention = await mention_of(at, at.fake.write("@heronair my heron bag"))
        with pytest.raises(SignInFailed, match=words):
            await at.source.reply(mention, TEXT, "k", at.till)
        with pytest.raises(SignInFailed, match=words):
            await at.source.check()
        assert own_posts(at) == []
        assert "/2/tweets" not in [path for method, path, _ in at.fake.seen if method == "POST"]


async def test_an_account_that_is_not_there_posts_nothing() -> None:
    async with desk(mentions=False, account="nobodyhere") as at:
        with pytest.raises(ReplyRefused, match="no account"):
            await at.source.reply(stored(RawMention("1", "heron")), TEXT, "k", at.till)


async def test_a_text_that_x_finds_too_long_is_not_sent() -> None:
    async with desk() as at:
        mention = await mention_of(at, at.fake.write("@heronair my heron bag"))
        with pytest.raises(ReplyRefused, match="282 characters, which are 2 too many"):
            await at.source.reply(mention, "鷺" * 141, "k", at.till)
        await at.source.reply(mention, "鷺" * 140, "k", at.till)


async def test_a_reply_without_money_is_not_posted() -> None:
    async with desk() as at:
        mention = await mention_of(at, at.fake.write("@heronair my heron bag"))
        at.till.limit = at.till.today + 150_000
        with pytest.raises(BudgetSpent):
            await at.source.reply(mention, TEXT, "k", at.till)
        assert own_posts(at) == []


async def test_nothing_is_looked_for_before_anybody_said_what_it_may_cost() -> None:
    async with desk() as at:
        mention = stored(RawMention("1", "heron"))
        with pytest.raises(Transient):
            await at.source.find_reply(mention, TEXT, "k", at.clock() - timedelta(hours=1))
        assert at.fake.bill == {}
