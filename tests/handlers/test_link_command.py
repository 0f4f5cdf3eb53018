"""One person over two chats: `link` joins her accounts, and nobody approves the own draft from the other side."""

import json
import re
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from handlers import links
from handlers.cards import Screen
from handlers.context import ChatState
from handlers.dispatch import dispatch, read_line
from handlers.requests import Reply, Request
from handlers.rules.policy import DiscordPolicy, Member, Policy, SlackPolicy
from handlers.rules.roster import Person, with_people
from storage.types import DraftState, Role
from tests.kit import Desk

AGENT, APPROVER, ADMIN = Role.AGENT, Role.APPROVER, Role.ADMIN
GROUPS = {"support": (AGENT,), "leads": (AGENT, APPROVER)}
BOTH = (ChatState("slack", True, ""), ChatState("discord", True, ""))

EVE = Person("slack", "UEVE", "eve", "Eve", ("support",))
EVE_THERE = Person("discord", "71", "eve", "Evelyn", ("leads",))
KIM = Person("slack", "UKIM", "kim", "Kim", ("leads",))
ZOE = Person("discord", "72", "zoe", "Zoe", ("leads",))


@dataclass
class Chats:
    """A team that is in Slack and in Discord at once: who acts is told by her account, as the chats do."""

    desk: Desk
    written: Policy
    people: list[Person] = field(default_factory=list)

    def meet(self, *people: Person) -> None:
        known = {(one.chat, one.id): one for one in (*self.people, *people)}
        self.people = list(known.values())
        self.merge()

    def write(self, *members: Member) -> None:
        self.written = replace(self.written, members=members)
        self.merge()

    def merge(self) -> None:
        self.desk.policy = with_people(self.written, self.people, links=self.desk.store.links.all())

    def at(self, place: str, **values: str) -> Request:
        """slack:UEVE, discord:71, or local:mia."""
        chat, _, account = place.partition(":")
        policy = self.desk.policy
        member = policy.member(account) if chat == "local" else policy.member_on(chat, account)
        person = next((one for one in self.people if (one.chat, one.id) == (chat, account)), None)
        user_id, name = ("", "") if chat == "local" else (account, person.name if person else "")
        return Request(member, "", values=values, chat=chat, channel="#alerts", user_id=user_id, user_name=name)

    def _do(self, request: Request) -> Reply:
        reply = dispatch(replace(self.desk.ctx, chats=BOTH), request)
        if reply.effect == links.EFFECT:
            self.merge()
        return reply

    def do(self, place: str, line: str) -> Reply:
        verb, words = read_line(line)
        return self._do(replace(self.at(place), verb=verb, words=words))

    def say(self, place: str, line: str) -> str:
        reply = self.do(place, line)
        return reply.words or (f"{reply.screen.title}\n{reply.screen.intro}" if reply.screen else "")

    def code(self, place: str) -> str:
        found = re.search(r"link (?:words:)?([A-Z0-9-]+)\"", self.say(place, "link"))
        assert found
        return found[1]

    def ask(self, place: str, code: str) -> Screen:
        reply = self.do(place, f"link {code}")
        assert reply.screen is not None, reply.words
        return reply.screen

    def confirm(self, place: str, screen: Screen) -> Reply:
        (button,) = screen.buttons
        return self._do(replace(self.at(place, **dict(button.values)), verb=button.verb))

    def link(self, first: str, second: str) -> str:
        return self.confirm(second, self.ask(second, self.code(first))).words

    def direct(self) -> list[tuple[str, str, str]]:
        rows = self.desk.store.engine.rows("select * from deliveries where channel like '@%' order by id")
        return [(row["chat"], row["channel"], json.loads(row["body"])["words"]) for row in rows]


@pytest.fixture
def chats(desk: Desk) -> Chats:
    written = replace(desk.policy, members=(), slack=SlackPolicy(groups=GROUPS), discord=DiscordPolicy(roles=GROUPS))
    made = Chats(desk, written)
    made.meet(EVE, EVE_THERE, KIM, ZOE)
    return made


