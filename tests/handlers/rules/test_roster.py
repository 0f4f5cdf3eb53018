"""Who belongs to the team once a chat has told whom it knows."""

from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.policy_checks import MEMBER_NAME, RESERVED
from handlers.rules import roster
from handlers.rules.policy import DiscordPolicy, Member, Policy, SlackPolicy
from handlers.rules.roles import may
from handlers.rules.roster import Person, with_people
from storage.links import Link
from storage.types import Role
from tests.hostile import ATTACKS
from tests.kit import NOW, POLICY

AGENT, APPROVER, MANAGER, ADMIN = Role.AGENT, Role.APPROVER, Role.MANAGER, Role.ADMIN
GROUPS = {"@Support": (AGENT,), "leads": (AGENT, MANAGER), "nothing": ()}


def team(*members: Member, outsiders: bool = False) -> Policy:
    return replace(POLICY, members=members, slack=SlackPolicy(groups=GROUPS, outsiders=outsiders))


def person(handle: str, *groups: str, name: str = "", id: str = "", **limits: bool) -> Person:
    return Person("slack", id or f"U0{handle.upper()}", handle, name or handle.title(), groups, **limits)


ANA = Member("ana", "Ana", (AGENT, APPROVER), slack="U0ANA")


def test_without_people_the_team_is_the_file() -> None:
    policy = team(ANA, Member("x"))
    assert with_people(policy, ()) == policy
    assert with_people(policy, [person("bo"), person("cy", "football")]) == policy


def test_a_group_adds_a_member_with_its_roles() -> None:
    policy = with_people(team(ANA), [person("bo.miller", "support", "leads", name="Bo Miller")])
    bo = Member("bo.miller", "Bo Miller", (AGENT, MANAGER), slack="U0BO.MILLER", joined="slack")
    assert policy.members == (ANA, bo)
    assert policy.member_on("slack", "U0BO.MILLER") == policy.member("bo.miller")


def test_group_handles_are_compared_without_case_and_at() -> None:
    for handle in ("Support", "@support", "SUPPORT"):
        assert with_people(team(), [person("bo", handle)]).member("bo")


def test_a_group_that_gives_no_role_adds_nobody() -> None:
    assert with_people(team(), [person("bo", "nothing")]).members == ()


def test_a_member_of_the_file_keeps_her_name_and_roles_and_gets_more() -> None:
    (ana,) = with_people(team(ANA), [person("a.lind", "leads", name="Other", id="U0ANA")]).members
    assert ana == replace(ANA, roles=(AGENT, APPROVER, MANAGER))


def test_a_member_without_a_slack_id_is_nobody_there() -> None:
    bare = Member("bo", "Bo", (ADMIN,))
    policy = with_people(team(bare), [person("bo", "support"), Person("slack", "", "cy", "Cy", ("leads",))])
    assert policy.members[0] == bare
    assert [(member.name, member.slack) for member in policy.members[1:]] == [("bo-u0bo", "U0BO")]


def test_guests_of_the_platform_are_guests_here() -> None:
    policy = with_people(team(ANA), [person("ana", is_guest=True), person("gus", "support", is_guest=True)])
    assert [member.is_guest for member in policy.members] == [True, True]
    stays = with_people(team(replace(ANA, is_guest=True)), [person("ana")])
    assert stays.members[0].is_guest


def test_who_is_gone_keeps_her_name_and_may_do_nothing() -> None:
    policy = with_people(team(ANA), [person("ana", "leads", is_gone=True), person("bo", "leads", is_gone=True)])
    (ana,) = policy.members
    assert (ana.name, ana.roles, policy.label("ana")) == ("ana", (), "Ana")
    assert not any(may(ana, act) for act in ("show", "claim", "approve", "reload"))


def test_an_outsider_acts_only_if_allowed_and_listed() -> None:
    people = [person("ana", is_outsider=True), person("zoe", "leads", is_outsider=True)]
    (ana,) = with_people(team(ANA), people).members
    assert ana.roles == ()
    assert with_people(team(ANA, outsiders=True), people).members == (ANA,)


