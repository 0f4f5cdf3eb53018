"""Each verb's answer as a person reads it."""

from dataclasses import replace

import pytest

from handlers.cards import Notice, Screen
from handlers.places import pause
from handlers.requests import COMMANDS
from handlers.rules.policy import Member, Thresholds
from storage.types import Priority, Role
from tests.kit import PRAISE, TROUBLES, Desk, answer, raw

SAVED = "Draft saved for #1. It waits for another person's approval in the thread of the case. Nothing has been sent."
STORY = [
    ("ana", "claim 1", "#1 is yours."),
    ("kim", "claim 1", "Ana claimed #1 just now. Nothing was changed."),
    ("ana", "draft 1 We are sorry.", SAVED),
    ("ana", "approve 1", "`approve` is for an approver or a manager. Ask Bo or Mia."),
    ("bo", "draft 1 We are very sorry.", SAVED),
    ("bo", "approve 1", "You wrote this draft, so somebody else must approve it (four eyes). Ask Mia."),
    ("mia", "approve 1", "The draft for #1 is approved. `send 1` is next; nothing has been sent yet."),
    ("ana", "sent 1 https://birds.example/r/1", "#1 is answered. `resolve 1` closes it once it is put right."),
    ("ana", "note 1 refunded by phone", "Noted on #1."),
    ("ana", "resolve 1 fixed", "#1 is resolved: fixed."),
    ("kim", "resolve 1 fixed", "#1 was resolved by Ana just now (fixed). `reopen 1` opens it again."),
    ("kim", "reopen 1", "#1 is open again."),
    ("kim", "irrelevant 1", "#1 is closed as irrelevant. Copies of it will be counted, and shown to nobody."
     " `reopen 1` takes it back."),
]  # fmt: skip


def screen_of(desk: Desk, who: str, line: str) -> Screen:
    screen = desk.do(who, line).screen
    assert screen is not None, desk.say(who, line)
    return screen


def test_the_story_of_a_case_in_its_own_sentences(desk: Desk) -> None:
    desk.open_case()
    told = [(who, line, desk.say(who, line)) for who, line, _ in STORY]
    assert told == STORY
    diary = screen_of(desk, "ana", "show 1").outro.splitlines()
    assert [line.split(" · ", 1)[1] for line in diary[1:]] == [
        "Earshot · opened (high)",
        "Ana · claimed",
        "Ana · drafted",
        "Bo · drafted",
        "Mia · approved",
        "Ana · answered (https://birds.example/r/1)",
        "Ana · noted (refunded by phone)",
        "Ana · resolved (fixed)",
        "Kim · reopened (was fixed)",
        "Kim · resolved (irrelevant)",
    ]


def test_the_diary_names_people_and_times_as_people_do(desk: Desk) -> None:
    desk.open_case()
    desk.do("mia", "assign 1 @bo")
    desk.do("bo", "snooze 1 tomorrow 9:00")
    diary = screen_of(desk, "ana", "show 1").outro
    assert "Mia · assigned (to Bo)" in diary
    assert "Bo · snoozed (until Tue 24 Nov 09:00)" in diary


# Help


def test_help_lists_what_she_may_do(desk: Desk) -> None:
    agents = [row.heading.split()[1] for row in screen_of(desk, "ana", "help").rows]
    managers = [row.heading.split()[1] for row in screen_of(desk, "mia", "help").rows]
    assert set(managers) - set(agents) == {"approve", "calm", "erase", "reject", "teach"}
    assert managers == sorted(COMMANDS)


def test_help_says_so_to_somebody_without_a_role(desk: Desk) -> None:
    screen = screen_of(desk, "nobody", "help")
    assert "You have no role here" in screen.intro
    assert "An admin can add you" in screen.intro
    assert [row.heading.split()[1] for row in screen.rows] == ["help", "link"]


@pytest.mark.parametrize("verb", sorted(COMMANDS))
def test_help_of_each_verb(desk: Desk, verb: str) -> None:
    found = COMMANDS[verb]
    assert found.help[0].isupper() or found.help[0] == "`"
    assert found.help.rstrip(".:") != found.help
    assert len(found.help) <= 130
    screen = screen_of(desk, "mia", f"help {verb}")
    assert screen.title == f"/earshot {found.usage}"
    assert screen.intro.startswith(found.help)
    if found.example:
        assert f"For example: /earshot {found.example}" in screen.intro
        assert found.example.split()[0] == verb


