"""Digests whose time has come are posted, each once; what falls due in quiet hours comes when they end.

Whoever is on duty then is called, once, to what has become overdue in them.
"""

from handlers.cases import notice_body
from handlers.context import Context
from handlers.drawings import due_by
from handlers.rules.duty import on_duty
from handlers.rules.routing import may_tell
from storage.digests import Digest
from storage.types import Lane, Priority

EVERY = 10
_NAMED = 10  # numbers of cases in a sentence


def run(ctx: Context) -> int:
    """How many were asked for."""
    posted = 0
    for digest in ctx.store.digests.due(ctx.now):
        moment = may_tell(ctx, digest.chat, digest.channel, Priority.HIGH, ctx.now)
        if moment > ctx.now:
            ctx.store.digests.put_off(digest, moment)
            continue
        subject = f"digest:{digest.id}"
        ctx.store.deliveries.post(
            subject, subject=subject, chat=digest.chat, channel=digest.channel, lane=Lane.DIGEST, now=ctx.now
        )
        ctx.store.digests.posted(digest.id, ctx.now)
        if digest.is_quiet:
            _hand_over(ctx, digest)
        posted += 1
    return posted


def _hand_over(ctx: Context, digest: Digest) -> None:
    cases = [case for number in ctx.store.digests.cases(digest.id) if (case := ctx.store.cases.get(number))]
    late = [f"#{case.id}" for case in cases if due_by(ctx, case).startswith("overdue")]
    concerned = on_duty(ctx.policy, ctx.now)
    if not late or not concerned:
        return
    more = f" and {len(late) - _NAMED} more" if len(late) > _NAMED else ""
    is_are = "is" if len(late) == 1 else "are"
    ctx.store.deliveries.post(
        f"notice:digest:{digest.id}",
        subject=f"notice:digest:{digest.id}",
        parent=f"digest:{digest.id}",
        chat=digest.chat,
        channel=digest.channel,
        lane=Lane.DIGEST,
        now=ctx.now,
        body=notice_body(f"{', '.join(late[:_NAMED])}{more} {is_are} overdue.", concerned, None),
    )
