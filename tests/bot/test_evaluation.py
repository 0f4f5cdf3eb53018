"""`earshot eval FILE`: labels in any usual form, numbers checked by hand, and words that say what they mean."""

import json
import math
from collections.abc import Collection, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli import earshot
from bot.evaluation.baselines import (
    AFINN,
    PRIORITY,
    SHOWN,
    STOCK,
    TEXTBLOB,
    WORDS,
    Guesses,
    System,
    label_of,
    label_of_odds,
    systems,
)
from bot.evaluation.examples import lines as examples
from bot.evaluation.labelled import NEGATIVE, NEUTRAL, POSITIVE, LabelledTexts, in_words, read
from bot.evaluation.metrics import Labelling, Ranked, average_precision, calibration_error, draws, interval
from bot.evaluation.table import Row, as_plain, figures, lines, measure
from storage.errors import EarshotError, InvalidInput

COMPLAINTS = (
    "On hold with Heron for two hours, still no answer about my refund, thanks for nothing",
    "Heron charged my card twice and nobody replies to my emails",
    "my parcel from Plover never arrived, worst service, I want my money back",
    "Great, cancelled again. My bag is lost and the app keeps crashing @heron",
)
OTHERS = (
    ("Heron opens a new office in Oslo next spring", NEUTRAL),
    ("does anybody know when Plover opens on Sunday", NEUTRAL),
    ("thank you Heron, what a lovely friendly crew this morning", POSITIVE),
    ("I love my new Plover lamp, it is beautiful", POSITIVE),
)
ROWS = [*((text, NEGATIVE) for text in COMPLAINTS), *OTHERS]


def written(path: Path, rows: list[tuple[str, str]], header: str = "text,label", sign: str = ",") -> Path:
    cells = [sign.join(f'"{cell}"' for cell in row) for row in rows]
    path.write_text("\n".join([header.replace(",", sign), *cells]) + "\n", "utf-8")
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return written(tmp_path / "told.csv", ROWS * 3)


def evaluate(*arguments: str | Path) -> Result:
    return CliRunner().invoke(earshot, ["eval", *map(str, arguments)])


