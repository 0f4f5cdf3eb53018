"""Replies by mail: to one address, in the customer's thread, at most once, never to machines."""

import asyncio
import email
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from datetime import timedelta
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.fetch import Tools
from bot.sessions import Sessions
from bot.sources.email import EmailSource
from bot.sources.email import post as email_post
from bot.sources.email.door import Door
from bot.sources.email.post import Post
from bot.sources.email.reply import MOST_A_DAY, Target, composed, message_id, read_target, target_of
from bot.sources.letters.parts import read_letter
from handlers.ports import (
    FREE,
    BadSource,
    ByApi,
    ByLink,
    Can,
    NotPossible,
    Posted,
    RateLimited,
    ReplyDoubtful,
    ReplyRefused,
    SignInFailed,
    Transient,
)
from storage.types import Mention, Priority, RawMention
from tests.bot.sources.feedserver import NOW
from tests.bot.sources.test_email import SECRETS, reading, soon
from tests.bot.sources.test_email_alerts import LINKS, alert, cards
from tests.mail.imapserver import ImapServer, imap, mail
from tests.mail.smtpserver import SmtpServer, smtp

SINCE = NOW - timedelta(minutes=1)


@pytest.fixture
async def inbox() -> AsyncIterator[ImapServer]:
    async with imap() as started:
        yield started


@pytest.fixture
async def post() -> AsyncIterator[SmtpServer]:
    async with smtp() as started:
        yield started


@pytest.fixture
def made(tmp_path: Path) -> Tools:
    return Tools(None, lambda: NOW, SECRETS, sessions=Sessions(tmp_path))  # type: ignore[arg-type]


@asynccontextmanager
async def answering(inbox: ImapServer, post: SmtpServer, made: Tools, **settings: Any) -> AsyncIterator[EmailSource]:
    told = {"smtp_server": post.host, "smtp_port": post.port, "smtp_security": "none", "sender_name": "Größe & Lamp"}
    async with reading(inbox, made, **told | settings) as source:
        yield source


async def stored(source: EmailSource, inbox: ImapServer, raw: bytes) -> Mention:
    """A mail as it is in the store once it was read."""
    await inbox.arrive(raw)
    page = await source.poll(None, 50)
    found = page.items[-1]
    assert isinstance(found, RawMention)
    return as_stored(found)


def as_stored(found: RawMention) -> Mention:
    told = {name: getattr(found, name) for name in ("native_id", "text", "title", "url", "author", "author_name")}
    return Mention(
        id=1, source="support", kind="email", brand="Aurelia", query="", followers=None, lang="",
        published_at=found.published_at, seen_at=NOW, likes=None, shares=None, replies=None, stars=None,
        private=found.private, reach=None, sentiment=None, label="", priority=Priority.NORMAL, reasons=(), case_id=1,
        reply_ref=found.reply_ref, **told,
    )  # fmt: skip


def sent(post: SmtpServer) -> EmailMessage:
    [taken] = post.taken
    return email.message_from_bytes(taken.raw, policy=policy.default)


async def test_a_reply_stands_in_the_customers_thread(inbox: ImapServer, post: SmtpServer, made: Tools) -> None:
    async with answering(inbox, post, made) as source:
        raw = mail(1, "My lamp", Subject="Re: Größe?", References="<a@x.example> <b@x.example>")
        mention = await stored(source, inbox, raw)
        assert source.can & Can.REPLY
        assert source.can_reply(mention) == ByApi("care@lamp.example", 3_000)
        posted = await source.reply(mention, "Dear Jo,\n.\nplease try größer.\n", "key-1", FREE)
    [taken] = post.taken
    found = sent(post)
    assert (taken.sender, taken.to) == ("care@lamp.example", ["jo@post.example"])
    assert (found["To"], found["Subject"]) == ("jo@post.example", "Re: Größe?")
    assert found["From"].addresses[0].display_name == "Größe & Lamp"
    assert found["In-Reply-To"] == "<1@post.example>"
    assert found["References"].split() == ["<a@x.example>", "<b@x.example>", "<1@post.example>"]
    assert found["Message-ID"] == f"<{posted.native_id}>"
    assert found.get_content().replace("\r\n", "\n") == "Dear Jo,\n.\nplease try größer.\n", "the approved words alone"
    assert "Auto-Submitted" not in found
    assert posted.url == ""


