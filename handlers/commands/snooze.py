from handlers import cases
from handlers.context import Context
from handlers.forms import Field, Form
from handlers.requests import CaseNumber, Reply, Words, command
from handlers.rules import when
from handlers.rules.policy import Member
from storage.types import to_text


@command(button="Snooze…", example="snooze 142 tomorrow 9:00")
def snooze(ctx: Context, who: Member, case: CaseNumber, until: Words | None = None) -> Reply:
    """Hide a case until a time; then it comes back as it was.

    Times: 2h, 3d, 17:30, tomorrow, monday 9:00, 2026-11-23 09:00; in the team's time zone.
    """
    found = cases.find(ctx, case)
    if until is None:
        hint = f"2h, 3d, 17:30, tomorrow, monday 9:00, 2026-11-23 09:00 ({ctx.policy.timezone})"
        return Reply(
            form=Form(
                f"Snooze #{case}", "snooze", case, (Field("until", "Until", value="2h", hint=hint),), submit="Snooze"
            )
        )
    moment = when.until(until, ctx.now, ctx.zone)
    cases.act(ctx, who, found, "snooze", {"until": to_text(moment)}, snoozed_until=moment)
    return Reply(f"#{case} sleeps until {when.clock(moment, ctx.now, ctx.zone)} ({ctx.policy.timezone}).")
