"""Looks through a body from outside before a parser of markup gets it.

A body is hostile until it is read: it is decoded once, here, so that what is checked is what is parsed; declarations of
entities are refused; so is what would keep a parser busy for minutes.
"""

import codecs
import re

from handlers.ports import BadSource

_MAX_TAGS = 100_000  # and as many attributes: 500 entries with 200 each; the parser takes some 30 µs for one
_MAX_AMPERSANDS = 500_000
_MAX_IN_ONE = 1_000  # attributes of one tag, and _MAX_DEPTH tags within each other: both take quadratic time
_MAX_DEPTH = 10_000
_REFUSED_ENCODINGS = {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "utf_7"}

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\0\0\0", "utf-32-le"),
    (b"\0\0\0<", "utf-32-be"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]{1,40})[\"']")
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_DOCTYPE = re.compile(r"<!DOCTYPE(?:\"[^\"]*\"|'[^']*'|[^\"'>\[]++)*+>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*")
_HTML = re.compile(r"<html\b|<!doctype\s+html", re.IGNORECASE)
_FEED = re.compile(r"<(?:rss|feed|rdf:RDF|atom:feed)[\s>]")


def decoded(body: bytes, content_type: str) -> str:
    """The text of a body: by its byte order mark, its header, its own declaration, else UTF-8, else Windows-1252."""
    for mark, encoding in _MARKS:
        if body.startswith(mark):
            return body.decode(encoding, "replace").lstrip("\ufeff")
    header, declared = _CHARSET.search(content_type), _DECLARED.search(body, 0, 300)
    named = [header[1] if header else "", declared[1].decode("ascii", "replace") if declared else ""]
    for encoding in (*named, "utf-8"):
        if text := _tried(body, encoding):
            return text
    return body.decode("windows-1252", "replace")


def is_web_page(text: str) -> bool:
    """Whether this is HTML. Raises BadSource when entities are declared, which only a bomb needs."""
    return bool(_HTML.match(text, _past_prolog(text)))


def begins_feed(text: str) -> bool:
    """Whether the first element is that of a feed. Raises BadSource when entities are declared before it."""
    return bool(_FEED.match(text, _past_prolog(text)))


def refuse_entities(text: str) -> None:
    """Raises BadSource when entities are declared before the first element."""
    _past_prolog(text)


def _tried(body: bytes, encoding: str) -> str:
    try:
        # Some codecs take quadratic time, and some spell "<" without a "<".
        if not encoding or codecs.lookup(encoding).name.replace("-", "_") in _REFUSED_ENCODINGS:
            return ""
        return body.decode(encoding)
    except (LookupError, ValueError):
        return ""


def _past_prolog(text: str) -> int:
    """Where the first element begins. Raises BadSource when entities are declared before it."""
    place = 0
    while place < len(text):
        if text[place].isspace():
            place += 1
        elif text.startswith("<!--", place):
            place = _after(text, "-->", place + 4)
        elif text.startswith("<?", place):
            place = _after(text, "?>", place + 2)
        elif text[place : place + 9].upper() == "<!DOCTYPE" and not _HTML.match(text, place):
            whole = _DOCTYPE.match(text, place)
            if not whole:
                raise BadSource("The feed declares entities of its own, which can be made to blow up; it is not read.")
            place = whole.end()
        else:
            break
    return place


def refuse_heavy(text: str) -> None:
    """Raises BadSource for a body on which the parser would spend minutes; a thread cannot be stopped from outside."""
    markup = _without_cdata(text)
    is_heavy = markup.count("<") > _MAX_TAGS or markup.count("&") > _MAX_AMPERSANDS
    if is_heavy or _is_lopsided(_TAG.findall(markup)):
        raise BadSource("The feed has too much markup to be read.", "Choose one with the newest entries only.")


def _is_lopsided(tags: list[str]) -> bool:
    """Whether there are too many attributes in all, or in one tag, or too many tags within each other."""
    counts = [tag.count("=") for tag in tags]
    if sum(counts) > _MAX_TAGS or max(counts, default=0) > _MAX_IN_ONE:
        return True
    depth, deepest = 0, 0
    for tag in tags:
        depth += -1 if tag.startswith("</") else 0 if tag.endswith("/>") or tag[1:2] in "!?" else 1
        deepest = max(deepest, depth)
    return deepest > _MAX_DEPTH


def _without_cdata(text: str) -> str:
    kept, place = [], 0
    while (start := text.find("<![CDATA[", place)) >= 0 and (end := text.find("]]>", start)) >= 0:
        kept.append(text[place:start])
        place = end + 3
    return "".join(kept) + text[place:]


def _after(text: str, mark: str, start: int) -> int:
    found = text.find(mark, start)
    return found + len(mark) if found >= 0 else len(text)
