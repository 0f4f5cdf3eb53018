"""The documentation says what the code says."""

import os
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner
from dotenv import dotenv_values

from bot import manual, registry
from bot.chats.discord.permissions import LABELS as DISCORD_LABELS
from bot.chats.slack.manifest import LABELS, SCOPES
from bot.cli import SUBCOMMANDS, earshot
from bot.policy_file import read_policy_text
from bot.settings import declared_settings, read_environment
from handlers.dispatch import load_commands
from handlers.requests import COMMANDS
from handlers.rules.policy import SlackPolicy
from storage.errors import StorageError
from storage.types import Priority

ROOT = Path(__file__).parents[2]
NUMBER = 7
IN_SLACK = ("groups", "shared_channels", "outsiders", "reactions", "classic", "text", "guest", "reply_limit")


@dataclass(frozen=True)
class Keys:
    """A table."""

    name: str  # what it is called | and why
    every: timedelta = timedelta(minutes=90)  # how often
    low: Priority = Priority.LOW
    parts: tuple[str, ...] = ()
    words: tuple[str, ...] = ("a", "b")
    table: dict[str, str] = field(default_factory=dict)
    is_on: bool = True  # whether


@pytest.fixture
def kinds() -> dict[str, ModuleType]:
    module = ModuleType("fake", "Reads nothing.\n\nAnd this is how.")
    module.Settings = Keys  # type: ignore[attr-defined]
    return {"fake": module}


def test_the_documentation_is_up_to_date() -> None:
    terminal = {name: help for name, (_, help) in SUBCOMMANDS.items()}
    old = manual.stale(ROOT, terminal, load_commands(), registry.kinds())
    assert [path.name for path in old] == [], "type: make docs"


def test_a_stale_table_is_named_and_then_written(tmp_path: Path, kinds: dict[str, ModuleType]) -> None:
    (tmp_path / "docs").mkdir()
    readme, page = tmp_path / "README.md", tmp_path / "docs" / "settings.md"
    readme.write_text("before\n<!-- generated:sources -->\nold\n<!-- end -->\nafter\n")
    page.write_text("nothing generated")
    for other in ("discord.md", "slack.md", "sources.md"):
        (tmp_path / "docs" / other).write_text("nothing generated")
    old = manual.stale(tmp_path, {}, {}, kinds)
    assert {path.name for path in old} == {"README.md", ".env.example"}
    manual.write(old)
    assert readme.read_text() == (
        "before\n<!-- generated:sources -->\n"
        "| kind | what it reads |\n|---|---|\n| `fake` | Reads nothing. |\n<!-- end -->\nafter\n"
    )
    assert manual.stale(tmp_path, {}, {}, kinds) == {}


def test_an_unknown_table_is_a_mistake(tmp_path: Path, kinds: dict[str, ModuleType]) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "README.md").write_text("<!-- generated:nonsense -->\n<!-- end -->\n")
    with pytest.raises(StorageError, match="there is no table nonsense"):
        manual.stale(tmp_path, {}, {}, kinds)


def test_a_key_is_told_by_its_comment_and_default(kinds: dict[str, ModuleType]) -> None:
    table = manual.source_keys(kinds)
    assert table.startswith("## fake\n\nReads nothing.\n\nAnd this is how.\n\n")
    assert re.findall(r"^\| `(.*?)` \| (.*?) \| (.*?) \|$", table, re.MULTILINE) == [
        ("name", r"What it is called \| and why", "required"),
        ("every", "How often", "`90m`"),
        ("low", "", "`low`"),
        ("parts", "", "none"),
        ("words", "", "`a`, `b`"),
        ("table", "", "none"),
        ("on", "Whether", "`true`"),
    ]


def test_every_key_of_the_policy_is_listed() -> None:
    tables = manual.policy_tables()
    for key in (
        "same_story",
        "own_accounts",
        "alert_max_age",
        "min_priority",
        "takes_off",
        "urgent",
        "roles",
        "on",
        *IN_SLACK,
    ):
        assert f"| `{key}` |" in tables
    assert "| `brands` | Empty: every brand | none |" in tables  # the key of a route, not the table itself
    assert tables.count("| `sla` |") == tables.count("| `members` |") == 0
    assert tables.count("| `templates` |") == tables.count("| `is_guest` |") == 0
    assert "### [[templates]]" in tables
    assert "### [slack]" in tables


