"""Real texts for what needs many: CSV files with a column `text`, repeated with small changes until there are enough.

Without a file the texts of the sample day are used: `--texts reviews.csv tweets.csv` names others.
"""

import csv
import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from storage.types import RawMention

SAMPLE = Path(__file__).parents[2] / "bot" / "sources" / "sample_day.jsonl"


def read(paths: list[Path]) -> list[tuple[str, str]]:
    """(author, text) of every row of every file, in one seeded order."""
    if not paths:
        rows = [json.loads(line) for line in SAMPLE.read_text("utf-8").splitlines() if line.strip()]
        # The sample has half characters on purpose; a naive loop could not even store them.
        return [(row.get("author", ""), row["text"].encode("utf-8", "replace").decode()) for row in rows]
    found = []
    for path in paths:
        with path.open(encoding="utf-8", newline="") as stream:
            found += [(row.get("author") or "", row["text"]) for row in csv.DictReader(stream)]
    random.Random(11).shuffle(found)
    return found


def mentions(texts: list[tuple[str, str]], count: int, brand: str = "", seed: int = 1) -> Iterator[RawMention]:
    """`count` mentions with ids of their own; after the first round each text is made of two, so that few are copies.

    With a brand, texts that do not name it get its handle, so that every text matches.
    """
    chance = random.Random(seed)
    start = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
    for number in range(count):
        author, text = texts[number % len(texts)]
        if number >= len(texts):
            other = texts[chance.randrange(len(texts))][1]
            words, more = text.split(), other.split()
            text = " ".join(words[: len(words) // 2] + more[len(more) // 2 :]) or text
        if brand and brand not in text.lower():
            text = f"@{brand} {text}"
        yield RawMention(
            native_id=f"{number:09d}",
            text=text,
            author=author or f"user{number % 5000}",
            followers=chance.choice((None, 80, 478, 3_000, 60_000)),
            url=f"https://social.example/p/{number}",
            published_at=start + timedelta(seconds=number % 3600),
        )
