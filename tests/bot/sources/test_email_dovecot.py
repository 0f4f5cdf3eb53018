"""Against Dovecot, which most of the world's mailboxes are: the push, the flags, a folder that is made anew."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from imapclient import IMAPClient

from bot.fetch import Tools
from bot.sources.email import EmailSource
from handlers.ports import Mark
from storage.types import RawMention
from tests.bot.sources.test_email import SECRETS, built, hearing, soon, texts, words
from tests.mail.dovecot import DOVECOT, MISSING, Dovecot, dovecot
from tests.mail.imapserver import mail

pytestmark = [pytest.mark.long, pytest.mark.skipif(DOVECOT is None, reason=MISSING)]


@pytest.fixture(scope="module")
def running() -> Iterator[Dovecot]:
    with dovecot() as started:
        yield started


@pytest.fixture
def other(running: Dovecot) -> Iterator[IMAPClient]:
    """Somebody else at the same mailbox, whose folder is empty."""
    with IMAPClient("127.0.0.1", running.port, ssl=False, timeout=10) as client:
        client.login(running.user, running.password)
        client.create_folder("Support")
        yield client
        client.select_folder("INBOX")
        client.delete_folder("Support")


@asynccontextmanager
async def reading(running: Dovecot, **settings: Any) -> AsyncIterator[EmailSource]:
    made = Tools(None, lambda: datetime.now(UTC), SECRETS)  # type: ignore[arg-type]
    source = built(made, port=running.port, user=running.user, folder="Support", **settings)
    try:
        yield source
    finally:
        await source.close()


def write(client: IMAPClient, number: int, text: str) -> None:
    client.append("Support", mail(number, text))


async def test_new_mail_is_pushed_time_after_time(running: Dovecot, other: IMAPClient) -> None:
    async with reading(running, idle_for=timedelta(minutes=9)) as source, hearing(source) as heard:
        await soon(lambda: any(isinstance(one, Mark) for one in heard))
        for number in range(5):
            marks = sum(isinstance(one, Mark) for one in heard)
            await asyncio.to_thread(write, other, number, f"words {number}")
            await soon(lambda so_far=number: len(words(heard)) > so_far)  # type: ignore[misc]
            await soon(lambda so_far=marks: sum(isinstance(one, Mark) for one in heard) > so_far)  # type: ignore[misc]
    assert words(heard) == [f"words {number}" for number in range(5)]


async def test_flags_are_as_they_were(running: Dovecot, other: IMAPClient) -> None:
    write(other, 1, "My lamp")
    other.select_folder("Support", readonly=True)
    before = other.get_flags(other.search())
    async with reading(running) as source, hearing(source) as heard:
        assert texts(await source.poll(None, 10)) == ["My lamp"]
        await soon(lambda: words(heard) == ["My lamp"])
    other.select_folder("Support", readonly=True)
    assert {uid: set(flags) - {rb"\Recent"} for uid, flags in other.get_flags(other.search()).items()} == {
        uid: set(flags) - {rb"\Recent"} for uid, flags in before.items()
    }


async def test_a_large_mail_is_read_without_its_attachment(running: Dovecot, other: IMAPClient) -> None:
    picture = "\r\n".join(["A" * 76] * 2_000)
    body = (
        '--b\r\nContent-Type: multipart/alternative; boundary="c"\r\n\r\n'
        "--c\r\nContent-Type: text/html\r\n\r\n<p>html</p>\r\n"
        "--c\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        "R3L232VyLCBzZWU=\r\n--c--\r\n"
        f'--b\r\nContent-Type: image/png; name="lamp.png"\r\nContent-Disposition: attachment\r\n\r\n{picture}\r\n--b--'
    )
    other.append("Support", mail(1, body, Content_Type="multipart/mixed; boundary=b"))
    async with reading(running) as source:
        [found] = (await source.poll(None, 10)).items
    assert isinstance(found, RawMention)
    assert (found.text, found.extra) == ("Größer, see", {"attachments": "lamp.png"})


async def test_a_folder_made_anew_is_read_again(running: Dovecot, other: IMAPClient) -> None:
    for number in range(3):
        write(other, number, f"words {number}")
    async with reading(running) as source:
        first = await source.poll(None, 10)
        other.delete_folder("Support")
        await asyncio.sleep(1.1)  # the number of a folder's life is the second in which it began
        other.create_folder("Support")
        for number in (2, 9):
            write(other, number, f"words {number}")
        second = await source.poll(first.cursor, 10)
    assert texts(second) == ["words 2", "words 9"]
