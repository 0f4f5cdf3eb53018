"""Who belongs to the team: the members of the file, and what a chat platform knows of its people."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from handlers.rules.policy import Member, Policy
from handlers.rules.text import normalise, shown
from storage.types import Role

NOT_IN_NAMES = re.compile(r"[^a-z0-9_.-]+")
RESERVED = ("earshot", "nobody", "on-duty")  # our own words: for itself, for no one, for whoever is on duty
_LONGEST_NAME = 40  # characters
_LONGEST_TITLE = 60  # characters


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody as a chat platform knows her."""

    chat: str  # slack
    id: str  # the platform's id: U012AB3CD
    handle: str  # what she is called there: bo.miller
    name: str  # how she is shown there
    groups: tuple[str, ...] = ()  # user groups that she is in, by handle, without @
    is_guest: bool = False
    is_outsider: bool = False  # of another company
    is_gone: bool = False  # deactivated


def with_people(policy: Policy, people: Sequence[Person], *, groups_are_known: bool = True) -> Policy:
    """The policy whose members are those of the file plus those whom user groups add, with their roles and limits.

    Start from the file's policy each time. Whom a group adds is called by her handle, which ends in her id when it is
    no name or is taken. Of the file, whoever is gone, or an outsider where those may not act, may do nothing.
    """
    known = {person.id: person for person in people if person.chat == "slack" and person.id}
    roles = {person.id: _given(policy, person, groups_are_known=groups_are_known) for person in known.values()}
    listed = tuple(
        _limited(policy, member, known[member.slack], roles[member.slack]) if member.slack in known else member
        for member in policy.members
    )
    there = {member.slack for member in policy.members}
    joining = [
        person
        for person in sorted(known.values(), key=lambda person: person.id)
        if roles[person.id] and person.id not in there and not person.is_gone and not person.is_outsider
    ]
    return replace(policy, members=(*listed, *_joined(listed, joining, roles)))


def group_key(handle: str) -> str:
    """A user group's handle as it is compared: @Support and support are one."""
    return handle.strip().removeprefix("@").casefold()


def _given(policy: Policy, person: Person, *, groups_are_known: bool) -> tuple[Role, ...]:
    """The roles that her groups give her."""
    theirs = {group_key(handle) for handle in person.groups}
    given = [role for handle, roles in policy.slack.groups.items() if group_key(handle) in theirs for role in roles]
    return _ordered(given) if groups_are_known or not given else (Role.AGENT,)


def _ordered(roles: Iterable[Role]) -> tuple[Role, ...]:
    held = set(roles)
    return tuple(role for role in Role if role in held)


def _limited(policy: Policy, member: Member, person: Person, given: tuple[Role, ...]) -> Member:
    """A member of the file with what the platform knows of her."""
    if person.is_gone or (person.is_outsider and not policy.slack.outsiders):
        return replace(member, roles=(), is_guest=member.is_guest or person.is_guest)
    added = tuple(role for role in given if role not in member.roles)
    return replace(member, roles=(*member.roles, *added), is_guest=member.is_guest or person.is_guest)


def _joined(
    listed: Sequence[Member], joining: Sequence[Person], roles: Mapping[str, tuple[Role, ...]]
) -> Iterator[Member]:
    """Members for those who are not in the file, none called or shown like another."""
    names = {member.name for member in listed} | set(RESERVED)
    labels = {normalise(word) for member in listed for word in (member.name, member.label)}
    for person in joining:
        name = _name(person, names)
        title = " ".join(shown(person.name, _LONGEST_TITLE).words.split())
        if title and normalise(title) in labels:
            title = f"{title} ({name})"
        names.add(name)
        labels |= {name, normalise(title or name)}
        yield Member(name, title, roles[person.id], slack=person.id, is_guest=person.is_guest, joined=person.chat)


def _name(person: Person, taken: set[str]) -> str:
    """Her handle if it is a name as it stands; else what can be read of it, and her id."""
    if person.handle and person.handle == _legal(person.handle) and person.handle not in taken:
        return person.handle
    name = "-".join(part for part in (_legal(person.handle), _legal(person.id)) if part) or "somebody"
    while name in taken:
        name += "-"
    return name


def _legal(word: str) -> str:
    bare = unicodedata.normalize("NFKD", word[:_LONGEST_NAME]).lower()
    return NOT_IN_NAMES.sub("", bare)[:_LONGEST_NAME]
