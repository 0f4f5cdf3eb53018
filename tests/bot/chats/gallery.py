"""A drawing of every kind and state. Every chat's renderer must be able to show all of them."""

from datetime import UTC, datetime

from handlers.cards import Button, Card, Chart, DraftCard, Drawing, Link, Notice, Row, Screen, Series
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
DAYS = tuple(f"{day} Feb" for day in range(16, 23))
CHARTS: dict[str, Chart] = {
    "stacked": Chart(
        "stacked",
        "Mentions per day, 16–22 Feb",
        DAYS,
        (
            Series("negative", (200, 220, 310, 260, 500, 640, 703), "red"),
            Series("neutral", (100, 90, 120, 80, 160, 190, 210), "grey"),
            Series("positive", (60, 70, 50, 64, 80, 95, 108), "green"),
        ),
        "Mentions per day, 16–22 Feb: 4,310 in all, most on Sun 22 Feb (1,021).",
    ),
    "lines": Chart(
        "lines",
        "Mentions and their negative share",
        DAYS,
        (
            Series("mentions", (360, 380, 480, None, 740, 925, 1021), "blue"),
            Series("negative, %", (55.5, 58, 64, None, 68, 69, 69), "red"),
        ),
        "Mentions grew from 360 to 1,021 a day, and the negative share from 56% to 69%.",
    ),
    "minutes": Chart(
        "lines",
        "First response per day",
        DAYS,
        (
            Series("median", (12, 14, 9, 30, 22, 41, 18), "blue"),
            Series("nine of ten", (80, 95, 70, 210, 160, 300, 140), "orange"),
        ),
        "First responses took 18 min on 22 Feb; the slowest day was 21 Feb.",
        unit="min",
    ),
    "bars": Chart(
        "bars",
        "Mentions by source",
        ("twitter", "東京ブログ", "call centre notes"),
        (Series("now", (1021, 340, 12), "blue"), Series("before", (800, 410, 0), "grey")),
        "Mentions by source: twitter 1,021 (+28%), 東京ブログ 340 (-17%), call centre notes 12.",
    ),
}
SUMMARY = Screen(
    "Summary: 16–22 Feb",
    "Kettle & Co",
    (Row("1,021 mentions", None, ("+28% against the week before",), (Button("Open", "queue"),)),),
    chart=CHARTS["stacked"],
)
REMINDER = Notice(
    "Case #142 has slept for 26 h. Are you still on it?",
    ping="ana",
    case=142,
    buttons=(Button("Still on it", "still", 142), Button("Release", "release", 142, style="danger")),
)
CALL = Notice("Nobody has taken case #142.", case=142, group="leads", buttons=(CLAIM,))
DRAWINGS: dict[str, Drawing] = {
    **CARDS,
    "draft": DRAFT,
    "notice": NOTICE,
    "screen": SCREEN,
    "summary": SUMMARY,
    "reminder": REMINDER,
    "call": CALL,
    **{f"chart {name}": Screen(chart.title, chart=chart) for name, chart in CHARTS.items()},
}
