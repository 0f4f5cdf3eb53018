"""The round of a mail through a server that other people wrote: in by SMTP, read by IMAP, answered, found again."""

import email
import smtplib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email import policy
from pathlib import Path
from typing import Any

import pytest
from imapclient import IMAPClient

from bot.fetch import Tools
from bot.sessions import Sessions
from bot.sources.email import EmailSource
from handlers.ports import FREE, ByApi, Posted, ReplyDoubtful, SignInFailed
from storage.types import RawMention
from tests.bot.fakes import until
from tests.bot.sources.test_email import SECRETS, built, texts
from tests.bot.sources.test_email_reply import as_stored
from tests.mail.devel import PASSWORD, USER, Ports, mail_devel
from tests.mail.imapserver import mail

PICTURE = "\r\n".join(["A" * 76] * 2_000)
LARGE = (
    "--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    "Gr=C3=B6=C3=9Fer, see the picture\r\n"
    f"--b\r\nContent-Type: image/png\r\nContent-Disposition: attachment; filename=lamp.png\r\n\r\n{PICTURE}\r\n--b--"
)


@pytest.fixture(scope="module")
def ports() -> Iterator[Ports]:
    with mail_devel() as started:
        yield started


@asynccontextmanager
async def reading(ports: Ports, folder: Path, password: str = PASSWORD) -> AsyncIterator[EmailSource]:
    secrets = SECRETS | {"EMAIL_PASSWORD": password}
    made = Tools(None, lambda: datetime.now(UTC), secrets, sessions=Sessions(folder))  # type: ignore[arg-type]
    post: dict[str, Any] = {"smtp_server": "127.0.0.1", "smtp_port": ports.smtp, "smtp_security": "none"}
    source = built(made, port=ports.imap, **post)
    try:
        yield source
    finally:
        await source.close()


async def test_a_mail_goes_in_is_read_is_answered_and_the_answer_is_found(ports: Ports, tmp_path: Path) -> None:
    with smtplib.SMTP("127.0.0.1", ports.smtp, timeout=10) as server:
        server.sendmail("jo@post.example", [USER], mail(1, "My lamp flickers"))
        server.sendmail("jo@post.example", [USER], mail(2, LARGE, Content_Type="multipart/mixed; boundary=b"))
    with IMAPClient("127.0.0.1", ports.imap, ssl=False, timeout=10) as other:
        other.login(USER, PASSWORD)
        other.create_folder("Sent")
        async with reading(ports, tmp_path) as source:
            page = await source.poll(None, 10)
            assert texts(page) == ["My lamp flickers", "Größer, see the picture"]
            first, second = page.items
            assert isinstance(first, RawMention)
            assert isinstance(second, RawMention)
            assert second.extra == {"attachments": "lamp.png"}
            assert (await source.poll(page.cursor, 10)).items == ()

            mention, before = as_stored(first), datetime.now(UTC) - timedelta(minutes=1)
            assert isinstance(source.can_reply(mention), ByApi)
            with pytest.raises(ReplyDoubtful):
                await source.find_reply(mention, "", "key-1", before)
            posted = await source.reply(mention, "Dear Jo, a größer one.", "key-1", FREE)

            async def found() -> Posted | None:
                try:
                    return await source.find_reply(mention, "", "key-1", before)
                except ReplyDoubtful:
                    return None

            assert await until(found) == posted
            assert (await source.poll(page.cursor, 10)).items == (), "our own mail came back and is no mention"
        other.select_folder("INBOX", readonly=True)
        fetched = other.fetch(other.search(["UID", "1:*"]), ["FLAGS", "BODY.PEEK[]"])
        assert all(rb"\Seen" not in told[b"FLAGS"] for told in fetched.values())
        answer = email.message_from_bytes(list(fetched.values())[-1][b"BODY[]"], policy=policy.default)
    assert (answer["To"], answer["In-Reply-To"]) == ("jo@post.example", "<1@post.example>")
    assert answer.get_body().get_content().strip() == "Dear Jo, a größer one."  # type: ignore[union-attr]


async def test_the_wrong_password_is_refused(ports: Ports, tmp_path: Path) -> None:
    async with reading(ports, tmp_path, password="wrong-horse") as source:
        with pytest.raises(SignInFailed):
            await source.check()
