"""Drawings posted in Discord: what a person reads, what Discord would refuse, and that hostile words do nothing."""

from dataclasses import replace

import discord
import pytest
from hypothesis import HealthCheck, given, settings

from bot.chats.discord.codes import behind, kept_key, read_code
from bot.chats.discord.render import COLOURS, Look, Message, carries, message, push_text, reference, text_only
from handlers.cards import Button, Card, Chart, DraftCard, Drawing, Link, Notice, Row, Screen, Series
from handlers.rules.text import Text, shown
from tests.bot.chats import gallery as shapes
from tests.bot.chats.discord.drawn import (
    ANA,
    DRAWINGS,
    LONG,
    SUPPORT,
    WORDS,
    assert_harmless,
    buttons_of,
    payload,
)
from tests.bot.chats.discord.markdown import alive, read
from tests.discord.lint import lint_message
from tests.gallery import gallery
from tests.hostile import texts

LOOK = Look(
    mention=lambda name: {"ana": ANA, "eve": "everyone"}.get(name, ""),
    role=lambda name: {"support": SUPPORT}.get(name.removeprefix("@"), ""),
)
SOME = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@pytest.fixture(scope="module")
def drawings() -> dict[str, Drawing]:
    return {**gallery(), **shapes.DRAWINGS}


def pings(drawing: Drawing) -> tuple[set[str], set[str]]:
    """Whom this may ping: the member and the role that it names, if Discord knows them."""
    if not isinstance(drawing, Notice):
        return set(), set()
    return ({ANA} if drawing.ping == "ana" else set()), ({SUPPORT} if "support" in drawing.group else set())


def seen(drawn: Message) -> str:
    """A message as a person reads it, from top to bottom. Buttons stand in brackets."""
    lines = [read(drawn.content)]
    for embed in drawn.embeds:
        colour = next(name for name, value in COLOURS.items() if embed.colour and embed.colour.value == value)
        lines += [f"--- {colour}", embed.author.name or "", embed.title or "", read(embed.description or "")]
        lines += [f"{field.name}: {read(field.value or '')}" for field in embed.fields]
        lines += [f"picture: {drawn.alt}" if embed.image.url else "", embed.footer.text or ""]
    for row in payload(drawn)["components"]:
        lines.append(" ".join(f"[{one['label']}]" for one in row["components"]))
    return "\n".join(each for each in lines if each)


def offered(drawn: Message, custom_id: str) -> list[str]:
    """The labels that stand behind a button."""
    told = read_code(custom_id, drawn.carried.get(kept_key(custom_id), ""))
    assert told is not None
    return [one.label for one in behind(told)]


def behind_last(drawn: Message) -> list[str]:
    return offered(drawn, buttons_of(drawn)[-1]["custom_id"])


def embed_of(drawn: Message) -> discord.Embed:
    (embed,) = drawn.embeds
    return embed


def field_of(drawn: Message, name: str) -> str:
    return next((field.value or "" for field in drawn.embeds[-1].fields if field.name == name), "")


# All of them


def test_discord_takes_every_drawing(drawings: dict[str, Drawing]) -> None:
    for name, drawing in drawings.items():
        drawn = message(drawing, f"case:{name}", LOOK, "Ana")
        assert_harmless(drawn, drawing, *pings(drawing))
        assert push_text(drawing) in drawn.content, name
        assert len(drawn.embeds) == 1 or not isinstance(drawing, Card), name
        assert drawn.embeds == () or not isinstance(drawing, Notice), name
        assert_harmless(text_only(drawing, name), None, set(), set())


def test_a_card_has_one_row_of_buttons(drawings: dict[str, Drawing]) -> None:
    cards = [drawing for drawing in drawings.values() if isinstance(drawing, Card | DraftCard)]
    assert cards
    assert all(len(payload(message(card, "k", LOOK))["components"]) <= 1 for card in cards)


