from handlers import cases, drafts
from handlers.context import Context
from handlers.forms import Field, Form
from handlers.requests import Carried, CaseNumber, Reply, Words, command
from handlers.rules.policy import Member
from handlers.rules.text import safe_url
from storage.errors import InvalidInput


@command(button="Mark as sent", example="sent 142 https://…")
def sent(ctx: Context, who: Member, case: CaseNumber, url: Words | None = None, hash: Carried | None = None) -> Reply:
    """Note that the approved reply stands outside now, and where."""
    found = cases.find(ctx, case)
    mention = ctx.store.mentions.get(found.mention_id)
    needs_link = bool(mention and safe_url(mention.url))
    if url is None and needs_link:
        marked = drafts.to_mark(ctx, who, found, hash or "")
        hidden = (("hash", marked.short_hash),)
        field = Field("url", "Link to your reply", hint="So that everybody can see what was answered.", max_length=2000)
        return Reply(form=Form(f"Mark #{case} as sent", "sent", case, (field,), submit="Mark as sent", hidden=hidden))
    link = safe_url((url or "").strip())
    if not link and (needs_link or (url or "").strip()):
        raise InvalidInput(
            "That is not a link that can be opened.", "It begins with https:// and has no spaces.", field="url"
        )
    drafts.mark_sent(ctx, who, found, link, hash or "")
    return Reply(f"#{case} is answered. `resolve {case}` closes it once it is put right.")
