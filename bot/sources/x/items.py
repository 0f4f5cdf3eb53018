"""From X's JSON to mentions, post by post: one that is broken costs none of its neighbours."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from html import unescape
from typing import Any

from bot.sources.fieldmap import read_date, read_lang, storable
from handlers.ports import Broken
from handlers.rules.text import safe_url
from storage.types import RawMention

_ID = re.compile(r"[0-9]{1,19}", re.ASCII)
_ADDRESS = re.compile(
    r"(?:https?://\S|www\.\S|(?<![@\w.-])(?:[a-z0-9-]{1,63}\.)+[a-z]{2,24}\b)\S*", re.IGNORECASE | re.ASCII
)  # X makes links of bare names too
_LARGEST = 10**15  # no count of people is larger
_SAMPLE = 200
_LANGS = {"in": "id", "iw": "he"}  # X still uses the old codes of Indonesian and Hebrew
_EVERYWHERE = {"XX", "XY"}  # withheld in all countries; after a copyright notice
_SNOWFLAKE_START = 1_288_834_974_657  # milliseconds since 1970; ids count from there
_SNOWFLAKE_SHIFT = 22


@dataclass(frozen=True, slots=True)
class Author:
    """What X tells of an account; all empty when it does not."""

    handle: str = ""
    name: str = ""
    followers: int | None = None


@dataclass(frozen=True, slots=True)
class Post:
    """A post that can be read. `id` is its newest version's, `newest` that of one that is newer still, if any."""

    id: int
    newest: int
    author_id: str
    raw: RawMention  # without its author
    is_edited: bool = False
    is_withheld: bool = False

    def by(self, author: Author) -> RawMention:
        """The mention with its author."""
        handle, url = author.handle, self.raw.url
        if handle:
            url = f"https://x.com/{handle}/status/{self.id}"
        return replace(self.raw, author=handle, author_name=author.name, followers=author.followers, url=url)


def read_post(told: object, account: str) -> Post | Broken:
    """`account` is our own handle: whether it was summoned is noted for a reply."""
    if not isinstance(told, dict):
        return Broken("a post", "It is no object.", str(told)[:_SAMPLE])
    number = read_id(told.get("id"))
    text = words_of(told)
    if number is None or not text.strip():
        where = f"post {number}" if number else "a post"
        reason = "It has no id." if number is None else "There are no words in it."
        return Broken(where, reason, json.dumps(told, default=str)[:_SAMPLE])
    history = [one for one in map(read_id, _list(told.get("edit_history_tweet_ids"))) if one is not None] or [number]
    counts = _object(told.get("public_metrics"))
    raw = RawMention(
        native_id=str(history[0]),
        text=text,
        url=f"https://x.com/i/status/{number}",
        published_at=read_date(told.get("created_at")),
        lang=_lang(told.get("lang")),
        likes=_count(counts.get("like_count")),
        shares=_sum(_count(counts.get("retweet_count")), _count(counts.get("quote_count"))),
        replies=_count(counts.get("reply_count")),
        repost_of=_referenced(told, "retweeted"),
        reply_ref=json.dumps({"id": str(number), "asked": _asked(told, account)}),
    )
    author_id = read_id(told.get("author_id"))
    return Post(
        number, history[-1], str(author_id or ""), raw, is_edited=len(history) > 1, is_withheld=_is_withheld(told)
    )


def read_author(told: object) -> tuple[str, Author] | None:
    """An account with its id; None when it cannot be read."""
    if not isinstance(told, dict):
        return None
    number, handle = read_id(told.get("id")), told.get("username")
    if number is None or not isinstance(handle, str):
        return None
    name = told.get("name")
    followers = _count(_object(told.get("public_metrics")).get("followers_count"))
    return str(number), Author(storable(handle), storable(name) if isinstance(name, str) else "", followers)


def read_id(told: object) -> int | None:
    """An id of X, which is a number in a text."""
    if isinstance(told, int) and not isinstance(told, bool):
        told = str(told)
    return int(told) if isinstance(told, str) and _ID.fullmatch(told) and int(told) > 0 else None


def id_at(milliseconds: int) -> int:
    """The least id of a moment (milliseconds since 1970): ids tell when they were given."""
    return max(1, milliseconds - _SNOWFLAKE_START) << _SNOWFLAKE_SHIFT


