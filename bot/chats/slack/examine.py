"""Whether Slack is set up as Earshot needs it, one finding per thing. Nothing is posted and nothing is changed."""

import asyncio
import logging
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any

from slack_bolt.app.async_app import AsyncApp

from bot.chats.slack.codes import Where
from bot.chats.slack.directory import Directory
from bot.chats.slack.files import SCOPE as FILES
from bot.chats.slack.line import Bounds, Line, Link, NotOpened
from bot.chats.slack.manifest import PATH, SCOPES
from bot.chats.slack.people import called_groups
from bot.chats.slack.refusals import SlackRefused
from bot.chats.slack.render import Look, message
from bot.chats.slack.samples import DRAWINGS, FORM
from bot.chats.slack.views import form_view
from bot.chats.slack.wire import Wire
from bot.findings import Finding, broken, look, works
from bot.settings import Environment
from handlers.cards import Chart
from handlers.ports import ChatError
from handlers.requests import Reply, Request
from handlers.rules.policy import Member, Policy
from handlers.rules.roster import Person, group_key

PATIENCE = 20.0  # seconds that one thing may take
REINSTALL = "paste `earshot slack manifest` into App Manifest, save, and press Reinstall under Install App"
SETUP = "docs/slack.md says where to find it"
_hush = logging.getLogger(f"{__name__}.hush")  # the library would log what people wrote
_hush.setLevel(logging.CRITICAL + 1)


async def greet(environment: Environment, patience: float = PATIENCE) -> Finding:
    """One call, for the doctor of everything: whether Slack takes the bot token, and where that leads."""
    wire = Wire(environment.slack_bot_token.reveal(), environment.slack_api_url)
    try:
        async with asyncio.timeout(patience):
            told = await wire.call("auth.test")
        return works("Chat slack", f"{_who(told)}; `earshot slack doctor` looks closer.")
    except TimeoutError:
        return broken("Chat slack", f"no answer within {patience:g} seconds.")
    except ChatError as error:
        return broken("Chat slack", _words(error))
    finally:
        await wire.close()


async def examine(
    environment: Environment, policy: Policy | None, *, is_running: bool = False, patience: float = PATIENCE
) -> list[Finding]:
    """Look at everything. Never raises for what it finds.

    Without a policy only the keys are looked at. `is_running`: Earshot holds its sockets, so that none is opened here:
    Slack might give it a click that then goes nowhere.
    """
    if not environment.has_slack:
        return [broken("Bot token", f"EARSHOT_SLACK_BOT_TOKEN is not set; {SETUP}.")]
    wire = Wire(environment.slack_bot_token.reveal(), environment.slack_api_url)
    try:
        findings = [*await _bounded("Bot token", _token(wire), patience)]
        if not any(finding.is_broken for finding in findings):
            findings += _scopes(wire.scopes)
            findings += await _workspace(wire, policy, patience) if policy else []
            findings += await _bounded("Cards", _cards(wire, policy), patience)
        return findings + await _bounded("Hearing", _hearing(environment, wire, is_running=is_running), patience)
    finally:
        await wire.close()


async def _bounded(name: str, look_at: Awaitable[list[Finding]], patience: float) -> list[Finding]:
    try:
        async with asyncio.timeout(patience):
            return await look_at
    except TimeoutError:
        return [broken(name, f"no answer within {patience:g} seconds.")]
    except ChatError as error:
        return [broken(name, _words(error))]
    except Exception as error:  # one fault must not hide the others; its words may hold a secret
        return [broken(name, f"failed with {type(error).__name__}; see it with EARSHOT_LOG=debug.")]


async def _token(wire: Wire) -> list[Finding]:
    told = await wire.call("auth.test")
    if not told.get("bot_id"):
        return [broken("Bot token", "it is no bot's; copy the Bot User OAuth Token from OAuth & Permissions.")]
    return [works("Bot token", f"{_who(told)}.")]


def _scopes(has: frozenset[str]) -> list[Finding]:
    if not has:
        return [look("Scopes", "Slack did not say which there are.")]
    missing, extra = sorted(SCOPES.keys() - has), sorted(has - SCOPES.keys())
    findings = [_missing(scope) for scope in missing]
    if extra:
        findings.append(look("Scopes", f"{', '.join(extra)}: more than Earshot needs; {REINSTALL}."))
    return findings or [works("Scopes", f"the {len(SCOPES)} that Earshot needs, and no more.")]


