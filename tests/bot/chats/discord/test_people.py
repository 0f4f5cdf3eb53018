"""Whom Earshot knows in Discord: met when they act, asked after now and then, remembered over a restart."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any, TypeVar, cast

import discord
import pytest

from bot.chats.discord import people as module
from bot.chats.discord.desk import DiscordDesk
from bot.chats.discord.people import FRESH, FRESH_ENOUGH, HOLDS, MOST_ASKED, People
from bot.chats.discord.refusals import DiscordRefused
from bot.team import Team
from handlers.ports import ChatBusy
from handlers.rules.policy import DiscordPolicy, Member, Policy
from handlers.rules.roster import Person
from storage.links import Link
from storage.types import Role
from tests.kit import NOW, POLICY

AGENT, APPROVER = Role.AGENT, Role.APPROVER
SERVER = 500
SUPPORT, LEADS, FANS = 601, 602, 603
ROLES = {"Support": (AGENT,), str(LEADS): (APPROVER,)}

T = TypeVar("T")


class Discord:
    """What the library keeps and asks, as far as people need it."""

    shard_count = None
    self_id = 1
    cache_guild_expressions = False
    member_cache_flags = discord.MemberCacheFlags.none()

    def __init__(self) -> None:
        self.http = self
        self.asked: list[int] = []
        self.there: dict[int, dict[str, Any]] = {}
        self.error: Exception | None = None
        self.is_silent = False
        self.guild: discord.Guild | None = self.server()

    def server(self, number: int = SERVER, **names: int) -> discord.Guild:
        named = {"@everyone": number, "Support": SUPPORT, "leads of the desk": LEADS, "Fans": FANS, **names}
        roles = [
            {"id": str(role), "name": name, "permissions": "0", "position": place, "colors": {"primary_color": 0}}
            | dict.fromkeys(("hoist", "managed", "mentionable"), False)
            | {"color": 0, "flags": 0}
            for place, (name, role) in enumerate(named.items())
        ]
        told = {"id": str(number), "name": "Heron HQ", "roles": roles, "emojis": [], "stickers": [], "features": []}
        return discord.Guild(data=cast(Any, told | {"owner_id": "1"}), state=cast(Any, self))

    def store_user(self, data: Any, *, cache: bool = True) -> discord.User:
        return discord.User(state=cast(Any, self), data=data)

    def create_user(self, data: Any) -> discord.User:
        return self.store_user(data)

    async def get_member(self, guild_id: int, member_id: int) -> dict[str, Any]:
        assert guild_id == SERVER
        self.asked.append(member_id)
        if self.is_silent:
            await asyncio.Event().wait()
        if self.error is not None:
            raise self.error
        if member_id not in self.there:
            raise DiscordRefused("a look at a member", 10007, 404)
        return self.there[member_id]

    async def call(self, work: Callable[[], Awaitable[T]], *, what: str) -> T:
        assert what
        return await work()

    def joins(self, number: int, name: str, *roles: int, is_bot: bool = False) -> discord.Member:
        """Somebody in our server; how Discord tells of her."""
        user = {"id": str(number), "username": name, "discriminator": "0", "avatar": None, "bot": is_bot}
        self.there[number] = {
            "user": user | {"global_name": name.title()},
            "roles": [str(role) for role in roles],
            "joined_at": None,
            "flags": 0,
        }
        return self.member(number)

    def member(self, number: int, guild: discord.Guild | None = None) -> discord.Member:
        server = guild or self.guild
        assert server is not None
        return discord.Member(data=cast(Any, self.there[number]), guild=server, state=cast(Any, self))

    def leaves(self, number: int) -> None:
        del self.there[number]


@dataclass
class Desk:
    """The team, and what is remembered of Discord."""

    team: Team
    kept: dict[str, Person] = field(default_factory=dict)
    written: int = 0

    def policy(self) -> Policy:
        return self.team.policy

    def meet(self, chat: str, people: Sequence[Person], *, groups_are_known: bool) -> None:
        self.team.meet(chat, people, groups_are_known=groups_are_known)

    async def remember(self, chat: str, people: Sequence[Person]) -> None:
        assert chat == "discord"
        self.written += 1
        self.kept |= {one.id: Person(chat, one.id, one.handle, one.name, one.groups) for one in people}

    async def remembered(self, chat: str) -> Sequence[Person]:
        assert chat == "discord"
        return list(self.kept.values())


@dataclass
class Office:
    discord: Discord
    desk: Desk
    people: People
    clock: SimpleNamespace

    def restart(self) -> People:
        self.desk.team.meet("discord", (), groups_are_known=True)
        self.people = made(self.discord, self.desk, self.clock)
        return self.people

    def roles(self, number: int) -> tuple[Role, ...] | None:
        found = self.people.member_of(number)
        return found.roles if found else None


def made(there: Discord, desk: Desk, clock: SimpleNamespace) -> People:
    return People(cast(DiscordDesk, desk), lambda: there.guild, there, lambda: float(clock.now))


@pytest.fixture
def office() -> Office:
    there, clock = Discord(), SimpleNamespace(now=1_000_000.0)
    policy = replace(POLICY, members=(Member("mia", "Mia", discord="55"),), discord=DiscordPolicy(roles=ROLES))
    desk = Desk(Team(policy))
    return Office(there, desk, made(there, desk, clock), clock)


async def test_whoever_acts_has_the_roles_that_discord_tells_with_it(office: Office) -> None:
    zoe = office.discord.joins(71, "zoe", SUPPORT)
    assert office.roles(71) is None
    await office.people.saw(zoe)
    member = office.people.member_of(71)
    assert member
    assert (member.name, member.label, member.roles, member.joined) == ("zoe", "Zoe", (AGENT,), "discord")
    await office.people.saw(office.discord.joins(71, "zoe", SUPPORT, LEADS))
    assert office.roles(71) == (AGENT, APPROVER)
    await office.people.saw(office.discord.joins(71, "zoe", FANS))
    assert office.roles(71) is None
    assert office.discord.asked == []


async def test_customers_of_the_server_are_not_kept(office: Office) -> None:
    await office.people.saw(office.discord.joins(80, "fan", FANS))
    await office.people.saw(office.discord.joins(81, "machine", LEADS, is_bot=True))
    assert (office.desk.kept, office.desk.policy().members) == ({}, office.desk.policy().members[:1])


async def test_another_server_gives_nobody_a_role(office: Office) -> None:
    office.discord.joins(71, "zoe", SUPPORT, LEADS)
    await office.people.saw(office.discord.member(71, office.discord.server(501)))
    assert office.roles(71) is None


async def test_a_direct_message_takes_no_role_away(office: Office) -> None:
    zoe = office.discord.joins(71, "zoe", SUPPORT, LEADS)
    await office.people.saw(zoe)
    await office.people.saw(zoe._user)
    assert (office.roles(71), office.discord.asked) == ((AGENT, APPROVER), [])  # told a moment ago
    office.clock.now += FRESH_ENOUGH
    await office.people.saw(zoe._user)
    assert (office.roles(71), office.discord.asked) == ((AGENT, APPROVER), [71])


async def test_what_was_taken_from_her_counts_no_more_in_direct_messages(office: Office) -> None:
    zoe = office.discord.joins(71, "zoe", SUPPORT, LEADS)
    await office.people.saw(zoe)
    office.discord.joins(71, "zoe", SUPPORT)
    office.clock.now += FRESH_ENOUGH
    await office.people.saw(zoe._user)
    assert office.roles(71) == (AGENT,)
    office.discord.leaves(71)
    office.clock.now += FRESH_ENOUGH
    await office.people.saw(zoe._user)
    assert office.roles(71) is None


async def test_somebody_of_the_file_who_was_thrown_out_may_nothing_in_direct_messages(office: Office) -> None:
    mia = office.discord.joins(55, "mia")
    office.discord.leaves(55)
    await office.people.saw(mia._user)
    assert office.roles(55) == ()


@pytest.mark.parametrize("trouble", ["an error", "no answer", "no server"])
async def test_she_is_an_agent_in_direct_messages_while_discord_cannot_be_asked(
    office: Office, trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_ASKED_WITHIN", 0.01)
    zoe = office.discord.joins(71, "zoe", LEADS)
    await office.people.saw(zoe)
    office.clock.now += FRESH_ENOUGH
    office.discord.error = ChatBusy("Discord asks to wait.", 5) if trouble == "an error" else None
    office.discord.is_silent = trouble == "no answer"
    there = office.discord.guild
    office.discord.guild = None if trouble == "no server" else there
    await office.people.saw(zoe._user)
    assert office.roles(71) == (AGENT,)
    office.discord.error, office.discord.is_silent, office.discord.guild = None, False, there
    await office.people.saw(zoe._user)
    assert office.roles(71) == (APPROVER,)


async def test_a_customer_who_writes_directly_is_not_asked_after(office: Office) -> None:
    await office.people.saw(office.discord.joins(80, "fan", FANS)._user)
    assert office.discord.asked == []


async def test_she_is_known_after_a_restart_as_an_agent_until_discord_says_more(office: Office) -> None:
    await office.people.saw(office.discord.joins(71, "zoe", LEADS))
    await office.restart().load()
    assert office.roles(71) == (AGENT,)
    await office.people.refresh()
    assert office.roles(71) == (APPROVER,)


async def test_what_was_known_is_written_once(office: Office) -> None:
    zoe = office.discord.joins(71, "zoe", SUPPORT)
    for _ in range(3):
        await office.people.saw(zoe)
    assert office.desk.written == 1
    office.clock.now += 86_400
    await office.people.saw(zoe)
    assert office.desk.written == 2


async def test_a_role_that_was_taken_away_is_noticed_without_her(office: Office) -> None:
    await office.people.saw(office.discord.joins(71, "zoe", SUPPORT, LEADS))
    office.discord.joins(71, "zoe", SUPPORT)
    await office.people.refresh()
    assert office.roles(71) == (AGENT, APPROVER)  # asked a moment ago
    office.clock.now += FRESH
    await office.people.refresh()
    assert office.roles(71) == (AGENT,)


async def test_who_left_the_server_may_nothing_and_may_come_back(office: Office) -> None:
    await office.people.saw(office.discord.joins(71, "zoe", SUPPORT))
    office.discord.joins(55, "mia")
    office.discord.leaves(71)
    office.discord.leaves(55)
    office.clock.now += FRESH
    await office.people.refresh()
    assert office.roles(71) is None
    assert office.roles(55) == ()
    await office.restart().load()
    assert office.roles(71) is None
    await office.people.refresh()
    assert office.roles(55) == ()
    await office.people.saw(office.discord.joins(55, "mia", LEADS))
    assert office.roles(55) == (AGENT, APPROVER)


async def test_who_left_the_server_stays_on_the_team_elsewhere(office: Office) -> None:
    policy = replace(office.desk.policy(), members=(Member("mia", "Mia", slack="UMIA", discord="55"),))
    office.desk.team = Team(policy)
    await office.people.refresh()
    mia = office.desk.policy().member("mia")
    assert mia
    assert (mia.roles, mia.discord) == ((AGENT,), "")
    assert office.people.member_of(55) is None
    await office.people.saw(office.discord.joins(55, "mia"))
    assert office.people.member_of(55)


async def test_when_discord_cannot_be_asked_roles_end_after_a_while(office: Office) -> None:
    await office.people.saw(office.discord.joins(71, "zoe", LEADS))
    office.discord.error = ChatBusy("Discord asks to wait.", 5)
    office.clock.now += HOLDS
    with pytest.raises(ChatBusy):
        await office.people.refresh()
    assert office.roles(71) == (APPROVER,)
    office.clock.now += 1
    await office.people.refresh()  # it was tried a moment ago
    assert office.roles(71) == (AGENT,)
    await office.people.saw(office.discord.member(71))
    assert office.roles(71) == (APPROVER,)


async def test_nobody_is_gone_because_the_server_is(office: Office) -> None:
    await office.people.saw(office.discord.joins(71, "zoe", SUPPORT))
    office.clock.now += FRESH
    office.discord.error = DiscordRefused("a look at a member", 10004, 404)
    with pytest.raises(DiscordRefused):
        await office.people.refresh()
    assert office.roles(71) == (AGENT,)
    office.discord.guild = None
    await office.people.refresh()
    assert office.roles(71) == (AGENT,)


async def test_a_name_that_two_roles_have_gives_nothing(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    """Who may make roles, and is none of ours, makes one more "support" and takes it."""
    zoe = office.discord.joins(71, "zoe", SUPPORT)
    office.discord.guild = office.discord.server(**{"support": 700})
    eve = office.discord.joins(72, "eve", 700)
    await office.people.saw(zoe)
    await office.people.saw(eve)
    assert (office.roles(71), office.roles(72)) == (None, None)
    await office.people.saw(office.discord.joins(73, "kim", LEADS, 700))
    assert office.roles(73) == (APPROVER,)
    assert [one.getMessage() for one in caplog.records] == [
        "Discord has two roles called support: write the role's id into [discord.roles]"
    ]


async def test_a_role_named_like_an_id_or_like_everybody_is_none(office: Office) -> None:
    office.discord.guild = office.discord.server(**{str(LEADS): 701})
    await office.people.saw(office.discord.joins(72, "eve", 701))
    assert office.roles(72) is None
    giving_all = DiscordPolicy(roles={"everyone": (AGENT,), str(SERVER): (AGENT,)})
    office.desk.team = Team(replace(office.desk.policy(), discord=giving_all))
    await office.people.saw(office.discord.joins(73, "kim"))
    assert office.roles(73) is None


async def test_a_role_with_a_new_name_counts_by_that_name(office: Office) -> None:
    await office.people.saw(office.discord.joins(71, "zoe", SUPPORT))
    office.discord.guild = office.discord.server(Support=700, helpers=SUPPORT)
    await office.people.refresh()
    assert office.roles(71) is None


async def test_few_are_asked_at_a_time_the_unknown_first(office: Office) -> None:
    for number in range(100, 100 + MOST_ASKED):
        await office.people.saw(office.discord.joins(number, f"zoe{number}", SUPPORT))
    office.clock.now += FRESH
    office.discord.joins(55, "mia")
    await office.people.refresh()
    assert (office.discord.asked[0], len(office.discord.asked)) == (55, MOST_ASKED)
    await office.people.refresh()
    assert len(set(office.discord.asked)) == len(office.discord.asked) == MOST_ASKED + 1


async def test_those_whom_nothing_is_given_are_forgotten_first(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_PEOPLE", 2)
    await office.people.saw(office.discord.joins(71, "zoe", SUPPORT))
    await office.people.saw(office.discord.joins(72, "kim", SUPPORT))
    await office.people.saw(office.discord.joins(72, "kim", FANS))
    await office.people.saw(office.discord.joins(73, "eve", SUPPORT))
    assert (office.roles(71), office.roles(73)) == ((AGENT,), (AGENT,))
    await office.people.saw(office.discord.joins(74, "ann", SUPPORT))
    assert office.roles(71) is None


async def test_an_account_that_a_link_gave_is_looked_after_too(office: Office) -> None:
    office.desk.team.go_by_links([Link(1, "", "U1", "90", "kim", (), "slack", NOW)])
    office.desk.team.meet("slack", [Person("slack", "U1", "kim", "Kim", ())], groups_are_known=True)
    await office.people.saw(office.discord.joins(90, "kim", SUPPORT))
    kim = office.people.member_of(90)
    assert kim
    assert (kim.name, kim.slack, kim.roles) == ("kim", "U1", (AGENT,))
