"""What is on, what is off, and why: one finding per thing that Earshot stands on.

Nothing here writes or repairs. A source is asked for a sentence about itself, nothing is read from it.
"""

import asyncio
import platform
import shutil
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from bot import file_systems, registry
from bot.chats.discord import examine as discord
from bot.chats.slack import examine as slack
from bot.fetch import Fetch, Tools
from bot.findings import Finding as Finding
from bot.findings import Mark as Mark
from bot.language_checks import examine_languages
from bot.opinions.examining import examine_opinions
from bot.policy_checks import policy_warnings
from bot.policy_file import Kinds, read_policy
from bot.settings import Environment, chat_mistakes, check_sign_in
from handlers.ports import Source
from handlers.rules.policy import Policy, SourceEntry
from handlers.rules.when import length
from storage.errors import ConfigError, EarshotError
from storage.store import engine_version, has_full_text, holder, open_storage, version

NEEDED_PYTHON = (3, 11)
SOUND_WAL = (3, 51, 3)  # SQLite before it can damage a WAL that two connections checkpoint at the same instant
LITTLE_SPACE = 1_000_000_000  # bytes
NO_SPACE = 50_000_000  # bytes
LARGE_DATABASE = 200_000_000  # bytes; looking for damage in more takes longer than a person waits
PATIENCE = 20  # seconds that one source has for its answer

Build = Callable[[SourceEntry, Tools], Source]


async def examine(
    environment: Environment, kinds: Kinds, now: Callable[[], datetime], build: Build = registry.build
) -> list[Finding]:
    """Look at everything. Never raises for what it finds."""
    policy, config = _config(environment.config, kinds)
    return [
        _python(),
        _sqlite(engine_version()),
        _full_text(),
        *_settings(environment),
        *config,
        *_database(environment.database, now()),
        *(await _sources(policy, environment, now, build) if policy else []),
        *(await _chats(policy, environment)),
        await examine_opinions(environment.opinion, now, PATIENCE),
        _sign_in(environment),
        _disk(environment.data),
        *_place(environment.data),
        *([_timezone(policy.timezone, now()), examine_languages(policy), _kept(policy)] if policy else []),
    ]


def _python() -> Finding:
    is_new = sys.version_info >= NEEDED_PYTHON
    words = platform.python_version() if is_new else f"{platform.python_version()}; Earshot needs 3.11 or newer."
    return Finding(Mark.WORKS if is_new else Mark.BROKEN, "Python", words)


def _sqlite(found: tuple[int, ...]) -> Finding:
    version = ".".join(map(str, found))
    if found >= SOUND_WAL:
        return Finding(Mark.WORKS, "SQLite", version)
    words = (
        f"{version}; before 3.51.3 two connections could damage the write-ahead log. Earshot has one writer and"
        " its readers never checkpoint, so it is contained. Open the file with no other program that writes."
    )
    return Finding(Mark.OFF, "SQLite", words)


def _full_text() -> Finding:
    if not has_full_text():
        return Finding(Mark.BROKEN, "Full text", "this SQLite has no FTS5; use a Python whose sqlite3 has it.")
    return Finding(Mark.WORKS, "Full text", "FTS5 is there, `search` works.")


def _settings(environment: Environment) -> list[Finding]:
    if not environment.warnings:
        return [Finding(Mark.WORKS, "Settings", "read.")]
    return [Finding(Mark.OFF, "Settings", warning) for warning in environment.warnings]


def _config(path: Path, kinds: Kinds) -> tuple[Policy | None, list[Finding]]:
    try:
        policy = read_policy(path, kinds)
    except ConfigError as error:
        return None, [Finding(Mark.BROKEN, "Config", line) for line in str(error).splitlines()]
    counts = (
        f"{path.name}: {_count(policy.brands, 'brand')}, {_count(policy.sources, 'source')},"
        f" {_count(policy.routes, 'route')}, {_count(policy.members, 'member')}."
    )
    warnings = [Finding(Mark.OFF, "Config", warning) for warning in policy_warnings(policy)]
    return policy, [Finding(Mark.WORKS, "Config", counts), *warnings]


def _database(path: Path, now: datetime) -> list[Finding]:
    if not path.exists():
        return [Finding(Mark.OFF, "Database", f"there is none at {path} yet; `earshot run` makes it.")]
    try:
        findings = [_schema(path), *_damage(path), *_future(path, now), *_erased(path)]
    except EarshotError as error:
        return [Finding(Mark.BROKEN, "Database", str(error))]
    if who := holder(path):
        findings.append(Finding(Mark.WORKS, "Running", f"the database is held by {who}."))
    else:
        findings.append(Finding(Mark.OFF, "Running", "no; `earshot run` starts it."))
    return findings


def _schema(path: Path) -> Finding:
    step, known = version(path)
    size = f"{path} has {path.stat().st_size / 1e6:,.1f} MB"
    if step < known:
        words = f"{size}, step {step} of {known}; the next start brings it up to date, or `earshot db migrate`."
        return Finding(Mark.OFF, "Database", words)
    return Finding(Mark.WORKS, "Database", f"{size}, step {step}.")


def _damage(path: Path) -> list[Finding]:
    if path.stat().st_size > LARGE_DATABASE:
        return [Finding(Mark.OFF, "Database", "too large to look for damage in passing; `earshot db check` does.")]
    store = open_storage(path, read_only=True, migrate=False)
    try:
        damage = store.engine.check()
    finally:
        store.close()
    return [Finding(Mark.BROKEN, "Database", f"damaged: {line}. Restore a backup.") for line in damage]