@SOME
@given(DRAWINGS, WORDS)
def test_hostile_words_ping_nobody_lead_nowhere_and_format_nothing(drawing: Drawing, sharer: str) -> None:
    drawn = message(drawing, "case:1", LOOK, sharer)
    assert_harmless(drawn, drawing, *pings(drawing))
    assert_harmless(text_only(drawing, "case:1"), None, set(), set())
    footers = [embed.footer.text or "" for embed in drawn.embeds]
    assert carries(drawn.content, footers, "case:1")
    assert not carries(drawn.content, footers, "case:2")


def test_the_adversarial_texts_are_shown_to_the_letter() -> None:
    for tag, words in texts().items():
        card = replace(shapes.CARDS["open"], quote=shown(words, 600), author=words, title=shown(words, 150).words)
        drawn = message(card, tag, LOOK)
        assert_harmless(drawn, card, set(), set())
        told = read(embed_of(drawn).description or "")
        assert f"Heron is awful {tag}" in told
        assert all(each.startswith("> ") for each in (embed_of(drawn).description or "").split("\n"))
        assert [one["label"] for one in buttons_of(drawn)] == ["Claim", "Draft reply", "Resolve", "Release", "More…"]


@pytest.mark.parametrize("name", LONG)
def test_words_without_end_are_cut_everywhere(name: str) -> None:
    words = LONG[name]
    row = Row(words, Text(words), (words,), (Button(words, "show", 1),), is_to_copy=len(name) % 2 == 0)
    chart = Chart("bars", words[:50], ("a",), (Series("", (8,)),), words)
    for drawing in (
        replace(shapes.card(words=words, title=words, author=words), facts=(words,) * 3, why=(words,), note=words),
        replace(shapes.DRAFT, text=Text(words), state=words, target=words, note=words),
        Notice(words, ping=words),
        Screen(words, words, (row,) * 3, words, (Button(words, "queue"),), chart),
    ):
        assert_harmless(message(drawing, "k", LOOK, words), drawing, set(), set())
        assert_harmless(text_only(drawing, "k"), None, set(), set())


def test_the_same_drawing_gives_the_same_message() -> None:
    for drawing in shapes.DRAWINGS.values():
        assert payload(message(drawing, "k", LOOK)) == payload(message(drawing, "k", LOOK))


def test_every_message_can_be_found_by_its_key() -> None:
    for name, drawing in shapes.DRAWINGS.items():
        for drawn in (message(drawing, f"case:{name}", LOOK, "Ana"), text_only(drawing, f"case:{name}")):
            footers = [embed.footer.text or "" for embed in drawn.embeds]
            assert carries(drawn.content, footers, f"case:{name}")
            assert not carries(drawn.content, footers, "case:other")


def test_a_customer_cannot_pass_for_another_message() -> None:
    ref = f"ref {reference('case:9')}"
    for words in (ref, f"-# {ref}", f"x\n-# {ref}", f"x · {ref}"):
        for drawing in (
            Notice(words),
            replace(shapes.CARDS["open"], quote=Text(words), note=words),
            Screen(words, words),
        ):
            drawn = message(drawing, "case:1", LOOK, words)
            assert not carries(drawn.content, [embed.footer.text or "" for embed in drawn.embeds], "case:9")


# Cards


def test_an_open_card() -> None:
    assert (
        seen(message(shapes.CARDS["open"], "case:142", LOOK))
        == f"""\
🔴 #142 urgent · open · reviews · kim_w · due in 40 min
--- red
kim_w · social.example
> Third broken kettle this month. The handle came off with boiling water in it!
Why: says “boiling water” · one star · 4 alike in an hour
Facts: reach 12,400 · sentiment -0.71 · query Kettle · +4 alike
Seen: <t:1795253400:R>
ref {reference("case:142")}
[Claim] [Draft reply] [Resolve] [Release] [More…]"""
    )


