from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from bot import registry
from bot.fetch import Tools
from bot.sessions import Sessions
from bot.sources import github
from bot.sources.github import comments as github_comments
from handlers.ports import (
    FREE,
    BadQuery,
    BadSource,
    Broken,
    ByApi,
    ByLink,
    Can,
    Page,
    RateLimited,
    ReplyDoubtful,
    ReplyRefused,
    SignInFailed,
    Source,
    Tombstone,
    Transient,
)
from handlers.rules.policy import SourceEntry
from storage.errors import ConfigError
from storage.types import RawMention
from tests.bot.sources.engines import engine, read_all, stored, texts, wanting
from tests.bot.sources.feedserver import NOW
from tests.bot.sources.rigs import Fault
from tests.bot.sources.rigs.github import REPO, GitHubRig

NOON = int(NOW.timestamp())
ISSUES = 'issues "aurelia"'


@pytest.fixture
async def rig() -> AsyncIterator[GitHubRig]:
    async with engine(GitHubRig) as made:
        yield made


def mentions(page: Page) -> list[RawMention]:
    return [item for item in page.items if isinstance(item, RawMention)]


def without_token(rig: GitHubRig, **settings: Any) -> Source:
    rig.secrets = {}
    return rig.made(**settings)


@pytest.mark.parametrize(
    ("expression", "queries"),
    [
        ("aurelia -refund", ('issues "aurelia"', 'discussions "aurelia"')),
        ('@aurelia "desk lamp"', ('issues "aurelia" "desk lamp"', 'discussions "aurelia" "desk lamp"')),
        ("from:mia aurelia", ('issues "aurelia" involves:mia', 'discussions "aurelia" involves:mia')),
        ("aurelia OR url:aurelia.example", ('issues "aurelia"', 'discussions "aurelia"')),
    ],
)
async def test_queries_are_asked_in_its_own_words(rig: GitHubRig, expression: str, queries: tuple[str, ...]) -> None:
    assert rig.source.plan(wanting(expression)) == queries


async def test_what_it_cannot_search_for_is_refused(rig: GitHubRig) -> None:
    for expression in ("refund*", "url:github.com/aurelia"):
        with pytest.raises(BadQuery, match="q0"):
            rig.source.plan(wanting(expression))


async def test_a_search_is_never_longer_than_it_takes(rig: GitHubRig) -> None:
    longest = " ".join(f'"{letter * 60} and more"' for letter in "abcdef")
    assert all(len(query) < 256 for query in rig.source.plan(wanting(longest, "x" * 400)))


async def test_without_a_token_only_issues_are_searched(rig: GitHubRig) -> None:
    source = without_token(rig, repos=["jo/home"])
    assert source.plan(wanting("aurelia")) == (ISSUES, "repo-issues jo/home", "repo-comments jo/home")
    assert source.can is Can.NOTHING
    rig.publish(1, "aurelia")
    rig.comment(5, 1, "aurelia too")
    assert texts(await source.poll(None, 10, ISSUES)) == ["aurelia"]
    assert "Authorization" not in rig.asked("/search/issues")[0].headers
    assert "without a token" in await source.check()


async def test_changes_are_given_once_oldest_first(rig: GitHubRig) -> None:
    for number in range(230):
        rig.publish(number, f"aurelia {number}", NOON - 3_000 + 10 * number)
    found, cursor = await read_all(rig.source, ISSUES, limit=40)
    assert found == [f"aurelia {number}" for number in range(230)]
    assert (await read_all(rig.source, ISSUES, cursor))[0] == []


async def test_more_changes_at_one_time_than_a_page_holds(rig: GitHubRig) -> None:
    for number in range(250):
        rig.publish(number, f"aurelia {number}", NOON - 300)
    found, _ = await read_all(rig.source, ISSUES, limit=40)
    assert sorted(found) == sorted(f"aurelia {number}" for number in range(250))


async def test_a_search_that_gave_up_half_way_is_asked_again_from_the_same_moment(rig: GitHubRig) -> None:
    rig.publish(1, "aurelia 1", NOON - 60)
    rig.is_incomplete = True
    page = await rig.source.poll(None, 10, ISSUES)
    rig.is_incomplete = False
    rig.publish(2, "aurelia 2", NOON - 40_000)
    assert texts(page) == ["aurelia 1"]
    assert not page.more
    assert texts(await rig.source.poll(page.cursor, 10, ISSUES)) == ["aurelia 2"]