def test_a_code_of_one_chat_joins_the_accounts_in_the_other(chats: Chats) -> None:
    assert chats.desk.policy.member("eve.discord")
    told = chats.say("slack:UEVE", "link")
    assert "You are @eve: agent." in told
    assert "in Discord" in told
    assert "within 10 minutes" in told
    assert "Show the code to nobody" in told
    screen = chats.ask("discord:71", chats.code("slack:UEVE").lower().replace("-", " "))
    assert screen.title == "One person?"
    assert "From now on what Eve does in Slack counts as done by you" in screen.intro
    assert screen.outro == "Nothing is linked yet."
    assert screen.buttons[0].style == "danger"
    assert len([one for one in chats.desk.policy.members if one.name.startswith("eve")]) == 2
    told = chats.confirm("discord:71", screen).words
    assert told.startswith("Linked: you are @eve in Slack and in Discord, with the roles of both.")
    (eve,) = (one for one in chats.desk.policy.members if one.name.startswith("eve"))
    assert (eve.slack, eve.discord, eve.roles) == ("UEVE", "71", (AGENT, APPROVER))
    assert eve == chats.desk.policy.member("eve.discord")  # what she was called


def test_both_accounts_are_told(chats: Chats) -> None:
    chats.link("slack:UEVE", "discord:71")
    (slack, discord) = chats.direct()
    assert slack[:2] == ("slack", "@eve")
    assert slack[2].startswith("Your account here and Evelyn in Discord count as one person from now on")
    assert discord[:2] == ("discord", "@eve")
    assert "and Eve in Slack count as one person" in discord[2]
    assert "`link remove` ends it" in discord[2]


@pytest.mark.parametrize(("author", "approver"), [("slack:UEVE", "discord:71"), ("discord:71", "slack:UKIM")])
def test_known_from_one_chat_each_they_may_be_one_person(chats: Chats, author: str, approver: str) -> None:
    chats.desk.open_case()
    assert not chats.do(author, "draft 1 We are so sorry.").is_error
    told = chats.say(approver, "approve 1")
    assert told.startswith("Nobody can tell whether ")
    assert " in Slack" in told
    assert " in Discord" in told
    assert "Type `link` in one chat" in told
    assert chats.desk.draft_of(1).state is DraftState.PROPOSED


@pytest.mark.parametrize(("author", "approver"), [("slack:UEVE", "discord:71"), ("discord:71", "slack:UEVE")])
def test_linked_she_cannot_approve_her_own_draft_from_the_other_side(chats: Chats, author: str, approver: str) -> None:
    chats.link("slack:UEVE", "discord:71")
    chats.desk.open_case()
    assert not chats.do(author, "draft 1 We are so sorry.").is_error
    assert chats.say(approver, "approve 1").startswith("You wrote this draft, so somebody else must approve it")
    assert not chats.do("slack:UKIM", "approve 1").is_error
    assert not chats.do("slack:UEVE", "send 1").is_error


def test_a_draft_from_before_is_still_her_own(chats: Chats) -> None:
    chats.desk.open_case()
    assert not chats.do("discord:71", "draft 1 We are so sorry.").is_error
    chats.link("slack:UEVE", "discord:71")
    assert chats.say("slack:UEVE", "approve 1").startswith("You wrote this draft")
    assert not chats.do("slack:UKIM", "approve 1").is_error


def test_an_approval_from_before_counts_no_more_when_it_was_her_own(chats: Chats) -> None:
    chats.desk.open_case()
    chats.desk.change_policy(four_eyes=False)
    assert not chats.do("slack:UEVE", "draft 1 We are so sorry.").is_error
    assert not chats.do("discord:71", "approve 1").is_error
    chats.link("slack:UEVE", "discord:71")
    assert chats.desk.policy.four_eyes
    assert chats.say("slack:UEVE", "send 1").startswith("This draft was approved by its author.")


