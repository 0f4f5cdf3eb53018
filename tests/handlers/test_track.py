"""What staff bring themselves: always a case, never a second one for the same thing."""

import pytest

from handlers.dispatch import dispatch
from handlers.forms import Form
from handlers.requests import Reply, Request
from handlers.rules.policy import Brand, Route
from storage.types import Priority, Status
from tests.kit import NOW, PRAISE, TROUBLES, Desk, raw

LINK = "https://forum.example/threads/4711"


def ask(desk: Desk, who: str = "ana", **values: str) -> Form:
    """The form of the shortcut."""
    form = dispatch(desk.ctx, Request(desk.policy.member(who), "track", values=values)).form
    assert form is not None
    return form


def track(desk: Desk, who: str = "ana", **values: str) -> Reply:
    """The shortcut, submitted as it was opened but for `brand`."""
    form = ask(desk, who, **{name: value for name, value in values.items() if name != "brand"})
    return desk.submit(who, form, **({"brand": values["brand"]} if "brand" in values else {}))


def alone(desk: Desk) -> Desk:
    desk.change_policy(brands=desk.policy.brands[:1])
    return desk


def test_a_link_and_words_become_a_case_that_says_who_brought_it(desk: Desk) -> None:
    assert desk.say("ana", f"track {LINK} {TROUBLES[0]}") == "This is case #1 now. `claim 1` takes it."
    (mention,) = desk.mentions()
    assert (mention.source, mention.kind, mention.url, mention.text) == ("staff", "chat", LINK, TROUBLES[0])
    assert mention.brand == "Heron Air"
    card = desk.card(1)
    assert card.why[0] == "tracked by Ana"
    assert card.why[-1].startswith("query names")
    assert card.priority == "high"
    assert desk.keys("card:1") == ["card:1:local:#alerts"]


@pytest.mark.parametrize("text", [PRAISE, "ok", "🙂", "nothing of ours is named here", "x" * 4_000])
def test_it_is_a_case_however_little_it_says(desk: Desk, text: str) -> None:
    alone(desk)
    assert desk.say("ana", f"track {text}").startswith("This is case #1 now.")
    case = desk.case(1)
    assert case.priority is Priority.NORMAL
    assert case.reasons[0] == "tracked by Ana"
    if "eron" not in text:
        assert case.reasons[-1] == "no query matches it"


def test_it_is_a_case_where_only_worse_ones_are(desk: Desk) -> None:
    thresholds = desk.policy.thresholds
    desk.change_policy(
        thresholds=type(thresholds)(case_from=Priority.URGENT),
        routes=(Route("local:#alerts", min_priority=Priority.LOW),),
    )
    assert desk.take(raw("1", TROUBLES[0])).cases == 0
    assert desk.say("ana", f"track {TROUBLES[3]}").startswith("This is case #1 now.")
    assert desk.case(1).priority < Priority.URGENT


def test_the_same_link_is_tracked_once(desk: Desk) -> None:
    desk.do("ana", f"track {LINK}?utm_source=x {TROUBLES[0]}")
    before = desk.everything()
    for line in (f"track {LINK} something else", f"track {LINK}/?utm_medium=mail&fbclid=1 {TROUBLES[1]} heron"):
        told = desk.do("bo", line)
        reply = desk.submit("bo", told.form, brand="Heron Air") if told.form else told
        assert reply.words == "#1 has it already. #1 is open and nobody's."
    assert desk.everything() == before
    assert desk.say("bo", f"track {LINK}?page=2 {TROUBLES[1]}").startswith("This is case #2 now.")
    assert desk.say("bo", f"track {LINK}#post-7 {TROUBLES[2]}").startswith("This is case #3 now.")


def test_the_same_words_without_a_link_are_tracked_once_for_each_author(desk: Desk) -> None:
    alone(desk)
    assert track(desk, text="worst flight ever", author="Jo").words.startswith("This is case #1")
    assert track(desk, "bo", text="Worst  flight ever", author="@jo").words.startswith("#1 has it already.")
    assert track(desk, text="worst flight ever", author="Sam").words.startswith("This is case #2")
    assert desk.mentions()[0].author == "jo"


def test_a_copy_of_a_known_story_joins_its_case(desk: Desk) -> None:
    desk.open_case()
    desk.do("bo", "claim 1")
    told = desk.say("ana", f"track {LINK} {TROUBLES[0]}")
    assert told == "It tells the same as #1, and stands there now. Bo claimed #1 just now."
    assert [mention.case_id for mention in desk.mentions()] == [1, 1]
    assert desk.case(1).mention_count == 2
    assert len(desk.cases()) == 1


def test_the_link_to_an_article_that_has_a_case_joins_it(desk: Desk) -> None:
    article = "https://news.example/2026/heron-strands-hundreds"
    desk.open_case(
        "a", "Hundreds were stranded by Heron last night, awful", title="Heron strands hundreds", url=article
    )
    told = desk.say("ana", f"track {article} my neighbour was on that Heron plane")
    assert told.startswith("It tells the same as #1")


def test_a_copy_that_a_source_brings_later_joins_what_was_tracked(desk: Desk) -> None:
    alone(desk)
    desk.do("ana", f"track {LINK} {TROUBLES[0]}")
    assert desk.take(raw("9", f"RT @jo: {TROUBLES[0]}")).cases == 0
    assert [mention.case_id for mention in desk.mentions()] == [1, 1]


