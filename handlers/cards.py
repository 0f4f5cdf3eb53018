"""What a card says, as data, no platform's words. Renderers in `bot/chats/*/render.py` turn it into messages.

`Text` marks a customer's words: a renderer shows them literally, whatever they contain. Everything else is ours.
"""

from dataclasses import dataclass
from datetime import datetime

from handlers.rules.text import Text


@dataclass(frozen=True, slots=True)
class Button:
    """Does a verb when pressed.

    `values` are the arguments beside the case number; `confirm` asks first when not empty.
    """

    label: str
    verb: str
    case: int | None = None
    values: tuple[tuple[str, str], ...] = ()
    style: str = ""  # "", primary, danger
    confirm: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """An http(s) address, shown with its host."""

    label: str
    url: str
    host: str


@dataclass(frozen=True, slots=True)
class Card:
    """A case in a channel. `lines` is 2 when handled and small."""

    case: int
    colour: str  # red, orange, yellow, blue, green, grey
    dot: str  # 🔴 …, the same in every chat
    status: str  # "open", "claimed by Ana", "snoozed until …"
    priority: str
    source: str
    author: str
    link: Link | None
    seen_at: datetime  # the renderer shows the age
    due: str  # "due in 2 h", "overdue by 10 min", ""
    title: str
    quote: Text | None  # None on a small card
    facts: tuple[str, ...]
    why: tuple[str, ...]
    buttons: tuple[Button, ...]  # at most four
    menu: tuple[Button, ...]
    note: str = ""  # "may repeat" and the like
    is_small: bool = False
    mark: str = ""  # "" open, "taken", "done": what a chat mirrors as a reaction


@dataclass(frozen=True, slots=True)
class DraftCard:
    """A proposed reply in the card's thread, with its approval buttons."""

    case: int
    draft: int
    state: str  # "proposed by Ana", "approved by Bo" …
    colour: str
    target: str  # whom it answers, and from which account
    text: Text
    link: Link | None  # where to post it, once approved
    note: str
    buttons: tuple[Button, ...]


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence of ours in a channel or thread. `ping` names the one member concerned, or nobody."""

    words: str
    ping: str = ""
    case: int | None = None
    buttons: tuple[Button, ...] = ()
    group: str = ""  # the one user group concerned, by its handle; a chat without groups names it in words


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a screen: a case or a mention, with at most two buttons."""

    heading: str  # ours
    quote: Text | None
    facts: tuple[str, ...]
    buttons: tuple[Button, ...] = ()
    colour: str = "grey"
    link: Link | None = None
    is_to_copy: bool = False  # the quote is meant to be pasted elsewhere


@dataclass(frozen=True, slots=True)
class Series:
    """One line, or one set of bars, of a chart; None where nothing is known."""

    name: str
    values: tuple[float | None, ...]
    colour: str = "grey"  # as of cards: red, orange, yellow, blue, green, grey


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture of numbers, as data; `bot/charts.py` draws it, the same for every chat. `alt` says what it shows.

    Among lines, a series whose name ends in "%" has a panel and a scale (0 to 100) of its own.
    """

    kind: str  # lines: over time; bars: one each; stacked: bars upon each other over time
    title: str
    labels: tuple[str, ...]  # below the values, or beside the bars
    series: tuple[Series, ...]
    alt: str
    unit: str = ""  # "", "%", or "min"; behind the numbers of the axis


@dataclass(frozen=True, slots=True)
class Screen:
    """An answer with structure: queue, search, show, who, status, help, summary; a posted list, a briefing, a storm."""

    title: str
    intro: str = ""
    rows: tuple[Row, ...] = ()
    outro: str = ""
    buttons: tuple[Button, ...] = ()  # paging and the like
    chart: Chart | None = None


Drawing = Card | DraftCard | Notice | Screen
