"""What is offered while somebody types: what she could do next, likeliest first, and nothing that she may not do."""

from dataclasses import replace
from random import Random

import pytest

from handlers.completions import MOST, Choice, complete, has_offers
from handlers.dispatch import dispatch
from handlers.offers import OFFERS
from handlers.requests import COMMANDS, Request
from handlers.rules.policy import Member
from storage.types import Role
from tests.kit import MEMBERS, TROUBLES, Desk


def offered(desk: Desk, who: str, line: str, typed: str = "", chat: str = "local") -> list[Choice]:
    """`line` is a verb and the name of one of its arguments."""
    verb, argument = line.split()
    return list(complete(desk.ctx, Request(desk.policy.member(who), verb, chat=chat), argument, typed))


def values(desk: Desk, who: str, line: str, typed: str = "", chat: str = "local") -> list[str]:
    return [choice.value for choice in offered(desk, who, line, typed, chat)]


@pytest.fixture
def five(desk: Desk) -> Desk:
    """#1 is Ana's, #2 Bo's, #3 resolved, #4 and #5 are open."""
    for number, text in enumerate(TROUBLES, 1):
        desk.open_case(str(number), text, author_name=f"Person {number}")
    for line in ("claim 1", "resolve 3 fixed"):
        desk.do("ana", line)
    desk.do("bo", "claim 2")
    return desk


def many(desk: Desk, count: int) -> None:
    """More cases, none like another."""
    chance = Random(7)
    for number in range(count):
        odd = " ".join("".join(chance.choices("bcdfgklmnprstvaeiou", k=9)) for _ in range(6))
        desk.open_case(f"more{number}", f"Awful Heron, furious: {odd}")


# Cases


def test_the_cases_that_fit_the_verb_are_offered(five: Desk) -> None:
    five.change_roles("ana", Role.AGENT, Role.APPROVER)
    fitting = {
        "claim": {"4", "5"},
        "assign": {"1", "2", "4", "5"},
        "release": {"1", "2"},
        "still": {"1"},
        "reopen": {"3"},
        "resolve": {"1", "2", "4", "5"},
        "approve": set(),
    }
    assert {verb: set(values(five, "ana", f"{verb} case")) for verb in fitting} == fitting


def test_her_own_cases_come_first(five: Desk) -> None:
    assert values(five, "ana", "resolve case")[0] == "1"
    assert values(five, "bo", "resolve case")[0] == "2"


def test_the_free_ones_come_first_to_be_assigned(five: Desk) -> None:
    assert set(values(five, "mia", "assign case")[:2]) == {"4", "5"}


def test_what_can_be_approved_has_a_draft_of_somebody_else(five: Desk) -> None:
    five.do("bo", "draft 2 We are sorry.")
    five.change_roles("ana", Role.AGENT, Role.APPROVER)
    assert values(five, "ana", "approve case") == ["2"]
    assert values(five, "bo", "approve case") == []
    assert values(five, "ana", "send case") == []
    five.do("ana", "approve 2")
    assert values(five, "ana", "approve case") == []
    assert values(five, "bo", "send case") == values(five, "bo", "sent case") == ["2"]
    five.change_policy(four_eyes=False)
    five.do("bo", "draft 2 We are very sorry.")
    assert values(five, "bo", "approve case") == ["2"]


def test_nothing_is_offered_to_be_escalated_twice(five: Desk) -> None:
    five.do("ana", "escalate 4")
    assert "4" not in values(five, "ana", "escalate case")


def test_a_case_is_found_by_its_number(five: Desk) -> None:
    for typed in ("4", "#4", " 4 "):
        assert values(five, "ana", "claim case", typed) == ["4"]


def test_a_whole_number_is_found_in_any_state_and_says_how_it_stands(five: Desk) -> None:
    (choice,) = offered(five, "ana", "claim case", "2")
    assert choice.value == "2"
    assert "claimed by Bo" in choice.label


def test_half_a_number_finds_those_that_begin_with_it(five: Desk) -> None:
    many(five, 8)
    found = values(five, "ana", "show case", "1")
    assert found[0] == "1"
    assert set(found[1:]) == {str(case.id) for case in five.cases() if str(case.id).startswith("1")} - {"1"}


def test_a_case_is_found_by_words_of_its_author_and_text(five: Desk) -> None:
    for typed in ("refund", "cat form", "PERSON 4", "author4", "@author4", "rèfu"):
        assert values(five, "ana", "claim case", typed) == ["4"], typed


def test_words_of_a_case_that_does_not_fit_find_nothing(five: Desk) -> None:
    assert values(five, "ana", "claim case", "suitcase") == []
    assert values(five, "ana", "show case", "suitcase") == ["1"]


