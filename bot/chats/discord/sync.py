"""Tells Discord which commands there are: for one server, and only when they are other ones than it was told before.

Only the commands of our own application are replaced, and of those only the ones of this server.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple, cast

import discord
from discord import app_commands

from bot.chats.discord.commands import Calls, build
from bot.chats.discord.desk import DiscordDesk
from bot.chats.discord.translator import Translator
from handlers.ports import ChatBusy, ChatClosed, ChatError, ChatRefused
from handlers.requests import Command

log = logging.getLogger(__name__)

_NO_CALLS = cast(Calls, None)  # what is only described is never called
_TOLD = ("type", "name", "description", "options", "required", "autocomplete", "min_value", "max_value")
_GROUPS = (1, 2)  # options that are commands, or groups of them
_NOT_ALLOWED = 403
_INVITE = "`earshot discord invite` prints the address that invites Earshot with its commands; open it again."


async def definition(specs: Sequence[Command]) -> list[dict[str, Any]]:
    """What Discord is sent, as JSON."""
    tree = cast(
        app_commands.CommandTree[Any], _Tree(app_commands.AppCommandContext(), app_commands.AppInstallationType())
    )
    translator = Translator()
    return [await one.get_translated_payload(tree, translator) for one in build(specs, _NO_CALLS)]


async def sync_if_changed(client: discord.Client, guild_id: int, desk: DiscordDesk, *, is_asked: bool = False) -> bool:
    """Send the commands to this server if they are not those that were sent last; whether they were. `is_asked`:
    Discord is asked which it has, as it forgets those of an application that was removed from a server.

    To be called once the server is known, never when the gateway says that it is ready: that comes again and again.
    Raises ChatClosed, ChatRefused or ChatBusy, with what to do.
    """
    specs, key = desk.commands(), f"commands:{client.application_id}:{guild_id}"
    mark = _mark(await definition(specs))
    is_told = await desk.carried(key) == mark
    try:
        if is_told and (not is_asked or await is_in_sync(client, guild_id, specs)):
            return False
        await sync(client, guild_id, specs)
    except (discord.HTTPException, discord.RateLimited) as error:
        raise _in_words(error) from error
    await desk.carry({key: mark})
    return True


async def sync(client: discord.Client, guild_id: int, specs: Sequence[Command]) -> int:
    """Send them, whatever was sent before; how many entries that makes in Discord's list.

    Raises discord.HTTPException or discord.RateLimited.
    """
    wanted = await definition(specs)
    known = {_name(one) for one in await _known(client, guild_id)}
    await client.http.bulk_upsert_guild_commands(_application(client), guild_id, payload=wanted)
    count = len({_name(one) for one in wanted} - known)  # Discord allows 200 new ones a day, and any number of changes
    log.info("told Discord of %d commands in server %s; %d of them are new there", len(wanted), guild_id, count)
    return sum(map(_entries, wanted))


async def is_in_sync(client: discord.Client, guild_id: int, specs: Sequence[Command]) -> bool:
    """Whether Discord has exactly our commands for this server; it is asked. Raises as `sync`."""
    return _compared(await definition(specs)) == _compared(await _known(client, guild_id))


class _Tree(NamedTuple):
    """All that a command asks of a tree to describe itself."""

    allowed_contexts: app_commands.AppCommandContext
    allowed_installs: app_commands.AppInstallationType


async def _known(client: discord.Client, guild_id: int) -> Sequence[Mapping[str, Any]]:
    return cast(Sequence[Mapping[str, Any]], await client.http.get_guild_commands(_application(client), guild_id))


def _application(client: discord.Client) -> int:
    if client.application_id is None:
        raise discord.MissingApplicationID
    return client.application_id


def _in_words(error: discord.HTTPException | discord.RateLimited) -> ChatError:
    if isinstance(error, discord.RateLimited):
        return ChatBusy("Discord asks to wait before it takes commands.", error.retry_after)
    if error.status == _NOT_ALLOWED:
        return ChatClosed("Discord does not let Earshot have commands in this server.", _INVITE)
    return ChatRefused(
        f"Discord did not take the commands ({error.status}, {error.code}).",
        "`earshot discord sync` sends them again; `earshot discord doctor` says more.",
    )


def _entries(one: Mapping[str, Any]) -> int:
    """What can be typed or chosen: a group has as many as it has commands."""
    inner = [option for option in one.get("options") or () if option["type"] in _GROUPS]
    return sum(map(_entries, inner)) or 1


def _mark(wanted: Sequence[Mapping[str, Any]]) -> str:
    return blake2b(json.dumps(wanted, sort_keys=True).encode(), digest_size=16).hexdigest()


def _name(one: Mapping[str, Any]) -> tuple[int, str]:
    return one.get("type", 1), one["name"]


def _compared(commands: Sequence[Mapping[str, Any]]) -> dict[tuple[int, str], Any]:
    """What both sides say of a command; Discord leaves out what is not so, and adds what is its own affair."""
    return {_name(one): _part(one) for one in commands}


def _part(one: Mapping[str, Any]) -> dict[str, Any]:
    options = [_part(option) for option in one.get("options") or ()]
    told = {name: value for name in _TOLD if (value := one.get(name)) and name != "options"}
    return {**told, "options": options}
