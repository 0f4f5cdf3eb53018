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

With a preset the maker of a form is understood as it is: typeform and tally with the signing secret that you set there
(their headers are checked instead of ours), google-forms with the script below. The long answers are the words; name
others by the question, as in map = { text = "What went wrong?" }. Hidden fields called tier and caller are kept.

    preset = "typeform"

For Google Forms: Extensions, Apps Script, this script with your address and secret; then Triggers: onSubmit, on submit.

    function onSubmit(e) {
      const url = "https://earshot.example/hooks/feedback", secret = "the value of FEEDBACK_SECRET";
      const answers = e.response.getItemResponses().map((one) => ({question: one.getItem().getTitle(),
        type: String(one.getItem().getType()), answer: one.getResponse()}));
      const body = JSON.stringify({id: e.response.getId(), created_at: e.response.getTimestamp(),
        email: e.response.getRespondentEmail(), answers: answers});
      const now = String(Math.floor(Date.now() / 1000));
      const mac = Utilities.computeHmacSha256Signature(now + "." + body, secret, Utilities.Charset.UTF_8);
      const hex = mac.map((byte) => ("0" + (byte & 255).toString(16)).slice(-2)).join("");
      UrlFetchApp.fetch(url, {method: "post", contentType: "application/json", payload: body,
        headers: {"X-Earshot-Timestamp": now, "X-Earshot-Signature": "v1=" + hex}});
    }

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
from typing import Any, Literal
from urllib.parse import parse_qsl

from bot.fetch import Tools
from bot.sources.fieldmap import FieldMap, field_map, read_json, storable, walk
from bot.sources.form_presets import PRESETS, Signing
from handlers.ports import FREE, Broken, Budget, Page, Source
from storage.errors import ConfigError, EarshotError
from storage.types import RawMention

KIND = "webhook"
ASKED = (
    "preset",
    "secret_env",
)  # when one is added
SHARES_SECRET = True  # with the sender: a fresh one will do
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
    preset: Literal["", "typeform", "tally", "google-forms"] = ""  # understand what this maker of forms sends


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


class WebhookSource(Source):
    """A place to POST to. `bot/web.py` hands it each delivery; there is nothing to poll."""

    kind = KIND

    def __init__(self, name: str, settings: Settings, secrets: tuple[str, ...]) -> None:
        self.name = name
        self.settings = settings
        self._secrets = secrets
        self._preset = PRESETS.get(settings.preset)
        self._map = field_map(settings.map, is_html=settings.html, is_private=settings.private)

    async def poll(self, cursor: str | None, limit: int, query: str = "", budget: Budget = FREE) -> Page:
        return Page((), cursor)

    async def check(self) -> str:
        if not self._secrets:
            return "It waits for its feedback form; no other sender has a secret."
        whose = f" from {self.settings.preset}" if self._preset else ""
        number, name = len(self._secrets), self.settings.secret_env
        return f"It waits for deliveries{whose} signed with {name}; valid secrets: {number}."

    async def close(self) -> None:
        """Nothing is held."""

    def receive(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Received:
        """Check a delivery and read it. Raises Refused with the status to answer, and nothing else."""
        told = {name.lower(): value for name, value in headers.items()}
        if len(body) > MAX_BYTES:
            raise Refused(413, f"The body is larger than {MAX_BYTES // 1000} kB; send fewer items at a time.")
        signing = self._preset.signing if self._preset else None
        signature = self._signed_by_maker(told, body, signing) if signing else self._checked(told, body, now)
        value = _value(told.get("content-type", ""), body)
        if self._preset:
            told_id = walk(value, self._preset.delivery)
            return Received(self._answered(value), _key(told_id) or signature, signature)
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

    def _answered(self, body: Any) -> Page:
        """An answered form. A sender repeats what is refused, so one without any words goes to quarantine instead."""
        record = self._preset.record(body) if self._preset else {}
        present = {name: column for name, column in self.settings.map.items() if not column or column in record}
        columns = field_map(present, is_html=self.settings.html, is_private=self.settings.private)
        return Page((self._item(record, 1, columns),), None)

    def _signed_by_maker(self, told: Mapping[str, str], body: bytes, signing: Signing) -> str:
        given = told.get(signing.header, "").encode("utf-8", "replace")
        valid = [hmac.compare_digest(signing.sign(secret, body).encode(), given) for secret in self._secrets]
        if not any(valid):
            name = signing.header.title()
            raise Refused(401, f"The header {name} is missing or does not fit; set the same secret there and in .env.")
        return sha256(given).hexdigest()

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

    def _item(self, record: object, number: int, columns: FieldMap | None = None) -> RawMention | Broken:
        where = f"{self.name}: item {number}"
        if not isinstance(record, dict):
            return Broken(where, "It is no JSON object.", storable(str(record)[:200]))
        try:
            return (columns or self._map).read(record)
        except ValueError as error:
            return Broken(where, str(error), storable(str(record)[:200]))


def _key(told: object) -> str:
    """The id that a maker gives a delivery, if it is one that can be a key."""
    return told if isinstance(told, str) and _DELIVERY.fullmatch(told) else ""


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
