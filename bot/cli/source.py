"""`earshot source add|list|test|pause|resume|remove`."""

import asyncio
import os
import re
import secrets as chance
import sys
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from pathlib import Path
from types import ModuleType
from typing import Any, get_type_hints

import click

from bot import registry
from bot.cli import start
from bot.config_edit import ConfigFile, with_source, with_source_on, without_source
from bot.fetch import Fetch, Tools
from bot.listen import wanted
from bot.log import plain
from bot.manual import comments_of
from bot.policy_file import WRITTEN, read_policy, read_policy_text
from bot.settings import SECRET_ENDINGS, Environment, Variables
from bot.sources import KINDS
from bot.spelling import did_you_mean
from bot.trial import Trial, try_out
from handlers.context import think
from handlers.rules.money import dollars
from handlers.rules.policy import Policy, SourceEntry
from handlers.rules.text import shown
from handlers.rules.when import ago
from storage.errors import EarshotError, InvalidInput, StorageError
from storage.store import holder, open_storage
from storage.types import SourceState

ENV_FILE = Path(".env")
_WIDTH = 100  # characters of an item


@click.group()
def source() -> None:
    """Add, list, try, pause and remove the places that mentions come from."""


@source.command(name="list")
def list_() -> None:
    """Every source, how it is, and what it has cost today. The kinds that there are: `earshot source add`."""
    environment = start.environment()
    policy = read_policy(environment.config, start.kinds())
    states, costs = _remembered(environment)
    if not policy.sources:
        click.echo("There is no source yet; `earshot source add` adds one.")
    for entry in policy.sources:
        click.echo(plain(f"{entry.name}  ({entry.kind})  {_state(entry, states.get(entry.name))}"))
        if entry.daily_budget is not None:
            spent = costs.get(entry.name, 0)
            click.echo(f"    {dollars(spent)} of ${entry.daily_budget:g} today (UTC)")


@source.command()
@click.argument("kind", required=False)
@click.option("--name", help="What it is called, as in `queue source:name`.")
@click.option("--set", "given", multiple=True, metavar="KEY=VALUE", help="A key of its table; can be given again.")
@click.option("--yes", is_flag=True, help="Ask nothing: take what is given here, and the defaults.")
@click.option("--untried", is_flag=True, help="Save it without reading from it first.")
def add(kind: str | None, name: str | None, given: tuple[str, ...], yes: bool, untried: bool) -> None:
    """Add a source: it asks for what it needs, reads five items, says what a week would cost, and saves it.

    KIND is one of those that are listed when it is left out.
    """
    if kind is None and (yes or not _is_interactive()):
        _list_kinds()
        return
    if kind is None:
        _list_kinds()
        kind = click.prompt("Which kind")
    environment = start.environment()
    policy = read_policy(environment.config, start.kinds())
    module = _module(kind)
    told = _given(given)
    name = name or (kind if yes else click.prompt("Its name", default=_free_name(policy, kind)))
    if policy.source(name) is not None:
        raise InvalidInput(f'There is a source "{name}" already.', f"`earshot source remove {name}` takes it away.")
    values, secrets = _ask(module, name, told, environment, asks=not yes)
    entry_values = {"name": name, "kind": kind, **values}
    config = ConfigFile(environment.config)
    text = with_source(config.text, entry_values)
    environment = _with(environment, secrets)
    policy = read_policy_text(text, start.kinds(), environment.config.name)
    entry = _entry(policy, name)
    trial = asyncio.run(_try(entry, policy, environment, is_tried=not untried))
    if trial is not None:
        _say_trial(trial, entry)
    if not yes and not click.confirm(f"Save {name}?", default=True):
        click.echo("Nothing was changed.")
        return
    _keep_secrets(secrets)
    config.save(text, start.kinds())
    click.echo(f"{name} stands in {environment.config.name} now.")
    _say_reload(environment)


@source.command()
@click.argument("name")
def test(name: str) -> None:
    """Read from a source as Earshot would, show five items, store nothing."""
    environment = start.environment()
    policy = read_policy(environment.config, start.kinds())
    entry = _entry(policy, name)
    if (trial := asyncio.run(_try(entry, policy, environment))) is not None:
        _say_trial(trial, entry)


@source.command()
@click.argument("name")
def pause(name: str) -> None:
    """Stop reading a source; it goes on where it was with `earshot source resume`."""
    _switch(name, is_on=False)


@source.command()
@click.argument("name")
def resume(name: str) -> None:
    """Read a paused source again, from where it was."""
    _switch(name, is_on=True)


@source.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
def remove(name: str, yes: bool) -> None:
    """Take a source out of earshot.toml. Its mentions and cases stay."""
    environment = start.environment()
    _entry(read_policy(environment.config, start.kinds()), name)
    if not yes and not click.confirm(f"Remove {name}? Its mentions and cases stay", default=False):
        click.echo("Nothing was changed.")
        return
    config = ConfigFile(environment.config)
    config.save(without_source(config.text, name), start.kinds())
    click.echo(f"{name} is removed. What .env holds for it is still there.")
    _say_reload(environment)


