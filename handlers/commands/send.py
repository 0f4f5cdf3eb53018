from handlers import cases, drafts
from handlers.cards import Button, Row, Screen
from handlers.context import Context
from handlers.drawings import author_of, link_of
from handlers.ports import ByLink, NotPossible, reply_way
from handlers.requests import Carried, CaseNumber, Reply, command
from handlers.rules.policy import Member
from handlers.rules.text import shown


@command(button="Send", example="send 142")
def send(ctx: Context, who: Member, case: CaseNumber, hash: Carried | None = None) -> Reply:
    """Send the approved reply.

    Where Earshot cannot post by itself it gives the text to copy and the link to open; `sent 142 <link to your reply>`
    then notes where it stands.
    """
    found = cases.find(ctx, case)
    ready = drafts.ready(ctx, who, found, hash or "")
    mention = ctx.store.mentions.get(found.mention_id)
    way = reply_way(mention) if mention else NotPossible("The mention is gone.")
    cases.act(ctx, who, found, "send", {"draft": str(ready.id), "hash": ready.text_hash[:12]})
    place = "Open the mention, and answer with it there." if isinstance(way, ByLink) else way.why
    row = Row(
        heading=f"The approved text, from {ready.account} to {author_of(mention) if mention else 'the author'}",
        quote=shown(ready.text, 5_000),
        facts=(f"approved by {ctx.policy.label(ready.approved_by)}",),
        buttons=(Button("Mark as sent", "sent", case, (("hash", ready.short_hash),), style="primary"),),
        colour="blue",
        link=link_of(way.url, "Open the mention") if isinstance(way, ByLink) else None,
        is_to_copy=True,
    )
    return Reply(
        screen=Screen(
            f"Send the reply to #{case}",
            "Earshot cannot post there by itself, so you do, in three steps.",
            (row,),
            f"1. Copy the text.\n2. {place}\n3. Press Mark as sent, so that everybody knows.",
        )
    )
