"""Slack's Web API over a fake workspace: what each method does, what it refuses, and with which error.

From Slack's documents unless said: a method's page lists its errors.
"""

import copy
import json
from collections.abc import Callable
from typing import Any

from tests.slack.doors import METHODS, Doors, Params, Refusal, is_true
from tests.slack.lint import lint_message, lint_view
from tests.slack.world import TEAM, Channel, Message, SlackFile, View, is_emoji_name, new_id

LONGEST_TEXT = 40_000  # Slack cuts what is longer
METADATA_BYTES = 10_000
VIEW_BYTES = 250_000


class Api(Doors):
    """The methods. `call` gives the answer or raises Refusal."""

    def call(self, method: str, params: Params) -> dict[str, Any]:
        if method not in METHODS:
            raise Refusal("unknown_method", req_method=method)
        scope = METHODS[method][0]
        if scope and not scope.startswith("*") and method != "apps.connections.open":
            self.needs(scope)
        act: Callable[[Params], dict[str, Any]] = getattr(self, method.replace(".", "_"))
        return {"ok": True} | act(params)

    # Who we are

    def auth_test(self, _: Params) -> dict[str, Any]:
        slack = self._slack
        told = {"url": slack.url, "team": slack.team_name, "team_id": TEAM, "user": slack.bot.name}
        told |= {"user_id": slack.bot.id, "bot_id": slack.bot_id, "is_enterprise_install": False}
        return told | ({"enterprise_id": slack.enterprise_id} if slack.enterprise_id else {})

    def bots_info(self, params: Params) -> dict[str, Any]:
        if params.get("bot") != self._slack.bot_id:
            raise Refusal("bot_not_found")
        return {"bot": {"id": self._slack.bot_id, "user_id": self._slack.bot.id, "name": self._slack.bot.name}}

    def apps_connections_open(self, _: Params) -> dict[str, Any]:
        return {"url": self._slack.hub.new_ticket()}

    def blocks_validate(self, params: Params) -> dict[str, Any]:
        if not self._slack.has_blocks_validate:
            raise Refusal("unknown_method", req_method="blocks.validate")
        view, message = params.get("view"), params.get("message") or params
        wrong = lint_view(view) if view else lint_message(message.get("blocks"), message.get("text"))
        if wrong:
            raise Refusal("invalid_blocks", errors=[{"message": one, "pointer": ""} for one in wrong])
        return {}

    # Messages

    def chat_postMessage(self, params: Params) -> dict[str, Any]:
        channel = self.to_write(params, is_post=True)
        message = self._written(channel, params, "chat.postMessage")
        parent = self._parent(channel, params)
        message.thread_ts, message.is_broadcast = parent, bool(params.get("reply_broadcast")) and bool(parent)
        message.bot_id, message.metadata = self._slack.bot_id, self._metadata(params)
        message.settings = _settings(params, "none")
        self._slack.say(channel, message)
        self._slack.shows(message)
        return {"channel": channel.id, "ts": message.ts, "message": message.as_slack(with_metadata=True)}

    def chat_update(self, params: Params) -> dict[str, Any]:
        channel = self.to_write(params)
        message = channel.message(str(params.get("ts", "")))
        if message is None:
            raise Refusal("message_not_found")
        if message.user != self._slack.bot.id:
            raise Refusal("cant_update_message")
        new = self._written(channel, params, "chat.update")
        before = message.as_slack()
        # `text` alone takes the blocks away; blocks, attachments or metadata that are not given stay otherwise [doc].
        if params.get("blocks") is not None or params.get("text") is not None:
            message.blocks = new.blocks
        message.text = new.text if params.get("text") is not None else message.text
        message.attachments = new.attachments if params.get("attachments") is not None else message.attachments
        if params.get("metadata") is not None:
            message.metadata = self._metadata(params)
        message.settings |= _settings(params, "client")  # what is left out is overwritten with the default
        message.edits += 1
        self._slack.shows(message)
        self._slack.tell_changed(channel, message, before)
        return {"channel": channel.id, "ts": message.ts, "text": message.text, "message": message.as_slack()}

    def chat_postEphemeral(self, params: Params) -> dict[str, Any]:
        channel = self.to_write(params, is_post=True)
        user = str(params.get("user", ""))
        if user not in self._slack.users or user not in channel.members:
            raise Refusal("user_not_in_channel")
        message = self._written(channel, params, "chat.postEphemeral")
        message.thread_ts, message.ephemeral_to = str(params.get("thread_ts") or ""), user
        message.bot_id, message.settings = self._slack.bot_id, _settings(params, "none")
        self._slack.say(channel, message)
        return {"message_ts": message.ts}

    def chat_delete(self, params: Params) -> dict[str, Any]:
        channel = self.to_write(params)
        message = channel.message(str(params.get("ts", "")))
        if message is None:
            raise Refusal("message_not_found")
        if message.user != self._slack.bot.id:
            raise Refusal("cant_delete_message")
        self._slack.remove(channel, message)
        return {"channel": channel.id, "ts": message.ts}

    def chat_getPermalink(self, params: Params) -> dict[str, Any]:
        channel = self.channel(params)
        message = channel.message(str(params.get("message_ts", "")))
        if message is None:
            raise Refusal("message_not_found")
        return {"channel": channel.id, "permalink": self._slack.permalink(message)}

    def _written(self, channel: Channel, params: Params, method: str) -> Message:
        text, blocks, more = params.get("text"), params.get("blocks"), params.get("attachments")
        if not text and not blocks and not more and not (method == "chat.update" and params.get("metadata")):
            raise Refusal("no_text")
        if blocks or text:
            self._slack.look_at(method, params)
        # Slack takes a long `text`; a long or wrong block it does not take.
        if wrong := [one for one in lint_message(blocks, text) if blocks and not one.startswith("text")]:
            raise Refusal("invalid_blocks", errors=wrong, response_metadata={"messages": [f"[ERROR] {wrong[0]}"]})
        if wrong := self._slack.wrong_pictures(blocks):
            raise Refusal("invalid_blocks", errors=wrong, response_metadata={"messages": [f"[ERROR] {wrong[0]}"]})
        made = self._slack.new_message(channel, self._slack.bot.id, str(text or "")[:LONGEST_TEXT], blocks)
        made.attachments = copy.deepcopy(list(more or ()))
        return made

    def _parent(self, channel: Channel, params: Params) -> str:
        """The thread to reply in. When its first message is gone and nobody replied, Slack posts to the channel and
        says nothing: only the answer's missing thread_ts tells [issue slack-go/slack 1571].
        """
        ts = str(params.get("thread_ts") or "")
        found = channel.message(ts)
        if found is not None and found.thread_ts:
            return found.thread_ts
        return ts if found is not None or channel.replies(ts) else ""

    @staticmethod
    def _metadata(params: Params) -> dict[str, Any] | None:
        told = params.get("metadata")
        if not told:
            return None
        if not isinstance(told.get("event_type"), str) or not isinstance(told.get("event_payload"), dict):
            raise Refusal("invalid_metadata_format")
        if len(json.dumps(told)) > METADATA_BYTES:
            raise Refusal("metadata_too_large")
        return copy.deepcopy(dict(told))

    # Files

    def files_getUploadURLExternal(self, params: Params) -> dict[str, Any]:
        name, length = str(params.get("filename") or ""), int(params.get("length") or 0)
        if not name or length < 1:
            raise Refusal("invalid_arguments")
        file = SlackFile(new_id("F0"), name, length)
        ticket = new_id("u")
        self._slack.files[file.id] = self._slack.uploads[ticket] = file
        return {"upload_url": f"{self._slack.upload_base or self._slack.base}/upload/v1/{ticket}", "file_id": file.id}

    def files_completeUploadExternal(self, params: Params) -> dict[str, Any]:
        """Without a channel the file is the bot's alone."""
        named = params.get("files") or []
        found = [self._slack.files.get(str(one.get("id", ""))) for one in named]
        files = [one for one in found if one is not None and one.content is not None and not one.is_finished]
        if not named or len(files) < len(named):
            raise Refusal("file_not_found")
        channel = None
        if told := str(params.get("channel_id") or ""):
            channel = self.to_write({"channel": told})
        for file, one in zip(files, named, strict=True):
            file.is_finished, file.title = True, str(one.get("title") or file.name)
        if channel is not None:
            message = self._slack.new_message(channel, self._slack.bot.id, str(params.get("initial_comment") or ""))
            message.bot_id, message.files = self._slack.bot_id, files
            for file in files:
                file.channels.add(channel.id)
            self._slack.say(channel, message)
        return {"files": [one.as_slack() for one in files]}

    # Channels

    def conversations_history(self, params: Params) -> dict[str, Any]:
        channel = self.to_read(params, "history")
        standing = [one for one in channel.messages if not one.is_deleted and not one.ephemeral_to]
        shown = [one for one in standing if not one.thread_ts or one.is_broadcast]
        found = [one for one in reversed(shown) if _is_within(one.ts, params)]
        return self.page(params, [self._told(channel, one, params) for one in found], "messages", 999)

    def conversations_replies(self, params: Params) -> dict[str, Any]:
        channel = self.to_read(params, "history")
        ts = str(params.get("ts", ""))
        first, replies = channel.message(ts), channel.replies(ts)
        if first is None and not replies:
            raise Refusal("thread_not_found")
        found = [one for one in replies if _is_within(one.ts, params)]
        told = [self._told(channel, one, params) for one in ([first] if first else []) + found]
        return self.page(params, told, "messages", 1000)

    def conversations_info(self, params: Params) -> dict[str, Any]:
        return {"channel": self.to_read(params, "read", is_inside=False).as_slack(self._slack.bot.id)}

    def conversations_members(self, params: Params) -> dict[str, Any]:
        return self.page(params, sorted(self.to_read(params, "read", is_inside=False).members), "members", 1000)

    def conversations_list(self, params: Params) -> dict[str, Any]:
        return self._listed(params, lambda one: not one.is_private or self.is_inside(one))

    def users_conversations(self, params: Params) -> dict[str, Any]:
        return self._listed(params, self.is_inside)

    def conversations_open(self, params: Params) -> dict[str, Any]:
        user = self._slack.users.get(str(params.get("users", "")))
        if user is None:
            raise Refusal("user_not_found")
        if user.id == self._slack.bot.id:
            raise Refusal("cannot_dm_bot")
        if user.deleted:
            raise Refusal("user_disabled")
        return {"channel": self._slack.dm_of(user).as_slack(self._slack.bot.id)}

    def _listed(self, params: Params, is_shown: Callable[[Channel], bool]) -> dict[str, Any]:
        kinds = {"public_channel": "channels", "private_channel": "groups", "im": "im", "mpim": "mpim"}
        wanted = [kinds[one.strip()] for one in str(params.get("types") or "public_channel").split(",")]
        for kind in wanted:
            self.needs(f"{kind}:read")
        found = [one for one in self._slack.channels.values() if one.kind in wanted and is_shown(one)]
        if is_true(params.get("exclude_archived")):
            found = [one for one in found if not one.is_archived]
        return self.page(params, [one.as_slack(self._slack.bot.id) for one in found], "channels", 999)

    # People

    def users_info(self, params: Params) -> dict[str, Any]:
        user = self._slack.users.get(str(params.get("user", "")))
        if user is None:
            raise Refusal("user_not_found")
        return {"user": user.as_slack()}

    def users_list(self, params: Params) -> dict[str, Any]:
        return self.page(params, [one.as_slack() for one in self._slack.users.values()], "members", 1000)

    def usergroups_list(self, params: Params) -> dict[str, Any]:
        with_users = is_true(params.get("include_users"))
        return {"usergroups": [one.as_slack(with_users=with_users) for one in self._slack.groups.values()]}

    def usergroups_users_list(self, params: Params) -> dict[str, Any]:
        group = self._slack.groups.get(str(params.get("usergroup", "")))
        if group is None:
            raise Refusal("no_such_subteam")
        return {"users": list(group.users)}

    # Reactions

    def reactions_add(self, params: Params) -> dict[str, Any]:
        message, name = self._reacted(params)
        if self._slack.bot.id in message.reactions.get(name, ()):
            raise Refusal("already_reacted")
        self._slack.set_reaction(message, name, self._slack.bot.id, is_added=True)
        return {}

    def reactions_remove(self, params: Params) -> dict[str, Any]:
        message, name = self._reacted(params)
        if self._slack.bot.id not in message.reactions.get(name, ()):
            raise Refusal("no_reaction")
        self._slack.set_reaction(message, name, self._slack.bot.id, is_added=False)
        return {}

    def reactions_get(self, params: Params) -> dict[str, Any]:
        message, _ = self._reacted({"name": "eyes"} | dict(params))
        return {"type": "message", "channel": message.channel, "message": message.as_slack()}

    def _reacted(self, params: Params) -> tuple[Message, str]:
        name = str(params.get("name", ""))
        if not is_emoji_name(name):
            raise Refusal("invalid_name")
        channel = self.to_write(params)
        message = channel.message(str(params.get("timestamp", "")))
        if message is None:
            raise Refusal("message_not_found")
        return message, name

    # Views

    def views_open(self, params: Params) -> dict[str, Any]:
        told = self._viewed(params, "modal")
        trigger = self._exchanged(params)
        view = self._slack.new_view(trigger.user, told)
        for gone in self._slack.stacks.get(trigger.user, ()):
            gone.is_closed = True
        self._slack.stacks[trigger.user] = [view]
        trigger.opened.append(view)
        return {"view": view.as_slack()}

    def views_push(self, params: Params) -> dict[str, Any]:
        told = self._viewed(params, "modal")
        trigger = self._exchanged(params)
        view = self._slack.push(trigger.user, told)
        trigger.opened.append(view)
        return {"view": view.as_slack()}

    def views_update(self, params: Params) -> dict[str, Any]:
        told = self._viewed(params, "modal")
        view = self._slack.views.get(str(params.get("view_id", "")))
        if view is None or view.is_closed or view.is_home:
            raise Refusal("not_found")
        _same_hash(view, params)
        view.put(told, self._slack.new_hash())
        return {"view": view.as_slack()}

    def views_publish(self, params: Params) -> dict[str, Any]:
        told = self._viewed(params, "home")
        user = str(params.get("user_id", ""))
        if user not in self._slack.users:
            raise Refusal("user_not_found")
        if not self._slack.has_home:
            raise Refusal("not_enabled")
        view = self._slack.homes.get(user)
        if view is None:
            view = self._slack.homes[user] = self._slack.new_view(user, told)
        else:
            _same_hash(view, params)
            view.put(told, self._slack.new_hash())
        return {"view": view.as_slack()}

    def _viewed(self, params: Params, kind: str) -> dict[str, Any]:
        told = params.get("view")
        if not isinstance(told, dict) or told.get("type") != kind:
            raise Refusal("invalid_arguments", response_metadata={"messages": [f"[ERROR] a {kind} view is needed"]})
        if len(json.dumps(told)) > VIEW_BYTES:
            raise Refusal("view_too_large")
        # Views are refused as arguments, messages as blocks.
        if wrong := self._slack.look_at_view(told) + self._slack.wrong_pictures(told.get("blocks")):
            raise Refusal("invalid_arguments", response_metadata={"messages": [f"[ERROR] {one}" for one in wrong]})
        return told

    def _exchanged(self, params: Params) -> Any:
        trigger = self._slack.triggers.get(str(params.get("trigger_id", "")))
        if trigger is None:
            raise Refusal("invalid_trigger_id")
        if trigger.is_used:
            raise Refusal("exchanged_trigger_id")
        if self._slack.clock() - trigger.at > self._slack.trigger_lives:
            raise Refusal("expired_trigger_id")
        trigger.is_used = True
        return trigger

    def _told(self, channel: Channel, message: Message, params: Params) -> dict[str, Any]:
        with_metadata = is_true(params.get("include_all_metadata"))
        return message.as_slack(with_metadata=with_metadata, replies=channel.replies(message.ts))


def _settings(params: Params, parse: str) -> dict[str, Any]:
    names = ("link_names", "unfurl_links", "unfurl_media")
    told = {name: params.get(name) for name in names if params.get(name) is not None}
    return {"parse": params.get("parse", parse), "link_names": False} | told


def _is_within(ts: str, params: Params) -> bool:
    oldest, latest = float(params.get("oldest") or 0), float(params.get("latest") or "inf")
    if is_true(params.get("inclusive")):
        return oldest <= float(ts) <= latest
    return oldest < float(ts) < latest


def _same_hash(view: View, params: Params) -> None:
    if params.get("hash") and params["hash"] != view.hash:
        raise Refusal("hash_conflict")
