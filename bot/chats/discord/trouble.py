"""What may go wrong while an answer goes to Discord, by the numbers of Discord's errors."""

import aiohttp
import discord

NETWORK = (discord.HTTPException, discord.RateLimited, aiohttp.ClientError, OSError, TimeoutError)

# Unknown interaction (after three seconds), unknown webhook and invalid webhook token (after fifteen minutes) [doc].
_TOO_LATE = (10062, 10015, 50027)
_ANSWERED = 40060
_INVALID_FORM = 50035


# The line was cut: nobody knows whether it arrived.
CUT = (aiohttp.ClientError, OSError, TimeoutError)


def is_too_late(error: Exception) -> bool:
    """The interaction cannot be answered any more."""
    return isinstance(error, discord.HTTPException) and error.code in _TOO_LATE


def is_answered(error: Exception) -> bool:
    """It was answered already."""
    is_known = isinstance(error, discord.HTTPException) and error.code == _ANSWERED
    return is_known or isinstance(error, discord.InteractionResponded)


def is_unreadable(error: Exception) -> bool:
    """Discord does not take what we have drawn."""
    return isinstance(error, discord.HTTPException) and error.status == 400 and error.code in (_INVALID_FORM, 0)


def in_short(error: Exception) -> str:
    """For the log: without what Discord repeats of our words."""
    if isinstance(error, discord.HTTPException):
        return f"{error.status}, code {error.code}"
    return type(error).__name__
