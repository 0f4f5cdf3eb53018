"""Who belongs to the team once a chat has told whom it knows."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.policy_checks import MEMBER_NAME, RESERVED
from handlers.rules import roster
from handlers.rules.policy import Member, Policy, SlackPolicy
from handlers.rules.roles import may
from handlers.rules.roster import Person, with_people
from storage.types import Role
from tests.hostile import ATTACKS
from tests.kit import POLICY

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
    ana, bo = with_people(team(replace(ANA, roles=(APPROVER,))), people, groups_are_known=False).members
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
    made = with_people(policy, people, groups_are_known=groups_are_known)
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
    assert with_people(made, people, groups_are_known=groups_are_known) == made