def _list_kinds() -> None:
    click.echo("The kinds of source there are:")
    for kind, words in KINDS.items():
        click.echo(f"  {kind:<14} {words}")
    click.echo("`earshot source add KIND` adds one.")


def _module(kind: str) -> ModuleType:
    if kind not in KINDS:
        known = f"; known: {', '.join(KINDS)}."
        raise InvalidInput(f'"{kind}" is no kind of source{did_you_mean(kind, KINDS, known)}')
    return registry.kinds()[kind]


def _given(lines: tuple[str, ...]) -> dict[str, str]:
    told = {}
    for line in lines:
        key, equals, value = line.partition("=")
        if not equals or not key.strip():
            raise InvalidInput(f'"{line[:60]}" is no KEY=VALUE.')
        told[key.strip()] = value.strip()
    return told


def _ask(
    module: ModuleType, name: str, told: Mapping[str, str], environment: Environment, *, asks: bool
) -> tuple[dict[str, Any], dict[str, str]]:
    """The values of its table and the secrets that it needs, by the name of their variable."""
    hints, comments = get_type_hints(module.Settings), comments_of(module.Settings)
    shape = {one.name: one for one in fields(module.Settings)}
    values = _typed(module, told, shape, hints)
    asked = [one for one in shape.values() if one.name in getattr(module, "ASKED", ()) or _is_required(one)]
    secrets: dict[str, str] = {}
    for one in asked:
        if one.name.endswith("_env"):
            variable = _variable(module, name, one, values.get(one.name))
            if variable != one.default:
                values[one.name] = variable
            if not environment.variables.get(variable):
                is_ours = getattr(module, "SHARES_SECRET", False) and not values.get("preset")
                secrets[variable] = _secret(variable, comments.get(one.name, ""), asks=asks, is_ours=is_ours)
        elif one.name not in values and asks:
            default = "" if _is_required(one) else _written(one.default)
            answer = click.prompt(f"{one.name} ({comments.get(one.name, '')})", default=default, show_default=True)
            if answer != default or _is_required(one):
                values[one.name] = _read(hints[one.name], answer, one.name)
    if getattr(module, "COSTS_MONEY", False) and "daily_budget" not in values and asks:
        values["daily_budget"] = click.prompt("daily_budget (the most US dollars it may cost a day)", type=float)
    return values, {variable: value for variable, value in secrets.items() if value}


def _typed(
    module: ModuleType, told: Mapping[str, str], shape: Mapping[str, Any], hints: Mapping[str, Any]
) -> dict[str, Any]:
    """What was given with --set, as each key's type wants it."""
    common = {WRITTEN.get(one, one): hint for one, hint in get_type_hints(SourceEntry).items() if one != "settings"}
    values = {}
    for key, value in told.items():
        if key not in shape and key not in common:
            raise InvalidInput(f'{module.KIND} has no key "{key}"{did_you_mean(key, [*shape, *common], ".")}')
        values[key] = _read(hints.get(key, common.get(key)), value, key)
    return values


def _variable(module: ModuleType, name: str, one: Field[Any], given: object) -> str:
    """The name in .env of a secret. The log hides what is called like one."""
    default = str(one.default) if one.default is not MISSING else ""
    plain = re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_") or module.KIND.upper()
    variable = str(given or default or f"{plain}_{one.name.removesuffix('_env').upper()}")
    if not variable.endswith(SECRET_ENDINGS):
        endings = ", ".join(SECRET_ENDINGS[:-1])
        raise InvalidInput(f'{one.name}: "{variable}" is no name of a secret; it ends in one of {endings}.')
    return variable


def _is_required(one: Field[Any]) -> bool:
    return one.default is MISSING and one.default_factory is MISSING


def _read(hint: Any, told: str, key: str) -> Any:
    """What was typed as the key's type wants it."""
    words = str(hint)
    try:
        if hint is bool:
            return {"true": True, "yes": True, "y": True, "false": False, "no": False, "n": False}[told.lower()]
        if hint is int:
            return int(told)
        if "float" in words:
            return float(told)
    except (KeyError, ValueError):
        raise InvalidInput(f'{key}: "{told[:60]}" is not what it takes.') from None
    if words.startswith(("tuple", "list")):
        return [part.strip() for part in told.split(",") if part.strip()]
    if "Mapping" in words or "dict" in words:
        raise InvalidInput(f"{key} is a table; write it into earshot.toml yourself.")
    return told


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value))
    return "" if value is MISSING or value is None else str(value)


def _secret(variable: str, words: str, *, asks: bool, is_ours: bool) -> str:
    """What goes into .env under this name. For one that we share with a sender, a fresh one will do."""
    if not asks:
        return chance.token_urlsafe(32) if is_ours else ""
    hint = "; empty: a fresh one is made" if is_ours else "; not shown while you type"
    told = click.prompt(f"{variable} ({words}{hint})", default="", hide_input=True, show_default=False).strip()
    return told or (chance.token_urlsafe(32) if is_ours else "")


