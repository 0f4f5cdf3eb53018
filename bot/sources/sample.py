"""A replayed day of an invented brand, for the demo and for trying out queries and routes.

The day lies beside this file (`sample_day.jsonl`): about 400 lines about Dunnock, an invented maker of kettles and
coffee machines, from the first kettle of the morning to the last. One JSON object per line: `at` (seconds since the day
began), `id`, `text`, and what else a network tells (`author`, `followers`, `likes`, `stars`, `lang` and so on). `place`
says where it was written (social, review, blog, call, form, mail, news). `case` says what it is an example of; that is
for readers of the file and is not given on. A line whose `id` was there before is the same mention with newer counts.

    [[sources]]
    name = "sample"
    kind = "sample"
    every = "1s"
    minutes = 6      # the rest of the day is replayed in this time
    head_start = 24  # so many lines are there at once

The day runs once. The first poll starts it; after a restart it goes on where it would be by then. Every mention is
given the time at which it is replayed, so that it is fresh to the person who looks on.

What this source can't see: anything real. It reads no network, and it never tells of a mention that was deleted.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from importlib import resources
from typing import Any

from bot.fetch import Tools
from handlers.ports import FREE, BadSource, Budget, Page, Source
from storage.errors import ConfigError
from storage.types import RawMention, from_text, to_text

KIND = "sample"
REST = timedelta(hours=1)  # between polls once the day is over
DAY_FILE = "sample_day.jsonl"


@dataclass(frozen=True)
class Settings:
    """Keys of a source of this kind."""

    minutes: int = 6  # in how many minutes the day is replayed; 0 gives all of it at once
    head_start: int = 24  # how many of its lines are there at once


SAMPLE = (
    '{"at": 900, "id": "s-0011", "case": "polar fact", "place": "review", "author": "m_dellacroce", "stars": 3, '
    '"title": "About the kettle", "text": "It exploded. I was in the next room.", '
    '"url": "https://reviews.example/dunnock/1"}'
)
EXPECTED = [
    RawMention(
        native_id="s-0011",
        text="It exploded. I was in the next room.",
        title="About the kettle",
        url="https://reviews.example/dunnock/1",
        author="m_dellacroce",
        stars=3.0,
        extra={"place": "review"},
    )
]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the day: `at` is seconds since the day began, `posted` the same of the first line with this id."""

    at: float
    posted: float
    mention: RawMention  # without a time: only a replay gives it one


def read_sample() -> list[RawMention]:
    """What SAMPLE gives."""
    return [line.mention for line in read_day(SAMPLE)]


def read_day(text: str) -> list[Line]:
    """The lines of a day, in its order."""
    posted: dict[str, float] = {}
    lines = []
    for record in map(json.loads, text.strip("\n").split("\n")):
        first = posted.setdefault(record["id"], record["at"])
        lines.append(Line(record["at"], first, _mention(record)))
    return lines


def _mention(record: Mapping[str, Any]) -> RawMention:
    return RawMention(
        native_id=record["id"],
        text=record["text"],
        title=record.get("title", ""),
        url=record.get("url", ""),
        author=record.get("author", ""),
        author_name=record.get("author_name", ""),
        followers=record.get("followers"),
        lang=record.get("lang", ""),
        likes=record.get("likes"),
        shares=record.get("shares"),
        replies=record.get("replies"),
        stars=float(record["stars"]) if "stars" in record else None,
        repost_of=record.get("repost_of", ""),
        private=record.get("private", False),
        extra={"place": record["place"]} if "place" in record else {},
    )


def build(name: str, settings: Settings, tools: Tools) -> "SampleDay":
    """The day as it lies beside this file. Raises ConfigError for a number below 0."""
    for key, value in (("minutes", settings.minutes), ("head_start", settings.head_start)):
        if value < 0:
            raise ConfigError(f"sources.{name}.{key}: {value} is below 0; write 0 or more.")
    text = resources.files(__package__ or "").joinpath(DAY_FILE).read_text(encoding="utf-8")
    return SampleDay(name, settings, read_day(text), tools.now)


class SampleDay(Source):
    """Replays a day. The moment of the last line of the head start is the moment at which the replay starts."""

    kind = KIND

    def __init__(self, name: str, settings: Settings, lines: list[Line], now: Callable[[], datetime]) -> None:
        self.name = name
        self._lines = lines
        self._now = now
        self._played = 0
        head = min(settings.head_start, len(lines))
        self._begin = lines[head - 1].at if head else 0.0
        rest = (lines[-1].at if lines else 0.0) - self._begin
        self._scale = settings.minutes * 60 / rest if rest > 0 else 0.0

    async def poll(self, cursor: str | None, limit: int, query: str = "", budget: Budget = FREE) -> Page:
        """Every line whose time has come, at most `limit`. Raises BadSource when the cursor is not one of ours."""
        now = self._now()
        started, first = _read_cursor(cursor) if cursor else (now, 0)
        due = self._due(started, first, now)
        last = min(first + limit, due)
        self._played = last
        items = tuple(
            replace(line.mention, published_at=self._moment(started, line.posted)) for line in self._lines[first:last]
        )
        more = last < due
        not_before = None if more else self._next(started, last, now)
        return Page(items, _write_cursor(started, last), more=more, not_before=not_before)

    async def check(self) -> str:
        """How far the day has come, as of this program's last poll."""
        played = {line.mention.native_id for line in self._lines[: self._played]}
        return f"{self.name} day: {len(played)} of {self._count()} mentions played"

    async def close(self) -> None:
        """Nothing is open."""

    def _moment(self, started: datetime, at: float) -> datetime:
        return started + timedelta(seconds=(at - self._begin) * self._scale)

    def _due(self, started: datetime, first: int, now: datetime) -> int:
        """The index after the last line whose time has come."""
        due = first
        while due < len(self._lines) and self._moment(started, self._lines[due].at) <= now:
            due += 1
        return due

    def _next(self, started: datetime, index: int, now: datetime) -> datetime:
        if index < len(self._lines):
            return self._moment(started, self._lines[index].at)
        return now + REST

    def _count(self) -> int:
        return len({line.mention.native_id for line in self._lines})


def _read_cursor(cursor: str) -> tuple[datetime, int]:
    try:
        record = json.loads(cursor)
        started, index = from_text(record["started"]), int(record["next"])
        if started.tzinfo is None or index < 0:
            raise ValueError(cursor)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        hint = "Another kind of source had this name before: give this one a new name in earshot.toml."
        raise BadSource("The sample day cannot tell how far it was read.", hint) from error
    return started, index


def _write_cursor(started: datetime, index: int) -> str:
    return json.dumps({"started": to_text(started), "next": index})