def test_help_says_for_whom_and_guesses(desk: Desk) -> None:
    assert screen_of(desk, "ana", "help approve").intro.endswith("For an approver or a manager.")
    assert (
        desk.say("ana", "help aprove") == 'There is no command "aprove". Did you mean `approve`? `help` lists them all.'
    )


# Queue


def many(desk: Desk, count: int) -> None:
    words = [
        "alpha",
        "bravo",
        "charlie",
        "delta",
        "echo",
        "foxtrot",
        "golf",
        "hotel",
        "india",
        "juliett",
        "kilo",
        "lima",
        "mike",
        "november",
        "oscar",
        "papa",
    ]
    desk.take(*(raw(str(n), f"heron {words[n % 16]}{n} {words[n * 7 % 16]}{n} refund") for n in range(count)))
    assert len(desk.cases()) == count


def test_the_queue_is_paged_best_first(desk: Desk) -> None:
    many(desk, 18)
    desk.later(minutes=5)
    desk.open_case("worst", "heron thieves, fraud, I will sue")
    first = screen_of(desk, "ana", "queue")
    assert (first.title, first.intro) == ("Queue: open", "19 cases, page 1 of 3")
    assert first.rows[0].heading == "🔴 #19 urgent · open · due in 1 h"
    assert [button.label for button in first.buttons] == ["More ›"]
    second = desk.press("ana", first.buttons[0]).screen
    third = desk.press("ana", second.buttons[1]).screen if second else None
    assert second is not None
    assert third is not None
    assert [button.label for button in second.buttons] == ["‹ Back", "More ›"]
    assert [button.label for button in third.buttons] == ["‹ Back"]
    numbers = [row.buttons[-1].case for page in (first, second, third) for row in page.rows]
    assert numbers == [19, *range(1, 19)]


def test_a_page_that_is_gone_is_the_last_one(desk: Desk) -> None:
    many(desk, 9)
    screen = screen_of(desk, "ana", "queue page:9")
    assert (screen.intro, len(screen.rows)) == ("9 cases, page 2 of 2", 1)
    assert [button.label for button in screen.buttons] == ["‹ Back"]


def test_the_views_and_filters_of_the_queue(desk: Desk) -> None:
    for number, text in enumerate((*TROUBLES[:3], "plover staff are thieves, fraud, I will sue you")):
        desk.open_case(str(number), text, source="reviews" if number == 2 else "birds")
    desk.do("ana", "claim 1")
    desk.do("bo", "claim 2")
    desk.do("bo", "snooze 2 3h")
    seen = {
        line: [row.buttons[-1].case for row in screen_of(desk, "ana", f"queue {line}").rows]
        for line in (
            "",
            "mine",
            "unclaimed",
            "snoozed",
            "overdue",
            "brand:plover-inn",
            "source:reviews",
            "unclaimed brand:HERON-AIR",
        )
    }
    assert seen == {
        "": [4, 1, 3], "mine": [1], "unclaimed": [4, 3], "snoozed": [2], "overdue": [], "brand:plover-inn": [4],
        "source:reviews": [3], "unclaimed brand:HERON-AIR": [3],
    }  # fmt: skip
    desk.later(hours=5)
    assert [row.buttons[-1].case for row in screen_of(desk, "ana", "queue overdue").rows] == [4, 1]


def test_a_filter_survives_the_turn_of_a_page(desk: Desk) -> None:
    many(desk, 10)
    page = screen_of(desk, "ana", "queue unclaimed brand:heron-air source:birds")
    assert page.title == "Queue: unclaimed · brand Heron Air · source birds"
    turned = desk.press("ana", page.buttons[0]).screen
    assert turned is not None
    assert (turned.title, turned.intro) == (page.title, "10 cases, page 2 of 2")


def test_an_empty_queue_says_so(desk: Desk) -> None:
    assert screen_of(desk, "ana", "queue mine").intro.startswith("You have no case.")
    assert screen_of(desk, "ana", "queue overdue").intro == "Nothing is overdue."


# Finding


def test_search_is_paged_and_finds_all_the_words(desk: Desk) -> None:
    many(desk, 10)
    page = screen_of(desk, "ana", "search refund HERON")
    assert page.title == "Mentions with refund HERON"
    assert len(page.rows) == 8
    older = desk.press("ana", page.buttons[0]).screen
    assert older is not None
    assert len(older.rows) == 2
    assert older.buttons == ()
    assert screen_of(desk, "ana", "search refund sparrow").intro == "None that we know of."
    assert desk.say("ana", "search !!! ...") == "This needs words to look for. For example: `search lost bag`."