def test_a_handled_card_is_a_line_and_its_buttons() -> None:
    buttons = (Button("Reopen", "reopen", 142), Button("Show", "show", 142))
    card = replace(shapes.CARDS["resolved"], title="The lid came off", buttons=buttons, menu=())
    assert (
        seen(message(card, "case:142", LOOK, "Bo"))
        == f"""\
🟢 #142 low · resolved by Bo: fixed · reviews · kim_w
--- green
The lid came off
Shared by Bo · ref {reference("case:142")}
[Reopen] [Show] [Open]"""
    )


def test_the_payload_of_a_card() -> None:
    card = replace(
        shapes.CARDS["claimed"], buttons=shapes.BUTTONS[2:], menu=shapes.MENU[2:], note="May stand here twice."
    )
    assert payload(message(card, "case:142", LOOK)) == {
        "content": "🟡 #142 high · claimed by Ana · reviews · kim_w · overdue by 10 min",
        "embeds": [{
            "type": "rich", "flags": 0, "color": COLOURS["yellow"],
            "author": {"name": "kim_w · social.example", "url": "https://social.example/kim/1"},
            "description": "> Third broken kettle this month. The handle came off with boiling water in it!",
            "fields": [
                {"name": "Why", "value": "says “boiling water” · one star · 4 alike in an hour", "inline": False},
                {"name": "Facts", "value": "reach 12,400 · sentiment -0.71 · query Kettle · +4 alike", "inline": True},
                {"name": "Seen", "value": "<t:1795253400:R>", "inline": True},
                {"name": "Note", "value": "May stand here twice.", "inline": False},
            ],
            "footer": {"text": f"ref {reference('case:142')}"},
        }],
        "components": [
            {"type": 1, "components": [
                {"type": 2, "style": 2, "disabled": False, "label": "Resolve",
                 "custom_id": "ear|resolve|142|reason=no+action"},
                {"type": 2, "style": 4, "disabled": False, "label": "Release",
                 "custom_id": "ear|release|142|%3F=Give+case+%23142+back+to+the+team%3F"},
                {"type": 2, "style": 2, "disabled": False, "label": "More…", "custom_id": "ear|more|142"},
                {"type": 2, "style": 5, "disabled": False, "label": "Open", "url": "https://social.example/kim/1"},
            ]},
        ],
        "allowed_mentions": {"parse": []},
    }  # fmt: skip


def test_the_colour_says_how_it_stands() -> None:
    for name, colour in (("open", "red"), ("high", "orange"), ("claimed", "yellow"), ("answered", "blue")):
        assert embed_of(message(shapes.CARDS[name], "k", LOOK)).colour == discord.Colour(COLOURS[colour])
    assert embed_of(message(shapes.CARDS["unknown words"], "k", LOOK)).colour == discord.Colour(COLOURS["grey"])


def test_a_long_quote_ends_in_dots_and_hidden_characters_are_told_of() -> None:
    card = replace(shapes.CARDS["open"], quote=Text("It broke", is_cut=True, had_hidden=True))
    drawn = message(card, "k", LOOK)
    assert embed_of(drawn).description == "> It broke…"
    assert "hidden characters were taken out" in field_of(drawn, "Facts")
    long = embed_of(message(shapes.card(words="sorry, " * 300), "k", LOOK)).description or ""
    assert long.endswith("…")
    assert 590 < len(long) <= 602


def test_a_card_has_four_buttons_and_where_there_is_room_its_link() -> None:
    card = replace(shapes.CARDS["open"], buttons=(*shapes.BUTTONS, shapes.CLAIM))
    labels = ["Claim", "Draft reply", "Resolve", "Release", "More…", "Open"]
    for drawn, seen_labels in (
        (message(card, "k", LOOK), labels[:5]),
        (message(replace(card, menu=()), "k", LOOK), [*labels[:4], "Open"]),
        (message(replace(card, buttons=shapes.BUTTONS[:3]), "k", LOOK), [*labels[:3], "More…", "Open"]),
    ):
        assert [one["label"] for one in buttons_of(drawn)] == seen_labels
        assert embed_of(drawn).author.url == shapes.LINK.url
    small = message(replace(card, is_small=True, title="The lid came off"), "k", LOOK)
    assert f"]({shapes.LINK.url})" in (embed_of(small).description or "")


