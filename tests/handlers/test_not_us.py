"""Not us: another thing of that name. What people see of it, and what is learned from it."""

import json
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handlers import us
from handlers.previews import preview
from handlers.rules.learning import Learner
from handlers.rules.policy import Brand, SourceEntry
from handlers.rules.us import is_doubted
from storage.types import Priority, Resolution, Status
from tests.kit import TROUBLES, Desk, raw

BIRDS = (
    "A heron stands in the river and will not move, terrible for the fishing club",
    "Sad news: the old heron at our pond has died, awful morning for the whole river trust",
    "That horrible heron ate every goldfish in my pond again, I hate it",
    "Worst photo ever, the heron flew off over the river the moment I was ready",
    "Pollution in the river is killing the heron colony, a disgrace for this county",
    "Very angry: dogs off the lead chased a heron from its nest by the pond",
    "The heron nest was destroyed by the storm, terrible loss for the wetland birds",
    "Hate how noisy the heron colony is at four in the morning, awful birds",
    "A dead heron on the river path today, horrible, who cleans that up?",
    "Bad day at the wetland: no heron, no kingfisher, only rain and awful mud by the river",
)
NEW_BIRD = "Our poor heron left the river, the pond is dirty, what an awful place"


def use(desk: Desk, **fields: object) -> None:
    brand = {"name": "Heron", "queries": {"names": "heron"}, "own_accounts": ("@heronair",)} | fields
    desk.change_policy(brands=(Brand(**brand),))  # type: ignore[arg-type]


def learn(desk: Desk) -> None:
    desk.later(minutes=11)
    desk.tick()
    desk.go_by_lessons()


def open_one(desk: Desk, name: str, text: str) -> int:
    """A case that somebody tracks, so that it is one whatever its words weigh."""
    desk.do("ana", f"track {text}")
    return desk.cases()[-1].id


def teach(desk: Desk, birds: Sequence[str] = BIRDS, troubles: Sequence[str] = TROUBLES) -> None:
    use(desk)
    for text in birds:
        assert not desk.do("ana", f"resolve {open_one(desk, 'bird', text)} not us").is_error
    for text in troubles:
        assert not desk.do("ana", f"draft {open_one(desk, 'trouble', text)} We are sorry.").is_error
    learn(desk)


def newest(desk: Desk, native_id: str, text: str) -> tuple[Priority, tuple[str, ...], int | None]:
    desk.take(raw(native_id, text))
    mention = desk.mentions()[-1]
    assert mention.native_id == native_id
    return mention.priority, mention.reasons, mention.case_id


# The click


def test_not_us_is_a_button_that_asks_first(desk: Desk) -> None:
    desk.open_case()
    (button,) = [one for one in desk.card(1).menu if one.label == "Not us"]
    assert button.confirm == "Is #1 about another thing of that name? Its copies will never come back."
    assert desk.press("ana", button).words == "#1 is resolved: not us. Copies of it will not come back."
    assert desk.case(1).resolution is Resolution.NOT_US
    assert desk.card(1).colour == "grey"
    assert "resolved: not us" in desk.card(1).status


def test_it_can_be_chosen_and_typed_with_a_note(desk: Desk) -> None:
    desk.open_case()
    form = desk.do("ana", "resolve 1").form
    assert form is not None
    assert ("not us", "Not us: another thing of that name; copies never come back") in form.fields[0].choices
    desk.do("ana", "resolve 1 not us it is a bird")
    assert desk.case(1).resolution is Resolution.NOT_US
    assert desk.events(1)[-1].detail["note"] == "it is a bird"


def test_its_copies_stay_away_for_good(desk: Desk) -> None:
    desk.open_case()
    desk.do("ana", "resolve 1 not us")
    desk.later(days=90)
    taken = desk.take(raw("2", TROUBLES[0], published_at=desk.now))
    assert (taken.cases, taken.joined) == (0, 1)
    assert desk.case(1).status is Status.RESOLVED


# What it teaches


def test_after_ten_clicks_another_thing_of_that_name_ranks_low_and_says_why(desk: Desk) -> None:
    teach(desk)
    priority, reasons, case = newest(desk, "new", NEW_BIRD)
    assert (priority, case) == (Priority.LOW, None)
    assert reasons[0].startswith('may be another "Heron": ')
    assert '"river" -' in reasons[0]
    assert reasons[0].endswith(", so ranked low")
    assert [one.native_id for one in desk.store.mentions.search(["pond", "dirty"], 5)] == ["new"]  # never dropped


def test_complaints_about_us_are_cards_as_before(desk: Desk) -> None:
    before = newest(desk, "before", "Heron: my bag is broken and your staff was rude, awful")
    teach(desk)
    after = newest(desk, "after", "Heron: your staff was rude and my bag came broken, just awful")
    assert before[0] >= Priority.NORMAL
    assert after[0] >= Priority.NORMAL
    assert after[2] is not None
    assert not any("another" in reason for reason in after[1])


def test_nine_clicks_change_nothing(desk: Desk) -> None:
    teach(desk, BIRDS[:9])
    priority, reasons, _ = newest(desk, "new", NEW_BIRD)
    assert priority >= Priority.NORMAL
    assert not any("another" in reason for reason in reasons)


