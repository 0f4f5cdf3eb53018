"""Hostile words break no mail, no table, no log line and no terminal.

Replies are composed to hostile mails and read again by the library's parser; exports are read as a spreadsheet would,
with a comma, a semicolon or a tab between cells, whatever its country has; log lines are read one by one, as JSON and
as a terminal shows them; the command line is run on hostile files and arguments. Each is done once without care too.
"""

import csv
import io
import json
import logging
import re
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from pathlib import Path
from random import Random

from click.testing import CliRunner

from bot import log
from bot.cli import earshot
from bot.sources.email.reply import Target, composed, is_address
from handlers import export
from handlers.context import think
from storage.store import open_storage
from tests.bot.running import environment, variables, write_config
from tests.kit import NOW, POLICY, Desk
from tests.prove.drawings import mention
from tests.prove.texts import Texts
from tests.prove.trial import Trial

GOAL = "G7"
FAULTS = (40, 43, 86, 87)
MINUTES = (4, 25)

_HEADERS = {
    "From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "MIME-Version", "Content-Type",
    "Content-Transfer-Encoding",
}  # fmt: skip
_FORMULA = re.compile(r"[\s\ufeff\u200b\x00]*(?:[=@＝＠]|[+\-＋－][\w(+\-\"'=@.＝＠])")
_SEEN_BY_TERMINALS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_ALIVE = re.compile(r"(?<!\\)(?:\\\\)*[<\[`@]")
_BETWEEN = (",", ";", "\t")


def run(trial: Trial) -> None:
    texts, count = Texts(trial.chance), trial.of(800, 20_000)
    for name, prove in (("mail", _mails), ("table", _tables), ("log", _logs), ("terminal", _terminal)):
        found, naive = Counter[str](), Counter[str]()
        for kind, what in prove(texts, count, trial.folder, naive):
            found[kind] += 1
            print(f"{name}, {kind}: {what[:500]!r}", flush=True)
        trial.tell(f"texts for {_EXITS[name]}", count)
        for kind in _KINDS[name]:
            trial.none(kind, found[kind] + (found["exceptions"] if kind == _KINDS[name][0] else 0))
        trial.at_least(f"{_KINDS[name][0]} without care", naive[_KINDS[name][0]], count // 400)


_EXITS = {"mail": "e-mail", "table": "exports", "log": "the log", "terminal": "the terminal"}
_KINDS = {
    "mail": ("mails with other headers", "mails to others", "mails with other words"),
    "table": ("formulas", "rows broken", "marks alive in Markdown"),
    "log": ("log lines broken",),
    "terminal": ("signs that a terminal obeys",),
}
Faults = Iterator[tuple[str, str]]


def _safely(kind: str, check: Callable[[], Faults]) -> Faults:
    try:
        yield from check()
    except Exception:
        yield kind, traceback.format_exc()


# E-mail


def _mails(texts: Texts, count: int, folder: Path, naive: Counter[str]) -> Faults:
    del folder
    for _ in range(count):
        to = "kim@mail.example"
        ids = tuple(one for one in (texts.line(80), texts.line(60)) if re.fullmatch(r"<[!-;=?-~]{3,300}>", one))
        target = Target(to, texts.short(200), f"<{len(ids)}.1@mail.example>", ids, is_person=True)
        words, sender = texts.text(), (texts.short(60), "care@heron.example")
        yield from _safely("mails with other headers", lambda: _mail(target, words, sender))  # noqa: B023 - at once
        for address in (texts.short(60), f"kim@mail.example{texts.short(20)}"):
            if is_address(address) and not re.fullmatch(r"[!#-'*+\-./0-9=?A-Z^-~]+@[A-Za-z0-9.-]+", address):
                yield "mails to others", address
        careless = f"From: care@heron.example\nTo: {to}\nSubject: Re: {target.subject}\n\n{words}"
        read = message_from_bytes(careless.encode("utf-8", "replace"))
        naive["mails with other headers"] += set(read.keys()) != {"From", "To", "Subject"}


def _mail(target: Target, words: str, sender: tuple[str, str]) -> Faults:
    sent = composed(target, words, sender, "<earshot.1@heron.example>", NOW)
    lines = sent.split(b"\r\n")
    head = sent.partition(b"\r\n\r\n")[0]
    if any(b"\r" in line or b"\n" in line for line in lines) or max(map(len, lines)) > 998 or not head.isascii():
        yield "mails with other headers", repr(head)
    for rules in (policy.default, policy.compat32):
        read = message_from_bytes(sent, policy=rules)
        names = Counter(read.keys())
        if set(names) - _HEADERS or set(names.values()) != {1} or read.defects or read.is_multipart():
            yield "mails with other headers", repr(head)
        if read["To"] != target.to:
            yield "mails to others", str(read["To"])
    body = message_from_bytes(sent).get_payload(decode=True)
    wanted = "".join(one for one in words if one != "\x00" and not "\ud800" <= one <= "\udfff")
    wanted = wanted.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")
    told = body.decode() if isinstance(body, bytes) else ""
    if told.replace("\r\n", "\n").rstrip("\n") != wanted:
        yield "mails with other words", f"{told[:200]!r} instead of {wanted[:200]!r}"


# Exports


def _tables(texts: Texts, count: int, folder: Path, naive: Counter[str]) -> Faults:
    brain, chance = think(POLICY), Random(len(texts.text()))
    for start in range(0, count, 200):
        store = open_storage(folder / f"table{start}.db")
        desk = Desk(store, _brain=brain)
        desk.take(*(mention(texts, chance, number) for number in range(200)), source="desk", with_cases=True)
        for lines in (
            list(export.cases(desk.ctx, NOW.replace(day=1))),
            list(export.mentions(desk.ctx, NOW.replace(day=1))),
        ):
            yield from _safely("formulas", lambda: _table(lines))  # noqa: B023 - at once
            buffer = io.StringIO()
            csv.writer(buffer).writerows(lines)
            naive["formulas"] += sum(1 for _ in _formulas(buffer.getvalue()))
        store.close()


def _table(lines: list[tuple[str, ...]]) -> Faults:
    text = "".join(export.as_csv(lines))
    rows = list(csv.reader(io.StringIO(text, newline="")))
    if len(rows) != len(lines) or {len(row) for row in rows} != {len(lines[0])}:
        yield "rows broken", f"{len(rows)} of {len(lines)}"
    yield from (("formulas", cell) for cell in _formulas(text))
    marked = list(export.as_markdown(lines))
    if len(marked) != len(lines) + 1:
        yield "rows broken", f"{len(marked)} of {len(lines)} in Markdown"
    for line in marked:
        if line.count("\n") != 1 or len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) != len(lines[0]) + 1:
            yield "rows broken", line
        if _ALIVE.search(line):
            yield "marks alive in Markdown", line


