"""Whether Discord is set up as Earshot needs it, one finding per thing. Nothing is posted and nothing is changed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager

import aiohttp
import discord

from bot.chats.discord.addresses import point_at
from bot.chats.discord.permissions import invitation, missing_of
from bot.chats.discord.sync import is_in_sync, sync
from bot.findings import Finding, broken, look, works
from bot.settings import Environment
from handlers.requests import Command
from handlers.rules.duty import is_roster
from handlers.rules.policy import Member, Policy
from handlers.rules.roster import group_key
from storage.errors import ConfigError

PATIENCE = 20.0  # seconds that one thing may take
_SETUP = "docs/discord.md says where to find it"
_PORTAL = "discord.com/developers/applications"
_TROUBLE = (discord.DiscordException, aiohttp.ClientError, OSError)
_SHOWN = 20  # names of channels in a line
_FEW = 20  # new connections, of a thousand a day


async def greet(environment: Environment, patience: float = PATIENCE) -> Finding:
    """One call, for the doctor of everything: whether Discord takes the token, and who we are there."""
    found = await _bounded("Chat discord", _greet(environment), patience)
    return found[0]


async def examine(
    environment: Environment, policy: Policy | None, commands: Sequence[Command], patience: float = PATIENCE
) -> list[Finding]:
    """Look at everything. Never raises for what it finds. Without a policy only the token is looked at."""
    if not environment.has_discord:
        return [broken("Bot token", f"EARSHOT_DISCORD_TOKEN is not set; {_SETUP}.")]
    return await _bounded("Bot token", _examine(environment, policy, commands, patience), patience * 4)


async def invite(environment: Environment, server_id: str) -> str:
    """The address that lets Earshot into a server. Raises ConfigError with what to do."""
    async with _asked(environment) as client:
        return invitation(_application(client).id, server_id)


async def sync_now(environment: Environment, policy: Policy, commands: Sequence[Command]) -> str:
    """Tell Discord the commands, whether it knows them or not; a sentence. Raises ConfigError with what to do."""
    async with _asked(environment) as client:
        guild = await _server(client, policy)
        try:
            count = await sync(client, guild.id, commands)
        except discord.Forbidden:
            raise ConfigError("Earshot was invited without its commands.", _again(client, guild)) from None
        return f"{guild.name} has all {count} entries: type / in a channel to see them."


@asynccontextmanager
async def signed_in(environment: Environment) -> AsyncIterator[discord.Client]:
    """A client that only asks, without a gateway. Raises ConfigError when Discord does not take the token."""
    point_at(environment.discord_api_url)
    client = discord.Client(
        intents=discord.Intents.none(), max_ratelimit_timeout=30.0, allowed_mentions=discord.AllowedMentions.none()
    )
    try:
        await client.login(environment.discord_token.reveal())
        yield client
    except discord.LoginFailure:
        raise ConfigError(
            "Discord refuses the token.", f"Make a new one at {_PORTAL}, Bot, Reset Token, and put it into .env."
        ) from None
    finally:
        await client.close()


@asynccontextmanager
async def _asked(environment: Environment) -> AsyncIterator[discord.Client]:
    """As `signed_in`, for a command of one answer: whatever goes wrong is a ConfigError, and nobody waits for ever."""
    try:
        async with asyncio.timeout(2 * PATIENCE), signed_in(environment) as client:
            yield client
    except TimeoutError:
        raise ConfigError(f"Discord did not answer within {2 * PATIENCE:g} seconds.", "Try again later.") from None
    except _TROUBLE as error:
        raise ConfigError(f"{_words(error)}.", "`earshot discord doctor` says more.") from None


async def _bounded(name: str, look_at: Awaitable[list[Finding]], patience: float) -> list[Finding]:
    try:
        async with asyncio.timeout(patience):
            return await look_at
    except TimeoutError:
        return [broken(name, f"no answer within {patience:g} seconds.")]
    except ConfigError as error:
        return [broken(name, " ".join(str(error).split()))]
    except _TROUBLE as error:
        return [broken(name, f"{_words(error)}.")]
    except Exception as error:  # one fault must not hide the others; its words may hold a secret
        return [broken(name, f"failed with {type(error).__name__}; see it with EARSHOT_LOG=debug.")]


async def _greet(environment: Environment) -> list[Finding]:
    async with signed_in(environment) as client:
        return [works("Chat discord", f"@{client.user}; `earshot discord doctor` looks closer.")]


async def _examine(
    environment: Environment, policy: Policy | None, commands: Sequence[Command], patience: float
) -> list[Finding]:
    async with signed_in(environment) as client:
        findings = [works("Bot token", f"@{client.user}."), *_settings(_application(client))]
        findings += await _bounded("Gateway", _gateway(client), patience)
        if policy is None:
            return findings
        try:
            guild = await _server(client, policy)
        except ConfigError as error:
            return [*findings, broken("Server", " ".join(str(error).split()))]
        findings.append(works("Server", f"{guild.name} ({guild.id})."))
        findings += await _bounded("Channels", _channels(client, guild, policy), patience)
        findings += await _bounded("Members", _members(guild, policy), patience)
        findings += _roles(guild, policy)
        findings += await _bounded("Calls", _calls(client, guild, policy), patience)
        return findings + await _bounded("Commands", _commands(client, guild, commands), patience)


def _settings(application: discord.AppInfo) -> list[Finding]:
    """What stands in Discord's pages for developers."""
    findings = []
    if application.interactions_endpoint_url:
        words = "Discord sends clicks and commands to an Interactions Endpoint URL and not to Earshot; empty it"
        findings.append(broken("Application", f"{words} at {_PORTAL}, General Information."))
    flags = application.flags
    asked = {
        "Presence Intent": flags.gateway_presence or flags.gateway_presence_limited,
        "Server Members Intent": flags.gateway_guild_members or flags.gateway_guild_members_limited,
        "Message Content Intent": flags.gateway_message_content or flags.gateway_message_content_limited,
    }
    if more := [name for name, is_on in asked.items() if is_on]:
        findings.append(look("Application", f"{', '.join(more)}: more than Earshot needs; off at {_PORTAL}, Bot."))
    if application.bot_public:
        findings.append(look("Application", f"anybody may invite it; switch off Public Bot at {_PORTAL}, Bot."))
    return findings


