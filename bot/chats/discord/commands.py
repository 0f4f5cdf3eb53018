"""The staff verbs as Discord's own commands: one `/earshot` with typed options, and two entries in messages' menus.

All is made from what the verbs say of themselves. A group of Discord has 25 places, so the daily verbs stand at
`/earshot claim` and the others at `/earshot more …`.
"""

import asyncio
import inspect
import logging
import re
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Protocol

import discord
from discord import app_commands
from discord.app_commands import locale_str

from bot.chats.wording import measure, one_line
from handlers.completions import MOST, Choice, has_offers
from handlers.requests import TYPED, Argument, Command

log = logging.getLogger(__name__)

Interaction = discord.Interaction[Any]
Built = app_commands.Group | app_commands.ContextMenu

GROUP, MORE = "earshot", "more"
DAILY = (  # what stands at the top, in this order; every other verb stands in `more`
    "claim", "draft", "resolve", "show", "queue", "home", "assign", "release", "approve", "reject", "send", "sent",
    "irrelevant", "snooze", "escalate", "priority", "note", "reopen", "track", "search", "who", "mute", "summary",
    "help",
)  # fmt: skip
MENUS = {"track": "Track as mention", "note": "Add to case notes"}  # of messages, by verb
LONGEST = 100  # characters of a description, and of a choice
PATIENCE = 0.9  # seconds for what may be offered; Discord takes nothing after three

_ABOUT = {
    GROUP: "Mentions and cases: claim, draft, resolve, queue, search …",
    MORE: "What is not needed every day: briefings, export, status, settings …",
}
_KINDS = {"case": "The number of the case, such as 142", "member": "A member of the team, such as @bo"}
_SAID = {  # where the usage tells of several arguments at once
    "resolve.reason": "Why: replied, fixed, no action, irrelevant, not us, spam or duplicate",
    "resolve.note": "A note for the team, such as: refunded by phone",
}
_BIGGEST_CASE = 999_999_999  # as a typed number
_USER = re.compile(r"<@!?(\d{1,20})>")
_NOT_SAID = re.compile(r"^(?:\s*(?:142|@bo)\b)+")  # of a usage or an example: what other arguments take
_WORD = re.compile(r"^\[(\w+)\]$")  # a usage of a single word
_BRACKETS = re.compile(r"\]\s+\[")


class Calls(Protocol):
    """What is done when somebody uses a command. None of these raises."""

    async def command(self, interaction: Interaction, verb: str, values: Mapping[str, str]) -> None:
        """A verb, with what was given by the names of its arguments."""

    async def complete(self, interaction: Interaction, verb: str, argument: str, typed: str) -> Sequence[Choice]:
        """What can be chosen while an argument is typed, the likeliest first."""

    async def message_menu(self, interaction: Interaction, verb: str, message: discord.Message) -> None:
        """An entry in a message's menu; the verb is a key of `MENUS`."""


def build(specs: Sequence[Command], calls: Calls) -> list[Built]:
    """The whole surface, to be added to a command tree. Raises ValueError when there are more verbs than places."""
    by_verb = {spec.verb: spec for spec in specs}
    top = _group(GROUP)
    for verb in DAILY:
        if verb in by_verb:
            top.add_command(_command(by_verb[verb], calls))
    if rest := sorted(set(by_verb) - set(DAILY)):
        more = _group(MORE)
        for verb in rest:
            more.add_command(_command(by_verb[verb], calls))
        top.add_command(more)
    return [top, *(_menu(verb, calls) for verb in MENUS if verb in by_verb)]


def shown(spec: Command) -> list[Argument]:
    """The arguments that become options: those that a person can give."""
    return [one for one in spec.arguments if one.kind != "carried" and (one.is_required or hint(spec, one))]


def hint(spec: Command, argument: Argument) -> str:
    """What an option's description says, at most 100 characters; "" when there is nothing that could be given."""
    if argument.kind in _KINDS:
        return _KINDS[argument.kind]
    if said := _SAID.get(key_of(spec, argument), ""):
        return said
    if spec.typed:
        return cut(_BRACKETS.sub("; ", _NOT_SAID.sub("", spec.typed).strip()).strip("[]"))
    example = _example(spec)
    return cut(f"For example: {example}") if example else ""


def typed(spec: Command) -> str:
    """How a verb is typed in Discord, filled with its example: /earshot snooze case:142 [until:tomorrow 9:00]."""
    options = [(f"{one.name}:{_sample(spec, one)}", one.is_required) for one in shown(spec)]
    return " ".join((path_of(spec), *(option if is_required else f"[{option}]" for option, is_required in options)))


def path_of(spec: Command) -> str:
    """The command alone: /earshot claim, or /earshot more status."""
    return f"/{GROUP} {_name(spec)}" if spec.verb in DAILY else f"/{GROUP} {MORE} {_name(spec)}"


