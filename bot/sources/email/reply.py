"""An approved reply as a mail: in the customer's thread, to exactly one address, with nothing but the approved words.

It is written by hand: the library's own writer takes long Message-IDs apart, and with them the thread.
"""

import json
import quopri
from dataclasses import asdict, dataclass
from datetime import datetime
from email.header import Header
from email.utils import format_datetime, formataddr
from hashlib import sha256

import regex
from pydantic import TypeAdapter

from bot.fetch import Tools
from bot.sources.fieldmap import storable
from bot.sources.letters.parts import Letter, Nature
from handlers.ports import ReplyRefused

LIMIT = 3_000  # characters of a reply
MOST_A_DAY = 5  # replies to one address; more is a quarrel between two machines

_REFERENCES = 10
_ADDRESS = regex.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,250}")
_DEAF = regex.compile(r"(?:no|do|donot|dont)[._-]?(?:not[._-]?)?reply|bounces?[+@.-]", regex.IGNORECASE)
_ANSWERS = regex.compile(r"(?:\s*(?:re|aw|sv|vs|antw|ref|odp)\s?(?:\[\d{1,3}\])?\s?:)+\s*", regex.IGNORECASE)


@dataclass(frozen=True)
class Target:
    """What must be known of a mail to answer it."""

    to: str
    subject: str
    id: str  # its Message-ID
    references: tuple[str, ...]
    is_person: bool


_TARGET = TypeAdapter(Target)


def target_of(letter: Letter) -> str:
    """It as a mention's `reply_ref`."""
    before = letter.references
    thread = before if len(before) <= _REFERENCES else (before[0], *before[1 - _REFERENCES :])
    to = letter.reply_to or letter.author
    target = Target(to, letter.title[:200], letter.message_id, thread, letter.nature is Nature.PERSON)
    return json.dumps(asdict(target))


def read_target(reply_ref: str) -> Target | None:
    """None when it is none of ours."""
    try:
        return _TARGET.validate_json(reply_ref) if reply_ref else None
    except ValueError:
        return None


def is_address(words: str) -> bool:
    """Whether it is a mail address that Earshot can write to."""
    return bool(_ADDRESS.fullmatch(words))


def why_not(target: Target, own: frozenset[str]) -> str:
    """Why this mail is never answered, in a sentence; "" when it may be."""
    if not target.is_person:
        return "It came from a list or a machine; Earshot never answers those."
    if not is_address(target.to):
        return "It names no address that Earshot could write to."
    if _DEAF.match(target.to):
        return "Its address says that nobody reads what is sent there."
    if target.to.lower() in own:
        return "It asks for an answer to our own address."
    return ""


def message_id(source: str, key: str, address: str) -> str:
    """The same for every attempt at the same reply, so that it can be looked for."""
    digest = sha256(f"{source}\x1f{key}".encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return f"<earshot.{digest}@{address.rpartition('@')[2] or 'earshot.invalid'}>"


def composed(target: Target, text: str, sender: tuple[str, str], own_id: str, now: datetime) -> bytes:
    """The mail, from (name, address)."""
    name, address = sender
    subject = "Re: " + _ANSWERS.sub("", _line(target.subject), count=1)
    ids = [one for one in (*target.references, target.id) if one]
    heads = [
        ("From", formataddr((_line(name)[:60], address))),
        ("To", target.to),
        ("Subject", subject if subject.isascii() else Header(subject, "utf-8", header_name="Subject").encode()),
        ("Date", format_datetime(now)),
        ("Message-ID", own_id),
        ("In-Reply-To", target.id),
        ("References", "\n ".join(dict.fromkeys(ids))),
        ("MIME-Version", "1.0"),
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Transfer-Encoding", "quoted-printable"),
    ]
    head = "".join(f"{key}: {value}\n" for key, value in heads if value)
    lines = storable(text).replace("\r\n", "\n").replace("\r", "\n").rstrip("\n") + "\n"
    body = quopri.encodestring(lines.encode("utf-8"))
    return (head.encode("ascii") + b"\n" + body).replace(b"\n", b"\r\n")


class Tally:
    """How many replies went to each address today. It outlives the program, and holds no address in the clear."""

    def __init__(self, source: str, tools: Tools) -> None:
        self._key = f"{source}/replies"
        self._tools = tools
        self._day = ""
        self._sent: dict[str, list[str]] = {}

    def count(self, to: str, own_id: str) -> None:
        """Before a reply is sent; attempts at the same one count once. Raises ReplyRefused when there were too many."""
        self._turn()
        sent = self._sent.setdefault(sha256(to.lower().encode()).hexdigest()[:16], [])
        if own_id not in sent and len(sent) >= MOST_A_DAY:
            raise ReplyRefused(
                f"{MOST_A_DAY} replies went to this address today, which looks like a quarrel between two machines.",
                "Write from your own mail program, or wait until tomorrow (UTC).",
            )
        if own_id not in sent:
            sent.append(own_id)
            try:
                self._tools.sessions.put(self._key, json.dumps({"day": self._day, "sent": self._sent}))
            except OSError:
                return  # it is still counted for as long as the program runs

    def _turn(self) -> None:
        """Begin anew when it is another day than the last time."""
        today = self._tools.now().date().isoformat()
        if self._day == today:
            return
        self._day, self._sent = today, {}
        try:
            kept = json.loads(self._tools.sessions.get(self._key) or "{}")
            if kept.get("day") == today:
                self._sent = {str(to): [str(one) for one in ids] for to, ids in kept["sent"].items()}
        except (ValueError, AttributeError, KeyError, TypeError):
            return


def _line(words: str) -> str:
    """On one line, whatever it was."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in storable(words)).split())
