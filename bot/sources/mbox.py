"""Mails of an mbox file, one at a time, in flat memory; and what a mail says as a mention.

The library's own mbox reader first builds an index of the whole file, which for an archive is minutes and memory.
"""

import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parseaddr
from typing import BinaryIO

from bot.sources.fieldmap import content_id, read_date, storable
from handlers.ports import BadSource
from handlers.rules.text import from_html
from storage.types import RawMention

MAIL_LIMIT = 2_000_000  # bytes of one mail that are looked at; what is longer has attachments at its end
_PIECE = 65_536
_QUOTED_FROM = re.compile(rb">+From ")


def mails(stream: BinaryIO, name: str) -> Iterator[bytes]:
    """The mails of an mbox, without their "From " lines. Raises BadSource when the file does not begin with one."""
    mail = bytearray()
    is_line_start, was_blank, has_begun = True, True, False
    while piece := stream.readline(_PIECE):
        if is_line_start and was_blank and piece.startswith(b"From "):
            if has_begun:
                yield bytes(mail)
            mail, has_begun = bytearray(), True
        elif has_begun and len(mail) < MAIL_LIMIT:
            mail += piece[1:] if is_line_start and _QUOTED_FROM.match(piece) else piece
        elif not has_begun and piece.strip():
            raise BadSource(f'{name} is no mbox: its first line does not begin with "From ".')
        was_blank = is_line_start and not piece.strip(b"\r\n")
        is_line_start = piece.endswith(b"\n")
    if has_begun:
        yield bytes(mail)


def read_mail(raw: bytes) -> RawMention:
    """What a mail says. Raises ValueError with a sentence when it says nothing or cannot be read."""
    try:
        mail = message_from_bytes(raw, policy=policy.default)
        author_name, author = parseaddr(_header(mail, "From"))
        title, date, message_id = (_header(mail, name) for name in ("Subject", "Date", "Message-ID"))
        text = _text(mail).strip()
    except Exception as error:
        # The mail parser raises a dozen kinds of errors on hostile headers; each would stop a whole archive.
        raise ValueError(f"It cannot be read as a mail ({type(error).__name__}).") from error
    if not text:
        text, title = title, ""
    if not text.strip():
        raise ValueError("It has neither a text nor a subject.")
    return RawMention(
        native_id=message_id.strip("<>")[:200] or content_id([author, date, title, text]),
        text=text,
        title=title,
        author=author,
        author_name=author_name,
        published_at=read_date(date),
        private=True,
    )


def _header(mail: EmailMessage, name: str) -> str:
    return " ".join(storable(str(mail.get(name, ""))).split())


def _text(mail: EmailMessage) -> str:
    part = mail.get_body(("plain", "html"))
    if part is None:
        return ""
    payload = part.get_payload(decode=True)
    words = _decoded(payload if isinstance(payload, bytes) else b"", part.get_content_charset("utf-8"))
    return storable(from_html(words) if part.get_content_subtype() == "html" else words)


def _decoded(payload: bytes, charset: str) -> str:
    try:
        return payload.decode(charset, "replace")
    except (LookupError, ValueError):
        return payload.decode("utf-8", "replace")
