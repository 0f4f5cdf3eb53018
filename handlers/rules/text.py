"""Hostile text, made safe: at the door (`clean`), for matching (`normalise`), for cards (`shown`), for files.

No function here raises on any text, and all take linear time. Lengths are characters.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from html import unescape
from string import punctuation
from urllib.parse import urlsplit
from zlib import crc32

import nh3
import regex

_HTML_LIMIT = 200_000
_TAGS_AT_ONCE = 250  # the HTML parser takes quadratic time on deep nesting
_URL_LIMIT = 2_000
_MARKS_SHOWN = 4  # combining marks on one character; no living language writes more

_ANSI = re.compile(r"\x1b\[[0-?]{0,64}[ -/]{0,8}[@-~]|\x1b\][^\x07\x1b\n]{0,256}(?:\x07|\x1b\\)|\x1b[@-Z\\-_]")
_LINE_ENDS = re.compile(r"\r\n|[\r\v\f\x85]")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_UNCLEAN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_SURROGATES = re.compile(r"[\ud800-\udfff]")

_INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_ANY_HIDDEN = re.compile(f"[{_INVISIBLE}]")
_FOREIGN = re.compile(r"[^\t-\r\x1c-~]+")  # all but printable ASCII and white space
_NOT_COMPARED = re.compile(f"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f{_INVISIBLE}]+")
# Marks that are accents or vowel points. The voicing marks of kana and the vowels of Indic scripts are letters' parts.
_ACCENTS = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed"
    "\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+"
)
_STRAIGHT = str.maketrans(
    dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u00b4\u02b9\u02bc\u2039\u203a", "'")
    | dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u02ba\u00ab\u00bb", '"')
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d", "-")
)

# A joiner inside an emoji sequence, a selector behind a symbol, a flag's letters, and the joiners that Arabic and
# Indic spelling needs are no hiding places: they are the kept group.
_JOINED = r"[\p{Arabic}\p{Devanagari}\p{Bengali}\p{Malayalam}\p{Sinhala}]"
_HIDDEN = regex.compile(
    r"((?<=\p{Extended_Pictographic})[\ufe0e\ufe0f]|(?<=[0-9#*])\ufe0f(?=\u20e3)"
    r"|(?<=[\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f])\u200d(?=\p{Extended_Pictographic})"
    r"|(?<=\U0001f3f4)[\U000e0030-\U000e007a]{1,6}\U000e007f"
    rf"|(?<={_JOINED})[\u200c\u200d](?={_JOINED}))|[{_INVISIBLE}]+"
)
_PILED_MARKS = regex.compile(rf"(\p{{M}}{{{_MARKS_SHOWN}}})\p{{M}}+")
_EMPTY_LINES = re.compile(r"\n(?:[ \t]*\n){2,}")
_GRAPHEME = regex.compile(r"\X")

_TAG = re.compile(r"<((?:p|div|li|ul|tr|table|h[1-6]|article|section)[\s>])?", re.IGNORECASE)
_SPACES = re.compile(r"[ \t\n]+")
_LINE_TAG = re.compile(
    r"<(?=/?(?:p|div|br|li|[uod]l|d[dt]|tr|table|blockquote|pre|hr|section|article|header|footer|fig\w+|h[1-6])[\s/>])",
    re.IGNORECASE,
)
_CELL_TAG = re.compile(r"<(?=t[dh][\s>])", re.IGNORECASE)
_UNSPOKEN = {"script", "style", "template", "noscript", "iframe", "object", "svg", "math", "title"}
_LONG_ENTITY = re.compile(r"&#[0-9]{8,};?")  # int() refuses thousands of digits
_AMPERSAND = "\ue000"  # stands for & while the parser works, which is quadratic in loose ampersands

_URL_BREAKERS = re.compile(r"[\s\"'`<>\\]")
_PLAIN_HOST = re.compile(r"https?://([a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*)(?:[/?#]|\Z)")
_DOTS = re.compile("[.\u3002\uff0e\uff61]")
_LABEL = re.compile(r"[a-z0-9_-]{1,63}")
_IPV6 = re.compile(r"[0-9a-f:.]+")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "\uff1d", "\uff0b", "\uff0d", "\uff20")

# Where a cell begins for a spreadsheet that parts cells by a semicolon or a tab: our quotes do not hold there.
_RECKONS = r"""[=@\uff1d\uff20]|[+\-\uff0b\uff0d](?=[\w(+\-"'=@.]|\Z)"""
_NEXT_CELL = re.compile(rf"""([;\t\n][\s"'\x00{_INVISIBLE}]*)({_RECKONS})?""")
_BLANK = re.compile(rf"[\s\x00{_INVISIBLE}]*")

_REPOST = re.compile(r"^(?:rt @\w+:? ?)+|\bvia @\w+")
_NAMES = re.compile(r"@(?<!\w@)\w+")
_NAMES_AND_LINKS = re.compile(r"(?:https?://|www\.)\S+|(?<!\w)@\w+")
UNSPACED = (  # scripts that put no spaces between words: Thai to Myanmar, Khmer, Hangul, Kana, Han
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3005-\u3007\u3031-\u3035\u3040-\u30ff\u3100-\u318f"
    "\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff66-\uff9f"
    "\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)
_WORDS = regex.compile(rf"[{UNSPACED}]|[^\W{UNSPACED}]+")
_MARKS = punctuation.replace("_", "").encode()  # of ASCII, all that is no part of a word
_MARKS_TO_BLANKS = bytes.maketrans(_MARKS, b" " * len(_MARKS))
_IS_UNSPACED = re.compile(f"[{UNSPACED}]").match
_UNSPACED_WORD = 3  # characters of an unspaced script that count as one word


@dataclass(frozen=True, slots=True)
class Text:
    """A customer's words, safe to show literally. `had_hidden`: something invisible was taken out."""

    words: str
    is_cut: bool = False
    had_hidden: bool = False


def clean(text: str, limit: int = 20_000) -> str:
    """What may be stored: no control characters but line end and tab, no lone surrogates, at most `limit` long."""
    if len(text) <= limit and (text.isprintable() or not _UNCLEAN.search(text)):
        return text
    text = text[: 4 * limit]
    if _SURROGATES.search(text):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return _CONTROLS.sub("", _LINE_ENDS.sub("\n", _ANSI.sub("", text)))[:limit]


@lru_cache(maxsize=128)  # the same text is asked for by the matcher, the severity table and the search for copies
def normalise(text: str) -> str:
    """The form in which texts and queries are compared: no case, no accents, straight quotes, single spaces.

    Kana, Hangul and Indic letters are composed again at the end, so that no half letter can match.
    """
    if not (text.isascii() and (text.isprintable() or text.replace("\n", "").isprintable())):
        text = _FOREIGN.sub(_folded, text)
    return " ".join(text.lower().split())


def _folded(found: re.Match[str]) -> str:
    run = found[0]
    return _fold_again(run) if len(run) < 16 else _fold(run)


def _fold(run: str) -> str:
    run = _NOT_COMPARED.sub("", _SURROGATES.sub("\ufffd", run)).translate(_STRAIGHT)
    return unicodedata.normalize("NFC", _bare(_bare(run).casefold()))


_fold_again = lru_cache(maxsize=4096)(_fold)  # the same few quotes, dashes and emoji make up most of all runs


def _bare(text: str) -> str:
    return _ACCENTS.sub("", unicodedata.normalize("NFKD", text))


def shown(text: str, limit: int = 600) -> Text:
    """What a card may show, cut to `limit` at the border of a visible character."""
    window = _LINE_ENDS.sub("\n", text[: 4 * limit + 64])
    visible = clean(window, len(window))
    if not visible.isascii():
        visible = _without_hidden(visible)
    words = _EMPTY_LINES.sub("\n\n", visible).strip()
    is_cut = len(words) > limit or len(text) > 4 * limit + 64
    return Text(_cut(words, limit), is_cut, had_hidden=len(visible) < len(window))


def _without_hidden(text: str) -> str:
    if _ANY_HIDDEN.search(text):
        text = _HIDDEN.sub(_kept, text)
    return _PILED_MARKS.sub(r"\1", text.replace("\u2028", "\n").replace("\u2029", "\n"))


def _kept(found: "regex.Match[str]") -> str:
    return found[1] or ""


def _cut(words: str, limit: int) -> str:
    """A character that is longer than the limit all by itself is broken."""
    if len(words) <= limit or words.isascii():
        return words[:limit].rstrip()
    ends = [found.end() for found in _GRAPHEME.finditer(words[: limit + 1]) if found.end() <= limit]
    return words[: ends[-1] if ends else limit].rstrip()


def from_html(html: str) -> str:
    """The words of a piece of HTML, one line per block, entities decoded once. What is beyond 200,000 is dropped."""
    html = clean(html, _HTML_LIMIT)
    if "<" in html:
        html = _SPACES.sub(" ", html.replace(_AMPERSAND, "\ufffd").replace("&", _AMPERSAND))
        html = _CELL_TAG.sub(" <", _LINE_TAG.sub("\n<", html))
        html = unescape("".join(_without_tags(piece) for piece in _pieces(html))).replace(_AMPERSAND, "&")
    text = clean(unescape(_LONG_ENTITY.sub("\ufffd", html)), _HTML_LIMIT)
    return _EMPTY_LINES.sub("\n\n", "\n".join(line.strip() for line in text.split("\n"))).strip()


def _without_tags(html: str) -> str:
    return nh3.clean(html, tags=set(), clean_content_tags=_UNSPOKEN)


def _pieces(html: str) -> Iterator[str]:
    """Cut before every so many tags, at the start of a block if one comes soon, so that no script is cut in two."""
    start, tags = 0, 0
    for found in _TAG.finditer(html):
        tags += 1
        if tags > 2 * _TAGS_AT_ONCE or (tags > _TAGS_AT_ONCE and found[1]):
            yield html[start : found.start()]
            start, tags = found.start(), 1
    yield html[start:]


def safe_url(url: str) -> str:
    """The address if a person may be sent there, else "": http or https, a host, no user name, no break-out.

    The scheme comes in small letters, as not every chat takes it otherwise (RFC 3986, 3.1: its case means nothing).
    """
    url = url.strip()
    scheme, colon, rest = url.partition(":")
    return f"{scheme.lower()}{colon}{rest}" if _host(url) else ""


def host_of(url: str) -> str:
    """The host to show beside a link, in ASCII (punycode), so that look-alike letters cannot pose; "" if not safe."""
    return _host(url.strip())


def _host(url: str) -> str:
    if len(url) > _URL_LIMIT or not url.isprintable() or _URL_BREAKERS.search(url):
        return ""
    plain = _PLAIN_HOST.match(url)
    if plain:  # as most are: nothing of it needs to be taken apart
        return plain[1]
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or "@" in parts.netloc or ("[" in parts.netloc and ":" not in host):
        return ""
    return _ascii_host(host)


def _ascii_host(host: str) -> str:
    """As browsers do (no case, but ß and ς stay; NFKC, punycode), without IDNA's refusals. "" if a label cannot be."""
    if ":" in host:
        return f"[{host}]" if _IPV6.fullmatch(host) else ""
    if _ANY_HIDDEN.search(host):  # a browser takes some of these out: it would go elsewhere than we say
        return ""
    folded = "".join(one if one in "ßς" else one.casefold() for one in unicodedata.normalize("NFKC", host))
    host = unicodedata.normalize("NFKC", folded)
    labels = [_ascii_label(label) for label in _DOTS.split(host.removesuffix("."))]
    return ".".join(labels) if all(map(_LABEL.fullmatch, labels)) else ""


def _ascii_label(label: str) -> str:
    return label if label.isascii() else f"xn--{label.encode('punycode').decode('ascii')}"


def last_digits(number: str) -> str:
    """A telephone number as a card may show it, by its last four digits. What is none is given as it is, cut short."""
    digits = [character for character in number if character.isdigit()]
    return f"…{''.join(digits[-4:])}" if len(digits) >= 7 else shown(number, 40).words


def csv_cell(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula, nor a part of it where a semicolon parts cells."""
    text = _NEXT_CELL.sub(lambda found: f"{found[1]}'{found[2]}" if found[2] else found[0], text)
    begin = _BLANK.match(text)
    return f"'{text}" if text.startswith(_FORMULA, begin.end() if begin else 0) or text.startswith(_FORMULA) else text


@lru_cache(maxsize=16)
def comparable(text: str) -> str:
    """The bare words: what is left of a text without repost marks, @names, links, punctuation and case."""
    text = normalise(text)
    if text.startswith("rt @") or "via @" in text:
        text = _REPOST.sub(" ", text)
    if "://" in text or "www." in text:
        text = _NAMES_AND_LINKS.sub(" ", text)
    elif "@" in text:
        text = _NAMES.sub(" ", text)
    return ascii_words(text) if text.isascii() else " ".join(_WORDS.findall(text))


def ascii_words(text: str, dropped: bytes = b"") -> str:
    """The words of an ASCII text with single spaces between them. `dropped`: marks that part no words."""
    return b" ".join(text.encode().translate(_MARKS_TO_BLANKS, dropped).split()).decode()


def copy_key(text: str) -> str:
    """16 hex characters that are equal for reposts and trivial copies; "" when fewer than 4 words remain."""
    words = comparable(text)
    return blake2b(words.encode(), digest_size=8).hexdigest() if _count(words) >= 4 else ""


def shingle_keys(text: str) -> tuple[str, ...]:
    """Up to 4 keys, of which near copies share at least one with high probability; () for fewer than 5 words.

    They are the smallest checksums of all runs of three words. Two texts with the same key may still differ.
    """
    bare = comparable(text)
    if _count(bare) < 5:
        return ()
    words = bare.encode().split(b" ")
    shingles = set(map(crc32, map(b" ".join, zip(words, words[1:], words[2:], strict=False))))
    return tuple([f"{shingle:08x}" for shingle in sorted(shingles)[:4]])


def _count(bare: str) -> int:
    if bare.isascii():
        return bare.count(" ") + 1 if bare else 0
    words = bare.split()
    unspaced = sum(1 for word in words if _IS_UNSPACED(word))
    return len(words) - unspaced + unspaced // _UNSPACED_WORD
