"""Anything that can POST: a feedback form, a help desk, a call-centre system, another listening tool.

    [[sources]]
    name = "feedback"
    kind = "webhook"
    secret_env = "FEEDBACK_SECRET"
    items = "data.answers"
    map = { text = "fields.0.value", author = "customer.name", native_id = "id" }

The sender POSTs JSON, or a form, of at most 256 kB, with these headers:

    X-Earshot-Timestamp: seconds since 1970, not more than 300 s off
    X-Earshot-Signature: v1= and the hex HMAC-SHA256, with the secret, over the timestamp, a dot and the body
    X-Earshot-Delivery: an id of this delivery, so that sending it again adds nothing (optional)

To change the secret put the old one under the same name with _OLD behind it; both are valid until you remove that line.
With form = true Earshot serves a feedback form itself; if nobody else sends anything, secret_env can be left out.

What this source can't see: anything that was sent while Earshot was not running and that the sender does not send
again; items without an id whose words are exactly those of an earlier one, which count as that one.
"""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl

from bot.fetch import Tools
from bot.sources.fieldmap import field_map, read_json, storable, walk
from handlers.ports import Broken, Page, Source
from storage.errors import ConfigError, EarshotError
from storage.types import RawMention

KIND = "webhook"
MAX_BYTES = 256_000
WINDOW = 300  # seconds
MAX_ITEMS = 1_000

_SIGNATURE = re.compile(r"v1=([0-9a-f]{64})")
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_DELIVERY = re.compile(r"[A-Za-z0-9._:-]{8,100}")
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Settings:
    """What the team decides."""

    secret_env: str = ""  # the name of the variable in .env that holds the secret; may be empty when form = true
    map: Mapping[str, str] = field(default_factory=dict)  # our field = their key, with dots into objects and lists
    items: str = ""  # where the list of items is, with dots; empty: the body is one item or a list of them
    form: bool = False  # also serve a plain feedback form that posts here
    html: bool = False  # the words are HTML
    private: bool = True  # never quoted in public


SAMPLE: dict[str, Any] = {
    "data": [
        {"id": 7, "message": "The lamp exploded!", "name": "Mia", "rating": "1/5", "created_at": 1795161600},
        {"id": 8, "message": ""},
    ]
}
EXPECTED = [
    RawMention(
        native_id="7",
        text="The lamp exploded!",
        author="Mia",
        stars=1.0,
        published_at=datetime.fromisoformat("2026-11-20T08:00:00+00:00"),
        private=True,
    ),
]


