"""What a person asks for and what she gets, the same in every chat; and what a staff command is.

A command is a typed function in its own file under `handlers/commands/`:

    @command(button="Claim")
    def claim(ctx: Context, who: Member, case: CaseNumber) -> Reply:
        '''Take a case: one person is responsible now.'''

Its first docstring line is its help everywhere, its parameters after `who` are its arguments, and `usage` below is made
from both. Chats build a Request from a typed line (`words`), or from a button or form (`values`);
`handlers/dispatch.py` reads the arguments, checks the role, and calls it.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NewType, get_type_hints

from handlers.cards import Screen
from handlers.forms import Form
from handlers.rules.policy import Member

CaseNumber = NewType("CaseNumber", int)  # 142 or #142
Word = NewType("Word", str)  # one word
Words = NewType("Words", str)  # the rest of the line
MemberName = NewType("MemberName", str)  # @bo
Carried = NewType("Carried", str)  # what a button or form carries; it cannot be typed


@dataclass(frozen=True, slots=True)
class Request:
    """One act of one person. `key` is unique per click or line, so that a repeat has no second effect."""

    member: Member | None  # None: somebody without a role here
    verb: str
    words: str = ""  # what was typed after the verb
    values: Mapping[str, str] = field(default_factory=dict)  # arguments by name, from a button or a form
    chat: str = "local"
    channel: str = ""
    key: str = ""
    is_form: bool = False  # a submitted form: an absent value is an empty one
    is_closed: bool = False  # a form that was closed without submitting it: what was typed is kept
    user_id: str = ""  # the account that asks, as the chat knows it, also of somebody without a role here
    user_name: str = ""  # how it is shown there
    can_repeat: bool = False  # the chat may deliver it again: a repeat, also of a read, is not even answered


@dataclass(frozen=True, slots=True)
class File:
    """A file for the asker alone: a table that leaves the chat."""

    name: str  # ours: letters, digits, hyphens and one dot
    kind: str  # text/csv or text/markdown; always UTF-8
    text: str


@dataclass(frozen=True, slots=True)
class Reply:
    """The private answer. `effect` names something only the running program can do (reload)."""

    words: str = ""
    screen: Screen | None = None
    form: Form | None = None
    is_error: bool = False
    can_share: bool = False
    effect: str = ""
    is_hers_alone: bool = False  # it changed nothing that others see, so no card tells her
    is_repeat: bool = False  # it was done already; a chat that repeats by itself says nothing
    file: File | None = None


@dataclass(frozen=True, slots=True)
class Argument:
    """One parameter of a command."""

    name: str
    kind: str  # case, word, words, member, carried
    is_required: bool
    default: Any = None


@dataclass(frozen=True, slots=True)
class Command:
    """A staff verb, as every chat, the completion and the README table see it."""

    verb: str
    help: str
    details: str
    arguments: tuple[Argument, ...]
    run: Callable[..., Reply]
    button: str
    is_read: bool
    example: str
    typed: str = ""  # what is typed after the verb, where the arguments' names do not say it

    @property
    def usage(self) -> str:
        if self.typed:
            return f"{self.verb} {self.typed}"
        parts = [self.verb]
        for argument in (one for one in self.arguments if one.kind != "carried"):
            shown = {"case": "142", "member": "@bo"}.get(argument.kind, argument.name)
            parts.append(shown if argument.is_required else f"[{shown}]")
        return " ".join(parts)


COMMANDS: dict[str, Command] = {}
TYPED: dict[str, Callable[[Command], str]] = {}  # by chat: how a verb is typed there, where that is no plain line
LINES: dict[str, Callable[[str], str]] = {}  # by chat: how a line is typed there, to be told in another chat
_KINDS: dict[Any, str] = {CaseNumber: "case", Word: "word", Words: "words", MemberName: "member", Carried: "carried"}


def typed_in(chat: str, line: str) -> str:
    """How a line is typed in a chat that the reader is not in."""
    own = LINES.get(chat)
    return own(line) if own else line if chat == "local" else f"/earshot {line}"


def takes_case(verb: str) -> bool:
    """Whether the number of a case can be typed after it."""
    found = COMMANDS.get(verb)
    return found is not None and any(one.kind == "case" for one in found.arguments)


def command(
    *, button: str = "", is_read: bool = False, example: str = "", typed: str = ""
) -> Callable[[Callable[..., Reply]], Callable[..., Reply]]:
    """Register a staff verb. `button` is its label on cards; `is_read` promises that it writes nothing."""

    def register(function: Callable[..., Reply]) -> Callable[..., Reply]:
        verb = function.__name__.rstrip("_").replace("_", " ")
        lines = inspect.getdoc(function) or ""
        first, _, rest = lines.partition("\n")
        hints = get_type_hints(function)
        arguments = tuple(_argument(name, hints[name], parameter) for name, parameter in _after_who(function))
        COMMANDS[verb] = Command(verb, first, rest.strip(), arguments, function, button, is_read, example, typed)
        return function

    return register


def _after_who(function: Callable[..., Reply]) -> list[tuple[str, inspect.Parameter]]:
    return list(inspect.signature(function).parameters.items())[2:]


def _argument(name: str, hint: Any, parameter: inspect.Parameter) -> Argument:
    options = [hint, *getattr(hint, "__args__", ())]
    kind = next(_KINDS[option] for option in options if option in _KINDS)
    is_required = parameter.default is inspect.Parameter.empty
    return Argument(name, kind, is_required, None if is_required else parameter.default)
