"""GDELT's list of articles (DOC 2.0): what it is asked, and what its answers mean. Its refusals come as answers too."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from bot.sources.fieldmap import content_id, read_json
from bot.sources.links import address_of
from bot.sources.markup import decoded
from bot.sources.searching import line, unread
from bot.sources.syndication.entries import HASH_LENGTH
from bot.sources.timeline import Dated
from handlers.ports import BadQuery, RateLimited, Transient
from handlers.rules.terms import Author, Host, Leaf
from handlers.rules.text import from_html, host_of
from handlers.rules.widening import phrases
from storage.types import RawMention

MOST = 250  # articles of one answer
PAUSE = 5.0  # seconds between two requests, as it asks for

_MOST_ORED = 8
_LONGEST = 200  # characters
_SHORTEST = 3  # letters of a word that it looks for
_BARE = re.compile(r"[A-Za-z0-9]{3,}")
_OPERATORS = {"OR", "AND", "NOT"}
_OBJECT = re.compile(r"\{[^{}]*\}")
_END = re.compile(r"\]\s*\}$")
_SEEN = re.compile(r"(\d{8})T?(\d{6})Z?")
_TOO_FAST = re.compile(r"limit requests|too many requests", re.IGNORECASE)
_LANGUAGES = {
    **{"arabic": "ar", "bulgarian": "bg", "catalan": "ca", "chinese": "zh", "croatian": "hr", "czech": "cs"},
    **{"danish": "da", "dutch": "nl", "english": "en", "estonian": "et", "finnish": "fi", "french": "fr"},
    **{"german": "de", "greek": "el", "hebrew": "he", "hindi": "hi", "hungarian": "hu", "indonesian": "id"},
    **{"italian": "it", "japanese": "ja", "korean": "ko", "latvian": "lv", "lithuanian": "lt", "norwegian": "no"},
    **{"persian": "fa", "polish": "pl", "portuguese": "pt", "romanian": "ro", "russian": "ru", "serbian": "sr"},
    **{"slovak": "sk", "slovenian": "sl", "spanish": "es", "swedish": "sv", "thai": "th", "turkish": "tr"},
    **{"ukrainian": "uk", "urdu": "ur", "vietnamese": "vi"},
}


def say_to_gdelt(leaves: tuple[Leaf, ...]) -> str:
    """An alternative in GDELT's words, "" where it cannot be asked for it. Words too short for it are left out."""
    told = phrases(leaves) or phrases(leaves, with_beginnings=True)[:1]
    words = [" ".join(re.sub(r"[^\w\s'&.-]", " ", one).split()) for one in told]
    long = [one for one in words if len(one) >= _SHORTEST] or words[:1]
    quoted = [one if _BARE.fullmatch(one) and one not in _OPERATORS else f'"{one}"' for one in long if one]
    sites = [leaf.host if isinstance(leaf, Host) else leaf.handle for leaf in leaves if isinstance(leaf, Host | Author)]
    return " ".join([*quoted, *(f"domain:{site}" for site in sites)])


def gdelt_lines(told: Iterable[str]) -> Iterator[str]:
    """It takes OR between single words and phrases alone; what needs several of them is a request of its own."""
    singles: list[str] = []
    for one in told:
        if re.fullmatch(r'"[^"]*"|[^" ]+', one):
            if singles and (len(singles) >= _MOST_ORED or len(" OR ".join([*singles, one])) > _LONGEST):
                yield _ored(singles)
                singles = []
            singles.append(one)
        else:
            yield one
    if singles:
        yield _ored(singles)


def gdelt_address(server: str, words: str, start: int, now: datetime) -> str:
    """The oldest articles that it has seen at or after `start` (seconds since 1970)."""
    told = {
        "query": words,
        "mode": "artlist",
        "format": "json",
        "maxrecords": str(MOST),
        "sort": "dateasc",
        "startdatetime": f"{datetime.fromtimestamp(start, UTC):%Y%m%d%H%M%S}",
        "enddatetime": f"{now + timedelta(days=1):%Y%m%d%H%M%S}",
    }
    return f"{server.rstrip('/')}/api/v2/doc/doc?{urlencode(told)}"


def read_articles(body: bytes, since: int, now: datetime) -> list[Dated]:
    """The articles of an answer, oldest first; one that cannot be read costs itself alone.

    Raises BadQuery with GDELT's own words, RateLimited, or Transient when it is no answer or broke off.
    """
    text = decoded(body, "").strip()
    if not text.startswith("{"):
        raise _refusal(text, now)
    try:
        told = read_json(text)
        found = told.get("articles", []) if isinstance(told, dict) else []
    except ValueError:
        found = _OBJECT.findall(text)  # one badly written title makes the whole unreadable
        if not _END.search(text):
            raise Transient("GDELT broke off in the middle of its answer; it will be asked again.") from None
    articles = [_article(one) for one in found] if isinstance(found, list) else []
    return sorted(_in_time(articles, since), key=lambda one: one.at)


def _in_time(articles: Iterable[Dated], since: int) -> Iterator[Dated]:
    """What tells no time takes that of the article before it."""
    last = since
    for one in articles:
        last = one.at or last
        yield replace(one, at=last)


def _ored(singles: list[str]) -> str:
    return f"({' OR '.join(singles)})" if len(singles) > 1 else singles[0]


def _article(told: object) -> Dated:
    if isinstance(told, str):
        try:
            told = read_json(told)
        except ValueError:
            return _broken("This article is no JSON.", told)
    if not isinstance(told, dict):
        return _broken("This article is no JSON object.", told)
    title, url = from_html(line(told.get("title"))), address_of(line(told.get("url")))
    if not title or not url:
        return _broken("This article has no title or no address.", told)
    native_id = content_id([url])
    seen = _seen(told.get("seendate"))
    item = RawMention(
        native_id=native_id,
        text=title,
        url=url,
        author=host_of(url).removeprefix("www."),
        published_at=datetime.fromtimestamp(seen, UTC) if seen else None,
        lang=_LANGUAGES.get(line(told.get("language")).lower(), ""),
    )
    return Dated(native_id[:12], seen, content_id([title])[:HASH_LENGTH], item)


def _broken(reason: str, sample: object) -> Dated:
    where = content_id([repr(sample)[:2_000]])
    return Dated(where[:12], 0, "broken", unread(where, reason, sample))


def _seen(value: object) -> int:
    """When it was seen, in seconds since 1970; 0 when that is unreadable."""
    found = _SEEN.fullmatch(value) if isinstance(value, str) else None
    try:
        return int(datetime.strptime(f"{found[1]}{found[2]}Z", "%Y%m%d%H%M%S%z").timestamp()) if found else 0
    except (ValueError, OverflowError):
        return 0


def _refusal(text: str, now: datetime) -> BadQuery | RateLimited | Transient:
    words = " ".join(text.split())
    if _TOO_FAST.search(words):
        return RateLimited("GDELT asks to be left alone for a while.", now + timedelta(minutes=5))
    if not words or "<" in words or len(words) > 300:
        return Transient("GDELT gives an answer that is none of its own; it will be asked again.")
    told = "".join(character for character in words if character.isprintable())[:150]
    return BadQuery(f'GDELT does not take this query: "{told}"', "Make its words longer or fewer.")
