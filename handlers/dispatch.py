"""From a request to a command and back: find the verb, read the arguments, check the role, put errors into words."""

import difflib
import importlib
import pkgutil
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from handlers import commands, kept
from handlers.context import Context
from handlers.forms import Field, Form
from handlers.requests import COMMANDS, Argument, Command, Reply, Request
from handlers.rules.policy import Member
from handlers.rules.roles import GUESTS_MAY, may, names_of, who_may
from handlers.rules.text import clean, shown
from storage.errors import EarshotError, InvalidInput, NotAllowed

_NUMBER = re.compile(r"#?(\d{1,9})")
_LONGEST_ERROR = 4_000  # characters
_IDS = ("case", "hash", "part")  # what a form is about; all else is an answer to it
_DONE = Reply("That was done already.", is_repeat=True)


def load_commands() -> Mapping[str, Command]:
    """Find every command by walking its folder."""
    for module in pkgutil.iter_modules(commands.__path__, commands.__name__ + "."):
        importlib.import_module(module.name)
    return COMMANDS


def is_read(request: Request) -> bool:
    """Whether the request's command promises to write nothing, so that it may run beside the writer."""
    found = COMMANDS.get(request.verb)
    return found is None or found.is_read


def read_line(line: str) -> tuple[str, str]:
    """A typed line as (verb, the rest): "/earshot claim 142" -> ("claim", "142"). Without a verb it is help."""
    words = line.strip()
    for prefix in ("/earshot", "@earshot", "earshot"):
        if words.lower().startswith(prefix) and (len(words) == len(prefix) or words[len(prefix)].isspace()):
            words = words[len(prefix) :].strip()
            break
    verb, rest = _first_word(words.removeprefix("/"))
    return (verb.lower() or "help"), rest.strip()


def _first_word(text: str) -> tuple[str, str]:
    """The first word and what follows it, whatever white space stands between."""
    parts = text.split(None, 1)
    return (parts[0] if parts else ""), (parts[1] if len(parts) > 1 else "")


def dispatch(ctx: Context, request: Request) -> Reply:
    """Do what is asked, in one transaction. Every error that a person can act on comes back as words."""
    request = _cleaned(request)
    here = f"{request.chat}:{request.channel}"
    ctx = replace(ctx, here=here, user_id=request.user_id, user_name=request.user_name)
    found = COMMANDS.get(request.verb)
    if found is None:
        return _refused(unknown(request.verb))
    try:
        _refuse_who_may_not(ctx, found, request.member)
        if request.is_closed:
            return _keep_typed(ctx, found, request)
        with ctx.store.transaction():
            return _do(ctx, found, request)
    except InvalidInput as error:
        reply = _ask_again(ctx, found, request, error)
    except EarshotError as error:
        reply = _refused(str(error))
    return reply if _is_first_answer(ctx, found, request) else _DONE


def _refuse_who_may_not(ctx: Context, found: Command, who: Member | None) -> None:
    if who is None and not may(who, found.verb):
        raise NotAllowed("You have no role here.", "An admin can add you as a member in earshot.toml.")
    if who is not None and who.is_guest and found.verb not in GUESTS_MAY:
        raise NotAllowed(
            "You are a guest here: you may look, and change nothing.", "Ask somebody of the team to do it."
        )
    if not may(who, found.verb):
        raise NotAllowed(f"`{found.verb}` is for {who_may(found.verb)}.", f"Ask {names_of(ctx.policy, found.verb)}.")


def _do(ctx: Context, found: Command, request: Request) -> Reply:
    if request.key and not found.is_read and not is_new(ctx, request):
        return _DONE
    arguments, who = read_arguments(ctx, found, request), request.member
    if request.is_form and who is not None and not found.is_read:
        kept.forget(ctx, who, found.verb, arguments.get("case"))
    reply = found.run(ctx, who, **arguments)
    if reply.can_share and not may(who, "share"):
        reply = replace(reply, can_share=False)
    if reply.form is not None and who is not None and _is_bare(found, arguments):
        return replace(reply, form=kept.fill(ctx, who, reply.form))
    return reply


def is_new(ctx: Context, request: Request) -> bool:
    """Whether this act was not done yet; from now on it was. To be called in a transaction."""
    return ctx.store.inbox.take(f"act:{request.key}", request.verb[:40], ctx.now)


def _is_first_answer(ctx: Context, found: Command, request: Request) -> bool:
    """An act that failed was taken back, its key too. Where a chat may repeat it, its answer is given only once."""
    if not (request.can_repeat and request.key) or found.is_read or request.is_closed:
        return True
    with ctx.store.transaction():
        return is_new(ctx, request)


def _is_bare(found: Command, arguments: Mapping[str, Any]) -> bool:
    """Whether the form was asked for with nothing in it: what somebody brings along is not replaced."""
    return not found.is_read and not any(value for name, value in arguments.items() if name not in _IDS)


def _keep_typed(ctx: Context, found: Command, request: Request) -> Reply:
    """A form was closed: what was typed stays, and nothing else is done."""
    nothing = Reply("Nothing was typed that could be kept.")
    form = None if found.is_read else _the_form(ctx, found, request)
    if form is None or request.member is None:
        return nothing
    with ctx.store.transaction():
        is_kept = kept.keep(ctx, request.member, form, request.values)
    return Reply("What you typed is kept: it stands in the form when you open it again.") if is_kept else nothing