async def test_the_answer_goes_where_the_customer_wants_it(inbox: ImapServer, post: SmtpServer, made: Tools) -> None:
    async with answering(inbox, post, made) as source:
        mention = await stored(source, inbox, mail(1, "x", Reply_To="Jo <jo@home.example>"))
        assert source.can_reply(mention) == ByApi("care@lamp.example to jo@home.example", 3_000), "what is approved"
        await source.reply(mention, "Dear Jo", "key-1", FREE)
        several = await stored(source, inbox, mail(2, "x", Reply_To="a@home.example, b@home.example"))
        await source.reply(several, "Dear Jo", "key-2", FREE)
        assert source.can_reply(several) == ByApi("care@lamp.example", 3_000)
    assert [one.to for one in post.taken] == [["jo@home.example"], ["jo@post.example"]]
    assert [one.sender for one in post.taken] == ["care@lamp.example"] * 2
    heads = [email.message_from_bytes(one.raw, policy=policy.default) for one in post.taken]
    assert {one["From"].addresses[0].addr_spec for one in heads} == {"care@lamp.example"}
    assert {one["Message-ID"].rpartition("@")[2] for one in heads} == {"lamp.example>"}


@pytest.mark.parametrize(
    ("heads", "why"),
    [
        ({"List_Id": "<news.example>"}, "a list or a machine"),
        ({"Precedence": "bulk"}, "a list or a machine"),
        ({"Auto_Submitted": "auto-generated"}, "a list or a machine"),
        ({"From": "Shop <no-reply@shop.example>"}, "nobody reads"),
        ({"From": "Jo"}, "no address"),
        ({"Reply_To": "care@lamp.example"}, "our own address"),
        ({"From": "<jo@post.exämple>"}, "no address"),
    ],
)
async def test_lists_machines_and_ourselves_are_never_answered(
    inbox: ImapServer, post: SmtpServer, made: Tools, heads: dict[str, str], why: str
) -> None:
    async with answering(inbox, post, made) as source:
        mention = await stored(source, inbox, mail(1, "Ten lamps compared", **heads))
        way = source.can_reply(mention)
        assert isinstance(way, NotPossible)
        assert why in way.why
        with pytest.raises(ReplyRefused, match=why):
            await source.reply(mention, "Dear list", "key-1", FREE)
    assert post.taken == []


async def test_an_alert_is_answered_at_its_own_place(inbox: ImapServer, post: SmtpServer, made: Tools) -> None:
    async with answering(inbox, post, made) as source:
        mention = await stored(source, inbox, alert(cards(LINKS[0])))
        assert source.can_reply(mention) == ByLink(LINKS[0][2])


async def test_without_a_server_for_replies_it_says_what_to_do(inbox: ImapServer, made: Tools) -> None:
    async with reading(inbox, made) as source:
        assert not source.can & Can.REPLY
        way = source.can_reply(await stored(source, inbox, mail(1, "My lamp")))
        assert isinstance(way, NotPossible)
        assert "smtp_server" in way.why


@pytest.mark.parametrize(
    ("step", "answer", "error"),
    [
        ("AUTH", "535 no", SignInFailed),
        ("AUTH", "454 later", Transient),
        ("AUTH", "", Transient),
        ("HELLO", "", Transient),
        ("MAIL", "550 not you", ReplyRefused),
        ("MAIL", "", Transient),
        ("RCPT", "550 no such user", ReplyRefused),
        ("RCPT", "451 greylisted", Transient),
        ("RCPT", "550 5.4.5 daily sending quota exceeded", RateLimited),
        ("DATA", "554 no", ReplyRefused),
        ("BODY", "554 spam", ReplyRefused),
        ("BODY", "452 full", Transient),
    ],
)
async def test_what_was_certainly_not_sent_is_said_so(
    inbox: ImapServer, post: SmtpServer, made: Tools, step: str, answer: str, error: type[Exception]
) -> None:
    post.answers[step] = answer
    post.is_taken = False
    async with answering(inbox, post, made) as source:
        mention = await stored(source, inbox, mail(1, "My lamp"))
        with pytest.raises(error) as raised:
            await source.reply(mention, "Dear Jo", "key-1", FREE)
    assert "correct-horse" not in str(raised.value)
    assert inbox.folders["Sent"].mails == []