def test_when_groups_are_not_known_their_roles_shrink_to_an_agents() -> None:
    people = [person("ana", "leads"), person("bo", "leads"), person("cy", "nothing")]
    ana, bo = with_people(team(replace(ANA, roles=(APPROVER,))), people, doubtful=("slack",)).members
    assert ana.roles == (APPROVER, AGENT)
    assert bo.roles == (AGENT,)


def test_a_name_is_made_legal_and_its_own() -> None:
    people = [
        person("earshot", "support"),
        person("ana", "support", id="U1"),
        person("Ána Ölund", "support", id="U2"),
        person("木村", "support", id="U3"),
        person("", "support", id="U4"),
        person("x" * 500, "support", id="U5"),
        person("dup", "support", id="U6"),
        person("dup", "support", id="U7"),
    ]
    policy = with_people(team(ANA), people)
    names = {member.slack: member.name for member in policy.members}
    assert names["U0EARSHOT"] == "earshot-u0earshot"
    assert (names["U1"], names["U2"], names["U3"], names["U4"]) == ("ana-u1", "anaolund-u2", "u3", "u4")
    assert names["U5"] == "x" * 40 + "-u5"
    assert (names["U6"], names["U7"]) == ("dup", "dup-u7")


def test_names_do_not_hang_on_the_order_in_which_people_come() -> None:
    people = [person("dup", "support", id=f"U{number}") for number in range(5)]
    assert with_people(team(), people) == with_people(team(), people[::-1])


def test_nobody_is_shown_like_somebody_else() -> None:
    alike = ("  ana\u200b\n", "ＡＮＡ", "Äna", "𝐀𝐧𝐚")
    people = [person(f"evil{number}", "support", name=name) for number, name in enumerate(alike)]
    policy = with_people(team(ANA), [*people, person("evil9", "support", name="Evil (evil)")])
    assert [policy.label(f"evil{number}")[-7:] for number in range(len(alike))] == [
        f"(evil{number})" for number in range(len(alike))
    ]
    labels = [member.label.casefold() for member in policy.members]
    assert len(set(labels)) == len(labels) == 6


def test_nobody_without_a_name_is_shown_as_somebody_else_is() -> None:
    nameless = replace(person("eve", "support", id="U2"), name="")
    named = [person("ana", "support", name="Eve", id="U1"), person("zed", "support", name="Eve (eve)", id="U0")]
    policy = with_people(team(ANA), [*named, nameless])
    assert [member.label for member in policy.members] == ["Ana", "Eve (eve)", "Eve", "eve (eve) (eve)"]


def test_the_words_of_the_file_are_the_same_here() -> None:
    assert roster.RESERVED == RESERVED
    assert roster.NOT_IN_NAMES.sub("", "a.b_c-9") == "a.b_c-9"
    assert MEMBER_NAME.fullmatch(roster.NOT_IN_NAMES.sub("", "É!a B9"))


STRINGS = st.one_of(st.sampled_from(sorted(ATTACKS.values())), st.text(max_size=30))
PEOPLE = st.lists(
    st.builds(
        Person,
        st.sampled_from(("slack", "slack", "discord")),
        st.one_of(st.sampled_from(("U1", "U2", "U0ANA", "")), STRINGS),
        st.one_of(st.sampled_from(("ana", "bo", "earshot")), STRINGS),
        STRINGS,
        st.lists(st.sampled_from(("support", "leads", "nothing", "x")), max_size=2).map(tuple),
        st.booleans(),
        st.booleans(),
        st.booleans(),
    ),
    max_size=8,
)


@given(PEOPLE, st.booleans(), st.booleans())
@settings(max_examples=150, deadline=None)
def test_whoever_comes_the_team_is_sound(people: list[Person], outsiders: bool, groups_are_known: bool) -> None:
    policy = team(ANA, Member("bo"), outsiders=outsiders)
    made = with_people(policy, people, doubtful=() if groups_are_known else ("slack",))
    names = [member.name for member in made.members]
    assert names[:2] == ["ana", "bo"]
    assert len(set(names)) == len(names)
    for member in made.members[2:]:
        assert MEMBER_NAME.fullmatch(member.name)
        assert member.name not in RESERVED
        assert member.title == " ".join(member.title.split())
        assert member.roles
        assert member.slack
    ids = [member.slack for member in made.members if member.slack]
    assert len(set(ids)) == len(ids)
    assert with_people(made, people, doubtful=() if groups_are_known else ("slack",)) == made


