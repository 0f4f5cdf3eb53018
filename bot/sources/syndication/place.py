"""How far a feed is read, and its writing as a cursor: small, for a team may have thousands of feeds."""

import json
from base64 import b64decode, b64encode
from binascii import Error as BadBase64
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from hashlib import blake2b

from pydantic import TypeAdapter

from bot.fetch import Answer
from bot.sources.syndication.entries import HASH_LENGTH, ID_LENGTH, Entry, Feed
from bot.sources.syndication.rhythm import gap_of
from storage.types import RawMention

MAX_KNOWN = 500
_MARGIN = 50  # entries that have left the feed; some come back
_EACH = (ID_LENGTH + HASH_LENGTH) // 2  # bytes


@dataclass(frozen=True)
class Place:
    """How far a feed is read. `home` is the address in the settings, `url` where it moved to or was found."""

    home: str
    url: str
    etag: str = ""
    last_modified: str = ""
    body: str = ""  # a hash of what the server said last, for servers without marks
    ttl: int = 0  # minutes
    gap: int = 0  # minutes between two entries, 0: unknown
    last: int = 0  # when it last had news, in seconds since 1970, 0: unknown
    left: int = 0  # entries that were not given yet
    is_caught_up: bool = False  # what it held when it was first read has been given
    is_page: bool = False  # `home` is a web page, which names the feed
    known: dict[str, str] = field(default_factory=dict)  # entry id to a hash of its words


@dataclass(frozen=True)
class _Written(Place):
    """As it stands in a cursor; older versions wrote `known` as a table of longer hashes."""

    known: str | dict[str, str] = ""  # type: ignore[assignment]


_WRITTEN = TypeAdapter(_Written)


def place_at(cursor: str | None, home: str) -> Place:
    """The cursor; one that is damaged, or of another address, counts as none, which repeats and loses nothing."""
    fresh = Place(home, home)
    try:
        told = json.loads(cursor) if cursor else None
        if not told:
            return fresh
        written = _WRITTEN.validate_python(told)
        if written.home != home:
            return fresh
        known = written.known
        return Place(**{**asdict(written), "known": _unpacked(known) if isinstance(known, str) else _shortened(known)})
    except (ValueError, RecursionError, BadBase64):
        return fresh


def to_cursor(place: Place) -> str:
    return json.dumps({**asdict(place), "known": _packed(place.known)})


def digest(answer: Answer) -> str:
    """The same for the same answer."""
    told = blake2b(answer.body, digest_size=12)
    told.update(answer.headers.get("Content-Type", "").encode("utf-8", "replace"))
    return told.hexdigest()


def known_now(place: Place, feed: Feed) -> dict[str, str]:
    """What is known, under the ids of today: an entry that was known by its former id is no news."""
    renamed = {entry.id: entry.hash for entry in feed.entries if entry.former in place.known}
    return {**renamed, **place.known} if renamed else place.known


def chosen(place: Place, feed: Feed, limit: int) -> tuple[list[Entry], bool]:
    """The entries to give next, at most `limit`, and whether to ask again at once: what is new goes before edits.

    Edits alone wait for the next poll, and so does a feed that names its entries anew whenever it is asked: of neither
    is there ever an end.
    """
    known = known_now(place, feed)
    fresh = [entry for entry in feed.entries if entry.id not in known]
    edited = [entry for entry in feed.entries if known.get(entry.id, entry.hash) != entry.hash]
    room = max(0, limit - len(fresh))
    has_shrunk = not place.left or len(fresh) <= place.left
    return fresh[:limit] + edited[len(edited) - min(room, len(edited)) :], len(fresh) > limit and has_shrunk


def after(place: Place, answer: Answer, feed: Feed, given: Sequence[Entry], now: datetime) -> Place:
    """How far the feed is read once `given` are stored. While something is left over no mark is kept."""
    before = known_now(place, feed)
    here = {entry.id: entry.hash for entry in feed.entries}
    older = [(id_, hash_) for id_, hash_ in place.known.items() if id_ not in here][-max(_MARGIN, len(here)) :]
    known = {id_: before[id_] for id_ in here if id_ in before} | {entry.id: entry.hash for entry in given}
    is_all, left = known == here, len(here) - len(known)
    dates = _dates(feed.entries)
    dated = max(_dates(given if left else feed.entries), default=None)
    news = int(min(dated, now).timestamp()) if dated else int(now.timestamp()) if given else 0
    return Place(
        home=place.home,
        url=answer.moved_to or place.url,
        etag=answer.headers.get("ETag", "")[:500] if is_all else "",
        last_modified=answer.headers.get("Last-Modified", "")[:100] if is_all else "",
        body=digest(answer) if is_all else "",
        ttl=feed.ttl,
        gap=gap_of(dates),
        last=news or place.last,
        left=left,
        is_caught_up=place.is_caught_up or not left,
        is_page=place.is_page,
        known=dict([*older, *known.items()][-MAX_KNOWN:]),
    )


def _dates(entries: Sequence[Entry]) -> list[datetime]:
    told = (entry.item.published_at for entry in entries if isinstance(entry.item, RawMention))
    return [date for date in told if date]


def _packed(known: Mapping[str, str]) -> str:
    return b64encode(bytes.fromhex("".join(f"{id_}{hash_}" for id_, hash_ in known.items()))).decode("ascii")


def _unpacked(known: str) -> dict[str, str]:
    """Raises ValueError for what was never packed."""
    told = b64decode(known, validate=True)
    if len(told) % _EACH:
        raise ValueError("no whole number of entries")
    pieces = (told[start : start + _EACH].hex() for start in range(0, len(told), _EACH))
    return {piece[:ID_LENGTH]: piece[ID_LENGTH:] for piece in pieces}


def _shortened(known: Mapping[str, str]) -> dict[str, str]:
    """A table of an older version; what it calls broken has no hash. Raises ValueError for what it never held."""
    short = {
        id_[:ID_LENGTH]: hash_[:HASH_LENGTH] if hash_ != "broken" else "0" * HASH_LENGTH for id_, hash_ in known.items()
    }
    for id_, hash_ in short.items():
        if len(id_) != ID_LENGTH or len(hash_) != HASH_LENGTH:
            raise ValueError("no hash of an entry")
        bytes.fromhex(id_ + hash_)
    return short