def test_who_tells_a_persons_history(desk: Desk) -> None:
    desk.take(
        *(
            raw(str(n), text, author="@Jo_Doe", author_name="Jo Doe", followers=12_300)
            for n, text in enumerate((TROUBLES[0], PRAISE))
        )
    )
    screen = screen_of(desk, "ana", "who @JO_DOE")
    assert screen.title == "Jo Doe (@jo_doe)"
    assert screen.intro == "2 mentions: 1 negative, 1 positive · 12.3k followers"
    assert desk.say("ana", "who @sam") == "We know of nothing that @sam wrote about us."


def test_show_tells_the_whole_case(desk: Desk) -> None:
    desk.take(raw("0", PRAISE, author="jo"))
    desk.open_case(author="jo")
    desk.take(raw("2"))
    answer(desk, 1)
    screen = screen_of(desk, "ana", "show 1")
    assert screen.title == "Case #1 · Heron Air · high"
    assert screen.intro == "#1 was answered by Ana just now."
    headings = [row.heading for row in screen.rows]
    assert headings[0] == "🔵 #1 high · answered by Ana"
    assert headings[1] == "Draft, sent, by Ana"
    assert headings[2].startswith("author2 · birds")
    assert headings[3].startswith("Earlier by jo: jo · birds")
    assert any(fact.startswith("why: says ") for fact in screen.rows[0].facts)


# Looking after


def test_status_counts_and_names_what_is_wrong(desk: Desk) -> None:
    many(desk, 3)
    desk.do("ana", "claim 1")
    desk.do("ana", "snooze 2 2h")
    store = desk.store
    with store.transaction():
        for one in store.deliveries.due(desk.now, 2):
            store.deliveries.dead(one, "the channel is gone")
        store.sources.failed(store.sources.id_of("birds", "feed", desk.now), "HTTP 500", "failing")
    screen = screen_of(desk, "ana", "status")
    assert screen.intro.startswith("3 open cases: 1 unclaimed, 0 overdue, 1 snoozed. ")
    headings = [row.heading for row in screen.rows]
    assert headings[0] == "🟠 birds · feed · failing"
    assert "⚪ reviews · file · nothing has come in yet" in headings
    assert "HTTP 500" in screen.rows[0].facts
    assert len([heading for heading in headings if heading.startswith("🔴 not delivered: ")]) == 2
    assert screen.outro == "Team: @ana (agent), @bo (agent, approver), @mia (manager, admin), @kim (agent)"
    assert screen.buttons == ()
    assert desk.say("ana", "status retry") == "That is for a manager or an admin. "[:-1]
    (retry,) = screen_of(desk, "mia", "status").buttons
    assert desk.press("mia", retry).words == "2 failed deliveries are on the way again."
    assert store.deliveries.all_dead() == []
    assert desk.say("mia", "status retry") == "Nothing has failed."


def test_settings_show_the_file_and_only_an_admin_reloads_it(desk: Desk) -> None:
    screen = screen_of(desk, "ana", "settings")
    assert screen.title == "Settings of Heron & Plover"
    assert "urgent 1 h, high 4 h, normal 1 d, low 3 d. Four eyes: on. Times in Europe/Berlin." in screen.intro
    assert "Route to local:#urgent" in [row.heading for row in screen.rows]
    assert desk.say("ana", "settings reload") == "That is for an admin."
    assert desk.do("ana", "settings reload").effect == ""
    assert desk.do("mia", "settings reload").effect == "reload"


def test_settings_tell_how_mentions_are_read_and_whether_it_learns(desk: Desk) -> None:
    def told() -> str:
        return next(
            ", ".join(row.facts) for row in screen_of(desk, "ana", "settings").rows if row.heading == "What is read"
        )

    assert "languages: English, what cannot be scored: normal at least if you read it, or low" in told()
    assert told().endswith("learning: in the shadow")
    desk.change_policy(languages=("en", "de"), not_scored=Priority.HIGH, thresholds=Thresholds(complaint=0.8))
    desk.store.lessons.switch("on", "mia", desk.now)
    assert told() == (
        "a complaint if its words make it 80% likely, languages: English, German,"
        " what cannot be scored: high at least, learning: on"
    )
    desk.store.lessons.switch("off", "mia", desk.now)
    assert told().endswith("learning: off")


