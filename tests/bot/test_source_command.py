"""`earshot source`: a source is asked for, tried and saved; the rest of earshot.toml stays as a person wrote it."""

import codecs
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot import registry
from bot.cli import earshot
from bot.config_edit import with_source, with_source_on, without_source
from bot.policy_file import read_policy, read_policy_text
from bot.settings import read_environment
from bot.trial import MOST, TrialBudget, try_out
from handlers.context import think
from handlers.ports import BudgetSpent, Cost, Page
from handlers.rules.policy import SourceEntry
from storage.errors import ConfigError, InvalidInput
from tests.bot.fakes import ScriptedSource
from tests.kit import NOW, POLICY, TROUBLES, raw

FILE = """# Ours.
team = "Heron"   # and Plover

[[brands]]
name = "Aurelia"
queries = { name = "aurelia" }

[[sources]]  # the first
name = "calls"
kind = "file"
folder = "calls"  # on the share

[[sources]]
name = "blog"
kind = "feed"
url = "https://blog.example/feed"

# The end.
[sla]
urgent = "30m"
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files of a team, in which commands are typed."""
    for name in ("EARSHOT_CONFIG", "EARSHOT_DATA"):
        monkeypatch.delenv(name, raising=False)
    # The log would hold on to the stream of one test's runner.
    monkeypatch.setattr("bot.log.set_up", lambda *told: None)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "earshot.toml").write_text(FILE)
    (tmp_path / "calls").mkdir()
    (tmp_path / "calls" / "a.csv").write_text("id,text,author\n1,My aurelia broke.,mia\n2,Nothing.,bo\n")
    return tmp_path


def type_(*words: str, typed: str = "") -> Result:
    return CliRunner().invoke(earshot, ["source", *words], input=typed)


def names(home: Path) -> list[str]:
    return [entry.name for entry in read_policy(home / "earshot.toml", registry.settings()).sources]


def test_a_source_is_tried_and_saved_and_every_other_line_stays(home: Path) -> None:
    told = type_("add", "file", "--name", "mails", "--set", "folder=calls", "--yes")
    assert told.exit_code == 0, told.output
    assert "✓ mia: My aurelia broke." in told.output
    assert "· bo: Nothing." in told.output
    assert "It costs nothing" in told.output
    assert (home / "earshot.toml").read_text().startswith(FILE.rstrip())
    assert names(home) == ["calls", "blog", "mails"]


def test_nothing_that_a_stranger_calls_herself_is_obeyed_by_the_terminal(home: Path) -> None:
    (home / "calls" / "a.csv").write_text("id,text,author\n1,My aurelia broke.,\x1b]0;gone\x07mia\u202e\n")
    assert "✓ mia: My aurelia broke." in type_("test", "calls").output


def test_it_asks_for_what_is_missing_and_saves_only_after_a_yes(home: Path) -> None:
    told = type_("add", "file", typed="drop\ncalls\n\nn\n")
    assert "folder" in told.output
    assert "Nothing was changed." in told.output
    assert (home / "earshot.toml").read_text() == FILE
    assert type_("add", "file", typed="drop\ncalls\n\ny\n").exit_code == 0
    assert names(home)[-1] == "drop"


def test_a_source_that_cannot_be_read_is_not_saved(home: Path) -> None:
    told = type_("add", "file", "--name", "mails", "--set", "folder=nowhere", "--yes")
    assert told.exit_code != 0
    assert "nowhere" in told.output
    assert (home / "earshot.toml").read_text() == FILE


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add", "fil", "--yes"), 'did you mean "file"?'),
        (("add", "file", "--name", "calls", "--yes"), 'There is a source "calls" already.'),
        (("add", "file", "--name", "x", "--set", "foldr=calls", "--yes"), 'did you mean "folder"?'),
        (("add", "file", "--name", "x", "--set", "folder", "--yes"), "is no KEY=VALUE"),
        (("add", "file", "--name", "x", "--set", "folder=calls", "--set", "html=perhaps", "--yes"), "html:"),
        (("test", "cals"), 'did you mean "calls"?'),
        (("pause", "nobody"), "there are calls, blog."),
    ],
)
def test_a_mistake_is_a_sentence_and_changes_nothing(home: Path, words: tuple[str, ...], said: str) -> None:
    told = type_(*words)
    assert told.exit_code == 2
    assert said in told.output
    assert (home / "earshot.toml").read_text() == FILE


def test_pausing_and_resuming_leaves_the_file_as_it_was(home: Path) -> None:
    assert "calls is paused." in type_("pause", "calls").output
    paused = read_policy(home / "earshot.toml", registry.settings()).source("calls")
    assert paused is not None
    assert not paused.is_on
    assert "calls  (file)  paused" in type_("list").output
    assert "paused already" in type_("pause", "calls").output
    type_("resume", "calls")
    assert (home / "earshot.toml").read_text() == FILE


def test_a_source_is_removed_with_its_comments_and_no_others(home: Path) -> None:
    assert "Nothing was changed." in type_("remove", "calls", typed="n\n").output
    type_("remove", "calls", typed="y\n")
    text = (home / "earshot.toml").read_text()
    assert names(home) == ["blog"]
    assert "# The end." in text
    assert '[sla]\nurgent = "30m"' in text
    type_("remove", "blog", "--yes")
    assert names(home) == []


