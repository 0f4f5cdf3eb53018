"""A reply as Bluesky keeps it: a record under a key of our own choosing, so that a repeat cannot stand there twice."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import regex
from atproto_client.utils.facet_detection import detect_facets, detect_mentions

from bot.sources.bluesky.items import POST
from bot.sources.fieldmap import storable
from handlers.ports import ReplyRefused

LIMIT = 300  # what a person sees as one character each
_MOST_BYTES = 3_000
_GRAPHEME = regex.compile(r"\X")
_SORTED_32 = "234567abcdefghijklmnopqrstuvwxyz"
_FIRST_MOMENT = 1_704_067_200_000_000  # microseconds to 2024, in which all our keys lie
_YEAR = 31_536_000_000_000

Resolve = Callable[[str], Awaitable[str]]  # an account's id by its handle, "" for one that there is not


def record_key(key: str) -> str:
    """The key of a reply's record: a valid TID that is the same for every attempt."""
    number = int.from_bytes(sha256(key.encode("utf-8", "surrogatepass")).digest()[:8], "big")
    value = (_FIRST_MOMENT + (number >> 10) % _YEAR) << 10 | number & 0x3FF
    return "".join(_SORTED_32[value >> shift & 31] for shift in range(60, -1, -5))


def checked(text: str) -> str:
    """The text as it can be posted. Raises ReplyRefused when there is none or too much."""
    words = storable(text).strip()
    if not words:
        raise ReplyRefused("There is nothing in the reply.", "Write it.")
    count = len(_GRAPHEME.findall(words))
    if count > LIMIT or len(words.encode()) > _MOST_BYTES:
        raise ReplyRefused(f"The reply has {count:,} characters; Bluesky takes {LIMIT}.", "Shorten it.")
    return words


async def record(
    text: str, parent: Mapping[str, str], root: Mapping[str, str], lang: str, now: datetime, resolve: Resolve
) -> dict[str, Any]:
    """The post that answers `parent` in the thread of `root`."""
    told: dict[str, Any] = {
        "$type": POST,
        "text": text,
        "createdAt": now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "reply": {"root": dict(root), "parent": dict(parent)},
    }
    if facets := await _facets(text, resolve):
        told["facets"] = facets
    return told | ({"langs": [lang]} if lang else {})


async def _facets(text: str, resolve: Resolve) -> Sequence[dict[str, Any]]:
    """What in the text is a link, a tag or an account, by its place in bytes."""
    found: list[dict[str, Any]] = []
    for facet in detect_facets(text):
        feature = facet.features[0]
        told = {"$type": feature.py_type} | {
            name: value for name in ("uri", "tag") if (value := getattr(feature, name, None))
        }
        found.append(_facet(facet.index.byte_start, facet.index.byte_end, told))
    for mention in detect_mentions(text):
        if did := await resolve(mention.handle.lower()):
            told = {"$type": "app.bsky.richtext.facet#mention", "did": did}
            found.append(_facet(mention.byte_start, mention.byte_end, told))
    return sorted(found, key=lambda facet: facet["index"]["byteStart"])


def _facet(start: int, end: int, feature: dict[str, Any]) -> dict[str, Any]:
    return {"index": {"byteStart": start, "byteEnd": end}, "features": [feature]}
