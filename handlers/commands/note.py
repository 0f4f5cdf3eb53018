from handlers import cases
from handlers.context import Context
from handlers.forms import Field, Form
from handlers.requests import Carried, CaseNumber, Reply, Words, command
from handlers.rules.policy import Member
from storage.errors import InvalidInput, NotFound
from storage.types import Case

_LONGEST = 2_000  # characters


@command(button="Add a note…", example="note 142 called her back")
def note(
    ctx: Context,
    who: Member,
    case: CaseNumber | None = None,
    text: Words | None = None,
    about: Carried | None = None,
    thread: Carried | None = None,
) -> Reply:
    """Write something into a case's diary; it never leaves the team.

    Without a number the form asks for it. In the thread where it was said, it is not said again.
    """
    if case is None and about is None:
        return Reply(form=_form_for_any(text or ""))
    found = cases.find(ctx, case) if case is not None else _named(ctx, about or "")
    if text is None:
        field = Field("text", "Note", "long_text", hint="Stays within the team.", max_length=_LONGEST)
        return Reply(form=Form(f"Note on #{found.id}", "note", found.id, (field,), submit="Save note"))
    words = text.strip()
    if not words:
        raise InvalidInput("A note needs words.", field="text")
    is_cut = len(words) > _LONGEST
    words = f"{words[: _LONGEST - 1]}…" if is_cut else words
    changed = cases.act(ctx, who, found, "note", {"text": words})
    cases.tell(ctx, changed, f"{who.label} notes: {words}", known_at=thread or "")
    return Reply(f"Noted on #{found.id}." + (f" Only its first {_LONGEST:,} characters were taken." if is_cut else ""))


def _form_for_any(text: str) -> Form:
    fields = (
        Field("about", "Case", hint="Its number, such as 142.", max_length=10),
        Field("text", "Note", "long_text", text[:_LONGEST], "Stays within the team.", max_length=_LONGEST),
    )
    return Form("Note on a case", "note", None, fields, submit="Save note")


def _named(ctx: Context, about: str) -> Case:
    number = about.strip().removeprefix("#")
    if not number.isdecimal():
        raise InvalidInput("Say which case it is about.", "Case numbers look like 142 or #142.", field="about")
    try:
        return cases.find(ctx, int(number[:10]))
    except NotFound as error:
        raise InvalidInput(error.message, error.hint, field="about") from error
