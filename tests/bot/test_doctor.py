"""What the doctor sees. Sources are small working ones; the database, the files and the settings are real."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot import doctor
from bot.cli import earshot
from bot.doctor import Finding, Mark, examine
from bot.fetch import Tools
from bot.secret import Secret
from bot.settings import Environment, read_environment
from handlers.ports import BadSource, Page, Source
from handlers.rules.policy import SourceEntry
from storage.errors import ConfigError
from storage.store import lock, open_storage
from tests.slack.fake import FakeSlack, fake_slack

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
CANARY = "canary-value-that-nobody-may-see"

CONFIG = """
[[brands]]
name = "Acme"
queries = { name = "acme" }
[[sources]]
name = "blog"
kind = "fake"
[[sources]]
name = "press"
kind = "fake"
on = false
[[routes]]
channel = "local:#alerts"
[[members]]
name = "ana"
roles = ["approver", "admin"]
[[members]]
name = "bo"
roles = ["approver"]
"""


@dataclass(frozen=True)
class NoKeys:
    pass


@dataclass
class FakeSource:
    """A source that answers its check as it is told to."""

    name: str
    answer: Callable[[], str]
    kind: str = "fake"
    is_closed: bool = False

    async def poll(self, cursor: str | None, limit: int) -> Page:
        raise AssertionError("the doctor reads nothing")

    async def check(self) -> str:
        await asyncio.sleep(0)
        return self.answer()

    async def close(self) -> None:
        self.is_closed = True


def _sound() -> str:
    return "a feed with 12 entries."


async def _look(
    environment: Environment, answer: Callable[[], str] = _sound, made: list[FakeSource] | None = None
) -> dict[str, list[Finding]]:
    def build(entry: SourceEntry, tools: Tools) -> Source:
        source = FakeSource(entry.name, answer)
        if made is not None:
            made.append(source)
        return source

    found: dict[str, list[Finding]] = {}
    for finding in await examine(environment, {"fake": NoKeys}, lambda: NOW, build):
        found.setdefault(finding.name, []).append(finding)
    return found


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Environment:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "earshot.toml").write_text(CONFIG)
    return read_environment(tmp_path / ".env", {"EARSHOT_WEB_SECRET": CANARY})


async def test_a_sound_house_has_nothing_broken(environment: Environment) -> None:
    found = await _look(environment)  # with a secret, as run needs one
    assert [one for findings in found.values() for one in findings if one.is_broken] == []
    assert found["Config"] == [Finding(Mark.WORKS, "Config", "earshot.toml: 1 brand, 2 sources, 1 route, 2 members.")]
    assert found["Source blog (fake)"] == [Finding(Mark.WORKS, "Source blog (fake)", "a feed with 12 entries.")]
    assert found["Source press (fake)"][0].mark is Mark.OFF
    assert found["Database"][0].mark is Mark.OFF
    assert "09:30 on Saturday" in found["Time zone"][0].words


async def test_how_long_words_are_kept_is_told(environment: Environment) -> None:
    assert "for ever" in (await _look(environment))["Kept words"][0].words
    environment.config.write_text('keep_for = "90d"\n' + CONFIG)
    assert (await _look(environment))["Kept words"][0].words == "blog for 90 d, press for 90 d."


async def test_a_missing_key_of_those_who_were_erased_is_broken(environment: Environment) -> None:
    environment.data.mkdir(exist_ok=True)
    open_storage(environment.database).close()
    assert "Erased people" not in await _look(environment)
    environment.database.with_name("earshot.db.erased").write_text(f"author {'0' * 64}\n")
    [finding] = (await _look(environment))["Erased people"]
    assert finding.is_broken
    assert "earshot.db.erased-key is missing" in finding.words


def _refuses() -> str:
    raise BadSource("It is no feed.", "Look for the address\nof the feed.")


def _fails() -> str:
    raise ValueError(CANARY)


def _waits() -> str:
    raise TimeoutError


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (_refuses, "It is no feed. Look for the address of the feed."),
        (_fails, "failed with ValueError; see it with EARSHOT_LOG=debug."),
        (_waits, "no answer within 20 seconds."),
    ],
)
async def test_a_source_that_cannot_be_read_is_broken_and_closed(
    environment: Environment, answer: Callable[[], str], words: str
) -> None:
    made: list[FakeSource] = []
    found = await _look(environment, answer, made)
    assert found["Source blog (fake)"] == [Finding(Mark.BROKEN, "Source blog (fake)", words)]
    assert [(source.name, source.is_closed) for source in made] == [("blog", True)]


async def test_a_source_that_cannot_be_built_is_broken(environment: Environment) -> None:
    def build(entry: SourceEntry, tools: Tools) -> Source:
        raise ConfigError("HOOK_SECRET is not set.")

    findings = await examine(environment, {"fake": NoKeys}, lambda: NOW, build)
    assert Finding(Mark.BROKEN, "Source blog (fake)", "HOOK_SECRET is not set.") in findings


async def test_every_mistake_of_the_config_is_a_line(environment: Environment) -> None:
    environment.config.write_text(CONFIG.replace("kind = ", "kidn = "))
    found = await _look(environment)
    assert [one.mark for one in found["Config"]] == [Mark.BROKEN] * 4
    assert not any(name.startswith("Source ") for name in found)


async def test_a_database_is_looked_at_and_not_touched(environment: Environment) -> None:
    open_storage(environment.database).close()
    before = environment.database.read_bytes()
    found = await _look(environment)
    assert [one.mark for one in found["Database"]] == [Mark.WORKS]
    assert found["Running"][0].mark is Mark.OFF
    assert environment.database.read_bytes() == before


async def test_who_holds_the_database_is_named(environment: Environment) -> None:
    held, store = lock(environment.database), open_storage(environment.database)
    try:
        found = await _look(environment)
    finally:
        store.close()
        held.release()
    assert f"process {os.getpid()}" in found["Running"][0].words
    assert found["Running"][0].mark is Mark.WORKS


async def test_a_damaged_database_is_broken(environment: Environment) -> None:
    environment.data.mkdir()
    environment.database.write_bytes(b"no database at all " * 500)
    assert (await _look(environment))["Database"][0].is_broken


async def test_a_place_that_others_reach_needs_sign_in(environment: Environment) -> None:
    open_house = read_environment(Path("none"), {"EARSHOT_HOST": "10.0.0.1"})
    assert (await _look(open_house))["Sign-in"][0].is_broken
    assert (await _look(replace(environment, host="10.0.0.1")))["Sign-in"][0].mark is Mark.OFF
    named = replace(environment, host="10.0.0.1", public_host="earshot.example")
    assert (await _look(named))["Sign-in"][0].mark is Mark.WORKS
    assert (await _look(read_environment(Path("none"), {})))["Sign-in"][0].is_broken


IN_SLACK = CONFIG.replace("local:#alerts", "slack:#alerts")


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with fake_slack() as fake:
        yield fake


def _in(slack: FakeSlack, environment: Environment) -> Environment:
    return replace(
        environment,
        slack_bot_token=Secret(slack.bot_token),
        slack_app_token=Secret(slack.app_token),
        slack_api_url=slack.api_url,
    )


async def test_slack_is_off_without_tokens_and_broken_when_a_route_needs_it(environment: Environment) -> None:
    [off] = (await _look(environment))["Chat slack"]
    assert off.mark is Mark.OFF
    assert "EARSHOT_SLACK_BOT_TOKEN" in off.words
    environment.config.write_text(IN_SLACK)
    [broken] = (await _look(environment))["Chat slack"]
    assert broken.is_broken
    assert "routes[0].channel" in broken.words


async def test_slack_works_where_its_token_does(environment: Environment, slack: FakeSlack) -> None:
    environment.config.write_text(IN_SLACK)
    [works] = (await _look(_in(slack, environment)))["Chat slack"]
    assert works.mark is Mark.WORKS
    assert "Heron & Plover" in works.words
    slack.token_error = "token_revoked"
    [broken] = (await _look(_in(slack, environment)))["Chat slack"]
    assert broken.is_broken
    assert slack.bot_token not in broken.words


async def test_slack_without_a_route_is_worth_a_look(environment: Environment, slack: FakeSlack) -> None:
    [finding] = (await _look(_in(slack, environment)))["Chat slack"]
    assert finding.mark is Mark.OFF
    assert "No route goes there" in finding.words


@pytest.fixture
def env_file(tmp_path: Path) -> Path:
    """A `.env` that others can read, with a typing mistake."""
    path = tmp_path / ".env"
    path.write_text(f"EARSHOT_WEB_SECERT={CANARY}\n")
    path.chmod(0o644)
    return path


async def test_warnings_are_findings_and_no_secret_is_among_them(environment: Environment, env_file: Path) -> None:
    found = await _look(replace(environment, warnings=read_environment(env_file, {}).warnings))
    assert len(found["Settings"]) == 2
    assert CANARY not in str(found)


async def test_a_clock_behind_what_was_seen_is_broken(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Ahead:
        """A store whose last mention was seen an hour from now."""

        seen_at = NOW + timedelta(hours=1)

        def __init__(self, path: Path, **told: bool) -> None:
            self.mentions = self.engine = self.tombstones = self

        def problem(self) -> str:
            return ""

        def recent(self, since: datetime) -> Iterator["Ahead"]:
            return iter([self] if self.seen_at > since else [])

        def check(self) -> list[str]:
            return []

        def close(self) -> None:
            pass

    open_storage(environment.database).close()
    assert "Clock" not in await _look(environment)
    monkeypatch.setattr("bot.doctor.open_storage", Ahead)
    assert (await _look(environment))["Clock"][0].is_broken


def test_an_old_sqlite_is_a_note_and_a_new_one_is_sound() -> None:
    assert doctor._sqlite((3, 51, 2)).mark is Mark.OFF
    assert "one writer" in doctor._sqlite((3, 40, 1)).words
    assert doctor._sqlite((3, 51, 3)).mark is Mark.WORKS


@pytest.mark.parametrize(
    ("free", "mark"), [(10_000, Mark.BROKEN), (500_000_000, Mark.OFF), (9_000_000_000, Mark.WORKS)]
)
def test_a_full_disk_is_noticed(tmp_path: Path, free: int, mark: Mark, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type("Usage", (), {"free": free})
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage)
    assert doctor._disk(tmp_path / "not yet" / "there").mark is mark


@pytest.mark.parametrize(("config", "code"), [(None, 1), ("init", 0)])
def test_the_command_prints_each_finding_and_its_exit_status_says_the_rest(
    environment: Environment, monkeypatch: pytest.MonkeyPatch, config: str | None, code: int
) -> None:
    environment.config.unlink()
    if config:
        assert CliRunner().invoke(earshot, ["init", "--yes"]).exit_code == 0
    result = CliRunner().invoke(earshot, ["doctor"])
    assert result.exit_code == code, result.output
    assert all(line[:2] in ("✓ ", "– ", "✗ ") for line in result.stdout.splitlines())
    assert ("✗ Config" in result.stdout) is (code == 1)


def test_a_mistake_of_the_settings_is_a_finding_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EARSHOT_PORT", "http")
    result = CliRunner().invoke(earshot, ["doctor"])
    assert result.exit_code == 1
    assert result.stdout.startswith("✗ Settings: EARSHOT_PORT")
