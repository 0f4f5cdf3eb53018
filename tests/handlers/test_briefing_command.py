"""Who gets a briefing when: added, listed, looked at and removed by the people who may."""

from dataclasses import replace

import pytest

from handlers.cards import Screen
from handlers.context import ChatState, Context
from handlers.dispatch import dispatch
from handlers.forms import Form
from handlers.requests import Reply, Request
from handlers.rules.policy import Member, Route
from handlers.rules.text import shown
from storage.types import Role
from tests.handlers.test_briefing_slots import at, rows, tick
from tests.hostile import ATTACKS
from tests.kit import MEMBERS, TROUBLES, Desk, raw


def do(desk: Desk, who: str, words: str, channel: str = "#alerts", chat: str = "local") -> Reply:
    ctx = Context(desk.store, desk.brain, desk.now, (ChatState("slack", True, "fine"),) if chat == "slack" else ())
    return dispatch(ctx, Request(desk.policy.member(who), "briefing", words, chat=chat, channel=channel))


def say(desk: Desk, who: str, words: str, **where: str) -> str:
    return do(desk, who, words, **where).words


def listed(desk: Desk, who: str = "mia") -> list[tuple[str, tuple[str, ...]]]:
    screen = do(desk, who, "list").screen
    assert screen is not None
    return [(row.heading, row.facts) for row in screen.rows]


def form_of(reply: Reply) -> Form:
    assert reply.form is not None, reply.words
    return reply.form


def screen_of(reply: Reply) -> Screen:
    assert reply.screen is not None, reply.words
    return reply.screen


def test_the_answer_says_when_the_first_one_comes(desk: Desk) -> None:
    at(desk, "2026-11-22 14:00")
    assert say(desk, "mia", "add daily 08:30 #leadership Europe/Berlin") == (
        "#leadership gets a briefing daily at 08:30. The first comes on Mon 23 Nov 08:30 (Europe/Berlin)."
        " `briefing remove 1` takes it back."
    )
    assert say(desk, "mia", "add annual on 31 me UTC brand:plover-inn de").startswith(
        "@mia gets a briefing about Plover Inn annual on the last day of January at 08:30."
        " The first comes on Sun 31 Jan 2027 08:30 (UTC)."
    )
    assert tick(at(desk, "2026-11-23 08:30")) == 1
    assert listed(desk) == [
        ("1. #leadership: daily at 08:30", ("next on Tue 24 Nov 08:30 (Europe/Berlin)", "added by Mia")),
        (
            "2. @mia: annual on the last day of January at 08:30",
            ("next on Sun 31 Jan 2027 08:30 (UTC)", "Plover Inn", "numbers in de", "added by Mia"),
        ),
    ]


@pytest.mark.parametrize(
    ("words", "channel", "chat", "gets"),
    [
        ("add daily", "#alerts", "local", "#alerts"),
        ("add daily here", "#alerts", "local", "#alerts"),
        ("add daily #Board", "#alerts", "slack", "#board in Slack"),
        ("add daily #C0123ABCD", "#alerts", "slack", "#C0123ABCD in Slack"),
        ("add daily", "C0123ABCD", "slack", "#C0123ABCD in Slack"),
        ("add daily", "D0123ABCD", "slack", "@mia in Slack"),
        ("add daily me", "#alerts", "slack", "@mia in Slack"),
        ("add daily slack:@bo", "#alerts", "slack", "@bo in Slack"),
        ("add daily local:#x", "#alerts", "slack", "#x"),
        ("add daily slack:#x", "#alerts", "slack", "#x in Slack"),
        ("add daily @Bo", "#alerts", "local", "@bo"),
    ],
)
def test_where_it_goes(desk: Desk, words: str, channel: str, chat: str, gets: str) -> None:
    desk.change_policy(
        members=tuple(Member(one.name, one.title, one.roles, slack=f"U{one.name.upper()}") for one in MEMBERS)
    )
    assert say(desk, "mia", words, channel=channel, chat=chat).startswith(f"{gets} gets a briefing")


def test_a_channel_of_which_we_do_not_know_that_it_is_there_is_no_promise(desk: Desk) -> None:
    members = tuple(replace(one, discord=f"7{number}") for number, one in enumerate(MEMBERS))
    desk.change_policy(routes=(Route("discord:#alerts"),), members=members)
    beware = "If I cannot post there, an admin is told."
    assert beware in say(desk, "mia", "add daily #zip", chat="discord", channel="#alerts")
    for known in ("add daily 07:00 #alerts", "add daily here", "add daily me", "add daily local:#zip"):
        told = say(desk, "mia", known, chat="discord", channel="#lounge")
        assert " gets a briefing " in told
        assert beware not in told


