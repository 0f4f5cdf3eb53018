"""A private answer that its asker shows to everybody."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from handlers.cards import Notice, Screen
from handlers.requests import Reply
from handlers.rules.when import clock


def shareable(reply: Reply, now: datetime, zone: ZoneInfo) -> Screen | Notice | None:
    """What is posted when an answer that was given at `now` is shared; None for one that is for the asker alone.

    It will stand there for hours, so it says when it was true.
    """
    if not reply.can_share or reply.is_error:
        return None
    at = f"at {clock(now, now, zone)}"
    if reply.screen is not None:
        return replace(reply.screen, title=f"{reply.screen.title} · {at}")
    return Notice(f"{reply.words} ({at})") if reply.words else None
