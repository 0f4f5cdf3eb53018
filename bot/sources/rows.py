"""Opens a file of records, and reads the rows of CSV or JSON Lines text one at a time, in flat memory.

A bad row costs itself alone. A row is a record, a BadRow, or None for an empty line; empty lines count, so that numbers
agree with a spreadsheet's.
"""

import codecs
import csv
import gzip
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TextIO

from bot.sources.fieldmap import read_json
from handlers.ports import BadSource

ROW_LIMIT = 2_000_000  # characters
SAMPLE = 200  # characters of a bad row that are kept

Format = Literal["auto", "csv", "jsonl", "mbox"]
_ENDINGS: Mapping[str, Format] = {
    **{".csv": "csv", ".tsv": "csv", ".txt": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl"},
    **{".mbox": "mbox", ".mbx": "mbox"},
}
_SPREADSHEETS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
Stream = Any  # an open binary file that can also peek
_ENDS = ("\n", "\r")
_DELIMITERS = ",;\t|"


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be read: why, and its first characters."""

    reason: str
    sample: str


Row = dict[str, Any] | BadRow | None


class RowTooLong(Exception):
    """More than ROW_LIMIT characters belong to one row, as it stands."""


class Lines:
    """Lines of a text, each at most ROW_LIMIT long. They can be given back when they are no part of a row."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._again: list[str] = []
        self.begin_row()

    def begin_row(self) -> None:
        """Forget the lines of the row before."""
        self.taken: list[str] = []
        self.has_ended = False
        self._size = 0

    @property
    def is_cut_off(self) -> bool:
        """Whether the text ended before this row did."""
        return bool(self.taken) and (self.has_ended or not self.taken[-1].endswith(_ENDS))

    def give_back(self, first: int) -> None:
        """Lines of this row, from the `first`, will come again."""
        self._again.extend(reversed(self.taken[first:]))

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.pop() if self._again else self._stream.readline(ROW_LIMIT)
        if not line:
            self.has_ended = True
            raise StopIteration
        self.taken.append(line)
        self._size += len(line)
        if len(line) >= ROW_LIMIT and not line.endswith(_ENDS):
            self._pass_to_line_end()
            self.taken[-1] += "\n"  # it is all there is of this line, should it be given back
        if self._size >= ROW_LIMIT:
            raise RowTooLong
        return line

    def _pass_to_line_end(self) -> None:
        rest = "…"
        while rest and not rest.endswith(_ENDS):
            rest = self._stream.readline(ROW_LIMIT)


@contextmanager
def opened(path: Path) -> Iterator[tuple[io.FileIO, Stream]]:
    """The file as it lies there, for its place, and what it says, unpacked."""
    with path.open("rb", buffering=0) as raw, io.BufferedReader(raw, 1 << 18) as packed:
        if path.name.lower().endswith(".gz"):
            with gzip.GzipFile(fileobj=packed) as stream:
                yield raw, stream
        else:
            yield raw, packed


def format_of(path: Path, stream: Stream) -> Format:
    """What a file is, by its name, else by its first characters."""
    start = stream.peek(100)[:100]
    if start.startswith(_SPREADSHEETS):
        raise BadSource(f"{path.name} is a spreadsheet or an archive.", "Save it as CSV.")
    ending = Path(path.name.lower().removesuffix(".gz")).suffix
    if ending in _ENDINGS:
        return _ENDINGS[ending]
    if start.startswith(b"From "):
        return "mbox"
    return "jsonl" if start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") else "csv"


def encoding_of(stream: Stream) -> str:
    return "utf-16" if stream.peek(2)[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"


def csv_rows(
    stream: TextIO, name: str, knows_text: Callable[[Sequence[str]], bool], *, is_growing: bool = False
) -> Iterator[Row]:
    """The records of a CSV text under its header. Raises BadSource when no column can be the one with the words.

    A quote that is opened and never closed would swallow the rows that follow: then the row it begins in is bad, and
    the lines that it swallowed are read again as rows of their own. When the text `is_growing`, a last row without its
    end is none yet.
    """
    csv.field_size_limit(2 * ROW_LIMIT)  # above our own limit, which knows how to go on
    lines = Lines(stream)
    delimiter = _delimiter(lines, knows_text)
    reader = csv.reader(lines, delimiter=delimiter)
    header = _header(reader, lines)
    if is_growing and lines.is_cut_off:
        return
    if header and not knows_text(header):
        if any(sign < " " and not sign.isspace() for sign in "".join(header)):
            raise BadSource(f"{name} is not a text file.", "Save it as CSV, JSONL or mbox.")
        raise BadSource(
            f"{name} has the columns {', '.join(header)[:400]}; none of them is known to hold the words.",
            'Say which one does: map = { text = "COLUMN" }, or --map text=COLUMN for `earshot import`.'
            " The first line must hold the column names.",
        )
    while header:
        lines.begin_row()
        try:
            cells = next(reader, None)
        except (csv.Error, RowTooLong):
            yield _torn(lines, "It is too long for a row, or a quote in it is never closed.")
            continue
        if cells is None or (is_growing and lines.is_cut_off):
            return
        yield _record(header, cells, lines)


def json_rows(stream: TextIO, name: str, *, is_growing: bool = False) -> Iterator[Row]:
    """The objects of a text with one JSON object per line. Raises BadSource when it is one long list instead.

    When the text `is_growing`, a last line without its end is none yet.
    """
    lines = Lines(stream)
    is_first = True
    while True:
        lines.begin_row()
        try:
            line = next(lines, "")
        except RowTooLong:
            yield _bad("It is too long for a row.", lines)
            continue
        if not line or (is_growing and lines.is_cut_off):
            return
        if is_first and line.lstrip().startswith("["):
            raise BadSource(f"{name} is one JSON list.", "Write one JSON object per line (JSON Lines).")
        is_first = is_first and not line.strip()
        yield _object(line, lines) if line.strip() else None


def _delimiter(lines: Lines, knows_text: Callable[[Sequence[str]], bool]) -> str:
    """What parts the cells: what the header makes most sense with; a spreadsheet's `sep=;` line is believed."""
    try:
        first = next((line for line in lines if line.strip()), "")
    except RowTooLong:
        first = lines.taken[-1][:10_000]
    if first.lower().startswith("sep=") and len(first.strip()) == 5:
        return first[4]
    lines.give_back(len(lines.taken) - 1)
    names = {sign: next(csv.reader([first], delimiter=sign), []) for sign in _DELIMITERS}
    return max(_DELIMITERS, key=lambda sign: (knows_text([name.strip() for name in names[sign]]), len(names[sign])))


def _header(reader: Iterator[list[str]], lines: Lines) -> list[str]:
    lines.begin_row()
    try:
        return [name.strip() for name in next(reader, [])]
    except (csv.Error, RowTooLong):
        raise BadSource("The first line is too long for column names.", "Is it a CSV file with a header?") from None


def _record(header: list[str], cells: list[str], lines: Lines) -> Row:
    if not cells:
        return None
    while len(cells) > len(header) and not cells[-1].strip():
        cells.pop()
    is_whole = len(cells) == len(header) or (len(cells) < len(header) and len(lines.taken) == 1)
    if lines.has_ended and len(lines.taken) > 1:
        return _torn(lines, "A quote in it is never closed.")
    if not is_whole:
        return _torn(lines, f"It has {len(cells)} cells, the header has {len(header)}.")
    return dict(zip(header, cells, strict=False))


def _torn(lines: Lines, reason: str) -> BadRow:
    lines.give_back(1)
    return _bad(reason, lines)


def _object(line: str, lines: Lines) -> Row:
    try:
        value = read_json(line)
    except ValueError as error:
        return _bad(str(error), lines)
    return value if isinstance(value, dict) else _bad("It is no JSON object.", lines)


def _bad(reason: str, lines: Lines) -> BadRow:
    return BadRow(reason, lines.taken[0][:SAMPLE] if lines.taken else "")