async def test_an_issue_says_who_where_and_how_much(rig: GitHubRig) -> None:
    body = "<!-- What happened? -->\r\nMy aurelia\r\nbroke"
    rig.publish(3, body, reactions={"total_count": 4}, user={"login": "robot", "type": "Bot"})
    rig.publish(4, "", title="aurelia?", user=None)
    first, second = mentions(await rig.source.poll(None, 10, ISSUES))
    assert (first.text, first.title, first.likes, first.replies) == ("My aurelia\nbroke", "Help", 4, 0)
    assert (first.author, first.author_name) == ("robot", "robot (bot)")
    assert first.url == "https://github.com/jo/home/issues/3"
    assert (second.text, second.title, second.author) == ("aurelia?", "", "ghost")


async def test_comments_that_concern_us_are_mentions_of_their_own(rig: GitHubRig) -> None:
    rig.source = concerned(rig, lambda raw: "aurelia" in raw.text)
    rig.publish(1, "something else")
    rig.comment(5, 1, "Use an aurelia instead")
    rig.comment(6, 1, "ok")
    page = await rig.source.poll(None, 10, ISSUES)
    assert texts(page) == ["something else", "Use an aurelia instead"]
    assert mentions(page)[1].native_id == "jo/home/issues/comments/5"
    assert mentions(page)[1].url == "https://github.com/jo/home/issues/1#issuecomment-5"
    rig.comment(7, 1, "aurelia again")
    assert "aurelia again" in texts(await rig.source.poll(page.cursor, 10, ISSUES))


async def test_looking_at_comments_has_a_bound(rig: GitHubRig) -> None:
    rig.source = concerned(rig, lambda raw: "aurelia" in raw.text)
    for number in range(1, 26):
        rig.publish(number, "something else")
        rig.comment(100 + number, number, f"aurelia {number}")
    page = await rig.source.poll(None, 100, ISSUES)
    assert len(page.items) == 2 * github_comments.LOOKS
    assert page.more
    rest = await rig.source.poll(page.cursor, 100, ISSUES)
    assert (len(rest.items), rest.more) == (10, False)


def concerned(rig: GitHubRig, concerns: Callable[[RawMention], bool], **settings: Any) -> Source:
    tools = Tools(rig.fetch, lambda: rig.now, rig.secrets, concerns)
    told = {**rig.addresses(), "allow_private": True, **settings}
    return registry.build(SourceEntry("one", "github", settings=told), tools)


async def test_comments_of_last_week_come_with_an_issue_that_changed_yesterday(rig: GitHubRig) -> None:
    hour = 3_600
    for number in range(1, 26):
        rig.publish(number, "aurelia", NOON - 80 * hour + number)
        rig.comment(100 + number, number, f"aurelia {number}", at=NOON - 72 * hour + number)
        rig.issues[number]["updated_at"] = rig.when(NOON - 50 * hour + number * hour)
    found, cursor = await read_all(rig.source, ISSUES)
    assert len([words for words in found if words != "aurelia"]) == 25
    assert (await read_all(rig.source, ISSUES, cursor))[0] == []


