"""People who use local-slack as Slack's own client would let them: inputs come with what stood in them, a required one
cannot be left empty, text cannot be longer than its input allows, and a button that asks first is asked.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.slack.local_slack import APP, BOT, CHANNELS, PEOPLE, LocalSlack, is_private, words_of

View = dict[str, Any]
Message = dict[str, Any]


@dataclass
class LocalPerson:
    """Somebody in the workspace."""

    slack: LocalSlack
    name: str

    @property
    def id(self) -> str:
        return PEOPLE[self.name]

    @property
    def mention(self) -> str:
        """How others are told to write to the bot."""
        return f"<@{BOT}>"

    # What she does

    async def command(self, words: str, channel: str = "#alerts") -> Message:
        """Type `/earshot words`; the private answer."""
        before = self._answers()
        await self._type(words, channel)
        return await self._answer_after(before, f"an answer to {words}")

    async def command_for_modal(self, words: str, channel: str = "#alerts") -> View:
        """Type `/earshot words`; the modal that it opens."""
        before = self.slack.changes
        await self._type(words, channel)
        return await self._modal_after(before, f"a modal for {words}")

    async def say(self, text: str, channel: str = "#alerts", thread: Message | None = None) -> Message:
        """Post a message, for instance with `mention` in it, in a channel or a thread."""
        below = {"thread_ts": thread["ts"]} if thread else {}
        posted = await self.slack.control("message", channel=_channel(channel), user=self.id, text=text, **below)
        return dict(posted["message"])

    async def ask(self, text: str, channel: str = "#alerts", thread: Message | None = None) -> Message:
        """Post a message that speaks to the bot; the private answer."""
        before = self._answers()
        await self.say(f"{self.mention} {text}", channel, thread)
        return await self._answer_after(before, f"an answer to {text}")

    async def ask_directly(self, text: str) -> Message:
        """Write to the bot in the channel that only they two see; its answer, which needs not be private."""
        if self.id not in self.slack.direct:
            await self.open_home()
        channel = self.slack.direct[self.id]
        asked = await self.say(text, channel)
        return await self.slack.until(
            lambda: next((one for one in self.slack.messages[channel] if _is_later(one, asked)), None),
            f"an answer to {text}",
        )

    async def click(self, message: Message, label: str) -> None:
        """Press a button, or choose in a menu, by its words. Returns when the bot has acknowledged it."""
        action = _action(self.slack.now(message).get("blocks", []), label)
        await self.slack.control(
            "interact", channel=message["channel"], messageTs=message["ts"], user=self.id, action=action
        )

    async def click_for_answer(self, message: Message, label: str) -> Message:
        before = self._answers()
        await self.click(message, label)
        return await self._answer_after(before, f"an answer to {label}")

    async def click_for_modal(self, message: Message, label: str) -> View:
        before = self.slack.changes
        await self.click(message, label)
        return await self._modal_after(before, f"a modal for {label}")

    async def submit(self, **typed: str) -> View | None:
        """Fill in the modal on top and press its button; the modal that is there then, or None when it closed.

        `typed` names the inputs by the beginning of their label, in small letters. When fields are refused, the same
        modal is returned and `slack.errors` has the sentences.
        """
        view = self.slack.modals[-1]
        values = _filled(view, typed)
        changes, refused = self.slack.changes, len(self.slack.errors)
        await self.slack.send("view_submit", user=self.id, values=values)
        await self.slack.until(
            lambda: self.slack.changes > changes or len(self.slack.errors) > refused, "an answer to the modal"
        )
        return self.slack.modals[-1] if self.slack.modals else None

    async def close(self) -> None:
        """Close the modal."""
        changes = self.slack.changes
        await self.slack.send("view_close", user=self.id)
        await self.slack.until(lambda: self.slack.changes > changes, "the modal to close")

    async def open_home(self) -> View:
        """Look at the bot's App Home; what it shows."""
        before = self.slack.homes.get(self.id, {}).get("id")
        await self.slack.control("open-home", user=self.id)
        await self.slack.until(lambda: self.slack.homes.get(self.id, {}).get("id") != before, "App Home")
        return self.slack.homes[self.id]

    async def click_at_home(self, label: str) -> None:
        action = _action(self.slack.homes[self.id]["blocks"], label)
        await self.slack.send("block_action", user=self.id, action=action, appId=APP)

    async def react(self, message: Message, emoji: str, *, is_there: bool = True) -> None:
        await self.slack.control(
            "reaction", channel=message["channel"], ts=message["ts"], user=self.id, name=emoji, present=is_there
        )

    # What she sees

    def _answers(self) -> list[Message]:
        here = (one for messages in self.slack.messages.values() for one in messages)
        return [one for one in here if is_private(one) and one.get("ephemeral_to") == self.id]

    async def _answer_after(self, before: list[Message], what: str) -> Message:
        known = {one["ts"] for one in before}
        return await self.slack.until(
            lambda: next((one for one in self._answers() if one["ts"] not in known), None), what
        )

    async def _modal_after(self, before: int, what: str) -> View:
        """The next modal that is not one that only says to wait."""

        def seen() -> View | None:
            if self.slack.changes == before or not self.slack.modals:
                return None
            view = self.slack.modals[-1]
            return None if view.get("callback_id") == "loading" else view

        return await self.slack.until(seen, what)

    async def _type(self, words: str, channel: str) -> None:
        await self.slack.control("command", channel=_channel(channel), user=self.id, command="/earshot", text=words)


