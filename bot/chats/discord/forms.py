"""Forms as Discord's modals, and what a modal says when it comes back.

A modal has five parts at most, and no errors beside its fields. So what stands above the fields is one part, and of
more than five questions the last ones share a field, a line each. It cannot be filled anew while it is open: where a
choice fills other fields, those may be empty, and the form comes back for it (`Submitted.again`).

Everything that is needed stands in the modal itself, so that one that was opened before a restart works after it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from hashlib import blake2b
from typing import Any

import discord
from discord import ui

from bot.chats.discord.codes import LONGEST, form_code
from bot.chats.discord.wording import line, quoted
from bot.chats.wording import beginning, measure, one_line
from handlers.forms import Field, Form
from handlers.rules.text import Text, clean

_PARTS = 5  # top components of a modal
_TITLE, _LABEL, _HINT = 45, 45, 100
_TYPED = 4_000  # characters that Discord takes in a field
_RADIOS, _OPTIONS = range(2, 11), 25  # how many choices stand as radio buttons; how many a menu has
_ERRORS, _ERROR, _LONG_HINT = 3, 300, 300
_QUOTE = (1_000, 1_400)  # characters, and once they are escaped; with the above less than a text may have
_DEPTH = 4  # how deep a submitted field may lie
_NOTHING = "\u2205"  # stands for the empty value of a choice, which Discord refuses
_FILLING = frozenset({"template"})  # choosing one fills other fields anew
_COMES_BACK = "Choose one and submit: the form comes back with its text."
_SHARED = "+"  # the custom id of the shared field is +zone,language
_TEXT_INPUT = 4
_OPEN_FOR = 900.0  # seconds: nobody tells discord.py when one is closed, and it would keep it for ever


@dataclass(frozen=True, slots=True)
class Submitted:
    """What a modal says: its custom id, for `read_code`, and its fields by name.

    `again` is not empty where a choice was made that fills other fields: then the verb is to be asked for its form
    with `again` alone, and nothing else is to be done.
    """

    custom_id: str
    values: Mapping[str, str]
    again: Mapping[str, str] = field(default_factory=dict)


def modal(form: Form) -> tuple[ui.Modal, Mapping[str, str]]:
    """A form as a modal, and what has to be kept in the store before it is sent, by key."""
    code = form_code(form)
    drawn = ui.Modal(title=_title(form.title), custom_id=code.custom_id, timeout=_OPEN_FOR)
    own, shared = _parted(form.fields)
    has_room = len(own) + bool(shared) < _PARTS
    above = _above(form, shared) if has_room else ""
    if above or not own:
        drawn.add_item(ui.TextDisplay(above or line(_title(form.title), 2 * _TITLE)))
    errors = {} if has_room else _beside(form)
    can_be_empty = any(one.name in _FILLING and one.choices for one in form.fields)
    for one in own:
        drawn.add_item(_label(one, errors.get(one.name, ""), can_be_empty=can_be_empty))
    if shared:
        drawn.add_item(_shared(shared, " ".join(errors[one.name] for one in shared if one.name in errors)))
    return drawn, ({code.key: code.body} if code.key else {})


def read_modal(data: Mapping[str, Any]) -> Submitted:
    """What the data of a submitted modal says, as Discord sent it. What it cannot understand is not there."""
    values: dict[str, str] = {}
    again: dict[str, str] = {}
    for custom_id, value in _inputs(data.get("components"), _DEPTH):
        if custom_id.startswith(_SHARED):
            values |= _read_lines(value, custom_id.removeprefix(_SHARED).split(","))
            continue
        name, _, before = custom_id.partition(":")
        values[name] = value
        if name in _FILLING and value and _mark(value) != before:
            again[name] = value
    told = data.get("custom_id")
    return Submitted(told if isinstance(told, str) else "", values, again)


# What stands in it


def _title(words: str) -> str:
    """As many of its parts as fit, or else of its words."""
    parts = " ".join(words.split()).split(" · ")
    while len(parts) > 1 and measure(" · ".join(parts)) > _TITLE:
        parts.pop()
    return _cut_at_word(" · ".join(parts), _TITLE) or "Earshot"


def _cut_at_word(words: str, limit: int) -> str:
    whole = one_line(words, 4 * limit)
    kept = one_line(whole, limit)
    is_cut_inside = kept != whole and " " in kept and not whole[len(kept) - 1].isspace()
    return f"{kept.rpartition(' ')[0].rstrip(' ,:;.')}…" if is_cut_inside else kept


def _parted(fields: Sequence[Field]) -> tuple[Sequence[Field], Sequence[Field]]:
    """Fields that stand by themselves, and those that share one: the last ones, but a long text only where it must."""
    if len(fields) <= _PARTS:
        return fields, ()
    too_many = len(fields) - (_PARTS - 1)
    last_first = sorted(range(len(fields)), key=lambda place: (fields[place].kind == "long_text", -place))
    aside = set(last_first[:too_many])
    own = [one for place, one in enumerate(fields) if place not in aside]
    return own, [one for place, one in enumerate(fields) if place in aside]


def _above(form: Form, shared: Sequence[Field]) -> str:
    """Errors, the customer's words, and hints that are too long for their fields; at most 4,000 characters."""
    hints = [
        f"**{line(_named(one), _LONG_HINT)}:** {line(one.hint, _LONG_HINT)}"
        for one in form.fields
        if one not in shared and measure(" ".join(one.hint.split())) > _HINT
    ]
    told = [*map(_error, form.errors[:_ERRORS]), *hints, quoted(Text(form.quote), *_QUOTE)]
    return "\n".join(part for part in told if part)


