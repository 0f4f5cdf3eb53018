"""Whom Earshot knows in Discord. It lists nobody to us, so we meet a person when she acts, and look after her since.

Kept are only those whom the file names, whom `link` joined to a member, or to whom a role of theirs gives something:
a server may be full of customers.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

import discord

from bot.chats.discord.desk import DiscordDesk
from bot.chats.discord.refusals import DiscordRefused
from handlers.ports import ChatError
from handlers.rules.policy import Member
from handlers.rules.roster import Person, group_key, has_roles_from

log = logging.getLogger(__name__)

T = TypeVar("T")

MOST_PEOPLE = 500
MOST_ASKED = 25  # at a time
FRESH = 600.0  # seconds; what is known of a person is asked again after that
HOLDS = 1_800.0  # seconds for which the roles of a person count after Discord last told them
FRESH_ENOUGH = 10.0  # seconds; whoever acts where Discord does not tell her roles is asked after once they are older
_ASKED_WITHIN = 1.0  # seconds; her click is to be answered in three
_REMEMBER = 86_400.0  # seconds after which a person who has not changed is written down again
_ENOUGH_ERRORS = 3  # then it is Discord's trouble and not a person's
_NOBODY = (10007, 10013)  # codes of Discord: no member of this server, no user at all


class Calls(Protocol):
    """What calls Discord for us and puts its errors into ours (`Wire`)."""

    async def call(self, work: Callable[[], Awaitable[T]], *, what: str) -> T:
        """Raises ChatError."""


@dataclass(frozen=True, slots=True)
class Known:
    """A person as Discord told of her last. Times are on the clock that counts seconds; never: long ago."""

    person: Person
    roles: frozenset[int] | None  # ids; None when only the store remembers her
    told_at: float  # when Discord told her roles
    seen_at: float  # when she last acted
    written_at: float  # when the store was told


class People:
    """Keeps whom Discord told of. `guild` is our server as the client has it, None until it is there; `clock` counts
    seconds.
    """

    def __init__(
        self,
        desk: DiscordDesk,
        guild: Callable[[], discord.Guild | None],
        wire: Calls,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._desk = desk
        self._guild = guild
        self._wire = wire
        self._clock = clock
        self._known: dict[str, Known] = {}
        self._told: list[Person] = []
        self._asked: dict[str, float] = {}  # when we asked of whom, whatever came of it
        self._named_twice: frozenset[str] = frozenset()

    def member_of(self, user_id: int | str) -> Member | None:
        """The member of the team with this account, None for anybody else."""
        return self._desk.policy().member_on("discord", str(user_id))

    async def load(self) -> None:
        """Whom we knew before the program began: their roles count as an agent's until Discord has told them again."""
        for person in (await self._desk.remembered("discord"))[:MOST_PEOPLE]:
            never = float("-inf")
            old = replace(person, is_uncertain=True)
            self._known.setdefault(person.id, Known(old, None, never, never, self._clock()))
        self._tell()

    async def saw(self, user: discord.Member | discord.User) -> None:
        """She has just done something: what Discord says of her with it is the truth now.

        A direct message does not tell her roles, so that Discord is asked for them. Another server's say nothing here.
        """
        guild = self._there()
        if user.bot:
            return
        if guild is not None and isinstance(user, discord.Member) and user.guild.id == guild.id:
            await self._learn(user, is_act=True)
        elif self.member_of(user.id) is not None:
            await self._make_sure(guild, str(user.id))

    async def refresh(self) -> None:
        """Ask Discord of those whose last word is oldest, a few at a time: who is gone, whose roles were taken away.

        Names of roles that changed count at once. What cannot be asked stays as it was; the first error is raised at
        the end.
        """
        guild = self._there()
        errors: list[ChatError] = []
        for user_id in self._due() if guild is not None else ():
            try:
                await self._ask(guild, user_id)
            except ChatError as error:  # perhaps of one person only
                errors.append(error)
                if len(errors) == _ENOUGH_ERRORS:
                    break
        self._tell()
        if errors:
            raise errors[0]

    # What Discord says

    def _due(self) -> list[str]:
        """Whom to ask: those never heard of first."""
        told = {key: one.told_at for key, one in self._known.items() if self._matters(one.person)}
        wanted = dict.fromkeys((*self._listed(), *told))
        self._asked = {user_id: at for user_id, at in self._asked.items() if user_id in wanted}
        never = float("-inf")
        times = {one: max(told.get(one, never), self._asked.get(one, never)) for one in wanted}
        old = [user_id for user_id, at in times.items() if at <= self._clock() - FRESH]
        return sorted(old, key=lambda user_id: times[user_id])[:MOST_ASKED]

    async def _ask(self, guild: discord.Guild | None, user_id: str) -> None:
        if guild is None or not user_id.isdecimal():
            return
        self._asked[user_id] = self._clock()
        try:
            member = await self._wire.call(lambda: guild.fetch_member(int(user_id)), what="a look at a member")
        except DiscordRefused as error:
            if error.code not in _NOBODY:
                raise
            await self._lost(user_id)
            return
        if not member.bot:
            await self._learn(member, is_act=False)

    async def _make_sure(self, guild: discord.Guild | None, user_id: str) -> None:
        """What was taken from her counts no more; when Discord cannot be asked just now, her roles are an agent's."""
        if self._is_fresh(user_id):
            return
        try:
            async with asyncio.timeout(_ASKED_WITHIN):
                await self._ask(guild, user_id)
        except (ChatError, TimeoutError) as error:
            log.warning("Discord did not say who acts: %s", error or "no answer", extra={"discord_user": user_id})
        known = self._known.get(user_id)
        if known is not None and not self._is_fresh(user_id):
            self._known[user_id] = replace(known, told_at=float("-inf"))
            self._tell()

    def _is_fresh(self, user_id: str) -> bool:
        known = self._known.get(user_id)
        return known is not None and self._clock() - known.told_at < FRESH_ENOUGH

    async def _learn(self, member: discord.Member, *, is_act: bool) -> None:
        now, user_id = self._clock(), str(member.id)
        roles = frozenset(role.id for role in member.roles if not role.is_default())
        guild = self._there()
        groups = _groups(guild, roles, _twice(guild)) if guild is not None else ()
        person = Person("discord", user_id, member.name, member.display_name, groups)
        before = self._known.get(user_id)
        if before is None and not self._matters(person):
            return
        written = before.written_at if before else float("-inf")
        seen = now if is_act or before is None else before.seen_at
        is_news = before is None or replace(before.person, is_uncertain=False) != person
        is_due = is_news or now - written >= _REMEMBER
        self._known[user_id] = Known(person, roles, now, seen, now if is_due else written)
        self._forget_the_oldest()
        if is_news or before is None or now - before.told_at > HOLDS:  # else nobody counts for more or less than before
            self._tell()
        if is_due:
            await self._desk.remember("discord", [person])

    async def _lost(self, user_id: str) -> None:
        """She is not in the server any more. That is kept, so that nothing is given to her by what was known."""
        before = self._known.get(user_id)
        person = before.person if before else Person("discord", user_id, "", "")
        gone = replace(person, groups=(), is_gone=True, is_uncertain=False)
        now = self._clock()
        seen = before.seen_at if before else float("-inf")
        self._known[user_id] = Known(gone, frozenset(), now, seen, now)
        self._tell()
        if before is not None and before.person.groups:
            await self._desk.remember("discord", [replace(gone, is_gone=False)])

    def _there(self) -> discord.Guild | None:
        """Our server, once its roles are known."""
        guild = self._guild()
        return guild if guild is not None and not guild.unavailable and guild.roles else None

    # What we say of them

    def _tell(self) -> None:
        """Tell the desk, if there is news."""
        guild, now = self._there(), self._clock()
        twice = _twice(guild) if guild is not None else frozenset[str]()
        if guild is not None:
            self._mind_names(twice)
        people = [_now(one, now, guild, twice) for _, one in sorted(self._known.items())]
        if people != self._told:
            self._told = people
            self._desk.meet("discord", people, groups_are_known=True)

    def _mind_names(self, twice: frozenset[str]) -> None:
        """A role that the file names is one of two: that is said once."""
        named = twice.intersection(map(group_key, self._desk.policy().discord.roles))
        if named - self._named_twice:
            names = ", ".join(sorted(named))
            log.warning("Discord has two roles called %s: write the role's id into [discord.roles]", names)
        self._named_twice = named

    def _listed(self) -> list[str]:
        return [member.discord for member in self._desk.policy().members if member.discord]

    def _matters(self, person: Person) -> bool:
        return person.is_gone or self.member_of(person.id) is not None or has_roles_from(self._desk.policy(), person)

    def _forget_the_oldest(self) -> None:
        """Those who have nothing from us first, then those who have not acted for longest."""
        if len(self._known) <= MOST_PEOPLE:
            return
        oldest = min(self._known.values(), key=lambda one: (self._matters(one.person), one.seen_at))
        del self._known[oldest.person.id]


def _now(known: Known, now: float, guild: discord.Guild | None, twice: Collection[str]) -> Person:
    """Roles by the names that they have now; those that were not told for long are an agent's."""
    groups = (
        _groups(guild, known.roles, twice) if guild is not None and known.roles is not None else known.person.groups
    )
    return replace(known.person, groups=groups, is_uncertain=now - known.told_at > HOLDS)


def _groups(guild: discord.Guild, roles: Iterable[int], twice: Collection[str]) -> tuple[str, ...]:
    """Ids and names. A name that two roles have says nothing: who may make roles could make one more of it."""
    there = [role for role in map(guild.get_role, sorted(roles)) if role is not None and not role.is_default()]
    names = (role.name for role in there if group_key(role.name) not in twice and not role.name.strip().isdecimal())
    return (*(str(role.id) for role in there), *names)


def _twice(guild: discord.Guild) -> frozenset[str]:
    """Names that more than one role has."""
    counts = Counter(group_key(role.name) for role in guild.roles)
    return frozenset(key for key, count in counts.items() if count > 1)
