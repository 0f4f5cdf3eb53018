"""The Mastodon source against a server that behaves as Mastodon does."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.fetch import Fetch, Tools
from bot.sessions import Sessions
from bot.sources.mastodon import MastodonSource, Settings, build
from handlers.ports import (
    FREE,
    ByApi,
    ByLink,
    Can,
    Item,
    Mark,
    ReplyRefused,
    SignInFailed,
    Tombstone,
    Transient,
    Wanted,
)
from handlers.rules.query import parse
from handlers.rules.text import from_html
from storage.errors import ConfigError
from storage.types import Mention, Priority, RawMention
from tests.bot.sources.feedserver import NOW, fetching, tools
from tests.bot.sources.mastodonserver import TOKENS, Mock, mock

SECRETS = {"MASTODON_TOKEN": TOKENS["aurelia"]}
LEARNED = Sessions.nowhere()  # of the account, which is the same for all tests


@pytest.fixture
def server() -> Iterator[Mock]:
    started = mock()
    started.reset()
    yield started
    started.fail(None)


@pytest.fixture
async def fetch() -> AsyncIterator[Fetch]:
    async with fetching() as made:
        yield made


def source_of(server: Mock, fetch: Fetch, kept: Tools | None = None, **settings: Any) -> MastodonSource:
    told = Settings(server.url, allow_private=True, **settings)
    made = build("mastodon", told, kept or replace(tools(fetch, SECRETS), sessions=LEARNED))
    assert isinstance(made, MastodonSource)
    return made


def wanted(*expressions: str) -> tuple[Wanted, ...]:
    return tuple(Wanted("aurelia", f"q{n}", parse(expression)) for n, expression in enumerate(expressions))


def offline(secrets: Mapping[str, str] = SECRETS) -> Tools:
    return Tools(Fetch(lambda: NOW), lambda: NOW, secrets)


def stored(raw: RawMention) -> Mention:
    """A mention as it comes back from the store."""
    return Mention(
        id=1, source="mastodon", kind="mastodon", native_id=raw.native_id, brand="aurelia", query="name", text=raw.text,
        title=raw.title, url=raw.url, author=raw.author, author_name=raw.author_name, followers=raw.followers,
        lang=raw.lang, published_at=raw.published_at, seen_at=NOW, likes=raw.likes, shares=raw.shares,
        replies=raw.replies, stars=None, private=raw.private, reach=None, sentiment=None, label="not scored",
        priority=Priority.NORMAL, reasons=(), case_id=1, extra=raw.extra, reply_ref=raw.reply_ref,
    )  # fmt: skip


def words(items: Sequence[Item]) -> list[str]:
    return [item.text for item in items if isinstance(item, RawMention)]


async def the_mention(source: MastodonSource) -> RawMention:
    """The newest mention of the account."""
    found = (await source.poll(None, 100)).items[-1]
    assert isinstance(found, RawMention)
    return found


async def test_a_mention_is_read_with_its_numbers(server: Mock, fetch: Fetch) -> None:
    post = server.write("grace", "@aurelia it hums & hums", language="en-GB", spoiler_text="Lamps")
    server.do("alan", "favourite", post)
    server.do("alan", "reblog", post)
    server.write("alan", "so it does", in_reply_to_id=post)
    found = await the_mention(source_of(server, fetch))
    assert (found.native_id, found.text, found.title) == (post, "@aurelia it hums & hums", "Lamps")
    assert (found.likes, found.shares, found.replies, found.followers) == (1, 1, 1, 0)
    assert (found.author, found.author_name, found.lang, found.private) == ("grace", "Grace", "en", False)
    assert found.url.endswith(f"/@grace/{post}")
    assert found.published_at is not None
    assert found.published_at.tzinfo is UTC


@pytest.mark.parametrize(("visibility", "is_private"), [("unlisted", False), ("private", True)])
async def test_what_few_can_read_is_private(server: Mock, fetch: Fetch, visibility: str, is_private: bool) -> None:
    server.write("grace", "@aurelia psst", visibility=visibility)
    assert (await the_mention(source_of(server, fetch))).private is is_private


async def test_only_posts_of_others_are_mentions(server: Mock, fetch: Fetch) -> None:
    own = server.write("aurelia", "our #lamps shine, says @aurelia")
    server.do("grace", "favourite", own)
    server.do("grace", "reblog", own)
    server.write("grace", "my #lamps too")
    source = source_of(server, fetch)
    assert (await source.poll(None, 100, "notifications")).items == ()
    assert words((await source.poll(None, 100, "tag lamps")).items) == ["my #lamps too"]


async def test_pages_go_forward_from_the_bookmark(server: Mock, fetch: Fetch) -> None:
    source = source_of(server, fetch)
    for number in range(3):
        server.write("grace", f"@aurelia {number}")
    first = await source.poll(None, 100)
    assert (words(first.items), first.is_backlog, first.more) == ([f"@aurelia {n}" for n in range(3)], True, False)
    for number in range(3, 8):
        server.write("grace", f"@aurelia {number}")
    cursor, seen, is_more = first.cursor, [], True
    while is_more:
        page = await source.poll(cursor, 3)
        assert not page.is_backlog
        cursor, is_more = page.cursor, page.more
        seen += words(page.items)
    assert seen == [f"@aurelia {n}" for n in range(3, 8)]


async def test_the_first_mention_of_a_silent_account_is_no_backlog(server: Mock, fetch: Fetch) -> None:
    source = source_of(server, fetch)
    empty = await source.poll(None, 100)
    server.write("grace", "@aurelia hello")
    page = await source.poll(empty.cursor, 100)
    assert (words(page.items), page.is_backlog) == (["@aurelia hello"], False)


async def test_a_search_gives_each_post_once(server: Mock, fetch: Fetch) -> None:
    source = source_of(server, fetch, search=True)
    for number in range(5):
        server.write("grace", f"lamp {number}")
    first = await source.poll(None, 3, "search lamp")
    second = await source.poll(first.cursor, 3, "search lamp")
    assert words([*first.items, *second.items]) == [f"lamp {n}" for n in range(5)]
    assert (first.more, second.more, second.is_backlog) == (True, False, True)
    server.write("grace", "lamp 5")
    third = await source.poll(second.cursor, 3, "search lamp")
    assert (words(third.items), third.is_backlog) == (["lamp 5"], False)
    assert (await source.poll(third.cursor, 3, "search lamp")).items == ()


def test_the_plan_names_hashtags_and_searches() -> None:
    source = build("mastodon", Settings("https://m.example", tags=("Lamps", "#aurelia"), search=True), offline())
    asked = wanted('("lost bag" OR refund*) @aurelia', "#Glow -#spam", "flicker source:blog")
    assert source.plan(asked) == (
        *("notifications", "tag lamps", "tag aurelia", "tag glow"),
        *('search "lost bag" aurelia', "search aurelia", "search Glow"),
    )
    assert source.plan(asked) == source.plan(asked)


@pytest.mark.parametrize(
    ("settings", "secrets", "says"),
    [
        (Settings("mastodon.example"), SECRETS, "server"),
        (Settings("http://mastodon.example"), SECRETS, "server"),
        (Settings("https://a:b@mastodon.example"), SECRETS, "server"),
        (Settings("https://mastodon.example", tags=("two words",)), SECRETS, "tags"),
        (Settings("https://mastodon.example", stream=False, public=True), SECRETS, "public"),
        (Settings("https://mastodon.example"), {}, "MASTODON_TOKEN"),
        (Settings("https://mastodon.example", token_env="OTHER_TOKEN"), SECRETS, "OTHER_TOKEN"),
    ],
)
def test_what_cannot_work_is_said_at_the_start(settings: Settings, secrets: dict[str, str], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        build("mastodon", settings, offline(secrets))


async def test_the_account_is_learned_once_and_kept(server: Mock, fetch: Fetch, tmp_path: Path) -> None:
    server.write("grace", "@aurelia hello")
    kept = replace(tools(fetch, SECRETS), sessions=Sessions(tmp_path))
    mention = stored(await the_mention(source_of(server, fetch, kept)))
    server.fail({"type": "status", "status": 500}, path="/api/v1/accounts/verify_credentials")
    again = source_of(server, fetch, kept)
    assert again.can_reply(mention) == ByApi("@aurelia@mock.local", 500 - len("@grace "))
    assert words((await again.poll(None, 9)).items) == ["@aurelia hello"]
    other = replace(kept, secrets={"MASTODON_TOKEN": TOKENS["alan"]})
    with pytest.raises(Transient):
        await source_of(server, fetch, other).poll(None, 9)


async def test_a_token_of_another_account_is_refused(server: Mock, fetch: Fetch) -> None:
    with pytest.raises(SignInFailed, match=r"@aurelia@mock\.local, not of @lamps@mock\.local"):
        await source_of(server, fetch, account="@lamps@mock.local").poll(None, 9)
    assert "can be read" in await source_of(server, fetch, account="@Aurelia@mock.local").check()


@asynccontextmanager
async def hearing(source: MastodonSource, *expressions: str) -> AsyncIterator[Callable[[], Awaitable[Any]]]:
    """A stream that is open; what is given waits for the next that it says."""
    async with aclosing(source.stream(wanted(*expressions), None, FREE)) as stream:

        async def heard() -> Any:
            async with asyncio.timeout(30):
                return await anext(stream)

        assert await heard() == Mark(None)
        yield heard


async def test_a_stream_tells_at_once_what_happens(server: Mock, fetch: Fetch) -> None:
    source = source_of(server, fetch)
    assert Can.STREAM in source.can
    async with hearing(source, "#lamps") as heard:
        mention = server.write("grace", "@aurelia it hums")
        found = await heard()
        assert (found.native_id, found.text) == (mention, "@aurelia it hums")
        tagged = server.write("grace", "new #lamps")
        assert (await heard()).native_id == tagged
        server.edit("grace", tagged, "old #lamps")
        assert (await heard()).text == "old #lamps"
        server.write("aurelia", "our #lamps")
        server.delete("grace", tagged)
        gone = await heard()
        assert isinstance(gone, Tombstone)
        assert gone.native_id == tagged
    async with asyncio.timeout(30):
        while server.listeners():  # noqa: ASYNC110 - the server lives in another thread
            await asyncio.sleep(0.01)


async def test_without_the_stream_there_is_none(server: Mock, fetch: Fetch) -> None:
    assert Can.STREAM not in source_of(server, fetch, stream=False).can


async def test_the_public_stream_is_looked_through_here(server: Mock, fetch: Fetch) -> None:
    kept = replace(tools(fetch, SECRETS), sessions=LEARNED, concerns=lambda raw: "lamp" in raw.text)
    source = source_of(server, fetch, kept, public=True)
    server.agree_to_be_found("grace")
    async with hearing(source, "lamp") as heard:
        server.write("grace", "about cats")
        server.write("alan", "about a lamp, among friends")
        post = server.write("grace", "about a lamp")
        assert (await heard()).native_id == post
        server.delete("grace", post)
        assert (await heard()).native_id == post


@pytest.mark.parametrize("knows_many", [True, False])
async def test_verify_sees_edits_numbers_and_what_is_gone(server: Mock, fetch: Fetch, knows_many: bool) -> None:
    kept, changed, gone = (server.write("grace", f"@aurelia {n}") for n in range(3))
    source = source_of(server, fetch)
    server.edit("grace", changed, "@aurelia all is well")
    server.do("alan", "favourite", kept)
    server.delete("grace", gone)
    if not knows_many:
        server.fail({"type": "status", "status": 404}, path="/api/v1/statuses")
    found = {item.native_id: item for item in await source.verify([kept, changed, gone], FREE)}  # type: ignore[union-attr]
    assert found[kept].likes == 1  # type: ignore[union-attr]
    assert found[changed].text == "@aurelia all is well"  # type: ignore[union-attr]
    assert isinstance(found[gone], Tombstone)


async def test_trouble_while_verifying_calls_nothing_gone(server: Mock, fetch: Fetch) -> None:
    post = server.write("grace", "@aurelia hello")
    source = source_of(server, fetch)
    server.fail({"type": "status", "status": 503}, path_regex="/api/v1/statuses.*")
    with pytest.raises(Transient):
        await source.verify([post], FREE)


@pytest.mark.parametrize("visibility", ["unlisted", "direct"])
async def test_an_answer_stands_below_the_post_for_the_same_people(server: Mock, fetch: Fetch, visibility: str) -> None:
    post = server.write("grace", "@aurelia it hums", visibility=visibility, language="en")
    source = source_of(server, fetch)
    mention = stored(await the_mention(source))
    posted = await source.reply(mention, "We are sorry.", "draft-7", FREE)
    found = server.see("aurelia", posted.native_id)
    assert (found["in_reply_to_id"], found["visibility"], found["language"]) == (post, visibility, "en")
    assert from_html(found["content"]) == "@grace We are sorry."
    assert posted.url.endswith(posted.native_id)


async def test_the_same_key_posts_once(server: Mock, fetch: Fetch) -> None:
    post = server.write("grace", "@aurelia it hums")
    source = source_of(server, fetch)
    mention = stored(await the_mention(source))
    first = await source.reply(mention, "We are sorry.", "draft-7", FREE)
    assert await source.reply(mention, "We are sorry.", "draft-7", FREE) == first
    assert len(server.below("grace", post)) == 1


async def test_an_answer_is_found_by_its_words_and_place(server: Mock, fetch: Fetch) -> None:
    server.write("grace", "@aurelia it hums")
    source = source_of(server, fetch)
    mention = stored(await the_mention(source))
    since = datetime.now(UTC) - timedelta(minutes=1)  # the server's clock is the real one
    assert await source.find_reply(mention, "We are sorry: https://aurelia.example/a", "draft-7", since) is None
    posted = await source.reply(mention, "We are sorry: https://aurelia.example/a", "draft-7", FREE)
    assert await source.find_reply(mention, "We are sorry: https://aurelia.example/a", "draft-7", since) == posted
    assert await source.find_reply(mention, "Something else", "draft-8", since) is None


async def test_no_answer_to_a_post_that_is_gone(server: Mock, fetch: Fetch) -> None:
    post = server.write("grace", "@aurelia it hums")
    source = source_of(server, fetch)
    mention = stored(await the_mention(source))
    server.delete("grace", post)
    with pytest.raises(ReplyRefused, match="gone"):
        await source.reply(mention, "We are sorry.", "draft-7", FREE)


async def test_a_refused_answer_says_why(server: Mock, fetch: Fetch) -> None:
    server.write("grace", "@aurelia it hums")
    source = source_of(server, fetch)
    mention = stored(await the_mention(source))
    with pytest.raises(ReplyRefused, match=r"422.*character"):
        await source.reply(mention, "x" * 501, "draft-7", FREE)
    server.fail({"type": "status", "status": 401}, methods=["POST"])
    with pytest.raises(SignInFailed):
        await source.reply(mention, "We are sorry.", "draft-7", FREE)


async def test_the_name_is_not_said_twice(server: Mock, fetch: Fetch) -> None:
    server.write("grace", "@aurelia it hums")
    source = source_of(server, fetch)
    posted = await source.reply(stored(await the_mention(source)), "Dear @Grace, we are sorry.", "draft-7", FREE)
    assert server.see("aurelia", posted.native_id)["content"].lower().count("@grace") == 1


@pytest.mark.parametrize("ref", ["", "[]", "{", '{"id": 1}', '{"id": "", "acct": "", "visibility": "", "lang": ""}'])
async def test_a_mention_of_elsewhere_is_answered_by_link(server: Mock, fetch: Fetch, ref: str) -> None:
    source = source_of(server, fetch)
    mention = stored(RawMention("1", "words", url="https://blog.example/1", reply_ref=ref))
    assert source.can_reply(mention) == ByLink("https://blog.example/1")
    await source.check()  # so that it knows whose token it is, in whatever order these tests run
    with pytest.raises(ReplyRefused):
        await source.reply(mention, "We are sorry.", "draft-7", FREE)