def test_a_query_is_tried_before_it_is_saved(desk: Desk) -> None:
    desk.take(*(raw(str(n), text) for n, text in enumerate((*TROUBLES, PRAISE))))
    desk.take(raw("r", "heron crew, lovely again"), source="reviews")
    screen = screen_of(desk, "ana", "query test lovely OR suitcase")
    assert screen.title == "3 of 7 mentions of the last 7 days match"
    assert screen.intro.startswith("2 from birds, 1 from reviews. What no query has matched is not stored")
    assert len(screen.rows) == 3
    assert screen_of(desk, "ana", "query test lovely -crew").intro == "None of them."
    reply = desk.do("ana", "query test (lovely")
    assert reply.is_error
    assert "^" in reply.words
    desk.later(days=8)
    assert screen_of(desk, "ana", "query test lovely").title == "0 of 0 mentions of the last 7 days match"


# Mute


def test_a_mute_shows_first_what_it_would_have_hidden(desk: Desk) -> None:
    desk.take(raw("1", author="spam"), raw("2", PRAISE, author="Spam"), raw("3", TROUBLES[1]))
    preview = screen_of(desk, "bo", "mute add author:@spam 4h")
    assert preview.title == "Mute author spam?"
    assert preview.intro == "In the last 7 days it would have hidden 2 mentions, 1 of them with a case."
    assert (len(preview.rows), preview.outro) == (2, "Nothing is muted yet.")
    assert desk.store.mutes.active(desk.now) == []
    added = desk.press("bo", preview.buttons[0]).screen
    assert added is not None
    assert added.intro == "Author spam is muted until 15:00. `mute remove 1` takes it back."
    assert added.rows == screen_of(desk, "bo", "mute list").rows
    (row,) = screen_of(desk, "bo", "mute list").rows
    assert (row.heading, row.facts) == ("1. author spam", ("until 15:00 by Bo", "0 hidden so far"))
    removed = desk.press("bo", row.buttons[0]).screen
    assert removed is not None
    assert (removed.intro, removed.rows) == ("Mute 1 is removed. Nothing is muted.", ())
    assert desk.say("bo", "mute remove 1") == "There is no mute 1. `mute list` shows them with their numbers."


@pytest.mark.parametrize(
    ("line", "hidden"),
    [
        ("words:suitcase", "1 mention,"),
        ('words:"my suitcase" 2h', "1 mention,"),
        ("words:suit", "nothing."),
        ("source:birds", "6 mentions,"),
        ("query:names 1h", "6 mentions,"),
        ("author:#1", "1 mention,"),
    ],
)
def test_what_can_be_muted(desk: Desk, line: str, hidden: str) -> None:
    desk.take(*(raw(str(n), text) for n, text in enumerate((*TROUBLES, PRAISE))))
    intro = screen_of(desk, "bo", f"mute add {line}").intro
    assert intro.startswith(f"In the last 7 days it would have hidden {hidden}")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("mute ad author:x", '"ad" is not a part of mute. Did you mean `mute add`?'),
        ("mute add x", '"x" is not something to mute.'),
        ("mute add autor:x", "Did you mean author:?"),
        ("mute add source:bird", 'There is no source "bird". Did you mean birds?'),
        ("mute add words:\u200b", "Say which words to mute."),
        ("mute add words:" + "ab " * 400, "That is 1,199 characters; 500 are enough to mute by."),
        ("mute add words:!? 91d", "A mute lasts at most 90 days."),
        ("mute add author:x 25h", "You can mute for up to 24 hours. Longer is for a manager or an admin."),
        ("mute add author:#77", "There is no case #77."),
    ],
)
def test_what_cannot_be_muted(desk: Desk, line: str, words: str) -> None:
    assert words in desk.say("bo", line)
    assert desk.store.mutes.active(desk.now) == []


def test_a_manager_may_mute_for_long(desk: Desk) -> None:
    assert "until Mon 30 Nov 11:00" in desk.mute("mia", "author:x 7d").screen.intro  # type: ignore[union-attr]


def test_what_is_muted_is_for_everybody_to_see_and_for_some_to_change(desk: Desk) -> None:
    desk.mute("bo", "author:spam 4h")
    (row,) = screen_of(desk, "ana", "mute list").rows
    assert row.heading == "1. author spam"
    told = "Muting is for an approver, a manager or an admin. Ask Bo or Mia."
    assert desk.say("ana", "mute add author:x 1h") == told
    assert desk.say("ana", "mute remove 1") == told
    assert desk.press("ana", row.buttons[0]).words == told
    assert len(desk.store.mutes.active(desk.now)) == 1


