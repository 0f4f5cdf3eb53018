"""Channels that cannot be used: what waits for them, and who is told."""

from datetime import datetime, timedelta
from hashlib import blake2b

from handlers.cards import Button
from handlers.cases import notice_body
from handlers.context import Context
from handlers.links import place
from handlers.rules.policy import Member
from storage.types import Lane, Role, to_text

AGAIN = timedelta(minutes=10)  # a closed channel is tried again after this
RETRY = Button("Try paused ones again", "status", values=(("act", "retry"),))


def pause(ctx: Context, chat: str, channel: str, why: str) -> None:
    """A channel is closed until a person does something. Each admin on that chat is told once, by direct message; when
    it opens and closes for the same reason again and again, once an hour.
    """
    is_news = ctx.store.pauses.pause(chat, channel, why, ctx.now + AGAIN, ctx.now)
    if not is_news or channel.startswith("@"):
        return
    words = (
        f"I cannot post to {chat}:{channel}. {why} Nothing is lost: what is due there waits and is tried again every"
        f" {AGAIN.seconds // 60} minutes, or at once when you press the button."
    )
    hour = to_text(ctx.now.replace(minute=0, second=0, microsecond=0))
    reason = blake2b(why.encode("utf-8", "replace"), digest_size=6).hexdigest()
    for admin in _admins(ctx, chat):
        ctx.store.deliveries.post(
            f"closed:{chat}:{channel}:{reason}:{hour}:{admin.name}",
            subject=_subject(chat, channel, ctx.now),
            chat=chat,
            channel=f"@{admin.name}",
            lane=Lane.STATE,
            now=ctx.now,
            body=notice_body(words, "", None, buttons=(RETRY,)),
        )


def reopen(ctx: Context, chat: str, channel: str) -> bool:
    """It can perhaps be used again: what waits is tried now. Whether it was paused."""
    return ctx.store.pauses.end(chat, channel)


def named(ctx: Context, chat: str, channel: str) -> str:
    """A channel as it is told to whoever asks: with its chat, where that is another than hers."""
    if ctx.here.partition(":")[0] == chat:
        return channel
    return f"{channel} {'on' if chat == 'local' else 'in'} {place(chat)}"


def _admins(ctx: Context, chat: str) -> list[Member]:
    admins = (member for member in ctx.policy.members if Role.ADMIN in member.roles and not member.is_guest)
    return [member for member in admins if member.id_on(chat)]


def _subject(chat: str, channel: str, now: datetime) -> str:
    return f"notice:closed:{chat}:{channel}:{to_text(now)}"
