"""The command line, driven as a person types it. The app behind it is a small working fake, the rest is real."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.cli import SUBCOMMANDS, earshot, exit_code, start
from bot.cli.first_config import Answers, config_text, read_members, read_words
from bot.findings import Finding, Mark
from bot.policy_file import read_policy, read_policy_text
from bot.settings import Environment, read_environment
from handlers.rules.policy import Member, Policy
from storage.errors import (
    AlreadyRunning,
    ConfigError,
    Conflict,
    DamagedDatabase,
    EarshotError,
    InvalidInput,
    NewerDatabase,
    StorageError,
)
from storage.store import lock, open_storage, version

ROOT = Path(__file__).parents[2]
CANARY = "canary-value-that-nobody-may-see"


@dataclass(frozen=True)
class Report:
    read: int = 10
    stored: int = 5
    known: int = 1
    unmatched: int = 2
    quarantined: int = 2
    cases: int = 3
    reasons: tuple[str, ...] = ("row 3: no text", "row 5: no text", "row 7: too deep", "row 9: never shown")


@dataclass
class FakeApp:
    """Stands for `bot.serving` and `bot.importing`: remembers what it was given, and fails when it is told to."""

    served: list[tuple[Environment, Policy, str, Path | None]] = field(default_factory=list)
    imported: list[dict[str, Any]] = field(default_factory=list)
    error: BaseException | None = None
    report: Report = field(default_factory=Report)

    async def serve(
        self,
        environment: Environment,
        policy: Policy,
        *,
        mode: str,
        config_path: Path | None,
        say: Callable[[str], None],
    ) -> None:
        if self.error:
            raise self.error
        self.served.append((environment, policy, mode, config_path))
        await asyncio.sleep(0)
        say(f"Open http://{environment.host}:{environment.port}")

    def import_file(
        self, environment: Environment, policy: Policy, path: Path, *, progress: Callable[[int, int], None], **told: Any
    ) -> Report:
        if self.error:
            raise self.error
        progress(1, 4)
        progress(4, 4)
        self.imported.append({"path": path, **told})
        return self.report


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeApp]:
    """The subcommands that need the app are loaded anew on top of the fake, and forgotten afterwards."""
    fake = FakeApp()
    module = ModuleType("bot.serving")
    module.serve = fake.serve  # type: ignore[attr-defined]
    module.import_file = fake.import_file  # type: ignore[attr-defined]
    module.ImportReport = Report  # type: ignore[attr-defined]
    loaded = ("bot.cli.run", "bot.cli.demo", "bot.cli.import_file")
    kept = {name: sys.modules.pop(name) for name in loaded if name in sys.modules}
    for name in ("bot.serving", "bot.importing"):
        monkeypatch.setitem(sys.modules, name, module)
        monkeypatch.setattr(name, module, raising=False)
    yield fake
    for name in loaded:
        sys.modules.pop(name, None)
    sys.modules.update(kept)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to stand in, and an environment without settings."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("EARSHOT_") or name.endswith("_SECRET"):
            monkeypatch.delenv(name)
    # The log would hold on to the stream of one test's runner.
    monkeypatch.setattr("bot.log.set_up", lambda *told: None)
    return tmp_path


def type_in(*words: str, answers: str | None = None) -> Result:
    result = CliRunner().invoke(earshot, list(words), answers, prog_name="earshot")
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture
def configured(folder: Path) -> Path:
    """A folder in which `earshot init --yes` has run."""
    made = type_in("init", "--yes", "--brand", "Acme", "--members", "ana, bo=approver, mia=approver+admin")
    assert made.exit_code == 0, made.output
    return folder


# Starting ----------------------------------------------------------------------------------------------------------


def test_help_loads_nothing_heavy() -> None:
    script = (
        "import sys; sys.argv = ['earshot', '--help']\n"
        "from bot.__main__ import main\n"
        "try: main()\n"
        "finally: print(sorted(sys.modules))\n"
    )
    told = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    help_text, loaded = told.rsplit("\n[", 1)
    for name in SUBCOMMANDS:
        assert f"\n  {name} " in help_text
    heavy = (
        "slack_sdk",
        "slack_bolt",
        "aiohttp",
        "vaderSentiment",
        "sqlite_utils",
        "sqlite3",
        "pydantic",
        "lark",
        "jinja2",
        "asyncio",
        "dotenv",
    )
    assert [name for name in heavy if f"'{name}'" in loaded] == []


def test_the_words_of_the_list_are_the_commands_own(app: FakeApp) -> None:
    for name, (_, help) in SUBCOMMANDS.items():
        command = earshot.get_command(earshot.make_context("earshot", [], resilient_parsing=True), name)
        assert command is not None
        assert (command.name, command.get_short_help_str(200)) == (name, help)


def test_a_typing_mistake_is_answered_with_the_likely_command() -> None:
    result = type_in("docter")
    assert result.exit_code == 2
    assert 'There is no command "docter"; did you mean "doctor"?' in result.stderr
    assert type_in("--nonsense").exit_code == 2


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_the_commands(shell: str) -> None:
    assert "_EARSHOT_COMPLETE" in type_in("completion", shell).stdout
    asked = {
        "_EARSHOT_COMPLETE": f"{shell}_complete",
        "COMP_WORDS": "earshot d" if shell != "fish" else "earshot",
        "COMP_CWORD": "1" if shell != "fish" else "d",
    }
    asking = [sys.executable, "-X", "importtime", "-m", "bot"]
    told = subprocess.run(asking, cwd=ROOT, env={**os.environ, **asked}, capture_output=True, text=True, check=True)
    words = set(re.split(r"[\s,]+", told.stdout))
    assert {"demo", "doctor", "db", "docs"} <= words
    assert "init" not in words
    assert "bot.cli" in told.stderr
    assert "pydantic" not in told.stderr


def test_version_names_what_a_bug_report_needs() -> None:
    assert re.fullmatch(r"Earshot \d+\.\d+\.\d+, Python 3\.\d+\.\d+, SQLite 3\.\d+\.\d+\n", type_in("version").stdout)


# Errors ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError("a"), 2),
        (AlreadyRunning("a"), 75),
        (NewerDatabase("a"), 1),
        (DamagedDatabase("a"), 1),
        (StorageError("a"), 1),
        (InvalidInput("a"), 2),
        (Conflict("a"), 1),
        (EarshotError("a"), 1),
    ],
)
def test_exit_codes(error: EarshotError, code: int) -> None:
    assert exit_code(error) == code


def test_an_error_is_its_sentence_and_nothing_else(app: FakeApp, configured: Path) -> None:
    app.error = AlreadyRunning("The database is held by process 42.", "Stop it first.")
    result = type_in("run")
    assert result.exit_code == 75
    assert result.stderr == "The database is held by process 42. Stop it first.\n"


def test_who_debugs_sees_the_traceback(app: FakeApp, configured: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARSHOT_LOG", "debug")
    app.error = StorageError("No room.")
    assert "Traceback" in type_in("run").stderr


def test_ctrl_c_is_quiet(app: FakeApp, configured: Path) -> None:
    app.error = KeyboardInterrupt()
    result = type_in("run")
    assert (result.exit_code, result.output.strip()) == (130, "")


def test_every_mistake_of_the_config_is_a_line_and_nothing_starts(app: FakeApp, configured: Path) -> None:
    path = configured / "earshot.toml"
    path.write_text(path.read_text().replace('"urgent"\n', '"urgnet"\n').replace("four_eyes =", "four_eye ="))
    for words in (["run"], ["import", "earshot.toml"], ["web", "link", "ana"]):
        result = type_in(*words)
        assert result.exit_code == 2
        assert result.stderr.splitlines() == [
            'earshot.toml: four_eye: unknown key; did you mean "four_eyes"?',
            'earshot.toml: routes[1].min_priority: "urgnet" is none of low, normal, high, urgent;'
            ' did you mean "urgent"?',
        ]
    assert app.served == []
    assert app.imported == []


def test_a_mistake_of_the_environment_stops_as_well(app: FakeApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARSHOT_PORT", "http")
    assert type_in("demo").exit_code == 2
    assert app.served == []


def test_no_secret_is_printed(app: FakeApp, configured: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARSHOT_WEB_SECRET", CANARY)
    monkeypatch.setenv("EARSHOT_WEB_SECERT", CANARY)
    monkeypatch.setenv("EARSHOT_LOG", "debug")
    app.error = StorageError("No room.")
    for words in (["run"], ["demo"], ["doctor"], ["web", "link", "ana"], ["init", "--yes"], ["query", "test", "("]):
        assert CANARY not in type_in(*words).output


# init --------------------------------------------------------------------------------------------------------------


def test_init_writes_what_run_takes(configured: Path) -> None:
    policy = read_policy(configured / "earshot.toml", start.kinds())
    assert [member.name for member in policy.members] == ["ana", "bo", "mia"]
    environment = read_environment(configured / ".env", {})
    assert len(environment.web_secret) >= 32
    assert environment.variables["FEEDBACK_SECRET"] not in ("", environment.web_secret.reveal())
    assert environment.warnings == ()
    assert (configured / ".env").stat().st_mode & 0o777 == 0o600


def test_init_ends_with_what_to_type_next() -> None:
    result = type_in("init", "--yes")
    assert result.exit_code == 0
    assert result.stdout.endswith("Next, type: earshot doctor\nand then:   earshot run\n")


def test_init_asks_again_until_the_answer_can_be_read(folder: Path) -> None:
    answers = [
        "Acme",
        "",
        "kettle, tea maker",
        "not an address",
        "https://news.example/feed",
        "ana=boss",
        "ana=admin",
        "Berlin/Europe",
        "Europe/Berlin",
        "",
        "",
    ]
    result = type_in("init", answers="\n".join(answers) + "\n")
    assert result.exit_code == 0, result.output
    assert '"boss" is none of agent, approver, manager, admin.' in result.output
    policy = read_policy(folder / "earshot.toml", start.kinds())
    assert (policy.timezone, policy.team) == ("Europe/Berlin", "Acme team")
    assert dict(policy.brands[0].queries) == {"name": 'kettle OR "tea maker"'}
    assert policy.sources[1].settings == {"url": "https://news.example/feed"}


def test_init_for_slack_writes_a_route_and_says_what_comes_next(folder: Path, app: FakeApp) -> None:
    result = type_in("init", answers="Acme\n" + "\n" * 5 + "y\nn\n")
    assert result.exit_code == 0, result.output
    assert "earshot slack doctor" in result.stdout
    assert "earshot discord doctor" not in result.stdout
    assert "slack:#alerts" in [route.channel for route in read_policy(folder / "earshot.toml", start.kinds()).routes]
    assert (folder / ".env").read_text().endswith(f"\n{BOT}=\n{APP}=\n")
    assert BOT in type_in("run").stderr  # not before it has its tokens


@pytest.mark.parametrize(
    ("chats", "place"),
    [(("--discord",), "discord:#urgent"), (("--slack",), "slack:#urgent"), ((), "local:#urgent")],
)
def test_urgent_and_escalated_cases_go_where_the_team_works(folder: Path, chats: tuple[str, ...], place: str) -> None:
    assert type_in("init", "--yes", *chats).exit_code == 0
    policy = read_policy(folder / "earshot.toml", start.kinds())
    assert policy.escalate_to == place
    assert place in [route.channel for route in policy.routes]


def test_init_for_discord_writes_a_route_and_says_what_comes_next(folder: Path, app: FakeApp) -> None:
    result = type_in("init", answers="Acme\n" + "\n" * 6 + "y\n")
    assert result.exit_code == 0, result.output
    assert result.stdout.endswith(
        "\nNext, make the bot in Discord and copy its token into .env: docs/discord.md says how, step by step."
        "\nThen type: earshot discord doctor\nand then:  earshot run\n"
    )
    assert "discord:#alerts" in [route.channel for route in read_policy(folder / "earshot.toml", start.kinds()).routes]
    assert (folder / ".env").read_text().endswith(f"\n{IN_DISCORD}=\n")
    assert IN_DISCORD in type_in("run").stderr  # not before it has its token


def test_init_for_both_chats_says_each_step_once(folder: Path) -> None:
    result = type_in("init", "--yes", "--slack", "--discord")
    assert result.stdout.endswith(
        "\nThen type: earshot slack doctor\n           earshot discord doctor\nand then:  earshot run\n"
    )
    assert result.stdout.count("earshot run") == 1
    assert (folder / ".env").read_text().endswith(f"\n{BOT}=\n{APP}=\n{IN_DISCORD}=\n")
    channels = [route.channel for route in read_policy(folder / "earshot.toml", start.kinds()).routes]
    assert {"slack:#alerts", "discord:#alerts"} <= set(channels)


def test_init_for_a_second_chat_keeps_what_was_decided_for_the_first(configured: Path) -> None:
    before = (configured / "earshot.toml").read_text()
    result = type_in("init", "--yes", "--discord")
    assert (configured / "earshot.toml").read_text() == before
    assert (configured / ".env").read_text().endswith(f"\n{IN_DISCORD}=\n")
    assert "docs/discord.md says how" in result.stdout
    again = type_in("init", "--yes", "--discord")
    assert "docs/discord.md says how" in again.stdout
    assert (configured / ".env").read_text().count(IN_DISCORD) == 1


def test_init_without_discord_leaves_lines_to_uncomment(configured: Path) -> None:
    path = configured / "earshot.toml"
    assert "discord:#alerts" not in [route.channel for route in read_policy(path, start.kinds()).routes]
    assert IN_DISCORD not in (configured / ".env").read_text()
    bare = re.sub(r"^# (?=(?:server|roles|channel) =|\[\[routes\]\]|\[discord\])", "", path.read_text(), flags=re.M)
    policy = read_policy_text(bare, start.kinds())
    assert "discord:#alerts" in [route.channel for route in policy.routes]
    assert list(policy.discord.roles) == ["Support"]
    assert policy.discord.server == "197038439483310086"


def test_init_without_slack_leaves_lines_to_uncomment(configured: Path) -> None:
    path = configured / "earshot.toml"
    assert "slack:#alerts" not in [route.channel for route in read_policy(path, start.kinds()).routes]
    assert BOT not in (configured / ".env").read_text()
    bare = re.sub(
        r"^# (?=(?:slack|groups|reactions|channel|min_priority) =|\[\[?(?:slack|routes)\])",
        "",
        path.read_text(),
        flags=re.M,
    )
    policy = read_policy_text(
        bare.replace('"U012AB3CD"', '"U012AB3C1"', 1).replace('"U012AB3CD"', '"U012AB3C2"', 1), start.kinds()
    )
    assert "slack:#alerts" in [route.channel for route in policy.routes]
    assert policy.slack.reactions
    assert list(policy.slack.groups) == ["support"]
    assert all(member.slack for member in policy.members)


def test_init_overwrites_nothing_unasked(configured: Path) -> None:
    before = {name: (configured / name).read_text() for name in (".env", "earshot.toml")}
    assert type_in("init", "--yes", "--brand", "Other").exit_code == 0
    assert type_in("init", answers="n\n").exit_code == 0
    assert {name: (configured / name).read_text() for name in before} == before


def test_init_keeps_the_old_file_when_it_may_overwrite(configured: Path) -> None:
    before = (configured / "earshot.toml").read_text()
    assert type_in("init", answers="y\n" + "\n" * 8).exit_code == 0
    assert (configured / "earshot.toml").read_text() != before
    assert (configured / "earshot.toml.old").read_text() == before


def test_init_adds_missing_secrets_and_leaves_the_rest_of_the_env_file(folder: Path) -> None:
    (folder / ".env").write_text("# ours\nEARSHOT_PORT=9000")
    (folder / ".env").chmod(0o644)
    assert type_in("init", "--yes").exit_code == 0
    assert (folder / ".env").read_text().startswith("# ours\nEARSHOT_PORT=9000\nEARSHOT_WEB_SECRET=")
    assert (folder / ".env").stat().st_mode & 0o777 == 0o600


def test_a_wrong_option_of_init_is_said_and_nothing_is_written(folder: Path) -> None:
    result = type_in("init", "--yes", "--timezone", "Europe/Berlln")
    assert (result.exit_code, result.stderr) == (2, '"Europe/Berlln" is no time zone; did you mean "Europe/Berlin"?\n')
    assert list(folder.iterdir()) == []


_NAMES = st.text(min_size=1, max_size=30).filter(lambda text: bool(text.replace("\x7f", "").strip()))


@given(_NAMES, _NAMES)
@example("\x7f del", "nul\x00 \x1b[31m")
@example('quote " and \\ back', "lone \ud800 surrogate")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_the_names_are_the_file_can_be_read(team: str, brand: str) -> None:
    answers = Answers(team, brand, ("kettle",), "", (Member("ana"),), "UTC")
    policy = read_policy_text(config_text(answers))
    shown = " ".join(brand.split()).encode("utf-8", "replace").decode().replace("\x7f", "")
    assert policy.brands[0].name == policy.sources[0].brand == shown


def test_members_and_words_are_read_as_they_are_typed() -> None:
    ana, bo = read_members("Ana Lind, bo = approver + admin,")
    assert (ana.name, ana.title, [role.value for role in ana.roles]) == ("ana.lind", "Ana Lind", ["agent"])
    assert (bo.name, bo.title, [role.value for role in bo.roles]) == ("bo", "", ["approver", "admin"])
    assert read_words(' kettle, "tea maker",, ') == ("kettle", "tea maker")
    with pytest.raises(InvalidInput):
        read_members("漢字")


# run and demo ------------------------------------------------------------------------------------------------------


def test_run_serves_the_teams_policy(app: FakeApp, configured: Path) -> None:
    assert "Open http://127.0.0.1:8787" in type_in("run").stdout
    [(environment, policy, mode, config_path)] = app.served
    assert (policy.brands[0].name, mode, config_path) == ("Acme", "run", Path("earshot.toml"))
    assert environment.database == Path("data/earshot.db")


def test_run_takes_another_file(app: FakeApp, configured: Path) -> None:
    (configured / "earshot.toml").rename(configured / "other.toml")
    assert type_in("run").exit_code == 2
    assert type_in("run", "--config", "other.toml").exit_code == 0
    assert app.served[0][3] == Path("other.toml")


def test_run_is_refused_where_others_could_reach_it_unsigned(
    app: FakeApp, configured: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (configured / ".env").unlink()
    monkeypatch.setenv("EARSHOT_HOST", "0.0.0.0")  # noqa: S104  nothing is bound
    result = type_in("run")
    assert result.exit_code == 2
    assert "sign-in is needed" in result.stderr
    assert app.served == []


def test_the_demo_needs_nothing(app: FakeApp, folder: Path) -> None:
    assert type_in("demo", "--port", "9123", "--minutes", "3").exit_code == 0
    [(environment, policy, mode, config_path)] = app.served
    assert (environment.database, environment.port, mode, config_path) == (
        Path("data/demo/earshot.db"),
        9123,
        "demo",
        None,
    )
    assert [entry.settings["minutes"] for entry in policy.sources if entry.kind == "sample"] == [3]
    assert [path.relative_to(folder) for path in folder.rglob("*")] == [Path("data"), Path("data/inbox")]


def test_a_fresh_demo_forgets_the_last_one_and_nothing_else(app: FakeApp, folder: Path) -> None:
    demo = folder / "data" / "demo"
    demo.mkdir(parents=True)
    for name in ("earshot.db", "earshot.db-wal", "earshot.db-shm", "notes.txt"):
        (demo / name).write_text("old")
    (folder / "data" / "earshot.db").write_text("real")
    assert type_in("demo").exit_code == 0
    assert (demo / "earshot.db").exists()
    assert type_in("demo", "--fresh").exit_code == 0
    assert {path.name for path in demo.iterdir()} == {"notes.txt", "earshot.db.lock"}
    assert (folder / "data" / "earshot.db").read_text() == "real"


def test_a_running_demo_is_not_forgotten(app: FakeApp, folder: Path) -> None:
    database = folder / "data" / "demo" / "earshot.db"
    held = lock(database)
    try:
        database.write_text("in use")
        assert type_in("demo", "--fresh").exit_code == 75
    finally:
        held.release()
    assert database.read_text() == "in use"
    assert app.served == []


# import ------------------------------------------------------------------------------------------------------------


def test_import_passes_on_what_was_typed_and_sums_up(app: FakeApp, configured: Path) -> None:
    (configured / "Reviews May.csv.gz").write_bytes(b"rows")
    result = type_in(
        "import", "Reviews May.csv.gz", "--brand", "Acme", "--map", "text=comment", "--map", "author=who=x", "--cases"
    )
    assert result.exit_code == 0, result.output
    assert app.imported == [
        {
            "path": Path("Reviews May.csv.gz"),
            "source": "reviews-may",
            "brand": "Acme",
            "field_map": {"text": "comment", "author": "who=x"},
            "with_cases": True,
        }
    ]
    assert [re.sub(r"\s+", " ", line).strip() for line in result.stdout.splitlines()[-10:]] == [
        "10 rows read",
        "6 matched a brand",
        "5 stored",
        "1 already known",
        "2 matched nothing and were left out",
        "2 could not be read and are in quarantine",
        "- row 3: no text",
        "- row 5: no text",
        "- row 7: too deep",
        "3 cases opened",
    ]


def test_an_import_that_adds_nothing_says_so_and_no_more(app: FakeApp, configured: Path) -> None:
    (configured / "a.csv").write_text("text\n")
    app.report = Report(read=2, stored=0, known=1, unmatched=0, quarantined=0)
    told = type_in("import", "a.csv").stdout
    assert "row 3" not in told
    assert "cases" not in told


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--map", "text"), '--map "text" is not KEY=COLUMN; write for instance --map text=comment'),
        (("--map", "txt=comment"), '--map "txt=comment": a mention has no txt; did you mean "text"?'),
        (("--brand", "Acne"), '--brand "Acne" is no brand of yours; did you mean "Acme"?'),
    ],
)
def test_what_import_cannot_use_is_said_before_it_reads(
    app: FakeApp, configured: Path, words: tuple[str, ...], line: str
) -> None:
    (configured / "a.csv").write_text("text\n")
    result = type_in("import", "a.csv", *words)
    assert (result.exit_code, result.stderr) == (2, line + "\n")
    assert app.imported == []


# query -------------------------------------------------------------------------------------------------------------


def test_a_query_is_tried_on_a_text() -> None:
    assert type_in("query", "test", "kettle OR pot", "--text", "My Kettle leaks").stdout.startswith("It matches")
    assert type_in("query", "test", "kettle", "--text", "My toaster").stdout == "It does not match.\n"


def test_a_query_is_tried_on_the_lines_of_a_file(folder: Path) -> None:
    (folder / "texts.txt").write_text("".join(f"kettle {n}\n\ntoaster {n}\n" for n in range(10)))
    lines = type_in("query", "test", "kettle", "--file", "texts.txt").stdout.splitlines()
    assert lines[0] == "10 of 20 lines of texts.txt match (50.0%)."
    assert [line.split("[")[0].strip() for line in lines[1:]] == [f"kettle {n}" for n in range(5)]


def test_a_query_is_tried_with_the_words_of_a_brand(configured: Path) -> None:
    file = configured / "earshot.toml"
    file.write_text(file.read_text().replace("[[brands]]\n", '[[brands]]\nnot_with = ["river"]\n', 1))
    (configured / "texts.txt").write_text("kettle by the river\nkettle leaks\n")
    brand = read_policy(file).brands[0].name
    words = ("query", "test", "kettle", "--brand", brand)
    assert type_in(*words, "--text", "Kettle on the river").stdout == (
        'It matches  [kettle] and is left out: it says "river".\n'
    )
    lines = type_in(*words, "--file", "texts.txt").stdout.splitlines()
    assert lines[0] == "1 of 2 lines of texts.txt match (50.0%)."
    assert lines[-1] == '1 more match and are left out: it says "river".'
    result = type_in("query", "test", "kettle", "--brand", "Nobody", "--text", "x")
    assert result.exit_code == 2
    assert f'There is no brand "Nobody". There is {brand}.' in " ".join(result.stderr.split())


def test_a_query_that_cannot_be_read_shows_where() -> None:
    result = type_in("query", "test", "kettle (pot", "--text", "x")
    assert result.exit_code == 2
    assert result.stderr.splitlines()[1:] == ["kettle (pot", "       ^"]


def test_a_query_is_tried_on_what_is_stored(configured: Path) -> None:
    assert type_in("query", "test", "kettle").exit_code == 1  # there is no database yet
    open_storage(configured / "data" / "earshot.db").close()
    assert type_in("query", "test", "kettle").stdout == "There are no mentions of the last 7 days to try it on.\n"


# slack -------------------------------------------------------------------------------------------------------------

BOT, APP = "EARSHOT_SLACK_BOT_TOKEN", "EARSHOT_SLACK_APP_TOKEN"
IN_DISCORD = "EARSHOT_DISCORD_TOKEN"


@dataclass
class FakeExamine:
    """Stands for a look at a workspace: remembers what it was asked, and finds what it is told to find."""

    finds: list[Finding]
    asked: list[tuple[bool, Policy | None, bool]] = field(default_factory=list)

    async def __call__(
        self, environment: Environment, policy: Policy | None, *, is_running: bool = False
    ) -> list[Finding]:
        await asyncio.sleep(0)
        self.asked.append((environment.has_slack, policy, is_running))
        return self.finds


@pytest.fixture
def examine(monkeypatch: pytest.MonkeyPatch) -> FakeExamine:
    fake = FakeExamine([Finding(Mark.WORKS, "Bot token", "good."), Finding(Mark.OFF, "Scopes", "more than needed.")])
    monkeypatch.setattr("bot.cli.slack.examine", fake)
    monkeypatch.setenv(BOT, "xoxb-1-a")
    monkeypatch.setenv(APP, "xapp-1-a")
    return fake


def test_the_doctor_of_slack_prints_what_it_finds(examine: FakeExamine, configured: Path) -> None:
    result = type_in("slack", "doctor")
    assert (result.exit_code, result.stdout) == (0, "✓ Bot token: good.\n– Scopes: more than needed.\n")
    [(has_slack, policy, is_running)] = examine.asked
    assert (has_slack, is_running) == (True, False)
    assert policy is not None
    assert policy.brands[0].name == "Acme"
    examine.finds.append(Finding(Mark.BROKEN, "#alerts", "archived."))
    assert type_in("slack", "doctor").exit_code == 1


def test_the_doctor_of_slack_knows_that_earshot_runs(examine: FakeExamine, configured: Path) -> None:
    path = configured / "data" / "earshot.db"
    held, store = lock(path), open_storage(path)
    try:
        assert type_in("slack", "doctor").exit_code == 0
    finally:
        store.close()
        held.release()
    assert examine.asked[0][2] is True


def test_the_doctor_of_slack_looks_at_the_keys_also_without_a_config(examine: FakeExamine, folder: Path) -> None:
    result = type_in("slack", "doctor")
    assert result.exit_code == 1
    assert result.stdout.startswith("✗ Config: earshot.toml: not there;")
    assert "✓ Bot token: good." in result.stdout
    assert examine.asked == [(True, None, False)]


def test_the_doctor_of_slack_says_which_token_is_missing(configured: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = type_in("slack", "doctor")
    assert (result.exit_code, BOT in result.stdout) == (1, True)
    monkeypatch.setenv(BOT, "xapp-1-a")
    result = type_in("slack", "doctor")
    assert result.exit_code == 1
    assert result.stdout.startswith(f"✗ Settings: {BOT}: this begins with xapp-")


def test_run_refuses_a_route_to_slack_without_its_token(app: FakeApp, configured: Path) -> None:
    path = configured / "earshot.toml"
    path.write_text(path.read_text().replace('"local:#alerts"', '"slack:#alerts"'))
    result = type_in("run")
    assert result.exit_code == 2
    assert result.stderr.startswith(f'routes[0].channel: "slack:#alerts" needs {BOT}, which is not set')
    assert app.served == []


def test_the_demo_leaves_slack_alone(app: FakeApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(BOT, "xoxb-1-a")
    monkeypatch.setenv(APP, "xapp-1-a")
    assert type_in("demo").exit_code == 0
    assert not app.served[0][0].has_slack


# db ----------------------------------------------------------------------------------------------------------------


def test_the_database_is_made_checked_and_copied(folder: Path) -> None:
    assert type_in("db", "check").exit_code == 1
    path = folder / "data" / "earshot.db"
    assert type_in("db", "migrate").exit_code == 0
    steps, known = version(path)
    assert steps == known > 0
    assert "up to date" in type_in("db", "migrate").stdout
    assert type_in("db", "check").stdout == "data/earshot.db is sound.\n"
    assert type_in("db", "backup", "copy.db").exit_code == 0
    assert version(folder / "copy.db") == (known, known)
    assert type_in("db", "backup", "copy.db").exit_code == 1
    assert type_in("db", "backup").exit_code == 0
    assert len(list((folder / "data").glob("earshot-*Z.db"))) == 1


def test_a_backup_is_taken_while_the_program_runs(folder: Path) -> None:
    path = folder / "data" / "earshot.db"
    held, store = lock(path), open_storage(path)
    try:
        assert type_in("db", "backup", "copy.db").exit_code == 0
    finally:
        store.close()
        held.release()
    assert (folder / "copy.db").stat().st_mode & 0o077 == 0


def test_nothing_migrates_a_database_in_use(folder: Path) -> None:
    held = lock(folder / "data" / "earshot.db")
    try:
        assert type_in("db", "migrate").exit_code == 75
    finally:
        held.release()


def test_damage_is_found(folder: Path) -> None:
    (folder / "data").mkdir()
    (folder / "data" / "earshot.db").write_bytes(b"no database at all " * 500)
    assert type_in("db", "check").exit_code == 1


# web ---------------------------------------------------------------------------------------------------------------


def test_a_sign_in_link_leads_to_the_page(configured: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert type_in("web", "link", "@ana").stdout.startswith("http://127.0.0.1:8787/")
    monkeypatch.setenv("EARSHOT_PUBLIC_HOST", "earshot.example")
    assert type_in("web", "link", "ana").stdout.startswith("https://earshot.example/")
    assert 'did you mean "ana"?' in type_in("web", "link", "anna").stderr


def test_there_is_no_link_without_a_secret(configured: Path) -> None:
    (configured / ".env").unlink()
    result = type_in("web", "link", "ana")
    assert result.exit_code == 2
    assert "EARSHOT_WEB_SECRET" in result.stderr


def test_the_time_of_the_command_line_is_utc() -> None:
    assert abs(start.now() - datetime.now(UTC)).days == 0