# Discord, and both at once


def both(*members: Member, **groups: tuple[Role, ...]) -> Policy:
    """A team whose people are added by Slack's groups and by Discord's roles."""
    roles = groups or {"Support": (AGENT,), "602": (AGENT, APPROVER)}
    return replace(POLICY, members=members, slack=SlackPolicy(groups=GROUPS), discord=DiscordPolicy(roles=roles))


def there(handle: str, *roles: str, id: str = "", **limits: bool) -> Person:
    return Person("discord", id or f"7{len(handle)}", handle, handle.title(), roles, **limits)


def linked(slack: str = "", discord: str = "", member: str = "", name: str = "bo", *also: str) -> Link:
    return Link(1, member, slack, discord, name, also, "slack" if slack else "discord", NOW)


def test_roles_of_discord_add_members_by_name_or_id() -> None:
    alone = replace(both(), slack=SlackPolicy())
    policy = with_people(alone, [there("bo", "support"), there("mia", "leads", "602"), there("eve", "602x", id="9")])
    assert policy.members == (
        Member("bo", "Bo", (AGENT,), discord="72", joined="discord"),
        Member("mia", "Mia", (AGENT, APPROVER), discord="73", joined="discord"),
    )
    assert policy.member_on("discord", "72") == policy.member("bo")
    assert policy.member_on("slack", "72") is None


def test_groups_of_one_chat_say_nothing_in_the_other() -> None:
    policy = replace(both(), discord=DiscordPolicy(roles={"mods": (ADMIN,)}))
    assert with_people(policy, [there("bo", "support"), person("mods", "mods")]).members == ()


def test_who_is_slacks_bo_does_not_hang_on_who_was_met_first() -> None:
    """Discord's bo may act before Slack's was ever read: what he claims must not be the other's then."""
    for people in ([there("bo", "support")], [person("bo", "support"), there("bo", "support")]):
        found = with_people(both(), people).member_on("discord", "72")
        assert found
        assert found.name == "bo.discord"
    assert with_people(both(), [person("bo.discord", "support", id="U1")]).members[0].name == "bo.discord-u1"


def test_groups_of_one_chat_that_are_not_known_shrink_what_they_gave_alone() -> None:
    people = [person("ana", "leads", id="U0ANA"), there("mia", "602")]
    ana, mia = with_people(both(replace(ANA, roles=(APPROVER,))), people, doubtful=("discord",)).members
    assert (ana.roles, mia.roles) == ((APPROVER, AGENT, MANAGER), (AGENT,))
    (old,) = with_people(both(), [there("mia", "602", is_uncertain=True)]).members
    assert old.roles == (AGENT,)


def test_linked_accounts_are_one_member_with_the_roles_of_both() -> None:
    people = [person("bo", "support"), there("bobby", "602", id="72"), person("kim", "support")]
    bo, kim = with_people(both(), people, links=[linked("U0BO", "72", "", "bo", "bobby.discord")]).members
    assert bo == Member(
        "bo", "Bo", (AGENT, APPROVER), slack="U0BO", discord="72", joined="slack", also=("bobby.discord",)
    )
    assert kim.name == "kim"


def test_a_linked_name_stays_whoever_is_met_and_whatever_handles_become() -> None:
    link = linked("U0BO", "72")
    for people in ([there("bo", "support")], [person("robert", "support", id="U0BO"), there("bo", "support")]):
        (bo,) = with_people(both(), people, links=[link]).members
        assert (bo.name, bo.slack, bo.discord) == ("bo", "U0BO", "72")