@pytest.mark.parametrize(
    ("who", "words", "answer"),
    [
        ("mia", "add daily 08:30 discord:#x",
         'There is no chat called "discord" here. Write local:#x.'),
        ("mia", "add daily slack:#x", 'There is no chat called "slack" here. Write local:#x.'),
        ("mia", "add daily @boo", '"@boo" is not a member. Did you mean @bo?'),
        ("mia", "add daily #", '"#" is neither a channel nor a person. Write #leadership, @bo or me.'),
        ("mia", "add daily 26:00 #x", '"26:00" is not a time of day. Write it as 08:30.'),
        ("mia", "add daily #x Europe/Berln", 'There is no time zone "Europe/Berln". Did you mean Europe/Berlin?'),
        ("ana", "add daily #x", "A briefing for #x is up to a manager or an admin."
         " Ask Mia; one for yourself is up to you: `briefing add daily 08:30 me`."),
        ("ana", "add daily @bo", "A briefing for @bo is up to a manager or an admin."
         " Ask Mia; one for yourself is up to you: `briefing add daily 08:30 me`."),
        ("mia", "remove", "Say which briefing to remove. `briefing list` shows them with their numbers."),
        ("mia", "remove 7", "There is no briefing 7. `briefing list` shows them with their numbers."),
        ("mia", "remove all", "There is no briefing all. `briefing list` shows them with their numbers."),
        ("mia", "now 7", "There is no briefing 7. `briefing list` shows them with their numbers."),
        ("mia", "now hourly", 'I do not know what "hourly" means.'
         " For example: `briefing add daily 08:30 #leadership Europe/Berlin`."),
        ("mia", "ad daily", '"ad" is not a part of briefing. Did you mean `briefing add`?'),
        ("mia", "xyzzy", '"xyzzy" is not a part of briefing. `briefing list` shows them.'
         " For example: `briefing add daily 08:30 #leadership Europe/Berlin`."),
    ],
)  # fmt: skip
def test_what_is_said_to_a_mistake(desk: Desk, who: str, words: str, answer: str) -> None:
    before = desk.everything()
    reply = do(desk, who, words)
    assert (reply.words, reply.is_error) == (answer, True)
    assert desk.everything() == before
    assert desk.store.schedules.all() == []


def test_somebody_without_an_id_in_slack_cannot_get_it_there(desk: Desk) -> None:
    assert say(desk, "mia", "add daily @bo", chat="slack") == (
        "Bo has no id on slack. Write it under her name in earshot.toml."
    )


def test_the_same_twice_is_one(desk: Desk) -> None:
    do(desk, "mia", "add daily 08:30 #x")
    desk.later(hours=1)
    assert say(desk, "mia", "add 8:30 #x daily") == "That is briefing 1 already. Nothing was changed."
    assert say(desk, "mia", "add 8:31 #x daily").startswith("#x gets a briefing")


def test_removing_says_who_gets_nothing_any_more(desk: Desk) -> None:
    for line in ("add daily 08:30 #x", "add weekly 09:00 #x", "add daily 07:00 me"):
        do(desk, "mia", line)
    assert screen_of(do(desk, "mia", "remove 1")).intro == (
        "Briefing 1 is removed: #x, daily at 08:30. #x still gets one weekly on Monday at 09:00 (2)."
    )
    assert screen_of(do(desk, "mia", "remove #2")).intro == ("Briefing 2 is removed: #x, weekly on Monday at 09:00.")
    assert [heading for heading, _ in listed(desk)] == ["3. @mia: daily at 07:00"]
    assert say(desk, "mia", "remove 2").startswith("There is no briefing 2.")
    assert screen_of(do(desk, "mia", "remove 3")).intro.startswith(
        "Briefing 3 is removed: @mia, daily at 07:00. Nobody gets a briefing now. For example:"
    )


def test_ones_own_is_ones_own_affair_and_a_channels_is_a_managers(desk: Desk) -> None:
    assert not do(desk, "ana", "add daily 08:30 me").is_error
    do(desk, "mia", "add daily 08:30 #x")
    rows_of = {who: screen_of(do(desk, who, "list")).rows for who in ("ana", "kim", "mia")}
    assert [[len(row.buttons) for row in rows_of[who]] for who in ("ana", "kim", "mia")] == [[2, 1], [1, 1], [2, 2]]
    assert do(desk, "kim", "remove 1").is_error
    assert do(desk, "ana", "remove 2").is_error
    assert not do(desk, "ana", "remove 1").is_error
    desk.change_policy(members=(*MEMBERS, Member("gus", roles=(Role.MANAGER,), is_guest=True)))
    assert "guest" in say(desk, "gus", "add daily me")


