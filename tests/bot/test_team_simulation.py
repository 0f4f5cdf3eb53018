"""`earshot eval --team`: a team that decides as the labels say, and what learning from it is worth."""

import random
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli import earshot
from bot.evaluation.events import read, thinned
from bot.evaluation.team import WAYS, Vader, know, measure, simulate

COLUMNS = "text,label,created_at,author,reason,followers"
SUBJECTS = {"luggage": "suitcase bag trunk", "food": "soup bread fish", "cabin": "seat window light"}


def rows(number: int, seed: int = 1) -> list[str]:
    """Complaints about three subjects in words that no lexicon knows, and other mentions."""
    chance, found = random.Random(seed), []
    for at in range(number):
        reason = chance.choice([*SUBJECTS, "", "", ""])
        word = chance.choice(SUBJECTS[reason].split()) if reason else chance.choice(["river", "tide", "gull", "pier"])
        text = (
            f"number {at} the {word} of {chance.choice(['Oslo', 'Rome', 'Bergen', 'Turku'])} {chance.randrange(10**6)}"
        )
        label, hour = "negative" if reason else "neutral", f"2026-03-{1 + at // 24 % 28:02} {at % 24:02}:00:00 -0800"
        found.append(f"{text},{label},{hour},ann{at},{reason},{chance.randrange(9_000)}")
    return found


def written(tmp_path: Path, lines: list[str], columns: str = COLUMNS) -> Path:
    path = tmp_path / "labelled.csv"
    path.write_text("\n".join([columns, *lines]) + "\n", "utf-8")
    return path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(earshot, ["eval", *map(str, arguments)])


def late(table: str, way: str) -> float:
    """The share of late alerts that were wanted."""
    line = next(line for line in table.splitlines() if line.startswith(f"{way} ") and " + " not in line[len(way) :])
    return float(line[25:].split()[1])


def test_a_team_that_wants_one_subject_gets_more_of_it_by_and_by(tmp_path: Path) -> None:
    told = run("--team", written(tmp_path, rows(1_000)), "--reasons", "luggage", "--seeds", 2)
    assert told.exit_code == 0, told.output
    assert "1,000 mentions of labelled.csv, in time order" in told.output
    learned = late(told.output, "day-one words + learning")
    assert learned > late(told.output, "day-one words") + 20
    assert learned > late(told.output, "VADER") + 20


def test_what_is_wanted_can_change_at_half_time(tmp_path: Path) -> None:
    told = run("--team", written(tmp_path, rows(400)), "--change", "food->Luggage,cabin", "--seeds", 1)
    assert told.exit_code == 0, told.output
    changed, same = told.output.split("without a change")
    assert late(same, "day-one words + learning") > 20
    assert "changes what it wants at half time" in changed


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--reasons", "weather"), 'No row has the reason "weather".'),
        (("--change", "food"), "does not say what is wanted before and after"),
        (("--change", "food->rain"), 'No row has the reason "rain".'),
        (("--change", "food->cabin", "--reasons", "food"), "not both"),
    ],
)
def test_a_team_that_cannot_be_is_refused_in_a_sentence(
    tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    told = run("--team", written(tmp_path, rows(60)), *arguments)
    assert told.exit_code == 2
    assert sentence in told.output
    assert "Traceback" not in told.output


@pytest.mark.parametrize(
    ("columns", "lines", "sentence"),
    [
        ("words,label", ["a,negative"], "has no column text"),
        ("text", ["a"], "has no column label"),
        ("text,label", [], "needs rows with the label negative"),
        ("text,label", ["a,neutral", "b,positive"], "needs rows with the label negative"),
        ("", [], "has no column text and no column label"),
    ],
)
def test_a_file_without_what_is_needed_is_refused_in_a_sentence(
    tmp_path: Path, columns: str, lines: list[str], sentence: str
) -> None:
    told = run("--team", written(tmp_path, lines, columns))
    assert told.exit_code == 2
    assert sentence in told.output


def test_rows_come_in_the_order_of_their_times_whatever_their_zone(tmp_path: Path) -> None:
    lines = ["c,negative,2026-03-01T10:00:00Z", "a,neutral,2026-03-01 00:30:00 +0100", "b,neutral,2026-03-01 01:00:00"]
    found = read(written(tmp_path, lines, "text,label,created_at"))
    assert [one.raw.text for one in found] == ["a", "b", "c"]
    assert found[0].at == datetime(2026, 2, 28, 23, 30, tzinfo=UTC)


def test_rows_stay_as_they_stand_where_a_time_is_missing(tmp_path: Path) -> None:
    lines = ["c,negative,2026-03-01", "a,neutral,", "b,neutral,2026-02-01"]
    found = read(written(tmp_path, lines, "text,label,created_at"))
    assert [one.raw.text for one in found] == ["c", "a", "b"]


def test_thinning_leaves_the_asked_share_and_every_other_row(tmp_path: Path) -> None:
    found = read(written(tmp_path, rows(400)))
    some = thinned(found, 0.15, seed=0)
    negative = sum(one.is_negative for one in some)
    assert negative / len(some) == pytest.approx(0.15, abs=0.01)
    assert len(some) - negative == sum(not one.is_negative for one in found)


def test_nothing_is_learned_from_what_was_not_alerted(tmp_path: Path) -> None:
    known = know(read(written(tmp_path, rows(200))))
    decided: list[str] = []

    class Listening(Vader):
        def learn(self, known: object, is_taken: bool) -> None:
            decided.append(known.happening.raw.native_id)  # type: ignore[attr-defined]

    course = simulate(known, [True] * len(known), Listening(), 0)
    assert decided == [known[place].happening.raw.native_id for place in course.alerted]
    assert len(decided) == 20


def test_the_same_seed_gives_the_same_course(tmp_path: Path) -> None:
    known = know(read(written(tmp_path, rows(200))))
    wanted = [one.happening.is_negative for one in known]
    one, two = (simulate(known, wanted, WAYS["day-one words + learning"](), 3) for _ in range(2))
    assert one == two


def test_copies_are_counted_and_one_alert_a_story_leaves_none(tmp_path: Path) -> None:
    text = "The suitcase never came and nobody at the desk in Bergen can say where it may be, terrible"
    known = know(read(written(tmp_path, [*([f"{text},negative"] * 30), *rows(70)], "text,label")))
    wanted = [True] * len(known)
    copied = measure(known, wanted, simulate(known, wanted, Vader(), 0, wrong=0.0))
    single = measure(known, wanted, simulate(known, wanted, Vader(), 0, wrong=0.0, one_a_story=True))
    assert copied.copies >= 0.4
    assert single.copies == 0
