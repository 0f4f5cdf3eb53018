"""What a form asks, as data, no platform's words."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Field:
    """One question. `kind` is text, long_text, choice, or member; `choices` are (value, label)."""

    name: str
    label: str
    kind: str = "text"
    value: str = ""
    hint: str = ""
    is_required: bool = True
    max_length: int = 3000
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Form:
    """Submitting it does `verb` with the fields as arguments; `hidden` travels along unseen (ids only)."""

    title: str
    verb: str
    case: int | None
    fields: tuple[Field, ...]
    submit: str = "Save"
    quote: str = ""  # the customer's words, shown above the fields, literal
    hidden: tuple[tuple[str, str], ...] = ()
    errors: tuple[tuple[str, str], ...] = ()  # (field name, sentence); drawn beside the field
