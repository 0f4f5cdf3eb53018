"""Mail servers that encrypt: one with a certificate that is known, and one with another's."""

import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.fetch import Tools
from bot.sources.email import EmailSource
from handlers.ports import FREE, BadSource, ReplyRefused
from storage.types import RawMention
from tests.bot.sources.feedserver import NOW
from tests.bot.sources.test_email import SECRETS, built, hearing, soon, texts, words
from tests.bot.sources.test_email_reply import as_stored
from tests.mail.imapserver import ImapServer, imap, mail
from tests.mail.smtpserver import SmtpServer, smtp

OPENSSL = shutil.which("openssl") or ""

pytestmark = pytest.mark.skipif(not OPENSSL, reason="openssl is not installed, so there is no certificate to test with")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    both = folder / "both.pem"
    made = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    named = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run([OPENSSL, *made, *named, *files], check=True, capture_output=True)
    both.write_bytes((folder / "key.pem").read_bytes() + (folder / "cert.pem").read_bytes())
    return both


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
async def inbox(tls: ssl.SSLContext) -> AsyncIterator[ImapServer]:
    async with imap(tls) as started:
        yield started


@pytest.fixture
async def post(tls: ssl.SSLContext) -> AsyncIterator[SmtpServer]:
    async with smtp(tls) as started:
        yield started


@pytest.fixture
async def source(inbox: ImapServer, post: SmtpServer) -> AsyncIterator[EmailSource]:
    settings: dict[str, Any] = {"security": "tls", "server": "localhost", "port": inbox.port}
    settings |= {"smtp_server": "localhost", "smtp_port": post.port}
    made = built(Tools(None, lambda: NOW, SECRETS), **settings)  # type: ignore[arg-type]
    yield made
    await made.close()


async def test_mail_is_read_heard_of_and_answered_behind_encryption(
    inbox: ImapServer, post: SmtpServer, source: EmailSource, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    await inbox.arrive(mail(1, "My lamp"))
    page = await source.poll(None, 10)
    assert texts(page) == ["My lamp"]
    async with hearing(source) as heard:
        for number in range(2, 5):
            await soon(lambda: inbox.waiting == 1)
            await inbox.arrive(mail(number, f"words {number}"))
            await soon(lambda so_far=number: len(words(heard)) == so_far)  # type: ignore[misc]
    [found] = page.items
    assert isinstance(found, RawMention)
    await source.reply(as_stored(found), "Dear Jo", "key-1", FREE)
    assert len(post.taken) == 1


async def test_a_certificate_that_nobody_vouches_for_is_told_no_password(
    inbox: ImapServer, post: SmtpServer, source: EmailSource
) -> None:
    with pytest.raises(BadSource, match="certificate"):
        await source.poll(None, 10)
    reply_ref = '{"to": "jo@post.example", "subject": "", "id": "", "references": [], "is_person": true}'
    with pytest.raises(ReplyRefused, match="certificate"):
        await source.reply(as_stored(RawMention("1", "x", reply_ref=reply_ref)), "Dear Jo", "key-1", FREE)
    assert inbox.seen == []
    assert post.steps == []
