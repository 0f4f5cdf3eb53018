"""How the columns of a file, or the keys of a JSON object, become a mention. Shared by the sources that read records.

A team writes the map in `earshot.toml`, our field on the left and the column on the right:

    map = { text = "comment", author = "name", native_id = "id", stars = "rating", url = "meta.links.0.href" }

A dot goes into an object, a number into a list. Fields that the map does not name are guessed from usual headers; `""`
leaves a field out. Columns named `brand`, `tier` and `caller` are kept as told. Every other column is dropped.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from hashlib import sha256
from types import MappingProxyType
from typing import Any, NoReturn

from bot.sources.turns import spoken
from bot.spelling import did_you_mean
from handlers.rules.text import from_html, last_digits, safe_url
from storage.errors import ConfigError
from storage.types import RawMention

MAX_DEPTH = 32

GUESSES: Mapping[str, tuple[str, ...]] = {
    "text": (
        *("text", "body", "message", "comment", "content", "review", "note", "transcript"),
        *("full_text", "review_text", "feedback", "notes"),
    ),
    "native_id": ("id", "tweet_id", "native_id", "message_id", "guid", "event_id"),
    "author": ("author", "user", "username", "screen_name", "handle", "name"),
    "author_name": ("author_name", "display_name", "full_name"),
    "published_at": ("created_at", "published_at", "date", "time", "timestamp", "tweet_created"),
    "title": ("title", "subject", "headline"),
    "url": ("url", "link", "permalink"),
    "followers": ("followers", "user_followers", "followers_count"),
    "likes": ("likes", "favorites", "favourites", "favorite_count", "like_count"),
    "shares": ("shares", "retweets", "retweet_count", "reposts", "repost_count"),
    "replies": ("replies", "reply_count"),
    "stars": ("stars", "rating", "score"),
    "lang": ("lang", "language"),
    "repost_of": ("repost_of",),
    "brand": ("brand",),
    "tier": ("tier", "customer_tier"),
    "caller": ("caller", "caller_id"),
}

_IDENTITY = ("text", "title", "url", "author", "author_name", "published_at", "stars", "brand")  # what does not grow
_KEPT = ("brand", "tier", "caller")
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
_ROUNDED_ID = re.compile(r"\d[.,]\d+e\+\d+", re.IGNORECASE)
_COUNT = re.compile(r"(\d+(?:\.\d+)?)\s*([km]?)", re.IGNORECASE)
_THOUSANDS = re.compile(r"(?<=\d)[,.\s'](?=\d{3}(?!\d))")
_OUT_OF = re.compile(r"(\d+(?:\.\d+)?)(?:\s*(?:/|out of|of)\s*(\d+))?\s*(?:stars?|★)?", re.IGNORECASE)
_LANG = re.compile(r"([a-z]{2})(?:[-_]|$)")
_EPOCH = re.compile(r"-?\d{9,17}(?:\.\d{1,9})?")
_SPACED_ZONE = re.compile(r"(?<=\d)\s+(?=[+-]\d\d:?\d\d$)")
_ZONES = {"UTC": "+0000", "Z": "+0000", "BST": "+0100", "CET": "+0100", "CEST": "+0200", "EET": "+0200"}
_NAMED_ZONE = re.compile(rf"(?<=[\d\s])({'|'.join(sorted(_ZONES, key=len, reverse=True))})\b")
_NOTHING: Mapping[str, tuple[str, ...]] = MappingProxyType({})
_LARGEST = 10**15  # no count of people is larger, and the database takes it


@dataclass(frozen=True, slots=True)
class FieldMap:
    """Which column is which field. `is_html`: texts are HTML; `is_private`: never quoted in public.

    `usual` are the columns that a preset knows for a field: the first with something in it counts. They come after
    `columns`, which a team has written, and before the guesses.
    """

    columns: tuple[tuple[str, str], ...] = ()
    is_html: bool = False
    is_private: bool = False
    usual: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def knows_text(self, names: Iterable[str]) -> bool:
        """Whether a table with these column names has one that holds the words."""
        names = tuple(names)
        found = _folded_names(names)
        usual = dict(self.usual).get("text", ())
        return bool(_plan(self.columns, names).get("text")) or any(column in found for column in usual)

    def read(self, record: Mapping[str, Any]) -> RawMention:
        """The mention that a record tells. Raises ValueError with a sentence when there are no words in it."""
        plan = _plan(self.columns, tuple(record))
        told = {field: _flat(_value(record, column)) for field, column in plan.items() if column}
        told |= _usual(record, self.usual, without=dict(self.columns))
        words = {field: _words(value) for field, value in told.items()}
        text = from_html(words.get("text", "")) if self.is_html else words.get("text", "")
        if not text.strip():
            raise ValueError(_no_text(plan, record))
        published_at = read_date(told.get("published_at"))
        return RawMention(
            native_id=_native_id(told.get("native_id"), words),
            text=text,
            title=words.get("title", ""),
            url=safe_url(words.get("url", "")),
            author=(words.get("author", "").strip() or words.get("caller", "").strip()).removeprefix("@"),
            author_name=words.get("author_name", "") or _name_of_caller(words),
            followers=read_count(told.get("followers")),
            published_at=published_at,
            lang=read_lang(words.get("lang", "")),
            likes=read_count(told.get("likes")),
            shares=read_count(told.get("shares")),
            replies=read_count(told.get("replies")),
            stars=read_stars(told.get("stars")),
            repost_of=words.get("repost_of", ""),
            private=self.is_private,
            extra=_extra(words, published_at),
        )


def field_map(
    table: Mapping[str, str],
    *,
    is_html: bool = False,
    is_private: bool = False,
    usual: Mapping[str, tuple[str, ...]] = _NOTHING,
) -> FieldMap:
    """A map as the team wrote it, with the usual columns of a preset. Raises ConfigError for a field that is none."""
    for name in table:
        if name not in GUESSES:
            raise ConfigError(f'map: "{name}" is no field of a mention{did_you_mean(name, GUESSES)}', _FIELD_HINT)
    return FieldMap(tuple(table.items()), is_html, is_private, tuple(usual.items()))


def read_json(text: str | bytes) -> Any:
    """JSON from outside. Raises ValueError with a sentence: not JSON, NaN, a number too long, deeper than 32."""
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError(f"It is nested deeper than {MAX_DEPTH} levels.") from None
    except UnicodeDecodeError:
        raise ValueError("It is not UTF-8 text.") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"It is not JSON: {error.msg} at character {error.pos + 1}.") from None
    if _depth_over(value, MAX_DEPTH):
        raise ValueError(f"It is nested deeper than {MAX_DEPTH} levels.")
    return value


def walk(value: Any, path: str) -> Any:
    """What stands at a dotted path, None if nothing does. An empty path is the value itself."""
    for step in path.split(".") if path else ():
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list) and step.isascii() and step.isdigit() and int(step[:6]) < len(value):
            value = value[int(step[:6])]
        else:
            return None
    return value


def read_date(value: object) -> datetime | None:
    """An aware UTC time from ISO 8601, mail's format or seconds (or ms) since 1970; None when unreadable or absurd.

    Without a zone it is taken as UTC. Absurd is what lies outside 1990 to 2100. 3/4/2026 is unreadable: nobody knows.
    """
    try:
        moment = _moment(value)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError, OSError):
        return None
    return moment if 1990 <= moment.year <= 2100 else None


def read_count(value: object) -> int | None:
    """A number of people or acts: 1234, "1,234", "1.2k"; None when it is none."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return int(value) if 0 <= value < _LARGEST else None  # NaN and what is endless are not in between
    found = _COUNT.fullmatch(_THOUSANDS.sub("", value.strip()[:30])) if isinstance(value, str) else None
    if not found:
        return None
    number = float(found[1]) * {"": 1, "k": 1_000, "m": 1_000_000}[found[2].lower()]
    return round(number) if number < _LARGEST else None


