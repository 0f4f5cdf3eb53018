"""The small pieces of our messages: lines, quotes, facts and buttons as Block Kit.

What somebody else wrote stands in rich text, whose text elements are literal, or in plain_text without emoji. So
nothing here is escaped; `classic.py` does the same with the older blocks.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from bot.chats.slack.codes import ACT, MENU_VALUE, SHARE, value_of
from bot.chats.slack.wording import escaped_length, one_line
from bot.chats.wording import literal, measure
from handlers.cards import Button, Link
from handlers.rules.text import safe_url

Block = dict[str, Any]
MENU = 5  # items that a menu may have
_BUTTONS = 25
_VALUE = 2_000
_LABEL = 75
_FACTS = 700
_HOST = 80
ALT = 2_000


@dataclass(frozen=True, slots=True)
class Said:
    """Literal words inside a line."""

    words: str
    style: str = ""  # "", bold, italic, code


@dataclass(frozen=True, slots=True)
class Moment:
    """How long ago something was; each reader's client counts."""

    at: datetime

    @property
    def seconds(self) -> int:
        return int(self.at.timestamp())

    @property
    def words(self) -> str:
        return f"{self.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


@dataclass(frozen=True, slots=True)
class Leads:
    """A link, shown as its host."""

    link: Link

    @property
    def url(self) -> str:
        """The address, "" when nobody should be sent there."""
        return safe_url(self.link.url).replace("|", "%7C")

    @property
    def host(self) -> str:
        return one_line(self.link.host, _HOST) or "link"


@dataclass(frozen=True, slots=True)
class Ping:
    """The one thing that notifies a person, or a user group of Slack."""

    user_id: str = ""
    group_id: str = ""


Span = Said | Moment | Leads | Ping


@dataclass(frozen=True, slots=True)
class Line:
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Quote:
    """What somebody else wrote."""

    words: str


@dataclass(frozen=True, slots=True)
class Copy:
    """Words to be pasted elsewhere."""

    words: str


Paragraph = Line | Quote | Copy


def dotted(*parts: Span | str | None) -> Line:
    """Parts of a heading with " · " between them; empty ones are left out. Words are cut and made safe before."""
    spans: list[Span] = []
    for part in parts:
        if part is None or part == "" or (isinstance(part, Said) and not part.words):
            continue
        if spans:
            spans.append(Said(" · "))
        spans.append(Said(part) if isinstance(part, str) else part)
    return Line(tuple(spans))


def ours(words: str, limit: int, *, before: tuple[Span, ...] = ()) -> Line:
    """Our own sentence; what stands between backticks is something to type. A loose backtick stays as it is."""
    words = literal(words, limit, escaped_length)
    parts = words.split("`")
    if len(parts) % 2 == 0:
        parts = [words]
    spans = [Said(part, "code" if place % 2 and part.strip() else "") for place, part in enumerate(parts) if part]
    return Line((*before, *spans))


def rich(paragraphs: Iterable[Paragraph]) -> list[Block]:
    """The paragraphs as one block of rich text; nothing at all when they are empty."""
    elements: list[Block] = []
    for kind, group in groupby(filled(paragraphs), type):
        if kind is Line:
            lines = [_elements(line.spans) for line in group if isinstance(line, Line)]
            elements.append({"type": "rich_text_section", "elements": _joined(lines)})
            continue
        name = "rich_text_quote" if kind is Quote else "rich_text_preformatted"
        elements += [{"type": name, "elements": [_said(each.words)]} for each in group if not isinstance(each, Line)]
    return [{"type": "rich_text", "elements": elements}] if elements else []


def filled(paragraphs: Iterable[Paragraph]) -> Iterator[Paragraph]:
    """Without what is empty: Slack refuses it."""
    for each in paragraphs:
        if isinstance(each, Line):
            spans = tuple(span for span in each.spans if not isinstance(span, Said) or span.words)
            if spans:
                yield Line(spans)
        elif each.words.strip():
            yield each


