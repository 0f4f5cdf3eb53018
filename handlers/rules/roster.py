"""Who belongs to the team: the members of the file, whom the chats know, and who said that two accounts are hers."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from handlers.rules.policy import CHATS, Member, Policy
from handlers.rules.text import normalise, shown
from storage.links import Link
from storage.types import Role

NOT_IN_NAMES = re.compile(r"[^a-z0-9_.-]+")
RESERVED = ("earshot", "nobody", "on-duty")  # our own words: for itself, for no one, for whoever is on duty
_LONGEST_NAME = 40  # characters
_LONGEST_TITLE = 60  # characters
_OF_DISCORD = ".discord"  # ends the names of those whom Discord adds where Slack adds people too, or where one is taken

Known = Mapping[tuple[str, str], "Person"]  # by chat and id


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody as a chat platform knows her."""

    chat: str  # slack or discord
    id: str  # the platform's id: U012AB3CD
    handle: str  # what she is called there: bo.miller
    name: str  # how she is shown there
    groups: tuple[str, ...] = ()  # user groups or roles that she has, by handle, name or id, without @
    is_guest: bool = False
    is_outsider: bool = False  # of another company
    is_gone: bool = False  # deactivated, or not in the server any more
    is_uncertain: bool = False  # her groups were told too long ago to be relied on


def with_people(
    policy: Policy, people: Sequence[Person], *, doubtful: Collection[str] = (), links: Sequence[Link] = ()
) -> Policy:
    """The policy whose members are those of the file plus those whom groups add, with their roles and limits.

    Start from the file's policy each time. Whom a group adds is called by her handle, which ends in her id when it is
    no name or is taken. Of the file, whoever is gone, or an outsider where those may not act, may do nothing.
    `doubtful` are the chats whose groups could not be read: what they give shrinks to an agent's rights. A link makes
    two accounts one member, with the roles of both. One that ended, or that the file contradicts, says only that two
    members may be one person.
    """
    roster = _Roster(policy, people, doubtful)
    bonds = [link for link in links if link.ended_at is None and is_in_force(policy, link)]
    past = [link for link in links if link not in bonds]
    listed = tuple(roster.of_file(member, _bond_of(member, bonds)) for member in policy.members)
    taken = {member.name for member in policy.members} | set(RESERVED)
    labels = {normalise(word) for member in listed for word in (member.name, member.label)}
    naming = _Naming(taken | {name for link in bonds for name in link.also}, labels)
    free = [link for link in bonds if not any(_concerns(link, member) for member in policy.members)]
    joined = [member for link in free if (member := roster.of_link(link, naming)) is not None]
    there = {(chat, member.id_on(chat)) for member in (*listed, *joined) for chat in CHATS}
    there |= {(chat, _id_in(link, chat)) for link in free for chat in CHATS}
    joined += [roster.of_group(person, naming) for person in roster.joining(there)]
    members = _with_living_names((*listed, *joined))
    return replace(policy, members=tuple(_with_kin(members, bonds, past)))


def group_key(handle: str) -> str:
    """The handle of a group, or the name of a role, as it is compared: @Support and support are one."""
    return handle.strip().removeprefix("@").casefold()


def has_roles_from(policy: Policy, person: Person) -> bool:
    """Whether a group of hers gives her a role."""
    return bool(_given(policy, person))


def is_in_force(policy: Policy, link: Link) -> bool:
    """Whether the file does not contradict a link, and it still joins something."""
    concerned = [member for member in policy.members if not member.joined and _concerns(link, member)]
    if len(concerned) > 1:
        return False
    if not concerned:
        return bool(link.slack and link.discord)
    told = [(concerned[0].id_on(chat), _id_in(link, chat)) for chat in CHATS]
    return all(not ours or not theirs or ours == theirs for ours, theirs in told)


def _concerns(link: Link, member: Member) -> bool:
    named = bool(link.member) and member.name == link.member
    return named or any(member.id_on(chat) and member.id_on(chat) == _id_in(link, chat) for chat in CHATS)


def _id_in(link: Link, chat: str) -> str:
    return {"slack": link.slack, "discord": link.discord}.get(chat, "")


