"""Drawings, answers and forms as HTML. Pure: the same data and time give the same text.

Jinja2 escapes every value; nothing here marks a value as safe. A customer's words stand in elements that show them
literally (`white-space: pre-wrap`) and keep their writing direction to themselves (`dir="auto"`, `<bdi>`).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import ValidationError

from bot import charts
from bot.chats.local.adapter import Stored, from_body
from handlers.cards import Button, Card, Chart, DraftCard, Link, Notice, Screen
from handlers.forms import Form
from handlers.requests import Command, Reply
from handlers.rules.policy import Member
from storage.local_chat import LocalMessage

COLOURS = ("red", "orange", "yellow", "blue", "green", "grey")
STYLES = ("primary", "danger")
_KINDS = {Card: "card", DraftCard: "draft", Notice: "notice", Screen: "screen"}
_HUES = 8


@dataclass(frozen=True, slots=True)
class ShownMessage:
    """A message ready for the template. `kind` chooses its drawing's macro."""

    ref: str
    kind: str
    drawing: Card | DraftCard | Notice | Screen
    shared_by: str
    posted_at: datetime
    replies: int
    thread_url: str  # "" inside a thread


def shown_message(message: LocalMessage, thread_url: str = "") -> ShownMessage:
    """What a stored message shows. A body that this version cannot read becomes a notice that says so."""
    try:
        stored = from_body(message.body)
    except (ValidationError, KeyError):
        stored = Stored(Notice("This message was written by another version of Earshot and cannot be shown."))
    return ShownMessage(
        ref=message.ref,
        kind=_KINDS[type(stored.drawing)],
        drawing=stored.drawing,
        shared_by=stored.shared_by,
        posted_at=message.posted_at,
        replies=message.replies,
        thread_url=thread_url,
    )


@dataclass(frozen=True, slots=True)
class ShownChart:
    """A chart's picture: its addresses, and its size in pixels, so that nothing jumps when it arrives."""

    light: str
    dark: str
    width: int
    height: int
    alt: str
    key: str  # what the numbers in brackets stand for, for those who see the picture too


def shown_chart(chart: Chart, ref: str = "") -> ShownChart:
    """How a chart is shown in the message `ref`, or in an answer."""
    address = f"/chart/{charts.identity(chart)}.png"
    of = f"?of={ref}" if ref else ""
    width, height = charts.size(chart)
    dark = f"{address}{of}{'&' if of else '?'}look=dark"
    return ShownChart(address + of, dark, width, height, charts.described(chart), charts.key(chart))


def message_html(message: LocalMessage, now: datetime, thread_url: str = "") -> str:
    """One message as a list item, to be placed into the channel or, without `thread_url`, into the thread panel."""
    return _render("message.html", message=shown_message(message, thread_url), now=now)


def answer_html(reply: Reply, answer_id: str, now: datetime) -> str:
    """A private answer: words, a screen, or both; `answer_id` is what "Share to channel" names."""
    return _render("answer.html", reply=reply, answer_id=answer_id, now=now)


def form_html(form: Form, members: Sequence[Member]) -> str:
    """A form as a dialog. Field errors stand beside their fields, the others above all."""
    names = {field.name for field in form.fields}
    errors = {name: words for name, words in form.errors if name in names}
    general = [words for name, words in form.errors if name not in names]
    return _render("form.html", form=form, members=members, errors=errors, general=general)


def thread_html(messages: Sequence[LocalMessage], now: datetime) -> str:
    """The thread panel's list: the message, then its replies."""
    return _render("thread_items.html", thread=[shown_message(message) for message in messages], now=now)


def page_html(template: str, **values: Any) -> str:
    """A whole page."""
    return _render(template, **values)


def age(moment: datetime, now: datetime) -> str:
    """How long ago, in the words that the page's script also uses: "now", "4 min ago", "3 h ago", "2 d ago"."""
    seconds = (now - moment).total_seconds()
    if seconds < 60:
        return "now"
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit} ago"
    return "now"


def command_list(commands: Sequence[Command]) -> list[dict[str, Any]]:
    """What the composer's completion needs to know of the commands."""
    return [
        {
            "verb": command.verb,
            "help": command.help,
            "usage": command.usage,
            "example": command.example,
            "arguments": [
                {"name": argument.name, "kind": argument.kind, "is_required": argument.is_required}
                for argument in command.arguments
            ],
        }
        for command in sorted(commands, key=lambda command: command.verb)
    ]


def plural(number: int, word: str) -> str:
    return f"{number} {word if number == 1 else word + 's'}"


def shown_size(text: str) -> str:
    """How large a file of this text is."""
    size = len(text.encode(errors="replace"))
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{max(1, round(size / 1e3))} kB"


def _render(template: str, **values: Any) -> str:
    return _TEMPLATES.get_template(template).render(values)


def _one_of(value: str, allowed: Sequence[str]) -> str:
    """A value that becomes part of a class name; the last allowed one for anything unknown."""
    return value if value in allowed else allowed[-1]


def _is_web(link: Link | None) -> bool:
    return link is not None and link.url.lower().startswith(("https://", "http://"))


def _values(button: Button) -> str:
    return json.dumps(dict(button.values), ensure_ascii=True)


def _control(button: Button) -> str:
    """Finds the same button again after its message was redrawn."""
    return f"{button.verb} {button.label}"


def _hue(name: str) -> int:
    return sum(name.encode(errors="replace")) % _HUES


def _initial(name: str) -> str:
    return next((sign.upper() for sign in name if sign.isalnum()), "?")


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    words: Mapping[str, Any] = {
        "age": age,
        "plural": plural,
        "shown_size": shown_size,
        "values_of": _values,
        "control_of": _control,
        "hue": _hue,
        "initial": _initial,
        "utc": _utc,
    }
    environment.filters.update(words)
    environment.globals.update({"COLOURS": COLOURS, "STYLES": STYLES, "one_of": _one_of, "shown_chart": shown_chart})
    environment.tests["web_link"] = _is_web
    return environment


_TEMPLATES = _environment()
