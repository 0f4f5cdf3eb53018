from handlers import cases
from handlers.context import Context
from handlers.forms import Field, Form
from handlers.requests import CaseNumber, MemberName, Reply, command
from handlers.rules.policy import Member
from handlers.rules.roles import may
from storage.errors import InvalidInput


@command(button="Assign…", example="assign 142 @bo")
def assign(ctx: Context, who: Member, case: CaseNumber, to: MemberName | None = None) -> Reply:
    """Make somebody responsible for a case; she is told once, in its thread."""
    found = cases.find(ctx, case)
    if to is None:
        choices = tuple((member.name, member.label) for member in ctx.policy.members if may(member, "claim"))
        field = Field("to", "To whom", "member", value=found.assignee or "", choices=choices)
        return Reply(form=Form(f"Assign #{case}", "assign", case, (field,), submit="Assign"))
    member = ctx.policy.member(to)
    if member is None:
        raise InvalidInput(f'"{to}" is not a member.', field="to")
    if not may(member, "claim"):
        raise InvalidInput(f"{member.label} may look, and cannot be given a case.", field="to")
    cases.assign(ctx, who, found, member)
    return Reply(f"#{case} is {'yours' if member.name == who.name else member.label + chr(39) + 's'} now.")