def _bond_of(member: Member, bonds: Sequence[Link]) -> Link | None:
    return next((link for link in bonds if _concerns(link, member)), None)


def _given(policy: Policy, person: Person, *, is_certain: bool = True) -> tuple[Role, ...]:
    """The roles that her groups give her."""
    theirs = {group_key(handle) for handle in person.groups}
    giving = {"slack": policy.slack.groups, "discord": policy.discord.roles}.get(person.chat, {})
    given = [role for handle, roles in giving.items() if group_key(handle) in theirs for role in roles]
    return _ordered(given) if is_certain or not given else (Role.AGENT,)


def _ordered(roles: Iterable[Role]) -> tuple[Role, ...]:
    held = set(roles)
    return tuple(role for role in Role if role in held)


class _Naming:
    """Gives names and titles, none like another's."""

    def __init__(self, taken: set[str], labels: set[str]) -> None:
        self._taken = taken
        self._labels = labels

    def is_taken(self, name: str) -> bool:
        return name in self._taken

    def name(self, wanted: str, instead: Iterable[str]) -> str:
        """What is wanted if it is a name as it stands; else what can be read of the other words."""
        name = wanted
        if not wanted or wanted != _legal(wanted) or wanted in self._taken:
            name = "-".join(part for word in instead if (part := _legal(word))) or "somebody"
        while name in self._taken:
            name += "-"
        self._taken.add(name)
        return name

    def title(self, wanted: str, name: str) -> str:
        title = " ".join(shown(wanted, _LONGEST_TITLE).words.split())
        while normalise(title or name) in self._labels:
            title = f"{title or name} ({name})"
        self._labels |= {name, normalise(title or name)}
        return title


class _Roster:
    """The people of all chats, and what their groups give them."""

    def __init__(self, policy: Policy, people: Sequence[Person], doubtful: Collection[str]) -> None:
        self._policy = policy
        self._known: Known = {(one.chat, one.id): one for one in people if one.chat in CHATS and one.id}
        self._roles = {
            key: _given(policy, one, is_certain=not one.is_uncertain and one.chat not in doubtful)
            for key, one in self._known.items()
        }

    def of_file(self, member: Member, link: Link | None) -> Member:
        """A member of the file with what the platforms know of her, and with the accounts that she linked."""
        by_link = [chat for chat in CHATS if link and not member.id_on(chat) and self._is_hers(link, chat)]
        if link is not None:
            ids = {chat: _id_in(link, chat) if chat in by_link else member.id_on(chat) for chat in CHATS}
            member = replace(member, slack=ids["slack"], discord=ids["discord"], also=(link.name, *link.also))
        member = self._without_left_server(member)
        people = self._accounts(member)
        is_guest = member.is_guest or any(one.is_guest for one in people)
        if any(self._is_shut_out(one) for one in people):
            return replace(member, roles=(), is_guest=is_guest)
        given = [role for one in people for role in self._roles[one.chat, one.id]]
        added = tuple(role for role in _ordered(given) if role not in member.roles)
        linked = tuple(chat for chat in by_link if not self._roles.get((chat, member.id_on(chat))))
        return replace(member, roles=(*member.roles, *added), is_guest=is_guest, linked=linked)

    def of_link(self, link: Link, naming: _Naming) -> Member | None:
        """Somebody whom the file does not name: one member with both accounts; None while nothing gives her a role."""
        people = [one for chat in CHATS if (one := self._known.get((chat, _id_in(link, chat))))]
        there = [one for one in people if not self._is_shut_out(one)]
        roles = _ordered(role for one in there for role in self._roles[one.chat, one.id])
        if not roles:
            return None
        by_order = sorted(there, key=lambda one: one.chat != link.first)
        vouching = [one.chat for one in by_order if self._roles[one.chat, one.id]]
        ids = {chat: _id_in(link, chat) if self._is_hers(link, chat) else "" for chat in CHATS}
        name = naming.name(link.name, (link.name, *ids.values()))
        return Member(
            name,
            naming.title(by_order[0].name, name),
            roles,
            slack=ids["slack"],
            discord=ids["discord"],
            is_guest=any(one.is_guest for one in people),
            joined=vouching[0],
            linked=tuple(chat for chat in CHATS if ids[chat] and chat not in vouching),
            also=link.also,
        )

    def joining(self, there: Collection[tuple[str, str]]) -> Iterator[Person]:
        """Those whom a group adds, in an order of their own: Slack's first."""
        for key in sorted(self._known, key=lambda key: (CHATS.index(key[0]), key[1])):
            if self._roles[key] and key not in there and not self._is_shut_out(self._known[key], may_be_allowed=False):
                yield self._known[key]

    def of_group(self, person: Person, naming: _Naming) -> Member:
        """A member who is known by her account alone."""
        is_apart = bool(self._policy.slack.groups)  # then who is Slack's bo must not hang on who was met first
        is_apart = is_apart or naming.is_taken(person.handle) or person.handle.endswith(_OF_DISCORD)
        end = _OF_DISCORD if is_apart and person.chat == "discord" and person.handle else ""
        is_free = bool(end) or not (is_apart and person.handle.endswith(_OF_DISCORD))
        name = naming.name(f"{person.handle}{end}" if is_free else "", (person.handle, person.id))
        title, roles = naming.title(person.name, name), self._roles[person.chat, person.id]
        made = Member(name, title, roles, is_guest=person.is_guest, joined=person.chat)
        return replace(made, slack=person.id) if person.chat == "slack" else replace(made, discord=person.id)

    def _accounts(self, member: Member) -> list[Person]:
        return [one for chat in CHATS if (one := self._known.get((chat, member.id_on(chat))))]

    def _is_shut_out(self, person: Person, *, may_be_allowed: bool = True) -> bool:
        """Whether nothing is hers by this account. An outsider whom the file does not name never joins."""
        is_allowed = may_be_allowed and self._policy.slack.outsiders
        return person.is_gone or (person.is_outsider and not is_allowed)

    def _is_hers(self, link: Link, chat: str) -> bool:
        """Whether a link gives her an account there that is not shut out."""
        account = self._known.get((chat, _id_in(link, chat)))
        return bool(_id_in(link, chat)) and (account is None or not self._is_shut_out(account))

    def _without_left_server(self, member: Member) -> Member:
        """Whoever left the Discord server is nobody there. To leave it is not to leave the team."""
        account = self._known.get(("discord", member.discord))
        return replace(member, discord="") if account is not None and account.is_gone and member.slack else member