def test_a_resolved_case_is_found_by_its_words_too(five: Desk) -> None:
    assert values(five, "ana", "show case", "water") == ["3"]
    assert values(five, "ana", "show case", "author3") == ["3"]


def test_a_label_says_number_priority_author_and_what_it_is_about(five: Desk) -> None:
    (choice,) = offered(five, "ana", "claim case", "4")
    assert choice.label == f"#4 {five.case(4).priority.word} · Person 4: {TROUBLES[3]}"
    number = five.open_case("6", f"Heron is awful: {'never again, ' * 20}").id
    (choice,) = offered(five, "ana", "claim case", str(number))
    assert len(choice.label) <= 100
    assert choice.label.endswith("…")


def test_a_label_hides_nothing_and_is_one_line(desk: Desk) -> None:
    name, text = "Eve\u202egnp\n\n@everyone" * 9, "Heron is \u200bawful,\nfurious\u202e, a disgrace\x1b[31m " * 20
    number = desk.open_case("1", text, author_name=name).id
    (choice,) = offered(desk, "ana", "claim case", str(number))
    assert len(choice.label) <= 100
    assert choice.label.isprintable()
    assert choice.label.startswith(f"#{number} ")


def test_no_more_is_offered_than_a_chat_can_show(desk: Desk) -> None:
    many(desk, 30)
    assert len(values(desk, "ana", "claim case")) == MOST
    assert len(values(desk, "ana", "claim case", "heron")) == MOST


def test_nothing_that_is_typed_breaks_it(five: Desk) -> None:
    lines = ("claim case", "show case", "assign to", "queue which", "snooze until", "mute words", "who handle")
    for typed in ('"', "'; drop table cases; --", "*", "NEAR(", "\x00", "9" * 300, "😀", "-", "a" * 9_000, "²", "٣"):
        for line in lines:
            assert isinstance(offered(five, "mia", line, typed), list)


# Who may


def test_nothing_is_offered_to_somebody_who_may_not(five: Desk) -> None:
    five.do("bo", "draft 2 We are sorry.")
    assert values(five, "ana", "approve case") == []
    guest = Member("gil", "Gil", tuple(Role), is_guest=True)
    five.change_policy(members=(*MEMBERS, guest))
    assert values(five, "gil", "claim case") == []
    assert values(five, "gil", "show case") != []
    assert values(five, "nobody", "show case") == []


def test_an_argument_that_is_not_there_has_nothing_to_offer(five: Desk) -> None:
    assert values(five, "ana", "claim nothing") == []
    assert list(complete(five.ctx, Request(five.policy.member("ana"), "nothing"), "case", "")) == []


# Members


def test_members_are_found_by_name_and_title(desk: Desk) -> None:
    bo = replace(MEMBERS[1], title="Robert Miller")
    desk.change_policy(members=(MEMBERS[0], bo, *MEMBERS[2:]))
    assert values(desk, "ana", "assign to", "b") == ["bo"]
    assert values(desk, "ana", "assign to", "@bo") == ["bo"]
    assert values(desk, "ana", "assign to", "mill") == ["bo"]
    assert offered(desk, "ana", "assign to", "bo")[0].label == "Robert Miller (@bo)"
    assert values(desk, "ana", "assign to", "nobody") == []


def test_the_others_come_before_herself_and_who_only_looks_is_not_offered(desk: Desk) -> None:
    guest = Member("gil", "Gil", tuple(Role), is_guest=True)
    desk.change_policy(members=(*MEMBERS, guest))
    assert values(desk, "ana", "assign to") == ["bo", "mia", "kim", "ana"]


def test_a_pasted_id_of_the_chat_is_its_member(desk: Desk) -> None:
    bo = replace(MEMBERS[1], discord="1234567890", slack="U0BO")
    desk.change_policy(members=(MEMBERS[0], bo))
    for pasted in ("<@1234567890>", "<@!1234567890>"):
        assert values(desk, "ana", "assign to", pasted, chat="discord") == ["bo"]
    assert values(desk, "ana", "assign to", "<@1234567890>", chat="slack") == []
    assert values(desk, "ana", "assign to", "<@>", chat="discord") == []


# Words