def read_stars(value: object) -> float | None:
    """Stars of a review, 1 to 5: 4, "4/5", "8/10" (4), "★★★", "4,5 stars"; None when it is none or out of range."""
    text = _words(value).strip()[:30]
    if text and not text.strip("★☆⭐\ufe0f "):
        return float(text.count("★") + text.count("⭐")) or None
    found = _OUT_OF.fullmatch(text.replace(",", "."))
    if not found:
        return None
    whole = int(found[2]) if found[2] else 5
    stars = float(found[1]) * 5 / whole if whole else 0.0
    return round(max(stars, 1.0), 2) if 0 < stars <= 5 else None


def read_lang(text: str) -> str:
    """The two letters of ISO 639-1 in "en" or "en-GB"; "" for anything else."""
    found = _LANG.match(text.strip().lower())
    return found[1] if found else ""


def storable(text: str) -> str:
    """The same text, without what a database refuses: NUL and lone surrogates."""
    return _UNSTORABLE.sub("", text) if _UNSTORABLE.search(text) else text


def content_id(parts: Iterable[str]) -> str:
    """An id for what has none: the same words give the same id."""
    return sha256("\x1f".join(parts).encode("utf-8", "replace")).hexdigest()[:32]


_FIELD_HINT = f"Fields are {', '.join(GUESSES)}."