def _error(error: tuple[str, str]) -> str:
    return f"⚠️ {line(error[1], _ERROR) or 'Please look at this again.'}"


def _beside(form: Form) -> dict[str, str]:
    """The errors by field, where there is no room above; what belongs to no field stands beside the first."""
    names = [one.name for one in form.fields]
    told: dict[str, str] = {}
    for name, sentence in form.errors:
        at = name if name in names else names[0]
        told[at] = f"{told.get(at, '⚠️')} {sentence}"
    return told


def _named(asked: Field) -> str:
    return _cut_at_word(asked.label, _LABEL) or asked.name


# Its fields


def _label(asked: Field, error: str, *, can_be_empty: bool) -> ui.Label[Any]:
    options = _options(asked)
    hint = _COMES_BACK if asked.name in _FILLING and options else asked.hint
    if not hint and not options and asked.choices:
        hint = f"One of: {', '.join(value for value, _ in asked.choices if value)}"
    component = _choice(asked, options) if options else _typed(asked, can_be_empty=can_be_empty)
    return ui.Label(text=_named(asked), description=_cut_at_word(error or hint, _HINT) or None, component=component)


def _options(asked: Field) -> list[tuple[str, str]]:
    """(value, label) of what can be chosen; empty where it is typed: too many, or such as Discord cannot carry."""
    if asked.kind not in ("choice", "member"):
        return []
    labels = {value or _NOTHING: label for value, label in reversed(asked.choices)}
    offered = [(value, one_line(labels[value], LONGEST) or "–") for value in reversed(labels)]
    is_offered = len(offered) <= _OPTIONS and all(_can_be_carried(value) for value, _ in asked.choices)
    return offered if is_offered else []


def _can_be_carried(value: str) -> bool:
    return measure(value) <= LONGEST and clean(value) == value.strip() == value != _NOTHING


def _choice(asked: Field, options: Sequence[tuple[str, str]]) -> ui.RadioGroup[Any] | ui.Select[Any]:
    """Radio buttons show long labels whole, and all at once; but a choice cannot be taken back there."""
    chosen = asked.value or _NOTHING
    can_stay = asked.is_required or any(value == _NOTHING for value, _ in options)
    if asked.kind == "choice" and can_stay and len(options) in _RADIOS:
        return ui.RadioGroup(
            custom_id=_custom_id(asked),
            required=asked.is_required,
            options=[
                discord.RadioGroupOption(label=label, value=value, default=value == chosen) for value, label in options
            ],
        )
    return ui.Select(
        custom_id=_custom_id(asked),
        placeholder="Choose…",
        required=asked.is_required,
        min_values=int(asked.is_required),
        options=[discord.SelectOption(label=label, value=value, default=value == chosen) for value, label in options],
    )


