"""The servers of a fake Discord: who and what is there, and what a test looks up in them."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tests.discord.permissions import ALL, BITS, EVERYBODY, bits, permissions
from tests.discord.refusals import Refusal
from tests.discord.world import DM, EPOCH, Channel, File, Guild, Member, Message, Role, User


class Workspace:
    """Everything that is there. "channel" and "user" are names ("#alerts", "ana"), ids or the things themselves."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock, self._ahead = clock, 0.0
        self._last_id = 0
        self.base = ""  # where it is: http://127.0.0.1:…
        self.guilds: dict[str, Guild] = {}
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}  # threads and direct messages too, deleted ones too
        self.names: dict[str, str] = {}  # of people, roles and channels, by id
        self.files: dict[str, File] = {}
        self.alarms: list[str] = []
        self.may_ping: set[str] = set()  # names and ids of people whom messages may call, and "everyone"
        self.may_link: Callable[[str], bool] | None = None  # which addresses messages may lead to, None: any
        self.bot = User(self.new_id(), "earshot", "Earshot", is_bot=True)
        self.application = self.bot.id  # as it is for every application since 2016
        self.users[self.bot.id] = self.bot
        self.names[self.bot.id] = self.bot.name
        self.guild = self.add_guild("Heron & Plover")

    # Time, and what follows from it

    def clock(self) -> float:
        """Discord's own time, in seconds: that of the computer, and what a test let pass."""
        return self._clock() + self._ahead

    def pass_time(self, seconds: float) -> None:
        """Later on Discord's clock: interactions and their tokens grow old, messages too."""
        self._ahead += seconds

    def new_id(self) -> str:
        """A number that grows with the time and that nothing else has."""
        self._last_id = max(self._last_id + 1, (int(self.clock() * 1000) - EPOCH) << 22)
        return str(self._last_id)

    # Who and what is there

    def add_guild(self, name: str, *, has_bot: bool = True) -> Guild:
        """Another server. Most tests need the first one alone, `guild`."""
        owner = User(self.new_id(), f"{name.lower().replace(' ', '')}-owner")
        self.users[owner.id] = owner
        guild = Guild(self.new_id(), name, owner.id, has_bot=has_bot)
        guild.roles[guild.id] = Role(guild.id, "@everyone", bits(EVERYBODY), position=0)
        guild.members[owner.id] = Member(owner)
        self.guilds[guild.id] = guild
        if has_bot:
            own = self.add_role(self.bot.name, guild=guild, is_managed=True)
            guild.members[self.bot.id] = Member(self.bot, [own.id])
        return guild

    def add_user(
        self, name: str, shown: str = "", roles: Iterable[str] = (), *, guild: Guild | None = None, is_bot: bool = False
    ) -> User:
        """Somebody in the server; `roles` that are not there are made."""
        user = User(self.new_id(), name, shown or name.title(), is_bot=is_bot)
        self.users[user.id] = user
        self.names[user.id] = name
        place = guild or self.guild
        place.members[user.id] = Member(user, [self._role(one, place).id for one in roles])
        return user

    def add_role(self, name: str, *, guild: Guild | None = None, can: str = "", **marks: bool) -> Role:
        """`can`: permissions, by discord.py's names; `marks`: is_mentionable, is_managed."""
        place = guild or self.guild
        role = Role(self.new_id(), name, bits(can), len(place.roles), **marks)
        place.roles[role.id] = role
        self.names[role.id] = name
        return role

    def add_channel(self, name: str, members: Iterable[str | User] = (), *, guild: Guild | None = None) -> Channel:
        """A text channel. With `members` a private one, for them and the bot alone."""
        place = guild or self.guild
        channel = Channel(self.new_id(), name.lstrip("#"), place.id, names_of_roles=place.roles)
        inside = [self.user(one).id for one in members]
        if inside:
            channel.overwrites[place.id] = [0, BITS["view_channel"]]
            channel.overwrites |= {one: [BITS["view_channel"], 0] for one in [*inside, self.bot.id]}
        self.channels[channel.id] = channel
        self.names[channel.id] = channel.name
        return channel

    def user(self, who: str | User) -> User:
        if isinstance(who, User):
            return who
        name = who.lstrip("@")
        found = self.users.get(name) or next((one for one in self.users.values() if one.name == name), None)
        assert found is not None, (
            f"Nobody is called {who}; there are {sorted(one.name for one in self.users.values())}."
        )
        return found

    def role(self, which: str | Role, guild: Guild | None = None) -> Role:
        if isinstance(which, Role):
            return which
        there = (guild or self.guild).roles
        found = there.get(which) or next((one for one in there.values() if one.name == which.lstrip("@")), None)
        assert found is not None, f"There is no role {which}; there are {[one.name for one in there.values()]}."
        return found

    def channel(self, which: str | Channel) -> Channel:
        """Also "@ana", the direct messages of a person with the bot."""
        if isinstance(which, Channel):
            return which
        if which.startswith("@"):
            return self.dm_of(self.user(which))
        there = [one for one in self.channels.values() if not one.is_dm and not one.is_deleted]
        named = (one for one in there if one.name == which.lstrip("#") and not one.is_thread)
        found = self.channels.get(which) or next(named, None)
        assert found is not None, f"There is no {which}; there are {[one.name for one in there]}."
        return found

    def dm_of(self, user: User) -> Channel:
        found = next((one for one in self.channels.values() if one.recipient is user), None)
        if found is None:
            found = Channel(self.new_id(), f"@{user.name}", type=DM, recipient=user)
            self.channels[found.id] = found
        return found

    # What stands there

    def messages(self, channel: str | Channel) -> list[Message]:
        """All that was said there, oldest first; not the ephemeral ones. Deleted ones are marked."""
        return [one for one in self.channel(channel).messages if not one.ephemeral_to]

    def cards(self, channel: str | Channel) -> list[Message]:
        """What our bot has standing there."""
        return [one for one in self.channel(channel).standing if one.author is self.bot]

    def replies(self, message: Message) -> list[Message]:
        """What stands in a message's thread."""
        thread = self.channels.get(message.id)
        return [] if thread is None else [one for one in thread.standing if one.type == 0]

    def ephemerals(self, who: str | User) -> list[Message]:
        """What only this person was shown, oldest first; what is gone is marked."""
        user = self.user(who).id
        found = [one for channel in self.channels.values() for one in channel.messages if one.ephemeral_to == user]
        return sorted(found, key=lambda one: int(one.id))

    def message_of(self, ref: str) -> Message:
        """By "<channel id>:<message id>"."""
        channel, _, message = ref.partition(":")
        found = next((one for one in self.channels[channel].messages if one.id == message), None)
        assert found is not None, f"There was never a message {ref}."
        return found

    # Alarms

    def alarm(self, words: str) -> None:
        self.alarms.append(words)

    def check(self) -> None:
        """Raises AssertionError when something was sent that no bot of ours should send."""
        assert not self.alarms, "\n".join(self.alarms)

    # What may be done

    def can(self, who: str | User, channel: str | Channel, name: str) -> bool:
        """Whether somebody has a permission in a channel."""
        return bool(self.permissions_of(self.user(who), self.channel(channel)) & bits(name))

    def permissions_of(self, user: User, channel: Channel) -> int:
        place = self.channels[channel.parent] if channel.is_thread else channel
        if place.is_dm:
            return permissions(None, place, user.id) if user in (place.recipient, self.bot) else 0
        return permissions(self.guilds[channel.guild], place, user.id)

    def place_for_bot(self, channel_id: str) -> Channel:
        """A channel that the bot sees. Raises Refusal: 10003 when it is gone, 50001 when it is closed to the bot."""
        channel = self.channels.get(channel_id)
        if channel is None or channel.is_deleted:
            raise Refusal(10003)
        if not self.permissions_of(self.bot, channel) & BITS["view_channel"]:
            raise Refusal(50001)
        return channel

    def must_be_allowed(self, channel: Channel, names: str) -> None:
        """Raises Refusal 50013 when the bot lacks one of these permissions."""
        if ~self.permissions_of(self.bot, channel) & bits(names):
            raise Refusal(50013)

    def _role(self, name: str, guild: Guild) -> Role:
        there = next((one for one in guild.roles.values() if one.name == name), None)
        return there or self.add_role(name, guild=guild)

    def member_payload(self, guild: Guild, user: User, channel: Channel | None = None) -> Mapping[str, Any]:
        """A member as interactions tell of one: with what she may do there."""
        told = guild.members[user.id].as_discord()
        value = self.permissions_of(user, channel) if channel else ALL
        return told | {"permissions": str(value)}