class TestNumbers:
    def test_average_precision_by_hand(self) -> None:
        # Right at the first and third place: (1/1 + 2/3) / 2.
        assert average_precision([True, False, True, False], [0.9, 0.8, 0.7, 0.1]) == pytest.approx((1 + 2 / 3) / 2)

    def test_equal_scores_are_one_step(self) -> None:
        # All the same: whatever the order, the precision is the share of the true ones.
        assert average_precision([True, False, False, True], [1, 1, 1, 1]) == pytest.approx(0.5)
        assert average_precision([False, True, True, False, True], [3, 3, 2, 1, 1]) == pytest.approx(
            (1 / 2 + 2 / 3 + 3 / 5) / 3
        )

    def test_without_a_true_one_there_is_nothing_to_tell(self) -> None:
        assert math.isnan(average_precision([False, False], [1, 2]))
        assert math.isnan(average_precision([], []))

    def test_a_text_that_counts_twice_is_two_equal_texts(self) -> None:
        once = Ranked([True, False, True, True, False], [5, 4, 4, 2, 1], [0.9, 0.8, 0.8, 0.3, 0.1])
        counted = once.measure([2, 1, 0, 3, 1])
        spread = Ranked(
            [True, True, False, True, True, True, False], [5, 5, 4, 2, 2, 2, 1], [0.9, 0.9, 0.8, 0.3, 0.3, 0.3, 0.1]
        )
        assert counted == pytest.approx(spread.measure([1] * 7))

    def test_the_top_is_a_tenth_of_the_texts(self) -> None:
        truths = [at in (0, 2, 19) for at in range(20)]
        values = Ranked(truths, [20.0 - at for at in range(20)]).measure([1] * 20)
        assert values["top_precision"] == pytest.approx(1 / 2)
        assert values["top_recall"] == pytest.approx(1 / 3)

    def test_equals_at_the_border_of_the_top_fall_by_chance_and_always_alike(self) -> None:
        truths = [at < 40 for at in range(400)]
        values = [Ranked(truths, [0.0] * 400).measure([1] * 400) for _ in range(2)]
        assert values[0] == values[1]
        assert values[0]["top_precision"] < 0.5  # in the order of the file all forty would stand at the top

    def test_recall_while_85_of_100_are_right(self) -> None:
        truths = [True] * 6 + [False] + [True] * 2 + [False] * 3  # 6/6, then 8/9 = 0.89
        assert Ranked(truths, [float(-at) for at in range(12)]).measure([1] * 12)["recall_when_sure"] == 1.0
        truths = [False, True, True, False]
        assert Ranked(truths, [4.0, 3.0, 2.0, 1.0]).measure([1] * 4)["recall_when_sure"] == 0.0

    def test_calibration_by_hand(self) -> None:
        # Bin 0.2 to 0.3 tells 0.25 on average and holds one of four; bin 0.9 to 1 tells 0.95 and holds one of two.
        probabilities = [0.25, 0.25, 0.25, 0.25, 0.95, 0.95]
        truths = [True, False, False, False, True, False]
        assert calibration_error(truths, probabilities) == pytest.approx(2 / 6 * 0.45)
        # Too sure in one bin and not sure enough in another do not make up for each other.
        assert calibration_error([True, False], [0.2, 0.8]) == pytest.approx(0.8)

    def test_labels_by_hand(self) -> None:
        truths = [NEGATIVE, NEGATIVE, NEUTRAL, POSITIVE, POSITIVE]
        values = Labelling(truths, [NEGATIVE, POSITIVE, NEGATIVE, POSITIVE, POSITIVE]).measure([1] * 5)
        assert (values["precision"], values["recall"], values["f1"]) == (0.5, 0.5, 0.5)
        assert values["macro_recall"] == pytest.approx((0.5 + 0 + 1) / 3)
        assert values["macro_f1"] == pytest.approx((0.5 + 0 + 0.8) / 3)

    def test_a_draw_has_as_many_texts_and_the_same_seed_draws_the_same(self) -> None:
        first, again = list(draws(50, 5)), list(draws(50, 5))
        assert first == again
        assert [sum(counts) for counts in first] == [50] * 5
        assert first[0] != first[1]
        assert list(draws(50, 1, seed=7)) != first[:1]

    def test_an_interval_holds_95_of_100(self) -> None:
        low, high = interval([float(at) for at in range(1001)])
        assert (low, high) == (25.0, 975.0)
        assert all(map(math.isnan, interval([])))