def time_of(native_id: int) -> int:
    """When an id was given, in milliseconds since 1970."""
    return (native_id >> _SNOWFLAKE_SHIFT) + _SNOWFLAKE_START


def is_of_a_moment(native_id: int) -> bool:
    """Whether it was made by `id_at`: no post has it."""
    return native_id & ((1 << _SNOWFLAKE_SHIFT) - 1) == 0


def comparable(text: str) -> str:
    """The words of a post without what X adds in front and puts in place of addresses, to know our own again."""
    bare = re.sub(_ADDRESS, " ", unescape(text))
    bare = re.sub(r"^(?:\s*@\w{1,15})+", " ", bare, flags=re.ASCII)
    return " ".join(bare.split()).casefold()


def has_other_links(told: object, text: str) -> bool:
    """Whether X tells of a post an address that does not stand in `text`. What it may write otherwise is not judged."""
    note = _object(_object(told).get("note_tweet"))
    entities = _object((note or _object(told)).get("entities"))
    there = text.casefold()
    for url in _list(entities.get("urls")):
        long = _object(url).get("expanded_url")
        if not isinstance(long, str) or not long.isascii() or "%" in long or "xn--" in long or not text.isascii():
            continue
        bare = re.sub(r"^https?://(?:www\.)?", "", long.casefold()).rstrip("/")
        if not re.search(rf"(?<![\w-]){re.escape(bare)}/?(?![\w/?#&=-])", there):
            return True
    return False


def answered(told: object) -> str:
    """The id of the post that this one is a reply to; "" when it is none."""
    return _referenced(told, "replied_to") if isinstance(told, dict) else ""


def words_of(told: Mapping[str, Any]) -> str:
    """All its words, the addresses written out. Long posts carry theirs apart; & and < come escaped."""
    note = _object(told.get("note_tweet"))
    whole = note if isinstance(note.get("text"), str) and note["text"].strip() else told
    text = whole.get("text")
    if not isinstance(text, str):
        return ""
    entities = _object(whole.get("entities"))
    for url in _list(entities.get("urls")):
        short, long = _object(url).get("url"), _object(url).get("expanded_url")
        if isinstance(short, str) and short.startswith("https://t.co/") and isinstance(long, str) and safe_url(long):
            text = text.replace(short, long)
    return storable(unescape(text))


def _asked(told: Mapping[str, Any], account: str) -> str:
    """How the author has summoned our account: by naming it, or by quoting a post of it; "" for not at all."""
    ours = account.casefold()
    entities = _object(told.get("entities"))
    for mention in _list(entities.get("mentions")):
        handle = _object(mention).get("username")
        if isinstance(handle, str) and handle.casefold() == ours:
            return "mention"
    quoted = _referenced(told, "quoted")
    address = re.compile(rf"https?://(?:www\.|mobile\.)?(?:x|twitter)\.com/{re.escape(ours)}/status/{quoted}\b")
    for url in _list(entities.get("urls")) if quoted else ():
        long = _object(url).get("expanded_url")
        if isinstance(long, str) and address.match(long.casefold()):
            return "quote"
    return ""


def _referenced(told: Mapping[str, Any], kind: str) -> str:
    for one in map(_object, _list(told.get("referenced_tweets"))):
        if one.get("type") == kind and (number := read_id(one.get("id"))) is not None:
            return str(number)
    return ""


def _is_withheld(told: Mapping[str, Any]) -> bool:
    withheld = _object(told.get("withheld"))
    codes = {code for code in _list(withheld.get("country_codes")) if isinstance(code, str)}
    return withheld.get("copyright") is True or bool(codes & _EVERYWHERE)


def _lang(told: object) -> str:
    """`und`, `qme` and the like are no languages."""
    if not isinstance(told, str) or len(told.partition("-")[0]) != 2:
        return ""
    return _LANGS.get(told.lower(), read_lang(told))


def _count(told: object) -> int | None:
    return told if isinstance(told, int) and not isinstance(told, bool) and 0 <= told <= _LARGEST else None


def _sum(*counts: int | None) -> int | None:
    known = [one for one in counts if one is not None]
    return sum(known) if known else None


def _object(told: object) -> Mapping[str, Any]:
    return told if isinstance(told, dict) else {}


def _list(told: object) -> list[Any]:
    return told if isinstance(told, list) else []