def _future(path: Path, now: datetime) -> list[Finding]:
    """A clock that ran behind would order cases wrongly and let SLA times pass unseen."""
    if version(path)[0] < version(path)[1]:
        return []
    store = open_storage(path, read_only=True, migrate=False)
    try:
        ahead = next(iter(store.mentions.recent(now + timedelta(minutes=10))), None)
    finally:
        store.close()
    if ahead is None:
        return []
    words = f"mentions were seen at {ahead.seen_at:%Y-%m-%d %H:%M} UTC, later than it is now; set this machine's clock."
    return [Finding(Mark.BROKEN, "Clock", words)]


def _erased(path: Path) -> list[Finding]:
    """Whether those who were erased are known again."""
    if version(path)[0] < version(path)[1]:
        return []
    store = open_storage(path, read_only=True, migrate=False)
    try:
        problem = store.tombstones.problem()
    finally:
        store.close()
    return (
        [Finding(Mark.BROKEN, "Erased people", f"{problem} It belongs into {path.parent.absolute()}.")]
        if problem
        else []
    )


def _kept(policy: Policy) -> Finding:
    told = {entry.name: entry.keep_for or policy.keep_for for entry in policy.sources}
    if not any(told.values()):
        return Finding(Mark.OFF, "Kept words", 'for ever; keep_for = "90d" in earshot.toml takes older ones away.')
    words = ", ".join(f"{name} {f'for {length(kept)}' if kept else 'for ever'}" for name, kept in told.items())
    return Finding(Mark.WORKS, "Kept words", f"{words}.")


async def _sources(
    policy: Policy, environment: Environment, now: Callable[[], datetime], build: Build
) -> list[Finding]:
    fetch = Fetch(now)
    tools = Tools(fetch=fetch, now=now, secrets=environment.variables)
    try:
        return list(await asyncio.gather(*(_source(entry, tools, build) for entry in policy.sources)))
    finally:
        await fetch.close()


async def _source(entry: SourceEntry, tools: Tools, build: Build) -> Finding:
    name = f"Source {entry.name} ({entry.kind})"
    if not entry.is_on:
        return Finding(Mark.OFF, name, "off: it says on = false.")
    try:
        source = build(entry, tools)
        try:
            async with asyncio.timeout(PATIENCE):
                return Finding(Mark.WORKS, name, await source.check())
        finally:
            await source.close()
    except TimeoutError:
        return Finding(Mark.BROKEN, name, f"no answer within {PATIENCE} seconds.")
    except EarshotError as error:
        return Finding(Mark.BROKEN, name, " ".join(str(error).split()))
    except Exception as error:  # one source's fault must not hide the others; its words may hold a secret
        return Finding(Mark.BROKEN, name, f"failed with {type(error).__name__}; see it with EARSHOT_LOG=debug.")


async def _chats(policy: Policy | None, environment: Environment) -> list[Finding]:
    return [
        Finding(Mark.WORKS, "Chat local", "the page in your browser; needs nothing."),
        await _chat("slack", policy, environment, slack.greet),
        await _chat("discord", policy, environment, discord.greet),
    ]


async def _chat(
    name: str,
    policy: Policy | None,
    environment: Environment,
    greet: Callable[[Environment, float], Awaitable[Finding]],
) -> Finding:
    title = f"Chat {name}"
    if policy and (mistakes := chat_mistakes(environment, policy, name)):
        return Finding(Mark.BROKEN, title, " ".join(mistakes))
    has_it, variable = {
        "slack": (environment.has_slack, "EARSHOT_SLACK_BOT_TOKEN"),
        "discord": (environment.has_discord, "EARSHOT_DISCORD_TOKEN"),
    }[name]
    if not has_it:
        return Finding(Mark.OFF, title, f"off: {variable} is not set; docs/{name}.md says how.")
    greeting = await greet(environment, PATIENCE)
    if policy and not greeting.is_broken and not any(one.channel.startswith(f"{name}:") for one in policy.routes):
        return Finding(Mark.OFF, title, f'{greeting.words} No route goes there: channel = "{name}:#alerts".')
    return greeting


def _sign_in(environment: Environment) -> Finding:
    try:
        check_sign_in(environment)
    except ConfigError as error:
        return Finding(Mark.BROKEN, "Sign-in", str(error))
    if not environment.is_loopback and not environment.public_host:
        words = "EARSHOT_PUBLIC_HOST is not set, so browsers of other machines are refused; name what they type there."
        return Finding(Mark.OFF, "Sign-in", words)
    if environment.web_secret:
        return Finding(Mark.WORKS, "Sign-in", "on; `earshot web link MEMBER` makes a link.")
    words = "EARSHOT_WEB_SECRET is not set, so `earshot run` does not start; `earshot init` makes one."
    return Finding(Mark.BROKEN, "Sign-in", words)


def _disk(folder: Path) -> Finding:
    there = next(one for one in (folder.absolute(), *folder.absolute().parents) if one.exists())
    free = shutil.disk_usage(there).free
    words = f"{free / 1e9:,.1f} GB free for {folder}."
    if free < NO_SPACE:
        return Finding(Mark.BROKEN, "Disk", f"{words} Make room before you start.")
    return Finding(Mark.OFF if free < LITTLE_SPACE else Mark.WORKS, "Disk", words)


def _place(folder: Path) -> list[Finding]:
    told = file_systems.warning(folder)
    return [Finding(Mark.BROKEN, "Data folder", told)] if told else []


def _timezone(name: str, now: datetime) -> Finding:
    return Finding(Mark.WORKS, "Time zone", f"{name}; it is {now.astimezone(ZoneInfo(name)):%H:%M on %A, %d %B %Y}.")


def _count(things: tuple[object, ...], word: str) -> str:
    return f"{len(things)} {word}{'' if len(things) == 1 else 's'}"
