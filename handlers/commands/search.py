from handlers.cards import Button, Screen
from handlers.context import Context
from handlers.drawings import mention_row
from handlers.requests import Reply, Words, command
from handlers.rules.policy import Member
from handlers.rules.text import shown
from storage.errors import InvalidInput

_PAGE = 8


@command(is_read=True, example="search lost bag")
def search(ctx: Context, who: Member, words: Words) -> Reply:
    """Find mentions that hold all the words, newest first."""
    wanted = words.split()
    before = None
    if wanted and wanted[-1].startswith("before:") and wanted[-1][7:].isdecimal():
        before = int(wanted.pop()[7:18])
    if not any(char.isalnum() for char in "".join(wanted)):
        raise InvalidInput("This needs words to look for.", "For example: `search lost bag`.")
    found = ctx.store.mentions.search(wanted[:12], _PAGE + 1, before)
    shown_ones = found[:_PAGE]
    more = (
        (Button("Older ›", "search", values=(("words", f"{' '.join(wanted)} before:{shown_ones[-1].id}"),)),)
        if len(found) > _PAGE
        else ()
    )
    title = f"Mentions with {shown(' '.join(wanted), 100).words}"
    intro = "" if found else "None that we know of."
    return Reply(
        screen=Screen(title, intro, tuple(mention_row(ctx, mention) for mention in shown_ones), buttons=more),
        can_share=True,
    )