def test_without_words_a_form_asks_and_keeps_what_was_typed(desk: Desk) -> None:
    form = form_of(do(desk, "mia", "add"))
    values = {field.name: field.value for field in form.fields}
    assert values == {
        "every": "daily", "on": "", "at": "08:30", "place": "#alerts", "zone": "Europe/Berlin", "language": "",
        "brand": "",
    }  # fmt: skip
    wrong = desk.submit("mia", form, zone="Europe/Berln", place="#board")
    assert wrong.words == 'There is no time zone "Europe/Berln". Did you mean Europe/Berlin?'
    again = form_of(wrong)
    assert dict(again.errors)["zone"] == wrong.words
    assert next(field.value for field in again.fields if field.name == "place") == "#board"
    done = desk.submit("mia", again, zone="UTC", every="monthly", on="31")
    assert done.words.startswith(
        "#board gets a briefing monthly on the last day at 08:30. The first comes on Mon 30 Nov"
    )
    assert len(desk.store.schedules.all()) == 1


def test_where_the_channel_is_not_known_the_form_asks_for_it(desk: Desk) -> None:
    form = form_of(do(desk, "ana", "add weekly friday 16:00 fr", channel=""))
    values = {field.name: field.value for field in form.fields}
    assert (values["every"], values["on"], values["at"], values["language"]) == ("weekly", "Friday", "16:00", "fr")
    assert values["place"] == "me"
    assert desk.submit("ana", form).words.startswith("@ana gets a briefing weekly on Friday at 16:00.")


@pytest.mark.parametrize("words", ["now", "now weekly", "now monthly on 3 de", "now brand:plover-inn UTC"])
def test_a_look_is_private_and_writes_nothing(told: Desk, words: str) -> None:
    before = told.everything()
    reply = do(told, "ana", words)
    assert screen_of(reply).title.startswith("Preview · ")
    assert reply.can_share
    assert told.everything() == before
    assert told.store.schedules.all() == []


def test_a_look_at_one_that_there_is(told: Desk) -> None:
    do(told, "mia", "add weekly #x de brand:heron-air")
    screen = screen_of(do(told, "kim", "now 1"))
    assert screen.title.startswith("Preview · Heron Air: weekly briefing, 19.–25. Okt. 2026")
    assert rows(told) == {}
    row = screen_of(do(told, "kim", "list")).rows[0]
    again = told.press("kim", row.buttons[0]).screen
    assert again == screen


def test_a_closed_channel_is_named_and_what_waits_waits(desk: Desk) -> None:
    do(desk, "mia", "add daily 08:30 #x")
    desk.store.pauses.pause("local", "#x", "The channel is archived.", desk.now, desk.now)
    assert "#x is paused: The channel is archived." in listed(desk)[0][1]


def test_a_member_who_left_is_named(desk: Desk) -> None:
    do(desk, "ana", "add daily 08:30 me")
    desk.change_policy(members=MEMBERS[1:])
    assert listed(desk)[0][1][0] == "@ana is not a member."


def test_nobody_gets_one_yet(desk: Desk) -> None:
    screen = screen_of(do(desk, "ana", ""))
    assert screen.intro == (
        "Nobody gets a briefing yet. For example: `briefing add daily 08:30 #leadership Europe/Berlin`."
    )
    assert form_of(desk.press("ana", screen.buttons[0])).verb == "briefing"
    assert screen_of(desk.press("ana", screen.buttons[1])).title.startswith("Preview · ")


@pytest.mark.parametrize("attack", sorted(ATTACKS))
def test_hostile_words_are_refused_in_a_sentence(desk: Desk, attack: str) -> None:
    for line in (
        f"add daily #{ATTACKS[attack][:300]}",
        f"remove {ATTACKS[attack][:300]}",
        f"now {ATTACKS[attack][:300]}",
    ):
        reply = do(desk, "mia", line)
        assert len(reply.words) < 500
        assert reply.words == shown(reply.words, 1_000).words, "something is hidden in it"


def test_the_story_of_a_morning(desk: Desk) -> None:
    at(desk, "2026-11-22 10:00")
    do(desk, "mia", "add daily 08:30 #leadership")
    desk.take(raw("1", TROUBLES[0], published_at=desk.now))
    at(desk, "2026-11-23 08:30")
    desk.tick()
    screen = desk.drawn("briefing:1:2026-11-23")
    assert isinstance(screen, Screen)
    claim = next(button for row in screen.rows for button in row.buttons if button.verb == "claim")
    assert desk.press("ana", claim).words == "#1 is yours."
    assert desk.press("kim", claim).words.startswith("Ana claimed #1")
