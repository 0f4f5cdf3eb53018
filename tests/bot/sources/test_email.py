"""A mailbox that is read: what is given, what is left alone, and what is said when it cannot be read."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from bot import registry
from bot.fetch import Tools
from bot.sources.email import EmailSource
from bot.sources.email import mailbox as email_mailbox
from bot.sources.email.door import Door
from bot.sources.email.thread import OwnThread
from handlers.ports import (
    FREE,
    BadSource,
    Broken,
    Can,
    Mark,
    Page,
    RateLimited,
    SignInFailed,
    SourceError,
    Transient,
)
from handlers.rules.policy import SourceEntry
from storage.errors import ConfigError
from storage.types import RawMention
from tests.bot.fakes import until
from tests.bot.sources.feedserver import NOW, fetching, tools
from tests.bot.sources.test_email_alerts import LINKS, alert, cards
from tests.mail.imapserver import AT, ImapServer, imap, mail

SECRETS = {"EMAIL_PASSWORD": "correct-horse"}


@pytest.fixture
async def server() -> AsyncIterator[ImapServer]:
    async with imap() as started:
        yield started


@pytest.fixture
async def made() -> AsyncIterator[Tools]:
    async with fetching() as fetch:
        yield tools(fetch, SECRETS)


def built(made: Tools, **settings: Any) -> EmailSource:
    told = {"server": "127.0.0.1", "user": "care@lamp.example", "security": "none", "allow_private": True}
    source = registry.build(SourceEntry("support", "email", settings=told | settings), made)
    assert isinstance(source, EmailSource)
    return source


@asynccontextmanager
async def reading(server: ImapServer, made: Tools, **settings: Any) -> AsyncIterator[EmailSource]:
    source = built(made, port=server.port, **settings)
    try:
        yield source
    finally:
        await source.close()


def texts(page: Page) -> list[str]:
    return [item.text for item in page.items if isinstance(item, RawMention)]


async def test_reading_leaves_no_trace(server: ImapServer, made: Tools) -> None:
    await server.arrive(mail(1, "My lamp"))
    async with reading(server, made) as source:
        assert texts(await source.poll(None, 10)) == ["My lamp"]
    assert server.inbox.mails[0].flags == set()
    assert not server.called("SELECT")
    assert not server.called("STORE")
    assert not [one for one in server.called("FETCH") if "BODY[" in one]


async def test_only_what_is_new_is_asked_for(server: ImapServer, made: Tools) -> None:
    for number in range(3):
        await server.arrive(mail(number, f"words {number}"))
    async with reading(server, made) as source:
        first = await source.poll(None, 10)
        again = await source.poll(first.cursor, 10)  # the newest mail answers to any number
        await server.arrive(mail(3, "words 3"))
        later = await source.poll(again.cursor, 10)
    assert texts(first) == ["words 0", "words 1", "words 2"]
    assert again.items == ()
    assert texts(later) == ["words 3"]
    assert len([one for one in server.called("FETCH") if "BODY.PEEK" in one]) == 2
    assert len(server.called("LOGIN")) == 1, "one connection is kept"


async def test_it_begins_with_the_last_day_and_says_what_is_old(server: ImapServer, made: Tools) -> None:
    await server.arrive(mail(1, "last week"), AT - timedelta(days=7))
    await server.arrive(mail(2, "this morning"), AT)
    async with reading(server, made) as source:
        first = await source.poll(None, 10)
        await server.arrive(mail(3, "now"))
        second = await source.poll(first.cursor, 10)
    assert (texts(first), first.is_backlog) == (["this morning"], True)
    assert (texts(second), second.is_backlog) == (["now"], False)


async def test_old_and_new_share_no_page(server: ImapServer, made: Tools) -> None:
    for number in range(3):
        await server.arrive(mail(number, f"old {number}"))
    async with reading(server, made) as source:
        page = await source.poll(None, 2)
        await server.arrive(mail(3, "new"))
        pages = [page]
        while page.more:
            page = await source.poll(page.cursor, 2)
            pages.append(page)
    assert [(texts(one), one.is_backlog) for one in pages] == [
        (["old 0", "old 1"], True),
        (["old 2"], True),
        (["new"], False),
    ]


async def test_a_folder_that_begins_another_life_is_read_again(server: ImapServer, made: Tools) -> None:
    for number in range(3):
        await server.arrive(mail(number, f"words {number}"))
    async with reading(server, made) as source:
        first = await source.poll(None, 10)
        server.inbox.validity, server.inbox.mails, server.inbox.next_uid = 8, [], 1
        await server.arrive(mail(0, "from a month ago"), AT - timedelta(days=30))
        await server.arrive(mail(2, "words 2"))
        await server.arrive(mail(9, "came in between"))
        second = await source.poll(first.cursor, 10)
    assert texts(second) == ["words 2", "came in between"]
    assert not second.is_backlog
    known = {item.native_id for item in first.items if isinstance(item, RawMention)}
    assert [item.native_id in known for item in second.items if isinstance(item, RawMention)] == [True, False]


async def test_a_cursor_of_another_folder_is_none_of_this(server: ImapServer, made: Tools) -> None:
    await server.arrive(mail(1, "My lamp"))
    async with reading(server, made) as source:
        cursor = json.loads((await source.poll(None, 10)).cursor or "")
        page = await source.poll(json.dumps(cursor | {"of": "other@lamp.example"}), 10)
    assert texts(page) == ["My lamp"]


async def test_an_alert_with_many_links_fills_several_pages(server: ImapServer, made: Tools) -> None:
    links = tuple((f"title {n}", f"words {n}", f"https://news.example/{n}") for n in range(5))
    await server.arrive(mail(1, "before"))
    await server.arrive(alert(cards(*links), 2))
    await server.arrive(mail(3, "after"))
    async with reading(server, made) as source:
        cursor, told, is_more = None, list[list[str]](), True
        while is_more:
            page = await source.poll(cursor, 2)
            cursor, is_more = page.cursor, page.more
            told.append(texts(page))
    assert told == [["before", "words 0"], ["words 1", "words 2"], ["words 3", "words 4"], ["after"]]


async def test_when_the_mail_of_a_half_given_alert_is_deleted_nothing_else_is_lost(
    server: ImapServer, made: Tools
) -> None:
    await server.arrive(alert(cards(*LINKS), 1))
    async with reading(server, made) as source:
        page = await source.poll(None, 1)
        await server.arrive(mail(2, "after"))
        del server.inbox.mails[0]
        assert texts(await source.poll(page.cursor, 5)) == ["after"]


async def test_a_mail_that_cannot_be_fetched_costs_itself_alone(server: ImapServer, made: Tools) -> None:
    for number in range(3):
        await server.arrive(mail(number, f"words {number}"))
    server.spoilt.add(2)
    async with reading(server, made) as source:
        page = await source.poll(None, 10)
    assert texts(page) == ["words 0", "words 2"]
    [broken] = [item for item in page.items if isinstance(item, Broken)]
    assert broken.where == "mail 2"


async def test_mails_that_vanish_do_not_hold_it_up(server: ImapServer, made: Tools) -> None:
    for number in range(4):
        await server.arrive(mail(number, f"words {number}"))
    server.vanished |= {1, 2}
    async with reading(server, made) as source:
        first = await source.poll(None, 2)
        second = await source.poll(first.cursor, 2)
    assert (texts(first), first.more) == ([], True)
    assert texts(second) == ["words 2", "words 3"]


async def test_a_connection_that_died_is_made_anew(server: ImapServer, made: Tools) -> None:
    async with reading(server, made) as source:
        page = await source.poll(None, 10)
        server.drop_all()
        await server.arrive(mail(1, "My lamp"))
        assert texts(await source.poll(page.cursor, 10)) == ["My lamp"]


@pytest.mark.parametrize(
    ("command", "answer", "error", "words"),
    [
        ("LOGIN", "NO [AUTHENTICATIONFAILED] Invalid credentials", SignInFailed, "app password"),
        ("LOGIN", "NO wrong", SignInFailed, "app password"),
        ("LOGIN", "NO [LIMIT] Too many simultaneous connections", RateLimited, "too many connections"),
        ("LOGIN", "NO [UNAVAILABLE] Temporary failure", Transient, "tried again"),
        ("LOGIN", "BYE", Transient, "tried again"),
        ("LOGIN", "BAD what", Transient, "tried again"),
        ("EXAMINE", "BYE", Transient, "tried again"),
        ("EXAMINE", "NO [SERVERBUG] Internal error", Transient, "tried again"),
        ("SEARCH", "NO no", Transient, "tried again"),
        ("FETCH", "BYE", Transient, "tried again"),
    ],
)
async def test_what_a_server_refuses_is_told_in_words(
    server: ImapServer, made: Tools, command: str, answer: str, error: type[Exception], words: str
) -> None:
    await server.arrive(mail(1, "My lamp"))
    server.answers[command] = answer
    async with reading(server, made) as source:
        with pytest.raises(error, match=words) as raised:
            await source.poll(None, 10)
        server.answers.clear()
        assert texts(await source.poll(None, 10)) == ["My lamp"], "and it goes on afterwards"
    assert "127.0.0.1" in str(raised.value)
    assert "correct-horse" not in f"{raised.value!r} {raised.value}"
    if isinstance(raised.value, RateLimited):
        assert raised.value.until == NOW + timedelta(minutes=15)


async def test_a_folder_that_is_not_there_is_told_with_those_that_are(server: ImapServer, made: Tools) -> None:
    async with reading(server, made, folder="Support") as source:
        with pytest.raises(BadSource, match=r'no folder "Support"\. It has: INBOX, Sent'):
            await source.poll(None, 10)


async def test_a_server_that_falls_silent_is_left(
    server: ImapServer, made: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    await server.arrive(mail(1, "My lamp"))
    async with reading(server, made) as source:
        page = await source.poll(None, 10)
        monkeypatch.setattr(email_mailbox, "DEADLINE", 0.1)
        server.answers["SEARCH"] = ""
        with pytest.raises(Transient, match="did not answer within"):
            await source.poll(page.cursor, 10)
        monkeypatch.undo()
        server.answers.clear()
        await server.arrive(mail(2, "And again"))
        async with asyncio.timeout(10):  # what hangs is broken off; nobody waits behind it
            assert texts(await source.poll(page.cursor, 10)) == ["And again"]


async def test_a_server_that_is_down_may_come_back(made: Tools) -> None:
    source = built(made, port=1)
    with pytest.raises(Transient, match="cannot be reached on port 1"):
        await source.check()
    await source.close()


async def test_an_address_of_our_own_network_is_not_reached_unless_it_may_be(server: ImapServer, made: Tools) -> None:
    source = built(made, port=server.port, security="tls", allow_private=False)
    with pytest.raises(BadSource, match="allow_private"):
        await source.poll(None, 10)
    await source.close()
    assert server.connections == 0


async def test_a_server_that_does_not_encrypt_is_told_no_password(server: ImapServer, made: Tools) -> None:
    for security in ("tls", "starttls"):
        async with reading(server, made, security=security) as source:
            with pytest.raises((BadSource, Transient)):
                await source.poll(None, 10)
    assert not server.called("LOGIN")


def test_on_the_public_internet_nothing_travels_unencrypted() -> None:
    with pytest.raises(BadSource, match="must not travel unencrypted"):
        Door("8.8.8.8", 143, "none", allow_private=True).opened()


async def test_a_token_and_a_password_with_other_letters_sign_in(server: ImapServer, made: Tools) -> None:
    server.tokens |= {
        "dXNlcj1jYXJlQGxhbXAuZXhhbXBsZQFhdXRoPUJlYXJlciB0MGtlbgEB",  # user=care@lamp.example, Bearer t0ken
        "AGNhcmVAbGFtcC5leGFtcGxlAGfDvHLDvGNo",  # the password "gürüch"
    }
    secrets = {"MAIL_TOKEN": "t0ken", "EMAIL_PASSWORD": "gürüch"}
    for settings in ({"token_env": "MAIL_TOKEN"}, {}):
        async with reading(server, Tools(made.fetch, made.now, secrets), **settings) as source:
            assert "can be read" in await source.check()


async def test_check_tells_what_is_there(server: ImapServer, made: Tools) -> None:
    await server.arrive(mail(1, "My lamp"))
    async with reading(server, made) as source:
        assert await source.check() == "The folder INBOX of care@lamp.example can be read; it has 1 mails."


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"allow_private": False}, r'support\.security: "none" is for your own network'),
        ({"password_env": "OTHER_PASSWORD"}, r"support\.password_env: OTHER_PASSWORD is not set"),
        ({"token_env": "MAIL_TOKEN"}, r"support\.token_env: MAIL_TOKEN is not set"),
        ({"idle_for": "29m"}, r"support\.idle_for"),
        ({"user": "care", "smtp_server": "mail.example"}, r'support\.address: "care" is no mail address'),
    ],
)
def test_a_mistake_in_the_settings_is_one_line(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        built(Tools(None, lambda: NOW, SECRETS), **settings)  # type: ignore[arg-type]


async def soon(is_so: Callable[[], bool]) -> None:
    async def asked() -> bool:
        return is_so()

    await until(asked)


@asynccontextmanager
async def hearing(source: EmailSource, cursor: str | None = None) -> AsyncIterator[list[Any]]:
    """What a stream gives, as it comes."""
    heard: list[Any] = []

    async def hear() -> None:
        try:
            async for item in source.stream((), cursor, FREE):
                heard.append(item)
        except SourceError as error:
            heard.append(error)

    task = asyncio.create_task(hear())
    try:
        yield heard
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def words(heard: list[Any]) -> list[str]:
    return [item.text for item in heard if isinstance(item, RawMention)]


async def test_new_mail_is_told_of_at_once_and_marked(server: ImapServer, made: Tools) -> None:
    async with reading(server, made) as source, hearing(source) as heard:
        assert source.can & Can.STREAM
        await soon(lambda: server.waiting == 1)
        await server.arrive(mail(1, "My lamp"))
        await soon(lambda: server.waiting == 1 and words(heard) == ["My lamp"])
        assert isinstance(heard[-1], Mark)
    async with reading(server, made) as source, hearing(source, heard[-1].cursor) as later:
        await soon(lambda: server.waiting == 1)
        await server.arrive(mail(2, "And again"))
        await soon(lambda: words(later) == ["And again"])


async def test_a_push_that_never_comes_is_not_waited_for(server: ImapServer, made: Tools) -> None:
    server.is_mute = True
    async with reading(server, made, idle_for=timedelta(seconds=1)) as source, hearing(source) as heard:
        await soon(lambda: server.waiting == 1)
        await server.arrive(mail(1, "My lamp"))
        await soon(lambda: words(heard) == ["My lamp"])


async def test_what_comes_while_a_wait_begins_is_heard(server: ImapServer, made: Tools) -> None:
    server.tells_at_once = True
    async with reading(server, made) as source, hearing(source) as heard:
        await soon(lambda: sum(isinstance(one, Mark) for one in heard) >= 3)  # each wait ended at once


async def test_what_comes_while_mails_are_fetched_is_not_waited_for(server: ImapServer, made: Tools) -> None:
    server.meanwhile = [mail(2, "second")]
    await server.arrive(mail(1, "first"))
    async with reading(server, made) as source, hearing(source) as heard:
        await soon(lambda: words(heard) == ["first", "second"])


async def test_a_stream_that_breaks_off_says_so(server: ImapServer, made: Tools) -> None:
    async with reading(server, made) as source, hearing(source) as heard:
        await soon(lambda: server.waiting == 1)
        server.drop_all()
        await soon(lambda: isinstance(heard[-1], Transient))


async def test_a_server_that_cannot_tell_is_polled_and_no_more(server: ImapServer, made: Tools) -> None:
    server.capabilities = "IMAP4rev1"
    async with reading(server, made) as source, hearing(source) as heard:
        await soon(lambda: bool(server.called("LOGOUT")))
        assert not server.called("IDLE")
    assert [type(one) for one in heard] == [Mark]


async def test_without_idle_there_is_no_stream(made: Tools) -> None:
    source = built(made, idle=False)
    assert not source.can & Can.STREAM
    await source.close()


async def test_closing_ends_a_wait_at_once(server: ImapServer, made: Tools) -> None:
    async with asyncio.timeout(5), reading(server, made) as source:
        async with hearing(source):
            await soon(lambda: server.waiting == 1)
        await soon(lambda: server.waiting == 0)


async def test_a_thread_that_is_busy_when_it_is_closed_says_goodbye_later() -> None:
    for is_cancelled in (False, True):
        thread, may_go_on, has_left = OwnThread("mail x"), threading.Event(), threading.Event()
        has_begun = threading.Event()
        job = asyncio.create_task(thread.run(lambda begun=has_begun, go=may_go_on: (begun.set(), go.wait(20))))
        assert await asyncio.to_thread(has_begun.wait, 5)
        [running] = [one for one in threading.enumerate() if one.name == "mail x"]
        stopping = asyncio.create_task(thread.stop(has_left.set, seconds=20 if is_cancelled else 0.05))
        if is_cancelled:
            await asyncio.sleep(0)
            stopping.cancel()
        await asyncio.wait({stopping})
        assert not has_left.is_set()
        may_go_on.set()
        assert await asyncio.to_thread(has_left.wait, 5)
        await asyncio.to_thread(running.join, 5)
        assert not running.is_alive()
        await job
