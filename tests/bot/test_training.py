"""The day-one words are made from what the card says, by a step that gives the same bytes each time."""

import csv
from collections import Counter
from importlib.resources import files
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.cli.model import model
from bot.training import sets
from bot.training.words import Labelled, train
from handlers.rules.day_one import FILE, day_one_words, heard, parse
from handlers.rules.severity import find
from storage.errors import InvalidInput

CARD = files("bot.training").joinpath("card.md").read_text("utf-8")
SHIPPED = files("handlers.rules").joinpath(FILE).read_text("utf-8")
FEW = [
    Labelled(f"{text} {number}", label)
    for number in range(6)
    for text, label in [
        ("stuck on hold again for ages", "negative"),
        ("what a lovely crew today", "positive"),
        ("the shop opens on monday", "neutral"),
    ]
]


def test_the_same_texts_give_the_same_bytes_and_know_their_labels() -> None:
    written = train(FEW)
    assert train(FEW) == written
    words = parse(written)
    complaint, praise, other = (words.judge(text, find(text), heard(text)) for text in (one.text for one in FEW[:3]))
    assert complaint.odds > other.odds > praise.odds
    assert praise.praise > other.praise > complaint.praise


def test_the_shipped_weights_are_single_words_and_pairs() -> None:
    names = [line.split("\t")[0] for line in SHIPPED.splitlines() if not line.startswith(("#", "="))]
    assert 10_000 < len(names) <= 12_000
    assert max(len(name.split(" ")) for name in names) == 2
    assert names == sorted(names)


def test_our_own_sentences_are_well_formed_and_each_stands_once() -> None:
    told = list(sets.sentences())
    assert {sentiment for _, sentiment, _ in told} == {"negative", "neutral", "positive"}
    assert max(Counter(text for _, _, text in told).values()) == 1


def test_the_card_is_about_these_words() -> None:
    assert f"`{day_one_words().version}`" in CARD
    assert f"{len(sets.own()):,} sentences" in CARD
    for one in sets.SETS:
        assert one.file.removesuffix(".csv") in CARD
        assert one.licence in CARD


def test_the_card_is_printed() -> None:
    result = CliRunner().invoke(model, ["card"])
    assert result.exit_code == 0
    assert result.output.strip() == CARD.strip()


def test_a_set_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"vader_tweets\.csv cannot be read"):
        sets.read(tmp_path, sets.SETS[0])
    with (tmp_path / "smile_museums.csv").open("w", encoding="utf-8", newline="") as lines:
        csv.writer(lines).writerows([("text", "label"), ("so sad", "sad"), ("?", "who knows")])
    assert sets.read(tmp_path, sets.SETS[-1]) == [Labelled("so sad", "negative", 0.5)]