def test_every_scope_is_listed_with_what_it_is_for() -> None:
    table = manual.slack_scopes()
    assert all(f"| `{scope}` |" in table for scope in SCOPES)
    assert "| `reactions:write` | Put 👀 and ✅ on cards |" in table


CHATS = {"slack": "U012AB3CD", "discord": "80351110224678912"}


@pytest.mark.parametrize(
    ("page", "chats"),
    [("README.md", ("slack", "discord")), ("docs/slack.md", ("slack",)), ("docs/discord.md", ("discord",))],
)
def test_what_the_pages_on_chats_tell_people_to_write_can_be_read(page: str, chats: tuple[str, ...]) -> None:
    text = (ROOT / page).read_text()
    blocks = [
        textwrap.dedent(block) for block in re.findall(r"^ *```toml\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE)
    ]
    assert blocks
    policy = read_policy_text('[[brands]]\nname = "Acme"\nqueries = { name = "acme" }\n' + "\n".join(blocks))
    assert [route.channel for route in policy.routes if not route.channel.startswith("local:")][: len(chats)] == [
        f"{chat}:#alerts" for chat in chats
    ]
    assert all(policy.member_on(chat, CHATS[chat]) is not None for chat in chats)


def test_the_page_on_discord_names_what_discord_shows() -> None:
    text = " ".join((ROOT / "docs" / "discord.md").read_text().split())
    assert all(f"**{label}**" in text for label in DISCORD_LABELS.values())
    assert "EARSHOT_DISCORD_TOKEN" in text
    assert all(f"`{verb}`" in text or f"/earshot {verb}" in text for verb in ("link", "home"))


def test_the_pages_on_slack_name_what_slack_shows() -> None:
    text = " ".join((ROOT / "docs" / "slack.md").read_text().split())
    assert all(f"**{name}**" in text for name, _ in LABELS.values())
    for variable in ("EARSHOT_SLACK_BOT_TOKEN", "EARSHOT_SLACK_APP_TOKEN", "EARSHOT_SLACK_SIGNING_SECRET"):
        assert variable in text
    assert all(f"`{key.name}" in text for key in fields(SlackPolicy) if key.name != "groups")


def test_the_example_names_every_setting_and_sets_none(tmp_path: Path) -> None:
    text = manual.env_example()
    assert all(f"\n# {one.variable}={one.default}\n" in text and one.help in text for one in declared_settings())
    (tmp_path / ".env").write_text(text)
    assert dotenv_values(tmp_path / ".env") == {}
    bare = "\n".join(line.removeprefix("# ") for line in text.splitlines() if re.match(r"# [A-Z_]+=", line))
    (tmp_path / ".env").write_text(bare)
    (tmp_path / ".env").chmod(0o600)
    told = read_environment(tmp_path / ".env", {})
    none = read_environment(tmp_path / "none", {})
    assert (told.data, told.config, told.host, told.port, told.log) == (
        none.data, none.config, none.host, none.port, none.log
    )  # fmt: skip
    assert told.warnings == ()


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the documentation that `earshot docs` takes for the checkout."""
    for page in (*manual.PAGES, ".env.example"):
        (tmp_path / page).parent.mkdir(exist_ok=True)
        (tmp_path / page).write_text((ROOT / page).read_text())
    monkeypatch.setattr("bot.cli.docs.ROOT", tmp_path)
    yield tmp_path
    assert os.path.exists(ROOT / "README.md")


def test_docs_check_names_what_is_stale_and_docs_mends_it(copy: Path) -> None:
    (copy / ".env.example").write_text("old")
    before = (copy / "README.md").read_text()
    (copy / "README.md").write_text(before.replace("| `claim 142` |", "| `clam 142` |"))
    checked = CliRunner().invoke(earshot, ["docs", "--check"])
    assert (checked.exit_code, len(checked.stdout.splitlines())) == (1, 2)
    assert "README.md is out of date; type: make docs" in checked.stdout
    assert (copy / ".env.example").read_text() == "old"
    assert CliRunner().invoke(earshot, ["docs"]).exit_code == 0
    assert (copy / "README.md").read_text() == before
    assert CliRunner().invoke(earshot, ["docs", "--check"]).exit_code == 0


def test_the_readme_has_every_command() -> None:
    load_commands()
    readme = (ROOT / "README.md").read_text()
    assert [verb for verb, one in COMMANDS.items() if f"| `{one.usage}` |" not in readme] == []