def test_what_is_urgent_or_grave_is_never_hidden(desk: Desk) -> None:
    teach(desk)
    priority, reasons, case = newest(desk, "g", "The heron by the river pond nest: I will sue you, says my lawyer")
    assert priority >= Priority.HIGH
    assert case is not None
    assert any(reason.startswith('may be another "Heron"') for reason in reasons)
    labels = [button.label for button in desk.card(case).menu]
    assert labels.index("Not us") < labels.index("Mute author…")  # within reach where it is wanted


def test_it_stays_low_when_the_source_gives_it_again(desk: Desk) -> None:
    teach(desk)
    newest(desk, "new", NEW_BIRD)
    desk.later(minutes=5)
    desk.take(raw("new", NEW_BIRD, likes=3))
    mention = desk.mentions()[-1]
    assert (mention.likes, mention.priority) == (3, Priority.LOW)
    assert mention.reasons[0].startswith("may be another")


def test_irrelevant_and_spam_say_nothing_of_whose_it_is(desk: Desk) -> None:
    use(desk)
    for place, text in enumerate(BIRDS):
        desk.do("ana", f"resolve {open_one(desk, 'bird', text)} {('irrelevant', 'spam', 'no action')[place % 3]}")
    learn(desk)
    assert us.models(desk.store) == {}


def test_a_click_that_is_taken_back_teaches_nothing(desk: Desk) -> None:
    teach(desk)
    desk.do("ana", "reopen 1")
    learn(desk)
    assert us.models(desk.store)["Heron"].not_us == 9
    assert newest(desk, "new", NEW_BIRD)[0] >= Priority.NORMAL


def test_a_click_counts_after_ten_minutes(desk: Desk) -> None:
    teach(desk, BIRDS[:9])
    number = open_one(desk, "bird", BIRDS[9])
    desk.do("ana", f"resolve {number} not us")
    desk.later(minutes=9)
    desk.tick()
    assert us.models(desk.store)["Heron"].not_us == 9
    desk.later(minutes=2)
    desk.tick()
    assert us.models(desk.store)["Heron"].not_us == 10


def test_each_brand_has_its_own(desk: Desk) -> None:
    teach(desk)
    desk.change_policy(brands=(*desk.policy.brands, Brand("Plover", {"names": "plover"})))
    priority, reasons, _ = newest(desk, "p", NEW_BIRD.replace("heron", "plover"))
    assert priority >= Priority.NORMAL
    assert not any("another" in reason for reason in reasons)


def test_the_words_of_a_deleted_post_are_forgotten(desk: Desk) -> None:
    use(desk)
    desk.take(raw("x", f"{TROUBLES[0]} zanzibar zanzibari"))
    desk.do("ana", "resolve 1 not us")
    learn(desk)
    assert "zanzibar" in us.models(desk.store)["Heron"].weights
    desk.take(raw("x", f"{TROUBLES[0]} oslo"))
    learn(desk)
    assert "zanzibar" not in json.dumps(desk.store.us.states())


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 3),
            st.sampled_from(
                ["resolve {} not us", "reopen {}", "draft {} Sorry.", "resolve {} fixed", "resolve {} spam"]
            ),
            st.sampled_from([0, 4, 11]),
        ),
        max_size=10,
    )
)
def test_what_is_learned_bit_by_bit_is_what_the_diaries_give_at_once(
    desk: Desk, acts: list[tuple[int, str, int]]
) -> None:
    use(desk)
    numbers = [open_one(desk, str(place), text) for place, text in enumerate((*BIRDS[:2], *TROUBLES[:2]))]
    for place, line, minutes in acts:
        desk.do("ana", line.format(numbers[place]))
        desk.later(minutes=minutes)
        with desk.store.transaction():
            us.learn(desk.ctx)
    learn(desk)
    bit_by_bit = desk.store.us.states()
    with desk.store.transaction():
        desk.store.us.read_anew()
        us.learn(desk.ctx)
    assert desk.store.us.states() == bit_by_bit


# What is surely us


def test_what_names_our_account_or_site_is_never_doubted(desk: Desk) -> None:
    teach(desk)
    use(desk, own_sites=("heron.example",))
    for native_id, words in (("a", f"@heronair {NEW_BIRD}"), ("s", f"{NEW_BIRD}, see https://heron.example/help")):
        assert not is_doubted(newest(desk, native_id, words)[1])
    desk.take(raw("u", NEW_BIRD, url="https://www.heron.example/blog"))
    assert not is_doubted(desk.mentions()[-1].reasons)
    assert is_doubted(newest(desk, "other", f"{NEW_BIRD} @somebody")[1])


def test_what_was_sent_to_us_is_never_doubted(desk: Desk) -> None:
    teach(desk)
    desk.take(raw("p", NEW_BIRD, private=True))
    assert not is_doubted(desk.mentions()[-1].reasons)
    desk.change_policy(sources=(*desk.policy.sources, SourceEntry("form", "webhook", brand="Heron")))
    desk.take(raw("f", NEW_BIRD), source="form")
    assert not is_doubted(desk.mentions()[-1].reasons)


