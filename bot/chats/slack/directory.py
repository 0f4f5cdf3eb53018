"""Who and what is there in Slack: the workspace, our bot, the channels we are in, the people of the team."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from contextlib import suppress

from bot.chats.desk import Desk
from bot.chats.slack.channels import Channels
from bot.chats.slack.people import People
from bot.chats.slack.refusals import SlackClosed, SlackRefused
from bot.chats.slack.wire import Wire
from handlers.ports import ChatBusy, ChatClosed, ChatDoubtful, ChatError

log = logging.getLogger(__name__)

SOON = 15.0  # seconds until what failed is tried again
_MIND = 5.0  # seconds
_NO_MESSAGES = {
    "user_disabled": "was deactivated in Slack",
    "user_not_found": "is not in this workspace: Slack does not know the id",
    "user_not_visible": "cannot be seen by Earshot",
    "cannot_dm_bot": "is a bot in Slack",
    "not_allowed": "cannot be written to by Earshot",
}

_SEEN_IN_LISTS = ("is_archived", "not_in_channel", "channel_not_found")  # the next reading shows when they are over


class Directory:
    """Keeps what Slack told last. `refresh_every` and `gap`, the least time between two readings, are in seconds;
    `clock` counts them.
    """

    def __init__(
        self,
        wire: Wire,
        desk: Desk,
        *,
        refresh_every: float = 240.0,
        gap: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wire = wire
        self._desk = desk
        self._every = refresh_every
        self._gap = gap
        self._channels = Channels(wire, desk, clock)
        self._people = People(wire, desk, clock)
        self._direct: dict[str, str] = {}  # channel ids by user id
        self._hinted = asyncio.Event()
        self._last_trouble = ""
        self.team_id = ""
        self.team_name = ""
        self.team_url = ""
        self.enterprise_id = ""
        self.bot_user_id = ""
        self.bot_id = ""
        self.bot_name = "earshot"

    @property
    def scopes(self) -> frozenset[str]:
        """What the token may do, by Slack's last answer."""
        return self._wire.scopes

    async def introduce(self) -> None:
        """Ask Slack who we are. Raises ChatError."""
        told = await self._wire.call("auth.test")
        self.team_id = str(told.get("team_id") or "")
        self.team_name = str(told.get("team") or "")
        self.team_url = str(told.get("url") or "")
        self.enterprise_id = str(told.get("enterprise_id") or "")
        self.bot_user_id = str(told.get("user_id") or "")
        self.bot_id = str(told.get("bot_id") or "")
        self.bot_name = str(told.get("user") or "earshot")

    async def refresh(self) -> None:
        """Read channels, people and groups anew, and tell the desk. What cannot be read stays as it was; the first
        error is raised at the end.
        """
        errors: list[ChatError] = []
        try:
            await self._refresh_channels()
        except ChatError as error:
            errors.append(error)
        try:
            await self._people.read(self.team_id, self.enterprise_id)
        except ChatError as error:
            errors.append(error)
        if errors:
            raise errors[0]

    async def count_channels(self) -> int:
        """How many channels we are in, as Slack says now. Raises ChatError."""
        await self._refresh_channels()
        return len(self._channels)

    async def run(self) -> None:
        """Introduce ourselves, then refresh now and then and after each hint, until cancelled."""
        minding = asyncio.create_task(self._mind_groups(), name="slack groups")
        try:
            await self._refresh_for_ever()
        finally:
            minding.cancel()

    async def _refresh_for_ever(self) -> None:
        while True:
            self._hinted.clear()
            wait = await self._try()
            await asyncio.sleep(min(self._gap, wait))
            with suppress(TimeoutError):
                async with asyncio.timeout(wait - min(self._gap, wait)):
                    await self._hinted.wait()

    async def _mind_groups(self) -> None:
        """Beside the reading, which may hang: roles of groups that nobody could read for five minutes must end."""
        while True:
            await asyncio.sleep(min(self._every, _MIND))
            try:
                self._people.mind_groups()
            except Exception:
                log.exception("the user groups of Slack")

    def hint(self) -> None:
        """Something changed over there: it is read again soon."""
        self._hinted.set()

    def found_closed(self, name: str, code: str) -> None:
        """Slack refused a post to #name with this code."""
        if code in _SEEN_IN_LISTS:
            self._channels.found_closed(name)
        self.hint()

    async def channel_id(self, name: str) -> str:
        """The id for #alerts, #C0123ABCD, or @ana (a direct message). Raises ChatClosed with what to do, or ChatBusy
        when Slack cannot be asked now.
        """
        if name.startswith("@"):
            return await self._direct_to(name.removeprefix("@"))
        return (await self._channels.find(name, self.bot_handle)).id

    async def direct_to(self, user_id: str) -> str:
        """The id of the direct messages of a person with us. Raises ChatError with what to do."""
        if user_id not in self._direct:
            try:
                self._direct[user_id] = await self._open(user_id, user_id)
            except SlackClosed as error:
                raise SlackClosed(
                    error.code,
                    "Slack lets Earshot write no direct message to you.",
                    "An admin can see why with `earshot slack doctor`.",
                ) from None
        return self._direct[user_id]

    async def mind(self, channel_id: str) -> None:
        """Raises ChatClosed when nothing of ours may be said in this channel, ChatError when that cannot be known."""
        if not self._channels.are_known:
            await self._refresh_channels()
        self._channels.mind(channel_id)

    @property
    def bot_handle(self) -> str:
        """@earshot, or what it is called in this workspace."""
        return f"@{self.bot_name}"

    def channel_name(self, channel_id: str) -> str:
        """#alerts, or the id of a channel that is not known by name."""
        return self._channels.name_of(channel_id)

    def is_refused_channel(self, channel_id: str) -> str:
        """Why nothing of ours may be said there, in a sentence; "" when it may."""
        return self._channels.why_refused(channel_id)

    def is_stranger(self, user_id: str, team_ids: Iterable[str]) -> bool:
        """Whether this user is of another company. `team_ids` are those of her team and organisation that came with the
        event; before we know our own, everybody is a stranger. Listed members are none where outsiders may act.
        """
        policy = self._desk.policy()
        if policy.slack.outsiders and policy.member_on("slack", user_id) is not None:
            return False
        told = {one for one in team_ids if one}
        if self.enterprise_id and self.enterprise_id in told:
            return False
        info = self._people.info(user_id)
        if info is not None and info.is_ours and self.team_id:
            return False  # of another workspace of our organisation, which her payloads may name
        return bool(told - {self.team_id}) or not self.team_id or (info is not None and info.is_outsider)

    def is_known(self, user_id: str) -> bool:
        """Whether her roles can be told: not those of somebody whom only a group may have added, before Slack was
        asked for people the first time.
        """
        policy = self._desk.policy()
        return policy.member_on("slack", user_id) is not None or self._people.were_asked_for or not policy.slack.groups

    def slack_id(self, member: str) -> str:
        """The Slack user id of a member, by her name; "" when she has none."""
        found = self._desk.policy().member(member)
        return found.slack if found else ""

    def group_id(self, handle: str) -> str:
        """The id of a user group, by its handle with or without its @; "" for one that Slack did not tell us of."""
        return self._people.group_id(handle)

    async def _direct_to(self, member: str) -> str:
        user_id = self.slack_id(member)
        if not user_id and not self._people.are_known:
            raise ChatBusy("Slack's people are not known yet.", SOON)  # she may be one whom a group adds
        if not user_id:
            raise ChatClosed(f"{member} has no Slack id.", "Write slack under her name in earshot.toml.")
        self._mind_outsider(member, user_id)
        if user_id not in self._direct:
            self._direct[user_id] = await self._open(member, user_id)
        return self._direct[user_id]

    def _mind_outsider(self, member: str, user_id: str) -> None:
        info = self._people.info(user_id)
        if info is not None and info.is_outsider and not self._desk.policy().slack.outsiders:
            raise ChatClosed(
                f"{member} belongs to another company.", "outsiders = true under [slack] in earshot.toml allows that."
            )

    async def _open(self, member: str, user_id: str) -> str:
        try:
            told = await self._wire.call("conversations.open", users=user_id)
        except ChatDoubtful as error:
            raise ChatBusy(error.message, SOON) from None  # opening twice is harmless, and nothing was posted
        except SlackRefused as error:
            why = _NO_MESSAGES.get(error.code, f"cannot be written to in Slack ({error.code})")
            raise SlackClosed(error.code, f"{member} {why}.", "Correct her slack in earshot.toml.") from None
        return str(told["channel"]["id"])

    async def _refresh_channels(self) -> None:
        for name in sorted(await self._channels.read()):
            await self._desk.reopen("slack", name)

    async def _try(self) -> float:
        """Read everything; the seconds until the next time."""
        try:
            if not self.team_id:
                await self.introduce()
            await self.refresh()
        except ChatError as error:
            self._say(str(error))
            return min(self._every, max(SOON, error.retry_after if isinstance(error, ChatBusy) else 0.0))
        except Exception:
            log.exception("Slack's directory was not read")
            return min(self._every, SOON)
        self._last_trouble = ""
        return self._every

    def _say(self, trouble: str) -> None:
        """Once for each trouble, however long it lasts."""
        if trouble != self._last_trouble:
            log.warning("Slack's directory was not read: %s", trouble)
        self._last_trouble = trouble