class Refused(EarshotError):
    """A delivery that is not taken. `status` is the HTTP status of the answer."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True, slots=True)
class Received:
    """A delivery that is taken. A second one with the same `key`, or the same `signature`, is a repeat."""

    page: Page
    key: str
    signature: str


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """What a sender puts into X-Earshot-Signature; `timestamp` is what it puts into X-Earshot-Timestamp."""
    signed = timestamp.encode("utf-8", "replace") + b"." + body
    return "v1=" + hmac.new(secret.encode(), signed, sha256).hexdigest()


def read_sample() -> list[RawMention | Broken]:
    """What SAMPLE gives."""
    page = WebhookSource("sample", Settings("", items="data"), ("",)).page_of(SAMPLE)
    return [item for item in page.items if isinstance(item, RawMention)]


def build(name: str, settings: Settings, tools: Tools) -> Source:
    """A place to POST to. Raises ConfigError when its secret is not set, or not even named without a form."""
    wanted, at = settings.secret_env, f"sources.{name}.secret_env"
    if not wanted and not settings.form:
        raise ConfigError(f"{at}: missing;", "name the variable of .env that holds the secret, or set form = true.")
    if wanted and not tools.secrets.get(wanted):
        raise ConfigError(f"{at}: {wanted} is not set in .env;", "put a long random text there for the sender.")
    names = (wanted, f"{wanted}_OLD") if wanted else ()
    return WebhookSource(name, settings, tuple(tools.secrets[one] for one in names if tools.secrets.get(one)))


class WebhookSource:
    """A place to POST to. `bot/web.py` hands it each delivery; there is nothing to poll."""

    kind = KIND

    def __init__(self, name: str, settings: Settings, secrets: tuple[str, ...]) -> None:
        self.name = name
        self.settings = settings
        self._secrets = secrets
        self._map = field_map(settings.map, is_html=settings.html, is_private=settings.private)

    async def poll(self, cursor: str | None, limit: int) -> Page:  # noqa: ARG002  there is nothing to page through
        return Page((), cursor)

    async def check(self) -> str:
        if not self._secrets:
            return "It waits for its feedback form; no other sender has a secret."
        return f"It waits for deliveries signed with {self.settings.secret_env}; valid secrets: {len(self._secrets)}."

    async def close(self) -> None:
        """Nothing is held."""

    def receive(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Received:
        """Check a delivery and read it. Raises Refused with the status to answer, and nothing else."""
        told = {name.lower(): value for name, value in headers.items()}
        if len(body) > MAX_BYTES:
            raise Refused(413, f"The body is larger than {MAX_BYTES // 1000} kB; send fewer items at a time.")
        signature = self._checked(told, body, now)
        value = _value(told.get("content-type", ""), body)
        delivery = _DELIVERY.fullmatch(told.get("x-earshot-delivery", ""))
        return Received(self.page_of(value), delivery[0] if delivery else signature, signature)

    def page_of(self, value: Any) -> Page:
        """The items of a body that is already trusted and read. Raises Refused(422) when no item has words."""
        found = walk(value, self.settings.items)
        records = found if isinstance(found, list) else [found]
        if len(records) > MAX_ITEMS:
            raise Refused(413, f"There are more than {MAX_ITEMS} items; send fewer at a time.")
        items = tuple(self._item(record, number) for number, record in enumerate(records, 1))
        if not any(isinstance(item, RawMention) for item in items):
            why = next((item.reason for item in items if isinstance(item, Broken)), "The list is empty.")
            raise Refused(422, f"No item has words. {why}")
        return Page(items, None)

    def _checked(self, told: Mapping[str, str], body: bytes, now: datetime) -> str:
        timestamp = told.get("x-earshot-timestamp", "")
        given = _SIGNATURE.fullmatch(told.get("x-earshot-signature", ""))
        if not given or not _TIMESTAMP.fullmatch(timestamp):
            raise Refused(401, "The headers X-Earshot-Timestamp and X-Earshot-Signature are missing or malformed.")
        if abs(now.timestamp() - int(timestamp)) > WINDOW:
            raise Refused(401, f"The timestamp is more than {WINDOW} s off; set the clock, sign each sending anew.")
        valid = [hmac.compare_digest(sign(secret, timestamp, body), given[0]) for secret in self._secrets]
        if not any(valid):
            raise Refused(401, "The signature does not fit; sign the raw body with the secret that we share.")
        return given[1]

    def _item(self, record: object, number: int) -> RawMention | Broken:
        where = f"{self.name}: item {number}"
        if not isinstance(record, dict):
            return Broken(where, "It is no JSON object.", storable(str(record)[:200]))
        try:
            return self._map.read(record)
        except ValueError as error:
            return Broken(where, str(error), storable(str(record)[:200]))


def _value(content_type: str, body: bytes) -> Any:
    kind = content_type.partition(";")[0].strip().lower()
    if kind == _FORM:
        return _fields(body)
    if kind != "application/json":
        raise Refused(415, f"Send application/json or {_FORM}.")
    try:
        return read_json(body)
    except ValueError as error:
        raise Refused(400, str(error)) from None


def _fields(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=200)
    except ValueError:
        raise Refused(400, "The form has more than 200 fields.") from None
    return dict(reversed(pairs))  # of a field that comes twice, the first counts