async def _gateway(client: discord.Client) -> list[Finding]:
    told = await client.http.request(discord.http.Route("GET", "/gateway/bot"))
    left = int(told["session_start_limit"]["remaining"])
    if left < _FEW:
        words = f"{left} new connections are left today; if they are used up, Discord takes the token away"
        return [look("Gateway", f"{words}. Does another program use this token?")]
    return [works("Gateway", "Discord takes connections.")]


async def _server(client: discord.Client, policy: Policy) -> discord.Guild:
    """The server that Earshot works in. Raises ConfigError when there is none, or nobody can tell which."""
    there = [guild async for guild in client.fetch_guilds(limit=200)]
    if policy.discord.server:
        found = [guild for guild in there if str(guild.id) == policy.discord.server]
        if not found:
            raise ConfigError(
                "Earshot is not in the server that [discord] names.",
                f"Invite it: {invitation(_application(client).id, policy.discord.server)}",
            )
        return await client.fetch_guild(found[0].id, with_counts=False)
    if not there:
        raise ConfigError("Earshot is in no server.", f"Invite it: {invitation(_application(client).id)}")
    if len(there) > 1:
        names = ", ".join(f"{guild.name} ({guild.id})" for guild in there)
        raise ConfigError(f"Earshot is in {len(there)} servers: {names}.", 'Write server = "…" under [discord].')
    return await client.fetch_guild(there[0].id, with_counts=False)


# What is in the server


async def _channels(client: discord.Client, guild: discord.Guild, policy: Policy) -> list[Finding]:
    named = _named(policy)
    if not named:
        return [look("Channels", 'no route goes to Discord; write channel = "discord:#alerts" to one.')]
    assert client.user is not None  # noqa: S101 - it is signed in
    me = await guild.fetch_member(client.user.id)
    there = [one for one in await guild.fetch_channels() if isinstance(one, discord.TextChannel)]
    return [_channel(name, why, there, me) for name, why in named.items()]


def _channel(name: str, why: str, there: Sequence[discord.TextChannel], me: discord.Member) -> Finding:
    bare = name.removeprefix("#")
    found = [one for one in there if bare in (str(one.id), one.name.lower())]
    if not found:
        return broken(name, f"there is no such text channel ({why}); {_there(there)}.")
    if len(found) > 1:
        ids = " or ".join(f"discord:#{one.id}" for one in found)
        return broken(name, f"there are {len(found)} of that name ({why}); write {ids}.")
    if missing := missing_of(found[0].permissions_for(me)):
        return broken(name, f"{', '.join(missing)} missing there ({why}); allow it to Earshot's role, Edit Channel.")
    return works(name, f"found, and Earshot may post there ({why}).")


def _there(channels: Sequence[discord.TextChannel]) -> str:
    names = sorted(f"#{one.name}" for one in channels)
    if len(names) > _SHOWN:
        return f"there are {', '.join(names[:_SHOWN])} and {len(names) - _SHOWN} more"
    *but_last, last = names or ["none"]
    return f"there {'are' if but_last else 'is'} {' and '.join([*([', '.join(but_last)] if but_last else []), last])}"


def _named(policy: Policy) -> Mapping[str, str]:
    """Every channel of Discord that the file names, without the chat's prefix, and where it stands there."""
    told = [(route.channel, f"routes[{number}]") for number, route in enumerate(policy.routes)]
    told += [(rule.channel, f"escalations[{number}]") for number, rule in enumerate(policy.escalations)]
    told += [(policy.escalate_to, "escalate_to"), (policy.alarms_to, "alarms_to")]
    named: dict[str, str] = {}
    for channel, at in told:
        if channel.startswith("discord:"):
            name = channel.removeprefix("discord:")
            named[name] = f"{named[name]}, {at}" if name in named else at
    return named