def test_a_button_carries_what_it_asks_before_it_acts() -> None:
    drawn = message(shapes.CARDS["open"], "k", LOOK)
    release = read_code(buttons_of(drawn)[3]["custom_id"])
    assert release is not None
    assert release.confirm == "Give case #142 back to the team?"


def test_what_does_not_fit_into_a_button_is_carried_beside_the_message() -> None:
    long = (("words", "x" * 300),)
    card = replace(shapes.CARDS["open"], buttons=(Button("Mute", "mute", None, long),))
    assert len(message(card, "k", LOOK).carried) == 1
    assert message(shapes.CARDS["open"], "k", LOOK).carried == {}


def test_the_name_of_a_customer_on_a_draft_is_no_link() -> None:
    target = "answers bank.example on reviews, from @kettle_and_co"
    drawn = message(replace(shapes.DRAFT, target=target), "k", LOOK)
    assert embed_of(drawn).author.name == target
    assert embed_of(drawn).author.url is None
    assert shapes.LINK.url in [one.get("url") for one in buttons_of(drawn)]


def test_a_link_that_nobody_should_follow_is_no_link() -> None:
    card = replace(shapes.CARDS["open"], link=Link("Open", "javascript:alert(1)", "bank.example"))
    drawn = message(card, "k", LOOK)
    assert embed_of(drawn).author.url is None
    assert "Open" not in [one["label"] for one in buttons_of(drawn)]


def test_a_link_too_long_for_a_button_is_still_there() -> None:
    link = Link("Open", "https://social.example/" + "x" * 600, "social.example")
    drawn = message(replace(shapes.CARDS["open"], link=link), "k", LOOK)
    assert embed_of(drawn).author.url == link.url
    for drawing in (replace(shapes.CARDS["resolved"], link=link), replace(shapes.DRAFT, link=link)):
        assert f"]({link.url})" in str(payload(message(drawing, "k", LOOK)))


# The other drawings


def test_a_draft_shows_whom_it_answers_and_its_words_to_the_letter() -> None:
    draft = replace(shapes.DRAFT, text=Text("Hello *Kim*,\n\nsee https://shop.example/a_b <3"))
    assert (
        seen(message(draft, "draft:7", LOOK))
        == f"""\
Draft reply · proposed by Ana · #142
--- yellow
Answers kim_w on reviews, from the account @kettle_and_co
```
Hello *Kim*,

see https://shop.example/a_b <3
```
Note: Needs another person's approval.
ref {reference("draft:7")}
[Approve] [Request changes] [Open]"""
    )


def test_a_long_draft_is_there_as_a_whole() -> None:
    words = "We are so very sorry about this. " * 145
    drawn = message(replace(shapes.DRAFT, text=Text(words)), "k", LOOK)
    assert "".join((embed.description or "")[4:-4] for embed in drawn.embeds).strip() == words.strip()
    assert len(drawn.embeds) == 2
    assert "not all of the text" not in str(payload(drawn))
    assert "this is not all of the text" in str(
        payload(message(replace(shapes.DRAFT, text=Text(words * 3)), "k", LOOK))
    )


def test_no_draft_closes_its_block() -> None:
    for words in ("```\n@everyone **now**\n```", "````x````", "`", "``", "x```", "```js\nalert()```\n# h"):
        drawn = message(replace(shapes.DRAFT, text=Text(words)), "k", LOOK)
        description = embed_of(drawn).description or ""
        assert alive(description) == {("block", description)}
        assert description.replace("\u200b", "")[4:-4] == words


