"""What is not polled for, spoilt: mails, deliveries of webhooks, files of a watched folder."""

import csv
import io
import json
import random
import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.sources.email import SAMPLE as MAIL
from bot.sources.email.body import Arrived
from bot.sources.email.mentions import mentions
from bot.sources.file import Settings as FileSettings
from bot.sources.file import read_file
from bot.sources.form_presets import PRESETS
from bot.sources.webhook import Settings as HookSettings
from bot.sources.webhook import WebhookSource, sign
from handlers.ports import Broken
from storage.types import RawMention
from tests.bot.sources.feedserver import NOW
from tests.hostile import ATTACKS, DATES
from tests.prove.spoiling import Spoilt, spoilt_item, spoilt_value, spoilt_whole

SECRET = "a long random text"
ROWS = 8

Read = list[RawMention | Broken]
Way = Callable[[random.Random], tuple[Spoilt, Callable[[], Read], frozenset[str]]]

_HEADERS = (
    *(
        b"From: " + b"a" * 9_000,
        b"From: <>",
        b"From: =?utf-8?b?//79?= <x>",
        b"From: a@b.example, c@d.example",
        b"From:",
    ),
    *(b"Date: Thu, 99 Foo 10000 25:61:61 +9999", b"Date: 0", b"Date:", b"Subject: =?x-none?q?a?=", b"Subject:\x00\xff"),
    *(b"Content-Type: text/html; charset=utf-7", b"Content-Type: text/plain; charset=idna", b"Content-Type: a/b/c; ="),
    *(b"Content-Type: multipart/mixed", b'Content-Type: multipart/mixed; boundary=""', b"Content-Type: message/rfc822"),
    *(b"Content-Type: text/plain; charset*0=x; charset*1", b"Content-Transfer-Encoding: base64", b"Message-ID: <\xff>"),
    *(b"Content-Transfer-Encoding: x-uuencode", b"Content-Transfer-Encoding: quoted-printable", b"Message-ID: x y z"),
    *(
        b"Reply-To: " + b"(" * 3_000,
        b'Reply-To: "' + b"\\" * 999,
        b"References: " + b"<a@b> " * 2_000,
        b"To: [[[[@]]]]",
    ),
    *(b"Auto-Submitted: \xff", b"List-Id: <" + b"<" * 500, b"Content-Disposition: attachment; filename*=utf-8''%ff%"),
    *(b"Precedence: bulk", b"X: " + b"=?utf-8?q?a?= " * 3_000, b"Authentication-Results: ;;;=", b"MIME-Version: 9.9"),
)
_HTML_MAIL = MAIL.replace(b"text/plain", b"text/html").replace(b"My third", b"<div>My <b>third</b><style>x{")
_PARTS = b"\r\n".join(
    (
        *(b"From: Jo <jo@post.example>", b"Message-ID: <p@post.example>", b"Date: Fri, 20 Nov 2026 09:00:00 +0100"),
        *(b"Subject: a lamp", b'Content-Type: multipart/mixed; boundary="b"', b"", b"--b", b"Content-Type: text/plain"),
        *(
            b"",
            b"My Aurelia.",
            b"--b",
            b"Content-Type: text/html; charset=latin-1",
            b"",
            b"<p>My Aurelia\xe9</p>",
            b"--b",
        ),
        *(b"Content-Type: image/png", b'Content-Disposition: attachment; filename="a.png"'),
        *(b"Content-Transfer-Encoding: base64", b"", b"iVBORw==", b"--b--", b""),
    )
)
_NESTED = b"".join(
    b"Content-Type: multipart/mixed; boundary=n%d\r\n\r\n--n%d\r\n" % (number, number) for number in range(120)
)


def mail(chance: random.Random) -> tuple[Spoilt, Callable[[], Read], frozenset[str]]:
    """One mail; every other one costs nothing, as each is read alone."""
    raw = chance.choice((MAIL, _HTML_MAIL, _PARTS, b"From: a@b.example\r\n" + _NESTED + b"\r\nheron\r\n"))
    way = chance.random()
    lines = raw.split(b"\r\n")
    if way < 0.45:
        for _ in range(chance.randrange(1, 4)):
            told = chance.choice(_HEADERS)
            name = told.partition(b":")[0].lower()
            lines = [line for line in lines if not line.lower().startswith(name + b":")]
            lines.insert(chance.randrange(3), told)
        raw, how = b"\r\n".join(lines), "headers"
    elif way < 0.6:
        words = chance.choice(tuple(ATTACKS.values())).encode("utf-8", "surrogatepass")[:9_000]
        raw, how = raw.replace(b"Aurelia", words, 1), "words"
    elif way < 0.7:
        del lines[chance.randrange(len(lines))]
        raw, how = b"\r\n".join(lines), "a line is gone"
    elif way < 0.8:
        raw, how = raw.replace(b"\r\n", chance.choice((b"\n", b"\r", b"\r\r\n", b"\x00\r\n", b"\r\n\r\n"))), "line ends"
    else:
        found = spoilt_whole(raw, chance)
        raw, how = found.body, found.how
    arrived = Arrived(7, chance.choice((None, datetime(2026, 11, 20, 8, 0, 5, tzinfo=UTC))), raw)
    own = frozenset({"care@lamp.example"})
    return Spoilt(raw, how, 1), lambda: mentions(arrived, own), frozenset()


