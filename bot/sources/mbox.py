"""Mails of an mbox file, one at a time, in flat memory.

The library's own mbox reader first builds an index of the whole file, which for an archive is minutes and memory.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO

from bot.sources.letters.parts import read_letter
from handlers.ports import BadSource
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
    return read_letter(raw).mention()