def _missing(scope: str) -> Finding:
    if scope == FILES:  # all else goes on without it
        words = f"{FILES} is missing: charts are told in words, and exports cannot be handed over; {REINSTALL}."
        return look("Scopes", words)
    return broken("Scopes", f"{scope} is missing ({SCOPES[scope]}); {REINSTALL}.")


# What is in the workspace


async def _workspace(wire: Wire, policy: Policy, patience: float) -> list[Finding]:
    desk = Onlooker(policy)
    directory = Directory(wire, desk)
    findings = await _bounded("Workspace", _read(directory), patience)
    for channel, why in _channels(policy).items():
        findings += await _bounded(channel, _channel(directory, channel, why), patience)
    if not _channels(policy):
        findings.append(look("Channels", 'no route goes to Slack; write channel = "slack:#alerts" to one.'))
    findings += _members(policy, {person.id: person for person in desk.people})
    has_groups = bool(policy.slack.groups or called_groups(policy))
    return findings + (await _bounded("User groups", _groups(wire, policy), patience) if has_groups else [])


async def _read(directory: Directory) -> list[Finding]:
    """Everything that the running program would read. What could not be read is a finding, the rest is there."""
    await directory.introduce()
    await directory.refresh()
    return []


def _channels(policy: Policy) -> Mapping[str, str]:
    """Every channel of Slack that the file names, without the chat's prefix, and where it stands there."""
    told = [(route.channel, f"routes[{number}]") for number, route in enumerate(policy.routes)]
    named: dict[str, str] = {}
    for channel, at in [*told, (policy.escalate_to, "escalate_to")]:
        if channel.startswith("slack:"):
            name = channel.removeprefix("slack:")
            named[name] = f"{named[name]}, {at}" if name in named else at
    return named


async def _channel(directory: Directory, name: str, why: str) -> list[Finding]:
    shown = directory.channel_name(await directory.channel_id(name))  # raises when it cannot be posted to
    also = "" if shown == name else f" ({shown})"
    return [works(name, f"found{also}, and Earshot is in it ({why}).")]


def _members(policy: Policy, people: Mapping[str, Person]) -> list[Finding]:
    findings = [_member(policy, member, people.get(member.slack)) for member in policy.members if member.slack]
    without = [member.name for member in policy.members if not member.slack]
    if without:
        words = f'{", ".join(without)}: without a Slack id they can do nothing in Slack; write slack = "U…".'
        findings.append(look("Members", words))
    listed = {member.slack for member in policy.members}
    if added := [person for person in people.values() if person.id not in listed]:
        findings.append(works("Members", f"{len(added)} more by user groups."))
    return findings


def _member(policy: Policy, member: Member, person: Person | None) -> Finding:
    name = f"Member {member.name}"
    if person is None or not (person.handle or person.is_gone):
        return broken(name, f"Slack did not say who {member.slack} is.")
    if not person.handle:
        return broken(name, f"Slack knows nobody with the id {member.slack}; copy it from her profile.")
    handle = f"@{person.handle}"
    if person.is_gone:
        return look(name, f"{handle} is deactivated in Slack, so she may do nothing; take her out of earshot.toml.")
    if person.is_outsider:
        allowed = "may act, as outsiders = true says" if policy.slack.outsiders else "is refused; see outsiders"
        return look(name, f"{handle} belongs to another company and {allowed}, under [slack].")
    if person.is_guest:
        return look(name, f"{handle} is a guest in Slack: she may look, and do nothing.")
    return works(name, f"{handle}.")


async def _groups(wire: Wire, policy: Policy) -> list[Finding]:
    told = (await wire.call("usergroups.list", include_count=True)).get("usergroups", [])
    sizes = {group_key(str(group.get("handle", ""))): int(group.get("user_count") or 0) for group in told}
    given = {handle: ", ".join(role.value for role in roles) for handle, roles in policy.slack.groups.items()}
    known = {group_key(handle) for handle in given}
    called = {name.removeprefix("@"): "called when nobody takes a case" for name in called_groups(policy)}
    others = {handle: why for handle, why in called.items() if group_key(handle) not in known}
    return [_group(handle, sizes, why) for handle, why in {**given, **others}.items()]