def facts(*told: str) -> list[Block]:
    """Small grey words, " · " between them."""
    words = literal(" · ".join(one for one in (" ".join(fact.split()) for fact in told) if one), _FACTS)
    return [{"type": "context", "elements": [plain(words)]}] if words else []


def image(file_id: str, alt: str) -> Block:
    """A picture that was uploaded to Slack; `alt` is what it shows, in words."""
    return {"type": "image", "slack_file": {"id": file_id}, "alt_text": literal(alt, ALT) or "chart"}


def acts(buttons: Sequence[Button], menu: Sequence[Button] = ()) -> list[Block]:
    """A row of buttons and, at its end, a menu. What cannot be carried in Slack's values is left out."""
    elements = [_button(button, place) for place, button in enumerate(buttons) if _fits(button)][:_BUTTONS]
    options = {value_of(item, in_menu=True): item for item in reversed(menu[:MENU]) if _label(item)}
    shown = [_option(item, value) for value, item in reversed(options.items()) if measure(value) <= MENU_VALUE]
    if shown:
        elements.append({"type": "overflow", "action_id": f"{ACT}:menu", "options": shown})
    return [{"type": "actions", "elements": elements}] if elements else []


def plain(words: str) -> Block:
    """A text object that shows its words and nothing else."""
    return {"type": "plain_text", "text": words, "emoji": False}


def question(button: Button) -> Block:
    """What Slack asks before a button does its verb."""
    return {
        "title": plain("Are you sure?"),
        "text": plain(literal(button.confirm, 300) or "Do it?"),
        "confirm": plain(_label(button, 30).rstrip("…") or "Yes"),
        "deny": plain("Cancel"),
        **_style(button),
    }


def weight(blocks: Sequence[Block]) -> int:
    """How much text the blocks hold together."""
    return sum(map(_weight, blocks))


def _weight(thing: object) -> int:
    if isinstance(thing, dict):
        return sum(
            measure(value) if name in ("text", "fallback") and isinstance(value, str) else _weight(value)
            for name, value in thing.items()
        )
    return sum(map(_weight, thing)) if isinstance(thing, list) else 0


def _joined(lines: Sequence[list[Block]]) -> list[Block]:
    together = list(lines[0])
    for line in lines[1:]:
        together += [_said("\n"), *line]
    return together


def _elements(spans: Sequence[Span]) -> list[Block]:
    return [_element(span) for span in spans]


def _element(span: Span) -> Block:
    if isinstance(span, Ping) and span.group_id:
        return {"type": "usergroup", "usergroup_id": span.group_id}
    if isinstance(span, Ping):
        return {"type": "user", "user_id": span.user_id}
    if isinstance(span, Moment):
        if span.seconds < 0:
            return _said(span.words)
        return {"type": "date", "timestamp": span.seconds, "format": "{ago}", "fallback": span.words}
    if isinstance(span, Leads):
        return {"type": "link", "url": span.url, "text": span.host} if span.url else _said(span.host)
    return {**_said(span.words), "style": {span.style: True}} if span.style else _said(span.words)


def _said(words: str) -> Block:
    return {"type": "text", "text": words}


def _fits(button: Button) -> bool:
    return bool(_label(button)) and measure(value_of(button)) <= _VALUE


def _button(button: Button, place: int) -> Block:
    drawn = {
        "type": "button",
        "action_id": f"{ACT}:{SHARE if button.verb == SHARE else place}",
        "text": plain(_label(button)),
        "value": value_of(button),
        **_style(button),
    }
    if button.case is not None:
        spoken = f" case {button.case}"
        drawn["accessibility_label"] = _label(button, _LABEL - len(spoken)).rstrip("…") + spoken
    if button.confirm.strip():
        drawn["confirm"] = question(button)
    return drawn


def _label(button: Button, limit: int = _LABEL) -> str:
    return literal(" ".join(button.label.split()), limit)


def _style(button: Button) -> Block:
    return {"style": button.style} if button.style in ("primary", "danger") else {}


def _option(item: Button, value: str) -> Block:
    return {"text": plain(_label(item)), "value": value}
