"""Files that somebody puts into a folder: call notes, review exports, mail archives, any archive.

    [[sources]]
    name = "call notes"
    kind = "file"
    folder = "/srv/earshot/calls"
    map = { text = "note", author = "caller", native_id = "call_id", published_at = "ended_at" }

CSV (comma, semicolon, tab or bar; the first line holds the column names), JSON Lines (one object per line) and mbox,
each also as .gz. Text is UTF-8 or, with its mark, UTF-16. A file is read once, in small pages; one that grows is read
on from where it ended; a last row without an end waits until the file has been left alone for a minute. A row that
cannot be read goes to quarantine with its reason, the others are kept. Ids keep a repeat from adding anything; a row
without an id gets one from its words. `earshot import` reads one file the same way.

With preset = "calls" the usual columns of a call centre's exports are known: call id, caller, customer tier, start, and
the transcript or else the agent's note; also Amazon Connect's contact records and Contact Lens files and Aircall's
calls, one JSON object a line. Of a transcript in turns the customer's words count. What you put into `map` goes first.
Such mentions are private; a card shows the customer's tier and the last four digits of a caller's number.

What this source can't see: files in folders below the folder, hidden files and files that end in .part or .tmp, links
that lead out of the folder, spreadsheets (save them as CSV), the attachments of mails, and changes to a row that was
already read when the file was only added to at its end.
"""

import asyncio
import gzip
import io
import json
import zlib
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path
from stat import S_ISREG
from threading import Lock
from typing import Any, Literal, TypeVar

from bot.fetch import Tools
from bot.sources.calls import CALLS
from bot.sources.fieldmap import FieldMap, field_map, storable
from bot.sources.file.place import entry_of, read_place, remembered
from bot.sources.mbox import mails, read_mail
from bot.sources.rows import SAMPLE as SAMPLE_LENGTH
from bot.sources.rows import BadRow, Format, Row, Stream, csv_rows, encoding_of, format_of, json_rows, opened
from handlers.ports import FREE, BadSource, Broken, Budget, Page, Source, Transient
from storage.types import RawMention

KIND = "file"
ASKED = ("preset",)  # when one is added
CHUNK = 200  # items of one page

_LEFT_ALONE = 60.0  # seconds; a file that was written since then may be written still

_End = Literal["", "so far", "for good"]
Step = tuple[tuple[RawMention | Broken, ...], int, _End]  # items, rows read then, whether that was the end
_T = TypeVar("_T")


@dataclass(frozen=True)
class Settings:
    """What the team decides."""

    folder: str  # the folder that is watched
    pattern: str = "*"  # which of its files, for instance *.csv
    map: Mapping[str, str] = field(default_factory=dict)  # our field = their column
    format: Format = "auto"  # auto, csv, jsonl or mbox
    html: bool = False  # the words are HTML
    private: bool = False  # never quoted in public; mails and calls always are
    preset: Literal["", "calls"] = ""  # calls: know the usual columns of a call centre's exports


SAMPLE = b"""id,comment,name,date,rating,brand
r-1,"Arrived broken,
and nobody answers.",@mia,2026-11-20 08:15:00 +0100,1/5,Aurelia
r-2,Lovely lamp!,jo,2026-11-20T09:00:00Z,5,Aurelia
"""
_COLUMNS = {"text": "comment", "author": "name"}


EXPECTED = [
    RawMention(
        native_id="r-1",
        text="Arrived broken,\nand nobody answers.",
        author="mia",
        published_at=datetime(2026, 11, 20, 7, 15, tzinfo=UTC),
        stars=1.0,
        extra={"brand": "Aurelia"},
    ),
    RawMention(
        native_id="r-2",
        text="Lovely lamp!",
        author="jo",
        published_at=datetime(2026, 11, 20, 9, 0, tzinfo=UTC),
        stars=5.0,
        extra={"brand": "Aurelia"},
    ),
]