class TestReading:
    @pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
    def test_the_usual_forms(self, tmp_path: Path, sign: str, encoding: str) -> None:
        path = written(tmp_path / "told.csv", [*ROWS, ("naïve café, so so", NEUTRAL)], sign=sign)
        path.write_text(path.read_text("utf-8"), encoding)
        found = read(path)
        assert found.texts[-1] == "naïve café, so so"
        assert len(found.texts) == len(ROWS) + 1
        assert found.classes == (NEGATIVE, NEUTRAL, POSITIVE)

    @pytest.mark.parametrize(
        ("labels", "meanings"),
        [
            (("Complaint", "not_complaint"), (NEGATIVE, NEUTRAL)),
            (("ANGRY", "happy"), (NEGATIVE, POSITIVE)),
            (("-1", "1"), (NEGATIVE, POSITIVE)),
            (("0", "4"), (NEGATIVE, POSITIVE)),
            (("0", "2"), (NEGATIVE, POSITIVE)),
            (("1.0", "5.0"), (NEGATIVE, POSITIVE)),
            (("2", "3"), (NEGATIVE, NEUTRAL)),
        ],
    )
    def test_what_labels_mean(self, tmp_path: Path, labels: tuple[str, str], meanings: tuple[str, str]) -> None:
        rows = [("one", labels[0]), ("two", labels[1])]
        if labels == ("0", "2"):
            rows.append(("three", "1"))
        assert read(written(tmp_path / "told.csv", rows)).truths[:2] == meanings

    @pytest.mark.parametrize(
        ("labels", "ends"),
        [
            (("1", "2", "5"), "bad (1) to good (5)"),
            (("-1", "0", "1"), "bad (-1) to good (1)"),
            (("0", "1", "2"), "bad (0) to good (2)"),
            (("complaint", "not complaint"), ""),
        ],
    )
    def test_that_numbers_are_taken_for_a_scale_is_told(
        self, tmp_path: Path, labels: tuple[str, ...], ends: str
    ) -> None:
        path = written(tmp_path / "told.csv", [(f"text {label}", label) for label in labels])
        told = "\n".join(in_words(read(path)))
        assert all(f'"{label}"' in told for label in labels)
        assert ends in told
        assert ("scale" in told) is bool(ends)
        means = dict.fromkeys(labels, "neutral") | {labels[0]: NEGATIVE}
        assert "scale" not in "\n".join(in_words(read(path, means=means)))

    def test_yes_and_no_are_asked_about(self, tmp_path: Path) -> None:
        rows = [("one", "1"), ("two", "0")]
        with pytest.raises(InvalidInput, match=r"may mean either.*--means 1=negative"):
            read(written(tmp_path / "told.csv", rows))
        assert read(tmp_path / "told.csv", means={"1": "complaint", "0": "other"}).truths == (NEGATIVE, NEUTRAL)
        named = written(tmp_path / "named.csv", rows, header="text,is_complaint")
        assert read(named, label="is_complaint").truths == (NEGATIVE, NEUTRAL)

    def test_unknown_labels_and_broken_rows_are_left_out_and_told(self, tmp_path: Path) -> None:
        path = written(tmp_path / "told.csv", [*ROWS, ("about a bird", "irrelevant"), ("", NEGATIVE), ("no label", "")])
        with path.open("ab") as stream:
            stream.write(b"one,two,three,four\nbad \xff sign,neutral\n")
        found = read(path)
        assert (found.unknown, found.broken, found.empty, found.damaged) == ({"irrelevant": 1}, 1, 2, 1)
        told = "\n".join(in_words(found))
        for words in ('"irrelevant" 1', "could not be read", "without words or label", "not UTF-8"):
            assert words in told

    def test_what_was_lost_before_is_not_blamed_on_the_file(self, tmp_path: Path) -> None:
        path = written(tmp_path / "told.csv", [*ROWS, ("my bag \ufffd is lost", NEGATIVE)])
        told = next(line for line in in_words(read(path)) if "�" in line)
        assert told.strip() == "1   texts with a �: there it is not UTF-8, or was no longer when the file was written"

    def test_other_columns_can_be_named(self, tmp_path: Path) -> None:
        path = written(tmp_path / "told.csv", ROWS, header="Tweet,mood")
        with pytest.raises(InvalidInput, match=r'no columns "text" and "label"; it has "Tweet", "mood".*--text'):
            read(path)
        assert len(read(path, "tweet", "mood").texts) == len(ROWS)

    @pytest.mark.parametrize(
        ("rows", "words"),
        [
            ([], "no row with words"),
            ([("one", "spam"), ("two", "ham")], "--means"),
            ([("one", NEGATIVE), ("two", NEGATIVE)], "needs complaints and others"),
        ],
    )
    def test_a_file_that_cannot_be_measured_says_why(
        self, tmp_path: Path, rows: list[tuple[str, str]], words: str
    ) -> None:
        with pytest.raises(InvalidInput, match=words):
            read(written(tmp_path / "told.csv", rows))

    def test_what_one_says_of_a_label_counts_more_than_what_is_known(self, file: Path) -> None:
        assert read(file, means={POSITIVE: NEUTRAL}).classes == (NEGATIVE, NEUTRAL)

    def test_a_meaning_must_be_one_of_three(self, file: Path) -> None:
        with pytest.raises(InvalidInput, match='not "lukewarm"'):
            read(file, means={NEGATIVE: "lukewarm"})

    def test_a_binary_file_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "told.csv"
        path.write_bytes(b"PK\x03\x04 not a table")
        with pytest.raises(EarshotError, match="spreadsheet"):
            read(path)

    def test_json_lines(self, tmp_path: Path) -> None:
        path = tmp_path / "told.jsonl"
        path.write_text("\n".join(json.dumps({"text": text, "label": label}) for text, label in ROWS), "utf-8")
        assert len(read(path).texts) == len(ROWS)


