"""What somebody typed into a form and did not submit: hers alone, and filled in when she opens the form again."""

from collections.abc import Mapping
from dataclasses import replace

from handlers.context import Context
from handlers.forms import Field, Form
from handlers.rules.policy import Member
from handlers.rules.text import shown

TOLD = "You typed this before and did not submit it."
LONGEST = 3_000  # characters of one field
_TYPED = ("text", "long_text")  # a choice is made again in a moment, and what was chosen may not be on offer any more
_QUOTED = 300  # characters of what stands there without her text


def keep(ctx: Context, who: Member, form: Form, values: Mapping[str, str]) -> bool:
    """Keep what was typed into a form that was closed; whether there was anything. `form` is as it opens without it.

    What somebody emptied, or left as it was, is nothing, and ends what was kept before. A template that she has chosen
    is nobody's typing: what she typed before it stays.
    """
    chosen = {template.text.strip() for template in ctx.policy.templates}
    given = [
        field
        for field in form.fields
        if field.kind in _TYPED and field.name in values and values[field.name].strip() not in chosen
    ]
    typed = {
        field.name: values[field.name][:LONGEST]
        for field in given
        if values[field.name].strip() and values[field.name].strip() != field.value.strip()
    }
    if typed:
        ctx.store.kept.keep(who.name, form.verb, form.case or 0, typed, ctx.now)
    elif given:
        forget(ctx, who, form.verb, form.case)
    return bool(typed)


def forget(ctx: Context, who: Member, verb: str, case: int | None) -> None:
    """The form was submitted."""
    ctx.store.kept.forget(who.name, verb, case or 0)


def fill(ctx: Context, who: Member, form: Form) -> Form:
    """The form with what she typed before, and a hint that says so. What it carries unseen stays as it is."""
    typed = ctx.store.kept.get(who.name, form.verb, form.case or 0)
    return replace(form, fields=tuple(_filled(field, typed) for field in form.fields)) if typed else form


def _filled(field: Field, typed: Mapping[str, str]) -> Field:
    words = typed.get(field.name, "")[: field.max_length]
    if field.kind not in _TYPED or not words or words == field.value:
        return field
    # Somebody else's text must not be replaced by one that never saw it.
    instead = f" Without it this says: {shown(field.value, _QUOTED).words}" if field.value.strip() else ""
    return replace(field, value=words, hint=f"{TOLD}{instead} {field.hint}".strip())