# Forgetting


def test_forgetting_everything_forgets_this_too_for_good(desk: Desk) -> None:
    teach(desk)
    screen = desk.do("mia", "learning").screen
    assert screen is not None
    (button,) = [one for one in screen.buttons if one.label == "Forget what I learned"]
    assert button.confirm.endswith('what "not us" taught?')
    reply = desk.press("mia", button)
    assert 'also what "not us" taught' in reply.words
    assert 'also what "not us" taught' not in desk.press("mia", button).words
    learn(desk)
    assert us.models(desk.store) == {}
    assert not is_doubted(newest(desk, "new", NEW_BIRD)[1])
    with desk.store.transaction():
        desk.store.us.read_anew()
        us.learn(desk.ctx)
    assert us.models(desk.store) == {}
    desk.do("ana", f"resolve {open_one(desk, 'bird', BIRDS[0].upper())} not us")
    learn(desk)
    assert us.models(desk.store)["Heron"].not_us == 1


# The preview of what the team's decisions would change


def test_the_preview_does_not_name_what_is_low_as_another_thing(desk: Desk) -> None:
    teach(desk)
    newest(desk, "bird", "A brochure of the heron in the river by the pond, near the nest")
    newest(desk, "ours", "A brochure of the heron lounge, in which there is coffee")
    learner = Learner(weights={"brochure": 40.0}, decisions=80, taken=40)
    assert [one.mention.native_id for one in preview(desk.ctx, learner).more] == ["ours"]


# Words to exclude


def test_after_ten_clicks_words_to_exclude_are_suggested(desk: Desk) -> None:
    teach(desk, BIRDS[:9])
    assert us.suggestions(desk.ctx) == ()
    desk.do("ana", f"resolve {open_one(desk, 'bird', BIRDS[9])} not us")
    learn(desk)
    (line,) = us.suggestions(desk.ctx)
    assert line.startswith("Heron: you said 10 times that it was not us.")
    assert '"river"' in line
    assert "not_with = [" in line
    screen = desk.do("ana", "learning").screen
    assert screen is not None
    assert line in screen.outro


def test_what_stands_in_the_file_is_not_suggested_again(desk: Desk) -> None:
    teach(desk)
    (line,) = us.suggestions(desk.ctx)
    written = tuple(json.loads(line[line.index("[") : line.index("]") + 1]))
    use(desk, not_with=written)
    assert us.suggestions(desk.ctx) == ()


# Required and excluded words


def test_excluded_words_are_no_match(desk: Desk) -> None:
    use(desk, not_with=("river", "pond"))
    taken = desk.take(raw("1", BIRDS[0]), raw("2", TROUBLES[0]), raw("3", f"@heronair {BIRDS[1]}"))
    assert (taken.stored, taken.unmatched) == (2, 1)
    assert [one.native_id for one in desk.mentions()] == ["2", "3"]


def test_where_the_name_alone_was_found_one_of_the_context_words_must_be_there(desk: Desk) -> None:
    use(desk, context=("suitcase", "gate"))
    desk.take(*(raw(str(place), text) for place, text in enumerate((*TROUBLES, *BIRDS))))
    assert [one.text for one in desk.mentions()] == [TROUBLES[0], TROUBLES[4]]


def test_what_is_from_a_source_of_the_brand_needs_no_context(desk: Desk) -> None:
    use(desk, name="Heron Air", context=("suitcase",))
    assert desk.take(raw("1", "The heron lounge is cold"), source="desk").stored == 1


def test_another_brand_that_matches_too_keeps_it(desk: Desk) -> None:
    use(desk, not_with=("river",))
    desk.change_policy(brands=(*desk.policy.brands, Brand("Rivers", {"names": "river"})))
    desk.take(raw("1", BIRDS[0]))
    assert [one.brand for one in desk.mentions()] == ["Rivers"]


def test_a_mention_that_is_stored_stays_when_its_words_change(desk: Desk) -> None:
    use(desk, not_with=("river",))
    desk.take(raw("1", TROUBLES[0]))
    entry_words = f"{TROUBLES[0]} by the river"
    assert desk.take(raw("1", entry_words)).stored == 0
    assert [one.text for one in desk.mentions()] in ([TROUBLES[0]], [entry_words])


def test_the_trial_of_a_query_tells_what_the_words_would_leave_out(desk: Desk) -> None:
    use(desk)
    desk.take(*(raw(str(place), text) for place, text in enumerate((BIRDS[0], BIRDS[4], *TROUBLES[:2]))))
    plain = desk.do("ana", "query test heron").screen
    use(desk, not_with=("river",))
    screen = desk.do("ana", "query test heron").screen
    assert plain is not None
    assert screen is not None
    assert plain.outro == ""
    assert screen.title == plain.title
    assert screen.outro == 'As a query of Heron, 2 of them would be left out: it says "river" (2).'


@pytest.mark.parametrize("line", ["resolve 1 not", "resolve 1 notus"])
def test_a_slip_is_told_what_there_is(desk: Desk, line: str) -> None:
    desk.open_case()
    assert "not us" in desk.say("ana", line)