@dataclass(frozen=True, slots=True)
class Chunk:
    """A step through one file: `rows` is how many are read by now, bytes are those of the file as it lies there."""

    items: tuple[RawMention | Broken, ...]
    rows: int
    bytes_read: int
    total_bytes: int


def read_file(
    path: Path, settings: Settings, start: int = 0, size: int = CHUNK, *, is_growing: bool = False
) -> Generator[Chunk, None, None]:
    """Read a file after its first `start` rows, at most `size` items at a time. Memory stays flat.

    `is_growing`: somebody may be writing it, so a last row without its end is left out.
    Raises BadSource when it is no file of this kind or no column holds the words, Transient when it cannot be opened.
    """
    record_map = _record_map(settings)
    with opened(path) as (raw, stream):
        items: list[RawMention | Broken] = []
        number, total = start, path.stat().st_size
        for number, item in enumerate(_items(path, stream, settings, record_map, is_growing), 1):
            if number <= start or item is None:
                continue
            items.append(item if isinstance(item, RawMention) else _broken(path, number, item))
            if len(items) >= size:
                yield Chunk(tuple(items), number, raw.tell(), total)
                items = []
        yield Chunk(tuple(items), max(number, start), total, total)


def read_sample() -> list[RawMention | Broken]:
    """What SAMPLE gives."""
    settings = Settings(folder="", map=_COLUMNS)
    stream = io.BufferedReader(io.BytesIO(SAMPLE))
    found = _items(Path("sample.csv"), stream, settings, field_map(_COLUMNS))
    return [item for item in found if isinstance(item, RawMention)]


def build(name: str, settings: Settings, tools: Tools) -> Source:
    """A watched folder."""
    _record_map(settings)
    return FileSource(name, settings, tools.now)


def _now() -> datetime:
    return datetime.now(UTC)


class FileSource(Source):
    """A watched folder. Its cursor is JSON: per file its size, time, rows read, whether it is done, a fingerprint.

    Of files that are not there any more too: a share may be away for a moment.
    """

    kind = KIND

    def __init__(self, name: str, settings: Settings, now: Callable[[], datetime] = _now) -> None:
        self.name = name
        self._now = now
        self._settings = settings
        self._folder = Path(settings.folder).expanduser()
        self._lock = Lock()  # a poll that was given up on may still be reading in its thread
        self._place: tuple[Path, int, int] | None = None  # file, rows and page size at which `_chunks` goes on
        self._chunks = _nothing()
        self._is_growing = False  # what `_chunks` took the file for

    async def poll(self, cursor: str | None, limit: int, query: str = "", budget: Budget = FREE) -> Page:
        return await asyncio.to_thread(self._page, cursor, max(1, min(limit, CHUNK)))

    async def check(self) -> str:
        files = await asyncio.to_thread(self._files)
        return f"The folder {self._folder} can be read; it has {len(files)} files for this source."

    async def close(self) -> None:
        await asyncio.to_thread(self._let_go)

    def _let_go(self) -> None:
        with self._lock:
            self._chunks.close()
            self._place = None

    def _page(self, cursor: str | None, limit: int) -> Page:
        with self._lock:
            files = self._files()
            told = {name: {"old": True} for name in files} if cursor is None else read_place(cursor)
            known = remembered(told, files)
            trouble: Transient | None = None
            for path in files.values():
                try:
                    entry = entry_of(path, known.get(path.name))
                    items, rows, end = self._step(path, entry, limit)
                except OSError as error:
                    trouble = Transient(f"{storable(str(path))} cannot be read: {error.strerror}.")
                    continue
                is_old = entry["old"] and not end  # what is added to it is new
                known[path.name] = {**entry, "rows": rows, "done": end == "for good", "old": is_old}
                if items:
                    return Page(items, json.dumps(known), more=True, is_backlog=entry["old"])
            if trouble:
                raise trouble
            return Page((), json.dumps(known))

    def _step(self, path: Path, entry: Mapping[str, Any], limit: int) -> Step:
        rows: int = entry["rows"]
        if entry["done"]:
            return (), rows, "for good"
        if self._place != (path, rows, limit):
            self._chunks.close()
            self._is_growing = abs(self._now().timestamp() - path.stat().st_mtime) < _LEFT_ALONE
            self._chunks = read_file(path, self._settings, rows, limit, is_growing=self._is_growing)
        try:
            chunk = next(self._chunks, None)
        except BadSource as error:
            # One file that makes no sense must not keep the others from being read.
            self._place = None
            return (Broken(storable(path.name), str(error), ""),), rows, "for good"
        if chunk is None or len(chunk.items) < limit:
            self._place = None  # one that grows is opened again
            end: _End = "so far" if self._is_growing else "for good"
            return (chunk.items, chunk.rows, end) if chunk else ((), rows, end)
        self._place = (path, chunk.rows, limit)
        return chunk.items, chunk.rows, ""

    def _files(self) -> dict[str, Path]:
        """The files to read by name, the oldest first."""
        try:
            home = self._folder.resolve(strict=True)
            found = [path for path in home.iterdir() if fnmatch(path.name, self._settings.pattern) and _is_ours(path)]
            return {path.name: path for path in sorted(found, key=lambda path: (path.stat().st_mtime_ns, path.name))}
        except FileNotFoundError:
            raise Transient(f"The folder {self._folder} is not there.", "Make it, or correct `folder`.") from None
        except NotADirectoryError:
            raise BadSource(f"{self._folder} is no folder.", "Correct `folder`.") from None
        except OSError as error:
            raise Transient(f"The folder {self._folder} cannot be read: {error.strerror}.") from None