@pytest.mark.parametrize("limit", [40, 5_000])
async def test_all_comments_of_a_long_issue_are_given(
    rig: GitHubRig, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(github_comments, "LOOKS", 2)
    rig.publish(1, "first", NOON - 60_000)
    rig.publish(2, "second", NOON - 60_000)
    for number in range(450):
        rig.comment(1_000 + number, 2, f"aurelia {number}", at=NOON - 50_000 + number)
    rig.publish(3, "aurelia last", NOON - 40_000)
    cursor, found = None, []
    for _ in range(20):
        page = await rig.source.poll(cursor, limit, ISSUES)
        cursor, found = page.cursor, [*found, *texts(page)]
        assert len(page.items) <= max(limit + 100, 201)
        if not page.more:
            break
    assert [words for words in found if words != "second"] == [
        *(f"aurelia {number}" for number in range(450)),
        "aurelia last",
    ]
    rig.comment(2_000, 2, "aurelia again")
    assert "aurelia again" in texts(await rig.source.poll(cursor, 1_000, ISSUES))


def test_a_text_of_nothing_but_beginnings_of_comments_takes_no_time() -> None:
    told = github.read_json(github.SAMPLE)["items"][0]
    body = "<!-- a --> b <!-- c -->" + "<!--" * 300_000
    item = github.read_issue({**told, "body": body}).dated.item
    assert isinstance(item, RawMention)
    assert item.text == "b " + "<!--" * 300_000


async def test_what_stands_in_a_private_repository_is_private(rig: GitHubRig) -> None:
    rig.is_private = True
    rig.publish(1, "aurelia")
    rig.comment(5, 1, "aurelia too")
    rig.discuss("D_1", "aurelia", ("DC_1", "aurelia"))
    source = rig.made(repos=[REPO])
    for query in (ISSUES, f"repo-issues {REPO}", f"repo-comments {REPO}", 'discussions "aurelia"'):
        found = mentions(await source.poll(None, 10, query))
        assert found
        assert all(one.private for one in found)
    assert len(rig.asked(f"/repos/{REPO}")) == 1
    ids = ["jo/home/issues/1", "jo/home/issues/comments/5", "D_1", "DC_1"]
    assert [one.private for one in await source.verify(ids, FREE) if isinstance(one, RawMention)] == [True] * 4


async def test_one_repository_that_is_shut_to_the_token_costs_its_comments_alone(rig: GitHubRig) -> None:
    rig.publish(1, "aurelia 1")
    rig.comment(5, 1, "aurelia comment")
    rig.publish(2, "aurelia 2")

    async def shut(request: web.BaseRequest) -> web.StreamResponse:
        return web.json_response({"message": "the organization forbids access"}, status=403)

    rig.serve(f"/repos/{REPO}/issues/1/comments", shut)
    rig.serve(f"/repos/{REPO}/issues/1", shut)
    assert texts(await rig.source.poll(None, 10, ISSUES)) == ["aurelia 1", "aurelia 2"]
    found = await rig.source.verify(["jo/home/issues/1", "jo/home/issues/2"], FREE)
    assert [one.native_id for one in found] == ["jo/home/issues/2"]


async def test_only_what_github_itself_says_is_gone_counts_as_gone(rig: GitHubRig) -> None:
    for number, body in (
        (1, b"<html>no such page</html>"),
        (2, b""),
        (3, b'{"error": "?"}'),
        (4, b'{"message": "Gone"}'),
    ):
        rig.server.say(f"/repos/{REPO}/issues/{number}", body, status=404)
    found = await rig.source.verify([f"jo/home/issues/{number}" for number in range(1, 5)], FREE)
    assert [one.native_id for one in found] == ["jo/home/issues/4"]


async def test_a_limit_over_everything_is_remembered_for_the_other_queries(rig: GitHubRig) -> None:
    rig.server.say("/search/issues", b'{"message": "secondary rate limit"}', status=403, headers={"Retry-After": "60"})
    with pytest.raises(RateLimited):
        await rig.source.poll(None, 10, ISSUES)
    asked = len(rig.server.seen)
    for query in ('issues "lamp"', 'discussions "aurelia"', f"repo-issues {REPO}"):
        assert (await rig.source.poll(None, 10, query)).not_before == NOW + timedelta(seconds=60)
    with pytest.raises(RateLimited):
        await rig.source.verify(["jo/home/issues/1"], FREE)
    assert len(rig.server.seen) == asked


async def test_discussions_and_what_is_said_there(rig: GitHubRig) -> None:
    rig.source = concerned(rig, lambda raw: "aurelia" in raw.text)
    for number in range(30):
        rig.discuss(f"D_{number}", f"aurelia {number}")
    rig.discuss("D_x", "other", ("DC_1", "I like aurelia"), ("DC_2", "me not"))
    found, cursor = await read_all(rig.source, 'discussions "aurelia"', limit=7)
    assert found == [*(f"aurelia {number}" for number in range(30)), "other", "I like aurelia"]
    assert (await read_all(rig.source, 'discussions "aurelia"', cursor))[0] == []


async def test_own_repositories_are_read_whole(rig: GitHubRig) -> None:
    source = rig.made(repos=[REPO])
    rig.publish(1, "It is dark")
    rig.comment(5, 1, "Here too")
    issues, comments = [query for query in source.plan(wanting("aurelia")) if query.startswith("repo-")]
    assert texts(await source.poll(None, 10, issues)) == ["It is dark"]
    assert texts(await source.poll(None, 10, comments)) == ["Here too"]


async def test_what_we_write_ourselves_never_comes_back(rig: GitHubRig) -> None:
    rig.publish(1, "aurelia")
    rig.comment(5, 1, "aurelia says sorry", "aurelia-team")
    rig.publish(2, "aurelia news", user={"login": "aurelia-team"})
    page = await rig.source.poll(None, 10, ISSUES)
    assert texts(page) == ["aurelia"]
    assert (await rig.source.poll(page.cursor, 10, ISSUES)).items == ()


async def test_a_broken_item_costs_itself_alone_and_once(rig: GitHubRig) -> None:
    rig.publish(1, "aurelia 1")
    await rig.spoil()
    rig.publish(3, "aurelia 3", created_at=5, reactions=["x"], comments="many", html_url="javascript:1")
    page = await rig.source.poll(None, 10, ISSUES)
    assert [type(item) for item in page.items] == [RawMention, Broken, RawMention]
    assert (mentions(page)[1].url, mentions(page)[1].published_at) == ("", None)
    assert (await rig.source.poll(page.cursor, 10, ISSUES)).items == ()


async def test_verify_tells_what_is_gone_and_how_the_rest_is_now(rig: GitHubRig) -> None:
    rig.publish(1, "aurelia")
    rig.comment(5, 1, "aurelia")
    rig.publish(2, "aurelia")
    rig.comment(6, 2, "aurelia")
    rig.discuss("D_1", "aurelia", ("DC_1", "aurelia"))
    before = mentions(await rig.source.poll(None, 10, ISSUES))
    talk = mentions(await rig.source.poll(None, 10, 'discussions "aurelia"'))
    del rig.issues[2], rig.comments[6]
    asked = [*(one.native_id for one in before), "D_1", "DC_1", "D_none"]
    found = await rig.source.verify(asked, FREE)
    assert found[:2] == tuple(before[:2])
    assert [one.native_id for one in found if isinstance(one, Tombstone)] == [*asked[2:4], "D_none"]
    assert found[4:6] == tuple(talk)


async def test_a_reply_is_a_comment_by_the_owner_of_the_token() -> None:
    async with engine(GitHubRig, reply=True) as rig:
        rig.publish(1, "aurelia")
        (raw,) = mentions(await rig.source.poll(None, 10, ISSUES))
        mention = stored(raw)
        assert rig.source.can_reply(mention) == ByApi("aurelia-team", 60_000)
        assert await rig.source.find_reply(mention, "Sorry!", "k", NOW - timedelta(hours=1)) is None
        posted = await rig.source.reply(mention, "Sorry!", "k", FREE)
        assert posted.url == "https://github.com/jo/home/issues/1#issuecomment-50001"
        assert await rig.source.find_reply(mention, "Sorry!\n", "k", NOW - timedelta(hours=1)) == posted
        rig.comment(7, 1, "Other", "mia")
        assert await rig.source.find_reply(mention, "Other", "k", NOW - timedelta(hours=1)) is None


@pytest.mark.parametrize(
    ("status", "error"), [(403, ReplyRefused), (404, ReplyRefused), (301, ReplyRefused), (401, SignInFailed)]
)
async def test_a_reply_that_is_not_taken_says_so(status: int, error: type[Exception]) -> None:
    async with engine(GitHubRig, reply=True) as rig:
        rig.publish(1, "aurelia")
        (raw,) = mentions(await rig.source.poll(None, 10, ISSUES))
        rig.status = status
        with pytest.raises(error):
            await rig.source.reply(stored(raw), "Sorry!", "k", FREE)


async def test_nothing_is_posted_as_an_account_that_nobody_knew_of_and_it_is_known_after_a_restart() -> None:
    async with engine(GitHubRig, reply=True) as rig:
        rig.publish(1, "aurelia hums")
        (raw,) = mentions(await rig.source.poll(None, 10, ISSUES))
        kept = Sessions.nowhere()
        tools = Tools(rig.fetch, lambda: NOW, rig.secrets, sessions=kept)
        entry = SourceEntry("one", "github", settings={"allow_private": True, "reply": True, **rig.addresses()})
        started = registry.build(entry, tools)
        with pytest.raises(Transient, match="only now whose token"):
            await started.reply(stored(raw), "Sorry!", "k", FREE)
        assert rig.posted == []
        assert registry.build(entry, tools).can_reply(stored(raw)) == ByApi("aurelia-team", 60_000)


async def test_a_lost_answer_to_a_reply_is_doubtful() -> None:
    async with engine(GitHubRig, reply=True) as rig:
        rig.publish(1, "aurelia")
        (raw,) = mentions(await rig.source.poll(None, 10, ISSUES))
        for status in (500, 502):
            rig.status = status
            with pytest.raises(ReplyDoubtful):
                await rig.source.reply(stored(raw), "Sorry!", "k", FREE)


async def test_where_nobody_can_comment_a_person_gets_the_link(rig: GitHubRig) -> None:
    source = rig.made(reply=True)
    rig.publish(1, "aurelia", locked=True)
    (raw,) = mentions(await source.poll(None, 10, ISSUES))
    assert isinstance(source.can_reply(stored(raw)), ByLink)
    assert isinstance(source.can_reply(stored(replace(raw, reply_ref="[}"))), ByLink)
    assert isinstance(rig.source.can_reply(stored(raw)), ByLink)


@pytest.mark.parametrize(
    ("status", "headers", "error"),
    [
        (401, {}, SignInFailed),
        (403, {}, SignInFailed),
        (403, {"Retry-After": "30"}, RateLimited),
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(NOON + 30)}, RateLimited),
        (429, {}, RateLimited),
        (422, {}, BadQuery),
        (404, {}, BadSource),
        (503, {}, Transient),
    ],
)
async def test_refusals_have_their_own_words(
    rig: GitHubRig, status: int, headers: dict[str, str], error: type[Exception]
) -> None:
    rig.server.say("/search/issues", b'{"message": "no"}', status=status, headers=headers)
    with pytest.raises(error) as caught:
        await rig.source.poll(None, 10, ISSUES)
    assert "t-1" not in str(caught.value)
    if isinstance(caught.value, RateLimited):
        assert caught.value.until == NOW + timedelta(seconds=30 if headers else 60)


