"""Posts of Bluesky as mentions, read from JSON by ourselves: what is new does no harm, what is wrong costs itself.

A post's record is the same everywhere; a list of the server wraps it in a view with the author and, in some, counts.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.sources.fieldmap import read_count, read_date, read_lang, storable
from handlers.ports import Broken
from handlers.rules.text import safe_url
from storage.types import RawMention

POST = "app.bsky.feed.post"
WEB = "https://bsky.app"
ADDRESSED = ("mention", "reply", "quote")  # the ways in which a post can speak to an account

_URI = re.compile(rf"at://(did:[a-z]+:[A-Za-z0-9._:%-]{{1,200}})/{re.escape(POST)}/([A-Za-z0-9._~:-]{{1,80}})")
_LONGEST_EXTRA = 2_000  # characters; a card's words beside the text are short
_MOST_PARTS = 50  # links, pictures and tags of one post; the network allows fewer


def parts_of(uri: object) -> tuple[str, str]:
    """The account and the key of a post's address. Raises ValueError when it is none."""
    found = _URI.fullmatch(uri) if isinstance(uri, str) else None
    if not found:
        raise ValueError("It has no address of a post.")
    return found[1], found[2]


def page_of(author: str, key: str) -> str:
    """Where a person can read a post."""
    return f"{WEB}/profile/{author}/post/{key}"


def read_view(view: Any, own: str) -> RawMention:
    """The mention in a view of a post, or in a notification of one, for the account `own`. Raises ValueError."""
    if not isinstance(view, Mapping):
        raise ValueError("It is no object.")
    did, key = parts_of(view.get("uri"))
    author = view.get("author")
    if not isinstance(author, Mapping):
        raise ValueError("It has no author.")
    handle = handle_of(author, did)
    raw = read_record(view.get("record"), did, key, _words(view.get("cid")), own, read_date(view.get("indexedAt")))
    return replace(
        with_counts(raw, view), author=handle, author_name=_words(author.get("displayName")), url=page_of(handle, key)
    )


def read_record(record: Any, did: str, key: str, cid: str, own: str, seen: datetime | None) -> RawMention:
    """The mention in a post's record, of which only the author's `did` is known. Raises ValueError.

    The date is the author's own claim, so it counts only as far as it is not later than the post was `seen`.
    """
    if not isinstance(record, Mapping):
        raise ValueError("It has no record.")
    text = record.get("text")
    if not isinstance(text, str):
        raise ValueError("Its text is no text.")
    uri = f"at://{did}/{POST}/{key}"
    published_at = read_date(record.get("createdAt"))
    if seen is not None and (published_at is None or published_at > seen):
        published_at = seen
    langs = record.get("langs")
    return RawMention(
        native_id=uri,
        text=storable(text),
        url=page_of(did, key),
        author=did,
        published_at=published_at,
        lang=read_lang(langs[0]) if isinstance(langs, list) and langs and isinstance(langs[0], str) else "",
        extra=extra_of(record.get("facets"), record.get("embed"), record.get("tags")),
        reply_ref=json.dumps({"uri": uri, "cid": cid, "root": root_of(record), "reason": reason_of(record, own)}),
    )


def read_views(views: Sequence[Any], own: str) -> list[RawMention | Broken]:
    """Each view as a mention, or as broken alone."""
    return [read_or_broken(lambda view=view: read_view(view, own), view) for view in views]  # type: ignore[misc]


def read_or_broken(read: Callable[[], RawMention], whole: Any) -> RawMention | Broken:
    """What `read` gives; what it cannot read is Broken, with where it stands and how it begins."""
    try:
        return read()
    except (ValueError, TypeError, RecursionError, OverflowError) as error:
        told = whole if isinstance(whole, Mapping) else {}
        sample = storable(json.dumps(whole, ensure_ascii=False, default=str))[:200]
        return Broken(_words(told.get("uri"))[:300] or "a post without an address", str(error)[:200], sample)


def with_counts(raw: RawMention, view: Mapping[str, Any]) -> RawMention:
    """The mention with the counts of a view; a quote spreads it as a repost does."""
    shares = [count for name in ("repostCount", "quoteCount") if (count := read_count(view.get(name))) is not None]
    return replace(
        raw,
        likes=read_count(view.get("likeCount")),
        shares=sum(shares) if shares else None,
        replies=read_count(view.get("replyCount")),
    )