def test_linked_on_both_sides_two_people_are_certain(chats: Chats) -> None:
    """Kim joins her Discord account, which has a role there: she is not Zoe."""
    chats.meet(Person("discord", "73", "kim.here", "Kim", ("support",)))
    chats.desk.open_case()
    chats.do("slack:UKIM", "draft 1 We are so sorry.")
    assert chats.say("discord:72", "approve 1").startswith("Nobody can tell whether Zoe in Discord is Kim in Slack")
    chats.link("slack:UKIM", "discord:73")
    assert not chats.do("discord:72", "approve 1").is_error


@pytest.mark.parametrize("is_of_file", [True, False])
def test_one_more_account_makes_nobody_another_person(chats: Chats, is_of_file: bool) -> None:
    """Zoe is Eve's true account in Discord; a second one, without a role, is made to link it."""
    if is_of_file:
        chats.write(Member("eve", "Eve", (AGENT,), slack="UEVE"))
    chats.link("slack:UEVE", "discord:99")
    assert chats.desk.policy.member_on("discord", "99") == chats.desk.policy.member("eve")
    chats.desk.open_case()
    assert not chats.do("discord:99", "draft 1 We are so sorry.").is_error
    told = chats.say("discord:72", "approve 1")
    assert told.startswith("Nobody can tell whether Zoe in Discord is Eve")
    assert "Have an admin write" in told


def test_somebody_without_a_role_there_becomes_herself(chats: Chats) -> None:
    """The file knows Mia in Slack alone; Discord gives her account nothing."""
    chats.write(Member("mia", "Mia", (AGENT, ADMIN), slack="UMIA"))
    chats.desk.open_case()
    assert chats.say("discord:55", "claim 1").startswith("You have no role here.")
    assert chats.say("discord:55", "link").startswith('You have no role here. "link", typed in the chat where you have')
    assert chats.link("slack:UMIA", "discord:55").startswith("Linked: you are @mia in Slack and in Discord")
    assert not chats.do("discord:55", "claim 1").is_error
    assert chats.desk.case(1).assignee == "mia"


def test_from_our_own_page_too(chats: Chats) -> None:
    chats.write(Member("mia", "Mia", (AGENT, ADMIN)))
    assert chats.link("local:mia", "discord:55").startswith("Linked: you are @mia in Earshot's page and in Discord")
    assert chats.desk.policy.member_on("discord", "55") == chats.desk.policy.member("mia")
    chats.write(Member("mia", "Mia", (AGENT,)), Member("ana", "Ana"))
    assert chats.link("discord:71", "local:ana").startswith("Linked: you are @ana")
    ana = chats.desk.policy.member("ana")
    assert ana
    assert (ana.discord, ana.roles) == ("71", (AGENT, APPROVER))


# The file wins


def test_two_people_of_the_file_are_never_one(chats: Chats) -> None:
    chats.write(Member("mia", "Mia", slack="UMIA"), Member("ana", "Ana", discord="55"))
    assert chats.say("discord:55", f"link {chats.code('slack:UMIA')}") == (
        "earshot.toml says that Mia and Ana are two people. If not, an admin can change it there."
    )
    assert chats.desk.store.links.all() == []


def test_another_account_than_the_file_names_is_refused(chats: Chats) -> None:
    chats.write(Member("mia", "Mia", slack="UMIA", discord="54"))
    code = links.make_code(chats.desk.ctx, chats.desk.policy.members[0])
    assert chats.say("discord:71", f"link {code}").startswith("earshot.toml names another Discord account for Mia.")
    assert "as earshot.toml says" in str(chats.do("slack:UMIA", "link").screen)


def test_what_the_file_says_later_ends_a_link(chats: Chats) -> None:
    chats.link("slack:UEVE", "discord:71")
    chats.write(Member("mia", "Mia", slack="UEVE", discord="54"))
    assert chats.desk.policy.member_on("slack", "UEVE") == chats.desk.policy.member("mia")
    there = chats.desk.policy.member_on("discord", "71")
    assert there
    assert there.name == "eve.discord"


