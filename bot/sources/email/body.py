"""Fetches mails from a server: a small one whole; of a large one header, text and the names of what is attached.

A mail that cannot be had costs no other.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote_to_bytes

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientAbortError

from bot.sources.fieldmap import storable

SMALL = 100_000  # bytes; a larger mail has attachments
WORDS = 1_000_000  # bytes of a text that are fetched
_AT_ONCE = 20  # mails that are asked for together
_DEPTH = 20
_FILENAME = re.compile(rb'filename="?([^";]{1,200})', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Arrived:
    """A mail as the server has it: its bytes without attachments, or why they cannot be had."""

    uid: int
    at: datetime | None
    raw: bytes = b""
    attachments: tuple[str, ...] | None = None  # their names, when they were left on the server
    trouble: str = ""


def fetched(client: IMAPClient, uids: Sequence[int]) -> Iterator[Arrived]:
    """These mails of the selected folder, in this order; one that was deleted in between is left out."""
    for start in range(0, len(uids), _AT_ONCE):
        some = uids[start : start + _AT_ONCE]
        try:
            yield from _fetch(client, some)
        except (IMAPClientAbortError, OSError):
            raise
        except Exception:  # one answer that cannot be read would cost its neighbours
            for uid in some:
                yield from _fetch_alone(client, uid)


def _fetch_alone(client: IMAPClient, uid: int) -> list[Arrived]:
    try:
        return _fetch(client, [uid])
    except (IMAPClientAbortError, OSError):
        raise
    except Exception as error:
        return [Arrived(uid, None, trouble=f"The server's answer about it is not understood ({type(error).__name__}).")]


def _fetch(client: IMAPClient, uids: Sequence[int]) -> list[Arrived]:
    heads = client.fetch(uids, ["RFC822.SIZE", "INTERNALDATE"])
    sizes = {uid: int(head.get(b"RFC822.SIZE", 0)) for uid, head in heads.items()}
    small = [uid for uid, size in sizes.items() if size <= SMALL]
    bodies = client.fetch(small, ["BODY.PEEK[]"]) if small else {}
    arrived = []
    for uid in sorted(heads):
        at = _aware(heads[uid].get(b"INTERNALDATE"))
        if sizes[uid] > SMALL:
            arrived.append(Arrived(uid, at, *_large(client, uid)))
        elif uid in bodies:
            arrived.append(Arrived(uid, at, bytes(bodies[uid].get(b"BODY[]") or b"")))
    return arrived


def _large(client: IMAPClient, uid: int) -> tuple[bytes, tuple[str, ...]]:
    """Its words as a mail of one part, and the names of what is attached."""
    found = client.fetch([uid], ["BODYSTRUCTURE", "BODY.PEEK[HEADER]"]).get(uid, {})
    head = bytes(found.get(b"BODY[HEADER]") or b"")
    parts = list(_parts(found.get(b"BODYSTRUCTURE"), "", 0))
    names = tuple(name for _, part in parts if (name := _name(part)))
    texts = [(number, part) for number, part in parts if _is(part, b"text") and not _is_attached(part)]
    chosen = next((one for one in texts if _lower(one[1][1]) == b"plain"), None) or next(iter(texts), None)
    if chosen is None:
        return _with(head, b"text/plain", b"7bit", b""), names
    number, part = chosen
    section = f"BODY.PEEK[{number}]<0.{WORDS}>"
    told = client.fetch([uid], [section]).get(uid, {})
    body = next((bytes(value or b"") for key, value in told.items() if key.startswith(b"BODY[")), b"")
    return _with(head, _kind(part), _plain(part[5]) or b"7bit", body), names


def _parts(structure: Any, number: str, depth: int) -> Iterator[tuple[str, Any]]:
    """Each part that is no container, with its number as the server counts them."""
    if not isinstance(structure, tuple) or depth > _DEPTH:
        return
    if structure and isinstance(structure[0], list):
        for place, one in enumerate(structure[0], 1):
            yield from _parts(one, f"{number}.{place}" if number else str(place), depth + 1)
    elif len(structure) >= 6:
        yield number or "1", structure


def _kind(part: Any) -> bytes:
    """The Content-Type of a text, from what the server tells of it."""
    told = [b"text/" + (_plain(part[1]) or b"plain")]
    told += [
        name + b'="' + value + b'"' for name, value in _pairs(part[2]) if name in (b"charset", b"format", b"delsp")
    ]
    return b"; ".join(told)


def _name(part: Any) -> str:
    pairs = [*(pair for one in part[8:] if isinstance(one, tuple) for pair in _pairs(one[-1])), *_pairs(part[2])]
    named = dict(reversed(pairs))
    name = named.get(b"filename") or named.get(b"name") or b""
    if not name and b"filename*" in named:  # in another alphabet
        name = unquote_to_bytes(named[b"filename*"].rpartition(b"'")[2])
    if not name:  # some servers tell the whole line instead of its parts
        found = next((match for one in part[8:] if isinstance(one, bytes) and (match := _FILENAME.search(one))), None)
        name = found[1] if found else b""
    return " ".join(storable(name.decode("utf-8", "replace")).split())[:80]


def _is_attached(part: Any) -> bool:
    told = (one[0] if isinstance(one, tuple) and one else one for one in part[8:])
    return any(_lower(one).startswith(b"attachment") for one in told)


def _is(part: Any, kind: bytes) -> bool:
    return bool(_lower(part[0]) == kind)


def _pairs(told: Any) -> list[tuple[bytes, bytes]]:
    values = [_plain(one) for one in told] if isinstance(told, tuple) else []
    return [(name.lower(), value) for name, value in zip(values[::2], values[1::2], strict=False)]


def _plain(value: Any) -> bytes:
    """What may stand inside a header that is put together here."""
    told = value if isinstance(value, bytes) else b""
    return bytes(one for one in told[:200] if one >= 32 and one not in b'"\\')


def _lower(value: Any) -> bytes:
    return value.lower() if isinstance(value, bytes) else b""


def _with(head: bytes, kind: bytes, encoding: bytes, body: bytes) -> bytes:
    """The mail's own header without what it says of its parts, and one part."""
    kept: list[bytes] = []
    is_left_out = False
    for line in head.split(b"\n"):
        if line[:1] not in (b" ", b"\t"):
            is_left_out = line[:8].lower() == b"content-" or not line.strip()
        if not is_left_out:
            kept.append(line.rstrip(b"\r"))
    lines = [*kept, b"Content-Type: " + kind, b"Content-Transfer-Encoding: " + encoding, b"", b""]
    return b"\r\n".join(lines) + body


def _aware(moment: object) -> datetime | None:
    if not isinstance(moment, datetime):
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
