import difflib
from datetime import datetime

from handlers import export as tables
from handlers.commands.queue import known_name
from handlers.context import Context
from handlers.reports import report
from handlers.requests import Reply, Words, command
from handlers.rules.locales import ENGLISH
from handlers.rules.periods import Period, read_period, titled
from handlers.rules.policy import Member
from storage.errors import InvalidInput

WHAT = ("cases", "mentions", "summary")
_PERIOD = "30d"


@command(
    is_read=True, example="export cases last month", typed="[cases, mentions or summary] [period] [brand:…] [csv or md]"
)
def export(ctx: Context, who: Member, what: Words | None = None) -> Reply:
    """Cases, mentions or the numbers of a period (30d) as a file for you alone: CSV, or Markdown with md."""
    table, period, brand, kind = read_export(ctx, what or "", ctx.now)
    window = period.window
    if table == "summary":
        found = report(ctx, window, brand, before=period.before, usual=period.usual)
        made = tables.as_file(ctx, table, window, kind, tables.numbers(ctx, found))
        return Reply(f"{_title(ctx, period, brand)}: {made.rows} numbers.", file=made.file)
    sums = ctx.store.tallies.sums(window, brand)
    count = sums.opened if table == "cases" else sums.mentions
    if not count:
        return Reply(f"{_title(ctx, period, brand)}: no {table}.")
    lines = tables.cases_in if table == "cases" else tables.mentions_in
    made = tables.as_file(ctx, table, window, kind, lines(ctx, window, brand))
    return Reply(f"{_title(ctx, period, brand)}: {_how_many(made.rows, count, table)}", file=made.file)


def read_export(ctx: Context, text: str, now: datetime) -> tuple[str, Period, str, str]:
    """The table, its period, brand ("" for all) and kind: "mentions last week md". Raises InvalidInput."""
    table, brand, kind, words = "cases", "", "csv", []
    for place, word in enumerate(text.split()):
        name, colon, _ = word.lower().partition(":")
        if word.lower() in tables.KINDS:
            kind = word.lower()
        elif name == "brand" and colon:
            brand = known_name("brand", word[len("brand:") :], [one.name for one in ctx.policy.brands])
        elif word.lower() in WHAT:
            table = word.lower()
        elif place == 0 and (close := difflib.get_close_matches(word.lower(), WHAT, n=1, cutoff=0.7)):
            raise InvalidInput(f'"{word[:40]}" cannot be exported.', f"Did you mean {close[0]}?", field="what")
        else:
            words.append(word)
    return table, read_period(" ".join(words) or _PERIOD, now, ctx.zone), brand, kind


def _title(ctx: Context, period: Period, brand: str) -> str:
    return " · ".join(filter(None, (titled(period, ctx.now, ENGLISH), brand)))


def _how_many(rows: int, count: int, table: str) -> str:
    number = ENGLISH.number
    if rows >= count:
        return f"{number(rows)} {table if count != 1 else table.removesuffix('s')}."
    return (
        f"the newest {number(rows)} of {number(count)} {table}, as a chat takes no larger file."
        f" On the server, `earshot export {table}` writes them all."
    )