async def test_a_secondary_limit_is_told_by_its_words(rig: GitHubRig) -> None:
    rig.server.say("/search/issues", b'{"message": "You have exceeded a secondary rate limit."}', status=403)
    with pytest.raises(RateLimited):
        await rig.source.poll(None, 10, ISSUES)


async def test_when_the_limit_is_used_up_it_waits_by_itself(rig: GitHubRig) -> None:
    rig.publish(1, "aurelia")
    rig.headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(NOON + 30), "X-RateLimit-Resource": "search"}
    page = await rig.source.poll(None, 10, ISSUES)
    assert (texts(page), page.not_before) == (["aurelia"], NOW + timedelta(seconds=30))
    asked = len(rig.asked("/search/issues"))
    assert (await rig.source.poll(page.cursor, 10, ISSUES)).not_before == NOW + timedelta(seconds=30)
    assert len(rig.asked("/search/issues")) == asked
    rig.now = NOW + timedelta(seconds=31)
    await rig.source.poll(page.cursor, 10, ISSUES)
    assert len(rig.asked("/search/issues")) == asked + 1


async def test_discussions_wait_when_they_are_limited(rig: GitHubRig) -> None:
    rig.server.say("/graphql", b'{"errors": [{"type": "RATE_LIMITED"}], "data": null}')
    with pytest.raises(RateLimited):
        await rig.source.poll(None, 10, 'discussions "aurelia"')
    rig.now += timedelta(seconds=61)
    rig.server.say("/graphql", b'{"errors": [{"message": "?"}]}')
    with pytest.raises(Transient):
        await rig.source.poll(None, 10, 'discussions "aurelia"')