# Resolve without a number


def test_resolve_without_a_number_offers_hers(desk: Desk) -> None:
    assert screen_of(desk, "ana", "resolve").intro == "You have no case. `queue` shows what waits."
    desk.open_case()
    desk.open_case("2", TROUBLES[1])
    desk.do("ana", "claim 2")
    (row,) = screen_of(desk, "ana", "resolve").rows
    assert [(button.label, button.case) for button in row.buttons] == [("Resolve", 2), ("Show", 2)]
    form = desk.press("ana", row.buttons[0]).form
    assert form is not None
    assert form.title == "Resolve #2"


def test_names_are_shown_as_titles(desk: Desk) -> None:
    desk.open_case()
    desk.change_policy(members=(Member("ana", "Ana Lind"), Member("zoe", "Zoe", (Role.APPROVER,))))
    desk.do("ana", "claim 1")
    assert desk.card(1).status == "claimed by Ana Lind"
    assert desk.say("zoe", "claim 1") == "Ana Lind claimed #1 just now. `assign 1 @zoe` takes it over."
    desk.change_policy(members=(Member("zoe", "Zoe"),))
    assert desk.card(1).status == "claimed by ana"


def test_mute_words_that_end_with_yes_are_previewed_like_all(desk: Desk) -> None:
    reply = desk.do("mia", "mute add words:say yes")
    assert reply.screen is not None
    assert desk.store.mutes.active(desk.now) == []


def test_a_very_long_queue_says_more_than(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, trouble in enumerate(TROUBLES[:3]):
        desk.open_case(str(number), trouble)
    monkeypatch.setattr("storage.cases.COUNTED", 2)
    monkeypatch.setattr("handlers.commands.queue.COUNTED", 2)
    screen = desk.do("ana", "queue").screen
    assert screen is not None
    assert screen.intro.startswith("more than 2 cases")
    assert len(screen.rows) == 3


# Slack's wishes


def test_the_menu_begins_with_what_is_wanted_most_and_show_has_it_all(desk: Desk) -> None:
    desk.open_case()
    labels = ["Show all", "Assign…", "Snooze…", "Irrelevant", "Mute author…", "Not us", "Escalate", "Add a note…"]
    assert [button.label for button in desk.card(1).menu] == labels
    screen = screen_of(desk, "ana", "show 1")
    assert [button.label for button in screen.buttons] == ["Claim", "Draft reply", "Resolve", *labels[1:]]
    assert screen.rows[0].buttons == ()
    desk.do("ana", "resolve 1 fixed")
    assert [button.label for button in screen_of(desk, "ana", "show 1").buttons] == ["Reopen"]


def test_paused_channels_are_shown_and_tried_again(desk: Desk) -> None:
    desk.store.pauses.pause("slack", "#alerts", "It is\u202e archived.\nAsk an admin.", desk.now, desk.now)
    desk.later(hours=1)
    screen = screen_of(desk, "ana", "status")
    (row,) = [row for row in screen.rows if row.heading.startswith("⏸")]
    assert row.heading == "⏸ slack:#alerts is paused since 11:00: It is archived. Ask an admin."
    assert screen.buttons == ()
    (retry,) = screen_of(desk, "mia", "status").buttons
    assert retry.label == "Try paused ones again"
    assert desk.press("mia", retry).words == "1 paused channel is tried again."
    assert desk.store.pauses.all() == []
    assert desk.say("mia", "status retry") == "Nothing has failed."


def test_an_admin_who_is_told_of_a_paused_channel_tries_it_again_by_a_button(desk: Desk) -> None:
    desk.change_policy(members=tuple(replace(one, slack=f"U0{one.name.upper()}") for one in desk.policy.members))
    with desk.store.transaction():
        pause(desk.ctx, "slack", "#alerts", "The channel is archived.")
    (row,) = desk.store.engine.rows("select subject, channel, body from deliveries where body <> ''")
    assert row["channel"] == "@mia"
    told = desk.drawn(row["subject"], row["body"])
    assert isinstance(told, Notice)
    assert "press the button" in told.words
    assert desk.press("mia", told.buttons[0]).words == "1 paused channel is tried again."


def test_resolve_done_says_what_is_true(desk: Desk) -> None:
    desk.open_case()
    assert desk.say("ana", "resolve 1 done") == "#1 is resolved: no action."
    desk.do("ana", "reopen 1")
    answer(desk, 1)
    assert desk.say("ana", "resolve 1 Done") == "#1 is resolved: replied."
