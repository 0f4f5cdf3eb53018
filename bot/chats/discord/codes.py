"""What our buttons and forms carry through Discord and back: verbs and ids, never a customer's words.

A custom id has at most 100 characters: `ear|claim|142` or `ear|queue||which=mine`. What does not fit is kept in the
store by a key that follows from it, and the custom id carries the key: `ear|=|b3f1…`. Whoever reads it trusts nothing:
the role, the state and the hash are checked where the verb is done.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from urllib.parse import parse_qsl, urlencode

from handlers.cards import Button
from handlers.forms import Form

ACT, FORM = "ear", "form"  # custom ids of buttons and forms begin so
SHARE = "share"  # a verb of ours that is no staff verb: show the answer whose id is in values["answer"] to the channel
MORE = "more"  # likewise: offer what had no room, which is in the values; without values, a card's menu
LONGEST = 100  # characters of a custom id
_MOST = 25  # buttons behind another
_KEPT = "="
_QUESTION, _PLACE = "?", "#"  # names of values that are not arguments


@dataclass(frozen=True, slots=True)
class Pressed:
    """What a button or a form says. `confirm` is asked first where not empty."""

    verb: str
    case: int | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    confirm: str = ""


@dataclass(frozen=True, slots=True)
class Code:
    """A custom id. Where it did not fit, `body` is what it stands for, to be kept in the store by `key`."""

    custom_id: str
    key: str = ""
    body: str = ""


def code_of(button: Button, place: int = 0) -> Code:
    """The custom id of a button. `place` tells apart those of one message that do the same, as Discord asks."""
    which = ((_PLACE, str(place)),) if place else ()
    return _fitted(ACT, _body(button.verb, button.case, (*_asked(button), *which)))


def form_code(form: Form) -> Code:
    """The custom id of a form; its fields come back by their names."""
    return _fitted(FORM, _body(form.verb, form.case, form.hidden))


def more(label: str, buttons: Iterable[Button]) -> Button:
    """A button that offers these, each once and at most 25: there was no room for them."""
    told = {_body(each.verb, each.case, _asked(each)): each.label for each in buttons if each.label.strip()}
    return Button(label, MORE, None, tuple(told.items())[:_MOST])


def behind(pressed: Pressed) -> list[Button]:
    """The buttons that such a button offers."""
    told = ((label, read_code(f"{ACT}|{body}")) for body, label in pressed.values.items())
    return [
        Button(label, one.verb, one.case, tuple(one.values.items()), confirm=one.confirm) for label, one in told if one
    ]


def kept_key(custom_id: str) -> str:
    """The key under which the store knows what it stands for, "" when it says so by itself."""
    _, mark, key = (*custom_id.split("|", 2), "", "")[:3]
    return key if mark == _KEPT else ""


def read_code(custom_id: str, body: str = "") -> Pressed | None:
    """What a custom id says; `body` is what the store has for its key. None for what is not ours, or not there."""
    if custom_id.partition("|")[0] not in (ACT, FORM):
        return None
    told = body if kept_key(custom_id) else custom_id.partition("|")[2]
    verb, case, values = (*told.split("|", 2), "", "")[:3]
    try:
        carried = dict(parse_qsl(values, keep_blank_values=True, max_num_fields=_MOST + 5))
        number = int(case[:12]) if case else None
    except ValueError:
        return None
    question = carried.pop(_QUESTION, "")
    carried.pop(_PLACE, None)
    return Pressed(verb, number, carried, question) if verb else None


def _asked(button: Button) -> tuple[tuple[str, str], ...]:
    """Its values, and what is asked before."""
    return (*button.values, *(((_QUESTION, button.confirm.strip()),) if button.confirm.strip() else ()))


def _body(verb: str, case: int | None, values: Iterable[tuple[str, str]]) -> str:
    return f"{verb}|{'' if case is None else case}|{urlencode(list(values), errors='replace')}".rstrip("|")


def _fitted(kind: str, body: str) -> Code:
    if len(whole := f"{kind}|{body}") <= LONGEST:
        return Code(whole)
    key = blake2b(body.encode(), digest_size=15).hexdigest()
    return Code(f"{kind}|{_KEPT}|{key}", key, body)