def _with_living_names(members: Sequence[Member]) -> Iterator[Member]:
    """What somebody was called before is hers only while nobody else is called so."""
    taken = {member.name for member in members}
    for member in members:
        also = tuple(dict.fromkeys(name for name in member.also if name not in taken))
        taken.update(also)
        yield replace(member, also=also) if also != member.also else member


def _with_kin(members: Iterable[Member], bonds: Sequence[Link], past: Sequence[Link]) -> Iterator[Member]:
    """Whoever was said to be one person once bears the same mark, also over several links."""
    there = [(member, _marks(member)) for member in members]
    told = [_marks_in(link) for link in (*bonds, *past)]
    families: list[set[str]] = []
    for marks in (*told, *(marks for _, marks in there if any(marks & one for one in told))):
        apart = [one for one in families if not one & marks]
        families = [*apart, marks.union(*(one for one in families if one & marks))]
    doubtful = [one for one in families if any(one & _marks_in(link) for link in past)]
    for member, marks in there:
        family = next((one for one in doubtful if one & marks), None)
        yield replace(member, kin=min(family)) if family else member


def _marks(member: Member) -> set[str]:
    """By what she is told from others."""
    return {*member.accounts, *(() if member.joined else (f"member:{member.name}",))}


def _marks_in(link: Link) -> set[str]:
    named = {f"member:{link.member}"} if link.member else set[str]()
    return named | {f"{chat}:{_id_in(link, chat)}" for chat in CHATS if _id_in(link, chat)}


def _legal(word: str) -> str:
    bare = unicodedata.normalize("NFKD", word[:_LONGEST_NAME]).lower()
    return NOT_IN_NAMES.sub("", bare)[:_LONGEST_NAME]