def with_profile(raw: RawMention, profile: Mapping[str, Any]) -> RawMention:
    """The mention with what its author's profile tells."""
    did, key = parts_of(raw.native_id)
    handle = handle_of(profile, did)
    return replace(
        raw,
        author=handle,
        author_name=_words(profile.get("displayName")) or raw.author_name,
        followers=read_count(profile.get("followersCount")),
        url=page_of(handle, key),
    )


def handle_of(profile: Mapping[str, Any], did: str) -> str:
    """The handle; of one that the network cannot verify, the account's id."""
    handle = _words(profile.get("handle"))
    return did if handle in ("", "handle.invalid") else handle


def extra_of(facets: Any, embed: Any, tags: Any) -> dict[str, str]:
    """What a post says beside its text: links in full, the words of link cards, what pictures show, hidden tags."""
    extra: dict[str, str] = {}
    links = _links(facets)
    for media in _media(embed):
        card = media.get("external")
        if isinstance(card, dict):
            links.append(_words(card.get("uri")))
            _put(extra, "card", f"{_words(card.get('title'))}\n{_words(card.get('description'))}".strip())
        _put(extra, "pictures", "\n".join(filter(None, _alts(media))))
    if links:
        _put(extra, "links", " ".join(dict.fromkeys(filter(None, map(safe_url, links)))))
    _put(extra, "tags", " ".join(f"#{_words(tag)}" for tag in _some(tags) if _words(tag)))
    return extra


def _put(extra: dict[str, str], name: str, words: str) -> None:
    if words:
        extra[name] = f"{extra[name]}\n{words}"[:_LONGEST_EXTRA] if name in extra else words[:_LONGEST_EXTRA]


def root_of(record: Mapping[str, Any]) -> dict[str, str] | None:
    """The first post of the thread that this one stands in, None when it is the first itself."""
    reply = record.get("reply")
    root = reply.get("root") if isinstance(reply, Mapping) else None
    if not isinstance(root, Mapping) or not (_words(root.get("uri")) and _words(root.get("cid"))):
        return None
    return {"uri": _words(root["uri"]), "cid": _words(root["cid"])}


def reason_of(record: Mapping[str, Any], own: str) -> str:
    """How a post speaks to the account `own`: mention, reply (anywhere below its posts), quote; "" when it does not."""
    if not own:
        return ""
    if any(_words(feature.get("did")) == own for feature in _features(record.get("facets"))):
        return "mention"
    ours = f"at://{own}/"
    reply = record.get("reply")
    for above in (reply.get("parent"), reply.get("root")) if isinstance(reply, Mapping) else ():
        if isinstance(above, Mapping) and _words(above.get("uri")).startswith(ours):
            return "reply"
    quoted = _quoted(record.get("embed"))
    return "quote" if quoted.startswith(ours) else ""


def _quoted(embed: Any) -> str:
    """The address of the post that is quoted; beside media it stands one level deeper."""
    for _ in range(2):
        if not isinstance(embed, Mapping):
            break
        if uri := _words(embed.get("uri")):
            return uri
        embed = embed.get("record")
    return _words(embed.get("uri")) if isinstance(embed, Mapping) else ""


def _media(embed: Any) -> list[dict[str, Any]]:
    """An embed, and what it holds beside a quoted post."""
    if not isinstance(embed, dict):
        return []
    inner = embed.get("media")
    return [embed, inner] if isinstance(inner, dict) else [embed]


def _alts(media: Mapping[str, Any]) -> list[str]:
    """The words that stand for pictures, whatever the list of them is called."""
    alts = [_words(media["alt"])] if "alt" in media else []
    for value in media.values():
        if isinstance(value, list):
            alts += [_words(one["alt"]) for one in value[:_MOST_PARTS] if isinstance(one, dict) and "alt" in one]
    return alts


def _links(facets: Any) -> list[str]:
    return [_words(feature["uri"]) for feature in _features(facets) if "uri" in feature]


def _features(facets: Any) -> Iterator[Mapping[str, Any]]:
    for facet in _some(facets):
        for feature in _some(facet.get("features") if isinstance(facet, dict) else None):
            if isinstance(feature, dict):
                yield feature


def _some(value: Any) -> list[Any]:
    return value[:_MOST_PARTS] if isinstance(value, list) else []


def _words(value: object) -> str:
    return storable(value) if isinstance(value, str) else ""
