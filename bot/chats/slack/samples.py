"""One drawing and form of each kind, for asking Slack whether it would take them. Nothing here is ever posted."""

from collections.abc import Mapping
from datetime import UTC, datetime

from handlers.cards import Button, Card, Chart, DraftCard, Drawing, Link, Notice, Row, Screen, Series
from handlers.forms import Field, Form
from handlers.rules.text import shown

_LINK = Link("Open", "https://example.com/post/1", "example.com")
_WORDS = shown("The lid came off, & I <burnt> my hand. *Thanks* for nothing :(", 600)
_CLAIM = Button("Claim", "claim", 1, style="primary")
_MORE = (Button("Snooze…", "snooze", 1), Button("Irrelevant", "irrelevant", 1, confirm="Close it for good?"))

_CARD = Card(
    case=1,
    colour="red",
    dot="🔴",
    status="open",
    priority="urgent",
    source="reviews",
    author="@mia",
    link=_LINK,
    seen_at=datetime(2026, 1, 1, tzinfo=UTC),
    due="due in 1 h",
    title="Acme",
    quote=_WORDS,
    facts=("reach 12,000", "+4 alike"),
    why=('query "name"', "a person was hurt"),
    buttons=(_CLAIM, Button("Draft reply", "draft", 1), Button("Resolve", "resolve", 1)),
    menu=_MORE,
)
_SMALL = Card(
    case=2,
    colour="green",
    dot="✅",
    status="resolved by Ana: replied",
    priority="normal",
    source="blog",
    author="Bo",
    link=_LINK,
    seen_at=datetime(2026, 1, 1, tzinfo=UTC),
    due="",
    title="Acme",
    quote=None,
    facts=(),
    why=(),
    buttons=(Button("Reopen", "reopen", 2),),
    menu=(),
    is_small=True,
)
_DRAFT = DraftCard(
    case=1,
    draft=1,
    state="proposed by Ana",
    colour="yellow",
    target="@mia, from @acme",
    text=_WORDS,
    link=_LINK,
    note="",
    buttons=(Button("Approve", "approve", 1, style="primary"), Button("Request changes", "reject", 1)),
)
_QUEUE = Screen(
    "Queue",
    "2 cases",
    (Row("#1 urgent", _WORDS, ("due in 1 h",), (_CLAIM,), "red", _LINK),),
    buttons=(Button("Next", "queue", values=(("words", "page:2"),)),),
)
_BRIEFING = Screen(
    "Monday",
    "12 mentions, 3 more than usual.",
    chart=Chart("bars", "Mentions", ("reviews", "blog"), (Series("", (8, 4)),), "Reviews 8, blog 4."),
)

DRAWINGS: Mapping[str, Drawing] = {
    "a card": _CARD,
    "a handled card": _SMALL,
    "a draft": _DRAFT,
    "a notice": Notice("#1 is overdue.", case=1, buttons=(_CLAIM,)),
    "a briefing": _BRIEFING,
    "the queue": _QUEUE,
}
FORM = Form(
    "Reply to #1",
    "draft",
    1,
    (
        Field("template", "Begin with", "choice", is_required=False, choices=(("1", "We are sorry"),)),
        Field("text", "Your reply", "long_text", hint="At most 280 characters.", max_length=280),
        Field("assignee", "Who", "member", is_required=False),
    ),
    submit="Submit",
    quote="The lid came off.",
)
