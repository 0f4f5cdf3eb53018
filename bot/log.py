"""The log: one JSON line per record for machines, one short line for a person at a terminal.

A record carries ids (`log.info("case opened", extra={"case": 142})`), never what a customer wrote. Every value of a
secret is replaced by *** in whatever would be printed, tracebacks included.
"""

import json
import logging
import re
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, TextIO

OURS = ("bot", "handlers", "storage")
# Chatty libraries: their warnings matter, their progress does not.
QUIET = ("aiohttp.access", "apscheduler", "asyncio", "discord", "feedparser", "dotenv")
SHORTEST_HIDDEN = 6  # characters; replacing anything shorter would eat ordinary words
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_CONTROL = re.compile(
    r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def set_up(level: str, hidden: Iterable[str] = (), stream: TextIO | None = None) -> None:
    """Log to `stream` (standard error) from now on; called again it starts anew. `level` is a word of LOG_LEVELS."""
    stream = stream or sys.stderr
    handler = logging.StreamHandler(stream)
    is_terminal = stream.isatty()
    handler.setFormatter(ShortLines(hidden) if is_terminal else JsonLines(hidden))
    root = logging.getLogger()
    for old in [one for one in root.handlers if getattr(one, "is_earshots", False)]:
        root.removeHandler(old)
    handler.is_earshots = True  # type: ignore[attr-defined]
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    for name in OURS:
        logging.getLogger(name).setLevel(level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


class Log(logging.Formatter):
    """What both forms share: the ids of a record, and no secret."""

    def __init__(self, hidden: Iterable[str] = ()) -> None:
        super().__init__()
        longest_first = sorted({one for one in hidden if len(one) >= SHORTEST_HIDDEN}, key=len, reverse=True)
        self._hidden = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def clean(self, text: str) -> str:
        """The text without any secret."""
        return self._hidden.sub("***", text) if self._hidden else text

    def ids(self, record: logging.LogRecord) -> dict[str, Any]:
        """What was given as `extra`: numbers as they are, everything else as cleaned text."""
        given = {key: value for key, value in vars(record).items() if key not in _STANDARD}
        return {
            key: value if isinstance(value, int | float | None) else self.clean(str(value))
            for key, value in given.items()
        }

    def trace(self, record: logging.LogRecord) -> str:
        """The traceback, when there is one."""
        return self.clean(self.formatException(record.exc_info)) if record.exc_info else ""


class JsonLines(Log):
    """{"at": …, "level": "info", "from": "bot.app", "message": …, and the ids}, in ASCII on one line."""

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, Any] = {
            "at": f"{_time(record):%Y-%m-%dT%H:%M:%S}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "from": record.name,
            "message": self.clean(record.getMessage()),
            **self.ids(record),
        }
        if trace := self.trace(record):
            fields["trace"] = trace
        return json.dumps(fields, ensure_ascii=True)


class ShortLines(Log):
    """09:30:00 warning bot.app: message (case=142)."""

    def format(self, record: logging.LogRecord) -> str:
        local = _time(record).astimezone()
        ids = ", ".join(f"{key}={value}" for key, value in self.ids(record).items())
        line = f"{local:%H:%M:%S} {record.levelname.lower()} {record.name}: {self.clean(record.getMessage())}"
        # A line break or an escape sequence could pose as another line of the log, in a message or an error's words.
        trace = self.trace(record)
        below = (f"\n    {plain(one)}" for one in trace.split("\n")) if trace else ()
        return plain(f"{line} ({ids})" if ids else line) + "".join(below)


def plain(line: str) -> str:
    """A line without anything that a terminal obeys, whoever wrote its words."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", line)


def _time(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, UTC)
