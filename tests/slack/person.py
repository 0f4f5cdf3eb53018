"""Somebody with Slack's own client: sees only what Slack would show her, and sends only what Slack would let her send.

    answer = await ana.command("/earshot claim 1", channel="#alerts")
    answer = await ana.click(card, "Claim")            # a button, by its label
    answer = await ana.choose(card, "Snooze…")         # an item of a menu or select
    answer = await ana.submit({"Reason": "fixed"})     # the modal on top; untouched fields keep their initial values

Each gives an `Answer`. What is not there raises an AssertionError that says what is.
"""

import asyncio
import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.slack import looks
from tests.slack.fields import Fields, input_of, is_called, is_live
from tests.slack.sockets import Delivery, NotAcked
from tests.slack.typed import as_sent
from tests.slack.world import TEAM, Channel, Message, User, View

if TYPE_CHECKING:
    from tests.slack.fake import FakeSlack


@dataclass(eq=False)
class Answer:
    """What came of one act. It goes on living: later answers and modals are added to it."""

    ack: dict[str, Any] = field(default_factory=dict)
    error: str = ""  # operation_timeout, dispatch_failed …: the app has not acked, the person saw ⚠️
    errors: dict[str, str] = field(default_factory=dict)  # beside the fields of a modal, by block id
    messages: list[Message] = field(default_factory=list)  # through the ack or its response_url
    views: list[View] = field(default_factory=list)  # opened with its trigger
    trigger_id: str = ""
    response_url: str = ""

    @property
    def modal(self) -> View | None:
        return self.views[-1] if self.views else None

    @property
    def words(self) -> str:
        """All that was answered, and what stands in the modal."""
        shown = [one.words for one in self.messages if not one.is_deleted]
        return "\n".join([*shown, *(one.words for one in self.views), *self.errors.values()])

    async def arrives(self, seconds: float = 30.0) -> "Answer":
        """Wait until there is a message or a modal."""
        async with asyncio.timeout(seconds):
            while not self.messages and not self.views:  # noqa: ASYNC110 - filled by the server's handlers
                await asyncio.sleep(0.005)
        return self