def test_a_notice_pings_the_one_it_names_and_nobody_else() -> None:
    drawn = message(shapes.NOTICE, "k", LOOK)
    assert drawn.content == f"<@{ANA}> Case #142 is overdue by 10 min.\n-# ref {reference('k')}"
    assert payload(drawn)["allowed_mentions"] == {"parse": [], "users": [ANA]} or drawn.user_pings == (ANA,)
    assert [one.id for one in drawn.allowed.users] == [int(ANA)]
    assert not drawn.allowed.everyone
    assert not drawn.allowed.roles
    for name in ("bo", "eve"):
        unknown = message(replace(shapes.NOTICE, ping=name), "k", LOOK)
        assert unknown.content.startswith(f"@{name} Case #142")
        assert unknown.allowed.to_dict() == {"parse": []}


def test_a_notice_calls_the_role_it_names_and_has_its_buttons() -> None:
    notice = Notice("Nobody takes #142.", "ana", 142, (Button("Claim", "claim", 142),), "support")
    drawn = message(notice, "k", LOOK)
    assert drawn.content.startswith(f"<@{ANA}> <@&{SUPPORT}> Nobody takes #142.")
    assert (drawn.user_pings, drawn.role_pings) == ((ANA,), (SUPPORT,))
    assert [one["label"] for one in buttons_of(drawn)] == ["Claim"]
    unknown = message(replace(notice, ping="", group="@everyone"), "k", LOOK)
    assert read(unknown.content).startswith("@everyone Nobody takes #142.")
    assert "@everyone" not in unknown.content
    assert unknown.allowed.to_dict() == {"parse": []}


def test_what_is_to_be_typed_looks_like_it() -> None:
    assert message(Notice("Type `claim 142` now"), "", LOOK).content == "Type `/earshot claim case:142` now"
    assert alive(message(Notice("Type `claim 142` or `x"), "", LOOK).content) == set()


def test_a_posted_list() -> None:
    rows = tuple(
        Row(f"🔴 #{number} urgent · open", Text("It broke *again*."), ("kim_w", "4 min"), (
            Button("Claim", "claim", number), Button("Show", "show", number)), "red")
        for number in (142, 143)
    )  # fmt: skip
    screen = replace(shapes.SCREEN, rows=rows, outro="Page 1 of 5. `queue page:2` is the next.")
    assert (
        seen(message(screen, "k", LOOK, "Ana"))
        == f"""\
Queue: 23 open
The most urgent first.
--- red
**🔴 #142 urgent · open**
> It broke *again*.
kim_w · 4 min

**🔴 #143 urgent · open**
> It broke *again*.
kim_w · 4 min

Page 1 of 5. `/earshot queue which:page:2` is the next.
Shared by Ana · ref {reference("k")}
[Claim #142] [Show #142] [Claim #143] [Show #143]
[Next page]"""
    )


def test_a_digest_of_fifteen_fits(drawings: dict[str, Drawing]) -> None:
    digest = drawings["digest"]
    assert isinstance(digest, Screen)
    assert len(digest.rows) == 15
    drawn = message(digest, "k", LOOK)
    numbers = [row.buttons[0].case for row in digest.rows]
    firsts = [f"{row.buttons[0].label} #{row.buttons[0].case}" for row in digest.rows]
    assert [one["label"] for one in buttons_of(drawn)] == [*firsts, "Show…"]
    assert behind_last(drawn) == [f"Show #{number}" for number in numbers]
    assert "And 1 more" in seen(drawn)


def test_rows_that_do_not_fit_are_counted() -> None:
    rows = tuple(
        Row(f"#{number} urgent", Text("It broke. " * 40), ("reach 3",), (Button("Claim", "claim", number),))
        for number in range(30)
    )
    drawn = message(Screen("Queue", rows=rows, outro="Page 1"), "k", LOOK)
    told = len(buttons_of(drawn))
    assert 10 <= told < 30
    assert f"and {30 - told} more" in seen(drawn)
    assert read(drawn.embeds[-1].description or "").endswith("Page 1")
    few = message(Screen("Queue", rows=tuple(replace(row, quote=None) for row in rows)), "k", LOOK)
    assert len(buttons_of(few)) == 15
    assert "and 15 more" in seen(few)


