from handlers.cards import Screen
from handlers.context import Context
from handlers.drawings import author_of, mention_row, people
from handlers.requests import Reply, Words, command
from handlers.rules.policy import Member
from handlers.rules.text import shown
from storage.errors import InvalidInput

_SHOWN = 8


@command(is_read=True, example="who @handle")
def who(ctx: Context, who: Member, handle: Words) -> Reply:
    """A person's history with us: how often, how they felt, which cases."""
    name = handle.strip().removeprefix("@").casefold()
    if not name:
        raise InvalidInput("This needs a handle.", "For example: `who @jo_doe`.")
    mentions = ctx.store.mentions.by_author(name, _SHOWN)
    if not mentions:
        return Reply(f"We know of nothing that @{shown(name, 60).words} wrote about us.")
    counts = ctx.store.mentions.count_by_author(name)
    feelings = ", ".join(f"{count} {label}" for label, count in sorted(counts.items(), key=lambda item: -item[1]))
    followers = next((f" · {people(mention.followers)} followers" for mention in mentions if mention.followers), "")
    total = sum(counts.values())
    intro = f"{total} mention{'s' if total != 1 else ''}: {feelings}{followers}"
    return Reply(
        screen=Screen(
            f"{author_of(mentions[0])} (@{shown(name, 60).words})",
            intro,
            tuple(mention_row(ctx, mention) for mention in mentions),
        ),
        can_share=True,
    )
