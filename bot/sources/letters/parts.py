"""What a mail says, whoever wrote it and however it lies. Shared by everything that reads mails.

A header is cut before it is parsed, and the parser is never trusted not to raise: some of its ways are quadratic, and a
hostile header can bring out a dozen kinds of errors.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from email import message_from_bytes, policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import parseaddr
from enum import Enum, auto
from typing import Any

import regex

from bot.sources import markup
from bot.sources.fieldmap import content_id, read_date, storable
from bot.sources.letters.words import own_words, unfolded
from handlers.rules.text import from_html
from storage.types import RawMention

HEADER_LIMIT = 4_000  # characters of one header that are looked at
PARAMETERS_LIMIT = 800  # of those with parameters, over which the parser takes quadratic time
TEXT_LIMIT = 200_000  # characters of a text
MAX_PARTS = 200
_MAX_DIVIDERS = 5_000  # lines that could part one part from the next
_MAX_NESTED = 100  # parts that could hold others
_ID_LIMIT = 200
_ATTACHMENTS = 10

_MESSAGE_ID = regex.compile(r"<[\x21-\x3b\x3d\x3f-\x7e]{3,250}>")
_AUTOMATIC_SUBJECTS = regex.compile(
    r"(?:automatic reply|auto(?:-|matic )?re(?:ply|sponse)|out of (?:the )?office|abwesen|automatische antwort"
    r"|r[ée]ponse automatique|respuesta autom[áa]tica|risposta automatica|undeliver|delivery status|mail delivery"
    r"|returned mail|failure notice)",
    regex.IGNORECASE,
)
_ROBOTS = regex.compile(r"(?:mailer-daemon|postmaster)@", regex.IGNORECASE)
_SAYS_LATIN = {"", "us-ascii", "ascii", "iso-8859-1", "latin-1", "latin1", "windows-1252", "cp1252"}


class _Careful(policy.EmailPolicy):
    """Cuts every header before anything looks into it, in each part of a mail."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[: PARAMETERS_LIMIT if name.lower().startswith("content-") else HEADER_LIMIT]


_CAREFUL: Any = _Careful()


class Nature(Enum):
    """Who speaks: a person, a machine or list to many, or a machine that answers by itself."""

    PERSON = auto()
    BULK = auto()
    AUTOMATIC = auto()


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail, read. `text` is all its words, `html` its HTML if it has such a part, `native_id` what it is known by."""

    native_id: str
    message_id: str  # with its brackets; "" when it has none that is one
    author: str  # the address alone
    author_name: str
    title: str
    date: datetime | None
    text: str
    html: str
    reply_to: str  # the one address that wants the answer; "" when it names none or several
    references: tuple[str, ...]
    attachments: tuple[str, ...]
    nature: Nature

    def mention(self) -> RawMention:
        """It as a mention, in the customer's own words. Raises ValueError with a sentence when it says nothing."""
        text, title = own_words(self.text, self.title), self.title
        if not text.strip():
            text, title = title or ", ".join(self.attachments), ""
        if not text.strip():
            raise ValueError("It has neither a text nor a subject.")
        return RawMention(
            native_id=self.native_id,
            text=text,
            title=title,
            author=self.author,
            author_name=self.author_name,
            published_at=self.date,
            private=True,
            extra={"attachments": ", ".join(self.attachments)[:300]} if self.attachments else {},
            is_final=True,
        )

    def with_attachments(self, names: tuple[str, ...]) -> "Letter":
        return replace(self, attachments=names[:_ATTACHMENTS])


def read_letter(raw: bytes) -> Letter:
    """A mail in its usual writing. Raises ValueError with a sentence when it cannot be read at all."""
    nested = raw.lower().count(b"multipart/")
    if nested > _MAX_NESTED or (nested and raw.count(b"\n--") > _MAX_DIVIDERS):
        raise ValueError("It has too many parts to be read as a mail.")
    try:
        return _letter(message_from_bytes(raw, policy=_CAREFUL))
    except Exception as error:
        # The mail parser raises a dozen kinds of errors on hostile mails; each would stop a whole archive.
        raise ValueError(f"It cannot be read as a mail ({type(error).__name__}).") from error


def header(mail: EmailMessage, name: str) -> str:
    """A header's words on one line; "" when there is none."""
    return " ".join(storable(_parsed(mail, name)).split())