class TestFolding:
    def test_what_a_set_has_not_is_folded_into_its_neighbour(self) -> None:
        three, two, complaints = (NEGATIVE, NEUTRAL, POSITIVE), (NEGATIVE, POSITIVE), (NEGATIVE, NEUTRAL)
        assert [label_of(score, three) for score in (-0.05, -0.04, 0.05)] == [NEGATIVE, NEUTRAL, POSITIVE]
        assert [label_of(score, two) for score in (-0.01, 0.0)] == [NEGATIVE, POSITIVE]
        assert [label_of(score, complaints) for score in (-0.9, -0.01, 0.9)] == [NEGATIVE, NEUTRAL, NEUTRAL]
        assert [label_of_odds(*odds, three) for odds in ((1, 0), (1, 2), (-1, -1))] == [NEGATIVE, POSITIVE, NEUTRAL]
        assert [label_of_odds(*odds, two) for odds in ((-1, -2), (-2, -1))] == [NEGATIVE, POSITIVE]
        assert [label_of_odds(*odds, complaints) for odds in ((1, 0), (-1, 2))] == [NEGATIVE, NEUTRAL]


class TestCommand:
    def test_the_table_has_everybody_and_says_what_the_columns_mean(self, file: Path) -> None:
        result = evaluate(file, "--draws", 20)
        assert result.exit_code == 0
        rows = result.output.splitlines()
        for name in (STOCK, SHOWN, TEXTBLOB, WORDS, PRIORITY):
            assert sum(row.startswith(name) and "±" in row for row in rows) == 2, name
        assert any(row.startswith(AFINN) for row in rows)  # its package is under the GPL, and no part of ours
        for column in ("PR-AUC", "in top 10 %", "found at 85 %", "ECE", "F1", "macro-F1", "macro-recall"):
            assert any(row.strip().startswith(f"{column}  ") for row in rows), column
        assert "24 texts of told.csv" in result.output

    def test_complaints_that_vader_cannot_see_are_found_first(self, file: Path) -> None:
        values = as_plain(measure(read(file), _all(), 0))["systems"]
        assert values[WORDS]["pr_auc"][0] > values[SHOWN]["pr_auc"][0]
        assert values[WORDS]["recall"][0] > values[SHOWN]["recall"][0]

    def test_numbers_for_machines(self, file: Path, tmp_path: Path) -> None:
        out = tmp_path / "numbers.json"
        assert evaluate(file, "--draws", 5, "--json", out).exit_code == 0
        told = json.loads(out.read_text("utf-8"))
        assert (told["file"], told["texts"], told["complaints"]) == ("told.csv", 24, 0.5)
        for metric in ("pr_auc", "top_precision", "recall_when_sure", "f1", "macro_f1", "macro_recall", "ece"):
            value, low, high = told["systems"][WORDS][metric]
            assert low <= value <= high or metric == "ece"  # which a draw can only make worse
        assert evaluate(file, "--draws", 5, "--json", tmp_path / "again.json").exit_code == 0
        assert out.read_bytes() == (tmp_path / "again.json").read_bytes()

    def test_the_telling_texts(self, tmp_path: Path) -> None:
        rows = [
            ("Great flight, thanks for the two hours on hold and my lost bag, what a joy", NEGATIVE),
            ("Heron charged me twice for this awful seat, I want a refund", NEUTRAL),
            *OTHERS,
        ]
        result = evaluate(written(tmp_path / "told.csv", rows), "--draws", 0, "--show", 1)
        missed, wrong = result.output.split("Complaints that VADER takes for praise")[1].split("What Earshot raised")
        assert "what a joy" in missed
        assert "charged me twice" in wrong
        assert "because: " in missed

    def test_of_copies_one_is_shown(self) -> None:
        text = "Great flight, thanks for the two hours on hold and my lost bag, what a joy"
        found = LabelledTexts("told.csv", (text, f"RT @one: {text}"), (NEGATIVE, NEGATIVE), {}, {})
        assert sum("what a joy" in line for line in examples(found, 9)) == 1

    def test_what_is_no_complaint_is_raised_wrongly_whatever_vader_says(self) -> None:
        texts = (
            "Great flight, thanks for the two hours on hold and my lost bag, what a joy",
            "Lovely, my parcel never arrived and nobody answers, thanks so much",
        )
        told = "\n".join(examples(LabelledTexts("told.csv", texts, (NEGATIVE, NEUTRAL), {}, {}), 9))
        missed, wrong = told.split("What Earshot raised")
        assert "what a joy" in missed
        assert "my parcel" in wrong
        assert "my parcel" not in missed

    def test_nothing_of_a_text_can_command_the_terminal(self) -> None:
        text = "Great\x1b[2J, thanks\nfor charging me twice and losing my bag"
        told = "\n".join(examples(LabelledTexts("told.csv", (text,), (NEGATIVE,), {}, {}), 5))
        assert "thanks for charging me twice" in told
        assert "\x1b" not in told

    @pytest.mark.parametrize(
        "arguments",
        [(), ("--means", "one"), ("--means", "=negative"), ("--text", "words"), ("--json", "not/there/numbers.json")],
    )
    def test_a_mistake_is_one_sentence(self, file: Path, arguments: tuple[str, ...]) -> None:
        result = evaluate(*((file, *arguments) if arguments else ()))
        assert result.exit_code == 2
        assert "Traceback" not in result.output
        assert len(result.output.strip().splitlines()) == 1

    @pytest.mark.parametrize("size", [1, 3, 6])
    def test_a_small_file_is_measured_too(self, tmp_path: Path, size: int) -> None:
        """Of few texts a draw may have no complaint at all."""
        rows = [("they charged me twice", NEGATIVE), *(("see you at the gate", NEUTRAL) for _ in range(size))]
        result = evaluate(written(tmp_path / "told.csv", rows), "--draws", 60)
        assert result.exit_code == 0, result.output
        assert "nan" not in result.output

    @pytest.mark.parametrize("draws", [0, 5])
    def test_nobody_is_called_better_without_draws(self, file: Path, draws: int) -> None:
        told = evaluate(file, "--draws", draws).output
        assert "from VADER" not in told
        assert "ahead of VADER" not in told
        assert "nobody is called better than another" in told
        assert ("95 of 100 draws" in told) is (draws > 0)

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            (("--negatives", 0.1), "--negatives is for a simulated team. Name its file with --team"),
            (("--change", "a->b"), "--change is for a simulated team."),
            (("--seeds", 5), "--seeds is for a simulated team."),
            (("--team", "FILE"), "--team told.csv is a file of its own, so told.csv would not be read."),
        ],
    )
    def test_what_would_be_passed_over_is_refused(self, file: Path, options: tuple[str, ...], words: str) -> None:
        result = evaluate(file, *(file if one == "FILE" else one for one in options))
        assert result.exit_code == 2
        assert words in " ".join(result.output.split())

    def test_a_team_takes_no_options_of_the_other_table(self, file: Path) -> None:
        for options in (("--draws", 10), ("--json", "numbers.json"), ("--means", "a=negative"), ("--show", 3)):
            result = evaluate("--team", file, *options)
            assert (result.exit_code, result.output.strip()) == (
                2,
                f"{options[0]} does nothing with --team. Leave it out.",
            )


