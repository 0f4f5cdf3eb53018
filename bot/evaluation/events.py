"""A labelled file as a stream of mentions, for the simulated team: who wrote what when, and what it was about."""

import csv
import random
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

from bot.evaluation.labelled import MEANINGS, NEGATIVE
from handlers.rules.text import clean, shown
from storage.errors import InvalidInput
from storage.types import RawMention

_NEEDED = ("text", "label")
_LISTED = 12
_LONGEST = 1_000_000  # characters of a cell


@dataclass(frozen=True, slots=True)
class Happening:
    """A labelled mention in its place in time."""

    raw: RawMention
    is_negative: bool
    reason: str
    at: datetime | None


def read(path: Path) -> list[Happening]:
    """The mentions of a CSV file with the columns text and label and, where there are, created_at, author, followers
    and reason; in time order where every row has a time that can be read, otherwise as they stand.

    Raises InvalidInput for a file that has nothing to learn from.
    """
    csv.field_size_limit(_LONGEST)
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
        reader = csv.DictReader(lines)
        names = [name or "" for name in reader.fieldnames or ()]
        missing = [name for name in _NEEDED if name not in names]
        if missing:
            raise InvalidInput(
                f"{path.name} has no column {' and no column '.join(missing)}.",
                "The simulated team needs a CSV file whose first line names the columns text and label.",
            )
        try:
            rows = [row for row in reader if (row["text"] or "").strip() and (row["label"] or "").strip()]
        except csv.Error as error:
            raise InvalidInput(f"{path.name} is no CSV file that can be read.", "Is it the right file?") from error
    found = [_happening(at, row) for at, row in enumerate(rows)]
    if len({one.is_negative for one in found}) < 2:
        raise InvalidInput(
            f"{path.name} needs rows with the label negative (or complaint) and others.", "Is it the right file?"
        )
    return sorted(found, key=_when) if is_in_time(found) else found


def is_in_time(happenings: Sequence[Happening]) -> bool:
    """Whether each has a time."""
    return all(one.at is not None for one in happenings)


def thinned(happenings: Sequence[Happening], share: float, seed: int) -> list[Happening]:
    """So few of the negative ones, drawn by chance, that they are `share` of what is left."""
    negative = [place for place, one in enumerate(happenings) if one.is_negative]
    wanted = round((len(happenings) - len(negative)) * share / (1 - share))
    chance = random.Random(seed)  # noqa: S311 - a draw of rows, no secret
    kept = set(chance.sample(negative, min(wanted, len(negative))))
    return [one for place, one in enumerate(happenings) if not one.is_negative or place in kept]


def known_reasons(happenings: Sequence[Happening], told: Collection[str]) -> frozenset[str]:
    """The reasons as the file spells them. Raises InvalidInput for one that no row has."""
    there = Counter(one.reason for one in happenings if one.reason)
    by_name = {reason.casefold(): reason for reason in there}
    unknown = [reason for reason in told if reason.casefold() not in by_name]
    if unknown:
        names = ", ".join(f'"{shown(reason, 40).words}"' for reason, _ in there.most_common(_LISTED))
        raise InvalidInput(
            f'No row has the reason "{shown(unknown[0], 40).words}".',
            f"There are: {names}." if names else "The file has no column reason with anything in it.",
        )
    return frozenset(by_name[reason.casefold()] for reason in told)


def _happening(place: int, row: dict[str, str | None]) -> Happening:
    followers = (row.get("followers") or "").strip()
    at = _time(row.get("created_at") or "")
    raw = RawMention(
        str(place),
        clean(row["text"] or ""),
        author=clean(row.get("author") or "", 100),
        followers=int(followers[:15]) if followers.isdecimal() else None,
        published_at=at,
    )
    label = " ".join((row["label"] or "").replace("_", " ").lower().split())
    return Happening(raw, MEANINGS.get(label) == NEGATIVE, (row.get("reason") or "").strip(), at)


def _time(told: str) -> datetime | None:
    """A moment as files write it; without a zone it is UTC."""
    words = told.strip()
    try:
        moment = datetime.fromisoformat(words.replace(" -", "-").replace(" +", "+"))
    except ValueError:
        try:
            moment = parsedate_to_datetime(words)
        except ValueError:
            return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _when(one: Happening) -> datetime:
    return one.at or datetime.max.replace(tzinfo=UTC)