class Person:
    """One user."""

    def __init__(self, slack: "FakeSlack", user: User) -> None:
        self.user = user
        self._slack = slack
        self._fields = Fields(slack, user.id)

    # What she sees

    @property
    def id(self) -> str:
        return self.user.id

    @property
    def modal(self) -> View | None:
        """The view on top of her modal, None when none is open."""
        stack = self._slack.stacks.get(self.id)
        return stack[-1] if stack else None

    @property
    def home(self) -> View | None:
        """Her App Home, None when nothing was published."""
        return self._slack.homes.get(self.id)

    @property
    def ephemerals(self) -> list[Message]:
        """What only she is shown and still stands."""
        return [one for one in self._slack.ephemerals(self.user) if not one.is_deleted]

    def sees(self, channel: str | Channel) -> list[Message]:
        """What stands in a channel for her, ephemeral answers included."""
        place = self._slack.channel(channel)
        assert self.id in place.members, f"{self.user.name} is not in #{place.name}."
        return [one for one in place.messages if not one.is_deleted and one.ephemeral_to in ("", self.id)]

    def pictures(self, where: Message | View) -> list[bytes]:
        """The pictures in a message or view, as she sees them."""
        self._must_see(where)
        shown = [block["slack_file"]["id"] for block in where.blocks if "slack_file" in block]
        for one in shown:
            assert self._slack.may_see(self.id, one), f"{self.user.name} sees a hole in the place of {one}."
        return [self._slack.files[one].content or b"" for one in shown]

    # Commands and words

    async def command(self, line: str, channel: str | Channel = "") -> Answer:
        """Type a slash command; @names and #channels are escaped as with should_escape. Without a channel: in the
        direct messages with the bot.
        """
        place = self._slack.channel(channel or f"@{self.user.name}")
        name, _, text = line.partition(" ")
        answer = self._answer(place)
        body = {"token": "t", "command": name, "text": as_sent(self._slack, text, with_names=True)}
        body |= {"team_id": self.user.team, "team_domain": "heron", "api_app_id": "A0EARSHOT"}
        body |= {"channel_id": place.id, "channel_name": place.told_name}
        body |= {"user_id": self.id, "user_name": self.user.name, "is_enterprise_install": "false"}
        body |= {"response_url": answer.response_url, "trigger_id": answer.trigger_id}
        await self._ask("slash_commands", body, answer)
        if answer.ack.get("text") or answer.ack.get("blocks"):
            url = self._slack.response_urls[answer.response_url.rpartition("/")[2]]
            answer.error = answer.error or self._slack.put_answer(url, answer.ack, "ack")
        return answer

    async def say(self, channel: str | Channel, text: str, thread: Message | None = None) -> Message:
        """Write a message; in the direct messages with the bot it hears of it."""
        return (await self._say(channel, text, thread))[0]

    async def dm(self, text: str, thread: Message | None = None) -> Message:
        """Write to the bot; returns when it has heard of it."""
        place = self._slack.dm_of(self.user)
        known = len(self._slack.deliveries)
        message = (await self._say(place, text, thread))[0]
        for delivery in self._slack.deliveries[known:]:
            if delivery.event.get("ts") == message.ts:
                await delivery.was_tried.wait()
        return message

    async def mention(self, channel: str | Channel, text: str, thread: Message | None = None) -> Message:
        """Write a message that names the bot ("@earshot queue"); returns when it has heard of it."""
        message, place = await self._say(channel, text, thread)
        assert f"<@{self._slack.bot.id}>" in message.text, f"{text!r} does not name @{self._slack.bot.name}."
        await _tried(self._slack.mention(place, message))
        return message

    async def react(self, message: Message, name: str) -> None:
        assert self.id not in message.reactions.get(name, ()), f"{self.user.name} has put :{name}: there already."
        await _tried(self._slack.set_reaction(message, name, self.id, is_added=True))

    async def unreact(self, message: Message, name: str) -> None:
        assert self.id in message.reactions.get(name, ()), f"{self.user.name} has not put :{name}: there."
        await _tried(self._slack.set_reaction(message, name, self.id, is_added=False))

    def delete(self, message: Message) -> None:
        """As an admin may, with anybody's message."""
        self._slack.remove(self._slack.channels[message.channel], message)

    # Clicks

    async def click(
        self, where: Message | View, label: str, *, nth: int = 0, is_confirmed: bool = True, is_late: bool = False
    ) -> Answer:
        """Press a button, by its label or its accessibility label; `nth` of several. A question is answered with yes,
        or with no (`is_confirmed`: nothing is sent). `is_late`: the person looks at an old message or view.
        """
        self._must_see(where, is_late=is_late)
        found = [
            (block, one)
            for block, one in looks.pressable(where.blocks)
            if one["type"] == "button" and label in (one["text"]["text"], one.get("accessibility_label"))
        ]
        assert len(found) > nth, f"There is no button {label!r} here, but {where.buttons}, in:\n{where.words}"
        block, element = found[nth]
        if "confirm" in element and not is_confirmed:
            return Answer()
        told = {"type": "button", "text": copy.deepcopy(element["text"])}
        told |= {name: element[name] for name in ("value", "style", "url") if name in element}
        return await self._act(where, block, element, told)

    async def choose(
        self, where: Message | View, option: str, field: str = "", *, nth: int = 0, is_late: bool = False
    ) -> Answer:
        """Take an item of a more-menu, or of a select or radio group that tells of it at once (`field`: its label)."""
        self._must_see(where, is_late=is_late)
        there = [(block, one) for block, one in looks.pressable(where.blocks) if is_live(block, one)]
        if field:
            there = [(block, one) for block, one in there if is_called(block, one, field)]
        offers = [(block, one, self._fields.offered(one)) for block, one in there]
        found = [(block, one, offer[option]) for block, one, offer in offers if option in offer]
        shown = [name for _, _, offer in offers for name in offer]
        assert len(found) > nth, f"Nothing here offers {option!r}; there is {shown}, in:\n{where.words}"
        block, element, chosen = found[nth]
        if element["type"] == "overflow":
            told = {"type": "overflow", "selected_option": chosen}
        else:
            told = {"type": element["type"]} | self._fields.holding(element, option)
            if isinstance(where, View):
                where.state[block["block_id"]][element["action_id"]] = dict(told)
        return await self._act(where, block, element, told)

    async def type(self, view: View | None, field: str, text: str) -> Answer:
        """Type into a field of a modal, without sending it. Fields that tell of every character do so once."""
        view = self._top(view)
        block, element = input_of(view, field)
        self._fields.fill(view, field, text)
        config = element.get("dispatch_action_config", {}).get("trigger_actions_on", [])
        if not block.get("dispatch_action") or "on_character_entered" not in config:
            return Answer()
        return await self._act(view, block, element, {"type": element["type"], "value": text})

    # Modals and App Home

    async def submit(
        self, view: View | Mapping[str, str] | None = None, values: Mapping[str, str] | None = None
    ) -> Answer:
        """Fill fields (by label, name or block id; options by label or value) and press the submit button."""
        if isinstance(view, Mapping):
            view, values = None, view
        view = self._top(view)
        assert view.told.get("submit"), f"{view.title!r} has no submit button."
        self._fields.fill_all(view, values or {})
        self._fields.must_be_complete(view)
        answer = self._answer(None)
        body = self._by_whom("view_submission", answer) | {"view": view.as_slack(), "response_urls": []}
        view.errors = {}
        await self._ask("interactive", body, answer)
        if not answer.error:
            self._follow(view, answer)
        return answer

    async def close(self, view: View | None = None, values: Mapping[str, str] | None = None) -> None:
        """Type something and press Cancel: back to the view below, or out."""
        view = self._top(view)
        self._fields.fill_all(view, values or {})
        stack = self._slack.stacks[self.id]
        is_all = bool(view.told.get("clear_on_close"))
        for gone in list(reversed(stack)) if is_all else [stack[-1]]:
            stack.remove(gone)
            gone.is_closed = True
            if gone.told.get("notify_on_close"):
                body = self._by_whom("view_closed", None) | {"view": gone.as_slack(), "is_cleared": is_all}
                await self._ask("interactive", body, Answer())

    async def open_home(self, tab: str = "home") -> None:
        """Look at the bot's page; returns when it has heard of it."""
        told = {"type": "app_home_opened", "user": self.id, "channel": self._slack.dm_of(self.user).id, "tab": tab}
        if self.home is not None and tab == "home":
            told["view"] = self.home.as_slack()
        await _tried(self._slack.emit(told))

    async def shortcut(self, callback_id: str, message: Message | None = None) -> Answer:
        """Use a shortcut: of a message, or (without one) from anywhere."""
        if message is None:
            answer = self._answer(None)
            body = self._by_whom("shortcut", answer) | {"callback_id": callback_id, "action_ts": self._slack.new_ts()}
        else:
            self._must_see(message)
            place = self._slack.channels[message.channel]
            answer = self._answer(place, message)
            body = self._by_whom("message_action", answer) | {"callback_id": callback_id, "message_ts": message.ts}
            body |= {"channel": {"id": place.id, "name": place.told_name}, "action_ts": self._slack.new_ts()}
            body |= {"message": message.as_slack(replies=place.replies(message.ts))}
            body |= {"response_url": answer.response_url}
        await self._ask("interactive", body, answer)
        return answer

    # How it is sent

    def _answer(self, place: Channel | None, message: Message | None = None) -> Answer:
        answer = Answer(trigger_id=self._slack.new_trigger(self.id))
        answer.views = self._slack.triggers[answer.trigger_id].opened
        if place is not None:
            answer.response_url = self._slack.new_response_url(self.id, place, message)
            answer.messages = self._slack.response_urls[answer.response_url.rpartition("/")[2]].said
        return answer

    async def _ask(self, kind: str, body: dict[str, Any], answer: Answer) -> None:
        try:
            answer.ack = await self._slack.hub.ask(kind, body)
        except NotAcked as error:
            answer.error = "operation_timeout" if str(error).endswith("timeout") else "dispatch_failed"
            self._slack.errors_shown.append((self.user.name, f"⚠️ failed with the error {answer.error}"))

    def _by_whom(self, kind: str, answer: Answer | None) -> dict[str, Any]:
        user = {"id": self.id, "username": self.user.name, "name": self.user.name, "team_id": self.user.team}
        enterprise = {"id": self._slack.enterprise_id, "name": "Grid"} if self._slack.enterprise_id else None
        told = {"type": kind, "user": user, "team": {"id": TEAM, "domain": "heron"}, "enterprise": enterprise}
        told |= {"api_app_id": "A0EARSHOT", "token": "t", "is_enterprise_install": False}
        return told | ({"trigger_id": answer.trigger_id} if answer else {})

    async def _act(
        self, where: Message | View, block: Mapping[str, Any], element: Mapping[str, Any], told: dict[str, Any]
    ) -> Answer:
        action = {"action_id": element["action_id"], "block_id": block["block_id"], "action_ts": self._slack.new_ts()}
        place = None if isinstance(where, View) else self._slack.channels[where.channel]
        answer = self._answer(place, where if isinstance(where, Message) else None)
        body = self._by_whom("block_actions", answer) | {"actions": [told | action]}
        if isinstance(where, View):
            shown = where.as_slack()
            body |= {"container": {"type": "view", "view_id": where.id}, "view": shown}
            body["state"] = shown["state"]
        else:
            assert place is not None
            body |= self._in_message(place, where) | {"response_url": answer.response_url}
        await self._ask("interactive", body, answer)
        return answer

    def _in_message(self, place: Channel, message: Message) -> dict[str, Any]:
        """Of an ephemeral message only its container is told, not the message."""
        inside = {"type": "message", "message_ts": message.ts, "channel_id": place.id}
        inside["is_ephemeral"] = bool(message.ephemeral_to)
        if message.thread_ts:
            inside["thread_ts"] = message.thread_ts
        told = {"container": inside, "channel": {"id": place.id, "name": place.told_name}}
        told["state"] = {"values": looks.initial_state(message.blocks)}
        if not message.ephemeral_to:
            told["message"] = message.as_slack(replies=place.replies(message.ts))
        return told

    def _follow(self, view: View, answer: Answer) -> None:
        """What an ack says to do with the modal; nothing: the view goes, the one below is seen again."""
        stack = self._slack.stacks[self.id]
        match answer.ack.get("response_action"):
            case None:
                view.is_closed = True
                stack.remove(view)
            case "clear":
                for one in stack:
                    one.is_closed = True
                stack.clear()
            case "errors":
                self._show_errors(view, answer)
            case "update" | "push" as what:
                self._show(what, view, answer)
            case other:
                self._slack.alarm(f"view {view.callback_id}: Slack knows no response_action {other!r}")
                answer.error = "invalid_response"

    def _show_errors(self, view: View, answer: Answer) -> None:
        told = answer.ack.get("errors") or {}
        inputs = [block["block_id"] for block in view.blocks if block["type"] == "input"]
        if not told or any(name not in inputs for name in told):
            self._slack.alarm(f"view {view.callback_id}: errors for {sorted(told)}, but its inputs are {inputs}")
            answer.error = "invalid_response"
            return
        answer.errors = view.errors = {name: str(words) for name, words in told.items()}

    def _show(self, what: str, view: View, answer: Answer) -> None:
        told = answer.ack.get("view") or {}
        if self._slack.look_at_view(told) or self._slack.wrong_pictures(told.get("blocks")):
            answer.error = "invalid_response"
        elif what == "update":
            view.put(told, self._slack.new_hash())
            answer.views.append(view)
        else:
            answer.views.append(self._slack.push(self.id, told))

    # What can be sent

    def _must_see(self, where: Message | View, *, is_late: bool = False) -> None:
        if isinstance(where, View):
            assert where.user == self.id, f"This view is {self._slack.names[where.user]}'s."
            assert is_late or where.is_home or where is self.modal, f"{where.title!r} is not on top of her screen."
            return
        assert where.ephemeral_to in ("", self.id), f"{self.user.name} cannot see this message."
        assert self.id in self._slack.channels[where.channel].members, f"{self.user.name} is not in this channel."
        assert is_late or not where.is_deleted, "This message was deleted."

    def _top(self, view: View | None) -> View:
        top = self.modal
        assert top is not None, f"{self.user.name} has no modal open."
        assert view is None or view is top, f"On top of her screen is {top.title!r}, not {view.title!r}."
        return top

    # Words

    async def _say(self, channel: str | Channel, text: str, thread: Message | None) -> tuple[Message, Channel]:
        place = self._slack.channel(channel)
        assert self.id in place.members, f"{self.user.name} is not in #{place.name}."
        assert not place.is_archived, f"#{place.name} is archived."
        message = self._slack.new_message(place, self.id, as_sent(self._slack, text, with_names=False))
        message.thread_ts = (thread.thread_ts or thread.ts) if thread else ""
        self._slack.say(place, message)
        return message, place


async def _tried(delivery: Delivery | None) -> None:
    if delivery is not None:
        await delivery.was_tried.wait()