def _formulas(text: str) -> Iterator[str]:
    """The cells that a spreadsheet would reckon, whatever stands between cells in its country."""
    csv.field_size_limit(10**9)
    for between in _BETWEEN:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=between):
            yield from (f"{between!r} {cell}" for cell in row if _FORMULA.match(cell))


# The log


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def _logs(texts: Texts, count: int, folder: Path, naive: Counter[str]) -> Faults:
    del folder
    told, short = io.StringIO(), _Terminal()
    logger = logging.getLogger("bot.prove")
    for stream, is_short in ((told, False), (short, True)):
        log.set_up("debug", stream=stream)
        for number in range(count // 2):
            stream.seek(0)
            stream.truncate()
            words = texts.text()
            try:
                if number % 4:
                    logger.info("read %s", words, extra={"source": texts.short(), "case": number})
                else:
                    _fail(words)
            except ValueError:
                logger.exception("failed: %s", texts.short())
            shown = stream.getvalue()
            yield from (("log lines broken", shown[:300]) for _ in _broken(shown, is_short=is_short))
            careless = f"09:30:00 info bot: read {words}\n".encode("utf-8", "replace").decode()
            naive["log lines broken"] += sum(1 for _ in _broken(careless, is_short=True))
    for handler in [one for one in logging.getLogger().handlers if getattr(one, "is_earshots", False)]:
        logging.getLogger().removeHandler(handler)


def _fail(words: str) -> None:
    raise ValueError(words)


def _broken(shown: str, *, is_short: bool) -> Iterator[str]:
    """What follows the first line of a record is indented, so that it cannot pose as another."""
    first, *rest = shown.removesuffix("\n").split("\n")
    if not is_short:
        if rest or not first.isascii() or set(map(type, (json.loads(first, parse_constant=str),))) != {dict}:
            yield shown
        return
    if not re.match(r"\d\d:\d\d:\d\d \w+ bot", first) or _SEEN_BY_TERMINALS.search(shown):
        yield shown
    yield from (line for line in rest if line and not line.startswith("    "))
    shown.encode()


# The terminal


def _terminal(texts: Texts, count: int, folder: Path, naive: Counter[str]) -> Faults:
    home = folder / "home"
    home.mkdir()
    write_config(home)
    told = {**variables(home), "EARSHOT_LOG": "error"}
    open_storage(environment(home).database).close()
    runner = CliRunner(env=told)
    file, calls = home / "given.jsonl", home / "calls" / "calls.jsonl"
    done = 0
    while done < count:
        rows = [
            {"id": texts.short(30), "text": f"heron {texts.text()}", "author": texts.short(), "title": texts.short()}
            for _ in range(5)
        ]
        naive["signs that a terminal obeys"] += sum(
            bool(_SEEN_BY_TERMINALS.search(f"{row['author']}: {row['text']}")) for row in rows
        )
        file.write_text("\n".join([*map(json.dumps, rows), json.dumps({texts.short(20): texts.short(20)})]))
        lines = home / "lines.txt"
        lines.write_bytes("\n".join(" ".join(row["text"].split()) for row in rows).encode("utf-8", "replace"))
        done += 5
        for args in _commands(texts, done, file, lines, calls):
            result = runner.invoke(earshot, args, color=True, prog_name="earshot")
            if result.exception is not None and not isinstance(result.exception, SystemExit):
                yield "exceptions", f"{args}: {result.exception!r}"
            for line in result.output.splitlines():
                if _SEEN_BY_TERMINALS.search(line.split("\r")[-1] if "Reading" in line else line):
                    yield "signs that a terminal obeys", f"{args}: {line!r}"


def _commands(texts: Texts, number: int, file: Path, lines: Path, calls: Path) -> Iterator[list[str]]:
    """What is run on these rows: one command after the other, in turn."""
    turn = number // 5 % 10
    if turn == 0:
        calls.write_bytes(file.read_bytes())
        yield ["source", "test", "calls"]
    elif turn == 1:
        yield ["import", str(file), "--source", f"archive{number}", "--cases"]
    elif turn == 2:
        yield ["query", "test", "heron"]
        yield ["source", "test", "--", texts.line(40)]
        yield ["import", "--map", texts.line(40), "--", str(file)]
    else:
        yield ["query", "test", "heron", "--file", str(lines)]
        yield ["query", "test", "--", texts.line(60)]
