"""Commands, clicks and forms as Discord hands them to the bot, and all ways to answer them.

The first answer comes within three seconds, once; then the token is good for fifteen minutes of edits and follow-ups.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.discord import looks
from tests.discord.happenings import Happenings
from tests.discord.lint import lint_choices, lint_modal
from tests.discord.posting import Upload
from tests.discord.refusals import Refusal, invalid, lines
from tests.discord.world import EPHEMERAL, LOADING, Channel, Message, User

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL = 2, 3, 4, 5  # types of interactions
MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, CHOICES, FORM = 4, 5, 6, 7, 8, 9  # types of first answers
ACK_WITHIN, USABLE_FOR = 3.0, 900.0  # seconds on Discord's clock [doc]
_ANSWERS = {COMMAND: (MESSAGE, DEFERRED, FORM), AUTOCOMPLETE: (CHOICES,), MODAL: (MESSAGE, DEFERRED)}
_ANSWERS[COMPONENT] = (MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, FORM)
_FAILED = {
    COMMAND: "The application did not respond",
    COMPONENT: "This interaction failed",
    AUTOCOMPLETE: "Loading options failed",
    MODAL: "Something went wrong. Try again.",
}


@dataclass(eq=False)
class Form:
    """A modal on somebody's screen. `state` is what its inputs hold now, by custom id."""

    told: dict[str, Any]
    place: Channel  # where it was opened
    message: Message | None = None  # of the button that opened it
    state: dict[str, Any] = field(default_factory=dict)
    is_closed: bool = False

    @property
    def title(self) -> str:
        return str(self.told["title"])

    @property
    def custom_id(self) -> str:
        return str(self.told["custom_id"])

    @property
    def fields(self) -> list[str]:
        """The labels of its inputs."""
        return [one["label"] for one in looks.walk(self.told["components"]) if one.get("label") and one["type"] != 2]

    @property
    def words(self) -> str:
        """All that can be read in it: title, texts, labels, what the fields hold."""
        held = [str(value) for value in self.state.values() if value]
        return "\n".join([self.title, looks.words("", (), self.told["components"], {}), *held])


@dataclass(eq=False)
class Answer:
    """What came of one act. It goes on living: later answers are added to it."""

    type: int = 0  # of the first answer
    error: str = ""  # what the person saw instead of an answer
    messages: list[Message] = field(default_factory=list)  # new ones, and private ones that were changed
    updated: Message | None = None  # the message that was clicked in, when the answer changed it
    modal: Form | None = None
    choices: list[dict[str, Any]] = field(default_factory=list)  # of an autocomplete: name and value
    url: str = ""  # where a link button leads
    interaction: "Interaction | None" = field(default=None, repr=False)

    @property
    def words(self) -> str:
        """All that was answered, and what stands in the modal."""
        shown = [one.words for one in self.messages if not one.is_deleted]
        return "\n".join([*shown, *([self.modal.words] if self.modal else [])])

    async def arrives(self, seconds: float = 30.0) -> "Answer":
        """Wait until there is more than "Earshot is thinking…": a message, a changed card or a modal."""
        async with asyncio.timeout(seconds):
            while not self._is_there():  # noqa: ASYNC110 - filled by the server's handlers
                await asyncio.sleep(0.005)
        return self

    def _is_there(self) -> bool:
        return bool(self.updated or self.modal or [one for one in self.messages if not one.is_loading])


@dataclass(eq=False)
class Interaction:
    """One act of a person, on its way to the bot and back."""

    id: str
    token: str
    type: int
    user: User
    channel: Channel
    at: float
    told: dict[str, Any]
    message: Message | None = None  # in which she clicked
    option_type: int = 3  # of the option that is completed
    original: Message | None = None
    is_over: bool = False  # the person has seen that it failed
    made: list[Message] = field(default_factory=list)
    answer: Answer = field(default_factory=Answer)
    is_acked: asyncio.Event = field(default_factory=asyncio.Event)