def key_of(spec: Command, argument: Argument) -> str:
    """What the description of an option is translated by: case, member, or verb.argument."""
    return argument.kind if argument.kind in _KINDS else f"{spec.verb}.{argument.name}"


def cut(words: str) -> str:
    """At most 100 characters on one line, without half a word at the end."""
    line = " ".join(words.split())
    return line if len(line) <= LONGEST else f"{line[:LONGEST].rpartition(' ')[0].rstrip(' .,:;')}…"


def _name(spec: Command) -> str:
    return spec.verb.replace(" ", "-")


def _example(spec: Command) -> str:
    """What its example gives to the argument that takes words."""
    return _NOT_SAID.sub("", spec.example.removeprefix(spec.verb)).strip()


def _sample(spec: Command, argument: Argument) -> str:
    """What is put for an argument, to show how it is given."""
    alone = len([one for one in shown(spec) if one.kind not in _KINDS]) == 1
    words = _example(spec) or next(iter(_WORD.findall(spec.typed)), "…")
    return {"case": "142", "member": "@bo"}.get(argument.kind, words if alone else "…")


def _group(name: str) -> app_commands.Group:
    description = locale_str(_ABOUT[name], key=f"groups.{name}")
    return app_commands.Group(name=name, description=description, guild_only=name == GROUP)


def _command(spec: Command, calls: Calls) -> app_commands.Command[Any, ..., None]:
    arguments = shown(spec)
    description = locale_str(cut(spec.help), key=f"verbs.{spec.verb}")
    made: app_commands.Command[Any, ..., None] = app_commands.Command(
        name=_name(spec), description=description, callback=_callback(spec, arguments, calls)
    )
    for argument in arguments:
        if has_offers(spec.verb, argument):
            made.autocomplete(argument.name)(_completion(spec, argument, calls))
    return made


def _callback(spec: Command, arguments: Sequence[Argument], calls: Calls) -> Callable[..., Coroutine[Any, Any, None]]:
    """What discord.py calls. It reads the options from the signature, which is made here from the arguments."""

    async def callback(interaction: Interaction, **given: str | int | None) -> None:
        values = {name: str(value) for name, value in given.items() if value is not None}
        for one in arguments:
            if one.kind == "member" and _USER.fullmatch(values.get(one.name, "").strip()):
                values[one.name] = await _named(spec, one, calls, interaction, values[one.name].strip())
        await calls.command(interaction, spec.verb, values)

    callback.__signature__ = inspect.Signature(  # type: ignore[attr-defined]  # as PEP 362 allows
        [
            inspect.Parameter("interaction", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=discord.Interaction),
            *map(_parameter, arguments),  # discord.py puts first what is required
        ]
    )
    described = {one.name: locale_str(hint(spec, one), key=f"arguments.{key_of(spec, one)}") for one in arguments}
    return app_commands.describe(**described)(callback)


def _parameter(argument: Argument) -> inspect.Parameter:
    is_case = argument.kind == "case"
    return inspect.Parameter(
        argument.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=inspect.Parameter.empty if argument.is_required else None,
        annotation=app_commands.Range[int, 1, _BIGGEST_CASE] if is_case else str,
    )


async def _named(spec: Command, argument: Argument, calls: Calls, interaction: Interaction, user: str) -> str:
    """The member whom a pasted <@id> means; the id itself when it is nobody's, so that the verb says so."""
    choices = await _offered(spec, argument, calls, interaction, user)
    return choices[0].value if choices else user


def _completion(
    spec: Command, argument: Argument, calls: Calls
) -> Callable[[Interaction, str], Coroutine[Any, Any, list[app_commands.Choice[Any]]]]:
    read = int if argument.kind == "case" else str

    async def completion(interaction: Interaction, half: str) -> list[app_commands.Choice[Any]]:
        found = await _offered(spec, argument, calls, interaction, str(half))
        return [app_commands.Choice(name=one.label, value=read(one.value)) for one in found[:MOST]]

    return completion


async def _offered(
    spec: Command, argument: Argument, calls: Calls, interaction: Interaction, half: str
) -> list[Choice]:
    """Whatever goes wrong, there is nothing to choose: what is typed by hand is as good."""
    try:
        async with asyncio.timeout(PATIENCE):
            found = await calls.complete(interaction, spec.verb, argument.name, half)
    except Exception:
        log.warning("nothing could be offered for %s of %s", argument.name, spec.verb, exc_info=True)
        return []
    fitting = (one for one in found if one.label.strip() and 0 < measure(one.value) <= LONGEST)
    return [Choice(one_line(one.label, LONGEST), one.value) for one in fitting]


def _menu(verb: str, calls: Calls) -> app_commands.ContextMenu:
    @app_commands.guild_only()
    async def callback(interaction: Interaction, message: discord.Message) -> None:
        await calls.message_menu(interaction, verb, message)

    return app_commands.ContextMenu(name=locale_str(MENUS[verb], key=f"menus.{verb}"), callback=callback)


TYPED["discord"] = typed