def _refused(words: str) -> Reply:
    """An error in words. It may repeat what was typed or pasted, so nothing may be hidden in it."""
    return Reply(shown(words, _LONGEST_ERROR).words, is_error=True)


def _cleaned(request: Request) -> Request:
    """What was typed, without what no store can hold."""
    values = {name: clean(value) for name, value in request.values.items()}
    return replace(request, words=clean(request.words), values=values)


def unknown(verb: str) -> str:
    """What is said to a verb that does not exist."""
    close = difflib.get_close_matches(verb, COMMANDS, n=1, cutoff=0.6)
    guess = f" Did you mean `{close[0]}`?" if close else ""
    return f'There is no command "{verb[:40]}".{guess} `help` lists them all.'


def read_arguments(ctx: Context, found: Command, request: Request) -> dict[str, Any]:
    """The command's arguments by name. Raises InvalidInput, naming the usage."""
    rest = request.words
    values: dict[str, Any] = {}
    for argument in found.arguments:
        given = request.values.get(argument.name)
        if given is None and request.is_form and argument.kind == "words":
            given = ""
        if given is None:
            given, rest = _take(argument, rest)
        value = _value(ctx, argument, given) if given is not None else None
        if value is None:
            if argument.is_required:
                raise InvalidInput(_missing(found, argument), f"For example: `{found.example}`.", field=argument.name)
            value = argument.default
        values[argument.name] = value
    if rest.strip():
        raise InvalidInput(f'I do not know what to do with "{rest.strip()[:40]}".', f"Usage: `{found.usage}`.")
    return values


def given(found: Command, line: str) -> tuple[dict[str, str], str]:
    """What a typed line gives, by the names of the arguments, and what nothing takes. A case is given as a number."""
    values: dict[str, str] = {}
    rest = line
    for argument in found.arguments:
        told, rest = _take(argument, rest)
        if told is not None and argument.kind == "case" and not _NUMBER.fullmatch(told):
            return values, f"{told} {rest}".strip()
        if told is not None:
            values[argument.name] = told.removeprefix("#") if argument.kind == "case" else told
    return values, rest.strip()


def given_case(line: str) -> str:
    """The number of a case that a line begins with, "" for none."""
    found = _NUMBER.fullmatch(_first_word(line)[0])
    return found[1] if found else ""


def _take(argument: Argument, rest: str) -> tuple[str | None, str]:
    """What the line gives for an argument, and what is left of it."""
    rest = rest.strip()
    if not rest or argument.kind == "carried":
        return None, rest
    if argument.kind == "words":
        return rest, ""
    first, left = _first_word(rest)
    if argument.kind == "case" and not argument.is_required and not _NUMBER.fullmatch(first):
        return None, rest
    return first, left


def _value(ctx: Context, argument: Argument, given: str) -> Any:
    if argument.kind == "case":
        if not given:
            return None
        match = _NUMBER.fullmatch(given.strip())
        if match is None:
            raise InvalidInput(
                f'"{given[:40]}" is not a case number.', "Case numbers look like 142 or #142.", field=argument.name
            )
        return int(match[1])
    if argument.kind == "member":
        return _member_name(ctx, argument, given)
    return given


def _member_name(ctx: Context, argument: Argument, given: str) -> str:
    name = given.strip().removeprefix("@").lower()
    for member in ctx.policy.members:
        if name in (member.name.lower(), member.label.lower()):
            return member.name
    close = difflib.get_close_matches(name, [member.name for member in ctx.policy.members], n=1)
    guess = f"Did you mean @{close[0]}?" if close else "`status` lists the team."
    raise InvalidInput(f'"{given[:40]}" is not a member.', guess, field=argument.name)


def _missing(found: Command, argument: Argument) -> str:
    what = {"case": "a case number", "member": "a member"}.get(argument.kind, "words after it")
    return f"`{found.verb}` needs {what}."


def _ask_again(ctx: Context, found: Command, request: Request, error: InvalidInput) -> Reply:
    """For a form: the same form with the typed text and the error beside its field. For a line: the error in words."""
    if request.is_form:
        form = _the_form(ctx, found, request)
        if form is not None:
            return replace(_refused(str(error)), form=_filled(form, request, error))
    return _refused(str(error))


def _the_form(ctx: Context, found: Command, request: Request) -> Form | None:
    """What the command asks without the answers. Where it asks nothing it acts, and that is taken back.

    To be called outside of a transaction: an inner one is taken back with the outer one only.
    """
    known = {name: request.values[name] for name in _IDS if name in request.values}
    bare = replace(request, values=known, words="", is_form=False)
    asked: Form | None = None
    with suppress(EarshotError, _TakenBack), ctx.store.transaction():
        asked = found.run(ctx, request.member, **read_arguments(ctx, found, bare)).form
        raise _TakenBack
    return asked


class _TakenBack(Exception):
    """Ends a transaction of which nothing may stay."""


def _filled(form: Form, request: Request, error: InvalidInput) -> Form:
    fields = tuple(replace(field, value=request.values.get(field.name, field.value)) for field in form.fields)
    at = error.field if any(field.name == error.field for field in fields) else _first(fields)
    return replace(form, fields=fields, errors=((at, _refused(str(error)).words),))


def _first(fields: tuple[Field, ...]) -> str:
    return fields[0].name if fields else ""
