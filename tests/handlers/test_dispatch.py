"""From a typed line, a button or a form to a command and back, with every mistake told in words."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handlers.dispatch import dispatch, is_read, read_line
from handlers.requests import COMMANDS, Reply, Request
from storage.types import Status
from tests.kit import Desk, put_in


@pytest.mark.parametrize(
    ("line", "verb", "rest"),
    [
        ("/earshot claim 142", "claim", "142"),
        ("@Earshot  Claim   142", "claim", "142"),
        ("earshot", "help", ""),
        ("", "help", ""),
        ("  /claim #142 ", "claim", "#142"),
        ("claim\t142", "claim", "142"),
        ("draft 142\nWe are sorry.\nAna", "draft", "142\nWe are sorry.\nAna"),
        ("earshots 142", "earshots", "142"),
        ("NOTE 1 Keep My Case", "note", "1 Keep My Case"),
        ("/", "help", ""),
        ("  /EARSHOT   Claim   142 ", "claim", "142"),
        ("/earshot note 142 two  spaces\tkept", "note", "142 two  spaces\tkept"),
        ("   ", "help", ""),
    ],
)
def test_typed_lines(line: str, verb: str, rest: str) -> None:
    assert read_line(line) == (verb, rest)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("clam 1", 'There is no command "clam". Did you mean `claim`? `help` lists them all.'),
        ("resovle 1", 'There is no command "resovle". Did you mean `resolve`? `help` lists them all.'),
        ("xyzzy", 'There is no command "xyzzy". `help` lists them all.'),
        ("claim", "`claim` needs a case number. For example: `claim 142`."),
        ("claim abc", '"abc" is not a case number. Case numbers look like 142 or #142.'),
        ("claim 1 now", 'I do not know what to do with "now". Usage: `claim 142`.'),
        ("claim 99999999999999", '"99999999999999" is not a case number. Case numbers look like 142 or #142.'),
        ("assign 1 @anna", '"@anna" is not a member. Did you mean @ana?'),
        ("assign 1 @zzz", '"@zzz" is not a member. `status` lists the team.'),
        ("resolve 1 fixt", '"fixt" is not a reason. Did you mean "fixed"?'
         " Reasons: replied, fixed, no action, irrelevant, not us, spam, duplicate."),
        ("snooze 1 soon", '"soon" is not a time that I can read.'
         " Write 2h, 3d, 17:30, tomorrow, monday 9:00, or 2026-11-23 09:00."),
        ("search", "`search` needs words after it. For example: `search lost bag`."),
        ("queue minee", '"minee" is not a part of the queue. Did you mean mine?'
         " Known: open, mine, unclaimed, overdue, snoozed, brand:, source:, page:."),
        ("queue brand:heron", 'There is no brand "heron". Did you mean Heron Air?'),
        ("queue source:bird", 'There is no source "bird". Did you mean birds?'),
        ("queue page:²", '"²" is not a page. Pages are numbers from 1.'),
        ("queue page:0", '"0" is not a page. Pages are numbers from 1.'),
        ("query heron", "Write `query test` and an expression."
         ' For example: query test "flat white" OR espresso -river'),
        ("who @", "This needs a handle. For example: `who @jo_doe`."),
        ("settings relod", '"relod" is not a part of settings. `settings reload` reads earshot.toml again.'),
    ],
)  # fmt: skip
def test_mistakes_are_told_in_words_and_change_nothing(desk: Desk, line: str, words: str) -> None:
    desk.open_case()
    before = desk.everything()
    reply = desk.do("ana", line)
    assert reply == Reply(words, is_error=True)
    assert desk.everything() == before


def test_a_draft_may_be_typed_over_several_lines(desk: Desk) -> None:
    desk.open_case()
    assert not desk.do("ana", "draft #1\nWe are sorry.\n\nAna").is_error
    assert desk.draft_of(1).text == "We are sorry.\n\nAna"


def test_an_outsider_gets_help_and_nothing_else(desk: Desk) -> None:
    put_in(desk, Status.CLAIMED)
    before = desk.everything()
    for verb in COMMANDS:
        reply = dispatch(desk.ctx, Request(None, verb, "1" if verb != "help" else ""))
        if verb == "help":
            assert reply.screen is not None
            assert [row.heading.split()[1] for row in reply.screen.rows] == ["help", "link"]
        else:
            assert reply == Reply(
                "You have no role here. An admin can add you as a member in earshot.toml.", is_error=True
            )
    assert desk.everything() == before


def test_what_promises_to_read_writes_nothing_and_the_rest_is_known_to_write() -> None:
    reads = {verb for verb in COMMANDS if is_read(Request(None, verb))}
    looks = {"export", "help", "home", "learning", "query", "queue", "search", "settings", "show", "summary", "who"}
    assert reads == looks
    assert is_read(Request(None, "no such verb"))


# Forms


def test_a_form_comes_back_with_the_error_beside_its_field_and_the_typed_text_kept(desk: Desk) -> None:
    put_in(desk, Status.CLAIMED)
    form = desk.do("ana", "resolve 1").form
    assert form is not None
    reply = desk.submit("ana", form, reason="", note="a long note that nobody wants to type again")
    assert reply.is_error
    assert reply.form is not None
    assert [(field.name, field.value) for field in reply.form.fields] == [
        ("reason", ""),
        ("note", "a long note that nobody wants to type again"),
    ]
    assert [at for at, _ in reply.form.errors] == ["reason"]
    assert desk.case(1).status is Status.CLAIMED
    done = desk.submit("ana", reply.form, reason="no action")
    assert done.words == "#1 is resolved: no action."
    assert desk.events(1)[-1].detail["note"] == "a long note that nobody wants to type again"


@pytest.mark.parametrize(
    ("line", "field", "value", "error"),
    [
        ("snooze 1", "until", "yesterday", "is not a time"),
        ("assign 1", "to", "nobody-here", "is not a member"),
        ("note 1", "text", "  ", "A note needs words"),
        ("draft 1", "text", "", "A draft needs words"),
    ],
)
def test_every_form_keeps_what_was_typed(desk: Desk, line: str, field: str, value: str, error: str) -> None:
    put_in(desk, Status.CLAIMED)
    form = desk.do("ana", line).form
    assert form is not None
    before = desk.everything()
    reply = desk.submit("ana", form, **{field: value})
    assert reply.form is not None
    assert next(one.value for one in reply.form.fields if one.name == field) == value
    ((at, words),) = reply.form.errors
    assert at == field
    assert error in words
    assert desk.everything() == before


def test_the_form_for_a_sent_reply_keeps_the_link(desk: Desk) -> None:
    desk.open_case()
    desk.do("ana", "draft 1 Sorry.")
    desk.do("bo", "approve 1")
    form = desk.do("ana", "sent 1").form
    assert form is not None
    reply = desk.submit("ana", form, url="birds.example/reply")
    assert reply.form is not None
    assert reply.form.fields[0].value == "birds.example/reply"
    assert reply.form.errors[0][0] == "url"


def test_a_form_that_was_submitted_twice_has_one_effect(desk: Desk) -> None:
    desk.open_case()
    form = desk.do("ana", "note 1").form
    assert form is not None
    assert desk.submit("ana", form, key="form 1", text="once").words == "Noted on #1."
    assert desk.submit("ana", form, key="form 1", text="once").words == "That was done already."
    assert desk.kinds(1).count("noted") == 1


def test_a_form_for_a_case_that_was_closed_meanwhile_says_so(desk: Desk) -> None:
    put_in(desk, Status.CLAIMED)
    form = desk.do("ana", "draft 1").form
    assert form is not None
    desk.do("kim", "resolve 1 spam")
    assert desk.submit("ana", form, text="Hello").words.startswith("#1 was resolved by Kim just now (spam).")


# Anything at all


ODD = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        [
            "1",
            "#1",
            "@ana",
            "@",
            "2h",
            "²",
            "add author:#1",
            "add words:\u200b",
            "remove ²",
            "page:²",
            "before:²",
            "fixed",
            "test (",
            "9" * 30,
        ]
    ),
)
LINES = st.tuples(st.sampled_from(sorted(COMMANDS)), st.lists(ODD, max_size=4)).map(
    lambda told: " ".join((told[0], *told[1]))
)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(line=st.one_of(LINES, st.text(max_size=40)), who=st.sampled_from(["ana", "bo", "mia", "nobody"]))
def test_no_line_gets_anything_but_an_answer(desk: Desk, line: str, who: str) -> None:
    if not desk.cases():
        desk.store.engine.run("pragma synchronous = off")
        desk.open_case()
    reply = desk.do(who, line)
    assert reply.words or reply.screen or reply.form
    assert not reply.is_error or reply.words


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    verb=st.sampled_from(sorted(COMMANDS)),
    values=st.dictionaries(
        st.sampled_from(["case", "text", "why", "until", "to", "reason", "note", "url", "hash", "words", "which"]), ODD
    ),
    is_form=st.booleans(),
)
def test_no_button_or_form_gets_anything_but_an_answer(
    desk: Desk, verb: str, values: dict[str, str], is_form: bool
) -> None:
    if not desk.cases():
        desk.store.engine.run("pragma synchronous = off")
        desk.open_case()
    reply = dispatch(desk.ctx, Request(desk.policy.member("mia"), verb, values=values, is_form=is_form))
    assert reply.words or reply.screen or reply.form
    events = desk.events(1)
    assert len(events) == desk.case(1).version