def test_nobody_has_two_accounts_in_one_chat(chats: Chats) -> None:
    chats.link("slack:UEVE", "discord:71")
    code = chats.code("slack:UKIM")
    assert chats.say("discord:71", f"link {code}").startswith("Eve has another Slack account already. `link remove`")
    assert chats.say("slack:UEVE", f"link {code}").startswith("Kim has another Slack account already.")


# Accounts that were one person once


@pytest.mark.parametrize("is_written_as_one", [True, False])
@pytest.mark.parametrize(("author", "approver"), [("slack:UEVE", "discord:72"), ("discord:72", "slack:UEVE")])
def test_who_links_one_account_after_another_is_not_two_people(
    chats: Chats, author: str, approver: str, is_written_as_one: bool
) -> None:
    """Eve has two accounts in Discord, each with a role: Zoe's is hers too."""
    chats.desk.open_case()
    chats.link("slack:UEVE", "discord:72")
    if is_written_as_one:
        chats.do(author, "draft 1 We are so sorry.")
    chats.say("slack:UEVE", "link remove")
    chats.link("slack:UEVE", "discord:71")
    if not is_written_as_one:
        chats.do(author, "draft 1 We are so sorry.")
    told = chats.say(approver, "approve 1")
    assert ("You wrote this draft" if is_written_as_one else "were linked as one person before (four eyes).") in told
    assert chats.desk.draft_of(1).state is DraftState.PROPOSED


def test_two_who_were_linked_by_mistake_are_two_once_the_file_names_both(chats: Chats) -> None:
    chats.desk.open_case()
    chats.link("slack:UEVE", "discord:72")
    chats.say("slack:UEVE", "link remove")
    assert not chats.do("slack:UEVE", "draft 1 We are so sorry.").is_error
    assert "have an admin write both into earshot.toml" in chats.say("discord:72", "approve 1")
    chats.write(Member("eve", slack="UEVE"), Member("zoe", discord="72"))
    assert not chats.do("discord:72", "approve 1").is_error


def test_a_handle_that_another_takes_does_not_make_her_two_people(chats: Chats) -> None:
    chats.desk.open_case()
    assert not chats.do("discord:71", "draft 1 We are so sorry.").is_error
    chats.meet(replace(EVE_THERE, handle="evening"), replace(ZOE, handle="eve"))
    assert chats.say("discord:71", "approve 1").startswith("You wrote this draft")
    assert not chats.do("discord:72", "approve 1").is_error


# What was claimed


def test_what_she_had_claimed_under_the_other_name_is_hers(chats: Chats) -> None:
    chats.desk.open_case()
    chats.do("discord:71", "claim 1")
    assert chats.desk.case(1).assignee == "eve.discord"
    chats.link("slack:UEVE", "discord:71")
    assert chats.desk.case(1).assignee == "eve"
    assert chats.desk.events(1)[-1].detail == {"from": "eve.discord", "to": "eve", "why": "one person"}
    assert not chats.do("slack:UEVE", "release 1").is_error


def test_after_the_end_of_a_link_the_names_are_as_before(chats: Chats) -> None:
    chats.link("discord:71", "slack:UEVE")
    chats.desk.open_case()
    chats.do("slack:UEVE", "claim 1")
    assert chats.desk.case(1).assignee == "eve.discord"
    assert chats.say("slack:UEVE", "link remove") == (
        "Your accounts are two people again. What was claimed stays with @eve.discord."
    )
    here, there = chats.desk.policy.member_on("slack", "UEVE"), chats.desk.policy.member_on("discord", "71")
    assert here
    assert there
    assert (here.name, there.name) == ("eve", "eve.discord")
    assert chats.direct()[-1][:2] == ("discord", "@eve.discord")
    assert chats.say("slack:UEVE", "link remove").startswith("Nothing is linked of Eve.")