def _record_map(settings: Settings) -> FieldMap:
    is_calls = settings.preset == "calls"
    return field_map(
        settings.map,
        is_html=settings.html,
        is_private=settings.private or is_calls,
        usual=CALLS if is_calls else {},
    )


def _nothing() -> Generator[Chunk, None, None]:
    yield from ()


def _is_ours(path: Path) -> bool:
    if path.name.startswith(".") or path.name.lower().endswith((".part", ".tmp")):
        return False
    real = path.resolve()
    return real.parent == path.parent and real.exists() and S_ISREG(real.stat().st_mode)


def _broken(path: Path, number: int, row: BadRow) -> Broken:
    return Broken(storable(f"{path.name}:{number + 1}"), row.reason, storable(row.sample))


def _items(
    path: Path, stream: Stream, settings: Settings, record_map: FieldMap, is_growing: bool = False
) -> Iterator[RawMention | BadRow | None]:
    """Every row of a file as a mention, as a bad row, or None for an empty line."""
    try:
        chosen = settings.format if settings.format != "auto" else format_of(path, stream)
        if chosen == "mbox":
            for mail in mails(stream, path.name):
                yield _tried(read_mail, mail, _mail_sample)
            return
        with io.TextIOWrapper(stream, encoding=encoding_of(stream), errors="replace", newline="") as text:
            for row in (
                json_rows(text, path.name, is_growing=is_growing)
                if chosen == "jsonl"
                else csv_rows(text, path.name, record_map.knows_text, is_growing=is_growing)
            ):
                yield _mention(row, record_map)
    except (EOFError, gzip.BadGzipFile, zlib.error):
        if not is_growing:
            yield BadRow("The file is damaged from here on; what stands before it was read.", "")


def _mention(row: Row, record_map: FieldMap) -> RawMention | BadRow | None:
    if row is None or isinstance(row, BadRow):
        return row
    return _tried(record_map.read, row, _row_sample)


def _tried(read: Callable[[_T], RawMention], row: _T, sample: Callable[[_T], str]) -> RawMention | BadRow:
    try:
        return read(row)
    except ValueError as error:
        return BadRow(str(error), sample(row)[:SAMPLE_LENGTH])


def _row_sample(row: Mapping[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False)


def _mail_sample(mail: bytes) -> str:
    return mail[: 4 * SAMPLE_LENGTH].decode("utf-8", "replace")
