"""The texts that the day-one words learn from: our own sentences, and labelled sets whose licence allows it.

The sets are read from a folder that is no part of the project; each is named here with its publisher and its licence.
How much a text of each counts was chosen by how near the set is to what customers write to a company.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from bot.training.words import Labelled
from storage.errors import InvalidInput

OWN = 1.5  # how much one of our own sentences counts
THEMES = ("care", "mixed", "money", "shops", "tech", "travel")
_LABELS = ("negative", "neutral", "positive")


@dataclass(frozen=True, slots=True)
class Set:
    """One labelled file. Labels that `means` does not name, and that are none of ours, are left out."""

    file: str
    publisher: str
    licence: str
    importance: float
    means: tuple[tuple[str, str], ...] = ()


SETS = (
    Set("vader_tweets.csv", "Hutto & Gilbert 2014: tweets", "MIT", 4.0),
    Set("vader_amazon.csv", "Hutto & Gilbert 2014: product reviews", "MIT", 1.0),
    Set("vader_movie.csv", "Hutto & Gilbert 2014: film reviews", "MIT", 0.3),
    Set("vader_nyt.csv", "Hutto & Gilbert 2014: newspaper editorials", "MIT", 0.3),
    Set("goemotions_reddit.csv", "GoEmotions, Google 2020: Reddit comments", "Apache-2.0, CC BY 4.0", 1.0),
    Set("review_sentences.csv", "UCI Sentiment Labelled Sentences, Kotzias 2015", "CC BY 4.0", 1.0),
    Set("entity_brands.csv", "Kaggle jp797498e: tweets about games", "CC0", 0.3, (("irrelevant", "neutral"),)),
    Set(
        "smile_museums.csv", "SMILE, figshare 2016: tweets about museums", "CC BY 4.0", 0.5,
        (("happy", "positive"), ("angry", "negative"), ("sad", "negative"), ("disgust", "negative"),
         ("not-relevant", "neutral"), ("surprise", "neutral")),
    ),
)  # fmt: skip


def own() -> list[Labelled]:
    """The sentences that were written for Earshot."""
    return [Labelled(text, label, OWN) for _, label, text in sentences()]


def sentences() -> Iterator[tuple[str, str, str]]:
    """(kind, sentiment, text) of each sentence that was written for Earshot."""
    for theme in THEMES:
        for line in files("bot.training").joinpath(f"{theme}.tsv").read_text("utf-8").splitlines():
            kind, sentiment, text = line.split("\t")
            yield kind, sentiment, text


def read(folder: Path, one: Set) -> list[Labelled]:
    """The texts of a set, in its order. Raises InvalidInput when its file is not there or has no such columns."""
    path = folder / one.file
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            rows = [(row["text"], row["label"]) for row in csv.DictReader(lines)]
    except OSError as error:
        raise InvalidInput(
            f"{path.name} cannot be read: {error.strerror}.", "`earshot model train FOLDER` needs every set."
        ) from error
    except KeyError as error:
        raise InvalidInput(f"{path.name} has no column {error}.", "It needs the columns text and label.") from error
    means = dict(one.means) | {label: label for label in _LABELS}
    return [Labelled(text, means[label], one.importance) for text, label in rows if label in means]


def everything(folder: Path) -> list[Labelled]:
    """All that the day-one words learn from. Raises InvalidInput."""
    return [*(labelled for one in SETS for labelled in read(folder, one)), *own()]