def test_only_an_admin_ends_the_link_of_somebody_else(chats: Chats) -> None:
    chats.link("slack:UEVE", "discord:71")
    assert chats.say("slack:UKIM", "link remove @eve") == "To end the link of somebody else is for an admin."
    chats.write(Member("mia", "Mia", (ADMIN,)))
    assert chats.say("local:mia", "link remove @eve").startswith("The accounts of Eve are two people again.")
    assert chats.direct()[-1][:2] == ("slack", "@eve")


# Codes


def test_a_code_is_good_for_ten_minutes_and_once(chats: Chats) -> None:
    code = chats.code("slack:UEVE")
    chats.desk.later(minutes=10)
    screen = chats.ask("discord:71", code)
    chats.desk.later(seconds=1)
    assert chats.confirm("discord:71", screen).words.startswith("That code has run out, or was used.")
    assert chats.say("discord:71", f"link {code}").startswith("This code is wrong, or older than 10 minutes.")
    screen = chats.ask("discord:71", chats.code("slack:UEVE"))
    assert not chats.confirm("discord:71", screen).is_error
    assert chats.confirm("discord:71", screen).is_error
    assert chats.desk.store.engine.value("select count(*) from link_offers") == 0


def test_what_another_typed_is_not_confirmed_by_anybody_else(chats: Chats) -> None:
    code = chats.code("slack:UEVE")
    screen = chats.ask("discord:71", code)
    assert chats.confirm("discord:72", screen).words.startswith("That code has run out, or was used.")
    assert chats.say("discord:72", f"link {code}").startswith("This code is wrong")
    (button,) = screen.buttons
    unsure = {name: value for name, value in button.values if name != "sure"}
    chats._do(replace(chats.at("discord:71", **unsure), verb="link"))
    assert chats.desk.store.links.all() == []


def test_the_code_stands_nowhere_in_the_store(chats: Chats) -> None:
    code = chats.code("slack:UEVE").replace("-", "")
    chats.ask("discord:71", code)
    rows = chats.desk.store.engine.rows("select * from link_offers")
    assert not any(code in str(value) for row in rows for value in tuple(row))


def test_five_wrong_ones_in_an_hour_are_enough(chats: Chats) -> None:
    for _ in range(5):
        assert chats.say("discord:71", "link AAAA-AAAA").startswith("This code is wrong")
    code = chats.code("slack:UEVE")
    assert chats.say("discord:71", f"link {code}") == (
        "5 codes in an hour were wrong. Try again in an hour, with a new code."
    )
    assert chats.ask("discord:99", code)  # somebody else's tries are her own
    chats.desk.now += timedelta(hours=1)
    assert chats.ask("discord:71", chats.code("slack:UEVE"))


def test_her_own_code_belongs_into_the_other_chat(chats: Chats) -> None:
    code = chats.code("slack:UEVE")
    assert chats.say("slack:UEVE", f"link {code}").startswith("This code is yours: it belongs into the other chat.")
    assert chats.ask("discord:71", code)


@pytest.mark.parametrize("words", ["remov", "K7QM", "O0O0-I1L1"])
def test_what_is_no_code_is_no_try(chats: Chats, words: str) -> None:
    for _ in range(6):
        assert "is not a code." in chats.say("discord:71", f"link {words}")


def test_guests_and_those_who_lost_their_roles_link_nothing(chats: Chats) -> None:
    code = chats.code("slack:UEVE")
    chats.meet(replace(EVE, is_guest=True), Person("slack", "UGUS", "gus", "Gus", ("support",), is_guest=True))
    assert chats.say("slack:UGUS", "link").startswith("You are a guest here")
    assert chats.say("discord:71", f"link {code}").startswith("Whoever got this code has no role any more.")
    chats.meet(replace(EVE, groups=()))
    assert chats.say("discord:71", f"link {code}").startswith("Whoever got this code has no role any more.")
    assert chats.desk.store.links.all() == []
