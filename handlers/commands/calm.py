from handlers import storms
from handlers.context import Context
from handlers.requests import Reply, Word, command
from handlers.rules.policy import Member
from storage.errors import Conflict, InvalidInput, NotFound
from storage.storms import Storm


@command(button="Calm: single cards again", example="calm 3", typed="[number of the storm]")
def calm(ctx: Context, who: Member, storm: Word | None = None) -> Reply:
    """Post single cards again though a storm lasts; its counter goes on.

    Without a number it is the storm that lasts now.
    """
    found = _find(ctx, (storm or "").removeprefix("#"))
    if found.ended_at is not None:
        raise Conflict(f"The storm around {found.brand} is over.", "Single cards come again anyway.")
    if not ctx.store.storms.calm(found.id, who.name):
        raise Conflict(f"{ctx.policy.label(found.calmed_by)} did that already.", "Nothing was changed.")
    storms.show_again(ctx, found)
    return Reply(f"Single cards for {found.brand} again. The storm's own card goes on counting.")


def _find(ctx: Context, number: str) -> Storm:
    if not number:
        return _the_only(ctx)
    if not number.isdecimal():
        raise InvalidInput(f'"{number[:20]}" is not the number of a storm.', "`calm` alone calms the one that lasts.")
    found = ctx.store.storms.get(int(number[:9]))
    if found is None:
        raise NotFound(f"There is no storm {number[:9]}.", "`calm` alone calms the one that lasts.")
    return found


def _the_only(ctx: Context) -> Storm:
    lasting = ctx.store.storms.all_active()
    if not lasting:
        raise NotFound("There is no storm.", "Single cards come as they always do.")
    if len(lasting) > 1:
        told = ", ".join(f"{one.id} ({one.brand})" for one in lasting)
        raise InvalidInput("Several storms last.", f"Name one by its number: {told}.")
    return lasting[0]