def test_there_is_always_room_to_count_what_does_not_fit() -> None:
    for length in range(1_440, 1_500):
        rows = tuple(Row(f"#{number}", Text("w" * length), ()) for number in range(9))
        drawn = message(Screen("Queue", rows=rows), "k", LOOK)
        assert lint_message(payload(drawn), 0, []) == []
        assert " more" in seen(drawn)


def test_what_belongs_to_a_row_without_a_case_says_which_row() -> None:
    rows = tuple(
        Row(name, None, (), (Button("Show", "queue", None, (("by", name),)),)) for name in ("reviews", "birds", "mail")
    )
    two = seen(message(Screen("By source", rows=rows[:2]), "k", LOOK))
    assert "**reviews**\n**birds**\n" in two
    assert two.endswith("[Show: reviews] [Show: birds]")
    three = seen(message(Screen("By source", rows=rows), "k", LOOK))
    assert three.endswith("[Show…]")
    assert behind_last(message(Screen("By source", rows=rows), "k", LOOK)) == [f"Show: {row.heading}" for row in rows]


def test_buttons_for_which_there_is_no_room_stand_behind_another() -> None:
    own = tuple(Button(f"Act {number}", "show", number) for number in range(8))
    drawn = message(Screen("Case #1", buttons=own), "k", LOOK)
    assert seen(drawn).endswith("[More…]\n[Act 0] [Act 1] [Act 2] [Act 3] [Act 4]")
    last = buttons_of(drawn)[0]["custom_id"]
    assert offered(drawn, last) == ["Act 5", "Act 6", "Act 7"]


def test_a_summary_has_its_chart_as_a_picture_or_else_in_words() -> None:
    drawn = message(shapes.SUMMARY, "k", LOOK)
    assert (
        seen(drawn)
        == f"""\
Summary: 16–22 Feb
Kettle & Co
--- grey
**1,021 mentions**
+28% against the week before
picture: Mentions per day, 16–22 Feb: 4,310 in all, most on Sun 22 Feb (1,021).
ref {reference("k")}
[Open]"""
    )
    assert drawn.chart == shapes.SUMMARY.chart
    assert drawn.embeds[-1].image.url == "attachment://chart.png"
    told = message(shapes.SUMMARY, "k", replace(LOOK, has_pictures=False))
    assert told.chart is None
    assert "4,310 in all" in seen(told)
    assert not told.embeds[-1].image.url


def test_a_reply_to_be_copied_stands_in_a_block() -> None:
    reply = "We are *sorry*. " * 85
    drawn = message(Screen("Send", rows=(Row("Text", Text(reply), (), is_to_copy=True),)), "k", LOOK)
    assert reply.strip() in (drawn.embeds[0].description or "")


def test_a_long_diary_keeps_its_newest_end() -> None:
    diary = "Diary\n" + "\n".join(f"Mon 09:{number:04d} · Ana · note" for number in range(900))
    words = read(message(Screen("Case #1", outro=diary), "k", LOOK).embeds[-1].description or "")
    assert words.startswith("Diary\n…\nMon")
    assert words.endswith("09:0899 · Ana · note")


def test_the_last_resort_says_what_is_needed() -> None:
    assert read(text_only(shapes.CARDS["open"], "k").content).split("\n") == [
        "🔴 #142 urgent · open · reviews · kim_w · due in 40 min",
        "Third broken kettle this month. The handle came off with boiling water in it!",
        "/earshot show 142",
        f"-# ref {reference('k')}",
    ]
    assert "4,310 in all" in text_only(shapes.SUMMARY, "k").content
    assert "ref" not in text_only(shapes.SUMMARY, "").content