class Hooks:
    """The deliveries of our own senders and of each maker of forms, rightly signed: what is in them may be anything."""

    def __init__(self, bodies: Mapping[str, Any]) -> None:
        self._bodies = {
            "": {"data": [{"id": f"d{n}", "message": f"My lamp {n} broke", "name": "Mia"} for n in range(ROWS)]},
            **deepcopy(dict(bodies)),
        }
        self._sources = {
            name: WebhookSource("desk", HookSettings("S", preset=name, items="" if name else "data"), (SECRET,))  # type: ignore[arg-type]
            for name in self._bodies
        }

    def __call__(self, chance: random.Random) -> tuple[Spoilt, Callable[[], Read], frozenset[str]]:
        name = chance.choice(list(self._bodies))
        body = json.dumps(self._bodies[name]).encode()
        ids = frozenset(f"d{n}" for n in range(ROWS)) if not name else frozenset()
        way = chance.random()
        found = spoilt_item(body, chance) if way < 0.5 and not name else None
        if found is None:
            found = spoilt_value(body, chance) if way < 0.8 else spoilt_whole(body, chance)
        kind = "application/json" if chance.random() < 0.95 else "application/x-www-form-urlencoded"
        headers = {"Content-Type": kind, **_signed(name, found.body)}
        whole = found
        return found, lambda: list(self._sources[name].receive(headers, whole.body, NOW).page.items), ids


def _signed(preset: str, body: bytes) -> dict[str, str]:
    signing = PRESETS[preset].signing if preset else None
    if signing is not None:
        return {signing.header: signing.sign(SECRET, body)}
    moment = str(int(NOW.timestamp()))
    return {"X-Earshot-Timestamp": moment, "X-Earshot-Signature": sign(SECRET, moment, body)}


class Files:
    """Tables, JSON lines and mailboxes. One row, line or mail is spoilt so that it is still one; or the whole file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, chance: random.Random) -> tuple[Spoilt, Callable[[], Read], frozenset[str]]:
        name = chance.choice(("a.csv", "a.jsonl", "a.mbox"))
        rows = [
            {"id": f"r{n}", "comment": f"The lamp {n} broke", "name": "jo", "date": "2026-11-20"} for n in range(ROWS)
        ]
        make = {"a.csv": _table, "a.jsonl": _lines, "a.mbox": _mailbox}[name]
        if chance.random() < 0.7:
            found = Spoilt(make(rows, chance), "a row", 1)
        else:
            found = spoilt_whole(make(rows, None), chance)
        path = self._folder / name
        path.write_bytes(found.body)
        settings = FileSettings(folder=str(self._folder), map={"text": "comment", "author": "name"})
        ids = frozenset(f"r{n}" for n in range(ROWS)) if name != "a.mbox" else frozenset()

        def read() -> Read:
            return [item for chunk in read_file(path, settings, size=5) for item in chunk.items]

        return found, read, ids


def _table(rows: list[dict[str, str]], chance: random.Random | None) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(rows[0])
    cells = [list(row.values()) for row in rows]
    if chance is not None:
        one, way = chance.choice(cells), chance.random()
        if way < 0.15:
            one.clear()
        elif way < 0.3:
            one += ["more", "cells"] * chance.randrange(1, 50)
        elif way < 0.4:
            del one[chance.randrange(len(one))]
        else:
            one[chance.randrange(len(one))] = _storable_cell(chance)
    writer.writerows(cells)
    return out.getvalue().encode("utf-8", "surrogatepass")


def _lines(rows: list[dict[str, str]], chance: random.Random | None) -> bytes:
    body, is_raw = json.dumps(rows).encode(), chance is not None and chance.random() < 0.4
    if chance is not None and not is_raw and (found := spoilt_item(body, chance)) is not None:
        body = found.body
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        told = rows
    lines = [json.dumps(row).encode() for row in told]
    if chance is not None and is_raw:
        lines[chance.randrange(1, len(lines))] = chance.choice(  # the first tells what kind of file it is
            (
                b"NaN",
                b'{"id": NaN}',
                b"{",
                b"\xff\xfe",
                b'{"comment": "\xff"}',
                b"[" * 5_000,
                b"9" * 5_000,
                b'"',
                b"null",
            )
        )
    return b"\n".join(lines) + b"\n"


def _mailbox(rows: list[dict[str, str]], chance: random.Random | None) -> bytes:
    mails = [f"Message-ID: <{row['id']}@b>\nFrom: a@b.example\n\n{row['comment']}\n\n".encode() for row in rows]
    if chance is not None:
        spoilt = mail(chance)[0].body.replace(b"\r\n", b"\n")
        mails[chance.randrange(len(mails))] = re.sub(rb"(?m)^From ", b">From ", spoilt) + b"\n\n"
    return b"".join(b"From a@b.example Fri Nov 20 09:00:00 2026\n" + one for one in mails)


def _storable_cell(chance: random.Random) -> str:
    words = chance.choice((*ATTACKS.values(), *DATES, "", "x" * 300_000, '"' * 7, "a\r\nb"))
    return words.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