def _is_later(message: Message, asked: Message) -> bool:
    return float(message["ts"]) > float(asked["ts"]) and message["user"] == BOT


def _channel(name: str) -> str:
    return CHANNELS.get(name, name)


def _elements(part: Any, block: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Everything that can be pressed or filled in, with the id of its block."""
    if isinstance(part, list):
        for one in part:
            yield from _elements(one, block)
    elif isinstance(part, Mapping):
        block = part.get("block_id", block)
        if "action_id" in part:
            yield block, part
        for name in ("elements", "element", "accessory"):
            yield from _elements(part.get(name, []), block)


def _action(blocks: list[Any], label: str) -> dict[str, Any]:
    """What the client sends when this is pressed."""
    seen = []
    for block, element in _elements(blocks):
        told = {"block_id": block, "action_id": element["action_id"], "type": element["type"]}
        if element["type"] == "button":
            seen.append(element["text"]["text"])
            if seen[-1] == label:
                return {**told, "value": element.get("value"), "text": element["text"]}
        for option in element.get("options", []):
            seen.append(option["text"]["text"])
            if seen[-1] == label:
                return {**told, "selected_option": option}
    raise AssertionError(f'there is no "{label}" among {seen}')


def _filled(view: View, typed: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    left = dict(typed)
    values: dict[str, dict[str, Any]] = {}
    for block in (one for one in view["blocks"] if one["type"] == "input"):
        label = block["label"]["text"]
        name = next((name for name in left if label.lower().startswith(name.replace("_", " "))), None)
        value = _value(block["element"], None if name is None else left.pop(name))
        inner = value.get("value") or value.get("selected_option")
        assert inner or block.get("optional"), f"{label} cannot be left empty"
        values[block["block_id"]] = {block["element"]["action_id"]: value}
    assert not left, f"{list(left)} are not asked by {words_of(view)}"
    return values


def _value(element: Mapping[str, Any], typed: str | None) -> dict[str, Any]:
    kind = element["type"]
    if kind == "plain_text_input":
        text = element.get("initial_value") if typed is None else typed
        assert len(text or "") <= element.get("max_length", 3000), "the client takes no more characters"
        return {"type": kind, "value": text}
    options = element["options"]
    if typed is None:
        return {"type": kind, "selected_option": element.get("initial_option")}
    found = [one for one in options if typed in (one["text"]["text"], one["value"])]
    assert found, f"{typed} is none of {[one['text']['text'] for one in options]}"
    return {"type": kind, "selected_option": found[0]}