@lru_cache(maxsize=32)
def _plan(columns: tuple[tuple[str, str], ...], names: tuple[str, ...]) -> dict[str, str]:
    """Field to column: what the team says, then the first usual header that the team does not use otherwise."""
    plan = dict(columns)
    free = {_folded(name): name for name in reversed(names) if name not in plan.values()}
    for field, guesses in GUESSES.items():
        found = next((guess for guess in guesses if guess in free), None)
        if field not in plan and found:
            plan[field] = free[found]
    if columns and plan.get("text") and not _may_stand(plan["text"], names):
        plan["text"] = ""
    return plan


def _may_stand(column: str, names: tuple[str, ...]) -> bool:
    return column in names or column.partition(".")[0] in names


def _folded(name: str) -> str:
    return name.strip().lower().replace(" ", "_").replace("-", "_")


def _value(record: Mapping[str, Any], column: str) -> Any:
    return record[column] if column in record else walk(record, column)


def _usual(
    record: Mapping[str, Any], usual: Iterable[tuple[str, tuple[str, ...]]], *, without: Mapping[str, str]
) -> dict[str, Any]:
    """What the usual columns of a preset hold, of fields that the team has no column for."""
    names = _folded_names(tuple(record)) if usual else {}
    found = {}
    for field, columns in usual:
        values = (walk(record, column) if "." in column else record.get(names.get(column, "")) for column in columns)
        value = next((value for value in map(_flat, values) if _words(value).strip()), None)
        if value is not None and field not in without:
            found[field] = value
    return found


def _flat(value: Any) -> Any:
    """A conversation as the words of the customer; anything else as it is."""
    return spoken(value) if isinstance(value, list) else value


@lru_cache(maxsize=32)
def _folded_names(names: tuple[str, ...]) -> dict[str, str]:
    return {_folded(name): name for name in reversed(names)}


def _name_of_caller(words: Mapping[str, str]) -> str:
    """How a caller is shown of whom nothing else is known."""
    caller = words.get("caller", "").strip()
    return f"caller {last_digits(caller)}" if caller and not words.get("author", "").strip() else ""


def _words(value: object) -> str:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return ""


def _native_id(value: object, words: Mapping[str, str]) -> str:
    """The record's own id. One that a spreadsheet has rounded (5.7E+17) stands for many records, so it is none."""
    if isinstance(value, float):
        value = int(value) if value.is_integer() and abs(value) < 2**53 else None
    text = _words(value).strip()
    if not text or _ROUNDED_ID.fullmatch(text):
        caller = [words["caller"]] if words.get("caller") else []
        return content_id([*(words.get(name, "") for name in _IDENTITY), *caller])
    return text if len(text) <= 200 else content_id([text])


def _extra(words: Mapping[str, str], published_at: datetime | None) -> dict[str, str]:
    extra = {name: words[name].strip() for name in _KEPT if words.get(name, "").strip()}
    if published_at is None and words.get("published_at"):
        extra["published_at"] = words["published_at"][:100]
    return extra


def _no_text(plan: Mapping[str, str], record: Mapping[str, Any]) -> str:
    if plan.get("text"):
        return f'"{plan["text"]}" is empty: there are no words in it.'
    seen = ", ".join(str(name)[:40] for name in list(record)[:20]) or "nothing"
    return f'No column holds the words; it has {seen}. Say which one: map = {{ text = "…" }}.'


def _moment(value: object) -> datetime:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _since_1970(float(value))
    if not isinstance(value, str) or len(value) > 100:
        raise ValueError("no date")
    text = value.strip()
    if _EPOCH.fullmatch(text):
        return _since_1970(float(text))
    text = _NAMED_ZONE.sub(lambda zone: _ZONES[zone[1]], text)
    try:
        return datetime.fromisoformat(_SPACED_ZONE.sub("", text))
    except ValueError:
        return parsedate_to_datetime(text)


def _since_1970(number: float) -> datetime:
    for _ in ("ms", "µs"):
        number = number / 1000 if abs(number) > 1e11 else number  # as seconds it would lie beyond the year 5000
    return datetime.fromtimestamp(number, UTC)


def _depth_over(value: object, limit: int) -> bool:
    level = [value]
    for _ in range(limit):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number in JSON.")