async def _members(guild: discord.Guild, policy: Policy) -> list[Finding]:
    findings = [await _member(guild, member) for member in policy.members if member.discord]
    without = [member.name for member in policy.members if not member.discord]
    if without and not policy.discord.roles:
        words = f'{", ".join(without)}: without a Discord id they can do nothing in Discord; write discord = "…".'
        findings.append(look("Members", words))
    return findings


async def _member(guild: discord.Guild, member: Member) -> Finding:
    name = f"Member {member.name}"
    try:
        found = await guild.fetch_member(int(member.discord))
    except discord.NotFound:
        where = "right-click her name, Copy User ID"
        return broken(name, f"nobody with the id {member.discord} is in {guild.name}; copy it again: {where}.")
    if found.bot:
        return broken(name, f"{member.discord} is the id of a bot.")
    return works(name, f"@{found.name}.")


def _roles(guild: discord.Guild, policy: Policy) -> list[Finding]:
    given = policy.discord.roles.items()
    return [_role(name, [role.value for role in roles], guild.roles) for name, roles in given]


def _role(name: str, given: Iterable[str], there: Iterable[discord.Role]) -> Finding:
    found = [role for role in there if group_key(name) in (group_key(role.name), str(role.id))]
    if not found:
        return broken(f"Role {name}", "the server has none of that name; write it as it stands under Roles.")
    if len(found) > 1:
        ids = " or ".join(f'"{role.id}"' for role in found)
        return broken(f"Role {name}", f"{len(found)} roles bear this name, so it gives nothing; write {ids}.")
    return works(f"Role {name}", f"found; it gives {', '.join(given)}.")


async def _calls(client: discord.Client, guild: discord.Guild, policy: Policy) -> list[Finding]:
    """Whether Discord would notify the roles that escalations call."""
    called = _called(policy)
    if not called:
        return []
    assert client.user is not None  # noqa: S101 - it is signed in
    may_call_all = (await guild.fetch_member(client.user.id)).guild_permissions.mention_everyone
    return [_call(name, why, guild.roles, may_call_all=may_call_all) for name, why in called.items()]


def _call(name: str, why: str, there: Iterable[discord.Role], *, may_call_all: bool) -> Finding:
    found = [role for role in there if group_key(name) in (group_key(role.name), str(role.id))]
    at = f"Call of {name}"
    if not found:
        return broken(at, f"the server has no role of that name ({why}); write it as it stands under Roles.")
    if len(found) > 1:
        ids = " or ".join(f'"{role.id}"' for role in found)
        return broken(at, f"{len(found)} roles bear this name, so nobody is called ({why}); write {ids}.")
    if not (found[0].mentionable or may_call_all):
        what = "under Server Settings, Roles, allow anyone to @mention this role"
        return broken(at, f"Discord would notify nobody ({why}); {what}.")
    return works(at, f"Earshot may call this role ({why}).")


def _called(policy: Policy) -> Mapping[str, str]:
    """Every role that an escalation calls in Discord, and where the file says so. What may be a group of Slack's alone
    is left to Slack.
    """
    routed = [route.channel for route in policy.routes]
    slacks = set(map(group_key, policy.slack.groups)) - set(map(group_key, policy.discord.roles))
    named: dict[str, str] = {}
    for number, rule in enumerate(policy.escalations):
        if any(channel.startswith("discord:") for channel in ([rule.channel] if rule.channel else routed)):
            for name in rule.ping:
                if not is_roster(name) and policy.member(name) is None and group_key(name) not in slacks:
                    at = f"escalations[{number}]"
                    named[name] = f"{named[name]}, {at}" if name in named else at
    return named


async def _commands(client: discord.Client, guild: discord.Guild, commands: Sequence[Command]) -> list[Finding]:
    try:
        is_told = await is_in_sync(client, guild.id, commands)
    except discord.Forbidden:
        return [broken("Commands", f"Earshot was invited without its commands. {_again(client, guild)}")]
    if is_told:
        return [works("Commands", "Discord has them as they are.")]
    return [look("Commands", "Discord has others; they are told at the next start, or now by `earshot discord sync`.")]


def _again(client: discord.Client, guild: discord.Guild) -> str:
    return f"Open this address, which asks for them: {invitation(_application(client).id, str(guild.id))}"


def _application(client: discord.Client) -> discord.AppInfo:
    assert client.application is not None  # noqa: S101 - it is signed in
    return client.application


def _words(error: Exception) -> str:
    """What Discord says, without what we said to it."""
    if isinstance(error, discord.HTTPException):
        return f"Discord answers {error.status}{f' ({error.code})' if error.code else ''}"
    return f"Discord cannot be reached ({type(error).__name__})"