def _letter(mail: EmailMessage) -> Letter:
    parts = _parts(mail)
    plain, html = _body(mail, "plain"), _body(mail, "html")
    names = tuple(_name(part) for part in parts if part.get_content_disposition() == "attachment")
    text = (plain if plain.strip() else from_html(html)).strip()
    author_name, author = _address(mail, "From")
    title, date, message_id = header(mail, "Subject"), header(mail, "Date"), header(mail, "Message-ID")
    ids = [*_MESSAGE_ID.findall(header(mail, "References")), *_MESSAGE_ID.findall(header(mail, "In-Reply-To"))]
    named = _MESSAGE_ID.search(message_id)
    return Letter(
        native_id=_native_id(message_id, [author, date, title, text or title]),
        message_id=named[0] if named else "",
        author=author,
        author_name=author_name,
        title=title,
        date=read_date(date),
        text=text,
        html=html,
        reply_to=_address(mail, "Reply-To")[1] if len(_addresses(mail, "Reply-To")) == 1 else "",
        references=tuple(dict.fromkeys(ids)),
        attachments=tuple(name for name in names if name)[:_ATTACHMENTS],
        nature=_nature(mail, author, title),
    )


def _parts(mail: EmailMessage) -> list[EmailMessage]:
    """All parts. Raises ValueError when there are too many."""
    parts: list[EmailMessage] = []
    for part in mail.walk():
        parts.append(part)
        if len(parts) > MAX_PARTS:
            raise ValueError(f"more than {MAX_PARTS} parts")
    return parts


def _raw(mail: EmailMessage, name: str) -> str:
    """The first header of that name as it came, what is not ASCII in it read as UTF-8, else as Windows-1252."""
    found = next((value for key, value in mail.raw_items() if key.lower() == name.lower()), "")
    if str(found).isascii():
        return str(found)
    sent = str(found).encode("utf-8", "surrogateescape")
    return markup.decoded(sent, "")


def _parsed(mail: EmailMessage, name: str) -> str:
    raw = _raw(mail, name)
    if "=?" not in raw:
        return raw
    try:
        return str(policy.default.header_fetch_parse(name, raw))
    except Exception:
        return raw  # as it came is better than not at all


def _addresses(mail: EmailMessage, name: str) -> tuple[Address, ...]:
    try:
        return tuple(policy.default.header_fetch_parse(name, _raw(mail, name)).addresses)
    except Exception:
        return ()


def _address(mail: EmailMessage, name: str) -> tuple[str, str]:
    """The first (name, address). An encoded name is decoded after the address was found, so that it cannot pose."""
    for one in _addresses(mail, name):
        if one.username and one.domain:
            return _line(one.display_name), _line(one.addr_spec)
    try:
        found_name, found = parseaddr(_raw(mail, name))
    except Exception:
        return "", ""
    return _line(found_name), _line(found) if "@" in found else ""


def _line(words: str) -> str:
    return " ".join(storable(words).split())[:300]


def _native_id(message_id: str, parts: list[str]) -> str:
    bare = message_id.strip("<>").strip()
    return bare if 0 < len(bare) <= _ID_LIMIT else content_id([bare] if bare else parts)


def _body(mail: EmailMessage, subtype: str) -> str:
    part = mail.get_body((subtype,))
    if part is None:
        return ""
    payload = part.get_payload(decode=True)
    words = _decoded(payload if isinstance(payload, bytes) else b"", str(part.get_content_charset("") or ""))
    words = storable(words[:TEXT_LIMIT].replace("\r\n", "\n"))
    if subtype == "plain" and part.get_param("format", "") == "flowed":
        return unfolded(words, is_space_dropped=str(part.get_param("delsp", "")).lower() == "yes")
    return words


def _decoded(payload: bytes, charset: str) -> str:
    """Its words. Many programs say Latin and send UTF-8, which as good as never makes sense by chance."""
    payload = payload[: 4 * TEXT_LIMIT]
    if charset.lower() in _SAYS_LATIN and not payload.isascii():
        charset = "utf-8"
    return markup.decoded(payload, f'charset="{charset}"')


def _name(part: EmailMessage) -> str:
    try:
        return _line(part.get_filename("") or "")[:80]
    except Exception:
        return ""


def _nature(mail: EmailMessage, author: str, title: str) -> Nature:
    automatic = header(mail, "Auto-Submitted").lower()
    is_by_machine = automatic not in ("", "no") or "X-Auto-Response-Suppress" in mail
    if (
        automatic.startswith("auto-replied")
        or (is_by_machine and ("In-Reply-To" in mail or _AUTOMATIC_SUBJECTS.match(title)))
        or mail.get_content_type() == "multipart/report"
        or header(mail, "Return-Path") == "<>"
        or header(mail, "Precedence").lower() == "auto_reply"
        or any(name in mail for name in ("X-Failed-Recipients", "X-Autoreply", "X-Autorespond"))
        or _ROBOTS.match(author)
    ):
        return Nature.AUTOMATIC
    is_to_many = header(mail, "Precedence").lower() in ("bulk", "list", "junk") or any(
        name.lower().startswith("list-") for name in mail
    )
    return Nature.BULK if is_to_many or is_by_machine else Nature.PERSON