async def test_a_server_that_is_down_sent_nothing(inbox: ImapServer, post: SmtpServer, made: Tools) -> None:
    async with answering(inbox, post, made, smtp_port=1) as source:
        mention = await stored(source, inbox, mail(1, "My lamp"))
        with pytest.raises(Transient):
            await source.reply(mention, "Dear Jo", "key-1", FREE)


async def test_a_server_that_never_greets_sent_nothing(
    inbox: ImapServer, made: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(email_post, "_READY", 0.2)
    with mute() as silent:
        async with answering(inbox, SmtpServer(port=silent.getsockname()[1]), made) as source:
            mention = await stored(source, inbox, mail(1, "My lamp"))
            with pytest.raises(Transient):
                await source.reply(mention, "Dear Jo", "key-1", FREE)


@contextmanager
def mute() -> Iterator[socket.socket]:
    """A port on which connections are made and nothing is said."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


class LateDoor(Door):
    """A door that opens once it is allowed to, however long its callers are patient."""

    may_open = threading.Event()
    outside: list[socket.socket] = []  # noqa: RUF012

    def opened(self, within: float = 30.0) -> socket.socket:
        self.may_open.wait(20)
        here, there = socket.socketpair()
        self.outside.append(there)
        return here


async def test_a_connection_that_comes_too_late_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(email_post, "_READY", 0.1)
    post = Post(LateDoor("127.0.0.1", 1, "none", True), "care", "x", False, "care@lamp.example", lambda: NOW)
    with pytest.raises(Transient):
        await post.send(b"x", "jo@post.example")
    LateDoor.may_open.set()
    await soon(lambda: bool(LateDoor.outside))
    [there] = LateDoor.outside
    with there:
        there.settimeout(5)
        assert await asyncio.to_thread(there.recv, 1) == b"", "closed"


def test_a_server_that_drops_packets_is_not_waited_for_longer_than_allowed() -> None:
    with socket.socket() as full, ExitStack() as crowd:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(3):  # more than it takes: whoever comes now gets no answer
            one = crowd.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        with pytest.raises(Transient, match="cannot be reached"):
            Door("127.0.0.1", full.getsockname()[1], "none", True).opened(0.2)


async def test_a_reply_that_was_taken_with_another_number_is_sent(
    inbox: ImapServer, post: SmtpServer, made: Tools
) -> None:
    post.answers["BODY"] = "251 forwarded"
    async with answering(inbox, post, made) as source:
        assert await source.reply(await stored(source, inbox, mail(1, "My lamp")), "Dear Jo", "key-1", FREE)


@pytest.mark.parametrize("keeps_sent", [False, True])
async def test_a_lost_answer_is_doubtful_and_proves_nothing(
    inbox: ImapServer, post: SmtpServer, made: Tools, keeps_sent: bool
) -> None:
    post.answers["BODY"] = ""
    async with answering(inbox, post, made, keeps_sent=keeps_sent) as source:
        mention = await stored(source, inbox, mail(1, "My lamp"))
        with pytest.raises(ReplyDoubtful):
            await source.reply(mention, "Dear Jo", "key-1", FREE)
        assert len(post.taken) == 1, "this time it was sent"
        if keeps_sent:
            assert await source.find_reply(mention, "Dear Jo", "key-1", SINCE) is None
            inbox.folders["Sent"].add(post.taken[0].raw)
            assert isinstance(await source.find_reply(mention, "Dear Jo", "key-1", SINCE), Posted)
        else:
            with pytest.raises(ReplyDoubtful, match="proves nothing"):
                await source.find_reply(mention, "Dear Jo", "key-1", SINCE)
    assert len(post.taken) == 1


async def test_a_server_that_takes_the_mail_and_says_nothing_is_doubtful(
    inbox: ImapServer, post: SmtpServer, made: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(email_post, "_AFTER", 0.2)
    post.is_silent = True
    async with answering(inbox, post, made) as source:
        mention = await stored(source, inbox, mail(1, "My lamp"))
        with pytest.raises(ReplyDoubtful):
            await source.reply(mention, "Dear Jo", "key-1", FREE)


async def test_a_copy_is_kept_and_found_again(inbox: ImapServer, post: SmtpServer, made: Tools) -> None:
    async with answering(inbox, post, made) as source:
        mention = await stored(source, inbox, mail(1, "My lamp"))
        posted = await source.reply(mention, "Dear Jo", "key-1", FREE)
        await soon(lambda: len(inbox.folders["Sent"].mails) == 1)
        assert await source.find_reply(mention, "Dear Jo", "key-1", SINCE) == posted
        with pytest.raises(ReplyDoubtful):
            await source.find_reply(mention, "Dear Jo", "key-2", SINCE)
    assert inbox.folders["Sent"].mails[0].raw.replace(b"\r\n", b"\n") == post.taken[0].raw.replace(b"\r\n", b"\n")
    assert inbox.inbox.mails[0].flags == set(), "what was answered is marked only when the team wants it"


async def test_a_copy_that_cannot_be_kept_does_not_undo_the_reply(
    inbox: ImapServer, post: SmtpServer, made: Tools, caplog: pytest.LogCaptureFixture
) -> None:
    inbox.answers["APPEND"] = "NO [OVERQUOTA] full"
    async with answering(inbox, post, made) as source:
        mention = await stored(source, inbox, mail(1, "My lamp"))
        assert await source.reply(mention, "Dear Jo", "key-1", FREE)
        await soon(lambda: "noting that in the mailbox failed" in caplog.text)
    assert "Dear Jo" not in caplog.text


async def test_no_folder_of_sent_mail_is_no_proof(inbox: ImapServer, post: SmtpServer, made: Tools) -> None:
    del inbox.folders["Sent"]
    async with answering(inbox, post, made, keeps_sent=True) as source:
        mention = await stored(source, inbox, mail(1, "My lamp"))
        with pytest.raises(ReplyDoubtful):
            await source.find_reply(mention, "Dear Jo", "key-1", SINCE)


async def test_the_team_may_have_answered_mail_marked(inbox: ImapServer, post: SmtpServer, made: Tools) -> None:
    async with answering(inbox, post, made, marks_answered=True) as source:
        mention = await stored(source, inbox, mail(1, "My lamp"))
        await source.reply(mention, "Dear Jo", "key-1", FREE)
        await soon(lambda: inbox.inbox.mails[0].flags == {r"\Answered"})
        await source.poll(None, 10)
    assert inbox.inbox.mails[0].flags == {r"\Answered"}


async def test_two_machines_cannot_quarrel_for_long(inbox: ImapServer, post: SmtpServer, made: Tools) -> None:
    async with answering(inbox, post, made) as source:
        mention = await stored(source, inbox, mail(1, "My lamp"))
        for number in range(MOST_A_DAY - 1):
            await source.reply(mention, "Dear Jo", f"key-{number}", FREE)
    async with answering(inbox, post, made) as source:  # started anew
        await source.reply(mention, "Dear Jo", "key-last", FREE)
        with pytest.raises(ReplyRefused, match="quarrel"):
            await source.reply(mention, "Dear Jo", "key-more", FREE)
        other = await stored(source, inbox, mail(2, "x", From="bo@post.example"))
        await source.reply(other, "Dear Bo", "key-bo", FREE)
        await source.reply(mention, "Dear Jo", "key-1", FREE)  # another attempt at one that was counted
    tomorrow = Tools(made.fetch, lambda: NOW + timedelta(days=1), SECRETS, sessions=made.sessions)
    async with answering(inbox, post, tomorrow) as source:
        await source.reply(mention, "Dear Jo", "key-more", FREE)
    assert len(post.taken) == MOST_A_DAY + 3


async def test_a_text_that_is_too_long_or_empty_is_refused(inbox: ImapServer, post: SmtpServer, made: Tools) -> None:
    async with answering(inbox, post, made) as source:
        mention = await stored(source, inbox, mail(1, "My lamp"))
        for text in ("x" * 3_001, " \n"):
            with pytest.raises(ReplyRefused, match="3,000"):
                await source.reply(mention, text, "key-1", FREE)
    assert post.steps == []


async def test_check_signs_in_to_both_servers(inbox: ImapServer, post: SmtpServer, made: Tools) -> None:
    async with answering(inbox, post, made) as source:
        assert (await source.check()).endswith("; replies go out as care@lamp.example.")
        post.answers["AUTH"] = "535 no"
        with pytest.raises(SignInFailed):
            await source.check()
    assert "MAIL" not in post.steps


async def test_a_server_that_does_not_encrypt_is_told_no_password(
    inbox: ImapServer, post: SmtpServer, made: Tools
) -> None:
    for security in ("starttls", "tls"):
        async with answering(inbox, post, made, smtp_security=security) as source:
            with pytest.raises((BadSource, Transient)):
                await source.check()
            mention = await stored(source, inbox, mail(1, "My lamp"))
            with pytest.raises((ReplyRefused, Transient)):
                await source.reply(mention, "Dear Jo", "key-1", FREE)
    assert "AUTH" not in post.steps
    assert post.taken == []


async def test_a_reply_of_ours_that_comes_back_is_no_mention(inbox: ImapServer, post: SmtpServer, made: Tools) -> None:
    async with answering(inbox, post, made, user="care@lamp.example", address="help@lamp.example") as source:
        mention = await stored(source, inbox, mail(1, "My lamp"))
        page = await source.poll(None, 10)
        await source.reply(mention, "Dear Jo", "key-1", FREE)
        await inbox.arrive(post.taken[0].raw)
        assert (await source.poll(page.cursor, 10)).items == ()


def test_long_message_ids_come_through_whole() -> None:
    ids = tuple(f"<{'a' * length}@{'b' * 60}.example>" for length in (20, 90, 180, 91))
    target = Target("jo@post.example", "Größe " * 30, ids[-1], ids[:-1], is_person=True)
    raw = composed(target, "Dear Jo", ("Care", "care@lamp.example"), "<own@lamp.example>", NOW)
    assert max(map(len, raw.split(b"\r\n"))) < 998
    found = read_letter(raw)
    assert found.references == (*ids[:-1], ids[-1])
    assert found.title == f"Re: {('Größe ' * 30).strip()}"


def test_a_thread_of_a_hundred_mails_keeps_its_beginning_and_its_end() -> None:
    ids = [f"<{number}@x.example>" for number in range(100)]
    target = read_target(target_of(read_letter(mail(1, "x", References=" ".join(ids)))))
    assert target is not None
    assert target.references == (ids[0], *ids[-9:])


HEADERS = {"from", "to", "subject", "date", "message-id", "in-reply-to", "references", "mime-version"} | {
    "content-type",
    "content-transfer-encoding",
}


@given(
    st.text(max_size=60) | st.sampled_from(["x\r\nBcc: victim@x.example", "x\n\nbody", "\u2028Bcc: a@b.example"]),
    st.text(max_size=200),
)
@settings(max_examples=60)
def test_no_header_can_be_smuggled_in(subject: str, text: str) -> None:
    target = Target("jo@post.example", subject, "<1@x.example>", (), is_person=True)
    raw = composed(target, text, (subject, "care@lamp.example"), message_id("support", "key", "care@lamp.example"), NOW)
    found = email.message_from_bytes(raw, policy=policy.compat32)
    assert {name.lower() for name in found} <= HEADERS
    assert found.get_all("To") == ["jo@post.example"]


def test_a_damaged_note_of_where_to_answer_is_none() -> None:
    for damaged in ("", "{", "[]", "7", '{"to": 1}', "at://post"):
        assert read_target(damaged) is None


def test_each_attempt_at_a_reply_has_the_same_id() -> None:
    ids = {message_id("support", key, "care@lamp.example") for key in ("a", "a", "b")}
    assert len(ids) == 2