async def test_nonsense_is_asked_again(rig: GitHubRig) -> None:
    await rig.source.check()
    rig.fail(Fault.NONSENSE)
    for query in (ISSUES, 'discussions "aurelia"', f"repo-issues {REPO}", f"repo-comments {REPO}"):
        with pytest.raises(Transient):
            await rig.source.poll(None, 10, query)


async def test_an_issue_that_vanishes_between_search_and_look_costs_nothing(rig: GitHubRig) -> None:
    rig.publish(1, "aurelia")
    rig.comment(5, 1, "aurelia")

    async def gone(request: web.BaseRequest) -> web.StreamResponse:
        return web.json_response({"message": "This issue was deleted"}, status=410)

    rig.serve(f"/repos/{REPO}/issues/1/comments", gone)
    assert texts(await rig.source.poll(None, 10, ISSUES)) == ["aurelia"]


@pytest.mark.parametrize("repo", ["aurelia", "a/b/c", "a b/c", "/x", "https://github.com/a/b"])
async def test_a_repository_that_is_none_is_refused(rig: GitHubRig, repo: str) -> None:
    with pytest.raises(ConfigError, match="owner/name"):
        rig.made(repos=[repo])


async def test_replies_need_a_token(rig: GitHubRig) -> None:
    with pytest.raises(ConfigError, match="GITHUB_TOKEN"):
        without_token(rig, reply=True)


async def test_check_names_the_owner_of_the_token(rig: GitHubRig) -> None:
    assert "aurelia-team" in await rig.source.check()
