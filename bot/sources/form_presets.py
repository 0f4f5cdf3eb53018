"""What makers of forms send, for `preset` of the webhook source: how they sign, and where the answers are.

An answered form becomes a flat record that a `map` can name columns of: every question by its words, hidden fields by
their names, and `id`, `created_at`, `text` (the long answers), `author` (an e-mail address), `author_name`, `stars`.
"""

import base64
import hmac
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NamedTuple

from bot.sources.fieldmap import walk


@dataclass(frozen=True, slots=True)
class Signing:
    """A header with `prefix` and the base64 HMAC-SHA256 of the body. There is no time in it."""

    header: str
    prefix: str = ""

    def sign(self, secret: str, body: bytes) -> str:
        """What the header holds."""
        return self.prefix + base64.b64encode(hmac.new(secret.encode(), body, sha256).digest()).decode()


class Answer(NamedTuple):
    """One question with its answer. `kind` is one of long, short, mail, rating, hidden and other."""

    question: str
    kind: str
    answer: str


@dataclass(frozen=True, slots=True)
class Preset:
    """A maker of forms. Paths are dotted; `signing` None: it is signed as our own senders do.

    `delivery` is the id that stays the same when a delivery is repeated; empty: that is the signature.
    """

    signing: Signing | None
    delivery: str
    id: str
    created_at: str
    answers: str
    kinds: Mapping[str, str]  # their type of a question to our kind; what is not here is `other`
    hidden: str = ""  # an object of hidden fields

    def record(self, body: Any) -> dict[str, Any]:
        """An answered form as a flat record. Nothing is raised: what is not as it should be is left out."""
        answers = [*self._answers(body), *self._hidden(body)]
        said = [one for one in answers if one.kind in ("long", "short") and not _NAME.search(one.question)]
        long = [one.answer for one in said if one.kind == "long"]
        told = [f"{one.question}: {one.answer}" for one in answers if one.kind not in ("mail", "hidden")]
        found = {
            "id": walk(body, self.id),
            "created_at": walk(body, self.created_at),
            "text": "\n\n".join(long or [one.answer for one in said]) or "\n".join(told),
            "author": _first(answers, "mail") or walk(body, "email"),
            "author_name": next((one.answer for one in answers if _NAME.search(one.question)), ""),
            "stars": _stars(_first(answers, "rating")),
        }
        return found | {one.question: one.answer for one in reversed(answers) if one.question not in found}

    def _answers(self, body: Any) -> Iterator[Answer]:
        answers = walk(body, self.answers)
        titles = _titles(walk(body, "form_response.definition.fields"))
        for one in answers if isinstance(answers, list) else ():
            if not isinstance(one, dict):
                continue
            kind = _text(walk(one, "field.type") or one.get("type"))
            question = _text(one.get("label") or one.get("question")) or titles.get(_text(walk(one, "field.id")), "")
            answer = _answer(one)
            if answer and kind not in _UNSPOKEN:
                yield Answer(question or kind, self.kinds.get(kind, "other"), answer)

    def _hidden(self, body: Any) -> Iterator[Answer]:
        hidden = walk(body, self.hidden) if self.hidden else None
        for name, value in hidden.items() if isinstance(hidden, dict) else ():
            if _text(value):
                yield Answer(name, "hidden", _text(value))


_NAME = re.compile(r"\bname\b", re.IGNORECASE)
_UNSPOKEN = {"file_upload", "FILE_UPLOAD", "SIGNATURE", "signature", "payment", "PAYMENT", "CALCULATED_FIELDS"}

PRESETS: Mapping[str, Preset] = {
    "typeform": Preset(
        signing=Signing("typeform-signature", "sha256="),
        delivery="event_id",
        id="form_response.token",
        created_at="form_response.submitted_at",
        answers="form_response.answers",
        kinds={"long_text": "long", "short_text": "short", "email": "mail", "rating": "rating"},
        hidden="form_response.hidden",
    ),
    "tally": Preset(
        signing=Signing("tally-signature"),
        delivery="eventId",
        id="data.responseId",
        created_at="data.createdAt",
        answers="data.fields",
        kinds={
            **{"TEXTAREA": "long", "INPUT_TEXT": "short", "INPUT_EMAIL": "mail", "RATING": "rating"},
            "HIDDEN_FIELDS": "hidden",
        },
    ),
    "google-forms": Preset(
        signing=None,
        delivery="",  # an answer that was edited comes with the same id
        id="id",
        created_at="created_at",
        answers="answers",
        kinds={"PARAGRAPH_TEXT": "long", "TEXT": "short", "RATING": "rating"},
    ),
}


def _titles(fields: Any) -> dict[str, str]:
    """The questions of a form by their ids, for answers that name the id alone."""
    found = [one for one in fields if isinstance(one, dict)] if isinstance(fields, list) else []
    return {_text(one.get("id")): _text(one.get("title")) for one in found}


def _answer(one: Mapping[str, Any]) -> str:
    """The answer in words: what was typed, or the labels of what was chosen."""
    if "answer" in one or "value" in one:
        return _chosen(one["answer"] if "answer" in one else one["value"], one.get("options"))
    value = one.get(_text(one.get("type")))
    if isinstance(value, dict):
        return _chosen(value.get("labels") or value.get("label") or value.get("other"), None)
    return _chosen(value, None)


def _chosen(value: Any, options: Any) -> str:
    """Options are chosen by their ids; the words of each are in the list of all."""
    names = {}
    for option in options if isinstance(options, list) else ():
        if isinstance(option, dict):
            names[_text(option.get("id"))] = _text(option.get("text"))
    parts = [_text(part) for part in (value if isinstance(value, list) else [value])]
    return ", ".join(names.get(part) or part for part in parts if part)


def _first(answers: list[Answer], kind: str) -> str:
    return next((one.answer for one in answers if one.kind == kind), "")


def _stars(rating: str) -> str:
    """Of a scale that is longer than five nobody tells how long it is."""
    return rating if rating in ("1", "2", "3", "4", "5") else ""


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value).strip() if isinstance(value, str | int | float) else ""