def test_a_copy_of_a_closed_case_says_how_to_open_it(desk: Desk) -> None:
    desk.open_case()
    desk.do("bo", "irrelevant 1")
    told = desk.say("ana", f"track {LINK} {TROUBLES[0]}")
    assert told == (
        "It tells the same as #1, and stands there now. #1 was resolved by Bo just now (irrelevant)."
        " `reopen 1` opens it again."
    )
    assert desk.case(1).status is Status.RESOLVED


def test_who_is_muted_is_tracked_all_the_same(desk: Desk) -> None:
    alone(desk)
    desk.mute("bo", "author:jo 4h")
    assert track(desk, text=TROUBLES[0], author="jo").words.startswith("This is case #1")
    assert desk.store.mutes.active(desk.now)[0].hidden == 0
    desk.take(raw("2", TROUBLES[1], author="jo"))
    assert len(desk.cases()) == 1  # the source's are muted still


def test_our_own_posts_are_refused(desk: Desk) -> None:
    alone(desk)
    before = desk.everything()
    assert track(desk, text="Heron says thank you", author="@HeronAir").words == (
        "HeronAir is an account of ours. Its posts are never mentions."
    )
    assert desk.everything() == before


def test_the_form_asks_for_what_is_missing(desk: Desk) -> None:
    form = desk.do("ana", "track").form
    assert form is not None
    assert [(one.name, one.kind, one.is_required) for one in form.fields] == [
        ("text", "long_text", True), ("url", "text", False), ("author", "text", False), ("brand", "choice", True),
    ]  # fmt: skip
    assert form.case is None
    linked = desk.do("ana", f"track {LINK}").form
    assert linked is not None
    assert [one.value for one in linked.fields] == ["", LINK, "", ""]
    alone(desk)
    form = desk.do("ana", "track").form
    assert form is not None
    assert [one.name for one in form.fields] == ["text", "url", "author"]
    assert desk.cases() == []


def test_the_brand_is_guessed_from_the_words_and_asked_for_otherwise(desk: Desk) -> None:
    guessed = ask(desk, text="the plover was closed", url=LINK, author="Jo")
    assert [one.value for one in guessed.fields] == ["the plover was closed", LINK, "Jo", "Plover Inn"]
    form = desk.do("ana", "track a cold room and no breakfast").form
    assert form is not None
    assert [one.value for one in form.fields] == ["a cold room and no breakfast", "", "", ""]
    refused = desk.submit("ana", form)
    assert refused.form is not None
    assert refused.form.errors == (("brand", "Say which brand it concerns. Known: Heron Air, Plover Inn."),)
    assert desk.submit("ana", refused.form, brand="Plover Inn").words.startswith("This is case #1")
    assert desk.case(1).brand == "Plover Inn"


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        ("url", "javascript:alert(1)", "That is not a link that can be opened."),
        ("url", "http://[", "That is not a link that can be opened."),
        ("text", "  ", "Say what was said."),
        ("brand", "Nobody Ltd", "Say which brand it concerns."),
    ],
)
def test_a_mistake_stands_beside_its_field_and_nothing_is_lost(desk: Desk, field: str, value: str, error: str) -> None:
    form = ask(desk, text=TROUBLES[0], url=LINK, author="Jo")
    before = desk.everything()
    reply = desk.submit("ana", form, **{field: value})
    assert reply.form is not None
    ((at, words),) = reply.form.errors
    assert (at, words.startswith(error)) == (field, True)
    assert {one.name: one.value for one in reply.form.fields} == {
        "text": TROUBLES[0], "url": LINK, "author": "Jo", "brand": "Heron Air", field: value,
    }  # fmt: skip
    assert desk.everything() == before


def test_a_shortcut_with_anything_in_it_opens_a_form(desk: Desk) -> None:
    form = ask(desk, text="heron " * 2_000, url="https://[broken", author="\x1b[31mJo\u0000")
    text, url, author, _ = form.fields
    assert len(text.value) <= text.max_length == 3_000
    assert text.hint == "Only its first 3,000 characters stand here."
    assert url.value == ""
    assert author.value == "Jo"


def test_the_link_may_stand_anywhere_in_the_line(desk: Desk) -> None:
    desk.do("ana", f"track look at this Heron mess {LINK} awful")
    (mention,) = desk.mentions()
    assert (mention.url, mention.text) == (LINK, f"look at this Heron mess {LINK} awful")


def test_the_list_and_the_health_know_what_the_team_brings(desk: Desk) -> None:
    desk.open_case("1", TROUBLES[1])
    desk.do("ana", f"track {TROUBLES[0]}")
    queue = desk.do("ana", "queue source:staff").screen
    assert queue is not None
    assert [row.buttons[-1].case for row in queue.rows] == [2]
    status = desk.do("ana", "status").screen
    assert status is not None
    assert "🟢 staff · chat · ok (tracked by the team)" in [row.heading for row in status.rows]


def test_two_submissions_of_one_form_are_one_case(desk: Desk) -> None:
    form = ask(desk, text=TROUBLES[0], url=LINK)
    assert desk.submit("ana", form, key="v1").words.startswith("This is case #1")
    assert desk.submit("ana", form, key="v1").is_repeat
    assert desk.submit("ana", form, key="v2").words.startswith("#1 has it already.")
    assert len(desk.mentions()) == 1


def test_a_brand_whose_query_does_not_match_can_be_chosen(desk: Desk) -> None:
    desk.change_policy(brands=(*desk.policy.brands, Brand("Tern Cafe", {"names": "tern"})))
    assert track(desk, text=TROUBLES[0], brand="Tern Cafe").words.startswith("This is case #1")
    assert desk.case(1).brand == "Tern Cafe"
    assert desk.case(1).reasons[-1] == "no query matches it"
    assert desk.mentions()[0].seen_at == NOW
