from handlers import cases
from handlers.context import Context
from handlers.forms import Field, Form
from handlers.requests import CaseNumber, Reply, Words, command
from handlers.rules.policy import Member
from storage.errors import InvalidInput


@command(button="Add a note…", example="note 142 called her back")
def note(ctx: Context, who: Member, case: CaseNumber, text: Words | None = None) -> Reply:
    """Write something into a case's diary; it never leaves the team."""
    found = cases.find(ctx, case)
    if text is None:
        field = Field("text", "Note", "long_text", hint="Stays within the team.", max_length=2000)
        return Reply(form=Form(f"Note on #{case}", "note", case, (field,), submit="Save note"))
    if not text.strip():
        raise InvalidInput("A note needs words.", field="text")
    changed = cases.act(ctx, who, found, "note", {"text": text.strip()[:2000]})
    cases.tell(ctx, changed, f"{who.label} notes: {text.strip()[:2000]}")
    return Reply(f"Noted on #{case}.")
