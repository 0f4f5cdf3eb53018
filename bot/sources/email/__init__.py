"""A mailbox: what customers write to support@ and feedback@, and Google Alerts that come by mail.

    [[sources]]
    name = "support mail"
    kind = "email"
    server = "imap.example.com"
    user = "support@lamp.example"
    smtp_server = "smtp.example.com"
    every = "5m"

The password stands in `.env` as EMAIL_PASSWORD. Gmail, iCloud, Yahoo and Fastmail want an app password: switch two-step
verification on, then make one in the account's security settings. Microsoft 365 takes no passwords: name a variable
with an OAuth token in token_env, and have a program of yours renew it.

The server itself tells of new mail within a second (IDLE) where it can, and every poll looks for it besides. Reading
leaves no trace: nothing is marked as read, moved or deleted. What the customer quotes is cut off; attachments stay on
the server, only their names are told. Automatic answers (out of office) and mail that came back are left out.

With smtp_server, an approved reply goes out in the customer's thread: to one address, the approved words alone, no more
than five a day to the same address, never to lists, newsletters and machines. If the answer of the server is lost, the
folder of sent mail is asked whether the reply went out; unless keeps_sent is set nobody can be sure that it did not,
and a person decides. When a mail asks for answers to another address than its author's, the card and the draft name
that address, so that whoever approves knows it. Of a Google Alerts mail each link is a mention of its own, public as
the page is.

What this source can't see: mail in other folders and mail that a rule moves away before it is read, what is inside
attachments and pictures, encrypted mail, mail from your own address, whether the customer read an answer, mail that is
deleted or moved later (the mention stays), and answers that a colleague gives from her own mail program.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from bot.fetch import Tools
from bot.sources.email.body import Arrived
from bot.sources.email.door import Door
from bot.sources.email.inbox import Account
from bot.sources.email.mailbox import Mailbox
from bot.sources.email.mentions import mentions
from bot.sources.email.post import Post
from bot.sources.email.reply import LIMIT, Tally, composed, is_address, message_id, read_target, why_not
from handlers.ports import (
    FREE,
    Broken,
    Budget,
    ByApi,
    Can,
    Item,
    Mark,
    NotPossible,
    Page,
    Posted,
    ReplyDoubtful,
    ReplyRefused,
    ReplyWay,
    Source,
    Wanted,
    reply_way,
)
from storage.errors import ConfigError
from storage.types import Mention, RawMention

KIND = "email"
ASKED = ("password_env", "smtp_server")  # when one is added

_LONGEST_IDLE = timedelta(minutes=28)  # servers may end it after 30
_STREAM_PAGE = 50


@dataclass(frozen=True)
class Settings:
    """What the team decides."""

    server: str  # the IMAP server's name
    user: str  # who signs in, most often the mail address
    port: int = 993  # of the IMAP server
    security: Literal["tls", "starttls", "none"] = "tls"  # none: only on your own network, with allow_private
    password_env: str = "EMAIL_PASSWORD"  # noqa: S105  the variable in .env that holds the password
    token_env: str = ""  # instead of the password: the variable in .env that holds an OAuth token (XOAUTH2)
    folder: str = "INBOX"  # the folder that is read
    address: str = ""  # our address, from which replies go out; without it the user
    sender_name: str = ""  # the name beside our address
    smtp_server: str = ""  # the server that takes replies; without it Earshot only reads
    smtp_port: int = 465  # of that server; 587 with starttls
    smtp_security: Literal["tls", "starttls", "none"] = "tls"  # as for the IMAP server
    smtp_user: str = ""  # who signs in there; without it the same user
    smtp_password_env: str = ""  # the variable in .env that holds the password there; without it the same password
    sent_folder: str = ""  # where sent mail lies; without it the folder that the server calls so
    keeps_sent: bool = False  # the server files what is sent by itself, as Gmail and Microsoft 365 do
    marks_answered: bool = False  # mark an answered mail as such; the only thing that is ever changed in the folder
    idle: bool = True  # let the server tell of new mail
    idle_for: timedelta = timedelta(minutes=9)  # after so long the wait is renewed; networks forget a silent line
    backlog_days: int = 1  # days before today that are read when it begins
    allow_private: bool = False  # for servers on your own network


SAMPLE = b"""Return-Path: <jo@post.example>\r
From: "Jo Meier" <jo@post.example>\r
To: care@lamp.example\r
Subject: =?utf-8?q?Aurelia_lamp=3A_third_one_that_flickers_=E2=80=93_help=3F?=\r
Date: Fri, 20 Nov 2026 09:00:00 +0100\r
Message-ID: <a1@post.example>\r
Content-Type: text/plain; charset=utf-8\r
Content-Transfer-Encoding: 8bit\r
\r
My third Aurelia flickers. Is that normal?\r
\r
On Thu, Nov 19, 2026 at 8:00 AM Lamp Care <care@lamp.example> wrote:\r
> Please try another socket.\r
\r
-- \r
Jo Meier, Kiel\r
"""
EXPECTED = [
    RawMention(
        native_id="6db02cbc137c45e14130c67822b483a3",
        text="My third Aurelia flickers. Is that normal?",
        title="Aurelia lamp: third one that flickers – help?",
        author="jo@post.example",
        author_name="Jo Meier",
        published_at=datetime(2026, 11, 20, 8, 0, tzinfo=UTC),
        private=True,
        is_final=True,
        reply_ref=(
            '{"to": "jo@post.example", "subject": "Aurelia lamp: third one that flickers \\u2013 help?",'
            ' "id": "<a1@post.example>", "references": [], "is_person": true}'
        ),
    )
]


def read_sample() -> list[RawMention | Broken]:
    """What SAMPLE gives."""
    return mentions(Arrived(1, datetime(2026, 11, 20, 8, 0, 5, tzinfo=UTC), SAMPLE), frozenset({"care@lamp.example"}))


def build(name: str, settings: Settings, tools: Tools) -> Source:
    """A mailbox. Raises ConfigError when a secret is missing or an address is none."""
    at = f"sources.{name}"
    address = settings.address or settings.user
    if settings.smtp_server and not is_address(address):
        raise ConfigError(f'{at}.address: "{address}" is no mail address;', "write the one that replies come from.")
    for field, security in (("security", settings.security), ("smtp_security", settings.smtp_security)):
        if security == "none" and not settings.allow_private:
            raise ConfigError(f'{at}.{field}: "none" is for your own network only;', "use tls, or set allow_private.")
    if not timedelta(seconds=1) <= settings.idle_for <= _LONGEST_IDLE:
        raise ConfigError(f"{at}.idle_for: it must be at least 1s and at most 28m.")
    is_token = bool(settings.token_env)
    secret = _secret(
        at, "token_env" if is_token else "password_env", settings.token_env or settings.password_env, tools
    )
    door = Door(settings.server, settings.port, settings.security, settings.allow_private)
    account = Account(door, settings.user, secret, is_token, settings.folder)
    post = None
    if settings.smtp_server:
        door = Door(settings.smtp_server, settings.smtp_port, settings.smtp_security, settings.allow_private)
        if settings.smtp_password_env:
            is_token, secret = False, _secret(at, "smtp_password_env", settings.smtp_password_env, tools)
        post = Post(door, settings.smtp_user or settings.user, secret, is_token, address, tools.now)
    return EmailSource(name, settings, tools, account, post)


def _secret(at: str, field: str, variable: str, tools: Tools) -> str:
    if secret := tools.secrets.get(variable, ""):
        return secret
    raise ConfigError(
        f"{at}.{field}: {variable} is not set in .env;", "put the mailbox's password there (an app password for Gmail)."
    )


class EmailSource(Source):
    """A folder of a mailbox. Its cursor is a Place as JSON."""

    kind = KIND

    def __init__(self, name: str, settings: Settings, tools: Tools, account: Account, post: Post | None) -> None:
        self.name = name
        self.can = (Can.STREAM if settings.idle else Can.NOTHING) | (Can.REPLY if post else Can.NOTHING)
        self._settings = settings
        self._tools = tools
        self._account = account
        self._post = post
        self._own = frozenset({settings.user.lower(), (settings.address or settings.user).lower()})
        self._backlog = timedelta(days=max(0, settings.backlog_days))
        self._mailbox = self._opened("poll")
        self._tally = Tally(name, tools)

    async def poll(self, cursor: str | None, limit: int, query: str = "", budget: Budget = FREE) -> Page:
        return await self._mailbox.page(cursor, max(1, limit), self._backlog)

    async def stream(self, wanted: Sequence[Wanted], cursor: str | None, budget: Budget) -> AsyncIterator[Item | Mark]:
        """What comes from now on; the mails of today are told again, as nobody knows which of them were missed."""
        mailbox = self._opened("idle")
        try:
            while True:
                page = await mailbox.page(cursor, _STREAM_PAGE, timedelta())
                for item in page.items:
                    yield item
                cursor = page.cursor
                if cursor is not None:
                    yield Mark(cursor)
                if not page.more:
                    await mailbox.wait(self._settings.idle_for)
        finally:
            await mailbox.close()

    def can_reply(self, mention: Mention) -> ReplyWay:
        target = read_target(mention.reply_ref)
        if target is None:
            return reply_way(mention)
        if why := why_not(target, self._own):
            return NotPossible(why)
        if self._post is None:
            return NotPossible("Answer it in your mail program; for replies from here set smtp_server for this source.")
        is_elsewhere = target.to.lower() != mention.author.lower()
        return ByApi(f"{self._post.address} to {target.to}" if is_elsewhere else self._post.address, LIMIT)

    async def reply(self, mention: Mention, text: str, key: str, budget: Budget) -> Posted:
        way, target = self.can_reply(mention), read_target(mention.reply_ref)
        if not isinstance(way, ByApi) or target is None or self._post is None:
            raise ReplyRefused(way.why if isinstance(way, NotPossible) else "It can only be answered at its own place.")
        if len(text) > way.limit or not text.strip():
            raise ReplyRefused(f"A reply by mail has 1 to {way.limit:,} characters.")
        own_id = message_id(self.name, key, self._post.address)
        self._tally.count(target.to, own_id)
        raw = composed(target, text, (self._settings.sender_name, self._post.address), own_id, self._tools.now())
        await self._post.send(raw, target.to)
        kept = None if self._settings.keeps_sent else raw
        answered = target.id if self._settings.marks_answered else ""
        self._mailbox.after_sending(kept, self._settings.sent_folder, answered)
        return Posted("", own_id.strip("<>"))

    async def find_reply(self, mention: Mention, text: str, key: str, since: datetime) -> Posted | None:
        """It is found where a copy is kept. That it is not there proves something only when the server keeps them."""
        own_id = message_id(self.name, key, self._settings.address or self._settings.user)
        found = await self._mailbox.find_sent(own_id, self._settings.sent_folder, since)
        if found:
            return Posted("", own_id.strip("<>"))
        if found is False and self._settings.keeps_sent:
            return None
        raise ReplyDoubtful(
            f"No copy of it lies in the sent mail on {self._settings.server}, which proves nothing.",
            "Look into the mailbox. If this server files all sent mail by itself, set keeps_sent = true.",
        )

    async def check(self) -> str:
        count = await self._mailbox.count()
        replies = ""
        if self._post is not None:
            await self._post.check()
            replies = f"; replies go out as {self._post.address}"
        where = f"The folder {self._settings.folder} of {self._settings.user}"
        return f"{where} can be read; it has {count} mails{replies}."

    async def close(self) -> None:
        await self._mailbox.close()

    def _opened(self, purpose: str) -> Mailbox:
        return Mailbox(f"{purpose} {self.name}", self._account, self._own, self._tools.now)
