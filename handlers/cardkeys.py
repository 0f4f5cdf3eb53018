"""Cards are asked for here: one for a case in each channel, under a key made of the mention that opened the case.

The number of the case is not in it: after a restore a source is read again from an older cursor, and the same mention
may open a case of another number. Its card is found in the chat by this key, and taken over instead of doubled.
"""

from datetime import datetime
from hashlib import sha256

from handlers.context import Context
from storage.types import Lane


def card_key(source: str, native_id: str, chat: str, channel: str) -> str:
    """The key of the card of a case that this item of a source has opened."""
    told = "\n".join((source, native_id))
    return f"card:{sha256(told.encode(errors='replace')).hexdigest()[:16]}:{chat}:{channel}"


def ask_for_card(
    ctx: Context, case_id: int, chat: str, channel: str, lane: Lane, *, not_before: datetime | None = None
) -> bool:
    """A card for the case in that channel; False when it has one there, or is to have one."""
    opened_by = ctx.store.mentions.lead_of(case_id)
    if opened_by is None:
        return False
    return ctx.store.deliveries.post(
        card_key(*opened_by, chat, channel),
        subject=f"case:{case_id}",
        chat=chat,
        channel=channel,
        lane=lane,
        now=ctx.now,
        not_before=not_before,
    )