def _custom_id(asked: Field) -> str:
    """Its name; of one that fills others also what is chosen already."""
    return f"{asked.name}:{_mark(asked.value)}" if asked.name in _FILLING else asked.name


def _mark(value: str) -> str:
    return blake2b(value.encode("utf-8", "replace"), digest_size=4).hexdigest() if value else ""


def _typed(asked: Field, *, can_be_empty: bool) -> ui.TextInput[Any]:
    is_long = asked.kind == "long_text"
    value = _filled(asked.value if is_long else " ".join(asked.value.split()))
    can_be_empty |= any(not one for one, _ in asked.choices)
    return ui.TextInput(
        custom_id=asked.name,
        style=discord.TextStyle.paragraph if is_long else discord.TextStyle.short,
        default=value or None,
        required=asked.is_required and not can_be_empty,
        max_length=max(1, min(_TYPED, max(asked.max_length, measure(value)))),
    )


def _filled(value: str) -> str:
    """What stands in the field at first. A text longer than the field may be is shown whole: she shortens it."""
    value = beginning(clean(value), _TYPED)
    return value if value.strip() else ""


# The field that the last questions share


def _shared(fields: Sequence[Field], error: str) -> ui.Label[Any]:
    """A line for each: "Zone: Europe/Berlin"."""
    lines = "\n".join(f"{_key(one.name)}: {' '.join(clean(one.value).split())}" for one in fields)
    hints = ". ".join(told.rstrip(".") for one in fields if (told := _told(one)))
    field_of_all: ui.TextInput[Any] = ui.TextInput(
        custom_id=_SHARED + ",".join(one.name for one in fields),
        style=discord.TextStyle.paragraph,
        default=beginning(lines, _TYPED),
        required=False,
        max_length=_TYPED,
    )
    hint = _cut_at_word(error or hints, _HINT) or None
    return ui.Label(text="More, a line each", description=hint, component=field_of_all)


def _told(asked: Field) -> str:
    hint = asked.hint or ", ".join(value for value, _ in asked.choices if value)
    return f"{_key(asked.name)}: {hint}" if hint else ""


def _key(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _read_lines(text: str, names: Sequence[str]) -> dict[str, str]:
    """What stands in the shared field. A line that is none of ours goes with the one above, so that whoever reads that
    says what is wrong with it.
    """
    told = dict.fromkeys(names, "")
    keys = {_key(name).casefold(): name for name in names}
    last = names[0]
    for each in text.splitlines():
        word, colon, rest = each.partition(":")
        close = get_close_matches(word.strip().casefold(), keys, n=1, cutoff=0.75) if colon else []
        last = keys[close[0]] if close else last
        told[last] = f"{told[last]} {rest if close else each}".strip()
    return told


# What comes back


def _inputs(parts: object, depth: int) -> Iterator[tuple[str, str]]:
    """(custom id, value) of the fields, wherever they lie."""
    for part in parts if isinstance(parts, list | tuple) and depth else ():
        if not isinstance(part, Mapping):
            continue
        if isinstance(custom_id := part.get("custom_id"), str) and custom_id:
            yield custom_id, _value(part)
        yield from _inputs([part.get("component")], depth - 1)
        yield from _inputs(part.get("components"), depth - 1)


def _value(part: Mapping[str, Any]) -> str:
    value = part.get("value")
    if isinstance(chosen := part.get("values"), list | tuple):
        value = ", ".join(one for one in chosen if isinstance(one, str))
    if isinstance(value, bool):
        return "yes" if value else ""
    if not isinstance(value, str):
        return ""
    return "" if value == _NOTHING and part.get("type") != _TEXT_INPUT else value