def test_a_member_of_the_file_keeps_her_name_with_a_linked_account() -> None:
    bo = Member("bob", "Bob", (AGENT,), slack="U0BO")
    link = linked("U0BO", "72", "bob", "bob", "bobby.discord")
    (member,) = with_people(both(bo), [there("bobby", "602", id="72")], links=[link]).members
    assert member == replace(bo, roles=(AGENT, APPROVER), discord="72", also=("bobby.discord",))
    (bare,) = with_people(both(bo), [], links=[link]).members
    assert (bare.discord, bare.roles, bare.linked) == ("72", (AGENT,), ("discord",))


def test_a_link_by_name_alone_is_for_who_has_no_account_in_the_file() -> None:
    bo = Member("bob", "Bob", (AGENT,))
    link = linked("", "72", "bob", "bob")
    assert with_people(both(bo), [], links=[link]).members[0].discord == "72"
    assert with_people(both(), [there("bo", "support")], links=[link]).members[0].name == "bo.discord"


def test_the_file_wins_over_a_link() -> None:
    people = [person("bo", "support"), there("bo", "support")]
    for members in (
        (Member("bo", slack="U0BO", discord="99"),),
        (Member("bo", slack="U0BO"), Member("bob", discord="72")),
        (Member("bo", slack="U9"), Member("ana", slack="U0BO", discord="1")),
    ):
        told = with_people(both(*members), people, links=[linked("U0BO", "72", "bo")])
        alone = with_people(both(*members), people)
        assert [replace(member, kin="") for member in told.members] == list(alone.members)


def test_what_one_was_called_is_nobody_elses_name() -> None:
    link = linked("U0BO", "72", "", "bo", "bobby", "ana")
    people = [person("bo", "support"), there("bo", "support"), person("bobby", "support")]
    policy = with_people(both(ANA), people, links=[link])
    assert [member.name for member in policy.members] == ["ana", "bo", "bobby-u0bobby"]
    assert policy.member("bobby") == policy.member("bo")
    assert policy.member("ana") == ANA
    assert policy.label("bobby") == "Bo"


def test_an_account_that_is_gone_gives_a_linked_member_nothing() -> None:
    people = [person("bo", "leads", is_gone=True), there("bo", "support")]
    (bo,) = with_people(both(), people, links=[linked("U0BO", "72")]).members
    assert (bo.slack, bo.discord, bo.roles, bo.joined) == ("", "72", (AGENT,), "discord")
    gone = [person("bo", "leads", is_gone=True), there("bo", "support", is_gone=True)]
    assert with_people(both(), gone, links=[linked("U0BO", "72")]).members == ()
    listed = Member("bob", slack="U0BO", roles=(ADMIN,))
    (bob,) = with_people(both(listed), people, links=[linked("U0BO", "72", "bob", "bob")]).members
    assert bob.roles == ()  # deactivated, by the id that the file names


def test_a_guest_on_one_side_is_a_guest_on_both() -> None:
    people = [person("bo", "support", is_guest=True), there("bo", "602")]
    (bo,) = with_people(both(), people, links=[linked("U0BO", "72")]).members
    assert not any(may(bo, act) for act in ("claim", "approve", "link"))


@pytest.mark.parametrize(
    ("one", "other", "is_certain"),
    [
        (Member("a"), Member("b"), True),  # two of the file
        (Member("a", slack="U1"), Member("b", slack="U2", joined="slack"), True),
        (Member("a"), Member("b", slack="U2", joined="slack"), False),
        (Member("a", discord="1"), Member("b", slack="U2", joined="slack"), False),
        (Member("a", slack="U1", joined="slack"), Member("b", discord="2", joined="discord"), False),
        (Member("a", slack="U1", discord="1", joined="slack"), Member("b", discord="2", joined="discord"), True),
        (Member("a", slack="U1", discord="1", linked=("discord",)), Member("b", discord="2", joined="discord"), False),
        (Member("a"), Member("a"), False),
        (Member("a", slack="U1", kin="x"), Member("b", slack="U2", joined="slack", kin="x"), False),
        (Member("a", slack="U1", kin="x"), Member("b", slack="U2", joined="slack", kin="y"), True),
        (Member("a", kin="x"), Member("b", kin="x"), True),
    ],
)
def test_two_people_are_certain_only_where_both_are_vouched_for(one: Member, other: Member, is_certain: bool) -> None:
    assert (not one.may_be(other)) == (not other.may_be(one)) == is_certain