def _with(environment: Environment, secrets: Mapping[str, str]) -> Environment:
    if not secrets:
        return environment
    from_now = Variables({**environment.variables, **secrets})
    changed = {one.name: getattr(environment, one.name) for one in fields(environment)} | {"variables": from_now}
    return Environment(**changed)


def _entry(policy: Policy, name: str) -> SourceEntry:
    entry = policy.source(name)
    if entry is None:
        names = [one.name for one in policy.sources]
        known = f"; there are {', '.join(names)}." if names else "; there is none."
        raise InvalidInput(f'There is no source "{name}"{did_you_mean(name, names, known)}')
    return entry


async def _try(entry: SourceEntry, policy: Policy, environment: Environment, *, is_tried: bool = True) -> Trial | None:
    """Build it, which finds the mistakes in its table, and read from it."""
    fetch = Fetch(start.now)
    try:
        opened = registry.build(entry, Tools(fetch, start.now, environment.variables))
        try:
            return await try_out(opened, entry, think(policy), wanted(policy), start.now) if is_tried else None
        finally:
            await opened.close()
    finally:
        await fetch.close()


def _say_trial(trial: Trial, entry: SourceEntry) -> None:
    click.echo(plain(trial.checked))
    for raw, concerns in trial.shown:
        who, words = _one_line(raw.author) or "somebody", _one_line(f"{raw.title} {raw.text}")
        click.echo(f"  {'✓' if concerns else '·'} {who}: {words}")
    if not trial.read:
        click.echo("It has nothing to show yet.")
    elif not any(concerns for _, concerns in trial.shown):
        click.echo(f"None of these {trial.read} matches a query of yours; only what matches is stored.")
    if trial.broken:
        click.echo(f"{trial.broken} could not be read.")
    often = f"about {trial.a_week:,} items a week" if trial.a_week is not None else "how many a week cannot be told yet"
    if trial.cost or trial.spent or entry.daily_budget is not None:
        week = f", {dollars(trial.cost)} a week" if trial.a_week is not None else ""
        most = f"; never more than ${entry.daily_budget:g} a day" if entry.daily_budget is not None else ""
        click.echo(f"It costs money: {often}{week}{most}. This trial cost {dollars(trial.spent)}.")
    else:
        asked = f"{trial.requests} request{'' if trial.requests == 1 else 's'}"
        click.echo(f"It costs nothing: {often}. This trial took {asked}.")


def _one_line(words: str) -> str:
    return plain(" ".join(shown(words.strip(), _WIDTH).words.split()))


def _switch(name: str, *, is_on: bool) -> None:
    environment = start.environment()
    entry = _entry(read_policy(environment.config, start.kinds()), name)
    if entry.is_on == is_on:
        click.echo(f"{name} is {'read' if is_on else 'paused'} already.")
        return
    config = ConfigFile(environment.config)
    config.save(with_source_on(config.text, name, is_on=is_on), start.kinds())
    click.echo(f"{name} is {'read again, from where it was' if is_on else 'paused'}.")
    _say_reload(environment)


def _keep_secrets(secrets: Mapping[str, str]) -> None:
    if not secrets:
        return
    old = ENV_FILE.read_text(encoding="utf-8") if ENV_FILE.exists() else ""
    gap = "" if old.endswith("\n") or not old else "\n"
    lines = "".join(f"{name}={_quoted(value)}\n" for name, value in secrets.items())
    with open(os.open(ENV_FILE, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a", encoding="utf-8") as opened:
        opened.write(gap + lines)
    ENV_FILE.chmod(0o600)
    click.echo(f"{', '.join(secrets)} {'stand' if len(secrets) > 1 else 'stands'} in {ENV_FILE}; only you can read it.")


def _quoted(value: str) -> str:
    plain = all(letter.isalnum() or letter in "-_.:/+=@" for letter in value)
    return value if plain else "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _say_reload(environment: Environment) -> None:
    who = holder(environment.database) if environment.database.exists() else ""
    if who:
        click.echo("Earshot is running: type `/earshot settings reload` in a chat; after a change of .env, restart it.")


def _remembered(environment: Environment) -> tuple[dict[str, SourceState], dict[str, int]]:
    try:
        store = open_storage(environment.database, read_only=True)
    except StorageError:
        return {}, {}
    try:
        spent = store.costs.by_source(start.now(), start.now())
        return {state.name: state for state in store.sources.all()}, {name: money for name, (money, _) in spent.items()}
    except EarshotError:
        return {}, {}
    finally:
        store.close()


def _state(entry: SourceEntry, state: SourceState | None) -> str:
    if not entry.is_on:
        return "paused"
    if state is None or state.last_ok_at is None:
        return state.error if state and state.error else "not read yet"
    words = f"{state.status}, last heard {ago(state.last_ok_at, start.now())}, {state.stored:,} mentions stored"
    return f"{words}. {state.error}" if state.error else words


def _free_name(policy: Policy, kind: str) -> str:
    names = {entry.name for entry in policy.sources}
    return next(name for name in (kind, *(f"{kind}-{number}" for number in range(2, 100))) if name not in names)


def _is_interactive() -> bool:
    return sys.stdin.isatty()