def test_the_kinds_are_listed_when_none_is_named(home: Path) -> None:
    told = type_("add", "--yes").output
    assert all(kind in told for kind in registry.kinds())


ODD = """# Whose is this?
[[sources]]
name = "one"
kind = "webhook"
secret_env = "ONE_SECRET"
[sources.map]  # of ours
text = "words"

# Where alerts go. Ana asked for this.
[[routes]]
channel = "local:#alerts"

# Beta.
[[sources]]
kind = "file"
name = "two"
on = true  # since May
folder = "calls"
"""


def test_what_stands_between_and_behind_sources_stays_where_it_is() -> None:
    assert "".join(ODD.splitlines(keepends=True)[7:]) == without_source(ODD, "one").partition("# Whose is this?\n")[2]
    assert without_source(ODD, "two") == ODD.partition("[[sources]]\nkind")[0]
    assert with_source_on(ODD, "one", is_on=False) == ODD.replace('"webhook"\n', '"webhook"\non = false\n')
    assert with_source_on(ODD, "two", is_on=False) == ODD.replace(
        'kind = "file"\n', 'kind = "file"\non = false\n'
    ).replace("on = true  # since May\n", "")


def test_a_file_that_is_written_otherwise_is_left_to_its_owner() -> None:
    inline = 'sources = [{ name = "one", kind = "file", folder = "calls" }]\n'
    with pytest.raises(ConfigError, match="Edit it by hand"):
        without_source(inline, "one")
    with pytest.raises(ConfigError, match="Edit it by hand"):
        with_source_on(f'note = """\n[[sources]]\n"""\n{FILE}', "calls", is_on=False)


def test_links_marks_line_ends_and_rights_stay_as_they_were(home: Path) -> None:
    real = home / "real.toml"
    real.write_bytes(codecs.BOM_UTF8 + FILE.replace("\n", "\r\n").encode())
    real.chmod(0o640)
    link = home / "earshot.toml"
    link.unlink()
    link.symlink_to(real)
    assert type_("pause", "calls").exit_code == 0
    assert type_("resume", "calls").exit_code == 0
    assert link.is_symlink()
    assert real.read_bytes() == codecs.BOM_UTF8 + FILE.replace("\n", "\r\n").encode()
    assert real.stat().st_mode & 0o777 == 0o640
    assert type_("add", "file", "--name", "mails", "--set", "folder=calls", "--yes").exit_code == 0
    assert real.read_bytes().count(b"\n") == real.read_bytes().count(b"\r\n")
    assert names(home) == ["calls", "blog", "mails"]


def test_each_sender_has_a_secret_of_its_own_and_it_is_hidden_in_the_log(home: Path) -> None:
    for name in ("forms", "help desk"):
        told = type_("add", "webhook", "--name", name, "--yes")
        assert told.exit_code == 0, told.output
    kept = read_environment(home / ".env", {})
    secrets = [kept.variables["FORMS_SECRET"], kept.variables["HELP_DESK_SECRET"]]
    assert len(set(secrets)) == 2
    assert set(secrets) <= set(kept.hidden())
    assert (home / ".env").stat().st_mode & 0o777 == 0o600
    told = type_("add", "webhook", "--name", "other", "--set", "secret_env=HOOKPASS", "--yes")
    assert "is no name of a secret" in told.output


def test_a_secret_that_another_gives_is_never_invented(home: Path) -> None:
    told = type_("add", "webhook", "--name", "survey", "--set", "preset=typeform", "--yes")
    assert told.exit_code != 0
    assert "SURVEY_SECRET" in told.output
    assert not (home / ".env").exists()


def test_text_that_toml_would_misread_is_quoted() -> None:
    text = with_source(FILE, {"name": 'a "b"', "kind": "file", "folder": "c:\\new\n[[members]]"})
    entry = read_policy_text(text, registry.settings()).source('a "b"')
    assert entry is not None
    assert entry.settings["folder"] == "c:\\new\n[[members]]"
    paused = with_source_on(text, 'a "b"', is_on=False)
    assert without_source(paused, 'a "b"').strip() == FILE.strip()
    with pytest.raises(InvalidInput):
        without_source(FILE, "nobody")


class Costly(ScriptedSource):
    """A cent for each item."""

    def weekly(self, items: int) -> Cost:
        return Cost(1, items * 10_000)


async def test_a_trial_says_what_a_week_would_cost() -> None:
    items = tuple(
        raw(f"p{number}", TROUBLES[number], published_at=NOW - timedelta(days=number)) for number in range(4, -1, -1)
    )
    trial = await try_out(
        Costly("birds", [Page(items, None)]), SourceEntry("birds", "x", brand="Aurelia"), think(POLICY), (), lambda: NOW
    )
    assert trial.read == 5
    assert [item.native_id for item, _ in trial.shown] == ["p0", "p1", "p2", "p3", "p4"], "the newest first"
    assert trial.a_week == 9, "five in four days"
    assert trial.cost == 90_000


async def test_a_trial_never_costs_more_than_it_may() -> None:
    budget = TrialBudget(MOST, lambda: datetime(2026, 11, 22, tzinfo=UTC))
    await budget.reserve(MOST - 1)
    with pytest.raises(BudgetSpent):
        await budget.reserve(2)
    await budget.settle(MOST - 1, 5)
    assert await budget.left() == MOST - 5
