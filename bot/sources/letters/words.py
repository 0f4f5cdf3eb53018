"""The customer's own words in a mail: without what she quotes, without the name of her telephone.

What opens a quotation is known by mail-parser-reply in a dozen languages. Its patterns take minutes on hostile text, so
each sees a few short lines at a time. When nothing would be left, or when the mail passes another one on, all is kept.
"""

from collections.abc import Iterator, Sequence

import regex
from mailparser_reply.constants import MAIL_LANGUAGES

_MAX_LINES = 4_000
_LINE = 300  # characters; no line that opens a quotation is longer
_WROTE_LINES = 3  # mail programs fold "On Monday, Jo <jo@x.example> wrote:"
_MAX_TRIES = 40  # lines that end like one but are none
_SIGNATURE = 12  # lines; a divider with more behind it divides something else

_FLAGS = regex.IGNORECASE
_WROTE = (
    *(
        regex.compile(language["wrote_header"], _FLAGS)
        for language in MAIL_LANGUAGES.values()
        if isinstance(language.get("wrote_header"), str)
    ),
    regex.compile(r"(?:El|Em)\s.{1,300}\s(?:escribió|escreveu)\s?:$", _FLAGS),
)
_SENT_FROM = regex.compile(
    "|".join(
        (*(one["sent_from"] for one in MAIL_LANGUAGES.values() if one.get("sent_from")), "Von meinem .{1,30} gesendet")
    ),
    _FLAGS,
)
_HEAD = regex.compile(
    r"[*\s]{0,4}(from|sent|to|cc|subject|date|von|gesendet|an|betreff|datum|de|envoy[ée]|[àa]|objet|para|asunto|enviado"
    r"|fecha|da|inviato|oggetto|od|komu|temat|fra|sendt|til|emne|från|skickat|till|ämne|van|verzonden|aan|onderwerp"
    r"|发件人|发送时间|收件人|主题|差出人|送信日時|宛先|件名)\b[*\s]{0,3}[:：]",
    _FLAGS,
)
_HEADS, _WITHIN = 3, 6  # so many of them within so many lines are the head of a quoted mail
_DIVIDER = regex.compile(
    r"\s*-{3,}\s?(?:original message|ursprüngliche nachricht|message d'origine)\s?-{3,}\s*", _FLAGS
)
_FORWARD = regex.compile(
    r"\W{0,12}(?:forwarded message|begin forwarded message|weitergeleitete nachricht|message transféré"
    r"|mensaje reenviado|messaggio inoltrato|doorgestuurd bericht)",
    _FLAGS,
)
_FORWARD_TITLE = regex.compile(r"\s*(?:fwd?|wg|tr|rv|enc|i|vs|doorst)\s?:", _FLAGS)


def own_words(text: str, title: str = "") -> str:
    """The text without quotations and signature; the whole text when that would leave nothing, or when it passes on."""
    lines = text.split("\n", _MAX_LINES)
    if _FORWARD_TITLE.match(title[:_LINE]) or any(_FORWARD.match(line[:_LINE]) for line in lines):
        return text.strip()
    kept = "\n".join(_without_signature(list(_unquoted(lines)))).strip()
    return kept or text.strip()


def unfolded(text: str, *, is_space_dropped: bool = False) -> str:
    """Text of format=flowed with its paragraphs on one line each (RFC 3676)."""
    lines: list[str] = []
    depth_before, is_open = 0, False
    for line in text.split("\n"):
        content = line.lstrip(">")
        depth = len(line) - len(content)
        content = content.removeprefix(" ")
        is_divider = content == "-- "
        flows_on = content.endswith(" ") and not is_divider
        told = content[:-1] if flows_on and is_space_dropped else content
        if is_open and depth == depth_before and not is_divider:
            lines[-1] += told
        else:
            lines.append("> " * bool(depth) + told)
        depth_before, is_open = depth, flows_on
    return "\n".join(lines)


def _unquoted(lines: Sequence[str]) -> Iterator[str]:
    """The lines up to a quoted mail. Where quoted lines are marked, what stands between and below them is hers too."""
    place, tries = 0, 0
    while place < len(lines):
        line = lines[place]
        if line.lstrip().startswith(">"):
            place += 1
            continue
        if _DIVIDER.fullmatch(line[:_LINE]) or _is_head(lines, place):
            return
        length = 0
        if tries < _MAX_TRIES:
            length, tried = _wrote(lines, place)
            tries += tried
        if length and not _is_marked(lines, place + length):
            return
        if not length:
            yield line
        place += length or 1


def _wrote(lines: Sequence[str], place: int) -> tuple[int, bool]:
    """How many lines here are "On Monday, Jo wrote:", and whether it had to be tried."""
    for length in range(1, _WROTE_LINES + 1):
        window = lines[place : place + length]
        if len(window) < length or not window[-1].strip():
            return 0, False
        if window[-1].rstrip().endswith((":", "：")):
            words = " ".join(line.strip() for line in window)
            is_one = len(words) <= _LINE and any(pattern.match(words) for pattern in _WROTE)
            return (length if is_one else 0), True
    return 0, False


def _is_marked(lines: Sequence[str], place: int) -> bool:
    """Whether the next line that says anything is marked as a quotation."""
    following = next((line for line in lines[place : place + 4] if line.strip()), "")
    return following.lstrip().startswith(">")


def _is_head(lines: Sequence[str], place: int) -> bool:
    if not _HEAD.match(lines[place][:_LINE]):
        return False
    heads = {found[1].lower() for line in lines[place : place + _WITHIN] if (found := _HEAD.match(line[:_LINE]))}
    return len(heads) >= _HEADS


def _without_signature(lines: list[str]) -> list[str]:
    for place, line in enumerate(lines):
        is_end = len([one for one in lines[place + 1 :][: 4 * _SIGNATURE] if one.strip()]) <= _SIGNATURE
        if line.strip() == "--" and is_end:
            lines = lines[:place]
            break
    while lines and (not lines[-1].strip() or (len(lines[-1]) <= 80 and _SENT_FROM.match(lines[-1].strip()))):
        lines.pop()
    return lines