class Interactions(Happenings):
    """`ack_within` is in seconds of real time; on Discord's own clock it is always three."""

    def __init__(self, clock: Any) -> None:
        super().__init__(clock)
        self.ack_within = ACK_WITHIN
        self.interactions: dict[str, Interaction] = {}
        self.tokens: dict[str, Interaction] = {}
        self.errors_shown: list[tuple[str, str]] = []  # who, and the words in the place of an answer

    def pass_time(self, seconds: float) -> None:
        """Those who wait for an answer see in time that none came."""
        super().pass_time(seconds)
        for one in self.interactions.values():
            if not one.is_acked.is_set() and self.clock() - one.at > ACK_WITHIN:
                self._give_up(one)

    async def hand_over(self, interaction: Interaction) -> Answer:
        """Give it to the bot and wait for its first answer, or for what the person sees without one."""
        self.interactions[interaction.id] = self.tokens[interaction.token] = interaction
        interaction.answer.interaction = interaction
        if not self.hub.is_reachable:
            self._give_up(interaction)
            return interaction.answer
        self.hub.tell("INTERACTION_CREATE", interaction.told)
        try:
            async with asyncio.timeout(self.ack_within):
                await interaction.is_acked.wait()
        except TimeoutError:
            self._give_up(interaction)
        return interaction.answer

    def _give_up(self, interaction: Interaction) -> None:
        interaction.is_over = True
        interaction.answer.error = _FAILED[interaction.type]
        if interaction.type != AUTOCOMPLETE:
            self.errors_shown.append((interaction.user.name, interaction.answer.error))
        interaction.is_acked.set()

    # The first answer

    def callback(
        self, interaction_id: str, token: str, body: Mapping[str, Any], uploads: Mapping[str, Upload]
    ) -> dict[str, Any]:
        """Do what the first answer says. Raises Refusal."""
        one = self.interactions.get(interaction_id)
        if one is None or one.token != token or one.is_over or self.clock() - one.at > ACK_WITHIN:
            raise Refusal(10062)
        if one.is_acked.is_set():
            raise Refusal(40060)
        kind = int(body.get("type") or 0)
        allowed = _ANSWERS[one.type] + ((DEFERRED_UPDATE, UPDATE) if one.type == MODAL and one.message else ())
        if kind not in allowed:
            self.alarm(f"an interaction of type {one.type} was answered with {kind}")
            raise invalid([(("type",), "BASE_TYPE_CHOICES", f"Value must be one of {allowed}.")])
        self._do(one, kind, body.get("data") or {}, uploads)
        one.answer.type = kind
        one.is_acked.set()
        return self._told(one, kind)

    def _do(self, one: Interaction, kind: int, data: Mapping[str, Any], uploads: Mapping[str, Upload]) -> None:
        if kind == MESSAGE:
            self._put(one, data, uploads)
        elif kind == DEFERRED:
            flags = int(data.get("flags") or 0) & EPHEMERAL  # nothing else can be said of what will come
            made = Message(one.channel.id, self.new_id(), self.bot, self.clock(), guild=one.channel.guild)
            made.flags, made.ephemeral_to = flags | LOADING, one.user.id if flags else ""
            made.names, made.application = self.names, self.application
            self._placed(one, made)
            self.say(one.channel, made)
        elif kind == UPDATE:
            assert one.message is not None
            self._edit(one, one.message, data, uploads)
            one.original = one.message
        elif kind == DEFERRED_UPDATE:
            one.original = one.message
        elif kind == CHOICES:
            wrong = lint_choices(data.get("choices"), one.option_type)
            self._refuse(wrong, "autocomplete")
            one.answer.choices = list(data["choices"])
        else:
            wrong = lint_modal(data)
            self._refuse(wrong, f"modal {data.get('custom_id')}")
            self.open_form(one, dict(data))

    def open_form(self, one: Interaction, told: dict[str, Any]) -> None:
        raise NotImplementedError

    def _refuse(self, wrong: Any, what: str) -> None:
        if wrong:
            self.alarms += [f"{what}: {line}" for line in lines(wrong)]
            raise invalid([(("data", *where) if where[:1] != ("data",) else where, *rest) for where, *rest in wrong])

    def _told(self, one: Interaction, kind: int) -> dict[str, Any]:
        """discord.py always asks with_response=1, and a 204 in its place breaks it."""
        told: dict[str, Any] = {"id": one.id, "type": one.type, "channel_id": one.channel.id}
        resource: dict[str, Any] = {"type": kind}
        if one.original is not None and kind in (MESSAGE, DEFERRED, UPDATE):
            told |= {"response_message_id": one.original.id, "response_message_loading": one.original.is_loading}
            told["response_message_ephemeral"] = bool(one.original.ephemeral_to)
            resource["message"] = one.original.as_discord()
        return {"interaction": told} | ({"resource": resource} if kind not in (DEFERRED_UPDATE,) else {})

    # Afterwards, by the token

    def follow_up(self, token: str, body: Mapping[str, Any], uploads: Mapping[str, Upload]) -> Message:
        one = self._by_token(token)
        if one.original is not None and one.original.is_loading:
            # The first follow-up after a defer takes its place, and is seen by those who saw it [doc].
            return self._edit(one, one.original, body, uploads)
        return self._put(one, body, uploads)

    def answer_of(self, token: str, message_id: str) -> tuple[Interaction, Message]:
        """A message that was made through an interaction: @original, or a follow-up's id. Raises Refusal."""
        one = self._by_token(token)
        made = [each for each in one.made if each.id == message_id]
        found = one.original if message_id == "@original" else made[0] if made else None
        if found is None or found.is_deleted:
            raise Refusal(10008)
        return one, found

    def edit_answer(
        self, token: str, message_id: str, body: Mapping[str, Any], uploads: Mapping[str, Upload]
    ) -> Message:
        one, message = self.answer_of(token, message_id)
        return self._edit(one, message, body, uploads)

    def _by_token(self, token: str) -> Interaction:
        one = self.tokens.get(token)
        if one is None or not one.is_acked.is_set() or one.is_over:
            raise Refusal(10015)
        if self.clock() - one.at > USABLE_FOR:
            raise Refusal(50027)
        return one

    def _put(self, one: Interaction, data: Mapping[str, Any], uploads: Mapping[str, Upload]) -> Message:
        private = one.user.id if int(data.get("flags") or 0) & EPHEMERAL else ""
        made = self.post(one.channel, data, uploads, ephemeral_to=private, is_answer=True)
        self._placed(one, made)
        return made

    def _placed(self, one: Interaction, made: Message) -> None:
        one.original = one.original or made
        one.made.append(made)
        one.answer.messages.append(made)

    def _edit(
        self, one: Interaction, message: Message, data: Mapping[str, Any], uploads: Mapping[str, Upload]
    ) -> Message:
        self.edit(message, data, uploads, is_answer=True)
        if message is one.message:
            one.answer.updated = message
        if message.ephemeral_to and message not in one.answer.messages:
            one.answer.messages.append(message)
        return message
