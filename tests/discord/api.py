"""The REST routes of a fake Discord: what each does, or why not."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from tests.discord.lint_commands import lint_commands
from tests.discord.permissions import BITS
from tests.discord.posting import MESSAGE_CONTENT, Upload, find
from tests.discord.refusals import Refusal, invalid, lines
from tests.discord.world import Channel, Guild, Message

if TYPE_CHECKING:
    from tests.discord.fake import FakeDiscord

CREATED_A_DAY = 200  # new commands of a server [doc]


@dataclass
class Asked:
    """One request."""

    where: Mapping[str, str]  # the parts of the path
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    uploads: Mapping[str, Upload] = field(default_factory=dict)


class Api:
    """`call` does what a route of `routes.py` is called."""

    def __init__(self, discord: "FakeDiscord") -> None:
        self._discord = discord
        self.created = 0  # commands, in a day

    def call(self, name: str, asked: Asked) -> Any:
        """The answer, None for 204. Raises Refusal."""
        return getattr(self, f"do_{name}")(asked)

    # About the bot

    def do_me(self, asked: Asked) -> Any:
        return self._discord.bot.as_discord() | {"verified": True, "mfa_enabled": False, "locale": "en-US"}

    def do_application(self, asked: Asked) -> Any:
        flags = 1 << 19 if self._discord.hub.allowed & MESSAGE_CONTENT else 0
        told = {"id": self._discord.application, "name": "Earshot", "description": "", "icon": None, "summary": ""}
        told |= {"bot_public": False, "bot_require_code_grant": False, "verify_key": "0" * 64, "flags": flags}
        owner = self._discord.users[self._discord.guild.owner].as_discord()
        told |= {
            "owner": owner,
            "approximate_guild_count": len([1 for one in self._discord.guilds.values() if one.has_bot]),
        }
        return told | self._discord.portal

    def do_gateway(self, asked: Asked) -> Any:
        left = {"total": 1000, "remaining": 1000 - self._discord.hub.identifies, "reset_after": 1000}
        return {"url": self._discord.gateway_url, "shards": 1, "session_start_limit": left | {"max_concurrency": 1}}

    # Servers and people

    def do_guilds(self, asked: Asked) -> Any:
        return [one.as_discord() for one in self._discord.guilds.values() if one.has_bot]

    def do_guild(self, asked: Asked) -> Any:
        guild = self._guild(asked)
        match asked.where["rest"]:
            case "":
                return guild.as_discord()
            case "/roles":
                return [one.as_discord() for one in guild.roles.values()]
            case "/channels":
                there = [one for one in self._discord.channels.values() if one.guild == guild.id]
                return [one.as_discord() for one in there if not one.is_thread and not one.is_deleted]
            case "/threads/active":
                there = [one for one in self._discord.channels.values() if one.guild == guild.id and one.is_thread]
                return {"threads": [one.as_discord() for one in there if not one.is_archived], "members": []}
            case "/members/search":
                typed = asked.query.get("query", "").lower()
                found = [one for one in guild.members.values() if one.user.name.lower().startswith(typed)]
                return [one.as_discord() for one in found[: int(asked.query.get("limit", 1))]]
        if not self._discord.hub.allowed & 1 << 1:  # the list of members needs the privileged intent
            raise Refusal(50001)
        return [one.as_discord() for one in guild.members.values()]

    def do_member(self, asked: Asked) -> Any:
        guild, user = self._guild(asked), asked.where["user"]
        user = self._discord.bot.id if user == "@me" else user
        if user not in self._discord.users:
            raise Refusal(10013)
        if user not in guild.members:
            raise Refusal(10007)
        return guild.members[user].as_discord()

    def do_user(self, asked: Asked) -> Any:
        if asked.where["user"] not in self._discord.users:
            raise Refusal(10013)
        return self._discord.users[asked.where["user"]].as_discord()

    def do_dm(self, asked: Asked) -> Any:
        """Opening one always works; only writing there tells that she takes none."""
        user = self._discord.users.get(str(asked.body.get("recipient_id")))
        if user is None:
            raise Refusal(10013)
        return self._discord.dm_of(user).as_discord()

    # Channels and threads

    def do_channel(self, asked: Asked) -> Any:
        return self._place(asked).as_discord()

    def do_change_channel(self, asked: Asked) -> Any:
        place = self._place(asked)
        if not place.is_thread:
            raise Refusal(50024)
        if place.owner != self._discord.bot.id or place.is_locked or "locked" in asked.body:
            self._discord.must_be_allowed(place, "manage_threads")
        place.name = asked.body.get("name", place.name)
        place.is_archived = asked.body.get("archived", place.is_archived)
        place.is_locked = asked.body.get("locked", place.is_locked)
        place.keeps_open = asked.body.get("auto_archive_duration", place.keeps_open)
        self._discord.hub.tell("THREAD_UPDATE", place.as_discord(), 1)
        return place.as_discord()

    def do_thread(self, asked: Asked) -> Any:
        place, message = self._message(asked)
        self._discord.must_be_allowed(place, "create_public_threads")
        if place.is_thread or place.is_dm:
            raise Refusal(50024)
        name, keeps = str(asked.body.get("name") or ""), int(asked.body.get("auto_archive_duration") or 4320)
        return self._discord.thread_of(message, name, keeps).as_discord()

    def do_thread_member(self, asked: Asked) -> None:
        self._place(asked)

    def do_typing(self, asked: Asked) -> None:
        self._may_write(self._place(asked))

    # Messages

    def do_post(self, asked: Asked) -> Any:
        place = self._place(asked)
        self._may_write(place)
        if asked.body.get("embeds"):
            self._discord.must_be_allowed(place, "embed_links")
        if asked.uploads:
            self._discord.must_be_allowed(place, "attach_files")
        nonce = str(asked.body.get("nonce") or "")
        if nonce and asked.body.get("enforce_nonce") and (known := self._discord.known_nonce(nonce)):
            if known.channel != place.id:  # it is looked for among all that the bot wrote, wherever
                self._discord.alarm(f"the nonce {nonce} was used in two channels")
            return known.as_discord()
        return self._discord.post(place, asked.body, asked.uploads).as_discord()

    def do_edit(self, asked: Asked) -> Any:
        place, message = self._message(asked)
        if message.author is not self._discord.bot:
            if set(asked.body) == {"flags"}:
                self._discord.must_be_allowed(place, "manage_messages")
            else:
                raise Refusal(50005)
        return self._discord.edit(message, asked.body, asked.uploads).as_discord()

    def do_get(self, asked: Asked) -> Any:
        place, message = self._message(asked)
        self._discord.must_be_allowed(place, "read_message_history")
        return self._discord.shown_to_bot(message)

    def do_history(self, asked: Asked) -> Any:
        place = self._place(asked)
        if not self._discord.can(self._discord.bot, place, "read_message_history"):
            return []  # no error: just nothing [doc]
        return [self._discord.shown_to_bot(one) for one in find(place.standing, asked.query)]

    def do_delete(self, asked: Asked) -> None:
        place, message = self._message(asked)
        if message.author is not self._discord.bot:
            self._discord.must_be_allowed(place, "manage_messages")
        if place.is_archived:
            raise Refusal(50083)
        self._discord.delete(message)

    def do_react(self, asked: Asked) -> None:
        place, message = self._message(asked)
        self._discord.must_be_allowed(place, "add_reactions read_message_history")
        if place.is_archived:
            raise Refusal(50083)
        emoji = unquote(asked.where["emoji"])
        if emoji not in message.reactions and len(message.reactions) >= 20:
            raise Refusal(30010)
        self._discord.set_reaction(message, emoji, self._discord.bot, is_added=True)

    def do_unreact(self, asked: Asked) -> None:
        message = self._message(asked)[1]
        self._discord.set_reaction(message, unquote(asked.where["emoji"]), self._discord.bot, is_added=False)

    # Commands

    def do_commands(self, asked: Asked) -> Any:
        return list(self._scope(asked).values())

    def do_set_commands(self, asked: Asked) -> Any:
        """The whole list of a scope; what is not in it is gone. Only new names count towards 200 a day."""
        self._lint(asked.body)
        scope = self._scope(asked)
        known = {(one["type"], one["name"]): one["id"] for one in scope.values()}
        fresh = [one for one in asked.body if (one.get("type", 1), one["name"]) not in known]
        if self.created + len(fresh) > CREATED_A_DAY:
            raise Refusal(30034, retry_after=86400.0)
        self.created += len(fresh)
        scope.clear()
        for one in asked.body:
            made_id = known.get((one.get("type", 1), one["name"])) or self._discord.new_id()
            scope[made_id] = self._command(one, made_id, asked.where["guild"])
        self._discord.syncs += 1
        return list(scope.values())

    def do_put_command(self, asked: Asked) -> Any:
        scope = self._scope(asked)
        self._lint([asked.body])
        same = [
            each
            for each, one in scope.items()
            if (one["type"], one["name"]) == (asked.body.get("type", 1), asked.body["name"])
        ]
        made_id = same[0] if same else self._discord.new_id()
        scope[made_id] = self._command(asked.body, made_id, asked.where["guild"])
        return scope[made_id]

    def do_delete_command(self, asked: Asked) -> None:
        if self._scope(asked).pop(asked.where["command"], None) is None:
            raise Refusal(10063)

    # Answers to interactions

    def do_callback(self, asked: Asked) -> Any:
        told = self._discord.callback(asked.where["id"], asked.where["token"], asked.body, asked.uploads)
        return told if asked.query.get("with_response") in ("1", "true") else None

    def do_follow_up(self, asked: Asked) -> Any:
        return self._discord.follow_up(asked.where["token"], asked.body, asked.uploads).as_discord()

    def do_get_answer(self, asked: Asked) -> Any:
        return self._discord.answer_of(asked.where["token"], asked.where["message"])[1].as_discord()

    def do_edit_answer(self, asked: Asked) -> Any:
        where = asked.where
        return self._discord.edit_answer(where["token"], where["message"], asked.body, asked.uploads).as_discord()

    def do_delete_answer(self, asked: Asked) -> None:
        self._discord.delete(self._discord.answer_of(asked.where["token"], asked.where["message"])[1], is_answer=True)

    # What stands behind several

    def _guild(self, asked: Asked) -> Guild:
        guild = self._discord.guilds.get(asked.where["guild"])
        if guild is None:
            raise Refusal(10004)
        if not guild.has_bot:
            raise Refusal(50001)
        return guild

    def _place(self, asked: Asked) -> Channel:
        return self._discord.place_for_bot(asked.where["channel"])

    def _message(self, asked: Asked) -> tuple[Channel, Message]:
        place = self._place(asked)
        message = place.message(asked.where["message"])  # private answers are not found by this way
        if message is None:
            raise Refusal(10008)
        return place, message

    def _may_write(self, place: Channel) -> None:
        if place.is_dm:
            user = place.recipient
            guilds = self._discord.guilds.values()
            has_met = user and any(user.id in one.members for one in guilds if one.has_bot)
            if user is None or user.is_bot or not user.takes_dms or not has_met:
                raise Refusal(50007)
        elif place.is_thread:
            self._discord.must_be_allowed(place, "send_messages_in_threads")
            if place.is_locked and not self._discord.permissions_of(self._discord.bot, place) & BITS["manage_threads"]:
                raise Refusal(160005)
        else:
            self._discord.must_be_allowed(place, "send_messages")

    def _scope(self, asked: Asked) -> dict[str, dict[str, Any]]:
        if asked.where["application"] != self._discord.application:
            raise Refusal(50001)
        if asked.where["guild"]:
            self._guild(asked)
        return self._discord.commands.setdefault(asked.where["guild"], {})

    def _lint(self, commands: Any) -> None:
        if wrong := list(lint_commands(commands)):
            self._discord.alarms += [f"commands: {one}" for one in lines(wrong)]
            raise invalid(wrong)

    def _command(self, told: Mapping[str, Any], made_id: str, guild: str) -> dict[str, Any]:
        made = {"type": 1, "description": "", "options": [], "nsfw": False, "default_member_permissions": None}
        made |= {name: value for name, value in told.items() if value is not None}
        made |= {"id": made_id, "application_id": self._discord.application, "version": self._discord.new_id()}
        return made | ({"guild_id": guild} if guild else {})
