"""The people whom Earshot has to know: the members with a Slack id, and those in the user groups that give roles."""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.chats.desk import Desk
from bot.chats.slack.wire import SlackRefused, Wire
from handlers.ports import ChatDoubtful, ChatError
from handlers.rules.policy import Policy
from handlers.rules.roster import Person, group_key

log = logging.getLogger(__name__)

MOST_PEOPLE = 500
FRESH = 900.0  # seconds; what is known of a person is asked again after that
_ENOUGH_ERRORS = 3  # then it is Slack's trouble and not a person's
GROUPS_HOLD = 300.0  # seconds that the groups count after they were last read


@dataclass(frozen=True, slots=True)
class Info:
    """What Slack says of a person. `read_at` is on the clock that counts seconds."""

    read_at: float
    handle: str = ""
    name: str = ""
    is_guest: bool = False
    is_outsider: bool = False
    is_gone: bool = False
    is_ours: bool = False  # of our workspace, or of another one of our organisation


class People:
    """Keeps what Slack told last; `clock` counts seconds."""

    def __init__(self, wire: Wire, desk: Desk, clock: Callable[[], float]) -> None:
        self._wire = wire
        self._desk = desk
        self._clock = clock
        self._info: dict[str, Info] = {}
        self._groups: dict[str, frozenset[str]] = {}  # user ids by the group's key
        self._group_ids: dict[str, str] = {}  # of all that there are, by their keys
        self._groups_read_at = clock()  # from the start they are given the same time
        self._relied_on = False  # what the desk was told last: the groups are known
        self._missing: frozenset[str] = frozenset()
        self.are_known = False
        self.were_asked_for = False  # once at least, whatever came of it

    async def read(self, team_id: str, enterprise_id: str) -> None:
        """Ask Slack, then tell the desk whom there is. What cannot be read stays as it was; the first error is raised
        at the end.
        """
        errors: list[ChatError] = []
        try:
            await self._read_groups()
        except ChatError as error:
            errors.append(error)
        wanted = self._wanted()
        try:
            await self._read_infos(wanted, {team_id, enterprise_id} - {""})
        except ChatError as error:
            errors.append(error)
        self.are_known = self.are_known or not errors
        self.were_asked_for = True
        self._tell(wanted)
        if errors:
            raise errors[0]

    def mind_groups(self) -> None:
        """Tell the desk once what the groups gave has grown too old, however long a reading takes or Slack asks us to
        wait.
        """
        if self._relied_on and not self.groups_are_known:
            self._tell(self._wanted())

    def _tell(self, wanted: Iterable[str]) -> None:
        self._relied_on = self.groups_are_known
        self._desk.meet("slack", self._people(wanted), groups_are_known=self._relied_on)

    @property
    def groups_are_known(self) -> bool:
        """Whether what the groups give may still be relied on."""
        has_groups = bool(self._desk.policy().slack.groups)
        return not has_groups or self._clock() - self._groups_read_at <= GROUPS_HOLD

    def info(self, user_id: str) -> Info | None:
        """What is known of a person; None when Slack was never asked or never answered."""
        return self._info.get(user_id)

    def group_id(self, handle: str) -> str:
        """The id of a user group, "" for one that Slack did not tell us of."""
        return self._group_ids.get(group_key(handle), "")

    async def _read_groups(self) -> None:
        policy = self._desk.policy()
        wanted = {group_key(handle) for handle in policy.slack.groups}
        if not wanted and not called_groups(policy):
            self._groups, self._group_ids = {}, {}
            return
        told = await self._wire.call("usergroups.list")
        there = {
            group_key(str(one.get("handle", ""))): str(one["id"])
            for one in told.get("usergroups", ())
            if not one.get("date_delete")
        }
        self._group_ids = there
        self._say_missing(frozenset(wanted - there.keys()))
        groups = {}
        for key in sorted(wanted & there.keys()):
            users = (await self._wire.call("usergroups.users.list", usergroup=there[key])).get("users", ())
            groups[key] = frozenset(map(str, users))
        self._groups, self._groups_read_at = groups, self._clock()

    def _say_missing(self, missing: frozenset[str]) -> None:
        if missing - self._missing:
            log.warning("Slack has no user group %s; see [slack.groups] in earshot.toml", ", ".join(sorted(missing)))
        self._missing = missing

    def _listed(self) -> list[str]:
        return [member.slack for member in self._desk.policy().members if member.slack]

    def _wanted(self) -> list[str]:
        """Whom to know, the members first."""
        grouped = sorted(user for users in self._groups.values() for user in users)
        return list(dict.fromkeys([*self._listed(), *grouped]))[:MOST_PEOPLE]

    async def _read_infos(self, wanted: Iterable[str], ours: set[str]) -> None:
        """Those whom nothing is known of come first, then those whose last word is oldest."""
        stale = self._clock() - FRESH
        self._info = {user: info for user, info in self._info.items() if user in set(wanted)}
        due = [user for user in wanted if user not in self._info]
        due += sorted(
            (user for user in wanted if user in self._info and self._info[user].read_at <= stale),
            key=lambda user: self._info[user].read_at,
        )
        errors = []
        for user in due:
            try:
                self._info[user] = await self._ask(user, ours)
            except ChatError as error:  # perhaps of one person only: the others are asked all the same
                errors.append(error)
                if len(errors) == _ENOUGH_ERRORS:
                    break
        if errors:
            raise errors[0]

    async def _ask(self, user_id: str, ours: set[str]) -> Info:
        now = self._clock()
        try:
            told = (await self._wire.call("users.info", user=user_id)).get("user")
        except SlackRefused as error:
            if error.code == "user_not_found":
                return Info(now, is_gone=True)
            raise
        if not isinstance(told, dict):
            raise ChatDoubtful("Slack said nothing about a person.")
        return _info(told, ours, now)

    def _people(self, wanted: Iterable[str]) -> list[Person]:
        """Somebody in a group of whom nothing is known yet is no member yet: she may be a guest, or gone."""
        listed = set(self._listed())
        return [
            self._person(user, self._info.get(user) or Info(0.0))
            for user in wanted
            if user in listed or user in self._info
        ]

    def _person(self, user_id: str, info: Info) -> Person:
        groups = tuple(sorted(key for key, users in self._groups.items() if user_id in users))
        return Person("slack", user_id, info.handle, info.name, groups, info.is_guest, info.is_outsider, info.is_gone)


def called_groups(policy: Policy) -> list[str]:
    """The handles of the user groups that are called when nobody takes a case, as they stand in the file."""
    names = {"on-duty", *(member.name.lower() for member in policy.members)}
    called = dict.fromkeys(name for escalation in policy.escalations for name in escalation.ping)
    return [name for name in called if name.removeprefix("@").lower() not in names]


def _info(told: Mapping[str, Any], ours: set[str], now: float) -> Info:
    """`ours` are the ids of our team and organisation; empty when they are not known yet."""
    profile = told.get("profile") or {}
    theirs = {str(told.get("team_id") or ""), str((told.get("enterprise_user") or {}).get("enterprise_id") or "")}
    return Info(
        read_at=now,
        handle=str(told.get("name") or ""),
        name=str(profile.get("display_name") or profile.get("real_name") or told.get("real_name") or ""),
        is_guest=bool(told.get("is_restricted") or told.get("is_ultra_restricted")),
        is_outsider=bool(told.get("is_stranger") or (ours and theirs - {""} and not theirs & ours)),
        is_gone=bool(told.get("deleted")),
        is_ours=bool(theirs & ours) and not told.get("is_stranger"),
    )