def test_who_was_said_to_be_one_person_is_perhaps_one_over_several_links() -> None:
    """Slack's U1 was 71 and then 72; U3 is 73, and has nothing to do with them."""
    people = [person("eve", "leads", id="U1"), person("kim", "leads", id="U3")]
    people += [there(handle, "602", id=id) for handle, id in (("eve", "71"), ("two", "72"), ("kim", "73"))]
    links = [linked("U1", "71")._replace(ended_at=NOW), linked("U1", "72"), linked("U3", "73", "", "kim")]
    policy = with_people(both(replace(ANA, discord="70")), people, links=links)
    assert perhaps_one(policy) == {("72", "71")}
    links[1] = links[1]._replace(ended_at=NOW)
    assert {("71", "72"), ("U1", "71"), ("U1", "72")} <= perhaps_one(
        with_people(both(replace(ANA, discord="70")), people, links=links)
    )


def test_who_linked_accounts_that_the_file_contradicts_since_is_perhaps_one_person_with_them() -> None:
    """Bo has said that 72 is hers; the file says now that 71 is."""
    people = [there("eve", "602", id="72"), there("kim", "602", id="73")]
    bo, link = Member("bob", "Bob", (APPROVER,), slack="U0BO", discord="71"), linked("U0BO", "72", "bob")
    policy = with_people(both(bo), people, links=[link])
    assert perhaps_one(policy) == {("71", "72")}


def perhaps_one(policy: Policy) -> set[tuple[str, str]]:
    ids = [(member.discord or member.slack, member) for member in policy.members]
    return {(one, two) for (one, her), (two, other) in combinations(ids, 2) if her.may_be(other) and other.may_be(her)}


def test_a_name_of_discord_that_is_taken_can_still_be_read() -> None:
    alone = replace(both(Member("bo")), slack=SlackPolicy())
    policy = with_people(alone, [there("bo", "support"), there("bo.discord", "support")])
    assert [member.name for member in policy.members] == ["bo", "bo.discord.discord", "bo.discord"]


LINKS = st.lists(
    st.builds(
        linked,
        st.sampled_from(("U1", "U2", "U0ANA", "")),
        st.sampled_from(("1", "2", "")),
        st.sampled_from(("ana", "bo", "zed", "")),
        st.sampled_from(("ana", "bo", "eve")),
        st.sampled_from(("ana", "eve", "eve.discord")),
    ),
    max_size=3,
    unique_by=(lambda one: one.slack or id(one), lambda one: one.discord or id(one), lambda one: one.member or id(one)),
)
IN_BOTH = st.lists(
    st.builds(
        Person,
        st.sampled_from(("slack", "discord")),
        st.sampled_from(("U1", "U2", "U0ANA", "1", "2")),
        st.sampled_from(("ana", "bo", "eve")),
        st.sampled_from(("Ana", "Eve", "")),
        st.lists(st.sampled_from(("support", "602", "x")), max_size=2).map(tuple),
        is_gone=st.booleans(),
        is_uncertain=st.booleans(),
    ),
    max_size=6,
)


@given(IN_BOTH, LINKS, st.booleans())
@settings(max_examples=60, deadline=None)
def test_whatever_is_linked_the_team_is_sound(people: list[Person], links: list[Link], is_doubtful: bool) -> None:
    policy = both(ANA, Member("bo", discord="1"))
    made = with_people(policy, people, links=links, doubtful=("slack",) if is_doubtful else ())
    names = [name for member in made.members for name in (member.name, *member.also)]
    assert len(set(names)) == len(names)
    assert names[0] == "ana"
    for chat in ("slack", "discord"):
        ids = [member.id_on(chat) for member in made.members if member.id_on(chat)]
        assert len(set(ids)) == len(ids)
    assert made.members[0].slack == "U0ANA"
    assert all(member.roles and (member.slack or member.discord) for member in made.members[2:])
    assert len({member.label.casefold() for member in made.members}) == len(made.members)