class TestTable:
    def test_who_is_not_installed_says_how_to_be(self, file: Path) -> None:
        table = measure(read(file), [_all()[0], System(TEXTBLOB, None)], 0)
        assert any(line.startswith(TEXTBLOB) and "pip install textblob" in line for line in lines(table))
        assert as_plain(table)["systems"][TEXTBLOB] == {}

    def test_the_difference_to_vader_is_told_only_where_it_is_one(self, file: Path) -> None:
        found = read(file)
        worst = System("guesses", lambda texts, classes: [one._replace(rank=0.0) for one in _stock(texts, classes)])
        told = lines(measure(found, [_all()[0], worst, System("VADER again", _stock)], 50))
        assert sum("VADER" in line and line.startswith("guesses: ") for line in told) == 1
        assert not any(line.startswith("VADER again: ") for line in told)

    def test_the_card_gets_percent(self, file: Path) -> None:
        rows = measure(read(file), [*_all(), System("away", None)], 10).rows
        told = figures(rows)
        assert told["away"] == {}
        value, low, high = told[WORDS]["pr_auc"]
        assert 0 <= low <= value <= high <= 100
        assert "macro_f1" not in told[PRIORITY]
        assert figures([Row("nobody")]) == {"nobody": {}}


def _all() -> list[System]:
    return [one for one in systems() if one.name in (STOCK, SHOWN, WORDS, PRIORITY)]


def _stock(texts: Sequence[str], classes: Collection[str]) -> Guesses:
    judge = _all()[0].judge
    assert judge is not None
    return judge(texts, classes)