def _group(handle: str, sizes: Mapping[str, int], why: str) -> Finding:
    name = f"User group @{handle}"
    size = sizes.get(group_key(handle))
    if size is None:
        return broken(
            name, f"there is none; Slack has {', '.join(f'@{one}' for one in sorted(sizes)) or 'no user group'}."
        )
    if not size:
        return look(name, f"nobody is in it ({why}).")
    return works(name, f"{size} in it ({why}).")


# How Slack reaches us


async def _hearing(environment: Environment, wire: Wire, *, is_running: bool) -> list[Finding]:
    if environment.is_slack_by_http:
        return [_http(environment)]
    link = Link(environment.slack_app_token.reveal(), environment.slack_api_url, Bounds())
    try:
        if is_running:
            await link.ask()
            return [works("App token", "works; Earshot runs and holds its sockets, so none was opened to try.")]
        return [await _socket(link, wire)]
    except NotOpened as error:
        return [broken("App token", f"{error.words}.")]


async def _socket(link: Link, wire: Wire) -> Finding:
    app = AsyncApp(client=wire.client, logger=_hush)
    line = Line(app, link, _ignore, Bounds())
    try:
        await line.open()
    finally:
        await line.close()
    if line.others > 0:
        words = f"a socket opened, and {line.others} more are open: another program uses this app and takes its clicks."
        return look("App token", f"{words} Use one app for each Earshot.")
    return works("App token", "a socket opened and Slack said hello.")


def _http(environment: Environment) -> Finding:
    if not environment.public_host:
        words = "Slack is to reach you by HTTP, and EARSHOT_PUBLIC_HOST is not set; name the page's outside host."
        return broken("Requests", f"{words} (Or set EARSHOT_SLACK_APP_TOKEN, and no address is needed.)")
    url = f"https://{environment.public_host}{PATH}"
    words = f"by HTTP; Slack must know {url} for events, interactivity and /earshot"
    return works("Requests", f"{words}: `earshot slack manifest --http https://{environment.public_host}`.")


# What it would show


async def _cards(wire: Wire, policy: Policy | None) -> list[Finding]:
    look_ = Look(is_classic=policy.slack.classic if policy else False)
    payloads: dict[str, dict[str, Any]] = {
        name: {"blocks": message(drawing, "", look_)["blocks"]} for name, drawing in DRAWINGS.items()
    }
    payloads["a form"] = {"view": form_view(FORM, Where())}
    findings: list[Finding] = []
    for name, payload in payloads.items():
        try:
            await wire.call("blocks.validate", **payload)
        except SlackRefused as error:
            if error.code in ("unknown_method", "method_deprecated"):
                return [look("Cards", "skipped: Slack offers no way here to look at them without posting.")]
            findings.append(
                broken("Cards", f"Slack would not take {name} ({error.code}); try classic = true under [slack].")
            )
    return findings or [works("Cards", f"Slack would take all {len(payloads)} kinds of message and form.")]


class Onlooker:
    """A desk at which nobody sits: what a directory needs to look around, and nothing is done."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self.people: tuple[Person, ...] = ()

    async def act(self, request: Request) -> Reply:  # noqa: ARG002  the signature of a desk, as below
        return Reply("Nothing is done while the doctor looks.", is_error=True)

    def policy(self) -> Policy:
        return self._policy

    async def subject_at(self, chat: str, ref: str) -> str:  # noqa: ARG002
        return ""

    def meet(self, chat: str, people: Sequence[Person], *, groups_are_known: bool) -> None:  # noqa: ARG002
        self.people = tuple(people)

    async def picture(self, chart: Chart) -> bytes:  # noqa: ARG002
        return b""

    async def reopen(self, chat: str, channel: str) -> None:
        """No delivery waits here."""


def _who(told: Mapping[str, Any]) -> str:
    return f"@{told.get('user', 'earshot')} in {told.get('team', 'a workspace')} ({told.get('url', '')})"


def _words(error: Exception) -> str:
    return " ".join(str(error).split()) or "no answer came from Slack."


def _ignore(_: Mapping[str, Any]) -> None:
    """What comes while we look is left to Slack to send again."""