KNOWN = (  # argument, what is typed, what is offered first
    ("queue which", "", ["open", "mine", "unclaimed"]),
    ("queue which", "un", ["unclaimed"]),
    ("queue which", "mine b", ["mine brand:Heron-Air", "mine brand:Plover-Inn"]),
    ("queue which", "mine brand:heron-air so", ["mine brand:heron-air source:birds"]),
    ("summary what", "", ["today", "yesterday", "week"]),
    ("summary what", "last m", ["last month"]),
    ("summary what", "last month by:p", ["last month by:person", "last month by:priority"]),
    ("summary what", "36h by:s", ["36h by:source", "36h by:sentiment"]),
    ("export what", "c", ["cases", "csv"]),
    ("export what", "cases last w", ["cases last week"]),
    ("resolve reason", "n", ["no action", "not us"]),
    ("resolve reason", "fixed refunded by", []),
    ("priority level", "", ["urgent", "high", "normal", "low"]),
    ("snooze until", "", ["1h", "4h", "tomorrow 9:00"]),
    ("teach what", "st", ["stop"]),
    ("status act", "", ["retry"]),
    ("settings act", "r", ["reload"]),
    ("query words", "", ["test"]),
    ("help verb", "cl", ["claim"]),
    ("mute words", "", ["list", "add author:", "add source:"]),
    ("mute words", "add so", ["add source:"]),
    ("mute words", "add source:b", ["add source:birds"]),
    ("mute words", "add source:birds ", ["add source:birds 24h", "add source:birds 7d"]),
    ("mute words", 'add words:"free iphone" 7', ['add words:"free iphone" 7d']),
    ("briefing words", "", ["list", "now", "add daily"]),
    ("briefing words", "add w", ["add working days", "add weekly"]),
    ("briefing words", "add weekly f", ["add weekly friday", "add weekly fi", "add weekly fr"]),
    ("briefing words", "add daily 08:30 m", ["add daily 08:30 me"]),
)


def test_what_a_command_knows_is_offered(desk: Desk) -> None:
    for line, typed, first in KNOWN:
        assert values(desk, "mia", line, typed)[: max(1, len(first))] == first, (line, typed)


def test_what_is_typed_only_by_some_is_offered_to_them_alone(desk: Desk) -> None:
    assert values(desk, "ana", "status act") == values(desk, "bo", "settings act") == []
    assert values(desk, "ana", "mute words") == ["list"]
    assert "add author:x 24h" in values(desk, "bo", "mute words", "add author:x ")
    assert "add author:x 7d" not in values(desk, "bo", "mute words", "add author:x ")


def test_a_time_that_is_typed_is_offered_with_what_it_means(desk: Desk) -> None:
    choice = offered(desk, "ana", "snooze until", "3d")[0]
    assert choice == Choice("3d · until Thu 26 Nov 11:00", "3d")
    assert offered(desk, "ana", "snooze until", "tomorrow 9")[0].label.startswith("tomorrow 9:00 · Tomorrow morning: ")


def test_the_authors_that_we_know_are_offered(five: Desk) -> None:
    assert values(five, "ana", "who handle", "auth")[:2] == ["author1", "author2"]
    assert values(five, "ana", "who handle", "@AUTHOR5") == ["@author5"]
    assert values(five, "bo", "mute words", "add author:author2") == ["add author:author2"]


def test_what_is_muted_can_be_chosen_to_be_removed(five: Desk) -> None:
    five.mute("mia", "author:@author1 24h")
    choice = next(one for one in offered(five, "mia", "mute words", "rem"))
    assert choice == Choice("remove 1 · author author1", "remove 1")


def test_a_briefing_can_be_chosen_to_be_removed_by_who_may(desk: Desk) -> None:
    desk.do("mia", "briefing add daily 08:30 #leadership")
    assert "remove 1" in values(desk, "mia", "briefing words", "remove")
    assert "remove 1" not in values(desk, "ana", "briefing words", "remove")


def test_whatever_is_offered_is_understood(five: Desk) -> None:
    """Nothing that can be chosen is refused as something that cannot be read."""
    five.do("mia", "briefing add daily 08:30 #leadership")
    five.mute("mia", "author:@author1 24h")
    for verb, argument in OFFERS:
        for choice in offered(five, "mia", f"{verb} {argument}"):
            if choice.value.endswith(":") or (verb, choice.value) == ("query", "test"):
                continue  # one goes on typing
            has_case = any(one.name == "case" for one in COMMANDS[verb].arguments)
            told = {argument: choice.value} | ({"case": "5"} if has_case else {})
            said = dispatch(five.ctx, Request(five.policy.member("mia"), verb, values=told)).words
            assert not any(word in said for word in ("is not a", "There is no", "I do not know")), (choice, said)


def test_each_vocabulary_is_of_an_argument_that_is_there() -> None:
    for verb, argument in OFFERS:
        assert [one for one in COMMANDS[verb].arguments if one.name == argument and one.kind in ("word", "words")]
    assert has_offers("claim", COMMANDS["claim"].arguments[0])
    assert not has_offers("draft", COMMANDS["draft"].arguments[1])
