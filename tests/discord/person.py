"""Somebody with Discord's own client: sees only what Discord would show her, and sends only what it would let her send.

    answer = await ana.slash("#alerts", "claim", case=3)   # also in a group: "more digest", or "digest" alone
    answer = await ana.click(card, "Claim")                # a button, by its label
    answer = await ana.choose(card, "Snooze…")             # an option of a menu
    answer = await ana.submit({"Reply": "…"})              # the modal on her screen
    answer = await ana.menu(message, "Track as mention")   # a command in the menu of a message

Each gives an `Answer`. What is not there raises an AssertionError that says what is.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tests.discord import looks
from tests.discord.fields import Fields
from tests.discord.interactions import (
    AUTOCOMPLETE,
    COMMAND,
    COMPONENT,
    MODAL,
    Answer,
    Form,
    Interaction,
)
from tests.discord.lint_commands import MESSAGE_MENU
from tests.discord.marks import bare_links
from tests.discord.permissions import BITS
from tests.discord.typed import Typed, data_of, path_of
from tests.discord.world import Channel, Message, User

if TYPE_CHECKING:
    from tests.discord.fake import FakeDiscord

_LINK = 5
FILE_LIMIT = 10 * 1024 * 1024


class Person:
    """One user."""

    def __init__(self, discord: "FakeDiscord", user: User) -> None:
        self.user = user
        self.modal: Form | None = None  # on her screen
        self._discord = discord
        self._fields = Fields(discord)
        self._chosen: dict[tuple[str, str], tuple[list[str], int]] = {}  # in menus, and on which edit of the message

    # What she sees

    @property
    def id(self) -> str:
        return self.user.id

    @property
    def private(self) -> list[Message]:
        """What only she is shown and still stands, oldest first."""
        standing = [one for one in self._discord.ephemerals(self.user) if not (one.is_deleted or one.is_dismissed)]
        return [one for one in standing if not one.is_loading]

    ephemerals = private

    @property
    def pinged(self) -> list[Message]:
        """The messages that called her, oldest first."""
        every = (one for channel in self._discord.channels.values() for one in channel.messages)
        return sorted((one for one in every if self.id in one.pings), key=lambda one: int(one.id))

    def sees(self, channel: str | Channel) -> list[Message]:
        """What stands in a channel for her, her private answers included."""
        place = self._discord.channel(channel)
        assert self._can(place, "view_channel"), f"{self.user.name} does not see #{place.name}."
        standing = [one for one in place.messages if not (one.is_deleted or one.is_dismissed)]
        return [one for one in standing if one.ephemeral_to in ("", self.id)]

    def pictures(self, message: Message) -> list[bytes]:
        """What the embeds and layouts of a message show her."""
        self._must_see(message)
        urls = [one["image"]["url"] for one in message.embeds if one.get("image")]
        for one in looks.walk(message.components):
            urls += [item["media"]["url"] for item in one.get("items") or ()]
        files = {one.url: one for one in self._discord.files.values()}
        return [files[url].content for url in urls]

    # Commands

    def commands(self, channel: str | Channel) -> list[dict[str, Any]]:
        """What she is offered there when she types a slash, or opens the menu of a message."""
        place = self._discord.channel(channel)
        if not place.is_dm and not self._can(place, "use_application_commands"):
            return []
        there = [*self._discord.commands.get("", {}).values()]
        there += self._discord.commands.get(place.guild, {}).values() if place.guild else ()
        allowed = self._discord.permissions_of(self.user, place)
        found = []
        for one in there:
            needed = one.get("default_member_permissions")
            contexts = one.get("contexts")
            is_open = one.get("dm_permission") is not False or not place.is_dm  # the older way to say it
            is_open = is_open if contexts is None else (1 if place.is_dm else 0) in contexts
            if needed is None or place.is_dm or not ~allowed & int(needed or BITS["administrator"]):
                found += [one] if is_open else []
        return found

    async def slash(self, channel: str | Channel, command: str, **values: Any) -> Answer:
        """Type a command with its options by name; None leaves one out. Numbers, texts, names of people and channels,
        labels of choices, files as (name, bytes).
        """
        place = self._discord.channel(channel)
        path = path_of(self.commands(place), command)
        typed = Typed(self._discord, place)
        options = typed.options(path, {name: value for name, value in values.items() if value is not None})
        return await self._ask(COMMAND, place, data_of(path, options, typed.resolved))

    async def complete(
        self, channel: str | Channel, command: str, option: str, typed: str = "", **values: Any
    ) -> list[dict[str, Any]]:
        """What she is offered while she types an option: name and value of each."""
        place = self._discord.channel(channel)
        path = path_of(self.commands(place), command)
        asked = [one for one in path[-1].get("options") or () if one["name"] == option]
        assert asked, f"/{command} has no option {option!r}."
        assert asked[0].get("autocomplete"), f"/{command} completes no option {option!r}."
        line = Typed(self._discord, place)
        options = line.options(path, {**values, option: typed}, is_unfinished=option)
        data = data_of(path, options, line.resolved)
        answer = await self._ask(AUTOCOMPLETE, place, data, option_type=asked[0]["type"])
        assert not answer.error, answer.error
        return answer.choices

    async def menu(self, message: Message, command: str) -> Answer:
        """Choose a command in the menu of a message."""
        self._must_see(message)
        place = self._discord.channels[message.channel]
        there = [one for one in self.commands(place) if one["type"] == MESSAGE_MENU]
        found = [one for one in there if one["name"] == command]
        assert found, f"The menu has no {command!r}; it has {[one['name'] for one in there]}."
        assert not message.ephemeral_to or message.author is self._discord.bot, "Only the bot sees its private answers."
        # The message comes whole, whatever intents the bot has.
        told = {"messages": {message.id: message.as_discord()}}
        data = {"id": found[0]["id"], "name": command, "type": MESSAGE_MENU, "target_id": message.id, "resolved": told}
        if found[0].get("guild_id"):
            data["guild_id"] = found[0]["guild_id"]
        return await self._ask(COMMAND, place, data)

    # Buttons, menus, modals

    async def click(self, message: Message, label: str, *, nth: int = 0, is_late: bool = False) -> Answer:
        """Press a button; `nth` of several with this label. `is_late`: she looks at a message that is gone by now."""
        self._must_see(message, is_late=is_late)
        there = [one for one in looks.walk(message.components) if one["type"] == looks.BUTTON]
        found = [one for one in there if looks.label(one) == label]
        assert len(found) > nth, f"There is no button {label!r} here, but {message.buttons}, in:\n{message.words}"
        button = found[nth]
        assert not button.get("disabled"), f"{label!r} is grey: it cannot be pressed."
        if button["style"] == _LINK:
            return Answer(url=button["url"])
        data = {"custom_id": button["custom_id"], "component_type": looks.BUTTON, "id": button["id"]}
        return await self._ask(COMPONENT, self._discord.channels[message.channel], data, message)

    async def choose(
        self, message: Message, option: str | list[str], field: str = "", *, nth: int = 0, is_late: bool = False
    ) -> Answer:
        """Take an option of a menu by its label (several as a list), a person or a channel by name; `field`: the
        placeholder of the menu, where there are several.
        """
        self._must_see(message, is_late=is_late)
        wanted = [option] if isinstance(option, str) else option
        menus = [one for one in looks.walk(message.components) if one["type"] in looks.SELECTS]
        menus = [one for one in menus if not field or one.get("placeholder") == field]
        found = [one for one in menus if self._offers(one, wanted)]
        assert len(found) > nth, f"Nothing here offers {option!r}; there is {message.menu}, in:\n{message.words}"
        menu = found[nth]
        assert not menu.get("disabled"), f"The menu {menu.get('placeholder')!r} is grey: it cannot be used."
        assert menu.get("min_values", 1) <= len(wanted) <= menu.get("max_values", 1), "Not so many can be chosen."
        resolved: dict[str, dict[str, Any]] = {}
        if menu["type"] == looks.STRING_SELECT:
            offered = {one["label"]: one["value"] for one in menu["options"]}
            values = [offered.get(one, one) for one in wanted]
        else:
            values = self._fields.chosen(menu["type"], wanted, resolved)
        # As long as the message stays as it is, Discord sends no choice twice (discord-api-docs #4801).
        stands = (sorted(values), message.edits)
        is_new = self._chosen.get((message.id, menu["custom_id"])) != stands
        assert is_new, f"{option!r} is chosen already: Discord sends nothing until the message changes."
        self._chosen[message.id, menu["custom_id"]] = stands
        data = {"custom_id": menu["custom_id"], "component_type": menu["type"], "id": menu["id"], "values": values}
        data |= {"resolved": resolved} if resolved else {}
        return await self._ask(COMPONENT, self._discord.channels[message.channel], data, message)

    def _offers(self, menu: Mapping[str, Any], wanted: list[str]) -> bool:
        kind = menu["type"]
        if kind != looks.STRING_SELECT:
            there: Any = self._discord.users if kind == looks.USER_SELECT else self._discord.guild.roles
            there = self._discord.channels if kind == looks.CHANNEL_SELECT else there
            people = self._discord.users.values() if kind == looks.MENTIONABLE_SELECT else ()
            names = {name for one in [*there.values(), *people] for name in (one.id, one.name)}
            return {one.lstrip("@#") for one in wanted} <= names
        offered = {name for one in menu["options"] for name in (one["label"], one["value"])}
        return set(wanted) <= offered

    def show(self, form: Form) -> Form:
        """A modal comes up; one that was open goes."""
        if self.modal is not None:
            self.modal.is_closed = True
        self._fields.begin(form)
        self.modal = form
        return form

    async def submit(self, values: Mapping[str, Any] | None = None) -> Answer:
        """Fill fields (by label or custom id) and press Submit. When no answer comes the modal stays open."""
        form = self._open()
        for field, value in (values or {}).items():
            self._fields.fill(form, field, value)
        self._fields.must_be_complete(form)
        rows, resolved = self._fields.sent(form)
        data = {"custom_id": form.custom_id, "components": rows} | ({"resolved": resolved} if resolved else {})
        answer = await self._ask(MODAL, form.place, data, form.message)
        if not answer.error:
            form.is_closed = True
            self.modal = None if self.modal is form else self.modal
        return answer

    async def close(self, values: Mapping[str, Any] | None = None) -> None:
        """Type something and press Cancel. The bot is not told."""
        form = self._open()
        for field, value in (values or {}).items():
            self._fields.fill(form, field, value)
        form.is_closed, self.modal = True, None

    def dismiss(self, message: Message) -> None:
        """Put a private answer away. The bot is not told."""
        assert message.ephemeral_to == self.id, "Only private answers can be dismissed."
        message.is_dismissed = True

    # Words

    async def say(self, channel: str | Channel, text: str, reply_to: Message | None = None) -> Message:
        """Write a message. The bot hears of it with an intent, and of its words with another."""
        place = self._discord.channel(channel)
        needed = "send_messages_in_threads" if place.is_thread else "view_channel" if place.is_dm else "send_messages"
        assert self._can(place, needed), f"{self.user.name} cannot write in #{place.name}."
        assert 0 < len(text) <= 2000, "1 to 2,000 characters."
        made = Message(place.id, self._discord.new_id(), self.user, self._discord.clock(), text, guild=place.guild)
        made.names, made.reply_to, made.type = self._discord.names, reply_to, 19 if reply_to else 0
        if f"<@{self._discord.bot.id}>" in text:
            made.mentions = {"users": [self._discord.bot], "roles": []}
        made.links = bare_links(text)
        self._discord.say(place, made)
        return made

    async def dm(self, text: str) -> Message:
        """Write to the bot alone."""
        return await self.say(f"@{self.user.name}", text)

    async def react(self, message: Message, emoji: str) -> None:
        self._must_see(message)
        self._discord.set_reaction(message, emoji, self.user, is_added=True)

    async def unreact(self, message: Message, emoji: str) -> None:
        self._discord.set_reaction(message, emoji, self.user, is_added=False)

    def delete(self, message: Message) -> None:
        """As a moderator may, with anybody's message."""
        self._discord.remove(message)

    # How it is sent

    async def _ask(
        self, kind: int, place: Channel, data: dict[str, Any], message: Message | None = None, *, option_type: int = 3
    ) -> Answer:
        discord = self._discord
        one_id, token = discord.new_id(), f"interaction-token-{discord.new_id()}-secret"
        told: dict[str, Any] = {"id": one_id, "application_id": discord.application, "type": kind, "token": token}
        told |= {"version": 1, "data": data, "locale": "en-US", "entitlements": []}
        # discord.py needs these two of every interaction.
        told |= {"channel": place.as_discord(in_interaction=True), "attachment_size_limit": FILE_LIMIT}
        told |= {"channel_id": place.id, "app_permissions": str(discord.permissions_of(discord.bot, place))}
        if place.is_dm:
            told |= {"user": self.user.as_discord(), "context": 1, "authorizing_integration_owners": {}}
        else:
            guild = discord.guilds[place.guild]
            told |= {"guild_id": guild.id, "guild": {"id": guild.id, "locale": "en-US", "features": []}}
            told |= {"member": discord.member_payload(guild, self.user, place), "context": 0, "guild_locale": "en-US"}
            told["authorizing_integration_owners"] = {"0": guild.id}
        if message is not None:
            told["message"] = message.as_discord()
        one = Interaction(one_id, token, kind, self.user, place, discord.clock(), told, message, option_type)
        return await discord.hand_over(one)

    def _open(self) -> Form:
        assert self.modal is not None, f"{self.user.name} has no modal open."
        return self.modal

    def _can(self, place: Channel, name: str) -> bool:
        return self._discord.can(self.user, place, name)

    def _must_see(self, message: Message, *, is_late: bool = False) -> None:
        place = self._discord.channels[message.channel]
        assert message.ephemeral_to in ("", self.id), f"{self.user.name} cannot see this message."
        assert self._can(place, "view_channel"), f"{self.user.name} does not see #{place.name}."
        assert is_late or not (message.is_deleted or message.is_dismissed), "This message is gone."
