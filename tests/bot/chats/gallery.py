"""A drawing of every kind and state. Every chat's renderer must be able to show all of them."""

from datetime import UTC, datetime

from handlers.cards import Button, Card, DraftCard, Drawing, Link, Notice, Row, Screen
from handlers.rules.text import Text

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
LONGEST = ("The parcel never came and nobody answers the phone. " * 80)[:3_900]
WIDE = "x" * 700

CLAIM = Button("Claim", "claim", 142, style="primary")
BUTTONS = (
    CLAIM,
    Button("Draft reply", "draft", 142),
    Button("Resolve", "resolve", 142, values=(("reason", "no action"),)),
    Button("Release", "release", 142, style="danger", confirm="Give case #142 back to the team?"),
)
MENU = (
    Button("Assign…", "assign", 142),
    Button("Snooze…", "snooze", 142),
    Button("Not relevant", "irrelevant", 142, style="danger", confirm="Close #142 and hide everything like it?"),
)
LINK = Link("Open", "https://social.example/kim/1", "social.example")


def card(
    status: str = "open",
    colour: str = "red",
    dot: str = "🔴",
    priority: str = "urgent",
    *,
    case: int = 142,
    author: str = "kim_w",
    words: str = "Third broken kettle this month. The handle came off with boiling water in it!",
    title: str = "",
    due: str = "due in 40 min",
    link: Link | None = LINK,
    note: str = "",
    is_small: bool = False,
    had_hidden: bool = False,
) -> Card:
    """A card like the product's own."""
    return Card(
        case=case,
        colour=colour,
        dot=dot,
        status=status,
        priority=priority,
        source="reviews",
        author=author,
        link=link,
        seen_at=NOW,
        due=due,
        title=title,
        quote=None if is_small else Text(words, had_hidden=had_hidden),
        facts=("reach 12,400", "sentiment -0.71", "query Kettle", "+4 alike"),
        why=("says “boiling water”", "one star", "4 alike in an hour"),
        buttons=BUTTONS[:1] if is_small else BUTTONS,
        menu=MENU,
        note=note,
        is_small=is_small,
    )


CARDS: dict[str, Card] = {
    "open": card(),
    "high": card("open", "orange", "🟠", "high", case=143),
    "claimed": card("claimed by Ana", "yellow", "🟡", "high", due="overdue by 10 min"),
    "snoozed": card("snoozed until tomorrow 09:00", "grey", "⚪", "normal", due=""),
    "answered": card("answered by Bo", "blue", "🔵", "normal", due=""),
    "resolved": card("resolved by Bo: fixed", "green", "🟢", "low", due="", is_small=True),
    "longest": card(words=LONGEST, title=LONGEST[:300]),
    "one long word": card(words=WIDE, title=WIDE, author=WIDE, link=Link("Open", f"https://a.example/{WIDE}", WIDE)),
    "right to left": card(words="لم يصل الطرد حتى الآن (order 4471) ولا أحد يجيب!", author="نور", title="שלום עולם"),
    "no author": card(author="", link=None),
    "may repeat": card(note="This card may stand here twice: the chat's answer was lost.", had_hidden=True),
    "unknown words": card("?", "mauve", "", "who knows"),
}

DRAFT = DraftCard(
    case=142,
    draft=7,
    state="proposed by Ana",
    colour="yellow",
    target="Answers kim_w on reviews, from the account @kettle_and_co",
    text=Text("Hello Kim, this must not happen.\n\nPlease stop using it; a new one is on its way today."),
    link=LINK,
    note="Needs another person's approval.",
    buttons=(Button("Approve", "approve", 142, style="primary"), Button("Request changes", "reject", 142)),
)
NOTICE = Notice("Case #142 is overdue by 10 min.", ping="ana", case=142)
SCREEN = Screen(
    "Queue: 23 open",
    "The most urgent first.",
    tuple(
        Row(
            f"#{number} urgent · reviews · kim_w",
            Text("Third broken kettle this month."),
            ("open", "4 min"),
            (CLAIM,),
            "red",
        )
        for number in range(142, 147)
    ),
    "Page 1 of 5",
    (Button("Next page", "queue", None, values=(("page", "2"),)),),
)
DRAWINGS: dict[str, Drawing] = {**CARDS, "draft": DRAFT, "notice": NOTICE, "screen": SCREEN}
